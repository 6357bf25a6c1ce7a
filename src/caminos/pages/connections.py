"""What one action does to all five pathways, for whom, and along which links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite

from caminos import words
from caminos.i18n import _
from caminos.model.axes import QUINTILES
from caminos.model.indicator import PATHWAYS
from caminos.pages.change import better_cell, better_head, change_cell, likely
from caminos.pages.entry import action_name
from caminos.pages.headlines import unmoved
from caminos.pages.names import name_of, names_of
from caminos.pages.page import Cell, Chart, Page, Row, Sentence, Table, present, table
from caminos.pathways.tables import Connection, headlines
from caminos.planning.change import NEGLIGIBLE, Change
from caminos.planning.city_model import CityModel
from caminos.planning.connect import Connections, connect
from caminos.planning.explanation import Step
from caminos.planning.names import of


def connections(model: CityModel, action: str, start: int, draws: int = 500) -> Page:
    """The page of "what does this action move?"."""
    return connections_page(model, connect(model, action, start, draws))


def connections_page(model: CityModel, found: Connections) -> Page:
    """What an action moves, as a page."""
    name = action_name(model, found.action)
    title = _("{action} in {city}, begun in {year}", action=name, city=model.city.name, year=found.start)
    parts = present(
        changes(found),
        groups(found),
        Page(_("The strongest line of causes, by pathway"), tuple(chains(model, found)), "chains"),
        links(found),
        unmoved(found.unmoved, NEGLIGIBLE),
        not_estimated(found.not_estimated),
    )
    return Page(title, parts, "connections", model.city.id)


def changes(found: Connections) -> Table:
    """What each headline gains or loses by the action, by year."""
    years = sorted({change.year for change in found.changes})
    columns = [
        ("headline", _("Headline")),
        *((str(year), str(year)) for year in years),
        ("better", better_head(found.changes)),
    ]
    rows = []
    for name in dict.fromkeys(change.indicator for change in found.changes):
        by_year = {change.year: change for change in found.changes if change.indicator == name}
        last = by_year[max(by_year)]
        cells = [change_cell(by_year[year], found.action) if year in by_year else Cell() for year in years]
        rows.append(Row((Cell(name_of(name), id=name), *cells, better_cell(last)), name, last.pathway))
    return table(columns, rows, _("Change of every headline that it moves"), "changes", units="row")


def groups(found: Connections) -> Table:
    """The change in the last year by income."""
    moved = [change for change in found.groups if any(c.value for c in found.groups if c.indicator == change.indicator)]
    columns = [("indicator", _("Indicator")), *((group, words.quintile_name(group)) for group in QUINTILES)]
    rows = []
    for name in dict.fromkeys(change.indicator for change in moved):
        own = [change for change in moved if change.indicator == name]
        rows.append(
            Row((Cell(name_of(name), id=name), *(_of_group(c, found.action) for c in own)), name, own[0].pathway)
        )
    year = moved[0].year if moved else ""
    return table(columns, rows, _("By income in {year}", year=year), "by_income", units="row")


def _of_group(change: Change, action: str) -> Cell:
    return replace(change_cell(change, action), note=likely(change))


# the links


def links(found: Connections) -> Table:
    """Every declared connection that carries the action's effect."""
    steps = {(step.source, step.target): step for chain in found.chains.values() for step in chain if step.connection}
    rows = [
        Row((_from(step), _to(step), change_of(step, found.action), Cell(evidence(step.connection))))
        for step in steps.values()
        if step.connection
    ]
    title = _("The links that carry it (change of each end when only its start moves, 2050)")
    return table(link_columns(), rows, title, "links", style="chain")


def link_columns() -> list[tuple[str, str]]:
    """The columns of a table of links."""
    return [("from", _("From")), ("to", _("To")), ("change", _("Change")), ("evidence", _("Evidence"))]


def _from(step: Step) -> Cell:
    return Cell(name_of(step.source), id=step.source)


def _to(step: Step) -> Cell:
    return Cell(name_of(step.target), id=step.target)


