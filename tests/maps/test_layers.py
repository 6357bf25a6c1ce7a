"""From maps to facts: right values, what stays unknown, licences apart, all or nothing; the example cities rebuilt."""

from __future__ import annotations

import csv
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from page_reading import table

pytest.importorskip("rasterio")
pytest.importorskip("h3")
import shapely
from city_files import fact
from made_up_city import (
    CELL,
    FACTS,
    LAYERS,
    MAPPED,
    PEOPLE_CELL,
    RECIPE,
    SIDE,
    TO_METRES,
    ZONES,
    hexagons,
    inhabitants,
    inhabitants_corner,
    made_up_city,
    read_rows,
    write_rows,
)
from pyproj import Geod

from caminos.city.check import ERROR, WARNING, check_city
from caminos.city.facts import FACT_COLUMNS
from caminos.city.package import read_city
from caminos.city.vocabulary import vocabulary
from caminos.command import cli
from caminos.files import table_text
from caminos.i18n import use_language
from caminos.maps.layers import _row, _short, contents_of, file_of, open_study, write_layers
from caminos.maps.recipe import FactRule, LayerError
from caminos.maps.study import Study, zones_of_cells
from caminos.spatial.cells import Sums, aggregate

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
SMALL = LAYERS + FACTS.partition('[[fact]]\nname = "vegetation_index"')[0]  # facts that need no step


def facts_of(study: Study) -> dict[tuple[str, str, str], dict[str, str]]:
    """The rows that a recipe makes, by name, kind and zone."""
    found = {}
    for text in contents_of(study).values():
        if text.startswith("name,"):
            for row in csv.DictReader(text.splitlines()):
                found[row["name"], row["kind"], row["zone"]] = row
    return found


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return made_up_city(tmp_path_factory.mktemp("layers"))


@pytest.fixture(scope="module")
def study(made) -> Study:
    found = open_study(made.city, made.maps)
    found.run()
    return found


@pytest.fixture(scope="module")
def facts(study):
    return facts_of(study)


def value(facts, name, zone="", kind=""):
    row = facts.get((name, kind, zone))
    return None if row is None else float(row["value"])


def close(expected):
    """Equal to the four digits that are written."""
    return pytest.approx(expected, rel=6e-4, abs=1e-6)


@pytest.fixture
def call(monkeypatch, capsys, tmp_path):
    """The real command in this process: any exception but an exit would be a traceback."""
    monkeypatch.chdir(tmp_path)
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["caminos", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), " ".join(said.out.split()), " ".join(said.err.split())

    yield run
    use_language("en")


# values


def test_means_and_shares_of_rasters_by_construction(facts):
    for place, zone in enumerate(MAPPED, start=1):
        expected = None if zone == "south_east" else place / 10
        assert value(facts, "canopy_cover", zone) == (None if expected is None else close(expected))
    assert value(facts, "canopy_cover") == close((0.1 + 0.2 + 0.3 + 0.4 * 16 / 40) / (3 + 16 / 40)), (
        "cells that are known"
    )
    cells = SIDE * SIDE
    sealed = {"north_west": 1 - 4 / cells, "north_east": 0.5, "south_west": 0.75, "south_east": 0.75}
    for zone, share in sealed.items():
        assert value(facts, "impervious_share", zone) == close(share)
    weight = {zone: 0.8 if zone == "south_east" else 1.0 for zone in MAPPED}  # a fifth of south_east is a hole
    mean = sum(sealed[zone] * weight[zone] for zone in MAPPED) / sum(weight.values())
    assert value(facts, "impervious_share") == close(mean)


def test_people_by_zone_are_those_of_their_ground(facts):
    """Each cell of degrees gives its people to zones by the area that they share, on the ellipsoid."""
    geod = Geod(ellps="WGS84")
    west, north = inhabitants_corner()
    people = inhabitants()
    expected = dict.fromkeys(MAPPED, 0.0)
    study_zones = {name: shapely.box(*ZONES[name]) for name in MAPPED}
    for (row, column), count in np.ndenumerate(people):
        box = shapely.box(west + column * PEOPLE_CELL, north - (row + 1) * PEOPLE_CELL,
                          west + (column + 1) * PEOPLE_CELL, north - row * PEOPLE_CELL)  # fmt: skip
        metres = shapely.transform(box, lambda points: np.column_stack(TO_METRES(points[:, 0], points[:, 1])))
        assert metres.area == pytest.approx(abs(geod.geometry_area_perimeter(box)[0]), rel=1e-4)
        for name, zone in study_zones.items():
            expected[name] += count * shapely.area(metres & zone) / metres.area
    for name in MAPPED:
        assert value(facts, "population", name) == pytest.approx(expected[name], abs=1)
    assert value(facts, "population", "away") is None
    assert value(facts, "population") == pytest.approx(sum(expected.values()), abs=1), "zones are the city"


