"""Any number of the model: its value, range and unit, by year, zone, group and kind."""

from __future__ import annotations

from collections.abc import Sequence

from caminos import words
from caminos.i18n import _
from caminos.model import DRAWS
from caminos.model.values import NotEstimated
from caminos.pages.entry import action_name
from caminos.pages.headlines import lines
from caminos.pages.headlines import number as year_of
from caminos.pages.names import kind_name, name_of, names_of
from caminos.pages.page import Cell, Page, Row, Sentence, Sentences, Table, present, sentences, show, table
from caminos.pathways.tables import headlines
from caminos.planning.city_model import BASELINE, Case, CityModel
from caminos.planning.explanation import weakest
from caminos.planning.results import Value, ask, known_in_part, node_of


def number(
    model: CityModel,
    name: str,
    year: int | None = None,
    zone: str = "",
    group: str = "",
    kind: str = "",
    case: Case = BASELINE,
    draws: int = DRAWS,
) -> Page:
    """The page of "how much is it?": one number, or all cells of it."""
    values = ask(model, name, year, zone, group, kind, case, draws)
    node = node_of(model, name)
    title = name_of(node.name) + (f" · {case_name(model, case)}" if case.measures else "")
    caveats = dict.fromkeys(text for value in values for text in value.caveats)
    parts = present(
        number_table(model, values, case),
        in_all(model, values, case, draws),
        sentences(alike(values[0], year, zone, group, kind)),
        sentences([Sentence(text, style="note") for text in caveats], id="caveats"),
        sentences(what_to_add(model, values[0], case), id="hints"),
    )
    return Page(title, parts, "number", model.city.id, node.pathway)


def estimated(page: Page) -> bool:
    """Whether a page holds any number."""
    return any(cell.value == cell.value for cell in page.cells() if cell.is_number)


def case_name(model: CityModel, case: Case) -> str:
    """A case in words: an action, or the name of a plan."""
    return action_name(model, case.name) if case.name in model.actions else case.name


def number_table(model: CityModel, values: Sequence[Value], case: Case) -> Table:
    """One row a value, with the columns that tell the rows apart."""
    weak = weakest(model, values[0].name)
    places = [
        (id, head, [place_of(model, value)[id] for value in values])
        for id, head in (("year", _("Year")), ("zone", _("zone")), ("group", _("Income group")), ("kind", _("kind")))
    ]
    used = [(id, head, texts) for id, head, texts in places if any(texts)]
    columns = [
        *((id, head[:1].upper() + head[1:]) for id, head, _texts in used),
        ("value", _("Value")),
        ("quality", _("Quality")),
    ]
    rows = []
    for at, value in enumerate(values):
        cells = [Cell(texts[at], id=str(getattr(value, id) or "")) for id, _head, texts in used]
        quality = weak if value.value == value.value else ""
        rows.append(Row((*cells, value_cell(model, value, quality, case), Cell(quality))))
    return table(columns, rows, id="values", units="column" if len(values) > 1 else "cell")


def in_all(model: CityModel, values: Sequence[Value], case: Case, draws: int) -> Sentences:
    """The sum over kinds, where a headline is judged by it and all its kinds are shown."""
    named = [item.indicator for item in headlines() if item.reduce == "sum" and item.indicator == values[0].name]
    if not named or len(values) < 2:
        return sentences([])
    (line,) = lines(model, [case] if case.measures else [], draws, named)
    place = line.years.index(values[0].year) if values[0].year in line.years else -1
    cell = year_of(line, place, len(line.cases) - 1)
    return sentences([Sentence(show(cell).line, _("In all"), numbers=(cell,))], id="in_all")


def place_of(model: CityModel, value: Value) -> dict[str, str]:
    """Year, zone, group and kind of a value in words."""
    zones = {zone.id: zone.name for zone in model.city.zones} if value.zone else {}
    return {
        "year": str(value.year) if value.year else "",
        "zone": zones.get(value.zone, value.zone),
        "group": words.quintile_name(value.group) if value.group else "",
        "kind": kind_name(value.kind) if value.kind else "",
    }


def value_cell(model: CityModel, value: Value, quality: str = "", case: Case = BASELINE) -> Cell:
    """A value of the model as a cell."""
    return Cell(
        "" if value.value == value.value else _("not estimated"),
        value.value,
        value.low,
        value.high,
        value.unit,
        quality=quality,
        node=value.name,
        year=value.year,
        zone=value.zone,
        group=value.group,
        kind=value.kind,
        case=case.name if case.measures else "",
        reason=why(model, value, case),
        caveats=value.caveats,
    )


def why(model: CityModel, value: Value, case: Case = BASELINE) -> str:
    """Why there is no number, with names as people read them."""
    if value.value == value.value:
        return ""
    if lacking := missing(model, value, case):
        return words.not_estimated([names_of(lacking)])
    names, place = names_of(known_in_part(model, node_of(model, value.name))), place_of(model, value)
    where = place["zone"] or place["kind"] or place["group"] or _("this place")
    return _("not estimated: {names} has no value for {where}", names=names, where=where)


def missing(model: CityModel, value: Value, case: Case) -> tuple[str, ...]:
    """The names of what a number lacks; none where it is estimated, or only some of its cells are not."""
    result = model.run([value.name], [case])[value.name] if value.value != value.value else None
    return result.missing if isinstance(result, NotEstimated) else ()


def what_to_add(model: CityModel, value: Value, case: Case = BASELINE) -> list[Sentence]:
    """The facts that would let a number be estimated, by the names that facts.csv knows."""
    nodes = model.graph.nodes
    facts = [
        name for name in missing(model, value, case) if getattr(nodes.get(name), "role", "") in ("fact", "default")
    ]
    ids = ", ".join(dict.fromkeys(nodes[name].of for name in facts if nodes[name].of))
    return [Sentence(_("What to add to facts.csv: {names}", names=ids), style="hint")] if ids else []


def alike(value: Value, year: int | None, zone: str, group: str, kind: str) -> list[Sentence]:
    """That a number is the same for every year, zone, group or kind, where one was asked for."""
    asked = {"year": year, "zone": zone, "group": group, "kind": kind}
    same = [what for what, given in asked.items() if given and not getattr(value, what)]
    if value.value != value.value or not same:
        return []
    text = _(
        "{name} does not differ by {what}: the number holds for any.",
        name=name_of(value.name),
        what=", ".join(_(what) for what in same),
    )
    return [Sentence(text, style="note")]
