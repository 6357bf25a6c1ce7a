"""Coverage on real cities: how often the range of a city made of defaults holds the city's own inventory.

Each city is made as `caminos new` makes it; nothing of its inventory enters. The sizes of the error "this city is not
its country" are fitted to the cities of other countries, so that a city never widens or narrows its own range. Beside
it stands the plain range: the country's mean emissions per head with the spread of the other countries' cities.

Run alone it prints the tables of docs/coverage.md; with --write it puts the sizes fitted on all cities into
src/caminos/parameters/error_families.csv.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import build_countries
from city_inventories import (
    BASIC,
    SCOPE_1,
    SCOPE_2,
    SECTORS,
    STATIONARY,
    TOTALS,
    TRANSPORT,
    WASTE,
    Kept,
    Observation,
    observed,
    three_sets,
)

from benchmarks.common import needed
from caminos.city.national import national
from caminos.city.new import made_city
from caminos.city.places import Place, countries
from caminos.model.axes import labels
from caminos.model.uncertainty import scores
from caminos.parameters.errors import COMMON, LEAST, Family, families
from caminos.pathways.low_emission.inventory import BASIC as BASIC_ROWS
from caminos.planning.city_model import Cities

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
DRAWS, SEED = 400, 1
RANGE = (0.05, 0.95)
MIDDLE = (0.1, 0.9)  # the part of residuals from which a spread is taken: beyond it are errors of unit and extent
AIM = 0.85  # share of totals that the fitted ranges hold: below .9, for inventories have errors and limits of their own
COMMON_PARTS = (0.5, 0.6, 0.7, 0.8, 0.9)
ENOUGH_CITIES = 20  # of one country, to take the spread of a sector from
A_COUNTRY_OF_ITS_OWN = 5  # cities, from which on a country is a fold by itself
FOLDS = 10  # of the other countries
GROUP_OF_ALL = "all"

PARTS = ("fuel", "electricity", "transport", "waste", "wastewater")
FAMILY = {"fuel": "energy", "electricity": "energy", "transport": "transport", "waste": "waste"}  # wastewater has none
FITTED = ("energy", "transport", "waste")
OF = {
    BASIC: PARTS,
    SCOPE_1: ("fuel", "transport", "waste", "wastewater"),
    SCOPE_2: ("electricity",),
    STATIONARY: ("fuel", "electricity"),
    TRANSPORT: ("transport",),
    WASTE: ("waste", "wastewater"),
}
# Sectors of CAIT whose sum per head is the plain central value; the total without land use where it is a total.
PLAIN = {
    BASIC: ("Total excluding LUCF",),
    SCOPE_1: ("Total excluding LUCF",),
    SCOPE_2: ("Electricity and heat",),
    STATIONARY: ("Buildings", "Manufacturing and construction", "Electricity and heat"),
    TRANSPORT: ("Transport",),
    WASTE: ("Waste",),
}


def part_of(reference: str) -> str:
    """The part of BASIC to which a row of the model's inventory belongs; "" outside it."""
    if reference not in BASIC_ROWS:
        return ""
    sector = reference.split(".")[0]
    if sector == "I":
        return "fuel" if reference.endswith(".1") else "electricity"
    return {"II": "transport", "III": "wastewater" if reference == "III.4" else "waste"}.get(sector, "")


# data


@cache
def all_observations() -> Kept:
    """The three sets as one table, with what was dropped."""
    return observed(three_sets(DATA), national_total)


def national_total(country: str) -> float | None:
    """A country's emissions per head, all sectors but land (t CO2e)."""
    value = national(country).get(("emissions_per_person", "")) if country else None
    return value.value if value else None


@cache
def plain_means() -> dict[tuple[str, str], float]:
    """The plain central value by country and what is observed (t CO2e per head)."""
    folder = DATA / "country-series"
    names = build_countries.Names(
        [
            {"country": each.country, "name": each.name, "other_names": "|".join(each.other_names)}
            for each in countries().values()
        ]
    )
    rows = build_countries.read(folder / "GHG Emissions by Country and Sector (CAIT, 2021).csv")
    sectors = {sector for each in PLAIN.values() for sector in each}
    by_sector = {sector: build_countries.newest(rows, names, f"{sector} (per capita)") for sector in sectors}
    return {
        (country, what): sum(by_sector[sector][country][1] for sector in wanted)
        for what, wanted in PLAIN.items()
        for country in countries()
        if all(country in by_sector[sector] for sector in wanted)
    }


# the model


