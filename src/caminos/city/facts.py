"""The facts of a city: tidy tables, read row by row with every fault named."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from math import nan
from pathlib import Path
from typing import Any

from caminos.city.places import countries
from caminos.city.tables import Row, read_number, read_table
from caminos.city.vocabulary import Term, terms, vocabulary
from caminos.city.zones import ZONES, Zone
from caminos.i18n import _
from caminos.model.axes import QUINTILES
from caminos.model.units import UnitError, dimensions, factor
from caminos.parameters.money import MoneyError, currencies, in_dollars
from caminos.problems import ERROR, WARNING, Problem, nearest

FACTS = "facts.csv"
MORE_FACTS = "facts-*.csv"  # same columns, in files of their own because their licence asks for it
FACT_COLUMNS = (
    "name",
    "zone",
    "group",
    "kind",
    "year",
    "value",
    "unit",
    "low",
    "high",
    "source",
    "quality",
    "retrieved",
    "licence",
    "note",
)
QUALITIES = ("A", "B", "C")
NO_PEOPLE = "population"  # where a column stands else: no row of the tables gives it
NOTATION = {
    "NO": "not occurring",
    "NE": "not estimated",
    "IE": "included elsewhere",
    "C": "confidential",
}
FIRST_YEAR, LAST_YEAR = 1900, 2100
_PROJECTION = re.compile(r"proje[cç]|proyecci|projet|forecast|scenario|escenario|cenário", re.IGNORECASE)
UNIT = re.compile(r"[^\W_*][\w %/.°²³µμ$-]{0,60}|%|/yr")  # no arithmetic
_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")


DEFAULT = "default:"  # what the note of a default begins with


@dataclass(frozen=True)
class Fact:
    """One figure about a city, in the vocabulary's unit; `row` is its line in `file`.

    `value` is nan when notation is NE or C, and 0.0 when it is NO or IE.
    """

    name: str
    zone: str
    group: str
    kind: str
    year: int
    value: float
    unit: str
    low: float | None
    high: float | None
    source: str
    quality: str
    retrieved: str
    licence: str
    note: str
    notation: str
    row: int
    given_unit: str
    given_value: str
    file: str

    @property
    def default(self) -> bool:
        """Whether the figure was made from those of other places, and is not the city's own."""
        return self.note.startswith(DEFAULT)


@dataclass(frozen=True)
class _Finding:
    """A fault of one field, before file and line are known."""

    column: str
    message: str
    fix: str
    severity: str = ERROR


def newest(facts: Iterable[Fact]) -> list[Fact]:
    """For each name, zone, group and kind, the fact of the latest year that is not in the future."""
    today = date.today().year
    found: dict[tuple[str, str, str, str], Fact] = {}
    for fact in facts:
        key = (fact.name, fact.zone, fact.group, fact.kind)
        if fact.year <= today and (key not in found or fact.year > found[key].year):
            found[key] = fact
    return list(found.values())


@cache
def _known_scale(name: str, unit: str, year: int) -> float:
    scale, findings = _scale(unit, vocabulary()[name], year, False)
    assert scale is not None, findings
    return scale


def known_fact(row: Mapping[str, Any], line: int, file: str = FACTS) -> Fact:
    """The fact of a row that needs no checking because it was made, not typed; the same as reading it."""
    value = str(row["value"])
    notation = value if value in NOTATION else ""
    scale = _known_scale(row["name"], row["unit"], row["year"])
    known = nan if notation in ("NE", "C") else 0.0 if notation else float(value) * scale
    return Fact(
        name=row["name"],
        zone=row["zone"],
        group=row["group"],
        kind=row["kind"],
        year=row["year"],
        value=known,
        unit=vocabulary()[row["name"]].unit,
        low=float(row["low"]) * scale if row["low"] else None,
        high=float(row["high"]) * scale if row["high"] else None,
        source=row["source"],
        quality=row["quality"],
        retrieved=row["retrieved"],
        licence=row["licence"],
        note=row["note"],
        notation=notation,
        row=line,
        given_unit=row["unit"],
        given_value=value,
        file=file,
    )


def fact_files(folder: Path) -> list[Path]:
    """The tables of facts that a city has: facts.csv, then any facts-*.csv beside it."""
    main = folder / FACTS
    return [*([main] if main.is_file() else []), *sorted(folder.glob(MORE_FACTS))]


