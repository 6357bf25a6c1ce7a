"""Write the page on city.toml from its schema: every key with what may stand there, and an example of the whole."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from caminos.city.settings import SETTINGS, Settings, target_units
from caminos.schema import Field, fields, line, wanted
from caminos.toml import toml_text

OPENING = f"""# What stands in {SETTINGS}

Made from the schema of the settings by `make docs`; do not edit. `caminos check` names every key that is not here, that
is missing or that holds something else, with an example of what is right; no other command reads a city with such an
error. A key's place is written as in the file: `profile.area`, `targets.canopy_cover.unit`, and `targets[2].unit` for
the second table of a list."""

TARGETS = """A target may stand as `[targets.canopy_cover]`, named by its key, or as `[[targets]]` with `name`: so a name may
have several years. The model compares with the latest year of a name."""

NAMES = """Headlines and levers of the [model](model-reference.md), and the cut of net emissions against a base year."""


def reference() -> str:
    """The whole page, in Markdown."""
    sections = ["## Keys of the city\n\n" + table([f for f in fields(Settings) if f.inner is None])]
    sections += [section for field in fields(Settings) if field.inner for section in _sections(field, field.word)]
    names = "\n".join(
        ["| name | unit |", "|-|-|", *(f"| `{name}` | {unit} |" for name, unit in target_units().items())]
    )
    whole = toml_text(example(Settings))
    return "\n\n".join(
        [OPENING, *sections, f"## Names of targets\n\n{NAMES}\n\n{names}", f"## An example\n\n```toml\n{whole}```\n"]
    )


def _sections(field: Field, word: str) -> Iterator[str]:
    """A table with its keys, then the tables in it."""
    assert field.inner is not None
    head = f"[[{word}]]" if field.kind == "tables" else f"[{word}]"
    inner = fields(field.inner)
    text = " ".join((field.inner.__doc__ or "").split())
    more = f"\n\n{TARGETS}" if field.key.named else ""
    yield f"## {head}\n\n{text}{more}\n\n{table([each for each in inner if each.inner is None])}"
    for each in inner:
        if each.inner:
            yield from _sections(each, f"{word}.{each.word}")


def table(keys: list[Field]) -> str:
    """Keys as rows: what each is, what may stand there, whether it must, and an example."""
    rows = ["| key | what | what may stand there | if missing | example |", "|-|-|-|-|-|"]
    rows += [
        f"| `{field.word}` | {field.key.meaning} | {allowed(field)} | {_missing(field)} | `{line(field)}` |"
        for field in keys
    ]
    return "\n".join(rows)


def allowed(field: Field) -> str:
    """What may stand there, on any day."""
    if field.key.past:
        return f"a year from {field.key.least:g} to this one"
    if field.key.listed:
        return f"{'names' if field.kind == 'texts' else 'a name'} of those in `{field.key.listed}`"
    return wanted(field) + (" of several lines" if field.key.lines else "")


def _missing(field: Field) -> str:
    return "error" if field.required else "warning" if field.key.expected else ""


def example(schema: Any) -> dict[str, Any]:
    """A table made of the examples of its keys."""
    made = {}
    for field in fields(schema):
        value = example(field.inner) if field.inner else field.key.example
        made[field.word] = [value] if field.kind == "tables" else value
    return made


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/city-toml.md"))
    options = parser.parse_args()
    options.out.write_text(reference(), encoding="utf-8")


if __name__ == "__main__":
    main()
