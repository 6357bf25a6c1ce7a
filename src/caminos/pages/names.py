"""Names that need tables: several nodes in a line, countries, and sums in the city's currency."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from caminos.city.places import countries
from caminos.i18n import _, language
from caminos.parameters.money import PRICE_YEAR, MoneyError, to_usd
from caminos.planning.names import action_name, action_names, name_of
from caminos.words import dollars, lower_first, money_text, words_of

__all__ = [
    "action_name",
    "action_names",
    "country_name",
    "kind_name",
    "local_money",
    "local_rate",
    "money",
    "name_of",
    "names_of",
]


def kind_name(kind: str) -> str:
    """A label of a classification as people read it; one of the city's own by its id in words."""
    return _(_kinds()[kind]) if kind in _kinds() else words_of(kind)


@cache
def _kinds() -> dict[str, str]:
    """What each label of the classifications means, in English."""
    text = files("caminos.model").joinpath("classifications.csv").read_text(encoding="utf-8")
    return {row["label"]: row["meaning"] for row in csv.DictReader(text.splitlines())}


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
