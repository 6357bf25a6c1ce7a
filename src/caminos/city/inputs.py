"""From cities to the inputs of the model: the literature once for each region and setting, facts from columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial

import numpy as np

from caminos.city.agreement import agreement_columns
from caminos.city.facts import Fact
from caminos.city.package import City, newest
from caminos.city.vocabulary import Term, parameter_terms, vocabulary
from caminos.model.axes import AXES, QUINTILES, YEAR, labels
from caminos.model.values import Column, Error, Input, Inputs, Record, column_of, fixed
from caminos.parameters import tables
from caminos.parameters.errors import Family, error_of, members

HISTORY_YEARS = 50
ROUNDING = 0.02  # shares whose sum is within this of one are the whole
VIEWS = ("", "zone", "history")
DEFAULT = "default:"  # begins the note of a fact that is no figure of the city itself

Setting = tuple[tuple[str, ...], str, str]  # region from narrow to wide, climate, set of warming potentials


def past_years(base_year: int) -> np.ndarray:
    """The years of a history, to the base year."""
    return np.arange(base_year - HISTORY_YEARS + 1, base_year + 1)


def inputs_of(
    cities: Sequence[City],
    years: np.ndarray,
    evidence: Mapping[str, Input] | None = None,
    errors: Mapping[str, Family] | None = None,
) -> Inputs:
    """Every input of the model that these cities have, by name: calendar, literature, then what they know themselves.

    The cities share their base year and their zones. `evidence` takes the place of values of the literature; a city's
    own fact prevails over both. `errors` takes the place of the sizes of error by family (error_families.csv).
    """
    found = {name: column_of(item) for name, item in _calendar(cities[0].base_year, years).items()}
    error = _usual_error if errors is None else partial(error_of, given=errors)
    found |= _literature(cities, error)
    found |= {name: column_of(item, error(name, item.unit)) for name, item in (evidence or {}).items()}
    each = None if len(cities) == 1 else np.arange(len(cities))
    for name, own in _facts(cities, each, error).items():
        found[name] = _over(found[name], own, len(cities)) if name in found else own
    return Inputs(found | agreement_columns(found, len(cities)))


ErrorOf = Callable[[str, str], Error]  # of a source of error and a unit
_usual_error: ErrorOf = cache(error_of)


def _calendar(base_year: int, years: np.ndarray) -> dict[str, Input]:
    return {
        "calendar_year": fixed("calendar_year", "yr", along(YEAR, years)),
        "past_year": fixed("past_year", "yr", along(YEAR, past_years(base_year))),
        "base_year": fixed("base_year", "yr", along(YEAR, [float(base_year)])),
    }


def along(axis: int, values: Iterable[float]) -> np.ndarray:
    """Numbers along one axis."""
    shape = [1] * len(AXES)
    shape[axis] = -1
    return np.asarray(list(values), dtype=float).reshape(shape)


# literature


def setting_of(city: City) -> Setting:
    """What decides which rows of the literature hold for a city."""
    return (city.region, city.climate, city.gwp)


def literature(city: City, name: str) -> Input | None:
    """A value of the literature for one city; None if no row holds for it."""
    region, climate, gwp = setting_of(city)
    return tables.parameter_input(name, region, {"climate": climate, "gwp": gwp})


def _literature(cities: Sequence[City], error: ErrorOf) -> dict[str, Column]:
    settings: dict[Setting, int] = {}
    place = np.array([settings.setdefault(setting_of(city), len(settings)) for city in cities])
    first = [cities[int(np.argmax(place == code))] for code in range(len(settings))]
    found = {}
    for name in tables.rows():
        items = [literature(city, name) for city in first]
        if any(item is not None for item in items):
            found[name] = _stacked(name, items, place, error)
    return found


def _stacked(name: str, items: Sequence[Input | None], place: np.ndarray, error: ErrorOf) -> Column:
    """One row for each setting; a single row where all settings have the same."""
    some = next(item for item in items if item is not None)
    drawn_as, default = error(name, some.unit), name in members()
    if all(item is items[0] for item in items):
        return column_of(some, drawn_as, np.ones((1,) * len(AXES), dtype=bool) if default else None)
    nothing = fixed(name, some.unit, np.full_like(some.central, np.nan))
    rows = [item or nothing for item in items]
    return Column(
        name,
        some.unit,
        central=np.concatenate([item.central for item in rows]),
        low=np.concatenate([item.low for item in rows]),
        high=np.concatenate([item.high for item in rows]),
        distributions=tuple(item.distribution for item in rows),
        known=np.array([item is not None for item in items]),
        place=place,
        qualities=tuple(item.quality for item in rows),
        defaults=np.ones((len(rows), *(1,) * (len(AXES) - 1)), dtype=bool) if default else None,
        error=drawn_as,
    )


def _if_any(defaults: np.ndarray) -> np.ndarray | None:
    return defaults if defaults.any() else None


# facts


@dataclass(frozen=True)
class Told:
    """The newest facts of several cities under one name and view, each with the place of its city."""

    term: Term
    view: str
    facts: list[tuple[int, Fact]]

    @property
    def name(self) -> str:
        """The name of the input that they make."""
        return self.term.name_of(self.view)


def told(cities: Sequence[City]) -> Iterator[Told]:
    """What the cities say of themselves, by name and view; a fact with the name of a parameter takes its place."""
    by_view: dict[tuple[str, str], list[tuple[int, Fact]]] = {}
    known = vocabulary()
    for place, city in enumerate(cities):
        for fact in newest(city.facts):
            if fact.name in known or not fact.zone:
                by_view.setdefault((fact.name, "zone" if fact.zone else ""), []).append((place, fact))
        for fact in city.facts:
            if fact.name in known and "history" in known[fact.name].dims and not fact.zone:
                by_view.setdefault((fact.name, "history"), []).append((place, fact))
    for (name, view), facts in by_view.items():
        yield Told(known.get(name) or parameter_terms()[name], view, facts)


def _facts(cities: Sequence[City], each: np.ndarray | None, error: ErrorOf) -> dict[str, Column]:
    found = {}
    zones = tuple(zone.id for zone in cities[0].zones)
    years = past_years(cities[0].base_year)
    for item in told(cities):
        # by zone and in its history a fact errs as that of the whole city
        drawn_as = error(item.term.enters_as, item.term.unit)
        column = (
            _history(item, years, len(cities), each, drawn_as)
            if item.view == "history"
            else _column(item, zones, len(cities), each, drawn_as)
        )
        if column is not None:
            found[column.name] = column
    return found


def cells_of(item: Told, zones: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
    """The labels along zone, group and kind that facts of one name may have."""
    kinds = list(labels(item.term.classification)) if "kind" in item.term.dims else [""]
    groups = list(QUINTILES) if "group" in item.term.dims else [""]
    return (list(zones) if item.view == "zone" else [""]), groups, kinds


def chosen(item: Told, zones: Sequence[str]) -> list[tuple[int, Fact]]:
    """The facts that have a cell of their own."""
    in_zone, in_group, in_kind = (set(part) for part in cells_of(item, zones))
    return [
        (city, fact)
        for city, fact in item.facts
        if fact.zone in in_zone and fact.group in in_group and fact.kind in in_kind
    ]


def _column(item: Told, zones: Sequence[str], cities: int, each: np.ndarray | None, error: Error) -> Column | None:
    """Facts of one name as arrays; None where there are no numbers, or kinds are free (rows of an inventory)."""
    in_zone, in_group, in_kind = cells_of(item, zones)
    facts = chosen(item, zones)
    if not in_kind or not facts:
        return None
    places = [{label: place for place, label in enumerate(part)} for part in (in_zone, in_group, in_kind)]
    at = (
        np.array([city for city, _fact in facts]),
        0,
        0,
        [places[0][fact.zone] for _city, fact in facts],
        [places[1][fact.group] for _city, fact in facts],
        [places[2][fact.kind] for _city, fact in facts],
    )
    central, low, high = (np.full((cities, 1, 1, len(in_zone), len(in_group), len(in_kind)), np.nan) for _ in range(3))
    values = np.array([fact.value for _city, fact in facts])
    central[at] = values
    low[at] = np.fmin([np.nan if fact.low is None else fact.low for _city, fact in facts], values)
    high[at] = np.fmax([np.nan if fact.high is None else fact.high for _city, fact in facts], values)
    known = np.isfinite(central).any(axis=(1, 2, 3, 4, 5))
    if not known.any():
        return None
    whole = _whole(item.term, central)
    if whole.any():  # shares that add up to one leave nothing for the kinds that are not named
        rows = whole.reshape(-1, 1, 1, 1, 1, 1)
        sums = np.nansum(central, axis=(1, 2, 3, 4, 5), keepdims=True)
        with np.errstate(invalid="ignore", divide="ignore"):
            central, low, high = (np.where(rows, np.nan_to_num(array) / sums, array) for array in (central, low, high))
    defaults = np.zeros(central.shape, dtype=bool)
    defaults[at] = [is_default(fact) for _city, fact in facts]
    return Column(
        item.name,
        item.term.unit,
        central,
        low=low,
        high=high,
        distributions=tuple("dirichlet" if share else "triangular" for share in whole),
        known=known,
        place=each,
        qualities=_qualities(facts, cities),
        defaults=_if_any(defaults),
        error=error,
    )


def is_default(fact: Fact) -> bool:
    """Whether a fact is no figure of the city itself: one that was made from data of its nation or of places like it."""
    return fact.note.startswith(DEFAULT)


def _qualities(facts: Sequence[tuple[int, Fact]], cities: int) -> tuple[str, ...]:
    """The weakest quality of the facts of every city that have a value (A is best)."""
    found = ["A"] * cities
    for city, fact in facts:
        if np.isfinite(fact.value):
            found[city] = max(found[city], fact.quality)
    return tuple(found)


def _whole(term: Term, central: np.ndarray) -> np.ndarray:
    """Of which cities the facts are shares of a whole."""
    if "kind" not in term.dims or term.unit != "share":
        return np.zeros(len(central), dtype=bool)
    return np.asarray(np.abs(np.nansum(central, axis=(1, 2, 3, 4, 5)) - 1) < ROUNDING)


def _history(item: Told, years: np.ndarray, cities: int, each: np.ndarray | None, error: Error) -> Column | None:
    """Series over the past: linear between known years, constant before the first and after the last."""
    known = [(city, fact) for city, fact in item.facts if np.isfinite(fact.value)]
    if not known:
        return None
    central, low, high = (np.full((cities, 1, len(years), 1, 1, 1), np.nan) for _ in range(3))
    defaults = np.zeros((cities, *(1,) * (len(AXES) - 1)), dtype=bool)
    by_city: dict[int, list[Fact]] = {}
    for city, fact in known:
        by_city.setdefault(city, []).append(fact)
    for city, facts in by_city.items():
        facts.sort(key=lambda fact: fact.year)
        at = [fact.year for fact in facts]
        values = np.array([fact.value for fact in facts])
        ends = [[end if end is not None else np.nan for end in part] for part in zip(*map(_ends, facts), strict=True)]
        for array, series in ((central, values), (low, np.fmin(ends[0], values)), (high, np.fmax(ends[1], values))):
            array[city, 0, :, 0, 0, 0] = np.interp(years, at, series)
        defaults[city] = any(map(is_default, facts))
    return Column(
        item.name,
        item.term.unit,
        central,
        low=low,
        high=high,
        distributions=("triangular",) * cities,
        known=np.isin(np.arange(cities), list(by_city)),
        place=each,
        qualities=_qualities(known, cities),
        defaults=_if_any(defaults),
        error=error,
    )


def _ends(fact: Fact) -> tuple[float | None, float | None]:
    return fact.low, fact.high


def _over(general: Column, own: Column, cities: int) -> Column:
    """A value of the literature, with a city's own in the cities that have one."""
    if own.place is None:
        return own
    rows = np.zeros(cities, dtype=int) if general.place is None else general.place
    mine = own.known.reshape(-1, 1, 1, 1, 1, 1)
    return Column(
        own.name,
        own.unit,
        central=np.where(mine, own.central, general.central[rows]),
        low=np.where(mine, own.low, general.low[rows]),
        high=np.where(mine, own.high, general.high[rows]),
        distributions=tuple(
            own.distributions[city] if own.known[city] else general.distributions[row] for city, row in enumerate(rows)
        ),
        known=own.known | general.known[rows],
        place=own.place,
        qualities=tuple(
            own.qualities[city] if own.known[city] else general.qualities[row] for city, row in enumerate(rows)
        ),
        defaults=_if_any(np.where(mine, _defaults(own), _defaults(general)[rows])),
        error=own.error,
    )


