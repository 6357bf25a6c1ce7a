"""Reading the tables that people edit."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from caminos.files import unreadable
from caminos.i18n import CONTROL, _
from caminos.problems import ERROR, WARNING, Problem, nearest

LARGEST_FILE = 200_000_000  # bytes
MANY_DIGITS = 20
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+")
_BLANKS = " \u00a0\u2009\u202f"
_THOUSANDS = re.compile(rf"[-+]?\d{{1,3}}([.,'{_BLANKS}]\d{{3}})+([.,]\d+)?")
_PERCENT = re.compile(r"([-+]?\d+(?:[.,]\d+)?)\s*%")


class Row(NamedTuple):
    """One line of a table: its line number in the file and its fields by column."""

    line: int
    fields: dict[str, str]


def read_table(
    path: Path, columns: Sequence[str], required: Sequence[str] | None = None
) -> tuple[list[Row], list[Problem]]:
    """The rows of a CSV file and everything wrong with its form; never raises on bad content.

    `columns` are those that may stand in the header, `required` those that must (all by default).
    Each field is one line, without surrounding blanks; rows without any content are skipped.
    """
    text, problems = read_text(path)
    if not text.strip():
        if problems:
            return [], problems
        problems.append(Problem(ERROR, path.name, None, "", _("The file is empty."), _header_fix(columns)))
        return [], problems
    first_line = text.splitlines()[0]
    delimiter = _delimiter(first_line)
    if delimiter != ",":
        problems.append(
            Problem(
                ERROR,
                path.name,
                1,
                "",
                _("Columns are separated by {separator}, not by commas.", separator=repr(delimiter)),
                _(
                    "Spreadsheets in Spanish and Portuguese write semicolons and decimal commas: export as "
                    '"CSV (comma delimited)" in an English-language setting, with decimal points.'
                ),
            )
        )
    records, broken = _records(path.name, text, delimiter)
    problems += broken
    header = [name.strip() for name in records[0][1]] if records else []
    problems += _header_problems(path.name, header, columns, columns if required is None else required)
    if not text.endswith(("\n", "\r")):
        message = _("The last line does not end with a line break: the file seems to be cut off.")
        fix = _("Copy or save it again; if it is whole, end the last line with a line break.")
        problems.append(Problem(ERROR, path.name, text.count("\n") + 1, "", message, fix))
    rows: list[Row] = []
    last = len(records) - 1
    for place, (line, fields) in enumerate(records[1:], start=1):
        if not any(field.strip() for field in fields):
            continue
        if len(fields) != len(header):
            problems.append(_width_problem(path.name, line, fields, header, place == last))
        padded = [*fields, *[""] * (len(header) - len(fields))]
        named = {name: _field(field) for name, field in zip(header, padded, strict=False)}
        rows.append(Row(line, {**dict.fromkeys(columns, ""), **named}))
    return rows, problems


def _field(text: str) -> str:
    """A field as one line; what is no character of a text is shown as such, not dropped from between two digits."""
    if text.isprintable():
        return text.strip()
    return CONTROL.sub("\ufffd", " ".join(text.replace("\t", " ").splitlines())).strip()


def read_text(path: Path) -> tuple[str, list[Problem]]:
    """A file's text and what is wrong with its encoding; another encoding is reported and guessed."""
    name = path.name
    if problem := unreadable(path, LARGEST_FILE):
        return "", [problem]
    try:
        data = path.read_bytes()
    except OSError as error:
        message = _("The file cannot be read: {error}", error=error)
        return "", [Problem(ERROR, name, None, "", message, _("Check that you may read it."))]
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        problem = Problem(ERROR, name, None, "", _("The file is saved as UTF-16."), _('Save it again as "CSV UTF-8".'))
        return data.decode("utf-16", errors="replace"), [problem]
    problems = []
    if data.startswith(b"\xef\xbb\xbf"):
        problems.append(
            Problem(
                WARNING,
                name,
                1,
                "",
                _("The file begins with a byte order mark."),
                _("It was skipped; to be rid of it, save as UTF-8 without BOM."),
            )
        )
    try:
        text = data.decode("utf-8-sig")
        return text, [*problems, *_nul(name, text)]
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        text = data.decode("cp1252", errors="replace")
        word = text.splitlines()[line - 1].strip()[:60] if text.splitlines() else ""
        problems.append(
            Problem(
                ERROR,
                name,
                line,
                "",
                _("The file is not UTF-8; it looks like Latin-1 or Windows-1252: {given}", given=word),
                _('Save it as UTF-8 (in a spreadsheet: "CSV UTF-8").'),
            )
        )
        return text, problems


def read_json(path: Path) -> tuple[Any, list[Problem]]:
    """The content of a JSON file and what is wrong with it; None if it cannot be read."""
    text, problems = read_text(path)
    fix = _("The file may be cut off; export it again.")
    try:
        return json.loads(text, parse_int=_whole), problems
    except RecursionError:
        message = _("This is not JSON that can be read: it is nested without end.")
        return None, [*problems, Problem(ERROR, path.name, None, "", message, fix)]
    except ValueError as error:
        message = _("This is not JSON: {error}", error=error)
        return None, [*problems, Problem(ERROR, path.name, getattr(error, "lineno", None), "", message, fix)]


