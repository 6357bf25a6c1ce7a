"""The answer to one question: tables, sentences and charts. Knows no question and no way of showing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite, isnan, nan
from typing import Any

from caminos import words
from caminos.i18n import language

SCHEMA = 1  # of docs/pages.md; a higher number says that a key changed its meaning


@dataclass(frozen=True)
class Mark:
    """A small picture in a cell: its kind and the numbers it draws.

    way: share of the way to the target without and with the plan; bar: a share of the widest bar;
    time: first year, last year, start, first effect, fully in place; level: a strength from -4 to 4;
    pathway: none, the cell is of the row's pathway.
    """

    kind: str
    values: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class Cell:
    """One place of a table: words, or a number with its range, and the question that `explain` answers about it.

    `value` is None where no number is meant and NaN where it is not estimated, with the `reason`. `unit` is
    an id (`person/yr`); `form` is how the number is written: change (with its sign), relative (a change as a
    percentage), ratio, draws (the share of draws in which a change is for the better), part (a share as a
    percentage whatever the unit of its row), points (a distance between shares, in percentage points), or exact (as
    it would be typed); `id` is what words stand for (an action, an indicator, a zone).
    """

    text: str = ""
    value: float | None = None
    low: float = nan
    high: float = nan
    unit: str = ""
    form: str = ""
    quality: str = ""
    node: str = ""
    year: int | None = None
    zone: str = ""
    group: str = ""
    kind: str = ""
    case: str = ""
    reason: str = ""
    caveats: tuple[str, ...] = ()
    id: str = ""
    note: str = ""
    mark: Mark | None = None
    tone: str = ""  # good or bad

    @property
    def question(self) -> dict[str, Any]:
        """What `explain` would be asked about the number; empty where it is no node of the model."""
        if not self.node or self.value is None:
            return {}
        asked = {name: getattr(self, name) for name in ("year", "zone", "group", "kind", "case")}
        return {"name": self.node, **{name: value for name, value in asked.items() if value}}

    @property
    def is_number(self) -> bool:
        """Whether the cell is meant to hold a number."""
        return self.value is not None


@dataclass(frozen=True)
class Column:
    """A column: its id (the key in JSON) and its head."""

    id: str
    head: str = ""
    note: str = ""


@dataclass(frozen=True)
class Row:
    """One row; `style` is sum for totals."""

    cells: tuple[Cell, ...]
    id: str = ""
    pathway: str = ""
    style: str = ""


@dataclass(frozen=True)
class Table:
    """Rows and columns; `units` says where a unit is written: in the head of the table, row or column, or in the cell."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    title: str = ""
    id: str = ""
    units: str = "cell"
    style: str = ""
    folded: bool = False
    note: str = ""


@dataclass(frozen=True)
class Sentence:
    """A sentence, with a short heading where it has one, and the numbers that stand in it.

    `style` is lead, note, caution, fact or hint.
    """

    text: str
    head: str = ""
    style: str = ""
    numbers: tuple[Cell, ...] = ()
    id: str = ""
    language: str = ""  # where it is not that of the page


@dataclass(frozen=True)
class Sentences:
    """Sentences one after the other; `style` is paragraphs, list, facts or brief."""

    lines: tuple[Sentence, ...]
    title: str = ""
    id: str = ""
    style: str = ""
    folded: bool = False


@dataclass(frozen=True)
class Series:
    """One line, or one row of bars: its numbers along the chart's axis."""

    id: str
    name: str
    values: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


@dataclass(frozen=True)
class Chart:
    """Numbers as a picture, with the table that says the same.

    `kind`: lines (by year, with bands), columns (by year), bars (by name), map (by zone), chain (causes in
    order). `axis` are the years, names or ids along which the series run; `text` says in words what it shows.
    """

    kind: str
    table: Table
    text: str = ""
    title: str = ""
    id: str = ""
    unit: str = ""
    axis: tuple[Any, ...] = ()
    series: tuple[Series, ...] = ()
    limit: float = nan
    limit_name: str = ""
    pathway: str = ""
    marked: tuple[str, ...] = ()
    notes: tuple[Sentence, ...] = ()
    shapes: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)  # by zone; not in JSON

    @property
    def folded(self) -> bool:
        """Whether its table is folded away where there is room for the picture alone."""
        return self.table.folded