def _defaults(column: Column) -> np.ndarray:
    """Which values of a column are defaults."""
    if column.defaults is not None:
        return column.defaults
    return np.zeros((len(column.central), *(1,) * (len(AXES) - 1)), dtype=bool)


# what one city has


def record(fact: Fact) -> Record:
    """Where a fact comes from, as an explanation shows it."""
    return Record(
        fact.value,
        fact.unit,
        fact.low,
        fact.high,
        fact.source,
        fact.quality,
        date=str(fact.year),
        note=fact.note,
        zone=fact.zone,
        group=fact.group,
        kind=fact.kind,
        distribution="triangular",
        notation=fact.notation,
        row=f"{fact.file}:{fact.row}",
    )


class CityInputs(Mapping[str, Input]):
    """The inputs of one city by name, with their sources; each is made when it is asked for."""

    def __init__(self, city: City, place: int, columns: Mapping[str, Column]):
        self._city, self._place = city, place
        self._columns = {name: column for name, column in columns.items() if column.knows(place)}
        self._made: dict[str, Input] = {}

    def __getitem__(self, name: str) -> Input:
        if name not in self._made:
            self._made[name] = self._columns[name].input_of(self._place, self._records(name))
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    @cached_property
    def own(self) -> dict[str, tuple[Fact, ...]]:
        """The inputs that the city itself gives, whatever the literature says, with their facts."""
        zones = tuple(zone.id for zone in self._city.zones)
        found = {}
        for item in told([self._city]):
            facts = item.facts if item.view == "history" else chosen(item, zones)
            if any(np.isfinite(fact.value) for _place, fact in facts):
                found[item.name] = tuple(fact for _place, fact in facts)
        return found

    def _records(self, name: str) -> tuple[Record, ...]:
        if name in self.own:
            return tuple(record(fact) for fact in self.own[name])
        item = literature(self._city, name) if name in tables.rows() else None
        return () if item is None else item.records
