"""Where a city stands: every headline, its inventory, and what is not known."""

from __future__ import annotations

from math import isfinite, isnan, nan

from caminos import words
from caminos.city.bundled import typed
from caminos.i18n import _
from caminos.model import DRAWS
from caminos.pages.headlines import Line, by_year, lines, notes, pathway_pages
from caminos.pages.names import name_of
from caminos.pages.page import Cell, Mark, Page, Part, Row, Sentence, Table, in_order, present, sentences, table
from caminos.pathways.tables import headlines, role
from caminos.planning.city_model import CityModel
from caminos.planning.diagnosis import SECTORS, latest_own_inventory, protection_benefit_cost, reconcile, unknown

START = 2026  # first year of the protection that is judged, as the plan's default


def diagnosis(model: CityModel, draws: int = DRAWS) -> Page:
    """The page of the question "where do we stand?"."""
    every = lines(model, draws=draws)
    title = _("{city}: where the city stands", city=model.city.name)
    parts = present(
        *pathway_pages(every),
        notes(every),
        by_year(every),
        inventory(model),
        protection(model, draws),
        *not_known(model),
    )
    return Page(title, (*parts, _hint(model, every)), "diagnosis", model.city.id)


def _hint(model: CityModel, every: list[Line]) -> Part:
    known = [line.headline.indicator for line in every if line.estimated] or [headlines()[0].indicator]
    text = _("Where a number comes from: caminos explain {city} {name}", city=typed(model.city.path), name=known[0])
    keys = " · ".join(f"{letter}: {words.quality_name(letter)}" for letter in "ABC")
    return sentences(
        [
            Sentence(_("Quality is that of the weakest input. {keys}.", keys=keys), style="note"),
            Sentence(text, style="hint"),
        ],
        id="hints",
    )


# the inventory


def inventory(model: CityModel) -> Page:
    """The sectors of the inventory as published, as modelled and as the city's own has them."""
    return Page(
        _("The emissions inventory"), present(inventory_table(model), unreported(model)), "inventory", model.city.id
    )


def inventory_table(model: CityModel) -> Table:
    """Three readings of the same city, and the sums of what is estimated in each."""
    own = latest_own_inventory(model.city)
    base = int(model.years[0])
    columns = [
        ("sector", _("Sector")),
        ("published", _("As published")),
        ("modelled", _("As modelled, {year}", year=base)),
    ]
    columns += [("own", _("The city's own, {year}", year=own.year))] if own else []
    found = reconcile(model)
    values = [(row.published, row.modelled, row.own)[: len(columns) - 1] for row in found]
    widest = max((abs(x) for row in values for x in row if isfinite(x)), default=1.0) or 1.0
    rows = [
        Row((Cell(words.sector_name(row.sector), id=row.sector), *_tonnes(part, row.sector, base, widest)), row.sector)
        for row, part in zip(found, values, strict=True)
    ]
    sums = [_sum(column) for column in zip(*values, strict=True)]
    whole = tuple(_tonne(value) for value in sums)
    rows.append(Row((Cell(_("All sectors that are estimated")), *whole), "sum", style="sum"))
    return table(columns, rows, _("Emissions by sector"), "inventory_by_sector", units="table", style="cards figures")


def _tonnes(values: tuple[float, ...], sector: str, base: int, widest: float) -> list[Cell]:
    found = []
    for place, value in enumerate(values):
        node = role("emissions by sector") if place == 1 else ""
        kind = {"land": "afolu"}.get(sector, sector) if node else ""
        bar = Mark("bar", (max(value, 0.0) / widest,)) if isfinite(value) else None
        found.append(_tonne(value, node, base if node else None, kind, bar))
    return found


def _tonne(value: float, node: str = "", year: int | None = None, kind: str = "", mark: Mark | None = None) -> Cell:
    text = _("not estimated") if isnan(value) else ""
    return Cell(text, value, unit="t CO2e/yr", node=node, year=year, kind=kind, mark=mark)


def _sum(values: tuple[float, ...]) -> float:
    known = [value for value in values if isfinite(value)]
    return sum(known) if known else nan


def unreported(model: CityModel) -> Table:
    """Inventory rows without a number: what the key means, and why."""
    rows = [
        Row(
            (
                Cell(row.reference),
                Cell(words.sector_name(SECTORS.get(row.reference.split(".")[0], "other"))),
                Cell(words.notation_name(row.notation), id=row.notation),
                Cell(row.note),
            ),
            row.reference,
        )
        for row in model.city.inventory
        if row.notation
    ]
    columns = [("reference", _("Reference")), ("sector", _("Sector")), ("key", _("Key")), ("why", _("Why"))]
    title = _("{count} rows of the published inventory have no number", count=len(rows))
    return table(columns, rows, title, "unreported", folded=True)


def protection(model: CityModel, draws: int) -> Part | None:
    """What protection against floods is worth, where it can be estimated."""
    found = protection_benefit_cost(model, START, draws)
    if found is None:
        return None
    value = Cell(value=found.value, low=found.low, high=found.high, unit="ratio", form="ratio", caveats=found.caveats)
    span = words.span(found.low, found.high, "ratio")
    text = _(
        "Flood protection: what it spares residents is {ratio} times what it costs ({span}).",
        ratio=words.ratio(found.value),
        span=span,
    )
    lines = [Sentence(text, numbers=(value,)), *(Sentence(caveat, style="note") for caveat in found.caveats)]
    return sentences(lines, id="protection")


# what is not known


def not_known(model: CityModel) -> list[Table]:
    """Facts that the city lacks, and facts that a value from elsewhere stands in for."""
    missing: list[Row] = []
    replaced: list[Row] = []
    for name, meaning in unknown(model):
        node = model.graph.nodes[name]
        row = Row((Cell(name_of(name), id=name), Cell(node.of), Cell(_(meaning))), name, node.pathway)
        (replaced if getattr(node, "role", "") == "default" else missing).append(row)
    return [
        table(
            [("fact", _("Figure")), ("id", _("In facts.csv")), ("meaning", _("What it is"))],
            in_order(missing),
            _("Figures the city does not have; what depends on them is not estimated"),
            "missing",
        ),
        table(
            [("fact", _("Figure")), ("id", _("In facts.csv")), ("stand_in", _("What stands in"))],
            in_order(replaced),
            _("Figures for which a value from elsewhere stands in"),
            "replaced",
        ),
    ]
