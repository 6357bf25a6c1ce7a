"""Evaluation: only what is asked for, only what changed, only rows that differ, and nothing kept that is no longer needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from caminos.model.axes import AXES, CASE, DRAW
from caminos.model.graph import Graph, arguments
from caminos.model.indicator import Indicator
from caminos.model.values import NotEstimated, Partly, Result, codes_of, partly, reasons_of, values_of

__all__ = ["Alike", "Evaluation", "Result", "Variation", "with_nan"]


@dataclass(frozen=True)
class Alike:
    """Rows (or draws) that are alike for a node: one `representative` each, and for every row the place of its own."""

    representatives: np.ndarray
    place: np.ndarray

    @property
    def all_differ(self) -> bool:
        """Whether every row stands for itself."""
        return len(self.representatives) == len(self.place)


_LARGEST = 2**62


@dataclass
class Variation:
    """By what the rows of one axis differ, so that a node is computed only for the rows that differ for it.

    `codes` are partitions of the rows, `of` says for an input which of them it follows (a bit mask; none: it is the
    same in every row).
    """

    size: int
    codes: Sequence[np.ndarray]
    of: Mapping[str, int]
    masks: dict[str, int] = field(default_factory=dict)  # of the nodes that were asked for, and
    by_name: dict[str, Alike] = field(default_factory=dict)  # their rows: the same for every run of one graph
    _joined: dict[int, Alike] = field(default_factory=dict)

    def alike(self, mask: int) -> Alike:
        """The rows that agree in all partitions of a mask."""
        found = self._joined.get(mask)
        if found is None:
            found = self._joined[mask] = self._join(mask)
        return found

    def _join(self, mask: int) -> Alike:
        code: np.ndarray = np.zeros(self.size, dtype=np.int64)
        kinds = 1  # that a code may tell apart, as digits of the partitions' places
        for place, part in enumerate(self.codes):
            if mask >> place & 1:
                count = int(part.max()) + 1
                if kinds * count > _LARGEST:
                    distinct, code = np.unique(code, return_inverse=True)
                    kinds = len(distinct)
                code, kinds = code * count + part, kinds * count
        _kinds, first, own = np.unique(code, return_index=True, return_inverse=True)
        if len(first) == self.size:
            return self._everyone
        return Alike(first, own)

    @property
    def _everyone(self) -> Alike:
        key = -1
        if key not in self._joined:
            self._joined[key] = Alike(np.arange(self.size), np.arange(self.size))
        return self._joined[key]


class Evaluation:
    """Values of a graph for one set of inputs. Inputs can be replaced; what follows is computed again.

    With `along`, a node is computed only for the rows (and draws) that differ for it: of forty actions alone, most
    nodes know but a few. Inputs then come with one row for each of their own representatives.
    `observed` are values of computed nodes that only some rows have, with a mask of those: the others are computed.
    What is no number in all of a row for want of an optional argument is not estimated there alone: a row has the same
    answer whichever others are asked with it.
    """

    def __init__(
        self,
        graph: Graph,
        inputs: Mapping[str, Result],
        along: Mapping[int, Variation] | None = None,
        observed: Mapping[str, tuple[np.ndarray, np.ndarray]] | None = None,
    ):
        self.graph = graph
        self._along = dict(along or {})
        self._observed = dict(observed or {})
        self._masks = {axis: variation.masks for axis, variation in self._along.items()}
        self._alikes = {axis: variation.by_name for axis, variation in self._along.items()}
        self._values: dict[str, Result] = dict(inputs)
        self._inputs = set(inputs)

    def copy(self) -> Evaluation:
        """The same values; what is set in the copy does not change the original."""
        other = Evaluation(self.graph, {}, self._along, self._observed)
        other._values, other._inputs = dict(self._values), set(self._inputs)
        return other

    def set(self, name: str, value: Result) -> None:
        """Give a node a value of its own (an input, or a lever moved by hand); what depends on it is dropped."""
        for dependent in self.graph.dependents(name):
            if dependent not in self._inputs:
                self._values.pop(dependent, None)
        self._values[name] = value
        self._inputs.add(name)
        self._masks = {axis: {} for axis in self._along}
        self._alikes = {axis: {} for axis in self._along}

    def get(self, name: str) -> Result:
        """The value of one node; intermediates are kept for the next question."""
        return self.compute([name], keep=True)[name]

    def compute(self, targets: Iterable[str], keep: bool = False) -> dict[str, Result]:
        """Values of the targets. Unless `keep`, an intermediate is freed once its last user has run."""
        wanted = tuple(dict.fromkeys(targets))
        self.work(wanted, keep)
        return {name: self._for_every_row(name) for name in wanted}

    def work(self, wanted: tuple[str, ...], keep: bool = False) -> dict[str, Result]:
        """The targets with one row for each of their own representatives."""
        values, nodes = self._values, self.graph.nodes
        missing = self._missing(wanted)
        waiting: dict[str, int] = {}
        if not keep:
            for name in missing:
                for argument in arguments(nodes[name]):
                    waiting[argument] = waiting.get(argument, 0) + 1
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            for name in missing:
                values[name] = self._value(name)
                if keep:
                    continue
                for argument in arguments(nodes[name]):
                    waiting[argument] -= 1
                    if not waiting[argument] and argument not in wanted and argument not in self._inputs:
                        del values[argument]
        return {name: values[name] for name in wanted}

    def share(self, targets: tuple[str, ...], known: dict[str, Result] | None) -> dict[str, Result]:
        """What is the same in every row and is used by what is not (or asked for), computed once for all blocks."""
        if known is None:
            nodes = self.graph.nodes
            same = {name for name in self.graph.needed(targets) if not self._mask(CASE, name)}
            used = {item for name in self.graph.needed(targets) if name not in same for item in arguments(nodes[name])}
            wanted = (used | set(targets)) & same
            known = self.work(tuple(name for name in self.graph.order if name in wanted))
        self._values.update(known)
        return known

    def _missing(self, wanted: tuple[str, ...]) -> list[str]:
        """What has to be computed for the wanted nodes, in order."""
        needed, values, nodes = set(), self._values, self.graph.nodes
        stack = [name for name in wanted if name not in values]
        while stack:
            name = stack.pop()
            if name not in needed:
                needed.add(name)
                stack.extend(argument for argument in arguments(nodes[name]) if argument not in values)
        if not needed:
            return []
        return [name for name in self.graph.needed(wanted) if name in needed]

    def _value(self, name: str) -> Result:
        node = self.graph.nodes[name]
        if not isinstance(node, Indicator):
            return NotEstimated((name,))
        given = self._given(node)
        if any(isinstance(value, Partly) for value in given.values()):
            result = _by_row(node, given)
        else:
            result = _alone(node, given)
        if node.role == "default" and node.of:
            result = self._by_fact(node, result)
        return self._with_observed(name, result) if name in self._observed else result

    def _by_fact(self, node: Indicator, result: Result) -> Result:
        """What stands in for a fact, where the literature has nothing for the place: it is the fact that is missing."""
        nodes = self.graph.nodes

        def named(reason: NotEstimated) -> NotEstimated:
            names = (node.name if getattr(nodes[name], "role", "") == "parameter" else name for name in reason.missing)
            return NotEstimated(tuple(dict.fromkeys(names)))

        if isinstance(result, NotEstimated):
            return named(result)
        if isinstance(result, Partly):
            return Partly(result.values, tuple(named(reason) for reason in result.reasons), result.code)
        return result

    def _with_observed(self, name: str, computed: Result) -> Result:
        """A computed node, with what was observed in the rows that have it."""
        own, known = self._observed[name]
        alike = self._alike(CASE, name)
        if alike is not None:
            own, known = own[alike.representatives], known[alike.representatives]
        code = np.where(known, 0, codes_of(computed, len(known)))
        rows = known.reshape(-1, *(1,) * (len(AXES) - 1))
        values = np.where(rows, own, values_of(computed))
        return partly(values, reasons_of(computed), code)

    def _mask(self, axis: int, name: str) -> int:
        """Of which partitions of an axis a node depends, as a bit mask."""
        masks, of = self._masks[axis], self._along[axis].of
        found = masks.get(name)
        if found is None:
            found = of.get(name, 0)
            if name not in self._inputs:
                for argument in arguments(self.graph.nodes[name]):
                    found |= self._mask(axis, argument)
            masks[name] = found
        return found

    def _alike(self, axis: int, name: str) -> Alike | None:
        if axis not in self._along:
            return None
        found = self._alikes[axis].get(name)
        if found is None:
            found = self._alikes[axis][name] = self._along[axis].alike(self._mask(axis, name))
        return found

    def _given(self, node: Indicator) -> dict[str, Result]:
        """The arguments of a node, with the rows and draws for which it is computed."""
        given = {argument: self._values[argument] for argument in node.arguments}
        for axis in self._along:
            wanted = self._alike(axis, node.name)
            for argument, value in given.items():
                given[argument] = _moved(value, axis, self._alike(axis, argument), wanted)
        return given

    def _for_every_row(self, name: str) -> Result:
        value = self._values[name]
        for axis in self._along:
            value = _moved(value, axis, self._alike(axis, name), None)
        return value


def _moved(value: Result, axis: int, own: Alike | None, wanted: Alike | None) -> Result:
    """A value's representatives along one axis for those of another partition (for all rows without one)."""
    if isinstance(value, NotEstimated) or own is None or own is wanted:
        return value
    if isinstance(value, Partly):
        if axis == CASE:
            return value.take(own.place if wanted is None else own.place[wanted.representatives])
        return Partly(_taken(value.values, axis, own, wanted), value.reasons, value.code)
    return _taken(value, axis, own, wanted)


