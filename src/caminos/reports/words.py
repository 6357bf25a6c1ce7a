"""Words and numbers of the report in the language in use: names, units, money, shares, ranges."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from math import isfinite, isinf, isnan

from caminos.actions.library import library
from caminos.city.places import countries
from caminos.i18n import _, language, number
from caminos.model.indicator import label
from caminos.parameters.money import PRICE_YEAR, MoneyError, to_usd

MILLION = 1e6
PREFIXES = ("base_", "zone_", "past_")
DASH, MINUS = "–", "−"
ABBREVIATIONS = {
    "pm25": "PM2.5", "nox": "NOx", "no2": "NO₂", "co2": "CO₂", "ch4": "CH₄", "n2o": "N₂O", "gdp": "GDP", "led": "LED",
    "gwp": "GWP",
}  # fmt: skip
ABBREVIATION = re.compile(r"\b(" + "|".join(sorted(ABBREVIATIONS)) + r")\b", re.IGNORECASE)
ACTION_QUANTITY = re.compile(r"(\w+?)_(cost|operating_cost|lifetime|lead_time)")
NO_BREAK = "\u00a0"
VISIBLE = 5e-4  # share below which a change is shown as about nothing


def pathway_name(pathway: str) -> str:
    """A pathway as ICLEI names it."""
    return {
        "low_emission": _("Low-emission"),
        "nature": _("Nature-based"),
        "circular": _("Circular"),
        "resilient": _("Resilient"),
        "equitable": _("Equitable and people-centred"),
    }[pathway]


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
        "other": _("Other"),
    }.get(sector, _(label(sector)))


def agenda_name(item: str) -> str:
    """An item of a global agenda: SDG is ODS in Spanish and Portuguese."""
    agenda, space, number_of_item = item.partition(" ")
    named = {"SDG": _("SDG"), "NUA": _("NUA")}.get(agenda, agenda)
    return named + space + number_of_item


def country_name(country: str) -> str:
    """A country by its ISO code of three letters; the code itself where it is not known."""
    found = countries().get(country)
    return getattr(found, {"es": "name_es", "pt": "name_pt"}.get(language(), "name"), country)


def quintile_name(group: str) -> str:
    """An income quintile."""
    return {
        "q1": _("poorest fifth"),
        "q2": _("second fifth"),
        "q3": _("middle fifth"),
        "q4": _("fourth fifth"),
        "q5": _("richest fifth"),
    }[group]


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


def bare(name: str) -> str:
    """A node's name without the prefix by which it enters the graph."""
    for prefix in PREFIXES:
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return name


def name_of(name: str) -> str:
    """A node as people read it; sizes, costs and times of actions carry the action's name."""
    for prefix in ("size_of_", "adoption_of_"):
        if name.startswith(prefix):
            named = action_name(name.removeprefix(prefix))
            return _("{action}: size", action=named) if prefix == "size_of_" else named
    if (found := ACTION_QUANTITY.fullmatch(name)) and found[1] in _action_names():
        return f"{action_name(found[1])}: {_quantity(found[2])}"
    text = _(label(bare(name)))
    return ABBREVIATION.sub(lambda match: ABBREVIATIONS[match[0].lower()], text) if language() == "en" else text


def action_name(action: str) -> str:
    """An action of the library by its id; an action of the city's own by its id in words."""
    return _(_action_names().get(action, label(action)))


@cache
def _action_names() -> dict[str, str]:
    return {action.id: action.name for action in library()}


def _quantity(suffix: str) -> str:
    return {
        "cost": _("cost"), "operating_cost": _("operating cost"), "lifetime": _("lifetime"), "lead_time": _("lead time"),
    }[suffix]  # fmt: skip


def names_of(names: Iterable[str]) -> str:
    """Several nodes in one line, in order and once each."""
    return ", ".join(dict.fromkeys(_lower_first(name_of(name)) for name in names))


