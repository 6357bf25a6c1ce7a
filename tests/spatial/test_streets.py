"""Streets: shortest paths against networkx, places on streets, OpenStreetMap's tags, networks in pieces, bad input."""

from __future__ import annotations

import tomllib
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from caminos.problems import WARNING
from caminos.spatial.streets import (
    METRES_PER_MINUTE,
    attach,
    nearest_time,
    pieces,
    street_graph,
    street_network,
    street_problems,
    travel_times,
    without_slips,
)
from caminos.spatial.travel import dense

EXAMPLES = Path(__file__).parent / "examples"
FEW = settings(max_examples=40, deadline=None, derandomize=True)
METRE_A_MINUTE = 1 / METRES_PER_MINUTE  # km/h at which minutes are metres


def test_fifteen_minutes_on_foot():
    example = tomllib.loads((EXAMPLES / "travel_fifteen_minutes.toml").read_text(encoding="utf-8"))
    values = example["inputs"]
    streets = street_network(
        *(values[name] for name in ("x", "y", "start", "end")), walk=values["walk"], cycle=values["cycle"]
    )
    for mode in ("walk", "bicycle"):
        times = travel_times(streets, [values["origin"]], values["destinations"], mode=mode)
        expected = example["expected"][mode]
        if mode == "bicycle":  # the top of the stairs is 60 m of walk from where one may ride
            expected = [expected[0], expected[0] + 60 / 80, 3 + 80 / 80]
        np.testing.assert_allclose(dense(times)[0], expected, rtol=0, atol=example["expected"]["tolerance"])
    assert travel_times(streets, [values["origin"]], [[1200, 0]], limit=15).nnz == 1  # the limit is included
    assert nearest_time(streets, [[1200, 0]], [values["origin"]], limit=15) == 15


# against independent computations


@st.composite
def networks(draw):
    """A small network with some one-way, closed, parallel and looping edges, and places about it."""
    nodes = draw(st.integers(2, 9))
    edges = draw(st.integers(1, 16))
    random = np.random.default_rng(draw(st.integers(0, 10**6)))
    x, y = random.uniform(0, 500, (2, nodes)).round()
    start, end = random.integers(0, nodes, (2, edges))
    length = np.hypot(x[start] - x[end], y[start] - y[end]) + random.integers(0, 3, edges) * 50
    walk, cycle, cycle_back = random.choice([0, 0.5, 1], (3, edges), p=[0.2, 0.2, 0.6])
    return street_network(x, y, start, end, length, walk=walk, cycle=cycle, cycle_back=cycle_back), random


def networkx_graph(streets, mode, speed):
    """The same as a directed graph of networkx, keeping the shortest of parallel edges."""
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(streets.x)))
    forward, backward = streets.factors(mode)
    for edge in range(len(streets.start)):
        one, other = int(streets.start[edge]), int(streets.end[edge])
        for tail, head, factor in ((one, other, forward[edge]), (other, one, backward[edge])):
            if factor > 0:
                minutes = streets.length[edge] / (speed * METRES_PER_MINUTE * factor)
                if minutes < graph.get_edge_data(tail, head, {"weight": np.inf})["weight"]:
                    graph.add_edge(tail, head, weight=minutes)
    return graph


@given(networks(), st.sampled_from(["walk", "bicycle"]), st.sampled_from([2.0, 4.8]), st.sampled_from([5.0, 40.0]))
@FEW
def test_shortest_paths_equal_networkx(network, mode, speed, limit):
    streets, _random = network
    graph = networkx_graph(streets, mode, speed)
    ours = street_graph(streets, mode=mode, speed=speed)
    assert ours.minutes.nnz == graph.number_of_edges() - nx.number_of_selfloops(graph)
    forward, backward = streets.factors(mode)
    open_ = (forward > 0) | (backward > 0)
    used = np.unique(np.concatenate([streets.start[open_], streets.end[open_]]))
    if not used.size or len(np.unique(np.column_stack([streets.x, streets.y]), axis=0)) < len(streets.x):
        return
    # nodes lie on the streets, save where another edge runs through them: then the snap is theirs as well
    found = dense(travel_times(streets, used, used, mode=mode, speed=speed, limit=limit))
    for row, source in enumerate(used.tolist()):
        lengths = nx.single_source_dijkstra_path_length(graph, source, cutoff=limit)
        expected = [lengths.get(target, np.inf) for target in used.tolist()]
        np.testing.assert_allclose(found[row], expected, atol=1e-6)


