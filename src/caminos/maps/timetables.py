"""Timetables of public transport read from GTFS feeds and checked."""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from caminos.i18n import _
from caminos.maps.files import FEEDS, refused, too_much
from caminos.problems import ERROR, WARNING, Problem
from caminos.spatial.timetable import Booleans, Calls, Floats, Integers, Timetable, connections_of, decreasing

DAY = 86_400  # s
LISTED_DAYS = 1000  # days of one service that are looked through
EXAMPLES = 3  # names that one message lists
METRES_PER_DEGREE = 111_195.0  # of latitude, on a sphere of 6371 km
FASTEST = 150.0 / 3.6  # m/s in a straight line between two stops; beyond it a place or a time is probably wrong
SLACK = 60.0  # s: times given in whole minutes make short hops look fast
RAIL = ((1, 2), (4, 4), (12, 12), (100, 199), (400, 499), (1000, 1099), (1200, 1299))  # GTFS route types
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TIME = re.compile(r"(\d{1,3}):([0-5]\d):([0-5]\d)")
BLANK, MALFORMED = -1, -2  # instead of a time


class _Column(NamedTuple):
    """A column of text as positions in its distinct values: each is read once."""

    code: Integers
    values: list[str]

    def map(self, function: Callable[[str], float], kind: type = float) -> NDArray[Any]:
        """`function` of the text of every row."""
        return np.array([function(value) for value in self.values], kind)[self.code]


@dataclass(frozen=True)
class _Table:
    """A table of a feed: `file` names it in messages."""

    file: str
    columns: dict[str, _Column]
    rows: int

    def __getitem__(self, name: str) -> _Column:
        return self.columns.get(name, _Column(np.zeros(self.rows, np.intp), [""]))

    def problem(
        self, rows: Iterable[int], column: str, message: str, fix: str, severity: str = ERROR, **values: object
    ) -> list[Problem]:
        """One problem for all `rows` that have it: the first, how many, and examples of the column's text."""
        places = np.unique(np.asarray(list(rows), np.intp))
        if not places.size:
            return []
        examples = list(dict.fromkeys(self[column].values[code] for code in self[column].code[places[:50]]))
        shown = ", ".join(repr(text) for text in examples[:EXAMPLES])
        if len(examples) > EXAMPLES:
            shown += ", …"
        text = message.format(count=len(places), examples=shown, **values)
        return [Problem(severity, self.file, int(places[0]) + 2, column, text, fix)]


@dataclass(frozen=True)
class _Feed:
    """One feed, checked: what is wrong has been reported and left out."""

    name: str
    stop_id: list[str]
    stop_name: list[str]
    longitude: Floats
    latitude: Floats
    trip_id: list[str]
    service: Integers  # (trips)
    rail: Booleans  # (trips)
    calls: Calls  # sorted by trip
    calendar: tuple[Integers, Booleans, Integers, Integers]  # service, weekdays, first and last day (ordinals)
    exceptions: tuple[Integers, Integers, Booleans]  # service, day, added (or else removed)
    services: int
    frequencies: tuple[Integers, Integers, Integers, Integers]  # trip, start, end, headway (s)

    def trips_on(self, day: int) -> Booleans:
        """Which trips run on a day (ordinal)."""
        service, weekdays, first, last = self.calendar
        running = np.zeros(self.services, bool)
        running[service[weekdays[:, (day - 1) % 7] & (first <= day) & (day <= last)]] = True
        changed, when, added = self.exceptions
        running[changed[(when == day) & added]] = True
        running[changed[(when == day) & ~added]] = False
        return running[self.service]

    def days(self) -> Integers:
        """The days (ordinals) that the calendar speaks of; of a very long service only the first ones."""
        _service, _weekdays, first, last = self.calendar
        _changed, when, added = self.exceptions
        spans = {
            (begin, min(end, begin + LISTED_DAYS)) for begin, end in zip(first.tolist(), last.tolist(), strict=True)
        }
        return np.unique(np.concatenate([when[added], *(np.arange(begin, end + 1) for begin, end in spans)]))


