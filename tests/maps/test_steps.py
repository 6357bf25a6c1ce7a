"""Each model of layers.toml on the made-up city, against sums done here in another way; and what it says to bad maps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rasterio")
pytest.importorskip("h3")
import shapely
from made_up_city import (
    BUILT,
    CELL,
    LEFT,
    MARGIN,
    PARK,
    RECIPE,
    SHAPE,
    SIDE,
    STREETS,
    TABLE,
    TO_METRES,
    TOP,
    ZONES,
    block,
    elevation,
    hexagons,
    land_cover,
    made_up_city,
    write_buses,
    write_raster,
)
from scipy.signal import convolve2d
from scipy.spatial import cKDTree

from caminos.maps import steps
from caminos.maps.layers import open_study
from caminos.maps.recipe import LayerError
from caminos.maps.study import Study


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Study:
    """Villa Inventada with all steps done."""
    made = made_up_city(tmp_path_factory.mktemp("steps"))
    found = open_study(made.city, made.maps)
    found.run()
    return found


def on_frame(surface) -> np.ndarray:
    """Values of a surface on the cells of the made-up rasters, NaN beyond the city's own grid."""
    row = round((TOP + MARGIN * CELL - surface.grid.top) / CELL)
    column = round((surface.grid.left - (LEFT - MARGIN * CELL)) / CELL)
    rows, columns = surface.values.shape
    wide = np.full((SHAPE[0] + rows, SHAPE[1] + columns), np.nan)
    wide[row : row + rows, column : column + columns] = surface.values
    return wide[: SHAPE[0], : SHAPE[1]]


def zone_of(name: str, values: np.ndarray) -> np.ndarray:
    return values[block(name)]


def known_cover(study: Study) -> np.ndarray:
    """Land cover as the study sees it: what lies beyond its grid is not there."""
    return on_frame(study.layer("land_cover"))


def test_rasters_on_the_citys_own_cells_come_unchanged(study):
    cover = known_cover(study)
    given = np.where(land_cover() == -1, np.nan, land_cover())
    for name in ("north_west", "north_east", "south_west", "south_east"):
        np.testing.assert_array_equal(zone_of(name, cover), zone_of(name, given))
        heights = zone_of(name, on_frame(study.layer("elevation")))
        np.testing.assert_array_equal(heights, zone_of(name, np.where(elevation() == -9999, np.nan, elevation())))


def test_urban_cooling_is_the_published_equation(study):
    cover = known_cover(study)
    known = ~np.isnan(cover)
    codes = np.where(known, cover, 0).astype(int)
    column = {name: np.array([0, *(TABLE[code][place] for code in (1, 2, 3))]) for place, name in
              enumerate(("green", "kc", "shade", "albedo"))}  # fmt: skip
    capacity = np.where(known, (0.6 * column["shade"] + 0.2 * column["albedo"] + 0.2 * column["kc"])[codes], 0)
    green = np.where(known, column["green"][codes], 0)

    def around(values, weights):
        return convolve2d(values, weights, mode="same")

    def decay(distance):
        reach = int(5 * distance / CELL)
        y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
        away = np.hypot(x, y) * CELL
        return np.where(away <= 5 * distance, np.exp(-away / distance), 0), away

    weights, away = decay(120)
    disk = (away <= 120).astype(float)
    large = around(green, disk) / np.maximum(around(known.astype(float), disk), 1e-9) * disk.sum() * CELL**2
    parks = around(green * capacity, weights) / np.maximum(around(known.astype(float), weights), 1e-9)
    mitigation = np.where((capacity >= parks) | (large < 2e4 * (1 - 1e-6)), capacity, parks)
    mixing, _away = decay(60)
    air = around(np.where(known, (1 - mitigation) * 4, 0), mixing) / np.maximum(
        around(known.astype(float), mixing), 1e-9
    )
    expected = np.where(known, air, np.nan)
    heat = study.layer("heat")
    assert heat.unit == "delta_degC"
    np.testing.assert_allclose(on_frame(heat), expected, atol=1e-5)
    assert np.nanmax(heat.values) <= 4


