"""The documentation runs: Python blocks, commands, and the summary the README shows."""

from __future__ import annotations

import csv
import re
import shlex
import sys
from inspect import signature
from pathlib import Path

import pytest

from caminos.actions import library
from caminos.city.package import FACT_COLUMNS, City, read_city
from caminos.command import cli
from caminos.files import table_text
from caminos.i18n import use_language
from caminos.model.indicator import Indicator
from caminos.pages import headlines
from caminos.pages.page import lay
from caminos.parameters import tables as parameters
from caminos.pathways.tables import roles
from caminos.planning import examples
from caminos.planning.city_model import CityModel
from caminos.planning.entry import entry
from caminos.planning.graph import assemble
from caminos.words import pathway_name

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(language: str) -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        for match in re.finditer(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            found.append((page.name, match[1]))
    return found


@pytest.mark.parametrize("page", [page.name for page in PAGES if page.name != "model-reference.md"])
def test_python_blocks_run(page, capsys):
    """A later block may use what an earlier one of its page has made."""
    scope: dict[str, object] = {"__name__": "documentation"}
    for code in python_blocks(page):
        exec(compile(code, page, "exec"), scope)
    lines = capsys.readouterr().out.splitlines()
    if page == "README.md":
        assert len(lines) == 2
        assert "person/yr" in lines[0]
    if page == "CONTRIBUTING.md":
        assert sum("fifth" in line for line in lines) == 5


def commands() -> list[str]:
    lines = [
        line[2:] for _page, text in blocks("console") for line in text.splitlines() if line.startswith("$ caminos")
    ]
    return list(dict.fromkeys(lines))


MADE = {  # cities that the pages make first
    "rosario": 'caminos new "Rosario, Argentina" --out rosario',
    "recife": 'caminos new "Recife, Brazil" --population 1488920 --out recife',
}


@pytest.mark.parametrize("line", commands())
def test_commands_run(line, tmp_path, monkeypatch, capsys):
    words = shlex.split(line)
    monkeypatch.chdir(tmp_path)
    if "new" not in words:
        for city in set(words) & set(MADE):
            run(monkeypatch, shlex.split(MADE[city]))
    (tmp_path / "tests").symlink_to(ROOT / "tests")  # the examples of a clone
    code = run(monkeypatch, words)
    assert code == 0, capsys.readouterr().err


@pytest.mark.parametrize("name", ["Porto Alegre", "Recife"])
def test_the_first_five_of_the_entry_point_are_those_of_the_page(name, tmp_path, monkeypatch, porto_alegre):
    """Those of the bundled city, and of the city that is told the facts of the page in place of its defaults."""
    text = (ROOT / "docs" / "entry-point.md").read_text(encoding="utf-8").split(f"\n## {name}\n")[1].split("\n## ")[0]
    model = porto_alegre if name == "Porto Alegre" else CityModel(told_recife(text, tmp_path, monkeypatch))
    found = entry(model, 2026, draws=0)
    rows = markdown_rows(text, "place")
    assert [row[0] for row in rows[:5]] == ["1", "2", "3", "4", "5"]
    assert [row[1] for row in rows] == [found.ranking[int(row[0]) - 1].name for row in rows]
    assert set(re.findall(r"\*\*(\w+) is dark\*\*", text)) == {pathway_name(pathway) for pathway in found.dark}


def told_recife(text: str, folder: Path, monkeypatch) -> City:
    """Recife as the page makes it: rows of its defaults replaced by the table's."""
    monkeypatch.chdir(folder)
    assert MADE["recife"] in text
    assert run(monkeypatch, shlex.split(MADE["recife"])) == 0
    told = [dict(zip(TOLD, row, strict=True)) for row in markdown_rows(text, "name")]
    path = folder / "recife" / "facts.csv"
    with path.open(encoding="utf-8", newline="") as file:
        kept = [row for row in csv.DictReader(file) if row["name"] not in {fact["name"] for fact in told}]
    path.write_text(table_text(FACT_COLUMNS, [*kept, *told]), encoding="utf-8")
    return read_city(folder / "recife")


TOLD = ("name", "value", "unit", "year", "source", "quality")


def markdown_rows(text: str, first: str) -> list[list[str]]:
    """The rows of the table whose first column has this name."""
    (table,) = re.findall(rf"^\| {first} \|.*\n\|[-:|]+\|\n((?:\|.*\n)+)", text, re.MULTILINE)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]


