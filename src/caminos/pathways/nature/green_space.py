"""Green space for people and for other species."""

import numpy as np

from caminos.model.axes import KIND, Array, positive, total
from caminos.model.indicator import indicator


@indicator(unit="m2/person", source="SDG 11.7; WHO 2016")
def green_area_per_person(
    base_green_area_per_person: Array, base_population: Array, green_area_added: Array, population: Array
) -> Array:
    """Public green area per person."""
    return (base_green_area_per_person * base_population + green_area_added) / population


@indicator(unit="person", source="WHO 2016; 3-30-300: green of half a hectare within 300 m")
def people_without_green(population: Array, green_access_share: Array) -> Array:
    """People who live farther than 300 m from green of half a hectare or more."""
    return population * (1 - green_access_share)


@indicator(unit="share", source="City Biodiversity Index 2021, indicator 1")
def natural_area(
    base_natural_area_share: Array, natural_area_restored: Array, base_area: Array, hectares_per_km2: Array
) -> Array:
    """Share of the jurisdiction with natural cover, restored land included: never more than all of it."""
    return np.minimum(base_natural_area_share + natural_area_restored / (base_area * hectares_per_km2), 1.0)


@indicator(unit="index", source="City Biodiversity Index 2021 (CBD TS-98), indicator 11: 10, 25, 40, 55 %")
def canopy_score(canopy_cover: Array, canopy_score_limits: Array) -> Array:
    """Score of canopy cover in the City Biodiversity Index, 0 to 4."""
    return _score(canopy_cover, canopy_score_limits)


@indicator(unit="index", source="City Biodiversity Index 2021 (CBD TS-98), indicator 1: 1, 7, 14, 20 %")
def natural_area_score(natural_area: Array, natural_area_score_limits: Array) -> Array:
    """Score of natural area in the City Biodiversity Index, 0 to 4."""
    return _score(natural_area, natural_area_score_limits)


def _score(value: Array, limits: Array) -> Array:
    """How many of the limits (along the kind axis) the value reaches."""
    return total((value > limits) * 1.0, KIND)


@indicator(unit="share", source="definition")
def canopy_gap(canopy_cover: Array, canopy_goal: Array) -> Array:
    """Canopy still missing to the goal of 30 % of the 3-30-300 rule."""
    return positive(canopy_goal - canopy_cover)
