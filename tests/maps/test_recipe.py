"""layers.toml: the example cities' and the made-up city's are read; every way to misspell it is said."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("rasterio")
pytest.importorskip("h3")
from made_up_city import RECIPE

from caminos.maps.recipe import (
    FACT_KEYS,
    FACT_KEYS_ON,
    GRID_KEYS,
    LAYER_KEYS,
    MODEL_KEYS,
    ORIGIN,
    ZONES_KEYS,
    read_recipe,
)
from caminos.maps.steps import MODELS
from caminos.problems import ERROR, nearest

ROOT = Path(__file__).resolve().parents[2]
GRID = '[grid]\ncell_size = 30\n[zones]\ncells = "hexagons"\nweight = "people"\n'


def read(folder, text):
    """The recipe and its problems, as text."""
    (folder / "layers.toml").write_text(text, encoding="utf-8")
    recipe, problems = read_recipe(folder)
    assert (recipe is None) == bool(problems)
    assert all(problem.file == "layers.toml" and problem.severity == ERROR for problem in problems)
    return recipe, [str(problem) for problem in problems]


def test_the_made_up_city_uses_every_form_and_every_model(tmp_path):
    recipe, problems = read(tmp_path, RECIPE)
    assert problems == []
    assert {layer.read for layer in recipe.layers.values()} == set(LAYER_KEYS)
    assert {step.model for step in recipe.steps} == set(MODEL_KEYS) == set(MODELS)
    assert {rule.on for rule in recipe.facts} == set(FACT_KEYS_ON)
    assert not recipe.layers["quarters"].bundle
    assert recipe.layers["timetable"].files == ("buses.zip",)
    reach = [rule for rule in recipe.facts if rule.name == "school_reach_share"]
    assert [(rule.kind, rule.column) for rule in reach] == [
        ("walk_15", "school_walk_15"),
        ("transit_15", "school_transit_15"),
    ]


@pytest.mark.parametrize("city", ["porto-alegre", "guadalajara"])
def test_the_example_cities_have_a_recipe(city):
    recipe, problems = read_recipe(ROOT / "cities" / city)
    assert problems == []
    assert recipe is not None
    assert recipe.facts


def test_the_page_names_every_form_model_and_key():
    page = (ROOT / "docs" / "maps.md").read_text(encoding="utf-8")
    for name, keys in {**LAYER_KEYS, **MODEL_KEYS}.items():
        assert f"| `{name}` |" in page
        row = next(line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
        for key in keys:
            assert f"`{key.removeprefix('*')}`" in row, (name, key)


# every change of one place: what is written instead, and words of the message in order
SPOILT = [
    ('id = "h3"', 'ide = "h3"', "layers.hexagons.ide", "Did you mean id?"),
    ('id = "h3"', "", "layers.hexagons", "id is missing"),
    ('id = "h3"', "id = 3", "id is 3. Give a text"),
    ('read = "cells"', 'read = "cell"', "layers.hexagons", "read = one of: cells"),
    ('read = "cells"', 'read = ["cells"]', "does not say what form"),
    ('read = "cells"', "", "does not say what form"),
    ('licence = "MIT"\nsource', "source", "licence is missing", "where it comes from"),
    ('quality = "B"\nyear = 2020\nretrieved = 2026\n\n[layers.quarters]', "year = 2020\n[layers.quarters]", "quality is missing"),
    ('quality = "B"\nyear', 'quality = "good"\nyear', "quality is 'good'. One of: A, B, C"),
    ("missing = { hospital_distance = 0 }", "missing = 0", "a table of numbers"),
    ("missing = { hospital_distance = 0 }", 'missing = { hospital_distance = "no" }', "a table of numbers"),
    ("bundle = false", "bundle = 0", "true or false"),
    ("range = [0, 1]", "range = 1", "a list of numbers"),
    ('files = ["buses.zip"]', 'files = "buses.zip"', "a list of texts"),
    ('files = ["buses.zip"]', "files = []", "a list of texts"),
    ("date = 2024-05-13", 'date = "2024-05-13"', "a day without quotation marks"),
    ("date = 2024-05-13", "", "layers.timetable", "date is missing"),
    ('model = "runoff"', 'model = "run_off"', "compute 5", "model = one of: reach"),
    ('model = "runoff"', 'model = ["runoff"]', "names no model"),
    ("precipitation = 80", "precipitaton = 80", "compute 5.precipitaton", "Did you mean precipitation?"),
    ("precipitation = 80", 'precipitation = "80 mm"', "precipitation is '80 mm'. Give a number"),
    ("precipitation = 80", "precipitation = nan", "Give a number"),
    ("precipitation = 80", "", "precipitation is missing"),
    ("green_codes = [2]\nsearch", "green_codes = 2\nsearch", "a list of numbers"),
    ("evapotranspiration = 5", "evapotranspiration = []", "a number, or the name of a raster"),
    ("evapotranspiration = 5", 'evapotranspiration = "rain"', "There is no layer 'rain'"),
    ("minutes = [15]", "minutes = []", "a list of numbers"),
    ("minutes = [15]", "minutes = [15]\nspeed = 4.8", "a table of numbers"),
    ("minutes = [15]", "minutes = [15]\nspeed = { slow = 3 }", "slow is not a key here"),
    ('streets = "streets"', 'streets = "street"', "There is no layer 'street'. Did you mean streets?"),
    ('table = "classes"\nprec', 'table = "land_cover"\nprec', "'land_cover' is a map of the form raster", "form table"),
    ('raster = "flood"\n', 'raster = "floods"\n', "There is no layer 'floods'. Did you mean flood?"),
    ('raster = "flood"\n', 'raster = "hexagons"\n', "'hexagons' is a map of the form cells"),
    ('name = "heat"', 'name = "canopy"', "The name 'canopy' is taken"),
    ('name = "heat"', 'name = "nature"', "The name 'nature' is taken"),
    ('land_cover = "land_cover"\ngreen_codes = [2]\n\n', 'land_cover = "flood"\ngreen_codes = [2]\n\n', "'flood' is computed later"),
    ('name = "households"', 'name = "housholds"', "'housholds' is not a known name", "Did you mean households"),
    ('name = "households"', 'name = "zzz"', "city/vocabulary.csv"),
    ('name = "households"\n', "", "name is missing"),
    ('kind = "walk_15"', 'kind = "walk_16"', "'walk_16' is not a kind of hospital_reach_share"),
    ('kind = "walk_15"\n', "", "'' is not a kind of hospital_reach_share"),
    ('kinds = ["walk_15", "transit_15"]', 'kinds = "walk_15"', "a list of texts"),
    ('raster = "canopy"\n', 'raster = "canopi"\n', "fact canopy_cover", "Did you mean canopy?"),
    ('raster = "canopy"\n', 'raster = "flooded_share"\n', "There is no layer 'flooded_share'"),
    ('raster = "canopy"\n', 'raster = "canopy"\ncells = "hexagons"\n', "one of cells, polygons or raster"),
    ('raster = "canopy"\n', "", "one of cells, polygons or raster"),
    ('raster = "canopy"\n', 'raster = "canopy"\ncolumn = "x"\n', "column is not a key here"),
    ('raster = "canopy"\n', 'raster = "canopy"\nof_total = "x"\n', "of_total is not a key here"),
    ('column = "homes"\n', "", "column is missing"),
    ('column = "greenness"', 'column = "greenness"\nstatistic = "sum"', "statistic is not a key here"),
    ('column = "greenness"', 'column = "greenness"\nweight = "people"', "weight is not a key here"),
    ('statistic = "sum"\n\n[[fact]]\nname = "canopy', 'statistic = "median"\n\n[[fact]]\nname = "canopy', "'median'. One of: sum, mean"),
    ("at_most = 1200", "at_most = 1200\nat_least = 3", "at_least, at_most cannot stand together"),
    ("at_most = 1200", "at_most = true", "Give a number"),
    ("least_cover = 0.6", 'scope = "zone"', "'zone'. One of: city, zones"),
    ("least_cover = 0.6", 'quality = "D"', "'D'. One of: A, B, C"),
    ("least_cover = 0.6", "spread = [0.5]", "multiples of the value"),
    ("least_cover = 0.6", "spread = [1.5, 2]", "multiples of the value"),
    ('weight = "inhabitants"\n\n[[fact]]\nname = "green_access', 'weight = "people"\n\n[[fact]]\nname = "green_access', "There is no layer 'people'"),
    ("[[compute]]\nmodel = \"reach\"", "[[computes]]\nmodel = \"reach\"", "computes is not a key here", "Did you mean compute?"),
    ("cell_size = 30", "cellsize = 10", "grid.cellsize", "Did you mean cell_size?"),
    ("cell_size = 30", 'cell_size = "10 m"', "Give a number"),
    ('weight = "people"\n\n[layers', 'weigth = "people"\n\n[layers', "zones.weigth"),
    ('[zones]\ncells = "hexagons"', '[zones]\ncells = "canopy"', "form cells"),
    ('[zones]\ncells = "hexagons"', '[zones]\ncells = "hexagon"', "Did you mean hexagons?"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "words"), [(row[0], row[1], row[2:]) for row in SPOILT],
                         ids=[row[1] or f"no {row[0]}" for row in SPOILT])  # fmt: skip
def test_every_slip_is_said(tmp_path, old, new, words):
    whole = GRID + RECIPE
    assert old in whole
    _recipe, problems = read(tmp_path, whole.replace(old, new, 1))
    for word in words:
        assert any(word in problem for problem in problems), problems
    assert len(problems) <= 3, "one cause, one message"


def test_all_slips_are_said_at_once(tmp_path):
    text = RECIPE
    for old, new in (("id =", "ide ="), ("precipitation", "precipitaton"), ('"households"', '"housholds"')):
        text = text.replace(old, new, 1)
    _recipe, problems = read(tmp_path, text)
    for word in ("ide", "precipitaton", "housholds"):
        assert any(word in problem for problem in problems)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[layers\n", "not valid TOML"),
        ("[layers.a]\nsource = 'S\u00e3o'\n".encode("latin-1"), "not UTF-8"),
        (b"layers = 3\n", "layers is not a table"),
        (b"zones = 3\n", "zones is not a table"),
        (b"[layers]\na = 3\n", "does not say what form"),
        (b"[compute]\nmodel = 'reach'\n", "compute is not a list"),
        (b"fact = [3]\n", "name is missing"),
        (b"compute = [3]\n", "names no model"),
    ],
)
def test_what_is_no_recipe_is_said(tmp_path, content, words):
    (tmp_path / "layers.toml").write_bytes(content)
    recipe, problems = read_recipe(tmp_path)
    assert recipe is None
    assert any(words in str(problem) for problem in problems), problems


def test_no_recipe_and_a_byte_order_mark(tmp_path):
    recipe, problems = read_recipe(tmp_path)
    assert recipe is None
    assert "There is no file layers.toml" in str(problems[0])
    assert "docs/maps.md" in str(problems[0])
    (tmp_path / "layers.toml").write_bytes(b"\xef\xbb\xbf" + RECIPE.encode())
    assert read_recipe(tmp_path)[1] == []
    (tmp_path / "layers.toml").write_text("", encoding="utf-8")
    assert read_recipe(tmp_path)[1] == []


def test_each_key_has_a_form_and_a_near_name():
    """No key is so like another of its section that a slip would pass for it."""
    sections = [(*ORIGIN, "read", "bundle", *keys) for keys in LAYER_KEYS.values()]
    sections += [("model", *keys) for keys in MODEL_KEYS.values()]
    sections += [(*FACT_KEYS, *keys) for keys in FACT_KEYS_ON.values()] + [ZONES_KEYS, GRID_KEYS]
    for keys in sections:
        plain = [key.removeprefix("*") for key in keys]
        assert len(set(plain)) == len(plain)
        assert all(nearest(key, plain).split(", ")[0] == key for key in plain)
