"""Evaluation: only what is asked for, only what changed, and nothing kept that is no longer needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from caminos.model.axes import AXES, CASE
from caminos.model.graph import Graph, arguments
from caminos.model.indicator import Indicator
from caminos.model.values import NotEstimated

Result = Any  # an array of six axes, or NotEstimated


@dataclass(frozen=True)
class Alike:
    """Cases that are alike for a node: one `representative` each, and for every case the place of its own."""

    representatives: np.ndarray
    place: np.ndarray


class Evaluation:
    """Values of a graph for one set of inputs. Inputs can be replaced; what follows is computed again.

    With `alike`, a node is computed only for the cases that differ for it: of forty actions alone, most
    nodes know but a few. Inputs with a case axis then come with one row for each of their own representatives.
    """

    def __init__(self, graph: Graph, inputs: Mapping[str, Result], alike: Callable[[str], Alike] | None = None):
        self.graph = graph
        self._alike = alike
        self._values: dict[str, Result] = dict(inputs)
        self._inputs = set(inputs)

    def copy(self) -> Evaluation:
        """The same values; what is set in the copy does not change the original."""
        other = Evaluation(self.graph, {}, self._alike)
        other._values, other._inputs = dict(self._values), set(self._inputs)
        return other

    def set(self, name: str, value: Result) -> None:
        """Give a node a value of its own (an input, or a lever moved by hand); what depends on it is dropped."""
        for dependent in self.graph.dependents(name):
            if dependent not in self._inputs:
                self._values.pop(dependent, None)
        self._values[name] = value
        self._inputs.add(name)

    def get(self, name: str) -> Result:
        """The value of one node; intermediates are kept for the next question."""
        return self.compute([name], keep=True)[name]

    def compute(self, targets: Iterable[str], keep: bool = False) -> dict[str, Result]:
        """Values of the targets. Unless `keep`, an intermediate is freed once its last user has run."""
        wanted = tuple(dict.fromkeys(targets))
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
        return {name: self._for_every_case(name) for name in wanted}

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
        given = {argument: self._aligned(argument, name) for argument in node.arguments}
        spare = [item for name in node.optional for item in getattr(given[name], "missing", ())]
        given = with_nan(node, given)
        missing = [item for value in given.values() if isinstance(value, NotEstimated) for item in value.missing]
        if missing:
            return NotEstimated(tuple(dict.fromkeys(missing)))
        result = node.function(**given)
        if spare and bool(np.isnan(result).all()):
            return NotEstimated(tuple(dict.fromkeys(spare)))
        return result

    def _aligned(self, argument: str, name: str) -> Result:
        """An argument's rows for the cases for which `name` is computed."""
        value = self._values[argument]
        if self._alike is None or isinstance(value, NotEstimated) or value.shape[CASE] == 1:
            return value
        own, wanted = self._alike(argument), self._alike(name)
        if own is wanted:
            return value
        return value[own.place[wanted.representatives]]

    def _for_every_case(self, name: str) -> Result:
        value = self._values[name]
        if self._alike is None or isinstance(value, NotEstimated) or value.shape[CASE] == 1:
            return value
        return value[self._alike(name).place]


def with_nan(node: Indicator, given: dict[str, Result]) -> dict[str, Result]:
    """Arguments of a function, optional ones that are not estimated as an array of one NaN."""
    absent = [name for name in node.optional if isinstance(given[name], NotEstimated)]
    return {**given, **{name: np.full((1,) * len(AXES), np.nan) for name in absent}}