@given(networks(), st.lists(st.integers(0, 8), min_size=1, max_size=4))
@FEW
def test_leaving_out_bends_and_dead_ends_changes_no_time(network, keep):
    streets, _random = network
    keep = np.unique([node for node in keep if node < len(streets.x)] or [0])
    for mode in ("walk", "bicycle"):
        graph = networkx_graph(streets, mode, 3.0)
        short = street_graph(streets, mode=mode, speed=3.0, keep=keep)
        if not short.minutes.nnz:
            continue
        other = nx.from_scipy_sparse_array(short.minutes, create_using=nx.DiGraph)
        other.add_edges_from(
            (int(row), int(column), {"weight": 0.0})
            for row, column in zip(*short.minutes.nonzero(), strict=True)
            if short.minutes[row, column] == 0
        )
        for source in keep.tolist():
            expected = nx.single_source_dijkstra_path_length(graph, source)
            place = int(short.place[source])
            found = nx.single_source_dijkstra_path_length(other, place)
            for target in keep.tolist():
                assert found.get(int(short.place[target]), np.inf) == pytest.approx(expected.get(target, np.inf))
        assert (short.place[keep] >= 0).all()


@given(networks(), st.sampled_from([20.0, 100.0, 1000.0]))
@FEW
def test_places_go_to_the_nearest_point_of_the_nearest_street(network, maximum_snap):
    streets, random = network
    points = random.uniform(-100, 600, (12, 2))
    attached = attach(streets, points, maximum_snap=maximum_snap)
    open_ = streets.walk > 0
    if not open_.any():
        assert (attached.node == -1).all()
        return
    corners = np.column_stack([streets.x, streets.y])
    lines = [
        shapely.LineString([corners[one], corners[other]]) if one != other else shapely.Point(corners[one])
        for one, other in zip(streets.start[open_], streets.end[open_], strict=True)
    ]
    distance = np.array([min(line.distance(shapely.Point(point)) for line in lines) for point in points])
    np.testing.assert_allclose(attached.distance, distance, atol=1e-6)
    np.testing.assert_array_equal(attached.node >= 0, distance <= maximum_snap)
    on = attached.node >= 0
    feet = np.column_stack([attached.streets.x, attached.streets.y])[attached.node[on]]
    np.testing.assert_allclose(np.hypot(*(feet - points[on]).T), distance[on], atol=1e-6)
    np.testing.assert_allclose(attached.streets.length.sum(), streets.length.sum())  # cut, not lost
    before, after = (networkx_graph(each, "bicycle", 10.0) for each in (streets, attached.streets))
    for node in range(len(streets.x)):
        one, other = (nx.single_source_dijkstra_path_length(graph, node) for graph in (before, after))
        assert {key: value for key, value in other.items() if key < len(streets.x)} == pytest.approx(one)


@given(networks(), st.integers(1, 4), st.sampled_from(["walk", "bicycle"]))
@FEW
def test_the_nearest_of_all_places_is_the_least_of_all_times(network, count, mode):
    streets, random = network
    places, points = random.uniform(0, 500, (count, 2)), random.uniform(0, 500, (6, 2))
    found = nearest_time(streets, places, points, mode=mode, limit=30)
    times = dense(travel_times(streets, points, places, mode=mode, limit=30))
    np.testing.assert_allclose(found, times.min(axis=1), atol=1e-6)
    nodes = np.arange(len(streets.x))
    whole = nearest_time(streets, nodes[:1], mode=mode)
    graph = networkx_graph(streets, mode, 4.8 if mode == "walk" else 12.0).reverse()
    if whole[0] == 0:
        lengths = nx.single_source_dijkstra_path_length(graph, 0)
        np.testing.assert_allclose(whole, [lengths.get(node, np.inf) for node in nodes.tolist()], atol=1e-6)


