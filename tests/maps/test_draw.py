"""Pictures of facts, cells and rasters: drawn with what they need to be read, the same bytes twice, never a traceback."""

from __future__ import annotations

import builtins
import csv
import json
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from page_reading import numbers, row_of
from page_reading import table as page_table

pytest.importorskip("rasterio")
pytest.importorskip("matplotlib")
from city_files import fact
from made_up_city import MAPPED, RECIPE, ZONES, degrees, made_up_city

from caminos.city.facts import FACT_COLUMNS
from caminos.command import cli
from caminos.command.maps import picture_of
from caminos.files import table_text
from caminos.i18n import use_language
from caminos.maps import draw as maps
from caminos.maps.draw import Picture, draw

PNG = b"\x89PNG\r\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Villa Inventada with facts by zone: known, known in part, and not known at all."""
    found = made_up_city(tmp_path_factory.mktemp("maps"))
    rows = [fact("population", 9000, "person"), fact("area", 7.2, "km2")]
    rows += [fact("population", 1000 * place, "person", zone=zone, low=900 * place, high=1100 * place)
             for place, zone in enumerate(MAPPED, start=1)]  # fmt: skip
    rows += [fact("canopy_cover", "NE", "share", zone=zone, note="no map") for zone in ZONES]
    rows += [fact("facility_access_share", 0.5, "share", zone="away", kind=kind) for kind in ("school", "job")]
    (found.city / "facts.csv").write_text(table_text(FACT_COLUMNS, rows), encoding="utf-8")
    return found


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


@pytest.fixture(autouse=True)
def coarse(monkeypatch):
    """Few dots, for speed."""
    monkeypatch.setattr(maps, "DOTS", 40)


