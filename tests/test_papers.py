"""Papers of the project agree with the project."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_version_is_the_same_in_all_papers():
    released = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)$", text("CHANGELOG.md"), re.MULTILINE)
    newest, day = released[0]
    assert newest == PROJECT["version"]
    assert f"\nversion: {newest}\n" in text("CITATION.cff")
    assert f'\ndate-released: "{day}"\n' in text("CITATION.cff")


def test_versions_stand_from_the_newest_to_the_oldest():
    released = re.findall(r"^## \[(\d+)\.(\d+)\.(\d+)\]", text("CHANGELOG.md"), re.MULTILINE)
    numbers = [tuple(map(int, version)) for version in released]
    assert numbers == sorted(set(numbers), reverse=True)


def test_licence_and_authors_are_those_of_the_project():
    assert f"\nlicense: {PROJECT['license']}\n" in text("CITATION.cff")
    for author in PROJECT["authors"]:
        assert f"- name: {author['name']}\n" in text("CITATION.cff")


def test_hooks_run_what_make_lint_and_make_types_run():
    made = re.findall(r"\$\(BIN\)/(ruff \w+|mypy)", text("Makefile"))
    assert set(re.findall(r"entry: \.venv/bin/(ruff \w+|mypy)", text(".pre-commit-config.yaml"))) == set(made)
