"""Languages: English text is the key; Spanish and Portuguese stand in locale/*.po."""

from __future__ import annotations

from contextvars import ContextVar
from functools import cache
from importlib.resources import files

LANGUAGES = ("es", "en", "pt")
SMALLEST_PLAIN = 1e-4  # below this a number is written with a power of ten
_language: ContextVar[str] = ContextVar("language", default="en")


def use_language(language: str) -> None:
    """Choose the language of all later messages in this context (es, en or pt)."""
    if language not in LANGUAGES:
        raise ValueError(f"language {language!r} is not one of {', '.join(LANGUAGES)}")
    _language.set(language)


def language() -> str:
    """The language in use."""
    return _language.get()


@cache
def catalogue(name: str) -> dict[str, str]:
    """Translations of one language; empty for English, whose text is its own key."""
    if name == "en":
        return {}
    from babel.messages.pofile import read_po

    path = files("caminos").joinpath("locale", f"{name}.po")
    with path.open("rb") as stream:
        catalog = read_po(stream, locale=name)
    return {str(message.id): str(message.string) for message in catalog if message.id and message.string}


def _(text: str, /, **values: object) -> str:
    """`text` in the language in use, with {placeholders} filled from `values`."""
    translated = catalogue(_language.get()).get(text, text)
    return translated.format(**values) if values else translated


def number(value: float, digits: int = 3) -> str:
    """A number to `digits` significant digits, with the separators of the language in use."""
    from babel.numbers import format_decimal

    if value == 0:
        return "0"
    if value != value:
        return "–"
    if value in (float("inf"), float("-inf")):
        return "∞"
    if abs(value) < SMALLEST_PLAIN:
        mantissa, _e, exponent = f"{value:.{max(digits - 2, 0)}e}".partition("e")
        return f"{format_decimal(float(mantissa), locale=_language.get())}e{int(exponent)}"
    from math import floor, log10

    places = max(0, digits - 1 - floor(log10(abs(value))))
    rounded = round(value, digits - 1 - floor(log10(abs(value))))
    pattern = "#,##0." + "#" * places if places else "#,##0"
    return str(format_decimal(rounded, format=pattern, locale=_language.get()))
