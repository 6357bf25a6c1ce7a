"""Results of a run as arrays with named axes, as tidy tables, and as xarray."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial
from importlib import import_module
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from caminos.city.inputs import past_years
from caminos.i18n import _
from caminos.model.axes import AXES, DRAW, GROUP, KIND, QUINTILES, YEAR, ZONE, labels
from caminos.model.indicator import Node
from caminos.model.values import codes_of, reasons_of, values_of
from caminos.planning.city_model import CityModel, Part
from caminos.planning.graph import library_graph
from caminos.planning.many import low_median_high
from caminos.planning.names import like, name_of, node_named
from caminos.planning.results import why_missing
from caminos.problems import CaminosError, UnknownError

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

COLUMNS = ("name", "case", "city", "year", "zone", "group", "kind", "value", "low", "high", "unit", "missing")
MOST_NAMED = 30  # labels that a message names
Why = Callable[[str, str, str, str], str]  # why a cell is not estimated, by city, zone, group and kind
ModelOf = Callable[[str], CityModel]


@dataclass(frozen=True, eq=False)
class Numbers:
    """One quantity for every city and case that was asked for: `values` are central, with `low` and `high`.

    `axes` are their labels by name, in the order of the dimensions; `draws` carries one more, `draw`, after `case`,
    and is None where there are none. Low and high are the 5 and 95 % of the draws, not numbers without draws.
    `missing` says for a city and a case what it lacks to be estimated. Many cities have an axis `city`, the first.
    """

    name: str
    unit: str
    values: np.ndarray = field(repr=False)
    low: np.ndarray = field(repr=False)
    high: np.ndarray = field(repr=False)
    draws: np.ndarray | None = field(repr=False)
    axes: Mapping[str, tuple[Any, ...]]
    missing: Mapping[tuple[str, str], tuple[str, ...]]
    why: Why = field(repr=False)
    city: str = ""  # where it is the only one and has no axis

    @property
    def label(self) -> str:
        """The name as people read it."""
        return name_of(self.name)

    def __repr__(self) -> str:
        """Name, unit and size, and what is missing."""
        sizes = ", ".join(f"{axis} {len(known)}" for axis, known in self.axes.items())
        rows = len(self.axes.get("city", "1")) * len(self.axes["case"])
        lacking = _("{count} of {all} not estimated", count=len(self.missing), all=rows) if self.missing else ""
        return f"<{self.label} ({self.unit}): {'; '.join(filter(None, [sizes, lacking]))}>"

    def at(self, **labels: Any) -> tuple[float, float, float]:
        """Value, low and high at one place, such as `at(case="trees", year=2050)`.

        An axis with one label may be left out. Raises UnknownError for a label or an axis that does not exist.
        """
        place = tuple(self._place(axis, known, labels) for axis, known in self.axes.items())
        if unknown := [axis for axis in labels if axis not in self.axes]:
            raise UnknownError(_("{name} does not differ by {what}.", name=self.label, what=", ".join(map(_, unknown))))
        return float(self.values[place]), float(self.low[place]), float(self.high[place])

    def _place(self, axis: str, known: tuple[Any, ...], labels: Mapping[str, Any]) -> int:
        wanted = labels.get(axis, known[0] if len(known) == 1 else None)
        if wanted not in known:
            few = ", ".join(map(str, known[:MOST_NAMED])) + (", …" if len(known) > MOST_NAMED else "")
            raise UnknownError(_("{name} needs a {what}: {known}.", name=self.label, what=_(axis), known=few))
        return known.index(wanted)

    def alone(self) -> Numbers:
        """The numbers of one city, without an axis for it."""
        (city,), axes = self.axes["city"], {axis: known for axis, known in self.axes.items() if axis != "city"}
        draws = None if self.draws is None else self.draws[0]
        arrays = {"values": self.values[0], "low": self.low[0], "high": self.high[0], "draws": draws}
        return replace(self, axes=axes, city=city, **arrays)

    def columns(self) -> dict[str, np.ndarray]:
        """The numbers as a tidy table: one row for each, and one for a city and case that is not estimated."""
        if self.city:
            wide = {what: getattr(self, what)[np.newaxis] for what in ("values", "low", "high")}
            return replace(self, axes={"city": (self.city,), **self.axes}, city="", **wide).columns()
        grid = np.indices(self.values.shape).reshape(self.values.ndim, -1)
        at = dict(zip(self.axes, grid, strict=True))
        whole = self._whole().ravel()
        others = [index for axis, index in at.items() if axis not in ("city", "case")]
        kept = ~whole | ~np.any([np.zeros_like(whole), *others], axis=0)
        found = {axis: np.array(self.axes[axis], dtype=object)[index[kept]] for axis, index in at.items()}
        rows, blank = int(kept.sum()), whole[kept]
        nothing = {axis: np.full(rows, None if axis == "year" else "", dtype=object) for axis in COLUMNS[3:7]}
        for axis in nothing:
            if axis in found:
                nothing[axis] = np.where(blank, nothing[axis], found[axis])
        numbers = {
            key: array.ravel()[kept] for key, array in (("value", self.values), ("low", self.low), ("high", self.high))
        }
        return {
            "name": np.full(rows, self.name, dtype=object),
            "case": found["case"],
            "city": found["city"],
            **nothing,
            **numbers,
            "unit": np.full(rows, self.unit, dtype=object),
            "missing": self._reasons(found, nothing, blank, np.isnan(numbers["value"])),
        }

    def _whole(self) -> np.ndarray:
        """Where a city and case is not estimated at all."""
        cities, cases = self.axes["city"], self.axes["case"]
        lacking = np.array([[(city, case) in self.missing for case in cases] for city in cities])
        return np.broadcast_to(lacking.reshape(lacking.shape + (1,) * (self.values.ndim - 2)), self.values.shape)

    def _reasons(
        self, place: Mapping[str, np.ndarray], where: Mapping[str, np.ndarray], blank: np.ndarray, empty: np.ndarray
    ) -> np.ndarray:
        """For every row what it lacks: names for a whole city and case, a sentence for one cell."""
        reasons, why = np.full(len(empty), "", dtype=object), cache(self.why)
        for row in np.flatnonzero(empty):
            city = place["city"][row]
            if blank[row]:
                reasons[row] = ", ".join(self.missing[city, place["case"][row]])
            else:
                reasons[row] = why(city, where["zone"][row], where["group"][row], where["kind"][row])
        return reasons

    def to_frame(self) -> pd.DataFrame:
        """A tidy table; raises CaminosError where pandas is not installed."""
        return frame(self.columns())

    def to_xarray(self, central: bool = False) -> xr.DataArray:
        """The draws (or central values, where there are none or `central`) with named coordinates.

        Raises CaminosError where xarray is not installed.
        """
        values, axes = self.values, dict(self.axes)
        if self.draws is not None and not central:
            values = self.draws
            axes = {"case": self.axes["case"], "draw": tuple(range(values.shape[1])), **self.axes}
        lacking = dict.fromkeys(", ".join(names) for names in self.missing.values())
        about = {"units": self.unit, "long_name": self.label, "missing": "; ".join(lacking)}
        coordinates = {axis: np.array(known) for axis, known in axes.items()}
        array: xr.DataArray = wanted("xarray").DataArray(values, coordinates, tuple(axes), self.name, about)
        return array.assign_coords(city=self.city) if self.city else array


def wanted(library: str) -> Any:
    """A library that is not a dependency; raises CaminosError with what to install."""
    try:
        return import_module(library)
    except ImportError:
        raise CaminosError(_("This needs {library}: pip install {library}", library=library)) from None


def frame(columns: Mapping[str, Any]) -> pd.DataFrame:
    """Columns as a table of pandas; years are whole numbers that may be missing."""
    made: pd.DataFrame = wanted("pandas").DataFrame(dict(columns))
    return made.astype({"year": "Int64"}) if "year" in columns else made


class Results(Mapping[str, Numbers]):
    """What was asked for, by name: of one city or of many, under one case or several.

    `parts` hold central values and `drawn` the draws, one for each stack of cities: all of them for a city `alone`,
    low, median and high for many. `model_of` gives a city's model, to say why one cell is not estimated; without it
    nothing is said. `unread` are cities that could not be read, with their errors.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        drawn: Sequence[Part] = (),
        model_of: ModelOf | None = None,
        alone: bool = False,
        unread: Mapping[str, CaminosError] | None = None,
    ):
        self._parts, self._drawn, self._alone = tuple(parts), tuple(drawn) or (None,) * len(parts), alone
        self._model_of = cache(model_of) if model_of else None
        self._found: dict[str, Numbers] = {}
        self.unread = dict(unread or {})

    @cached_property
    def cities(self) -> tuple[str, ...]:
        """Ids of the cities."""
        return tuple(city for part in self._parts for city in part.cities)

    @property
    def cases(self) -> tuple[str, ...]:
        """Names of the cases."""
        return tuple(case.name for case in self._parts[0].cases)

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts[0].results)

    def __len__(self) -> int:
        return len(self._parts[0].results)

    def __getitem__(self, name: str) -> Numbers:
        known = self._parts[0].results
        chosen = name if name in known else node_named(name, known)
        if not chosen:
            near = like(name, known)
            hint = _(" Did you mean {names}?", names=near) if near else ""
            raise UnknownError(_("There is no result called {name}.", name=repr(name)) + hint)
        if chosen not in self._found:
            found = joined(self._by_stack(chosen))
            self._found[chosen] = found.alone() if self._alone else found
        return self._found[chosen]

    def values(self, name: str | None = None) -> Any:
        """The central values of one quantity as an array; without a name, every quantity as mappings do."""
        return super().values() if name is None else self[name].values

    def __repr__(self) -> str:
        names = ", ".join(list(self)[:6]) + (", …" if len(self) > 6 else "")
        cities = self.cities[0] if len(self.cities) == 1 else _("{count} cities", count=len(self.cities))
        return f"<{cities}; {', '.join(self.cases)}; {len(self)}: {names}>"

    def to_frame(self) -> pd.DataFrame:
        """All of it as one tidy table; raises CaminosError where pandas is not installed."""
        wanted("pandas")
        each = [numbers.columns() for name in self for numbers in self._by_stack(name)]
        return frame({key: np.concatenate([columns[key] for columns in each]) for key in COLUMNS})

    def to_xarray(self, central: bool = False) -> xr.Dataset:
        """All of it as one Dataset: a place that a quantity does not have (another's kind or year) is not a number.

        Raises CaminosError where xarray is not installed.
        """
        arrays = [self[name].to_xarray(central) for name in self]
        made: xr.Dataset = wanted("xarray").merge(arrays, join="outer", compat="equals", combine_attrs="override")
        made.attrs = {"title": "Caminos", "money": "USD at prices of 2023"}
        return made

    def _by_stack(self, name: str) -> list[Numbers]:
        return [self._numbers(part, drawn, name) for part, drawn in zip(self._parts, self._drawn, strict=True)]

    def _numbers(self, part: Part, drawn: Part | None, name: str) -> Numbers:
        node, result = self._node(part, name), part.results[name]
        central = values_of(result)
        spread = values_of(drawn.results[name]) if drawn else np.full_like(central, np.nan)
        axes = self._axes(part, node, np.broadcast_shapes(central.shape, _one(spread.shape)))
        ends = low_median_high(spread) if self._alone else spread
        values, low, high = (_shaped(array, part, axes)[:, :, 0] for array in (central, ends[:, :1], ends[:, -1:]))
        draws = _shaped(spread, part, axes) if self._alone and spread.shape[DRAW] > 1 else None
        codes, reasons = codes_of(result, len(part.cities) * len(part.cases)), reasons_of(result)
        cases = tuple(case.name for case in part.cases)
        missing = {
            pair: reasons[code - 1].missing
            for pair, code in zip(product(part.cities, cases), codes.tolist(), strict=True)
            if code
        }
        named = {"city": part.cities, "case": cases, **axes}
        why = partial(self._why, name)
        return Numbers(name, node.unit, values, low, high, draws, axes=named, missing=missing, why=why)

    def _node(self, part: Part, name: str) -> Node:
        """The node of a quantity; what a city's own actions add stands in its own graph."""
        shared = library_graph().nodes
        return shared[name] if name in shared else self._model(part.cities[0]).graph.nodes[name]

    def _model(self, city: str) -> CityModel:
        if self._model_of is None:
            raise CaminosError(_("This was asked of too many cities at once: ask {city} alone.", city=city))
        return self._model_of(city)

    def _axes(self, part: Part, node: Node, shape: Sequence[int]) -> dict[str, tuple[Any, ...]]:
        """The labels along each axis on which a result varies; one that is given by year has every year."""
        years = past_years(int(part.years[0])) if node.view == "history" else part.years
        zones = tuple(zone.id for zone in self._model(part.cities[0]).city.zones) if shape[ZONE] > 1 else ()
        known: dict[int, tuple[Any, ...]] = {
            YEAR: tuple(int(year) for year in years),
            ZONE: zones,
            GROUP: QUINTILES,
            KIND: labels(node.classification),
        }
        return {AXES[axis]: known[axis] for axis in known if shape[axis] > 1 or (axis == YEAR and "year" in node.dims)}

    def _why(self, name: str, city: str, zone: str, group: str, kind: str) -> str:
        if self._model_of is None:
            return _("not estimated here: ask the city alone for the reason")
        model = self._model(city)
        return why_missing(model, model.graph.nodes[name], zone, group, kind)


