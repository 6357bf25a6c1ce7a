"""Zones, places and features as cities hand them over: checked, said what is wrong, and brought to degrees (WGS84).

GeoPackage, GeoJSON, shapefiles (also zipped), tables of points or hexagons, and features of OpenStreetMap extracts.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import warnings
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caminos.city.tables import read_text
from caminos.city.zones import Zone, overlaps
from caminos.i18n import _, number
from caminos.maps.files import EXTRACTS, HEAD, LAYERS, OFFLINE, TABLES, VECTORS, Form, fits, refused
from caminos.problems import ERROR, WARNING, Problem, nearest
from caminos.spatial.grid import DEGREES, Bounds, elsewhere, hexagon_polygons, project

Progress = Callable[[str, int, int], None]

SHOWN = 5  # names or rows that a message lists
MOST_FEATURES = 5_000_000
COMPANIONS = (".shx", ".dbf")  # without them a shapefile has no index or no attributes
POLYGONS = (3, 6)  # shapely's type ids of polygon and multipolygon
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+")
LEADING_ZERO = re.compile(r"[-+]?0\d")  # an id such as 007, not a number

FEATURES: Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "park": (("leisure", ("park", "garden", "nature_reserve", "common")),),
    "green": (
        ("landuse", ("forest", "grass", "meadow", "village_green", "recreation_ground")),
        ("natural", ("wood", "scrub", "grassland", "heath")),
    ),
    "building": (("building", ()),),
    "school": (("amenity", ("school",)),),
    "clinic": (("amenity", ("clinic", "doctors")), ("healthcare", ("clinic", "centre", "doctor"))),
    "hospital": (("amenity", ("hospital",)), ("healthcare", ("hospital",))),
    "pharmacy": (("amenity", ("pharmacy",)), ("healthcare", ("pharmacy",))),
    "supermarket": (("shop", ("supermarket",)),),
}
"""Kinds of OpenStreetMap features by tag: key and values, any value but "no" if none is named.
Source: wiki.openstreetmap.org, Map features."""


@dataclass(frozen=True)
class Vectors:
    """Geometries (shapely, longitude and latitude in degrees) and their properties by name, in the same order."""

    geometries: NDArray[Any]
    properties: dict[str, NDArray[Any]]
    crs: str  # projection of the file
    file: str

    def __len__(self) -> int:
        return len(self.geometries)

    @property
    def bounds(self) -> Bounds:
        """West, south, east and north in degrees."""
        import shapely

        west, south, east, north = (float(side) for side in shapely.total_bounds(self.geometries))
        return west, south, east, north


def read_vectors(
    path: Path,
    layer: str | None = None,
    *,
    city: Bounds | None = None,
    crs: str | None = None,
    encoding: str | None = None,
) -> tuple[Vectors | None, list[Problem]]:
    """A layer of a GeoPackage, GeoJSON or shapefile, and what is wrong with it; None if it cannot be trusted.

    `city`: west, south, east, north in degrees, to find a layer that lies elsewhere or has its axes swapped.
    `crs`, `encoding` (such as "utf-8", "latin-1"): where the file has none or a wrong one. Outlines that cross themselves are repaired and features without
    geometry left out, both with a warning. Never raises on bad content.
    """
    path = Path(path)
    if missing := _missing_files(path):
        return None, [missing]
    name, problems = path.name, list[Problem]()
    read = _read_layer(path, layer, encoding, problems)
    if read is None:
        return None, problems
    meta, geometries, properties = read
    system = crs or meta.get("crs")
    if not system:
        return None, [*problems, _no_projection(path, geometries)]
    geometries, keep = _with_geometry(name, geometries, problems)
    properties = {key: column[keep] for key, column in properties.items()}
    if not len(geometries):
        fix = _("Export it again with its geometries.")
        return None, [*problems, Problem(ERROR, name, None, "geometry", _("There is no feature in it."), fix)]
    if wrong := _wrong_unit_of_place(name, geometries, str(system)):
        return None, [*problems, wrong]
    geometries = _repaired(name, project(geometries, str(system), DEGREES), problems)
    problems += _broken_letters(name, properties)
    vectors = Vectors(geometries, properties, str(system), name)
    if not np.isfinite(vectors.bounds).all():
        message = _("Its coordinates do not exist in its projection.")
        fix = _("The projection is wrong: assign the one that the data were made in.")
        return None, [*problems, Problem(ERROR, name, None, "geometry", message, fix)]
    if city is not None and (far := elsewhere(name, vectors.bounds, city)):
        return None, [*problems, far]
    return vectors, problems


def check_zones(vectors: Vectors, identity: str | None = None) -> list[Problem]:
    """What keeps features from being zones: not areas, ids that are missing or stand twice, ground shared by two.

    `identity` is the property that names a zone; without it zones are numbered from 1.
    """
    import shapely

    file, problems = vectors.file, list[Problem]()
    if identity is not None and identity not in vectors.properties:
        near = nearest(identity, vectors.properties)
        fix = _("Did you mean {near}?", near=near) if near else _("Name the property that holds the id.")
        message = _("There is no property {name}.", name=repr(identity))
        return [Problem(ERROR, file, None, identity, message, fix)]
    areas = np.isin(shapely.get_type_id(vectors.geometries), POLYGONS)
    for place in np.flatnonzero(~areas).tolist()[:SHOWN]:
        message = _("Feature {place} is not an area.", place=place + 1)
        problems.append(Problem(ERROR, file, place + 1, "geometry", message, _("A zone is an area.")))
    names = [str(place + 1) for place in range(len(vectors))]
    if identity is not None:
        names = ["" if value is None else str(value).strip() for value in vectors.properties[identity].tolist()]
        places: dict[str, list[int]] = {}
        for place, zone in enumerate(names):
            places.setdefault(zone, []).append(place)
        for zone, found in places.items():
            if not zone or len(found) > 1:
                message = (
                    _("The id {id} stands {count} times.", id=repr(zone), count=len(found))
                    if zone
                    else _("{count} zones have no id.", count=len(found))
                )
                fix = _("Give every zone an id of its own, or join the parts of one zone.")
                problems.append(Problem(ERROR, file, found[-1] + 1, identity, message, fix))
    zones = [
        Zone(zone, zone, geometry)
        for zone, geometry, area in zip(names, vectors.geometries, areas.tolist(), strict=True)
        if area
    ]
    return [*problems, *(replace(problem, file=file) for problem in overlaps(zones))]


def read_points(
    path: Path, longitude: str = "lon", latitude: str = "lat", *, city: Bounds | None = None
) -> tuple[Vectors | None, list[Problem]]:
    """Places from a table (CSV) with columns of degrees; None if any place given is wrong.

    Rows without a place are left out and a decimal comma is read, both with a warning. Other columns become properties: numbers where all are numbers (empty is NaN),
    else text.
    """
    import shapely

    path = Path(path)
    table, problems = _read_columns(path, (longitude, latitude))
    if table is None:
        return None, problems
    x = _degrees(path.name, table, longitude, problems)
    y = _degrees(path.name, table, latitude, problems)
    swapped = (np.abs(y) > 90) & (np.abs(x) <= 90)
    if swapped.any() and (swapped | np.isnan(x) | np.isnan(y)).all():
        message = _("The axes are swapped: latitude stands where longitude belongs.")
        return None, [*problems, Problem(ERROR, path.name, None, longitude, message, _("Exchange the two columns."))]
    outside = (np.abs(x) > 180) | (np.abs(y) > 90)
    for row in np.flatnonzero(outside).tolist()[:SHOWN]:
        message = _("{x}, {y} are not degrees.", x=f"{x[row]:.9g}", y=f"{y[row]:.9g}")
        fix = _("Give longitude and latitude in degrees (WGS84), with a decimal point.")
        problems.append(Problem(ERROR, path.name, row + 2, longitude, message, fix))
    keep = ~(np.isnan(x) | np.isnan(y))
    if not keep.any():
        message = _("There is no place in it.")
        fix = _("Give longitude and latitude in degrees in every row.")
        problems.append(Problem(ERROR, path.name, None, "", message, fix))
    if any(problem.severity == ERROR for problem in problems):
        return None, problems
    properties = {name: _column(cells)[keep] for name, cells in table.items() if name not in (longitude, latitude)}
    vectors = Vectors(np.asarray(shapely.points(x[keep], y[keep]), dtype=object), properties, DEGREES, path.name)
    if city is not None and (far := elsewhere(path.name, vectors.bounds, city)):
        return None, [*problems, far]
    return vectors, problems


def read_hexagons(path: Path, identity: str, *, city: Bounds | None = None) -> tuple[Vectors | None, list[Problem]]:
    """Hexagons from a table (CSV) with a column of H3 indexes; other columns become properties as in `read_points`."""
    path = Path(path)
    table, problems = _read_columns(path, (identity,))
    if table is None:
        return None, problems
    polygons, found = hexagon_polygons(table[identity], path.name)
    problems += [replace(problem, row=problem.row and problem.row + 1, column=identity) for problem in found]
    if any(problem.severity == ERROR for problem in problems):
        return None, problems
    properties = {name: np.array(cells) if name == identity else _column(cells) for name, cells in table.items()}
    vectors = Vectors(polygons, properties, DEGREES, path.name)
    if city is not None and (far := elsewhere(path.name, vectors.bounds, city)):
        return None, [*problems, far]
    return vectors, problems


def read_osm_features(
    path: Path,
    kinds: Sequence[str] = ("park", "green", "building", "school", "clinic", "hospital", "pharmacy", "supermarket"),
    *,
    city: Bounds | None = None,
    progress: Progress | None = None,
) -> tuple[Vectors | None, list[Problem]]:
    """Parks, buildings and facilities of an OpenStreetMap extract (.pbf), as points or areas.

    Properties: id ("n1", "w2", "r3" for node, way, relation), kind (one of `FEATURES`, the first that fits), name,
    tags (a dict). A kind that the extract does not hold is a warning: it may be missing from the extract rather
    than from the city.
    """
    import osmium

    unknown = [kind for kind in kinds if kind not in FEATURES]
    if unknown:
        raise ValueError(_("kinds: {kind} is not one of {known}.", kind=repr(unknown[0]), known=", ".join(FEATURES)))
    path, name = Path(path), Path(path).name
    if problem := refused(path, EXTRACTS):
        return None, [problem]
    if progress:
        progress(_("Reading {file}", file=name), 0, 1)
    try:
        geometries, rows, broken = _osm_features(path, kinds)
    except (RuntimeError, osmium.InvalidLocationError) as error:
        message = _("This is not an OpenStreetMap extract that can be read: {error}", error=error)
        fix = _("Get it again as .osm.pbf; it may be cut off.")
        return None, [Problem(ERROR, name, None, "", message, fix)]
    problems = []
    if broken:
        message = _("{count} areas cannot be closed and are left out.", count=broken)
        fix = _("Their outline may reach beyond the extract.")
        problems.append(Problem(WARNING, name, None, "", message, fix))
    found = {row[1] for row in rows}
    if absent := [kind for kind in kinds if kind not in found]:
        message = _("The extract holds nothing of: {kinds}.", kinds=", ".join(absent))
        fix = _("Get an extract that was not filtered, or another source; absent here is not absent in the city.")
        problems.append(Problem(WARNING, name, None, "", message, fix))
    properties = {
        key: np.array([row[place] for row in rows], dtype=object)
        for place, key in enumerate(("id", "kind", "name", "tags"))
    }
    vectors = Vectors(np.array(geometries, dtype=object), properties, DEGREES, name)
    if progress:
        progress(_("Reading {file}", file=name), 1, 1)
    if len(vectors) and city is not None and (far := elsewhere(name, vectors.bounds, city)):
        return None, [*problems, far]
    return vectors, problems


def _osm_features(path: Path, kinds: Sequence[str]) -> tuple[list[Any], list[tuple[str, str, str, Any]], int]:
    import osmium
    import shapely

    keys = sorted({key for kind in kinds for key, _values in FEATURES[kind]})
    wanted = osmium.filter.KeyFilter(*keys)
    factory = osmium.geom.WKBFactory()
    geometries: list[Any] = []
    rows: list[tuple[str, str, str, Any]] = []
    broken = 0
    feature: Any
    extract = osmium.io.File(str(path.absolute()), EXTRACTS[path.suffix.lower()].driver)
    for feature in osmium.FileProcessor(extract).with_areas(wanted).with_filter(wanted):
        if not (feature.is_node() or feature.is_area()):
            continue  # a closed way comes again as an area
        tags = dict(feature.tags)
        kind = next((kind for kind in kinds if _is_of(tags, kind)), None)
        if kind is None:
            continue
        try:
            if feature.is_node():
                identity, shape = f"n{feature.id}", factory.create_point(feature)
            else:
                identity = f"{'w' if feature.from_way() else 'r'}{feature.orig_id()}"
                shape = factory.create_multipolygon(feature)
        except (RuntimeError, osmium.InvalidLocationError):
            broken += 1
            continue
        geometries.append(shapely.from_wkb(shape))
        rows.append((identity, kind, tags.get("name", ""), tags))
    return geometries, rows, broken


def _is_of(tags: Mapping[str, str], kind: str) -> bool:
    return any(key in tags and (tags[key] in values if values else tags[key] != "no") for key, values in FEATURES[kind])


def _missing_files(path: Path) -> Problem | None:
    """A file that is not there, or a shapefile without its companions."""
    if not path.exists():
        return Problem(ERROR, path.name, None, "", _("There is no such file."), _("Check its name and folder."))
    if path.suffix.lower() == ".shp":
        here = {other.name.lower() for other in path.parent.iterdir()}
        shapes = [path.name]
    elif path.suffix.lower() == ".zip" and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            here = {member.lower() for member in archive.namelist()}
        shapes = [member for member in sorted(here) if member.endswith(".shp")]
    else:
        return None
    for shape in shapes:
        absent = [suffix for suffix in COMPANIONS if shape.lower().removesuffix(".shp") + suffix not in here]
        if absent:
            message = _("The shapefile lacks {files}.", files=", ".join(absent))
            fix = _("Copy all files of that name (.shp, .shx, .dbf, .prj), or export as GeoPackage.")
            return Problem(ERROR, path.name, None, "", message, fix)
    return None


def _read_layer(
    path: Path, layer: str | None, encoding: str | None, problems: list[Problem]
) -> tuple[dict[str, Any], NDArray[Any], dict[str, NDArray[Any]]] | None:
    """What GDAL reads of one layer: its description, geometries as they stand, properties; None with a problem."""
    import pyogrio
    import shapely
    from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, GeometryError

    def error(message: str, fix: str) -> None:
        problems.append(Problem(ERROR, path.name, None, "", message, fix))

    if problem := refused(path, VECTORS):
        problems.append(problem)
        return None
    pyogrio.set_gdal_config_options(dict(OFFLINE))
    inside = _in_archive(path, layer)
    if len(inside) > 1:
        shown = ", ".join(Path(member).stem for member in inside)
        error(_("The file has several layers: {layers}.", layers=shown), _("Name the one to read."))
        return None
    file = path.absolute()
    source = f"/vsizip/{file}/{inside[0]}" if inside else str(file)
    form = LAYERS.get(Path(inside[0] if inside else path).suffix.lower())
    if form is None or (inside and not _member_fits(path, inside[0], form)):
        error(_("There is no map layer in the zip file."), _("Pack one of: {known}.", known=", ".join(LAYERS)))
        return None
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            layers = {str(name): kind for name, kind in pyogrio.list_layers(source)}
            spatial = [name for name, kind in layers.items() if kind is not None]
            if inside and layer not in layers and len(spatial) == 1:
                layer = spatial[0]  # the name was that of the file in the zip
            if layer is None and len(spatial) != 1:
                shown = ", ".join(spatial)
                if spatial:
                    error(_("The file has several layers: {layers}.", layers=shown), _("Name the one to read."))
                else:
                    error(_("The file has no layer with geometries."), _("Export the map layer, not its table."))
                return None
            if layer is not None and layer not in layers:
                fix = _("It has: {layers}.", layers=", ".join(layers))
                error(_("There is no layer {layer}.", layer=repr(layer)), fix)
                return None
            about = pyogrio.read_info(source, layer=layer or spatial[0], force_feature_count=True)
            if about["driver"] != form.driver:
                message = _("The file is not what its ending {ending} says.", ending=path.suffix)
                error(message, _("Export it again; it may be cut off, or another form under a new name."))
                return None
            if about["features"] > MOST_FEATURES:
                message = _(
                    "The layer has {count} features; more than {most} are not read.",
                    count=number(about["features"]),
                    most=number(MOST_FEATURES),
                )
                error(message, _("Cut it to the city first."))
                return None
            meta, _ids, shapes, columns = pyogrio.raw.read(
                source, layer=layer or spatial[0], encoding=encoding and _encoding(encoding), force_2d=True
            )
    except UnicodeDecodeError:
        error(_("Its letters are in another encoding than declared."), _("Give the encoding, such as latin-1."))
        return None
    except (DataSourceError, DataLayerError, FeatureError, GeometryError) as failure:
        message = _("The file cannot be read: {error}", error=str(failure).split(";")[0])
        error(message, _("Export it again as GeoPackage or GeoJSON; it may be cut off."))
        return None
    except UnboundLocalError:  # pyogrio's way of meeting a projection that GDAL does not understand
        error(_("The projection cannot be understood."), _("Assign a known one, such as EPSG:4326."))
        return None
    for text in dict.fromkeys(str(warning.message) for warning in said[:SHOWN]):
        message = _("On reading it was said: {text}", text=text)
        fix = _("Look at the feature; export the layer again if it is not as it should be.")
        problems.append(Problem(WARNING, path.name, None, "", message, fix))
    if shapes is None:
        error(_("The layer has no geometries."), _("Export the map layer, not its table."))
        return None
    geometries = np.asarray(shapely.from_wkb(shapes, on_invalid="ignore"), dtype=object)
    names = [str(name) for name in meta["fields"]]
    return meta, geometries, dict(zip(names, columns, strict=True))


def _in_archive(path: Path, layer: str | None) -> list[str]:
    """The vector files in a zip, only that of the layer's name if there is one; empty for other files."""
    if path.suffix.lower() != ".zip" or not zipfile.is_zipfile(path):
        return []
    with zipfile.ZipFile(path) as archive:
        found = [member for member in archive.namelist() if Path(member).suffix.lower() in LAYERS]
    named = [member for member in found if Path(member).stem == layer]
    return named or found


