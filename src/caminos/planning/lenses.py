"""Two other ways of looking at the same actions, beside the balance of the pathways and never mixed with it.

Welfare: what people are spared in money, a dollar to the poor counting more. Targets: what each action removes of the
shortfall that is expected of a dated target of law or of the city's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np

from caminos.city.settings import NET_REDUCTION, Target
from caminos.i18n import _
from caminos.model.axes import GROUP, KIND, YEAR, ZONE
from caminos.model.values import NotEstimated, Result
from caminos.pathways.tables import Headline, headlines, role, series
from caminos.planning.assessment import Assessment
from caminos.planning.city_model import BASELINE, CityModel
from caminos.planning.knapsack import loss_without, places
from caminos.planning.names import of
from caminos.planning.results import RANGE, gap

MOST_ACTIONS = 5  # that are listed for one target
LEAST_REMOVED = 1e-4  # part of a shortfall below which an action is not listed


@dataclass(frozen=True)
class Spared:
    """What one action spares people, weighted by income: present value in USD of 2023, its range, and its place."""

    action: str
    value: float
    low: float
    high: float
    by_group: tuple[float, ...]  # unweighted
    place: int


@dataclass(frozen=True)
class Welfare:
    """The lens of welfare: the actions by place, and the part of all benefit that no source shares by income."""

    actions: tuple[Spared, ...]
    even: float
    reason: str = ""

    def place(self, action: str) -> float:
        """The place of an action; beyond all others where it spares nobody anything."""
        return next((item.place for item in self.actions if item.action == action), float("inf"))


def welfare(middle: Assessment, drawn: Assessment, budget: float) -> Welfare:
    """Rank by what is known by income, equity-weighted; what is shared evenly for want of a source is left out."""
    model = middle.model
    weight = model.run([role("income weight")])[role("income weight")]
    if isinstance(weight, NotEstimated):
        return Welfare((), nan, _("missing: {names}", names=", ".join(dict.fromkeys(map(of, weight.missing)))))
    by_income = weight[0, 0, 0, 0, :, 0]
    value = middle.benefit_known_by_income[:, 0] @ by_income
    if not np.isfinite(value).any() or not np.any(value > 0):
        return Welfare((), nan, _("no action spares people anything that is known by income"))
    value = np.nan_to_num(value)
    spread = np.nan_to_num(drawn.benefit_known_by_income @ by_income)
    low, high = np.percentile(spread, RANGE, axis=1)
    loss = loss_without(value[:, None], middle.public_cost, budget)
    at = places(loss, value[:, None])[:, 0]
    whole = np.nansum(np.abs(middle.benefit[:, 0]))
    even = np.nansum(np.abs(middle.benefit[:, 0] - middle.benefit_known_by_income[:, 0]))
    rows = [
        Spared(
            action.id,
            float(value[i]),
            float(low[i]),
            float(high[i]),
            tuple(map(float, middle.benefit_known_by_income[i, 0])),
            int(at[i]),
        )
        for i, action in enumerate(middle.actions)
        if value[i] != 0
    ]
    return Welfare(tuple(sorted(rows, key=lambda row: row.place)), float(even / whole) if whole else nan)


@dataclass(frozen=True)
class Removed:
    """What one action removes of a shortfall, in the target's unit, and the share of the shortfall that this is."""

    action: str
    amount: float
    share: float
    of_span: float  # NaN for a means, which has no span


@dataclass(frozen=True)
class Aim:
    """One dated target: what is expected in its year as the city goes, the shortfall, and what removes most of it.

    `reason` says why it cannot be compared; `whose` is law or city.
    """

    name: str
    whose: str
    value: float
    unit: str
    year: int
    source: str
    expected: float
    shortfall: float
    actions: tuple[Removed, ...]
    reason: str = ""


@dataclass(frozen=True)
class _Wanted:
    """A target as it is held against a node of the model."""

    name: str
    node: str
    amount: float
    year: int
    whose: str
    source: str
    lower: bool
    reason: str = ""


def aims(model: CityModel, found: Assessment, start: int) -> tuple[Aim, ...]:
    """Every dated target of law in the city's region, and of the city's own, with the actions that remove most."""
    wanted = [*_of_law(model), *_of_city(model)]
    names = list(dict.fromkeys(item.node for item in wanted if not item.reason))
    results = model.run(names, (BASELINE, *found.cases)) if names else {}
    return tuple(_aim(model, found, item, results, start) for item in wanted)


def _of_law(model: CityModel) -> list[_Wanted]:
    own = {(target.name, target.amount, target.year) for target in model.city.targets}
    return [
        _Wanted(
            name=item.indicator,
            node=item.indicator,
            amount=item.target,
            year=item.target_year,
            whose="law",
            source=item.source,
            lower=item.direction == "lower",
        )
        for item in headlines()
        if item.binding
        and item.binding in model.city.region
        and (item.indicator, item.target, item.target_year) not in own
    ]