def read_timetable(
    paths: Path | str | Sequence[Path | str], day: date | None = None, *, today: date | None = None
) -> tuple[Timetable | None, list[Problem]]:
    """The timetable of one day from one or more GTFS feeds (zip or folder), and everything wrong with them.

    `day`: by default the first of the days with the most trips on which most feeds run. Trips of the
    day before that run past midnight are included. A trip with times that are malformed or decrease is
    left out and reported; times that are blank between two known ones are interpolated by distance
    (shape_dist_traveled, else the straight line between stops), as GTFS allows. Trips that run by
    headway (frequencies.txt) leave at its multiples, whether exact_times says so or not. transfers.txt,
    pathways.txt, fares and flexible trips are not used.
    `today` decides what has expired (today by default). None if no feed can be read.
    Source: GTFS Schedule Reference, gtfs.org.
    """
    given = [paths] if isinstance(paths, Path | str) else list(paths)
    feeds: list[_Feed] = []
    problems: list[Problem] = []
    for path in given:
        feed, found = _read_feed(Path(path), today or date.today())
        problems += found
        if feed is not None:
            feeds.append(feed)
    if not feeds:
        return None, problems
    chosen = day.toordinal() if day is not None else _busiest(feeds)
    problems += [problem for feed in feeds for problem in _service_problems(feed, chosen)]
    return _merged(feeds, chosen), problems


def _busiest(feeds: list[_Feed]) -> int:
    """The first day with the most trips among those on which most feeds run."""
    best = (0, 0, 0)
    for day in np.unique(np.concatenate([feed.days() for feed in feeds])).tolist():
        trips = [int(feed.trips_on(day).sum()) for feed in feeds]
        best = max(best, (sum(count > 0 for count in trips), sum(trips), -day))
    return -best[2] or date.today().toordinal()


def _service_problems(feed: _Feed, day: int) -> list[Problem]:
    """A feed without a trip on the day, with the days that have some."""
    if feed.trips_on(day).any():
        return []
    served = np.array([other for other in feed.days().tolist() if feed.trips_on(other).any()], int)
    asked = date.fromordinal(day).isoformat()
    if not served.size:
        message = _("No trip runs on {day}, nor on any other day of its calendar.", day=asked)
        fix = _("Correct calendar.txt and calendar_dates.txt, or ask for a new feed.")
        return [Problem(ERROR, feed.name, None, "", message, fix)]
    nearest = sorted(served[np.argsort(np.abs(served - day), kind="stable")][:EXAMPLES].tolist())
    message = _(
        "No trip runs on {day}: the feed has service from {first} to {last}.",
        day=asked,
        first=date.fromordinal(served.min()).isoformat(),
        last=date.fromordinal(served.max()).isoformat(),
    )
    days = ", ".join(date.fromordinal(other).isoformat() for other in nearest)
    return [Problem(ERROR, feed.name, None, "", message, _("Choose a day with service, such as {days}.", days=days))]


