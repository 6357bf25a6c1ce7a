"""What is wrong with a city's files, and what was made of a place's name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from shlex import quote

from caminos.i18n import _
from caminos.pages.page import Cell, Page, Row, Sentence, present, sentences, table
from caminos.problems import ERROR, WARNING, Problem


def check(folder: Path, problems: Sequence[Problem]) -> Page:
    """The page of "are my files right?"."""
    columns = [("severity", _("Kind")), ("place", _("Where")), ("message", _("What is wrong, and what to do"))]
    rows = [
        Row(
            (
                Cell(_(problem.severity), id=problem.severity),
                Cell(_place(problem)),
                Cell(problem.message, note=problem.fix),
            )
        )
        for problem in problems
    ]
    title = _("Check of {folder}", folder=folder.name)
    return Page(
        title, present(sentences([_count(problems)]), table(columns, rows, id="problems")), "check", folder.name
    )


def _place(problem: Problem) -> str:
    return ":".join(str(part) for part in (problem.file, problem.row, problem.column) if part)


def _count(problems: Sequence[Problem]) -> Sentence:
    kinds = [problem.severity for problem in problems]
    errors, warnings = kinds.count(ERROR), kinds.count(WARNING)
    numbers = {"errors": errors, "warnings": warnings, "others": len(kinds) - errors - warnings}
    return Sentence(
        _("Errors: {errors}. Warnings: {warnings}. Not checkable: {others}.", **numbers),
        numbers=tuple(Cell(value=float(value), id=name) for name, value in numbers.items()),
    )


def made(folder: Path) -> Page:
    """The page of a city that was just made."""
    lines = [
        Sentence(
            _("Made {folder}. Every value in it is a default: replace them one by one in facts.csv.", folder=folder)
        ),
        Sentence(_("Next: caminos diagnose {folder}", folder=quote(str(folder))), style="hint"),
    ]
    files = [Row((Cell(path.name, id=path.name),), path.name) for path in sorted(folder.iterdir()) if path.is_file()]
    return Page(
        _("A new city"), (sentences(lines), table([("file", _("File"))], files, id="files")), "new", folder.name
    )
