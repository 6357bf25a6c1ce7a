"""Values that enter the graph, and the value that could not be had."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class NotEstimated:
    """A result with a reason: what is missing, all the way down. Never a zero."""

    missing: tuple[str, ...]

    @property
    def reason(self) -> str:
        """The reason in a line, in the language in use."""
        from caminos.i18n import _

        return _("not estimated: missing {names}", names=", ".join(self.missing))


@dataclass(frozen=True)
class Record:
    """Where one number of an input comes from."""

    value: float
    unit: str
    low: float | None
    high: float | None
    source: str
    quality: str
    date: str = ""
    note: str = ""
    zone: str = ""
    group: str = ""
    kind: str = ""
    distribution: str = "fixed"
    notation: str = ""
    row: str = ""  # file and line


@dataclass(frozen=True)
class Input:
    """An input's central values with their range; six axes, case and draw of size 1.

    `low` and `high` are the ends of the range (95 % for normal and lognormal, the bounds for
    uniform and triangular). An element that is not a number is not estimated.
    """

    name: str
    unit: str
    central: np.ndarray
    low: np.ndarray
    high: np.ndarray
    distribution: str
    records: tuple[Record, ...] = field(repr=False, default=())

    @property
    def quality(self) -> str:
        """The weakest quality among the records (A is best)."""
        return max((record.quality for record in self.records), default="A")

    @property
    def uncertain(self) -> np.ndarray:
        """Flat positions of the elements that have a range; zones share one."""
        spread = np.isfinite(self.central) & (self.low < self.high)
        return np.flatnonzero(spread)


def fixed(name: str, unit: str, values: np.ndarray) -> Input:
    """An input without uncertainty."""
    return Input(name, unit, values, values, values, "fixed")