def hexagons_by_zone():
    """The rows of the table by the zone that holds their centre."""
    import h3

    found = {name: [] for name in (*ZONES, "")}
    for row in hexagons():
        latitude, longitude = h3.cell_to_latlng(row["h3"])
        point = shapely.Point(*TO_METRES(longitude, latitude))
        zone = next((name for name, box in ZONES.items() if shapely.box(*box).contains(point)), "")
        found[zone].append(row)
    return found


def test_sums_of_hexagons_by_zone_are_the_city(facts):
    by_zone = hexagons_by_zone()
    sums = {name: sum(row["homes"] for row in rows) for name, rows in by_zone.items()}
    for name in ZONES:
        assert value(facts, "households", name) == sums[name]
    assert by_zone[""], "some lie beyond all zones"
    assert value(facts, "households") == sum(sums[name] for name in ZONES)


def test_shares_of_people_leave_out_what_is_not_known(facts):
    """0 m stands for "not computed" there: those people count neither as near nor as far."""
    city = [0.0, 0.0]
    for name, rows in hexagons_by_zone().items():
        known = [row for row in rows if row["hospital_distance"] != 0]
        near = sum(row["people"] for row in known if row["hospital_distance"] <= 1200)
        all_ = sum(row["people"] for row in known)
        if name:
            assert value(facts, "hospital_reach_share", name, "walk_15") == close(near / all_)
            city = [city[0] + near, city[1] + all_]
    assert value(facts, "hospital_reach_share", "", "walk_15") == close(city[0] / city[1])


def test_a_zone_of_which_too_little_is_known_is_left_out(made, tmp_path):
    text = RECIPE.partition("[[compute]]")[0] + FACTS[FACTS.index('[[fact]]\nname = "hospital') :].partition(
        '[[fact]]\nname = "school')[0]  # fmt: skip
    by_zone = hexagons_by_zone()
    known = {
        name: sum(row["people"] for row in rows if row["hospital_distance"]) / sum(row["people"] for row in rows)
        for name, rows in by_zone.items() if name
    }  # fmt: skip
    least = sorted(known.values())[1] + 1e-9
    (made.city / "layers.toml").write_text(
        text.replace("least_cover = 0.6", f"least_cover = {least}"), encoding="utf-8"
    )
    try:
        facts = facts_of(open_study(made.city, made.maps))
    finally:
        (made.city / "layers.toml").write_text(RECIPE, encoding="utf-8")
    assert {zone for _name, _kind, zone in facts if zone} == {name for name, share in known.items() if share >= least}
    assert len([zone for _name, _kind, zone in facts if zone]) == 3


def test_polygons_share_their_area(facts):
    """A fourth of north_east is of the western quarter; −9999 is no value; the city is its zones by area."""
    expected = {"north_west": 0.6, "south_west": 0.6, "north_east": 0.25 * 0.6 + 0.75 * 0.2, "south_east": None}
    for zone, mean in expected.items():
        assert value(facts, "vegetation_index", zone) == (None if mean is None else close(mean))
    assert value(facts, "vegetation_index") == close((0.6 + 0.6 + 0.3) / 3)