def per_head(places: Iterable[Place], draws: int, errors: Mapping[str, Family] | None = None) -> dict[str, np.ndarray]:
    """Emissions per head of made cities by the number of their place: arrays [draw, part of BASIC]."""
    wanted = {place.id: place for place in places}
    cities = Cities([made_city(place) for place in wanted.values()], errors=errors)
    rows = np.array([[part_of(label) == part for label in labels("gpc")] for part in PARTS], dtype=float)
    found = {}
    for part in cities.run(["emissions_by_subsector"], draws=draws, seed=SEED, keep=base_year):
        for at, city in enumerate(part.cities):
            result = part.of(at, 0, "emissions_by_subsector")
            number = city.rpartition("-")[2]
            if isinstance(result, np.ndarray):
                by_row = np.nan_to_num(result[0, :, 0, 0, 0, :])
                found[number] = by_row @ rows.T / wanted[number].population
    return found


def base_year(values: np.ndarray) -> np.ndarray:
    """The first year alone."""
    return values[:, :, :1]


@dataclass(frozen=True)
class Case:
    """An observation beside what the model says without the error of families: [draw, part] per head, and centrally."""

    observation: Observation
    central: float
    own: np.ndarray

    @property
    def residual(self) -> float:
        """Logarithm of observed over central."""
        return float(np.log(self.observation.per_head / self.central))


def parts_of(what: str) -> list[int]:
    """Places of the parts that make up what is observed."""
    return [PARTS.index(part) for part in OF[what]]


def cases(observations: Sequence[Observation], draws: int = DRAWS) -> list[Case]:
    """Observations that the model can answer, with its draws free of the errors of families."""
    places = {each.place.id: each.place for each in observations}.values()
    central = per_head(places, 0)
    known = factors(Sizes(dict.fromkeys(FITTED, ALONE.logarithms), ALONE.common), draws)
    own = {number: values / known for number, values in per_head(places, draws, alone()).items()}
    found = []
    for each in observations:
        if each.place.id in own:
            middle = float(central[each.place.id][0, parts_of(each.what)].sum())
            if middle > 0:
                found.append(Case(each, middle, own[each.place.id]))
    return found


# Families at the least size that an input of quality C has: so their known factor can be taken out of the draws again,
# and what is left is the model's other errors alone.
ALONE = Family(LEAST[0], 0.0, 0.0)


def alone() -> dict[str, Family]:
    """The families of the table, those that are fitted at the least size and with nothing in common."""
    return {**families(), **dict.fromkeys(FITTED, ALONE)}


# the fit


@dataclass(frozen=True)
class Sizes:
    """Standard deviations in logarithms by family, and the correlation of each with what they have in common."""

    by_family: Mapping[str, float]
    common: float

    def errors(self) -> dict[str, Family]:
        """As the model takes them: shares in logits keep the size of the table."""
        table = families()
        return {
            **table,
            **{name: Family(self.by_family[name], table[name].logits, self.common) for name in FITTED},
        }


def spread(values: np.ndarray) -> float:
    """Standard deviation of a normal distribution with the same middle 80 %."""
    low, high = np.quantile(values, MIDDLE)
    return float(high - low) / 2.5631


def unlike(common: float, draws: int = DRAWS) -> np.ndarray:
    """Scores of the families' errors as the model draws them [draw, family]."""
    return np.stack(
        [scores(((f"{family}: {COMMON}", common), (COMMON, 0.0)), draws, SEED) for family in FITTED], axis=-1
    )


def factors(sizes: Sizes, draws: int = DRAWS) -> np.ndarray:
    """By how much errors of these sizes multiply every part [draw, part]."""
    each = np.exp(unlike(sizes.common, draws) * [sizes.by_family[family] for family in FITTED])
    known = dict(zip(FITTED, each.T, strict=True))
    return np.stack([known.get(FAMILY.get(part, ""), np.ones(draws)) for part in PARTS], axis=-1)


def totals(some: Sequence[Case], sizes: Sizes) -> np.ndarray:
    """What the model says with errors of these sizes [case, draw]: families multiply their parts."""
    chosen = np.array([[part in OF[case.observation.what] for part in PARTS] for case in some], dtype=float)
    own = np.stack([case.own for case in some])
    return np.asarray(np.einsum("cdp,dp,cp->cd", own, factors(sizes, own.shape[1]), chosen, optimize=True))


def held(some: Sequence[Case], drawn: np.ndarray, ends: tuple[float, float] = RANGE) -> np.ndarray:
    """Whether the range of each case holds what was observed."""
    low, high = np.quantile(drawn, ends, axis=1)
    seen = np.array([case.observation.per_head for case in some])
    return np.asarray((low <= seen) & (seen <= high))


def ratios(some: Sequence[Case]) -> dict[str, float]:
    """Sizes of the families relative to each other: the spread of their sector within countries; alike without any.

    Sectors are known in one country alone: half of what they say (in logarithms) is taken over.
    """
    found = {}
    for family, what in zip(FITTED, SECTORS, strict=True):
        inside = [
            residuals - np.median(residuals)
            for residuals in by_country(some, what).values()
            if len(residuals) >= ENOUGH_CITIES
        ]
        found[family] = spread(np.concatenate(inside)) if inside else np.nan
    if any(np.isnan(size) for size in found.values()):
        return dict.fromkeys(FITTED, 1.0)
    mean = float(np.exp(np.mean(np.log(list(found.values())))))
    return {family: float(np.sqrt(size / mean)) for family, size in found.items()}


