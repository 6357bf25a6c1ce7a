"""The plan: which actions, when and at what scale, under a yearly budget (mixed-integer optimum by HiGHS)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from caminos.i18n import _
from caminos.model import uncertainty
from caminos.model.indicator import PATHWAYS
from caminos.pathways.tables import headlines
from caminos.planning.assessment import Assessment, action_spending, assess, shares_by_group
from caminos.planning.city_model import Case, CityModel, Measure

START_WINDOW = 12  # years within which an action may begin
GAP = 1e-3
SECONDS = 20.0


class PlanError(ValueError):
    """A plan that cannot be made, with the reason."""


@dataclass(frozen=True)
class Options:
    """What the optimiser chooses from: effects and costs of every action at every start, at full scale."""

    measures: tuple[Measure, ...]
    closure: np.ndarray  # [option, headline]
    weight: np.ndarray  # [headline], of the scored headlines
    spending: np.ndarray  # [option, year], public money
    benefit: np.ndarray  # [option, group], present value


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
    flips: tuple[tuple[str, str], ...] = ()
    floor_met: bool = True


def options(model: CityModel, start: int, values: dict[str, np.ndarray] | None = None) -> tuple[Assessment, Options]:
    """Every available action at every start of the window, evaluated on the model in one pass."""
    begins = range(start, start + START_WINDOW)
    measures = [Measure(action.id, begin) for action in model.available for begin in begins]
    cases = [Case(f"{measure.action}@{measure.start}", (measure,)) for measure in measures]
    assessment = assess(model, cases, start, values=values)
    spent = np.stack([action_spending(model, measure, values=None, public_only=True)[0] for measure in measures])
    return assessment, Options(
        tuple(measures), assessment.closure[:, 0], _weights(assessment, None), spent, assessment.benefit[:, 0]
    )


def _weights(assessment: Assessment, pathways: Sequence[float] | None) -> np.ndarray:
    """Weight of each scored headline in the objective: its pathway's weight, shared by its own."""
    shares = dict(zip(PATHWAYS, pathways or [1.0] * len(PATHWAYS), strict=True))
    sums: dict[str, float] = {}
    for scale in assessment.scales:
        sums[scale.headline.pathway] = sums.get(scale.headline.pathway, 0.0) + scale.headline.weight
    whole = sum(shares[pathway] for pathway in sums)
    return np.array(
        [shares[s.headline.pathway] / whole * s.headline.weight / sums[s.headline.pathway] for s in assessment.scales]
    )


def solve(
    model: CityModel, choice: Options, weight: np.ndarray, budget: float, start: int, floor: float,
    seconds: float = SECONDS,
) -> tuple[np.ndarray, float, float, str]:  # fmt: skip
    """Scales of all options that close most of the gaps; returns scales, objective, optimality gap, status.

    For each option a binary says whether it begins and a number at which scale; for each headline
    a number says how much of its gap is closed, never more than all of it.
    """
    import highspy

    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("mip_rel_gap", GAP)
    solver.setOptionValue("time_limit", seconds)
    solver.setOptionValue("random_seed", 1)
    solver.setOptionValue("threads", 1)
    count = len(choice.measures)
    begins = [solver.addBinary() for _each in range(count)]
    scale = [solver.addVariable(lb=0, ub=1) for _each in range(count)]
    closed = [solver.addVariable(lb=-10, ub=1, obj=-float(w)) for w in weight]
    for h in range(len(weight)):
        column = choice.closure[:, h]
        solver.addConstr(
            closed[h] <= solver.qsum(float(column[i]) * scale[i] for i in range(count) if column[i] != 0.0)
            if np.any(column != 0)
            else closed[h] <= 0
        )
    for i, measure in enumerate(choice.measures):
        solver.addConstr(scale[i] <= begins[i])
        solver.addConstr(scale[i] >= model.actions[measure.action].minimum_scale * begins[i])
    by_action: dict[str, list[int]] = {}
    for i, measure in enumerate(choice.measures):
        by_action.setdefault(measure.action, []).append(i)
    for group in by_action.values():
        solver.addConstr(solver.qsum(begins[i] for i in group) <= 1)
    for year in range(choice.spending.shape[1]):
        spent = choice.spending[:, year]
        if np.any(spent > 0):
            terms = solver.qsum(float(spent[i]) / 1e6 * scale[i] for i in range(count) if spent[i] > 0)
            solver.addConstr(terms <= budget / 1e6)
    _order(model, solver, choice, begins, by_action)
    worth = (choice.benefit[:, 0] - floor * choice.benefit.sum(axis=1)) / 1e6
    if np.any(worth != 0):
        solver.addConstr(solver.qsum(float(worth[i]) * scale[i] for i in range(count) if worth[i] != 0) >= 0)
    solver.run()
    status = solver.modelStatusToString(solver.getModelStatus())
    values = np.array(solver.getSolution().col_value)
    if not values.size:
        raise PlanError(_("No plan was found ({status}).", status=status))
    info = solver.getInfo()
    scales = np.where(values[:count] > 0.5, values[count : 2 * count], 0.0)
    return scales, -float(info.objective_function_value), float(info.mip_gap), status


