"""A page as one HTML file that opens from disk, prints well and needs no network and no script."""

from __future__ import annotations

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from shlex import quote
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from caminos import words
from caminos.files import write_atomic
from caminos.i18n import _, language
from caminos.model import DRAWS
from caminos.pages.page import Cell, Chart, Page, Row, Table, lay, part_name
from caminos.pages.report import report
from caminos.planning.city_model import CityModel
from caminos.planning.entry import Entry
from caminos.planning.portfolio import Plan
from caminos.reports import charts

FILE = "report.html"
SMALLER = "& { padding: 12px; } h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; } section { margin-top: 24px; }\n"
FEW_COLUMNS = 5  # a table of more scrolls on a narrow screen


def write_report(
    model: CityModel,
    plan: Plan | None,
    folder: str | Path,
    draws: int = DRAWS,
    entry: Entry | None = None,
    date: str = "",
) -> Path:
    """Write `report.html` for a city and its plan into `folder`, in the language in use; returns its path.

    `entry` is the ranking if it is known already; `date` is printed as given, nothing else in the
    file depends on when it is made. Without a plan the parts about it are left out.
    """
    path = Path(folder) / FILE
    write_atomic(path, html(report(model, plan, draws, entry, date)))
    return path


def html(page: Page) -> str:
    """Any page as a document."""
    style = _style()
    allowed = b64encode(sha256(style.encode()).digest()).decode()
    return _rendered(page, style, whole=True, allowed=allowed)


def fragment(page: Page) -> str:
    """Any page as a part of a document: its style holds for nothing outside it."""
    inner = re.sub(r"^(\s*)(:root|body) \{", r"\1& {", _style(), flags=re.MULTILINE)
    return _rendered(page, f".caminos {{\n{inner}{SMALLER}}}\n", whole=False)


def _style() -> str:
    return files("caminos.reports").joinpath("templates", "report.css").read_text(encoding="utf-8")


def _rendered(page: Page, style: str, whole: bool, allowed: str = "") -> str:
    template = _environment().get_template("report.html.j2")
    text = template.render(page=page, language=language(), style=style, whole=whole, allowed=allowed)
    return text.lstrip() + "\n"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("caminos.reports"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.globals.update(
        _=_,
        words=words,
        charts=charts,
        lay=lay,
        kind=part_name,
        labelled=labelled,
        quality=quality,
        marks=marks,
        asks=asks,
        all_charts=all_charts,
        numeric=numeric,
        few=FEW_COLUMNS,
        zip=zip,
    )
    return environment


def labelled(table: Table) -> list[str]:
    """The heads of a table's columns with their units, as each stands before its number on a narrow screen."""
    units = lay(table).column_units
    return [
        f"{column.head} ({unit})" if unit and column.head else column.head
        for column, unit in zip(table.columns, units, strict=True)
    ]


def quality(table: Table, row: Row) -> str:
    """The quality to show beside a row's name; empty where a column says it, or every row says the same."""
    if "cards" not in table.style or any(column.id == "quality" for column in table.columns):
        return ""
    return next((cell.quality for cell in row.cells if cell.quality), "")


def numeric(table: Table, column: int) -> bool:
    """Whether a column holds numbers."""
    return any(row.cells[column].is_number for row in table.rows)


def marks(table: Table) -> set[str]:
    """The kinds of small pictures in a table."""
    return {cell.mark.kind for row in table.rows for cell in row.cells if cell.mark}


def asks(page: Page, cell: Cell) -> str:
    """The command that explains a number."""
    question: dict[str, Any] = cell.question
    if not question or not page.city:
        return ""
    case = question.pop("case", "")
    options = " ".join(f"--{key} {quote(str(value))}" for key, value in question.items() if key != "name")
    action = "" if not case else " --plan plan.toml" if case == "plan" else f" --action {quote(case)}"
    return f"caminos explain {quote(page.city)} {question['name']} {options}".rstrip() + action


def all_charts(page: Page) -> list[Chart]:
    """Every map of a page."""
    return [part for part in page.walk() if isinstance(part, Chart) and part.kind == "map"]
