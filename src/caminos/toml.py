"""TOML on disk: a file as a table or as one problem, and a table as text with remarks above its keys."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from caminos.files import unreadable
from caminos.i18n import _
from caminos.problems import ERROR, Problem

LARGEST_FILE = 1_000_000  # bytes: settings are pages, not data
MOST_DOTS = 1000  # of a key such as a.b.c, whose reading takes time with their square
MOST_DIGITS = 4300  # what Python converts to a whole number


def read_toml(path: Path) -> tuple[dict[str, Any] | None, list[Problem]]:
    """The table of a TOML file; None with one problem if it cannot be read. Never raises on bad input."""
    if problem := unreadable(path, LARGEST_FILE):
        return None, [problem]
    try:
        data = path.read_bytes()
    except OSError as error:
        message = _("The file cannot be read: {error}", error=error.strerror or type(error).__name__)
        return None, [Problem(ERROR, path.name, None, "", message, _("Check that you may read it."))]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        message = _("The file is not UTF-8.")
        return None, [Problem(ERROR, path.name, None, "", message, _("Save it as UTF-8."))]
    return parse_toml(text, path.name)


def parse_toml(text: str, file: str) -> tuple[dict[str, Any] | None, list[Problem]]:
    """The table that a TOML text holds; None with one problem, under the name of its `file`, if it holds none."""
    try:
        if any(part.count(".") > MOST_DOTS for line in text.splitlines() for part in line.split("=")):
            raise RecursionError
        return tomllib.loads(text), []
    except tomllib.TOMLDecodeError as error:
        message = _("This is not valid TOML: {error}", error=error)
        fix = _('Texts stand in quotation marks: name = "Porto Alegre"; decimals have a point.')
        return None, [Problem(ERROR, file, _line_in(str(error)), "", message, fix)]
    except RecursionError:
        message = _("The file cannot be read: it is nested too deeply.")
        fix = _("Lists and tables stand in each other by the hundred.")
        return None, [Problem(ERROR, file, None, "", message, fix)]
    except ValueError:  # Python converts no number of more digits
        message = _("The file cannot be read: a number has too many digits.")
        fix = _("Write at most {digits} digits.", digits=MOST_DIGITS)
        return None, [Problem(ERROR, file, _line_of_digits(text), "", message, fix)]


def toml_text(values: Mapping[str, Any], remarks: Mapping[str, str] | None = None) -> str:
    """A table as TOML; the lines of `remarks` stand as comments above their keys."""
    import tomli_w

    text = tomli_w.dumps(values)
    for key, remark in (remarks or {}).items():
        above = "".join(f"# {line}\n" for line in remark.splitlines())
        start = re.search(rf"^(\[\[?)?{re.escape(key)}\b", text, re.MULTILINE)
        if start:
            text = text[: start.start()] + above + text[start.start() :]
    return text


def _line_in(message: str) -> int | None:
    found = re.search(r"\bline (\d+)", message)
    return int(found[1]) if found else None


def _line_of_digits(text: str) -> int | None:
    found = re.search(rf"\d(_?\d){{{MOST_DIGITS}}}", text)
    return text.count("\n", 0, found.start()) + 1 if found else None
