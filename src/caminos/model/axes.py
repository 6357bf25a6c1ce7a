"""The named axes that every array carries, always six and always in this order.

An array has size 1 along an axis on which it does not vary, so plain NumPy broadcasting
does the rest. Functions reduce over the constants below and never over bare numbers, and reach
the labels of a classification by name: where its rows stand in the table means nothing.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from caminos.problems import CaminosError

CASE, DRAW, YEAR, ZONE, GROUP, KIND = range(6)
AXES = ("case", "draw", "year", "zone", "group", "kind")
FINAL_YEAR = 2050

Array = Any  # a float64 array of six axes; while units are checked, a pint quantity of one


class LabelError(CaminosError):
    """A label that its classification lacks, or a label that was left out."""


@cache
def classifications() -> dict[str, tuple[str, ...]]:
    """Labels of every classification that the kind (or group) axis can carry.

    Where the order of labels has a meaning it is that of the numbers in the column `rank` (years of a
    return period, decibels, metres, the poorest first); otherwise it is that of the rows and means nothing.
    """
    text = files("caminos.model").joinpath("classifications.csv").read_text(encoding="utf-8")
    found: dict[str, list[tuple[float, str]]] = {}
    for row in csv.DictReader(text.splitlines()):
        found.setdefault(row["classification"], []).append((float(row["rank"] or 0), row["label"]))
    return {name: tuple(label for _rank, label in sorted(rows, key=lambda row: row[0])) for name, rows in found.items()}


def labels(classification: str) -> tuple[str, ...]:
    """Labels of one classification; () for the empty name."""
    return classifications()[classification] if classification else ()


QUINTILES = labels("quintile")  # of the group axis, the poorest fifth first


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


def nothing_of(values: Array) -> Array:
    """Zero in the unit of some values."""
    return 0 * np.nan_to_num(values[(slice(0, 1),) * len(AXES)])


def total_but(values: Array, classification: str, *may_miss: str) -> Array:
    """Sum over the kind axis of all labels but those of `may_miss` that are not estimated; see total_among."""
    if not np.isnan(values).any():
        return total(values, KIND)
    return total_among(values, classification, labels(classification), may_miss)


def total_among(values: Array, classification: str, chosen: Iterable[str], may_miss: Iterable[str] = ()) -> Array:
    """Sum over the chosen labels, not estimated (NaN) where one of them is not.

    Only those that `may_miss` names are left out where they are not estimated, as long as any of the chosen is. What
    does not occur or is counted elsewhere is a zero and no part that is missing.
    """
    inside, spared = among(classification, *chosen) > 0, among(classification, *may_miss) > 0
    missing = np.isnan(values)
    found = total(np.where(~inside | (spared & missing), nothing_of(values), values), KIND)
    return np.where(np.any(inside & ~missing, axis=KIND, keepdims=True), found, np.nan * found)


def known_sum(*parts: Array) -> Array:
    """Sum of the parts that are estimated; NaN only where none is.

    For an indicator that declares its parts `optional`: what is left out stands beside its number as a caveat.
    """
    whole, none = 0 * np.nan_to_num(parts[0]), True
    for part in parts:
        whole = whole + np.nan_to_num(part)
        none = none & np.isnan(part)
    return np.where(none, np.nan * whole, whole)


def pick(values: Array, classification: str, label: str) -> Array:
    """The slice of the kind axis that carries `label`; the axis stays with size 1."""
    return _slice(values, KIND, classification, label)


def pick_group(values: Array, quintile: str) -> Array:
    """The slice of the group axis that carries an income quintile; the axis stays with size 1."""
    return _slice(values, GROUP, "quintile", quintile)


def _slice(values: Array, axis: int, classification: str, label: str) -> Array:
    _check_labels(classification, (label,))
    if values.shape[axis] == 1:
        return values  # the same for every label
    place = labels(classification).index(label)
    return values[(slice(None),) * axis + (slice(place, place + 1),)]


def among(classification: str, *chosen: str) -> np.ndarray:
    """A mask along the kind axis: 1 for the chosen labels, 0 for the others (a pure number)."""
    _check_labels(classification, chosen)
    return np.array([[[[[[float(label in chosen) for label in labels(classification)]]]]]])


def among_groups(*chosen: str) -> np.ndarray:
    """A mask along the group axis: 1 for the chosen income quintiles, 0 for the others (a pure number)."""
    return np.swapaxes(among("quintile", *chosen), GROUP, KIND)


def compose(classification: str, parts: Mapping[str, Array]) -> Array:
    """An array along the kind axis, made of one part (of kind size 1) for every label.

    Raises LabelError if a label has no part or a part no label.
    """
    _check_labels(classification, parts)
    missing = [label for label in labels(classification) if label not in parts]
    if missing:
        raise LabelError(f"{classification}: there is nothing for {', '.join(missing)}")
    ordered = [parts[label] for label in labels(classification)]
    shape = np.broadcast_shapes(*(part.shape for part in ordered))
    return np.concatenate([part + np.zeros(shape) * part for part in ordered], axis=KIND)


def _check_labels(classification: str, given: Iterable[str]) -> None:
    known = labels(classification)
    unknown = [label for label in given if label not in known]
    if unknown:
        raise LabelError(f"{classification} has no {', '.join(unknown)}; its labels are {', '.join(known)}")


def positive(values: Array) -> Array:
    """Values, with those below zero set to zero (in the same unit)."""
    return np.maximum(values, 0 * values)


def part_of(part: Array, whole: Array) -> Array:
    """A part over its whole; nothing is no part of anything, also of nothing."""
    found = part / whole
    return np.where(part == 0 * part, 0 * np.nan_to_num(found), found)


def since(values: Array) -> Array:
    """Cumulative sum over the years."""
    return np.cumsum(values, axis=YEAR)
