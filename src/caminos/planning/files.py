"""Plans and results on disk. Writes are atomic: a file is whole or it is not there."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import tomli_w

from caminos.files import write_atomic
from caminos.i18n import one_line
from caminos.model.axes import GROUP, KIND, QUINTILES, YEAR, ZONE, labels
from caminos.model.indicator import Indicator
from caminos.model.values import NotEstimated
from caminos.planning.city_model import BASELINE, SEED, Case, CityModel
from caminos.planning.portfolio import Plan
from caminos.planning.results import RANGE, why_missing

DRAWS = 200


def plan_text(model: CityModel, plan: Plan) -> str:
    """A plan as TOML: what was asked for, and each measure with its start and scale."""
    head = one_line(f"# {model.city.name}: plan from {plan.start}. Money in USD at prices of 2023.")
    asked = {
        "city": model.city.id,
        "start": plan.start,
        "budget_per_year": round(plan.budget),
        "pathway_weights": list(plan.weights),
        "floor_for_poorest": plan.floor,
        "measures": [
            {"action": measure.action, "start": measure.start, "scale": float(f"{measure.scale:g}")}
            for measure in plan.measures
        ],
    }
    return f"{head}\n{tomli_w.dumps(asked)}"


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
