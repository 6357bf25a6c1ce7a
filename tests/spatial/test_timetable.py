"""Timetables: door-to-door times against a brute-force search, laws, feeds with every kind of mistake, a peer."""

from __future__ import annotations

import heapq
import tomllib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caminos.spatial.timetable import timetable_from_calls
from caminos.spatial.transit import Links, transit_access, transit_times

EXAMPLES = Path(__file__).parent / "examples"
FEW = settings(max_examples=60, deadline=None, derandomize=True)


def minutes_of(timetable, links, departures, **settings_):
    """Minutes (origins, departures, destinations) as one table."""
    table = np.full((links.direct.shape[0], len(departures), links.direct.shape[1]), np.nan)
    for origin, block, minutes in transit_times(timetable, links, departures, **settings_):
        table[origin, :, block] = minutes
    return table


def test_one_transfer():
    example = tomllib.loads((EXAMPLES / "travel_one_transfer.toml").read_text(encoding="utf-8"))
    given_, expected = example["inputs"], example["expected"]
    times = np.array(given_["time"]) * 60
    timetable = timetable_from_calls(given_["trip"], given_["stop"], times, times)
    links = Links(*(np.array(given_[name], float) for name in Links._fields))
    found = minutes_of(
        timetable,
        links,
        given_["departures"],
        limit=given_["limit"],
        minimum_transfer_time=given_["minimum_transfer_time"],
    )
    np.testing.assert_allclose(found[0, :, 0], expected["minutes"], atol=expected["tolerance"])


# against brute force


def brute_force(calls, links, origin, leave, limit, reserve, maximum_transfers):
    """Minutes to every destination by leaving at one time: search over places in order of time, nothing else clever."""
    access, transfer, egress, direct = (np.ceil(matrix * 60 - 1e-6) for matrix in links)
    stops, destinations = egress.shape
    arrives = leave + direct[origin]
    trips = {}
    for trip, stop, arrival, departure, board, alight in calls:
        trips.setdefault(trip, []).append((stop, arrival, departure, board, alight))
    queue = [(leave + access[origin, stop], "stop", stop, -1, 0) for stop in range(stops)]
    done = set()
    heapq.heapify(queue)
    while queue:
        time, kind, where, call, rides = heapq.heappop(queue)
        if not np.isfinite(time) or (kind, where, call, rides) in done:
            continue
        done.add((kind, where, call, rides))
        if kind == "stop":
            if maximum_transfers is not None and rides > maximum_transfers:
                continue
            for trip, own in trips.items():
                for position, (stop, _arrival, departure, board, _alight) in enumerate(own[:-1]):
                    if stop == where and board and departure >= time:
                        there = max(own[position + 1][1], departure + 1)
                        heapq.heappush(queue, (there, "trip", trip, position + 1, rides + 1))
            continue
        stop, _arrival, departure, _board, alight = trips[where][call]
        if call + 1 < len(trips[where]):
            there = max(trips[where][call + 1][1], departure + 1)
            heapq.heappush(queue, (there, "trip", where, call + 1, rides))
        if alight:
            for destination in range(destinations):
                arrives[destination] = min(arrives[destination], time + egress[stop, destination])
            for other in range(stops):
                walk = 0 if other == stop else transfer[stop, other]
                heapq.heappush(queue, (time + walk + reserve, "stop", other, -1, rides))
    taken = (arrives - leave) / 60
    return np.where(taken <= limit, taken, np.inf)