def test_facts_of_models_are_means_of_their_maps(study, facts):
    """Zones lie on whole cells, so that plain means of blocks must come out."""
    people = study.layer("inhabitants").values
    grid = study.layer("heat").grid

    def blocks(zone):
        west, _south, _east, north = ZONES[zone]
        row, column = round((grid.top - north) / CELL), round((west - grid.left) / CELL)
        return slice(row, row + SIDE), slice(column, column + SIDE)

    for name, layer, weighted in (
        ("air_temperature_excess", "heat", False),
        ("runoff_retained_share", "held_back", False),
        ("green_area_per_person", "nature", True),
        ("green_access_share", "green_is_near", True),
    ):
        values = study.layer(layer).values.astype(float)
        above, below = 0.0, 0.0
        for zone in MAPPED:
            part = values[blocks(zone)]
            load = np.where(np.isnan(part), 0, people[blocks(zone)] if weighted else 1.0)
            above, below = above + np.nansum(part * load), below + load.sum()
            assert value(facts, name, zone) == close(np.nansum(part * load) / load.sum())
        assert value(facts, name) == close(above / below)
        assert value(facts, name, "away") is None


def test_flooded_people_are_shares_of_hexagons(study, facts):
    cells = study.cells("hexagons")
    share = dict(zip(cells.ids, cells.columns["flooded_share"].value.tolist(), strict=True))
    total = 0.0
    for name, rows in hexagons_by_zone().items():
        people = sum(row["people"] * share[row["h3"]] for row in rows if share[row["h3"]] == share[row["h3"]])
        if name in MAPPED:
            assert value(facts, "terrain_flooded_population", name) == close(people)
            total += people
    assert value(facts, "terrain_flooded_population") == close(total)
    assert value(facts, "terrain_flooded_population", "away") is None


def test_reach_by_zone_is_that_of_its_hexagons(study, facts):
    cells = study.cells("hexagons")
    place = {cell: number for number, cell in enumerate(cells.ids)}
    jobs = sum(row["jobs"] for row in hexagons())
    for kind in ("walk_15", "transit_15"):
        for bound in ("value", "low", "high"):
            found = {name: getattr(cells.columns[f"{name}_{kind}"], bound) for name in ("school", "job")}
            for name, rows in hexagons_by_zone().items():
                known = [row for row in rows if not np.isnan(found["job"][place[row["h3"]]])]
                weight = np.array([row["people"] for row in known], float)
                row = facts.get(("job_reach_share", kind, name))
                if name in MAPPED:
                    reached = np.array([found["job"][place[row["h3"]]] for row in known])
                    assert float(row[bound]) == close((reached * weight).sum() / weight.sum() / jobs)
                    schools = np.array([found["school"][place[row["h3"]]] >= 1 for row in known])
                    school = facts["school_reach_share", kind, name]
                    assert float(school[bound]) == close((schools * weight).sum() / weight.sum())
                elif name:
                    assert row is None, "no street: not known, and not zero"


def test_ranges_and_origins(facts):
    for row in facts.values():
        if row["low"] or row["high"]:
            assert float(row["low"]) <= float(row["value"]) <= float(row["high"])
        assert row["unit"] == vocabulary()[row["name"]].unit
        assert row["source"] == "made up"
        assert (row["quality"], row["year"], row["retrieved"]) == ("B", "2020", "2026")
        assert "nan" not in row["value"] + row["low"] + row["high"]
    licence = {key[0]: row["licence"] for key, row in facts.items()}
    assert licence["school_reach_share"] == "ODbL 1.0", "what binds, binds the whole"
    assert licence["vegetation_index"] == "GPL-3.0"
    assert licence["canopy_cover"] == "CC-BY-SA-4.0"
    assert set(licence["terrain_flooded_population"].split("; ")) == {"CC BY 4.0", "MIT"}
    notes = {key[0]: row["note"] for key, row in facts.items()}
    assert "Share with hospital_distance of 1,200 or less. Weighted by people." in notes["hospital_reach_share"]
    assert "Share of classes 1." in notes["impervious_share"]


# files


def test_what_a_licence_binds_stands_in_files_of_its_own(facts):
    files = {row["name"]: file_of(row) for row in facts.values()}
    assert files["school_reach_share"] == files["job_reach_share"] == "facts-odbl-1-0.csv"
    assert files["vegetation_index"] == "facts-gpl-3-0.csv"
    assert files["canopy_cover"] == "facts-cc-by-sa-4-0.csv"
    assert {files[name] for name in ("population", "households", "terrain_flooded_population")} == {"facts-maps.csv"}
    for licence, binds in (("ODbL", True), ("odbl-1.0", True), ("CC BY-SA 4.0", True), ("CC-BY-SA-4.0", True),
                           ("GPL-3.0", True), ("MIT", False), ("CC BY 4.0", False), ("CC0", False)):  # fmt: skip
        assert (file_of({"licence": licence}) != "facts-maps.csv") == binds, licence


