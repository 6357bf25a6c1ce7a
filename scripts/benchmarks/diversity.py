"""Where 200 made cities of all continents are told to begin: how often the same, on what it rests, what would change it."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np

from caminos.city.new import made_city
from caminos.city.places import Place, all_places, countries
from caminos.pathways.tables import outcomes
from caminos.planning.assessment import PlanError
from caminos.planning.city_model import CityModel
from caminos.planning.entry import entry

CITIES, DRAWS, START, PROCESSES = 200, 100, 2026, 2
LEAST_PEOPLE = 100_000
CONTINENTS = ("Africa", "Americas", "Asia", "Europe", "Oceania")


@dataclass(frozen=True)
class Told:
    """What one city is told."""

    city: str
    continent: str
    verdict: str
    first: str  # by place
    best: str  # by central worth
    order: tuple[str, ...]
    priors: bool
    dark: tuple[str, ...]
    by_headline: dict[str, dict[str, float]]
    facts: tuple[str, ...]
    missing: tuple[str, ...]
    first_five_changed: float


def continent_of(place: Place) -> str:
    """The continent of a place, as the tables of countries have it."""
    return next((name for name in CONTINENTS if name in countries()[place.country].region), "")


def some_places(count: int = CITIES) -> list[Place]:
    """The same places every time, a fifth of each continent (as far as it has them)."""
    by_continent: dict[str, list[Place]] = {name: [] for name in CONTINENTS}
    for place in all_places():
        if place.population >= LEAST_PEOPLE and continent_of(place):
            by_continent[continent_of(place)].append(place)
    chosen: list[Place] = []
    for left, name in zip(
        range(len(CONTINENTS), 0, -1), sorted(CONTINENTS, key=lambda name: len(by_continent[name])), strict=True
    ):
        quota = min(round((count - len(chosen)) / left), len(by_continent[name]))
        chosen += random.Random(8).sample(by_continent[name], quota)
    return chosen


def told(place: Place) -> Told | str:
    """The answer for one place; the reason where it has none."""
    model = CityModel(made_city(place))
    try:
        found = entry(model, START, draws=DRAWS)
    except PlanError as error:
        return f"{place.name}: {error}"
    worth = {item.action: item.worth for item in found.ranking}
    changed = [item for item in found.variants if item.joins or item.first]
    return Told(
        city=f"{place.name}, {place.country}",
        continent=continent_of(place),
        verdict=found.verdict,
        first=found.ranking[0].action if found.ranking else "",
        best=max(worth, key=lambda action: worth[action]) if worth else "",
        order=tuple(item.action for item in found.ranking),
        priors=bool(found.ranking) and found.ranking[0].priors,
        dark=tuple(found.dark),
        by_headline={item.action: item.by_headline for item in found.ranking},
        facts=tuple(item.fact for item in found.find_out),
        missing=tuple(dict.fromkeys(name for names in found.dark.values() for name in names)),
        first_five_changed=len(changed) / max(len(found.variants), 1),
    )


def all_told(count: int = CITIES) -> list[Told | str]:
    """The answers for all places, on two processes."""
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        return list(pool.map(told, some_places(count), chunksize=5))


def leading(firsts: Iterable[str]) -> tuple[str, float]:
    """The action that leads most often, and in what part of the cities."""
    counted = Counter(firsts)
    action, times = counted.most_common(1)[0]
    return action, times / sum(counted.values())


def mean_rank_correlation(orders: list[tuple[str, ...]]) -> float:
    """Mean of Spearman's correlation over all pairs of cities, over the actions that both rank."""
    names = sorted({action for order in orders for action in order})
    places = np.full((len(orders), len(names)), np.nan)
    for row, order in enumerate(orders):
        for place, action in enumerate(order):
            places[row, names.index(action)] = place
    found = []
    for one in range(len(orders)):
        for other in range(one):
            both = ~np.isnan(places[one]) & ~np.isnan(places[other])
            if both.sum() > 2:
                left, right = (np.argsort(np.argsort(places[row, both])) for row in (one, other))
                found.append(np.corrcoef(left, right)[0, 1])
    return float(np.mean(found))


def without(headline: str, answers: list[Told]) -> tuple[str, float]:
    """Who leads by worth if one headline is left out, and in what part of the cities."""
    firsts = []
    for city in answers:
        worth = {
            name: sum(x for key, x in parts.items() if key != headline) for name, parts in city.by_headline.items()
        }
        firsts.append(max(worth, key=lambda action: worth[action]))
    return leading(firsts)


def diversity() -> dict[str, float | str]:
    """How the answers of 200 cities differ."""
    begin = time.perf_counter()
    every = all_told()
    seconds = time.perf_counter() - begin
    answers = [item for item in every if isinstance(item, Told) and item.order]
    by_worth, by_place = leading(item.best for item in answers), leading(item.first for item in answers)
    left_out = {item.indicator: without(item.indicator, answers) for item in outcomes()}
    worst = max(left_out, key=lambda name: left_out[name][1])
    verdicts = Counter(item.verdict for item in answers)
    return {
        "median_s": seconds,
        "cities": len(answers),
        "draws": DRAWS,
        "not_answered": len(every) - len(answers),
        "leads_by_worth": by_worth[0],
        "leads_by_worth_share": by_worth[1],
        "leads_by_place": by_place[0],
        "leads_by_place_share": by_place[1],
        "different_firsts": len({item.best for item in answers}),
        "first_share": verdicts["first"] / len(answers),
        "together_share": verdicts["together"] / len(answers),
        "not_decided_share": verdicts["undecided"] / len(answers),
        "dark_share": sum(bool(item.dark) for item in answers) / len(answers),
        "mean_rank_correlation": mean_rank_correlation([item.order for item in answers]),
        "variants_that_change_the_first_five": float(np.mean([item.first_five_changed for item in answers])),
        "most_alike_without": worst,
        "most_alike_without_share": left_out[worst][1],
    }


CASES: dict[str, tuple[Callable[[], dict[str, float | str]], float | None, float | None]] = {
    "entry_of_200_cities": (diversity, 180.0, None),
}


if __name__ == "__main__":
    found = [item for item in all_told() if isinstance(item, Told)]
    print(Counter(item.best for item in found).most_common(12))
    print(Counter(item.first for item in found).most_common(12))
    print(Counter((item.continent, item.best) for item in found).most_common(25))
    print(Counter(item.verdict for item in found), Counter(name for item in found for name in item.dark))
    print(Counter(fact for item in found for fact in item.facts).most_common(60))
    print(Counter(fact for item in found for fact in item.missing).most_common(40))
    for item in outcomes():
        print(item.indicator, without(item.indicator, [one for one in found if one.order]))
