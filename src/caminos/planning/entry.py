"""The entry point: the action that the best use of the city's budget would lose most without, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite, nan

import numpy as np

from caminos.actions.library import Action
from caminos.i18n import _
from caminos.model import DRAWS
from caminos.model.indicator import PATHWAYS
from caminos.model.runs import SEED
from caminos.model.uncertainty import points
from caminos.model.values import NotEstimated
from caminos.pathways.tables import Headline, outcomes, role, shares_of_pathway
from caminos.planning.assessment import (
    Assessment,
    PlanError,
    assess,
    balance,
    carriers,
    check_question,
    known_facts,
    pathway_worth,
    readiness,
    rests_on_priors,
    single_cases,
    why_unavailable,
)
from caminos.planning.city_model import CityModel
from caminos.planning.find_out import FindOut, candidates, find_out
from caminos.planning.knapsack import loss_without, places
from caminos.planning.lenses import Aim, Welfare, aims, welfare
from caminos.planning.results import RANGE
from caminos.planning.unmoved import why_unmoved

TOP = 5
FIRST_FROM = 0.5  # share of the draws in which an action is first, from which on it is called first
TOGETHER = 0.8  # share of the draws that the actions which cannot be told apart cover together
LEAST_REACH = 5e-4  # worth on a pathway from which on an action is said to reach it
LEAST_WORTH = 1e-9  # below it an action moves nothing
LEAST_DRAWS = 50  # below which shares of draws say nothing
MOST_OF_WORTH = 0.8  # part of an action's worth by which it is judged on what it rests
SPREAD_OF_WEIGHTS = 0.5  # headline weights are drawn this far around those of the table


@dataclass(frozen=True)
class Budget:
    """What the city can spend on actions in a year, USD of 2023: `given`, a share of its `budget`, or of its `product`.

    `amount` is infinite where nothing is known: the ranking is then by worth alone.
    """

    amount: float
    source: str
    share: float = nan


@dataclass(frozen=True)
class Contrast:
    """One reason why an action stands where it does: a headline that it moves, here and in the median place."""

    indicator: str
    value: float  # in the unit of the headline's span
    median: float
    unit: str
    part: float  # of the action's worth
    worse: bool  # whether the city stands worse than the median place
    carriers: tuple[str, ...]  # the facts that carry it
    facts: tuple[str, ...]  # those of them that the city knows itself
    priors: bool  # whether nothing but priors carries it


@dataclass(frozen=True)
class Ranked:
    """One action in the ranking. `worth` is the part of all spans that it spares, `loss` what the budget loses without."""

    action: str
    number: int
    name: str
    pathway: str
    rank: int
    worth: float
    worth_low: float
    worth_high: float
    loss: float
    by_pathway: dict[str, float]
    by_headline: dict[str, float]
    cost: float  # present value of all that it costs everybody
    public_cost: float  # of a year
    worth_per_cost: float  # for USD 1 million of public money a year
    reach: int  # pathways that it makes better; what it makes worse is no reach
    outside: float  # part of its worth that lies outside its own pathway
    first: float
    first_three: float
    first_five: float
    readiness: dict[str, float]
    benefit_cost: float
    benefit_of_poorest: float
    why: tuple[Contrast, ...]
    priors: bool  # whether its worth rests on priors alone


@dataclass(frozen=True)
class Challenge:
    """Where the city stands on the span of one outcome as it goes on: 0 at the safe level, 1 at the worst observed."""

    headline: Headline
    value: float  # mean of the years, in the unit of the span
    place: float
    counts: float  # place times what the headline has of all weight
    best_action: str
    spared: float  # part of the span that the best action spares
    priors: bool
    reason: str


@dataclass(frozen=True)
class Variant:
    """What another span or weight does to the first five: headline, what was changed, who comes and who goes."""

    indicator: str
    change: str  # half, double or without
    first: str  # the action that comes first; empty where it stays the same
    joins: tuple[str, ...]
    leaves: tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """The ranking and how sure it is, the lenses, what was left out and why, and what to find out first.

    `verdict` is first (one action leads in half of the draws or more), together (the `leaders` cannot be told apart),
    undecided (the first rests on priors alone) or none. `robust` needs a first place, no dark pathway, three lenses with
    data, and the action among the first five of each.
    """

    ranking: tuple[Ranked, ...]
    verdict: str
    leaders: tuple[str, ...]
    together: float  # share of the draws in which one of the leaders is first
    robust: bool
    widest: str  # the action of the widest reach
    budget: Budget
    weights: tuple[float, ...]
    dark: dict[str, tuple[str, ...]]
    known: dict[str, float]
    challenges: tuple[Challenge, ...]
    welfare: Welfare
    aims: tuple[Aim, ...]
    find_out: tuple[FindOut, ...]
    variants: tuple[Variant, ...]
    nothing_to_do: dict[str, str]
    not_judged: dict[str, tuple[str, ...]]
    left_out: dict[str, str]
    not_scored: dict[str, tuple[str, ...]]
    draws: int
    lenses: tuple[str, ...]  # those with data


def yearly_budget(model: CityModel, given: float | None = None) -> Budget:
    """What may be spent on actions in a year: as given, a share of the city's budget, or of its gross product."""
    if given is not None:
        return Budget(given, "given")
    for source, amount, share in (
        ("budget", "yearly budget", "share of budget"),
        ("product", "gross product", "share of gross product"),
    ):
        item = model.inputs.get(role(amount))
        if item is not None:
            part = float(model.inputs[role(share)].central.item())
            return Budget(float(item.central.item()) * part, source, part)
    return Budget(inf, "unknown")