def test_what_may_not_ship_is_left_out(made):
    recipe = RECIPE.replace('licence = "CC-BY-SA-4.0"', 'licence = "CC-BY-SA-4.0"\nbundle = false')
    recipe = recipe.replace('file = "elevation.tif"', 'file = "elevation.tif"\nbundle = false')
    (made.city / "layers.toml").write_text(recipe, encoding="utf-8")
    try:
        whole = facts_of(open_study(made.city, made.maps))
        study = open_study(made.city, made.maps, bundled=True)
        bundled = facts_of(study)
    finally:
        (made.city / "layers.toml").write_text(RECIPE, encoding="utf-8")
    left_out = {name for name, _kind, _zone in whole} - {name for name, _kind, _zone in bundled}
    # what is computed on such a map, and columns of cells made of it, stay out too
    assert left_out == {"vegetation_index", "canopy_cover", "terrain_flooded_population"}
    assert all(bundled[key] == whole[key] for key in bundled)


def test_the_command_writes_a_city_that_holds(made, call, tmp_path):
    city = tmp_path / "city"
    shutil.copytree(made.city, city)
    before = {path.name: path.read_bytes() for path in city.iterdir()}
    code, out, _err = call("layers", city, "--from", made.maps, "--cache", tmp_path / "kept")
    assert code == 0
    assert "facts-maps.csv" in out.replace(" ", ""), "a long path is wrapped"
    assert "47" in out
    assert "caminos check" in out
    assert "warning buses.zip" in out
    written = {path.name: path.read_bytes() for path in city.iterdir()}
    assert {name: written[name] for name in before} == before
    assert set(written) - set(before) == {
        "facts-maps.csv", "facts-odbl-1-0.csv", "facts-gpl-3-0.csv", "facts-cc-by-sa-4-0.csv",
    }  # fmt: skip
    assert not [problem for problem in check_city(city) if problem.severity in (ERROR, WARNING)]
    assert call("check", city)[0] == 0
    assert len(read_city(city).facts) == len(read_rows(city)) + 2
    # again, with what was kept, and without it: the same bytes, and the same warnings
    code, again, _err = call("layers", city, "--from", made.maps, "--cache", tmp_path / "kept")
    assert (code, again) == (0, out)
    assert {path.name: path.read_bytes() for path in city.iterdir()} == written
    code, out, _err = call("layers", city, "--from", made.maps, "--out", tmp_path / "else" / "where", "--json")
    assert code == 0
    said = json.loads(out)
    rows = {row["id"]: int(row["cells"]["facts"]["value"]) for row in table(said, "files")}
    assert rows == {name: written[name].count(b"\n") - 1 for name in sorted(set(written) - set(before))}
    assert {row["cells"]["severity"]["id"] for row in table(said, "problems")} == {"warning"}
    for name in rows:
        assert (tmp_path / "else" / "where" / name).read_bytes() == written[name]
    assert len(list((tmp_path / "kept").iterdir())) == 2
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith(".")]


def test_maps_may_lie_in_the_citys_own_folder(made, call, tmp_path):
    city = tmp_path / "city"
    shutil.copytree(made.city, city)
    shutil.copytree(made.maps, city / "layers")
    (city / "layers.toml").write_text(SMALL, encoding="utf-8")
    code, out, _err = call("layers", city)
    assert code == 0, out


# nothing by halves


def text_change(old, new):
    return lambda city, maps: (city / "layers.toml").write_text(
        (city / "layers.toml").read_text(encoding="utf-8").replace(old, new), encoding="utf-8"
    )


def no_zones(city, maps):
    (city / "zones.geojson").unlink()


def twice(city, maps):
    text = (city / "layers.toml").read_text(encoding="utf-8")
    (city / "layers.toml").write_text(text + FACTS[: FACTS.index('[[fact]]\nname = "households"')], encoding="utf-8")


def far_away(city, maps):
    write_rows(maps / "hexagons.csv", [{**row, "h3": "8928308280fffff"} for row in hexagons()[:1]])


