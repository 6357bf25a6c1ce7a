"""The council paper: the answers to all questions about a city and its plan, in one page."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from math import isfinite

from caminos import words
from caminos.actions.library import Action
from caminos.i18n import _, number
from caminos.model import DRAWS
from caminos.model.indicator import PATHWAYS
from caminos.pages import entry as entry_pages
from caminos.pages.connections import chains, every_edge
from caminos.pages.diagnosis import inventory, not_known
from caminos.pages.headlines import (
    Line,
    at_a_glance,
    case_heads,
    headline_table,
    lines,
    main_line,
    missing_cell,
    name_cell,
    now_cell,
    trajectory,
)
from caminos.pages.headlines import number as year_cell
from caminos.pages.matrix import matrix
from caminos.pages.names import country_name, local_rate, money, names_of
from caminos.pages.page import Cell, Page, Part, Row, Sentence, Sentences, Table, present, sentences, table
from caminos.pages.plan import (
    benefits,
    case_of,
    changes,
    changes_by_group,
    groups,
    measures,
    reach,
    spared_by_pathway,
    spending,
    turned,
)
from caminos.pages.zones import layers, partly_known, zones
from caminos.pathways.tables import headlines, roles
from caminos.planning.assessment import central
from caminos.planning.city_model import SEED, CityModel
from caminos.planning.connect import connect
from caminos.planning.entry import Entry
from caminos.planning.entry import entry as rank
from caminos.planning.portfolio import Plan
from caminos.planning.results import RANGE
from caminos.words import percent

START = 2026  # first year where there is no plan to say another
MONEY = ("discount rate", "staff of a programme", "public part of private action")


def report(
    model: CityModel, plan: Plan | None, draws: int = DRAWS, ranking: Entry | None = None, date: str = ""
) -> Page:
    """The paper of a city, with the parts about the plan where there is one; `date` is printed as given."""
    start = plan.start if plan is not None else START
    found = ranking or rank(model, start)
    every = lines(model, [case_of(plan)] if plan else [], draws)
    named = [""] if plan else []
    shown_parts: list[Part | None] = [
        facts(model, plan, draws, date),
        brief(model, every, found, plan),
        glance(every, named),
        where_to_begin(model, found),
        how_they_move(model, found, start, draws),
        the_way(model, every, named),
        *(plan_parts(model, plan, every) if plan else ()),
        zones(model),
        _inventory(model),
        unknown(model),
        method(model, draws),
        sources(model, plan, found),
    ]
    parts = present(*shown_parts)
    title = _("{city}: five pathways to {year}", city=model.city.name, year=int(model.years[-1]))
    return Page(title, parts, "report", model.city.id)


def facts(model: CityModel, plan: Plan | None, draws: int, date: str) -> Sentences:
    """What the paper is about, and what made it."""
    made = _("seed {seed}, {draws} draws", seed=SEED, draws=draws)
    rows = [
        (_("City"), f"{model.city.name}, {country_name(model.city.country)}"),
        (_("Base year"), str(model.city.base_year)),
    ]
    rows += [(_("Plan"), f"{plan.start}–{int(model.years[-1])}")] if plan else []
    rows += [(_("Date"), date)] if date else []
    rows += [(_("Model"), f"Caminos {_version()}, {made}".replace(" ,", ","))]
    return sentences([Sentence(text, head) for head, text in rows], id="facts", style="facts")


def _version() -> str:
    try:
        return version("caminos")
    except PackageNotFoundError:
        return ""


# in brief


def brief(model: CityModel, every: Sequence[Line], found: Entry, plan: Plan | None) -> Sentences:
    """The paper in a few sentences, each with a short heading."""
    texts = [
        _stands(model, every),
        *_begin(model, found),
        *(_planned(model, every, plan) if plan else []),
        _sure(model),
    ]
    return sentences([Sentence(text, head) for head, text in texts], _("In brief"), "brief", style="brief")


def _stands(model: CityModel, every: Sequence[Line]) -> tuple[str, str]:
    counted = [line for line in every if line.estimated and isfinite(line.target)]
    text = _(
        "{now} of {count} headline figures meet their target today. As things go, {later} would in {year}.",
        now=sum(line.met_now for line in counted),
        count=len(counted),
        later=sum(line.met(0) for line in counted),
        year=int(model.years[-1]),
    )
    return _("Where the city stands"), text


def _begin(model: CityModel, found: Entry) -> list[tuple[str, str]]:
    if not found.ranking:
        return []
    return [(_("Where to begin"), " ".join([entry_pages.answer(model, found), *entry_pages.dark(found)]))]


def _planned(model: CityModel, every: Sequence[Line], plan: Plan) -> list[tuple[str, str]]:
    currency, whole, closed = model.city.currency, sum(plan.benefit_by_group), spared_by_pathway(plan)
    found = [
        (
            _("The plan"),
            _(
                "{count} actions from {start}, within {budget} of public money a year; in all they cost everyone together {cost} to {last} (present value).",
                count=len(plan.measures),
                start=plan.start,
                budget=money(plan.budget, currency),
                cost=money(plan.cost, currency),
                last=int(model.years[-1]),
            ),
        )
    ]
    reached = [
        f"{words.pathway_name(name).lower()} {percent(closed[name], 2)}" for name in PATHWAYS if isfinite(closed[name])
    ]
    text = _("Part of each pathway's spans, from safe to worst, that it spares: {parts}.", parts=", ".join(reached))
    found.append((_("What it reaches"), text))
    if whole > 0:
        text = _(
            "For each dollar people are spared {ratio} dollars of deaths, flood damage, energy and water; the poorest fifth receives {share} of that.",
            ratio=words.ratio(plan.benefit_cost),
            share=percent(plan.benefit_by_group[0] / whole, 2),
        )
        found.append((_("For whom"), text))
    worse = [line.name for line in every if line.worse(1)]
    text = "; ".join(worse) + "." if worse else _("None of the headline figures.")
    return [*found, (_("What it makes worse"), text)]


def _sure(model: CityModel) -> tuple[str, str]:
    counts = quality_counts(model)
    text = _(
        "{weak} of the {count} inputs are recalled or assumed (quality C); every result shows the range that follows.",
        weak=counts["C"],
        count=sum(counts.values()),
    )
    return _("How sure this is"), text


def quality_counts(model: CityModel) -> dict[str, int]:
    """How many inputs behind the headlines are of each quality."""
    counts = dict.fromkeys("ABC", 0)
    for name in _behind_headlines(model) & set(model.inputs):
        if model.inputs[name].records:
            counts[model.inputs[name].quality] += 1
    return counts


def _behind_headlines(model: CityModel) -> set[str]:
    return {name for headline in headlines() for name in model.graph.needed((headline.indicator,))}


# the pathways


def glance(every: Sequence[Line], named: Sequence[str]) -> Page:
    """What each pathway is judged by: the headlines that count most, and all of them folded."""
    last = every[0].years[-1]
    lead = _(
        "What each pathway is judged by: today, in {year}, and the target. Small figures are the range in which the result falls nine times out of ten.",
        year=last,
    )
    parts = [_pathway(every, pathway, named) for pathway in PATHWAYS]
    key = sentences(
        [Sentence(_("The quality of a result is that of its weakest input."))], id="glance_key", style="key"
    )
    return Page(
        _("The five pathways at a glance"), present(key, *parts, all_headlines(every, named)), "glance", lead=lead
    )


def _pathway(every: Sequence[Line], pathway: str, named: Sequence[str]) -> Page:
    missing = [line.name for line in every if line.headline.pathway == pathway and not line.estimated]
    lines_ = [Sentence(_("Not estimated here: {names}", names=", ".join(missing)), style="lacking")] if missing else []
    parts = present(
        headline_table(at_a_glance(every, pathway), named, ("now", "cases", "target", "way"), id=f"glance_{pathway}"),
        sentences(lines_),
    )
    return Page(
        words.pathway_name(pathway),
        parts,
        f"glance_of_{pathway}",
        pathway=pathway,
        lead=words.pathway_meaning(pathway),
        style="pathway",
    )


def all_headlines(every: Sequence[Line], named: Sequence[str]) -> Table:
    """Every headline with its target and the source of it."""
    last = every[0].years[-1]
    columns = [
        ("headline", _("Headline")),
        ("pathway", _("Pathway")),
        ("now", str(every[0].years[0])),
        *case_heads(last, named),
        ("target", _("Target")),
        ("quality", _("Quality")),
    ]
    rows = [Row(_full(line, len(named)), line.headline.indicator, line.headline.pathway) for line in every]
    title = _("All {count} headline figures, with the source of each target", count=len(rows))
    return table(columns, rows, title, "all_headlines", units="row", folded=True)


def _full(line: Line, planned: int) -> tuple[Cell, ...]:
    pathway = Cell(words.pathway_name(line.headline.pathway), id=line.headline.pathway)
    if not line.estimated:
        return (name_cell(line), pathway, missing_cell(line), *(Cell() for _place in range(planned + 3)))
    lower = line.headline.direction == "lower"
    source = (
        f"{line.headline.source} ({line.headline.quality}); {_('lower is better') if lower else _('higher is better')}"
    )
    target = Cell(value=line.target, unit=line.unit, note=source)
    weak = _("{weak} of {count} inputs recalled or assumed", weak=line.recalled, count=line.inputs)
    cells = (year_cell(line, -1, case) for case in range(planned + 1))
    return (name_cell(line), pathway, now_cell(line), *cells, target, Cell(line.quality, note=weak))


def where_to_begin(model: CityModel, found: Entry) -> Page:
    """The first actions, the whole ranking, what could change it, what was left out, and the widest gaps."""
    lead = _(
        "The actions that the best use of the budget would lose most without, by what they spare on all five pathways. Costs are present values to {year}.",
        year=int(model.years[-1]),
    )
    none = sentences([] if found.ranking else [_("No action could be ranked with the figures that the city has.")])
    every: list[Part | None] = [
        none,
        entry_pages.verdict(model, found),
        Page("", present(*entry_pages.cards(model, found)), "cards", style="actions"),
        entry_pages.lenses(model, found),
        entry_pages.targets(model, found),
        entry_pages.to_find_out(found),
        entry_pages.to_light(found),
        entry_pages.ranking(model, found, folded=True),
        entry_pages.sureness(model, found),
        entry_pages.by_pathway(model, found),
        entry_pages.readiness(model, found),
        entry_pages.not_ranked(model, found),
        entry_pages.challenges(model, found.challenges, 6),
        entry_pages.variants(model, found),
        entry_pages.spans(found),
    ]
    parts = present(*every)
    return Page(_("Where to begin"), parts, "entry", lead=lead if found.ranking else "")


def how_they_move(model: CityModel, found: Entry, start: int, draws: int) -> Page:
    """The matrix, the pairs that nothing joins, and the chains of two actions."""
    of_matrix = matrix(model, start)
    of_actions = _chained_actions(model, found)
    chained = [_chained(model, *of, start, draws, lead=not place) for place, of in enumerate(of_actions)]
    title = _("How one pathway moves the others")
    return Page(title, present(*of_matrix.parts, *chained), "connections", lead=of_matrix.lead)


def _chained_actions(model: CityModel, found: Entry) -> list[tuple[str, str]]:
    """The actions whose chains are shown, with a heading each: the first, and the one that moves most pathways."""
    if not found.ranking:
        return []
    first, widest = found.ranking[0].action, found.widest
    text = _("The chain that carries the first action: {action}", action=entry_pages.action_name(model, first))
    other = _("The action that moves most pathways: {action}", action=entry_pages.action_name(model, widest))
    return [(first, text)] + ([(widest, other)] if widest != first else [])


def _chained(model: CityModel, action: str, head: str, start: int, draws: int, lead: bool) -> Page:
    found = connect(model, action, start, draws)
    charts = chains(model, found)
    text = _(
        "For each pathway it moves, a headline that changes by {year} and the strongest line of causes that leads there. The figure beside a step is what that step alone changes; a ring marks the passage from one pathway to another.",
        year=int(model.years[-1]),
    )
    inner = Page("", tuple(charts), f"chains_{action}_drawn", style="chains")
    return Page(head, present(inner, every_edge(found, charts)), f"chains_{action}", lead=text if lead else "")


def the_way(model: CityModel, every: Sequence[Line], named: Sequence[str]) -> Page:
    """The main headline of each pathway over the years."""
    found = [main_line(every, pathway) for pathway in PATHWAYS]
    charts = tuple(trajectory(line, named) for line in found if line is not None)
    lead = _("The main headline of each pathway. Shaded: the range in which nine of ten computations fall.")
    return Page(_("The way to {year}", year=int(model.years[-1])), charts, "trajectories", lead=lead, style="grid")


# the plan


def plan_parts(model: CityModel, plan: Plan, every: Sequence[Line]) -> tuple[Page, ...]:
    """The plan and its money, who benefits, and what gets worse."""
    rate = percent(central(model, roles("discount rate")[0]))
    lead = _(
        "{count} actions within {budget} of public money a year. All together, public and private, they cost {cost} (present value at {rate} a year).",
        count=len(plan.measures),
        budget=money(plan.budget, model.city.currency),
        cost=money(plan.cost, model.city.currency),
        rate=rate,
    )
    parts = present(
        spending(model, plan), measures(model, plan), reach(model, plan), changes(every), turned(model, plan)
    )
    return Page(_("The plan and what it costs"), parts, "plan", lead=lead), _who_benefits(model, plan), _worse(every)


def _who_benefits(model: CityModel, plan: Plan) -> Page:
    lead = _(
        "What the plan spares the people of each income group in deaths, flood damage, energy and water to {year} (present value). Causes known only for the whole city are shared evenly.",
        year=int(model.years[-1]),
    )
    parts = present(groups(model, plan), benefits(model, plan), changes_by_group(model, case_of(plan)))
    return Page(_("Who benefits"), parts, "benefit", lead=lead)


def _worse(every: Sequence[Line]) -> Page:
    worse = [line for line in every if line.worse(1)]
    if not worse:
        return Page(_("Trade-offs"), (sentences([_("No headline figure gets worse by the plan.")]),), "worse")
    last = every[0].years[-1]
    lead = _("Headline figures that the plan makes worse in {year} than they would be without it.", year=last)
    found = headline_table(worse, [""], ("cases", "worse"), id="worse_table")
    return Page(_("Trade-offs"), (found,), "worse", lead=lead)


# inventory, what is not known, method, sources


def _inventory(model: CityModel) -> Page:
    from dataclasses import replace

    lead = _(
        "Three readings of the same city, in t CO₂e a year. Where they differ, their sources and boundaries differ; none is corrected to fit another."
    )
    return replace(inventory(model), lead=lead)


def unknown(model: CityModel) -> Page:
    """Facts that the city lacks, facts that others stand in for, and facts known for some zones only."""
    return Page(_("What is not known"), present(*not_known(model), partly_known(model)), "unknown")


def method(model: CityModel, draws: int) -> Page:
    """How the numbers are made."""
    low, high = RANGE
    currency, rate = model.city.currency, local_rate(model.city.currency)
    texts = [
        _(
            "The city's own figures and values from the literature enter a model of {nodes} linked equations on five pathways, whose units are checked.",
            nodes=len(model.graph.nodes),
        ),
        _(
            "An action moves something that the city controls, and the equations carry the effect to every headline on every pathway; nothing is scored by hand."
        ),
        _(
            "Each result is computed {draws} times with inputs drawn from their ranges; what is shown is the central value and the span from {low} to {high} % of the draws.",
            draws=draws,
            low=low,
            high=high,
        ),
        _(
            "Each outcome has a span, the same for every city, from a safe level to the worst that is observed. Actions are ranked by what the best use of the budget would lose without them, in parts of these spans until {last}; the plan is the combination that spares most within the yearly budget, computed again on the full model.",
            last=int(model.years[-1]),
        ),
        _(
            "Money is in US dollars at prices of 2023, later years discounted at {rate} a year; what lacks an input is not estimated, and is never counted as zero.",
            rate=percent(central(model, roles("discount rate")[0])),
        ),
    ]
    lines_ = [Sentence(" ".join(texts))]
    if rate == rate:
        text = _(
            "Sums in {currency} are dollars of 2023 at that year's mean rate of {rate} {currency} per dollar.",
            currency=currency,
            rate=number(rate, 4),
        )
        lines_.append(Sentence(text, style="note"))
    return Page(_("Method"), (sentences(lines_),), "method")


def sources(model: CityModel, plan: Plan | None, found: Entry) -> Page:
    """Every source of a number behind the headlines and behind the cost of the actions that are shown."""
    used = {measure.action for measure in plan.measures} if plan else set()
    used |= {item.action for item in found.ranking[: entry_pages.TOP]}
    rows = source_rows(model, [model.actions[name] for name in sorted(used)])
    columns = [("source", _("Source")), ("quality", _("Quality")), ("year", _("Year")), ("uses", _("Used for"))]
    title = _("All {count} sources, with quality, year and what they are used for", count=len(rows))
    key = sentences(
        [Sentence(_("The quality of a result is that of its weakest input."))], id="sources_key", style="key"
    )
    return Page(
        _("Sources"),
        (key, table(columns, rows, title, "sources_table", folded=True, style="cards dense sources")),
        "sources",
    )


def source_rows(model: CityModel, actions: Sequence[Action]) -> list[Row]:
    """One row a source, with what it is used for."""
    used = _behind_headlines(model) | {name for part in MONEY for name in roles(part)}
    for action in actions:
        names = (action.size, action.capital_cost, action.operating_cost, action.lifetime, action.lead_time)
        used |= {item for name in names if name for item in model.graph.needed((name,))}
    licences = {fact.source: fact.licence for fact in model.city.facts}
    found: dict[str, list[tuple[str, str, str]]] = {}
    for name in sorted(used & set(model.inputs)):
        for record in model.inputs[name].records:
            found.setdefault(record.source, []).append((names_of([name]), record.quality, record.date))
    for layer in layers(model):
        for source in layer.sources:
            found.setdefault(source, []).append((words.lower_first(layer.title), layer.quality, layer.when[:4]))
    return [
        _source(source, uses, licences.get(source, ""))
        for source, uses in sorted(found.items(), key=lambda item: item[0].casefold())
    ]


def _source(source: str, uses: Sequence[tuple[str, str, str]], licence: str) -> Row:
    dates = sorted({date for _name, _quality, date in uses if date})
    when = dates[0] if len(dates) == 1 else f"{dates[0]}–{dates[-1]}" if dates else ""
    qualities = ", ".join(sorted({quality for _name, quality, _date in uses}))
    named = ", ".join(dict.fromkeys(name for name, _quality, _date in uses))
    return Row((Cell(source, note=licence), Cell(qualities), Cell(when), Cell(named)))
