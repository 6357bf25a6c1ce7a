"""Timetables read from GTFS feeds: right, or said what is wrong; and together with streets."""

from __future__ import annotations

import csv
import tomllib
import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caminos.maps.streets import read_streets
from caminos.maps.timetables import read_timetable
from caminos.problems import ERROR, WARNING
from caminos.spatial.streets import street_network
from caminos.spatial.timetable import hours_problems
from caminos.spatial.transit import door_to_door, transit_access, walking_links
from caminos.spatial.travel import dense

EXAMPLES = Path(__file__).parents[1] / "spatial" / "examples"
SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "porto-alegre"
TODAY = date(2024, 6, 1)
MONDAY = date(2024, 5, 13)


STOPS = "stop_id,stop_name,stop_lat,stop_lon\nA,Alpha,-30.00,-51.20\nB,Beta,-30.00,-51.19\nC,Gamma,-30.00,-51.17\n"
ROUTES = "route_id,route_type\nR,3\nT,2\n"
TRIPS = "route_id,service_id,trip_id\nR,week,one\nT,week,two\n"
CALENDAR = (
    "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
    "week,1,1,1,1,1,0,0,20240501,20241231\n"
)
HEADER = "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
ONE = "one,07:00:00,07:00:00,A,1\none,07:10:00,07:11:00,B,2\none,07:20:00,07:20:00,C,3\n"
TWO = "two,08:00:00,08:00:00,C,1\ntwo,08:30:00,08:30:00,A,2\n"
GOOD = {
    "stops.txt": STOPS, "routes.txt": ROUTES, "trips.txt": TRIPS, "calendar.txt": CALENDAR,
    "stop_times.txt": HEADER + ONE + TWO,
}  # fmt: skip


def feed(folder, name="feed.zip", **changes):
    """A GTFS feed with some files changed (None: left out); names are given without .txt."""
    files = GOOD | {f"{key}.txt": text for key, text in changes.items()}
    with zipfile.ZipFile(folder / name, "w") as archive:
        for file, text in files.items():
            if text is not None:
                archive.writestr(file, text)
    return folder / name


def rides(timetable):
    """What runs, as (trip, from, to, departure, arrival) in clock minutes."""
    return [
        (timetable.trip_id[trip], timetable.stop_id[one], timetable.stop_id[other], leave / 60, there / 60)
        for trip, one, other, leave, there in zip(
            timetable.trip, timetable.from_stop, timetable.to_stop, timetable.departure, timetable.arrival, strict=True
        )
    ]


def test_a_good_feed_is_read_without_a_word(tmp_path):
    timetable, problems = read_timetable(feed(tmp_path), MONDAY, today=TODAY)
    assert problems == []
    assert timetable.day == MONDAY
    assert rides(timetable) == [
        ("one", "A", "B", 420, 430), ("one", "B", "C", 431, 440), ("two", "C", "A", 480, 510),
    ]  # fmt: skip
    assert dict(zip(timetable.stop_id, timetable.rail, strict=True)) == {"A": True, "B": False, "C": True}
    assert timetable.stop_name == ("Alpha", "Beta", "Gamma")
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, text in GOOD.items():
        (folder / name).write_text(text, encoding="utf-8")
    again, problems = read_timetable(folder, MONDAY, today=TODAY)
    assert problems == []
    assert rides(again) == rides(timetable)


def test_forms_that_gtfs_allows(tmp_path):
    """A byte order mark, blanks after commas, quotes, other columns and orders, a folder inside, lines out of order."""
    stops = "\ufeff" + STOPS.replace(",", " , ").replace(" Alpha ", '"Alpha, the first"')
    times = HEADER + "".join(reversed((ONE + TWO).splitlines(keepends=True)))
    path = feed(tmp_path, stops=stops, stop_times=times.replace("\n", "\r\n"))
    timetable, problems = read_timetable(path, MONDAY, today=TODAY)
    assert problems == []
    assert [ride[:3] for ride in rides(timetable)] == [("one", "A", "B"), ("one", "B", "C"), ("two", "C", "A")]
    assert timetable.stop_name[0] == "Alpha, the first"
    with zipfile.ZipFile(tmp_path / "inside.zip", "w") as archive:
        for name, text in GOOD.items():
            archive.writestr(f"export/{name}", text)
            archive.writestr(f"__MACOSX/export/{name}", "rubbish")
    again, problems = read_timetable(tmp_path / "inside.zip", MONDAY, today=TODAY)
    assert problems == []
    assert len(rides(again)) == 3


