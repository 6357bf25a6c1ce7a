"""Map files: the ending says what a file is; what stands in it opens nothing else, and nothing is fetched."""

from __future__ import annotations

import json
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import shapely

pyogrio = pytest.importorskip("pyogrio")
rasterio = pytest.importorskip("rasterio")

from made_up_city import RECIPE, made_up_city  # noqa: E402
from rasterio.shutil import copy as copy_raster  # noqa: E402

from caminos.command import cli  # noqa: E402
from caminos.command.maps import show_layers  # noqa: E402
from caminos.maps import files as map_files  # noqa: E402
from caminos.maps.layers import open_study  # noqa: E402
from caminos.maps.rasters import frame_of, read_raster  # noqa: E402
from caminos.maps.recipe import LayerError, read_recipe  # noqa: E402
from caminos.maps.streets import read_streets  # noqa: E402
from caminos.maps.timetables import read_timetable  # noqa: E402
from caminos.maps.vectors import read_hexagons, read_osm_features, read_points, read_vectors  # noqa: E402
from caminos.problems import ERROR  # noqa: E402

WEST = shapely.box(-51.22, -30.05, -51.20, -30.03)


def vector(path: Path, driver: str | None = None) -> Path:
    """A layer of one square."""
    pyogrio.raw.write(
        path, np.array([shapely.to_wkb(WEST)], dtype=object), [np.array(["Centro"], dtype=object)], fields=["name"],
        geometry_type="Polygon", crs="EPSG:4326", driver=driver,
    )  # fmt: skip
    return path


def raster(path: Path, **profile: object) -> Path:
    """A GeoTIFF of 20 x 20 cells, or a bare one of any size."""
    options = {"driver": "GTiff", "width": 20, "height": 20, "count": 1, "dtype": "float32", **profile}
    place = rasterio.transform.from_origin(500_000, 6_700_000, 30, 30)
    with rasterio.open(path, "w", crs="EPSG:32722", transform=place, **options) as dataset:
        if options["width"] == 20:
            dataset.write(np.arange(400, dtype="f4").reshape(1, 20, 20))
    return path


