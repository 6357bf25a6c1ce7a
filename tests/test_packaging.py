"""What pyproject promises about versions; scripts/smoke.py tries it on each Python (`make smoke`)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from smoke import SmokeError, find_python, lowest, pinned  # noqa: E402


def locked() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if "==" in line)


def numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


@pytest.mark.parametrize("extra", ["", "geo", "dev"])
def test_what_is_locked_is_not_below_what_is_allowed(extra):
    pins = dict(pin.split("==") for pin in lowest(extra))
    assert pins
    for name, version in pins.items():
        assert numbers(locked()[name]) >= numbers(version), name


def test_the_lowest_version_is_the_lower_bound():
    assert pinned("numpy>=1.26,<3") == "numpy==1.26"
    assert pinned("pint >= 0.24.4") == "pint==0.24.4"
    with pytest.raises(SmokeError, match="lower bound"):
        pinned("numpy")


def test_only_a_python_that_runs_is_found(tmp_path, monkeypatch):
    shim = tmp_path / "python3.12"
    shim.write_text("#!/bin/sh\nexit 127\n", encoding="utf-8")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "none"))
    assert find_python("3.12") != str(shim)
    assert find_python("9.9") is None