def test_times_past_midnight_run_on_the_next_morning(tmp_path):
    late = "one,23:50:00,23:50:00,A,1\none,24:10:00,24:10:00,B,2\none,25:00:00,25:00:00,C,3\n"
    path = feed(tmp_path, stop_times=HEADER + late + TWO)
    monday, problems = read_timetable(path, MONDAY, today=TODAY)  # Sunday has no service
    assert problems == []
    assert rides(monday)[1:] == [("one", "A", "B", 1430, 1450), ("one", "B", "C", 1450, 1500)]
    tuesday, _problems = read_timetable(path, date(2024, 5, 14), today=TODAY)
    assert rides(tuesday)[:2] == [("one", "A", "B", -10, 10), ("one", "B", "C", 10, 60)]
    saturday, problems = read_timetable(path, date(2024, 5, 18), today=TODAY)
    assert [ride[0] for ride in rides(saturday)] == ["one", "one"]
    assert "No trip runs on 2024-05-18" in problems[0].message


def test_blank_times_are_interpolated_by_distance(tmp_path):
    """B lies a third of the way from A to C; with shape_dist_traveled, half; without coordinates, half of the stops."""
    blank = "one,07:00:00,07:00:00,A,1\none,,,B,2\none,07:30:00,07:32:00,C,3\none,,,A,4\none,07:50:00,,C,5\n"
    path = feed(tmp_path, stop_times=HEADER + blank + TWO)
    timetable, problems = read_timetable(path, MONDAY, today=TODAY)
    assert problems == []
    by_stop = [ride[3:] for ride in rides(timetable)[:4]]
    assert by_stop == [(420, 430), (430, 450), (452, 461), (461, 470)]
    along = ["shape_dist_traveled", 0, 1.5, 3, 4, 5, 0, 9]
    lines = (HEADER + blank + TWO).splitlines()
    measured = "\n".join(f"{line},{value}" for line, value in zip(lines, along, strict=True))
    timetable, problems = read_timetable(feed(tmp_path, stop_times=measured), MONDAY, today=TODAY)
    assert [ride[3] for ride in rides(timetable)[:4]] == [420, 435, 452, 461]
    stops = STOPS.replace("B,Beta,-30.00,-51.19", "B,Beta,,")
    timetable, problems = read_timetable(
        feed(tmp_path, stop_times=HEADER + blank + TWO, stops=stops), MONDAY, today=TODAY
    )
    assert [ride[3] for ride in rides(timetable)[:4]] == [420, 435, 452, 461]
    assert [problem.column for problem in problems] == ["stop_id"]


def test_headways_become_trips(tmp_path):
    text = "trip_id,start_time,end_time,headway_secs,exact_times\none,06:00:00,06:30:00,600,0\none,09:00:00,09:00:01,900,1\n"
    timetable, problems = read_timetable(feed(tmp_path, frequencies=text), MONDAY, today=TODAY)
    assert problems == []
    leaves = [ride[3] for ride in rides(timetable) if ride[:2] == ("one", "A")]
    assert leaves == [360, 370, 380, 540]
    assert [ride[4] - ride[3] for ride in rides(timetable) if ride[:2] == ("one", "B")] == [9] * 4


def test_days_added_and_removed(tmp_path):
    text = "service_id,date,exception_type\nweek,20240513,2\nweek,20240518,1\n"
    path = feed(tmp_path, calendar_dates=text)
    _timetable, problems = read_timetable(path, MONDAY, today=TODAY)
    assert "2024-05-10, 2024-05-14" in problems[0].fix
    timetable, problems = read_timetable(path, date(2024, 5, 18), today=TODAY)
    assert problems == []
    assert len(rides(timetable)) == 3
    only = feed(tmp_path, calendar=None, calendar_dates=text)
    timetable, problems = read_timetable(only, today=TODAY)
    assert timetable.day == date(2024, 5, 18)
    assert [(problem.severity, problem.file) for problem in problems] == [(WARNING, "feed.zip")]  # it has ended
    assert "ended on 2024-05-18" in problems[0].message


def test_several_feeds_are_merged_on_a_day_that_all_serve(tmp_path):
    other = feed(tmp_path, "other.zip", calendar=CALENDAR.replace("20240501", "20240603"))
    timetable, problems = read_timetable([feed(tmp_path), other], today=TODAY)
    assert problems == []
    assert timetable.day == date(2024, 6, 3)
    assert len(timetable.stop_id) == 6
    assert len(timetable.departure) == 6
    assert timetable.feeds == ("feed.zip", "other.zip")
    np.testing.assert_array_equal(timetable.stop_feed, [0, 0, 0, 1, 1, 1])
    alone, problems = read_timetable([other, tmp_path / "none.zip"], MONDAY, today=TODAY)
    assert len(alone.departure) == 0
    assert [(problem.severity, problem.file) for problem in problems] == [(ERROR, "none.zip"), (ERROR, "other.zip")]
    assert "2024-06-03" in problems[1].fix


