"""The named axes that every array carries, always six and always in this order.

An array has size 1 along an axis on which it does not vary, so plain NumPy broadcasting
does the rest. Functions reduce over the constants below and never over bare numbers.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

CASE, DRAW, YEAR, ZONE, GROUP, KIND = range(6)
AXES = ("case", "draw", "year", "zone", "group", "kind")
FINAL_YEAR = 2050
QUINTILES = ("q1", "q2", "q3", "q4", "q5")

Array = Any  # a float64 array of six axes; while units are checked, a pint quantity of one


@cache
def classifications() -> dict[str, tuple[str, ...]]:
    """Labels of every classification that the kind (or group) axis can carry, in order."""
    text = files("caminos.model").joinpath("classifications.csv").read_text(encoding="utf-8")
    found: dict[str, list[str]] = {}
    for row in csv.DictReader(text.splitlines()):
        found.setdefault(row["classification"], []).append(row["label"])
    return {name: tuple(labels) for name, labels in found.items()}


def labels(classification: str) -> tuple[str, ...]:
    """Labels of one classification; () for the empty name."""
    return classifications()[classification] if classification else ()


def total(values: Array, *axes: int) -> Array:
    """Sum over the named axes, which stay with size 1."""
    # einsum is three times as fast as np.sum over a short last axis, and sums in a fixed order
    subscripts, kept = _summation(axes)
    return np.einsum(subscripts, values)[kept]


@cache
def _summation(axes: tuple[int, ...]) -> tuple[str, tuple[slice | None, ...]]:
    letters = "abcdef"
    left = "".join(letter for axis, letter in enumerate(letters) if axis not in axes)
    return f"{letters}->{left}", tuple(None if axis in axes else slice(None) for axis in range(len(AXES)))


def known_total(values: Array, axis: int) -> Array:
    """Sum over one axis of what is estimated; NaN only where nothing is."""
    missing = np.isnan(values)
    found = total(np.where(missing, 0 * np.nan_to_num(values), values), axis)
    return np.where(np.all(missing, axis=axis, keepdims=True), np.nan * found, found)


def known_sum(*parts: Array) -> Array:
    """Sum of the parts that are estimated; NaN only where none is."""
    whole, none = 0 * np.nan_to_num(parts[0]), True
    for part in parts:
        whole = whole + np.nan_to_num(part)
        none = none & np.isnan(part)
    return np.where(none, np.nan * whole, whole)


def known_among(values: Array, classification: str, *chosen: str) -> Array:
    """Sum over the chosen labels of what is estimated; NaN where none of them is."""
    outside = among(classification, *chosen) == 0
    return known_total(np.where(outside, np.nan * values, values), KIND)


def pick(values: Array, classification: str, label: str) -> Array:
    """The slice of the kind axis that carries `label`; the axis stays with size 1."""
    place = labels(classification).index(label)
    return values[..., place : place + 1]


def among(classification: str, *chosen: str) -> np.ndarray:
    """A mask along the kind axis: 1 for the chosen labels, 0 for the others (a pure number)."""
    return np.array([[[[[[float(label in chosen) for label in labels(classification)]]]]]])


def stack(*parts: Array) -> Array:
    """Arrays of kind size 1, side by side along the kind axis."""
    shape = np.broadcast_shapes(*(part.shape for part in parts))
    return np.concatenate([part + np.zeros(shape) * part for part in parts], axis=KIND)


def positive(values: Array) -> Array:
    """Values, with those below zero set to zero (in the same unit)."""
    return np.maximum(values, 0 * values)


def since(values: Array) -> Array:
    """Cumulative sum over the years."""
    return np.cumsum(values, axis=YEAR)
