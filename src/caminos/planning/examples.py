"""Worked examples: inputs and an expected value from the literature, in a file that a person who does not program can
read, write and run. The format stands in docs/worked-examples.md; here is how it is read and compared."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from caminos.i18n import _
from caminos.model.axes import AXES, GROUP, KIND, QUINTILES, YEAR, ZONE, Array, labels
from caminos.model.indicator import Indicator, Node, label
from caminos.model.units import UnitError, factor
from caminos.parameters.tables import ParameterError, parameter_input, rows
from caminos.planning.graph import library_graph
from caminos.problems import CaminosError, nearest
from caminos.toml import read_toml

PLACES = {"year": YEAR, "zone": ZONE, "group": GROUP, "kind": KIND}
KEYS = ("indicator", "function", "source", "inputs", "settings", "expected")
EXPECTED = ("value", "unit", "tolerance")
SETTINGS = ("region", "climate", "gwp")
LITERATURE = "parameter"  # the word that stands for the model's own value of a parameter
ROOMS = ("caminos.pathways.", "caminos.spatial.")  # where functions of arrays may be taken from


class ExampleError(CaminosError):
    """A worked example that cannot be computed; the message says what, where and how to put it right."""


@dataclass(frozen=True)
class Given:
    """An input: what the model means by its name, and the values in the model's unit."""

    name: str
    unit: str
    meaning: str
    values: tuple[float, ...]
    literature: bool  # taken from the model's own tables


@dataclass(frozen=True)
class Outcome:
    """What became of a worked example: numbers in the unit of the expected value, one for each label."""

    file: str
    about: str
    name: str
    source: str
    unit: str
    tolerance: float
    inputs: tuple[Given, ...]
    labels: tuple[str, ...]
    expected: tuple[float, ...]
    computed: tuple[float, ...]

    @property
    def differences(self) -> tuple[float, ...]:
        """Computed less expected; none where both are not estimated."""
        pairs = zip(self.computed, self.expected, strict=True)
        return tuple(
            0.0 if left == right or (left != left and right != right) else left - right for left, right in pairs
        )

    @property
    def holds(self) -> bool:
        """Whether every difference lies within the tolerance."""
        return all(abs(difference) <= self.tolerance for difference in self.differences)


@dataclass(frozen=True)
class _Target:
    """The function under test: what it takes, and the unit and labels of what it returns."""

    name: str
    function: Callable[..., Array]
    arguments: tuple[str, ...]
    unit: str
    classification: str