def _order(model: CityModel, solver: object, choice: Options, begins: list, by_action: dict[str, list[int]]) -> None:
    """An action waits for those it needs; of two that exclude each other only one is taken."""
    for action_id, group in by_action.items():
        action = model.actions[action_id]
        for needed in action.needs:
            for i in group:
                earlier = [
                    j for j in by_action.get(needed, []) if choice.measures[j].start <= choice.measures[i].start
                ]
                if earlier:
                    solver.addConstr(begins[i] <= solver.qsum(begins[j] for j in earlier))  # type: ignore[attr-defined]
                else:
                    solver.addConstr(begins[i] <= 0)  # type: ignore[attr-defined]
        for other in action.excludes:
            if other > action_id and other in by_action:
                both = [begins[i] for i in group] + [begins[j] for j in by_action[other]]
                solver.addConstr(solver.qsum(both) <= 1)  # type: ignore[attr-defined]


def plan(
    model: CityModel, budget: float, start: int, weights: Sequence[float] | None = None, floor: float = 0.2,
    sensitivity: bool = True,
) -> Plan:  # fmt: skip
    """The best portfolio under a yearly public budget (USD of 2023), evaluated again on the full model.

    `weights` are those of the five pathways; `floor` is the least share of all benefits that the
    poorest quintile must receive. Raises PlanError for a budget or start that cannot be planned.
    """
    if not budget > 0:
        raise PlanError(_("The yearly budget must be above zero; {budget} was given.", budget=budget))
    first, last = int(model.years[0]), int(model.years[-1])
    if not first <= start <= last - START_WINDOW:
        raise PlanError(
            _("The plan must start from {first} to {last}; {start} was given.", first=first, last=last - START_WINDOW, start=start)
        )
    if not 0 <= floor < 1:
        raise PlanError(_("The floor for the poorest quintile must lie between 0 and 1; {floor} was given.", floor=floor))
    if weights is not None and (len(weights) != len(PATHWAYS) or min(weights) < 0 or sum(weights) <= 0):
        raise PlanError(_("Give five weights, none below zero and not all zero: {names}.", names=", ".join(PATHWAYS)))
    assessment, choice = options(model, start)
    weight = _weights(assessment, weights)
    scales, objective, optimality, status = solve(model, choice, weight, budget, start, floor)
    measures = tuple(
        Measure(measure.action, measure.start, round(float(scale), 4))
        for measure, scale in zip(choice.measures, scales, strict=True)
        if scale > 1e-4
    )
    measures = tuple(sorted(measures, key=lambda item: (item.start, item.action)))
    if not measures:
        cheapest = float(np.min(choice.spending.max(axis=1)))
        raise PlanError(
            _("A yearly budget of {budget} USD pays for no action at its smallest scale; the least needs about {least} USD in its dearest year.",
              budget=f"{budget:,.0f}", least=f"{cheapest:,.0f}")
        )  # fmt: skip
    whole = assess(model, [Case("plan", measures)], start)
    estimated = np.minimum(scales @ choice.closure, 1)
    names = [scale.headline.indicator for scale in assessment.scales]
    benefit = whole.benefit[0, 0]
    spent = (scales[:, None] * choice.spending).sum(axis=0)
    flips: tuple[tuple[str, str], ...] = ()
    if sensitivity:
        flips = _flips(model, start, weight, budget, floor, {measure.action for measure in measures}, scales, choice)
    return Plan(
        measures, start, budget, tuple(weights or [1.0] * len(PATHWAYS)), floor,
        tuple(int(year) for year in model.years), tuple(float(x) for x in spent), float(whole.cost[0, 0]),
        dict(zip(names, (float(x) for x in estimated), strict=True)),
        dict(zip(names, (float(x) for x in whole.closure[0, 0]), strict=True)),
        objective, float(np.minimum(whole.closure[0, 0], 1) @ weight), tuple(float(x) for x in benefit),
        float(benefit.sum() / whole.cost[0, 0]), optimality, status, flips,
        bool(shares_by_group(benefit)[0] >= floor - 0.005),
    )  # fmt: skip


