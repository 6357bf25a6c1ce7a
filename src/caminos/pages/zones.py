"""What the city's records say about each of its zones, as maps; map_layers.csv says which facts are shown."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import isfinite, nan

from caminos import words
from caminos.city.package import Fact, newest
from caminos.city.vocabulary import vocabulary
from caminos.i18n import _, number
from caminos.pages.page import Cell, Chart, Page, Row, Sentence, Series, Table, present, sentences, table
from caminos.planning.city_model import CityModel

FEW = 6  # zones up to this number are named one by one instead of in classes
NAMED = 3  # zones named beside a map of many


@dataclass(frozen=True)
class Layer:
    """One quantity by zone, from the city's facts; `beyond` are zones whose share would pass 100 %."""

    fact: str
    node: str  # of the model, where it has one
    kind: str
    title: str
    pathway: str
    worst: str  # high or low
    values: Mapping[str, float]
    beyond: Mapping[str, tuple[float, float]]
    when: str
    quality: str
    sources: tuple[str, ...]
    notes: tuple[str, ...]


@cache
def _shown() -> tuple[dict[str, str], ...]:
    text = files("caminos.pages").joinpath("map_layers.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def layers(model: CityModel) -> list[Layer]:
    """The layers of map_layers.csv, as far as the city has them."""
    found = (_layer(model, row) for row in _shown())
    return [layer for layer in found if layer is not None]


def _layer(model: CityModel, row: Mapping[str, str]) -> Layer | None:
    facts = _by_zone(model, row["fact"], row["kind"])
    whole = {fact.zone: fact.value for fact in _by_zone(model, row["over"], "")} if row["over"] else {}
    values, beyond = {}, {}
    for fact in facts:
        people = whole.get(fact.zone, nan) if row["over"] else 1.0
        share = fact.value / people if people > 0 else nan
        if isfinite(share) and share <= 1:
            values[fact.zone] = share
        elif isfinite(share):
            beyond[fact.zone] = (fact.value, people)
    if not values:
        return None
    used, node = [fact for fact in facts if fact.zone in values], vocabulary()[row["fact"]].name_of("zone")
    when = str(max(fact.year for fact in used))
    if row["over"]:
        census = max(fact.year for fact in _by_zone(model, row["over"], ""))
        when = _("{year}, share of the people counted in {census}", year=when, census=census)
    return Layer(
        fact=row["fact"],
        node=node if node in model.graph.nodes else "",
        kind=row["kind"],
        title=_(row["title"]),
        pathway=row["pathway"],
        worst=row["worst"],
        values=values,
        beyond=beyond,
        when=when,
        quality=max(fact.quality for fact in used),
        sources=tuple(dict.fromkeys(fact.source for fact in used)),
        notes=_notes(used),
    )


def _by_zone(model: CityModel, name: str, kind: str) -> list[Fact]:
    return newest(fact for fact in model.city.facts if fact.name == name and fact.zone and fact.kind == kind)


def _notes(facts: Sequence[Fact]) -> tuple[str, ...]:
    """Sentences that stand in the notes of at least a third of the facts."""
    counts: dict[str, int] = {}
    for fact in facts:
        for sentence in re.split(r"(?<=[.])\s+", fact.note):
            if sentence:
                counts[sentence] = counts.get(sentence, 0) + 1
    return tuple(sentence for sentence, count in counts.items() if 3 * count >= len(facts))


def zones(model: CityModel) -> Page | None:
    """Every layer as a map, and one table of all zones."""
    found = layers(model) if model.city.zones else []
    if not found:
        return None
    count = len(model.city.zones)
    lead = _(
        "What the city's records say about each of its {count} zones. The figures describe zones, not the people in them (ecological data). Hatched: not estimated.",
        count=count,
    )
    note = model.city.zoning.note if model.city.zoning else ""
    remark = sentences([Sentence(note, style="note", language="en")] if note else [])
    maps = Page("", tuple(_map(model, layer) for layer in found), "maps_drawn", style="maps")
    return Page(
        _("Neighbourhood by neighbourhood"),
        present(maps, remark, _table(model, found)),
        "maps",
        model.city.id,
        lead=lead,
    )


def _map(model: CityModel, layer: Layer) -> Chart:
    names = {zone.id: zone.name for zone in model.city.zones}
    sign = -1 if layer.worst == "high" else 1
    order = sorted(layer.values, key=lambda zone: (sign * layer.values[zone], names[zone]))
    few = len(order) <= FEW
    marked = tuple(order if few else order[:NAMED])
    lowest, highest = min(layer.values.values()), max(layer.values.values())
    text = _(
        "Map: {title}. {known} of {count} zones have a value, from {low} to {high}; the others are hatched.",
        title=layer.title,
        known=len(order),
        count=len(names),
        low=words.percent(lowest, 2),
        high=words.percent(highest, 2),
    )
    head = "" if few else _("Highest") if layer.worst == "high" else _("Lowest")
    rows = [Row((Cell(names[zone], id=zone), _share(layer, zone)), zone) for zone in marked]
    twin = table([("zone", head or _("Zone")), ("value", "")], rows, id=f"{layer.fact}_marked")
    about = f"{layer.when}; {_('{known} of {count} zones', known=len(order), count=len(names))}"
    return Chart(
        kind="map",
        table=twin,
        text=text,
        title=layer.title,
        id=f"map_{layer.fact}",
        unit="share",
        axis=tuple(names),
        series=(Series(layer.fact, layer.title, tuple(layer.values.get(zone, nan) for zone in names)),),
        pathway=layer.pathway,
        marked=marked,
        notes=(Sentence(about, style="about"), *_remarks(layer, names)),
        shapes={zone.id: zone.geometry for zone in model.city.zones},
    )


def _share(layer: Layer, zone: str) -> Cell:
    return Cell(
        value=layer.values.get(zone, nan),
        unit="share",
        quality=layer.quality,
        node=layer.node,
        zone=zone,
        kind=layer.kind,
        text="" if zone in layer.values else _("not estimated"),
    )


def _remarks(layer: Layer, names: Mapping[str, str]) -> list[Sentence]:
    beyond = [
        _(
            "Not shown: {zone}, with {value} people in one count and {whole} in the other.",
            zone=names[zone],
            value=number(value, 6),
            whole=number(whole, 6),
        )
        for zone, (value, whole) in layer.beyond.items()
    ]
    lines = [Sentence(text, style="note") for text in beyond]
    return lines + ([Sentence(" ".join(layer.notes), style="note", language="en")] if layer.notes else [])


def _table(model: CityModel, found: Sequence[Layer]) -> Table:
    columns = [("zone", _("Zone")), *((layer.fact, layer.title) for layer in found)]
    rows = [
        Row((Cell(zone.name, id=zone.id), *(_share(layer, zone.id) for layer in found)), zone.id)
        for zone in sorted(model.city.zones, key=lambda zone: zone.name.casefold())
    ]
    title = _("Table of all {count} zones", count=len(rows))
    return table(columns, rows, title, "zones", folded=True, style="cards dense")


def partly_known(model: CityModel) -> Table:
    """Layers that are known for some zones only."""
    count = len(model.city.zones)
    rows = [
        Row(
            (
                Cell(layer.title, id=layer.fact),
                Cell(_("{known} of {count} zones", known=len(layer.values), count=count)),
            )
        )
        for layer in layers(model)
        if len(layer.values) < count
    ]
    return table(
        [("fact", _("Figure")), ("known", _("Known for"))], rows, _("Figures known for some zones only"), "partly"
    )
