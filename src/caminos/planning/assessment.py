"""What each action does: the change of every headline, the share of gaps closed, cost and readiness."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from caminos.actions.library import Action
from caminos.i18n import _
from caminos.model import uncertainty
from caminos.model.axes import QUINTILES, YEAR
from caminos.model.evaluation import Result
from caminos.model.indicator import PATHWAYS
from caminos.model.values import NotEstimated
from caminos.pathways.tables import Headline, headlines, role, series
from caminos.planning.city_model import BASELINE, SEED, Case, CityModel, Measure
from caminos.planning.finance import discount_factors, spending
from caminos.planning.names import of
from caminos.planning.results import gap, scored, targets_by_draw
from caminos.problems import CaminosError
from caminos.words import pathway_name

SMALLEST_GAP = 0.05  # of the base value: a gap smaller than this does not blow up the share that is closed
MONEY = (role("burden of people"), role("burden of people known by income"), role("climate damage"))


class PlanError(CaminosError):
    """A plan or ranking that cannot be made, with the reason."""


def check_question(
    model: CityModel, start: int, weights: Sequence[float] | None = None, last: int | None = None
) -> None:
    """Raise PlanError for a first year outside the model, wrong weights, or a city of which too little is known."""
    first, end = int(model.years[0]), int(model.years[-1]) - 1 if last is None else last
    if not first <= start <= end:
        raise PlanError(
            _("The first year must be from {first} to {last}; {start} was given.", first=first, last=end, start=start)
        )
    good = weights is None or (
        len(weights) == len(PATHWAYS) and all(np.isfinite(w) and w >= 0 for w in weights) and sum(weights) > 0
    )
    if not good:
        raise PlanError(
            _(
                "Give five weights, none below zero and not all zero: {names}.",
                names=", ".join(map(pathway_name, PATHWAYS)),
            )
        )
    if not model.available:
        lacking = Counter(name for missing in model.unavailable.values() for name in missing)
        names = ", ".join(of(name) for name, _times in lacking.most_common(5))
        raise PlanError(_("No action can be estimated in {city}: missing {names}.", city=model.city.name, names=names))
    chosen, _lacking = scored_headlines(model)
    known = {headline.pathway for headline in chosen}
    if not any(weight > 0 for p, weight in zip(PATHWAYS, weights or [1.0] * len(PATHWAYS), strict=True) if p in known):
        raise PlanError(
            _("No headline with a weight can be estimated in {city}: see `caminos diagnose`.", city=model.city.name)
        )


@dataclass(frozen=True)
class Flip:
    """What an input of quality C would change if it stood at one end of its range."""

    input: str
    end: str  # low or high
    first: str = ""  # the action that would come first
    taken: tuple[str, ...] = ()  # actions that would join the first five, or the plan
    dropped: tuple[str, ...] = ()  # actions that would leave the plan
    gain: float = 0.0  # how much more the other plan would close


@dataclass(frozen=True)
class Scale:
    """How a headline is scored: its target and the mean gap of the baseline that an action can close."""

    headline: Headline
    target: float
    mean_gap: np.ndarray  # by draw


@dataclass(frozen=True)
class Assessment:
    """All actions against the baseline: closure[case, draw, headline], cost[case, draw], benefit[case, draw, group].

    `benefit` is what residents are spared, by income quintile; `benefit_known_by_income` the part of it that
    differs by income in the model (the rest is shared evenly); `climate_benefit` what the world is spared.
    Both are present values in USD of 2023, as is `cost`.
    """

    model: CityModel
    cases: tuple[Case, ...]
    scales: tuple[Scale, ...]
    closure: np.ndarray
    cost: np.ndarray
    benefit: np.ndarray
    benefit_known_by_income: np.ndarray
    climate_benefit: np.ndarray
    not_scored: dict[str, tuple[str, ...]]

    @property
    def actions(self) -> tuple[Action, ...]:
        """The first action of every case: the one a single case stands for."""
        return tuple(self.model.actions[case.measures[0].action] for case in self.cases)

    @cached_property
    def by_pathway(self) -> np.ndarray:
        """Weighted mean closure by pathway: [case, draw, pathway]; NaN where no headline is estimated."""
        parts = []
        for pathway in PATHWAYS:
            chosen = [i for i, scale in enumerate(self.scales) if scale.headline.pathway == pathway]
            weights = np.array([self.scales[i].headline.weight for i in chosen])
            empty = np.full(self.closure.shape[:2], np.nan)
            parts.append(self.closure[:, :, chosen] @ weights / weights.sum() if chosen else empty)
        return np.stack(parts, axis=-1)

    def effect(self, weights: Sequence[float] | None = None) -> np.ndarray:
        """Closure over all pathways, weighted: [case, draw]."""
        shares = np.ones(len(PATHWAYS)) if weights is None else np.asarray(weights, dtype=float)
        known = ~np.isnan(self.by_pathway)
        return np.asarray(np.nansum(self.by_pathway * shares, axis=-1) / np.sum(known * shares, axis=-1))


def scored_headlines(model: CityModel) -> tuple[list[Headline], dict[str, tuple[str, ...]]]:
    """The headlines that can be scored in this city, and the others with what they lack."""
    chosen, lacking = [], {}
    values = model.run([headline.indicator for headline in headlines()])
    for headline in scored(headlines()):
        value = values[headline.indicator]
        if isinstance(value, NotEstimated):
            lacking[headline.indicator] = value.missing
        elif not np.isfinite(value[..., -1:, :, :, :]).any() and not np.isinf(value).any():
            lacking[headline.indicator] = (headline.indicator,)
        else:
            chosen.append(headline)
    return chosen, lacking


def assess(
    model: CityModel, cases: Sequence[Case], first: int, draws: int = 0, values: Mapping[str, np.ndarray] | None = None
) -> Assessment:
    """Every case against the baseline, from `first` to 2050, in one pass."""
    chosen, lacking = scored_headlines(model)
    every = (BASELINE, *cases)
    names = [headline.indicator for headline in chosen] + [
        *MONEY,
    ]
    results = model.run(names, every, draws=draws, values=values)
    window = model.years >= first
    scales, columns = [], []
    for headline in chosen:
        by_year = series(headline, results[headline.indicator])
        by_year = np.where(np.isposinf(by_year), model.years[-1] + 1.0, by_year)  # "not before the end": the year after
        base = first_finite(by_year[0])
        target = targets_by_draw(model, headline, base)
        usable = by_year[:, :, window] if by_year.shape[2] > 1 else by_year
        mean = _mean_known(gap(usable, target[:, None], headline.direction))
        floor = SMALLEST_GAP * np.maximum(np.maximum(np.abs(base), np.abs(target)), 1e-12)
        reference = np.maximum(mean[:1], floor)
        scales.append(Scale(headline, float(target[0]), reference[0]))
        columns.append(np.broadcast_to((mean[:1] - mean) / reference, _sizes(mean, len(every))))
    size = max((column.shape[1] for column in columns), default=1)
    size = max(size, draws, uncertainty.draws_of(values))
    closure = np.stack([np.broadcast_to(column, (len(every), size)) for column in columns], axis=-1)[1:]
    rate = drawn(model, role("discount rate"), None, 1, draws)
    benefit, known, climate = (_saved(model, results[name], first, rate, (len(every), size)) for name in MONEY)
    cost = costs(model, cases, first, size, values, draws=draws)
    return Assessment(
        model=model,
        cases=tuple(cases),
        scales=tuple(scales),
        closure=closure,
        cost=cost,
        benefit=benefit,
        benefit_known_by_income=known,
        climate_benefit=climate[:, :, 0],
        not_scored=lacking,
    )


def _saved(model: CityModel, burden: Result, first: int, rate: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Present value of a yearly burden spared, by case (without the baseline), draw and group.

    `rate` is the discount rate by draw (or one for all), `shape` the cases with the baseline and the draws.
    """
    cases, size = shape
    if isinstance(burden, NotEstimated):
        return np.full((cases - 1, size, len(QUINTILES)), np.nan)
    factors = discount_factors(model.years, first, rate)[None, :, :, None, None, None]
    spared = np.sum((burden[:1] - burden) * factors, axis=YEAR)[:, :, 0, :, 0]
    return np.asarray(np.broadcast_to(spared, (cases, size, spared.shape[2]))[1:])