@pytest.mark.parametrize(
    ("changes", "file", "row", "words", "left"),
    [
        # calls: trips with them are left out, the other trip runs
        ({"stop_times": HEADER + ONE.replace("07:10:00", "7h10") + TWO}, "stop_times.txt", 3, ["malformed", "7h10"], 1),
        ({"stop_times": HEADER + ONE.replace("07:10:00", "07:61:00") + TWO}, "stop_times.txt", 3, ["malformed"], 1),
        ({"stop_times": HEADER + ONE.replace("07:20", "06:20") + TWO}, "stop_times.txt", 4, ["decrease", "24:00:00"], 1),
        ({"stop_times": HEADER + ONE.replace("07:11", "07:09") + TWO}, "stop_times.txt", 3, ["decrease"], 1),
        ({"stop_times": HEADER + ONE.replace("07:00:00", "") + TWO}, "stop_times.txt", 2, ["first or last"], 1),
        ({"stop_times": HEADER + ONE.replace("C,3", "C,2") + TWO}, "stop_times.txt", 4, ["repeat"], 1),
        ({"stop_times": HEADER + ONE.replace("C,3", "C,x") + TWO}, "stop_times.txt", 4, ["not numbers"], 1),
        # lines with these are left out
        ({"stop_times": HEADER + ONE + TWO + "six,1:00:00,1:00:00,A,1\n"}, "stop_times.txt", 7, ["trip_id", "'six'"], 3),
        ({"stop_times": HEADER + ONE.replace("B,2", "X,2") + TWO}, "stop_times.txt", 3, ["stop_id", "'X'"], 2),
        ({"stop_times": HEADER + ONE.replace("B,2", "B,2,9") + TWO}, "stop_times.txt", 3, ["number of fields"], 2),
        ({"trips": TRIPS.replace("R,week", "R,none")}, "trips.txt", 2, ["service", "'none'"], 1),
        ({"trips": TRIPS + "T,week,two\n"}, "trips.txt", 4, ["more than one line", "'two'"], 3),
        ({"stops": STOPS + "C,Delta,-31,-52\n"}, "stops.txt", 5, ["more than one line"], 3),
        ({"calendar": CALENDAR + CALENDAR.splitlines()[1]}, "calendar.txt", 3, ["more than one line"], 3),
        # stops that cannot be walked to; trips pass through them
        ({"stops": STOPS.replace("-30.00,-51.19", ",")}, "stops.txt", 3, ["coordinates", "'B'"], 3),
        ({"stops": STOPS.replace("-30.00,-51.19", "0,0")}, "stops.txt", 3, ["coordinates"], 3),
        ({"stops": STOPS.replace("-30.00,-51.19", "-3000,-51.19")}, "stops.txt", 3, ["coordinates"], 3),
        # calendars
        ({"calendar": CALENDAR.replace("20240501,20241231", "20241231,20240501")}, "calendar.txt", 2, ["end before"], 0),
        ({"calendar": CALENDAR.replace("20241231", "202412313")}, "calendar.txt", 2, ["no day"], 0),
        ({"calendar": CALENDAR.replace("20241231", "20241331")}, "calendar.txt", 2, ["no day"], 0),
        ({"calendar": CALENDAR.replace("week,1", "week,yes")}, "calendar.txt", 2, ["weekdays"], 0),
        ({"calendar_dates": "service_id,date,exception_type\nweek,13.5.24,1\n"}, "calendar_dates.txt", 2, ["exception"], 3),
        ({"calendar_dates": "service_id,date,exception_type\nweek,20240513,3\n"}, "calendar_dates.txt", 2, ["type"], 3),
        ({"frequencies": "trip_id,start_time,end_time,headway_secs\none,6:00:00,7:00:00,0\n"}, "frequencies.txt", 2, ["headways"], 3),
        # forms
        ({"stop_times": (HEADER + ONE + TWO).replace(",", ";")}, "stop_times.txt", 1, ["trip_id", "missing"], None),
        ({"stops": STOPS.replace("stop_id", "id")}, "stops.txt", 1, ["stop_id", "missing"], None),
        ({"trips": ""}, "trips.txt", 1, ["missing"], None),
        ({"trips": None}, "trips.txt", None, ["missing"], None),
        ({"stops": None}, "stops.txt", None, ["missing"], None),
        ({"calendar": None}, "calendar.txt", None, ["neither"], None),
    ],
)  # fmt: skip
def test_mistakes_are_said_and_left_out(tmp_path, changes, file, row, words, left):
    timetable, problems = read_timetable(feed(tmp_path, **changes), MONDAY, today=TODAY)
    found = [problem for problem in problems if problem.file == f"feed.zip/{file}"]
    assert found, [str(problem) for problem in problems]
    assert (found[0].severity, found[0].row) == (ERROR, row)
    assert all(word in found[0].message + found[0].fix for word in words), str(found[0])
    assert found[0].fix
    if left is None:
        assert timetable is None
    else:
        assert len(timetable.departure) == left, rides(timetable)
        assert (left == 0) == any("No trip runs on 2024-05-13" in problem.message for problem in problems)


