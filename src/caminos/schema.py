"""Tables with a schema: frozen dataclasses whose fields say what may stand in a TOML file.

    class Caveat:
        text: Annotated[str, Key("what must be read beside such a number", "Centre of the city only.")]

The annotation is the one schema: from it come reading (`read`), messages, writing (`plain`) and the
documentation (`fields`). A field without a default must be there. Types are text, whole number, number, flag,
list of texts, a table (another such class) and a list of tables (a tuple of another such class).
A class may have a method `faults`, which judges its fields together once each is right, and a static method
`examples`, which gives better examples for a table as it stands, by key.
"""

from __future__ import annotations

import json
import re
import types
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, dataclass, replace
from dataclasses import fields as dataclass_fields
from datetime import date
from functools import cache
from typing import Annotated, Any, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from caminos.i18n import _, number
from caminos.problems import ERROR, WARNING, nearest

LARGEST = 1e15  # no figure of a city is larger
FEW = 8  # names that a message lists in full
MOST_FAULTS = 100  # of a file: who has more has sent another file
SHOWN = 60  # characters of a text that a message shows
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_KINDS: dict[Any, str] = {str: "text", int: "whole", float: "number", bool: "flag"}
T = TypeVar("T")
Schema = Any  # a dataclass whose fields carry a Key


class Form(NamedTuple):
    """A pattern that a text must fit, and the words for it."""

    pattern: str
    words: Callable[[], str]


@dataclass(frozen=True)
class Key:
    """What one key may hold: its meaning, an example, and what limits it.

    `among`: the names allowed; `listed`: where they stand if they are many; `past`: a year not after this one;
    `lines`: a text of several lines; `expected`: a warning if it is missing; `unique`: keys of a table that no two
    tables of a list may share; `named`: a list of tables that may also be a table of tables, whose own names are
    that key; `word`: its name in the file where that differs from the field's.
    """

    meaning: str
    example: Any = None
    among: Callable[[], Iterable[str]] | None = None
    listed: str = ""
    form: Form | None = None
    least: float = -LARGEST
    most: float = LARGEST
    past: bool = False
    lines: bool = False
    expected: bool = False
    unique: tuple[str, ...] = ()
    named: str = ""
    word: str = ""


class Fault(NamedTuple):
    """What is wrong at one key, and what to write there instead."""

    path: str
    message: str
    fix: str
    severity: str = ERROR


class Field(NamedTuple):
    """One key of a table: the dataclass' field, its name in the file, its kind and, for tables, their class."""

    name: str
    word: str
    kind: str
    required: bool
    key: Key
    inner: type[Any] | None


@cache
def fields(schema: Schema) -> tuple[Field, ...]:
    """The keys of a table, in order; fields without a Key are not of the file."""
    hints = get_type_hints(schema, include_extras=True)
    found = []
    for item in dataclass_fields(schema):
        key = next((extra for extra in get_args(hints[item.name])[1:] if isinstance(extra, Key)), None)
        if key is not None:
            kind, inner = _kind(hints[item.name])
            found.append(Field(item.name, key.word or item.name, kind, item.default is MISSING, key, inner))
    return tuple(found)