def _one(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (*shape[:DRAW], 1, *shape[DRAW + 1 :])


def _shaped(array: np.ndarray, part: Part, axes: Mapping[str, Sequence[Any]]) -> np.ndarray:
    """An array as [city, case, draw, then each of `axes`]."""
    cities, cases = len(part.cities), len(part.cases)
    wide = [len(axes.get(axis, "1")) for axis in AXES[YEAR:]]
    whole = np.broadcast_to(array, (cities * cases, array.shape[DRAW], *wide))
    kept = [size for size, axis in zip(wide, AXES[YEAR:], strict=True) if axis in axes]
    return whole.reshape(cities, cases, array.shape[DRAW], *kept)


def joined(parts: Sequence[Numbers]) -> Numbers:
    """The numbers of several stacks side by side; a place that a city does not have is not a number."""
    if len(parts) == 1:
        return parts[0]
    axes: dict[str, tuple[Any, ...]] = {}
    for axis in ("city", *AXES):
        known = dict.fromkeys(place for part in parts for place in part.axes.get(axis, ()))
        if known:
            axes[axis] = tuple(sorted(known)) if axis == "year" else tuple(known)
    at = {axis: {label: place for place, label in enumerate(known)} for axis, known in axes.items()}

    def side_by_side(arrays: Sequence[np.ndarray]) -> np.ndarray:
        whole = np.full([len(known) for known in axes.values()], np.nan)
        for part, array in zip(parts, arrays, strict=True):
            places = [[at[axis][label] for label in part.axes.get(axis, known)] for axis, known in axes.items()]
            missing = tuple(place for place, axis in enumerate(axes) if axis not in part.axes)
            whole[np.ix_(*places)] = np.expand_dims(array, missing)
        return whole

    missing = {pair: names for part in parts for pair, names in part.missing.items()}
    values, low, high = (side_by_side([getattr(part, what) for part in parts]) for what in ("values", "low", "high"))
    return Numbers(parts[0].name, parts[0].unit, values, low, high, None, axes=axes, missing=missing, why=parts[0].why)