def by_country(some: Sequence[Case], what: str) -> dict[str, np.ndarray]:
    """Residuals by country."""
    found: dict[str, list[float]] = {}
    for case in some:
        if case.observation.what == what:
            found.setdefault(case.observation.country, []).append(case.residual)
    return {country: np.array(each) for country, each in found.items()}


def fitted(some: Sequence[Case]) -> Sizes:
    """Sizes with which the ranges hold 85 % of totals (BASIC and scope 1 counting alike), by the sharpest common part.

    Sectors say how the families stand to each other, totals how large they are. Of the common parts with which the
    totals are held the one with the narrowest ranges is taken.
    """
    relative = ratios(some)
    kinds = [kind for what in TOTALS if (kind := [case for case in some if case.observation.what == what])]
    return min((_scaled(kinds, relative, common) for common in COMMON_PARTS), key=lambda sizes: _width(kinds, sizes))


def _scaled(kinds: Sequence[Sequence[Case]], relative: Mapping[str, float], common: float) -> Sizes:
    """The scale with which the ranges hold as many totals as they should, by halving."""

    def sizes(scale: float) -> Sizes:
        return Sizes({family: scale * relative[family] for family in FITTED}, common)

    low, high = 0.0, 4.0
    for _step in range(12):
        middle = (low + high) / 2
        share = np.mean([held(kind, totals(kind, sizes(middle))).mean() for kind in kinds])
        low, high = (middle, high) if share < AIM else (low, middle)
    return sizes(high)


def _width(kinds: Sequence[Sequence[Case]], sizes: Sizes) -> float:
    """Mean over kinds of the median width of the ranges, in logarithms."""
    ends = [np.log(np.quantile(totals(kind, sizes), RANGE, axis=1)) for kind in kinds]
    return float(np.mean([np.median(high - low) for low, high in ends]))


def folds(some: Sequence[Case]) -> list[tuple[str, ...]]:
    """Countries that are left out together: each with five cities or more alone, the others in ten groups."""
    cities: dict[str, set[str]] = {}
    for case in some:
        cities.setdefault(case.observation.country, set()).add(case.observation.place.id)
    alone = [(country,) for country, places in sorted(cities.items()) if len(places) >= A_COUNTRY_OF_ITS_OWN]
    rest = [country for country, places in sorted(cities.items()) if len(places) < A_COUNTRY_OF_ITS_OWN]
    return [*alone, *(group for start in range(FOLDS) if (group := tuple(rest[start::FOLDS])))]


# both ranges, the city's country left out


@dataclass(frozen=True)
class Answer:
    """One observation, the model's range and the plain one (t CO2e per head)."""

    case: Case
    low: float
    high: float
    plain_low: float
    plain_high: float

    @property
    def holds(self) -> bool:
        """Whether the model's range holds the city's own figure."""
        return self.low <= self.case.observation.per_head <= self.high

    @property
    def plain_holds(self) -> bool:
        """Whether the plain range does."""
        return self.plain_low <= self.case.observation.per_head <= self.plain_high


def plain_ratios(others: Sequence[Case]) -> dict[str, tuple[float, float]]:
    """By what is observed the 5 and 95 % quantiles of observed over the country's mean."""
    means = plain_means()
    found: dict[str, list[float]] = {}
    for case in others:
        seen = case.observation
        if mean := means.get((seen.country, seen.what)):
            found.setdefault(seen.what, []).append(seen.per_head / mean)
    return {what: tuple(map(float, np.quantile(each, RANGE))) for what, each in found.items()}


def answers(some: Sequence[Case], draws: int = DRAWS) -> list[Answer]:
    """Both ranges for every observation, from what the other countries teach."""
    found = []
    for left_out in folds(some):
        inside = [case for case in some if case.observation.country in left_out]
        others = [case for case in some if case.observation.country not in left_out]
        ratio = plain_ratios(others)
        drawn = per_head((case.observation.place for case in inside), draws, fitted(others).errors())
        for case in inside:
            seen = case.observation
            low, high = np.quantile(drawn[seen.place.id][:, parts_of(seen.what)].sum(axis=1), RANGE)
            mean = plain_means().get((seen.country, seen.what), 0.0) or np.nan
            below, above = ratio.get(seen.what, (np.nan, np.nan))
            found.append(Answer(case, float(low), float(high), mean * below, mean * above))
    return found


