"""Streets read from OpenStreetMap: right, or said what is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from caminos.maps.streets import PUSH_FACTOR, read_streets, way_factors
from caminos.problems import ERROR, WARNING
from caminos.spatial.streets import (
    METRES_PER_MINUTE,
    travel_times,
)
from caminos.spatial.travel import dense

METRE_A_MINUTE = 1 / METRES_PER_MINUTE  # km/h at which minutes are metres


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"highway": "residential"}, (1, 1, 1)),
        ({"highway": "residential", "oneway": "yes"}, (1, 1, PUSH_FACTOR)),
        ({"highway": "residential", "oneway": "-1"}, (1, PUSH_FACTOR, 1)),
        ({"highway": "residential", "oneway": "yes", "oneway:bicycle": "no"}, (1, 1, 1)),
        ({"highway": "residential", "oneway": "yes", "cycleway:left": "opposite_lane"}, (1, 1, 1)),
        ({"highway": "tertiary", "junction": "roundabout"}, (1, 1, PUSH_FACTOR)),
        ({"highway": "tertiary", "junction": "roundabout", "oneway": "no"}, (1, 1, 1)),
        ({"highway": "cycleway", "foot": "no", "oneway": "yes"}, (0, 1, 0)),
        ({"highway": "footway"}, (1, PUSH_FACTOR, PUSH_FACTOR)),
        ({"highway": "footway", "bicycle": "designated"}, (1, 1, 1)),
        ({"highway": "path", "bicycle": "dismount"}, (1, PUSH_FACTOR, PUSH_FACTOR)),
        ({"highway": "steps"}, (0.5, PUSH_FACTOR / 2, PUSH_FACTOR / 2)),
        ({"highway": "motorway"}, (0, 0, 0)),
        ({"highway": "motorway", "foot": "yes"}, (1, PUSH_FACTOR, PUSH_FACTOR)),
        ({"highway": "trunk", "motorroad": "yes"}, (0, 0, 0)),
        ({"highway": "primary", "foot": "no"}, (0, 1, 1)),
        ({"highway": "primary", "foot": "use_sidepath", "bicycle": "no"}, (0, 0, 0)),
        ({"highway": "service", "access": "private"}, (0, 0, 0)),
        ({"highway": "service", "access": "no", "foot": "yes"}, (1, PUSH_FACTOR, PUSH_FACTOR)),
        ({"highway": "service", "access": "customers"}, (1, 1, 1)),
        ({"highway": "track", "vehicle": "no"}, (1, PUSH_FACTOR, PUSH_FACTOR)),
        ({"highway": "proposed", "foot": "yes"}, (0, 0, 0)),
        ({"highway": "construction"}, (0, 0, 0)),
        ({"railway": "platform"}, (1, PUSH_FACTOR, PUSH_FACTOR)),
        ({"railway": "rail"}, (0, 0, 0)),
        ({"highway": "raceway"}, (0, 0, 0)),
    ],
)
def test_tags_say_who_may_pass(tags, expected):
    assert way_factors(tags) == pytest.approx(expected)


def osm(path, nodes, ways):
    """An OpenStreetMap file of nodes {number: (longitude, latitude)} and ways [(numbers, tags)]."""
    lines = ['<?xml version="1.0"?><osm version="0.6">']
    for number, (longitude, latitude) in nodes.items():
        lines.append(f'<node id="{number}" version="1" lat="{latitude}" lon="{longitude}"/>')
    for number, (members, tags) in enumerate(ways, start=1):
        inside = "".join(f'<nd ref="{member}"/>' for member in members)
        inside += "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())
        lines.append(f'<way id="{number}" version="1">{inside}</way>')
    path.write_text("\n".join([*lines, "</osm>"]), encoding="utf-8")
    return path


NODES = {1: (-51.23, -30.03), 2: (-51.22, -30.03), 3: (-51.22, -30.04), 4: (-51.20, -30.03), 5: (-51.20, -30.032)}


def test_streets_are_read_with_lengths_on_the_ellipsoid(tmp_path):
    pytest.importorskip("osmium")
    ways = [
        ([1, 2], {"highway": "residential", "oneway": "yes"}),
        ([2, 3, 99], {"highway": "footway"}),  # node 99 is not in the extract
        ([4, 5], {"highway": "path"}),
        ([1, 3], {"building": "yes"}),
    ]
    streets, problems = read_streets(osm(tmp_path / "city.osm", NODES, ways))
    assert streets is not None
    from pyproj import Geod

    east = Geod(ellps="WGS84").inv(*NODES[1], *NODES[2])[2]
    north = Geod(ellps="WGS84").inv(*NODES[2], *NODES[3])[2]
    there, back = (
        dense(travel_times(streets, one, other, mode="bicycle", speed=METRE_A_MINUTE, limit=10_000))
        for one, other in (
            (streets.project(*zip(NODES[1], strict=True)), streets.project(*zip(NODES[3], strict=True))),
            (streets.project(*zip(NODES[3], strict=True)), streets.project(*zip(NODES[1], strict=True))),
        )
    )
    assert there == pytest.approx(east + north / PUSH_FACTOR, rel=1e-6)
    assert back == pytest.approx((east + north) / PUSH_FACTOR, rel=1e-6)
    (slip,) = problems
    assert (slip.severity, slip.file) == (WARNING, "city.osm")
    assert "1 pieces" in slip.message
    assert np.isnan(streets.project([np.nan, -51.2], [1, -30.0])[0]).all()
    utm, _problems = read_streets(tmp_path / "city.osm", crs="EPSG:32722")
    assert utm is not None
    assert utm.y.max() > 6e6
    np.testing.assert_allclose(utm.length, streets.length)


def test_files_that_are_no_streets_are_said(tmp_path):
    pytest.importorskip("osmium")
    missing = tmp_path / "none.pbf"
    broken = tmp_path / "broken.pbf"
    broken.write_bytes(b"this is not a pbf file")
    other = tmp_path / "other.txt"
    other.write_text("text")
    empty = osm(tmp_path / "empty.osm", NODES, [([1, 2], {"building": "yes"})])
    for path, words in (
        (missing, "no such file"),
        (broken, "cannot be read"),
        (other, "are not read"),
        (empty, "no street"),
    ):
        streets, problems = read_streets(path)
        assert streets is None
        assert [problem.severity for problem in problems] == [ERROR]
        assert problems[0].file == path.name
        assert words in problems[0].message
        assert problems[0].fix