WRONG = [
    # what is done, words of the message
    (text_change('column = "homes"', 'column = "home"'), ("Layer hexagons has no column 'home'", "Did you mean homes?")),
    (text_change("classes = [1]", 'weight = "canopies"'), ("There is no layer 'canopies'", "Did you mean canopy?")),
    (text_change('column = "homes"', 'column = "h3"'), ("has no column 'h3'",)),
    (text_change('statistic = "sum"\n\n[[fact]]\nname = "can', 'weight = "peple"\n\n[[fact]]\nname = "can'), ("'peple'", "Did you mean people")),
    (text_change("[layers.canopy]", "[grid]\ncell_size = -5\n[layers.canopy]"), ("cell_size: -5", "above 0")),
    (text_change("[layers.canopy]", "[grid]\ncell_size = 0.001\n[layers.canopy]"), ("GB of memory", "larger cells")),
    (text_change('quality = "B"', 'quality = "C"'), ("quality C and no range", "spread = [0.7, 1.3]")),
    (text_change('file = "canopy.tif"', 'file = "canopi.tif"'), ("There is no file canopi.tif for layer 'canopy'", "--from")),
    (lambda city, maps: (maps / "canopy.tif").write_bytes(b""), ("canopy.tif", "not what its ending .tif says")),
    (no_zones, ("The city has no zones", "[zones]")),
    (twice, ("population is made twice", "Keep one")),
    (far_away, ("hexagons.csv", "lies elsewhere", "km from the city")),
    (lambda city, maps: (city / "layers.toml").unlink(), ("There is no file layers.toml", "docs/maps.md")),
    (lambda city, maps: (city / "layers.toml").write_text("[x"), ("not valid TOML",)),
    (lambda city, maps: (city / "city.toml").unlink(), ("There is no file city.toml",)),
    (lambda city, maps: (city / "facts.csv").write_text("nothing"), ("facts.csv",)),
    (text_change("[layers.canopy]", '[zones]\ncells = "hexagons"\nweight = "peopel"\n[layers.canopy]'), ("'peopel'", "Did you mean people")),
    (text_change("[layers.canopy]", '[zones]\ncells = "hexagons"\nweight = "people"\nresolution = 12\n[layers.canopy]'), ("zones", "resolution 12")),
    (text_change("[layers.canopy]", '[zones]\ncells = "hexagons"\nweight = "people"\nresolution = 99\n[layers.canopy]'), ("zones",)),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "words"), WRONG, ids=[row[1][0] for row in WRONG])
def test_what_cannot_be_done_is_said_and_nothing_is_written(made, call, tmp_path, spoil, words):
    city, maps = tmp_path / "city", tmp_path / "maps"
    shutil.copytree(made.city, city)
    shutil.copytree(made.maps, maps)
    (city / "layers.toml").write_text(SMALL, encoding="utf-8")
    spoil(city, maps)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for language in ("en", "es", "pt"):
        code, out, err = call("layers", city, "--from", maps, "--lang", language)
        assert code in (1, 2)
        assert out == ""
        assert "Traceback" not in err
        assert err
        if language == "en":
            for word in words:
                assert word in err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_folder_that_is_not_there(call, made, tmp_path):
    code, _out, err = call("layers", made.city, "--from", tmp_path / "nowhere")
    assert code == 2
    assert "There is no folder" in err
    code, _out, err = call("layers", tmp_path / "nowhere")
    assert code == 2
    assert err


def test_an_error_in_the_last_fact_writes_none(made, tmp_path):
    city = tmp_path / "city"
    shutil.copytree(made.city, city)
    last = '[[fact]]\nname = "area"\ncells = "hexagons"\ncolumn = "houses"\n'
    (city / "layers.toml").write_text(SMALL + last, encoding="utf-8")
    with pytest.raises(LayerError, match="has no column 'houses'"):
        write_layers(open_study(city, made.maps), tmp_path / "out")
    assert not (tmp_path / "out").exists()


# the city without zones


