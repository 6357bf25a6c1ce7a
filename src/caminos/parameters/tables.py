"""Literature values: one row is one number with unit, range, source and quality.

Which row holds for a city: those whose setting fits (climate, set of warming potentials), then the
most specific region in the city's chain, then the newest year. No two rows may be equal in all of these.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from caminos.model.axes import GROUP, KIND, labels
from caminos.model.indicator import Source
from caminos.model.units import factor
from caminos.model.values import Input, Record
from caminos.parameters.money import in_dollars
from caminos.problems import CaminosError

OTHER_TABLES = ("money.csv", "errors.csv", "error_families.csv", "families.csv")  # of this folder
ROUNDING = 0.02  # a composition within this of one is one


class ParameterError(CaminosError):
    """A parameter table that is not well formed."""


@dataclass(frozen=True)
class Row:
    """One number of the literature."""

    name: str
    classification: str
    kind: str
    setting: str
    region: str
    year: int
    value: float
    low: float
    high: float
    unit: str
    distribution: str
    source: str
    quality: str
    note: str
    place: str


@cache
def rows() -> dict[str, tuple[Row, ...]]:
    """All rows by parameter name, from every table of this folder."""
    found: dict[str, list[Row]] = {}
    folder = files("caminos.parameters")
    for table in sorted(item.name for item in folder.iterdir() if item.name.endswith(".csv")):
        if table in OTHER_TABLES:
            continue
        for line, given in enumerate(
            csv.DictReader(folder.joinpath(table).read_text(encoding="utf-8").splitlines()), 2
        ):
            row = _row(given, f"{table}:{line}")
            found.setdefault(row.name, []).append(row)
            _check_alike(row, found[row.name][0])
    return {name: tuple(group) for name, group in found.items()}


def _check_alike(row: Row, first: Row) -> None:
    """All rows of a parameter share unit and classification, so that any of them can speak for it."""
    if (row.unit, row.classification) != (first.unit, first.classification):
        raise ParameterError(f"{row.place} and {first.place}: {row.name} has two units or two classifications")


def _row(given: Mapping[str, str], place: str) -> Row:
    unit, scale = in_dollars(given["unit"], int(given["year"] or 0))
    try:
        value = float(given["value"])
        low, high = float(given["low"] or value), float(given["high"] or value)
    except ValueError:
        raise ParameterError(f"{place}: {given['name']}: value, low and high must be numbers") from None
    if not low <= value <= high:
        raise ParameterError(f"{place}: {given['name']}: low {low} <= value {value} <= high {high} does not hold")
    texts = ("name", "classification", "kind", "setting", "region", "source", "quality", "note")
    numbers: dict[str, Any] = {
        "value": value * scale,
        "low": low * scale,
        "high": high * scale,
        "year": int(given["year"] or 0),
    }
    distribution = given["distribution"] or "triangular"
    plain: dict[str, Any] = {column: given[column] for column in texts}
    return Row(**plain, **numbers, unit=unit, distribution=distribution, place=place)


def _fits(row: Row, settings: Mapping[str, str]) -> bool:
    return all(
        settings.get(key.strip()) == wanted.strip()
        for key, _, wanted in (part.partition("=") for part in row.setting.split(";") if part)
    )


def choose(candidates: Iterable[Row], region: tuple[str, ...], settings: Mapping[str, str]) -> Row | None:
    """The row that holds for a city: setting, then the narrowest region, then the newest year."""
    chain = {name: place for place, name in enumerate(region)}
    fitting = [row for row in candidates if row.region in chain and _fits(row, settings)]
    if not fitting:
        return None
    fitting.sort(key=lambda row: (chain[row.region], -row.year))
    if len(fitting) > 1 and (fitting[0].region, fitting[0].year) == (fitting[1].region, fitting[1].year):
        raise ParameterError(f"{fitting[0].place} and {fitting[1].place}: two rows for {fitting[0].name} hold equally")
    return fitting[0]


def source_node(name: str) -> Source:
    """The node of a parameter, from its first row."""
    first = rows()[name][0]
    grouped = first.classification == "quintile"
    dims = ("group",) if grouped else ("kind",) if first.classification else ()
    classification = "" if grouped else first.classification
    return Source(name, first.unit, "parameter", dims, classification, first.note)


def parameter_input(name: str, region: tuple[str, ...], settings: Mapping[str, str]) -> Input | None:
    """A parameter's values for a city; None if no row holds for it. Cities alike in what its rows tell apart share them."""
    regions, keys = _tells_apart(name)
    chain = tuple(item for item in region if item in regions)
    return _parameter_input(name, chain, tuple((key, settings[key]) for key in keys if key in settings))


@cache
def _tells_apart(name: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """The regions and the settings that the rows of a parameter name."""
    parts = [part for row in rows()[name] for part in row.setting.split(";") if part]
    keys = sorted({part.partition("=")[0].strip() for part in parts})
    return frozenset(row.region for row in rows()[name]), tuple(keys)


@cache
def _parameter_input(name: str, region: tuple[str, ...], chosen: tuple[tuple[str, str], ...]) -> Input | None:
    settings = dict(chosen)
    group = rows()[name]
    node = source_node(name)
    kinds = labels(group[0].classification) or ("",)
    shape = [1] * 6
    grouped = group[0].classification == "quintile"
    shape[GROUP if grouped else KIND] = len(kinds)
    central, low, high = (np.full(len(kinds), np.nan) for _ in range(3))
    records = []
    for place, kind in enumerate(kinds):
        row = choose([row for row in group if row.kind == kind], region, settings)
        if row is None:
            continue
        scale = factor(row.unit, node.unit)
        central[place], low[place], high[place] = row.value * scale, row.low * scale, row.high * scale
        records.append(
            Record(
                value=central[place],
                unit=node.unit,
                low=low[place],
                high=high[place],
                source=row.source,
                quality=row.quality,
                date=str(row.year or ""),
                note=row.note,
                distribution=row.distribution,
                row=row.place,
                **{"group" if grouped else "kind": kind},
            )
        )
    if not records:
        return None
    distribution = next((r.distribution for r in records if r.distribution != "fixed"), "fixed")
    if distribution == "dirichlet":  # published shares are rounded; as a whole they are one
        whole = np.nansum(central) if abs(np.nansum(central) - 1) < ROUNDING else 1.0
        central, low, high = central / whole, low / whole, high / whole
    central, low, high = (array.reshape(shape) for array in (central, low, high))
    return Input(name, node.unit, central, low, high, distribution, tuple(records))
