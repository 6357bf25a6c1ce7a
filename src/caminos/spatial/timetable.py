"""Timetables of public transport as arrays; `caminos.maps.timetables` reads files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caminos.i18n import _
from caminos.problems import WARNING, Problem

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]
Booleans = NDArray[np.bool_]


@dataclass(frozen=True)
class Timetable:
    """The rides of one day: a connection takes a trip from one stop to its next, sorted by departure.

    `departure`, `arrival` (connections): s after midnight, above 86,400 after the next midnight.
    `from_stop`, `to_stop`, `trip` (connections): positions in `stop_id` and `trip_id`.
    `board`, `alight` (connections): whether one may get on at the first, off at the second stop.
    `longitude`, `latitude` (stops): degrees, NaN where unknown; `rail` (stops): served by train, metro or ferry.
    `stop_feed` (stops), `trip_feed` (trips): position in `feeds`, the names of the files.
    Make one from arrays with `timetable_from_calls`, or from files with `caminos.maps.timetables`.
    """

    departure: NDArray[np.int32]
    arrival: NDArray[np.int32]
    from_stop: NDArray[np.int32]
    to_stop: NDArray[np.int32]
    trip: NDArray[np.int32]
    board: Booleans
    alight: Booleans
    longitude: Floats
    latitude: Floats
    rail: Booleans
    stop_id: tuple[str, ...]
    stop_name: tuple[str, ...]
    stop_feed: Integers
    trip_id: tuple[str, ...]
    trip_feed: Integers
    feeds: tuple[str, ...]
    day: date | None = None


class Calls(NamedTuple):
    """Calls of trips at stops, in the order of travel; times in s."""

    trip: Integers
    stop: Integers
    arrival: Integers
    departure: Integers
    board: Booleans
    alight: Booleans

    def taken(self, rows: Integers) -> Calls:
        """Some of the calls."""
        return Calls(
            self.trip[rows],
            self.stop[rows],
            self.arrival[rows],
            self.departure[rows],
            self.board[rows],
            self.alight[rows],
        )


def timetable_from_calls(
    trip: ArrayLike,
    stop: ArrayLike,
    arrival: ArrayLike,
    departure: ArrayLike,
    *,
    board: ArrayLike | None = None,
    alight: ArrayLike | None = None,
    longitude: ArrayLike | None = None,
    latitude: ArrayLike | None = None,
    stops: int | None = None,
) -> Timetable:
    """A timetable from calls at stops: one row per trip and stop, in the order of travel.

    `trip`, `stop`: whole numbers from 0; `arrival`, `departure`: s after midnight; `board`, `alight`:
    whether one may (all by default); `longitude`, `latitude`, `stops`: of the stops.
    Raises ValueError if a time within a trip decreases, or lengths differ.
    """
    size = np.shape(trip)
    may = [np.ones(size, bool) if given is None else np.asarray(given, bool) for given in (board, alight)]
    calls = Calls(*(np.asarray(values, np.intp) for values in (trip, stop, arrival, departure)), *may)  # type: ignore[arg-type]
    if len(size) != 1 or any(values.shape != size for values in calls):
        raise ValueError(_("trip, stop, arrival, departure, board and alight must be of the same length."))
    calls = calls.taken(np.argsort(calls.trip, kind="stable"))
    if decreasing(calls).any():
        raise ValueError(_("Times must not decrease within a trip."))
    count = max(int(calls.stop.max(initial=-1)) + 1, stops or 0)
    trips = int(calls.trip.max(initial=-1)) + 1
    places = [np.full(count, np.nan) if given is None else np.asarray(given, float) for given in (longitude, latitude)]
    names = tuple(map(str, range(count)))
    return connections_of(
        calls,
        longitude=places[0],
        latitude=places[1],
        rail=np.zeros(count, bool),
        stop_id=names,
        stop_name=names,
        stop_feed=np.zeros(count, np.intp),
        trip_id=tuple(map(str, range(trips))),
        trip_feed=np.zeros(trips, np.intp),
        feeds=("",),
    )


def decreasing(calls: Calls) -> Booleans:
    """Calls that leave before they arrive, or arrive before the trip left its last stop."""
    follows = np.diff(calls.trip, prepend=-1) == 0
    wrong: Booleans = (calls.departure < calls.arrival) | (follows & (calls.arrival < np.roll(calls.departure, 1)))
    return wrong


def connections_of(calls: Calls, **rest: Any) -> Timetable:
    """Connections between following calls, by departure and, at the same second, along the trip.

    A ride takes a second at least, so that nobody changes at the very second of boarding, and every
    connection stands before all that can follow it. `rest`: the stops, trips and feeds of the timetable, by name.
    """
    before = np.flatnonzero(calls.trip[1:] == calls.trip[:-1])
    before = before[np.argsort(calls.departure[before], kind="stable")]
    after = before + 1
    departure = calls.departure[before]
    arrival = np.maximum(calls.arrival[after], departure + 1)
    numbers = {
        "departure": departure,
        "arrival": arrival,
        "from_stop": calls.stop[before],
        "to_stop": calls.stop[after],
        "trip": calls.trip[before],
    }
    columns: dict[str, Any] = {name: np.ascontiguousarray(values, np.int32) for name, values in numbers.items()}
    columns |= {"board": calls.board[before], "alight": calls.alight[after]}
    return Timetable(**columns, **rest)


def hours_problems(timetable: Timetable, begin: float, end: float) -> list[Problem]:
    """Feeds without a single ride between two times (minutes after midnight): travel would look like walking only."""
    found = []
    for number, feed in enumerate(timetable.feeds):
        own = timetable.trip_feed[timetable.trip] == number
        if not own.any() or (own & (timetable.departure >= begin * 60) & (timetable.departure <= end * 60)).any():
            continue
        message = _(
            "No trip of this feed runs between {begin} and {end}: that day it runs from {first} to {last}.",
            begin=_clock(begin * 60),
            end=_clock(end * 60),
            first=_clock(timetable.departure[own].min()),
            last=_clock(timetable.arrival[own].max()),
        )
        fix = _("Take a whole timetable, or ask for hours in which it runs.")
        found.append(Problem(WARNING, feed, None, "", message, fix))
    return found


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 3600:02d}:{int(seconds) % 3600 // 60:02d}"
