"""The action library: what each action moves, and how its adoption moves a lever."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from caminos.i18n import _
from caminos.model import expression
from caminos.model.axes import AXES, GROUP, KIND, QUINTILES, YEAR, Array, among, labels, positive, total
from caminos.model.indicator import Indicator, Source

MODES = ("add", "reduce", "toward")
SIZE, ADOPTION = "size_of_", "adoption_of_"


class ActionError(ValueError):
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
            row["lever"], row["unit"], row["baseline"], tuple(row["dims"].split()), row["classification"],
            float(row["minimum"]), float(row["maximum"]), row["pathway"], row["meaning"],
        )
        for row in csv.DictReader(text.splitlines())
    )  # fmt: skip


@cache
def library() -> tuple[Action, ...]:
    """The actions that ship."""
    folder = files("caminos.actions")
    return read_actions(
        folder.joinpath("actions.csv").read_text(encoding="utf-8"),
        folder.joinpath("effects.csv").read_text(encoding="utf-8"),
    )


def city_actions(folder: Path) -> tuple[Action, ...]:
    """The actions a city adds in its folder actions/; one with the id of a library action replaces it."""
    own: tuple[Action, ...] = ()
    if (folder / "actions" / "actions.csv").is_file():
        texts = ((folder / "actions" / f"{name}.csv").read_text(encoding="utf-8") for name in ("actions", "effects"))
        own = read_actions(*texts)
    replaced = {action.id for action in own}
    return tuple(action for action in library() if action.id not in replaced) + own


def read_actions(actions: str, effects: str) -> tuple[Action, ...]:
    """Actions from the text of their two tables; raises ActionError at the first row that is wrong."""
    known = {lever.name for lever in levers()}
    by_action: dict[str, list[Effect]] = {}
    for line, row in enumerate(csv.DictReader(effects.splitlines()), 2):
        effect = Effect(
            row["action"], row["lever"], _texts(row["kind"]), _texts(row["group"]), row["mode"], row["amount"],
            (row["lag"] or "").strip(),
        )  # fmt: skip
        if effect.lever not in known:
            raise ActionError(_("effects.csv:{line}: there is no lever {name}.", line=line, name=effect.lever))
        if effect.mode not in MODES:
            raise ActionError(_("effects.csv:{line}: mode must be one of {known}.", line=line, known=", ".join(MODES)))
        by_action.setdefault(effect.action, []).append(effect)
    found = []
    for line, row in enumerate(csv.DictReader(actions.splitlines()), 2):
        try:
            ramp, smallest = float(row["ramp_years"]), float(row["minimum_scale"])
        except (TypeError, ValueError):
            raise ActionError(
                _("actions.csv:{line}: ramp_years and minimum_scale must be numbers.", line=line)
            ) from None
        found.append(
            Action(
                row["id"], int(row["number"] or 0), row["name"], row["pathway"], row["size_unit"], row["potential"],
                row["capital_cost"], row["operating_cost"], row["lifetime"], row["lead_time"], ramp, smallest,
                _texts(row["implementer"]), _texts(row["needs"]), _texts(row["excludes"]), _texts(row["serves"]),
                row["note"], tuple(by_action.pop(row["id"], ())),
            )
        )  # fmt: skip
    if by_action:
        raise ActionError(_("effects.csv: there is no action {name}.", name=", ".join(sorted(by_action))))
    return tuple(found)


def size_nodes(actions: Iterable[Action]) -> list[Indicator]:
    """One node an action: its size at full scale."""
    return [
        computed(
            action.size, action.size_unit, action.potential, "size", f"{action.name}: size at full scale", ("year",)
        )
        for action in actions
    ]


def computed(name: str, unit: str, text: str, role: str, meaning: str, dims: tuple[str, ...]) -> Indicator:
    """A node whose equation stands in a table."""

    def function(**given: Array) -> Array:
        value = expression.evaluate(text, given)
        return value if getattr(value, "ndim", 0) == len(AXES) else value * np.ones((1,) * len(AXES))

    return Indicator(
        name=name, unit=unit, function=function, arguments=expression.names(text), dims=dims,
        role=role, meaning=meaning, source="table", place=role, equation=text,
    )  # fmt: skip


def adoption_nodes(actions: Iterable[Action]) -> list[Source]:
    """One source an action: its adoption, 0 to the chosen scale, by case and year."""
    return [
        Source(action.adoption, "share", "calendar", ("year",), meaning=f"{action.name}: adoption")
        for action in actions
    ]


def lever_nodes(actions: Iterable[Action]) -> list[Indicator]:
    """One node a lever: its baseline, moved by the effects of all actions."""
    chosen = {action.id: action for action in actions}
    by_lever: dict[str, list[Effect]] = {}
    for action in chosen.values():
        for effect in action.effects:
            by_lever.setdefault(effect.lever, []).append(effect)
    return [_lever_node(lever, by_lever.get(lever.name, []), chosen) for lever in levers()]


def _lever_node(lever: Lever, effects: list[Effect], actions: Mapping[str, Action]) -> Indicator:
    start = () if _is_number(lever.baseline) else (lever.baseline,)
    needed = [*start]
    for effect in effects:
        action = actions[effect.action]
        needed += [action.size if name == "size" else name for name in expression.names(effect.amount)]
        needed += [action.adoption] + ([effect.lag, "calendar_year"] if effect.lag else [])
    moves = [(effect, _mask(effect, lever), actions[effect.action]) for effect in effects]
    shares = lever.unit == "share"

    def function(**given: Array) -> Array:
        value: Any = given[lever.baseline] if start else np.full((1,) * len(AXES), float(lever.baseline))
        for effect, mask, action in moves:
            names = {name: given[action.size if name == "size" else name] for name in expression.names(effect.amount)}
            adoption = given[action.adoption]
            if effect.lag:
                adoption = grown(adoption, given[effect.lag], given["calendar_year"])
            moved = expression.evaluate(effect.amount, names) * adoption * mask
            value = _move(effect.mode, value, moved, lever.maximum)
        return np.clip(value, lever.minimum, lever.maximum) if shares else _floor(value, lever.minimum)

    equation = " ; ".join(
        [lever.baseline] + [f"{effect.mode} {effect.amount} × {ADOPTION}{effect.action}" for effect in effects]
    )
    return Indicator(
        name=lever.name, unit=lever.unit, function=function, arguments=tuple(dict.fromkeys(needed)),
        dims=("year", *lever.dims), classification=lever.classification, source="lever", meaning=lever.meaning,
        pathway=lever.pathway, role="lever", place="levers.csv", equation=equation,
    )  # fmt: skip


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
        mask = mask * np.array([float(group in effect.groups) for group in QUINTILES]).reshape(
            [len(QUINTILES) if axis == GROUP else 1 for axis in range(len(AXES))]
        )
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


def without(actions: Iterable[Action], unavailable: Mapping[str, Any]) -> list[Action]:
    """The actions, those that are not available stripped of their effects."""
    return [replace(action, effects=()) if action.id in unavailable else action for action in actions]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
