"""The parts of a city on the map: zones.geojson and the table of their other names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from caminos.city.tables import read_json, read_table
from caminos.i18n import _, one_line
from caminos.problems import ERROR, WARNING, Problem

ZONES = "zones.geojson"
ALIASES = "aliases.csv"
OVERLAP_WARNING = 0.001  # share of the smaller zone: slivers of two digitisations
OVERLAP_ERROR = 0.05  # more than this counts people twice


@dataclass(frozen=True)
class Zone:
    """A part of the city; `geometry` is a shapely polygon in degrees (WGS84)."""

    id: str
    name: str
    geometry: Any

    @property
    def area(self) -> float:
        """Area on the ellipsoid in km2."""
        return _geod_area(self.geometry)


def _geod_area(geometry: Any) -> float:
    from pyproj import Geod

    area, _perimeter = Geod(ellps="WGS84").geometry_area_perimeter(geometry)
    return abs(area) / 1e6


def read_zones(path: Path) -> tuple[tuple[Zone, ...], list[Problem]]:
    """The zones of a GeoJSON file, and everything wrong with it."""
    try:
        return _read_zones(path)
    except RecursionError:
        message = _("This is not GeoJSON that can be read: it is nested without end.")
        return (), [_zone_problem(None, "", message, _("Export the layer as GeoJSON (RFC 7946)."))]


def _read_zones(path: Path) -> tuple[tuple[Zone, ...], list[Problem]]:
    document, problems = read_json(path)
    if document is None and problems:
        return (), problems
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or document.get("type") != "FeatureCollection":
        message = _("This is not a GeoJSON FeatureCollection.")
        return (), [*problems, _zone_problem(None, "", message, _("Export the layer as GeoJSON (RFC 7946)."))]
    if projected := _projected(document, features):
        return (), [*problems, projected]
    zones: list[Zone] = []
    for place, feature in enumerate(features, start=1):
        zone, found = _read_feature(place, feature, {zone.id for zone in zones})
        problems += found
        if zone:
            zones.append(zone)
    if not features:
        problems.append(_zone_problem(None, "", _("There is no zone in it."), _("Add zones or remove the file.")))
    return tuple(zones), [*problems, *overlaps(zones)]


def read_aliases(path: Path, zones: dict[str, Zone]) -> tuple[dict[str, str], list[Problem]]:
    """Other names of zones, by alias; each must lead to a zone that exists."""
    rows, problems = read_table(path, ("alias", "zone", "note"), ("alias", "zone"))
    aliases: dict[str, str] = {}
    for line, fields in rows:
        alias, zone = fields["alias"], fields["zone"]
        if zone not in zones and zones:
            message = _("Zone {zone} is not in {file}.", zone=repr(zone), file=ZONES)
            problems.append(Problem(ERROR, path.name, line, "zone", message, _("Use the id of a zone there.")))
        elif aliases.get(alias, zone) != zone:
            message = _("Alias {alias} stands for two zones.", alias=repr(alias))
            problems.append(Problem(ERROR, path.name, line, "alias", message, _("Keep one.")))
        else:
            aliases[alias] = zone
    return aliases, problems


def overlaps(zones: list[Zone]) -> list[Problem]:
    """Pairs of zones that share more than a sliver of ground."""
    from shapely import STRtree

    if not zones:
        return []
    tree = STRtree([zone.geometry for zone in zones])
    found = []
    for first, second in sorted(tree.query([zone.geometry for zone in zones], predicate="intersects").T.tolist()):
        if first >= second:
            continue
        one, two = zones[first], zones[second]
        shared = one.geometry.intersection(two.geometry).area / min(one.geometry.area, two.geometry.area)
        if shared <= OVERLAP_WARNING:
            continue
        message = _(
            "Zones {one} and {two} overlap by {share} % of the smaller.",
            one=one.id,
            two=two.id,
            share=f"{100 * shared:.3g}",
        )
        if shared > 0.95:
            fix = _("They seem to be one zone given twice: remove one.")
        else:
            fix = _("Cut one at the other's border, so that nobody is counted twice.")
        severity = ERROR if shared > OVERLAP_ERROR else WARNING
        found.append(_zone_problem(None, "geometry", message, fix, severity))
    return found


def _read_feature(place: int, feature: Any, taken: set[str]) -> tuple[Zone | None, list[Problem]]:
    """One feature; `place` counts from 1 and stands where a table has its row."""
    from shapely import is_valid_reason
    from shapely.geometry import shape

    given = feature.get("properties") if isinstance(feature, dict) else None
    properties = given if isinstance(given, dict) else {}
    identity = _text(properties.get("id"))
    name = _text(properties.get("name")) or identity
    problems = []
    if not identity:
        message = _("Feature {place} has no property id.", place=place)
        problems.append(_zone_problem(place, "id", message, _("Give every zone an id of its own.")))
    elif identity in taken:
        message = _("The id {id} stands twice.", id=repr(identity))
        problems.append(_zone_problem(place, "id", message, _("Give every zone an id of its own.")))
    try:
        geometry = shape(feature["geometry"])
    except Exception:  # shapely raises many kinds for malformed coordinates
        message = _("Feature {place} ({id}) has no readable geometry.", place=place, id=identity)
        return None, [*problems, _zone_problem(place, "geometry", message, _("Draw it again or remove it."))]
    if geometry.geom_type not in ("Polygon", "MultiPolygon") or geometry.is_empty:
        message = _("Zone {id} is a {kind}, not a polygon.", id=identity, kind=geometry.geom_type)
        return None, [*problems, _zone_problem(place, "geometry", message, _("A zone is an area."))]
    if not geometry.is_valid:
        message = _("Zone {id} crosses itself: {reason}", id=identity, reason=is_valid_reason(geometry))
        fix = _("Repair the outline (in QGIS: Fix geometries).")
        return None, [*problems, _zone_problem(place, "geometry", message, fix)]
    return (None if problems else Zone(identity, name, geometry)), problems


def _text(value: Any) -> str:
    """An id or a name on one line; empty for what is neither a text nor a number."""
    return one_line(str(value)).strip() if isinstance(value, str | int | float) else ""


def _projected(document: dict[str, Any], features: list[Any]) -> Problem | None:
    """A problem if coordinates are not degrees."""
    system = document.get("crs")
    named = system.get("properties") if isinstance(system, dict) else None
    crs = str(named.get("name", "")) if isinstance(named, dict) else ""
    for place, feature in enumerate(features, start=1):
        geometry = feature.get("geometry") if isinstance(feature, dict) else None
        for x, y in _positions(geometry.get("coordinates") if isinstance(geometry, dict) else None):
            if abs(x) > 180 or abs(y) > 90:
                message = _(
                    "Coordinates such as {x}, {y} are not degrees: the layer is in a projected system{crs}.",
                    x=f"{x:.1f}",
                    y=f"{y:.1f}",
                    crs=f" ({crs})" if crs else "",
                )
                fix = _("Export it as GeoJSON in WGS84 (EPSG:4326).")
                return _zone_problem(place, "geometry", message, fix)
    return None


def _positions(coordinates: Any) -> Iterator[tuple[float, float]]:
    if not isinstance(coordinates, list):
        return
    if len(coordinates) >= 2 and all(isinstance(part, int | float) for part in coordinates[:2]):
        yield coordinates[0], coordinates[1]
        return
    for part in coordinates:
        yield from _positions(part)


def _zone_problem(place: int | None, column: str, message: str, fix: str, severity: str = ERROR) -> Problem:
    return Problem(severity, ZONES, place, column, message, fix)
