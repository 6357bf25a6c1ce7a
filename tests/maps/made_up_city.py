"""A made-up city with every form of map, small enough that a test can count what must come out.

Villa Inventada: four square zones of 1,200 m, north_west to south_east, of 40 x 40 cells of 30 m each, and a fifth zone,
`away`, 2,400 m east of them, of which no map knows anything. Zones and rasters lie on the cells of the city's own
equal-area grid, so that what a zone holds is known by construction.
"""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path
from typing import NamedTuple

import h3
import numpy as np
import rasterio
import shapely
from city_files import city, fact
from pyproj import Transformer
from rasterio.transform import from_origin

CRS = "+proj=laea +lat_0=-30.00 +lon_0=-51.00 +datum=WGS84 +units=m +no_defs"
TO_DEGREES = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True).transform
TO_METRES = Transformer.from_crs("EPSG:4326", CRS, always_xy=True).transform
CELL = 30.0
SIDE = 40  # cells along a zone
LEFT, TOP = -3000.0, 1200.0  # m, outer corner of north_west
MARGIN = 10  # cells of the rasters beyond the zones
SHAPE = (2 * SIDE + 2 * MARGIN, 2 * SIDE + 2 * MARGIN)
ZONES = {  # west, south, east, north in m
    "north_west": (LEFT, TOP - 1200, LEFT + 1200, TOP),
    "north_east": (LEFT + 1200, TOP - 1200, LEFT + 2400, TOP),
    "south_west": (LEFT, TOP - 2400, LEFT + 1200, TOP - 1200),
    "south_east": (LEFT + 1200, TOP - 2400, LEFT + 2400, TOP - 1200),
    "away": (LEFT + 4800, TOP - 1200, LEFT + 6000, TOP),
}
MAPPED = ("north_west", "north_east", "south_west", "south_east")
BUILT, PARK, POND = 1, 2, 3
TABLE = {  # class: green_area, kc, shade, albedo, curve_number
    BUILT: (0, 0.1, 0.1, 0.2, 98), PARK: (1, 0.9, 0.8, 0.15, 61), POND: (0, 1.0, 0.0, 0.1, 100),
}  # fmt: skip
PEOPLE_CELL = 0.002  # degrees
STREETS = 300.0  # m between streets, from 300 m beyond the four zones to 300 m beyond
DAY = "2024-05-13"

