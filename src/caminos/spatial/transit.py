"""Door-to-door times by public transport, for every departure of a morning: walk, wait, ride, change, walk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from caminos.i18n import _
from caminos.problems import WARNING, Problem
from caminos.spatial.streets import (
    MAXIMUM_SNAP,
    WALK_SPEED,
    Streets,
    least,
    placed,
    times_between,
)
from caminos.spatial.timetable import Timetable, hours_problems
from caminos.spatial.travel import opportunity_table, sparse, weighted_sum

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]

ROUNDING = 1e-6  # s: a walk is rounded up to whole seconds, save for what floating point adds
MORNING = np.arange(7 * 60, 9 * 60)  # every minute from 7 to 9
MAXIMUM_WALK, MAXIMUM_TRANSFER_WALK = 20.0, 10.0  # minutes: 1.6 and 0.8 km at 4.8 km/h
MINIMUM_TRANSFER_TIME = 1.0  # minutes kept for a change besides the walk (assumption)
EXAMPLES = 5  # stops that one message lists
TABLE_BYTES = 256_000_000  # memory of the table of arrivals; destinations are taken in blocks that fit
LOOKUP_BLOCK = 20_000  # connections whose changes are looked up at a time


class Links(NamedTuple):
    """Minutes on foot as sparse matrices, in which a pair that is not stored cannot be walked."""

    access: csr_array  # (origins, stops)
    transfer: csr_array  # (stops, stops)
    egress: csr_array  # (stops, destinations)
    direct: csr_array  # (origins, destinations)


def transit_times(
    timetable: Timetable,
    links: Links,
    departures: ArrayLike,
    *,
    limit: float,
    minimum_transfer_time: float = MINIMUM_TRANSFER_TIME,
    maximum_transfers: int | None = None,
    table_bytes: int = TABLE_BYTES,
) -> Iterator[tuple[int, slice, NDArray[np.float32]]]:
    """Door-to-door minutes for every departure: yields origin, destinations and minutes (departures, destinations).

    The exact earliest arrival: walk to a stop (`links.access`), wait, ride, change any number of times or
    up to `maximum_transfers` (each change: `links.transfer`, or staying at the stop, plus
    `minimum_transfer_time`), walk out (`links.egress`); or walk all the way (`links.direct`).
    `departures`: minutes after midnight; `limit`: minutes, beyond which the time is infinite. Walks are
    rounded up to whole seconds. Trips that run by headway (frequencies.txt) are taken to leave at its multiples.

    Method: connections are scanned from the last to the first (connection scan, Dibbelt et al. 2013, as a
    profile), each with one row of earliest arrivals at all destinations: by staying on board, by walking
    out, or by changing to a later departure, whose row is there already. The row of a departure is the
    least of those after it at the same stop. An origin then takes, for each departure, the least of the
    rows it can walk to in time. Destinations are taken in blocks so that the table fits `table_bytes`.

    Raises ValueError for departures that are none, or not sorted, and limits below 0.
    """
    for origin, block, seconds, longest in _seconds_by_departure(
        timetable, links, departures, limit, minimum_transfer_time, maximum_transfers, table_bytes
    ):
        yield origin, block, np.where(seconds <= longest, seconds / np.float32(60), np.float32(np.inf))


def _seconds_by_departure(
    timetable: Timetable,
    links: Links,
    departures: ArrayLike,
    limit: float,
    minimum_transfer_time: float,
    maximum_transfers: int | None,
    table_bytes: int,
) -> Iterator[tuple[int, slice, NDArray[np.signedinteger], int]]:
    """Origin, block of destinations, seconds (departures, destinations), and the limit that counts as reached."""
    leave = _departure_seconds(departures)
    _check(timetable, links, limit, minimum_transfer_time, maximum_transfers)
    start = int(leave[0])
    leave = leave - start
    longest = int(limit * 60 + ROUNDING)
    horizon = int(leave[-1]) + longest
    # two times beyond the horizon must add up without overflow
    kind: type[np.signedinteger] = np.int16 if 2 * (horizon + 1) <= np.iinfo(np.int16).max else np.int32
    walks = Links(*(_whole_seconds(matrix) for matrix in links))
    scan = _prepared(timetable, walks.transfer, start, horizon, longest, minimum_transfer_time)
    changes = 1 if maximum_transfers is None else maximum_transfers + 1
    width = max(1, table_bytes // (np.dtype(kind).itemsize * changes * (len(scan.event_time) + scan.trips + 1)))
    before = leave.astype(kind)[:, None]
    for begin in range(0, walks.egress.shape[1], width):
        block = slice(begin, min(begin + width, walks.egress.shape[1]))
        rows = _arrivals(scan, walks.egress[:, block], horizon, maximum_transfers, kind)
        direct = walks.direct[:, block]
        for origin in range(walks.access.shape[0]):
            reached = _from_origin(scan, rows, _row(walks.access, origin), leave, longest)
            columns, seconds = _row(direct, origin)
            on_foot = np.full(rows.shape[1], horizon + 1, kind)
            on_foot[columns] = np.minimum(seconds, horizon + 1)
            yield origin, block, np.minimum(reached - before, on_foot), longest


class _Scan(NamedTuple):
    """What one scan of the connections needs, in s after the first departure."""

    arrival: list[int]  # (connections)
    to_stop: list[int]
    trip: list[int]
    board: list[bool]
    alight: list[bool]
    event: list[int]  # (connections) row of the departure: departures are numbered by stop, then time
    following: list[int]  # (connections) row of the next departure at the same stop, or the empty row
    event_time: Integers  # (events)
    event_first: Integers  # (stops + 1) where the departures of each stop begin
    trips: int
    changes: Callable[[int, int], tuple[Integers, Integers]]


def _prepared(
    timetable: Timetable, transfer: csr_array, start: int, horizon: int, longest: int, minimum: float
) -> _Scan:
    """The connections between `start` and the horizon, their departures by stop, and what one may change to."""
    taken = (timetable.departure >= start) & (timetable.arrival <= start + horizon)
    departure, arrival = (values[taken].astype(np.int64) - start for values in (timetable.departure, timetable.arrival))
    from_stop, to_stop = timetable.from_stop[taken].astype(np.int64), timetable.to_stop[taken].astype(np.int64)
    trips, trip = np.unique(timetable.trip[taken], return_inverse=True)
    stops, count = len(timetable.stop_id), len(departure)
    by_stop = np.argsort(from_stop, kind="stable")
    event = np.empty(count, np.intp)
    event[by_stop] = np.arange(count)
    event_stop, event_time = from_stop[by_stop], departure[by_stop]
    first = np.searchsorted(event_stop, np.arange(stops + 1))
    following = np.where(np.diff(event_stop, append=-1) == 0, np.arange(1, count + 1), count)
    span = horizon + 1
    key = event_stop * span + event_time
    walks = _with_staying(transfer)
    extra = int(np.ceil(minimum * 60 - ROUNDING))

    def changes(begin: int, end: int) -> tuple[Integers, Integers]:
        """For the connections begin to end: where each one's departures to change to begin, and these."""
        size = np.diff(walks.indptr)[to_stop[begin:end]]
        owner = np.repeat(np.arange(end - begin), size)
        within = np.arange(len(owner)) - np.repeat(np.cumsum(size) - size, size)
        entry = walks.indptr[to_stop[begin:end]][owner] + within
        stop = walks.indices[entry]
        ready = arrival[begin:end][owner] + walks.data[entry].astype(np.int64) + extra
        found = np.searchsorted(key, stop * span + np.minimum(ready, horizon))
        useful = (ready <= horizon) & (found < first[stop + 1])
        # a trip that leaves too late for whoever boarded this connection cannot be within the limit
        useful[useful] = event_time[found[useful]] - departure[begin:end][owner[useful]] <= longest
        return np.searchsorted(owner[useful], np.arange(end - begin + 1)), found[useful]

    return _Scan(
        arrival=arrival.tolist(),
        to_stop=to_stop.tolist(),
        trip=trip.tolist(),
        board=timetable.board[taken].tolist(),
        alight=timetable.alight[taken].tolist(),
        event=event.tolist(),
        following=following[event].tolist(),
        event_time=event_time,
        event_first=first,
        trips=len(trips),
        changes=changes,
    )


