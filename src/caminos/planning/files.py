"""Plans and results on disk. Writes are atomic: a file is whole or it is not there."""

from __future__ import annotations

import io
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import tomli_w

from caminos.actions.library import Action
from caminos.files import write_atomic
from caminos.i18n import _, one_line
from caminos.model import DRAWS
from caminos.model.axes import GROUP, KIND, QUINTILES, YEAR, ZONE, labels
from caminos.model.indicator import Indicator
from caminos.model.values import NotEstimated
from caminos.planning.assessment import PlanError
from caminos.planning.city_model import BASELINE, SEED, Case, CityModel, Measure
from caminos.planning.connect import find_action
from caminos.planning.portfolio import Plan
from caminos.planning.results import RANGE, QuestionError, why_missing

Find = Callable[[str], str]  # the id of an action from what was written; raises QuestionError


def plan_text(model: CityModel, plan: Plan) -> str:
    """A plan as TOML: what was asked for, and each measure with its start and scale."""
    head = one_line(f"# {model.city.name}: plan from {plan.start}. Money in USD at prices of 2023.")
    given = {
        "city": model.city.id,
        "start": plan.start,
        "budget_per_year": round(plan.budget),
        "pathway_weights": list(plan.weights),
        "floor_for_poorest": plan.floor,
        **{name: list(ids) for name, ids in (("required", plan.required), ("excluded", plan.excluded)) if ids},
        "measures": [
            {"action": measure.action, "start": measure.start, "scale": float(f"{measure.scale:g}")}
            for measure in plan.measures
        ],
    }
    return f"{head}\n{tomli_w.dumps(given)}"


@dataclass(frozen=True)
class Asked:
    """A plan as it is written in a file: its name, its first year, and what it takes."""

    name: str
    start: int
    measures: tuple[Measure, ...]

    @property
    def case(self) -> Case:
        """The plan as a case of the model."""
        return Case(self.name, self.measures)


PLAN_KEYS = (
    "city",
    "name",
    "start",
    "budget_per_year",
    "pathway_weights",
    "floor_for_poorest",
    "required",
    "excluded",
    "measures",
)
MEASURE_KEYS = ("action", "start", "scale")


def read_plan(model: CityModel, text: str, file: str, name: str) -> Asked:
    """A plan from its TOML, the inverse of plan_text; raises PlanError with every fault, its file and its path.

    `file` stands in messages; `name` is that of the plan where the text gives none.
    """
    try:
        given = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, ValueError, RecursionError) as error:
        raise PlanError(_("{file}: this is not TOML: {error}", file=file, error=error)) from None
    faults = [_("{file}: there is no setting {name}.", file=file, name=key) for key in given if key not in PLAN_KEYS]
    rows = given.get("measures")
    if not isinstance(rows, list) or not rows:
        raise PlanError("\n".join([*faults, _("{file}: a plan needs one [[measures]] or more.", file=file)]))
    measures = []
    for place, row in enumerate(rows, 1):
        found = _measure(model.actions, model.years, row, f"{file}: measures {place}", partial(find_action, model))
        faults += [item for item in found if isinstance(item, str)]
        measures += [item for item in found if isinstance(item, Measure)]
    faults += _twice(measures, file) + _together(model, measures, file)
    named, start = given.get("name", name), given.get("start", min((m.start for m in measures), default=0))
    if not isinstance(named, str) or not named:
        faults.append(_("{file}: name must be a text.", file=file))
    if (measures or "start" in given) and not _is_year(model.years, start):
        faults.append(_year_fault(model.years, f"{file}: start"))
    if faults:
        raise PlanError("\n".join(faults))
    return Asked(named, start, tuple(measures))