ORIGIN = 'source = "made up"\nquality = "B"\nyear = 2020\nretrieved = 2026\n'
LAYERS = f"""
[layers.hexagons]
read = "cells"
file = "hexagons.csv"
id = "h3"
missing = {{ hospital_distance = 0 }}
units = {{ people = "person" }}
licence = "MIT"
{ORIGIN}
[layers.quarters]
read = "polygons"
file = "quarters.geojson"
missing = {{ greenness = -9999 }}
licence = "GPL-3.0"
bundle = false
{ORIGIN}
[layers.land_cover]
read = "raster"
file = "land_cover.tif"
kind = "categorical"
licence = "CC BY 4.0"
{ORIGIN}
[layers.elevation]
read = "raster"
file = "elevation.tif"
unit = "m"
licence = "CC BY 4.0"
{ORIGIN}
[layers.canopy]
read = "raster"
file = "canopy.tif"
range = [0, 1]
licence = "CC-BY-SA-4.0"
{ORIGIN}
[layers.inhabitants]
read = "raster"
file = "inhabitants.tif"
kind = "count"
unit = "person"
licence = "CC BY 4.0"
{ORIGIN}
[layers.classes]
read = "table"
file = "classes.csv"
source = "made up"
licence = "CC0"
quality = "B"

[layers.streets]
read = "streets"
file = "streets.osm"
licence = "ODbL 1.0"
{ORIGIN}
[layers.timetable]
read = "timetable"
files = ["buses.zip"]
date = {DAY}
licence = "MIT"
{ORIGIN}"""
STEPS = """
[[compute]]
model = "reach"
cells = "hexagons"
streets = "streets"
timetable = "timetable"
count = { school = "schools", job = "jobs" }
minutes = [15]
depart = ["07:00", "07:20"]

[[compute]]
model = "urban_cooling"
name = "heat"
land_cover = "land_cover"
table = "classes"
evapotranspiration = 5
cooling_distance = 120
average_radius = 60
uhi_max = 4

[[compute]]
model = "nature_access"
name = "nature"
land_cover = "land_cover"
population = "inhabitants"
green_codes = [2]
search_radius = 150
demand = 10
kernel = "dichotomy"

[[compute]]
model = "near_green"
name = "green_is_near"
land_cover = "land_cover"
green_codes = [2]

[[compute]]
model = "runoff"
name = "held_back"
land_cover = "land_cover"
table = "classes"
precipitation = 80

[[compute]]
model = "flood_depth"
name = "flood"
elevation = "elevation"
level = 2

[[compute]]
model = "exposed"
name = "flooded_share"
cells = "hexagons"
raster = "flood"
above = 0
"""
FACTS = """
[[fact]]
name = "population"
raster = "inhabitants"
statistic = "sum"

[[fact]]
name = "households"
cells = "hexagons"
column = "homes"
statistic = "sum"

[[fact]]
name = "canopy_cover"
raster = "canopy"

[[fact]]
name = "impervious_share"
raster = "land_cover"
classes = [1]

[[fact]]
name = "vegetation_index"
polygons = "quarters"
column = "greenness"

[[fact]]
name = "air_temperature_excess"
raster = "heat"

[[fact]]
name = "green_area_per_person"
raster = "nature"
weight = "inhabitants"

[[fact]]
name = "green_access_share"
raster = "green_is_near"
weight = "inhabitants"

[[fact]]
name = "runoff_retained_share"
raster = "held_back"

[[fact]]
name = "terrain_flooded_population"
cells = "hexagons"
column = "flooded_share"
weight = "people"
statistic = "sum"

[[fact]]
name = "hospital_reach_share"
kind = "walk_15"
cells = "hexagons"
column = "hospital_distance"
at_most = 1200
weight = "people"
least_cover = 0.6

[[fact]]
name = "school_reach_share"
kinds = ["walk_15", "transit_15"]
cells = "hexagons"
column = "school_{kind}"
at_least = 1
weight = "people"

[[fact]]
name = "job_reach_share"
kinds = ["walk_15", "transit_15"]
cells = "hexagons"
column = "job_{kind}"
of_total = "jobs"
weight = "people"
"""
RECIPE = LAYERS + STEPS + FACTS


class MadeUp(NamedTuple):
    """The city's folder and that of its maps."""

    city: Path
    maps: Path


def made_up_city(folder: Path, recipe: str = RECIPE) -> MadeUp:
    """Write Villa Inventada and its maps below `folder`."""
    rows = [fact("population", 9000, "person"), fact("area", 7.2, "km2")]
    home = city(folder / "villa-inventada", rows, SETTINGS)
    features = [
        {"type": "Feature", "properties": {"id": name, "name": name.title()}, "geometry": geometry(degrees(*box))}
        for name, box in ZONES.items()
    ]
    collection = {"type": "FeatureCollection", "features": features}
    (home / "zones.geojson").write_text(json.dumps(collection), encoding="utf-8")
    (home / "layers.toml").write_text(recipe, encoding="utf-8")
    maps = folder / "maps"
    maps.mkdir(parents=True, exist_ok=True)
    write_raster(maps / "land_cover.tif", land_cover(), nodata=-1)
    write_raster(maps / "elevation.tif", elevation(), nodata=-9999)
    write_raster(maps / "canopy.tif", canopy(), nodata=-9999)
    west, north = inhabitants_corner()
    people = inhabitants()
    transform = from_origin(west, north, PEOPLE_CELL, PEOPLE_CELL)
    write_raster(maps / "inhabitants.tif", people, crs="EPSG:4326", transform=transform)
    write_rows(maps / "hexagons.csv", hexagons())
    write_rows(
        maps / "classes.csv",
        [dict(zip(("lucode", "name", "green_area", "kc", "shade", "albedo", "curve_number"),
                  (code, f"class {code}", *values), strict=True)) for code, values in TABLE.items()],
    )  # fmt: skip
    write_quarters(maps / "quarters.geojson")
    write_streets(maps / "streets.osm")
    write_buses(maps / "buses.zip")
    return MadeUp(home, maps)


