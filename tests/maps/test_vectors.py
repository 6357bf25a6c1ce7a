"""Vector files that cities might hand over: read right, or said what is wrong; never a traceback."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import shapely

pyogrio = pytest.importorskip("pyogrio")

from caminos.maps.vectors import (  # noqa: E402
    check_zones,
    read_hexagons,
    read_osm_features,
    read_points,
    read_vectors,
)
from caminos.problems import ERROR, WARNING  # noqa: E402
from caminos.spatial.grid import DEGREES, project  # noqa: E402

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
UTM = "EPSG:32722"
CITY = (-51.3, -30.2, -51.0, -29.9)
WEST = shapely.box(-51.22, -30.05, -51.20, -30.03)
EAST = shapely.box(-51.20, -30.05, -51.18, -30.03)
NAMES = ("Centro", "Menino Deus")


def write(path, geometries=(WEST, EAST), names=NAMES, crs=DEGREES, **options):
    pyogrio.raw.write(
        path, np.array([shape and shapely.to_wkb(shape) for shape in geometries], dtype=object),
        [np.array(names, dtype=object), np.arange(1.0, len(names) + 1)], fields=["name", "people"],
        geometry_type=options.pop("geometry_type", "Polygon"), crs=crs, **options,
    )  # fmt: skip
    return path


def only(problems, severity=ERROR):
    """The one problem there is; it names the file and says what to do."""
    assert [problem.severity for problem in problems] == [severity], [str(problem) for problem in problems]
    assert problems[0].file
    assert problems[0].message
    assert problems[0].fix
    return problems[0].message


def in_metres(*geometries):
    return tuple(project(geometries, DEGREES, UTM))


@pytest.mark.parametrize("name", ["zones.gpkg", "zones.geojson", "zones.shp", "zones.zip"])
def test_the_same_zones_from_every_format(tmp_path, name):
    if name == "zones.zip":
        write(tmp_path / "zones.shp")
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for part in tmp_path.glob("zones.*"):
                if part.suffix != ".zip":
                    archive.write(part, f"folder/{part.name}")
    else:
        write(tmp_path / name)
    vectors, problems = read_vectors(tmp_path / name, city=CITY)
    assert problems == []
    assert check_zones(vectors, "name") == []
    assert len(vectors) == 2
    assert list(vectors.properties["name"]) == list(NAMES)
    np.testing.assert_array_equal(vectors.properties["people"], [1, 2])
    assert shapely.equals(vectors.geometries, [WEST, EAST]).all()
    assert vectors.bounds == pytest.approx((-51.22, -30.05, -51.18, -30.03))


def test_metres_are_brought_to_degrees(tmp_path):
    vectors, problems = read_vectors(write(tmp_path / "utm.gpkg", in_metres(WEST, EAST), crs=UTM), city=CITY)
    assert problems == []
    assert vectors.crs == UTM
    distance = shapely.hausdorff_distance(vectors.geometries[0], WEST)
    assert distance < 1e-8


def test_missing_and_broken_files(tmp_path):
    assert "no such file" in only(read_vectors(tmp_path / "none.gpkg")[1])
    for name, content in (("a.geojson", "{"), ("b.gpkg", ""), ("c.geojson", ""), ("d.zip", "x"), ("e.shp", "x")):
        (tmp_path / name).write_text(content)
        vectors, problems = read_vectors(tmp_path / name)
        assert vectors is None
        assert only(problems)
    whole = write(tmp_path / "whole.geojson").read_text()
    (tmp_path / "half.geojson").write_text(whole[: len(whole) // 2])
    vectors, problems = read_vectors(tmp_path / "half.geojson")
    assert vectors is None
    assert only(problems)


@pytest.mark.parametrize(("suffix", "word"), [(".shx", "lacks .shx"), (".dbf", "lacks .dbf"), (".prj", ".prj")])
def test_a_shapefile_with_a_part_missing(tmp_path, suffix, word):
    path = write(tmp_path / "zones.shp")
    path.with_suffix(suffix).unlink()
    vectors, problems = read_vectors(path)
    assert vectors is None
    assert word in only(problems)
    with zipfile.ZipFile(tmp_path / "zones.zip", "w") as archive:
        for part in tmp_path.glob("zones.???"):
            if part.suffix != ".zip":
                archive.write(part, part.name)
    assert word in only(read_vectors(tmp_path / "zones.zip")[1])
    if suffix == ".prj":
        assert "look like degrees" in problems[0].message
        assert read_vectors(path, crs=DEGREES)[1] == []


def test_degrees_taken_for_metres_and_metres_for_degrees(tmp_path):
    assert "Degrees taken for metres" in only(read_vectors(write(tmp_path / "a.gpkg", crs=UTM))[1])
    metres = write(tmp_path / "b.geojson", in_metres(WEST, EAST), crs=None)
    assert "Metres taken for degrees" in only(read_vectors(metres)[1])


def test_axes_swapped(tmp_path):
    swapped = [shapely.transform(zone, lambda points: points[:, ::-1]) for zone in (WEST, EAST)]
    path = write(tmp_path / "swapped.gpkg", swapped)
    assert "axes are swapped" in only(read_vectors(path, city=CITY)[1])
    beyond = [shapely.box(20, 103, 21, 104)] * 2  # no latitude is 103
    assert "axes are swapped" in only(read_vectors(write(tmp_path / "beyond.gpkg", beyond))[1])


def test_a_layer_elsewhere(tmp_path):
    path = write(tmp_path / "zones.gpkg")
    assert "km from the city" in only(read_vectors(path, city=(-103.5, 20.4, -103.1, 20.8))[1])


def test_outlines_that_cross_themselves_are_repaired_and_said(tmp_path):
    crossing = shapely.Polygon([(-51.2, -30), (-51.1, -30.1), (-51.1, -30), (-51.2, -30.1)])
    vectors, problems = read_vectors(write(tmp_path / "zones.gpkg", (crossing, EAST)))
    assert "repaired: 1" in only(problems, WARNING)
    assert shapely.is_valid(vectors.geometries).all()
    assert shapely.area(vectors.geometries[0]) == pytest.approx(0.1 * 0.1 / 2)
    assert vectors.geometries[0].geom_type == "MultiPolygon"


def test_features_without_geometry_are_left_out_and_said(tmp_path):
    vectors, problems = read_vectors(write(tmp_path / "zones.gpkg", (None, EAST)))
    assert "left out: 1" in only(problems, WARNING)
    assert list(vectors.properties["name"]) == ["Menino Deus"]
    empty = tmp_path / "empty.geojson"
    empty.write_text('{"type": "FeatureCollection", "features": []}')
    vectors, problems = read_vectors(empty)
    assert vectors is None
    assert only(problems)


def test_several_layers(tmp_path):
    path = write(tmp_path / "two.gpkg", layer="one")
    write(path, layer="other", append=True)
    assert "several layers: one, other" in only(read_vectors(path)[1])
    assert read_vectors(path, "other")[1] == []
    assert "no layer" in only(read_vectors(path, "third")[1])


def test_a_table_is_not_a_layer(tmp_path):
    path = tmp_path / "table.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {"a": 1}, "geometry": None}]}))  # fmt: skip
    vectors, problems = read_vectors(path)
    assert vectors is None
    assert any(problem.severity == ERROR for problem in problems)


def test_wrong_encoding(tmp_path):
    path = write(tmp_path / "zones.shp", names=("São José", "Glória"), encoding="utf-8")
    path.with_suffix(".cpg").unlink(missing_ok=True)
    vectors, problems = read_vectors(path, encoding="latin-1")
    assert "wrong encoding" in only(problems, WARNING)
    assert read_vectors(path, encoding="utf-8")[1] == []
    latin = write(tmp_path / "latin.shp", names=("São José", "Glória"), encoding="ISO-8859-1")
    latin.with_suffix(".cpg").write_text("UTF-8")
    _vectors, problems = read_vectors(latin)
    assert problems
    assert all(problem.fix for problem in problems)
    vectors, problems = read_vectors(latin, encoding="latin-1")
    assert problems == []
    assert list(vectors.properties["name"]) == ["São José", "Glória"]
    with pytest.raises(ValueError, match="encoding"):
        read_vectors(latin, encoding="klingon")


def test_a_zip_with_several_layers(tmp_path):
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as archive:
        for name in ("one", "other"):
            archive.write(write(tmp_path / f"{name}.geojson"), f"data/{name}.geojson")
    assert "several layers: one, other" in only(read_vectors(tmp_path / "both.zip")[1])
    assert read_vectors(tmp_path / "both.zip", "other")[1] == []


def test_zones_must_be_areas_with_ids_and_apart(tmp_path):
    half = shapely.box(-51.21, -30.05, -51.19, -30.03)
    vectors, _problems = read_vectors(write(tmp_path / "a.gpkg", (WEST, half)))
    assert "overlap by 50 %" in only(check_zones(vectors, "name"))
    assert check_zones(vectors, "name")[0].file == "a.gpkg"
    vectors, _problems = read_vectors(write(tmp_path / "b.gpkg", (WEST, WEST)))
    assert "given twice" in check_zones(vectors)[0].fix
    vectors, _problems = read_vectors(write(tmp_path / "c.gpkg", names=("Centro", "Centro")))
    assert "stands 2 times" in only(check_zones(vectors, "name"))
    assert "no property 'nome'" in only(check_zones(vectors, "nome"))
    assert "name" in check_zones(vectors, "nome")[0].fix
    vectors, _problems = read_vectors(write(tmp_path / "d.gpkg", names=("Centro", None)))
    assert "have no id" in only(check_zones(vectors, "name"))
    points = write(tmp_path / "e.gpkg", (WEST.centroid, EAST.centroid), geometry_type="Point")
    assert "not an area" in check_zones(read_vectors(points)[0])[0].message


# tables


def table(tmp_path, text, name="places.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_points_of_a_table(tmp_path):
    path = table(tmp_path, "id,lat,lon,beds\n007,-30.03,-51.2,12\n008,-30.04,-51.1,\n\n")
    vectors, problems = read_points(path, city=CITY)
    assert problems == []
    np.testing.assert_array_equal(shapely.get_coordinates(vectors.geometries), [[-51.2, -30.03], [-51.1, -30.04]])
    assert list(vectors.properties["id"]) == ["007", "008"]
    np.testing.assert_array_equal(vectors.properties["beds"], [12, np.nan])


def test_a_decimal_comma_is_read_and_said(tmp_path):
    path = table(tmp_path, "id;lat;lon\na;-30,03;-51,2\nb;-30,04;-51,1\n")
    vectors, problems = read_points(path)
    assert [problem.severity for problem in problems] == [WARNING, WARNING]
    assert "decimal comma" in problems[0].message
    np.testing.assert_array_equal(shapely.get_coordinates(vectors.geometries), [[-51.2, -30.03], [-51.1, -30.04]])


@pytest.mark.parametrize(("text", "word"), [
    ("", "missing"),
    ("id,lat,lng\na,1,2\n", "lon is missing"),
    ("id,lat,lon\na,x,2\n", "'x' is not a coordinate (rows 2)"),
    ("id,lat,lon\na,-30.012.345,2\n", "not a coordinate"),
    ("id,lat,lon\na,-30.03,-5123456\n", "are not degrees"),
    ("id,lat,lon\na,-103.3,20.6\nb,-103.4,20.5\n", "axes are swapped"),
    ("id,lat,lon\na,-51.2,-30.03\n", "axes are swapped"),
    ("id,lat,lon\na,20.6,-103.3\n", "km from the city"),
])  # fmt: skip
def test_bad_points(tmp_path, text, word):
    vectors, problems = read_points(table(tmp_path, text), city=CITY)
    assert vectors is None
    assert any(word in problem.message for problem in problems), [str(problem) for problem in problems]
    assert all(problem.fix for problem in problems)


def test_rows_without_a_place_are_left_out_and_said(tmp_path):
    path = table(tmp_path, "id,lat,lon\na,-30.03,-51.2\nb,,\n")
    vectors, problems = read_points(path)
    assert {problem.severity for problem in problems} == {WARNING}
    assert "left out: 3" in problems[0].message
    assert list(vectors.properties["id"]) == ["a"]
    assert "no such file" in only(read_points(tmp_path / "none.csv")[1])


def test_hexagons_of_a_table(tmp_path):
    vectors, problems = read_hexagons(table(tmp_path, "hex,people\n89a901291abffff,3\n89a9012a3cfffff,\n"), "hex")
    assert problems == []
    assert (shapely.get_num_coordinates(vectors.geometries) == 7).all()
    np.testing.assert_array_equal(vectors.properties["people"], [3, np.nan])
    vectors, problems = read_hexagons(table(tmp_path, "hex,people\n89a901291abffff,3\n8.9E+14,2\n"), "hex")
    assert vectors is None
    assert "not an H3 index" in only(problems)
    assert (problems[0].row, problems[0].column) == (3, "hex")


# OpenStreetMap

OSM = """<osm version="0.6">
<node id="1" lat="-30.03" lon="-51.20"/><node id="2" lat="-30.03" lon="-51.19"/>
<node id="3" lat="-30.04" lon="-51.19"/><node id="4" lat="-30.04" lon="-51.20"/>
<node id="5" lat="-30.035" lon="-51.195"><tag k="amenity" v="school"/><tag k="name" v="Escola São José"/></node>
<node id="6" lat="-30.036" lon="-51.195"><tag k="shop" v="bakery"/></node>
<node id="7" lat="-30.032" lon="-51.198"/><node id="8" lat="-30.032" lon="-51.196"/>
<node id="9" lat="-30.034" lon="-51.196"/>
<way id="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><nd ref="1"/><tag k="leisure" v="park"/></way>
<way id="2"><nd ref="1"/><nd ref="2"/><tag k="highway" v="path"/></way>
<way id="3"><nd ref="7"/><nd ref="8"/><nd ref="9"/><nd ref="7"/><tag k="building" v="yes"/></way>
<way id="4"><nd ref="7"/><nd ref="8"/><nd ref="9"/><nd ref="7"/><tag k="building" v="no"/></way>
<relation id="5"><member type="way" ref="1" role="outer"/><member type="way" ref="3" role="inner"/>
<tag k="type" v="multipolygon"/><tag k="natural" v="wood"/></relation>
</osm>"""


def test_features_of_openstreetmap(tmp_path):
    pytest.importorskip("osmium")
    path = table(tmp_path, OSM, "extract.osm")
    vectors, problems = read_osm_features(path, city=CITY)
    found = dict(
        zip(vectors.properties["id"], zip(vectors.properties["kind"], vectors.geometries, strict=True), strict=True)
    )
    assert {name: kind for name, (kind, _shape) in found.items()} == {
        "n5": "school", "w1": "park", "w3": "building", "r5": "green",
    }  # fmt: skip
    assert found["n5"][1].equals(shapely.Point(-51.195, -30.035))
    assert found["w1"][1].area == pytest.approx(1e-4)
    assert found["r5"][1].area == pytest.approx(1e-4 - 2e-6)
    assert vectors.properties["name"][list(vectors.properties["id"]).index("n5")] == "Escola São José"
    assert "nothing of: clinic, hospital, pharmacy, supermarket" in only(problems, WARNING)
    assert read_osm_features(path, ("park", "school"))[1] == []
    assert "km from the city" in read_osm_features(path, city=(0, 0, 1, 1))[1][-1].message


def test_bad_extracts(tmp_path):
    pytest.importorskip("osmium")
    assert "no such file" in only(read_osm_features(tmp_path / "none.pbf")[1])
    (tmp_path / "broken.osm.pbf").write_bytes(b"\0\0\0\x0dnot a protobuf")
    vectors, problems = read_osm_features(tmp_path / "broken.osm.pbf")
    assert vectors is None
    assert "not an OpenStreetMap extract" in only(problems)
    with pytest.raises(ValueError, match="kinds"):
        read_osm_features(tmp_path / "none.pbf", ("trees",))


# what the example cities hand over


def shared(name):
    path = SHARED / name
    if not path.exists():
        pytest.skip("the shared data are not here")
    return path


def test_neighbourhoods_of_porto_alegre_that_stand_twice():
    vectors, problems = read_vectors(shared("porto-alegre/porto_alegre_neighbourhoods.geojson"))
    assert problems == []
    found = check_zones(vectors, "neighbourhood_name")
    assert len(found) == 5
    assert any("Arquipélago" in problem.message for problem in found)


def test_colonias_of_guadalajara_overlap_and_have_lost_letters():
    vectors, problems = read_vectors(shared("guadalajara/verde_colonias_Guadalajara.geojson"))
    assert "Letters are lost" in only(problems, WARNING)
    found = check_zones(vectors, "gid")
    assert any("overlap by 100 %" in problem.message for problem in found)


def test_hexagons_of_guadalajara():
    vectors, problems = read_hexagons(shared("guadalajara/hex_Guadalajara.csv"), "hex_id_9")
    assert problems == []
    assert len(vectors) == 21_554
    centres = np.column_stack([vectors.properties["lon"], vectors.properties["lat"]])
    inside = shapely.contains_xy(vectors.geometries, centres)
    assert inside.all()


def test_the_extract_of_porto_alegre_holds_streets_and_says_what_is_absent():
    pytest.importorskip("osmium")
    vectors, problems = read_osm_features(shared("porto-alegre/poa_osm.pbf"))
    assert "nothing of: green, school, clinic" in only(problems, WARNING)
    assert len(vectors) < 100