def read_facts(
    paths: Sequence[Path], zones: Sequence[Zone], aliases: dict[str, str], zones_readable: bool = True
) -> tuple[tuple[Fact, ...], list[Problem]]:
    """Every readable fact of these files, and every fault of every row; an unreadable row is left out.

    A fact may stand once only, in whichever file. With `zones_readable` False (a faulty zone file,
    already reported) zone ids are not judged.
    """
    facts: list[Fact] = []
    problems: list[Problem] = []
    people_given = False  # or given wrongly, which is said of its row
    seen: dict[tuple[str, str, str, str, int], Fact] = {}
    known = {zone.id: zone for zone in zones}
    for path in paths:
        rows, found = read_table(path, FACT_COLUMNS)
        problems += found
        if any(problem.column in FACT_COLUMNS and problem.row == 1 for problem in found):
            people_given = True
            continue  # columns are missing: every row would be reported for the same cause
        for row in rows:
            fact, findings = _read_fact(path.name, row, known, aliases, zones_readable)
            if fact:
                key = (fact.name, fact.zone, fact.group, fact.kind, fact.year)
                if key in seen:
                    findings.append(_repeated(fact, seen[key]))
                else:
                    seen[key] = fact
                    facts.append(fact)
            people_given |= row.fields["name"] == "population" and (fact is None or bool(fact.zone) or fact.value > 0)
            problems += [
                Problem(each.severity, path.name, row.line, each.column, each.message, each.fix) for each in findings
            ]
    if not people_given and any(path.name == FACTS for path in paths):
        fix = _("Nothing can be said of a city without its people: add a row named population.")
        problems.append(Problem(ERROR, FACTS, None, NO_PEOPLE, _("The population is missing."), fix))
    return tuple(facts), problems


def _repeated(fact: Fact, first: Fact) -> _Finding:
    fix = _("Keep one; what differs goes into low, high and note.")
    if fact.file == first.file:
        message = _("{name} of {year} stands already in line {line}.", name=fact.name, year=fact.year, line=first.row)
    else:
        message = _(
            "{name} of {year} stands already in {file}, line {line}.",
            name=fact.name,
            year=fact.year,
            file=first.file,
            line=first.row,
        )
    return _Finding("name", message, fix)


def _read_fact(
    file: str, row: Row, zones: dict[str, Zone], aliases: dict[str, str], zones_readable: bool
) -> tuple[Fact | None, list[_Finding]]:
    fields = row.fields
    term = terms().get(fields["name"])
    findings = _name_findings(fields["name"]) if term is None else []
    zone, found = _zone(fields["zone"], term, zones, aliases, zones_readable)
    findings += found
    findings += _label_findings(fields, term)
    year, found = _year(fields)
    findings += found
    given, notation, found = _value(fields)
    findings += found
    scale, found = _scale(fields["unit"], term, year, bool(notation))
    findings += found
    low, found = _bound("low", fields["low"])
    findings += found
    high, found = _bound("high", fields["high"])
    findings += found
    findings += _range_findings(fields, given, low, high, notation)
    findings += _source_findings(fields)
    if term is None or year is None or given is None or scale is None:
        return None, findings
    value = given * scale
    if not notation:
        findings += _limit_findings(term, value, fields["unit"])
    fact = Fact(
        name=term.name,
        zone=zone,
        group=fields["group"],
        kind=fields["kind"],
        year=year,
        value=value,
        unit=term.unit,
        low=None if low is None else low * scale,
        high=None if high is None else high * scale,
        source=fields["source"],
        quality=fields["quality"],
        retrieved=fields["retrieved"],
        licence=fields["licence"],
        note=fields["note"],
        notation=notation,
        row=row.line,
        given_unit=fields["unit"],
        given_value=fields["value"],
        file=file,
    )
    return (None if any(found.severity == ERROR for found in findings) else fact), findings


def _name_findings(name: str) -> list[_Finding]:
    if not name:
        return [_Finding("name", _("The name is empty."), _("Every row says what it is about."))]
    near = nearest(name, terms())
    fix = _("Did you mean {near}?", near=near) if near else _("The names allowed stand in city/vocabulary.csv.")
    return [_Finding("name", _("{name} is not a known name.", name=repr(name)), fix)]


def _zone(
    given: str, term: Term | None, zones: dict[str, Zone], aliases: dict[str, str], zones_readable: bool
) -> tuple[str, list[_Finding]]:
    """The zone's id, found directly or through the alias table."""
    if not given:
        return "", []
    if term and "zone" not in term.dims:
        message = _("{name} is known for the whole city only, not by zone.", name=term.name)
        return "", [_Finding("zone", message, _("Leave zone empty."))]
    zone = aliases.get(given, given)
    if zone in zones or not zones_readable:
        return zone, []
    if not zones:
        message = _("Zone {zone} cannot be placed: there is no {file}.", zone=repr(given), file=ZONES)
        return "", [_Finding("zone", message, _("Add the map of zones, or leave zone empty."))]
    by_name = {other.name: other.id for other in zones.values()}
    near = nearest(given, [*by_name, *aliases, *zones])
    message = _("Zone {zone} is neither in {file} nor in aliases.csv.", zone=repr(given), file=ZONES)
    if near:
        return "", [_Finding("zone", message, _("Nearest: {near}. Use its id or add an alias.", near=near))]
    return "", [_Finding("zone", message, _("Use the id of a zone there or add an alias."))]


