"""Languages: English text is the key; the others stand in locale/*.po."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files

LANGUAGES = ("es", "en", "pt")
SMALLEST_PLAIN, LARGEST_PLAIN = 1e-6, 1e15  # beyond these a number is written with a power of ten
# C0, DEL and C1, line and paragraph separators, and marks that turn the direction of writing
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_language: ContextVar[str] = ContextVar("language", default="en")


def use_language(language: str) -> None:
    """Choose the language of all later messages in this context, one of LANGUAGES."""
    if language not in LANGUAGES:
        raise ValueError(f"language {language!r} is not one of {', '.join(LANGUAGES)}")
    _language.set(language)


def language() -> str:
    """The language in use."""
    return _language.get()


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Another language for a while."""
    before = _language.set(language)
    try:
        yield
    finally:
        _language.reset(before)


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


def one_line(text: str) -> str:
    """A text without line breaks (a blank stands for each run of them), control characters and turns of direction."""
    return CONTROL.sub("", re.sub(r"\s*[\t\n\v\f\r\x85\u2028\u2029]\s*", " ", text))


def harmless(text: str) -> str:
    """A text of several lines without whatever else could move a terminal's cursor or turn the writing round."""
    return "\n".join(map(one_line, text.split("\n")))


def number(value: float, digits: int = 3) -> str:
    """A number to `digits` significant digits, with the separators of the language in use."""
    from babel.numbers import format_decimal

    if value == 0:
        return "0"
    if value != value:
        return "–"
    if value in (float("inf"), float("-inf")):
        return "∞"
    if not SMALLEST_PLAIN <= abs(value) < LARGEST_PLAIN:
        mantissa, _e, exponent = f"{value:.{max(digits - 2, 0)}e}".partition("e")
        return f"{format_decimal(float(mantissa), locale=_language.get())}e{int(exponent)}"
    from math import floor, log10

    places = max(0, digits - 1 - floor(log10(abs(value))))
    rounded = round(value, digits - 1 - floor(log10(abs(value))))
    pattern = "#,##0." + "#" * places if places else "#,##0"
    return str(format_decimal(rounded, format=pattern, locale=_language.get()))
