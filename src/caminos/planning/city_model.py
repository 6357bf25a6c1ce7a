"""Cities and cases: many cities evaluated as rows of the one graph, and one city as a thin view of that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from caminos.actions import library
from caminos.actions.library import Action
from caminos.city.inputs import CityInputs, inputs_of, past_years
from caminos.city.package import City
from caminos.i18n import _
from caminos.model import DRAWS, uncertainty
from caminos.model.axes import AXES, DRAW, FINAL_YEAR
from caminos.model.evaluation import Evaluation, Result
from caminos.model.expression import names as expression_names
from caminos.model.graph import Graph
from caminos.model.indicator import Node
from caminos.model.possible import ImpossibleError
from caminos.model.runs import DRAWS_AT_ONCE, SEED, Keep, Moves, Rows, Run
from caminos.model.uncertainty import largest_correlation, sources_of
from caminos.model.values import Column, Input, NotEstimated, numbers_of, reasons_of, result_of, values_of
from caminos.parameters.errors import Family
from caminos.planning.graph import graph_of
from caminos.planning.names import name_of
from caminos.problems import CaminosError
from caminos.words import amount

__all__ = ["BASELINE", "SEED", "Case", "Cities", "CityModel", "Measure", "Stack"]


KEPT = 8  # sets of cases of which a stack keeps how their rows differ


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

    def __init__(self, name: str, measures: Iterable[Measure] = ()):
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "measures", tuple(measures))


BASELINE = Case("baseline")


class Stack:
    """Cities of one base year and one set of actions and zones, evaluated together: a row is a city under a case."""

    def __init__(
        self,
        cities: Sequence[City],
        evidence: Mapping[str, Input] | None = None,
        errors: Mapping[str, Family] | None = None,
    ):
        self.cities = tuple(cities)
        first = self.cities[0]
        self.years = np.arange(first.base_year, FINAL_YEAR + 1)
        self.past_years = past_years(first.base_year)
        actions = library.city_actions(first.path)
        self.graph = graph_of(actions)
        self.inputs = inputs_of(self.cities, self.years, evidence, errors)
        self.actions = {action.id: action for action in actions}
        self._still = Moves({action.adoption: _fixed(action.adoption) for action in actions})
        self._asked: dict[tuple[tuple[Case, ...], int, int], tuple[Rows, Moves]] = {}

    @cached_property
    def lacking(self) -> dict[str, tuple[tuple[str, ...] | None, ...]]:
        """For every action and city what is missing to estimate it; None where nothing is.

        An action that lacks something moves nothing. One without an effect on any lever lacks no input, and is out.
        """
        wanted = {action.id: _needed(action) for action in self.actions.values()}
        names = dict.fromkeys(name for needed in wanted.values() for name in needed)
        found = Run(self.graph, self.inputs, self._still, Rows.product(len(self.cities), 1)).compute(list(names))
        reasons = {name: _missing_by_city(result, len(self.cities)) for name, result in found.items()}
        lacking = {}
        for action in self.actions.values():
            each = [reasons[name] for name in wanted[action.id] if reasons[name] is not None]
            lacking[action.id] = tuple(
                _none_if_empty(dict.fromkeys(name for reason in each if reason for name in reason[city]), action)
                for city in range(len(self.cities))
            )
        return lacking

    def spurious_correlation(self, draws: int = DRAWS, seed: int = SEED) -> float:
        """The largest correlation, at this number of draws, of two sources of error that share nothing: by chance."""
        nodes, consumers = self.graph.nodes, self.graph.consumers
        used = [column for name, column in self.inputs.items() if column.uncertain and consumers[name]]
        sources = [chain for column in used for chain in sources_of(column, nodes[column.name].classification)]
        return largest_correlation(sources, draws, seed)

    def lead_time(self, action: Action) -> np.ndarray:
        """Years from the decision to the first effect (central value), by city; no number where none is known."""
        column = self.inputs.get(action.lead_time)
        if column is None:
            return np.full(len(self.cities), np.nan)
        each = np.broadcast_to(column.central.reshape(len(column.central), -1)[:, 0], (len(column.central),))
        return np.broadcast_to(each if column.place is None else each[column.place], (len(self.cities),))

    def _lead_times(self, action: Action, draws: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Years to the first effect in cities that differ in it [those, draw], and for every city its place there."""
        column = self.inputs.get(action.lead_time)
        if column is None:
            return np.full((1, 1), np.nan), np.zeros(len(self.cities), dtype=int)
        rows = np.zeros(len(self.cities), dtype=int) if column.place is None else column.place
        known: dict[tuple[object, ...], int] = {}
        times = np.array([known.setdefault(_drawn_as(column, row), len(known)) for row in range(len(column.central))])
        first = np.array([int(np.argmax(times == place)) for place in range(len(known))])
        drawn = draws and column.uncertain
        values = uncertainty.drawn(column, first, draws, seed) if drawn else column.central[first]
        return values.reshape(len(first), -1), times[rows]

    def curve(self, action: Action, measure: Measure, lead_time: float | np.ndarray) -> np.ndarray:
        """Adoption of a measure by year (the last axis): an S-curve after the lead time, from 0 to its scale."""
        rise = np.clip((self.years - measure.start - np.asarray(lead_time)[..., None]) / action.ramp_years, 0, 1)
        return np.asarray(measure.scale * rise**2 * (3 - 2 * rise))

    def adoption(self, cases: Sequence[Case], rows: Rows, draws: int = 0, seed: int = SEED) -> Moves:
        """Adoption of every action by row and year; nothing in cities where it cannot be estimated.

        With `draws` it has a draw axis, for the lead times are drawn.
        """
        by_action: dict[str, dict[int, tuple[Measure, ...]]] = {}
        for place, case in enumerate(cases):
            for measure in case.measures:
                taken = by_action.setdefault(measure.action, {})
                taken[place] = (*taken.get(place, ()), measure)
        moved = [
            self._adoption(self.actions[name], taken, len(cases), rows, draws, seed)
            for name, taken in by_action.items()
        ]
        return Moves({**self._still, **{column.name: column for column in moved}})

    def _adoption(
        self,
        action: Action,
        taken: Mapping[int, tuple[Measure, ...]],
        cases: int,
        rows: Rows,
        draws: int,
        seed: int,
    ) -> Column:
        """Adoption of one action: a curve for each way it is taken and each lead time, and none."""
        ways = list(dict.fromkeys(taken.values()))
        way = np.zeros(cases, dtype=int)
        way[list(taken)] = [1 + ways.index(measures) for measures in taken.values()]
        times, time = self._lead_times(action, draws, seed)
        possible = np.array([missing is None for missing in self.lacking[action.id]])
        place = np.where(possible[rows.city], way[rows.case] * len(times) + time[rows.city], 0)
        curves = [np.zeros((*times.shape, len(self.years)))]
        curves += [np.sum([self.curve(action, measure, times) for measure in measures], axis=0) for measures in ways]
        values = np.concatenate(curves)[:, :, :, None, None, None]
        return Column(
            action.adoption,
            "share",
            central=values,
            low=values,
            high=values,
            distributions=("fixed",) * len(values),
            known=np.ones(len(values), dtype=bool),
            place=place,
            by_row=True,
        )

    def ask(
        self,
        cases: Sequence[Case],
        rows: Rows | None = None,
        draws: int = 0,
        seed: int = SEED,
        values: Mapping[str, np.ndarray] | None = None,
        draws_at_once: int = DRAWS_AT_ONCE,
    ) -> Run:
        """The question of all these cases (in all cities, unless `rows` says which), ready to be computed."""
        if not isinstance(draws, int) or draws < 0:
            raise CaminosError(_("draws must be a whole number, 0 or more: {given} was given.", given=repr(draws)))
        if rows is not None:
            asked, moved = rows, self.adoption(cases, rows, draws, seed)
        else:
            asked, moved = self._usual(tuple(cases), draws, seed)
        return Run(
            self.graph, self.inputs, moved, asked, draws=draws, seed=seed, values=values, draws_at_once=draws_at_once
        )

    def _usual(self, cases: tuple[Case, ...], draws: int, seed: int) -> tuple[Rows, Moves]:
        """Rows and adoption of all cities under these cases; those of the last questions are kept."""
        question = (cases, draws, seed)
        found = self._asked.pop(question, None)
        if found is None:
            rows = Rows.product(len(self.cities), len(cases))
            found = (rows, self.adoption(cases, rows, draws, seed))
        self._asked[question] = found
        while len(self._asked) > KEPT:
            del self._asked[next(iter(self._asked))]
        return found


