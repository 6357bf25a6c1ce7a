"""Where a row stands in a table means nothing: labels do."""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import caminos
from caminos.actions.library import ACTION_COLUMNS, lever_nodes, read_actions
from caminos.model import axes
from caminos.model.axes import GROUP, QUINTILES, LabelError, among, compose, labels, pick, pick_group
from caminos.model.graph import build
from caminos.model.indicator import ModelError, Source, from_function, indicator
from caminos.parameters.tables import ParameterError, _check_alike, rows
from caminos.pathways.tables import headlines, series
from caminos.planning.city_model import CityModel

PACKAGE = Path(caminos.__file__).parent
CITIES = (str(Path(__file__).parents[1] / "cities" / "porto-alegre"), "Rosario, Argentina")
ROUNDING = 1e-9  # relative: sums in another order are rounded otherwise
SMALLEST = 1e-6  # of the largest: what counts as nothing among scores and closures

Rows = list[list[str]]


def backwards(rows: Rows) -> Rows:
    """The last row first."""
    return rows[::-1]


def shuffled(seed: int) -> Callable[[Rows], Rows]:
    """Rows in a random order."""

    def shuffle(rows: Rows) -> Rows:
        return random.Random(seed).sample(rows, len(rows))

    return shuffle


def permuted_package(folder: Path, order: Callable[[Rows], Rows]) -> Path:
    """A copy of the package in which the rows of every table stand in another order."""
    shutil.copytree(PACKAGE, folder / "caminos", ignore=shutil.ignore_patterns("__pycache__", "locale", "cities"))
    tables = sorted((folder / "caminos").rglob("*.csv"))
    assert tables
    for table in tables:
        with table.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        with table.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([header, *order(rows)])
    return folder