def budget_by_draw(model: CityModel, found: Budget, draws: int) -> np.ndarray:
    """The budget along the draws: as uncertain as what it is taken from."""
    names = {"budget": ("yearly budget", "share of budget"), "product": ("gross product", "share of gross product")}
    if found.source not in names or not draws:
        return np.full(max(draws, 1), found.amount)
    amount, share = (model.drawn(role(name), draws) for name in names[found.source])
    return np.asarray(amount * share)


def weight_draws(chosen: Sequence[Headline], weights: Sequence[float] | None, draws: int) -> np.ndarray:
    """Weights of headlines in the balance by draw: [headline, draw].

    Pathways are uniform on the simplex unless they are given; each headline of the table is drawn around its weight.
    """

    def uniform(name: str) -> np.ndarray:
        return points(((name, 0.0),), draws, SEED)

    if weights is None:
        raw = np.stack([-np.log(uniform(f"weight of {pathway}")) for pathway in PATHWAYS])
    else:
        raw = np.repeat(np.asarray(weights, dtype=float)[:, None], draws, axis=1)
    of_pathway = dict(zip(PATHWAYS, raw / raw.sum(axis=0), strict=True))
    own = {
        item.indicator: item.weight
        * (1 + SPREAD_OF_WEIGHTS * (2 * uniform(f"weight of {item.pathway} {item.indicator}") - 1))
        for item in outcomes()
    }
    whole = {
        pathway: sum(own[item.indicator] for item in outcomes() if item.pathway == pathway) for pathway in PATHWAYS
    }
    return np.stack([of_pathway[item.pathway] * own[item.indicator] / whole[item.pathway] for item in chosen])


@dataclass(frozen=True)
class Scores:
    """Worth, what is lost without, and place of every action by draw: [action, draw]."""

    worth: np.ndarray
    loss: np.ndarray
    place: np.ndarray


def scores(found: Assessment, budget: np.ndarray | float, counts: np.ndarray, only: np.ndarray | None = None) -> Scores:
    """Score all actions; `counts` is what each headline counts in the balance: [headline] or [headline, draw]."""
    worth = found.worth @ counts if counts.ndim == 1 else np.einsum("adh,hd->ad", found.worth, counts)
    cost = found.public_cost
    if only is not None:
        worth, cost = worth[only], cost[only]
    loss = loss_without(worth, cost, budget)
    return Scores(worth, loss, places(loss, worth))