def _drawn_as(column: Column, row: int) -> tuple[object, ...]:
    """What two rows of a single-valued column share that are drawn alike."""
    ends = (float(array[row].item()) for array in (column.central, column.low, column.high))
    weak = column.qualities[row] if column.qualities else ""
    default = column.defaults is not None and bool(column.defaults[row].any())
    return (*ends, column.distributions[row], weak, default)


def _needed(action: Action) -> list[str]:
    """The nodes without which an action cannot be estimated."""
    names = [action.size, action.capital_cost, action.lifetime, action.lead_time]
    names += [action.operating_cost] if action.operating_cost else []
    for effect in action.effects:
        names += [name for name in expression_names(effect.amount) if name != "size"]
        names += [effect.lag] if effect.lag else []
    return names


def _none_if_empty(missing: Mapping[str, None], action: Action) -> tuple[str, ...] | None:
    return tuple(missing) if missing or not action.effects else None


def _missing_by_city(result: Result, cities: int) -> list[tuple[str, ...]] | None:
    if not reasons_of(result):
        return None
    each = [result_of(result, city) for city in range(cities)]
    return [item.missing if isinstance(item, NotEstimated) else () for item in each]


def _is_whole(node: Node, value: float) -> bool:
    """Whether a share is all there is."""
    return node.unit == "share" and value >= 1


