"""What each action does: the change of every headline, the share of gaps closed, cost and readiness."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from caminos.actions.library import Action
from caminos.city.vocabulary import vocabulary
from caminos.i18n import _, number
from caminos.model import uncertainty
from caminos.model.axes import QUINTILES, YEAR
from caminos.model.evaluation import Result
from caminos.model.indicator import PATHWAYS, ModelError
from caminos.model.values import NotEstimated
from caminos.pathways.tables import Headline, outcomes, role, roles, series, shares_of_pathway
from caminos.planning.city_model import BASELINE, SEED, Case, CityModel, Measure
from caminos.planning.finance import discount_factors, spending
from caminos.planning.names import of
from caminos.planning.results import known_in_part
from caminos.problems import CaminosError
from caminos.words import pathway_name

LEAST_KNOWN = 0.5  # part of a pathway's weight below which it is dark
MONEY = (role("burden of people"), role("burden of people known by income"), role("climate damage"))


class PlanError(CaminosError):
    """A plan or ranking that cannot be made, with the reason."""


def check_question(
    model: CityModel,
    start: int,
    weights: Sequence[float] | None = None,
    last: int | None = None,
    budget: float | None = None,
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
    if budget is not None and not 0 < budget < np.inf:
        raise PlanError(_("The yearly budget must be above zero; {budget} was given.", budget=number(budget)))
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
    """What an input of quality C would change in a plan if it stood at one end of its range."""

    input: str
    end: str  # low or high
    taken: tuple[str, ...] = ()  # actions that would join the plan
    dropped: tuple[str, ...] = ()  # actions that would leave it
    gain: float = 0.0  # how much more the other plan would spare


@dataclass(frozen=True)
class Assessment:
    """All actions against the baseline: worth[case, draw, headline], cost[case, draw], benefit[case, draw, group].

    `worth` is the part of a headline's span that a case spares in the mean of the years, by the outcomes that can be
    estimated. `benefit` is what residents are spared, by income quintile; `benefit_known_by_income` the part of it that
    differs by income in the model (the rest is shared evenly); `climate_benefit` what the world is spared. These are
    present values in USD of 2023, as is `cost`; `public_cost` is the level yearly amount that has the present value of
    what falls on public budgets. `dark` has the pathways of whose weight less than half can be estimated. `also` holds
    what else was asked for, as evaluated without any case.
    """

    model: CityModel
    cases: tuple[Case, ...]
    headlines: tuple[Headline, ...]
    worth: np.ndarray
    base: np.ndarray  # [draw, headline]: the place on the span as the city goes, in the mean of the years
    cost: np.ndarray
    public_cost: np.ndarray
    benefit: np.ndarray
    benefit_known_by_income: np.ndarray
    climate_benefit: np.ndarray
    not_scored: dict[str, tuple[str, ...]]
    also: Mapping[str, Result]

    @property
    def actions(self) -> tuple[Action, ...]:
        """The first action of every case: the one a single case stands for."""
        return tuple(self.model.actions[case.measures[0].action] for case in self.cases)

    @cached_property
    def shares(self) -> np.ndarray:
        """What each headline has of its pathway's weight, over all outcomes of the table: [headline]."""
        return np.array([shares_of_pathway()[headline.indicator] for headline in self.headlines])

    @cached_property
    def by_pathway(self) -> np.ndarray:
        """Worth by pathway: [case, draw, pathway]; NaN where no outcome of a pathway is estimated."""
        return pathway_worth(self.worth * self.shares, self.headlines)

    def effect(self, weights: Sequence[float] | None = None) -> np.ndarray:
        """Worth in the balance of the pathways: [case, draw]. What is not estimated adds nothing to it."""
        return np.asarray(self.worth @ balance(self.headlines, weights))

    @cached_property
    def known(self) -> dict[str, float]:
        """For every pathway the part of its weight that can be estimated."""
        found = dict.fromkeys(PATHWAYS, 0.0)
        for headline, share in zip(self.headlines, self.shares, strict=True):
            found[headline.pathway] += float(share)
        return found

    @cached_property
    def dark(self) -> dict[str, tuple[str, ...]]:
        """Pathways of whose weight less than half is estimated, with the facts that are missing."""
        of = {headline.indicator: headline.pathway for headline in outcomes()}
        found: dict[str, dict[str, None]] = {
            pathway: {} for pathway, share in self.known.items() if share < LEAST_KNOWN - 1e-9
        }
        for indicator, missing in self.not_scored.items():
            if of[indicator] in found:
                found[of[indicator]] |= dict.fromkeys(missing)
        return {pathway: tuple(names) for pathway, names in found.items()}


