"""The plan: its measures, what it costs, what it reaches, and who benefits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import nan
from typing import Any

import numpy as np

from caminos import words
from caminos.i18n import _
from caminos.model.axes import QUINTILES
from caminos.model.indicator import PATHWAYS
from caminos.model.values import NotEstimated
from caminos.pages.entry import SHOWN, action_name, flips, who
from caminos.pages.headlines import Line, change_table, lines
from caminos.pages.names import local_money, money, name_of
from caminos.pages.page import (
    Cell,
    Chart,
    Mark,
    Page,
    Part,
    Row,
    Sentence,
    Sentences,
    Series,
    Table,
    present,
    sentences,
    table,
)
from caminos.pathways.tables import outcomes, role, roles, shares_of_pathway
from caminos.planning.assessment import action_spending, central, costs, pathway_worth
from caminos.planning.city_model import BASELINE, Case, CityModel, Measure
from caminos.planning.finance import discount_factors
from caminos.planning.portfolio import Plan
from caminos.planning.portfolio import plan as choose
from caminos.words import percent

DRAWS = 200  # for the ranges of what a plan changes
PRIVATE = 0.005  # share of a cost from which it is said what part is public


def plan(model: CityModel, budget: float, start: int, **asked: Any) -> tuple[Plan, Page]:
    """The plan and the page of "what shall we do, when, at what cost?"; `asked` as in planning.portfolio.plan."""
    found = choose(model, budget, start, **asked)
    return found, plan_page(model, found)


def plan_page(model: CityModel, found: Plan) -> Page:
    """A plan as a page."""
    title = _(
        "Plan for {city} from {start}, {budget} a year",
        city=model.city.name,
        start=found.start,
        budget=words.dollars(found.budget),
    )
    parts = present(
        asked(model, found),
        measures(model, found),
        reach(model, found),
        changes(lines(model, [case_of(found)], DRAWS)),
        benefits(model, found),
        groups(model, found),
        turned(model, found, SHOWN),
        spending(model, found),
    )
    return Page(title, parts, "plan", model.city.id)


def asked(model: CityModel, found: Plan) -> Sentences:
    """The actions that were required and excluded."""
    lines = [
        Sentence(", ".join(action_name(model, action) for action in actions), head)
        for head, actions in ((_("Required"), found.required), (_("Excluded"), found.excluded))
        if actions
    ]
    return sentences(lines, id="asked")


def case_of(found: Plan) -> Case:
    """The plan as a case of the model."""
    return Case("plan", found.measures)


# measures


def measures(model: CityModel, found: Plan) -> Table:
    """Every measure: when it begins and works, how large it is, and what it costs."""
    factors = discount_factors(model.years, found.start, central(model, role("discount rate")))
    columns = [("action", _("Action")), ("when", _("Begins")), ("size", _("Size")), ("cost", _("Cost to everyone"))]
    rows = [_measure(model, found, measure, factors) for measure in found.measures]
    return table(columns, rows, _("The actions of the plan"), "measures", style="cards measures")


def _measure(model: CityModel, found: Plan, measure: Measure, factors: np.ndarray) -> Row:
    action, last = model.actions[measure.action], int(model.years[-1])
    effect = round(measure.start + model.lead_time(action))
    full = round(measure.start + model.lead_time(action) + action.ramp_years)
    in_place = str(full) if full <= last else _("after {year}", year=last)
    when = Cell(
        str(measure.start),
        note=_("first effect {effect}, fully in place {full}", effect=effect, full=in_place),
        mark=Mark("time", (found.start, last, measure.start, effect, full)),
    )
    whole, public = (
        cost_of(model, found, measure),
        float((action_spending(model, measure, public_only=True) @ factors)[0]),
    )
    part = "" if public > (1 - PRIVATE) * whole else _("of which public {amount}", amount=words.dollars(public))
    name = Cell(action_name(model, action.id), id=action.id, note=who(action))
    cost = Cell(value=whole, unit="USD", note=part)
    return Row((name, when, size_cell(model, measure), cost), action.id, action.pathway)


def cost_of(model: CityModel, found: Plan, measure: Measure) -> float:
    """Present value of what a measure costs everybody, in USD."""
    return float(costs(model, [Case("", (measure,))], found.start)[0][0, 0])


def size_cell(model: CityModel, measure: Measure) -> Cell:
    """How much of an action a measure takes."""
    action = model.actions[measure.action]
    size = model.evaluation().get(action.size)
    share = _("{share} of full scale", share=percent(measure.scale))
    if isinstance(size, NotEstimated):
        return Cell(words.DASH, note=share)
    full = float(np.nansum(size[0, 0, 0]))
    node = action.size if measure.scale == 1 else ""  # of a part there is no node
    return Cell(value=full * float(measure.scale), unit=action.size_unit, node=node, note=share)


# what it reaches


def reach(model: CityModel, found: Plan) -> Sentences:
    """The optimiser's estimate beside the full model."""
    text = _(
        "Part of all spans that it spares: the optimiser expects {estimate}, the full model says {model} (difference {difference}).",
        estimate=percent(found.objective),
        model=percent(found.objective_modelled),
        difference=words.change(found.objective_modelled - found.objective, "share", 2),
    )
    numbers = (
        Cell(value=found.objective, unit="share", id="objective"),
        Cell(value=found.objective_modelled, unit="share", id="objective_modelled"),
    )
    return sentences([Sentence(text, numbers=numbers), Sentence(prices(model), style="note")], id="reach")