def _alike_in(values: np.ndarray, one: int, other: int) -> bool:
    """Whether two rows of a result are the same; a result of one row holds for all."""
    return len(values) == 1 or bool(np.array_equal(values[one], values[other], equal_nan=True))


def _fixed(name: str) -> Column:
    """No adoption at all."""
    zero = np.zeros((1,) * len(AXES))
    return Column(name, "share", zero, zero, zero, ("fixed",), np.ones(1, dtype=bool))


class CityModel:
    """One city: its inputs, what cannot be estimated in it, and answers for any cases."""

    def __init__(
        self,
        city: City,
        evidence: Mapping[str, Input] | None = None,
        errors: Mapping[str, Family] | None = None,
    ):
        self.city = city
        self.progress: Callable[[str, int, int], None] | None = None
        self.stack = Stack([city], evidence, errors)
        self.inputs = CityInputs(city, 0, self.stack.inputs)
        self.actions = self.stack.actions
        self._sizes: tuple[Mapping[str, np.ndarray] | None, dict[str, np.ndarray]] | None = None
        self._drawn_sizes: tuple[tuple[int, int], dict[str, np.ndarray]] | None = None

    def __repr__(self) -> str:
        return f"<CityModel of {self.city!r}>"

    @cached_property
    def graph(self) -> Graph:
        """The graph as it holds here: what is known is an input, an action that cannot be estimated moves nothing."""
        moved = {effect.lever for name in self.unavailable for effect in self.actions[name].effects}
        levers = library.lever_nodes(self._estimated, moved) if moved else []
        return self.stack.graph.seen(self.inputs, levers)

    @property
    def years(self) -> np.ndarray:
        """The years of the model, from the base year on."""
        return self.stack.years

    @property
    def past_years(self) -> np.ndarray:
        """The years of a history, to the base year."""
        return self.stack.past_years

    @cached_property
    def unavailable(self) -> dict[str, tuple[str, ...]]:
        """Actions that cannot be estimated in this city, with what is missing."""
        found = {name: missing[0] for name, missing in self.stack.lacking.items()}
        return {name: missing for name, missing in found.items() if missing is not None}

    @property
    def _estimated(self) -> list[Action]:
        return [action for action in self.actions.values() if action.id not in self.unavailable]

    @property
    def available(self) -> list[Action]:
        """The actions whose effect and cost can be estimated in this city, and of which something is left to do."""
        return [action for action in self._estimated if action.id not in self._idle]

    @property
    def nothing_to_do(self) -> dict[str, str]:
        """Actions of which nothing is left to do in this city, with the reason in words.

        Their size is nothing in the base year, or at full scale they move no lever, for it is at its end already.
        """
        return {name: self._why_idle(self.actions[name]) for name in self._idle if name not in self.unavailable}

    @cached_property
    def _idle(self) -> frozenset[str]:
        actions = self._estimated
        found = self.stack.ask([BASELINE]).compute([action.size for action in actions])
        nothing = {action.id for action in actions if not np.any(values_of(found[action.size])[:, :, :1] != 0)}
        left = [action for action in actions if action.effects and action.id not in nothing]
        names = list(dict.fromkeys(effect.lever for action in left for effect in action.effects))
        cases = [Case(action.id, (Measure(action.id, int(self.years[0])),)) for action in left]
        levers = self.stack.ask([BASELINE, *cases]).compute(names)
        for row, action in enumerate(left, 1):
            moved = [levers[effect.lever] for effect in action.effects]
            known = [value for value in moved if not isinstance(value, NotEstimated)]
            if len(known) == len(moved) and all(_alike_in(value, 0, row) for value in known):
                nothing.add(action.id)
        return frozenset(nothing)

    def _why_idle(self, action: Action) -> str:
        """What makes an action needless: facts that leave it no size, else the levers that are at their end."""
        names = [name for name in expression_names(action.potential) if name in self.graph.nodes]
        found = self.stack.ask([BASELINE]).compute([action.size, *names])
        if np.any(values_of(found[action.size])[:, :, :1] != 0):
            levers = dict.fromkeys(name_of(effect.lever) for effect in action.effects)
            return _("nothing to do here: at its end already is {names}", names=", ".join(levers))
        values = {name: float(np.max(values_of(found[name])[0, 0, 0])) for name in names}
        telling = [name for name in names if values[name] == 0 or _is_whole(self.graph.nodes[name], values[name])]
        telling = telling or [name for name in names if self.graph.nodes[name].of]
        facts = ", ".join(f"{name_of(name)} = {amount(values[name], self.graph.nodes[name].unit)}" for name in telling)
        return _("nothing to do here: {facts}", facts=facts)

    def lead_time(self, action: Action) -> float:
        """Years from the decision to the first effect (central value)."""
        return float(self.stack.lead_time(action)[0])

    def adoption(self, measure: Measure, draws: int = 0, seed: int = SEED) -> np.ndarray:
        """Adoption of a measure by year, from 0 to its scale; with `draws` [draw, year], for its lead time is drawn."""
        action = self.actions[measure.action]
        return self.stack.curve(
            action, measure, self.drawn(action.lead_time, draws, seed) if draws else self.lead_time(action)
        )

    def drawn(self, name: str, draws: int, seed: int = SEED) -> np.ndarray:
        """A single-valued input by draw, at the points that a run with as many draws and that seed has."""
        column = self.stack.inputs[name]
        row = np.array([column.row_of(0)])
        values = uncertainty.drawn(column, row, draws, seed) if column.uncertain else column.central[row]
        return np.broadcast_to(values.reshape(-1), (draws,))

    def evaluation(
        self, cases: Sequence[Case] = (BASELINE,), values: Mapping[str, np.ndarray] | None = None
    ) -> Evaluation:
        """An evaluation at central values, or with some inputs replaced by `values`."""
        return self.stack.ask(cases, values=values).evaluation()

    def run(
        self,
        targets: Sequence[str],
        cases: Sequence[Case] = (BASELINE,),
        draws: int = 0,
        seed: int = SEED,
        values: Mapping[str, np.ndarray] | None = None,
        draws_at_once: int = DRAWS_AT_ONCE,
    ) -> dict[str, Result]:
        """The targets for all cases at once: central values, or `draws` along the draw axis.

        `values` are inputs with a draw axis of their own (the ends of ranges, say). What some of the cases lack is no
        number there: `answers` says why.
        """
        found = self.answers(targets, cases, draws, seed, values, draws_at_once)
        return {name: numbers_of(result) for name, result in found.items()}

    def answers(
        self,
        targets: Sequence[str],
        cases: Sequence[Case] = (BASELINE,),
        draws: int = 0,
        seed: int = SEED,
        values: Mapping[str, np.ndarray] | None = None,
        draws_at_once: int = DRAWS_AT_ONCE,
    ) -> dict[str, Result]:
        """The same with the reasons of every case: `result_of` gives what a case alone would answer."""
        asked = self.stack.ask(cases, draws=draws, seed=seed, values=values, draws_at_once=draws_at_once)
        return asked.compute(targets, tell=lambda done, whole: self.tell(_("draws"), done, whole))

    def sizes(self, values: Mapping[str, np.ndarray] | None = None) -> dict[str, np.ndarray]:
        """Size of every action that is estimated, at full scale in the base year, by draw; of the last `values` kept."""
        if self._sizes is None or self._sizes[0] is not values:
            self._sizes = (values, self._sizes_of(values=values))
        return self._sizes[1]

    def drawn_sizes(self, draws: int, seed: int = SEED) -> dict[str, np.ndarray]:
        """The same with as many draws, at the points of a run; the last are kept."""
        if self._drawn_sizes is None or self._drawn_sizes[0] != (draws, seed):
            self._drawn_sizes = ((draws, seed), self._sizes_of(draws=draws, seed=seed))
        return self._drawn_sizes[1]

    def _sizes_of(
        self, draws: int = 0, seed: int = SEED, values: Mapping[str, np.ndarray] | None = None
    ) -> dict[str, np.ndarray]:
        names = {action.id: action.size for action in self._estimated}
        found = self.run(list(names.values()), draws=draws, seed=seed, values=values)
        return {name: found[node][0, :, 0].reshape(found[node].shape[DRAW], -1)[:, 0] for name, node in names.items()}

    def tell(self, what: str, done: int, total: int) -> None:
        """Report progress to whoever watches."""
        if self.progress is not None:
            self.progress(what, done, total)

    def weak_inputs(self, targets: Sequence[str]) -> list[str]:
        """Uncertain inputs of quality C that the targets depend on."""
        needed = set(self.graph.needed(tuple(targets)))
        return [
            name for name, item in self.inputs.items() if name in needed and item.quality == "C" and item.uncertain.size
        ]


