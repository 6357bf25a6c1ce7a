"""What pyproject and requirements.lock promise, tried: the wheel with the lowest versions, and with the locked ones.

    python scripts/smoke.py dist/caminos-0.1.0-py3-none-any.whl
    python scripts/smoke.py --lowest [geo]      prints `name==lowest` for each dependency of pyproject

The lowest versions are tried on Python 3.11, the locked ones on 3.11, 3.12 and 3.13 as far as they are found:
each in an empty environment of its own, first without and then with the extra `geo`, so that the maps cannot
lend a library to the rest. A Python that is missing is named, and is no error. Standard library only.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOWEST, VERSIONS = "3.11", ("3.11", "3.12", "3.13")
IMPORT_ALL = """
import importlib, pkgutil, caminos
for found in pkgutil.walk_packages(caminos.__path__, "caminos."):
    if not found.name.endswith("__main__"):
        importlib.import_module(found.name)
import h3, matplotlib.pyplot, osmium, pyogrio, rasterio
"""


class SmokeError(Exception):
    """A step that failed, with what it printed."""


def lowest(extra: str = "") -> list[str]:
    """`name==lowest` of each dependency of pyproject: the core's, or those that an extra adds."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed = project["optional-dependencies"][extra] if extra else project["dependencies"]
    return [pinned(requirement) for requirement in listed if not requirement.startswith(project["name"])]


def pinned(requirement: str) -> str:
    """`numpy>=1.26,<3` as `numpy==1.26`."""
    found = re.match(r"([A-Za-z0-9._-]+)\s*>=\s*([0-9][0-9A-Za-z.]*)", requirement)
    if not found:
        raise SmokeError(f"pyproject.toml: {requirement}: write a lower bound, as in numpy>=1.26")
    return f"{found[1]}=={found[2]}"


def find_python(version: str) -> str | None:
    """A Python of this version that runs: the first on the path or among those of pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    beside = sorted(pyenv.glob(f"{version}.*/bin/python"), reverse=True)
    for candidate in [*on_path(f"python{version}"), *map(str, beside)]:
        # a shim may stand on the path though nothing is behind it; a system's Python may lack venv
        probe = subprocess.run(
            [candidate, "-c", "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=False,
        )
        if probe.returncode == 0 and probe.stdout.strip() == version:
            return candidate
    return None


def on_path(name: str) -> Iterator[str]:
    """Every executable of this name on the path."""
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if found := shutil.which(name, path=folder):
            yield found


def run(*words: str | Path, folder: Path) -> str:
    """What a command prints; SmokeError with all it said where it fails."""
    # the code under test is the wheel: nothing of the checkout may be imported in its place
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    clean |= {"COLUMNS": "80", "PYTHONWARNINGS": "error::SyntaxWarning"}
    done = subprocess.run(
        list(map(str, words)), cwd=folder, env=clean, capture_output=True, text=True, check=False, timeout=600
    )
    if done.returncode:
        raise SmokeError(f"{' '.join(map(str, words))}\n{done.stdout[-500:]}{done.stderr[-1500:]}")
    return done.stdout


def smoke(python: Path, folder: Path) -> None:
    """The questions that every installation must answer."""
    caminos = python.with_name("caminos")
    run(python, "-c", "import caminos", folder=folder)
    if "diagnose" not in run(caminos, "--help", folder=folder):
        raise SmokeError("caminos --help names no command")
    for words in (
        ("diagnose", "porto-alegre", "--draws", "0", "--json"),
        ("plan", "porto-alegre", "--budget", "50e6", "--no-sensitivity", "--out", "plan.toml", "--json"),
    ):
        if not json.loads(run(caminos, *words, folder=folder)):
            raise SmokeError(f"caminos {' '.join(words)}: an empty answer")
    run(caminos, "new", "Rosario, Argentina", "--out", "rosario", folder=folder)
    run(caminos, "get", "porto-alegre", "landfill_methane", "--draws", "20", folder=folder)


def smoke_geo(python: Path, folder: Path) -> None:
    """Every module imports, the map readers with what they read by, and a map is drawn."""
    run(python, "-c", IMPORT_ALL, folder=folder)
    run(python.with_name("caminos"), "map", "porto-alegre", "population", "--out", "map.png", folder=folder)


def install(python: Path, wheel: Path, extra: str, constraints: Path, folder: Path) -> None:
    """The wheel with what it needs, from wheels only: a build from source would hide that no wheel fits."""
    wanted = f"caminos[{extra}] @ {wheel.as_uri()}" if extra else f"caminos @ {wheel.as_uri()}"
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:")
    run(*pip, "-c", constraints, wanted, folder=folder)


def attempt(name: str, python: str, wheel: Path, constraints: str) -> str:
    """One environment from empty to its last question: a line that says how it went."""
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="caminos-smoke-") as made:
        folder = Path(made)
        listed = folder / "constraints.txt"
        listed.write_text(constraints, encoding="utf-8")
        inside = folder / "venv" / "bin" / "python"
        try:
            run(python, "-m", "venv", folder / "venv", folder=folder)
            install(inside, wheel, "", listed, folder)
            smoke(inside, folder)
            install(inside, wheel, "geo", listed, folder)
            smoke_geo(inside, folder)
        except (SmokeError, subprocess.TimeoutExpired) as error:
            return f"FAILED  {name}: {error}"
    return f"works   {name} ({time.perf_counter() - begin:.0f} s)"


def attempts() -> tuple[list[tuple[str, str, str]], list[str]]:
    """What is to be tried (name, Python, constraints), and the versions of Python that are missing."""
    found = {version: find_python(version) for version in VERSIONS}
    locked = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    tried = [(f"locked versions, Python {version}", python, locked) for version, python in found.items() if python]
    if python := found[LOWEST]:
        pins = "\n".join([*lowest(), *lowest("geo"), ""])
        tried.insert(0, (f"lowest versions, Python {LOWEST}", python, pins))
    return tried, [version for version, python in found.items() if not python]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", nargs="?", type=Path, help="the wheel to try")
    parser.add_argument("--lowest", nargs="?", const="", metavar="EXTRA", help="print the lowest versions and stop")
    given = parser.parse_args()
    if given.lowest is not None:
        print("\n".join(lowest(given.lowest)))
        return 0
    if given.wheel is None or not given.wheel.is_file():
        parser.error("name the wheel: make wheel; python scripts/smoke.py dist/caminos-*.whl")
    tried, missing = attempts()
    with ThreadPoolExecutor(max_workers=2) as pool:
        lines = list(pool.map(lambda one: attempt(one[0], one[1], given.wheel.resolve(), one[2]), tried))
    print("\n".join(lines))
    for version in missing:
        print(f"missing Python {version}: not tried")
    return int(any(line.startswith("FAILED") for line in lines))


if __name__ == "__main__":
    sys.exit(main())