def prices(model: CityModel) -> str:
    """In what money sums are."""
    rate = percent(central(model, role("discount rate")))
    return _(
        "Money is in USD at prices of 2023, discounted at {rate} a year from the second year of the plan on.", rate=rate
    )


def spared_by_pathway(found: Plan) -> dict[str, float]:
    """The part of each pathway's spans that the plan spares (full model); NaN where no outcome is estimated."""
    chosen = [item for item in outcomes() if item.indicator in found.modelled]
    weighted = np.array([found.modelled[item.indicator] * shares_of_pathway()[item.indicator] for item in chosen])
    return dict(zip(PATHWAYS, map(float, pathway_worth(weighted, chosen)), strict=True))


def benefits(model: CityModel, found: Plan) -> Sentences:
    """Cost and benefit in money, and what the poorest receive of it."""
    cost = Cell(value=found.cost, unit="USD", id="cost")
    ratio = Cell(value=found.benefit_cost, form="ratio", id="benefit_cost")
    amount = money(found.cost, model.city.currency)
    if found.benefit_cost != found.benefit_cost:
        text = _(
            "Cost {cost} (present value); benefits in money are not estimated here, so the floor for the poorest fifth does not bind.",
            cost=amount,
        )
        return sentences([Sentence(text, numbers=(cost, ratio))], id="benefits")
    text = _(
        "Cost {cost} (present value); benefits counted in money are {ratio} times that.",
        cost=amount,
        ratio=words.ratio(found.benefit_cost),
    )
    return sentences([Sentence(text, numbers=(cost, ratio)), *_floor(found)], id="benefits")


def _floor(found: Plan) -> list[Sentence]:
    known, whole = sum(found.known_benefit_by_group), sum(found.benefit_by_group)
    if found.floor_met is None or not whole:
        return [Sentence(_("Who receives them is not known, so the floor for the poorest fifth does not bind."))]
    shares = found.known_benefit_by_group[0] / known, known / whole
    text = _(
        "{part} of them are known by income; of these the poorest fifth receives {share}. The rest is shared evenly.",
        part=percent(shares[1], 2),
        share=percent(shares[0]),
    )
    numbers = tuple(
        Cell(value=value, unit="share", id=name) for name, value in zip(("poorest", "known"), shares, strict=True)
    )
    lines = [Sentence(text, numbers=numbers)]
    if found.floor_cost > 0:
        left = percent(found.floor_cost, 2)
        lines.append(Sentence(_("Without the floor the plan would spare {share} of all spans more.", share=left)))
    if not found.floor_met:
        text = _(
            "On the full model the poorest fifth receives less than the floor of {floor}.", floor=percent(found.floor)
        )
        lines.append(Sentence(text, style="caution"))
    return lines


# what it changes


def changes(every: Sequence[Line]) -> Table:
    """What the plan changes in the last year, with the range and how likely it is for the better."""
    return change_table(every, title=_("What the plan changes in {year}", year=every[0].years[-1]))


# who benefits


def groups(model: CityModel, found: Plan) -> Chart | None:
    """The share of the plan's benefit by income, as bars and as a table."""
    whole = float(sum(found.benefit_by_group))
    if not whole > 0:
        return None
    return group_chart("benefit_by_income", {"plan": found.benefit_by_group}, [_("Share of benefit")])