def _label_findings(fields: dict[str, str], term: Term | None) -> list[_Finding]:
    """Whether group and kind are allowed under the name, and are labels of its classification."""
    if term is None:
        return []
    findings = []
    group, kind = fields["group"], fields["kind"]
    if group and "group" not in term.dims:
        message = _("{name} is not known by income group.", name=term.name)
        findings.append(_Finding("group", message, _("Leave group empty.")))
    elif group and group not in QUINTILES:
        message = _("{label} is not an income group.", label=repr(group))
        findings.append(_Finding("group", message, _("One of: {known}.", known=", ".join(QUINTILES))))
    if kind and "kind" not in term.dims:
        message = _("{name} has no kinds.", name=term.name)
        findings.append(_Finding("kind", message, _("Leave kind empty.")))
    elif kind and term.kinds and kind not in term.kinds:
        near = nearest(kind, term.kinds)
        message = _("{label} is not a kind of {name}.", label=repr(kind), name=term.name)
        fix = _("Did you mean {near}?", near=near) if near else _("One of: {known}.", known=", ".join(term.kinds))
        findings.append(_Finding("kind", message, fix))
    elif not kind and term.kinds and not term.parameter:
        message = _("{name} needs a kind.", name=term.name)
        findings.append(_Finding("kind", message, _("One of: {known}.", known=", ".join(term.kinds))))
    return findings


def _year(fields: dict[str, str]) -> tuple[int | None, list[_Finding]]:
    text = fields["year"]
    if not re.fullmatch(r"-?[0-9]{1,6}", text):
        message = _("{given} is not a year.", given=repr(text))
        return None, [_Finding("year", message, _("Write the year of observation in four digits."))]
    year, today = int(text), date.today().year
    if not FIRST_YEAR <= year <= LAST_YEAR:
        message = _("The year {year} is outside {first} to {last}.", year=year, first=FIRST_YEAR, last=LAST_YEAR)
        return None, [_Finding("year", message, _("Write the year of observation in four digits."))]
    if year > today and not _PROJECTION.search(fields["note"]):
        message = _("The year {year} lies in the future.", year=year)
        fix = _('If it is a projection, say so in note ("projection: …"); else correct the year.')
        return None, [_Finding("year", message, fix)]
    return year, []


def _value(fields: dict[str, str]) -> tuple[float | None, str, list[_Finding]]:
    """The number as given, or the notation key that stands for it."""
    text = fields["value"]
    if text in NOTATION:
        findings = []
        if not fields["note"]:
            message = _("{key} has no reason.", key=text)
            fix = _("Say in note why; for IE say where it is included.")
            findings.append(_Finding("note", message, fix, WARNING))
        return (0.0 if text in ("NO", "IE") else nan), text, findings
    if not text:
        fix = _("Write NE (not estimated) with the reason in note; 0 only for a true zero.")
        return None, "", [_Finding("value", _("The value is empty."), fix)]
    if re.fullmatch(r"[A-Za-z]{1,3}", text) and text.casefold() not in ("nan", "inf"):
        message = _("{given} is not a GPC notation key.", given=repr(text))
        fix = _("Keys are NO (not occurring), NE (not estimated), IE (included elsewhere), C (confidential).")
        return None, "", [_Finding("value", message, fix)]
    number, wrong, fix = read_number(text)
    return number, "", [] if number is not None else [_Finding("value", wrong, fix)]


@cache
def _spellings() -> dict[str, str]:
    text = files("caminos.city").joinpath("unit_spellings.csv").read_text(encoding="utf-8")
    return {row["written"]: row["meant"] for row in csv.DictReader(text.splitlines())}


def _scale(given: str, term: Term | None, year: int | None, notation: bool) -> tuple[float | None, list[_Finding]]:
    """Factor from the unit given to the vocabulary's unit."""
    if term is None:
        return None, []
    if not given:
        if notation:
            return 1.0, []
        message = _("The unit is missing.")
        return None, [_Finding("unit", message, _("{name} is in {unit}.", name=term.name, unit=term.unit))]
    if given == term.unit and "USD" not in given:
        return 1.0, []
    if not UNIT.fullmatch(given):
        return None, [_unit_finding(given, "?", term)]
    try:
        plain, money = in_dollars(given, year or date.today().year)
    except MoneyError as error:
        fix = _("Give it in a listed currency and year, e.g. USD2023.")
        return None, [] if year is None else [_Finding("unit", str(error), fix)]
    try:
        return factor(plain, term.unit) * money, []
    except UnitError:
        return None, [_unit_finding(given, plain, term)]


