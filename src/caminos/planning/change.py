"""Changes: what an action or a plan does to a number, the range of the difference, and how often it is for the better."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, nan

import numpy as np

from caminos.model.indicator import Node
from caminos.planning.results import RANGE

NEGLIGIBLE = 1e-4  # of the value: a smaller change is shown as hardly moved, never as better or worse
ROUNDING = 1e-9  # of the value: two draws that differ by less are a tie


@dataclass(frozen=True)
class Change:
    """Change of one indicator in one year by an action, a plan, or what two actions do to each other.

    `low` and `high` are the 5 and 95 % of the differences, each taken within one draw. `probability_better` is the
    share of draws in which the difference is in the wanted direction, ties counted half; not a number without draws
    or without a direction. Draws without a number are left out of all three: `known` is the share of the others.
    `missing` are the facts for want of which there is no value.
    """

    indicator: str
    pathway: str
    unit: str
    year: int
    group: str
    value: float
    low: float
    high: float
    relative: float
    better: bool | None  # None where there is no headline direction
    probability_better: float = nan
    known: float = 1.0
    missing: tuple[str, ...] = ()


def difference(after: np.ndarray, before: np.ndarray) -> np.ndarray:
    """What is more after than before. Infinity less the same infinity is no change: the carbon budget may outlast the
    model in both cases. Where one of the two is not a number the difference is none."""
    with np.errstate(invalid="ignore"):
        return np.where(np.isinf(after) & (after == before), 0.0, after - before)


def beyond_sum(both: np.ndarray, first: np.ndarray, second: np.ndarray, neither: np.ndarray) -> np.ndarray:
    """f(A, B) − f(A) − f(B) + f(0): what two actions change together beyond the sum of what each changes alone.

    Not a number where one of the four is infinite and another is not: what lies beyond the last year has no size.
    """
    with np.errstate(invalid="ignore"):
        found = (both - first) - (second - neither)
    alike = np.isinf(neither) & (both == neither) & (first == neither) & (second == neither)
    return np.where(alike, 0.0, np.where(np.isfinite(found), found, np.nan))


def probability_better(differences: np.ndarray, direction: str, rounding: float = 0.0) -> float:
    """The share of the known differences in the wanted `direction` (lower or higher), ties counted half.

    Not a number where there is no direction or none is known.
    """
    known = differences[~np.isnan(differences)]
    if not known.size or direction not in ("lower", "higher"):
        return nan
    wanted = -known if direction == "lower" else known
    return float(np.mean(np.where(np.abs(wanted) <= rounding, 0.5, wanted > 0)))


def change_of(
    node: Node,
    direction: str,
    year: int,
    base: float,
    value: float,
    drawn: np.ndarray | None = None,
    group: str = "",
    missing: tuple[str, ...] = (),
) -> Change:
    """A change by its central `value`, the `base` that it changes, and its differences by draw, if any were drawn."""
    whole = abs(base) if isfinite(base) else 0.0
    moved = value == value and not abs(value) <= NEGLIGIBLE * whole
    differences = np.array([value]) if drawn is None else drawn
    known = differences[~np.isnan(differences)]
    low, high = np.percentile(known, RANGE, method="nearest") if known.size else (nan, nan)
    return Change(
        indicator=node.name,
        pathway=node.pathway,
        unit=node.unit,
        year=year,
        group=group,
        value=value,
        low=float(low),
        high=float(high),
        relative=value / whole if whole else nan,
        better=(value < 0) == (direction == "lower") if moved and direction else None,
        probability_better=nan if drawn is None else probability_better(drawn, direction, ROUNDING * whole),
        known=known.size / differences.size,
        missing=missing if value != value else (),
    )