def _flips(
    model: CityModel, start: int, weight: np.ndarray, budget: float, floor: float, chosen: set[str],
    scales: np.ndarray, choice: Options,
) -> tuple[tuple[str, str], ...]:  # fmt: skip
    """Inputs of quality C at whose ends the plan takes other actions.

    The effects of all options at every end come from one pass; the optimiser then runs once an end.
    """
    names = [headline.indicator for headline in headlines()] + [action.size for action in model.available]
    weak = model.weak_inputs([name for name in names if name in model.graph.nodes])
    used = [i for i in range(len(choice.measures)) if choice.measures[i].start == start]
    cases = [Case(choice.measures[i].action, (choice.measures[i],)) for i in used]
    values = uncertainty.ends(model.inputs, weak)
    assessment = assess(model, cases, start, values=values)
    central = assessment.closure[:, :1]
    position = {choice.measures[i].action: row for row, i in enumerate(used)}
    rows = np.array([position[measure.action] for measure in choice.measures])
    found = []
    for number, name in enumerate(weak):
        model.tell(_("weak inputs"), number, len(weak))
        for end, draw in (("low", 1 + 2 * number), ("high", 2 + 2 * number)):
            # the effect of a later start moves in the proportion of that of the first start
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = np.where(np.abs(central[:, 0]) > 0, assessment.closure[:, draw] / central[:, 0], 1.0)
            moved = Options(
                choice.measures, choice.closure * np.clip(ratio, -10, 10)[rows], weight, choice.spending,
                choice.benefit * _benefit_ratio(assessment, draw)[rows],
            )  # fmt: skip
            if np.allclose(moved.closure, choice.closure) and np.allclose(moved.benefit, choice.benefit):
                continue
            other, *_rest = solve(model, moved, weight, budget, start, floor, seconds=2.0)
            now = {measure.action for measure, scale in zip(choice.measures, other, strict=True) if scale > 1e-4}
            if now != chosen:
                gone, new = sorted(chosen - now), sorted(now - chosen)
                text = "; ".join(part for part in (f"without {', '.join(gone)}" if gone else "", f"with {', '.join(new)}" if new else "") if part)
                found.append((name, f"{end}: {text}"))
    return tuple(found)


def _benefit_ratio(assessment: Assessment, draw: int) -> np.ndarray:
    """Benefit of each option at one end relative to the central one, by group."""
    base = assessment.benefit[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.clip(np.where(np.abs(base) > 0, assessment.benefit[:, draw] / base, 1.0), -10, 10)
