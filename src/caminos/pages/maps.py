"""What was made of maps: facts written, layers that can be drawn, a picture that was drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from shlex import quote

import numpy as np

from caminos import words
from caminos.city.package import City
from caminos.i18n import _
from caminos.pages.page import Cell, Page, Row, Sentence, present, sentences, table
from caminos.problems import Problem


def layers(city: City, folder: Path, written: Mapping[str, int], problems: Iterable[Problem]) -> Page:
    """The page of facts that were made of maps."""
    rows = [Row((Cell(name, id=name), Cell(value=float(count))), name) for name, count in written.items()]
    found = [
        Row(
            (
                Cell(_(problem.severity), id=problem.severity),
                Cell(problem.file),
                Cell(problem.message, note=problem.fix),
            )
        )
        for problem in problems
    ]
    next_step = Sentence(_("Next: caminos check {folder}", folder=quote(str(folder))), style="hint")
    parts = present(
        table(
            [("severity", _("Kind")), ("place", _("Where")), ("message", _("What is wrong, and what to do"))],
            found,
            id="problems",
        ),
        table([("file", _("File")), ("facts", _("Facts"))], rows, _("Written to {folder}", folder=folder), "files"),
        sentences([next_step] if (folder / "city.toml").is_file() else []),
    )
    return Page(_("{city}: facts from maps", city=city.name), parts, "layers", city.id)


def map_list(city: City, found: Sequence[tuple[str, str]]) -> Page:
    """The page of what can be drawn: the ids to type, and what they are."""
    rows = [Row((Cell(name, id=name), Cell(meaning)), name) for name, meaning in found]
    lines = [] if rows else [Sentence(_("Nothing is known by zone, and there is no layers.toml."))]
    parts = present(table([("layer", _("Layer")), ("meaning", _("What it is"))], rows, id="layers"), sentences(lines))
    return Page(_("{city}: what can be drawn", city=city.name), parts, "map_list", city.id)


def drawn(city: City, layer: str, path: Path, values: np.ndarray, unit: str) -> Page:
    """The page of a picture that was drawn."""
    known = values[np.isfinite(values)]
    files = {"picture": path, "table": path.with_suffix(".csv")}
    rows = [Row((Cell(str(file), id=file.name),), id) for id, file in files.items()]
    parts = present(
        table([("file", _("Written"))], rows, id="files"), sentences([_known(known, values.size, unit)], id="values")
    )
    return Page(f"{city.name}: {layer}", parts, "map", city.id)


def _known(known: np.ndarray, places: int, unit: str) -> Sentence:
    """How many places have a value, and between which it lies."""
    counts = (Cell(value=float(known.size), id="known"), Cell(value=float(places), id="of"))
    if not known.size:
        return Sentence(_("No place has a value."), numbers=counts)
    least, most = float(known.min()), float(known.max())
    factor, words_of_unit = words.scale_of(unit, [least, most])
    text = _(
        "{known} of {all} places known, from {least} to {most} {unit}.",
        known=known.size,
        all=places,
        least=words.shown(least, unit, factor),
        most=words.shown(most, unit, factor),
        unit="" if unit == "share" else words_of_unit,
    )
    ends = (Cell(value=least, unit=unit, id="least"), Cell(value=most, unit=unit, id="most"))
    return Sentence(text.replace(" .", "."), numbers=(*counts, *ends))