def entry(
    model: CityModel,
    start: int,
    weights: Sequence[float] | None = None,
    budget: float | None = None,
    draws: int = DRAWS,
) -> Entry:
    """Rank the actions of a city, at central values and over draws of everything that is not sure, weights included.

    `budget` is what public budgets have for actions in a year, USD of 2023. Raises PlanError for what cannot be asked.
    """
    check_question(model, start, weights, budget=budget)
    if 0 < draws < LEAST_DRAWS:
        raise PlanError(_("Shares of draws need at least {least} draws; 0 for none.", least=LEAST_DRAWS))
    cases = single_cases(model, start)
    middle = assess(model, cases, start)
    facts = candidates(model)
    drawn = assess(model, cases, start, draws=draws, also=facts) if draws else middle
    money = yearly_budget(model, budget)
    moving = np.flatnonzero(np.abs(middle.worth[:, 0]).max(axis=1, initial=0.0) > LEAST_WORTH)
    counts = balance(middle.headlines, weights)
    central = scores(middle, money.amount, counts, moving)
    spread = budget_by_draw(model, money, draws)
    sure = scores(drawn, spread, weight_draws(drawn.headlines, weights, draws), moving) if draws else central
    plain = scores(drawn, spread, balance(drawn.headlines, weights), moving) if draws else central
    order = np.argsort(central.place[:, 0])
    ranking = tuple(
        _ranked(middle, int(moving[i]), place, (central, sure, plain), int(i), counts)
        for place, i in enumerate(order, 1)
    )
    verdict, leaders, together = _verdict(ranking)
    by_welfare = welfare(middle, drawn, money.amount)
    by_target = aims(model, middle, start)
    lenses = tuple(
        name
        for name, there in (
            ("balance", bool(ranking)),
            ("welfare", bool(by_welfare.actions)),
            ("targets", any(aim.actions for aim in by_target)),
        )
        if there
    )
    unmoved = [found for place, found in enumerate(middle.actions) if place not in set(moving.tolist())]
    not_judged = {found.id: missing for found in unmoved if (missing := _missing(model, found))}
    return Entry(
        ranking=ranking,
        verdict=verdict,
        leaders=leaders,
        together=together,
        robust=draws > 0 and verdict == "first" and _robust(leaders[0], middle, lenses, by_welfare, by_target),
        widest=max(ranking, key=lambda item: (item.reach, item.outside, -item.rank)).action if ranking else "",
        budget=money,
        weights=tuple(weights or [1.0] * len(PATHWAYS)),
        dark=middle.dark,
        known=middle.known,
        challenges=challenges(middle),
        welfare=by_welfare,
        aims=by_target,
        find_out=find_out(drawn.also, plain.loss, TOP) if draws else (),
        variants=variants(middle, money.amount, weights, moving),
        nothing_to_do={found.id: _late(model, found, start) for found in unmoved if found.id not in not_judged}
        | model.nothing_to_do,
        not_judged=not_judged,
        left_out={name: why_unavailable(model, model.actions[name]) for name in model.unavailable},
        not_scored=middle.not_scored,
        draws=draws,
        lenses=lenses,
    )


def _late(model: CityModel, action: Action, start: int) -> str:
    """Why an action that moves nothing does so, where it is for lack of time; empty where it is not."""
    last = int(model.years[-1])
    return _("it would work only after {year}", year=last) if start + model.lead_time(action) >= last else ""


def _missing(model: CityModel, action: Action) -> tuple[str, ...]:
    """The facts that keep an action's levers from reaching any outcome; empty where it just moves nothing."""
    return why_unmoved(model, action, [headline.indicator for headline in outcomes()])


def _ranked(
    found: Assessment, i: int, place: int, scored: tuple[Scores, Scores, Scores], row: int, counts: np.ndarray
) -> Ranked:
    central, sure, plain = scored
    action = found.actions[i]
    parts = found.worth[i, 0] * counts
    worth = float(parts.sum())
    of_pathways = pathway_worth(parts, found.headlines)
    own = float(of_pathways[PATHWAYS.index(action.pathway)])
    gains = np.maximum(np.nan_to_num(of_pathways), 0.0)
    low, high = np.percentile(plain.worth[row], RANGE)
    by_pathway = found.by_pathway[i, 0]
    benefit = found.benefit[i, 0]
    whole, cost, public = float(benefit.sum()), float(found.cost[i, 0]), float(found.public_cost[i, 0])
    why = _why(found, action, parts)
    return Ranked(
        action=action.id,
        number=action.number,
        name=action.name,
        pathway=action.pathway,
        rank=place,
        worth=worth,
        worth_low=float(low),
        worth_high=float(high),
        loss=float(central.loss[row, 0]),
        by_pathway=dict(zip(PATHWAYS, map(float, by_pathway), strict=True)),
        by_headline={item.indicator: float(x) for item, x in zip(found.headlines, parts, strict=True) if x},
        cost=cost,
        public_cost=public,
        worth_per_cost=_ratio(worth, public / 1e6),
        reach=int(np.sum(np.nan_to_num(by_pathway) >= LEAST_REACH)),
        outside=1 - max(own, 0.0) / float(gains.sum()) if gains.sum() > 0 and isfinite(own) else float(gains.sum() > 0),
        first=float(np.mean(sure.place[row] <= 1)),
        first_three=float(np.mean(sure.place[row] <= 3)),
        first_five=float(np.mean(sure.place[row] <= TOP)),
        readiness=readiness(found.model, action),
        benefit_cost=_ratio(whole, cost),
        benefit_of_poorest=_ratio(float(benefit[0]), whole),
        why=why,
        priors=_on_priors(why),
    )


def _ratio(part: float, whole: float) -> float:
    """A ratio that is not estimated where either side is nothing: no benefit counted is not a benefit of zero."""
    return part / whole if part and whole else nan