def group_chart(id: str, by_case: Mapping[str, Sequence[float]], heads: Sequence[str]) -> Chart:
    """Shares of benefit by income group of one plan or of several, against equal shares."""
    names = [words.quintile_name(group) for group in QUINTILES]
    shares = {
        case: [value / sum(values) if sum(values) else nan for value in values] for case, values in by_case.items()
    }
    parts = [
        f"{head}: " + "; ".join(f"{n} {percent(x, 2)}" for n, x in zip(names, values, strict=True))
        for head, values in zip(heads, shares.values(), strict=True)
    ]
    columns = [("group", _("Income group"))]
    for case, head in zip(by_case, heads, strict=True):
        benefit = f"{head}: {words.lower_first(_('Benefit'))}" if len(by_case) > 1 else _("Benefit")
        columns += [(f"{case}_share", head), (f"{case}_benefit", benefit)]
    rows = []
    for place, (group, name) in enumerate(zip(QUINTILES, names, strict=True)):
        cells = [Cell(name, id=group)]
        for case, values in by_case.items():
            share = shares[case][place]
            cells += [
                Cell(value=share, unit="share", group=group),
                Cell(value=float(values[place]), unit="USD", group=group),
            ]
        rows.append(Row(tuple(cells), group))
    twin = table(columns, rows, _("Who benefits, by income"), f"{id}_table", units="column")
    series = tuple(Series(case, head, tuple(shares[case])) for case, head in zip(by_case, heads, strict=True))
    return Chart(
        kind="bars",
        table=twin,
        text=". ".join(parts) + ".",
        title=_("Who benefits, by income"),
        id=id,
        unit="share",
        axis=tuple(names),
        series=series,
        limit=1 / len(QUINTILES),
        limit_name=_("equal share"),
        pathway="equitable",
    )


def changes_by_group(model: CityModel, case: Case) -> Table:
    """Burdens by income in the last year, without and with a case."""
    names = [name for name in roles("shown by group") if name in model.graph.nodes]
    values = {
        name: array for name, array in model.run(names, [BASELINE, case]).items() if not isinstance(array, NotEstimated)
    }
    last = int(model.years[-1])
    columns = [
        ("indicator", _("Indicator")),
        ("case", ""),
        *((group, words.quintile_name(group)) for group in QUINTILES),
    ]
    rows = []
    for name, array in values.items():
        unit, pathway = model.graph.nodes[name].unit, model.graph.nodes[name].pathway
        for at, (asked, head) in enumerate((("", _("as it goes")), (case.name, _("with the plan")))):
            series = array[at if array.shape[0] > 1 else 0, 0, -1, 0, :, 0]
            cells = [
                Cell(value=float(series[place]), unit=unit, node=name, year=last, group=group, case=asked)
                for place, group in enumerate(QUINTILES)
            ]
            rows.append(
                Row((Cell(name_of(name), id=name), Cell(head, id=asked or "baseline"), *cells), f"{name}_{at}", pathway)
            )
    return table(
        columns,
        rows,
        _("By income group in {year}: without and with the plan", year=last),
        "by_income",
        units="row",
        folded=True,
    )


# money by year


def spending(model: CityModel, found: Plan) -> Chart:
    """Public spending by year under the budget."""
    pairs = [(y, x) for y, x in zip(found.years, found.public_spending, strict=True) if y >= found.start]
    years, values = tuple(year for year, _value in pairs), tuple(value for _year, value in pairs)
    most = max(range(len(years)), key=lambda place: values[place])
    text = _(
        "Public spending by year, from {low} to {high} (most in {year}), under a budget of {budget} a year.",
        low=words.dollars(min(values)),
        high=words.dollars(max(values)),
        year=years[most],
        budget=words.dollars(found.budget),
    )
    currency = model.city.currency
    rows = [
        Row((Cell(str(year)), Cell(value=value, unit="USD", year=year, note=local_money(value, currency))), str(year))
        for year, value in pairs
    ]
    twin = table(
        [("year", _("Year")), ("spent", _("Public spending"))], rows, id="spending_table", folded=True, style="dense"
    )
    return Chart(
        kind="columns",
        table=twin,
        text=text,
        title=_("Public spending by year"),
        id="spending",
        unit="USD",
        axis=years,
        series=(Series("public", _("Public spending"), values),),
        limit=found.budget,
        limit_name=_("budget"),
        pathway="low_emission",
    )


def turned(model: CityModel, found: Plan, most: int | None = None) -> Part:
    """What weak inputs would change in the plan."""
    title = _("Weak inputs (quality C) that would change the choice of actions")
    return flips(model, found.flips, title, most)
