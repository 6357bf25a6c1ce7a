"""Numbers that are well formed and yet cannot be right: shares that do not add up, kg given for t.

The limits stand in plausible.csv (values per person and per activity) and share_sums.csv; the usual
value of the country, where there is one, comes from countries.csv.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from math import sqrt

from caminos.city.facts import Fact, newest
from caminos.city.national import national
from caminos.city.vocabulary import vocabulary
from caminos.i18n import _, number
from caminos.model.units import factor
from caminos.parameters.money import in_dollars
from caminos.problems import ERROR, WARNING, Problem

SUM_ERROR, SUM_WARNING = 0.05, 0.015  # how far from 1 shares may sum: rounding, then a mistake
FAR = 30  # beyond the limits by more than this factor a value is a mistake and not a peculiarity
NATIONAL_FACTOR = 20  # how many times the national value is suspicious
ZONE_SUMS = {"person": (0.7, 1.15), "household": (0.7, 1.15), "km2": (0.9, 1.1)}
RELATED_UNITS = (
    ("g", "kg", "t", "kt", "Mt"),
    ("kWh", "MWh", "GWh", "TWh"),
    ("MJ", "GJ", "TJ", "PJ"),
    ("m2", "ha", "km2"),
    ("L", "m3", "ML"),
    ("kW", "MW", "GW"),
)


@dataclass(frozen=True)
class Limit:
    """The range in which (name + over) / divisor can lie, in `unit`."""

    name: str
    over: tuple[str, ...]
    divisor: str
    unit: str
    low: float
    high: float
    national: str
    meaning: str


def _read(name: str) -> Iterable[dict[str, str]]:
    return csv.DictReader(files("caminos.city").joinpath(name).read_text(encoding="utf-8").splitlines())


@cache
def limits() -> tuple[Limit, ...]:
    """All limits of plausible.csv."""
    return tuple(
        Limit(
            row["name"],
            tuple(row["over"].split()),
            row["divisor"],
            row["unit"],
            float(row["low"]),
            float(row["high"]),
            row["national"],
            row["meaning"],
        )
        for row in _read("plausible.csv")
    )


def implausible(facts: Sequence[Fact], country: str) -> list[Problem]:
    """Every problem of a city's facts taken together."""
    return [*unequal_sums(facts), *unusual_values(facts, country), *zone_sums(facts)]


def by_kind(facts: Iterable[Fact], name: str) -> list[Fact]:
    """The newest facts of that name for the whole city, one a kind."""
    return newest(fact for fact in facts if fact.name == name and not fact.zone and not fact.group)


def total(facts: Sequence[Fact], name: str) -> tuple[float | None, list[Fact]]:
    """Sum over the newest facts of all kinds, and these; None if a part is not estimated."""
    found = by_kind(facts, name)
    value = sum(fact.value for fact in found)
    return (value if found and value == value else None), found


def unequal_sums(facts: Sequence[Fact]) -> list[Problem]:
    """Shares of one whole that do not add up to it."""
    problems = []
    for rule in _read("share_sums.csv"):
        groups: dict[tuple[str, str, int], list[Fact]] = {}
        for fact in facts:
            if fact.name == rule["name"]:
                groups.setdefault((fact.zone, fact.group, fact.year), []).append(fact)
        for parts in groups.values():
            if found := _sum_problem(rule["name"], parts, float(rule["at_least"]), float(rule["at_most"])):
                problems.append(found)
    return problems


def _sum_problem(name: str, parts: list[Fact], at_least: float, at_most: float) -> Problem | None:
    known = [fact for fact in parts if fact.value == fact.value]
    complete = len(known) == len(parts) and {fact.kind for fact in known} >= set(vocabulary()[name].kinds)
    value = sum(fact.value for fact in known)
    excess = max(value - at_most, at_least - value if known else 0.0)
    if excess <= SUM_WARNING:
        return None
    short = value < at_least
    message = _("The shares of {name} in {year} add up to {sum}.", name=name, year=parts[0].year, sum=number(value))
    if short and not complete:
        missing = sorted(set(vocabulary()[name].kinds) - {fact.kind for fact in known})
        fix = _("They should make up 1; not given: {kinds}.", kinds=", ".join(missing))
        return Problem(WARNING, parts[0].file, parts[0].row, "value", message, fix)
    fix = _("They must add up to 1: correct them or scale them.") if at_least else _("They cannot exceed 1 together.")
    severity = ERROR if excess > SUM_ERROR else WARNING
    return Problem(severity, parts[0].file, parts[0].row, "value", message, fix)


