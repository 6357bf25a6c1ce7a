"""A city's model: its facts, the literature and the actions, joined to one graph and evaluated."""

from __future__ import annotations

import csv
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

import numpy as np

import caminos.pathways
from caminos.actions import library
from caminos.actions.library import Action
from caminos.city.package import City, Fact
from caminos.city.vocabulary import Term, vocabulary
from caminos.i18n import _
from caminos.model import uncertainty
from caminos.model.axes import DRAW, FINAL_YEAR, GROUP, KIND, QUINTILES, YEAR, ZONE, labels
from caminos.model.evaluation import Alike, Evaluation, Result
from caminos.model.expression import names as expression_names
from caminos.model.graph import Graph, arguments, build
from caminos.model.indicator import Indicator, Node, Source, collect
from caminos.model.values import Input, NotEstimated, Record, fixed
from caminos.parameters import tables

HISTORY_YEARS = 50
FEW_CASES = 2  # with so few, sorting out which are alike costs more than it saves
BLOCK = 32  # draws evaluated at once: small enough that arrays of all cases stay in the cache
SEED = 2026


@dataclass(frozen=True)
class Measure:
    """One action, begun in a year, at a share of its full scale."""

    action: str
    start: int
    scale: float = 1.0


@dataclass(frozen=True)
class Case:
    """One combination of measures; without any it is the city as it would go on."""

    name: str
    measures: tuple[Measure, ...] = ()


BASELINE = Case("baseline")


@cache
def indicators() -> tuple[Indicator, ...]:
    """Every indicator of the five pathways and every driver."""
    found = pkgutil.walk_packages(caminos.pathways.__path__, "caminos.pathways.")
    return tuple(collect(importlib.import_module(item.name) for item in found))


def _fact_sources() -> list[Source]:
    sources = []
    for term in vocabulary().values():
        dims = tuple(dim for dim in term.dims if dim in ("kind", "group"))
        classification = term.classification if "kind" in dims else ""
        sources.append(Source(term.enters_as, term.unit, "fact", dims, classification, term.meaning, term.pathway))
        if "zone" in term.dims:
            sources.append(
                Source("zone_" + term.name, term.unit, "fact", ("zone", *dims), classification, term.meaning)
            )
        if "history" in term.dims:
            sources.append(Source("past_" + term.name, term.unit, "fact", ("year",), "", term.meaning))
    return sources


def _calendar() -> list[Source]:
    return [
        Source("calendar_year", "yr", "calendar", ("year",), meaning="year of the calendar"),
        Source("past_year", "yr", "calendar", ("year",), meaning="years of the past of which deposits are known"),
        Source("base_year", "yr", "calendar", meaning="first year of the model"),
    ]


