"""The tables of the pathways: headlines, connections, and pairs of pathways without evidence."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from caminos.model.axes import GROUP, KIND, ZONE, Array, total
from caminos.model.indicator import ModelError


@dataclass(frozen=True)
class Headline:
    """An indicator by which a pathway is judged; `target_kind` is absolute or a multiple `of base`.

    `reduce` says how one that varies by zone, group or kind becomes one number a year: by their `sum`.
    """

    indicator: str
    pathway: str
    direction: str  # lower or higher is better
    target: float
    target_kind: str
    target_year: int
    weight: float
    reduce: str
    source: str
    quality: str


@dataclass(frozen=True)
class Connection:
    """An edge with its evidence: `parameter` at `no_effect` switches it off."""

    id: str
    link: str
    source_node: str
    target_node: str
    parameter: str
    no_effect: float
    form: str
    confidence: str
    source: str


def _rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(files("caminos.pathways").joinpath(name).read_text(encoding="utf-8").splitlines()))


@cache
def headlines() -> tuple[Headline, ...]:
    """The headline indicators of all pathways, in order."""
    numbers: dict[str, Any] = {"target": float, "target_year": int, "weight": float}
    return tuple(
        Headline(**{column: numbers.get(column, str)(text) for column, text in row.items()})
        for row in _rows("headlines.csv")
    )


def series(headline: Headline, values: Array) -> Array:
    """A headline's values as [case, draw, year]: what planning scores and what every page and report shows.

    Raises ModelError for one that varies by zone, group or kind without saying in headlines.csv how to reduce it.
    """
    if headline.reduce == "sum":
        values = total(values, ZONE, GROUP, KIND)
    if values.shape[ZONE:] != (1, 1, 1):
        raise ModelError(f"{headline.indicator} varies by zone, group or kind: say in headlines.csv how to reduce it")
    return values[:, :, :, 0, 0, 0]


@cache
def connections() -> tuple[Connection, ...]:
    """Every edge with declared evidence."""
    return tuple(
        Connection(
            id=row["id"],
            link=row["link"],
            source_node=row["from"],
            target_node=row["to"],
            parameter=row["parameter"],
            no_effect=float(row["no_effect"]),
            form=row["form"],
            confidence=row["confidence"],
            source=row["source"],
        )
        for row in _rows("connections.csv")
    )


@cache
def pairs_without_evidence() -> dict[tuple[str, str], str]:
    """Ordered pairs of pathways that no sourced edge joins, with the reason."""
    return {(row["from"], row["to"]): row["reason"] for row in _rows("pairs_without_evidence.csv")}


@cache
def roles(role: str) -> tuple[str, ...]:
    """The nodes that play a part in planning and pages, in order; KeyError for a part that roles.csv does not know."""
    found = tuple(row["node"] for row in _rows("roles.csv") if row["role"] == role)
    if not found:
        raise KeyError(role)
    return found


def role(name: str) -> str:
    """The one node of a part."""
    (node,) = roles(name)
    return node