def _whole(digits: str) -> int | float:
    """A whole number of JSON; one of hundreds of digits as a number with a point, at worst infinite."""
    return int(digits) if len(digits) < MANY_DIGITS else float(digits)


def _nul(name: str, text: str) -> list[Problem]:
    """A character that no text has: the file is damaged, or UTF-16 that does not say so."""
    if "\0" not in text:
        return []
    line = text.count("\n", 0, text.index("\0")) + 1
    message = _("The file holds the character NUL: it is damaged, or saved as UTF-16.")
    return [Problem(ERROR, name, line, "", message, _('Save it again as "CSV UTF-8".'))]


def _delimiter(header: str) -> str:
    if "," in header:
        return ","
    return max((";", "\t"), key=header.count) if ";" in header or "\t" in header else ","


def _records(name: str, text: str, delimiter: str) -> tuple[list[tuple[int, list[str]]], list[Problem]]:
    """Each record with the line on which it starts; a quote left open is reported."""
    problems: list[Problem] = []
    try:
        return _parse(text, delimiter, strict=True), problems
    except csv.Error:
        records = _parse(text, delimiter, strict=False)
        problems.append(
            Problem(
                ERROR,
                name,
                _first_bad_line(text, delimiter),
                "",
                _("A quotation mark is not closed, or the file is cut off inside a quoted text."),
                _("Close the quotation mark; inside a quoted text write it twice."),
            )
        )
        return records, problems


def _parse(text: str, delimiter: str, strict: bool) -> list[tuple[int, list[str]]]:
    csv.field_size_limit(LARGEST_FILE)
    reader = csv.reader(io.StringIO(text.replace("\0", ""), newline=""), delimiter=delimiter, strict=strict)
    records = []
    start = 1
    for fields in reader:
        records.append((start, fields))
        start = reader.line_num + 1
    return records


def _first_bad_line(text: str, delimiter: str) -> int | None:
    reader = csv.reader(io.StringIO(text.replace("\0", ""), newline=""), delimiter=delimiter, strict=True)
    start = 1
    try:
        for _fields in reader:
            start = reader.line_num + 1
    except csv.Error:
        return start
    return None


def _header_fix(columns: Sequence[str]) -> str:
    return _("The first line must be: {columns}", columns=",".join(columns))


def _header_problems(
    name: str, header: Sequence[str], columns: Sequence[str], required: Sequence[str]
) -> list[Problem]:
    problems = []
    for column in required:
        if column not in header:
            problems.append(
                Problem(
                    ERROR,
                    name,
                    1,
                    column,
                    _("Column {column} is missing.", column=column),
                    _header_fix(columns),
                )
            )
    for place, column in enumerate(header):
        if column in header[:place]:
            problems.append(
                Problem(ERROR, name, 1, column, _("Column {column} stands twice.", column=column), _("Keep one."))
            )
        elif column not in columns:
            near = nearest(column, columns)
            fix = _("Did you mean {near}?", near=near) if near else _header_fix(columns)
            problems.append(
                Problem(
                    WARNING,
                    name,
                    1,
                    column,
                    _("Column {column} is not known and was not read.", column=column or '""'),
                    fix,
                )
            )
    return problems


def _width_problem(name: str, line: int, fields: Sequence[str], header: Sequence[str], last: bool) -> Problem:
    counts = {"found": len(fields), "wanted": len(header)}
    message = _("The row has {found} fields instead of {wanted}.", **counts)
    if len(fields) > len(header):
        fix = _("Put a text that contains commas in quotation marks, and write decimals with a point.")
    elif last:
        fix = _("It is the last row: the file seems to be cut off. Copy or export it again.")
    else:
        fix = _("Fill the missing fields; leave an empty field between two commas.")
    return Problem(ERROR, name, line, "", message, fix)


def read_number(text: str) -> tuple[float | None, str, str]:
    """A number written with a decimal point: (value, "", ""), or (None, what is wrong, what to do)."""
    if _NUMBER.fullmatch(text):
        value = float(text)
        if abs(value) < float("inf"):
            return value, "", ""
    if percent := _PERCENT.fullmatch(text):
        return (
            None,
            _("{given} is a percentage, not a number.", given=repr(text)),
            _("Write {number} with the unit percent.", number=percent[1].replace(",", ".")),
        )
    if _DECIMAL_COMMA.fullmatch(text) and not _THOUSANDS.fullmatch(text):
        return (
            None,
            _("{given} has a decimal comma.", given=repr(text)),
            _("Write {number}.", number=text.replace(",", ".")),
        )
    if _THOUSANDS.fullmatch(text):
        plain = re.sub(rf"[.,'{_BLANKS}](?=\d{{3}}(\D|$))", "", text)
        return (
            None,
            _("{given} has a thousands separator (or a decimal comma).", given=repr(text)),
            _("Write digits only, with a decimal point: {number}?", number=plain.replace(",", ".")),
        )
    return None, _("{given} is not a number.", given=repr(text)), _("Write digits with a decimal point.")
