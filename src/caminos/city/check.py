"""Everything that is wrong with a city package, in one pass."""

from __future__ import annotations

from pathlib import Path

from caminos.city.package import load
from caminos.city.rules import check_rules
from caminos.problems import ERROR, NOT_CHECKABLE, WARNING, Problem

__all__ = ["ERROR", "NOT_CHECKABLE", "WARNING", "Problem", "check_city"]

_ORDER = (ERROR, WARNING, NOT_CHECKABLE)


def check_city(path: str | Path) -> list[Problem]:
    """Every problem of the package in the folder `path`, errors first; never raises on bad input.

    Errors keep the city from being read; warnings are numbers that are hard to believe; "not checkable"
    names an input without which a rule cannot judge.
    """
    city, problems = load(path)
    if city is not None:
        problems = [*problems, *check_rules(city)]
    distinct = dict.fromkeys(problems)
    return sorted(distinct, key=lambda problem: (_ORDER.index(problem.severity), problem.file, problem.row or 0))
