"""The tables of the pathways: headlines, connections, and pairs of pathways without evidence."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Headline:
    """An indicator by which a pathway is judged; `target_kind` is absolute or a multiple `of base`."""

    indicator: str
    pathway: str
    direction: str  # lower or higher is better
    target: float
    target_kind: str
    target_year: int
    weight: float
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
    return tuple(
        Headline(
            row["indicator"], row["pathway"], row["direction"], float(row["target"]), row["target_kind"],
            int(row["target_year"]), float(row["weight"]), row["source"], row["quality"],
        )
        for row in _rows("headlines.csv")
    )  # fmt: skip


@cache
def connections() -> tuple[Connection, ...]:
    """Every edge with declared evidence."""
    return tuple(
        Connection(
            row["id"], row["link"], row["from"], row["to"], row["parameter"], float(row["no_effect"]), row["form"],
            row["confidence"], row["source"],
        )
        for row in _rows("connections.csv")
    )  # fmt: skip


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