def _arrivals(
    scan: _Scan, egress: csr_array, horizon: int, maximum_transfers: int | None, kind: type[np.signedinteger]
) -> NDArray[np.signedinteger]:
    """Earliest arrival at each destination by each departure or any later one at its stop (events + 1, destinations).

    With a cap, one row for each number of changes still allowed is kept, and the one with all of them returned.
    """
    far = horizon + 1
    destinations = egress.shape[1]
    changes = 1 if maximum_transfers is None else maximum_transfers + 1
    # a change uses up one of those allowed: the row with one more is improved by the row with one less
    gain, lose = (slice(None), slice(None)) if maximum_transfers is None else (slice(1, None), slice(None, -1))
    count = len(scan.arrival)
    rows = np.full((count + 1, changes, destinations), far, kind)
    aboard = np.full((scan.trips, changes, destinations), far, kind)
    out = np.full((egress.shape[0], destinations), far, kind)
    served = egress.tocoo()
    out[served.row, served.col] = np.minimum(served.data, far)
    walks_out = (np.diff(egress.indptr) > 0).tolist()
    by_walk = np.empty(destinations, kind)
    for end in range(count, 0, -LOOKUP_BLOCK):
        begin = max(0, end - LOOKUP_BLOCK)
        first, changed = scan.changes(begin, end)
        where = first.tolist()
        for connection in range(end - 1, begin - 1, -1):
            best = aboard[scan.trip[connection]]
            if scan.alight[connection]:
                stop = scan.to_stop[connection]
                if walks_out[stop]:
                    np.add(out[stop], scan.arrival[connection], out=by_walk)
                    np.minimum(best, by_walk, out=best)
                lower, upper = where[connection - begin], where[connection - begin + 1]
                if upper > lower:
                    onward = rows[changed[lower:upper]].min(axis=0)
                    np.minimum(best[gain], onward[lose], out=best[gain])
            later = rows[scan.following[connection]]
            if scan.board[connection]:
                np.minimum(best, later, out=rows[scan.event[connection]])
            else:
                rows[scan.event[connection]] = later
    return np.ascontiguousarray(rows[:, -1])


