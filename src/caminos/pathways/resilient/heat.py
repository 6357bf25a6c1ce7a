"""Deaths by heat."""

import numpy as np

from caminos.model.axes import GROUP, Array, total
from caminos.model.indicator import indicator


@indicator(unit="1/delta_degC", dims="", source="calibrated: attributable share = 1 - exp(-slope x degree days / year)")
def heat_mortality_slope(
    base_heat_attributable_share: Array, base_heat_degree_days: Array, days_per_year: Array
) -> Array:
    """Rise of mortality per degree above the temperature of least mortality, from the city's own heat deaths."""
    return -np.log(1 - base_heat_attributable_share) / (base_heat_degree_days / days_per_year)


@indicator(unit="delta_degC", dims="year group", source="McDonald 2021: canopy gap times canopy cooling", signed=True)
def heat_exposure_offset(canopy_gap_by_income: Array, income_rank: Array, canopy_cooling: Array) -> Array:
    """Summer air temperature of each quintile's streets above the city's mean, by unequal canopy."""
    return -canopy_gap_by_income * income_rank * canopy_cooling


@indicator(
    unit="share", dims="year group", source="log-linear above the threshold; degree days exponential in the shift"
)
def heat_attributable_share_by_group(
    base_heat_degree_days: Array,
    base_heat_days: Array,
    warming: Array,
    air_temperature_lowered: Array,
    heat_exposure_offset: Array,
    heat_mortality_slope: Array,
    days_per_year: Array,
    hot_day_cooling_ratio: Array,
) -> Array:
    """Share of deaths caused by heat in each quintile, before cooled rooms and heat plans.

    The shift of temperature changes degree days by the days above the threshold, in proportion to what
    is left of them (exponential, so that they never fall below zero; more than linear for large shifts).
    """
    shift = warming - air_temperature_lowered * hot_day_cooling_ratio + heat_exposure_offset
    degree_days = base_heat_degree_days * np.exp(base_heat_days * shift / base_heat_degree_days)
    return 1 - np.exp(-heat_mortality_slope * degree_days / days_per_year)


@indicator(unit="ratio", dims="year group", source="Bouchama 2007, odds ratios")
def heat_protection(
    air_conditioning_share: Array,
    air_conditioning_odds_ratio: Array,
    cooling_centre_share: Array,
    cooling_centre_odds_ratio: Array,
    heat_plan_coverage: Array,
    heat_plan_effect: Array,
) -> Array:
    """Risk of dying of heat relative to someone without air conditioning, cooling centre or heat plan."""
    rooms = 1 - air_conditioning_share * (1 - air_conditioning_odds_ratio)
    centres = 1 - cooling_centre_share * (1 - cooling_centre_odds_ratio)
    return rooms * centres * (1 + heat_plan_coverage * heat_plan_effect)


@indicator(unit="ratio", dims="group", source="Bouchama 2007, odds ratios")
def observed_heat_protection(
    air_conditioning_share: Array,
    air_conditioning_odds_ratio: Array,
    base_heat_plan_coverage: Array,
    heat_plan_effect: Array,
) -> Array:
    """Relative risk of the base year, against which the city's own heat deaths were measured."""
    rooms = 1 - air_conditioning_share * (1 - air_conditioning_odds_ratio)
    return rooms * (1 + base_heat_plan_coverage * heat_plan_effect)


@indicator(unit="person/yr", dims="year group", source="attributable share times deaths")
def heat_deaths_by_group(
    deaths: Array,
    heat_attributable_share_by_group: Array,
    heat_protection: Array,
    observed_heat_protection: Array,
    quintile_share: Array,
) -> Array:
    """Deaths by heat by income quintile; every quintile is taken to have a fifth of all deaths."""
    mean = total(observed_heat_protection * quintile_share, GROUP)
    return deaths * quintile_share * heat_attributable_share_by_group * heat_protection / mean


@indicator(unit="person/yr", source="sum over quintiles")
def heat_deaths(heat_deaths_by_group: Array) -> Array:
    """Deaths of residents by heat in a year."""
    return total(heat_deaths_by_group, GROUP)