def checked(case: Case, actions: Mapping[str, Action], years: np.ndarray, find: Find) -> Case:
    """A case with the ids of its actions; raises PlanError with every fault of its measures."""
    found = [
        item
        for place, measure in enumerate(case.measures, 1)
        for item in _measure(actions, years, vars(measure), f"{case.name}: measures {place}", find)
    ]
    measures = [item for item in found if isinstance(item, Measure)]
    faults = [item for item in found if isinstance(item, str)] + _twice(measures, case.name)
    if faults:
        raise PlanError("\n".join(faults))
    return Case(case.name, measures)


def asked(model: CityModel, case: Case, start: int) -> Asked:
    """A case as a plan from its first measure on (`start`, where it has none); raises PlanError as for one in a file."""
    faults = _together(model, case.measures, case.name)
    if faults:
        raise PlanError("\n".join(faults))
    return Asked(case.name, min((measure.start for measure in case.measures), default=start), case.measures)


def _measure(
    actions: Mapping[str, Action], years: np.ndarray, row: object, where: str, find: Find
) -> list[Measure | str]:
    """One measure, or everything that is wrong with it."""
    if not isinstance(row, dict):
        return [_("{where}: this must be a table with action, start and scale.", where=where)]
    faults: list[Measure | str] = [
        _("{where}: there is no setting {name}.", where=where, name=key) for key in row if key not in MEASURE_KEYS
    ]
    action, start, scale = row.get("action"), row.get("start"), row.get("scale", 1.0)
    try:
        chosen = find(str(action))
    except QuestionError as error:
        chosen = ""
        faults.append(f"{where}: {error}")
    if not _is_year(years, start):
        faults.append(_year_fault(years, where))
    if isinstance(scale, bool) or not isinstance(scale, int | float) or not 0 < scale <= 1:
        faults.append(_("{where}: scale must be a number above 0, at most 1.", where=where))
    elif chosen and scale < actions[chosen].minimum_scale:
        least = actions[chosen].minimum_scale
        faults.append(
            _("{where}: {action} needs a scale of at least {least}.", where=where, action=chosen, least=least)
        )
    return faults or [Measure(chosen, int(str(start)), float(scale))]


def _is_year(years: np.ndarray, start: object) -> bool:
    known = isinstance(start, int) and not isinstance(start, bool)
    return known and int(years[0]) <= start < int(years[-1])  # type: ignore[operator]


def _year_fault(years: np.ndarray, where: str) -> str:
    first, last = int(years[0]), int(years[-1]) - 1
    return _(
        "{where}: the first year must be a whole number from {first} to {last}.", where=where, first=first, last=last
    )


def _twice(measures: Sequence[Measure], file: str) -> list[str]:
    """An action taken in parts must not be taken more than whole."""
    whole: dict[str, float] = {}
    for measure in measures:
        whole[measure.action] = whole.get(measure.action, 0.0) + measure.scale
    return [
        _("{file}: the scales of {action} add up to more than 1.", file=file, action=action)
        for action, scale in whole.items()
        if scale > 1 + 1e-9
    ]


def _together(model: CityModel, measures: Sequence[Measure], file: str) -> list[str]:
    """Actions that a measure needs are in the plan, and none that it excludes."""
    taken = {measure.action for measure in measures}
    faults = []
    for action in sorted(taken):
        wanting = [other for other in model.actions[action].needs if other not in taken]
        against = [other for other in model.actions[action].excludes if other in taken]
        faults += [_("{file}: {action} needs {other}.", file=file, action=action, other=other) for other in wanting]
        faults += [_("{file}: {action} excludes {other}.", file=file, action=action, other=other) for other in against]
    return faults


def find_plan(model: CityModel, given: str) -> Asked:
    """The plan in a file, or the one of that name in the folder plans/ of the city; raises PlanError."""
    path, plans = Path(given), model.city.path / "plans"
    if not path.is_file() and re.fullmatch(r"[\w-]+", given):
        path = plans / f"{given}.toml"
    if not path.is_file():
        known = ", ".join(sorted(item.stem for item in plans.glob("*.toml"))) or _("none")
        raise PlanError(
            _(
                "There is no plan {name}: give a file, or one of plans/ in the city's folder: {known}.",
                name=repr(given),
                known=known,
            )
        )
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise PlanError(_("{file}: the file is not in UTF-8.", file=path)) from None
    return read_plan(model, text, str(path), path.stem)


