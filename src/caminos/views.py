"""What the commands print: tables for people, JSON for programs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from caminos.console import NOT_ESTIMATED, PROBLEMS, Stop, emit, progress
from caminos.i18n import _, number
from caminos.model.indicator import label
from caminos.reports.sections import flip_text
from caminos.terminal import Terminal

if TYPE_CHECKING:
    from caminos.planning.city_model import Case, CityModel
    from caminos.planning.connect import Cell
    from caminos.planning.entry import Entry
    from caminos.planning.portfolio import Plan
    from caminos.planning.results import Value
    from caminos.problems import Problem

OUT = Terminal(markup=False)  # names of cities and paths may hold brackets
SHOWN = 12
PLAN_START = 2026  # as the plan's default


def table(title: str, *columns: str) -> Table:
    """A table with a title; the first column is text, the others numbers."""
    made = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for place, column in enumerate(columns):
        made.add_column(column, justify="left" if place == 0 else "right")
    return made


def name_of(node: str) -> str:
    """A node's name as people read it."""
    return _(label(node))


def with_range(value: float, low: float, high: float, unit: str = "") -> str:
    """`12 (8–20)`; years of the calendar (`unit` yr) are not rounded."""
    if value != value:
        return "–"
    if unit == "yr":
        ends = [_("after 2050") if item == float("inf") else f"{item:.0f}" for item in (value, low, high)]
        return ends[0] if ends[1] == ends[2] else f"{ends[0]} ({ends[1]} … {ends[2]})"
    shown = [number(item) for item in (value, low, high)]
    return shown[0] if len(set(shown)) == 1 else f"{shown[0]} ({shown[1]} … {shown[2]})"


def million(value: float) -> str:
    """Dollars in millions."""
    return number(value / 1e6)


def show_new(name: str, out: Path | None, population: int | None, as_json: bool) -> None:
    """Make a city package."""
    from caminos.city.new import new_city
    from caminos.city.places import PlaceError

    try:
        folder = new_city(name, out, population)
    except PlaceError as error:
        lines = [
            f"  {place.name}, {place.region}, {place.country} ({number(place.population)})"
            for place in error.candidates
        ]
        raise Stop("\n".join([str(error), *lines])) from None
    except FileExistsError as error:
        raise Stop(str(error)) from None
    if as_json:
        emit({"folder": folder})
        return
    OUT.print(_("Made {folder}. Every value in it is a default: replace them one by one in facts.csv.", folder=folder))
    OUT.print(_("Next: caminos diagnose {folder}", folder=folder))


def show_check(folder: Path, as_json: bool) -> None:
    """Every problem of a city's files."""
    from caminos.city.check import check_city

    problems = check_city(folder)
    if not any(problem.severity == "error" for problem in problems):
        problems += _model_problems(folder)
    errors = [problem for problem in problems if problem.severity == "error"]
    if as_json:
        emit([asdict(problem) for problem in problems])
    else:
        for problem in problems:
            place = ":".join(str(part) for part in (problem.file, problem.row, problem.column) if part)
            OUT.print(f"{_(problem.severity)}  {place}", highlight=False, style="bold")
            OUT.print(f"    {problem.message} {problem.fix}", highlight=False, markup=False)
        warnings = len([problem for problem in problems if problem.severity == "warning"])
        open_questions = len(problems) - len(errors) - warnings
        OUT.print(
            _("{errors} errors, {warnings} warnings, {others} not checkable.",
              errors=len(errors), warnings=warnings, others=open_questions)
        )  # fmt: skip
    if errors:
        raise Stop("", PROBLEMS)


def _model_problems(folder: Path) -> list[Problem]:
    """Faults that only the whole model shows: the city's own actions, and overridden parameters."""
    from caminos.city.package import read_city
    from caminos.planning.city_model import CityModel
    from caminos.problems import ERROR, CaminosError, Problem

    try:
        CityModel(read_city(folder))
    except CaminosError as error:
        fix = _("Put it right in the folder actions/ of the city.")
        return [Problem(ERROR, "actions", None, "", line, fix) for line in str(error).splitlines()]
    return []