@given(networks(), st.permutations(range(5)))
@FEW
def test_the_order_of_places_does_not_matter(network, order):
    streets, random = network
    points = random.uniform(0, 500, (5, 2))
    whole = dense(travel_times(streets, points, points))
    np.testing.assert_allclose(dense(travel_times(streets, points[order], points)), whole[order], atol=1e-6)
    np.testing.assert_allclose(whole, whole.T, atol=1e-6)  # walking back takes as long
    assert (np.diag(whole) == 0).all()


def test_one_way_streets_bind_bicycles_only():
    streets = street_network([0, 300, 0], [0, 0, 400], [0, 1, 2], [1, 2, 0], cycle=1, cycle_back=0)
    there = [[0, 0]], [[300, 0]]
    for mode, forward, backward in (("walk", 300, 300), ("bicycle", 300, 900)):
        one = travel_times(streets, *there, mode=mode, speed=METRE_A_MINUTE, limit=2000)
        other = travel_times(streets, *reversed(there), mode=mode, speed=METRE_A_MINUTE, limit=2000)
        assert dense(one) == pytest.approx(forward)
        assert dense(other) == pytest.approx(backward)


def test_a_place_far_from_any_street_reaches_nothing_but_itself():
    streets = street_network([0, 1000], [0, 0], [0], [1])
    points = [[500, 10], [500, 3000], [np.nan, 0]]
    times = dense(travel_times(streets, points, points))
    np.testing.assert_array_equal(
        np.isfinite(times), [[True, False, False], [False, True, False], [False, False, False]]
    )
    attached = attach(streets, points)
    np.testing.assert_array_equal(attached.node, [2, -1, -1])
    np.testing.assert_array_equal(attached.distance, [10, 3000, np.inf])
    assert np.isinf(nearest_time(streets, points[:1], points[1:2]))


def test_two_pieces_are_found_and_said():
    x, y = [0, 1500, 0, 1200, 5000], [0, 0, 900, 900, 5000]
    streets = street_network(x, y, [0, 2], [1, 3], crs="EPSG:32722")
    piece, length = pieces(streets)
    np.testing.assert_array_equal(piece, [0, 0, 1, 1, -1])
    np.testing.assert_array_equal(length, [1500, 1200])
    (problem,) = street_problems(streets, "streets.pbf")
    assert problem.severity == WARNING
    assert "2 pieces" in problem.message
    assert "1.5, 1.2 km" in problem.message
    assert problem.fix
    kept, left_out = without_slips(streets, 1300)
    assert left_out["walk"] == (1, 1200)
    np.testing.assert_array_equal(kept.walk, [1, 0])
    assert street_problems(kept) == []
    assert np.isinf(dense(travel_times(streets, [[0, 0]], [[0, 900]]))).all()


# bad input


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"x": [0, 1000, np.nan]}, "must be numbers"),
        ({"x": [0, 1000]}, "same length"),
        ({"end": [1, 5]}, "from 0 to 2"),
        ({"end": [1.0, 2.0]}, "whole numbers"),
        ({"end": [[1], [2]]}, "one dimension"),
        ({"length": [5.0]}, "length must have one value"),
        ({"length": [5.0, -1.0]}, "length must be numbers of 0 or more"),
        ({"walk": [1.0, np.nan]}, "walk must be numbers"),
        ({"x": [-51.23, -51.22, -51.22], "y": [-30.0, -30.0, -30.01], "length": [960.0, 1100.0]}, "degrees"),
    ],
)
def test_bad_networks_are_said(change, words):
    good = {"x": [0, 1000, 1000], "y": [0, 0, 500], "start": [0, 1], "end": [1, 2]}
    with pytest.raises(ValueError, match=words):
        street_network(**{**good, **change})


def test_bad_questions_are_said():
    streets = street_network([0, 1000], [0, 0], [0], [1])
    for change, words in (
        ({"mode": "car"}, "mode is 'car'"),
        ({"speed": 0}, "speed is 0"),
        ({"limit": np.nan}, "limit is nan"),
        ({"limit": -1}, "limit is -1"),
        ({"origins": [0, 7]}, "from 0 to 1"),
        ({"origins": [[1, 2, 3]]}, "rows of x, y"),
    ):
        with pytest.raises(ValueError, match=words):
            travel_times(**{"streets": streets, "origins": [[0, 0]], "destinations": [[0, 0]], **change})
    assert travel_times(streets, np.zeros((0, 2)), [[0, 0]]).shape == (0, 1)