@pytest.mark.parametrize(
    ("page", "text"),
    [pair for pair in blocks("toml") if "[expected]" in pair[1]],
    ids=lambda value: value if value.endswith(".md") else "",
)
def test_worked_examples_hold(page, text, tmp_path, monkeypatch):
    """Those of existing indicators, and that of the indicator which a page adds."""
    added = {item.name: item for code in python_blocks(page) if "@indicator" in code for item in declared_in(code)}
    known = {**examples.nodes(), **added}
    monkeypatch.setattr(examples, "nodes", lambda: known)
    path = tmp_path / "example.toml"
    path.write_text(text, encoding="utf-8")
    assert examples.run_example(path).holds


def python_blocks(page: str) -> list[str]:
    return [code for name, code in blocks("python") if name == page]


def test_the_action_of_the_page_fits_the_library(monkeypatch):
    """Its tables are read, its units proved and its values used, as if they stood in the library's own."""
    tables = dict(table_blocks("CONTRIBUTING.md"))
    (action,) = library.read_actions(tables["actions/actions.csv"], tables["actions/effects.csv"])
    given = csv.DictReader(tables["parameters/actions.csv"].splitlines())
    added = {row["name"]: (parameters._row(row, f"parameters/actions.csv:{row['name']}"),) for row in given}
    assert not set(added) & set(parameters.rows())
    known = {**parameters.rows(), **added}
    monkeypatch.setattr(parameters, "rows", lambda: known)
    moved = [effect.lever for effect in action.effects]
    found = assemble([*library.library(), action], check=[action.size, *moved])
    assert set(added) <= set(found.needed((action.size, *moved))) | {
        action.capital_cost, action.operating_cost, action.lifetime, action.lead_time,
    }  # fmt: skip
    assert action.number == len(library.library()) + 1
    assert tuple(tables["actions/actions.csv"].splitlines()[0].split(",")) == library.ACTION_COLUMNS


def table_blocks(page: str) -> list[tuple[str, str]]:
    """The tables of a page with the files they belong to."""
    text = next(item for item in PAGES if item.name == page).read_text(encoding="utf-8")
    return re.findall(r"```csv (\S+)\n(.*?)```", text, re.DOTALL)


def declared_in(code: str) -> list[Indicator]:
    """The indicators that a block of documentation declares."""
    scope: dict[str, object] = {"__name__": "documentation"}
    exec(compile(code, "documentation", "exec"), scope)
    functions = [value for value in scope.values() if getattr(value, "declared", None)]
    return [
        Indicator(
            function.__name__, function=function, arguments=tuple(signature(function).parameters), **function.declared
        )
        for function in functions
    ]


def run(monkeypatch, words: list[str]) -> int:
    monkeypatch.setattr(sys, "argv", words)
    use_language("en")
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return int(stopped.value.code or 0)


def test_the_summary_in_the_readme_is_that_of_the_model(porto_alegre):
    """Every headline of the summary stands there with its central values of today and as things go, and fits a screen."""
    block = re.search(
        r"<!-- summary -->\n```text\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    assert block
    assert max(map(len, block[1].splitlines())) <= 80
    use_language("en")
    found = headlines.headline_table(
        headlines.lines(porto_alegre, draws=0, names=roles("summary")), shown=("now", "cases", "target")
    )
    rows = [[item.text for item in row] for row in lay(found).rows]
    assert len(rows) == 5
    for name, now, later, target in rows:
        first = " ".join(name.split()[:2])
        (line,) = [line for line in block[1].splitlines() if line.startswith(first) and now in line]
        assert re.search(rf"{re.escape(now)} +{re.escape(later)} .* {re.escape(target)}$", line), line


def test_the_model_reference_is_that_of_the_model():
    sys.path.insert(0, str(ROOT / "scripts"))
    from model_reference import reference

    assert (ROOT / "docs" / "model-reference.md").read_text(encoding="utf-8") == reference()


def test_links_between_pages_lead_somewhere():
    for page in [*PAGES, ROOT / "CHANGELOG.md"]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name}: {target}"
