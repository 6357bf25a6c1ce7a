"""Benchmarks of travel: door-to-door access by public transport in Porto Alegre, and street shortest paths."""

from __future__ import annotations

import csv
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import needed, timed
from caminos.maps.streets import read_streets
from caminos.maps.timetables import read_timetable
from caminos.spatial.streets import Streets, spread, street_graph, street_network, travel_times
from caminos.spatial.timetable import Timetable
from caminos.spatial.transit import door_to_door

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "porto-alegre"
FILES = tuple(SHARED / name for name in ("poa_osm.pbf", "poa_eptc.zip", "poa_trensurb.zip", "poa_hexgrid.csv"))
SIDE, PLACES = 500, 200  # nodes along each side of the made-up grid; places to reach
SPACING = 100.0  # m


@cache
def porto_alegre() -> tuple[Streets, Timetable, np.ndarray, np.ndarray]:
    """Streets, timetable, hexagons (x, y) and their jobs, schools and clinics (blank cells as 0)."""
    needed(*FILES)
    streets, _problems = read_streets(FILES[0])
    timetable, _problems = read_timetable(list(FILES[1:3]))
    assert streets is not None
    assert timetable is not None
    with FILES[3].open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    places = streets.project(*([float(row[name]) for row in rows] for name in ("lon", "lat")))
    amounts = [[float(row[name] or 0) for name in ("jobs", "schools", "healthcare")] for row in rows]
    return streets, timetable, places, np.array(amounts)


def transit(hour: int, share: float = 1.0) -> dict[str, Any]:
    """Access at 15, 30 and 45 minutes for 120 departures, walks along the streets included; files are read before."""
    streets, timetable, places, amounts = porto_alegre()
    departures = np.arange(hour * 60, hour * 60 + 120)
    origins = places[: int(len(places) * share)]
    result = timed(lambda: door_to_door(timetable, streets, origins, places, amounts, departures=departures), runs=3)
    inside = (timetable.departure >= hour * 3600) & (timetable.arrival <= (hour + 2) * 3600 + 45 * 60)
    # overhead: half of the destinations is half of the arithmetic and of the memory moved, but saves a seventh of
    # the time; half of the origins or of the departures, which halve the calls of NumPy, save two fifths
    return {
        **result, "origins": len(origins), "destinations": len(places), "departures": len(departures),
        "connections": int(inside.sum()), "bound_by": "overhead",
    }  # fmt: skip


def transit_afternoon() -> dict[str, Any]:
    """From 13 to 15 h, the hours in which the bundled sample of buses runs (11:20 to 17:50 only)."""
    return transit(13)


def transit_afternoon_half() -> dict[str, Any]:
    """The same from half of the origins: cost against size."""
    return transit(13, 0.5)


def transit_morning() -> dict[str, Any]:
    """From 7 to 9 h, as asked; only the trains of the sample run then."""
    return transit(7)


def walk_45() -> dict[str, Any]:
    """All hexagons to all, on foot along the streets, 45 minutes at most."""
    streets, _timetable, places, _amounts = porto_alegre()
    # overhead of the heap: the search visits nodes one by one
    return {**timed(lambda: travel_times(streets, places, places, limit=45)), "nodes": len(streets.x),
            "pairs": len(places) ** 2, "bound_by": "overhead"}  # fmt: skip


def reading() -> dict[str, Any]:
    """Both timetables and the streets from their files."""

    # overhead: OpenStreetMap's ways are handled one by one in Python; the timetable is read by Arrow
    def both() -> None:
        porto_alegre.cache_clear()
        porto_alegre()

    return {**timed(both), "bound_by": "overhead"}


def grid_streets() -> Streets:
    """A made-up city of 250,000 crossings with streets of uneven length."""
    random = np.random.default_rng(0)
    y, x = np.divmod(np.arange(SIDE * SIDE), SIDE)
    across, up = np.flatnonzero(x < SIDE - 1), np.flatnonzero(y < SIDE - 1)
    start, end = np.concatenate([across, up]), np.concatenate([across + 1, up + SIDE])
    length = SPACING * random.uniform(1, 2, len(start))
    return street_network(x * SPACING, y * SPACING, start, end, length)


def nearest_of_200() -> dict[str, Any]:
    """Minutes from 250,000 crossings to the nearest of 200 places, on a graph that is ready."""
    streets = grid_streets()
    begin = time.perf_counter()
    graph = street_graph(streets)
    built = time.perf_counter() - begin
    places = np.random.default_rng(1).choice(SIDE * SIDE, PLACES, replace=False)
    result = timed(lambda: spread(graph, places, np.zeros(PLACES)))
    # memory: 190 ns a node with 15,625 nodes, which fit the cache, 390 with 250,000, 520 with a million, and
    # half as much again if the nodes are numbered at random
    return {**result, "nodes": SIDE * SIDE, "places": PLACES, "build_s": built, "bound_by": "memory"}


CASES = {
    "transit_access_45_minutes_13_to_15": (transit_afternoon, 20.0, None),
    "transit_access_45_minutes_13_to_15_half": (transit_afternoon_half, None, None),
    "transit_access_45_minutes_7_to_9": (transit_morning, 20.0, None),
    "walk_access_45_minutes": (walk_45, None, None),
    "streets_and_timetables_read": (reading, None, None),
    "streets_250000_to_nearest_of_200": (nearest_of_200, 0.1, 0.07),  # SciPy itself; pandana 1.5 s, and 90 s to build
}
