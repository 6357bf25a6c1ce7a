"""The documentation runs: Python blocks, commands, and the summary the README shows."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from caminos import cli
from caminos.i18n import use_language

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(language: str) -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        for match in re.finditer(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            found.append((page.name, match[1]))
    return found


@pytest.mark.parametrize(
    ("page", "code"), [pair for pair in blocks("python") if pair[0] != "model-reference.md"],
    ids=lambda value: value if value.endswith(".md") else "",
)  # fmt: skip
def test_python_blocks_run(page, code, capsys):
    exec(compile(code, page, "exec"), {"__name__": "documentation"})
    if page == "README.md":
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == 2
        assert "person/yr" in lines[0]


def commands() -> list[str]:
    lines = [
        line[2:] for _page, text in blocks("console") for line in text.splitlines() if line.startswith("$ caminos")
    ]
    return list(dict.fromkeys(lines))


@pytest.mark.parametrize("line", commands())
def test_commands_run(line, tmp_path, monkeypatch, capsys):
    words = shlex.split(line)
    city = next((word for word in words if word == "rosario"), "")
    if city and "new" not in words:
        monkeypatch.chdir(tmp_path)
        run(monkeypatch, shlex.split('caminos new "Rosario, Argentina" --out rosario'))
    monkeypatch.chdir(tmp_path)
    code = run(monkeypatch, words)
    assert code == 0, capsys.readouterr().err


def run(monkeypatch, words: list[str]) -> int:
    monkeypatch.setattr(sys, "argv", words)
    use_language("en")
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return int(stopped.value.code or 0)


def test_the_model_reference_is_that_of_the_model():
    sys.path.insert(0, str(ROOT / "scripts"))
    from model_reference import reference

    assert (ROOT / "docs" / "model-reference.md").read_text(encoding="utf-8") == reference()


def test_links_between_pages_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name}: {target}"
