"""Streets read from OpenStreetMap."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caminos.i18n import _
from caminos.maps.files import EXTRACTS, refused
from caminos.problems import ERROR, WARNING, Problem
from caminos.spatial.streets import (
    BICYCLE_SPEED,
    SHORTEST_PIECE,
    WALK_SPEED,
    Floats,
    Streets,
    street_network,
    street_problems,
    without_slips,
)

# what a way allows when no tag says otherwise: share of walking and of cycling speed
STEPS_FACTOR = 0.5  # assumption: stairs are climbed at half the walking speed
PUSH_FACTOR = WALK_SPEED / BICYCLE_SPEED  # where riding is not allowed, a bicycle is pushed at walking speed
RIDDEN = {
    "trunk",
    "trunk_link",
    "primary",
    "primary_link",
    "secondary",
    "secondary_link",
    "tertiary",
    "tertiary_link",
    "unclassified",
    "residential",
    "living_street",
    "service",
    "road",
    "track",
    "path",
    "cycleway",
}
WALKED = RIDDEN | {"footway", "pedestrian", "steps", "corridor", "bridleway", "platform", "elevator"}
ALLOWED = {"yes", "designated", "permissive", "destination", "official", "customers", "delivery", "public"}
FORBIDDEN = {"no", "private", "agricultural", "forestry", "military", "restricted", "use_sidepath", "dismount"}


def read_streets(
    path: Path, *, crs: str | None = None, shortest_piece: float = SHORTEST_PIECE
) -> tuple[Streets | None, list[Problem]]:
    """The streets of an OpenStreetMap extract (.pbf or .osm), and everything wrong with it.

    Tags follow the OpenStreetMap wiki ("Key:access", "OSM tags for routing/Access restrictions"):
    classes of highway, foot, bicycle and access; one-way streets bind bicycles only, save where
    oneway:bicycle=no or cycleway=opposite; where one may walk but not ride, the bicycle is pushed.
    Lengths are on the ellipsoid. `crs` is the projected system wanted; by default an equal-area one
    about the middle of the extract. Pieces shorter than `shortest_piece` m are left out and reported.
    """
    name = Path(path).name
    if problem := refused(Path(path), EXTRACTS):
        return None, [problem]
    try:
        edges, factors, place = _ways(Path(path))
    except RuntimeError as error:  # osmium's only kind for broken files
        fix = _("Download the extract again: it must be OpenStreetMap data (.pbf or .osm).")
        message = _("The file cannot be read as OpenStreetMap data: {error}", error=error)
        return None, [Problem(ERROR, name, None, "", message, fix)]
    if not len(edges):
        fix = _("Take an extract that has the ways tagged highway, and their nodes.")
        return None, [Problem(ERROR, name, None, "", _("There is no street in it."), fix)]
    streets, left_out = without_slips(_projected(edges, factors, place, crs), shortest_piece)
    problems = []
    count, metres = left_out["walk"]
    if count:
        message = _(
            "{count} pieces of the street network, {length} km in all, are joined to nothing and were left out.",
            count=count,
            length=f"{metres / 1000:.1f}",
        )
        fix = _("Mostly paths drawn without a link to the street; to use them, join them on the map.")
        problems.append(Problem(WARNING, name, None, "", message, fix))
    return streets, [*problems, *street_problems(streets, name)]


def _ways(path: Path) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Edges (from and to as OpenStreetMap's numbers, way), factors of each way, and (number, longitude, latitude)."""
    import osmium

    extract = osmium.io.File(str(path.absolute()), EXTRACTS[path.suffix.lower()].driver)
    processor = (
        osmium.FileProcessor(extract, osmium.osm.NODE | osmium.osm.WAY)
        .with_locations()
        .with_filter(osmium.filter.EntityFilter(osmium.osm.WAY))
        .with_filter(osmium.filter.KeyFilter("highway", "railway"))
    )
    number: list[int] = []
    longitude: list[float] = []
    latitude: list[float] = []
    size: list[int] = []
    factors: list[tuple[float, float, float]] = []
    ways: Iterator[Any] = iter(processor)
    for way in ways:
        allowed = way_factors(dict(way.tags))
        if not any(allowed):
            continue
        nodes = [(node.ref, node.lon, node.lat) for node in way.nodes if node.location.valid()]
        for reference, east, north in nodes:
            number.append(reference)
            longitude.append(east)
            latitude.append(north)
        size.append(len(nodes))
        factors.append(allowed)
    reference = np.array(number, np.int64)
    owner = np.repeat(np.arange(len(size)), size)
    inside = np.flatnonzero(owner[1:] == owner[:-1])
    edges = np.column_stack([reference[inside], reference[inside + 1], owner[inside]])
    _unique, first = np.unique(reference, return_index=True)
    place = np.column_stack([reference[first], np.array(longitude)[first], np.array(latitude)[first]])
    return edges, np.array(factors, float).reshape(-1, 3), place