@pytest.mark.parametrize(
    ("changes", "file", "words"),
    [
        ({"routes": None}, "routes.txt", "bus stop"),
        ({"routes": "route_id,route_type\nR,3\n"}, "trips.txt", "not in routes.txt"),
        ({"stop_times": HEADER + ONE + TWO.replace("08:30", "08:00")}, "stop_times.txt", None),
        ({"stops": STOPS.replace("-51.17", "-52.17")}, "stop_times.txt", "faster than 150 km/h"),
        ({"feed_info": "feed_publisher_name,feed_end_date\nX,20240531\n"}, None, "ended on 2024-05-31"),
    ],
)
def test_doubts_are_said(tmp_path, changes, file, words):
    timetable, problems = read_timetable(feed(tmp_path, **changes), MONDAY, today=TODAY)
    assert len(timetable.departure) == 3
    if words is None:  # 2.9 km in a minute is rounding
        assert [problem.severity for problem in problems if "faster" not in problem.message] == []
        return
    (problem,) = problems
    assert problem.severity == WARNING
    assert problem.file == (f"feed.zip/{file}" if file else "feed.zip")
    assert words in problem.message


def test_files_that_are_no_feed(tmp_path):
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK and then nothing")
    text = tmp_path / "text.zip"
    with zipfile.ZipFile(text, "w") as archive:
        archive.writestr("readme.md", "no feed")
    empty = tmp_path / "folder"
    empty.mkdir()
    for path in (broken, text, empty, tmp_path / "none.zip"):
        timetable, problems = read_timetable(path, MONDAY)
        assert timetable is None
        assert [(problem.severity, problem.file) for problem in problems] == [(ERROR, path.name)]
    latin = feed(tmp_path, stops=None)
    with zipfile.ZipFile(latin, "a") as archive:
        archive.writestr("stops.txt", STOPS.replace("Beta", "São João").encode("cp1252"))
    timetable, problems = read_timetable(latin, MONDAY, today=TODAY)
    assert timetable.stop_name[1] == "São João"
    assert [(problem.severity, problem.row) for problem in problems] == [(WARNING, 3)]
    header_only, problems = read_timetable(feed(tmp_path, stop_times=HEADER), MONDAY, today=TODAY)
    assert len(header_only.departure) == 0


@given(st.integers(0, 10**6))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_a_spoilt_feed_is_never_a_traceback(tmp_path_factory, seed):
    """Bytes of a good feed exchanged, cut and doubled at random."""
    random = np.random.default_rng(seed)
    spoilt = {}
    for name, text in GOOD.items():
        data = bytearray((text * int(random.integers(1, 3))).encode())
        for _change in range(random.integers(0, 4)):
            data[random.integers(len(data))] = random.choice(list(b',"\n\r;x9-:\xff\x00'))
        spoilt[name] = bytes(data[: random.integers(1, len(data) + 1)] if random.random() < 0.3 else data)
    path = tmp_path_factory.mktemp("feed") / "feed.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in spoilt.items():
            archive.writestr(name, data)
    timetable, problems = read_timetable(path, MONDAY, today=TODAY)
    assert timetable is not None or any(problem.severity == ERROR for problem in problems)


# together with streets


