"""The graph: nodes joined by the names of their arguments, checked once when it is built."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Any

import numpy as np

from caminos.model.axes import AXES, LabelError, labels
from caminos.model.indicator import Indicator, ModelError, Node, Source
from caminos.model.units import UnitError, registry, unit

_SIZES = {"case": 2, "draw": 2, "year": 4, "zone": 3, "group": 5}


@dataclass(frozen=True, eq=False)
class Graph:
    """Nodes by name, in an order in which each stands after all that it depends on.

    `sources` are the inputs that stand for a computed node where its value is known (a fact that has a default).
    """

    nodes: Mapping[str, Node]
    order: tuple[str, ...]
    sources: Mapping[str, Source] = field(default_factory=dict)
    _needed: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict, repr=False)
    _dependents: dict[str, frozenset[str]] = field(default_factory=dict, repr=False)

    @cached_property
    def consumers(self) -> dict[str, tuple[str, ...]]:
        """For each node, the indicators that take it as an argument."""
        found: dict[str, list[str]] = {name: [] for name in self.nodes}
        for node in self.nodes.values():
            for argument in arguments(node):
                found[argument].append(node.name)
        return {name: tuple(users) for name, users in found.items()}

    def needed(self, targets: tuple[str, ...]) -> tuple[str, ...]:
        """The targets and all they depend on, in order."""
        found = self._needed.get(targets)
        if found is None:
            wanted = set(targets)
            for name in reversed(self.order):
                if name in wanted:
                    wanted.update(arguments(self.nodes[name]))
            found = self._needed[targets] = tuple(name for name in self.order if name in wanted)
        return found

    def dependents(self, name: str) -> frozenset[str]:
        """All nodes that change when `name` changes."""
        found = self._dependents.get(name)
        if found is None:
            reached: set[str] = set()
            waiting = [name]
            while waiting:
                for user in self.consumers[waiting.pop()]:
                    if user not in reached:
                        reached.add(user)
                        waiting.append(user)
            found = self._dependents[name] = frozenset(reached)
        return found

    def seen(self, given: Iterable[str], instead: Iterable[Node] = ()) -> Graph:
        """The same graph as it is seen where some computed nodes are given, and some nodes depend on less."""
        known = {name: self.sources[name] for name in given if name in self.sources}
        other = {node.name: node for node in instead}
        return replace(self, nodes={**self.nodes, **known, **other}, _needed={}, _dependents={})

    @cached_property
    def by_meaning(self) -> dict[str, str]:
        """The name of the input that says the same of the whole city as a word of the vocabulary."""
        return {node.of: node.name for node in self.nodes.values() if node.of and not node.view}


def arguments(node: Node) -> tuple[str, ...]:
    """What a node depends on; nothing for a source."""
    return node.arguments if isinstance(node, Indicator) else ()


def build(
    nodes: Iterable[Node], check: bool | Iterable[str] = True, sources: Mapping[str, Source] | None = None
) -> Graph:
    """Join nodes to a graph and check the units of every function, of those that `check` names, or of none.

    Raises ModelError, naming function and file, for a name defined twice, an argument that
    nothing defines, a cycle, or units that do not fit.
    """
    named: dict[str, Node] = {}
    for node in nodes:
        if node.name in named:
            raise ModelError(f"{node.name} is defined twice: {_place(named[node.name])} and {_place(node)}")
        named[node.name] = node
    for node in named.values():
        for argument in arguments(node):
            if argument not in named:
                near = difflib.get_close_matches(argument, named, n=3)
                hint = f"; did you mean {' or '.join(near)}?" if near else ""
                raise ModelError(f"{node.name} ({_place(node)}) needs {argument!r}, which nothing defines{hint}")
    try:
        order = tuple(TopologicalSorter({node.name: arguments(node) for node in named.values()}).static_order())
    except CycleError as error:
        ring = error.args[1]
        places = ", ".join(f"{name} ({_place(named[name])})" for name in ring[:-1])
        raise ModelError(f"these depend on each other in a circle: {places}") from None
    graph = Graph(named, order, sources or {})
    if check is not False:
        check_units(graph, named if check is True else check)
    return graph


def check_units(graph: Graph, names: Iterable[str]) -> None:
    """Send quantities with units through every function and compare with bare numbers.

    pint alone would accept kg + t; the bare numbers alone would accept kg + m. Both must give
    the same result in the declared unit. Raises ModelError at the first that does not.
    """
    random = np.random.default_rng(20260101)
    for name in names:
        node = graph.nodes[name]
        try:
            unit(node.unit)
        except UnitError as error:
            raise ModelError(f"{node.name} ({_place(node)}): {error}") from None
        if isinstance(node, Indicator) and node.arguments:
            _check_function(node, graph.nodes, random)


def _check_function(node: Indicator, nodes: Mapping[str, Node], random: np.random.Generator) -> None:
    where = f"{node.name} ({_place(node)})"
    try:
        plain = _agree(node, nodes, where, lambda shape: random.uniform(0.2, 0.9, shape))
    except LabelError as error:
        raise ModelError(f"{where}: {error}") from None
    if plain.ndim != len(AXES):
        raise ModelError(f"{where}: the result has {plain.ndim} axes instead of {len(AXES)}")
    for axis, size in enumerate(plain.shape):
        if AXES[axis] not in ("case", "draw", *node.dims) and size != 1:
            raise ModelError(f"{where}: the result varies by {AXES[axis]}, which it does not declare")
    if node.classification and plain.shape[-1] not in (1, len(labels(node.classification))):
        raise ModelError(f"{where}: the result has {plain.shape[-1]} kinds, {node.classification} has another number")
    _agree(node, nodes, where, lambda shape: _far_apart(shape, random))


TRIALS = 64


def _far_apart(shape: tuple[int, ...], random: np.random.Generator) -> np.ndarray:
    """Numbers of another magnitude in each of many draws.

    A threshold, wherever the function hides it, shows one side alone: so far apart, both sides are reached.
    """
    wide = tuple(TRIALS if axis == "draw" else size for axis, size in zip(AXES, shape, strict=True))
    magnitude = 10 ** random.uniform(-5, 5, tuple(TRIALS if axis == "draw" else 1 for axis in AXES))
    return magnitude * random.uniform(0.2, 0.9, wide)


def _agree(
    node: Indicator, nodes: Mapping[str, Node], where: str, numbers: Callable[[tuple[int, ...]], np.ndarray]
) -> np.ndarray:
    """The function's result on bare numbers; raises ModelError if quantities with units give another."""
    bare = {name: numbers(_shape(nodes[name])) for name in node.arguments}
    measured = {name: registry().Quantity(bare[name], unit(nodes[name].unit)) for name in node.arguments}
    with np.errstate(all="ignore"):
        plain = np.asarray(node.function(**bare))
        try:
            result: Any = node.function(**measured)
            if not hasattr(result, "to"):
                result = registry().Quantity(result, "ratio")
            checked = result.to(unit(node.unit)).magnitude
        except Exception as error:  # pint raises many kinds; all mean that units do not fit
            raise ModelError(f"{where}: units do not fit ({type(error).__name__}: {error})") from None
    if not np.allclose(plain, checked, rtol=1e-7, atol=0, equal_nan=True):
        raise ModelError(
            f"{where}: bare numbers in the declared units give another result than quantities with units "
            f"(for example {plain.flat[0]:.6g} against {checked.flat[0]:.6g} {node.unit}): a factor is missing"
        )
    return plain


def _shape(node: Node) -> tuple[int, ...]:
    sizes = dict(_SIZES, kind=len(labels(node.classification)) or 1)
    if isinstance(node, Source):
        varying: tuple[str, ...] = node.dims
    else:
        varying = ("case", "draw", *node.dims)
    return tuple(sizes[axis] if axis in varying else 1 for axis in AXES)


def _place(node: Node) -> str:
    return node.place if isinstance(node, Indicator) and node.place else getattr(node, "role", "source")
