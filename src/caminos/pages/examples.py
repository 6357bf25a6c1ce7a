"""Worked examples held against the model: what was given, expected and computed."""

from __future__ import annotations

from collections.abc import Sequence

from caminos.i18n import _
from caminos.pages.page import Cell, Page, Row, Sentence, Table, present, sentences, table
from caminos.planning.examples import ExampleError, Given, Outcome

SHOWN = 8  # values of an input along an axis


def examples(outcomes: Sequence[Outcome], faults: Sequence[ExampleError]) -> Page:
    """The page of "does the model say what was published?"; one example alone is shown in full, as is each that fails."""
    count = len(outcomes) + len(faults)
    held = sum(outcome.holds for outcome in outcomes)
    numbers = tuple(Cell(value=float(value), id=id) for id, value in (("held", held), ("all", count)))
    whole = Sentence(_("{held} of {all} worked examples hold.", held=held, all=count), numbers=numbers)
    shown = [_example(outcome, count == 1 or not outcome.holds) for outcome in outcomes]
    wrong = table([("fault", "")], [[Cell(str(fault))] for fault in faults], _("Not computed"), "faults")
    return Page(_("Worked examples"), (*shown, *present(wrong, sentences([whole], id="count"))), "examples")


def _example(outcome: Outcome, in_full: bool) -> Page:
    verdict = _("holds") if outcome.holds else _("DOES NOT HOLD")
    about = sentences([outcome.about])
    source = sentences([Sentence(outcome.source, _("Source"))])
    parts = present(about, _inputs(outcome.inputs), _results(outcome), source) if in_full else ()
    return Page(f"{verdict}: {outcome.name} ({outcome.file})", parts, outcome.name)


def _inputs(given: Sequence[Given]) -> Table:
    columns = [("id", _("In the equation")), ("value", _("Value")), ("meaning", _("What it is"))]
    rows = [
        Row(
            (
                Cell(item.name, id=item.name),
                _values(item),
                Cell(_(item.meaning), note=_("(from the model's tables)") if item.literature else ""),
            ),
            item.name,
        )
        for item in given
    ]
    return table(columns, rows, _("Inputs"), "inputs")


def _values(item: Given) -> Cell:
    """The value of an input, or the first of several in words."""
    if len(item.values) == 1:
        return _exact(item.values[0], item.unit)
    more = _("and {count} more", count=len(item.values) - SHOWN) if len(item.values) > SHOWN else ""
    listed = ", ".join(f"{value:.9g}" for value in item.values[:SHOWN])
    return Cell(" ".join(part for part in (listed, more, item.unit) if part))


def _results(outcome: Outcome) -> Table:
    columns = [("label", ""), ("expected", _("Expected")), ("computed", _("Computed")), ("difference", _("Difference"))]
    numbers = zip(outcome.labels, outcome.expected, outcome.computed, outcome.differences, strict=True)
    rows = [
        Row((Cell(label, id=label), *(_exact(x, outcome.unit) for x in values)), label) for label, *values in numbers
    ]
    note = _("Tolerance {tolerance}", tolerance=f"{outcome.tolerance:.9g}")
    return table(columns, rows, _("Result"), "results", units="table", note=note)


def _exact(value: float, unit: str) -> Cell:
    """A number as it would be written in the file, to nine digits."""
    return Cell(_("not estimated") if value != value else "", value, unit=unit, form="exact")