def table(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def texts(path):
    """What stands on a picture (SVG): its letters are shapes, so a comment holds each text."""
    return [
        text.strip() for text in path.read_text(encoding="utf-8").split("<!--")[1:] for text in [text.split("-->")[0]]
    ]


def test_a_fact_by_zone_is_drawn_with_its_table(made, call, tmp_path):
    code, out, err = call("map", made.city, "population")
    assert code == 0, err
    picture = Path("out/villa-inventada/maps/population.png")
    assert picture.read_bytes().startswith(PNG)
    assert "population.png" in out
    assert "population.csv" in out
    assert "4 of 5 places known, from 1,000 to 4,000 people" in out
    rows = {row["zone"]: row for row in table(picture.with_suffix(".csv"))}
    assert {zone: row["value"] for zone, row in rows.items()} == {
        **{zone: str(1000.0 * place) for place, zone in enumerate(MAPPED, start=1)}, "away": "NE",
    }  # fmt: skip
    assert (rows["north_west"]["low"], rows["north_west"]["high"]) == ("900.0", "1100.0")
    assert {row["unit"] for row in rows.values()} == {"person"}


def test_a_picture_says_what_it_shows(made, call, tmp_path):
    """Title, unit, class limits, scale, north, source, what is hatched: in every language."""
    words = {
        "en": ("made up): people who live", "Hatched or grey: not estimated.", "Source: Census (2022)", "1 km"),
        "es": ("made up): personas que viven", "no estimado", "Fuente", "1 km"),
        "pt": ("made up): pessoas que vivem", "não estimado", "Fonte", "1 km"),
    }
    for language, wanted in words.items():
        path = tmp_path / f"{language}.svg"
        code, _out, err = call("map", made.city, "population", "--out", path, "--lang", language)
        assert code == 0, err
        assert ET.parse(path).getroot().tag.endswith("svg")
        said = texts(path)
        assert {"en": "people", "es": "personas", "pt": "pessoas"}[language] in said
        for word in wanted:
            assert any(word in text for text in said), (word, said)
    assert "1,500" in texts(tmp_path / "en.svg")
    assert "1.500" in texts(tmp_path / "es.svg")


def test_a_column_of_hexagons_and_one_computed_on_them(made, call, tmp_path):
    for column, unit in (("people", "person"), ("job_walk_15", ""), ("flooded_share", "")):
        path = tmp_path / f"{column}.png"
        code, out, err = call("map", made.city, f"hexagons:{column}", "--from", made.maps, "--out", path)
        assert code == 0, err
        assert path.read_bytes().startswith(PNG)
        assert "places known" in out
        rows = table(path.with_suffix(".csv"))
        assert {row["unit"] for row in rows} == {unit}
        assert len(rows) > 50
    values = {row["cell"]: row["value"] for row in rows}
    assert "NE" in values.values()
    assert all(value == "NE" or 0 <= float(value) <= 1 for value in values.values())


def test_rasters_as_read_and_as_computed(made, call, tmp_path):
    for layer, words in (("elevation", "from 1 to 10 m"), ("heat", "°C"), ("green_is_near", "from 0 to 1")):
        path = tmp_path / f"{layer}.svg"
        code, out, err = call("map", made.city, layer, "--from", made.maps, "--out", path)
        assert code == 0, err
        assert words in out
        figures = {row["figure"]: float(row["value"]) for row in table(path.with_suffix(".csv"))}
        assert figures["known"] < figures["cells"]
        assert figures["least"] <= figures["median"] <= figures["most"]
    assert any("Cooling" in text or "cooling" in text for text in texts(tmp_path / "heat.svg"))
    assert "°C" in texts(tmp_path / "heat.svg")
    assert sum(text.count("made up") for text in texts(tmp_path / "heat.svg")) == 2, "city and source, each once"


def test_numbers_as_json(made, call, tmp_path):
    for layer in ("population", "hexagons:jobs", "heat", "canopy_cover", "quarters:greenness"):
        path = tmp_path / "picture.png"
        code, out, err = call("map", made.city, layer, "--from", made.maps, "--out", path, "--json")
        assert code == 0, err
        said = json.loads(out, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
        assert row_of(said, "files", "picture")["file"]["text"] == str(path)
        drawn = {name: cell["value"] for name, cell in numbers(said).items()}
        assert ("least" not in drawn) == (drawn["known"] == 0)
        assert drawn["known"] <= drawn["of"]


def test_a_fact_that_nobody_knows_is_hatched_and_not_zero(made, call, tmp_path):
    path = tmp_path / "canopy.svg"
    code, out, err = call("map", made.city, "canopy_cover", "--out", path)
    assert code == 0, err
    assert "places known" not in out
    assert {row["value"] for row in table(path.with_suffix(".csv"))} == {"NE"}
    assert any("not estimated" in text for text in texts(path))


def test_the_same_map_has_the_same_bytes(made, call, tmp_path):
    for layer in ("population", "heat"):
        for suffix in ("png", "svg"):
            pictures = []
            for time in ("one", "two"):
                path = tmp_path / time / f"{layer}.{suffix}"
                assert call("map", made.city, layer, "--from", made.maps, "--out", path)[0] == 0
                pictures.append((path.read_bytes(), path.with_suffix(".csv").read_bytes()))
            assert pictures[0] == pictures[1], (layer, suffix)


def test_the_list_of_what_can_be_drawn(made, call):
    code, out, _err = call("map", made.city)
    assert code == 0
    for name in (
        "population",
        "facility_access_share:school",
        "hexagons:…",
        "quarters:…",
        "elevation",
        "heat",
        "flood",
    ):
        assert name in out
    code, out, _err = call("map", made.city, "--json")
    listed = {row["id"] for row in page_table(json.loads(out), "layers")}
    assert {"population", "canopy_cover", "facility_access_share:job", "heat", "land_cover"} <= listed
    assert not {"streets", "timetable", "classes", "flooded_share"} & listed
    for name in sorted(listed):  # whatever is listed can be drawn
        asked = name.replace("…", "people" if "hexagons" in name else "greenness")
        picture, written = picture_of(made.city, asked, made.maps, None, None)
        assert picture.title.startswith("Villa Inventada (made up): ")
        assert written
    code, out, _err = call("map", "porto-alegre", "--json")
    assert code == 0
    assert "job_reach_share:transit_45" in {row["id"] for row in page_table(json.loads(out), "layers")}


WRONG = [
    # what is asked, exit code, words
    (("populaton",), 2, ("nothing to draw under the name 'populaton'", "Did you mean population", "caminos map")),
    (("heta",), 2, ("Did you mean heat?",)),
    (("zzzz",), 2, ("nothing to draw", "lists what there is")),
    (("hexagons",), 2, ("hexagons needs a column", "hexagons:people", "hexagons:job_walk_15")),
    (("hexagons:peple",), 1, ("no column 'peple'", "Did you mean people")),
    (("flooded_share",), 2, ("nothing to draw",)),
    (("streets",), 2, ("streets is not a map of values",)),
    (("timetable",), 2, ("timetable is not a map of values",)),
    (("classes",), 2, ("classes is not a map of values",)),
    (("facility_access_share",), 2, ("needs a kind", "facility_access_share:school")),
    (("facility_access_share:library",), 2, ("needs a kind", "facility_access_share:job")),
    (("poverty_rate",), 1, ("poverty_rate is not known by zone",)),
    (("population", "--out", "map.pdf"), 2, (".png or .svg",)),
    (("population", "--out", "map"), 2, (".png or .svg",)),
    (("heat", "--from", "nowhere"), 2, ("There is no folder nowhere",)),
    (("heat", "--from", "."), 1, ("There is no file land_cover.tif",)),
]


@pytest.mark.parametrize(("asked", "code", "words"), WRONG, ids=[" ".join(row[0]) for row in WRONG])
def test_what_cannot_be_drawn_is_said(made, call, tmp_path, asked, code, words):
    source = () if "--from" in asked else ("--from", made.maps)
    for language in ("en", "es", "pt"):
        ended, out, err = call("map", made.city, *asked, *source, "--lang", language)
        assert ended == code
        assert out == ""
        assert "Traceback" not in err
        if language == "en":
            for word in words:
                assert word in err
    assert list(tmp_path.iterdir()) == []


def test_a_broken_recipe_is_said_and_facts_are_drawn_still(call, tmp_path):
    made = made_up_city(tmp_path / "broken", RECIPE.replace("precipitation", "precipitaton"))
    for asked in ((), ("heat",)):
        code, _out, err = call("map", made.city, *asked, "--from", made.maps)
        assert code == 1
        assert "Did you mean precipitation?" in err
    rows = [fact("population", 9000, "person"), *(fact("population", 100, "person", zone=zone) for zone in ZONES)]
    (made.city / "facts.csv").write_text(table_text(FACT_COLUMNS, rows), encoding="utf-8")
    assert call("map", made.city, "population", "--out", tmp_path / "all_alike.png")[0] == 0
    (made.city / "layers.toml").unlink()
    code, out, _err = call("map", made.city)
    assert code == 0
    assert "population" in out
    code, _out, err = call("map", made.city, "heat")
    assert code == 2
    assert "nothing to draw under the name 'heat'" in err


@pytest.mark.parametrize(("library", "asked"), [
    ("matplotlib", ("map", "population")), ("rasterio", ("map", "heat")), ("h3", ("layers",)), ("osmium", ("layers",)),
])  # fmt: skip
def test_a_library_that_is_missing_is_named_with_what_to_install(made, call, tmp_path, monkeypatch, library, asked):
    imported = builtins.__import__

    def without(name, *given, **more):
        if name.partition(".")[0] == library:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return imported(name, *given, **more)

    for module in [name for name in sys.modules if name.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setattr(builtins, "__import__", without)
    out = ("--out", tmp_path / "picture.png") if asked[0] == "map" else ("--out", tmp_path / "facts")
    code, said, err = call(asked[0], made.city, *asked[1:], "--from", made.maps, *out)
    assert code == 1
    assert said == ""
    assert library in err
    assert "pip install 'caminos[geo]'" in err
    assert list(tmp_path.iterdir()) == []


# drawing


def squares(values):
    return [degrees(100 * place, 0, 100 * place + 90, 90) for place in range(len(values))]


@pytest.mark.parametrize(
    "values",
    [
        [np.nan, np.nan], [0.0, 0.0], [5.0], [0.0, 0.0, 0.0, 7.0], [-3.0, 4.0], [1e-9, 2e-9], [1e12, 3e12],
        [0.0, 1e-3, 5e6], [np.inf, 1.0], [1.0, 1.0 + 1e-12],
    ],
)  # fmt: skip
def test_any_values_can_be_drawn(tmp_path, values):
    given = np.array(values)
    areas = Picture("areas", "share", "made up", given, squares(values))
    cells = Picture("cells", "", "made up", given.reshape(1, -1), extent=(0, 30 * len(values), 0, 30), crs="EPSG:32722")
    for picture, suffix in ((areas, "svg"), (cells, "png")):
        path = draw(picture, tmp_path / f"{picture.title}.{suffix}")
        assert path.stat().st_size > 1000


def test_classes_hold_what_is_shown():
    """Round limits; every value within, or said to lie beyond by the arrows of the legend."""
    random = np.random.default_rng(1)
    for values in (random.normal(20, 5, 500), random.lognormal(3, 2, 500), random.random(500), np.arange(3.0)):
        norm, _colours, extend = maps._classes(values)
        edges = norm.boundaries
        assert (np.diff(edges) > 0).all()
        assert 2 <= len(edges) <= 12
        assert (values.min() < edges[0]) == (extend in ("both", "min"))
        assert (values.max() > edges[-1]) == (extend in ("both", "max"))
        within = np.mean((values >= edges[0]) & (values <= edges[-1]))
        assert within >= 0.95
    assert maps._classes(np.array([np.nan]))[0] is None
    shares = np.array([0.0] * 9 + [0.4, 1.0, 1.0])
    assert maps._classes(shares)[0].boundaries[-1] == 1, "no share of 2"


def test_zero_has_its_class_among_areas(tmp_path):
    """Of six zones with 0 and two with 8 and 9, none may pass for "8 to 9"."""
    values = np.array([0.0] * 6 + [8.0, 9.0])
    path = draw(Picture("zeros", "person", "made up", values, squares(values)), tmp_path / "zeros.svg")
    assert "0" in texts(path)
    norm, _colours, _extend = maps._classes(values)
    assert norm(0.0) != norm(8.0)


def test_the_scale_bar_is_round_and_true(tmp_path):
    from matplotlib.figure import Figure

    for width in (700.0, 1_300.0, 23_000.0, 4.2e5):
        axes = Figure().add_subplot()
        axes.set_xlim(1000, 1000 + width)
        axes.set_ylim(0, width)
        maps._scale_bar(axes)
        (line,) = axes.lines
        length = float(np.diff(line.get_xdata())[0])
        assert width / 13 <= length <= width / 5
        assert f"{length:.0e}"[0] in "125"
        assert axes.texts[0].get_text() == (f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m")


def test_areas_keep_their_holes_and_shapes(tmp_path):
    import shapely
    from matplotlib.transforms import Bbox

    ring = shapely.difference(degrees(0, 0, 1000, 1000), degrees(400, 400, 600, 600))
    both = shapely.union(ring, degrees(2000, 0, 2100, 100))
    path = maps._path(both, maps._projection(Picture("", "", "", np.array([1.0]), [both])))
    middle = np.array(path.get_extents()).mean(axis=0)
    assert path.get_extents().width == pytest.approx(2100, rel=1e-3)
    assert isinstance(path.get_extents(), Bbox)
    left, bottom = path.get_extents().x0, path.get_extents().y0
    assert path.contains_point((left + 100, bottom + 100))
    assert not path.contains_point((left + 1500, bottom + 50))
    assert middle is not None
