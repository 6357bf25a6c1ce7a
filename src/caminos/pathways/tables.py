"""The tables of the pathways: headlines, connections, and pairs of pathways without evidence."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import nan
from typing import Any

import numpy as np

from caminos.model.axes import GROUP, KIND, ZONE, Array, total
from caminos.model.indicator import ModelError


@dataclass(frozen=True)
class Headline:
    """An indicator by which a pathway is judged: an outcome, which is scored, or a means, which is shown.

    An outcome has a weight and a span, the same for every city: from the `safe` level to the `worst` that is observed,
    with the `median` place between, of its value `per` person or area (a part of roles.csv) times `scale` in
    `span_unit`. A `harm` to people counts down to nothing; anything else no further than the safe level. `burden` names
    the facts that carry it: with twice as much of them there is twice as much to mend; a minus stands for what a share
    leaves (people without water). `intensity` names the levels and rates that carry it besides. A target is absolute or a multiple `of base`, and `binding` where a law of that
    region sets it. `reduce` says how a value that varies by zone, group or kind becomes one a year: by their `sum`.
    """

    indicator: str
    pathway: str
    direction: str  # lower or higher is better
    weight: float
    weight_note: str
    harm: bool
    burden: tuple[str, ...]
    intensity: tuple[str, ...]
    per: str
    scale: float
    safe: float
    median: float
    worst: float
    span_unit: str
    observed: str
    safe_source: str
    span_source: str
    span_quality: str
    span_note: str
    target: float
    target_kind: str
    target_year: int
    binding: str
    source: str
    quality: str
    reduce: str

    @property
    def outcome(self) -> bool:
        """Whether it is scored; a means is shown only."""
        return self.weight > 0

    def place(self, value: Array, people: Array = 1.0) -> Array:
        """Where a value stands on the span: 0 at the safe level, 1 at the worst observed, and beyond both ends.

        `people` is what the value is taken `per`. Only a harm to people counts below the safe level, down to no harm.
        """
        amount = value / people * self.scale
        at = ((np.maximum(amount, 0.0) if self.harm else amount) - self.safe) / (self.worst - self.safe)
        return at if self.harm else np.maximum(at, 0.0)


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


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


@cache
def headlines() -> tuple[Headline, ...]:
    """The headline indicators of all pathways, in order."""
    kinds: dict[str, Callable[[str], Any]] = dict.fromkeys(
        ("weight", "safe", "median", "worst", "scale", "target"), lambda text: float(text or nan)
    )
    kinds |= {
        "target_year": lambda text: int(text or 0),
        "harm": lambda text: text == "yes",
        "burden": _names,
        "intensity": _names,
    }
    return tuple(
        Headline(**{column: kinds.get(column, str)(text) for column, text in row.items()})
        for row in _rows("headlines.csv")
    )


@cache
def outcomes() -> tuple[Headline, ...]:
    """The headlines that are scored, in order."""
    return tuple(headline for headline in headlines() if headline.outcome)


@cache
def shares_of_pathway() -> dict[str, float]:
    """What each outcome has of its pathway's weight, over all outcomes of the table, estimated in a city or not."""
    whole: dict[str, float] = {}
    for headline in outcomes():
        whole[headline.pathway] = whole.get(headline.pathway, 0.0) + headline.weight
    return {headline.indicator: headline.weight / whole[headline.pathway] for headline in outcomes()}


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