def _mean_known(values: np.ndarray) -> np.ndarray:
    """Mean over the years that have a value; zero where none has, so that it moves no ranking.

    Decoupling, for one, has no value at the end of a range at which the economy does not grow.
    """
    known = ~np.isnan(values)
    return np.asarray(np.sum(np.where(known, values, 0.0), axis=2) / np.maximum(known.sum(axis=2), 1))


def first_finite(values: np.ndarray) -> np.ndarray:
    """The first number along the last axis: some indicators have none in the base year. NaN where there is none."""
    place = np.argmax(np.isfinite(values), axis=-1)[..., None]
    found = np.take_along_axis(values, place, axis=-1)[..., 0]
    return np.where(np.isfinite(found), found, np.nan)


def _sizes(mean: np.ndarray, cases: int) -> tuple[int, int]:
    return cases, mean.shape[1]


def central(model: CityModel, name: str) -> float:
    """The central value of a single-valued input."""
    return float(model.inputs[name].central.item())


def drawn(
    model: CityModel,
    name: str,
    values: Mapping[str, np.ndarray] | None,
    size: int,
    draws: int = 0,
    seed: int = SEED,
) -> np.ndarray:
    """A single-valued input along the draw axis: as given by hand, drawn at the points of a run, or central."""
    if draws and name not in (values or {}):
        return model.drawn(name, draws, seed)
    array = (values or {}).get(name, model.inputs[name].central)
    return np.broadcast_to(array.reshape(-1), (size,))


