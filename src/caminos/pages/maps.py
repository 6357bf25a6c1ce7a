"""What was made of maps: facts written, layers that can be drawn, a picture that was drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from caminos.city.package import City
from caminos.i18n import _
from caminos.pages.page import Cell, Page, Row, Sentence, present, sentences, table
from caminos.problems import Problem


def layers(city: City, folder: Path, written: Mapping[str, int], problems: Iterable[Problem]) -> Page:
    """The page of facts that were made of maps."""
    rows = [Row((Cell(str(folder / name), id=name), Cell(value=float(count))), name) for name, count in written.items()]
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
    next_step = Sentence(_("Next: caminos check {folder}", folder=folder), style="hint")
    parts = present(
        table([("severity", _("Kind")), ("place", _("Where")), ("message", _("What is wrong, and what to do"))], found, id="problems"),
        table([("file", _("Written")), ("facts", _("Facts"))], rows, id="files"),
        sentences([next_step] if (folder / "city.toml").is_file() else []),
    )  # fmt: skip
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
    cells = [Cell(str(path), id=path.name), Cell(str(path.with_suffix(".csv")), id=path.with_suffix(".csv").name)]
    ends = [Cell(value=float(end), unit=unit) for end in ((known.min(), known.max()) if known.size else ())]
    columns = [("picture", _("Picture")), ("table", _("Table"))]
    counts = table(
        [("known", _("Places with a value")), ("of", _("Of")), ("least", _("Least")), ("most", _("Most"))],
        [[Cell(value=float(known.size)), Cell(value=float(values.size)), *(ends or [Cell(), Cell()])]], id="values",
    )  # fmt: skip
    title = _("{city}: {layer}", city=city.name, layer=layer)
    return Page(title, present(table(columns, [cells], id="files"), counts), "map", city.id)