def _merged(feeds: list[_Feed], day: int) -> Timetable:
    """The runs of all feeds on one day, with the stops that they serve."""
    parts, places, names = [], [], []
    trip_id: list[str] = []
    trip_feed: list[Integers] = []
    stops = 0
    for number, feed in enumerate(feeds):
        trip, offset = _runs(feed, day)
        calls = _calls_of_runs(feed.calls, trip, offset)
        rail = np.zeros(len(feed.stop_id), bool)
        rail[calls.stop[feed.rail[trip[calls.trip]]]] = True
        parts.append(calls._replace(trip=calls.trip + len(trip_id), stop=calls.stop + stops))
        places.append((feed.longitude, feed.latitude, rail))
        names += list(zip(feed.stop_id, feed.stop_name, [number] * len(feed.stop_id), strict=True))
        trip_id += [feed.trip_id[index] for index in trip]
        trip_feed.append(np.full(len(trip), number))
        stops += len(feed.stop_id)
    calls = Calls(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    used, position = np.unique(calls.stop, return_inverse=True)
    longitude, latitude, rails = (np.concatenate(column)[used] for column in zip(*places, strict=True))
    return connections_of(
        calls._replace(stop=position.reshape(-1)),
        longitude=longitude,
        latitude=latitude,
        rail=rails,
        stop_id=tuple(names[index][0] for index in used),
        stop_name=tuple(names[index][1] for index in used),
        stop_feed=np.array([names[index][2] for index in used], np.intp),
        trip_id=tuple(trip_id),
        trip_feed=np.concatenate(trip_feed),
        feeds=tuple(feed.name for feed in feeds),
        day=date.fromordinal(day),
    )


def _runs(feed: _Feed, day: int) -> tuple[Integers, Integers]:
    """Trips that run on the day, and the seconds by which each is shifted: the day before, and by headway."""
    template, start, end, headway = feed.frequencies
    first = np.searchsorted(feed.calls.trip, np.arange(len(feed.trip_id)))
    has_calls = np.bincount(feed.calls.trip, minlength=len(feed.trip_id)) > 0
    trips, offsets = [], []
    for before, shift in ((day, 0), (day - 1, -DAY)):
        running = feed.trips_on(before) & has_calls
        plain = running.copy()
        plain[template] = False
        trips.append(np.flatnonzero(plain))
        offsets.append(np.full(len(trips[-1]), shift))
        used = np.flatnonzero(running[template])
        count = -(-(end[used] - start[used]) // headway[used])
        owner = np.repeat(used, count)
        turn = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
        trips.append(template[owner])
        leaves = feed.calls.departure[first[template[owner]]]
        offsets.append(start[owner] + turn * headway[owner] - leaves + shift)
    trip, offset = np.concatenate(trips), np.concatenate(offsets)
    last = np.searchsorted(feed.calls.trip, trip, side="right") - 1
    today = (feed.calls.arrival[last] + offset > 0) if len(trip) else np.zeros(0, bool)
    return trip[today], offset[today]


def _calls_of_runs(calls: Calls, trip: Integers, offset: Integers) -> Calls:
    """The calls of each run, numbered by run and shifted."""
    first, last = (np.searchsorted(calls.trip, trip, side=side) for side in ("left", "right"))
    size = last - first
    run = np.repeat(np.arange(len(trip)), size)
    own = calls.taken(first[run] + np.arange(len(run)) - (np.cumsum(size) - size)[run])
    return own._replace(trip=run, arrival=own.arrival + offset[run], departure=own.departure + offset[run])


def _read_feed(path: Path, today: date) -> tuple[_Feed | None, list[Problem]]:
    """One feed and everything wrong with it; None if a part without which there is no timetable is missing."""
    contents, problems = _contents(path)
    if not contents:
        return None, problems
    wanted: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
        "stops.txt": (("stop_id",), ("stop_name", "stop_lat", "stop_lon")),
        "trips.txt": (("trip_id", "service_id"), ("route_id",)),
        "stop_times.txt": (
            ("trip_id", "stop_id", "stop_sequence"),
            ("arrival_time", "departure_time", "pickup_type", "drop_off_type", "shape_dist_traveled"),
        ),
        "routes.txt": (("route_id", "route_type"), ()),
        "calendar.txt": (("service_id", *WEEKDAYS, "start_date", "end_date"), ()),
        "calendar_dates.txt": (("service_id", "date", "exception_type"), ()),
        "frequencies.txt": (("trip_id", "start_time", "end_time", "headway_secs"), ()),
        "feed_info.txt": ((), ("feed_start_date", "feed_end_date")),
    }
    tables: dict[str, _Table] = {}
    for name, (required, optional) in wanted.items():
        if name in contents:
            table, found = _read_table(contents[name], f"{path.name}/{name}", required, optional)
            problems += found
            if table is not None:
                tables[name] = table
    for name in ("stops.txt", "trips.txt", "stop_times.txt"):
        if name not in contents:
            fix = _("Export the feed again: GTFS needs this file.")
            problems.append(Problem(ERROR, f"{path.name}/{name}", None, "", _("The file is missing."), fix))
    if not {"calendar.txt", "calendar_dates.txt"} & set(contents):
        message = _("There is neither calendar.txt nor calendar_dates.txt, so no trip has a day.")
        fix = _("Export the feed again: GTFS needs one of them.")
        problems.append(Problem(ERROR, f"{path.name}/calendar.txt", None, "", message, fix))
    if not {"stops.txt", "trips.txt", "stop_times.txt"} <= set(tables):
        return None, problems
    if not {"calendar.txt", "calendar_dates.txt"} & set(tables):
        return None, problems
    return _checked(path.name, tables, problems, today), problems


def _checked(name: str, tables: dict[str, _Table], problems: list[Problem], today: date) -> _Feed:
    """The feed from its tables; what is wrong is added to `problems` and left out."""
    stops, stop_rows = _unique(tables["stops.txt"], "stop_id", problems)
    trips, trip_rows = _unique(tables["trips.txt"], "trip_id", problems)
    longitude, latitude = _coordinates(tables["stops.txt"], problems)
    services: dict[str, int] = {}
    calendar = _calendar(tables.get("calendar.txt"), services, problems)
    exceptions = _exceptions(tables.get("calendar_dates.txt"), services, problems)
    service = tables["trips.txt"]["service_id"].map(lambda text: services.get(text, -1), int)
    problems += tables["trips.txt"].problem(
        np.flatnonzero(service < 0),
        "service_id",
        _("{count} trips have a service that no calendar has: {examples}. They never run."),
        _("Add the service to calendar.txt or calendar_dates.txt."),
    )
    calls = _calls(tables["stop_times.txt"], trips, stops, longitude[stop_rows], latitude[stop_rows], problems)
    feed = _Feed(
        name=name,
        stop_id=list(stops),
        stop_name=_texts(tables["stops.txt"]["stop_name"], stop_rows),
        longitude=longitude[stop_rows],
        latitude=latitude[stop_rows],
        trip_id=list(trips),
        service=np.where(service < 0, len(services), service)[trip_rows],
        rail=_rail(tables, problems)[trip_rows],
        calls=calls,
        calendar=calendar,
        exceptions=exceptions,
        services=len(services) + 1,
        frequencies=_frequencies(tables.get("frequencies.txt"), trips, problems),
    )
    problems += _expired(feed, tables.get("feed_info.txt"), today)
    return feed


def _contents(path: Path) -> tuple[dict[str, bytes], list[Problem]]:
    """The text files of a feed by name, wherever in the archive or folder they lie."""
    fix = _("Give a GTFS feed: a zip file, or a folder with stops.txt and the other files.")
    try:
        if path.is_dir():
            files = sorted(file for file in path.glob("*.txt") if file.is_file())
            if problem := too_much(path.name, len(files), sum(file.stat().st_size for file in files)):
                return {}, [problem]
            found = {file.name: file.read_bytes() for file in files}
        elif not path.exists():
            return {}, [Problem(ERROR, path.name, None, "", _("There is no such file."), fix)]
        elif problem := refused(path, FEEDS):
            return {}, [problem]
        else:
            with zipfile.ZipFile(path) as archive:
                inside = [PurePosixPath(entry) for entry in archive.namelist() if "__MACOSX" not in entry]
                inside.sort(key=lambda entry: -len(entry.parts))  # the outermost of the same name prevails
                found = {entry.name: archive.read(str(entry)) for entry in inside if entry.suffix == ".txt"}
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError) as error:
        message = _("The feed cannot be read: {error}", error=error)
        return {}, [Problem(ERROR, path.name, None, "", message, fix)]
    if not found:
        return {}, [Problem(ERROR, path.name, None, "", _("There is no GTFS file in it."), fix)]
    return found, []