def _from_origin(
    scan: _Scan, rows: NDArray[np.signedinteger], walk: tuple[Integers, Integers], leave: Integers, longest: int
) -> NDArray[np.signedinteger]:
    """Earliest arrival (departures, destinations) by walking to the stops of `walk` in its seconds.

    A departure at a stop serves the last minute from which it can be walked to in time, and all before;
    of several for one minute at one stop the first is enough, since its row covers those after it.
    """
    stops, seconds = walk
    begin = scan.event_first[stops]
    size = scan.event_first[stops + 1] - begin
    owner = np.repeat(np.arange(len(stops)), size)
    event = begin[owner] + np.arange(len(owner)) - (np.cumsum(size) - size)[owner]
    minute = np.searchsorted(leave, scan.event_time[event] - seconds[owner], side="right") - 1
    useful = (minute >= 0) & (scan.event_time[event] - leave[minute] <= longest)
    useful &= (np.diff(minute, prepend=-1) != 0) | (np.diff(owner, prepend=-1) != 0)
    event, minute = event[useful], minute[useful]
    event = event[np.argsort(minute, kind="stable")]
    bound = np.concatenate([[0], np.cumsum(np.bincount(minute, minlength=len(leave)))]).tolist()
    reached = np.empty((len(leave), rows.shape[1]), rows.dtype)
    best = rows[-1]
    for departure in range(len(leave) - 1, -1, -1):
        lower, upper = bound[departure], bound[departure + 1]
        if upper > lower:
            best = np.minimum(best, rows[event[lower:upper]].min(axis=0))
        reached[departure] = best
    return reached


def _departure_seconds(departures: ArrayLike) -> Integers:
    leave = np.round(np.atleast_1d(np.asarray(departures, float)) * 60)
    if leave.ndim != 1 or not leave.size or not np.isfinite(leave).all() or (np.diff(leave) <= 0).any():
        raise ValueError(_("departures must be minutes after midnight, one at least, rising."))
    return leave.astype(np.intp)


def _check(
    timetable: Timetable, links: Links, limit: float, minimum_transfer_time: float, maximum_transfers: int | None
) -> None:
    for name, value in (("limit", limit), ("minimum_transfer_time", minimum_transfer_time)):
        if not (np.isfinite(value) and value >= 0):
            raise ValueError(_("{name} is {given}; give minutes of 0 or more.", name=name, given=value))
    if maximum_transfers is not None and maximum_transfers < 0:
        raise ValueError(_("maximum_transfers is {given}; give 0 or more, or None.", given=maximum_transfers))
    stops = len(timetable.stop_id)
    origins, destinations = links.direct.shape
    wanted = ((origins, stops), (stops, stops), (stops, destinations), (origins, destinations))
    for name, matrix, shape in zip(Links._fields, links, wanted, strict=True):
        if matrix.shape != shape:
            raise ValueError(
                _("links.{name} has the shape {given}; it must be {shape}.", name=name, given=matrix.shape, shape=shape)
            )