def balance(chosen: Sequence[Headline], weights: Sequence[float] | None = None) -> np.ndarray:
    """What the span of each headline counts in the balance of the five pathways, given their weights: [headline]."""
    of = dict(zip(PATHWAYS, weights or [1.0] * len(PATHWAYS), strict=True))
    whole = sum(of.values())
    return np.array([of[item.pathway] / whole * shares_of_pathway()[item.indicator] for item in chosen])


def pathway_worth(weighted: np.ndarray, chosen: Sequence[Headline]) -> np.ndarray:
    """Sums by pathway of what headlines count, along the last axis; NaN for a pathway without any."""
    parts = []
    for pathway in PATHWAYS:
        own = [place for place, headline in enumerate(chosen) if headline.pathway == pathway]
        parts.append(weighted[..., own].sum(axis=-1) if own else np.full(weighted.shape[:-1], np.nan))
    return np.stack(parts, axis=-1)


def scored_headlines(model: CityModel) -> tuple[list[Headline], dict[str, tuple[str, ...]]]:
    """The outcomes that can be estimated in this city, and the others with what they lack."""
    chosen, lacking = [], {}
    values = model.run([headline.indicator for headline in outcomes()] + _denominators())
    for headline in outcomes():
        value = values[headline.indicator]
        below = values[role(f"per {headline.per}")] if headline.per else value
        if isinstance(value, NotEstimated):
            lacking[headline.indicator] = value.missing
        elif isinstance(below, NotEstimated):
            lacking[headline.indicator] = below.missing
        elif not np.isfinite(series(headline, value)[..., -1:]).any():
            lacking[headline.indicator] = known_in_part(model, model.graph.nodes[headline.indicator])
        else:
            chosen.append(headline)
    return chosen, lacking


def _denominators() -> list[str]:
    return [role(f"per {per}") for per in dict.fromkeys(headline.per for headline in outcomes()) if per]


def places(headline: Headline, results: Mapping[str, Result]) -> np.ndarray:
    """Where a headline stands on its span: [case, draw, year]."""
    value = results[headline.indicator]
    people = results[role(f"per {headline.per}")] if headline.per else None
    if isinstance(value, NotEstimated) or isinstance(people, NotEstimated):
        raise ModelError(f"{headline.indicator} is not estimated")
    return np.asarray(headline.place(series(headline, value), 1.0 if people is None else people[:, :, :, 0, 0, 0]))


