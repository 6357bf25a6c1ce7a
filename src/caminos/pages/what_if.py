"""What if: the city as it goes beside one plan or several."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from caminos import words
from caminos.i18n import _
from caminos.model import DRAWS
from caminos.pages.entry import action_name
from caminos.pages.headlines import (
    LEAST,
    Line,
    change_table,
    headline_table,
    lacking,
    lines,
    moves,
    notes,
    trajectory,
    unmoved,
)
from caminos.pages.page import Cell, Page, Part, Row, Table, present, table
from caminos.pages.plan import group_chart, prices, size_cell
from caminos.planning.assessment import assess
from caminos.planning.city_model import Case, CityModel
from caminos.planning.files import Asked
from caminos.planning.results import RANGE


def run(model: CityModel, plan: Asked, draws: int = DRAWS) -> Page:
    """The page of "what would this plan do?"."""
    title = _("{city}: as it goes and with {plan}", city=model.city.name, plan=plan.name)
    return _page(model, [plan.case], plan.start, draws, title, "run")


def comparison(model: CityModel, plans: Sequence[Asked], draws: int = DRAWS) -> Page:
    """The page of "which of these plans?"; present values are those of the first year of the earliest plan."""
    cases = [Case(name, plan.measures) for name, plan in zip(apart([plan.name for plan in plans]), plans, strict=True)]
    title = _("{city}: {plans} compared", city=model.city.name, plans=", ".join(case.name for case in cases))
    return _page(model, cases, min(plan.start for plan in plans), draws, title, "comparison")


def apart(names: Sequence[str]) -> list[str]:
    """Names that differ: one that stands for several plans is numbered."""
    return [
        f"{name} ({names[: place + 1].count(name)})" if names.count(name) > 1 else name
        for place, name in enumerate(names)
    ]


def _page(model: CityModel, cases: Sequence[Case], start: int, draws: int, title: str, id: str) -> Page:
    every = lines(model, cases, draws)
    names = [case.name for case in cases]
    parts = present(
        *[
            totals(model, cases, start, draws),
            measures(model, cases),
            moved(every, names),
            changes(every, names),
            unmoved((line.headline.indicator for line in every if line.estimated and not moves(line)), LEAST),
            lacking(every),
            benefits(model, cases, start),
            notes(every),
            _all(every, names),
            _years(every, names),
        ]
    )
    return Page(title, parts, id, model.city.id)


def moved(every: Sequence[Line], names: Sequence[str]) -> Table:
    """The headlines that some plan moves, in the last year."""
    own = [line for line in every if line.estimated and moves(line)]
    return headline_table(own, names, ("cases", "target"), _("Headlines that change"), "moved")


def changes(every: Sequence[Line], names: Sequence[str]) -> Table:
    """By how much each plan changes them, and how likely that is for the better."""
    return change_table(every, names, _("What changes in {year}", year=every[0].years[-1]))


def _all(every: Sequence[Line], names: Sequence[str]) -> Page:
    parts = []
    for pathway in dict.fromkeys(line.headline.pathway for line in every):
        own = [line for line in every if line.headline.pathway == pathway]
        inner = present(headline_table(own, names, id=f"headlines_{pathway}"))
        if inner:
            parts.append(Page(words.pathway_name(pathway), inner, pathway, pathway=pathway))
    return Page(_("All headlines"), tuple(parts), "headlines", folded=True)


def _years(every: Sequence[Line], names: Sequence[str]) -> Page:
    charts = tuple(trajectory(line, names) for line in every if line.estimated and line.yearly)
    return Page(_("Year by year"), charts, "trajectories", folded=True)


def measures(model: CityModel, cases: Sequence[Case]) -> Table:
    """What each plan takes: first year and size."""
    actions = list(dict.fromkeys(measure.action for case in cases for measure in case.measures))
    columns = [("action", _("Action")), *((f"plan_{at}", case.name) for at, case in enumerate(cases, 1))]
    rows = []
    for action in actions:
        cells = [Cell(action_name(model, action), id=action)]
        for case in cases:
            own = [measure for measure in case.measures if measure.action == action]
            years = ", ".join(str(measure.start) for measure in own)
            size = size_cell(model, own[0]) if len(own) == 1 else Cell()
            cells.append(Cell(years or words.DASH, note=size.note))
        rows.append(Row(tuple(cells), action, model.actions[action].pathway))
    return table(columns, rows, _("Actions, by their first year"), "measures")


def totals(model: CityModel, cases: Sequence[Case], start: int, draws: int) -> Table:
    """Part of the spans spared, cost and benefit of each plan, with ranges over the draws."""
    central = assess(model, cases, start)
    found = [central, assess(model, cases, start, draws=draws) if draws else central]
    benefits = [item.benefit.sum(axis=-1) for item in found]
    ratios = [benefit / item.cost for benefit, item in zip(benefits, found, strict=True)]
    rows = [
        _total("worth", _("Part of all spans that it spares"), [item.effect() for item in found], "share"),
        _total("cost", _("Cost to everyone"), [item.cost for item in found], "USD"),
        _total("benefit", _("What people are spared"), benefits, "USD"),
        _total("benefit_cost", _("Benefit per dollar"), ratios, form="ratio"),
    ]
    columns = [("what", ""), *((f"plan_{at}", case.name) for at, case in enumerate(cases, 1))]
    title = _("In all, to {year}", year=int(model.years[-1]))
    return table(columns, rows, title, "totals", units="row", note=prices(model))


def _total(id: str, name: str, found: Sequence[np.ndarray], unit: str = "", form: str = "") -> Row:
    """One row: the central value of each plan with its range."""
    middle, spread = found
    cells = [Cell(name, id=id)]
    for at in range(len(middle)):
        low, high = (float(end) for end in np.percentile(spread[at], RANGE))
        value = float(middle[at, 0])
        missing = _("not estimated") if value != value else ""
        cells.append(Cell(missing, value, low, high, unit, form))
    return Row(tuple(cells), id)


def benefits(model: CityModel, cases: Sequence[Case], start: int) -> Part | None:
    """Who gains: the benefit of each plan by income."""
    found = assess(model, cases, start).benefit[:, 0]
    by_case = {f"plan_{at}": tuple(map(float, row)) for at, row in enumerate(found, 1) if row.sum() > 0}
    heads = [case.name for case, row in zip(cases, found, strict=True) if row.sum() > 0]
    return group_chart("benefit_by_income", by_case, heads) if by_case else None