def _whole_seconds(minutes: ArrayLike | csr_array) -> csr_array:
    """Walks in whole seconds, rounded up; what cannot be walked is not stored."""
    matrix = sparse(minutes)
    seconds = np.ceil(matrix.data * 60 - ROUNDING).astype(np.int64)
    return csr_array((seconds, matrix.indices, matrix.indptr), shape=matrix.shape)


def _with_staying(walks: csr_array) -> csr_array:
    """Walks between stops, and staying at each."""
    stored = walks.tocoo()
    here = np.arange(walks.shape[0])
    row, column = np.concatenate([stored.row, here]), np.concatenate([stored.col, here])
    return least(row, column, np.concatenate([stored.data, np.zeros_like(here)]), walks.shape)


def _row(matrix: csr_array, row: int) -> tuple[Integers, Integers]:
    part = slice(matrix.indptr[row], matrix.indptr[row + 1])
    return matrix.indices[part], matrix.data[part]


class TransitAccess(NamedTuple):
    """What can be reached door to door.

    `opportunities` (origins, departures, limits, categories): reached by leaving at each departure.
    `travel_time` (percentiles, origins, destinations): minutes that this share of departures takes at
    most; infinite where fewer departures arrive within the largest limit.
    """

    opportunities: Floats
    travel_time: NDArray[np.float32]


def transit_access(
    timetable: Timetable,
    links: Links,
    departures: ArrayLike,
    opportunities: ArrayLike,
    *,
    limits: Sequence[float] = (15, 30, 45),
    percentiles: Sequence[float] = (50,),
    minimum_transfer_time: float = MINIMUM_TRANSFER_TIME,
    maximum_transfers: int | None = None,
    table_bytes: int = TABLE_BYTES,
) -> TransitAccess:
    """Cumulative opportunities within each of `limits` (minutes) for every departure, and travel times over all.

    A_i(m) = sum of O_j where t_ij(m) <= limit, for departure m; take the median or mean over the departures.
    `opportunities`: (destinations,) or (destinations, categories), NaN where not known: the sum of an
    origin that reaches an unknown number is not known either. The percentile is that of nearest rank.
    Other arguments, method and errors: `transit_times`.
    """
    table, _single = opportunity_table(opportunities, links.egress.shape[1])
    bounds = np.sort(np.asarray(limits, float))
    if not bounds.size or not np.array_equal(bounds, np.asarray(limits, float)):
        raise ValueError(_("limits must be minutes, one at least, rising."))
    if not all(0 <= share <= 100 for share in percentiles):
        raise ValueError(_("percentiles must lie between 0 and 100."))
    count = len(np.atleast_1d(departures))
    ranks = [max(0, int(np.ceil(share / 100 * count)) - 1) for share in percentiles]
    origins, destinations = links.direct.shape
    reached = np.zeros((origins, count, len(bounds), table.shape[1]))
    times = np.full((len(ranks), origins, destinations), np.inf, np.float32)
    for origin, block, seconds, longest in _seconds_by_departure(
        timetable, links, departures, float(bounds[-1]), minimum_transfer_time, maximum_transfers, table_bytes
    ):
        for place, bound in enumerate(bounds):
            within = seconds <= int(bound * 60 + ROUNDING)
            reached[origin, :, place] += weighted_sum(within, table[block])
        if ranks:
            ranked = np.partition(seconds, ranks, axis=0)[ranks]
            times[:, origin, block] = np.where(ranked <= longest, ranked / np.float32(60), np.float32(np.inf))
    return TransitAccess(reached, times)