def test_nature_access_is_shared_with_all_who_reach_it(study):
    cover, people = known_cover(study), on_frame(study.layer("inhabitants"))
    known = ~(np.isnan(cover) | np.isnan(people))
    persons = np.where(known, people, 0)
    green = np.where(known & (cover == PARK), CELL**2, 0.0)
    y, x = np.mgrid[-5:6, -5:6]
    disk = (np.hypot(x, y) * CELL <= 150).astype(float)
    reached = convolve2d(persons, disk, mode="same")
    ratio = np.where(reached > 1, green / np.maximum(reached, 1), green)
    supply = np.where(known, convolve2d(ratio, disk, mode="same"), np.nan)
    nature = on_frame(study.layer("nature"))
    # whatever is not next to people of whom only part is on the grid
    inner = np.zeros(SHAPE, bool)
    inner[MARGIN : MARGIN + 2 * SIDE, MARGIN : MARGIN + 2 * SIDE] = True
    np.testing.assert_allclose(nature[inner], supply[inner], rtol=1e-6, atol=1e-6)
    assert np.nansum(study.layer("nature").values * study.layer("inhabitants").values) == pytest.approx(
        green[reached > 1].sum(), rel=1e-6
    )


def test_green_is_near_where_a_park_of_half_a_hectare_is(study):
    cover = known_cover(study)
    parks = cover == PARK
    rows, columns = block("north_west")
    parks[rows, columns] = False  # 0.36 ha only
    places = np.argwhere(parks) * CELL
    away, _nearest = cKDTree(places).query(np.argwhere(np.ones(SHAPE, bool)) * CELL)
    expected = np.where(np.isnan(cover), np.nan, (away.reshape(SHAPE) <= 300).astype(float))
    near = on_frame(study.layer("green_is_near"))
    np.testing.assert_array_equal(near, expected)


def test_runoff_by_curve_number(study):
    """Published example: 80 mm on curve number 98 run off nearly whole; the equation is done here in inches."""

    def retained(number):
        rain, storage = 80 / 25.4, 1000 / number - 10
        run = (rain - 0.2 * storage) ** 2 / (rain + 0.8 * storage) if rain > 0.2 * storage else 0.0
        return 1 - run / rain

    held = on_frame(study.layer("held_back"))
    cover = known_cover(study)
    for code, values in TABLE.items():
        np.testing.assert_allclose(held[cover == code], retained(values[-1]), rtol=1e-12, atol=1e-12)
    assert np.isnan(held[np.isnan(cover)]).all()


def test_the_flood_comes_from_the_lake_and_not_over_high_ground(study):
    flood = on_frame(study.layer("flood"))
    np.testing.assert_array_equal(zone_of("north_east", flood), 1)
    np.testing.assert_array_equal(zone_of("south_east", flood)[:-10], 1)
    assert np.isnan(zone_of("south_east", flood)[-10:]).all(), "the lake has no terrain"
    for name in ("north_west", "south_west"):
        assert (zone_of(name, flood) == 0).all(), "low ground behind a rim, and high ground"


def test_what_lies_beyond_a_terrain_is_not_open_water(tmp_path):
    """No lake in it, low ground at its edge: nothing says that water comes from there."""
    made = made_up_city(tmp_path)
    terrain = np.full(SHAPE, 1.0, np.float32)
    terrain[0] = 1.5
    write_raster(made.maps / "elevation.tif", terrain, nodata=-9999)
    with pytest.raises(LayerError, match="water"):
        open_study(made.city, made.maps).run("flood")
    terrain[block("south_east")] = -9999
    write_raster(made.maps / "elevation.tif", terrain, nodata=-9999)
    study = open_study(made.city, made.maps)
    study.run("flood")
    assert (on_frame(study.layer("flood"))[MARGIN:-MARGIN, MARGIN:-MARGIN] > 0).sum() == 3 * SIDE**2
    # water given as a map takes the place of the guess
    recipe = RECIPE.replace("level = 2", 'level = 2\nwater = "land_cover"')
    made = made_up_city(tmp_path / "again", recipe)
    study = open_study(made.city, made.maps)
    study.run("flood")
    assert np.nanmax(zone_of("south_west", on_frame(study.layer("flood")))) == 0


def test_roofs_are_filtered_before_the_flood(tmp_path):
    made = made_up_city(tmp_path, RECIPE.replace("level = 2", "level = 2\nwindows = [90, 210]"))
    terrain = elevation()
    rows, columns = block("north_east")
    terrain[rows.start + 10 : rows.start + 13, columns.start + 10 : columns.start + 13] = 12  # a roof of 90 m
    write_raster(made.maps / "elevation.tif", terrain, nodata=-9999)
    study = open_study(made.city, made.maps)
    study.run("flood")
    assert (zone_of("north_east", on_frame(study.layer("flood"))) > 0).all()
    assert "210 m filtered out" in study.layer("flood").method