def unusual_values(facts: Sequence[Fact], country: str) -> list[Problem]:
    """Values per person and per activity that are outside what any city has, or far from the country's."""
    problems = []
    for limit in limits():
        above, numerator = total(facts, limit.name)
        below, denominator = total(facts, limit.divisor)
        if above is None or not below or not above:
            continue
        for name in limit.over:
            above += total(facts, name)[0] or 0.0
        scale = factor(f"{_unit(limit.name)}/({_unit(limit.divisor)})", limit.unit)
        if found := _unusual(limit, above / below * scale, numerator, denominator, country):
            problems.append(found)
    return problems


def _unit(name: str) -> str:
    return vocabulary()[name].unit


def _unusual(
    limit: Limit, value: float, numerator: list[Fact], denominator: list[Fact], country: str
) -> Problem | None:
    usual = national(country).get((limit.national, "")) if limit.national else None
    usual_value = usual.value * _to(limit.unit, usual.unit) if usual else None
    low, high = limit.low, limit.high
    if usual_value:
        low = min(max(low, usual_value / NATIONAL_FACTOR), usual_value / 3)
        high = max(min(high, usual_value * NATIONAL_FACTOR), usual_value * 3)
    if low <= value <= high:
        return None
    middle = usual_value or (sqrt(low * high) if low > 0 else high / 2)
    largest = max(numerator, key=lambda fact: fact.value)
    message = _(
        "{meaning}: {value} {unit} ({name} over {divisor}) is outside {low} to {high}.",
        meaning=_(limit.meaning),
        value=number(value),
        unit=limit.unit,
        name=limit.name,
        divisor=limit.divisor,
        low=number(low),
        high=number(high),
    )
    if usual_value:
        message += " " + _("The country has {value}.", value=number(usual_value))
    if limit.unit == "share":
        fix = _(
            "A part cannot be larger than the whole: {name} is in line {row}, {divisor} in line {other}.",
            name=limit.name,
            row=largest.row,
            divisor=limit.divisor,
            other=_line(denominator[0], largest.file),
        )
        return Problem(ERROR if value > 1.05 else WARNING, largest.file, largest.row, "value", message, fix)
    fix = _times(value / middle) + " " + _meant(value / middle, largest)
    far = value > high * FAR or value < low / FAR
    return Problem(ERROR if far else WARNING, largest.file, largest.row, "value", message, fix.strip())


def _line(fact: Fact, file: str) -> str:
    """Where a fact stands, for someone who looks at `file`."""
    return str(fact.row) if fact.file == file else f"{fact.row} ({fact.file})"


def _to(target: str, source: str) -> float:
    plain, money = in_dollars(source, date.today().year)
    return factor(plain, target) * money


def _times(ratio: float) -> str:
    if ratio >= 1:
        return _("About {ratio} times the usual.", ratio=number(ratio, 2))
    return _("About {ratio} times less than usual.", ratio=number(1 / ratio, 2))


def _meant(ratio: float, fact: Fact) -> str:
    """Which unit would make the value usual: "was kg meant?"."""
    given, _slash, rest = fact.given_unit.partition("/")
    word, _blank, substance = given.partition(" ")
    for family in RELATED_UNITS:
        if word in family:
            for other in family:
                if other != word and 0.2 < ratio * factor(other, word) < 5:
                    unit = " ".join(filter(None, (other, substance))) + (f"/{rest}" if rest else "")
                    return _("Was {unit} meant?", unit=unit)
    if 300 < ratio < 3000 or 300 < 1 / ratio < 3000:
        return _("Were thousands meant, or written out?")
    return _("Check the number, its unit {unit} and its year.", unit=repr(fact.given_unit))


def zone_sums(facts: Sequence[Fact]) -> list[Problem]:
    """Counts by zone whose sum is far from the city's own figure of the same year."""
    problems = []
    for name, term in vocabulary().items():
        if "zone" not in term.dims or term.unit not in ZONE_SUMS:
            continue
        low, high = ZONE_SUMS[term.unit]
        for city in (fact for fact in facts if fact.name == name and not fact.zone and fact.value > 0):
            parts = [
                fact
                for fact in facts
                if (fact.name, fact.kind, fact.year) == (name, city.kind, city.year)
                and fact.zone
                and fact.value == fact.value
            ]
            ratio = sum(fact.value for fact in parts) / city.value
            if not parts or (ratio <= high and (ratio >= low or name == "flooded_population")):
                continue
            message = _(
                "The zones' {name} of {year} add up to {share} % of the city's.",
                name=name,
                year=city.year,
                share=number(100 * ratio),
            )
            fix = _("Check whether zones are missing, counted twice or in another unit.")
            severity = ERROR if ratio > FAR or ratio < 1 / FAR else WARNING
            problems.append(Problem(severity, parts[0].file, parts[0].row, "value", message, fix))
    return problems
