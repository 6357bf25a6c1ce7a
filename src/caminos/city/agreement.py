"""Facts that must agree with each other: where they do not, what rests on them is not estimated.

Each agreement is an input of the model, 1 where it holds and missing where it does not, so that the reason names it.
It is judged at central values; draws stay within what is possible by themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from caminos.model.axes import labels
from caminos.model.values import Column, column_of, fixed

ORGANIC, DRY = ("food", "garden"), ("paper", "plastics", "glass", "metal")
ROUNDING = 1.02  # what rounded figures may exceed their whole by
COVERED = 0.95  # share of the waste of which the fate must be known
FATES = (
    "waste_landfilled",
    "waste_sorted",
    "waste_composted",
    "waste_digested",
    "waste_incinerated",
    "waste_otherwise_treated",
)


@dataclass(frozen=True)
class Agreement:
    """One agreement: the facts that have to agree, and what the ratio of the first to the last may be."""

    name: str
    facts: tuple[str, ...]
    least: float
    most: float
    meaning: str


AGREEMENTS = (
    Agreement(
        "agreement_of_waste_fates_and_waste_collected",
        (*FATES, "waste_collected"),
        COVERED,
        2 - COVERED,
        "the fate of 95 % of the waste that is collected is known, and no more has a fate than is collected",
    ),
    Agreement(
        "agreement_of_waste_composted_and_waste_composition",
        ("waste_composted", "waste_digested", "waste_composition"),
        0,
        ROUNDING,
        "no more is composted and digested than there is food and garden waste",
    ),
    Agreement(
        "agreement_of_waste_sorted_and_waste_composition",
        ("waste_sorted", "sorting_yield", "waste_composition"),
        0,
        ROUNDING,
        "no more is recovered than there is paper, plastics, glass and metal",
    ),
)


@dataclass(frozen=True)
class Ratio:
    """A part and the whole that it is compared with, in tonnes a year by city; not a number where one is missing."""

    part: np.ndarray
    whole: np.ndarray

    def fails(self, agreement: Agreement) -> np.ndarray:
        """Where both are known and do not agree."""
        return (self.part < agreement.least * self.whole) | (self.part > agreement.most * self.whole)


def ratios(inputs: Mapping[str, Column], cities: int) -> dict[str, Ratio]:
    """What each agreement compares, for every city, at central values."""

    def value(*names: str) -> np.ndarray:
        """The first of these that a city has."""
        found = np.full((cities, 1), np.nan)
        for name in names:
            if name in inputs:
                found = np.where(np.isnan(found), _central(inputs[name], cities), found)
        return found

    landfilled, composted = value("base_waste_landfilled"), value("base_waste_composted")
    given = value("base_waste_sorted")
    recycled = given * value("base_sorting_yield", "sorting_yield_prior")
    organics = composted + np.nan_to_num(value("base_waste_digested"))
    prior = value("waste_incinerated_prior") * (landfilled + given + composted)
    burnt = np.where(np.isnan(value("base_waste_incinerated")), prior, value("base_waste_incinerated"))
    fates = landfilled + recycled + organics + burnt + np.nan_to_num(value("base_waste_otherwise_treated"))
    composition = value("waste_composition")
    pairs = (
        (fates, value("base_waste_collected")),
        (organics, fates * _share(composition, ORGANIC)),
        (recycled, fates * _share(composition, DRY)),
    )
    return {
        agreement.name: Ratio(part[:, 0], whole[:, 0])
        for agreement, (part, whole) in zip(AGREEMENTS, pairs, strict=True)
    }


def agreement_columns(inputs: Mapping[str, Column], cities: int) -> dict[str, Column]:
    """The agreements as inputs: 1 in the cities where one holds, missing in the others."""
    found = {}
    compared = ratios(inputs, cities)
    for agreement in AGREEMENTS:
        column = column_of(fixed(agreement.name, "ratio", np.ones((1,) * 6)))
        fails = compared[agreement.name].fails(agreement)
        if not fails.any():
            found[agreement.name] = column
        elif not fails.all():
            ones = np.where(fails, np.nan, 1.0).reshape(-1, 1, 1, 1, 1, 1)
            found[agreement.name] = Column(
                agreement.name,
                "ratio",
                central=ones,
                low=ones,
                high=ones,
                distributions=("fixed",) * cities,
                known=~fails,
                place=np.arange(cities),
            )
    return found


def _central(column: Column, cities: int) -> np.ndarray:
    """Central values by city and kind."""
    rows = np.zeros(cities, dtype=int) if column.place is None else column.place
    values = column.central.reshape(len(column.central), -1)
    found: np.ndarray = np.where(column.known[:, None], values, np.nan)[rows]
    return found


def _share(composition: np.ndarray, streams: tuple[str, ...]) -> np.ndarray:
    chosen = [place for place, label in enumerate(labels("waste_stream")) if label in streams]
    if composition.shape[1] == 1:  # nothing is known of it
        return composition
    found: np.ndarray = composition[:, chosen].sum(axis=1, keepdims=True)
    return found