def test_share_of_hexagons_under_water(study):
    cells = study.cells("hexagons")
    share = cells.columns["flooded_share"].value
    to_metres = [
        shapely.transform(each, lambda p: np.column_stack(TO_METRES(p[:, 0], p[:, 1]))) for each in cells.polygons
    ]
    east = shapely.union_all([shapely.box(*ZONES["north_east"]), shapely.box(*ZONES["south_east"])])
    lake = shapely.box(*ZONES["south_east"][:3], ZONES["south_east"][1] + 10 * CELL)
    grid = study.layer("flood").grid
    left, bottom, right, top = grid.bounds
    frame = shapely.box(LEFT - 300, TOP - 2700, LEFT + 2700, TOP + 300) & shapely.box(left, bottom, right, top)
    known = frame - lake
    for found, cell in zip(share, to_metres, strict=True):
        area = shapely.area(cell & known)
        if area < 1:
            assert np.isnan(found)
        else:
            assert found == pytest.approx(shapely.area(cell & (east - lake)) / area, abs=2e-5)
    assert np.isnan(share).any()


def snapped(x, y):
    """Metres to the nearest street of the lattice, and where on it: (x, y) of the foot."""
    column = np.clip(np.round((x - (LEFT - 300)) / STREETS), 0, 10) * STREETS + LEFT - 300
    row = np.clip(np.round((y - (TOP - 2700)) / STREETS), 0, 10) * STREETS + TOP - 2700
    inside_x, inside_y = np.clip(x, LEFT - 300, LEFT + 2700), np.clip(y, TOP - 2700, TOP + 300)
    feet = [(column, inside_y), (inside_x, row)]
    gaps = [np.hypot(x - foot_x, y - foot_y) for foot_x, foot_y in feet]
    best = int(gaps[1] < gaps[0])
    return gaps[best], *feet[best], best


def along(one, other):
    """Metres along the lattice between two feet: round the block where both lie in the middle of parallel streets."""
    _gap, x, y, lying = one
    _gap, x2, y2, lying2 = other
    if lying == lying2:  # both on streets of one direction
        across, ahead = (abs(y - y2), (x, x2)) if lying else (abs(x - x2), (y, y2))
        if across > 1:
            start = LEFT - 300 if lying else TOP - 2700
            first, second = ((value - start) / STREETS for value in ahead)
            if np.floor(first) == np.floor(second):  # the same block: to its nearer end and back
                ends = [first - np.floor(first) + second - np.floor(second)]
                ends.append(2 - ends[0])
                return across + STREETS * min(ends)
    return abs(x - x2) + abs(y - y2)


def test_walks_along_a_lattice_of_streets(study):
    """What every hexagon reaches in 15 minutes, from the corners of blocks and no search of paths."""
    cells = study.cells("hexagons")
    x, y = TO_METRES(cells.lon, cells.lat)
    feet = [snapped(*point) for point in zip(x, y, strict=True)]
    away = np.array([foot[0] > 500 for foot in feet])
    rows = {row["h3"]: row for row in hexagons()}
    jobs, schools = (np.array([rows[cell][name] for cell in cells.ids], float) for name in ("jobs", "schools"))
    metres = np.array([[one[0] + along(one, other) + other[0] for other in feet] for one in feet])
    np.fill_diagonal(metres, 0)
    metres[:, away] = np.inf
    for speed, bound in ((4.8, "value"), (3.6, "low"), (5.4, "high")):
        reach = speed * 1000 / 4
        near = np.abs(metres - reach) < 0.5  # too close to the limit for the slip of two projections
        for name, amounts in (("job", jobs), ("school", schools)):
            found = getattr(cells.columns[f"{name}_walk_15"], bound)
            least, most = ((metres <= reach) & ~near) @ amounts, ((metres <= reach) | near) @ amounts
            assert np.isnan(found[away]).all()
            assert (found[~away] >= least[~away]).all()
            assert (found[~away] <= most[~away]).all()
            assert (least == most)[~away].mean() > 0.9
    assert away.any()


