"""Explanations: where a number comes from, and by which connections an action reaches it."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from caminos.model import DRAWS
from caminos.model.axes import YEAR
from caminos.model.evaluation import Evaluation, with_nan
from caminos.model.graph import arguments
from caminos.model.indicator import Indicator, Node, Source
from caminos.model.values import Input, NotEstimated, numbers_of
from caminos.pathways.tables import Connection, connections
from caminos.planning.city_model import BASELINE, Case, CityModel
from caminos.planning.results import Value, ask, node_of, place, value_at

LEAST = 1e-9  # changes below this share of the value are rounding, not effects


@dataclass(frozen=True)
class Step:
    """One edge by which an action reaches a number: what the target changes when only this argument moves.

    `change` is that of a target with one value a year; for one that differs by zone, group or kind it is NaN, and
    `relative` says by how much, at most, any of its values changes.
    """

    source: str
    target: str
    source_pathway: str
    target_pathway: str
    change: float
    relative: float
    unit: str
    connection: Connection | None


def equation(node: Node) -> str:
    """The equation of a node, read from the function that computes it."""
    if not isinstance(node, Indicator):
        return ""
    if node.equation:
        return node.equation
    tree = ast.parse(textwrap.dedent(inspect.getsource(node.function))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    body = tree.body[1:] if ast.get_docstring(tree) else tree.body
    return "\n".join(ast.unparse(line).removeprefix("return ") for line in body)


def declared(source: str, target: str) -> Connection | None:
    """The connection declared for an edge, if it has one."""
    return next((item for item in connections() if (item.source_node, item.target_node) == (source, target)), None)


def upstream_connections(model: CityModel, name: str) -> list[Connection]:
    """Declared edges that lie above a node."""
    above = set(model.graph.needed((name,)))
    return [item for item in connections() if item.source_node in above and item.target_node in above]


def without_links(model: CityModel, name: str, case: Case = BASELINE) -> list[tuple[Connection, Any]]:
    """A node's value with each connection above it cut in turn.

    The parameter of a connection is switched off in the function at the end of its edge alone, so that
    another edge with the same parameter keeps its effect; what follows is computed again.
    """
    whole = model.evaluation([case])
    whole.compute([name], keep=True)
    found = []
    for link in upstream_connections(model, name):
        if link.parameter not in model.inputs:
            continue
        node = model.graph.nodes[link.target_node]
        assert isinstance(node, Indicator)
        trial = whole.copy()
        off = np.full_like(model.inputs[link.parameter].central, link.no_effect)
        given = with_nan(node, {argument: whole.get(argument) for argument in node.arguments})
        if any(isinstance(value, NotEstimated) for value in given.values()):
            continue
        if link.parameter in given:
            with np.errstate(divide="ignore", invalid="ignore"):
                trial.set(link.target_node, node.function(**{**given, link.parameter: off}))
        else:
            trial.set(link.parameter, off)
        found.append((link, trial.get(name)))
    return found


def explain(
    model: CityModel,
    name: str,
    year: int | None = None,
    zone: str = "",
    group: str = "",
    kind: str = "",
    case: Case = BASELINE,
    draws: int = DRAWS,
) -> dict[str, Any]:
    """Everything about one number: value, range, unit, equation, inputs with their sources, connections passed."""
    node = node_of(model, name)
    number = ask(model, node.name, year, zone, group, kind, case, draws)[0]
    found: dict[str, Any] = asdict(number)
    found |= {"meaning": node.meaning, "equation": equation(node), "role": node.role, "pathway": node.pathway}
    found["source"] = node.source if isinstance(node, Indicator) else ""
    found["inputs"] = [_argument(model, item, number, case) for item in arguments(node)]
    found["records"] = _records(model.inputs.get(node.name), number)
    found["connections"] = _passed(model, node, number, case)
    found["quality"] = weakest(model, node.name)
    return found


def weakest(model: CityModel, name: str) -> str:
    """The weakest quality of all inputs above a node."""
    needed = model.graph.needed((name,))
    return max((model.inputs[item].quality for item in needed if item in model.inputs), default="A")


def _argument(model: CityModel, name: str, at: Value, case: Case) -> dict[str, Any]:
    """One argument with its own value, and for an input its source, quality and date."""
    node = model.graph.nodes[name]
    result = model.run([name], [case])[name]
    spare = {"zone": at.zone, "group": at.group, "kind": at.kind}
    if isinstance(result, NotEstimated):
        value = value_at(model, node, result, None)
        shown = [value]
    else:
        from caminos.planning.results import cells

        chosen = [
            cell
            for cell in cells(model, node, result)
            if all(not have or not want or have == want for have, want in zip(cell, spare.values(), strict=True))
        ]
        matching = chosen or cells(model, node, result)
        year = at.year if "year" in node.dims and node.view != "history" else None
        shown = [value_at(model, node, result, None, year, *cell) for cell in matching[:12]]
    link = declared(name, at.name)
    return {
        "name": name,
        "role": node.role,
        "unit": node.unit,
        "meaning": node.meaning.split("\n")[0],
        "values": [asdict(value) for value in shown],
        "records": _records(model.inputs.get(name), at),
        "connection": link.id if link else "",
    }


def _records(item: Input | None, at: Value) -> list[dict[str, Any]]:
    if item is None:
        return []
    chosen = [
        record
        for record in item.records
        if (not at.zone or not record.zone or record.zone == at.zone)
        and (not at.group or not record.group or record.group == at.group)
        and (not at.kind or not record.kind or record.kind == at.kind)
    ] or list(item.records)
    return [asdict(record) for record in chosen[:12]]


def _passed(model: CityModel, node: Node, at: Value, case: Case) -> list[dict[str, Any]]:
    """Connections above the number that change it, with the number as it would be without each."""
    central = model.run([node.name], [case])[node.name]
    if isinstance(central, NotEstimated):
        return []
    where = place(model, node, central, at.year, at.zone, at.group, at.kind)
    full = float(central[(0, 0, *where)])
    found = []
    for link, switched in without_links(model, node.name, case):
        if isinstance(switched, NotEstimated):
            continue
        cell = tuple(min(index, size - 1) for index, size in zip((0, 0, *where), switched.shape, strict=True))
        other = float(switched[cell])
        if full != other and not abs(full - other) <= LEAST * abs(full):
            found.append({**asdict(link), "without": other, "effect": full - other})
    return found


def contributions(model: CityModel, case: Case, target: str, year: int, before: Evaluation | None = None) -> list[Step]:
    """The chain by which a case moves a target: for each edge, the change of its end when it alone moves.

    Each function above the target is called once for each argument that differs from the baseline,
    with all other arguments at the baseline. An edge whose end does not change is not in the chain.
    """
    both = before or model.evaluation([BASELINE, case])
    both.compute([target], keep=True)
    position = year - int(model.years[0])
    steps = []
    for name in model.graph.needed((target,)):
        node = model.graph.nodes[name]
        if not isinstance(node, Indicator):
            continue
        given = with_nan(node, {argument: numbers_of(both.get(argument)) for argument in node.arguments})
        if any(isinstance(value, NotEstimated) for value in given.values()):
            continue
        moving = [argument for argument, value in given.items() if value.shape[0] > 1]
        if not moving:
            continue
        still = {argument: value[:1] for argument, value in given.items()}
        base = _quietly(node, still)
        for argument in moving:
            moved = _quietly(node, {**still, argument: given[argument][-1:]})
            was, now = (_at(array, position) for array in np.broadcast_arrays(base, moved))
            relative = _largest_change(was, now)
            if relative > LEAST:
                start, change = model.graph.nodes[argument], float("nan")
                if was.size == 1:
                    change = float(now.item() - was.item())
                link = declared(argument, name)
                steps.append(Step(argument, name, start.pathway, node.pathway, change, relative, node.unit, link))
    return _reaching(steps, target)


def _quietly(node: Indicator, given: Mapping[str, np.ndarray]) -> np.ndarray:
    """The function's result; 0 / 0 (nothing has changed yet in the base year) is NaN without a word."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.asarray(node.function(**given))


def _at(array: np.ndarray, position: int) -> np.ndarray:
    """The values of one year over zones, groups and kinds."""
    return np.asarray(array[0, 0, position if array.shape[YEAR] > 1 else 0])


def _largest_change(before: np.ndarray, after: np.ndarray) -> float:
    """The largest change of any value, relative to what it was (to what it becomes if it was zero)."""
    size = np.where(before != 0, np.abs(before), np.abs(after))
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.nanmax(np.where(size > 0, np.abs(after - before) / size, 0.0), initial=0.0))


def _reaching(steps: list[Step], target: str) -> list[Step]:
    """The steps from which the target can still be reached."""
    wanted, kept = {target}, []
    for step in reversed(steps):
        if step.target in wanted:
            wanted.add(step.source)
            kept.append(step)
    return list(reversed(kept))


def leaves(model: CityModel, name: str) -> list[str]:
    """All facts and parameters above a node."""
    return [item for item in model.graph.needed((name,)) if isinstance(model.graph.nodes[item], Source)]
