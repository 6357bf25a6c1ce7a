"""What a [[compute]] section of layers.toml does: a model run on the maps of a study."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from caminos.city.tables import read_number
from caminos.i18n import _
from caminos.maps.cells import column_of
from caminos.maps.recipe import RECIPE, LayerError
from caminos.maps.study import Model, Study, Surface
from caminos.problems import ERROR, WARNING, Problem
from caminos.spatial.cache import kept
from caminos.spatial.cells import Column
from caminos.spatial.grid import DEGREES, project
from caminos.spatial.land_cover import LandCover

MISSING_CODE = -(2**31)  # of land cover
VERSION = "1"  # of what is kept: change it whenever a model here gives other numbers
SPEED = {"value": 4.8, "low": 3.6, "high": 5.4}  # km/h on foot: 15-minute city; older people; brisk
MORNING = ("07:00", "09:00")
# columns of a table by land cover that models read
OF_CLASSES = ("lucode", "kc", "shade", "albedo", "green_area", "building_intensity", "curve_number")
EARLY, LATE = 10, 90  # percent of departures that the range of a transit figure leaves out at each end


def reach(study: Study, options: dict[str, Any]) -> None:
    """What people reach from each cell: columns such as school_walk_15 and school_transit_45.

    On foot the range is that of walking speeds. By transit, every minute of the window of departures: the median,
    and as range the 10th and 90th percentile of the minutes.
    """
    from caminos.spatial.streets import attach, travel_times
    from caminos.spatial.transit import door_to_door
    from caminos.spatial.travel import access

    cells = study.cells(options["cells"])
    streets = study.layer(options["streets"])
    counted = {category: column_of(cells, name, "compute reach") for category, name in options["count"].items()}
    amounts = np.column_stack([column.value for column in counted.values()])
    limits = [float(minutes) for minutes in sorted(set(options["minutes"]))]
    points = streets.project(cells.lon, cells.lat)
    layers = frozenset((options["cells"], options["streets"]))
    speeds = {**SPEED, **options.get("speed", {})}
    # what is kept depends on the columns as read: missing or empty fields, other steps
    settings = {**options, "speed": speeds, "points": points, "amounts": amounts}

    def on_foot() -> dict[str, np.ndarray]:
        away = attach(streets, points).node < 0  # what these reach is not known
        found = {}
        for bound, speed in speeds.items():
            times = travel_times(streets, points, points, speed=speed, limit=limits[-1])
            found[bound] = access(travel_time=times, opportunities=amounts, limit=limits)
            found[bound][:, away] = np.nan
        return found

    study.say(_("walking"), 0, 0)
    files = [
        study.path(layer, file)
        for layer in map(study.recipe.layers.get, sorted(layers))
        if layer
        for file in layer.files
    ]
    walked = kept(study.cache, "reach-walk", files, settings, VERSION, on_foot)
    method = f"Along streets at {speeds['value']} km/h; range {speeds['low']} to {speeds['high']} km/h."
    for place, minutes in enumerate(limits):
        for category, name in enumerate(counted):
            value, low, high = (walked[bound][place][:, category] for bound in ("value", "low", "high"))
            unit = counted[name].unit
            cells.columns[f"{name}_walk_{minutes:.0f}"] = Column(value, layers, low, high, method, unit)
    if "timetable" not in options:
        return
    timetable = study.layer(options["timetable"])
    window = options.get("depart", MORNING)
    if len(window) != 2:
        message = _("depart holds {count} times.", count=len(window))
        fix = _("Give the first and the last: {example}.", example='["07:00", "09:00"]')
        raise LayerError([Problem(ERROR, RECIPE, None, "compute reach.depart", message, fix)])
    begin, end = (_minutes(text) for text in window)

    def by_transit() -> dict[str, np.ndarray]:
        found, problems = door_to_door(
            timetable,
            streets,
            points,
            points,
            amounts,
            departures=np.arange(begin, end),
            limits=limits,
            speed=speeds["value"],
        )
        low, value, high = np.percentile(found.opportunities, (EARLY, 50, LATE), axis=1)
        said = np.array([json.dumps(asdict(problem)) for problem in problems] or [""])
        return {"low": low, "value": value, "high": high, "problems": said}

    study.say(_("public transport"), 0, 0)
    layer = study.recipe.layers[options["timetable"]]
    files += [study.path(layer, file) for file in layer.files]
    settings |= {"depart": list(window), "date": str(layer.options["date"])}
    ridden = kept(study.cache, "reach-transit", files, settings, VERSION, by_transit)
    said = [Problem(**json.loads(text)) for text in ridden["problems"] if text]
    places = study.recipe.layers[cells.name].files[0]  # what is said of places without a file is said of the cells
    study.take(replace(problem, file=problem.file or places) for problem in said)
    method = (
        f"On foot and by timetable of {layer.options['date']}, leaving each minute from {window[0]} to "
        f"{window[1]}: the median minute; range from the {EARLY}th to the {LATE}th percentile of minutes."
    )
    for place, minutes in enumerate(limits):
        for category, name in enumerate(counted):
            value, low, high = (ridden[bound][:, place, category] for bound in ("value", "low", "high"))
            column = Column(value, layers | {options["timetable"]}, low, high, method, counted[name].unit)
            cells.columns[f"{name}_transit_{minutes:.0f}"] = column


def _minutes(text: str) -> int:
    """Minutes after midnight of 07:30."""
    hours, colon, minutes = str(text).partition(":")
    if not (colon and hours.isdigit() and minutes.isdigit()):
        message = _("{text} is not a time of day.", text=repr(text))
        raise LayerError([Problem(ERROR, RECIPE, None, "compute reach.depart", message, _("Write it as 07:00."))])
    return 60 * int(hours) + int(minutes)


def urban_cooling(study: Study, options: dict[str, Any]) -> None:
    """Summer air temperature (°C) by cell; without reference_temperature its excess over the surroundings."""
    from caminos.spatial import cooling

    cover, codes = _land_cover(study, options)
    names, table = _numbers(study, options["table"])
    given = options["evapotranspiration"]
    water: Surface | None = study.layer(given) if isinstance(given, str) else None
    found = cooling.urban_cooling(
        lulc=codes,
        eto=water.values if water else float(given),
        cell_size=cover.grid.cell_size,
        cooling_distance=options["cooling_distance"],
        average_radius=options["average_radius"],
        reference_temperature=options.get("reference_temperature", 0.0),
        uhi_max=options["uhi_max"],
        table_columns=names,
        table=table,
        method=options.get("method", "factors"),
        nodata=MISSING_CODE,
        whole_cells=False,
        outputs=("t_air",),
    )
    excess = "reference_temperature" not in options
    layers = cover.layers | {options["table"]} | (water.layers if water else frozenset())
    method = f"Urban cooling model, heat island at most {options['uhi_max']} °C."
    assert found.t_air is not None
    study.made(options["name"], Surface(found.t_air, cover.grid, layers, "delta_degC" if excess else "degC", method))


def nature_access(study: Study, options: dict[str, Any]) -> None:
    """Green per person (m2) by cell, shared with all who reach it."""
    from caminos.spatial import nature

    cover, codes = _land_cover(study, options)
    _check_green(study, codes, options)
    people: Surface = study.layer(options["population"])
    found = nature.nature_access(
        lulc=codes,
        population=people.values,
        cell_size=cover.grid.cell_size,
        search_radius=options["search_radius"],
        demand=options["demand"],
        green_codes=options["green_codes"],
        kernel=options.get("kernel", "gaussian"),
        nodata=MISSING_CODE,
    )
    method = f"Two-step floating catchment of {options['search_radius']} m."
    layers = cover.layers | people.layers
    study.made(options["name"], Surface(found.supply_per_person, cover.grid, layers, "m2/person", method))


def near_green(study: Study, options: dict[str, Any]) -> None:
    """1 where a green of some size is near, else 0."""
    from caminos.spatial import nature

    cover, codes = _land_cover(study, options)
    _check_green(study, codes, options)
    distance, area = options.get("distance", 300.0), options.get("least_area", 5000.0)
    found = nature.near_green(
        lulc=codes,
        green_codes=options["green_codes"],
        cell_size=cover.grid.cell_size,
        distance=distance,
        least_area=area,
        nodata=MISSING_CODE,
    )
    method = f"Green of {area:,.0f} m2 or more within {distance:g} m, straight."
    study.made(options["name"], Surface(found, cover.grid, cover.layers, "", method))


def runoff(study: Study, options: dict[str, Any]) -> None:
    """Share of a storm's rain that the ground holds back, by curve number."""
    from caminos.spatial import water

    cover, codes = _land_cover(study, options)
    names, table = _numbers(study, options["table"])
    if "curve_number" not in names:
        message = _("table: there is no column {name}.", name="curve_number")
        raise LayerError([Problem(ERROR, RECIPE, None, "compute runoff.table", message, _("Add it."))])
    classes, curves = table[:, names.index("lucode")], table[:, names.index("curve_number")]
    lookup = LandCover(codes, MISSING_CODE)
    lookup.check(classes, options["table"])
    place, known = lookup.lookup(classes)((slice(None), slice(None)))
    found = water.runoff(precipitation=options["precipitation"], curve_number=np.where(known, curves[place], np.nan))
    method = f"Curve number method, storm of {options['precipitation']} mm."
    layers = cover.layers | {options["table"]}
    study.made(options["name"], Surface(found.retention_share, cover.grid, layers, "share", method))


