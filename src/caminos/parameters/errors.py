"""Sources of error: which inputs share one, how wide what is recalled is drawn, and how far a default may miss a city.

Three tables: errors.csv (inputs that share a source of error, or are drawn in a way of their own), error_families.csv
(how far a city is from its country, by family), families.csv (the family of every default).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from caminos.model.values import Chain, Error

LEAST = (0.3, 0.6)  # smallest standard deviation of an input of quality C: in logarithms, in logits of shares
COMMON = "city unlike its country"  # what the families have in common
OWN, LOGITS, FAMILY = "own", "logit", "family"  # scales of errors.csv
NO_FAMILY = "none"


@dataclass(frozen=True)
class Family:
    """How far a city may be from the default of its country: standard deviations in logarithms and in logits of shares.

    `common` is the correlation of the family's error with the one that all families have in common, so that two
    families correlate by the product of theirs.
    """

    logarithms: float
    logits: float
    common: float = 0.0


@dataclass(frozen=True)
class Shared:
    """A row of errors.csv: the source of error an input shares, its correlation with that, how its kinds are drawn."""

    error: str
    correlation: float
    independent: bool
    scale: str


def _rows(table: str) -> list[dict[str, str]]:
    text = files("caminos.parameters").joinpath(table).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def families() -> Mapping[str, Family]:
    """The families of error_families.csv by name."""
    return {
        row["family"]: Family(float(row["logarithms"]), float(row["logits"]), float(row["common"] or 0))
        for row in _rows("error_families.csv")
    }


@cache
def shared() -> Mapping[str, Shared]:
    """The rows of errors.csv by input."""
    return {
        row["input"]: Shared(row["error"], float(row["correlation"] or 0), row["kinds"] == "independent", row["scale"])
        for row in _rows("errors.csv")
    }


@cache
def members() -> Mapping[str, tuple[str, float]]:
    """For every default its family ("none" without one), and 1, or -1 where it is low when the others are high."""
    return {row["input"]: (row["family"], float(row["sign"] or 1)) for row in _rows("families.csv")}


def error_of(source: str, unit: str, given: Mapping[str, Family] | None = None) -> Error:
    """How an input is drawn whose source of error is `source`; `given` takes the place of error_families.csv."""
    row = shared().get(source, Shared("", 0.0, False, ""))
    family, sign = members().get(source, (NO_FAMILY, 1.0))
    size = (families() if given is None else given).get(family)
    return Error(
        source=((source, row.correlation), (row.error, 0.0)) if row.error else ((source, 0.0),),
        independent=row.independent,
        bounded=unit == "share" or row.scale == LOGITS,
        least=(0.0, 0.0) if row.scale == OWN else LEAST,
        family=_chain(family, size) if size else (),
        spread=(sign * size.logarithms, sign * size.logits) if size else (0.0, 0.0),
        instead=row.scale == FAMILY,
    )


def _chain(family: str, size: Family) -> Chain:
    return ((f"{family}: {COMMON}", size.common), (COMMON, 0.0))
