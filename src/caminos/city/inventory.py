"""A published greenhouse gas inventory, row by row as its authors gave it (GPC)."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import nan
from pathlib import Path
from typing import Any

from caminos.city.facts import NOTATION, QUALITIES
from caminos.city.tables import Row, read_number, read_table
from caminos.i18n import _
from caminos.i18n import number as number_text
from caminos.model.units import UnitError, factor
from caminos.problems import ERROR, WARNING, Problem, nearest

INVENTORY_COLUMNS = (
    "reference",
    "subsector",
    "notation_key",
    "emissions",
    "unit",
    "co2",
    "ch4",
    "n2o",
    "activity_kind",
    "activity_value",
    "activity_unit",
    "source",
    "quality",
    "note",
)
EMISSION_UNIT = "t CO2e"
GASES = ("co2", "ch4", "n2o")
OF_THE_WORLD = 6e10  # t CO2e/yr, rounded up
ROUNDING = 0.01  # of a row, by which a part may exceed it


@dataclass(frozen=True)
class InventoryRow:
    """One row: emissions, and their parts by gas, in t CO2e of the inventory year.

    `emissions` is nan for the keys NE and C and 0.0 for NO and IE. One GPC reference may have many rows.
    """

    reference: str
    subsector: str
    notation: str
    emissions: float
    unit: str
    co2: float | None
    ch4: float | None
    n2o: float | None
    activity_kind: str
    activity_value: float | None
    activity_unit: str
    source: str
    quality: str
    note: str
    row: int


@dataclass(frozen=True)
class Reference:
    """A GPC reference number: sector, scope (1, 2, 3) and the level of reporting to which it belongs."""

    reference: str
    sector: str
    scope: int
    level: str
    meaning: str


@cache
def gpc() -> dict[str, Reference]:
    """All GPC reference numbers (GPC 1.1)."""
    text = files("caminos.city").joinpath("gpc.csv").read_text(encoding="utf-8")
    return {
        row["reference"]: Reference(row["reference"], row["sector"], int(row["scope"]), row["level"], row["meaning"])
        for row in csv.DictReader(text.splitlines())
    }


def read_inventory(path: Path) -> tuple[tuple[InventoryRow, ...], list[Problem]]:
    """Every readable row and every fault."""
    rows, problems = read_table(path, INVENTORY_COLUMNS)
    if any(problem.column in INVENTORY_COLUMNS and problem.row == 1 for problem in problems):
        return (), problems
    found = []
    for row in rows:
        entry, faults = _read_row(row, path.name)
        problems += faults
        if entry:
            found.append(entry)
    return tuple(found), problems


def _offset(numbers: Mapping[str, float | None]) -> bool:
    """Whether what one gas takes up stands against what another emits, so that a part may exceed the whole."""
    return any((numbers[gas] or 0.0) < 0 for gas in GASES)


def _read_row(row: Row, name: str) -> tuple[InventoryRow | None, list[Problem]]:
    fields = row.fields
    problems: list[Problem] = []

    def say(column: str, message: str, fix: str, severity: str = ERROR) -> None:
        problems.append(Problem(severity, name, row.line, column, message, fix))

    if fields["reference"] not in gpc():
        near = nearest(fields["reference"], gpc())
        message = _("{given} is not a GPC reference number.", given=repr(fields["reference"]))
        say("reference", message, _("Did you mean {near}?", near=near) if near else "I.1.1 … VI.1")
    key = fields["notation_key"]
    if key and key not in NOTATION:
        message = _("{given} is not a GPC notation key.", given=repr(key))
        fix = _("Keys are NO (not occurring), NE (not estimated), IE (included elsewhere), C (confidential).")
        say("notation_key", message, fix)
    elif key and not fields["note"]:
        say("note", _("{key} has no reason.", key=key), _("Say in note why; for IE say where it is included."), WARNING)
    numbers: dict[str, float | None] = {}
    for column in ("emissions", *GASES, "activity_value"):
        numbers[column] = None
        if fields[column]:
            number, wrong, fix = read_number(fields[column])
            numbers[column] = number
            if number is None:
                say(column, wrong, fix)
    if not key and not fields["emissions"]:
        fix = _("Write the notation key NE (not estimated) with the reason in note; 0 only for a true zero.")
        say("emissions", _("The value is empty."), fix)
    if key and fields["emissions"]:
        message = _("A number and the key {key} stand side by side.", key=key)
        say("emissions", message, _("Keep one of them."), WARNING if key in NOTATION else ERROR)
    scale = 1.0
    try:
        scale = factor(fields["unit"] or EMISSION_UNIT, EMISSION_UNIT)
    except UnitError:
        message = _("The unit {unit} does not fit {name}.", unit=repr(fields["unit"]), name="emissions")
        say("unit", message, _("It must be convertible to {unit}.", unit=EMISSION_UNIT))
    if not fields["unit"] and not key:
        say("unit", _("The unit is missing."), EMISSION_UNIT)
    if not fields["source"] and not key:
        fix = _("Say who published it, where and when; for an assumption say whose it is.")
        say("source", _("The source is missing."), fix)
    if fields["quality"] not in QUALITIES and not key:
        message = _("The quality {quality} is not A, B or C.", quality=repr(fields["quality"]))
        say("quality", message, _("A seen in the source, B secondary or computed, C recalled or assumed."))
    emissions = numbers["emissions"]
    if emissions is not None and emissions < 0 and fields["reference"] != "V.2":
        say("emissions", _("Negative emissions outside land (V.2)."), _("Removals belong to V.2; check the sign."))
    for gas in GASES if emissions is not None and emissions >= 0 and not _offset(numbers) else ():
        part = numbers[gas]
        if part is not None and emissions is not None and part * scale > emissions * scale * (1 + ROUNDING) + 0.5:
            message = _(
                "{gas} is {part} and the whole row {whole} {unit}.",
                gas=gas,
                part=number_text(part * scale, 6),
                whole=number_text(emissions * scale, 6),
                unit=EMISSION_UNIT,
            )
            say(gas, message, _("A part cannot exceed its whole: give the gases in t CO2e, or correct one of them."))
    if emissions is not None and abs(emissions * scale) > OF_THE_WORLD:
        message = _("{value} t CO2e are more than the whole world emits.", value=number_text(emissions * scale))
        say("emissions", message, _("Check number and unit {unit}.", unit=repr(fields["unit"])))
    if any(problem.severity == ERROR for problem in problems):
        return None, problems
    gases = {gas: None if numbers[gas] is None else (numbers[gas] or 0.0) * scale for gas in GASES}
    value = (0.0 if key in ("NO", "IE") else nan) if key else (emissions or 0.0) * scale
    texts = ("reference", "subsector", "activity_kind", "activity_unit", "source", "quality", "note")
    plain: dict[str, Any] = {name: fields[name] for name in texts} | gases
    entry = InventoryRow(
        **plain,
        notation=key,
        emissions=value,
        unit=EMISSION_UNIT,
        activity_value=numbers["activity_value"],
        row=row.line,
    )
    return entry, problems