def answers(package: Path) -> dict[str, Any]:
    """What tests/answers.py finds with that copy of the package."""
    script = Path(__file__).with_name("answers.py")
    run = subprocess.run(
        [sys.executable, str(script), *CITIES],
        env={**os.environ, "PYTHONPATH": str(package)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def differences(one: Any, other: Any, path: str = "", floor: float = SMALLEST) -> Iterator[str]:
    """Where two answers differ by more than rounding; `floor` is the magnitude below which it is taken as absolute."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            if key not in one or key not in other:
                yield f"{path}/{key} only on one side"
            else:
                yield from differences(one[key], other[key], f"{path}/{key}", 0.0 if key == "values" else floor)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for place, (a, b) in enumerate(zip(one, other, strict=True)):
            yield from differences(a, b, f"{path}[{place}]", floor)
    elif isinstance(one, float) and isinstance(other, float):
        same = one == other or (one != one and other != other)
        if not same and not abs(one - other) <= ROUNDING * max(abs(one), abs(other), floor):
            yield f"{path}: {one!r} and {other!r}"
    elif one != other:
        yield f"{path}: {one!r} and {other!r}"


@pytest.fixture(scope="module")
def as_shipped() -> dict[str, Any]:
    """The answers with the tables as they are."""
    return answers(PACKAGE.parent)


@pytest.mark.parametrize("order", [backwards, shuffled(1), shuffled(2), shuffled(3)], ids=["back", "1", "2", "3"])
def test_the_order_of_rows_means_nothing(
    order: Callable[[Rows], Rows], as_shipped: dict[str, Any], tmp_path: Path
) -> None:
    """Every table of the package permuted: values, closures, matrix and ranking stay, by label."""
    found = list(differences(as_shipped, answers(permuted_package(tmp_path, order))))
    assert not found, "\n".join(found[:20])


KEYS = {
    "actions/actions.csv": "id",
    "actions/effects.csv": "action lever kind group",
    "actions/levers.csv": "lever",
    "city/countries.csv": "country name kind",
    "city/country_names.csv": "country",
    "city/gpc.csv": "reference",
    "city/new_city_assumptions.csv": "name kind",
    "city/plausible.csv": "name over divisor",
    "city/rule_values.csv": "name kind",
    "city/share_sums.csv": "name",
    "city/unit_spellings.csv": "written",
    "city/vocabulary.csv": "name",
    "city/waste_cities.csv": "country city name kind",
    "model/classifications.csv": "classification label",
    "parameters/error_families.csv": "family",
    "parameters/errors.csv": "input",
    "parameters/families.csv": "input",
    "parameters/money.csv": "series year",
    "pathways/connections.csv": "id",
    "pathways/defaults.csv": "name",
    "pathways/headlines.csv": "indicator",
    "pathways/pairs_without_evidence.csv": "from to",
    "spatial/curve_number.csv": "cover",
    "spatial/depth_damage.csv": "use region depth",
    "spatial/maximum_damage.csv": "use",
}


@pytest.mark.parametrize("table", KEYS)
def test_no_two_rows_say_something_of_the_same(table: str) -> None:
    """Of two rows with one key the place would decide which holds."""
    with (PACKAGE / table).open(encoding="utf-8", newline="") as file:
        keys = [tuple(row[column] for column in KEYS[table].split()) for row in csv.DictReader(file)]
    assert len(set(keys)) == len(keys)


def test_what_has_an_order_has_it_from_a_number() -> None:
    """The ranks of ordered labels are the numbers that the model computes with, not their places."""
    with (PACKAGE / "model" / "classifications.csv").open(encoding="utf-8", newline="") as file:
        given = [(row["classification"], row["label"], row["rank"]) for row in csv.DictReader(file)]
    ranked = {(name, label): float(rank) for name, label, rank in given if rank}
    ordered = {name for name, _label in ranked}
    assert ordered == {"noise_band", "return_period", "income_band", "quintile", "depth_step", "score_limit"}
    assert all(rank for name, _label, rank in given if name in ordered)
    for parameter, name in (("return_period_years", "return_period"), ("depth_step", "depth_step")):
        assert {row.kind: row.value for row in rows()[parameter]} == {
            label: rank for (of, label), rank in ranked.items() if of == name
        }
    levels = {row.kind: row.value for row in rows()["noise_band_level"]}  # the middle of the band
    assert all(0 < levels[label] - ranked["noise_band", label] <= 5 for label in labels("noise_band"))
    for parameter in ("canopy_score_limits", "natural_area_score_limits"):
        limits = {row.kind: row.value for row in rows()[parameter]}
        assert sorted(limits, key=limits.__getitem__) == list(labels("score_limit"))
    assert QUINTILES == ("q1", "q2", "q3", "q4", "q5")


ROUTES = {"recycling": 1.0, "composting": 2.0, "disposal": 3.0, "repair": 4.0}


def one(value: float) -> np.ndarray:
    """A number with six axes."""
    return np.full((1,) * 6, value)


def test_an_array_is_composed_by_label() -> None:
    """In whatever order the parts are named, each stands with its label."""
    parts = {label: one(value) for label, value in ROUTES.items()}
    for given in (parts, dict(reversed(parts.items()))):
        found = compose("job_route", given)
        assert {label: pick(found, "job_route", label).item() for label in ROUTES} == ROUTES


def test_a_label_left_out_or_unknown_is_refused() -> None:
    """Nothing takes another label's place."""
    parts = {label: one(1.0) for label in ROUTES}
    with pytest.raises(LabelError, match="job_route: there is nothing for repair"):
        compose("job_route", {label: part for label, part in parts.items() if label != "repair"})
    with pytest.raises(LabelError, match="job_route has no reuse; its labels are"):
        compose("job_route", {**parts, "reuse": one(1.0)})
    with pytest.raises(LabelError, match="sector has no comercial"):
        among("sector", "comercial")
    with pytest.raises(LabelError, match="fuel has no petrol"):
        pick(np.ones((1, 1, 1, 1, 1, 5)), "fuel", "petrol")


def test_a_group_is_taken_by_its_name() -> None:
    """The poorest fifth is q1; what does not vary by group is the same for all."""
    income = np.arange(5.0).reshape(1, 1, 1, 1, 5, 1)
    assert [pick_group(income, name).item() for name in QUINTILES] == [0, 1, 2, 3, 4]
    assert pick_group(one(7.0), "q3").item() == 7
    assert axes.among_groups("q1", "q3").shape[GROUP] == 5


def test_the_unit_proof_names_a_function_that_forgets_a_label() -> None:
    """The function is found when the graph is built, not when a city is evaluated."""

    @indicator(unit="t/yr", dims="year kind", kind="sewage_path", source="test")
    def sewage(flow: Any) -> Any:
        return compose("sewage_path", {"treated": flow, "untreated": flow})

    with pytest.raises(ModelError, match=r"sewage \(test_labels:\d+\): sewage_path: there is nothing for septic"):
        build([Source("flow", "t/yr", "fact", ("year",)), from_function(sewage)])


HEADER = ",".join(ACTION_COLUMNS)
OWN = (
    "widen,1,Widen,nature,ha,1,cost,,lifetime,lead,5,0.1,M,,,,",
    "halve,2,Halve,nature,ha,1,cost,,lifetime,lead,5,0.1,M,,,,",
)
EFFECTS = ("widen,impervious_share,,,add,0.2,,", "halve,impervious_share,,,reduce,0.5,,")


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)], ids=["as is", "back"])
def test_effects_of_different_modes_have_one_order(order: slice) -> None:
    """What adds comes before what reduces: (0.4 + 0.2) / 2, in whatever order the rows stand."""
    actions = read_actions(
        "\n".join([HEADER, *OWN[order]]), "\n".join(["action,lever,kind,group,mode,amount,lag,note", *EFFECTS[order]])
    )
    assert [action.id for action in actions] == ["widen", "halve"]
    for given in (actions, actions[::-1]):
        (lever,) = (node for node in lever_nodes(given) if node.name == "impervious_share")
        adopted = {name: one(1.0) for action in actions for name in (action.adoption, action.size)}
        assert lever.function(base_impervious_share=one(0.4), **adopted).item() == pytest.approx(0.3, rel=1e-12)