def action_spending(
    model: CityModel,
    measure: Measure,
    size: int = 1,
    values: Mapping[str, np.ndarray] | None = None,
    public_only: bool = False,
    draws: int = 0,
    seed: int = SEED,
) -> np.ndarray:
    """What one measure costs by draw and year, in USD; `public_only` leaves out what private owners pay.

    The staff that any programme needs is public and spread evenly to the last year. With `draws`, size, costs,
    lifetime, lead time and public part are drawn at the points of a run of as many draws.
    """
    size = draws or size

    def along(name: str) -> np.ndarray:
        return drawn(model, name, values, size, draws, seed)

    action = model.actions[measure.action]
    sizes = model.drawn_sizes(draws, seed) if draws else model.sizes(values)
    full = np.broadcast_to(sizes[action.id], (size,)) * measure.scale
    yearly = spending(
        model.years,
        measure.start,
        model.drawn(action.lead_time, draws, seed) if draws else model.lead_time(action),
        action.ramp_years,
        np.maximum(along(action.lifetime), 0.0),
        capital=full * along(action.capital_cost),
        operating=full * (along(action.operating_cost) if action.operating_cost else 0.0),
        adoption=model.adoption(Measure(measure.action, measure.start), draws, seed),
    )
    share = public_share(model, action, values, size, draws, seed) if public_only else np.ones(size)
    staffed = model.years >= measure.start
    staff = along(role("staff of a programme"))[:, None] * staffed / staffed.sum() * measure.scale
    return np.asarray(yearly * share[:, None] + staff)


def public_share(
    model: CityModel,
    action: Action,
    values: Mapping[str, np.ndarray] | None = None,
    size: int = 1,
    draws: int = 0,
    seed: int = SEED,
) -> np.ndarray:
    """Part of an action's cost that falls on public budgets: all, unless private owners lead it."""
    if action.implementer[:1] == ("P",):
        return drawn(model, role("public part of private action"), values, size, draws, seed)
    return np.ones(draws or size)


def costs(
    model: CityModel,
    cases: Sequence[Case],
    first: int,
    size: int = 1,
    values: Mapping[str, np.ndarray] | None = None,
    draws: int = 0,
    seed: int = SEED,
) -> np.ndarray:
    """Present value of what each case costs everybody, by draw.

    With `draws`, everything that it rests on is drawn, the discount rate too, at the points of a run of as many draws.
    """
    factors = discount_factors(model.years, first, drawn(model, role("discount rate"), None, 1, draws, seed))
    found = np.zeros((len(cases), draws or size))
    for number, case in enumerate(cases):
        for measure in case.measures:
            yearly = action_spending(model, measure, size, values, draws=draws, seed=seed)
            found[number] += np.sum(yearly * factors, axis=-1) if draws else yearly @ factors[0]
    return found


def readiness(model: CityModel, action: Action) -> dict[str, float]:
    """How ready the city is for an action, from 0 to 1, in four parts.

    data: share of the action's own inputs that are not recalled (quality C); prerequisites: 1 if it
    needs no other action; time: 1 for effect within a year, falling with the lead time; public: 1 if
    the city or a public body leads it.
    """
    nodes = [action.size] + [name for name in (action.capital_cost, action.operating_cost, action.lifetime) if name]
    needed = {item for name in nodes for item in model.graph.needed((name,)) if item in model.inputs}
    firm = [item for item in needed if model.inputs[item].quality != "C"]
    return {
        "data": len(firm) / max(len(needed), 1),
        "prerequisites": 1.0 if not action.needs else 1 / (1 + len(action.needs)),
        "time": 1 / (1 + max(model.lead_time(action) - 1, 0) / 2),
        "public": 1.0 if action.implementer[:1] != ("P",) else 0.5,
    }


def single_cases(model: CityModel, start: int) -> list[Case]:
    """Each available action alone, at full scale from `start`."""
    return [Case(action.id, (Measure(action.id, start),)) for action in model.available]


def weak_inputs(model: CityModel, names: Sequence[str]) -> list[str]:
    """Uncertain inputs of quality C of some nodes and of the costs of all actions."""
    found = model.weak_inputs(names)
    money = [role("staff of a programme"), role("public part of private action")]
    for action in model.available:
        money += [action.capital_cost, action.lifetime, *([action.operating_cost] if action.operating_cost else [])]
    known = set(found)
    for name in dict.fromkeys(money):
        if name not in known and model.inputs[name].quality == "C" and model.inputs[name].uncertain.size:
            found.append(name)
    return found


def why_unavailable(model: CityModel, action: Action) -> str:
    """Why an action is shown but not ranked."""
    if not action.effects:
        return _("no sourced effect on any lever of the model")
    return _("missing: {names}", names=", ".join(dict.fromkeys(map(of, model.unavailable[action.id]))))


def shares_by_group(benefit: np.ndarray) -> np.ndarray:
    """Share of the benefit that each quintile receives; NaN where there is no benefit to share."""
    whole = np.sum(benefit, axis=-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.abs(whole) > 0, benefit / whole, np.nan)