def test_zones_of_hexagons(made, call, tmp_path):
    city = tmp_path / "city"
    shutil.copytree(made.city, city)
    (city / "zones.geojson").unlink()
    zones = '[zones]\ncells = "hexagons"\nweight = "people"\nresolution = 7\n'
    (city / "layers.toml").write_text(zones + SMALL, encoding="utf-8")
    code, _out, err = call("layers", city, "--from", made.maps)
    assert code == 0, err
    first = {path.name: path.read_bytes() for path in city.iterdir()}
    assert not [problem for problem in check_city(city) if problem.severity == ERROR]
    features = json.loads((city / "zones.geojson").read_text(encoding="utf-8"))["features"]
    assert len(features) > 3
    rows = {row["zone"]: float(row["value"]) for row in read_rows(city) if row["name"] == "households"}
    assert rows.pop("") == sum(rows.values())
    # again, now that the zones and people by zone are there: the same bytes
    assert call("layers", city, "--from", made.maps)[0] == 0
    assert {path.name: path.read_bytes() for path in city.iterdir()} == first
    # zones of another size take their place, though the facts of the old ones are still there
    text = (city / "layers.toml").read_text(encoding="utf-8").replace("resolution = 7", "resolution = 8")
    (city / "layers.toml").write_text(text, encoding="utf-8")
    assert call("layers", city, "--from", made.maps)[0] == 0
    assert not [problem for problem in check_city(city) if problem.severity == ERROR]
    assert len(json.loads((city / "zones.geojson").read_text(encoding="utf-8"))["features"]) > len(features)


def test_hexagons_without_people_make_no_zone(study):
    cells = study.cells("hexagons")
    zones = zones_of_cells(cells, {"weight": "people", "resolution": 9})
    assert len(zones.ids) == sum(row["people"] >= 1 for row in hexagons())
    assert set(zones.ids) <= set(cells.ids)


# people of facts.csv


def with_people(made, folder, counts, recipe):
    """The city with people by zone in facts.csv."""
    city = folder / "city"
    shutil.copytree(made.city, city)
    rows = [fact("population", 9000, "person"), fact("area", 7.2, "km2")]
    rows += [fact("population", count, "person", zone=zone) for zone, count in counts.items()]
    (city / "facts.csv").write_text(table_text(FACT_COLUMNS, rows), encoding="utf-8")
    (city / "layers.toml").write_text(recipe, encoding="utf-8")
    return city


def test_a_map_that_knows_few_of_a_zones_people_says_nothing_of_it(made, tmp_path):
    """A zone of 10,000 people of whom the map holds some hundreds is not estimated; homes are no people."""
    recipe = LAYERS + FACTS[FACTS.index('[[fact]]\nname = "hospital') :].partition('[[fact]]\nname = "school')[0]
    counts = dict.fromkeys(ZONES, 10) | {"north_west": 10_000}
    facts = facts_of(open_study(with_people(made, tmp_path, counts, recipe), made.maps))
    assert {zone for _name, _kind, zone in facts} == {"", *ZONES} - {"north_west"}
    homes = recipe.replace('weight = "people"', 'weight = "homes"')
    facts = facts_of(open_study(with_people(made, tmp_path / "homes", counts, homes), made.maps))
    assert {zone for _name, _kind, zone in facts} == {"", *ZONES}


# pieces


def test_sums_by_zone():
    values, weight = np.array([1.0, np.nan, 3.0, 4.0, 9.0]), np.array([2.0, 5.0, 1.0, np.nan, 1.0])
    zone = np.array([0, 0, 0, 1, -1])
    mean = aggregate(values, weight, zone, 3, "mean")
    np.testing.assert_allclose(mean.value, [5 / 3, np.nan, np.nan])
    np.testing.assert_allclose(mean.known, [3, 0, 0])
    np.testing.assert_allclose(mean.whole, [8, 0, 0])
    np.testing.assert_allclose(aggregate(values, weight, zone, 3, "sum").value, [5, np.nan, np.nan])
    np.testing.assert_allclose(aggregate(values, None, zone, 3, "sum").value, [4, 4, np.nan])
    np.testing.assert_allclose(aggregate(values, None, zone, 3, "mean").whole, [3, 1, 0])


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (123456.7, "123457"), (1234.5678, "1235"), (123.456, "123.5"), (0.98765, "0.9877"), (0.99999, "1"),
     (-0.5, "-0.5"), (1e-9, "0"), (0.000123456, "0.000123"), (10, "10"), (1e7, "10000000")],
)  # fmt: skip
def test_numbers_are_short(number, text):
    assert _short(number) == text