def show_diagnosis(model: CityModel, draws: int, as_json: bool) -> None:
    """All headlines, the inventory and what is unknown."""
    from caminos.planning.diagnosis import diagnose, protection_benefit_cost, reconcile, unknown

    with progress(model, _("diagnosis")):
        standings = diagnose(model, draws)
    inventory = reconcile(model)
    missing = unknown(model)
    protection = protection_benefit_cost(model, PLAN_START, draws)
    if as_json:
        found = {"headlines": standings, "inventory": inventory, "unknown": missing}
        emit(found | {"flood_protection_benefit_cost": protection})
        return
    OUT.print(_("{city}, base year {year}", city=model.city.name, year=model.city.base_year), style="bold")
    pathway = ""
    made = table("", "")
    for item in standings:
        if item.headline.pathway != pathway:
            if pathway:
                OUT.print(made)
            pathway = item.headline.pathway
            first, last = str(model.years[0]), str(model.years[-1])
            made = table(f"\n{_(label(pathway))}", _("headline"), _("unit"), first, last, _("target"), _("quality"))
        if not item.estimated:
            made.add_row(item.label, item.unit, _("not estimated"), "", "", ", ".join(item.missing))
            continue
        start, end = item.values[0], item.values[-1]
        now = with_range(start.value, start.low, start.high, item.unit)
        later = with_range(end.value, end.low, end.high, item.unit) if len(item.values) > 1 else ""
        made.add_row(
            item.label,
            item.unit,
            now,
            later,
            with_range(item.target, item.target, item.target, item.unit),
            item.quality,
        )
    OUT.print(made)
    made = table(f"\n{_('Inventory, t CO2e')}", _("sector"), _("published"), _("model"), _("city's own"))
    for row in inventory:
        own = f"{number(row.own)} ({row.own_year})" if row.own == row.own else "–"
        made.add_row(_(row.sector), number(row.published), number(row.modelled), own)
    OUT.print(made)
    if protection is not None:
        ratio = with_range(protection.value, protection.low, protection.high)
        OUT.print(f"\n{_('Flood protection: benefits over costs')}: {ratio}", highlight=False)
        for caveat in protection.caveats:
            OUT.print(f"  {caveat}", highlight=False)
    OUT.print(f"\n{_('Not known, or replaced by a prior')}", style="bold")
    for name, meaning in missing:
        OUT.print(f"  {name}: {_(meaning)}", highlight=False, markup=False)


def show_entry(model: CityModel, start: int, weights: list[float] | None, as_json: bool) -> None:
    """The ranking of actions and challenges."""
    from caminos.planning.entry import entry

    with progress(model, _("ranking")):
        found = entry(model, start, weights)
    if as_json:
        emit(found)
        return
    print_entry(model, found)