@dataclass(frozen=True)
class Page:
    """A title and parts; a page may hold pages."""

    title: str
    parts: tuple[Part, ...]
    id: str = ""
    city: str = ""
    pathway: str = ""
    lead: str = ""
    style: str = ""
    folded: bool = False

    def walk(self) -> Iterator[Part]:
        """Every part in order, those of inner pages and the twins of charts included."""
        for part in self.parts:
            yield part
            if isinstance(part, Page):
                yield from part.walk()
            elif isinstance(part, Chart):
                yield part.table

    def cells(self) -> Iterator[Cell]:
        """Every cell of every table and every number of a sentence."""
        for part in self.walk():
            if isinstance(part, Table):
                yield from (cell for row in part.rows for cell in row.cells)
            elif isinstance(part, Sentences):
                yield from (cell for line in part.lines for cell in line.numbers)

    def to_json(self) -> dict[str, Any]:
        """The page as `--json` prints it: docs/pages.md is the schema."""
        return {"schema": SCHEMA, "language": language(), **_json(self)}


Part = Table | Sentences | Chart | Page
PART_NAMES: dict[type, str] = {Table: "table", Sentences: "sentences", Chart: "chart", Page: "page"}


def part_name(part: Part) -> str:
    """table, sentences, chart or page."""
    return next(name for kind, name in PART_NAMES.items() if isinstance(part, kind))


def table(
    columns: Sequence[tuple[str, str]], rows: Iterable[Row | Sequence[Cell]], title: str = "", id: str = "", **more: Any
) -> Table:
    """A table from (id, head) pairs and rows of cells."""
    made = tuple(row if isinstance(row, Row) else Row(tuple(row)) for row in rows)
    return Table(tuple(Column(*column) for column in columns), made, title, id, **more)


def sentences(texts: Iterable[str | Sentence], title: str = "", id: str = "", **more: Any) -> Sentences:
    """Sentences from texts."""
    return Sentences(tuple(line if isinstance(line, Sentence) else Sentence(line) for line in texts), title, id, **more)


def in_order(rows: Iterable[Row], column: int = 0) -> list[Row]:
    """Rows by the words of a column."""
    return sorted(rows, key=lambda row: row.cells[column].text.casefold())


def present(*parts: Part | None) -> tuple[Part, ...]:
    """The parts that say something: a part without rows, lines or parts is left out."""
    return tuple(part for part in parts if part is not None and _says(part))


def _says(part: Part) -> bool:
    if isinstance(part, Table):
        return bool(part.rows)
    return bool(part.lines if isinstance(part, Sentences) else True if isinstance(part, Chart) else part.parts)


# how a number is written


@dataclass(frozen=True)
class Shown:
    """A cell in words: the number or text, its range, its unit where it stands in the cell, and small print."""

    text: str
    range: str = ""
    unit: str = ""
    note: str = ""

    @property
    def amount(self) -> str:
        """The number with its unit."""
        return f"{self.text}{words.NO_BREAK}{self.unit}" if self.unit else self.text

    @property
    def line(self) -> str:
        """All of it in a line."""
        return self.amount + (f" ({self.range})" if self.range else "") + (f" · {self.note}" if self.note else "")


@dataclass(frozen=True)
class Scale:
    """The factor by which the numbers of one unit are shown, and the unit in words."""

    unit: str
    factor: float
    text: str


def scale(cells: Iterable[Cell]) -> Scale | None:
    """The scale that the numbers of these cells share; None where they have no unit or several."""
    numbers = [cell for cell in cells if cell.value is not None and cell.unit]
    units = {(cell.unit, cell.form) for cell in numbers}
    if len(units) != 1:
        return None
    unit, form = units.pop()
    values = [x for cell in numbers for x in (cell.value, cell.low, cell.high) if x is not None and isfinite(x)]
    if form == "exact":
        return Scale(unit, 1.0, words.unit_name(unit))
    factor, text = words.scale_of(unit, values)
    if unit == "share":
        text = words.points() if form in ("change", "points") else ""
    if unit == "yr" and form == "change":
        text = words.unit_name(unit)
    return Scale(unit, factor, text)


def show(cell: Cell, common: Scale | None = None) -> Shown:
    """A cell in words; its unit stands in it unless it is that of the `common` scale."""
    if cell.value is None:
        return Shown(cell.text, note=cell.note)
    if isnan(cell.value):
        return Shown(cell.text or words.DASH, note=cell.reason or cell.note)
    inside = common is None or common.unit != cell.unit
    own = scale([cell]) if inside else common
    factor, unit = (own.factor, own.text if inside else "") if own else (1.0, "")
    if cell.form == "change":
        text = words.signed(cell.value, cell.unit, factor)
        spread = words.signed_span(cell.low, cell.high, cell.unit, factor)
    elif cell.form == "relative":
        text, spread, unit = words.signed_percent(cell.value), "", ""
    elif cell.form == "exact":
        text, spread = f"{cell.value:.9g}", ""
    elif cell.form == "draws":
        text, spread = words.of_draws(cell.value), ""
    elif cell.form == "part":
        text, spread = words.percent(cell.value), ""
    elif cell.form == "points":
        text, spread = words.signed(cell.value, cell.unit).lstrip("+"), ""
    elif cell.form == "ratio":
        text, spread = words.ratio(cell.value), words.span(cell.low, cell.high, "ratio")
    elif cell.unit == "USD" and inside:
        text, spread, unit = words.dollars(cell.value), words.span(cell.low, cell.high, "USD", factor), ""
    else:
        text = words.shown(cell.value, cell.unit, factor)
        spread = words.span(cell.low, cell.high, cell.unit, factor)
    return Shown(text, spread, unit, cell.note)


