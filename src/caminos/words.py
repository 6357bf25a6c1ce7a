"""Names and numbers as people read them, in the language in use: one way to write each in the whole product."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from math import inf, isfinite, isinf, isnan

from caminos.i18n import _, language, number

MILLION = 1e6
DASH, MINUS = "–", "−"
NO_BREAK = "\u00a0"
VISIBLE = 5e-4  # share below which a change is shown as about nothing
ABBREVIATIONS = {
    "pm25": "PM2.5",
    "nox": "NOx",
    "no2": "NO₂",
    "co2": "CO₂",
    "ch4": "CH₄",
    "n2o": "N₂O",
    "gdp": "GDP",
    "led": "LED",
    "gwp": "GWP",
}
ABBREVIATION = re.compile(r"\b(" + "|".join(sorted(ABBREVIATIONS)) + r")\b", re.IGNORECASE)


# names


def label(name: str) -> str:
    """`heat_deaths` as people read it: Heat deaths."""
    text = name.replace("_", " ")
    return text[:1].upper() + text[1:]


def words_of(name: str) -> str:
    """An id in words, in the language in use."""
    text = _(label(name))
    return ABBREVIATION.sub(lambda match: ABBREVIATIONS[match[0].lower()], text) if language() == "en" else text


def lower_first(text: str) -> str:
    """A name inside a sentence; abbreviations such as GDP stay as they are."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def pathway_name(pathway: str) -> str:
    """A pathway as ICLEI names it."""
    return {
        "low_emission": _("Low-emission"),
        "nature": _("Nature-based"),
        "circular": _("Circular"),
        "resilient": _("Resilient"),
        "equitable": _("Equitable and people-centred"),
    }.get(pathway, words_of(pathway) if pathway else "")


def pathway_short(pathway: str) -> str:
    """A pathway in one word, for the heads of narrow columns."""
    return {
        "low_emission": _("Emissions"),
        "nature": _("Nature"),
        "circular": _("Circular"),
        "resilient": _("Resilience"),
        "equitable": _("Equity"),
    }[pathway]


def pathway_meaning(pathway: str) -> str:
    """What a pathway is about, in a line."""
    return {
        "low_emission": _("Fewer greenhouse gases, cleaner air, less noise."),
        "nature": _("Trees, green spaces and soil that cool the city and hold its rain."),
        "circular": _("Less waste, more recovered, less water lost."),
        "resilient": _("People and homes safer from floods, heat and landslides."),
        "equitable": _("Services, health and energy within everyone's reach."),
    }[pathway]


def sector_name(sector: str) -> str:
    """A sector of the GPC inventory."""
    return {
        "stationary": _("Buildings and other stationary energy"),
        "transport": _("Transport"),
        "waste": _("Waste and wastewater"),
        "ippu": _("Industrial processes and product use"),
        "land": _("Agriculture, forestry and land"),
        "afolu": _("Agriculture, forestry and land"),
        "other": _("Other"),
    }.get(sector, words_of(sector))


def agenda_name(item: str) -> str:
    """An item of a global agenda: SDG is ODS in Spanish and Portuguese."""
    agenda, space, number_of_item = item.partition(" ")
    named = {"SDG": _("SDG"), "NUA": _("NUA")}.get(agenda, agenda)
    return named + space + number_of_item


def quintile_name(group: str) -> str:
    """An income quintile."""
    return {
        "q1": _("poorest fifth"),
        "q2": _("second fifth"),
        "q3": _("middle fifth"),
        "q4": _("fourth fifth"),
        "q5": _("richest fifth"),
    }.get(group, group)


def implementer_name(code: str) -> str:
    """Who carries an action out and pays for it."""
    return {
        "M": _("municipality"),
        "U": _("utilities"),
        "P": _("private owners and firms"),
        "T": _("transport operators"),
        "R": _("state or region"),
        "Co": _("communities"),
    }.get(code, code)