def example_files(paths: Iterable[Path]) -> list[Path]:
    """The files named, and those (*.toml) in the folders named; raises ExampleError where there is none."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.glob("*.toml")) if path.is_dir() else [path]
        if not inside or not path.exists():
            raise ExampleError(_("{file}: there is no worked example (*.toml) here.", file=path))
        found += inside
    return found


def run_examples(paths: Sequence[Path]) -> tuple[list[Outcome], list[ExampleError]]:
    """What became of every example in these files and folders, and the faults of those that cannot be computed."""
    outcomes, faults = [], []
    for file in example_files(paths):
        try:
            outcomes.append(run_example(file))
        except ExampleError as error:
            faults.append(error)
    return outcomes, faults


def run_example(path: Path) -> Outcome:
    """Compute what a file asks for and hold it against what the file expects.

    Raises ExampleError with the file and what to do for a name, input, label, unit or axis that does not fit.
    """
    example, problems = read_toml(path)
    if example is None:
        raise ExampleError(" ".join((f"{path}:", problems[0].message, problems[0].fix)))
    try:
        return _outcome(path.name, _about(path.read_text(encoding="utf-8-sig")), example)
    except (ExampleError, UnitError, ParameterError) as error:
        raise ExampleError(f"{path}: {error}") from None


def _outcome(file: str, about: str, example: Mapping[str, Any]) -> Outcome:
    _only(example, KEYS, _("the file"))
    source = example.get("source")
    if not isinstance(source, str) or not source.strip():
        raise ExampleError(
            _('source = "…" is missing: say where the expected value is published or how it was worked out.')
        )
    inputs, expected = _table(example, "inputs"), _table(example, "expected")
    unit, tolerance = _expectation(expected)
    target = _target(example, tuple(inputs), unit)
    scale = factor(target.unit, unit)
    settings = _settings(example)
    _all_inputs(target, inputs)
    given = {name: _given(name, entry, settings) for name, entry in inputs.items()}
    wanted = _array("expected", expected["value"], target.classification)
    found = _call(target, given) * scale
    _same_axes(found, wanted)
    return Outcome(
        file=file,
        about=about,
        name=target.name,
        source=source.strip(),
        unit=unit,
        tolerance=tolerance,
        inputs=tuple(_described(name, values, inputs[name]) for name, values in given.items()),
        labels=tuple(_labels(wanted, target.classification)),
        expected=_plain(wanted),
        computed=_plain(found),
    )


@cache
def nodes() -> Mapping[str, Node]:
    """Every name of the model that an example may use; a fact stands for itself, not for its default."""
    graph = library_graph()
    return {**graph.nodes, **graph.sources}


def _about(text: str) -> str:
    """The remark at the head of a file, which says in words what the example is."""
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("# ").rstrip())
    return " ".join(lines)


def _only(table: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    for key in table:
        if key not in known:
            raise ExampleError(
                _("{where}: {key} is not known; known are {known}.", where=where, key=key, known=", ".join(known))
            )


def _table(example: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = example.get(name)
    if not isinstance(found, dict):
        raise ExampleError(_("the section [{name}] is missing.", name=name))
    return found


def _expectation(expected: Mapping[str, Any]) -> tuple[str, float]:
    """Unit and tolerance of the expected value."""
    _only(expected, EXPECTED, "[expected]")
    for key in EXPECTED:
        if key not in expected:
            raise ExampleError(_("[expected]: {key} is missing.", key=key))
    unit, tolerance = expected["unit"], _number("[expected] tolerance", expected["tolerance"])
    if not isinstance(unit, str):
        raise ExampleError(_('[expected]: unit is a text in quotation marks, such as "t CO2e/yr".'))
    if not tolerance >= 0:
        raise ExampleError(_("[expected]: tolerance is zero or a number above it, in the unit of the value."))
    return unit, tolerance


def _target(example: Mapping[str, Any], inputs: tuple[str, ...], unit: str) -> _Target:
    """What is to be computed: an indicator, or a function of arrays."""
    name, path = example.get("indicator"), example.get("function")
    if isinstance(name, str) and path is None:
        node = nodes().get(name)
        if not isinstance(node, Indicator) or node.role not in ("indicator", "driver"):
            known = [key for key, item in nodes().items() if isinstance(item, Indicator)]
            raise ExampleError(_("there is no indicator {name}.", name=name) + _nearest(name, known))
        return _Target(name, node.function, node.arguments, node.unit, node.classification)
    if isinstance(path, str) and name is None:
        return _Target(path.rpartition(".")[2], _function(path), inputs, unit, "")
    raise ExampleError(_('name either indicator = "…" or function = "caminos.pathways.….name".'))


def _function(path: str) -> Callable[..., Array]:
    module, _dot, name = path.rpartition(".")
    if path.startswith(ROOMS):
        try:
            return getattr(importlib.import_module(module), name)  # type: ignore[no-any-return]
        except (ImportError, AttributeError):
            pass
    raise ExampleError(_("there is no function {name} in the pathways or the maps of Caminos.", name=path))


def _settings(example: Mapping[str, Any]) -> Mapping[str, Any]:
    settings = example.get("settings", {})
    if not isinstance(settings, dict):
        raise ExampleError(_("the section [{name}] is missing.", name="settings"))
    _only(settings, SETTINGS, "[settings]")
    region = settings.get("region", ["world"])
    if not isinstance(region, list) or not all(isinstance(name, str) for name in region):
        raise ExampleError(_("[settings]: region is a list, the narrowest first: {form}.", form='["Brazil", "world"]'))
    return settings


def _all_inputs(target: _Target, inputs: Mapping[str, Any]) -> None:
    """Every argument is given and nothing else is."""
    missing = [name for name in target.arguments if name not in inputs]
    surplus = [name for name in inputs if name not in target.arguments]
    parts = []
    if missing:
        parts.append(_("[inputs] lacks {names}.", names=", ".join(missing)))
    if surplus:
        parts.append(_("{name} does not depend on {names}.", name=target.name, names=", ".join(surplus)))
    if parts:
        raise ExampleError(" ".join(parts))


def _given(name: str, entry: Any, settings: Mapping[str, Any]) -> Array:
    """An input in the unit that the model uses for its name."""
    node = nodes().get(name)
    if entry == LITERATURE:
        return _from_tables(name, settings)
    scale = 1.0
    if isinstance(entry, dict) and ("unit" in entry or "value" in entry):
        _only(entry, ("value", "unit"), name)
        if set(entry) != {"value", "unit"} or not isinstance(entry["unit"], str):
            raise ExampleError(_("{name}: write {form}.", name=name, form='{ value = 5.2, unit = "t/yr" }'))
        scale = _scale(name, entry["unit"], node)
        entry = entry["value"]
    return _array(name, entry, node.classification if node else "") * scale


def _scale(name: str, unit: str, node: Node | None) -> float:
    if node is None:
        raise ExampleError(_("{name}: the model knows no unit for it; give the number alone.", name=name))
    try:
        return factor(unit, node.unit)
    except UnitError as error:
        raise ExampleError(
            _("{name}: {error}; the model takes it in {unit}.", name=name, error=error, unit=node.unit or "1")
        ) from None


def _from_tables(name: str, settings: Mapping[str, Any]) -> Array:
    """The literature's value of a parameter, for the region, climate and warming potentials of the settings."""
    if name not in rows():
        raise ExampleError(
            _("{name} is no parameter of the literature: give a number.", name=name) + _nearest(name, rows())
        )
    chosen = {key: value for key, value in settings.items() if key != "region"}
    found = parameter_input(name, tuple(settings.get("region", ("world",))), chosen)
    if found is None:
        known = sorted({", ".join(filter(None, (f"region {row.region}", row.setting))) for row in rows()[name]})
        raise ExampleError(
            _("{name} has no value for these [settings]; there is one for {known}.", name=name, known="; ".join(known))
        )
    return found.central