def _unit_finding(given: str, plain: str, term: Term) -> _Finding:
    """What is wrong with a unit: unknown, a currency without rates, or of another dimension."""
    wanted = _("{name} is in {unit}.", name=term.name, unit=term.unit)
    try:
        dimensions(plain)
    except UnitError:
        strange = set(re.findall(r"[A-Z]{3}", plain)) & (
            {country.currency for country in countries().values()} - {"USD"}
        )
        if strange:
            message = _(
                "There are no exchange rates for {currency}; known: {known}.",
                currency=", ".join(strange),
                known=", ".join(currencies()),
            )
            return _Finding("unit", message, _("Give it in a listed currency and year, e.g. USD2023."))
        known = [term.unit, *_spellings().values(), *(other.unit for other in vocabulary().values())]
        meant = _spellings().get(given) or nearest(given, known)
        message = _("The unit {unit} is not known.", unit=repr(given))
        fix = f"{_('Did you mean {near}?', near=meant)} {wanted}" if meant else wanted
        return _Finding("unit", message, fix)
    message = _("The unit {unit} does not fit {name}.", unit=repr(given), name=term.name)
    return _Finding("unit", message, _("It must be convertible to {unit}.", unit=term.unit))


def _bound(column: str, text: str) -> tuple[float | None, list[_Finding]]:
    if not text:
        return None, []
    number, wrong, fix = read_number(text)
    return number, [] if number is not None else [_Finding(column, wrong, fix)]


def _range_findings(
    fields: dict[str, str], value: float | None, low: float | None, high: float | None, notation: str
) -> list[_Finding]:
    findings = []
    if low is not None and high is not None and low > high:
        message = _("low {low} is above high {high}.", low=fields["low"], high=fields["high"])
        findings.append(_Finding("low", message, _("Swap them.")))
    elif value is not None and not notation:
        if low is not None and value < low:
            message = _("The value {value} is below low {low}.", value=fields["value"], low=fields["low"])
            findings.append(_Finding("low", message, _("The range must hold the value.")))
        if high is not None and value > high:
            message = _("The value {value} is above high {high}.", value=fields["value"], high=fields["high"])
            findings.append(_Finding("high", message, _("The range must hold the value.")))
    if fields["quality"] == "C" and not notation and (low is None or high is None):
        message = _("Quality C (recalled or assumed) without a range.")
        findings.append(_Finding("low" if low is None else "high", message, _("Give low and high.")))
    return findings


def _source_findings(fields: dict[str, str]) -> list[_Finding]:
    findings = []
    if not fields["source"]:
        fix = _("Say who published it, where and when; for an assumption say whose it is.")
        findings.append(_Finding("source", _("The source is missing."), fix))
    if fields["quality"] not in QUALITIES:
        message = _("The quality {quality} is not A, B or C.", quality=repr(fields["quality"]))
        fix = _("A seen in the source, B secondary or computed, C recalled or assumed.")
        findings.append(_Finding("quality", message, fix))
    retrieved = fields["retrieved"]
    if retrieved and not _DATE.fullmatch(retrieved):
        message = _("{given} is not a date.", given=repr(retrieved))
        findings.append(_Finding("retrieved", message, _("Write it as 2026-03-31."), WARNING))
    return findings


def _limit_findings(term: Term, value: float, given_unit: str) -> list[_Finding]:
    """Values that the vocabulary rules out."""
    if term.minimum <= value <= term.maximum:
        return []
    message = _(
        "{value} {unit} is outside what {name} can be ({minimum} to {maximum}).",
        value=f"{value:.6g}",
        unit=term.unit,
        name=term.name,
        minimum=f"{term.minimum:g}",
        maximum=f"{term.maximum:g}",
    )
    if value < 0 <= term.minimum:
        fix = _("It cannot be negative.")
    elif term.maximum == 1 and 1 < value <= 100:
        fix = _(
            "A share lies between 0 and 1: was percent meant? Write {share} or the unit percent.",
            share=f"{value / 100:g}",
        )
    elif value > 0 and 100 < value / term.maximum <= 1e4:
        fix = _("About 1000 times too large: is the unit {unit} right?", unit=repr(given_unit))
    else:
        fix = _("Check number and unit {unit}.", unit=repr(given_unit))
    return [_Finding("value", message, fix)]