def _why(found: Assessment, action: Action, parts: np.ndarray) -> tuple[Contrast, ...]:
    """The headlines that make most of an action's worth, those that make most first."""
    gains = np.maximum(parts, 0.0)
    if not gains.sum() > 0:
        return ()
    contrasts, covered = [], 0.0
    for place in np.argsort(-gains):
        headline, part = found.headlines[int(place)], float(gains[place] / gains.sum())
        facts = carriers(found.model, headline, action)
        value = _in_span(headline, float(found.base[0, place]))
        contrasts.append(
            Contrast(
                indicator=headline.indicator,
                value=value,
                median=headline.median,
                unit=headline.span_unit,
                part=part,
                worse=(value > headline.median) == (headline.direction == "lower"),
                carriers=tuple(facts.values()),
                facts=known_facts(found.model, facts),
                priors=rests_on_priors(found.model, facts),
            )
        )
        covered += part
        if covered >= MOST_OF_WORTH:
            break
    return tuple(contrasts)


def _in_span(headline: Headline, place: float) -> float:
    """A place on the span as an amount."""
    return headline.safe + place * (headline.worst - headline.safe)


def _on_priors(why: Sequence[Contrast]) -> bool:
    """Whether nothing that makes most of a worth is known of the city or its country."""
    return bool(why) and all(contrast.priors for contrast in why)


def _verdict(ranking: Sequence[Ranked]) -> tuple[str, tuple[str, ...], float]:
    """Who leads: one, several that cannot be told apart, or nobody that one could name."""
    if not ranking or (not ranking[0].loss > 0 and not ranking[0].worth > 0):
        return "none", (), 0.0
    by_share = sorted(ranking, key=lambda item: (-item.first, item.rank))
    best = by_share[0]
    if best.first >= FIRST_FROM:
        return ("undecided" if best.priors else "first"), (best.action,), best.first
    leaders, together = [], 0.0
    for item in by_share:
        leaders.append(item)
        together += item.first
        if together >= TOGETHER - 1e-9:
            break
    verdict = "undecided" if all(item.priors for item in leaders) else "together"
    return verdict, tuple(item.action for item in leaders), together


def _robust(
    action: str, found: Assessment, lenses: Sequence[str], by_welfare: Welfare, by_target: Sequence[Aim]
) -> bool:
    """Whether a first place holds under three lenses with data, with no pathway dark."""
    if found.dark or len(lenses) < 3:
        return False
    in_welfare = by_welfare.place(action) <= TOP
    return in_welfare and any(action in [item.action for item in aim.actions[:TOP]] for aim in by_target)


def challenges(found: Assessment) -> tuple[Challenge, ...]:
    """Every outcome by what stands open on its span times what it counts; those not estimated last, with the reason."""
    model = found.model
    column = {headline.indicator: place for place, headline in enumerate(found.headlines)}
    lacking = model.run([headline.indicator for headline in outcomes()])
    every = []
    for headline in outcomes():
        share = shares_of_pathway()[headline.indicator] / len(PATHWAYS)
        if headline.indicator not in column:
            result = lacking[headline.indicator]
            reason = (
                result.reason if isinstance(result, NotEstimated) else ", ".join(found.not_scored[headline.indicator])
            )
            every.append(Challenge(headline, nan, nan, nan, "", nan, True, reason))
            continue
        place = column[headline.indicator]
        stands = float(found.base[0, place])
        spared = found.worth[:, 0, place]
        best = int(np.argmax(spared)) if len(spared) else -1
        moved = best >= 0 and spared[best] > LEAST_WORTH
        every.append(
            Challenge(
                headline=headline,
                value=_in_span(headline, stands),
                place=stands,
                counts=stands * share,
                best_action=found.actions[best].id if moved else "",
                spared=float(spared[best]) if moved else 0.0,
                priors=rests_on_priors(model, carriers(model, headline)),
                reason="",
            )
        )
    return tuple(sorted(every, key=lambda item: (item.reason != "", -item.counts if item.counts == item.counts else 0)))


def variants(
    found: Assessment, budget: float, weights: Sequence[float] | None, moving: np.ndarray
) -> tuple[Variant, ...]:
    """What half and twice the span of each headline, and leaving it out, do to the first five, one at a time."""
    if not len(moving):
        return ()
    counts = balance(found.headlines, weights)
    names = [found.actions[i].id for i in moving]

    def first_five(factor: np.ndarray) -> list[str]:
        at = scores(found, budget, counts * factor, moving).place[:, 0]
        return [names[i] for i in np.argsort(at)[:TOP]]

    usual = first_five(np.ones(len(counts)))
    every = []
    for place, headline in enumerate(found.headlines):
        for change, factor in (("half", 2.0), ("double", 0.5), ("without", 0.0)):
            factors = np.ones(len(counts))
            factors[place] = factor
            now = first_five(factors)
            every.append(
                Variant(
                    headline.indicator,
                    change,
                    first=now[0] if now[0] != usual[0] else "",
                    joins=tuple(name for name in now if name not in usual),
                    leaves=tuple(name for name in usual if name not in now),
                )
            )
    return tuple(every)
