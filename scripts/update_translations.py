"""Bring src/caminos/locale/*.po up to date with the messages of the program and of its data.

    python scripts/update_translations.py            keep what is translated, drop what is gone, add what is new
    python scripts/update_translations.py --check    change nothing; exit 1 if a file is not up to date

Messages are every `_("...")` in src/caminos (Python and templates) and the texts of the data tables that
people read: names of indicators, facts, parameters, levers, actions and pathways, and a few sentences.
English text is the key. What still lacks a translation is listed.
"""

from __future__ import annotations

import ast
import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment, nodes

SOURCE = Path(__file__).resolve().parent.parent / "src" / "caminos"
# arguments of `_` that stand in no literal: severities, sectors, roles, axes
WORDS = (
    "error", "warning", "not checkable", "stationary", "transport", "waste", "ippu", "land", "other", "fact",
    "parameter", "adoption", "calendar", "indicator", "driver", "lever", "size", "default", "zone", "group", "kind",
    "case", "city",
)  # fmt: skip
SENTENCES = (
    ("pathways/pairs_without_evidence.csv", "reason"),
    ("pathways/defaults.csv", "meaning"),
    ("city/vocabulary.csv", "meaning"),
    ("city/plausible.csv", "meaning"),
    ("actions/actions.csv", "name"),
    ("planning/ways_to_find_out.csv", "how"),
    ("planning/ways_to_find_out.csv", "who"),
    ("pages/map_layers.csv", "title"),
    ("model/classifications.csv", "meaning"),
)


def in_code(path: Path) -> Iterator[str]:
    """Every literal that a Python file hands to `_`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_" and node.args:
            yield from _literals(node.args[0])


def _literals(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _literals(node.body)
        yield from _literals(node.orelse)


def in_template(path: Path) -> Iterator[str]:
    """Every literal that a template hands to `_`."""
    for call in Environment().parse(path.read_text(encoding="utf-8")).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "_" and call.args:
            first = call.args[0]
            if isinstance(first, nodes.Const) and isinstance(first.value, str):
                yield first.value


def in_data() -> Iterator[str]:
    """Names and sentences of the data tables that people read."""
    from caminos.actions.library import levers
    from caminos.city.vocabulary import vocabulary
    from caminos.model.indicator import PATHWAYS, label
    from caminos.parameters.tables import rows
    from caminos.pathways.library import indicators
    from caminos.planning.names import ACTION_QUANTITY, action_names, of

    names = [item.name for item in indicators()] + [*vocabulary(), *rows()] + [lever.name for lever in levers()]
    for name in [*names, *PATHWAYS]:
        composed = ACTION_QUANTITY.fullmatch(name)
        if not (composed and composed[1] in action_names()):
            yield label(of(name))
    for table, column in SENTENCES:
        text = (SOURCE / table).read_text(encoding="utf-8")
        yield from (row[column] for row in csv.DictReader(text.splitlines()) if row[column])
    yield from WORDS


def messages() -> list[str]:
    """Every message once, in alphabetical order."""
    found: set[str] = set(in_data())
    for path in sorted(SOURCE.rglob("*.py")):
        found.update(in_code(path))
    for path in sorted(SOURCE.rglob("*.j2")):
        found.update(in_template(path))
    return sorted(found - {""})


def existing(language: str) -> dict[str, str]:
    """Translations that a file holds."""
    path = SOURCE / "locale" / f"{language}.po"
    if not path.exists():
        return {}
    with path.open("rb") as stream:
        catalog = read_po(stream, locale=language)
    return {str(message.id): str(message.string) for message in catalog if message.id}


def text_of(language: str, translations: dict[str, str]) -> str:
    """A catalogue as text: the same for the same translations."""
    catalog = Catalog(locale=language, charset="utf-8")
    for message in messages():
        catalog.add(message, translations.get(message, ""))
    stream = io.BytesIO()
    write_po(stream, catalog, width=0, omit_header=True, sort_output=True)
    head = f'msgid ""\nmsgstr ""\n"Language: {language}\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    return head + stream.getvalue().decode("utf-8")


def main(arguments: list[str]) -> int:
    """Update or check every language; returns the exit code."""
    from caminos.i18n import LANGUAGES

    stale = False
    for language in (language for language in LANGUAGES if language != "en"):
        path = SOURCE / "locale" / f"{language}.po"
        translations = existing(language)
        text = text_of(language, translations)
        stale |= not path.exists() or path.read_text(encoding="utf-8") != text
        if "--check" not in arguments:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        missing = [message for message in messages() if not translations.get(message)]
        print(f"{language}: {len(messages())} messages, {len(missing)} without a translation")
        for message in missing:
            print(f"  {message!r}")
    return int(stale and "--check" in arguments)


if __name__ == "__main__":
    sys.path.insert(0, str(SOURCE.parent))
    raise SystemExit(main(sys.argv[1:]))
