"""The report: one HTML file that opens from disk, prints well and needs no network and no script."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from math import isfinite
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from caminos.files import write_atomic
from caminos.i18n import _, language, number
from caminos.model.indicator import PATHWAYS
from caminos.model.values import NotEstimated
from caminos.planning.assessment import central
from caminos.planning.city_model import SEED, CityModel
from caminos.planning.connect import connect, matrix
from caminos.planning.diagnosis import latest_own_inventory, reconcile
from caminos.planning.entry import Entry
from caminos.planning.entry import entry as rank
from caminos.planning.portfolio import Plan
from caminos.planning.results import RANGE
from caminos.reports import charts, sections, words
from caminos.reports.sections import Layer, Line

FILE = "report.html"
FEW = 6  # zones up to this number are named one by one instead of in classes
START = 2026  # first year where there is no plan to say another


def write_report(
    model: CityModel, plan: Plan | None, folder: str | Path, draws: int = 200, entry: Entry | None = None, date: str = "",
) -> Path:  # fmt: skip
    """Write `report.html` for a city and its plan into `folder`, in the language in use; returns its path.

    `entry` is the ranking if it is known already; `date` is printed as given, nothing else in the
    file depends on when it is made. Without a plan the parts about it are left out.
    """
    page = render(model, plan, draws, entry, date)
    path = Path(folder) / FILE
    write_atomic(path, page)
    return path


def render(model: CityModel, plan: Plan | None, draws: int = 200, entry: Entry | None = None, date: str = "") -> str:
    """The page as text."""
    template = _environment().get_template("report.html.j2")
    return template.render(context(model, plan, draws, entry, date)) + "\n"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("caminos.reports"), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=StrictUndefined,
    )  # fmt: skip
    environment.globals.update(
        _=_,
        number=number,
        words=words,
        pathways=PATHWAYS,
        colours=charts.COLOURS,
        shades=charts.shades,
        percent=words.percent,
    )
    return environment


def context(model: CityModel, plan: Plan | None, draws: int, ranking: Entry | None, date: str) -> dict[str, Any]:
    """Everything the template lays out."""
    start = plan.start if plan is not None else START
    found = ranking or rank(model, start)
    middle, drawn = sections.evaluate(model, sections.plan_case(plan), draws)
    every = sections.lines(model, middle, drawn, plan is not None)
    cells = matrix(model, start)
    used = {measure.action for measure in plan.measures} if plan else set()
    used |= {ranked.action for ranked in found.ranking[: sections.TOP]}
    own = latest_own_inventory(model.city)
    return {
        "language": language(), "city": model.city, "country": words.country_name(model.city.country), "date": date, "version": _version(), "seed": SEED, "draws": draws,
        "base_year": int(model.years[0]), "last_year": int(model.years[-1]), "start": start, "plan": plan,
        "brief": sections.brief(model, every, found, plan),
        "glance": [_pathway_part(every, pathway) for pathway in PATHWAYS],
        "every": [sections.line_row(line) for line in every],
        "cards": sections.cards(model, found),
        "ranking": found.ranking, "ranked_names": {ranked.action: _(ranked.name) for ranked in found.ranking},
        "who": {ranked.action: sections.who(model.actions[ranked.action]) for ranked in found.ranking},
        "flips": sections.grouped_flips(model, [flip for flip in found.flips if not flip.first]),
        "weak_inputs": found.weak_inputs, "left_out": sections.left_out(model),
        "challenges": sections.challenge_rows(model, found.challenges),
        "matrix": sections.matrix_rows(cells), "empty_pairs": sections.empty_pairs(cells),
        "chain_groups": [
            (head, sections.chains(model, connect(model, action, start, draws)))
            for action, head in _chained(model, found)
        ],
        "trajectories": [_trajectory(line) for line in _main_lines(every)],
        **_maps(model),
        "groups": _groups(model, middle, plan) if plan else None,
        "measures": _measures(model, plan) if plan else [],
        "spending": _spending(model, plan) if plan else None,
        "plan_flips": sections.grouped_flips(model, plan.flips) if plan else [],
        "worse": [sections.line_row(line) | {"worse": words.percent(line.worse, 2)} for line in every if line.worse],
        "inventory": sections.inventory_rows(reconcile(model)), "own_inventory": own,
        "unreported": sections.unreported(model),
        "missing_facts": sections.gaps_of_knowledge(model)[0], "replaced_facts": sections.gaps_of_knowledge(model)[1],
        "method": method(model, draws),
        "sources": sections.source_rows(model, [model.actions[name] for name in sorted(used)]),
        "local_rate": words.local_rate(model.city.currency),
    }  # fmt: skip


def _chained(model: CityModel, found: Entry) -> list[tuple[str, str]]:
    """The actions whose chains are shown, with a heading each: the first, and the one that moves most pathways."""
    if not found.ranking:
        return []
    first, widest = found.ranking[0].action, sections.most_connected(found)
    heads = [(first, _("The chain that carries the first action: {action}", action=sections.action_name(model, first)))]
    if widest != first:
        text = _("The action that moves most pathways: {action}", action=sections.action_name(model, widest))
        heads.append((widest, text))
    return heads


def _version() -> str:
    try:
        return version("caminos")
    except PackageNotFoundError:
        return ""


def _pathway_part(every: list[Line], pathway: str) -> dict[str, Any]:
    rows = []
    for line in sections.at_a_glance(every, pathway):
        row = sections.line_row(line)
        row["bar"] = charts.way_bar(
            line.way(False), line.way(True), charts.COLOURS[pathway], f"{line.label}: {row['way']}"
        )
        rows.append(row)
    lacking = [line.label for line in every if line.headline.pathway == pathway and not line.estimated]
    return {"pathway": pathway, "rows": rows, "lacking": lacking}


def _main_lines(every: list[Line]) -> list[Line]:
    found = [sections.main_line(every, pathway) for pathway in PATHWAYS]
    return [line for line in found if line is not None]


def _trajectory(line: Line) -> dict[str, Any]:
    """One chart with its words and its table."""
    ends = [line.without] + ([line.planned] if line.planned else [])
    factor, unit = words.scale_of(line.unit, [float(x) for part in ends for x in (*part["mid"], line.target)])
    named = [(_("as it goes"), line.without, "rest")]
    if line.planned:
        named.append((_("plan"), line.planned, "plan"))
    bands = [
        (name, charts.Band(*(list(map(float, part[key])) for key in ("low", "mid", "high"))), css)
        for name, part, css in named
    ]
    first, last = line.years[0], line.years[-1]
    parts = [
        _("{name}: {value} in {year} ({span})", name=name, value=words.shown(band.mid[-1], line.unit, factor), year=last,
          span=words.span(band.low[-1], band.high[-1], line.unit, factor))
        for name, band, _css in bands
    ]  # fmt: skip
    text = _("{label}, {unit}, {first} to {last}. {now} in {first}. {parts}. Target {target}.",
             label=line.label, unit=unit, first=first, last=last, now=words.shown(line.now, line.unit, factor),
             parts="; ".join(parts), target=words.shown(line.target, line.unit, factor))  # fmt: skip
    shown = [year for year in line.years if year == first or year % 5 == 0]
    table = [
        (year, [(words.shown(band.mid[i], line.unit, factor), words.span(band.low[i], band.high[i], line.unit, factor))
                for _name, band, _css in bands])
        for i, year in enumerate(line.years)
        if year in shown
    ]  # fmt: skip
    colour = charts.COLOURS[line.headline.pathway]
    return {
        "line": line, "unit": unit, "heads": [name for name, _band, _css in bands], "table": table,
        "target": words.shown(line.target, line.unit, factor),
        "chart": charts.trajectory(line.years, bands, line.target, colour, text, factor),
    }  # fmt: skip


def _maps(model: CityModel) -> dict[str, Any]:
    """Maps by zone, the shapes they share, and one table for all of them."""
    found = sections.layers(model)
    zones = model.city.zones
    if not found or not zones:
        return {"maps": [], "shapes": "", "zone_table": [], "zone_count": len(zones), "zone_note": ""}
    drawn = charts.outlines(zones)
    names = {zone.id: zone.name for zone in zones}
    rows = [
        (zone.name, [words.percent(layer.values[zone.id]) if zone.id in layer.values else "" for layer in found])
        for zone in zones
    ]
    return {
        "maps": [_map(layer, drawn, names) for layer in found], "shapes": drawn.definitions,
        "zone_table": sorted(rows, key=lambda row: row[0].casefold()), "zone_count": len(zones),
        "zone_note": model.city.zoning.note if model.city.zoning else "",
    }  # fmt: skip


def _map(layer: Layer, drawn: charts.Outlines, names: dict[str, str]) -> dict[str, Any]:
    cuts = charts.breaks(list(layer.values.values()))
    sign = -1 if layer.worst_is_high else 1
    order = sorted(layer.values, key=lambda zone: (sign * layer.values[zone], names[zone]))
    few = len(order) <= FEW
    marked = order if few else order[:3]
    fills = charts.shades(charts.COLOURS[layer.pathway], len(cuts))
    lowest, highest = min(layer.values.values()), max(layer.values.values())
    legend = []
    for i, cut in enumerate(cuts):
        low = cuts[i - 1] if i else lowest
        text = words.percent(cut, 2) if low >= cut else f"{words.percent(low, 2)}–{words.percent(cut, 2)}"
        legend.append((fills[i], text))
    text = _("Map: {title}. {known} of {count} zones have a value, from {low} to {high}; the others are hatched.",
             title=layer.title, known=len(order), count=len(names), low=words.percent(lowest, 2),
             high=words.percent(highest, 2))  # fmt: skip
    beyond = [
        _("Not shown: {zone}, with {value} people in one count and {whole} in the other.", zone=names[zone],
          value=number(value, 6), whole=number(whole, 6))
        for zone, (value, whole) in layer.beyond.items()
    ]  # fmt: skip
    return {
        "layer": layer, "chart": charts.zone_map(drawn, layer.values, cuts, charts.COLOURS[layer.pathway], marked, text),
        "legend": [] if few else legend, "marked": [(names[zone], words.percent(layer.values[zone], 2)) for zone in marked],
        "marked_head": "" if few else _("Highest") if layer.worst_is_high else _("Lowest"), "beyond": beyond,
        "known": len(order), "unknown": len(names) - len(order),
    }  # fmt: skip


def _groups(model: CityModel, middle: dict[str, Any], plan: Plan) -> dict[str, Any]:
    found = sections.group_rows(model, middle, plan)
    bars = [(row["name"], row["share"], f"{words.percent(row['share'], 2)}") for row in found["rows"]]
    text = _(
        "Share of the plan's benefit by income: {parts}.",
        parts="; ".join(f"{name} {label}" for name, _share, label in bars),
    )
    found["chart"] = (
        charts.share_bars(bars, 0.2, _("equal share"), charts.COLOURS["equitable"], text) if found["whole"] > 0 else ""
    )
    return found


def _measures(model: CityModel, plan: Plan) -> list[dict[str, Any]]:
    rows = sections.measure_rows(model, plan)
    for row in rows:
        last = int(model.years[-1])
        full = str(row["full"]) if row["full"] <= last else _("after {year}", year=last)
        text = _(
            "prepared from {start}, first effect {effect}, fully in place {full}",
            start=row["start"],
            effect=row["effect"],
            full=full,
        )
        row["bar"] = charts.time_bar(
            plan.start, int(model.years[-1]), row["start"], row["effect"], row["full"], charts.COLOURS[row["pathway"]],
            f"{row['name']}: {text}",
        )  # fmt: skip
        row["when"] = f"{row['start']} · {row['effect']} · {full}"
    return rows


def _spending(model: CityModel, plan: Plan) -> dict[str, Any]:
    pairs = [(year, value) for year, value in zip(plan.years, plan.public_spending, strict=True) if year >= plan.start]
    years, values = [year for year, _value in pairs], [value for _year, value in pairs]
    most = max(range(len(years)), key=lambda i: values[i])
    text = _("Public spending by year, from {low} to {high} (most in {year}), under a budget of {budget} a year.",
             low=words.dollars(min(values)), high=words.dollars(max(values)), year=years[most], budget=words.dollars(plan.budget))  # fmt: skip
    currency = model.city.currency
    return {
        "chart": charts.yearly_bars(years, values, plan.budget, text, 1e-6),
        "table": [(year, words.dollars(value), words.local_money(value, currency)) for year, value in pairs],
        "budget": words.money(plan.budget, currency), "cost": words.money(plan.cost, currency),
        "rate": words.percent(central(model, "real_discount_rate")),
        "estimated": words.percent(plan.objective, 3), "modelled": words.percent(plan.objective_modelled, 3),
    }  # fmt: skip


def method(model: CityModel, draws: int) -> list[str]:
    """How the numbers are made, in five sentences."""
    low, high = RANGE
    rate = words.percent(central(model, "real_discount_rate"))
    return [
        _("The city's own figures and values from the literature enter a model of {nodes} linked equations on five pathways, whose units are checked.",
          nodes=len(model.graph.nodes)),
        _("An action moves something that the city controls, and the equations carry the effect to every headline on every pathway; nothing is scored by hand."),
        _("Each result is computed {draws} times with inputs drawn from their ranges; what is shown is the central value and the span from {low} to {high} % of the draws.",
          draws=draws, low=low, high=high),
        _("Actions are ranked by the part of all gaps to target that they close until {last} per dollar, times how ready the city is; the plan is the combination that closes most within the yearly budget, computed again on the full model.",
          last=int(model.years[-1])),
        _("Money is in US dollars at prices of 2023, later years discounted at {rate} a year; what lacks an input is not estimated, and is never counted as zero.",
          rate=rate),
    ]  # fmt: skip


def estimated(result: Any) -> bool:
    """Whether a result is a number."""
    return not isinstance(result, NotEstimated) and isfinite(float(result.reshape(-1)[-1]))