def test_stops_away_from_streets_and_empty_hours_are_said(tmp_path):
    timetable, _problems = read_timetable(feed(tmp_path), MONDAY, today=TODAY)
    # a street of 1 km through stop A; B is 960 m and C 2.9 km east of A
    streets = street_network([0, 1000], [0, 0], [0], [1], crs="+proj=laea +lat_0=-30 +lon_0=-51.2")
    _links, on_streets, problems = walking_links(timetable, streets, [[0, 10], [0, 9000]], [[500, 0]], maximum_snap=300)
    np.testing.assert_array_equal(on_streets, [True, False])
    (stop, place) = problems
    assert (stop.severity, stop.file) == (WARNING, "feed.zip/stops.txt")
    assert "1 of 3 stops" in stop.message
    assert "Gamma (C) 1.9 km" in stop.message
    assert "1 places" in place.message
    result, problems = door_to_door(
        timetable, streets, [[0, 10], [0, 9000]], [[500, 0]], [7], departures=[300, 301], maximum_snap=300
    )
    np.testing.assert_array_equal(result.opportunities[0, :, :, 0], [[7, 7, 7], [7, 7, 7]])
    assert np.isnan(result.opportunities[1]).all()
    assert np.isnan(result.travel_time[:, 1]).all()
    assert "between 05:00 and 05:46" in problems[-1].message
    assert "from 07:00 to 08:30" in problems[-1].message
    assert hours_problems(timetable, 420, 540) == []


def test_the_ride_is_taken_where_it_is_faster(tmp_path):
    """From A to B: 960 m on foot in 12 minutes, or by the trip of 7:00 in 10."""
    timetable, _problems = read_timetable(feed(tmp_path), MONDAY, today=TODAY)
    streets = street_network([-100, 3000], [0, 0], [0], [1], crs="+proj=laea +lat_0=-30 +lon_0=-51.2")
    ends = streets.project(timetable.longitude, timetable.latitude)
    result, problems = door_to_door(
        timetable, streets, ends, ends, np.eye(3), departures=[415, 420, 421], limits=(11, 45)
    )
    assert problems == []
    on_foot = np.ceil(ends[1, 0] / 80 * 60) / 60
    np.testing.assert_allclose(result.travel_time[0, 0, 1], on_foot, atol=1e-5)  # the median of 12, 10 and 12
    np.testing.assert_array_equal(result.opportunities[0, :, 0], [[1, 0, 0], [1, 1, 0], [1, 0, 0]])
    np.testing.assert_array_equal(result.opportunities[0, :, 1], np.ones((3, 3)))


@pytest.mark.skipif(not SHARED.exists(), reason="the shared data folder is not here")
def test_porto_alegre_as_r5r_publishes_it():
    """R5 keeps a minute before every boarding and drops the part of a minute; its walks and ours differ a little."""
    pytest.importorskip("osmium")
    published = tomllib.loads((EXAMPLES / "travel_r5r_porto_alegre.toml").read_text(encoding="utf-8"))
    streets, problems = read_streets(SHARED / "poa_osm.pbf")
    assert all(problem.severity == WARNING for problem in problems)
    timetable, problems = read_timetable([SHARED / "poa_eptc.zip", SHARED / "poa_trensurb.zip"], date(2019, 5, 13))
    assert all("ended on 2019" in problem.message for problem in problems)

    def read(name, *columns):
        with (SHARED / name).open(encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        places = streets.project(*([float(row[name]) for row in rows] for name in ("lon", "lat")))
        return (
            [row["id"] for row in rows],
            places,
            np.array([[float(row[name] or 0) for name in columns] for row in rows]),
        )

    def links_of(origins, destinations, longest, limit):
        links, _on, _problems = walking_links(
            timetable, streets, origins, destinations, limit=limit, maximum_walk=longest, maximum_transfer_walk=1000 / 60,
            speed=3.6,
        )  # fmt: skip
        access = links.access.copy()
        access.data += 1  # the minute before boarding
        return links._replace(access=access)

    common = {"minimum_transfer_time": 1, "maximum_transfers": 2}
    names, places, _columns = read("poa_points_of_interest.csv")
    links = links_of(places[:1], places, 60, 60)
    found = transit_access(timetable, links, np.arange(840, 850), np.zeros(len(names)), limits=(60,), **common)
    on_foot = dense(links.direct)[0]
    for name, minutes in published["points"].items():
        assert abs(np.floor(found.travel_time[0, 0, names.index(name)]) - minutes) <= 1, name
    for name, minutes in published["on_foot"].items():
        assert abs(np.floor(on_foot[names.index(name)]) - minutes) <= 1, name

    names, places, facilities = read("poa_hexgrid.csv", "schools", "healthcare")
    origins = [names.index(name) for name in published["facilities"]]
    links = links_of(places[origins], places, 30, 80)
    found = transit_access(timetable, links, np.arange(840, 900), np.zeros(len(names)), limits=(80,), **common)
    for name, minutes in published["hexagons"].items():
        assert abs(np.floor(found.travel_time[0, 0, names.index(name)]) - minutes) <= 1, name
    reached = (np.floor(found.travel_time[0]) <= 20) @ facilities
    gap = np.abs(reached - list(published["facilities"].values()))
    assert gap.max() <= 1
    assert (gap == 0).sum() >= 16  # of 18