def test_a_bus_never_takes_longer_than_feet(study):
    columns = study.cells("hexagons").columns
    for name in ("job", "school"):
        walk, ride = columns[f"{name}_walk_15"].value, columns[f"{name}_transit_15"]
        np.testing.assert_array_equal(np.isnan(walk), np.isnan(ride.value))
        known = ~np.isnan(walk)
        assert (ride.value >= walk)[known].all()
        assert ((ride.low <= ride.value) & (ride.value <= ride.high))[known].all()
    assert (columns["job_transit_15"].high > columns["job_walk_15"].value).any()
    assert columns["job_transit_15"].layers == {"hexagons", "streets", "timetable"}


def test_only_what_is_wanted_is_done(tmp_path):
    made = made_up_city(tmp_path)
    study = open_study(made.city, made.maps)
    study.run("green_is_near")
    assert set(study._read) == {"land_cover", "green_is_near"}
    study.run("flooded_share")
    assert "flood" in study._read
    assert "flooded_share" in study.cells("hexagons").columns


# bad maps: what is done to them, which result is asked for, words of the message


def no_projection(made):
    write_raster(made.maps / "land_cover.tif", land_cover(), nodata=-1, crs=None)


def elsewhere(made):
    from rasterio.transform import from_origin

    write_raster(made.maps / "land_cover.tif", land_cover(), nodata=-1, crs="EPSG:4326",
                 transform=from_origin(10, 50, 0.0003, 0.0003))  # fmt: skip


def undeclared(made):
    write_raster(made.maps / "elevation.tif", elevation())


def strange_code(made):
    codes = land_cover()
    codes[block("north_west")] = 7
    write_raster(made.maps / "land_cover.tif", codes, nodata=-1)


def no_green(made):
    write_raster(made.maps / "land_cover.tif", np.where(land_cover() == PARK, BUILT, land_cover()), nodata=-1)


def table(old, new):
    def change(made):
        path = made.maps / "classes.csv"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return change


def latin(made):
    (made.maps / "classes.csv").write_bytes("lucode,name\n1,Verão\n".encode("latin-1"))


def recipe(old, new):
    def change(made):
        path = made.city / "layers.toml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def no_service(made):
    write_buses(made.maps / "buses.zip", days="0,1,1,1,1,0,0")


def cut_off(name):
    def change(made):
        (made.maps / name).write_bytes((made.maps / name).read_bytes()[:200])

    return change


def gone(name):
    return lambda made: (made.maps / name).unlink()