def quality_name(quality: str) -> str:
    """What a letter of the quality ladder means."""
    return {
        "A": _("seen in the source"),
        "B": _("secondary or computed"),
        "C": _("recalled or assumed"),
    }.get(quality, "")


def notation_name(notation: str) -> str:
    """A notation key of the GPC in words."""
    return {
        "NE": _("not estimated"),
        "NO": _("not occurring"),
        "IE": _("included elsewhere"),
        "C": _("confidential"),
    }.get(notation, notation)


def confidence_name(confidence: str) -> str:
    """How sure the evidence of a connection is."""
    return {"H": _("high confidence"), "M": _("medium confidence"), "L": _("low confidence")}.get(
        confidence, confidence
    )


# units


def _units() -> dict[str, str]:
    return {
        "person": _("person"),
        "household": _("household"),
        "yr": _("year"),
        "day": _("day"),
        "job": _("job"),
        "tree": _("tree"),
        "vehicle": _("vehicle"),
        "lamp": _("lamp"),
        "home": _("home"),
        "hub": _("hub"),
        "h": _("h"),
        "charger": _("charger"),
        "protein": _("protein"),
        "BOD": _("BOD"),
        "hundred_thousand_people": _("100,000 people"),
        "delta_degC": "°C",
        "degC": "°C",
        "ug": "µg",
        "CO2e": "CO₂e",
        "CO2": "CO₂",
        "CH4": "CH₄",
        "N2O": "N₂O",
        "m2": "m²",
        "m3": "m³",
        "km2": "km²",
        "share": "",
        "ratio": "",
        "index": "",
        "dimensionless": "",
    }


def _counted_units() -> dict[str, str]:
    return _units() | {
        "person": _("people"),
        "household": _("households"),
        "yr": _("years"),
        "day": _("days"),
        "job": _("jobs"),
        "tree": _("trees"),
        "vehicle": _("vehicles"),
        "lamp": _("lamps"),
        "home": _("homes"),
        "hub": _("hubs"),
        "charger": _("chargers"),
    }


def unit_name(unit: str) -> str:
    """A unit as people read it: `t CO2e/person/yr` is t CO₂e/person/year, `person/yr` is people/year."""
    above, *below = unit.split("/")
    if above == "1":
        return _("per {unit}", unit="/".join(_reworded(part, _units()) for part in below))
    parts = [_reworded(above, _counted_units()), *(_reworded(part, _units()) for part in below)]
    return "/".join(part.strip() for part in parts if part.strip()).strip()


def _reworded(text: str, known: Mapping[str, str]) -> str:
    return re.sub(r"[A-Za-z_]+\d?[A-Za-z]*", lambda match: known.get(match[0], match[0]), text)


# numbers


def percent(share: float, digits: int = 3) -> str:
    """A share as a percentage."""
    return _("{value}%", value=number(100 * share, digits).replace("-", MINUS)) if isfinite(share) else DASH


def of_draws(share: float) -> str:
    """A share of the draws."""
    return _("{share} of draws", share=percent(share))


def better_in(share: float) -> str:
    """How likely a change is for the better."""
    return _("better in {share} of draws", share=percent(share))


def signed_percent(share: float, digits: int = 2) -> str:
    """A change as a percentage with its sign; what rounds to nothing says so, and only no change at all is 0."""
    if not isfinite(share):
        return DASH
    if abs(share) < VISIBLE:
        return ("≈" if share else "") + _("{value}%", value="0")
    return ("+" if share > 0 else MINUS) + percent(abs(share), digits if abs(share) >= 0.001 else 1)


def scale_of(unit: str, values: Iterable[float]) -> tuple[float, str]:
    """The factor and the unit in which all `values` of one row are shown; a share has its sign with it."""
    if unit == "share":
        return 100.0, "%"
    if unit == "yr":
        return 1.0, ""
    largest = max((abs(value) for value in values if isfinite(value)), default=0.0)
    if largest >= MILLION:
        return 1 / MILLION, _("million {unit}", unit=unit_name(unit))
    return 1.0, unit_name(unit)


