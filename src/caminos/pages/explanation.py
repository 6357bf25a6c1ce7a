"""Where a number comes from: equation, inputs with their sources, and the links it passed."""

from __future__ import annotations

from typing import Any

from caminos import words
from caminos.i18n import _
from caminos.model import DRAWS
from caminos.pages.names import name_of
from caminos.pages.number import alike, case_name, in_all, number_table, place_of, value_cell, what_to_add
from caminos.pages.page import Cell, Page, Part, Row, Sentence, Sentences, Table, present, sentences, table
from caminos.planning.city_model import BASELINE, Case, CityModel
from caminos.planning.explanation import explain
from caminos.planning.results import Value, ask

VALUES = 6  # of one input
RECORDS = 4


def explanation(
    model: CityModel,
    name: str,
    year: int | None = None,
    zone: str = "",
    group: str = "",
    kind: str = "",
    case: Case = BASELINE,
    draws: int = DRAWS,
) -> Page:
    """The page of "where does this number come from?"."""
    found = explain(model, name, year, zone, group, kind, case, draws)
    value, values = value_of(found), ask(model, name, year, zone, group, kind, case, draws)
    place = [text for text in place_of(model, value).values() if text] if len(values) == 1 else []
    title = " · ".join([name_of(value.name), *place, *([case_name(model, case)] if case.measures else [])])
    parts: list[Part] = [
        number_table(model, values, case),
        in_all(model, values, case, draws),
        sentences(alike(value, year, zone, group, kind)),
        about(found),
        equation(found),
        inputs(model, found, value, case),
        records(found),
        passed(found, value),
        sentences(what_to_add(model, value, case), id="hints"),
    ]
    return Page(title, present(*parts), "explanation", model.city.id, found["pathway"])


def value_of(found: dict[str, Any]) -> Value:
    """The explained number itself."""
    return Value(**{name: found[name] for name in Value.__dataclass_fields__ if name in found})


def about(found: dict[str, Any]) -> Sentences:
    """What it is, where its equation is published, how sure it is, and what must be read beside it."""
    lines = [Sentence(" ".join(_(found["meaning"]).split()), style="meaning")]
    if found["source"]:
        lines.append(Sentence(found["source"], _("Source of the equation"), language="en"))
    if not found["reason"]:
        quality = f"{found['quality']}, {words.quality_name(found['quality'])}"
        lines.append(Sentence(quality, _("Weakest input")))
    lines += [Sentence(caveat, style="caution") for caveat in found["caveats"]]
    return sentences(lines, id="about")


def equation(found: dict[str, Any]) -> Sentences:
    """The equation as the model computes it; its names are ids."""
    lines = [Sentence(found["equation"], style="code")] if found["equation"] else []
    return sentences(lines, _("Equation"), "equation")


def inputs(model: CityModel, found: dict[str, Any], at: Value, case: Case) -> Table:
    """Every argument of the equation with its value, and of facts and parameters the source."""
    columns = [
        ("id", _("In the equation")),
        ("name", _("Name")),
        ("value", _("Value")),
        ("role", _("Role")),
        ("source", _("Source")),
    ]
    rows = []
    for item in found["inputs"]:
        values = [Value(**value) for value in item["values"]]
        source = "; ".join(dict.fromkeys(source_of(record) for record in item["records"][:RECORDS]))
        link = _("a connection between pathways") if item["connection"] else ""
        first = Row(
            (
                Cell(item["name"], id=item["name"]),
                Cell(name_of(item["name"])),
                _input_cell(model, values[0], case),
                Cell(_(item["role"]), note=link, id=item["role"]),
                Cell(source),
            ),
            item["name"],
        )
        rows.append(first)
        rows += [
            Row((Cell(), Cell(), _input_cell(model, value, case), Cell(), Cell()), item["name"])
            for value in values[1:VALUES]
        ]
    return table(columns, rows, _("Inputs"), "inputs")


def _input_cell(model: CityModel, value: Value, case: Case) -> Cell:
    from dataclasses import replace

    place = place_of(model, value)
    own = " · ".join(text for key, text in place.items() if text and key != "year")
    cell = value_cell(model, value, case=case)
    return replace(cell, note=own) if own else cell


def source_of(record: dict[str, Any]) -> str:
    """Source, date and quality of one record."""
    parts = [record["source"], record["date"], _("quality {letter}", letter=record["quality"])]
    return ", ".join(part for part in parts if part)


def records(found: dict[str, Any]) -> Table:
    """The records of a fact or parameter."""
    columns = [
        ("value", _("Value")),
        ("place", _("For")),
        ("source", _("Source")),
        ("quality", _("Quality")),
        ("note", _("Note")),
        ("row", _("Row")),
    ]
    rows = []
    for record in found["records"][:RECORDS]:
        low, high = (record[end] if record[end] is not None else float("nan") for end in ("low", "high"))
        place = " · ".join(part for part in (record["zone"], record["group"], record["kind"]) if part)
        value = Cell(value=record["value"], low=low, high=high, unit=record["unit"])
        source = ", ".join(part for part in (record["source"], record["date"]) if part)
        rows.append(
            Row((value, Cell(place), Cell(source), Cell(record["quality"]), Cell(record["note"]), Cell(record["row"])))
        )
    return table(columns, rows, _("Records"), "records")


def passed(found: dict[str, Any], at: Value) -> Table:
    """Connections between pathways above the number, with the number as it would be without each."""
    columns = [
        ("from", _("From")),
        ("to", _("To")),
        ("parameter", _("Parameter")),
        ("without", _("Without it")),
        ("evidence", _("Evidence")),
    ]
    rows = [
        Row(
            (
                Cell(name_of(link["source_node"]), id=link["source_node"]),
                Cell(name_of(link["target_node"]), id=link["target_node"]),
                Cell(name_of(link["parameter"]), id=link["parameter"]),
                Cell(value=link["without"], unit=at.unit),
                Cell(f"{link['source']} · {words.confidence_name(link['confidence'])}"),
            ),
            link["id"],
        )
        for link in found["connections"]
    ]
    return table(
        columns, rows, _("Connections this number passed, and the number without each"), "connections", units="column"
    )