def print_entry(model: CityModel, found: Entry, most: int = SHOWN) -> None:
    """The ranking as a table, with its reasons."""
    made = table(
        _("Challenges: the widest gaps to target in 2050"),
        _("headline"),
        _("2050"),
        _("target"),
        _("unit"),
        _("most closed by"),
    )
    for challenge in [item for item in found.challenges if item.relative_gap > 0][:8]:
        best = (
            f"{_(model.actions[challenge.best_action].name)} ({number(100 * challenge.closed_by_best, 2)} %)"
            if challenge.best_action
            else "–"
        )
        made.add_row(
            name_of(challenge.indicator), number(challenge.future), number(challenge.target), challenge.unit, best
        )
    OUT.print(made)
    made = table(
        f"\n{_('Entry points: effect on all pathways per cost, times readiness')}", _("action"), _("rank, with weak inputs at their ends"),
        _("% of all gaps closed"), _("cost, million USD"), _("readiness"), _("benefit / cost"),
    )  # fmt: skip
    for item in found.ranking[:most]:
        span = f"{item.rank} ({item.highest_rank}…{item.lowest_rank})" if item.weak else str(item.rank)
        made.add_row(
            _(item.name), span, number(100 * item.effect, 2), million(item.cost), number(item.readiness, 2),
            number(item.benefit_cost, 2),
        )  # fmt: skip
    OUT.print(made)
    if found.flips:
        OUT.print(f"\n{_('What a weak input (quality C) at one end of its range would change')}", style="bold")
        for flip in found.flips[:SHOWN]:
            OUT.print(f"  {flip_text(model, flip)}", highlight=False, markup=False)
    if found.left_out:
        OUT.print(f"\n{_('Shown, not ranked')}", style="bold")
        for action, reason in found.left_out.items():
            OUT.print(f"  {_(model.actions[action].name)}: {reason}", highlight=False, markup=False)


def show_connections(model: CityModel, action: str, start: int, draws: int, as_json: bool) -> None:
    """What one action moves."""
    from caminos.planning.connect import connect

    with progress(model, _("connections")):
        found = connect(model, action, start, draws)
    if as_json:
        emit(found)
        return
    OUT.print(
        _(
            "{action} in {city}, begun in {year}",
            action=_(model.actions[found.action].name),
            city=model.city.name,
            year=start,
        ),
        style="bold",
    )
    made = table("", _("headline"), _("pathway"), _("unit"), "2030", "2040", "2050", _("better?"))
    by_name: dict[str, list[Any]] = {}
    for change in found.changes:
        by_name.setdefault(change.indicator, []).append(change)
    for name, changes in by_name.items():
        cells = {str(change.year): with_range(change.value, change.low, change.high) for change in changes}
        better = changes[-1].better
        mark = "" if better is None else _("yes") if better else _("no: a trade-off")
        made.add_row(
            name_of(name),
            _(label(changes[0].pathway)),
            changes[0].unit,
            *(cells.get(y, "") for y in ("2030", "2040", "2050")),
            mark,
        )
    OUT.print(made)
    made = table(f"\n{_('By income quintile in 2050')}", _("indicator"), _("unit"), *("q1", "q2", "q3", "q4", "q5"))
    for name in dict.fromkeys(change.indicator for change in found.groups):
        row = [change for change in found.groups if change.indicator == name]
        if any(change.value for change in row):
            made.add_row(name_of(name), row[0].unit, *(number(change.value) for change in row))
    OUT.print(made)
    OUT.print(f"\n{_('The links that carry it (change of each end when only its start moves, 2050)')}", style="bold")
    seen = set()
    for steps in found.chains.values():
        for step in steps:
            if step.connection and (step.source, step.target) not in seen:
                seen.add((step.source, step.target))
                by = (
                    f"{number(step.change)} {step.unit}"
                    if step.change == step.change
                    else _("by up to {share} %", share=number(100 * step.relative, 2))
                )
                OUT.print(
                    f"  {name_of(step.source)} → {name_of(step.target)}: {by}"
                    f"  [{step.connection.source}; {step.connection.confidence}]", highlight=False, markup=False,
                )  # fmt: skip
    if found.unmoved:
        names = ", ".join(name_of(name) for name in found.unmoved)
        OUT.print(f"\n{_('Moved by less than 0.01 %')}: {names}", highlight=False, markup=False)
    if found.not_estimated:
        OUT.print(f"\n{_('Not estimated')}", style="bold")
        for name, reason in found.not_estimated.items():
            OUT.print(f"  {name_of(name)}: {reason}", highlight=False, markup=False)


def _cell(cell: Cell) -> str:
    """A cell of the matrix; one without evidence that nothing moves stays empty."""
    if cell.reason and not cell.helping and not cell.harming:
        return "–"
    return f"{number(100 * cell.mean_closure, 2)}  (+{cell.helping} −{cell.harming})"


