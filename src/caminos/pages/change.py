"""Changes as cells: the difference with its range, and how often it is for the better."""

from __future__ import annotations

from collections.abc import Iterable
from math import isnan

from caminos import words
from caminos.i18n import _
from caminos.pages.names import names_of
from caminos.pages.page import Cell
from caminos.planning.change import Change


def change_cell(change: Change, case: str) -> Cell:
    """A change with its range; where there is none, what it lacks."""
    return Cell(
        text=_("not estimated") if change.missing else "",
        value=change.value,
        low=change.low,
        high=change.high,
        unit=change.unit,
        form="change",
        node=change.indicator,
        year=change.year,
        group=change.group,
        case=case,
        reason=words.not_estimated([names_of(change.missing)]) if change.missing else "",
    )


def better_head(changes: Iterable[Change]) -> str:
    """The head of a column of `better_cell`."""
    drawn = any(not isnan(change.probability_better) for change in changes)
    return _("Better in") if drawn else _("Better?")


def better_cell(change: Change, worse: str | None = None) -> Cell:
    """In what share of the draws a change is for the better; without draws, whether it is. `worse` says what it is if not."""
    worse = _("a trade-off") if worse is None else worse
    if change.value == change.low == change.high == 0:
        return Cell("")
    tone = "" if change.better is None else "good" if change.better else "bad"
    if isnan(change.probability_better):
        return Cell({"good": _("yes"), "bad": _("no: {what}", what=worse)}.get(tone, ""), tone=tone)
    notes = [worse] if tone == "bad" else []
    if change.known < 1:
        notes.append(_("{share} of draws have no number", share=words.percent(1 - change.known)))
    return Cell(value=change.probability_better, form="draws", tone=tone, note="; ".join(notes))


def likely(change: Change) -> str:
    """The same in a line; empty without draws."""
    cell = better_cell(change)
    return "; ".join(filter(None, [words.better_in(change.probability_better), cell.note])) if cell.is_number else ""