def _lower_first(text: str) -> str:
    """A name inside a sentence; abbreviations such as GDP stay as they are."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


# units


def _units() -> dict[str, str]:
    return {
        "person": _("person"), "household": _("household"), "yr": _("year"), "day": _("day"), "job": _("job"),
        "tree": _("tree"), "vehicle": _("vehicle"), "lamp": _("lamp"), "home": _("home"), "hub": _("hub"), "h": _("h"),
        "delta_degC": "°C", "degC": "°C", "ug": "µg", "CO2e": "CO₂e", "CO2": "CO₂", "CH4": "CH₄", "N2O": "N₂O",
        "m2": "m²", "m3": "m³", "km2": "km²", "share": "", "ratio": "", "index": "", "dimensionless": "",
    }  # fmt: skip


def _counted_units() -> dict[str, str]:
    return _units() | {
        "person": _("people"), "household": _("households"), "yr": _("years"), "day": _("days"), "job": _("jobs"),
        "tree": _("trees"), "vehicle": _("vehicles"), "lamp": _("lamps"), "home": _("homes"), "hub": _("hubs"),
    }  # fmt: skip


def unit_name(unit: str) -> str:
    """A unit as people read it: `t CO2e/person/yr` is t CO₂e/person/year, `person/yr` is people/year."""
    above, *below = unit.split("/")
    parts = [_reworded(above, _counted_units()), *(_reworded(part, _units()) for part in below)]
    return "/".join(part.strip() for part in parts).strip()


def _reworded(text: str, known: Mapping[str, str]) -> str:
    return re.sub(r"[A-Za-z_]+\d?[a-z]?", lambda match: known.get(match[0], match[0]), text)


# numbers


def percent(share: float, digits: int = 3) -> str:
    """A share as a percentage."""
    return _("{value}%", value=number(100 * share, digits).replace("-", MINUS)) if isfinite(share) else DASH


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
        return _("after 2050") if isinf(value) else str(round(value))
    if unit == "share":
        return percent(value, digits)
    return number(value * factor, digits).replace("-", MINUS)


def amount(value: float, unit: str, digits: int = 3) -> str:
    """A number with its unit."""
    factor, unit_text = scale_of(unit, [value])
    text = shown(value, unit, factor, digits)
    if unit == "share":
        return text
    return f"{text}{NO_BREAK}{unit_text}".strip() if text != DASH else text


def span(low: float, high: float, unit: str, factor: float = 1.0) -> str:
    """A range in brackets; empty where there is none."""
    if not (isfinite(low) and (isfinite(high) or unit == "yr")):
        return ""
    ends = shown(low, unit, factor), shown(high, unit, factor)
    return "" if ends[0] == ends[1] else _("{low} to {high}", low=ends[0], high=ends[1])


def ratio(value: float) -> str:
    """A quotient; what rounds to nothing is 0."""
    return shown(0.0 if abs(value) < 0.005 else value, "ratio", digits=2)


# money


def dollars(value: float, digits: int = 3) -> str:
    """US dollars of 2023, in millions from one million on."""
    return _money(value, "USD", digits)


def local_money(value: float, currency: str, digits: int = 3) -> str:
    """The same sum in the city's currency at the mean rate of 2023; empty where there is none."""
    rate = local_rate(currency)
    return "" if isnan(rate) else _money(value * rate, currency, digits)


def local_rate(currency: str) -> float:
    """Local currency per US dollar in 2023; not a number for the dollar itself or an unknown currency."""
    if currency in ("", "USD"):
        return float("nan")
    try:
        return 1 / to_usd(1.0, currency, PRICE_YEAR)
    except MoneyError:
        return float("nan")


def money(value: float, currency: str, digits: int = 3) -> str:
    """A sum in US dollars of 2023 and, in brackets, in the city's currency."""
    local = local_money(value, currency, digits)
    return f"{dollars(value, digits)} ({local})" if local else dollars(value, digits)


def _money(value: float, currency: str, digits: int) -> str:
    if not isfinite(value):
        return DASH
    if abs(value) < MILLION:
        return f"{currency}{NO_BREAK}{number(value, digits)}"
    text = number(value / MILLION, digits)
    return _("{currency} {amount} million", currency=currency, amount=text).replace(" ", NO_BREAK)