def summary(some: Sequence[Answer]) -> dict[str, float]:
    """Share held and median width (high over low) of both ranges, and the median residual of the central values.

    There is no plain range (no number) of what no other country has observed.
    """
    return {
        "cities": len(some),
        "held": float(np.mean([each.holds for each in some])),
        "width": float(np.median([each.high / each.low if each.low > 0 else np.inf for each in some])),
        "median_residual": float(np.median([each.case.residual for each in some])),
    } | _plain_summary([each for each in some if np.isfinite(each.plain_low)])


def _plain_summary(some: Sequence[Answer]) -> dict[str, float]:
    if not some:
        return {}
    return {
        "plain_held": float(np.mean([each.plain_holds for each in some])),
        "plain_width": float(np.median([each.plain_high / each.plain_low for each in some])),
    }


def groups(found: Sequence[Answer]) -> dict[str, list[Answer]]:
    """Answers by set and what is observed, totals by income group and continent, and all totals."""
    whole: dict[str, list[Answer]] = {}
    for each in found:
        seen = each.case.observation
        whole.setdefault(f"{seen.source}, {seen.what}", []).append(each)
        if (
            seen.source == "Nangini" and seen.country != "CHN"
        ):  # Peking University's: a third of what China emits a head
            whole.setdefault(f"Nangini, {seen.what}, outside China", []).append(each)
        if seen.what in TOTALS:
            country = countries()[seen.country]
            for name in (country.income or "income unknown", continent(country.region), GROUP_OF_ALL):
                whole.setdefault(name, []).append(each)
    return {name: some for name, some in whole.items() if len(some) >= ENOUGH_CITIES}


def continent(region: tuple[str, ...]) -> str:
    """The widest part of a chain of regions that is not the world."""
    return next((name for name in reversed(region) if name != "world"), "")


# the benchmark


def coverage() -> dict[str, float]:
    """Both ranges over the three sets."""
    needed(DATA / "cdp-cities", DATA / "nangini-cities", DATA / "brazil-inventories", DATA / "country-series")
    begin = time.perf_counter()
    kept = all_observations()
    some = cases(kept.observations)
    sizes = fitted(some)
    result: dict[str, float] = {"median_s": 0.0}
    for name, part in groups(answers(some)).items():
        result |= {f"{name}: {key}": value for key, value in summary(part).items()}
    result |= {f"size of {family}": size for family, size in sizes.by_family.items()}
    result |= {"common part": sizes.common} | {f"dropped: {why}": count for why, count in kept.dropped.items()}
    result["median_s"] = time.perf_counter() - begin
    return result


CASES: dict[str, tuple[Callable[[], dict[str, float]], float | None, float | None]] = {
    "coverage_on_real_cities": (coverage, None, None),
}


# the tables


ORDER = ("Brazil", "CDP", "Nangini", GROUP_OF_ALL, "high", "upper", "lower", "low")  # then continents


def table(found: Mapping[str, float]) -> str:
    """The result as a table of Markdown."""
    names = sorted(
        (key.removesuffix(": held") for key in found if key.endswith(": held")),
        key=lambda name: next((place for place, start in enumerate(ORDER) if name.startswith(start)), len(ORDER)),
    )
    lines = [
        "| cities | number | held, model | width, model | held, plain | width, plain | median of observed over central |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in names:
        of = {key.rpartition(": ")[2]: value for key, value in found.items() if key.rpartition(": ")[0] == name}
        plain = f"{100 * of['plain_held']:.0f} % | {of['plain_width']:.1f}" if "plain_held" in of else "none | none"
        lines.append(
            f"| {name} | {of['cities']:.0f} | {100 * of['held']:.0f} % | {of['width']:.1f} | {plain} | "
            f"{np.exp(of['median_residual']):.2f} |"
        )
    return "\n".join(lines)


def write(sizes: Sizes, cities: int) -> None:
    """Put fitted sizes into error_families.csv; the other families stay."""
    path = ROOT / "src/caminos/parameters/error_families.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        columns, rows = list(reader.fieldnames or ()), list(reader)
    source = (
        f"fitted to the own inventories of {cities} cities (CDP 2016-2021; Nangini et al. 2019; Brazil 2022) by "
        "scripts/benchmarks/coverage.py"
    )
    for row in rows:
        if row["family"] in FITTED:
            row["logarithms"] = f"{sizes.by_family[row['family']]:.2f}"
            row |= {"common": f"{sizes.common:.2f}", "source": source, "quality": "B"}
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    """Print the tables; with --write put the sizes into the package."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    if options.write:
        some = cases(all_observations().observations)
        write(fitted(some), len({case.observation.place.id for case in some}))
    found = coverage()
    print(table(found))
    for key, value in found.items():
        if ": " not in key or key.startswith("dropped"):
            print(f"{key}: {value:.3g}")


if __name__ == "__main__":
    main()
