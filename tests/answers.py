"""Every answer of the model for some cities, by name and label, as JSON: run by test_labels.py on copies of the package.

Usage: python answers.py FOLDER_OF_A_CITY … NAME_OF_A_PLACE …
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from caminos.city.new import new_city
from caminos.city.package import read_city
from caminos.model.axes import GROUP, KIND, QUINTILES, ZONE, labels
from caminos.model.values import NotEstimated
from caminos.pathways.tables import headlines
from caminos.planning.assessment import assess, balance, single_cases
from caminos.planning.city_model import CityModel
from caminos.planning.connect import matrix
from caminos.planning.entry import scores
from caminos.spatial.impact import depth_damage
from caminos.spatial.water import curve_number_table

START = 2027
BUDGET = 20e6
USES = (("residential", "Latin America"), ("residential with basement", "Northern America"), ("transport", "Europe"))


def answers(folder: Path) -> dict[str, Any]:
    """Every node's value, what is lacking, the worths, the matrix and the ranking of a city."""
    model = CityModel(read_city(folder))
    values = model.run(sorted(model.graph.nodes))
    found: dict[str, Any] = {"values": {}, "lacking": {}}
    for name, value in values.items():
        if isinstance(value, NotEstimated):
            found["lacking"][name] = sorted(value.missing)
        else:
            found["values"][name] = by_label(model, name, value)
    assessment = assess(model, single_cases(model, START), START)
    score = dict(
        zip(
            (case.name for case in assessment.cases),
            scores(assessment, BUDGET, balance(assessment.headlines)).loss[:, 0].tolist(),
            strict=True,
        )
    )
    found["score"] = relative(score)
    found["ranking"] = sorted(score, key=lambda name: -score[name])
    found["worth"] = relative(
        {
            f"{case.name} {headline.indicator}": float(assessment.worth[row, 0, column])
            for row, case in enumerate(assessment.cases)
            for column, headline in enumerate(assessment.headlines)
        }
    )
    found["benefit"] = relative(
        {
            f"{case.name} {group}": float(assessment.benefit[row, 0, place])
            for row, case in enumerate(assessment.cases)
            for place, group in enumerate(QUINTILES)
        }
    )
    cells = [cell.__dict__ for cell in matrix(model, START, assessment)]
    found["matrix"] = {f"{cell['entry']} {cell['moved']}": plain(cell) for cell in cells}
    found["headlines"] = sorted(headline.indicator for headline in headlines())
    return found


def curves() -> dict[str, Any]:
    """What the tables of floods and storm water say, by use, region and cover."""
    table = curve_number_table()
    found: dict[str, Any] = {cover: row.tolist() for cover, row in zip(table.cover, table.curve_number, strict=True)}
    for use, region in USES:
        curve = depth_damage(use, region)
        found[f"{use} {region}"] = [curve.depth.tolist(), curve.damage.tolist(), curve.source, curve.quality]
    return found


def relative(values: dict[str, float]) -> dict[str, float]:
    """Values as multiples of the largest: differences of large numbers are only as exact as these."""
    largest = max((abs(value) for value in values.values() if value == value), default=0.0) or 1.0
    return {name: value / largest for name, value in values.items()}


def by_label(model: CityModel, name: str, value: np.ndarray) -> dict[str, list[float]]:
    """Series by zone, group and kind."""
    zones = [zone.id for zone in model.city.zones] if value.shape[ZONE] > 1 else [""]
    groups = list(QUINTILES) if value.shape[GROUP] > 1 else [""]
    classification = model.graph.nodes[name].classification
    kinds = list(labels(classification)) if value.shape[KIND] > 1 else [""]
    return {
        f"{zone}|{group}|{kind}": value[0, 0, :, z, g, k].tolist()
        for z, zone in enumerate(zones)
        for g, group in enumerate(groups)
        for k, kind in enumerate(kinds)
    }


def plain(value: Any) -> Any:
    """As JSON has it; lists of names without their order."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return sorted((plain(item) for item in value), key=str)
    return value if isinstance(value, str | int | float | type(None)) else str(value)


def city(given: str) -> Path:
    """The folder of a city: as given, or made for the place of that name."""
    return Path(given) if Path(given).is_dir() else new_city(given, Path(tempfile.mkdtemp()) / "city")


if __name__ == "__main__":
    json.dump({"curves": curves(), **{given: answers(city(given)) for given in sys.argv[1:]}}, sys.stdout)