def shown(value: float, unit: str, factor: float = 1.0, digits: int = 3) -> str:
    """A number without its unit; a year of the calendar has no separators."""
    if isnan(value):
        return DASH
    if unit == "yr":
        return calendar_year(value)
    if unit == "share":
        return percent(value, digits)
    return number(value * factor, digits).replace("-", MINUS)


def calendar_year(value: float) -> str:
    """A year; one without end lies after the last that is computed."""
    return _("after 2050") if isinf(value) else str(round(value))


def amount(value: float, unit: str, digits: int = 3) -> str:
    """A number with its unit."""
    if unit == "USD":
        return dollars(value, digits)
    factor, unit_text = scale_of(unit, [value])
    text = shown(value, unit, factor, digits)
    if unit == "share" or text == DASH:
        return text
    return f"{text}{NO_BREAK}{unit_text}".strip()


def change(value: float, unit: str, digits: int = 3) -> str:
    """A difference with its sign and unit: shares in percentage points, years of the calendar in years."""
    if isnan(value):
        return DASH
    text = amount(abs(value), unit, digits)
    if unit == "share":
        text = f"{number(abs(100 * value), digits)} {points()}"
    if unit == "yr":
        text = f"{number(abs(value))} {unit_name(unit)}"
    return text if value == 0 else ("+" if value > 0 else MINUS) + text


def points() -> str:
    """The unit of a difference of shares."""
    return _("percentage points")


def signed(value: float, unit: str, factor: float = 1.0) -> str:
    """A difference with its sign, without its unit."""
    if isnan(value):
        return DASH
    plain = 100.0 if unit == "share" else factor
    text = number(abs(value) * plain)
    return text if text == "0" else ("+" if value > 0 else MINUS) + text


def span(low: float, high: float, unit: str, factor: float = 1.0) -> str:
    """A range; empty where there is none."""
    if not (isfinite(low) and (isfinite(high) or unit == "yr")):
        return ""
    ends = shown(low, unit, factor), shown(high, unit, factor)
    return "" if ends[0] == ends[1] else _("{low} to {high}", low=ends[0], high=ends[1])


def signed_span(low: float, high: float, unit: str, factor: float = 1.0) -> str:
    """The range of a difference; empty where there is none."""
    if not (isfinite(low) and isfinite(high)):
        return ""
    ends = signed(low, unit, factor), signed(high, unit, factor)
    return "" if ends[0] == ends[1] else _("{low} to {high}", low=ends[0], high=ends[1])


def ratio(value: float) -> str:
    """A quotient; what rounds to nothing is 0."""
    return shown(0.0 if abs(value) < 0.005 else value, "ratio", digits=2)


# money


def dollars(value: float, digits: int = 3) -> str:
    """US dollars of 2023, in millions from one million on."""
    return money_text(value, "USD", digits)


def money_text(value: float, currency: str, digits: int = 3) -> str:
    """A sum in one currency, in millions from one million on."""
    if not isfinite(value):
        return DASH
    if abs(value) < MILLION:
        return _("{currency} {amount}", currency=currency, amount=number(value, digits)).replace(" ", NO_BREAK)
    text = number(value / MILLION, digits)
    return _("{currency} {amount} million", currency=currency, amount=text).replace(" ", NO_BREAK)


# what is missing


def not_estimated(names: Iterable[str]) -> str:
    """Why there is no number: the names, in words, of what is missing."""
    return _("not estimated: there is no value for {names}", names=", ".join(names))


def beyond(value: float) -> float | str | None:
    """A number as JSON holds it: what is not a number is null, what has no end is `inf`."""
    if isnan(value):
        return None
    return ("inf" if value == inf else "-inf") if isinf(value) else value