def test_the_range_holds_the_value_or_is_left_out():
    rule = FactRule("job_reach_share", "walk_15", "cells", "hexagons", "job", {})
    origin = {"year": "2020", "unit": "share", "source": "made up", "quality": "B", "retrieved": "", "licence": "MIT",
              "note": ""}  # fmt: skip

    def sums(value):
        return Sums(np.array([value]), np.array([1.0]), np.array([1.0]))

    def bounds(low, high, **options):
        ends = (None if low is None else sums(low), None if high is None else sums(high))
        (row,) = _row(FactRule(*[rule.name, rule.kind, rule.on, rule.layer, rule.column], options), "", 0, sums(0.5), ends,
                      origin, 0.5, None)  # fmt: skip
        return row["low"], row["high"]

    assert bounds(0.4, 0.6) == ("0.4", "0.6")
    assert bounds(0.6, 0.4) == ("0.4", "0.6")
    assert bounds(0.6, 0.7) == ("0.5", "0.7"), "the value lies within"
    assert bounds(np.nan, 0.7) == ("", ""), "half a range is none"
    assert bounds(None, None) == ("", "")
    assert bounds(None, None, spread=[0.5, 3]) == ("0.25", "1"), "a share ends at 1"
    assert _row(rule, "", 0, sums(np.nan), (None, None), origin, 0.5, None) == []
    assert _row(rule, "", 0, Sums(*map(np.array, ([0.5], [0.4], [1.0]))), (None, None), origin, 0.5, None) == []
    assert _row(rule, "", 0, sums(0.5), (None, None), origin, 0.5, 3.0) == []


def test_unknown_maps_end_with_a_message_of_the_command(tmp_path):
    """As a shell sees it."""
    made = made_up_city(tmp_path, RECIPE.replace('"land_cover.tif"', '"cover.tif"'))
    command = [sys.executable, "-m", "caminos", "layers", str(made.city), "--from", str(made.maps)]
    said = subprocess.run(command, capture_output=True, text=True, check=False, encoding="utf-8")
    assert said.returncode == 1
    assert said.stdout == ""
    assert re.search(r"cover\.tif: error: There is no file cover\.tif for layer 'land_cover'", said.stderr)
    assert "Traceback" not in said.stderr


# the example cities


@pytest.mark.skipif(not (SHARED / "data" / "guadalajara").is_dir(), reason="the shared data folder is not here")
def test_shared_data_rebuild_the_example_cities(tmp_path, monkeypatch):
    """Facts of maps byte for byte; outlines of neighbourhoods depend on the version of GEOS."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    spec = importlib.util.spec_from_file_location("build_cities", ROOT / "scripts" / "build_cities.py")
    assert spec
    assert spec.loader
    builder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(builder)
    said = builder.build(SHARED, tmp_path)
    assert all("warning" in line for line in said)
    for city in ("porto-alegre", "guadalajara"):
        shipped = ROOT / "cities" / city
        by_hand = {"plans"}  # what people decide is not made from data
        assert {path.name for path in shipped.iterdir()} - by_hand == {
            path.name for path in (tmp_path / city).iterdir()
        }
        for path in sorted((tmp_path / city).iterdir()):
            if (city, path.name) != ("porto-alegre", "zones.geojson"):
                assert path.read_bytes() == (shipped / path.name).read_bytes(), (city, path.name)
        assert not [problem for problem in check_city(tmp_path / city) if problem.severity == ERROR]
    names = {row["name"] for row in read_rows(tmp_path / "guadalajara")}
    assert "vegetation_index" not in names, "its licence keeps it out of what ships"


@pytest.fixture(scope="module")
def places():
    """Porto Alegre's hexagons as the shared folder has them: x, y in m, people, schools, clinics, jobs by neighbourhood."""
    h3 = pytest.importorskip("h3")
    path = SHARED / "data" / "porto-alegre" / "poa_hexgrid.csv"
    if not path.is_file():
        pytest.skip("the shared data folder is not here")
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    degrees = np.array([h3.cell_to_latlng(row["id"])[::-1] for row in rows])
    middle = degrees.mean(axis=0)
    metres = (degrees - middle) * 111_195.0 * np.array([np.cos(np.radians(middle[1])), 1.0])
    amounts = {name: np.array([float(row[name] or 0) for row in rows])
               for name in ("population", "schools", "healthcare", "jobs")}  # fmt: skip
    zones = read_city(ROOT / "cities" / "porto-alegre").zones
    points = shapely.points(degrees)
    zone = {each.id: shapely.contains(each.geometry, points) for each in zones}
    return metres, amounts, zone


