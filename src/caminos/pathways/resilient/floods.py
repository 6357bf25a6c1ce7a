"""River and drainage floods: how often, how deep, who and what is hit."""

import numpy as np

from caminos.model.axes import GROUP, Array, known_sum, positive, total
from caminos.model.indicator import indicator
from caminos.pathways.resilient.expectation import annual_expectation


@indicator(
    unit="m", dims="year kind", kind="return_period", source="level-frequency curve, shifted by warming", signed=True
)
def flood_level(base_flood_level: Array, flood_level_rise_per_degree: Array, warming: Array) -> Array:
    """Water level at the gauge by return period, in the climate of the year."""
    return base_flood_level + flood_level_rise_per_degree * warming


@indicator(unit="share", dims="year kind", kind="return_period", source="logistic around the level that holds")
def protection_failure(flood_level: Array, flood_protection_level: Array, protection_spread: Array) -> Array:
    """Probability that the protection fails at each level."""
    return 1 / (1 + np.exp(-(flood_level - flood_protection_level) / protection_spread))


@indicator(unit="ratio", dims="year kind", kind="return_period", source="linear between threshold and recorded level")
def flood_severity(
    flood_level: Array, base_flood_threshold: Array, base_flood_level_recorded: Array, flood_exposure_exponent: Array
) -> Array:
    """How much of the recorded flood's reach a level attains: 0 at the threshold, 1 at the recorded level."""
    reach = (flood_level - base_flood_threshold) / (base_flood_level_recorded - base_flood_threshold)
    return np.minimum(positive(reach), MOST_BEYOND_RECORD) ** flood_exposure_exponent


MOST_BEYOND_RECORD = 1.5  # beyond one and a half times the recorded rise the record says nothing


@indicator(unit="person", dims="year kind", kind="return_period", source="recorded flood scaled by level")
def flooded_people(
    base_flooded_population: Array,
    flood_severity: Array,
    protection_failure: Array,
    flood_exposure_removed_share: Array,
    population_index: Array,
) -> Array:
    """People flooded, by return period: the exceedance curve."""
    exposed = base_flooded_population * population_index * (1 - flood_exposure_removed_share)
    return exposed * flood_severity * protection_failure


@indicator(unit="person/yr", source="sum of frequency times impact")
def expected_annual_flooded_people(flooded_people: Array, return_period_years: Array) -> Array:
    """People flooded by the river or lake in an average year."""
    return annual_expectation(flooded_people, return_period_years)


@indicator(unit="person/yr", dims="year zone", source="recorded people of the zone times the city's yearly expectation")
def expected_annual_flooded_people_by_zone(
    zone_flooded_population: Array, expected_annual_flooded_people: Array, base_flooded_population: Array
) -> Array:
    """People flooded in an average year by zone, where the recorded flood was counted by zone."""
    return zone_flooded_population * expected_annual_flooded_people / base_flooded_population


@indicator(unit="USD/m2", dims="", source="JRC 2017 (Huizinga et al.): construction cost a GDP^b")
def dwelling_damage_maximum(
    base_gdp: Array,
    base_population: Array,
    damage_cost_factor: Array,
    damage_income_exponent: Array,
    damage_reference_income: Array,
    damageable_share: Array,
    contents_factor: Array,
) -> Array:
    """The most that a flood can destroy of a dwelling and its contents, per floor area."""
    income = base_gdp / base_population / damage_reference_income
    return damage_cost_factor * income**damage_income_exponent * damageable_share * (1 + contents_factor)


def damaged_share(depth: Array, depth_step: Array, depth_damage: Array) -> Array:
    """Damaged share of the maximum at a water depth, linear between the published steps."""
    share = 0 * (depth / depth_step[..., -1:])
    for step in range(depth_step.shape[-1] - 1):
        below, above = depth_step[..., step : step + 1], depth_step[..., step + 1 : step + 2]
        rise = depth_damage[..., step + 1 : step + 2] - depth_damage[..., step : step + 1]
        share = share + rise * np.clip((depth - below) / (above - below), 0, 1)
    return share


