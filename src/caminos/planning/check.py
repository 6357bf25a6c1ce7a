"""Every fault of a city: of its files, and those that only the whole model shows."""

from __future__ import annotations

from pathlib import Path

from caminos.city.check import check_city
from caminos.city.package import read_city
from caminos.i18n import _
from caminos.planning.city_model import CityModel
from caminos.planning.files import find_plan
from caminos.problems import ERROR, CaminosError, Problem


def check(folder: Path) -> list[Problem]:
    """Every problem of a city's files; without errors there, also of its own actions and its plans."""
    problems = check_city(folder)
    if any(problem.severity == ERROR for problem in problems):
        return problems
    try:
        model = CityModel(read_city(folder))
    except CaminosError as error:
        fix = _("Put it right in the folder actions/ of the city.")
        return [*problems, *(Problem(ERROR, "actions", None, "", line, fix) for line in str(error).splitlines())]
    for path in sorted((folder / "plans").glob("*.toml")):
        file = f"plans/{path.name}"
        try:
            find_plan(model, str(path))
        except CaminosError as error:
            lines = [line.replace(f"{path}: ", "", 1) for line in str(error).splitlines()]
            problems += [
                Problem(ERROR, file, None, "", line, _("Put it right, or take the plan away.")) for line in lines
            ]
    return problems