def _projected(edges: NDArray[np.int64], factors: Floats, place: Floats, crs: str | None) -> Streets:
    """Streets in metres from OpenStreetMap's numbers and degrees."""
    from pyproj import Geod, Transformer

    _number, east, north = place.T
    if crs is None:
        middle = [round((part.min() + part.max()) / 2, 2) for part in (east, north)]
        crs = f"+proj=laea +lon_0={middle[0]} +lat_0={middle[1]} +ellps=WGS84 +units=m +type=crs"
    x, y = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(east, north)
    start, end = (np.searchsorted(place[:, 0], edges[:, column]) for column in (0, 1))
    _azimuth, _back, length = Geod(ellps="WGS84").inv(east[start], north[start], east[end], north[end])
    walk, cycle, cycle_back = factors[edges[:, 2]].T
    return street_network(x, y, start, end, length, walk=walk, cycle=cycle, cycle_back=cycle_back, crs=crs)


def way_factors(tags: Mapping[str, str]) -> tuple[float, float, float]:
    """Share of the walking speed, and of the cycling speed forwards and backwards, that a way's tags allow."""
    kind = tags.get("highway", "platform" if tags.get("railway") == "platform" else "")
    barred = tags.get("access") in FORBIDDEN or tags.get("motorroad") == "yes"
    walk = _allowed(tags.get("foot"), kind in WALKED and not barred) * (STEPS_FACTOR if kind == "steps" else 1.0)
    if kind in ("construction", "proposed", "razed", "abandoned", ""):
        return 0.0, 0.0, 0.0
    ride = _allowed(tags.get("bicycle"), kind in RIDDEN and not barred and tags.get("vehicle") not in FORBIDDEN)
    forward, backward = _directions(tags)
    push = PUSH_FACTOR * walk
    return walk, max(ride * forward, push), max(ride * backward, push)


def _allowed(own: str | None, general: bool) -> float:
    """1 or 0: the tag of the mode itself prevails over what holds for all."""
    if own in ALLOWED:
        return 1.0
    return 0.0 if own in FORBIDDEN else float(general)


def _directions(tags: Mapping[str, str]) -> tuple[float, float]:
    """Whether bicycles may ride along a way as drawn, and against it."""
    own = tags.get("oneway:bicycle")
    general = tags.get("oneway")
    if own is None and any(value.startswith("opposite") for key, value in _cycleways(tags)):
        own = "no"
    if own is None and general is None and tags.get("junction") in ("roundabout", "circular"):
        general = "yes"
    rule = general if own is None else own
    if rule in ("-1", "reverse"):
        return 0.0, 1.0
    return 1.0, 0.0 if rule in ("yes", "true", "1") else 1.0


def _cycleways(tags: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    for key in ("cycleway", "cycleway:left", "cycleway:right", "cycleway:both"):
        if key in tags:
            yield key, tags[key]