def walking_links(
    timetable: Timetable,
    streets: Streets,
    origins: ArrayLike,
    destinations: ArrayLike,
    *,
    limit: float = 45.0,
    maximum_walk: float = MAXIMUM_WALK,
    maximum_transfer_walk: float = MAXIMUM_TRANSFER_WALK,
    speed: float = WALK_SPEED,
    maximum_snap: float = MAXIMUM_SNAP,
) -> tuple[Links, NDArray[np.bool_], list[Problem]]:
    """Walks along the streets: to and from stops, between stops, and all the way.

    `origins`, `destinations`: rows of x, y in the system of the streets (`streets.project`); `limit` bounds
    walking all the way, `maximum_walk` that to the first and from the last stop, `maximum_transfer_walk`
    that of a change, in minutes; `speed` in km/h; `maximum_snap` in m. Also: which origins are on the
    streets (the access of others is not known), and problems: stops and places that are not.
    """
    stops = streets.project(timetable.longitude, timetable.latitude)
    ends = [np.asarray(points, float).reshape(-1, 2) for points in (origins, destinations)]
    places = placed(streets, np.concatenate([*ends, stops]), speed=speed, maximum_snap=maximum_snap)
    start, target = slice(0, len(ends[0])), slice(len(ends[0]), len(ends[0]) + len(ends[1]))
    stop = slice(target.stop, None)
    access = times_between(places, start, stop, maximum_walk)
    # walking back takes as long
    back = access if np.array_equal(ends[0], ends[1]) else times_between(places, target, stop, maximum_walk)
    links = Links(
        access,
        times_between(places, stop, stop, maximum_transfer_walk),
        back.T.tocsr(),
        times_between(places, start, target, limit),
    )
    away = places.distance > maximum_snap
    problems = _stops_away(timetable, places.distance[stop], maximum_snap)
    if away[: stop.start].any():
        message = _(
            "{count} places lie more than {distance} m from any street: what they reach is not known.",
            count=len(np.unique(places.points[: stop.start][away[: stop.start]], axis=0)),
            distance=f"{maximum_snap:g}",
        )
        fix = _("Take an extract of streets that covers them, or correct their coordinates.")
        problems.append(Problem(WARNING, "", None, "", message, fix))
    return links, places.node[start] >= 0, problems


def _stops_away(timetable: Timetable, distance: Floats, maximum_snap: float) -> list[Problem]:
    """Stops of each feed that are further from any street than one may walk straight, the furthest first."""
    problems = []
    for number, feed in enumerate(timetable.feeds):
        own = timetable.stop_feed == number
        away = np.flatnonzero(own & (distance > maximum_snap) & np.isfinite(timetable.longitude))
        if not away.size:
            continue
        furthest = away[np.argsort(-distance[away], kind="stable")][:EXAMPLES]
        names = (
            f"{timetable.stop_name[stop]} ({timetable.stop_id[stop]}) {distance[stop] / 1000:.1f} km"
            for stop in furthest
        )
        message = _(
            "{count} of {all} stops lie more than {distance} m from any street, so nobody boards or leaves there: "
            "{names}.",
            count=len(away),
            all=int(own.sum()),
            distance=f"{maximum_snap:g}",
            names=", ".join(names) + (", …" if len(away) > EXAMPLES else ""),
        )
        fix = _("Take an extract of streets that covers all stops, or correct stop_lat and stop_lon.")
        problems.append(Problem(WARNING, f"{feed}/stops.txt", None, "stop_id", message, fix))
    return problems


def door_to_door(
    timetable: Timetable,
    streets: Streets,
    origins: ArrayLike,
    destinations: ArrayLike,
    opportunities: ArrayLike,
    *,
    departures: ArrayLike = MORNING,
    limits: Sequence[float] = (15, 30, 45),
    percentiles: Sequence[float] = (50,),
    maximum_walk: float = MAXIMUM_WALK,
    maximum_transfer_walk: float = MAXIMUM_TRANSFER_WALK,
    minimum_transfer_time: float = MINIMUM_TRANSFER_TIME,
    maximum_transfers: int | None = None,
    speed: float = WALK_SPEED,
    maximum_snap: float = MAXIMUM_SNAP,
) -> tuple[TransitAccess, list[Problem]]:
    """`transit_access` with the walks of `walking_links`, for every minute from 7 to 9 unless `departures` says else.

    Origins that are not on the streets have NaN. Feeds that do not run in those hours are reported.
    """
    longest = float(np.max(limits))
    links, on_streets, problems = walking_links(
        timetable,
        streets,
        origins,
        destinations,
        limit=longest,
        maximum_walk=maximum_walk,
        maximum_transfer_walk=maximum_transfer_walk,
        speed=speed,
        maximum_snap=maximum_snap,
    )
    result = transit_access(
        timetable,
        links,
        departures,
        opportunities,
        limits=limits,
        percentiles=percentiles,
        minimum_transfer_time=minimum_transfer_time,
        maximum_transfers=maximum_transfers,
    )
    result.opportunities[~on_streets] = np.nan
    result.travel_time[:, ~on_streets] = np.nan
    leave = np.atleast_1d(np.asarray(departures, float))
    return result, [*problems, *hours_problems(timetable, float(leave[0]), float(leave[-1]) + longest)]