SETTINGS = """id = "villa-inventada"
name = "Villa Inventada (made up)"
country = "BRA"
region = ["Brazil", "South America", "Latin America", "world"]
climate = "wet temperate"
currency = "BRL"
language = "pt"
base_year = 2022
gwp = "AR5"
"""


def block(name: str) -> tuple[slice, slice]:
    """Rows and columns of a zone in the rasters."""
    west, _south, _east, north = ZONES[name]
    row, column = int((TOP - north) / CELL) + MARGIN, int((west - LEFT) / CELL) + MARGIN
    return slice(row, row + SIDE), slice(column, column + SIDE)


def land_cover() -> np.ndarray:
    """Built, with a park in the west of north_east, one of 20 x 20 cells in south_west, a speck, a pond, a hole."""
    codes = np.full(SHAPE, BUILT, np.int16)
    rows, columns = block("north_east")
    codes[rows, columns.start : columns.start + 20] = PARK
    rows, columns = block("south_west")
    codes[rows.start + 10 : rows.start + 30, columns.start + 10 : columns.start + 30] = PARK
    rows, columns = block("north_west")
    codes[rows.start + 5 : rows.start + 7, columns.start + 5 : columns.start + 7] = PARK  # 0.36 ha
    rows, columns = block("south_east")
    codes[rows.stop - 10 : rows.stop, columns] = POND
    codes[rows, columns.stop - 8 : columns.stop] = -1
    return codes


def elevation() -> np.ndarray:
    """10 m, but the east 1 m over a lake without value; north_west lies as low, behind high ground on all sides."""
    terrain = np.full(SHAPE, 10.0, np.float32)
    for name in ("north_east", "south_east"):
        terrain[block(name)] = 1
    rows, columns = block("north_west")
    terrain[rows.start + 2 : rows.stop - 2, columns.start + 2 : columns.stop - 2] = 1
    rows, columns = block("south_east")
    terrain[rows.stop - 10 : rows.stop, columns] = -9999
    return terrain


def canopy() -> np.ndarray:
    """Shares of 0.1 to 0.4 by zone, 0.9 beyond; 24 of the 40 columns of south_east are not known."""
    share = np.full(SHAPE, 0.9, np.float32)
    for place, name in enumerate(MAPPED, start=1):
        share[block(name)] = place / 10
    rows, columns = block("south_east")
    share[rows, columns.start : columns.start + 24] = -9999
    return share


def inhabitants_corner() -> tuple[float, float]:
    """West and north of the raster of people, on whole cells of degrees beyond the four zones."""
    west, _south, _east, north = degrees(LEFT - 300, TOP - 2700, LEFT + 2700, TOP + 300).bounds
    return np.floor(west / PEOPLE_CELL) * PEOPLE_CELL, np.ceil(north / PEOPLE_CELL) * PEOPLE_CELL


def inhabitants() -> np.ndarray:
    """People by cell of degrees, 1 to 96."""
    rows, columns = np.indices((16, 17))
    return ((rows * 37 + columns * 53) % 96 + 1).astype(np.float32)


def hexagons() -> list[dict[str, object]]:
    """H3 hexagons over the four zones and beyond, and over `away`, where there is no street."""
    west, south, east, north = *ZONES["south_west"][:2], *ZONES["north_east"][2:]
    cells = set()
    for box in ((west - 300, south - 300, east + 300, north + 300), ZONES["away"]):
        cells |= set(h3.geo_to_cells(degrees(*box), 9))
    return [
        {"h3": cell, "people": (place * 37) % 150, "homes": (place * 11) % 60, "schools": int(place % 17 == 0),
         "jobs": (place * 7) % 90, "hospital_distance": 0 if place % 10 == 3 else 400 + (place * 97) % 1600}
        for place, cell in enumerate(sorted(cells))
    ]  # fmt: skip