def _member_fits(path: Path, member: str, form: Form) -> bool:
    with zipfile.ZipFile(path) as archive, archive.open(member) as stream:
        return fits(stream.read(HEAD), form)


def _encoding(name: str) -> str:
    """The name that GDAL knows an encoding by."""
    try:
        known = codecs.lookup(name).name
    except LookupError:
        raise ValueError(_("encoding: {name} is not known; try utf-8 or latin-1.", name=repr(name))) from None
    return known.upper().replace("ISO8859", "ISO-8859")


def _no_projection(path: Path, geometries: NDArray[Any]) -> Problem:
    import shapely

    message = _("The layer has no projection.")
    if path.suffix.lower() in (".shp", ".zip"):
        message = _("The shapefile has no projection (.prj).")
    if _looks_like_degrees(shapely.total_bounds(geometries)):
        message += " " + _("Its coordinates look like degrees.")
    fix = _("Assign the projection that the data were made in (in QGIS: Assign projection); do not guess it.")
    return Problem(ERROR, path.name, None, "", message, fix)


def _with_geometry(
    file: str, geometries: NDArray[Any], problems: list[Problem]
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """The geometries that are there, and which these are."""
    import shapely

    keep = ~(shapely.is_missing(geometries) | shapely.is_empty(geometries))
    if not keep.all():
        places = (np.flatnonzero(~keep) + 1).tolist()
        message = _("Features without a geometry are left out: {places}.", places=_listed(places))
        problems.append(Problem(WARNING, file, places[0], "geometry", message, _("Draw or remove them.")))
    return geometries[keep], keep


def _repaired(file: str, geometries: NDArray[Any], problems: list[Problem]) -> NDArray[Any]:
    """Outlines that cross themselves made valid; of areas only the areas stay."""
    import shapely

    wrong = ~shapely.is_valid(geometries)
    if not wrong.any():
        return geometries
    repaired = geometries.copy()
    for place in np.flatnonzero(wrong).tolist():
        sound = shapely.make_valid(geometries[place])
        if shapely.get_type_id(geometries[place]) in POLYGONS:
            parts = shapely.get_parts(shapely.get_parts(sound))
            sound = shapely.unary_union(parts[np.isin(shapely.get_type_id(parts), POLYGONS)])
        repaired[place] = sound
    places = (np.flatnonzero(wrong) + 1).tolist()
    message = _(
        "Outlines cross themselves and were repaired: {places} ({reason}).",
        places=_listed(places),
        reason=shapely.is_valid_reason(geometries[places[0] - 1]),
    )
    fix = _("Look at them on a map; in QGIS: Fix geometries.")
    problems.append(Problem(WARNING, file, places[0], "geometry", message, fix))
    return repaired


def _looks_like_degrees(bounds: Any) -> bool:
    west, south, east, north = (float(side) for side in bounds)
    return max(-west, east) <= 180 and max(-south, north) <= 90


def _wrong_unit_of_place(file: str, geometries: NDArray[Any], crs: str) -> Problem | None:
    """Degrees taken for metres, metres for degrees, or axes swapped beyond doubt."""
    import shapely
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        geographic = CRS.from_user_input(crs).is_geographic
    except CRSError:
        message = _("The projection cannot be understood.")
        return Problem(ERROR, file, None, "", message, _("Assign a known one, such as EPSG:4326."))
    bounds = west, south, east, north = tuple(float(side) for side in shapely.total_bounds(geometries))
    shown = {"x": f"{west:.9g}", "y": f"{south:.9g}"}
    fix = _("Assign the projection that the data were made in (in QGIS: Assign projection).")
    if geographic and not _looks_like_degrees(bounds):
        if _looks_like_degrees((south, west, north, east)):
            message = _("The axes are swapped: latitude stands where longitude belongs.")
            fix = _("Export it with longitude (x) before latitude (y).")
            return Problem(ERROR, file, None, "geometry", message, fix)
        message = _("Metres taken for degrees: coordinates such as {x}, {y} are not degrees.", **shown)
        return Problem(ERROR, file, None, "geometry", message, fix)
    if not geographic and _looks_like_degrees(bounds):
        message = _("Degrees taken for metres: coordinates such as {x}, {y} look like degrees.", **shown)
        return Problem(ERROR, file, None, "geometry", message, fix)
    return None


def _broken_letters(file: str, properties: Mapping[str, NDArray[Any]]) -> list[Problem]:
    """Texts whose letters were read in a wrong encoding, such as "São" as "SÃ£o"."""
    for name, column in properties.items():
        for place, text in enumerate(column.tolist()):
            if isinstance(text, str) and not text.isascii() and _is_garbled(text):
                message = _("Letters are lost or in a wrong encoding: {text}.", text=repr(text[:40]))
                fix = _("Give the encoding (utf-8 or latin-1), or export it again as GeoPackage from its source.")
                return [Problem(WARNING, file, place + 1, name, message, fix)]
    return []


def _is_garbled(text: str) -> bool:
    if "\ufffd" in text:
        return True
    for encoding in ("latin-1", "cp1252"):
        try:
            text.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
        return True
    return False


def _read_columns(path: Path, required: Sequence[str]) -> tuple[dict[str, list[str]] | None, list[Problem]]:
    """The cells of a CSV file by column, of all rows that have any; None if a required column is missing."""
    if problem := refused(path, TABLES):
        return None, [problem]
    text, problems = read_text(path)
    lines = text.splitlines()
    separator = max(",;\t", key=lines[0].count) if lines else ","
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error as failure:
        message = _("The table cannot be read: {error}", error=failure)
        return None, [*problems, Problem(ERROR, path.name, None, "", message, _("Export it again as a CSV file."))]
    header = [name.strip() for name in records[0]] if records else []
    for column in required:
        if column not in header:
            near = nearest(column, header)
            fix = _("Did you mean {near}?", near=near) if near else _("Name the column that holds it.")
            message = _("Column {column} is missing.", column=column)
            problems.append(Problem(ERROR, path.name, 1, column, message, fix))
    if any(problem.column in required for problem in problems):
        return None, problems
    rows = [[*record, *[""] * (len(header) - len(record))] for record in records[1:]]
    return {name: [row[place].strip() for row in rows] for place, name in enumerate(header) if name}, problems


def _degrees(
    file: str, table: Mapping[str, Sequence[str]], column: str, problems: list[Problem]
) -> NDArray[np.float64]:
    """A column of coordinates; NaN and a problem where one cannot be read."""
    values = np.full(len(table[column]), np.nan)
    commas, unreadable, empty = list[int](), list[int](), list[int]()
    for place, text in enumerate(table[column]):
        if DECIMAL_COMMA.fullmatch(text):
            commas.append(place + 2)
            values[place] = float(text.replace(",", "."))
        elif NUMBER.fullmatch(text):
            values[place] = float(text)
        elif text:
            unreadable.append(place + 2)
        elif any(cells[place] for cells in table.values()):
            empty.append(place + 2)
    if commas:
        message = _("{count} numbers have a decimal comma; it was read as a point.", count=len(commas))
        problems.append(Problem(WARNING, file, commas[0], column, message, _("Write decimal points.")))
    if unreadable:
        text = table[column][unreadable[0] - 2]
        message = _("{text} is not a coordinate (rows {rows}).", text=repr(text), rows=_listed(unreadable))
        fix = _("Give degrees with a decimal point.")
        problems.append(Problem(ERROR, file, unreadable[0], column, message, fix))
    if empty:
        message = _("Rows without a coordinate are left out: {rows}.", rows=_listed(empty))
        problems.append(Problem(WARNING, file, empty[0], column, message, _("Give degrees, or remove them.")))
    return values


def _column(cells: Sequence[str]) -> NDArray[Any]:
    """Numbers if all cells are, with NaN for empty ones; else text."""
    filled = [cell for cell in cells if cell]
    if filled and all(NUMBER.fullmatch(cell) and not LEADING_ZERO.match(cell) for cell in filled):
        return np.array([float(cell) if cell else np.nan for cell in cells])
    return np.array(cells, dtype=object)


def _listed(places: Sequence[int]) -> str:
    shown = ", ".join(str(place) for place in places[:SHOWN])
    return shown if len(places) <= SHOWN else _("{names} and {more} more", names=shown, more=len(places) - SHOWN)