def defaults() -> list[dict[str, str]]:
    """What stands in for a fact that the city lacks: an expression over other facts and priors."""
    text = files("caminos.pathways").joinpath("defaults.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def assemble(actions: Sequence[Action], given: Iterable[str] = (), check: bool = True) -> Graph:
    """The graph of the whole model; a default gives way to a fact whose name is in `given`."""
    known = set(given)
    facts = {source.name: source for source in _fact_sources()}
    nodes: dict[str, Node] = dict(facts)
    for row in defaults():
        if row["name"] not in known:
            fact = facts.get(row["name"])
            unit, dims = (fact.unit, fact.dims) if fact else (_lever_unit(row["name"]), ())
            nodes[row["name"]] = library.computed(row["name"], unit, row["expression"], "default", row["meaning"], dims)
    for name in tables.rows():
        nodes.setdefault(name, tables.source_node(name))
    computed: list[Node] = [
        *_calendar(), *indicators(), *library.size_nodes(actions), *library.adoption_nodes(actions),
        *library.lever_nodes(actions),
    ]  # fmt: skip
    return build([*nodes.values(), *computed], check=check)


def _lever_unit(baseline: str) -> str:
    return next(lever.unit for lever in library.levers() if lever.baseline == baseline)


class CityModel:
    """The model of one city: its graph, its inputs and what cannot be estimated in it."""

    def __init__(self, city: City, check: bool = True):
        self.city = city
        self.progress: Callable[[str, int, int], None] | None = None
        self.years = np.arange(city.base_year, FINAL_YEAR + 1)
        self.settings = {"climate": city.climate, "gwp": city.gwp}
        self.inputs = self._inputs()
        actions = library.city_actions(city.path)
        full = assemble(actions, self.inputs, check)
        self.unavailable = self._unavailable(full, actions)
        self.actions = {action.id: action for action in actions}
        self.graph = assemble(library.without(actions, self.unavailable), self.inputs, check=False)
        missing = [name for name, node in self.graph.nodes.items() if isinstance(node, Source)]
        self._missing = {
            name: NotEstimated((name,))
            for name in missing
            if name not in self.inputs and not name.startswith(library.ADOPTION)
        }

    # inputs

    def _inputs(self) -> dict[str, Input]:
        found = {
            "calendar_year": fixed("calendar_year", "yr", _along(YEAR, self.years)),
            "past_year": fixed("past_year", "yr", _along(YEAR, self.past_years)),
            "base_year": fixed("base_year", "yr", _along(YEAR, [float(self.city.base_year)])),
        }
        for name in tables.rows():
            item = tables.parameter_input(name, self.city.region, self.settings)
            if item is not None:
                found[name] = item
        found.update(self._facts())
        return found

    @property
    def past_years(self) -> np.ndarray:
        """The years of a history, to the base year."""
        return np.arange(self.city.base_year - HISTORY_YEARS + 1, self.city.base_year + 1)

    def _facts(self) -> dict[str, Input]:
        found = {}
        by_name: dict[str, list[Fact]] = {}
        for fact in self.city.facts:
            by_name.setdefault(fact.name, []).append(fact)
        for name, facts in by_name.items():
            term = vocabulary().get(name)
            if term is None:
                found.update(self._override(name, facts))
                continue
            for prefix, chosen in (("", [f for f in facts if not f.zone]), ("zone_", [f for f in facts if f.zone])):
                item = self._fact_input(term, (prefix + name) if prefix else term.enters_as, newest(chosen))
                if item is not None:
                    found[item.name] = item
            if "history" in term.dims:
                item = self._history(term, [f for f in facts if not f.zone])
                if item is not None:
                    found[item.name] = item
        return found

    def _override(self, name: str, facts: list[Fact]) -> dict[str, Input]:
        """A fact with the name of a parameter takes its place."""
        node = tables.source_node(name)
        term = Term(name, name, node.unit, node.dims, node.classification, -np.inf, np.inf, "", node.meaning)
        item = self._fact_input(term, name, newest(facts))
        return {} if item is None else {name: item}

    def _fact_input(self, term: Term, name: str, facts: list[Fact]) -> Input | None:
        kinds = labels(term.classification) if "kind" in term.dims else ("",)
        if "kind" in term.dims and not kinds:
            return None  # free kinds (inventory rows) are read by reports, not by the graph
        groups = QUINTILES if "group" in term.dims else ("",)
        zones = tuple(zone.id for zone in self.city.zones) if name.startswith("zone_") else ("",)
        shape = [1] * 6
        shape[ZONE], shape[GROUP], shape[KIND] = len(zones), len(groups), len(kinds)
        central, low, high = (np.full(shape, np.nan) for _ in range(3))
        records = []
        for fact in facts:
            if fact.kind not in kinds or fact.group not in groups or fact.zone not in zones:
                continue
            place = (0, 0, 0, zones.index(fact.zone), groups.index(fact.group), kinds.index(fact.kind))
            central[place] = fact.value
            low[place] = fact.value if fact.low is None else min(fact.low, fact.value)
            high[place] = fact.value if fact.high is None else max(fact.high, fact.value)
            records.append(record(fact))
        if not np.isfinite(central).any():
            return None
        whole = "kind" in term.dims and term.unit == "share" and abs(np.nansum(central) - 1) < 0.02
        if whole:  # shares that add up to one leave nothing for the kinds that are not named
            central, low, high = (np.nan_to_num(array) / np.nansum(central) for array in (central, low, high))
        return Input(name, term.unit, central, low, high, "dirichlet" if whole else "triangular", tuple(records))

    def _history(self, term: Term, facts: list[Fact]) -> Input | None:
        """A series over the past: linear between known years, constant before the first and after the last."""
        known = sorted((fact.year, fact.value) for fact in facts if np.isfinite(fact.value))
        if not known:
            return None
        years, values = zip(*known, strict=True)
        series = _along(YEAR, np.interp(self.past_years, years, values))
        records = tuple(record(fact) for fact in facts)
        return Input("past_" + term.name, term.unit, series, series, series, "fixed", records)

    def _unavailable(self, graph: Graph, actions: Sequence[Action]) -> dict[str, tuple[str, ...]]:
        """Actions that cannot be estimated in this city, with what is missing."""
        zero = np.zeros((1,) * 6)
        given: dict[str, Result] = {name: item.central for name, item in self.inputs.items()}
        given.update({action.adoption: zero for action in actions})
        evaluation = Evaluation(graph, given)
        found = {}
        for action in actions:
            library.check_parameters(action, graph.nodes)
            names = [action.size, action.capital_cost, action.lifetime, action.lead_time]
            names += [action.operating_cost] if action.operating_cost else []
            for effect in action.effects:
                names += [name for name in expression_names(effect.amount) if name != "size"]
                names += [effect.lag] if effect.lag else []
            values = evaluation.compute(dict.fromkeys(names), keep=True).values()
            missing = [name for value in values if isinstance(value, NotEstimated) for name in value.missing]
            if missing or not action.effects:
                found[action.id] = tuple(dict.fromkeys(missing))
        return found

    # evaluation

    @property
    def available(self) -> list[Action]:
        """The actions whose effect and cost can be estimated in this city."""
        return [action for action in self.actions.values() if action.id not in self.unavailable]

    def lead_time(self, action: Action) -> float:
        """Years from the decision to the first effect (central value)."""
        return float(self.inputs[action.lead_time].central.item())

    def adoption(self, cases: Sequence[Case]) -> dict[str, np.ndarray]:
        """Adoption of every action by case and year: an S-curve after the lead time."""
        found = {action.adoption: np.zeros((1,) * 6) for action in self.actions.values()}
        for place, case in enumerate(cases):
            for measure in case.measures:
                action = self.actions[measure.action]
                if found[action.adoption].shape[0] == 1:
                    found[action.adoption] = np.zeros((len(cases), 1, len(self.years), 1, 1, 1))
                rise = (self.years - measure.start - self.lead_time(action)) / action.ramp_years
                rise = np.clip(rise, 0, 1)
                found[action.adoption][place, 0, :, 0, 0, 0] += measure.scale * rise**2 * (3 - 2 * rise)
        return found

    def evaluation(
        self, cases: Sequence[Case] = (BASELINE,), values: Mapping[str, np.ndarray] | None = None
    ) -> Evaluation:
        """An evaluation at central values, or with some inputs replaced by `values`."""
        given: dict[str, Result] = {name: item.central for name, item in self.inputs.items()}
        given.update(self._missing)
        given.update(values or {})
        adoption = self.adoption(cases)
        if len(cases) <= FEW_CASES:
            return Evaluation(self.graph, given | adoption)
        alike = self._alike(cases)
        for name, array in adoption.items():
            given[name] = array if array.shape[0] == 1 else array[alike(name).representatives]
        return Evaluation(self.graph, given, alike)

    @cached_property
    def _actions_above(self) -> dict[str, frozenset[str]]:
        """For each node, the actions that it depends on."""
        found: dict[str, frozenset[str]] = {}
        for name in self.graph.order:
            own = frozenset([name.removeprefix(library.ADOPTION)]) if name.startswith(library.ADOPTION) else frozenset()
            found[name] = own.union(*(found[argument] for argument in arguments(self.graph.nodes[name])))
        return found

    def _alike(self, cases: Sequence[Case]) -> Callable[[str], Alike]:
        """For each node, which cases differ in the actions that it depends on."""
        above = self._actions_above
        by_set: dict[frozenset[str], Alike] = {}

        def alike(name: str) -> Alike:
            actions = above[name]
            if actions not in by_set:
                kinds: dict[tuple[Measure, ...], int] = {}
                place = [
                    kinds.setdefault(tuple(m for m in case.measures if m.action in actions), len(kinds))
                    for case in cases
                ]
                first = [place.index(kind) for kind in range(len(kinds))]
                by_set[actions] = Alike(np.array(first), np.array(place))
            return by_set[actions]

        return alike

    def run(
        self, targets: Sequence[str], cases: Sequence[Case] = (BASELINE,), draws: int = 0, seed: int = SEED,
        values: Mapping[str, np.ndarray] | None = None, block: int = BLOCK,
    ) -> dict[str, Result]:  # fmt: skip
        """The targets for all cases at once: central values, or `draws` along the draw axis.

        `values` are inputs with a draw axis of their own (the ends of ranges, say). Draws run in
        blocks, so that memory stays bounded by the targets alone.
        """
        drawn = uncertainty.monte_carlo(self._drawable(), draws, seed) if draws else {}
        drawn |= values or {}
        size = max((array.shape[DRAW] for array in drawn.values()), default=1)
        if size <= block:
            return self.evaluation(cases, drawn).compute(targets)
        found: dict[str, Result] = {}
        block = max(block, 2)  # a block of one draw would look like a value that does not vary
        for start in range(0, size, block):
            part = {name: a[:, start : start + block] if a.shape[DRAW] > 1 else a for name, a in drawn.items()}
            for name, result in self.evaluation(cases, part).compute(targets).items():
                _put(found, name, result, start, size)
            self.tell(_("draws"), min(start + block, size), size)
        return found

    def tell(self, what: str, done: int, total: int) -> None:
        """Report progress to whoever watches."""
        if self.progress is not None:
            self.progress(what, done, total)

    def _drawable(self) -> dict[str, Input]:
        used = self._used
        return {name: item for name, item in self.inputs.items() if name in used}

    @cached_property
    def _used(self) -> frozenset[str]:
        """Inputs that some indicator depends on."""
        return frozenset(name for name in self.inputs if self.graph.consumers.get(name))

    def weak_inputs(self, targets: Sequence[str]) -> list[str]:
        """Uncertain inputs of quality C that the targets depend on."""
        needed = set(self.graph.needed(tuple(targets)))
        return [
            name for name, item in self.inputs.items() if name in needed and item.quality == "C" and item.uncertain.size
        ]


def _put(found: dict[str, Result], name: str, result: Result, start: int, size: int) -> None:
    """Put one block of draws in its place; what does not vary by draw is kept once."""
    known = found.get(name)
    varies = known is not None and not isinstance(known, NotEstimated) and known.shape[DRAW] == size
    if not varies and (isinstance(result, NotEstimated) or result.shape[DRAW] == 1):
        found[name] = result
        return
    if not varies:
        found[name] = np.empty((*result.shape[:DRAW], size, *result.shape[DRAW + 1 :]))
    found[name][:, start : start + result.shape[DRAW]] = result


def _along(axis: int, values: Iterable[float]) -> np.ndarray:
    shape = [1] * 6
    shape[axis] = -1
    return np.asarray(list(values), dtype=float).reshape(shape)


def newest(facts: Iterable[Fact]) -> list[Fact]:
    """For each zone, group and kind, the fact of the latest year that is not in the future."""
    from datetime import date

    today = date.today().year
    found: dict[tuple[str, str, str], Fact] = {}
    for fact in facts:
        key = (fact.zone, fact.group, fact.kind)
        if fact.year <= today and (key not in found or fact.year > found[key].year):
            found[key] = fact
    return list(found.values())


def record(fact: Fact) -> Record:
    """Where a fact comes from, as an explanation shows it."""
    return Record(
        fact.value, fact.unit, fact.low, fact.high, fact.source, fact.quality, str(fact.year), fact.note, fact.zone,
        fact.group, fact.kind, "triangular", fact.notation, f"{fact.file}:{fact.row}",
    )  # fmt: skip