def _land_cover(study: Study, options: dict[str, Any]) -> tuple[Surface, np.ndarray]:
    """The land cover and its codes as whole numbers, MISSING_CODE where there is none."""
    cover: Surface = study.layer(options["land_cover"])
    return cover, np.where(np.isnan(cover.values), MISSING_CODE, cover.values).astype(np.int32)


def _check_green(study: Study, codes: np.ndarray, options: dict[str, Any]) -> None:
    """Classes of green that occur nowhere: a wrong code would look like a city without green."""
    absent = [code for code in options["green_codes"] if not (codes == code).any()]
    if absent:
        message = _("green_codes: no cell has the class {codes}.", codes=", ".join(f"{code:g}" for code in absent))
        fix = _("Check the codes of the land cover.")
        section = f"compute {options['name']}"
        severity = ERROR if len(absent) == len(options["green_codes"]) else WARNING
        study.take([Problem(severity, RECIPE, None, section, message, fix)])


def _numbers(study: Study, name: str) -> tuple[list[str], np.ndarray]:
    """The columns of a table that are numbers throughout: names and values (rows, columns)."""
    rows: list[dict[str, str]] = study.layer(name)
    file = study.recipe.layers[name].files[0]
    names, values = [], []
    for column in rows[0] if rows else ():
        read = [read_number(str(row[column] or "").strip()) for row in rows]
        wrong = next((place for place, (number, *_said) in enumerate(read) if number is None), None)
        if wrong is None:
            names.append(column)
            values.append([number for number, *_said in read])
        elif column in OF_CLASSES:
            raise LayerError([Problem(ERROR, file, wrong + 2, column, *read[wrong][1:])])
    if "lucode" not in names:
        message = _("table: there is no column {name}.", name="lucode")
        raise LayerError([Problem(ERROR, file, 1, "lucode", message, _("It holds the codes of the land cover."))])
    return names, np.array(values, float).T