def assess(
    model: CityModel,
    cases: Sequence[Case],
    first: int,
    draws: int = 0,
    values: Mapping[str, np.ndarray] | None = None,
    also: Sequence[str] = (),
) -> Assessment:
    """Every case against the baseline, from `first` to 2050, in one pass."""
    chosen, lacking = scored_headlines(model)
    every = (BASELINE, *cases)
    names = [headline.indicator for headline in chosen] + [*_denominators(), *MONEY, *also]
    results = model.run(names, every, draws=draws, values=values)
    window = model.years >= first
    size = max(draws, uncertainty.draws_of(values))
    worth, base = np.zeros((len(cases), size, len(chosen))), np.zeros((size, len(chosen)))
    for place, headline in enumerate(chosen):
        by_year = places(headline, results)
        by_year = by_year[:, :, window] if by_year.shape[2] > 1 else by_year
        base[:, place] = _mean_known(by_year[0])
        if len(by_year) > 1:
            worth[:, :, place] = _mean_known(by_year[:1] - by_year[1:])
    rate = drawn(model, role("discount rate"), None, 1, draws)
    benefit, known, climate = (_saved(model, results[name], first, rate, (len(every), size)) for name in MONEY)
    cost, public = costs(model, cases, first, size, values, draws=draws)
    return Assessment(
        model=model,
        cases=tuple(cases),
        headlines=tuple(chosen),
        worth=worth,
        base=base,
        cost=cost,
        public_cost=public,
        benefit=benefit,
        benefit_known_by_income=known,
        climate_benefit=climate[:, :, 0],
        not_scored=lacking,
        also={name: results[name] for name in also},
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
    """Mean over the years (the last axis) that have a number; zero where none has, so that it moves no ranking."""
    known = np.isfinite(values)
    return np.asarray(np.sum(np.where(known, values, 0.0), axis=-1) / np.maximum(known.sum(axis=-1), 1))


def first_finite(values: np.ndarray) -> np.ndarray:
    """The first number along the last axis: some indicators have none in the base year. NaN where there is none."""
    place = np.argmax(np.isfinite(values), axis=-1)[..., None]
    found = np.take_along_axis(values, place, axis=-1)[..., 0]
    return np.where(np.isfinite(found), found, np.nan)


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
    """What one measure costs by draw and year, in USD; `public_only` leaves out what private owners pay."""
    every, public = _spending(model, measure, size, values, draws=draws, seed=seed)
    return public if public_only else every


def _spending(
    model: CityModel,
    measure: Measure,
    size: int,
    values: Mapping[str, np.ndarray] | None,
    draws: int,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """What one measure costs everybody, and the public part of it, by draw and year.

    The staff that any programme needs is public and spread evenly to the last year; a programme of no size has none.
    With `draws`, size, costs, lifetime, lead time and public part are drawn at the points of a run of as many draws.
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
    share = public_share(model, action, values, size, draws, seed)
    staffed = model.years >= measure.start
    staff = along(role("staff of a programme"))[:, None] * staffed / staffed.sum() * measure.scale
    staff = staff * (full > 0)[:, None]
    return np.asarray(yearly + staff), np.asarray(yearly * share[:, None] + staff)


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
) -> tuple[np.ndarray, np.ndarray]:
    """What each case costs by draw: the present value of all, and the level yearly amount of what is public.

    With `draws`, everything that it rests on is drawn, the discount rate too, at the points of a run of as many draws.
    """
    factors = discount_factors(model.years, first, drawn(model, role("discount rate"), None, 1, draws, seed))
    whole, public = np.zeros((2, len(cases), draws or size))
    for row, case in enumerate(cases):
        for measure in case.measures:
            every, own = _spending(model, measure, size, values, draws=draws, seed=seed)
            whole[row] += np.sum(every * factors, axis=-1)
            public[row] += np.sum(own * factors, axis=-1)
    return whole, public / factors.sum(axis=-1)


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


def is_prior(model: CityModel, node: str) -> bool:
    """Whether an input, or the default that stands in for one, is not known of the city itself."""
    facts = model.inputs.own.get(node, ())
    return all(fact.default for fact in facts)


def carriers(model: CityModel, headline: Headline, action: Action | None = None) -> dict[str, str]:
    """The facts that carry a headline, and what an action is worth by it, by the node they enter as.

    They are those of the headline and of the action's size, but for what only says how large the city is.
    """
    named = [name.removeprefix("-") for name in (*headline.burden, *headline.intensity)]
    found = {vocabulary()[name].name_of(""): name for name in named}
    sized = set(model.graph.needed((action.size,))) if action else set()
    of = {term.name_of(""): name for name, term in vocabulary().items()}
    found |= {node: name for node, name in of.items() if node in sized}
    return {node: name for node, name in found.items() if node not in roles("size of the city")}


def known_facts(model: CityModel, found: Mapping[str, str]) -> tuple[str, ...]:
    """Those of some facts, by node, that the city knows itself."""
    return tuple(name for node, name in found.items() if node in model.inputs.own and not is_prior(model, node))


def rests_on_priors(model: CityModel, found: Mapping[str, str]) -> bool:
    """Whether none of some facts, by node, is known of the city, its like or its country: priors alone make it."""
    return not any(node in model.inputs.own for node in found)


def why_unavailable(model: CityModel, action: Action) -> str:
    """Why an action is shown but not ranked."""
    if action.id in (idle := model.nothing_to_do):
        return idle[action.id]
    if not action.effects:
        return _("no sourced effect on any lever of the model")
    return _("missing: {names}", names=", ".join(dict.fromkeys(map(of, model.unavailable[action.id]))))


def shares_by_group(benefit: np.ndarray) -> np.ndarray:
    """Share of the benefit that each quintile receives; NaN where there is no benefit to share."""
    whole = np.sum(benefit, axis=-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.abs(whole) > 0, benefit / whole, np.nan)