class Cities(Mapping[str, CityModel]):
    """Many cities by id. Those of one base year, set of actions and zones are evaluated together."""

    def __init__(
        self,
        cities: Sequence[City],
        evidence: Mapping[str, Input] | None = None,
        errors: Mapping[str, Family] | None = None,
    ):
        self.evidence, self.errors = evidence, errors
        self.by_id = {city.id: city for city in cities}
        if len(self.by_id) < len(cities):
            raise CaminosError(_("Two cities have the same id."))
        alike: dict[tuple[object, ...], list[City]] = {}
        for city in cities:
            alike.setdefault(_alike(city), []).append(city)
        self.stacks = tuple(Stack(group, evidence, errors) for group in alike.values())

    def __getitem__(self, city: str) -> CityModel:
        return CityModel(self.by_id[city], self.evidence, self.errors)

    def __iter__(self) -> Iterator[str]:
        return iter(self.by_id)

    def __len__(self) -> int:
        return len(self.by_id)

    def run(
        self,
        targets: Sequence[str],
        cases: Sequence[Case] = (BASELINE,),
        draws: int = 0,
        seed: int = SEED,
        keep: Keep | None = None,
    ) -> list[Part]:
        """The targets for every city under every case, one part for each stack of cities.

        With `draws`, `keep` reduces them (to percentiles, say), so that they are never all held at once. Raises
        ImpossibleError, which names the city, for a target that no city can have.
        """
        found = []
        for stack in self.stacks:
            asked = stack.ask(cases, draws=draws, seed=seed)
            try:
                results = asked.compute(targets, keep=keep)
            except ImpossibleError as error:
                error.city = stack.cities[int(asked.rows.city[error.row])].id
                raise
            found.append(Part(tuple(city.id for city in stack.cities), tuple(cases), stack.years, results))
        return found


def _alike(city: City) -> tuple[object, ...]:
    """What cities that are evaluated together share: zones and actions of one's own make a city a stack of its own."""
    own = city.path if city.zones or library.has_own_actions(city.path) else None
    return (city.base_year, own)


@dataclass(frozen=True)
class Part:
    """Answers for the cities of one stack, by id: rows are cities, and for each the cases in order."""

    cities: tuple[str, ...]
    cases: tuple[Case, ...]
    years: np.ndarray
    results: dict[str, Result]

    def of(self, city: int, case: int, name: str) -> Result:
        """The result of one city (by its place) under one case."""
        return result_of(self.results[name], city * len(self.cases) + case)