def write_plan(model: CityModel, plan: Plan, path: Path) -> Path:
    """Write a plan; a file of that name is replaced only once the new one is whole."""
    write_atomic(path, plan_text(model, plan))
    return path


def write_results(model: CityModel, plan: Plan, path: Path, draws: int = DRAWS) -> Path:
    """Write the results of a plan; a file of that name is replaced only once the new one is whole."""
    write_atomic(path, results_bytes(model, plan, draws))
    return path


def results_bytes(model: CityModel, plan: Plan, draws: int = DRAWS) -> bytes:
    """Every indicator by case, year, zone, group and kind, with its range, as a tidy Parquet table."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [name for name, node in model.graph.nodes.items() if isinstance(node, Indicator) and node.pathway]
    cases = [BASELINE, Case("plan", plan.measures)]
    central = model.run(names, cases)
    columns: dict[str, list[object]] = {
        key: []
        for key in (
            "indicator",
            "pathway",
            "case",
            "year",
            "zone",
            "group",
            "kind",
            "value",
            "low",
            "high",
            "unit",
            "missing",
        )
    }
    for batch in range(0, len(names), 40):
        part = names[batch : batch + 40]
        drawn = model.run(part, cases, draws=draws)
        for name in part:
            _add(model, columns, name, central[name], drawn[name])
    metadata = {"city": model.city.id, "seed": str(SEED), "draws": str(draws), "money": "USD at prices of 2023"}
    sink = io.BytesIO()
    pq.write_table(pa.table(columns).replace_schema_metadata(metadata), sink, compression="zstd")
    return sink.getvalue()


def _every_year(array: np.ndarray, years: int) -> np.ndarray:
    return np.broadcast_to(array, (*array.shape[:YEAR], years, *array.shape[YEAR + 1 :]))


def _add(model: CityModel, columns: dict[str, list[object]], name: str, central: object, drawn: object) -> None:
    node = model.graph.nodes[name]
    if isinstance(central, NotEstimated):
        values = (name, node.pathway, "", None, "", "", "", None, None, None, node.unit, ", ".join(central.missing))
        for column, value in zip(columns.values(), values, strict=True):
            column.append(value)
        return
    assert isinstance(central, np.ndarray)
    assert isinstance(drawn, np.ndarray)
    low, high = np.percentile(drawn, RANGE, axis=1, keepdims=True, method="nearest")
    if "year" in node.dims:  # one row a year, also where nothing changes
        central, low, high = (_every_year(array, len(model.years)) for array in (central, low, high))
    shape = central.shape
    zones = [zone.id for zone in model.city.zones] if shape[ZONE] > 1 else [""]
    groups = list(QUINTILES) if shape[GROUP] > 1 else [""]
    kinds = list(labels(node.classification)) if shape[KIND] > 1 else [""]
    years = [int(year) for year in model.years] if shape[2] > 1 else [None]
    for index in np.ndindex(shape):
        case, _draw, year, zone, group, kind = index
        number = float(central[index])
        known = number == number
        missing = "" if known else why_missing(model, node, zones[zone], groups[group], kinds[kind])
        spread = (float(low[index]), float(high[index]))
        row: tuple[object, ...] = (
            name,
            node.pathway,
            ("baseline", "plan")[case] if shape[0] > 1 else "baseline and plan",
            years[year],
            zones[zone],
            groups[group],
            kinds[kind],
            number if known else None,
            spread[0] if known else None,
            spread[1] if known else None,
            node.unit,
            missing,
        )
        for column, item in zip(columns.values(), row, strict=True):
            column.append(item)
