"""How worked examples are shown: what was given, expected and computed."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable
from math import isinf, isnan
from pathlib import Path
from typing import Any

import typer

from caminos.command.console import PROBLEMS, Stop, emit, say
from caminos.i18n import _, one_line
from caminos.planning.examples import ExampleError, Given, Outcome, example_files, run_example

SHOWN = 8  # values of an input along an axis


def show_examples(paths: list[Path], as_json: bool) -> None:
    """Run worked examples. One alone is shown in full, of several those that do not hold."""
    files = example_files(paths)
    outcomes, faults = _run(files)
    if as_json:
        emit({"examples": [as_data(item) for item in outcomes], "faults": [str(fault) for fault in faults]})
    else:
        for outcome in outcomes:
            typer.echo("\n".join(lines(outcome, in_full=len(files) == 1 or not outcome.holds)))
        for fault in faults:
            say(Stop(str(fault)), as_json=False)
    held = sum(outcome.holds for outcome in outcomes)
    if len(files) > 1 and not as_json:
        typer.echo(_("{held} of {all} worked examples hold.", held=held, all=len(files)))
    if held < len(files):
        raise Stop("", PROBLEMS)


def _run(files: Iterable[Path]) -> tuple[list[Outcome], list[ExampleError]]:
    """What became of every example, and the faults of those that cannot be computed."""
    outcomes, faults = [], []
    for file in files:
        try:
            outcomes.append(run_example(file))
        except ExampleError as error:
            faults.append(error)
    return outcomes, faults


def as_data(outcome: Outcome) -> dict[str, Any]:
    """An outcome as plain data; what is not estimated is None, what has no end a text."""
    return {
        **{name: getattr(outcome, name) for name in ("file", "about", "name", "source", "holds", "unit", "tolerance")},
        "inputs": [
            {"name": item.name, "unit": item.unit, "meaning": item.meaning, "literature": item.literature}
            | {"values": _known(item.values)}
            for item in outcome.inputs
        ],
        "labels": list(outcome.labels),
        "expected": _known(outcome.expected),
        "computed": _known(outcome.computed),
        "differences": _known(outcome.differences),
    }


def _known(values: Iterable[float]) -> list[float | str | None]:
    return [None if isnan(value) else str(value) if isinf(value) else value for value in values]


def lines(outcome: Outcome, in_full: bool) -> list[str]:
    """An outcome as lines of text, none wider than the terminal."""
    verdict = _("holds") if outcome.holds else _("DOES NOT HOLD")
    head = wrapped(f"{verdict}: {outcome.name} ({outcome.file})", "")
    if not in_full:
        return head
    found = [*head, *wrapped(outcome.about, "  "), "", f"  {_('Inputs')}"]
    for item in outcome.inputs:
        found += wrapped(_input_text(item), "    ")
    found += [
        "",
        *wrapped(
            _("Result in {unit}, tolerance {tolerance}", unit=outcome.unit or "1", tolerance=exact(outcome.tolerance)),
            "  ",
        ),
    ]
    cells = zip(outcome.labels, outcome.expected, outcome.computed, outcome.differences, strict=True)
    for name, *numbers in cells:
        text = _("expected {expected}, computed {computed}, difference {difference}")
        shown = dict(zip(("expected", "computed", "difference"), map(exact, numbers), strict=True))
        found += wrapped((f"{name}: " if name else "") + text.format(**shown), "    ")
    return [*found, "", *wrapped(f"{_('Source')}: {outcome.source}", "  ")]


def _input_text(item: Given) -> str:
    """`gwp_ch4 = 28 t CO2e/t CH4 (from the literature tables): what it means`."""
    values = ", ".join(map(exact, item.values[:SHOWN])) + (", …" if len(item.values) > SHOWN else "")
    origin = _("(from the model's tables)") if item.literature else ""
    said = " ".join(f"{item.name} = {values} {item.unit} {origin}".split())
    return f"{said}: {item.meaning}"


def exact(value: float) -> str:
    """A number as it would be written in the file, to nine digits."""
    return _("not estimated") if value != value else f"{value:.9g}"


def wrapped(text: str, indent: str) -> list[str]:
    """A text within the width of the terminal, without control characters."""
    width = shutil.get_terminal_size().columns
    wrapper = textwrap.TextWrapper(
        width, initial_indent=indent, subsequent_indent=indent + "  ", break_on_hyphens=False
    )
    return wrapper.wrap(one_line(text))