def _kind(hint: Any) -> tuple[str, type[Any] | None]:
    """The kind that an annotation stands for and, for tables, their class."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _kind(args[0])
    if origin is types.UnionType:
        return _kind(next(arg for arg in args if arg is not type(None)))
    if origin is tuple:
        return ("texts", None) if args[0] is str else ("tables", args[0])
    return (_KINDS[hint], None) if hint in _KINDS else ("table", hint)


def read(schema: type[T], given: Any, path: str = "") -> tuple[T | None, list[Fault]]:
    """A table as an object of its class, with what is wrong; None if any of it is an error."""
    values, faults = read_fields(schema, given, path)
    if not _errors(faults):
        made = schema(**values)
        faults += [fault._replace(path=_join(path, fault.path)) for fault in getattr(made, "faults", tuple)()]
        if not _errors(faults):
            return made, faults
    return None, faults


def read_fields(schema: Schema, given: Any, path: str = "") -> tuple[dict[str, Any], list[Fault]]:
    """The values of a table that can be read, by the name of their field, with what is wrong with the others."""
    if not isinstance(given, dict):
        return {}, [Fault(path, _belongs(path, given, noun("table")), _("For example: {text}", text=f"[{path}]"))]
    known = _fields_of(schema, given)
    values: dict[str, Any] = {}
    faults = _unknown([word for word in given if word not in known], known, path)
    for word, field in known.items():
        place = _join(path, word)
        if word in given:
            value, found = _READERS[field.kind](field, given[word], place)
            values |= {} if value is None else {field.name: value}
            faults += found
        elif field.required or field.key.expected:
            severity = ERROR if field.required else WARNING
            faults.append(Fault(place, _("{key} is missing.", key=word), example(field), severity))
    return values, faults


def _fields_of(schema: Schema, given: dict[str, Any]) -> dict[str, Field]:
    """The keys of a table by their word, with examples that fit what stands beside them."""
    better = schema.examples(given) if hasattr(schema, "examples") else {}
    return {
        field.word: field._replace(key=replace(field.key, example=better[field.word]))
        if field.word in better
        else field
        for field in fields(schema)
    }


def _errors(faults: Iterable[Fault]) -> bool:
    return any(fault.severity == ERROR for fault in faults)


def _unknown(words: list[str], known: Iterable[str], path: str) -> list[Fault]:
    """Keys that are not of the table, each with the nearest that is; of very many only the first."""
    every = ", ".join(known)
    faults = []
    for word in words[:MOST_FAULTS]:
        near = nearest(word, known)
        fix = _("Did you mean {near}?", near=near) if near else _("One of: {known}.", known=every)
        faults.append(Fault(_join(path, word), _("{key} is not a key here.", key=_bare(word)), fix))
    return faults


def _bare(word: str) -> str:
    """A key as it stands in the file: in quotation marks unless it is of plain letters."""
    return word if re.fullmatch(r"[A-Za-z0-9_-]{1,60}", word) else shown(word)


def _join(path: str, word: str) -> str:
    return ".".join(part for part in (path, _bare(word)) if part)


# --- values by kind -----------------------------------------------------------------------------------------


def _text(field: Field, value: Any, path: str) -> tuple[str | None, list[Fault]]:
    key, fix = field.key, example(field)
    if not isinstance(value, str):
        return None, [Fault(path, _belongs(field.word, value, noun("text")), fix)]
    if not value.strip():
        return None, [Fault(path, _("{key} is empty.", key=field.word), fix)]
    if _CONTROL.search(re.sub(r"[\n\t]", "", value) if key.lines else value):
        message = _("{key} holds a line break or a control character: {value}.", key=field.word, value=shown(value))
        return None, [Fault(path, message, _("Write it on one line, in letters that can be seen."))]
    if key.among is not None and value not in (known := tuple(key.among())):
        return None, [Fault(path, *_not_among(field, value, known))]
    if key.form is not None and not re.fullmatch(key.form.pattern, value):
        return None, [Fault(path, _wrong(field.word, shown(value), key.form.words()), fix)]
    return value, []


def _not_among(field: Field, value: str, known: tuple[str, ...]) -> tuple[str, str]:
    if len(known) <= FEW:
        return _wrong(field.word, shown(value), wanted(field)), example(field)
    near = nearest(value, known)
    where = _("The names allowed stand in {file}.", file=field.key.listed)
    return _("{name} is not a known name.", name=shown(value)), _("Did you mean {near}?", near=near) if near else where


def _number(field: Field, value: Any, path: str) -> tuple[float | None, list[Fault]]:
    if isinstance(value, bool) or not isinstance(value, int if field.kind == "whole" else int | float):
        meant = meant_number(value) if isinstance(value, str) else None
        fits = meant is not None and not (field.kind == "whole" and "." in meant)
        fix = _("Write: {text}", text=f"{field.word} = {meant}") if fits else example(field)
        return None, [Fault(path, _belongs(field.word, value, wanted(field)), fix)]
    low, high = limits(field.key)
    if not low <= value <= high:  # so is what is not a number, or not finite
        return None, [Fault(path, _wrong(field.word, shown(value), wanted(field)), example(field))]
    return value if field.kind == "whole" else float(value), []


def _flag(field: Field, value: Any, path: str) -> tuple[bool | None, list[Fault]]:
    if isinstance(value, bool):
        return value, []
    return None, [Fault(path, _belongs(field.word, value, wanted(field)), example(field))]


def _texts(field: Field, value: Any, path: str) -> tuple[tuple[str, ...] | None, list[Fault]]:
    if not isinstance(value, list) or not value:
        return None, [Fault(path, _belongs(field.word, value, wanted(field)), example(field))]
    read_each = [_text(field, item, path) for item in value]
    faults = [fault for _value, found in read_each for fault in found]
    return (None if faults else tuple(text for text, _found in read_each if text is not None)), faults


def _table(field: Field, value: Any, path: str) -> tuple[Any, list[Fault]]:
    assert field.inner is not None
    return read(field.inner, value, path)


def _tables(field: Field, value: Any, path: str) -> tuple[tuple[Any, ...] | None, list[Fault]]:
    assert field.inner is not None
    if not isinstance(value, list) and not (field.key.named and isinstance(value, dict)):
        return None, [Fault(path, _belongs(field.word, value, wanted(field)), example(field))]
    made, faults = [], []
    for place, entry in _entries(field, value, path):
        item, found = read(field.inner, entry, place)
        own_name = f".{field.key.named}" if isinstance(value, dict) else ""  # that is the path itself
        faults += [fault._replace(path=fault.path.removesuffix(own_name)) for fault in found]
        if item is not None:
            made.append(item)
    return tuple(made), [*faults, *_repeated(field, made, path)]


def _entries(field: Field, value: list[Any] | dict[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    """Every table of a list with its path in the file; one alone has no number."""
    named = field.key.named
    if isinstance(value, list):
        yield from ((f"{path}[{place}]" if len(value) > 1 else path, item) for place, item in enumerate(value, 1))
        return
    for name, item in value.items():
        yield _join(path, name), {named: name, **item} if isinstance(item, dict) else item


def _repeated(field: Field, made: Iterable[Any], path: str) -> list[Fault]:
    seen, faults = set(), []
    for item in made:
        values = tuple(getattr(item, key) for key in field.key.unique)
        if values and values in seen:
            what = ", ".join(str(value) for value in values)
            faults.append(Fault(path, _("{what} stands twice.", what=what), _("Keep one.")))
        seen.add(values)
    return faults


_READERS: dict[str, Callable[[Field, Any, str], tuple[Any, list[Fault]]]] = {
    "text": _text,
    "whole": _number,
    "number": _number,
    "flag": _flag,
    "texts": _texts,
    "table": _table,
    "tables": _tables,
}


# --- words --------------------------------------------------------------------------------------------------


def noun(kind: str) -> str:
    """A kind of value as people say it."""
    return {
        "text": _("a text"),
        "whole": _("a whole number"),
        "number": _("a number"),
        "flag": _("true or false"),
        "texts": _("a list of texts"),
        "table": _("a table"),
        "tables": _("a list of tables"),
        "list": _("a list"),
        "date": _("a day or a time"),
    }[kind]


def limits(key: Key) -> tuple[float, float]:
    """The least and the most that a number may be."""
    return key.least, (date.today().year if key.past else key.most)


def wanted(field: Field) -> str:
    """What belongs at a key, in words."""
    key = field.key
    if key.form is not None:
        return key.form.words()
    known = tuple(key.among()) if key.among is not None else ()
    if 0 < len(known) <= FEW:
        return _("one of {known}", known=", ".join(known))
    if (key.least, key.most) == (-LARGEST, LARGEST) or field.kind not in ("whole", "number"):
        return noun(field.kind)
    low, high = (str(int(end)) if field.kind == "whole" else number(end, 9) for end in limits(key))
    return (
        _("a whole number from {low} to {high}", low=low, high=high)
        if field.kind == "whole"
        else _("a number from {low} to {high}", low=low, high=high)
    )


def example(field: Field) -> str:
    """What may be written there."""
    return _("For example: {text}", text=line(field))


def line(field: Field) -> str:
    """An example as a line of TOML."""
    if field.kind in ("table", "tables"):
        return f"[[{field.word}]]" if field.kind == "tables" else f"[{field.word}]"
    return f"{field.word} = {json.dumps(field.key.example, ensure_ascii=False)}"


def shown(value: Any) -> str:
    """A value as a message shows it: short, on one line, without control characters."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and abs(value) > LARGEST:
        return _("a number of more than {digits} digits", digits=15)
    if isinstance(value, str):
        return repr(value if len(value) <= SHOWN else value[: SHOWN - 1] + "…")
    return str(value)


