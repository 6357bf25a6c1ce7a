"""Runs: a graph evaluated for many rows at once, in blocks that bound the memory.

A row is a city under a case. What all rows share (literature that holds for all of them) is computed once; a node is
computed only for the rows that differ for it; what a row lacks stays with it to the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from caminos.model import possible, uncertainty
from caminos.model.axes import CASE, DRAW
from caminos.model.evaluation import Evaluation, Variation
from caminos.model.graph import Graph
from caminos.model.indicator import Indicator
from caminos.model.uncertainty import Ends
from caminos.model.values import Column, Inputs, NotEstimated, Partly, Result, codes_of, partly, reasons_of, values_of

SEED = 2026
DRAWS_AT_ONCE = 32  # small enough that the arrays of forty cases stay in the cache
VALUES_AT_ONCE = 2048  # rows times draws of many cities evaluated at once
FEW_VALUES = 64  # of an input, so few that all its draws are kept while a run lasts
FEW_ROWS = 2  # with so few, sorting out which are alike costs more than it saves

_FIRST = np.zeros(1, dtype=int)

Tell = Callable[[int, int], None]
Keep = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Rows:
    """What stands along the case axis: row r is the city `city[r]` under the case `case[r]`, both by place."""

    city: np.ndarray
    case: np.ndarray

    def __len__(self) -> int:
        return len(self.city)

    def part(self, rows: slice) -> Rows:
        """Some of the rows."""
        return Rows(self.city[rows], self.case[rows])

    @classmethod
    def product(cls, cities: int, cases: int) -> Rows:
        """Every city under every case, the cases of one city side by side."""
        return cls(np.repeat(np.arange(cities), cases), np.tile(np.arange(cases), cities))


class Moves(dict[str, Column]):
    """What cases change: columns by row, with the variation of the rows once it is known."""

    variation: Variation | None = None


@dataclass(frozen=True)
class Run:
    """One question to a graph: its inputs and rows, with `draws` points of them or the values given by hand.

    `inputs` are columns by city; `moved` are columns by row (what cases change, by draw where that is drawn); `values`
    take the place of either (one array each, with a draw axis perhaps).
    """

    graph: Graph
    inputs: Inputs
    moved: Moves
    rows: Rows
    draws: int = 0
    seed: int = SEED
    values: Mapping[str, np.ndarray] | None = None
    draws_at_once: int = DRAWS_AT_ONCE

    @property
    def size(self) -> int:
        """How many draws the answer has; one for central values."""
        return max(self.draws, uncertainty.draws_of(self.values))

    @property
    def one_city(self) -> bool:
        """Whether every input of a city holds for all rows."""
        return not self.inputs.varying

    @property
    def years(self) -> np.ndarray:
        """The years of the calendar; none where a graph has no calendar."""
        calendar = self.inputs.get("calendar_year")
        return np.zeros(0) if calendar is None else calendar.central.reshape(-1)

    def evaluation(self, part: slice = slice(None), draws: slice = slice(None)) -> Evaluation:
        """An evaluation of some rows for some draws."""
        rows = self.rows.part(part)
        along: dict[int, Variation] = {}
        if len(rows) > FEW_ROWS or not self.one_city:
            along[CASE] = self._variation(rows, part)
        if isinstance(self.values, Ends):
            along[DRAW] = self.values.variation
        found: dict[str, Result] = dict(self.inputs.constant)
        if self.draws:
            found |= {column.name: self._given(column, _FIRST, draws) for column in self.inputs.uncertain}
        observed: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        for column in (*self.inputs.varying, *self.moved.values()):
            everywhere = _places(column, rows, part)
            places = everywhere
            if CASE in along and column.place is not None:
                places = everywhere[along[CASE].alike(along[CASE].of[column.name]).representatives]
            known = column.known[places]
            if known.all():
                found[column.name] = self._given(column, places, draws)
            elif isinstance(self.graph.nodes[column.name], Indicator):
                observed[column.name] = (self._given(column, everywhere, draws), column.known[everywhere])
            else:
                missing = (NotEstimated((column.name,)),)
                found[column.name] = partly(self._given(column, places, draws), missing, np.where(known, 0, 1))
        by_hand = self._by_hand(draws)
        if CASE in along and any(name not in self.inputs for name in by_hand):  # what follows from it varies less
            along[CASE] = replace(along[CASE], masks={}, by_name={})
        found |= by_hand
        return Evaluation(self.graph, found, along, observed)

    def _by_hand(self, draws: slice) -> dict[str, np.ndarray]:
        if isinstance(self.values, Ends):
            return self.values.distinct
        given: Mapping[str, np.ndarray] = self.values or {}
        return {name: array[:, draws] if array.shape[DRAW] > 1 else array for name, array in given.items()}

    def _given(self, column: Column, places: np.ndarray, draws: slice) -> np.ndarray:
        """Values of an input for the rows at `places`, drawn or central."""
        if self.draws and column.uncertain and self.graph.consumers[column.name]:
            if column.place is None and column.central.size <= FEW_VALUES:
                if column.name not in self._all_draws:
                    self._all_draws[column.name] = self._drawn(column, places, slice(None))
                return self._all_draws[column.name][:, draws]
            return self._drawn(column, places, draws)
        central = column.central if column.place is None else column.central[places]
        return central[:, draws] if central.shape[DRAW] > 1 else central

    def _drawn(self, column: Column, places: np.ndarray, draws: slice) -> np.ndarray:
        kinds = self.graph.nodes[column.name].classification
        return uncertainty.drawn(column, places, self.draws, self.seed, draws, kinds)

    @cached_property
    def _all_draws(self) -> dict[str, np.ndarray]:
        """Inputs of few values that hold for all rows, drawn once for all blocks of draws."""
        return {}

    def _variation(self, rows: Rows, part: slice) -> Variation:
        """By what the rows differ: one partition for each set of columns that vary alike."""
        if self.one_city and self.moved.variation is not None:
            return self.moved.variation
        bits: dict[int, int] = {}
        codes: list[np.ndarray] = []
        of: dict[str, int] = {}
        for column in (*self.inputs.varying, *self.moved.values()):
            if column.place is None:
                continue
            if id(column.place) not in bits:
                bits[id(column.place)] = 1 << len(codes)
                codes.append(_places(column, rows, part))
            of[column.name] = bits[id(column.place)]
        found = Variation(len(rows), codes, of)
        if self.one_city:  # whose rows are never split in blocks
            self.moved.variation = found
        return found

    def compute(self, targets: Sequence[str], tell: Tell | None = None, keep: Keep | None = None) -> dict[str, Result]:
        """The targets for all rows and draws. `keep` reduces the draws of every array (to percentiles, say).

        Draws run in blocks and so do rows of many cities, so that memory stays bounded by the targets alone.
        Raises ImpossibleError for a target that no city can have.
        """
        wanted = tuple(dict.fromkeys(targets))
        at_once = self.size if keep is not None or isinstance(self.values, Ends) else self.draws_at_once
        by_draws = list(_blocks(self.size, at_once))
        rows_at_once = len(self.rows) if self.one_city else max(1, VALUES_AT_ONCE // min(self.size, at_once))
        by_rows = list(_blocks(len(self.rows), rows_at_once))
        shared: dict[int, dict[str, Result]] = {}
        parts: list[dict[str, Result]] = []
        years = self.years
        for part in by_rows:
            found: dict[str, list[Result]] = {name: [] for name in wanted}
            for number, draws in enumerate(by_draws):
                evaluation = self.evaluation(part, draws)
                if len(by_rows) > 1:
                    shared[number] = evaluation.share(wanted, shared.get(number))
                for name, result in evaluation.compute(wanted).items():
                    if not isinstance(result, NotEstimated):
                        possible.check(self.graph, name, values_of(result), years, part.start)
                    found[name].append(result)
                if tell is not None:
                    tell(part.stop * draws.stop, len(self.rows) * self.size)
            whole = {name: _joined_draws(found.pop(name), by_draws) for name in wanted}
            parts.append(whole if keep is None else {name: _kept(result, keep) for name, result in whole.items()})
        return {name: _joined_rows([part.pop(name) for part in parts], by_rows) for name in wanted}


def _places(column: Column, rows: Rows, part: slice) -> np.ndarray:
    """For every row, the row of a column that holds there."""
    if column.place is None:
        return np.zeros(1, dtype=int)
    return column.place[part] if column.by_row else column.place[rows.city]


def _blocks(size: int, step: int) -> Iterator[slice]:
    """Slices of at most `step` (one more at the end): one draw alone would look like a value that does not vary."""
    step = max(step, 2)
    starts = list(range(0, size, step))
    if len(starts) > 1 and size - starts[-1] == 1:
        starts.pop()
    for start, end in zip(starts, [*starts[1:], size], strict=True):
        yield slice(start, end)


def _kept(result: Result, keep: Keep) -> Result:
    if isinstance(result, Partly):
        return Partly(keep(result.values), result.reasons, result.code)
    return result if isinstance(result, NotEstimated) else keep(result)


def _joined_draws(results: list[Result], blocks: Sequence[slice]) -> Result:
    """Blocks of draws side by side; what does not vary by draw is kept once.

    A row is not estimated if it is so in every block: one that has a number in some draws keeps it.
    """
    arrays = [result for result in results if not isinstance(result, NotEstimated)]
    if len(results) == 1 or not arrays:
        return results[0]
    if len(arrays) == len(results) and all(values_of(result).shape[DRAW] == 1 for result in arrays):
        whole = values_of(arrays[0])
    else:
        whole = _side_by_side([values_of(result) for result in results], DRAW, blocks)
    if not all(isinstance(result, Partly) for result in arrays):
        return whole
    lacked = np.all([codes_of(result, len(whole)) > 0 for result in results], axis=0)
    return partly(whole, arrays[0].reasons, np.where(lacked, arrays[0].code, 0))


def _joined_rows(results: list[Result], blocks: Sequence[slice]) -> Result:
    """Blocks of rows one below the other, every row with its own reason."""
    if len(results) == 1:
        return results[0]
    reasons: dict[NotEstimated, int] = {}
    codes = []
    for result, block in zip(results, blocks, strict=True):
        renamed = np.array([0, *(reasons.setdefault(reason, len(reasons) + 1) for reason in reasons_of(result))])
        codes.append(renamed[codes_of(result, block.stop - block.start)])
    return partly(
        _side_by_side([values_of(result) for result in results], CASE, blocks), tuple(reasons), np.concatenate(codes)
    )


def _side_by_side(arrays: Sequence[np.ndarray], axis: int, blocks: Sequence[slice]) -> np.ndarray:
    """Arrays along one axis, each as long there as its block."""
    shape = list(np.broadcast_shapes(*((*array.shape[:axis], 1, *array.shape[axis + 1 :]) for array in arrays)))
    shape[axis] = blocks[-1].stop
    whole = np.empty(shape)
    for array, block in zip(arrays, blocks, strict=True):
        whole[(slice(None),) * axis + (block,)] = array
    return whole
