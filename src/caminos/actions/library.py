"""The action library: what each action moves, and how its adoption moves a lever."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from caminos.i18n import _, one_line
from caminos.model import expression
from caminos.model.axes import AXES, KIND, QUINTILES, YEAR, Array, among, among_groups, labels, positive, total
from caminos.model.indicator import PATHWAYS, Indicator, Node, Source
from caminos.model.units import dimensions
from caminos.problems import CaminosError

ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
MODES = ("add", "reduce", "toward")
SIZE, ADOPTION = "size_of_", "adoption_of_"
EFFECT_COLUMNS = ("action", "lever", "kind", "group", "mode", "amount", "lag", "note")


class ActionError(CaminosError):
    """An action table that cannot be read; the message names file, row and column."""


@dataclass(frozen=True)
class Effect:
    """How one action moves one lever at full adoption."""

    action: str
    lever: str
    kinds: tuple[str, ...]
    groups: tuple[str, ...]
    mode: str
    amount: str
    lag: str


@dataclass(frozen=True)
class Action:
    """A measure that a city can take."""

    id: str
    number: int
    name: str
    pathway: str
    size_unit: str
    potential: str
    capital_cost: str
    operating_cost: str
    lifetime: str
    lead_time: str
    ramp_years: float
    minimum_scale: float
    implementer: tuple[str, ...]
    needs: tuple[str, ...]
    excludes: tuple[str, ...]
    serves: tuple[str, ...]
    note: str
    effects: tuple[Effect, ...] = ()

    @property
    def size(self) -> str:
        """Name of the node that holds the size at full scale."""
        return SIZE + self.id

    @property
    def adoption(self) -> str:
        """Name of the node that holds the adoption by case and year."""
        return ADOPTION + self.id


ACTION_COLUMNS = tuple(field.name for field in fields(Action) if field.name != "effects")


@dataclass(frozen=True)
class Lever:
    """A trajectory that the city can move."""

    name: str
    unit: str
    baseline: str
    dims: tuple[str, ...]
    classification: str
    minimum: float
    maximum: float
    pathway: str
    meaning: str


def _texts(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in (cell or "").split(";") if part.strip())


@cache
def levers() -> tuple[Lever, ...]:
    """Every lever, from levers.csv."""
    text = files("caminos.actions").joinpath("levers.csv").read_text(encoding="utf-8")
    return tuple(
        Lever(
            name=row["lever"],
            unit=row["unit"],
            baseline=row["baseline"],
            dims=tuple(row["dims"].split()),
            classification=row["classification"],
            minimum=float(row["minimum"]),
            maximum=float(row["maximum"]),
            pathway=row["pathway"],
            meaning=row["meaning"],
        )
        for row in csv.DictReader(text.splitlines())
    )


@cache
def library() -> tuple[Action, ...]:
    """The actions that ship."""
    folder = files("caminos.actions")
    return read_actions(
        folder.joinpath("actions.csv").read_text(encoding="utf-8"),
        folder.joinpath("effects.csv").read_text(encoding="utf-8"),
    )


def has_own_actions(folder: Path) -> bool:
    """Whether a city adds actions of its own."""
    return (folder / "actions" / "actions.csv").is_file()


def city_actions(folder: Path) -> tuple[Action, ...]:
    """The actions a city adds in its folder actions/; one with the id of a library action replaces it.

    Raises ActionError with every fault of the two tables.
    """
    own: tuple[Action, ...] = ()
    if has_own_actions(folder):
        own = read_actions(*(_text(folder / "actions" / f"{name}.csv") for name in ("actions", "effects")))
    replaced = {action.id for action in own}
    merged = tuple(action for action in library() if action.id not in replaced) + own
    ids = {action.id for action in merged}
    faults = [
        _("actions.csv: {action}: there is no action {name}.", action=action.id, name=other)
        for action in own
        for other in action.needs + action.excludes
        if other not in ids
    ]
    shipped = {action.number: action.id for action in library() if action.id not in replaced and action.number}
    faults += [
        _(
            "actions.csv: {action}: the number {number} is that of {other}.",
            action=action.id,
            number=action.number,
            other=shipped[action.number],
        )
        for action in own
        if action.number in shipped
    ]
    if faults:
        raise ActionError("\n".join(faults))
    return merged


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig") if path.is_file() else ",".join(EFFECT_COLUMNS)
    except UnicodeDecodeError:
        raise ActionError(
            _("{file}: the file is not UTF-8. Save it as CSV UTF-8.", file=f"actions/{path.name}")
        ) from None


def _table(text: str, columns: tuple[str, ...], file: str) -> list[tuple[int, dict[str, str]]]:
    """Rows with their line; raises ActionError for a header that lacks a column."""
    reader = csv.DictReader(text.splitlines())
    lacking = [column for column in columns if column not in (reader.fieldnames or ())]
    if lacking:
        raise ActionError(_("{file}: columns are missing: {names}.", file=file, names=", ".join(lacking)))
    try:
        return [
            (line, {key: one_line(value or "") for key, value in row.items() if key})
            for line, row in enumerate(reader, 2)
        ]
    except csv.Error as error:
        raise ActionError(_("{file}: the table cannot be read: {error}", file=file, error=error)) from None


def read_actions(actions: str, effects: str) -> tuple[Action, ...]:
    """Actions from the text of their two tables, by number; raises ActionError with every row that is wrong."""
    faults: list[str] = []
    by_action: dict[str, list[Effect]] = {}
    for line, row in _table(effects, EFFECT_COLUMNS, "effects.csv"):
        effect = Effect(
            row["action"],
            row["lever"],
            _texts(row["kind"]),
            _texts(row["group"]),
            row["mode"],
            row["amount"],
            row["lag"].strip(),
        )
        faults += [f"effects.csv:{line}: {fault}" for fault in _effect_faults(effect)]
        by_action.setdefault(effect.action, []).append(effect)
    found: dict[str, Action] = {}
    for line, row in _table(actions, ACTION_COLUMNS, "actions.csv"):
        wrong = _action_faults(row) + ([_("{name} stands twice.", name=row["id"])] if row["id"] in found else [])
        faults += [f"actions.csv:{line}: {fault}" for fault in wrong]
        if not wrong:
            found[row["id"]] = _action(row, tuple(by_action.get(row["id"], ())))
    named = set(found) | {row["id"] for _line, row in _table(actions, ACTION_COLUMNS, "actions.csv")}
    faults += [
        _("effects.csv: there is no action {name}.", name=name) for name in sorted(by_action) if name not in named
    ]
    if faults:
        raise ActionError("\n".join(faults))
    return tuple(sorted(found.values(), key=lambda action: action.number))


def _effect_faults(effect: Effect) -> list[str]:
    lever = next((lever for lever in levers() if lever.name == effect.lever), None)
    if lever is None:
        return [_("there is no lever {name}.", name=effect.lever)]
    faults = []
    if effect.mode not in MODES:
        faults.append(_("mode must be one of {known}.", known=", ".join(MODES)))
    wrong = [group for group in effect.groups if group not in QUINTILES]
    wrong += [kind for kind in effect.kinds if kind not in labels(lever.classification)]
    if wrong:
        faults.append(_("{names} is not a group or kind of {lever}.", names=", ".join(wrong), lever=lever.name))
    return faults + _expression_faults(effect.amount)


def _expression_faults(text: str) -> list[str]:
    try:
        expression.parse(text)
    except expression.ExpressionError as error:
        return [str(error)]
    return []


def _action_faults(row: Mapping[str, str]) -> list[str]:
    faults = []
    for column, low, high in (("number", 0, 1e6), ("ramp_years", 0.5, 60), ("minimum_scale", 0, 1)):
        if not _is_number(row[column]) or not low <= float(row[column]) <= high:
            faults.append(_("{column} must be a number from {low} to {high}.", column=column, low=low, high=high))
    if row["id"].strip() and not ID.fullmatch(row["id"]):
        faults.append(_("the id {name} may hold a-z, 0-9, - and _ only.", name=repr(row["id"])))
    faults += [
        _("{column} is empty.", column=column)
        for column in ("id", "name", "capital_cost", "lifetime", "lead_time", "potential")
        if not row[column].strip()
    ]
    if row["pathway"] not in PATHWAYS:
        faults.append(_("{name} is not a pathway: {known}.", name=row["pathway"], known=", ".join(PATHWAYS)))
    return faults + (_expression_faults(row["potential"]) if row["potential"].strip() else [])


def _action(row: Mapping[str, str], effects: tuple[Effect, ...]) -> Action:
    numbers: dict[str, Any] = {"number": int(float(row["number"]))}
    numbers |= {column: float(row[column]) for column in ("ramp_years", "minimum_scale")}
    lists = {column: _texts(row[column]) for column in ("implementer", "needs", "excludes", "serves")}
    plain: dict[str, Any] = {column: row[column] for column in ACTION_COLUMNS}
    return Action(**{**plain, **numbers, **lists, "effects": effects})


def check_parameters(action: Action, nodes: Mapping[str, Node]) -> None:
    """Raise ActionError if a cost, lifetime or lead time of an action is no parameter, or has another unit."""
    wanted = {
        "capital_cost": (action.capital_cost, f"USD/({action.size_unit})"),
        "operating_cost": (action.operating_cost, f"USD/({action.size_unit})/yr"),
        "lifetime": (action.lifetime, "yr"),
        "lead_time": (action.lead_time, "yr"),
    }
    for column, (name, unit) in wanted.items():
        if not name:
            continue
        if name not in nodes:
            raise ActionError(
                _(
                    "actions.csv: {action}: {column}: there is no parameter {name}.",
                    action=action.id,
                    column=column,
                    name=name,
                )
            )
        if dimensions(nodes[name].unit) != dimensions(unit):
            raise ActionError(
                _(
                    "actions.csv: {action}: {column}: {name} is in {given}, not in {unit}.",
                    action=action.id,
                    column=column,
                    name=name,
                    given=nodes[name].unit,
                    unit=unit,
                )
            )


def size_nodes(actions: Iterable[Action]) -> list[Indicator]:
    """One node an action: its size at full scale, never below nothing (where more is there already than is wanted)."""
    return [
        computed(
            action.size,
            action.size_unit,
            action.potential,
            "size",
            f"{action.name}: size at full scale",
            ("year",),
            of=action.id,
            least=positive,
        )
        for action in actions
    ]


def computed(
    name: str,
    unit: str,
    text: str,
    role: str,
    meaning: str,
    dims: tuple[str, ...],
    of: str = "",
    least: Callable[[Any], Any] = lambda value: value,
) -> Indicator:
    """A node whose equation stands in a table; `least` bounds what comes out of it."""

    def function(**given: Array) -> Array:
        value = least(expression.evaluate(text, given))
        return value if getattr(value, "ndim", 0) == len(AXES) else value * np.ones((1,) * len(AXES))

    return Indicator(
        name=name,
        unit=unit,
        function=function,
        arguments=expression.names(text),
        dims=dims,
        role=role,
        meaning=meaning,
        source="table",
        place=role,
        equation=text,
        of=of,
    )


def adoption_nodes(actions: Iterable[Action]) -> list[Source]:
    """One source an action: its adoption, 0 to the chosen scale, by case and year."""
    return [
        Source(action.adoption, "share", "adoption", ("year",), meaning=f"{action.name}: adoption", of=action.id)
        for action in actions
    ]


def lever_nodes(actions: Iterable[Action], names: Collection[str] = ()) -> list[Indicator]:
    """One node a lever (all, or those that are named): its baseline, moved by the effects of all actions."""
    chosen = {action.id: action for action in actions}
    by_lever: dict[str, list[Effect]] = {}
    # what adds comes before what reduces or closes a distance, in whatever order the rows stand
    for effect in sorted((e for action in chosen.values() for e in action.effects), key=lambda e: MODES.index(e.mode)):
        by_lever.setdefault(effect.lever, []).append(effect)
    wanted = [lever for lever in levers() if not names or lever.name in names]
    return [_lever_node(lever, by_lever.get(lever.name, []), chosen) for lever in wanted]


def _lever_node(lever: Lever, effects: list[Effect], actions: Mapping[str, Action]) -> Indicator:
    start = () if _is_number(lever.baseline) else (lever.baseline,)
    needed = [*start]
    for effect in effects:
        action = actions[effect.action]
        needed += [action.size if name == "size" else name for name in expression.names(effect.amount)]
        needed += [action.size, action.adoption] + ([effect.lag, "calendar_year"] if effect.lag else [])
    moves = [(effect, _mask(effect, lever), actions[effect.action]) for effect in effects]
    shares = lever.unit == "share"

    def function(**given: Array) -> Array:
        observed: Any = given[lever.baseline] if start else np.full((1,) * len(AXES), float(lever.baseline))
        value = observed
        for effect, mask, action in moves:
            adoption = given[action.adoption]
            taken = adoption > 0 * adoption
            if not np.any(taken):
                continue
            names = {name: given[action.size if name == "size" else name] for name in expression.names(effect.amount)}
            if effect.lag:
                adoption = grown(adoption, given[effect.lag], given["calendar_year"])
            amount = _of_something(expression.evaluate(effect.amount, names), given[action.size])
            moved = _adopted(amount, adoption * mask)
            value = _move(effect.mode, value, _where_taken(moved, taken), lever.maximum)
        if not shares:
            return _floor(value, lever.minimum)
        # a city that is beyond the end already stays where it was observed
        return np.clip(value, np.minimum(observed, lever.minimum), np.maximum(observed, lever.maximum))

    equation = " ; ".join(
        [lever.baseline] + [f"{effect.mode} {effect.amount} × {ADOPTION}{effect.action}" for effect in effects]
    )
    return Indicator(
        name=lever.name,
        unit=lever.unit,
        function=function,
        arguments=tuple(dict.fromkeys(needed)),
        dims=("year", *lever.dims),
        classification=lever.classification,
        optional=tuple(dict.fromkeys(name for name in needed if name not in start)),
        source="lever",
        meaning=lever.meaning,
        pathway=lever.pathway,
        role="lever",
        place="levers.csv",
        equation=equation,
        signed=lever.minimum < 0,
    )


def _of_something(amount: Any, size: Any) -> Any:
    """What a whole action moves: nothing where its size is nothing, which is 0/0 in a share of what is not there."""
    nothing = size == 0 * size
    return np.where(nothing, 0 * np.nan_to_num(amount), amount) if np.any(nothing) else amount


def _adopted(amount: Any, adopted: Any) -> Any:
    """What the adopted part moves: nothing before it begins, also of an amount without end (a share of nothing)."""
    endless = np.isinf(amount)
    if not np.any(endless):
        return amount * adopted
    finite = np.where(endless, 0 * np.nan_to_num(amount), amount)
    return np.where(endless & (adopted > 0 * adopted), amount, finite * adopted)


def _where_taken(moved: Any, taken: Any) -> Any:
    """What an effect moves; nothing in rows that do not take the action, whatever is not estimated there."""
    if not np.isnan(moved).any():
        return moved
    ever = np.any(taken, axis=tuple(range(1, len(AXES))), keepdims=True)
    return np.where(ever, moved, 0 * np.nan_to_num(moved))


def _floor(value: Any, minimum: float) -> Any:
    return positive(value) if minimum == 0 else value


def _move(mode: str, value: Any, moved: Any, limit: float) -> Any:
    if mode == "add":
        return value + moved
    if mode == "reduce":
        return value * (1 - moved)
    return value + (limit - value) * moved


def _mask(effect: Effect, lever: Lever) -> np.ndarray:
    mask = np.ones((1,) * len(AXES))
    if effect.groups:
        mask = mask * among_groups(*effect.groups)
    if effect.kinds:
        mask = mask * among(lever.classification, *effect.kinds)
    elif "kind" in lever.dims:
        mask = mask * among(lever.classification, *labels(lever.classification))
    return mask


def grown(adoption: Array, lag: Array, calendar_year: Array) -> Array:
    """Adoption whose effect grows linearly over `lag` years, as planted trees do."""
    first = adoption[:, :, :1]
    steps = np.concatenate([first, adoption[:, :, 1:] - adoption[:, :, :-1]], axis=YEAR)
    age = calendar_year - np.swapaxes(calendar_year, YEAR, KIND)
    return total(np.swapaxes(steps, YEAR, KIND) * np.clip(age / lag, 0, 1), KIND)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