def _belongs(word: str, value: Any, what: str) -> str:
    """That a value is of another kind than belongs there."""
    kinds = {str: "text", int: "number", float: "number", list: "list", dict: "table"}
    found = noun(kinds.get(type(value), "date"))
    if isinstance(value, list | dict):
        return _wrong(word, found, what)
    return _wrong(word, shown(value) if isinstance(value, bool) else f"{found}, {shown(value)}", what)


def _wrong(word: str, found: str, what: str) -> str:
    """That something stands where something else belongs."""
    return _("{key} is {found}: {wanted} belongs here.", key=word, found=found, wanted=what)


def meant_number(text: str) -> str | None:
    """The number that a text stands for beyond doubt, as TOML; None for 1.607, which may be either."""
    plain = re.sub(r"[\s'’_]", "", text)
    for group, point in ((",", "."), (".", ",")):
        several = rf"[+-]?\d{{1,3}}({re.escape(group)}\d{{3}}){{2,}}({re.escape(point)}\d+)?"
        one = rf"[+-]?\d{{1,3}}{re.escape(group)}\d{{3}}{re.escape(point)}\d+"
        if re.fullmatch(f"{several}|{one}", plain):
            return plain.replace(group, "").replace(point, ".")
    if re.fullmatch(r"[+-]?\d{1,15}|[+-]?(0|\d{1,3})[.,](\d{1,2}|\d{4,9})|[+-]?(0|\d{4,12})[.,]\d{1,9}", plain):
        return plain.replace(",", ".").lstrip("+")
    return None


# --- writing ------------------------------------------------------------------------------------------------


def plain(item: Any) -> dict[str, Any]:
    """An object of such a class as a table for TOML; what is empty or as by default is left out."""
    schema: Schema = type(item)
    defaults = {each.name: each.default for each in dataclass_fields(schema)}
    return {
        field.word: _plain(field, value)
        for field in fields(schema)
        if (value := getattr(item, field.name)) != defaults[field.name] and value not in (None, "", ())
    }


def _plain(field: Field, value: Any) -> Any:
    if field.kind == "table":
        return plain(value)
    if field.kind == "tables":
        return [plain(item) for item in value]
    return list(value) if field.kind == "texts" else value