def flood_depth(study: Study, options: dict[str, Any]) -> None:
    """Depth where water at a level, joined to the river, lake or sea, stands over the terrain.

    The water is the layer `water` (above 0), or else the largest region where the terrain has no value, for
    terrain models have none over open water; what lies beyond the frame of its file is not known to be water.
    `windows` (m) and `slope` filter roofs and trees out first.
    """
    from scipy import ndimage

    from caminos.spatial import flood

    terrain: Surface = study.layer(options["elevation"])
    elevation, layers = terrain.values, terrain.layers
    method = f"Level {options['level']} m over the terrain, joined to open water."
    if "water" in options:
        mapped: Surface = study.layer(options["water"])
        water, layers = np.nan_to_num(mapped.values) > 0, layers | mapped.layers
    else:
        number, count = ndimage.label(np.isnan(elevation) & _framed(study, terrain), structure=np.ones((3, 3)))
        sizes = np.bincount(number.ravel(), minlength=count + 1)
        sizes[0] = 0
        water = (number == sizes.argmax()) & (number > 0)
    if "windows" in options:
        bare = flood.ground_filter(
            elevation, terrain.grid.cell_size, windows=options["windows"], slope=options.get("slope", 0.02)
        )
        elevation = bare.ground
        method += f" Roofs and trees narrower than {options['windows'][-1]} m filtered out."
    depth = flood.flood_depth(elevation=elevation, water=water, level=options["level"])
    study.made(options["name"], Surface(depth, terrain.grid, layers, "m", method))


def _framed(study: Study, surface: Surface) -> np.ndarray:
    """Cells within the frames of the files that a raster was read from, a cell from the edge at least."""
    import shapely

    from caminos.maps.rasters import frame_of

    left, top, size = surface.grid.left, surface.grid.top, surface.grid.cell_size
    rows, columns = surface.grid.shape
    x, y = np.meshgrid(left + size * (np.arange(columns) + 0.5), top - size * (np.arange(rows) + 0.5))
    inside = np.ones(surface.grid.shape, bool)
    for layer in (study.recipe.layers[name] for name in surface.layers if name in study.recipe.layers):
        if layer.read == "raster":
            bounds, crs = frame_of(study.path(layer, layer.options["file"]))
            (frame,) = project([shapely.box(*bounds)], crs, surface.grid.crs)
            frame = frame.buffer(-size)
            shapely.prepare(frame)
            inside &= shapely.contains_xy(frame, x, y)
    return inside


def exposed(study: Study, options: dict[str, Any]) -> None:
    """A column of cells: the share of each cell's area where a raster lies above a value; NaN where not known."""
    from caminos.spatial.zonal import zonal_statistics

    cells = study.cells(options["cells"])
    surface: Surface = study.layer(options["raster"])
    above = np.where(np.isnan(surface.values), np.nan, surface.values > options["above"])
    outlines = project(cells.polygons, DEGREES, surface.grid.crs)
    found = zonal_statistics(above, surface.grid.transform, outlines, ("mean",))
    method = f"{surface.method} Share of each cell above {options['above']} {surface.unit}.".strip()
    cells.columns[options["name"]] = Column(found["mean"], surface.layers | {cells.name}, method=method)


MODELS: dict[str, Model] = {
    "reach": reach,
    "urban_cooling": urban_cooling,
    "nature_access": nature_access,
    "near_green": near_green,
    "runoff": runoff,
    "flood_depth": flood_depth,
    "exposed": exposed,
}