@indicator(unit="USD", dims="year kind", kind="return_period", source="JRC 2017 depth-damage, residential")
def flood_damage(
    base_flooded_dwellings: Array,
    dwelling_area: Array,
    flood_severity: Array,
    protection_failure: Array,
    flood_exposure_removed_share: Array,
    flood_recorded_depth: Array,
    depth_step: Array,
    depth_damage: Array,
    dwelling_damage_maximum: Array,
    warning_coverage: Array,
    damage_reduction_from_warning: Array,
    flood_proofing_saving: Array,
    flood_proofed_share: Array,
    population_index: Array,
) -> Array:
    """Damage to dwellings and contents by return period; businesses and public works are not in it."""
    dwellings = base_flooded_dwellings * population_index * (1 - flood_exposure_removed_share)
    share = damaged_share(flood_recorded_depth * flood_severity, depth_step, depth_damage)
    hit = dwellings * flood_severity * protection_failure * dwelling_area * dwelling_damage_maximum
    warned = 1 - warning_coverage * damage_reduction_from_warning
    return hit * share * warned * (1 - flood_proofed_share * flood_proofing_saving)


@indicator(unit="USD/yr", source="sum of frequency times impact")
def river_flood_damage(flood_damage: Array, return_period_years: Array) -> Array:
    """Expected yearly damage to dwellings by river or lake floods."""
    return annual_expectation(flood_damage, return_period_years)


@indicator(unit="m", source="Manning: depth follows runoff to the power 0.6")
def pluvial_depth(
    pluvial_flood_depth: Array,
    design_storm_runoff: Array,
    observed_design_storm_runoff: Array,
    runoff_depth_exponent: Array,
) -> Array:
    """Water depth of drainage floods in the design storm."""
    return pluvial_flood_depth * (design_storm_runoff / observed_design_storm_runoff) ** runoff_depth_exponent


@indicator(unit="mm", dims="", source="design storm runoff in the base year")
def observed_design_storm_runoff(
    base_impervious_share: Array,
    impervious_curve_number: Array,
    pervious_curve_number: Array,
    design_storm_depth: Array,
    curve_number_retention: Array,
    initial_abstraction: Array,
) -> Array:
    """Runoff of the design storm in the base year, before any work on the ground."""
    number = base_impervious_share * impervious_curve_number + (1 - base_impervious_share) * pervious_curve_number
    retention = curve_number_retention * (100 / number - 1)
    effective = positive(design_storm_depth - initial_abstraction * retention)
    return effective**2 / (design_storm_depth + (1 - initial_abstraction) * retention)


@indicator(unit="USD/yr", source="households at risk times damage over the return period")
def pluvial_flood_damage(
    households: Array,
    pluvial_risk_household_share: Array,
    pluvial_depth: Array,
    depth_step: Array,
    depth_damage: Array,
    dwelling_area: Array,
    dwelling_damage_maximum: Array,
    design_storm_return_period: Array,
    warning_coverage: Array,
    damage_reduction_from_warning: Array,
) -> Array:
    """Expected yearly damage to dwellings by drainage floods."""
    share = damaged_share(pluvial_depth, depth_step, depth_damage)
    hit = households * pluvial_risk_household_share * dwelling_area * dwelling_damage_maximum * share
    return hit / design_storm_return_period * (1 - warning_coverage * damage_reduction_from_warning)


@indicator(
    unit="USD/yr",
    source="sum of river and drainage floods that are estimated",
    optional="river_flood_damage pluvial_flood_damage",
)
def expected_annual_flood_damage(river_flood_damage: Array, pluvial_flood_damage: Array) -> Array:
    """Expected yearly damage of floods to dwellings, of the kinds of flood that are estimated."""
    return known_sum(river_flood_damage, pluvial_flood_damage)


@indicator(unit="USD/yr", dims="year group", source="distribution of flooded people by income")
def flood_damage_by_group(expected_annual_flood_damage: Array, flood_exposure_by_income: Array) -> Array:
    """Expected yearly flood damage by income quintile."""
    return expected_annual_flood_damage * flood_exposure_by_income / total(flood_exposure_by_income, GROUP)
