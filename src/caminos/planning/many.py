"""Thousands of cities: read (or made from places) and evaluated in blocks, on several processes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from os import cpu_count
from pathlib import Path

import numpy as np

from caminos.actions.library import city_actions, has_own_actions
from caminos.city.new import made_city
from caminos.city.package import City, read_city
from caminos.city.places import Place
from caminos.i18n import _
from caminos.model.axes import DRAW
from caminos.model.possible import ImpossibleError
from caminos.model.runs import SEED
from caminos.planning.city_model import BASELINE, Case, Cities, Part
from caminos.planning.graph import graph_of
from caminos.planning.results import RANGE
from caminos.problems import CaminosError

AT_ONCE = 1000  # cities of one task: enough to share what they have in common, few enough to share out evenly
MOST_NAMED = 5  # ids that a message names

Source = Path | Place | City


@dataclass(frozen=True)
class Many:
    """Answers for many cities, part by part, and the sources that could not be read, each with its errors.

    A city whose facts give a number that cannot be is among these, by its id.
    """

    parts: tuple[Part, ...]
    unread: dict[str, CaminosError]


def run_many(
    sources: Sequence[Source],
    targets: Sequence[str],
    cases: Sequence[Case] = (BASELINE,),
    draws: int = 0,
    seed: int = SEED,
    processes: int | None = None,
    tell: Callable[[int, int], None] | None = None,
) -> Many:
    """The targets for cities given as folders, places or cities: central values, or with `draws` their ranges.

    With draws the draw axis holds low, median and high (5, 50 and 95 %). A city that cannot be read, or whose own
    actions are faulty, does not keep the others from being answered. `processes` are as many as the machine has unless
    given; `tell` hears how many cities are done. Raises CaminosError where two cities have the same id.
    """
    tasks = [sources[start : start + AT_ONCE] for start in range(0, len(sources), AT_ONCE)]
    work = partial(_answer, targets=tuple(targets), cases=tuple(cases), draws=draws, seed=seed)
    parts: list[Part] = []
    unread: dict[str, CaminosError] = {}
    for done, (found, failed) in enumerate(_each(work, tasks, processes or cpu_count() or 1), 1):
        parts += found
        unread |= failed
        if tell is not None:
            tell(min(done * AT_ONCE, len(sources)), len(sources))
    if twice := [city for city, count in Counter(city for part in parts for city in part.cities).items() if count > 1]:
        raise CaminosError(_("Two cities have the same id.") + f" {', '.join(twice[:MOST_NAMED])}")
    return Many(tuple(parts), unread)


def _each(
    work: Callable[[Sequence[Source]], tuple[list[Part], dict[str, CaminosError]]],
    tasks: Sequence[Sequence[Source]],
    processes: int,
) -> Iterator[tuple[list[Part], dict[str, CaminosError]]]:
    """The tasks one after the other, or side by side where there are several."""
    if processes == 1 or len(tasks) == 1:
        yield from map(work, tasks)
        return
    with ProcessPoolExecutor(min(processes, len(tasks)), mp_context=get_context("spawn")) as pool:
        yield from pool.map(work, tasks)


def _answer(
    sources: Sequence[Source], targets: Sequence[str], cases: Sequence[Case], draws: int, seed: int
) -> tuple[list[Part], dict[str, CaminosError]]:
    cities, unread = [], {}
    for source in sources:
        try:
            cities.append(city_of(source))
        except CaminosError as error:
            unread[str(source)] = error
    keep = low_median_high if draws else None
    while cities:
        try:
            return Cities(cities).run(targets, cases, draws=draws, seed=seed, keep=keep), unread
        except ImpossibleError as error:  # that city's own; the others are answered without it
            unread[error.city] = error
            cities = [city for city in cities if city.id != error.city]
    return [], unread


def city_of(source: Source) -> City:
    """The city of a folder or a place; raises CaminosError for one that cannot be read, or has faulty actions."""
    if isinstance(source, Place):
        return made_city(source)
    city = source if isinstance(source, City) else read_city(source)
    if has_own_actions(city.path):
        graph_of(city_actions(city.path))
    return city


def low_median_high(values: np.ndarray) -> np.ndarray:
    """The range and the median of the draws, along the draw axis; what is not a number in a draw is left out."""
    inside = np.sort(values, axis=DRAW)  # what is not a number comes last
    known = np.sum(~np.isnan(inside), axis=DRAW, keepdims=True)
    ends = [np.rint(share / 100 * np.maximum(known - 1, 0)).astype(int) for share in (RANGE[0], 50, RANGE[1])]
    return np.take_along_axis(inside, np.concatenate(ends, axis=DRAW), axis=DRAW)


def by_city(many: Many) -> Mapping[str, tuple[Part, int]]:
    """For every city its part and its place there."""
    return {city: (part, place) for part in many.parts for place, city in enumerate(part.cities)}