def test_reach_in_porto_alegre_lies_between_straight_lines_and_a_detour_of_two(places):
    """Streets are never shorter than the straight line, and hardly ever twice as long for a whole neighbourhood."""
    metres, amounts, zone = places
    distance = np.hypot(*(metres[:, None] - metres[None]).transpose(2, 0, 1))
    facts = {(row["name"], row["kind"], row["zone"]): float(row["value"])
             for row in read_rows(ROOT / "cities" / "porto-alegre", "facts-odbl-1-0.csv")}  # fmt: skip
    people = amounts["population"]
    all_jobs = amounts["jobs"].sum()
    checked, short = 0, []
    for minutes in (15, 45):
        reach = minutes * 80.0
        for name, column in (("school", "schools"), ("clinic", "healthcare"), ("job", "jobs")):
            found = {detour: (distance * detour <= reach) @ amounts[column] for detour in (1, 2)}
            share = {detour: values / all_jobs if name == "job" else (values >= 1).astype(float)
                     for detour, values in found.items()}  # fmt: skip
            for identity, inside in {**zone, "": np.any(list(zone.values()), axis=0)}.items():
                walk = facts.get((f"{name}_reach_share", f"walk_{minutes}", identity))
                if walk is None:
                    continue
                checked += 1
                weight = people[inside]
                least, most = ((share[detour][inside] * weight).sum() / weight.sum() for detour in (2, 1))
                assert walk <= most + 2e-3, (identity, name, minutes)
                if walk < least - 2e-3:
                    short.append((identity, name, minutes, walk, least))
                ride = facts[f"{name}_reach_share", f"transit_{minutes}", identity]
                assert ride >= walk - 1e-4
    assert checked > 200
    assert not [row for row in short if row[0] == ""], "for the city never"
    assert len(short) < 0.05 * checked, short


def test_guadalajara_is_counted_from_its_table():
    """Distances and people as the publisher's table has them, without any code of the project."""
    h3 = pytest.importorskip("h3")
    path = SHARED / "data" / "guadalajara" / "hex_Guadalajara.csv"
    if not path.is_file():
        pytest.skip("the shared data folder is not here")
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    facts = {(row["name"], row["kind"], row["zone"]): row
             for row in read_rows(ROOT / "cities" / "guadalajara", "facts-maps.csv")}  # fmt: skip
    people = sum(float(row["pobtot"] or 0) for row in rows)
    assert float(facts["population", "", ""]["value"]) == pytest.approx(people, rel=1e-5)
    parts = [float(row["value"]) for key, row in facts.items() if key[0] == "population" and key[2]]
    assert sum(parts) == pytest.approx(float(facts["population", "", ""]["value"]), rel=1e-4)
    for name, column in (("hospital", "dist_hospitales"), ("pharmacy", "dist_farmacias"),
                         ("food_shop", "dist_supermercados")):  # fmt: skip
        known = [row for row in rows if float(row[column] or 0) > 0 and float(row["pobtot"] or 0) > 0]
        near = sum(float(row["pobtot"]) for row in known if float(row[column]) <= 1200)
        share = near / sum(float(row["pobtot"]) for row in known)
        assert float(facts[f"{name}_reach_share", "walk_15", ""]["value"]) == pytest.approx(share, abs=2e-4)
    zones = {key[2] for key in facts if key[2]}
    assert zones <= {h3.cell_to_parent(row["hex_id_9"], 7) for row in rows}


def test_weights_below_zero_are_refused() -> None:
    from caminos.maps.layers import not_negative

    assert not_negative(np.array([0.0, np.nan, 2.0]), "people", "fact x")[2] == 2
    with pytest.raises(LayerError, match="people is below 0 in 1 cells"):
        not_negative(np.array([3.0, -9999.0]), "people", "fact x")