def test_rows_of_a_parameter_share_their_unit() -> None:
    """The first row would otherwise decide in which unit the model computes."""
    first = rows()["jobs_per_tonne"][0]
    with pytest.raises(ParameterError, match="jobs_per_tonne has two units"):
        _check_alike(replace(first, unit="job/kg", place="circular.csv:9"), first)


# --- thresholds that a helper hides ---------------------------------------------------------------------------


def excess(load: Any, limit: Any) -> Any:
    """What goes beyond a limit."""
    return axes.positive(load - limit)


def deeper(load: Any, limit: Any) -> Any:
    """A helper of a helper."""
    return excess(load, limit)


def beyond(load: Any, limit: Any) -> Any:
    """A threshold by comparison."""
    return (load > limit) * load


HELPERS: dict[str, Callable[[Any, Any], Any]] = {
    "function": excess,
    "helper of a helper": deeper,
    "lambda": lambda load, limit: axes.positive(load - limit),
    "closure": (lambda inner: lambda load, limit: inner(load, limit))(excess),
    "imported": SimpleNamespace(excess=excess).excess,
    "method": lambda load, limit: (load - limit).clip(0 * load, None),
    "comparison": beyond,
}


@pytest.mark.parametrize("helper", HELPERS.values(), ids=HELPERS)
def test_a_threshold_is_found_wherever_it_hides(helper: Callable[[Any, Any], Any]) -> None:
    """A limit in tonnes against a load in kilograms: the factor is missed below the threshold alone."""
    nodes = [
        Source("load", "kg", "fact"),
        Source("limit", "t", "fact"),
        Source("kilograms_per_tonne", "kg/t", "parameter"),
    ]

    @indicator(unit="kg", dims="", source="test")
    def wrong(load: Any, limit: Any) -> Any:
        return helper(load, limit * 1000)

    @indicator(unit="kg", dims="", source="test")
    def right(load: Any, limit: Any, kilograms_per_tonne: Any) -> Any:
        return helper(load, limit * kilograms_per_tonne)

    build([*nodes, from_function(right)])
    with pytest.raises(ModelError, match=r"wrong .*a factor is missing"):
        build([*nodes, from_function(wrong)])


# --- one number a year ------------------------------------------------------------------------------------------


def test_a_headline_is_reduced_by_one_function(porto_alegre: CityModel) -> None:
    """Only what varies by zone, group or kind says how it is reduced; the sum is over the labels."""
    nodes = porto_alegre.graph.nodes
    varying = {line.indicator for line in headlines() if {"zone", "group", "kind"} & set(nodes[line.indicator].dims)}
    assert varying == {line.indicator for line in headlines() if line.reduce} == {"transport_energy"}
    for line in headlines():
        values = porto_alegre.run([line.indicator])[line.indicator]
        if isinstance(values, np.ndarray):
            expected = values.reshape(*values.shape[:3], -1).sum(axis=-1)
            assert np.allclose(series(line, values), expected, rtol=1e-14, equal_nan=True)


def test_a_headline_that_varies_without_saying_how_is_refused() -> None:
    """The first kind alone would be a wrong but plausible number."""
    line = next(line for line in headlines() if line.indicator == "heat_deaths")
    with pytest.raises(ModelError, match="heat_deaths varies by zone, group or kind"):
        series(line, np.ones((1, 1, 26, 1, 1, 3)))
    assert series(line, np.ones((2, 4, 26, 1, 1, 1))).shape == (2, 4, 26)
