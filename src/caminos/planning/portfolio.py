"""The plan: which actions, when and at what scale, under a yearly budget (mixed-integer optimum by HiGHS)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from caminos.i18n import _, number
from caminos.model import uncertainty
from caminos.model.indicator import PATHWAYS
from caminos.pathways.tables import outcomes
from caminos.planning.assessment import (
    Assessment,
    Flip,
    PlanError,
    action_spending,
    assess,
    balance,
    check_question,
    shares_by_group,
    weak_inputs,
)
from caminos.planning.city_model import Case, CityModel, Measure

START_WINDOW = 12  # years within which an action may begin
GAP = 2e-3
REGRET = 0.01  # a weak input turns the plan if another choice spares more by this share
SECONDS = 20.0
HUNDRED = 100.0  # spans enter the programme as percentages: parts of them are small beside its tolerances


@dataclass(frozen=True)
class Options:
    """What the optimiser chooses from: effects and costs of every action at every start, at full scale."""

    measures: tuple[Measure, ...]
    worth: np.ndarray  # [option, headline], parts of spans
    most: np.ndarray  # [headline], what stands open of each span as the city goes
    weight: np.ndarray  # [headline], what the span of each counts in the balance
    spending: np.ndarray  # [option, year], public money
    benefit: np.ndarray  # [option, group], present value of what is known by income
    required: tuple[str, ...] = ()  # actions that must begin

    def of(self, rows: Sequence[int]) -> Options:
        """The same for some of the options."""
        chosen = list(rows)
        return Options(
            tuple(self.measures[i] for i in chosen),
            self.worth[chosen],
            self.most,
            self.weight,
            self.spending[chosen],
            self.benefit[chosen],
            self.required,
        )

    def close_to(self, other: Options) -> bool:
        """Whether effects, costs and benefits differ by less than could turn a plan."""
        pairs = ((self.worth, other.worth), (self.spending, other.spending), (self.benefit, other.benefit))
        return all(np.allclose(a, b, rtol=REGRET / 10, atol=1e-9) for a, b in pairs)


@dataclass(frozen=True)
class Plan:
    """The chosen measures, what the optimiser expects and what the full model says."""

    measures: tuple[Measure, ...]
    start: int
    budget: float
    weights: tuple[float, ...]
    floor: float
    years: tuple[int, ...]
    public_spending: tuple[float, ...]
    cost: float
    estimated: dict[str, float]
    modelled: dict[str, float]
    objective: float
    objective_modelled: float
    benefit_by_group: tuple[float, ...]
    benefit_cost: float
    optimality_gap: float
    status: str
    known_benefit_by_group: tuple[float, ...] = ()
    floor_met: bool | None = None  # None where no benefit is known by income
    floor_cost: float = 0.0  # part of all spans that the floor gives up
    flips: tuple[Flip, ...] = ()
    required: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


def options(model: CityModel, start: int, values: Mapping[str, np.ndarray] | None = None) -> tuple[Assessment, Options]:
    """Every available action at every start of the window, evaluated on the model in one pass."""
    begins = range(start, start + START_WINDOW)
    measures = [Measure(action.id, begin) for action in model.available for begin in begins]
    cases = [Case(f"{measure.action}@{measure.start}", (measure,)) for measure in measures]
    assessment = assess(model, cases, start, values=values)
    spent = np.stack([action_spending(model, measure, values=None, public_only=True)[0] for measure in measures])
    return assessment, Options(
        tuple(measures),
        assessment.worth[:, 0],
        np.maximum(assessment.base[0], 0.0),
        balance(assessment.headlines),
        spent,
        assessment.benefit_known_by_income[:, 0],
    )


@dataclass(frozen=True)
class Program:
    """The plan as a mixed-integer programme; columns are begins (0/1), scales and parts of spans spared, in this order."""

    rows: list[tuple[np.ndarray, np.ndarray, float, float]]  # columns, coefficients, lower, upper
    cost: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    integral: np.ndarray


def program(model: CityModel, choice: Options, weight: np.ndarray, budget: float, floor: float) -> Program:
    """Spare most of the spans within the budget.

    For each option a binary says whether it begins and a number at which scale; for each headline
    a number says which part of its span is spared, never more than stands open.
    """
    count, headline_count = len(choice.measures), len(weight)
    begins, scales, spared = np.arange(count), np.arange(count) + count, np.arange(headline_count) + 2 * count
    rows: list[tuple[np.ndarray, np.ndarray, float, float]] = []

    def add(columns: Sequence[int] | np.ndarray, values: Sequence[float] | np.ndarray, low: float, high: float) -> None:
        rows.append((np.asarray(columns), np.asarray(values, dtype=float), low, high))

    for h in range(headline_count):
        column = choice.worth[:, h] * HUNDRED
        moved = np.flatnonzero(column)
        add([spared[h], *scales[moved]], [1.0, *(-column[moved])], -np.inf, 0.0)
    for i, measure in enumerate(choice.measures):
        add([scales[i], begins[i]], [1.0, -1.0], -np.inf, 0.0)
        add([scales[i], begins[i]], [1.0, -model.actions[measure.action].minimum_scale], 0.0, np.inf)
    by_action: dict[str, list[int]] = {}
    for i, measure in enumerate(choice.measures):
        by_action.setdefault(measure.action, []).append(i)
    for action, group in by_action.items():
        add(begins[group], np.ones(len(group)), 1.0 if action in choice.required else -np.inf, 1.0)
    for year in range(choice.spending.shape[1]):
        spent = np.flatnonzero(choice.spending[:, year])
        if spent.size:
            add(scales[spent], choice.spending[spent, year] / 1e6, -np.inf, budget / 1e6)
    for columns, values, low, high in _order(model, choice, by_action):
        add(columns, values, low, high)
    worth = (choice.benefit[:, 0] - floor * choice.benefit.sum(axis=1)) / 1e6
    if np.any(worth != 0) and not np.isnan(worth).any():
        add(scales, worth, 0.0, np.inf)
    size = 2 * count + headline_count
    return Program(
        rows,
        np.concatenate([np.zeros(2 * count), -weight]),
        np.concatenate([np.zeros(2 * count), np.full(headline_count, -np.inf)]),
        np.concatenate([np.ones(2 * count), choice.most * HUNDRED]),
        np.concatenate([np.ones(count), np.zeros(size - count)]),
    )


def _order(
    model: CityModel, choice: Options, by_action: dict[str, list[int]]
) -> list[tuple[list[int], list[float], float, float]]:
    """An action waits for those it needs; of two that exclude each other only one is taken."""
    rows: list[tuple[list[int], list[float], float, float]] = []
    for action_id, group in by_action.items():
        action = model.actions[action_id]
        for needed in action.needs:
            for i in group:
                earlier = [j for j in by_action.get(needed, []) if choice.measures[j].start <= choice.measures[i].start]
                rows.append(([i, *earlier], [1.0, *([-1.0] * len(earlier))], -np.inf, 0.0))
        for other in action.excludes:
            mutual = other in model.actions and action_id in model.actions[other].excludes
            if other in by_action and (other > action_id or not mutual):
                both = group + by_action[other]
                rows.append((both, [1.0] * len(both), -np.inf, 1.0))
    return rows


def solve(
    model: CityModel,
    choice: Options,
    weight: np.ndarray,
    budget: float,
    floor: float,
    seconds: float = SECONDS,
    gap: float = GAP,
) -> tuple[np.ndarray, float, float, str]:
    """Scales of all options that spare most; returns scales, objective, optimality gap, status."""
    made = program(model, choice, weight, budget, floor)
    found = _optimum(made, made.integral, made.lower, made.upper, {"mip_rel_gap": gap, "time_limit": seconds})
    if found.x is None and choice.required:
        names = ", ".join(_(model.actions[action].name) for action in choice.required)
        short = _(
            "No plan of {budget} USD a year holds all that is required: {names}.", budget=number(budget, 6), names=names
        )
        lower = _("Lower the floor of {floor} % for the poorest fifth.", floor=number(100 * floor)) if floor else ""
        raise PlanError(f"{short} {lower}".rstrip())
    if found.x is None:
        raise PlanError(_("No plan was found ({status}).", status=found.message))
    count = len(choice.measures)
    scales = np.where(found.x[:count] > 0.5, found.x[count : 2 * count], 0.0)
    return (
        scales,
        -float(found.fun) / HUNDRED,
        float(found.mip_gap or 0.0),
        "optimal" if found.status == 0 else "time limit",
    )


def could_turn(
    model: CityModel, choice: Options, weight: np.ndarray, budget: float, floor: float, begun: np.ndarray
) -> bool:
    """Whether another choice might spare more than that of the options `begun`, by more than REGRET.

    Two linear programmes bound it: no choice does better than one of which parts of begins may be taken, and the chosen
    options do at least as well as with their own begins.
    """
    made = program(model, choice, weight, budget, floor)
    relaxed = np.zeros_like(made.integral)
    best = _optimum(made, relaxed, made.lower, made.upper)
    fixed = np.zeros_like(made.lower)
    fixed[: len(begun)] = begun
    kept = _optimum(made, relaxed, np.maximum(made.lower, fixed), np.where(made.integral > 0, fixed, made.upper))
    if best.x is None or kept.x is None:
        return True
    return bool(kept.fun - best.fun > REGRET * -best.fun)


def _optimum(
    made: Program,
    integral: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    options: dict[str, float] | None = None,
) -> Any:
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array

    lengths = [len(columns) for columns, *_rest in made.rows]
    matrix = csr_array(
        (
            np.concatenate([values for _columns, values, *_rest in made.rows]),
            np.concatenate([columns for columns, *_rest in made.rows]),
            np.concatenate([[0], np.cumsum(lengths)]),
        ),
        shape=(len(made.rows), len(made.cost)),
    )
    limits = LinearConstraint(matrix, [row[2] for row in made.rows], [row[3] for row in made.rows])
    return milp(made.cost, integrality=integral, bounds=Bounds(lower, upper), constraints=limits, options=options or {})


def plan(
    model: CityModel,
    budget: float,
    start: int,
    weights: Sequence[float] | None = None,
    floor: float = 0.2,
    sensitivity: bool = True,
    require: Sequence[str] = (),
    exclude: Sequence[str] = (),
) -> Plan:
    """The best portfolio under a yearly public budget (USD of 2023), evaluated again on the full model.

    `weights` are those of the five pathways; `floor` is the least share that the poorest quintile must
    receive of the benefits that are known by income. `require` and `exclude` are actions (id or number) that must or
    must not be in the plan. Raises PlanError for what cannot be planned.
    """
    check_question(model, start, weights, int(model.years[-1]) - START_WINDOW, budget)
    if not 0 <= floor < 1:
        raise PlanError(
            _("The floor for the poorest quintile must lie between 0 and 1; {floor} was given.", floor=number(floor))
        )
    required, excluded = _asked(model, require, exclude)
    assessment, choice = options(model, start)
    allowed = [i for i, measure in enumerate(choice.measures) if measure.action not in excluded]
    choice = replace(choice.of(allowed), required=required)
    weight = balance(assessment.headlines, weights)
    scales, objective, optimality, status = solve(model, choice, weight, budget, 0.0)
    measures = _chosen(choice, scales)
    if not measures:
        raise PlanError(_too_little(model, choice, budget))
    free = objective
    if not _floor_holds(choice, scales, floor):
        scales, objective, optimality, status = solve(model, choice, weight, budget, floor)
        measures = _chosen(choice, scales)
        if not measures or not np.sum(scales @ choice.benefit) > 0:
            raise PlanError(
                _(
                    "No plan within this budget gives the poorest fifth {floor} % of the benefits: lower the floor.",
                    floor=number(100 * floor),
                )
            )
    whole = assess(model, [Case("plan", measures)], start)
    estimated = np.minimum(scales @ choice.worth, choice.most)
    names = [headline.indicator for headline in assessment.headlines]
    benefit, known = whole.benefit[0, 0], whole.benefit_known_by_income[0, 0]
    spent = sum(action_spending(model, measure, public_only=True)[0] for measure in measures)
    flips = _flips(model, start, weight, budget, floor, measures, choice) if sensitivity else ()
    share = shares_by_group(known)[0]
    return Plan(
        measures=measures,
        start=start,
        budget=budget,
        weights=tuple(weights or [1.0] * len(PATHWAYS)),
        floor=floor,
        years=tuple(int(year) for year in model.years),
        public_spending=tuple(float(x) for x in spent),
        cost=float(whole.cost[0, 0]),
        estimated=dict(zip(names, (float(x) for x in estimated), strict=True)),
        modelled=dict(zip(names, (float(x) for x in whole.worth[0, 0]), strict=True)),
        objective=objective,
        objective_modelled=float(whole.worth[0, 0] @ weight),
        benefit_by_group=tuple(float(x) for x in benefit),
        benefit_cost=float(benefit.sum() / whole.cost[0, 0]),
        optimality_gap=optimality,
        status=status,
        known_benefit_by_group=tuple(float(x) for x in known),
        floor_met=None if np.isnan(share) else bool(share >= floor - 0.005),
        floor_cost=max(free - objective, 0.0),
        flips=flips,
        required=required,
        excluded=excluded,
    )


def _asked(model: CityModel, require: Sequence[str], exclude: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The ids of required and excluded actions; raises an error for one that is not known, not estimated, or both."""
    from caminos.planning.connect import action_id, find_action

    required = tuple(dict.fromkeys(find_action(model, name) for name in require))
    excluded = tuple(dict.fromkeys(action_id(model.actions, name) for name in exclude))
    for action in required:
        if action in excluded:
            raise PlanError(_("{action} is both required and excluded.", action=_(model.actions[action].name)))
        wanting = [other for other in model.actions[action].needs if other in excluded]
        if wanting:
            named, other = (_(model.actions[name].name) for name in (action, wanting[0]))
            raise PlanError(_("{action} is required and needs what is excluded: {other}.", action=named, other=other))
    if len(set(excluded) | model.unavailable.keys() | model.nothing_to_do.keys()) == len(model.actions):
        raise PlanError(_("Every action that can be estimated is excluded."))
    return required, excluded


