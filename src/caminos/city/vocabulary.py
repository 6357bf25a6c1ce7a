"""The names that a city's facts may carry: the vocabulary, and the model's parameters."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from caminos.model.axes import labels
from caminos.parameters.tables import rows, source_node


@dataclass(frozen=True)
class Term:
    """What may be said under one name; `enters_as` is its name in the model.

    `dims` are those of the columns zone, group and kind that may be filled; `history` keeps all years.
    """

    name: str
    enters_as: str
    unit: str
    dims: tuple[str, ...]
    classification: str
    minimum: float
    maximum: float
    pathway: str
    meaning: str
    parameter: bool = False

    def name_of(self, view: str) -> str:
        """The name of the input: of the whole city, by "zone", or its "history"."""
        prefix = {"": "", "zone": "zone_", "history": "past_"}[view]
        return prefix + self.name if prefix else self.enters_as

    @property
    def kinds(self) -> tuple[str, ...]:
        """Labels allowed in the column kind; () if it must be empty or is free."""
        return labels(self.classification) if "kind" in self.dims else ()


@cache
def vocabulary() -> dict[str, Term]:
    """Every fact name, from vocabulary.csv."""
    text = files("caminos.city").joinpath("vocabulary.csv").read_text(encoding="utf-8")
    return {
        row["name"]: Term(
            name=row["name"],
            enters_as=row["enters_as"],
            unit=row["unit"],
            dims=tuple(row["dims"].split()),
            classification=row["classification"],
            minimum=float(row["minimum"] or "-inf"),
            maximum=float(row["maximum"] or "inf"),
            pathway=row["pathway"],
            meaning=row["meaning"],
        )
        for row in csv.DictReader(text.splitlines())
    }


@cache
def parameter_terms() -> dict[str, Term]:
    """Every model parameter, from the tables in parameters/; a city may override its value."""
    found = {}
    for name in rows():
        node = source_node(name)
        limits = _limits(name)
        found[name] = Term(
            name, name, node.unit, node.dims, node.classification, *limits, "", node.meaning, parameter=True
        )
    return found


def _limits(name: str) -> tuple[float, float]:
    """What a parameter can be: not below zero, and no share above one, where the literature knows no such value."""
    least = min(row.low for row in rows()[name])
    most = max(row.high for row in rows()[name])
    share = source_node(name).unit == "share"
    return (0.0 if least >= 0 else float("-inf"), 1.0 if share and most <= 1 else float("inf"))


@cache
def terms() -> dict[str, Term]:
    """Facts and parameters together; a fact's definition prevails."""
    return {**parameter_terms(), **vocabulary()}
