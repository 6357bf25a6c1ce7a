"""Money of any listed currency and year, as US dollars at prices of 2023."""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib.resources import files

from caminos.i18n import _
from caminos.problems import CaminosError

PRICE_YEAR = 2023
_CPI = "us_cpi"
_TOKEN = re.compile(r"\b([A-Z]{3})(\d{4})?\b")


class MoneyError(CaminosError):
    """A currency or year for which there is no rate; the value stays unconverted rather than guessed."""


@cache
def _series() -> dict[str, dict[int, float]]:
    """US consumer prices and, by currency, units of it for one US dollar (mean market rate of the year)."""
    text = files("caminos.parameters").joinpath("money.csv").read_text(encoding="utf-8")
    found: dict[str, dict[int, float]] = {}
    for row in csv.DictReader(text.splitlines()):
        found.setdefault(row["series"], {})[int(row["year"])] = float(row["value"])
    return found


def currencies() -> tuple[str, ...]:
    """Currencies that can be converted."""
    return ("USD", *sorted(set(_series()) - {_CPI}))


def read_money(text: str) -> float:
    """US dollars at prices of 2023 from `50e6` or `270e6 BRL2024`; raises MoneyError for what is no sum of money."""
    amount, _space, currency = text.strip().partition(" ")
    try:
        number = float(amount)
        if not currency:
            return number
        code, year = currency[:3].upper(), int(currency[3:])
        return to_usd(number, code, year)
    except MoneyError:
        raise
    except ValueError:
        raise MoneyError(
            _(
                "{text} is not a budget. Write 50e6 for USD of 2023, or '270e6 BRL2024' with currency and price year.",
                text=repr(text),
            )
        ) from None


def to_usd(value: float, currency: str, year: int) -> float:
    """`value` in `currency` at prices of `year`, as US dollars at prices of 2023.

    value / mean exchange rate of the year (local currency per dollar) * US CPI(2023) / CPI(year).
    Raises MoneyError if the table lacks the currency or the year.
    """
    return value / _rate(currency, year) * _series()[_CPI][PRICE_YEAR] / _price_level(year)


def _rate(currency: str, year: int) -> float:
    if currency == "USD":
        return 1.0
    rates = _series().get(currency)
    if rates is None or currency == _CPI:
        raise MoneyError(
            _(
                "There are no exchange rates for {currency}; known: {known}.",
                currency=currency,
                known=", ".join(currencies()),
            )
        )
    if year not in rates:
        raise MoneyError(
            _(
                "There is no exchange rate of {currency} for {year}; the table has {first} to {last}.",
                currency=currency,
                year=year,
                first=min(rates),
                last=max(rates),
            )
        )
    return rates[year]


def _price_level(year: int) -> float:
    levels = _series()[_CPI]
    if year not in levels:
        raise MoneyError(
            _(
                "There is no price index for {year}; the table has {first} to {last}.",
                year=year,
                first=min(levels),
                last=max(levels),
            )
        )
    return levels[year]


def in_dollars(unit: str, year: int) -> tuple[str, float]:
    """A unit with its currency replaced by USD, and the factor for it: ("USD/yr", 0.19…) for BRL/yr.

    The price year is `year` unless the unit names one (BRL2024). A unit without money: factor 1.
    """
    factor = 1.0

    def replace(match: re.Match[str]) -> str:
        nonlocal factor
        code, price_year = match[1], match[2]
        if code not in currencies() and not price_year:
            return match[0]
        factor *= to_usd(1.0, code, int(price_year or year))
        return "USD"

    return _TOKEN.sub(replace, unit), factor