@st.composite
def networks(draw):
    """Calls of a few trips at a few stops, with walks; times from 7:00, many of them equal."""
    random = np.random.default_rng(draw(st.integers(0, 10**6)))
    stops, trips = draw(st.integers(2, 6)), draw(st.integers(0, 7))
    calls = []
    for trip in range(trips):
        time = 7 * 3600 + 60 * random.integers(0, 12)
        for _call in range(random.integers(2, 5)):
            arrival = time + random.choice([0, 30, 60, 180])
            time = arrival + random.choice([0, 0, 60])
            board, alight = random.random(2) < 0.85
            calls.append((trip, int(random.integers(stops)), int(arrival), int(time), bool(board), bool(alight)))
    origins, destinations = draw(st.integers(1, 3)), draw(st.integers(1, 3))

    def walks(rows, columns, share):
        walk = random.integers(0, 24, (rows, columns)) / 4 + random.choice([0, 0.01])
        return np.where(random.random((rows, columns)) < share, walk, np.inf)

    links = Links(
        walks(origins, stops, 0.5), walks(stops, stops, 0.3), walks(stops, destinations, 0.5),
        walks(origins, destinations, 0.2) + 10,
    )  # fmt: skip
    return calls, links, stops


def as_timetable(calls, stops):
    columns = [list(column) for column in zip(*calls, strict=True)] or [[]] * 6
    return timetable_from_calls(*columns[:4], board=columns[4], alight=columns[5], stops=stops)


@given(
    networks(),
    st.sampled_from([0.0, 1.0, 2.5]),
    st.sampled_from([None, 0, 1, 2]),
    st.sampled_from([2.0, 5.5, 8.0, 25.0]),
    st.sampled_from([1, 200, 10**9]),
)
@FEW
def test_routing_equals_brute_force(network, reserve, maximum_transfers, limit, table_bytes):
    calls, links, stops = network
    departures = np.array([419.0, 420, 421, 423.5, 428])
    found = minutes_of(
        as_timetable(calls, stops), links, departures, limit=limit, minimum_transfer_time=reserve,
        maximum_transfers=maximum_transfers, table_bytes=table_bytes,
    )  # fmt: skip
    for origin in range(links.direct.shape[0]):
        for place, departure in enumerate(departures):
            expected = brute_force(calls, links, origin, departure * 60, limit, reserve * 60, maximum_transfers)
            np.testing.assert_allclose(found[origin, place], expected, atol=1e-5)


def test_a_whole_day_needs_longer_numbers():
    times = np.array([0, 600, 80_000, 90_000])  # the second trip passes midnight
    timetable = timetable_from_calls([0, 0, 1, 1], [0, 1, 0, 1], times, times)
    links = Links(np.array([[0.0, np.inf]]), np.full((2, 2), np.inf), np.array([[np.inf], [0.0]]), np.array([[np.inf]]))
    found = minutes_of(timetable, links, [0, 1, 1333], limit=1600)
    np.testing.assert_allclose(found[0, :, 0], [10, 1499, 167], atol=1e-4)


# laws


@given(networks(), st.integers(0, 10**6))
@FEW
def test_a_better_timetable_never_lengthens_a_trip(network, seed):
    calls, links, stops = network
    random = np.random.default_rng(seed)
    departures = np.arange(418.0, 430)
    before = minutes_of(as_timetable(calls, stops), links, departures, limit=30)
    added = [(99, int(stop), 25_300 + 60 * place, 25_300 + 60 * place, True, True)
             for place, stop in enumerate(random.integers(0, stops, 4))]  # fmt: skip
    assert (minutes_of(as_timetable([*calls, *added], stops), links, departures, limit=30) <= before).all()
    if calls:  # the last stop of a trip is reached sooner
        last = max(place for place, call in enumerate(calls) if call[0] == calls[0][0])
        soonest = calls[last - 1][3]
        sooner = [*calls]
        sooner[last] = (*calls[last][:2], soonest, max(soonest, calls[last][3]), *calls[last][4:])
        assert (minutes_of(as_timetable(sooner, stops), links, departures, limit=30) <= before).all()


@given(networks(), st.sampled_from([None, 1]))
@FEW
def test_leaving_later_never_arrives_earlier(network, maximum_transfers):
    calls, links, stops = network
    departures = np.arange(418.0, 430)
    found = minutes_of(as_timetable(calls, stops), links, departures, limit=60, maximum_transfers=maximum_transfers)
    arrives = found + departures[:, None]
    assert (arrives[:, 1:] >= arrives[:, :-1] - 1e-4)[np.isfinite(found[:, 1:])].all()