def _of_city(model: CityModel) -> list[_Wanted]:
    by_name = {item.indicator: item for item in headlines()}
    found = []
    for target in model.city.targets:
        if not target.source.strip():
            reason = _("it names no source")
            found.append(
                _Wanted(
                    name=target.name,
                    node=target.name,
                    amount=nan,
                    year=target.year,
                    whose="city",
                    source="",
                    lower=True,
                    reason=reason,
                )
            )
            continue
        if target.name == NET_REDUCTION:
            found.append(_net(model, target))
            continue
        headline = by_name.get(target.name)
        lower = headline.direction == "lower" if headline else _is_reduced(model, target)
        found.append(_Wanted(target.name, target.name, target.amount, target.year, "city", target.source, lower))
    return found


def _is_reduced(model: CityModel, target: Target) -> bool:
    """Whether less of a lever is wanted: what actions do to it says so, and where none moves it, how it stands."""
    modes = {
        effect.mode for action in model.actions.values() for effect in action.effects if effect.lever == target.name
    }
    if modes:
        return modes == {"reduce"}
    result = model.run([target.name])[target.name]
    return not isinstance(result, NotEstimated) and bool(_by_year(None, result)[0, 0] > target.amount)


def _net(model: CityModel, target: Target) -> _Wanted:
    """A reduction of net emissions, held against the inventory of its base year where the city has one."""
    years = {item.year: item for item in model.city.own_inventories if item.sectors}
    base = years.get(target.base_year) if target.base_year is not None else None
    node = role("emissions that targets are of")
    if base is None or base.sectors is None:
        reason = _("no inventory of {year} to measure it from", year=target.base_year or "?")
        return _Wanted(target.name, node, nan, target.year, "city", target.source, True, reason)
    whole = sum(x for x in (base.sectors.stationary, base.sectors.transport, base.sectors.waste) if x is not None)
    return _Wanted(target.name, node, whole * (1 - target.amount), target.year, "city", target.source, True)


def _by_year(headline: Headline | None, result: np.ndarray) -> np.ndarray:
    """[case, year] of a headline, or of a lever (the mean of its groups or kinds)."""
    if headline is not None:
        return np.asarray(series(headline, result)[:, 0])
    known = np.isfinite(result)
    count = known.sum(axis=(ZONE, GROUP, KIND))
    whole = np.where(known, result, 0.0).sum(axis=(ZONE, GROUP, KIND))
    return np.asarray(np.where(count > 0, whole / np.maximum(count, 1), nan)[:, 0])


def _aim(model: CityModel, found: Assessment, item: _Wanted, results: dict[str, Result], start: int) -> Aim:
    unit = model.graph.nodes[item.node].unit if item.node in model.graph.nodes else ""
    result = results.get(item.node)
    reason = item.reason
    if not reason and item.year <= start:
        reason = _("its year has passed before the first action could work")
    if not reason and item.year > int(model.years[-1]):
        reason = _("the model ends in {year}", year=int(model.years[-1]))
    if not reason and (result is None or isinstance(result, NotEstimated)):
        reason = result.reason if isinstance(result, NotEstimated) else _("not in the model")
    headline = next((h for h in headlines() if h.indicator == item.node), None)
    of: dict[str, Any] = {
        "name": item.name,
        "whose": item.whose,
        "value": item.amount,
        "unit": unit,
        "year": item.year,
        "source": item.source,
    }
    if reason or result is None or isinstance(result, NotEstimated):
        return Aim(**of, expected=nan, shortfall=nan, actions=(), reason=reason)
    by_year = _by_year(headline, result)
    at = item.year - int(model.years[0])
    values = by_year[:, min(at, by_year.shape[1] - 1)]
    direction = "lower" if item.lower else "higher"
    if not np.isfinite(values[0]):
        reason = _("there is no number of {year}", year=item.year)
        return Aim(**of, expected=nan, shortfall=nan, actions=(), reason=reason)
    short = gap(values, item.amount, direction)
    shortfall = float(short[0])
    removed = np.minimum(shortfall - short[1:], shortfall) if len(short) > 1 else np.zeros(len(found.cases))
    order = np.argsort(-removed, kind="stable")
    listed = tuple(
        Removed(
            found.actions[int(i)].id,
            float(removed[i]),
            float(removed[i] / shortfall),
            _over_span(model, headline, float(removed[i]), at),
        )
        for i in order[:MOST_ACTIONS]
        if shortfall > 0 and removed[i] > LEAST_REMOVED * shortfall
    )
    met = "" if shortfall > 0 else _("met as things go")
    return Aim(**of, expected=float(values[0]), shortfall=shortfall, actions=listed, reason=met)


def _over_span(model: CityModel, headline: Headline | None, amount: float, year: int) -> float:
    """An amount as a part of the headline's span; NaN for what has no span."""
    if headline is None or not headline.outcome:
        return nan
    people = 1.0
    if headline.per:
        per = model.run([role(f"per {headline.per}")])[role(f"per {headline.per}")]
        if isinstance(per, NotEstimated):
            return nan
        people = float(per[0, 0, min(year, per.shape[YEAR] - 1), 0, 0, 0])
    return abs(amount / people * headline.scale / (headline.worst - headline.safe))