def _chosen(choice: Options, scales: np.ndarray) -> tuple[Measure, ...]:
    """The measures taken; scales are rounded down, so that the budget still holds."""
    found = [
        Measure(measure.action, measure.start, np.floor(scale * 1e4) / 1e4)
        for measure, scale in zip(choice.measures, scales, strict=True)
        if scale > 1e-4
    ]
    return tuple(sorted(found, key=lambda item: (item.start, item.action)))


def _floor_holds(choice: Options, scales: np.ndarray, floor: float) -> bool:
    benefit = scales @ choice.benefit
    return bool(np.isnan(benefit).any() or benefit[0] >= floor * benefit.sum())


def _too_little(model: CityModel, choice: Options, budget: float) -> str:
    smallest = np.array([model.actions[measure.action].minimum_scale for measure in choice.measures])
    least = float(np.min(choice.spending.max(axis=1) * smallest))
    return _(
        "A yearly budget of {budget} USD pays for no action at its smallest scale; the least needs about {least} USD in its dearest year.",
        budget=number(budget, 6),
        least=number(least, 6),
    )


def _flips(
    model: CityModel,
    start: int,
    weight: np.ndarray,
    budget: float,
    floor: float,
    chosen: Sequence[Measure],
    choice: Options,
) -> tuple[Flip, ...]:
    """Inputs of quality C at whose ends another choice of actions would be better by more than REGRET.

    The effects of all actions at every end come from one pass. At each end the optimiser chooses again
    from a shorter list (every action at two starts, and the chosen starts); the plan counts as turned
    only if the best that its own actions can do there is clearly less than the new choice.
    """
    keep = [
        i
        for i, measure in enumerate(choice.measures)
        if measure.start in (start, start + START_WINDOW // 2) or any(_same(measure, item) for item in chosen)
    ]
    short = choice.of(keep)
    before = {measure.action for measure in chosen}
    names = [headline.indicator for headline in outcomes()] + [action.size for action in model.available]
    weak = weak_inputs(model, [name for name in names if name in model.graph.nodes])
    cases = [Case(action.id, (Measure(action.id, start),)) for action in model.available]
    values = uncertainty.ends(model.inputs, weak)
    ends = assess(model, cases, start, values=values)
    size = 1 + 2 * len(weak)
    spent = np.stack([action_spending(model, case.measures[0], size, values, public_only=True) for case in cases])
    row = {case.measures[0].action: place for place, case in enumerate(cases)}
    rows = np.array([row[measure.action] for measure in short.measures])
    begun = np.array([any(_same(measure, item) for item in chosen) for measure in short.measures], dtype=float)
    found = []
    for place, name in enumerate(weak):
        model.tell(_("weak inputs"), place + 1, len(weak))
        for end, draw in (("low", 1 + 2 * place), ("high", 2 + 2 * place)):
            moved = replace(
                short,
                worth=short.worth * _ratio(ends.worth, draw)[rows],
                spending=short.spending * _ratio(spent.sum(axis=2)[:, :, None], draw)[rows],
                benefit=short.benefit * _ratio(ends.benefit_known_by_income, draw)[rows],
            )
            if moved.close_to(short) or not could_turn(model, moved, weight, budget, floor, begun):
                continue
            try:  # at this end what is required cannot be paid, whatever else is chosen
                now, best, *_rest = solve(model, moved, weight, budget, floor, seconds=2.0, gap=REGRET / 4)
            except PlanError:
                continue
            taken = {m.action for m, x in zip(moved.measures, now, strict=True) if x > 1e-4}
            if taken == before:
                continue
            same = moved.of([i for i, measure in enumerate(moved.measures) if measure.action in before])
            try:  # at this end the chosen actions alone keep no rule, so that the new choice is the only one
                _scales, kept, *_rest = solve(model, same, weight, budget, floor, seconds=2.0, gap=REGRET / 4)
            except PlanError:
                kept = 0.0
            if best - kept <= REGRET * abs(best):
                continue
            gain = (best - kept) / abs(best)
            found.append(
                Flip(name, end, taken=tuple(sorted(taken - before)), dropped=tuple(sorted(before - taken)), gain=gain)
            )
    return tuple(found)


def _same(one: Measure, other: Measure) -> bool:
    """Whether two measures are the same action begun in the same year."""
    return (one.action, one.start) == (other.action, other.start)


def _ratio(values: np.ndarray, draw: int) -> np.ndarray:
    """Values at one end relative to the central ones, by action; later starts move in the same proportion."""
    base = values[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.clip(np.where(np.abs(base) > 0, values[:, min(draw, values.shape[1] - 1)] / base, 1.0), -10, 10)