def show_matrix(model: CityModel, start: int, as_json: bool) -> None:
    """Entry pathway by pathway moved."""
    from caminos.model.indicator import PATHWAYS
    from caminos.planning.connect import matrix

    with progress(model, _("connections")):
        cells = matrix(model, start)
    if as_json:
        emit(cells)
        return
    made = table(
        _("Mean share of a pathway's gaps closed by the actions that enter on another, %"), _("entry pathway"),
        *(_(label(pathway)) for pathway in PATHWAYS),
    )  # fmt: skip
    for entry in PATHWAYS:
        row = [cell for cell in cells if cell.entry == entry]
        made.add_row(_(label(entry)), *(_cell(c) for c in row))
    OUT.print(made)
    for cell in cells:
        if cell.reason:
            OUT.print(
                f"{_(label(cell.entry))} → {_(label(cell.moved))}: {_(cell.reason)}", highlight=False, markup=False
            )


def show_plan(
    model: CityModel, budget: float, start: int, weights: list[float] | None, floor: float, sensitivity: bool,
    out: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """The plan."""
    from caminos.files import refuse_special
    from caminos.planning.portfolio import plan

    if out is not None:
        refuse_special(out)
    with progress(model, _("planning")):
        found = plan(model, budget, start, weights, floor, sensitivity)
    if out is not None:
        from caminos.planning.files import write_plan

        write_plan(model, found, out)
    if as_json:
        emit(found)
        return
    print_plan(model, found)


def print_plan(model: CityModel, found: Plan) -> None:
    """The chosen measures, and the optimiser's estimate beside the full model."""
    made = table(
        _("Plan for {city} from {start}, {budget} million USD a year", city=model.city.name, start=found.start, budget=million(found.budget)),
        _("action"), _("begins"), _("% of full scale"), _("size"), _("unit"),
    )  # fmt: skip
    sizes = model.run([model.actions[measure.action].size for measure in found.measures])
    for measure in found.measures:
        action = model.actions[measure.action]
        size = float(sizes[action.size].reshape(-1)[0]) * measure.scale
        made.add_row(_(action.name), str(measure.start), number(100 * measure.scale), number(size), action.size_unit)
    OUT.print(made)
    OUT.print(
        _("Share of all gaps closed: the optimiser expects {estimate} %, the full model says {model} % (difference {difference} points).",
          estimate=number(100 * found.objective), model=number(100 * found.objective_modelled),
          difference=number(100 * (found.objective_modelled - found.objective), 2))
    )  # fmt: skip
    from caminos.planning.assessment import central

    OUT.print(
        _("Money is in USD at prices of 2023, discounted at {rate} % a year from the second year of the plan on.",
          rate=number(100 * central(model, "real_discount_rate"))),
        highlight=False,
    )  # fmt: skip
    if found.benefit_cost != found.benefit_cost:
        OUT.print(
            _(
                "Cost {cost} million USD (present value); benefits in money are not estimated here, so the floor for the poorest fifth does not bind.",
                cost=million(found.cost),
            )
        )
    else:
        _print_benefits(found)
    if found.flips:
        OUT.print(_("Weak inputs (quality C) that would change the choice of actions:"), style="bold")
        for flip in found.flips[:SHOWN]:
            OUT.print(f"  {flip_text(model, flip)}", highlight=False, markup=False)


def _print_benefits(found: Plan) -> None:
    OUT.print(
        _("Cost {cost} million USD (present value); benefits counted in money are {ratio} times that.",
          cost=million(found.cost), ratio=number(found.benefit_cost, 2)),
        highlight=False,
    )  # fmt: skip
    known, whole = sum(found.known_benefit_by_group), sum(found.benefit_by_group)
    if found.floor_met is None or not whole:
        OUT.print(_("Who receives them is not known, so the floor for the poorest fifth does not bind."))
        return
    OUT.print(
        _("{part} % of them are known by income; of these the poorest fifth receives {share} %. The rest is shared evenly.",
          part=number(100 * known / whole, 2), share=number(100 * found.known_benefit_by_group[0] / known, 3)),
        highlight=False,
    )  # fmt: skip
    if found.floor_cost > 0:
        OUT.print(
            _(
                "The floor leaves {share} % of all gaps open that the plan without it would close.",
                share=number(100 * found.floor_cost, 2),
            )
        )
    if not found.floor_met:
        OUT.print(
            _(
                "On the full model the poorest fifth receives less than the floor of {floor} %.",
                floor=number(100 * found.floor),
            )
        )


def case_with(model: CityModel, action: str, start: int) -> Case:
    """The baseline, or one action at full scale."""
    from caminos.planning.assessment import check_question
    from caminos.planning.city_model import BASELINE, Case, Measure
    from caminos.planning.connect import find_action

    if not action:
        return BASELINE
    chosen = find_action(model, action)
    check_question(model, start)
    return Case(chosen, (Measure(chosen, start),))


def show_explanation(
    model: CityModel, name: str, year: int | None, zone: str, group: str, kind: str, action: str, start: int,
    draws: int, as_json: bool,
) -> None:  # fmt: skip
    """Where a number comes from."""
    from caminos.planning.explanation import explain

    found = explain(model, name, year, zone, group, kind, case_with(model, action, start), draws)
    if as_json:
        emit(found)
        return
    place = " ".join(str(found[key]) for key in ("year", "zone", "group", "kind") if found[key])
    OUT.print(f"{name_of(found['name'])} {place}", highlight=False, style="bold")
    if found["reason"]:
        OUT.print(found["reason"])
    else:
        OUT.print(
            f"{with_range(found['value'], found['low'], found['high'], found['unit'])} {found['unit']}", highlight=False
        )
    OUT.print(
        f"{found['meaning']}\n{_('Source')}: {found['source']}; {_('weakest input')}: {found['quality']}",
        highlight=False,
        markup=False,
    )
    for caveat in found["caveats"]:
        OUT.print(caveat, highlight=False, markup=False)
    if found["equation"]:
        OUT.print(f"\n{_('Equation')}", style="bold")
        OUT.print(found["equation"], highlight=False, markup=False)
    _print_records(found["records"], "")
    if found["inputs"]:
        OUT.print(f"\n{_('Inputs')}", style="bold")
    for item in found["inputs"]:
        values = ", ".join(
            f"{'/'.join(part for part in (v['zone'], v['group'], v['kind']) if part)} {number(v['value'])}".strip()
            for v in item["values"][:6]
        )  # fmt: skip
        link = f"  ⟵ {item['connection']}" if item["connection"] else ""
        OUT.print(
            f"  {item['name']} = {values} {item['unit']} ({_(item['role'])}){link}", highlight=False, markup=False
        )
        _print_records(item["records"], "      ")
    if found["connections"]:
        OUT.print(f"\n{_('Connections this number passed, and the number without each')}", style="bold")
    for link in found["connections"]:
        OUT.print(
            f"  {name_of(link['source_node'])} → {name_of(link['target_node'])} ({link['parameter']}): "
            f"{number(link['without'])}  [{link['source']}; {link['confidence']}]", highlight=False, markup=False,
        )  # fmt: skip


def _print_records(records: list[dict[str, Any]], indent: str) -> None:
    for record in records[:4]:
        span = (
            ""
            if record["low"] is None or record["low"] == record["high"]
            else f" ({number(record['low'])} … {number(record['high'])})"
        )
        where = "/".join(part for part in (record["zone"], record["group"], record["kind"]) if part)
        OUT.print(
            f"{indent}{where} {number(record['value'])}{span} {record['unit']} · {record['source']} · {record['quality']} · {record['date']}",
            highlight=False, markup=False,
        )  # fmt: skip
        if record["note"]:
            OUT.print(f"{indent}    {record['note']}", highlight=False, markup=False)


def show_number(
    model: CityModel, name: str, year: int | None, zone: str, group: str, kind: str, action: str, start: int,
    draws: int, as_json: bool,
) -> None:  # fmt: skip
    """One number, or all cells of it."""
    from caminos.planning.results import ask

    values = ask(model, name, year, zone, group, kind, case_with(model, action, start), draws)
    if as_json:
        emit(values)
    else:
        for value in values:
            OUT.print(_line(value), highlight=False, markup=False)
        for caveat in dict.fromkeys(text for value in values for text in value.caveats):
            OUT.print(f"  {caveat}", highlight=False, markup=False)
    if all(value.reason for value in values):
        raise Stop("", NOT_ESTIMATED)


def _line(value: Value) -> str:
    place = " ".join(str(part) for part in (value.year, value.zone, value.group, value.kind) if part)
    shown = value.reason or f"{with_range(value.value, value.low, value.high, value.unit)} {value.unit}"
    return f"{name_of(value.name)} {place}".rstrip() + f": {shown}"


def show_report(
    model: CityModel, budget: float, start: int, weights: list[float] | None, floor: float, out: Path, as_json: bool
) -> None:
    """Plan a city, write report, results and plan, and print a summary on one screen."""
    from caminos.files import inside, write_set
    from caminos.planning.entry import entry
    from caminos.planning.files import plan_text, results_bytes
    from caminos.planning.portfolio import plan
    from caminos.reports.report import FILE, render

    folder = inside(out, model.city.id)
    with progress(model, _("planning {city}", city=model.city.name)):
        ranking = entry(model, start, weights)
        found = plan(model, budget, start, weights, floor)
        contents: dict[str, str | bytes] = {
            "plan.toml": plan_text(model, found),
            "results.parquet": results_bytes(model, found),
            FILE: render(model, found, entry=ranking),
        }
        written = write_set(folder, contents)
    if as_json:
        emit({"files": written, "plan": found, "entry": ranking})
        return
    print_summary(model, ranking, found)
    for path in written:
        OUT.print(str(path), highlight=False)


def print_summary(model: CityModel, ranking: Entry, found: Plan) -> None:
    """The city on one screen: five headlines now, in 2050, and with the plan; the entry point; the plan."""
    from caminos.planning.city_model import BASELINE, Case
    from caminos.planning.results import node_of, value_at

    names = (
        "emissions_per_person",
        "canopy_cover",
        "waste_recovery_rate",
        "expected_annual_flooded_people",
        "energy_burden_of_poorest",
    )
    cases = [BASELINE, Case("plan", found.measures)]
    central, drawn = model.run(names, cases), model.run(names, cases, draws=200)
    last = int(model.years[-1])
    made = table(
        f"{model.city.name}", _("headline"), str(model.city.base_year), _("{year} as it goes", year=last),
        _("{year} with the plan", year=last), _("unit"),
    )  # fmt: skip
    for name in names:
        node = node_of(model, name)
        now = value_at(model, node, central[name], drawn[name], int(model.years[0]))
        later = value_at(model, node, central[name], drawn[name], last)
        planned = value_at(model, node, central[name], drawn[name], last, case=1)
        if now.reason:
            made.add_row(name_of(name), now.reason, "", "", "")
            continue
        made.add_row(name_of(name), *(with_range(v.value, v.low, v.high) for v in (now, later, planned)), node.unit)
    OUT.print(made)
    first = ranking.ranking[0]
    OUT.print(
        f"\n{_('Entry point')}: {_(first.name)} — "
        + _(
            "closes {effect} % of all gaps for {cost} million USD",
            effect=number(100 * first.effect, 2),
            cost=million(first.cost),
        ),
        highlight=False,
    )
    print_plan(model, found)
