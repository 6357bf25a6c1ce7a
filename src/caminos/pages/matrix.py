"""How the actions that enter on one pathway move the others."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, isfinite, isnan, sqrt

from caminos import words
from caminos.i18n import _
from caminos.model.indicator import PATHWAYS
from caminos.pages.page import Cell, Mark, Page, Row, Table, present, table
from caminos.planning.city_model import CityModel
from caminos.planning.connect import Cell as Pair
from caminos.planning.connect import matrix as pairs

LEVELS = 4  # strengths of colour on either side of nothing


def matrix(model: CityModel, start: int) -> Page:
    """The page of "what do the actions of each pathway do to the others?"."""
    found = pairs(model, start)
    title = _("{city}: how one pathway moves the others", city=model.city.name)
    lead = _(
        "Each row takes the actions that enter on one pathway; each column is the pathway they move. A cell is the "
        "mean part of that pathway's spans which one such action spares; below it, how many actions help (+) or harm (−)."
    )
    return Page(title, present(matrix_table(found), without_link(found)), "matrix", model.city.id, lead=lead)


def matrix_table(found: Sequence[Pair]) -> Table:
    """Entry pathway by pathway moved."""
    known = [abs(pair.mean_worth) for pair in found if isfinite(pair.mean_worth)]
    largest = max(known, default=0.0)
    rows = [
        Row(
            (
                Cell(words.pathway_short(entry), id=entry),
                *(_pair(pair, largest) for pair in found if pair.entry == entry),
            ),
            entry,
            entry,
        )
        for entry in PATHWAYS
    ]
    columns = [("entry", _("Entry pathway")), *((pathway, words.pathway_short(pathway)) for pathway in PATHWAYS)]
    return table(columns, rows, _("Entry pathway by pathway moved"), "matrix", style="matrix")


def _pair(pair: Pair, largest: float) -> Cell:
    helping = f"+{pair.helping}" if pair.helping else ""
    harming = f"{words.MINUS}{pair.harming}" if pair.harming else ""
    none = pair.reason and not pair.helping and not pair.harming
    note = " ".join(part for part in (helping, harming) if part) or (_("no direct link") if none else "")
    level = Mark("level", (_level(pair.mean_worth / largest if largest else 0.0),))
    value = 0.0 if isnan(pair.mean_worth) and none else pair.mean_worth
    return Cell(
        value=value,
        unit="share",
        form="relative",
        note=note,
        mark=level,
        tone="none" if none else "",
        reason=_(pair.reason) if none else "",
    )


def _level(share: float) -> int:
    """The strength of a colour: by the square root, so that small effects are seen."""
    if not isfinite(share) or abs(share) < 1e-4:
        return 0
    size = ceil(LEVELS * sqrt(abs(share)) - 1e-9)
    return size if share > 0 else -size


def without_link(found: Sequence[Pair]) -> Table:
    """Pairs of pathways that no sourced link joins, with the reason."""
    rows = [
        Row(
            (
                Cell(
                    f"{words.pathway_short(pair.entry)}{words.NO_BREAK}→{words.NO_BREAK}{words.pathway_short(pair.moved)}"
                ),
                Cell(_(pair.reason)),
            )
        )
        for pair in found
        if pair.reason
    ]
    title = _("{count} pairs without a sourced direct link", count=len(rows))
    return table([("pair", _("Pair")), ("why", _("Why"))], rows, title, "without_link")