def write_quarters(path: Path) -> None:
    """Three quarters: the west and a fourth of north_east 0.6, the rest of it 0.2, south_east not known (-9999)."""
    quarters = (
        (0.6, (LEFT, TOP - 2400, LEFT + 1200, TOP)),
        (0.6, (LEFT + 1200, TOP - 1200, LEFT + 1500, TOP)),
        (0.2, (LEFT + 1500, TOP - 1200, LEFT + 2400, TOP)),
        (-9999, (LEFT + 1200, TOP - 2400, LEFT + 2400, TOP - 1200)),
    )
    features = [
        {"type": "Feature", "properties": {"greenness": value}, "geometry": geometry(degrees(*box))}
        for value, box in quarters
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")


def write_streets(path: Path) -> None:
    """A lattice of streets."""
    count = round((2400 + 600) / STREETS) + 1
    lines = ['<?xml version="1.0"?><osm version="0.6">']
    for row in range(count):
        for column in range(count):
            lon, lat = TO_DEGREES(LEFT - 300 + column * STREETS, TOP + 300 - row * STREETS)
            lines.append(f'<node id="{row * count + column + 1}" version="1" lat="{lat:.9f}" lon="{lon:.9f}"/>')
    numbers = np.arange(1, count * count + 1).reshape(count, count)
    for way, members in enumerate([*numbers.tolist(), *numbers.T.tolist()], start=1):
        inside = "".join(f'<nd ref="{member}"/>' for member in members)
        lines.append(f'<way id="{way}" version="1">{inside}<tag k="highway" v="residential"/></way>')
    path.write_text("\n".join([*lines, "</osm>"]), encoding="utf-8")


def write_buses(path: Path, days: str = "1,1,1,1,1,0,0", first: str = "20240101", last: str = "20241231") -> None:
    """A bus every 10 minutes from the west to the east along a street of the middle, 2,400 m in 6 minutes."""
    stops = [(name, *TO_DEGREES(LEFT + 1200 * place, TOP - 1200)) for place, name in enumerate("ABC")]
    times, trips = [], []
    for place, leave in enumerate(range(6 * 60, 9 * 60, 10)):
        trips.append(f"line,service,{place}")
        for order, minute in enumerate((leave, leave + 3, leave + 6)):
            clock = f"{minute // 60:02d}:{minute % 60:02d}:00"
            times.append(f"{place},{clock},{clock},{'ABC'[order]},{order + 1}")
    tables = {
        "agency": "agency_name,agency_url,agency_timezone\nMade up,http://example.org,America/Sao_Paulo",
        "stops": "stop_id,stop_name,stop_lat,stop_lon\n"
        + "\n".join(f"{name},{name},{lat:.7f},{lon:.7f}" for name, lon, lat in stops),
        "routes": "route_id,route_short_name,route_type\nline,1,3",
        "trips": "route_id,service_id,trip_id\n" + "\n".join(trips),
        "calendar": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
        f"service,{days},{first},{last}",
        "stop_times": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n" + "\n".join(times),
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in tables.items():
            archive.writestr(f"{name}.txt", text + "\n")


def write_raster(path: Path, values: np.ndarray, nodata: float | None = None, crs: str | None = CRS, transform=None):
    """A GeoTIFF on the cells of the city's grid, unless said otherwise."""
    transform = transform or from_origin(LEFT - MARGIN * CELL, TOP + MARGIN * CELL, CELL, CELL)
    profile = {"driver": "GTiff", "dtype": values.dtype.name, "count": 1, "nodata": nodata}
    rows, columns = values.shape
    with rasterio.open(path, "w", width=columns, height=rows, crs=crs, transform=transform, **profile) as dataset:
        dataset.write(values[np.newaxis])


def write_rows(path: Path, rows: list[dict[str, object]]) -> None:
    """A table (CSV)."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def degrees(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    """A box of metres as a polygon in degrees; points along its sides bend with them."""
    sides = shapely.segmentize(shapely.box(west, south, east, north), 100)
    return shapely.transform(sides, lambda points: np.column_stack(TO_DEGREES(points[:, 0], points[:, 1])))


def geometry(polygon: shapely.Polygon) -> dict[str, object]:
    """A polygon as GeoJSON."""
    return json.loads(shapely.to_geojson(polygon))


def read_rows(folder: Path, *files: str) -> list[dict[str, str]]:
    """The rows of some tables, or of all that were made of maps."""
    rows = []
    for path in sorted(folder.glob("facts-*.csv")) if not files else [folder / name for name in files]:
        with path.open(encoding="utf-8", newline="") as stream:
            rows += [{**row, "file": path.name} for row in csv.DictReader(stream)]
    return rows