def _taken(values: np.ndarray, axis: int, own: Alike, wanted: Alike | None) -> np.ndarray:
    if values.shape[axis] == 1 or (own.all_differ and (wanted is None or wanted.all_differ)):
        return values
    place = own.place if wanted is None else own.place[wanted.representatives]
    return values[place] if axis == CASE else values[:, place]


assert (CASE, DRAW) == (0, 1)  # what _taken rests on


def _alone(node: Indicator, given: dict[str, Result]) -> Result:
    """A node of which no argument is missing in some rows only."""
    spare = [item for name in node.optional for item in getattr(given[name], "missing", ())]
    given = with_nan(node, given)
    missing = [item for value in given.values() if isinstance(value, NotEstimated) for item in value.missing]
    if missing:
        return NotEstimated(tuple(dict.fromkeys(missing)))
    result: np.ndarray = node.function(**given)
    if not spare:
        return result
    nothing = np.isnan(result).all(axis=tuple(range(1, len(AXES))))
    return partly(result, [NotEstimated(tuple(dict.fromkeys(spare)))], nothing.astype(int))


def _by_row(node: Indicator, given: Mapping[str, Result]) -> Result:
    """A node of which arguments are missing in some rows: every row keeps its own reason."""
    rows = next(len(value.code) for value in given.values() if isinstance(value, Partly))
    lacking = [name for name, value in given.items() if isinstance(value, Partly | NotEstimated)]
    kinds, code = np.zeros((1, 0), dtype=int), np.zeros(rows, dtype=int)
    for name in lacking:  # the combinations of reasons that occur, each with a number
        count = len(reasons_of(given[name])) + 1
        both, code = np.unique(code * count + codes_of(given[name], rows), return_inverse=True)
        kinds = np.concatenate([kinds[both // count], (both % count)[:, None]], axis=1)
    needed, spare = [], []
    for kind in kinds:
        reasons = {name: _reason(given[name], int(item)) for name, item in zip(lacking, kind, strict=True)}
        needed.append(
            _joined(reasons[name] for name in node.arguments if name in reasons and name not in node.optional)
        )
        spare.append(_joined(reasons[name] for name in node.optional if name in reasons))
    known = np.array([not item for item in needed])
    if not known.any():
        return partly(
            np.full((rows, *(1,) * (len(AXES) - 1)), np.nan), [NotEstimated(item) for item in needed], code + 1
        )
    values = node.function(**{name: values_of(value) for name, value in given.items()})
    if values.shape[CASE] != rows:
        values = np.repeat(values, rows, axis=CASE)
    nothing = np.isnan(values).all(axis=tuple(range(1, len(AXES))))
    reasons_, codes = [], np.zeros(rows, dtype=int)
    for place, (item, other) in enumerate(zip(needed, spare, strict=True)):
        mine = code == place
        mine = mine if item else mine & nothing if other else mine & False
        reasons_.append(NotEstimated(item or other))
        codes[mine] = place + 1
    if codes.any():
        values = np.where((codes > 0).reshape(-1, *(1,) * (len(AXES) - 1)), np.nan, values)
    return partly(values, reasons_, codes)


def _joined(reasons: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for reason in reasons for name in reason))


def _reason(result: Result, code: int) -> tuple[str, ...]:
    return reasons_of(result)[code - 1].missing if code else ()


def with_nan(node: Indicator, given: dict[str, Result]) -> dict[str, Any]:
    """Arguments of a function, optional ones that are not estimated as an array of one NaN."""
    absent = [name for name in node.optional if isinstance(given[name], NotEstimated)]
    return {**given, **{name: np.full((1,) * len(AXES), np.nan) for name in absent}}