@dataclass(frozen=True)
class Laid:
    """A table in words: the unit of the whole, of each row and of each column where it stands there, and every cell."""

    unit: str
    row_units: tuple[str, ...]
    column_units: tuple[str, ...]
    rows: tuple[tuple[Shown, ...], ...]


def lay(table: Table) -> Laid:
    """Every cell in words; numbers that share a unit by row or column share its factor too."""
    whole = scale(cell for row in table.rows for cell in row.cells) if table.units == "table" else None
    by_row = [scale(row.cells) if table.units == "row" else whole for row in table.rows]
    by_column = [
        scale(row.cells[place] for row in table.rows) if table.units == "column" else None
        for place in range(len(table.columns))
    ]
    rows = tuple(
        tuple(show(cell, of_row or of_column) for cell, of_column in zip(row.cells, by_column, strict=True))
        for row, of_row in zip(table.rows, by_row, strict=True)
    )
    of_rows = by_row if table.units == "row" else [None] * len(by_row)
    return Laid(_text(whole), tuple(map(_text, of_rows)), tuple(map(_text, by_column)), rows)


def _text(item: Scale | None) -> str:
    return item.text if item else ""


# JSON


def _json(part: Part) -> dict[str, Any]:
    found: dict[str, Any] = {"part": part_name(part), "id": part.id, "title": part.title}
    if isinstance(part, Page):
        found |= _plain(part, "city", "pathway", "lead") | {"parts": [_json(item) for item in part.parts]}
    elif isinstance(part, Table):
        found |= _json_table(part)
    elif isinstance(part, Sentences):
        found["lines"] = [_json_sentence(line) for line in part.lines]
    else:
        found |= _plain(part, "kind", "text", "unit", "axis", "pathway", "marked", "limit_name")
        found["limit"] = words.beyond(part.limit)
        found["series"] = [
            {"id": item.id, "name": item.name}
            | {key: [words.beyond(x) for x in getattr(item, key)] for key in ("values", "low", "high")}
            for item in part.series
        ]
        found["notes"] = [_json_sentence(line) for line in part.notes]
        found["table"] = _json(part.table)
    return found


def _plain(part: Any, *names: str) -> dict[str, Any]:
    return {name: list(value) if isinstance(value := getattr(part, name), tuple) else value for name in names}


def _json_sentence(line: Sentence) -> dict[str, Any]:
    found = {name: value for name in ("id", "head", "text", "style") if (value := getattr(line, name))}
    if line.numbers:
        found["numbers"] = [_json_cell(cell, show(cell)) for cell in line.numbers]
    return found


def _json_table(part: Table) -> dict[str, Any]:
    laid, keys = lay(part), [column.id for column in part.columns]
    rows = []
    for row, shown in zip(part.rows, laid.rows, strict=True):
        cells = {key: _json_cell(cell, text) for key, cell, text in zip(keys, row.cells, shown, strict=True)}
        rows.append({"id": row.id, "pathway": row.pathway, "cells": cells})
    columns = [
        {"id": column.id, "head": column.head, "unit_text": unit}
        for column, unit in zip(part.columns, laid.column_units, strict=True)
    ]
    for row_json, unit in zip(rows, laid.row_units, strict=True):
        row_json["unit_text"] = unit
    return {"note": part.note, "unit_text": laid.unit, "columns": columns, "rows": rows}


PLAIN_KEYS = ("unit", "form", "quality", "id", "year", "zone", "group", "kind", "case", "reason", "note", "tone")


def _json_cell(cell: Cell, shown: Shown) -> dict[str, Any]:
    """Words, and of a number its value, range and unit; what is empty is left out."""
    found: dict[str, Any] = {"text": shown.amount, "range": shown.range}
    found = {key: value for key, value in found.items() if value}
    if cell.value is not None:
        found["value"] = words.beyond(cell.value)
        ends = {"low": cell.low, "high": cell.high}
        found |= {name: words.beyond(end) for name, end in ends.items() if not isnan(end)}
    found |= {name: value for name in PLAIN_KEYS if (value := getattr(cell, name)) not in ("", None)}
    if cell.caveats:
        found["caveats"] = list(cell.caveats)
    if cell.mark is not None:
        found["mark"] = {"kind": cell.mark.kind, "values": list(cell.mark.values)}
    if cell.question:
        found["explain"] = cell.question
    return found
