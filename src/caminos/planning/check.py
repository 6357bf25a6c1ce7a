"""Every fault of a city: of its files, and those that only the whole model shows."""

from __future__ import annotations

from pathlib import Path

from caminos.city.check import check_city
from caminos.city.package import read_city
from caminos.i18n import _
from caminos.planning.city_model import CityModel
from caminos.problems import ERROR, CaminosError, Problem


def check(folder: Path) -> list[Problem]:
    """Every problem of a city's files; without errors there, also of its own actions and overridden parameters."""
    problems = check_city(folder)
    if any(problem.severity == ERROR for problem in problems):
        return problems
    try:
        CityModel(read_city(folder))
    except CaminosError as error:
        fix = _("Put it right in the folder actions/ of the city.")
        problems += [Problem(ERROR, "actions", None, "", line, fix) for line in str(error).splitlines()]
    return problems