@given(networks())
@FEW
def test_more_transfers_and_less_reserve_never_lengthen_a_trip(network):
    calls, links, stops = network
    departures = np.arange(418.0, 430)
    timetable = as_timetable(calls, stops)
    runs = [
        minutes_of(timetable, links, departures, limit=60, minimum_transfer_time=reserve, maximum_transfers=cap)
        for reserve, cap in ((2, 0), (2, 1), (2, None), (0, None))
    ]
    for slower, faster in pairwise(runs):
        assert (faster <= slower).all()
    assert (
        runs[0] <= np.where(links.direct <= 60, np.ceil(links.direct * 60 - 1e-6) / 60 + 1e-4, np.inf)[:, None]
    ).all()


@given(networks(), st.randoms())
@FEW
def test_access_is_what_the_times_say_in_any_order_of_origins(network, shuffle):
    calls, links, stops = network
    departures = np.arange(418.0, 430)
    timetable = as_timetable(calls, stops)
    opportunities = np.arange(1.0, 1 + 2 * links.direct.shape[1]).reshape(-1, 2)
    limits = (5, 12, 20)
    found = transit_access(timetable, links, departures, opportunities, limits=limits, percentiles=(1, 50, 100))
    times = minutes_of(timetable, links, departures, limit=20)
    for place, limit in enumerate(limits):
        expected = (times <= limit + 1e-4) @ opportunities
        np.testing.assert_array_equal(found.opportunities[:, :, place], expected)
    ranked = np.sort(times, axis=1)[:, [0, 5, 11]]
    np.testing.assert_allclose(found.travel_time, ranked.transpose(1, 0, 2), atol=1e-5)
    order = list(range(links.direct.shape[0]))
    shuffle.shuffle(order)
    other = links._replace(access=links.access[order], direct=links.direct[order])
    again = transit_access(timetable, other, departures, opportunities, limits=limits, table_bytes=64)
    np.testing.assert_array_equal(again.opportunities, found.opportunities[order])


def test_unknown_opportunities_stay_so():
    links = Links(np.full((2, 1), np.inf), np.zeros((1, 1)), np.full((1, 2), np.inf), np.array([[0, 10], [10, 0.0]]))
    found = transit_access(as_timetable([], 1), links, [420], [np.nan, 1], limits=(5, 15))
    np.testing.assert_array_equal(found.opportunities[:, 0, :, 0], [[np.nan, np.nan], [1, np.nan]])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"departures": []}, "departures"),
        ({"departures": [420, 420]}, "departures"),
        ({"departures": [np.nan]}, "departures"),
        ({"limit": -1}, "limit is -1"),
        ({"limit": np.inf}, "limit is inf"),
        ({"minimum_transfer_time": -1}, "minimum_transfer_time is -1"),
        ({"maximum_transfers": -1}, "maximum_transfers is -1"),
        ({"links": Links(*np.zeros((4, 1, 3)))}, r"links.access has the shape \(1, 3\)"),
        ({"links": Links(*np.full((4, 1, 1), -1.0))}, "below 0"),
    ],
)
def test_bad_questions_are_said(change, words):
    good = {"timetable": as_timetable([], 1), "links": Links(*np.zeros((4, 1, 1))), "departures": [420], "limit": 5}
    with pytest.raises(ValueError, match=words):
        list(transit_times(**{**good, **change}))
    with pytest.raises(ValueError, match="limits"):
        transit_access(good["timetable"], good["links"], [420], [1], limits=(30, 15))
    with pytest.raises(ValueError, match="percentiles"):
        transit_access(good["timetable"], good["links"], [420], [1], percentiles=(150,))
    with pytest.raises(ValueError, match="decrease"):
        timetable_from_calls([0, 0], [0, 1], [100, 90], [100, 90])
    with pytest.raises(ValueError, match="same length"):
        timetable_from_calls([0, 0], [0, 1], [100, 110], [100])
