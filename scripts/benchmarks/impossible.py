"""Numbers that cannot be, over cities made from open defaults: every node, every action, plans, years and draws.

Masses, counts and money below zero (unless the node is a balance or a change), shares outside 0 to 1, and waste whose
fates do not make up what is generated. Every count has to be zero.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence

import numpy as np

from caminos.actions.library import library
from caminos.city.new import made_city
from caminos.city.places import all_places
from caminos.model.indicator import Indicator
from caminos.model.possible import first_impossible
from caminos.model.values import values_of
from caminos.planning.city_model import BASELINE, Case, Cities, Measure

CITIES, DRAWS, PLANS = 200, 30, 10
MANY = 1000  # cities without any action: what is wrong in a few countries shows
ROWS_AT_ONCE = 400
FATES = tuple(
    f"waste_{way}"
    for way in ("composted", "digested", "recycled", "burnt", "otherwise_treated", "landfilled", "uncollected")
)


def cases(plans: int, seed: int = 2) -> list[Case]:
    """No action, every action alone, all together, and plans of ten drawn at random with their years."""
    ids, draw = [action.id for action in library()], random.Random(seed)
    alone = [Case(action, (Measure(action, 2026),)) for action in ids]
    together = Case("all", (Measure(action, 2026) for action in ids))
    drawn = [
        Case(f"plan {place}", (Measure(action, draw.randint(2026, 2040)) for action in draw.sample(ids, 10)))
        for place in range(plans)
    ]
    return [BASELINE, *alone, together, *drawn]


def impossible(cities: Cities, asked: Sequence[Case], draws: int) -> dict[str, int]:
    """How many blocks of rows have an impossible number, by node; "waste balance" where the fates do not add up."""
    found: dict[str, int] = {}
    for stack in cities.stacks:
        graph = stack.graph
        names = tuple(name for name, node in graph.nodes.items() if isinstance(node, Indicator))
        run = stack.ask(asked, draws=draws)
        for start in range(0, len(run.rows), ROWS_AT_ONCE):
            part = slice(start, min(start + ROWS_AT_ONCE, len(run.rows)))
            for by_draws in (slice(None),) if not draws else (slice(0, draws),):
                evaluation = run.evaluation(part, by_draws)
                results = evaluation.work(names, keep=True)
                for name in names:
                    if first_impossible(graph.nodes[name], values_of(results[name])) is not None:
                        found[name] = found.get(name, 0) + 1
                waste = evaluation.compute(("waste_generated", *FATES))
                whole, *parts = (values_of(result) for result in waste.values())
                with np.errstate(invalid="ignore"):
                    far = np.abs(sum(parts) - whole) > 1e-9 * whole
                if far.any():
                    found["waste balance"] = found.get("waste balance", 0) + 1
    return found


def over_cities(count: int = CITIES, draws: int = DRAWS, plans: int = PLANS) -> dict[str, float]:
    """Counts over made cities of all continents: nodes with an impossible number, at central values and in draws."""
    begin = time.perf_counter()
    cities = Cities([made_city(place) for place in random.Random(1).sample(all_places(), count)])
    asked = cases(plans)
    many = Cities([made_city(place) for place in random.Random(11).sample(all_places(), MANY)])
    found = impossible(cities, asked, 0), impossible(cities, asked, draws), impossible(many, [BASELINE], draws)
    wrong = sorted(set().union(*found))
    assert not wrong, f"impossible numbers: {', '.join(wrong)}"
    return {
        "median_s": time.perf_counter() - begin,
        "cities": count,
        "cities_without_action": MANY,
        "cases": len(asked),
        "draws": draws,
        "nodes_with_impossible_numbers": len(wrong),
    }


CASES: dict[str, tuple[Callable[[], dict[str, float]], float | None, float | None]] = {
    "impossible_numbers_200_cities": (over_cities, 120.0, None),
}