def _read_table(
    data: bytes, file: str, required: Sequence[str], optional: Sequence[str]
) -> tuple[_Table | None, list[Problem]]:
    """The wanted columns of a comma-separated file, and what is wrong with its form."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    problems: list[Problem] = []
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message, fix = _("The file is not UTF-8; it was read as Windows-1252."), _("Save it as UTF-8.")
        problems.append(Problem(WARNING, file, line, "", message, fix))
        data = data.decode("cp1252", errors="replace").encode()
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    heading = data.split(b"\n", 1)[0].decode("utf-8-sig")
    header = [name.strip() for name in next(csv.reader([heading]), [])]
    missing = [name for name in required if name not in header]
    if missing:
        message = _("Column {names} is missing.", names=", ".join(missing))
        fix = _("The first line must name the columns of GTFS, separated by commas.")
        return None, [*problems, Problem(ERROR, file, 1, missing[0], message, fix)]
    wanted = [name for name in (*required, *optional) if name in header]
    labels = [name if header.index(name) == place else f"\0{place}" for place, name in enumerate(header)]
    broken: list[Any] = []

    def skip(row: Any) -> str:
        broken.append(row)
        return "skip"

    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(data),
            read_options=arrow_csv.ReadOptions(column_names=labels, skip_rows=1, use_threads=False),
            parse_options=arrow_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=skip),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(labels, pa.string()), include_columns=wanted, strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        if data.count(b"\n") <= 1 and not data.split(b"\n", 1)[-1].strip():  # nothing but a header
            return _Table(file, {name: _Column(np.zeros(0, np.intp), []) for name in wanted}, 0), problems
        message = _("The table cannot be read: {error}", error=error)
        return None, [*problems, Problem(ERROR, file, None, "", message, _("Export it again as a CSV file."))]
    if broken:
        message = _(
            "{count} lines have another number of fields than the header ({fields}) and were left out.",
            count=len(broken),
            fields=len(header),
        )
        fix = _("Put texts that hold a comma in double quotes.")
        problems.append(Problem(ERROR, file, broken[0].number, "", message, fix))
    return _Table(file, {name: _column(table.column(name)) for name in wanted}, table.num_rows), problems


def _column(chunks: Any) -> _Column:
    if not len(chunks):
        return _Column(np.zeros(0, np.intp), [])
    encoded = chunks.combine_chunks().dictionary_encode()
    texts = [text.strip() for text in encoded.dictionary.to_pylist()]
    distinct = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    position = np.array([distinct[text] for text in texts], np.intp)
    return _Column(position[encoded.indices.to_numpy(zero_copy_only=False)], list(distinct))


def _texts(column: _Column, rows: Integers) -> list[str]:
    return [column.values[code] for code in column.code[rows]]


def _number(text: str) -> float:
    """A number; NaN for what is none."""
    try:
        value = float(text)
    except ValueError:
        return np.nan
    return value if np.isfinite(value) else np.nan


def _time(text: str) -> int:
    """Seconds after midnight of H:MM:SS, which may pass 24:00."""
    if not text:
        return BLANK
    match = _TIME.fullmatch(text)
    return (
        MALFORMED
        if match is None
        else sum(int(part) * unit for part, unit in zip(match.groups(), (3600, 60, 1), strict=True))
    )


def _day(text: str) -> int:
    """The ordinal of a day written YYYYMMDD; 0 for what is none."""
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:])).toordinal() if len(text) == 8 else 0
    except ValueError:
        return 0


def _unique(table: _Table, column: str, problems: list[Problem]) -> tuple[dict[str, int], Integers]:
    """Positions by id, and their rows; of an id given twice the first row is kept, and the others reported."""
    _code, first = np.unique(table[column].code, return_index=True)
    rows = np.sort(first)
    again = np.setdiff1d(np.arange(table.rows), rows)
    problems += table.problem(
        again,
        column,
        _("{count} ids stand in more than one line: {examples}. The first line of each was kept."),
        _("Give every one an id of its own, or remove what is double."),
    )
    return {text: number for number, text in enumerate(_texts(table[column], rows))}, rows


def _coordinates(table: _Table, problems: list[Problem]) -> tuple[Floats, Floats]:
    """Degrees of the stops; NaN where they are missing, out of range or the 0, 0 that stands for missing."""
    longitude, latitude = (table[name].map(_number) for name in ("stop_lon", "stop_lat"))
    with np.errstate(invalid="ignore"):
        wrong = ~((np.abs(longitude) <= 180) & (np.abs(latitude) <= 90))
        wrong |= (np.abs(longitude) < 0.01) & (np.abs(latitude) < 0.01)
    problems += table.problem(
        np.flatnonzero(wrong),
        "stop_id",
        _("{count} stops have no usable coordinates: {examples}. Nobody can walk to them."),
        _("Give stop_lat and stop_lon in degrees."),
    )
    return np.where(wrong, np.nan, longitude), np.where(wrong, np.nan, latitude)


def _calendar(
    table: _Table | None, services: dict[str, int], problems: list[Problem]
) -> tuple[Integers, Booleans, Integers, Integers]:
    """Service, weekdays, first and last day of each line of calendar.txt; services are numbered as they come."""
    if table is None:
        return np.zeros(0, np.intp), np.zeros((0, 7), bool), np.zeros(0, np.intp), np.zeros(0, np.intp)
    ids, rows = _unique(table, "service_id", problems)
    services.update(ids)
    flags = np.column_stack([table[name].map(lambda text: {"0": 0, "1": 1}.get(text, -1), int) for name in WEEKDAYS])
    first, last = (table[name].map(_day, int) for name in ("start_date", "end_date"))
    fix = _("Write days as YYYYMMDD, the first not after the last, and weekdays as 0 or 1.")
    undated = (first == 0) | (last == 0)
    reversed_ = ~undated & (last < first)
    unclear = (flags < 0).any(axis=1)
    left_out = _("{count} services {reason}: {examples}. They run only on days added in calendar_dates.txt.")
    for wrong, reason in (
        (undated, _("have a start_date or end_date that is no day")),
        (reversed_, _("end before they start")),
        (unclear, _("have weekdays that are neither 0 nor 1")),
    ):
        problems += table.problem(np.flatnonzero(wrong), "service_id", left_out, fix, reason=reason)
    rows = rows[~(undated | reversed_ | unclear)[rows]]
    own = table["service_id"].map(lambda text: services[text], int)
    return own[rows], flags[rows] > 0, first[rows], last[rows]


def _exceptions(
    table: _Table | None, services: dict[str, int], problems: list[Problem]
) -> tuple[Integers, Integers, Booleans]:
    """Service, day and whether it is added, of each line of calendar_dates.txt."""
    if table is None:
        return np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0, bool)
    for text in table["service_id"].values:
        services.setdefault(text, len(services))
    day = table["date"].map(_day, int)
    kind = table["exception_type"].map(lambda text: {"1": 1, "2": 2}.get(text, 0), int)
    wrong = (day == 0) | (kind == 0)
    problems += table.problem(
        np.flatnonzero(wrong),
        "service_id",
        _("{count} exceptions have no day or no type 1 or 2: {examples}. They were left out."),
        _("Write days as YYYYMMDD, and 1 for added or 2 for removed."),
    )
    own = table["service_id"].map(lambda text: services[text], int)
    return own[~wrong], day[~wrong], kind[~wrong] == 1


def _expired(feed: _Feed, info: _Table | None, today: date) -> list[Problem]:
    """A feed whose last day of service has passed."""
    _service, _weekdays, _first, last = feed.calendar
    _changed, when, added = feed.exceptions
    ends = [*last.tolist(), *when[added].tolist()]
    if info is not None and info.rows:
        ends = [day for day in info["feed_end_date"].map(_day, int).tolist() if day] or ends
    if not ends or max(ends) >= today.toordinal():
        return []
    message = _(
        "The feed ended on {day}: it shows the service of that time.", day=date.fromordinal(max(ends)).isoformat()
    )
    return [Problem(WARNING, feed.name, None, "", message, _("Ask the operator for the timetable in force."))]


def _rail(tables: dict[str, _Table], problems: list[Problem]) -> Booleans:
    """Which trips (rows of trips.txt) are by train, metro or ferry."""
    trips, routes = tables["trips.txt"], tables.get("routes.txt")
    if routes is None:
        message = _("There is no usable routes.txt: every stop counts as a bus stop.")
        file = trips.file.replace("trips.txt", "routes.txt")
        problems.append(Problem(WARNING, file, None, "", message, _("Export the feed again with its routes.")))
        return np.zeros(trips.rows, bool)
    kind = routes["route_type"].map(_number)
    by_route = dict(zip(_texts(routes["route_id"], np.arange(routes.rows)), kind.tolist(), strict=True))
    known = trips["route_id"].map(lambda text: text in by_route, bool)
    problems += trips.problem(
        np.flatnonzero(~known),
        "route_id",
        _("{count} trips have a route that is not in routes.txt: {examples}."),
        _("Add the route; until then its stops count as bus stops."),
        WARNING,
    )
    own = trips["route_id"].map(lambda text: by_route.get(text, np.nan))
    rail: Booleans = np.logical_or.reduce([(own >= low) & (own <= high) for low, high in RAIL])
    return rail


def _frequencies(
    table: _Table | None, trips: dict[str, int], problems: list[Problem]
) -> tuple[Integers, Integers, Integers, Integers]:
    """Trip, start, end and headway (s) of the trips that run by headway."""
    if table is None:
        return (np.zeros(0, np.intp),) * 4
    trip = table["trip_id"].map(lambda text: trips.get(text, -1), int)
    start, end = (table[name].map(_time, int) for name in ("start_time", "end_time"))
    headway = np.nan_to_num(table["headway_secs"].map(_number)).astype(np.intp)
    wrong = (trip < 0) | (start < 0) | (end < start) | (headway <= 0)
    problems += table.problem(
        np.flatnonzero(wrong),
        "trip_id",
        _("{count} headways have an unknown trip, a time that is none, or no seconds above 0: {examples}."),
        _("Correct trip_id, start_time, end_time (HH:MM:SS) and headway_secs; these lines were left out."),
    )
    return trip[~wrong], start[~wrong], end[~wrong], headway[~wrong]


def _calls(
    table: _Table,
    trips: dict[str, int],
    stops: dict[str, int],
    longitude: Floats,
    latitude: Floats,
    problems: list[Problem],
) -> Calls:
    """The calls of every trip that is in order, sorted by trip and sequence, with blank times interpolated."""
    bad = np.zeros(len(trips) + 1, bool)  # trips to leave out; the last stands for those that are not known

    def leave_out(lines: Integers, trip: Integers, column: str, message: str, fix: str) -> None:
        bad[trip] = True
        problems.extend(table.problem(lines, column, message, fix + " " + _("These trips are left out.")))

    calls, line = _stop_times(table, trips, stops, problems, leave_out)
    last = np.diff(calls.trip, append=-1) != 0
    ends = np.flatnonzero(((np.diff(calls.trip, prepend=-1) != 0) | last) & (calls.arrival < 0) & ~bad[calls.trip])
    message = _("{count} stop times at the first or last stop of a trip are blank: {examples}.")
    leave_out(line[ends], calls.trip[ends], "trip_id", message, _("Give both times there."))

    along = table["shape_dist_traveled"].map(_number)[line]
    kept = np.flatnonzero(~bad[calls.trip])
    calls, line, along = calls.taken(kept), line[kept], along[kept]
    straight = _straight(calls, longitude, latitude)
    calls = _interpolated(calls, along, straight)
    wrong = np.flatnonzero(decreasing(calls))
    message = _("{count} times decrease within a trip: {examples}.")
    fix = _("Correct the times or the sequence; past midnight count on: 24:00:00.")
    leave_out(line[wrong], calls.trip[wrong], "trip_id", message, fix)
    elapsed = np.where(straight > 0, calls.arrival - np.roll(calls.departure, 1), 0)
    quick = np.flatnonzero(~bad[calls.trip] & (straight > FASTEST * (elapsed + SLACK)))
    message = _("{count} rides go from stop to stop faster than {speed} km/h: {examples}.")
    fix = _("Check the times, and the places of the stops.")
    problems += table.problem(line[quick], "trip_id", message, fix, WARNING, speed=round(FASTEST * 3.6))
    return calls.taken(np.flatnonzero(~bad[calls.trip]))


def _stop_times(
    table: _Table,
    trips: dict[str, int],
    stops: dict[str, int],
    problems: list[Problem],
    leave_out: Callable[[Integers, Integers, str, str, str], None],
) -> tuple[Calls, Integers]:
    """The calls of known trips at known stops, sorted by trip and sequence (blank times -1), and their lines."""
    trip = table["trip_id"].map(lambda text: trips.get(text, -1), int)
    stop = table["stop_id"].map(lambda text: stops.get(text, -1), int)
    sequence = table["stop_sequence"].map(_number)
    arrival, departure = (table[name].map(_time, int) for name in ("arrival_time", "departure_time"))
    for number, name, file in ((trip, "trip_id", "trips.txt"), (stop, "stop_id", "stops.txt")):
        message = _("{count} stop times have a {name} that is not in {file}: {examples}.")
        fix = _("Add it there; these lines were left out.")
        problems += table.problem(np.flatnonzero(number < 0), name, message, fix, name=name, file=file)
    for name, times in (("arrival_time", arrival), ("departure_time", departure)):
        wrong = np.flatnonzero(times == MALFORMED)
        fix = _("Write HH:MM:SS; past midnight 24:00:00 and more are right.")
        leave_out(wrong, trip[wrong], name, _("{count} times are malformed: {examples}."), fix)
    wrong = np.flatnonzero(np.isnan(sequence))
    message = _("{count} sequences are not numbers: {examples}.")
    leave_out(wrong, trip[wrong], "stop_sequence", message, _("Number the stops of each trip."))

    line = np.lexsort((sequence, trip))
    line = line[(trip[line] >= 0) & (stop[line] >= 0)]
    again = (np.diff(trip[line], prepend=-1) == 0) & (np.diff(sequence[line], prepend=np.nan) == 0)
    wrong = line[again]
    message = _("{count} stop times repeat the sequence of another in their trip: {examples}.")
    leave_out(wrong, trip[wrong], "trip_id", message, _("Number the stops of each trip."))
    arrival, departure = np.where(arrival < 0, departure, arrival), np.where(departure < 0, arrival, departure)
    board, alight = (table[name].map(lambda text: text != "1", bool) for name in ("pickup_type", "drop_off_type"))
    return Calls(trip, stop, arrival, departure, board, alight).taken(line), line


def _straight(calls: Calls, longitude: Floats, latitude: Floats) -> Floats:
    """Metres in a straight line from the stop before (0 at the first, NaN where a place is unknown)."""
    east, north = longitude[calls.stop], latitude[calls.stop]
    step = (
        np.hypot(np.diff(east, prepend=np.nan) * np.cos(np.radians(north)), np.diff(north, prepend=np.nan))
        * METRES_PER_DEGREE
    )
    return np.where(np.diff(calls.trip, prepend=-1) == 0, step, 0.0)


def _interpolated(calls: Calls, along: Floats, straight: Floats) -> Calls:
    """Blank times between known ones by the distance run; by the number of stops where no distance is known."""
    if not (calls.arrival < 0).any():
        return calls
    first = np.diff(calls.trip, prepend=-1) != 0
    start = np.flatnonzero(first)
    owner = np.cumsum(first) - 1
    run = np.where(first, 0.0, np.diff(along, prepend=np.nan))

    def usable(step: Floats) -> Booleans:
        """Trips of which every step is known and not backwards, and some lead anywhere."""
        with np.errstate(invalid="ignore"):
            return np.logical_and.reduceat(step >= 0, start) & (np.add.reduceat(np.nan_to_num(step), start) > 0)

    step = np.where(usable(run)[owner], run, np.where(usable(straight)[owner], straight, 1.0))
    # one axis for all trips, strictly rising: a step of a millimetre even between stops at one place
    place = np.cumsum(np.where(first, 1.0, step + 1e-3))
    known = calls.arrival >= 0
    axis = np.column_stack([place[known], place[known] + 5e-4]).reshape(-1)
    times = np.column_stack([calls.arrival[known], calls.departure[known]]).reshape(-1)
    passed = np.rint(np.interp(place, axis, times)).astype(np.intp)
    return calls._replace(
        arrival=np.where(known, calls.arrival, passed), departure=np.where(known, calls.departure, passed)
    )
