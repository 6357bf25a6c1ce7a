"""The entry point: where effect on all pathways per cost is highest and the city is ready."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from caminos.actions.library import Action
from caminos.model import uncertainty
from caminos.model.indicator import PATHWAYS
from caminos.model.values import NotEstimated
from caminos.pathways.tables import headlines, role, series
from caminos.planning.assessment import (
    Assessment,
    Flip,
    assess,
    check_question,
    first_finite,
    readiness,
    single_cases,
    weak_inputs,
    why_unavailable,
)
from caminos.planning.city_model import CityModel
from caminos.planning.results import gap, targets

TOP = 5
PER = 100e6  # USD


@dataclass(frozen=True)
class Ranked:
    """One action in the ranking. `effect` is the mean share of all gaps closed to 2050."""

    action: str
    number: int
    name: str
    pathway: str
    rank: int
    effect: float
    by_pathway: dict[str, float]
    cost: float
    effect_per_cost: float
    readiness: float
    readiness_parts: dict[str, float]
    score: float
    benefit_cost: float
    benefit_cost_with_climate: float
    benefit_of_poorest: float
    lowest_rank: int
    highest_rank: int
    weak: bool


@dataclass(frozen=True)
class Challenge:
    """One headline's gap to its target, as the city would go on."""

    indicator: str
    pathway: str
    base: float
    future: float
    target: float
    unit: str
    relative_gap: float
    best_action: str
    closed_by_best: float
    reason: str


@dataclass(frozen=True)
class Entry:
    """The ranking, the challenges, what was left out and why, and which weak inputs turn the ranking."""

    ranking: tuple[Ranked, ...]
    challenges: tuple[Challenge, ...]
    left_out: dict[str, str]
    flips: tuple[Flip, ...]
    not_scored: dict[str, tuple[str, ...]]
    weak_inputs: int


def scores(assessment: Assessment, weights: Sequence[float] | None = None) -> np.ndarray:
    """Effect per cost times readiness, by action and draw."""
    model = assessment.model
    ready = np.array([np.mean(list(readiness(model, action).values())) for action in assessment.actions])
    return np.asarray(assessment.effect(weights) / (assessment.cost / PER) * ready[:, None])


def entry(model: CityModel, start: int, weights: Sequence[float] | None = None) -> Entry:
    """Rank actions and challenges; run the ranking again at both ends of every input of quality C."""
    check_question(model, start, weights)
    cases = single_cases(model, start)
    names = [headline.indicator for headline in headlines()] + [role("burden of people"), role("climate damage")]
    used = list(model.available)
    names += [action.size for action in used]
    weak = weak_inputs(model, [name for name in names if name in model.graph.nodes])
    assessment = assess(model, cases, start, values=uncertainty.ends(model.inputs, weak))
    score = scores(assessment, weights)
    order = np.argsort(-score[:, 0], kind="stable")
    ranks = np.argsort(np.argsort(-score, axis=0, kind="stable"), axis=0) + 1
    flips = _flips(score, ranks, weak, assessment.actions, order)
    ranking = tuple(_ranked(assessment, score, ranks, int(i), place + 1, weights) for place, i in enumerate(order))
    left_out = {
        action.id: why_unavailable(model, action) for action in model.actions.values() if action not in model.available
    }
    return Entry(ranking, challenges(assessment), left_out, flips, assessment.not_scored, len(weak))


def _ranked(
    assessment: Assessment, score: np.ndarray, ranks: np.ndarray, i: int, place: int, weights: Sequence[float] | None
) -> Ranked:
    action = assessment.actions[i]
    parts = readiness(assessment.model, action)
    cost = float(assessment.cost[i, 0])
    benefit = assessment.benefit[i, 0]
    effect = float(assessment.effect(weights)[i, 0])
    whole = float(benefit.sum())
    return Ranked(
        action=action.id,
        number=action.number,
        name=action.name,
        pathway=action.pathway,
        rank=place,
        effect=effect,
        by_pathway={pathway: float(assessment.by_pathway[i, 0, j]) for j, pathway in enumerate(PATHWAYS)},
        cost=cost,
        effect_per_cost=effect / (cost / PER),
        readiness=float(np.mean(list(parts.values()))),
        readiness_parts=parts,
        score=float(score[i, 0]),
        benefit_cost=_ratio(whole, cost),
        benefit_cost_with_climate=_ratio(whole + float(assessment.climate_benefit[i, 0]), cost),
        benefit_of_poorest=_ratio(float(benefit[0]), whole),
        lowest_rank=int(ranks[i].max()),
        highest_rank=int(ranks[i].min()),
        weak=bool(ranks[i].max() != ranks[i].min()),
    )


def _ratio(part: float, whole: float) -> float:
    """A ratio that is not estimated where either side is nothing: no benefit counted is not a benefit of zero."""
    return part / whole if part and whole else float("nan")


def _flips(
    score: np.ndarray, ranks: np.ndarray, weak: Sequence[str], actions: Sequence[Action], order: np.ndarray
) -> tuple[Flip, ...]:
    """Weak inputs that change who is first, or who is among the first five, with what they change."""
    first, best = int(order[0]), set(order[:TOP].tolist())
    found = []
    for number, name in enumerate(weak):
        for end, draw in (("low", 1 + 2 * number), ("high", 2 + 2 * number)):
            leader = int(np.argmax(score[:, draw]))
            now = set(np.flatnonzero(ranks[:, draw] <= TOP).tolist())
            if leader != first:
                found.append(Flip(name, end, first=actions[leader].id))
            elif now != best:
                found.append(Flip(name, end, taken=tuple(actions[i].id for i in sorted(now - best))))
    return tuple(found)


def challenges(assessment: Assessment) -> tuple[Challenge, ...]:
    """Every headline with its gap to target in 2050, the widest first; those not estimated last, with the reason."""
    model = assessment.model
    values = model.run([headline.indicator for headline in headlines()])
    column = {scale.headline.indicator: i for i, scale in enumerate(assessment.scales)}
    found = []
    for headline in headlines():
        value = values[headline.indicator]
        unit = model.graph.nodes[headline.indicator].unit
        if isinstance(value, NotEstimated):
            nan = float("nan")
            found.append(
                Challenge(
                    indicator=headline.indicator,
                    pathway=headline.pathway,
                    base=nan,
                    future=nan,
                    target=headline.target,
                    unit=unit,
                    relative_gap=nan,
                    best_action="",
                    closed_by_best=nan,
                    reason=value.reason,
                )
            )
            continue
        by_year = series(headline, value)[0, 0]
        first = float(first_finite(by_year))
        base, future = float(by_year[0]) if np.isnan(first) else first, float(by_year[-1])
        target = targets(model, headline, base)
        wide = float(gap(np.array([future]), target, headline.direction)[0])
        relative = wide / max(abs(target), abs(base), 1e-12)
        best, closed = "", float("nan")
        if headline.indicator in column and relative > 0:
            closure = assessment.closure[:, 0, column[headline.indicator]]
            best, closed = assessment.actions[int(np.argmax(closure))].id, float(closure.max())
            best = best if closed > 0 else ""
        found.append(
            Challenge(
                indicator=headline.indicator,
                pathway=headline.pathway,
                base=base,
                future=future,
                target=target,
                unit=unit,
                relative_gap=relative,
                best_action=best,
                closed_by_best=closed,
                reason="",
            )
        )
    return tuple(
        sorted(
            found,
            key=lambda item: (item.reason != "", -item.relative_gap if item.relative_gap == item.relative_gap else 0),
        )
    )