BAD = [
    (no_projection, "heat", ("land_cover.tif", "no projection", "Assign")),
    (elsewhere, "heat", ("land_cover.tif", "elsewhere", "km from the city")),
    (undeclared, "flood", ("elevation.tif", "-9999", "not declared", "nodata")),
    (strange_code, "heat", ("compute urban_cooling", "no row for the codes 7")),
    (strange_code, "held_back", ("compute runoff", "classes has no row for the codes 7")),
    (no_green, "nature", ("compute nature", "no cell has the class 2")),
    (no_green, "green_is_near", ("compute green_is_near", "no cell has the class 2")),
    (table("lucode", "code"), "heat", ("classes.csv", "no column lucode")),
    (table("lucode", "code"), "held_back", ("classes.csv", "no column lucode")),
    (table("curve_number", "cn"), "held_back", ("no column curve_number",)),
    (table("kc", "crop"), "heat", ("no column kc",)),
    (table("0.15", "'0,15'"), "heat", ("classes.csv:3:albedo", "not a number")),
    (table("98", "980"), "held_back", ("compute runoff", "curve_number must lie above 0 and at most at 100")),
    (table("\n3,", "\n2,"), "heat", ("a code stands in two rows",)),
    (latin, "heat", ("classes.csv:2", "not UTF-8", "Latin-1", "1,Verão")),
    (gone("streets.osm"), "hexagons", ("There is no file streets.osm for layer 'streets'", "--from")),
    (gone("buses.zip"), "hexagons", ("There is no file buses.zip",)),
    (gone("hexagons.csv"), "hexagons", ("There is no file hexagons.csv",)),
    (gone("classes.csv"), "heat", ("There is no file classes.csv",)),
    (gone("land_cover.tif"), "heat", ("There is no file land_cover.tif",)),
    (cut_off("streets.osm"), "hexagons", ("streets.osm", "OpenStreetMap")),
    (cut_off("land_cover.tif"), "heat", ("land_cover.tif",)),
    (cut_off("buses.zip"), "hexagons", ("buses.zip",)),
    (no_service, "hexagons", ("buses.zip", "No trip runs on 2024-05-13", "Choose a day with service")),
    (recipe('depart = ["07:00", "07:20"]', 'depart = ["07:00"]'), "hexagons", ("depart holds 1 times",)),
    (recipe('depart = ["07:00", "07:20"]', 'depart = ["seven", "eight"]'), "hexagons", ("'seven' is not a time of day",)),
    (recipe('depart = ["07:00", "07:20"]', 'depart = ["09:00", "07:00"]'), "hexagons", ("compute reach", "departures")),
    (recipe('school = "schools"', 'school = "school"'), "hexagons", ("no column 'school'", "Did you mean schools")),
    (recipe("cooling_distance = 120", "cooling_distance = -1"), "heat", ("cooling_distance is -1", "above 0")),
    (recipe('kernel = "dichotomy"', 'kernel = "round"'), "nature", ("compute nature_access", "round")),
    (recipe("uhi_max = 4", 'uhi_max = 4\nmethod = "guess"'), "heat", ("method: 'guess' is not one of",)),
    (recipe("precipitation = 80", "precipitation = -1"), "held_back", ("compute runoff", "precipitation")),
    (recipe('kind = "categorical"', 'kind = "classes"'), "heat", ("layers.land_cover", "kind: 'classes'")),
    (recipe('id = "h3"', 'id = "cell"'), "hexagons", ("hexagons.csv", "Column cell is missing")),
    (recipe("hospital_distance = 0", "hospital_distances = 0"), "hexagons", ("'hospital_distances'", "Columns are")),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "wanted", "words"), BAD, ids=[f"{n}-{row[1]}" for n, row in enumerate(BAD)])
def test_bad_maps_are_said(tmp_path, spoil, wanted, words):
    made = made_up_city(tmp_path)
    spoil(made)
    with pytest.raises(LayerError) as said:
        open_study(made.city, made.maps).run(wanted)
    for word in words:
        assert word in str(said.value)
    assert len(said.value.problems) <= 4


def test_one_class_of_green_that_is_nowhere_is_a_warning(tmp_path):
    made = made_up_city(tmp_path, RECIPE.replace("green_codes = [2]", "green_codes = [2, 22]"))
    study = open_study(made.city, made.maps)
    study.run("green_is_near")
    assert ["no cell has the class 22" in str(problem) for problem in study.problems] == [True]


def test_times_of_day():
    assert steps._minutes("07:30") == 450
    for text in ("7", "07.30", ":", "07:", "7:3x", ""):
        with pytest.raises(LayerError, match="time of day"):
            steps._minutes(text)


def test_what_is_kept_is_taken_only_where_nothing_changed(tmp_path, monkeypatch):
    """A second run reads what was kept, with its warnings; another meaning of a column is computed anew."""
    from caminos.spatial import streets

    made = made_up_city(tmp_path)
    count = []
    search = streets.travel_times
    monkeypatch.setattr(streets, "travel_times", lambda *given, **more: count.append(1) or search(*given, **more))

    def columns():
        study = open_study(made.city, made.maps, tmp_path / "kept")
        study.run("hexagons")
        return study.cells("hexagons").columns, [str(problem) for problem in study.problems]

    first, said = columns()
    assert len(count) == 3, "three walking speeds"
    again, repeated = columns()
    assert len(count) == 3
    assert repeated == said
    assert any("500 m from any street" in text for text in said)
    for name, column in first.items():
        for bound in ("value", "low", "high"):
            np.testing.assert_array_equal(getattr(again[name], bound), getattr(column, bound))
    recipe("missing = { hospital_distance = 0 }", "missing = { hospital_distance = 0, jobs = 7 }")(made)
    other, _said = columns()
    assert len(count) == 6
    assert np.isnan(other["job_walk_15"].value).sum() > np.isnan(first["job_walk_15"].value).sum()


def test_file_names_stay_out_of_shared_code():
    """The modules know no city."""
    for module in Path(steps.__file__).parent.glob("*.py"):
        text = module.read_text(encoding="utf-8")
        assert not any(word in text.casefold() for word in ("guadalajara", "porto", "poa_"))
