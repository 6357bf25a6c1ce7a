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
    return np.sum(values, axis=axes, keepdims=True)


def known_total(values: Array, axis: int) -> Array:
    """Sum over one axis of what is estimated; NaN only where nothing is."""
    found = np.nansum(values, axis=axis, keepdims=True)
    return np.where(np.all(np.isnan(values), axis=axis, keepdims=True), np.nan * found, found)


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