def vrt_of(path: Path, source: str) -> Path:
    """A file that holds nothing but the name of another."""
    path.write_text(
        '<VRTDataset rasterXSize="20" rasterYSize="20"><SRS>EPSG:32722</SRS>'
        "<GeoTransform>500000,30,0,6700000,0,-30</GeoTransform>"
        f'<VRTRasterBand dataType="Float32" band="1"><SimpleSource><SourceFilename relativeToVRT="0">{source}'
        "</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    return path


def refused(result: tuple[object, list], word: str) -> None:
    """Nothing was read, for one reason that says what to do."""
    found, problems = result
    assert found is None
    assert [problem.severity for problem in problems] == [ERROR], [str(problem) for problem in problems]
    assert word in problems[0].message
    assert problems[0].fix


@pytest.fixture
def server():
    """An address on this machine and what was asked of it."""
    asked = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET

        def log_message(self, *_given: object) -> None:
            pass

    serving = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{serving.server_port}", asked
    serving.shutdown()
    serving.server_close()


def test_the_files_below_are_read_under_their_own_names(tmp_path):
    assert read_raster(raster(tmp_path / "a.tif"))[0] is not None
    assert frame_of(tmp_path / "a.tif")[0] == (500_000, 6_699_400, 500_600, 6_700_000)
    for name in ("a.gpkg", "a.geojson", "a.json", "a.shp", "a.fgb"):
        assert read_vectors(vector(tmp_path / name, "GeoJSON" if name == "a.json" else None))[1] == []


def test_a_vrt_under_the_name_of_a_raster_opens_nothing(tmp_path, server):
    address, asked = server
    raster(tmp_path / "secret.tif")
    for source in (tmp_path / "secret.tif", f"/vsicurl/{address}/x.tif"):
        refused(read_raster(vrt_of(tmp_path / "a.tif", str(source))), "not what its ending")
        refused(read_raster(vrt_of(tmp_path / "a.vrt", str(source))), "are not read")
        raster(tmp_path / "b.tif")
        vrt_of(tmp_path / "b.tif.ovr", str(source))
        refused(read_raster(tmp_path / "b.tif"), "not what its ending")
    assert asked == []


@pytest.mark.parametrize("name", ["a.tif", "a.TIFF"])
@pytest.mark.parametrize("driver", ["PNG", "GPKG", "ENVI", "AAIGrid"])
def test_other_forms_under_the_name_of_a_geotiff(tmp_path, name, driver):
    """The first bytes or GDAL itself refuse them; none is read as what it is."""
    source = tmp_path / {"PNG": "x.png", "GPKG": "x.gpkg", "ENVI": "x.bin", "AAIGrid": "x.asc"}[driver]
    kind = "float32" if driver == "AAIGrid" else "uint8"
    values = np.arange(400).reshape(1, 20, 20) % 250
    with rasterio.MemoryFile() as memory, memory.open(
        driver="GTiff", width=20, height=20, count=1, dtype=kind, crs="EPSG:32722",
        transform=rasterio.transform.from_origin(500_000, 6_700_000, 30, 30),
    ) as made:  # fmt: skip
        made.write(values.astype(kind))
        copy_raster(made, source, driver=driver)
    source.rename(tmp_path / name)
    refused(read_raster(tmp_path / name), "not what its ending")


RENAMED = [
    ("a.geojson", "b.gpkg"), ("a.gpkg", "b.geojson"), ("a.gpkg", "b.shp"), ("a.geojson", "b.fgb"), ("a.fgb", "b.gpkg"),
    ("a.gpkg", "b.zip"), ("a.geojson", "b.zip"),
]  # fmt: skip


@pytest.mark.parametrize(("made", "name"), RENAMED)
def test_a_layer_under_another_ending_is_refused(tmp_path, made, name):
    vector(tmp_path / made).rename(tmp_path / name)
    for suffix in (".shx", ".dbf"):
        (tmp_path / name).with_suffix(suffix).write_bytes(b"")
    refused(read_vectors(tmp_path / name), "not what its ending")


def pipelines(source: str) -> list[str]:
    """Texts that make GDAL open another file, on disk or far away."""
    step = json.dumps({"type": "gdal_streamed_alg", "command_line": f"gdal vector pipeline ! read {source} ! write s"})
    vrt = f'<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>{source}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'
    service = f"<WFSDataSource><URL>{source}</URL></WFSDataSource>"
    hidden = '{"type": "FeatureCollection", "features": [], "x": ' + step + "}"
    return [step, "\ufeff" + step, " " * 5000 + step, hidden, vrt, service, "<GDAL_WMS></GDAL_WMS>"]


@pytest.mark.parametrize("place", range(7))
@pytest.mark.parametrize("ending", [".geojson", ".json", ".gpkg", ".shp", ".fgb"])
def test_a_text_that_names_other_files_opens_none(tmp_path, server, place, ending):
    address, asked = server
    secret = vector(tmp_path / "secret.gpkg")
    for source in (str(secret), f"/vsicurl/{address}/x.geojson"):
        path = tmp_path / f"a{ending}"
        path.write_text(pipelines(source)[place], encoding="utf-8")
        for suffix in (".shx", ".dbf"):
            path.with_suffix(suffix).write_bytes(b"")
        found, problems = read_vectors(path)
        assert found is None
        assert [problem.severity for problem in problems] == [ERROR]
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            for suffix in {ending, ".shx", ".dbf"}:
                archive.write(path.with_suffix(suffix), f"a{suffix}")
        found, problems = read_vectors(tmp_path / "a.zip")
        assert found is None
        assert [problem.severity for problem in problems] == [ERROR]
    assert asked == []


@pytest.mark.parametrize(
    "read", [read_vectors, read_raster, read_streets, read_osm_features, read_timetable, read_points]
)
def test_names_that_are_addresses_are_files_that_do_not_exist(tmp_path, monkeypatch, server, read):
    monkeypatch.chdir(tmp_path)
    address, asked = server
    vector(tmp_path / "a.gpkg")
    names = (
        f"{address}/a",
        "/vsicurl/" + address + "/a",
        "/vsizip/a.zip/a",
        "GPKG:a",
        "/vsistdin/a",
        "MEM:::DATAPOINTER=1",
    )
    for name in names:
        for ending in (".tif", ".gpkg", ".osm", ".pbf", ".zip", ".csv"):
            found, problems = read(Path(name + ending))
            assert found is None
            assert any(word in problems[0].message for word in ("no such file", "are not read"))
    assert asked == []


def test_gdal_is_offline_once_a_layer_was_read(tmp_path, server):
    address, asked = server
    read_vectors(vector(tmp_path / "a.gpkg"))
    with pytest.raises(pyogrio.errors.DataSourceError):
        pyogrio.list_layers(f"/vsicurl/{address}/x.geojson")
    with rasterio.Env(**map_files.OFFLINE), pytest.raises(rasterio.errors.RasterioError):
        rasterio.open(f"/vsicurl/{address}/x.tif")
    assert asked == []


# ---------------------------------------------------------------- size


@pytest.mark.parametrize(
    "profile",
    [
        {"width": 200_000, "height": 200_000, "tiled": True, "blockxsize": 4096, "blockysize": 4096},
        {"width": 40_000, "height": 40_000, "count": 9, "tiled": True, "blockxsize": 4096, "blockysize": 4096},
        {"width": 32_768, "height": 32_768, "tiled": True, "blockxsize": 16_384, "blockysize": 16_384},
    ],
)
def test_a_small_file_of_a_huge_raster_is_refused_before_it_is_read(tmp_path, profile):
    path = raster(
        tmp_path / "a.tif", sparse_ok=True, bigtiff="YES", compress="deflate", **{"dtype": "uint8", **profile}
    )
    assert path.stat().st_size < 5_000_000
    refused(read_raster(path), "cells")
    with pytest.raises(ValueError, match="cells"):
        frame_of(path)


@pytest.mark.parametrize("limit", ["LARGEST_UNPACKED", "MOST_MEMBERS"])
def test_a_zip_that_unfolds_is_refused_before_it_is_unpacked(tmp_path, monkeypatch, limit):
    monkeypatch.setattr(map_files, limit, {"LARGEST_UNPACKED": 1e6, "MOST_MEMBERS": 50}[limit])
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("stops.txt", b"\0" * 2_000_000)
        for place in range(60):
            archive.writestr(f"{place}.geojson", "{}")
    assert path.stat().st_size < 20_000
    refused(read_timetable(path), "Unpacked")
    refused(read_vectors(path), "Unpacked")


def test_a_folder_of_a_feed_and_any_map_have_a_greatest_size(tmp_path, monkeypatch):
    (tmp_path / "feed").mkdir()
    (tmp_path / "feed" / "stops.txt").write_text("x" * 1000)
    path = vector(tmp_path / "a.geojson")
    monkeypatch.setattr(map_files, "LARGEST_UNPACKED", 100)
    monkeypatch.setattr(map_files, "LARGEST_FILE", 100)
    refused(read_timetable(tmp_path / "feed"), "Unpacked")
    refused(read_vectors(path), "MB")
    (tmp_path / "a.osm").write_text("<osm>" + " " * 100)
    refused(read_streets(tmp_path / "a.osm"), "MB")


def test_a_layer_of_too_many_features_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("caminos.maps.vectors.MOST_FEATURES", 0)
    refused(read_vectors(vector(tmp_path / "a.gpkg")), "features")


def test_a_field_without_end_in_a_table_is_said(tmp_path):
    (tmp_path / "a.csv").write_text("h3,people\n" + "x" * 1_000_000 + "\n")
    found, problems = read_hexagons(tmp_path / "a.csv", "h3")
    assert found is None
    assert all(len(str(problem)) < 2000 for problem in problems)


# ---------------------------------------------------------------- the folder


OUTSIDE = [
    "../canopy.tif",
    "{outside}/canopy.tif",
    "link.tif",
    "folder/canopy.tif",
    "a/../../canopy.tif",
    "link/canopy.tif",
]


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_map_lies_in_the_folder_that_was_named(tmp_path, name):
    outside = tmp_path / "outside"
    made = made_up_city(tmp_path / "in", RECIPE.replace('"canopy.tif"', json.dumps(name.format(outside=outside))))
    outside.mkdir()
    (made.maps / "canopy.tif").rename(outside / "canopy.tif")
    (made.maps.parent / "canopy.tif").symlink_to(outside / "canopy.tif")
    (made.maps / "link.tif").symlink_to(outside / "canopy.tif")
    (made.maps / "link").symlink_to(outside)
    (made.maps / "folder").symlink_to("../../outside")
    with pytest.raises(LayerError, match="does not lie in the folder"):
        open_study(made.city, made.maps).layer("canopy")


def test_the_parts_of_a_shapefile_and_of_a_feed_lie_there_too(tmp_path):
    maps, outside = tmp_path / "maps", tmp_path / "outside"
    for folder in (maps, outside, maps / "feed"):
        folder.mkdir()
    vector(maps / "a.shp")
    (maps / "a.dbf").rename(outside / "a.dbf")
    (maps / "a.dbf").symlink_to(outside / "a.dbf")
    (maps / "feed" / "stops.txt").symlink_to(outside / "a.dbf")
    (maps / "b[1].tif").write_bytes(b"II*\0")
    (maps / "b[1].tif.ovr").symlink_to(outside / "a.dbf")
    for name in ("a.shp", "feed", "b[1].tif"):
        with pytest.raises(ValueError, match="does not lie in the folder"):
            map_files.found_in(maps, name)
    assert map_files.found_in(maps, "nothing.tif") is None


def test_a_link_within_the_folder_is_followed(tmp_path):
    made = made_up_city(tmp_path)
    (made.maps / "canopy.tif").rename(made.maps / "other.tif")
    (made.maps / "canopy.tif").symlink_to(made.maps / "other.tif")
    assert open_study(made.city, made.maps).layer("canopy") is not None


def test_the_command_says_it_and_writes_nothing(tmp_path, capsys):
    made = made_up_city(tmp_path, RECIPE.replace('"canopy.tif"', '"../../canopy.tif"'))
    assert cli.run(lambda: show_layers(made.city, made.maps, tmp_path / "out", None, False)) == 1
    assert "layers.canopy.file" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 5000, "a = " + "9" * 5000, "a = 1\0", '[layers.x]\nread = "cells"\nid = ' + "{a=" * 2000]
)
def test_a_recipe_that_is_no_toml_is_said(tmp_path, text):
    (tmp_path / "layers.toml").write_text(text)
    recipe, problems = read_recipe(tmp_path)
    assert recipe is None
    assert [problem.file for problem in problems] == ["layers.toml"]
    assert len(str(problems[0])) < 1000