def change_of(step: Step, action: str) -> Cell:
    """What a link alone changes at its end."""
    if step.change == step.change:
        return Cell(value=step.change, unit=step.unit, form="change", node=step.target, case=action)
    return Cell(_("by up to {share}", share=words.percent(step.relative, 2)))


def evidence(link: Connection | None) -> str:
    """Source and confidence of a connection."""
    return f"{link.source} · {words.confidence_name(link.confidence)}" if link else ""


def strongest(steps: Sequence[Step], target: str) -> list[Step]:
    """The chain that follows, from the target back, the argument that moves each end most."""
    chain: list[Step] = []
    while into := [step for step in steps if step.target == target]:
        most = max(into, key=lambda step: step.relative)
        chain.append(most)
        target = most.source
    return chain[::-1]


def chains(model: CityModel, found: Connections) -> list[Chart]:
    """For each pathway that an action moves, the headline it moves most and the strongest chain that carries it."""
    counted = {headline.indicator for headline in headlines() if headline.weight > 0}
    last = [
        change
        for change in found.changes
        if change.year == int(model.years[-1]) and change.better is not None and change.indicator in counted
    ]
    charts = []
    for pathway in PATHWAYS:
        own = [change for change in last if change.pathway == pathway and _complete(found, change.indicator)]
        if own:
            charts.append(_chain(found, max(own, key=lambda change: _interest(found, change))))
    return charts


def _complete(found: Connections, indicator: str) -> bool:
    """Whether the strongest chain to an indicator begins at the action itself."""
    chain = strongest(found.chains.get(indicator, ()), indicator)
    return bool(chain) and of(chain[0].source) == found.action


def _interest(found: Connections, change: Change) -> tuple[bool, float]:
    """Chains of several links before a lever that is itself the headline; then the widest relative change."""
    relative = abs(change.relative) if isfinite(change.relative) else 0.0
    return len(strongest(found.chains[change.indicator], change.indicator)) > 1, relative


def _chain(found: Connections, change: Change) -> Chart:
    steps = strongest(found.chains[change.indicator], change.indicator)
    rows = [
        Row(
            (_from(step), _to(step), change_of(step, found.action), Cell(evidence(step.connection))),
            pathway=step.target_pathway,
            style="cross" if _crosses(step) else "",
        )
        for step in steps
    ]
    name = name_of(change.indicator)
    verdict = likely(change) or (_("better") if change.better else _("worse, a trade-off"))
    text = f"{words.change(change.value, change.unit)}: {verdict}"
    note = Sentence(text, style="better" if change.better else "worse", numbers=(change_cell(change, found.action),))
    twin = table(link_columns(), rows, "", f"chain_{change.indicator}", style="chain")
    return Chart(
        kind="chain",
        table=twin,
        text=f"{name}: {text}",
        title=name,
        id=change.indicator,
        pathway=change.pathway,
        notes=(note,),
    )


def _crosses(step: Step) -> bool:
    return bool(step.source_pathway and step.target_pathway and step.source_pathway != step.target_pathway)


def every_edge(found: Connections, charts: Sequence[Chart]) -> Table:
    """All edges of the chains that are shown, folded."""
    rows = [
        Row(
            (
                Cell(name_of(chart.id), id=chart.id),
                _from(step),
                _to(step),
                change_of(step, found.action),
                Cell(evidence(step.connection)),
            )
        )
        for chart in charts
        for step in found.chains[chart.id]
    ]
    columns = [("headline", _("Headline")), *link_columns()]
    return table(columns, rows, _("Every edge of these chains"), f"edges_{found.action}", folded=True)


def not_estimated(lacking: Mapping[str, tuple[str, ...]]) -> Table:
    """Headlines that cannot be estimated, with what they lack."""
    rows = []
    for name, missing in lacking.items():
        rows.append(Row((Cell(name_of(name), id=name), Cell(names_of(missing))), name))
    columns = [("headline", _("Headline")), ("missing", _("There is no value for"))]
    return table(columns, rows, _("Not estimated"), "not_estimated")
