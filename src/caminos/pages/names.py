"""Names that need tables: nodes that belong to actions, countries, and sums in the city's currency."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from caminos.actions.library import library
from caminos.city.places import countries
from caminos.i18n import _, language
from caminos.parameters.money import PRICE_YEAR, MoneyError, to_usd
from caminos.words import dollars, lower_first, money_text, origin, words_of

ACTION_QUANTITY = re.compile(r"(\w+?)_(cost|operating_cost|lifetime|lead_time)")


def name_of(node: str) -> str:
    """A node as people read it; sizes, costs and times of actions carry the action's name."""
    prefix, rest = origin(node)
    if prefix == "adoption_of_":
        return action_name(rest)
    if prefix == "size_of_":
        return _("{action}: size", action=action_name(rest))
    if (found := ACTION_QUANTITY.fullmatch(node)) and found[1] in action_names():
        return f"{action_name(found[1])}: {_quantity(found[2])}"
    return _("{name} by zone", name=words_of(rest)) if prefix == "zone_" else words_of(rest)


def action_name(action: str) -> str:
    """An action of the library by its id; an action of the city's own by its id in words."""
    return _(action_names()[action]) if action in action_names() else words_of(action)


@cache
def action_names() -> dict[str, str]:
    """English names of the library's actions, by id."""
    return {action.id: action.name for action in library()}


def kind_name(kind: str) -> str:
    """A label of a classification as people read it; one of the city's own by its id in words."""
    return _(_kinds()[kind]) if kind in _kinds() else words_of(kind)


@cache
def _kinds() -> dict[str, str]:
    """What each label of the classifications means, in English."""
    text = files("caminos.model").joinpath("classifications.csv").read_text(encoding="utf-8")
    return {row["label"]: row["meaning"] for row in csv.DictReader(text.splitlines())}


def _quantity(suffix: str) -> str:
    return {
        "cost": _("cost"),
        "operating_cost": _("operating cost"),
        "lifetime": _("lifetime"),
        "lead_time": _("lead time"),
    }[suffix]


def names_of(names: Iterable[str]) -> str:
    """Several nodes in one line, in order and once each."""
    return ", ".join(dict.fromkeys(lower_first(name_of(name)) for name in names))


def country_name(country: str) -> str:
    """A country by its ISO code of three letters; the code itself where it is not known."""
    found = countries().get(country)
    return getattr(found, {"es": "name_es", "pt": "name_pt"}.get(language(), "name"), country)


def local_rate(currency: str) -> float:
    """Local currency per US dollar in 2023; not a number for the dollar itself or an unknown currency."""
    if currency in ("", "USD"):
        return float("nan")
    try:
        return 1 / to_usd(1.0, currency, PRICE_YEAR)
    except MoneyError:
        return float("nan")


def local_money(value: float, currency: str, digits: int = 3) -> str:
    """A sum in dollars of 2023 in the city's currency at the mean rate of 2023; empty where there is none."""
    rate = local_rate(currency)
    return "" if rate != rate else money_text(value * rate, currency, digits)


def money(value: float, currency: str, digits: int = 3) -> str:
    """A sum in US dollars of 2023 and, in brackets, in the city's currency."""
    local = local_money(value, currency, digits)
    return f"{dollars(value, digits)} ({local})" if local else dollars(value, digits)