def _array(name: str, entry: Any, classification: str) -> Array:
    """A number, or values along one axis in order or by label, as an array of six axes."""
    if not isinstance(entry, dict):
        return np.full((1,) * len(AXES), _number(name, entry))
    if len(entry) != 1 or not set(entry) <= set(PLACES):
        raise ExampleError(
            _(
                "{name}: values lie along one axis of {axes}, as in {form}.",
                name=name,
                axes=", ".join(PLACES),
                form="{ kind = [1, 2] }",
            )
        )
    ((axis, values),) = entry.items()
    numbers = _by_label(name, values, _known_labels(axis, classification)) if isinstance(values, dict) else values
    if not isinstance(numbers, list) or not numbers:
        raise ExampleError(_("{name}: {axis} holds a list of numbers, or numbers by label.", name=name, axis=axis))
    shape = [1] * len(AXES)
    shape[PLACES[axis]] = len(numbers)
    return np.array([_number(name, number) for number in numbers]).reshape(shape)


def _known_labels(axis: str, classification: str) -> tuple[str, ...]:
    return QUINTILES if axis == "group" else labels(classification) if axis == "kind" else ()


def _by_label(name: str, values: Mapping[str, Any], known: tuple[str, ...]) -> list[Any]:
    """Values in the order of their labels; those not named are 0."""
    for word in values:
        if word not in known:
            raise ExampleError(_("{name}: {label} is no label of it.", name=name, label=word) + _nearest(word, known))
    return [values.get(word, 0.0) for word in known]


def _number(name: str, entry: Any) -> float:
    try:
        if isinstance(entry, bool) or not isinstance(entry, int | float):
            raise TypeError
        return float(entry)
    except (TypeError, OverflowError):
        raise ExampleError(_("{name}: {entry} is not a number.", name=name, entry=repr(entry)[:40])) from None


def _call(target: _Target, given: Mapping[str, Array]) -> Array:
    """The function's answer; a clear message where the inputs do not fit each other."""
    try:
        with np.errstate(all="ignore"):
            return target.function(**given)
    except (TypeError, ValueError, LookupError, ArithmeticError) as error:
        raise ExampleError(
            _(
                "{name} cannot be computed from these inputs; do their axes and their number of values fit? ({error})",
                name=target.name,
                error=error,
            )
        ) from None


def _same_axes(found: Array, wanted: Array) -> None:
    if found.shape == wanted.shape:
        return
    sizes = [(axis, found.shape[place], wanted.shape[place]) for axis, place in PLACES.items()]
    parts = [
        _("{axis}: {found} computed, {wanted} expected", axis=axis, found=computed, wanted=expected)
        for axis, computed, expected in sizes
        if computed != expected
    ]
    raise ExampleError(
        _(
            "the number of values along an axis differs ({parts}). Write the expected value along it.",
            parts="; ".join(parts),
        )
    )


def _labels(values: Array, classification: str) -> list[str]:
    """What each value along the axis is called: its label, else its place from 1 on."""
    axis = next((axis for axis, place in PLACES.items() if values.shape[place] > 1), "")
    known = _known_labels(axis, classification)
    if not axis:
        return [""]
    return list(known) if len(known) == values.size else [f"{axis} {place + 1}" for place in range(values.size)]


def _plain(values: Array) -> tuple[float, ...]:
    return tuple(np.ravel(values).tolist())


def _described(name: str, values: Array, entry: Any) -> Given:
    node = nodes().get(name)
    unit = node.unit if node else ""
    return Given(name, unit, _meaning(name, node), _plain(values), literature=entry == LITERATURE)


def _meaning(name: str, node: Node | None) -> str:
    """What a name means, in a line; a parameter is called by its name, with the note of its row."""
    said = node.meaning.partition("\n")[0] if node else ""
    if node is None or node.role == "parameter":
        return f"{label(name)} ({said})" if said else label(name)
    return said or label(name)


def _nearest(name: str, known: Iterable[str]) -> str:
    near = nearest(name, known)
    return " " + _("Nearest: {names}.", names=near) if near else ""
