"""Values that enter the graph, and the value that could not be had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from caminos.model.axes import AXES, CASE


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
class Partly:
    """A result that some rows lack, each with its own reason.

    `values` has a row for every `code`: 0 where it is estimated, else the place of its reason in `reasons` plus one.
    Rows that are not estimated are not numbers.
    """

    values: np.ndarray
    reasons: tuple[NotEstimated, ...]
    code: np.ndarray

    def take(self, rows: np.ndarray) -> Partly:
        """The same for some of the rows, in that order."""
        return Partly(self.values[rows], self.reasons, self.code[rows])

    def row(self, place: int) -> Result:
        """The result of one row alone."""
        code = int(self.code[place])
        return self.reasons[code - 1] if code else self.values[place : place + 1]


Result = Any  # an array of six axes, NotEstimated, or Partly where rows of many cities differ


def partly(values: np.ndarray, reasons: Sequence[NotEstimated], code: np.ndarray) -> Result:
    """A result in its plainest form: an array if no row lacks it, a reason if all rows share it."""
    if not code.any():
        return values
    used = [int(item) for item in np.unique(code) if item]
    if len(used) == 1 and bool(code.all()):
        return reasons[used[0] - 1]
    renamed = np.zeros(len(reasons) + 1, dtype=int)
    renamed[used] = np.arange(1, len(used) + 1)
    if values.shape[CASE] != len(code):
        values = np.repeat(values, len(code), axis=CASE)
    return Partly(values, tuple(reasons[item - 1] for item in used), renamed[code])


def codes_of(result: Result, rows: int) -> np.ndarray:
    """For every row 0 where a result is estimated, else the place of its reason plus one."""
    if isinstance(result, Partly):
        return result.code
    return np.full(rows, int(isinstance(result, NotEstimated)))


def reasons_of(result: Result) -> tuple[NotEstimated, ...]:
    """The reasons for which rows of a result are not estimated."""
    if isinstance(result, Partly):
        return result.reasons
    return (result,) if isinstance(result, NotEstimated) else ()


def values_of(result: Result) -> np.ndarray:
    """The numbers of a result; NaN where it is not estimated."""
    if isinstance(result, Partly):
        return result.values
    return np.full((1,) * len(AXES), np.nan) if isinstance(result, NotEstimated) else result


def numbers_of(result: Result) -> Result:
    """A result without the reasons of the rows that alone lack it: these are no numbers."""
    return result.values if isinstance(result, Partly) else result


def result_of(result: Result, row: int) -> Result:
    """The result of one row."""
    if isinstance(result, Partly):
        return result.row(row)
    if isinstance(result, NotEstimated) or result.shape[CASE] == 1:
        return result
    return result[row : row + 1]


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


Chain = tuple[tuple[str, float], ...]  # a source of error and its correlation with the next; the last stands alone


@dataclass(frozen=True)
class Error:
    """Of what the error of an input is made.

    `source` is the input's own source of error, then those that it shares with others, each with the correlation to the
    next; without any it is the input's name. All its groups, kinds and zones share one draw unless its kinds are
    `independent`. `least` is the smallest standard deviation of a row of quality C; `spread` that by which a default may
    miss a city because the city is not its country, drawn from `family`. Both are pairs: in logarithms, and in logits
    for what is `bounded` by 0 and 1. `instead` says that the range of a default is that very error, judged: it is shown, and
    the family's is drawn in its place.
    """

    source: Chain = ()
    independent: bool = False
    bounded: bool = False
    least: tuple[float, float] = (0.0, 0.0)
    family: Chain = ()
    spread: tuple[float, float] = (0.0, 0.0)
    instead: bool = False


NO_ERROR = Error()


@dataclass(frozen=True)
class Column:
    """One input of many cities: its distinct rows of values, and which row holds for each city.

    Arrays are [row, 1, year, zone, group, kind]; a row that is not `known` holds no numbers. `place` is None where
    one row holds for every city; `by_row` says that it counts rows of a run (a city under a case) and not cities.
    Columns that vary alike share one `place`. `qualities` are the weakest of each row, `defaults` says which of its
    values are no figures of the city itself; `error` says how they are drawn.
    """

    name: str
    unit: str
    central: np.ndarray
    low: np.ndarray
    high: np.ndarray
    distributions: tuple[str, ...]
    known: np.ndarray
    place: np.ndarray | None = None
    by_row: bool = False
    qualities: tuple[str, ...] = ()
    defaults: np.ndarray | None = None
    error: Error = NO_ERROR

    @cached_property
    def uncertain(self) -> bool:
        """Whether any row is drawn: because it has a range, is of quality C, or is a default of a family."""
        if all(kind == "fixed" for kind in self.distributions):
            return False
        weak = any(self.error.least) and "C" in self.qualities
        unlike = any(self.error.spread) and self.defaults is not None and bool(self.defaults.any())
        return weak or unlike or bool(np.any(self.low < self.high))

    @cached_property
    def widths(self) -> tuple[np.ndarray | None, np.ndarray | None, np.ndarray | None]:
        """By row: the least standard deviation, the spread of defaults, and which rows are drawn in logits.

        The spread of a default is part of the least that its quality asks for. A row with values below zero has no
        least. Each is None where there is none.
        """
        error, axes = self.error, tuple(range(1, len(AXES)))
        bounded = error.bounded & np.all(~((self.low < 0) | (self.high > 1)), axis=axes, keepdims=True)
        spread = None
        if any(error.spread) and self.defaults is not None:
            spread = np.where(bounded, error.spread[1], error.spread[0]) * self.defaults
        weak = np.array([quality == "C" for quality in self.qualities], dtype=bool)
        least = None
        if any(error.least) and weak.any():
            least = np.where(bounded, error.least[1], error.least[0]) * weak.reshape(-1, *(1,) * len(axes))
            least = least * np.all(~(self.low < 0), axis=axes, keepdims=True)
            least = least if spread is None else np.sqrt(np.maximum(least**2 - spread**2, 0.0))
        return least, spread, bounded if bounded.any() else None

    @cached_property
    def drawn_range(self) -> tuple[np.ndarray, np.ndarray]:
        """Low and high ends as they are drawn: none where the error of its family takes the place of a default's range."""
        if not self.error.instead or self.defaults is None:
            return self.low, self.high
        told = self.defaults & (self.central > 0)
        return np.where(told, self.central, self.low), np.where(told, self.central, self.high)

    def row_of(self, city: int) -> int:
        """The row that holds for a city."""
        return 0 if self.place is None else int(self.place[city])

    def knows(self, city: int) -> bool:
        """Whether a city has it."""
        return bool(self.known[self.row_of(city)])

    def input_of(self, city: int, records: tuple[Record, ...] = ()) -> Input:
        """The values of one city."""
        row = self.row_of(city)
        central, low, high = (array[row : row + 1] for array in (self.central, self.low, self.high))
        return Input(self.name, self.unit, central, low, high, self.distributions[row], records)


class Inputs(dict[str, Column]):
    """Columns by name, with what follows from them for every run."""

    @cached_property
    def constant(self) -> dict[str, np.ndarray]:
        """Central values of those of which one row holds for every city."""
        return {name: column.central for name, column in self.items() if column.place is None and column.known[0]}

    @cached_property
    def varying(self) -> tuple[Column, ...]:
        """Those that differ between cities, or that some lack."""
        return tuple(column for name, column in self.items() if name not in self.constant)

    @cached_property
    def uncertain(self) -> tuple[Column, ...]:
        """Those with one row that have a range."""
        return tuple(self[name] for name in self.constant if self[name].uncertain)


def column_of(item: Input, error: Error = NO_ERROR, defaults: np.ndarray | None = None) -> Column:
    """An input that holds for every city."""
    rows = len(item.central)
    return Column(
        item.name,
        item.unit,
        central=item.central,
        low=item.low,
        high=item.high,
        distributions=(item.distribution,) * rows,
        known=np.ones(rows, bool),
        qualities=(item.quality,) * rows,
        defaults=defaults,
        error=error,
    )
