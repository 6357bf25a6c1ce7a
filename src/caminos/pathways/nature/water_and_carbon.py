"""Storm water that the ground takes, and carbon that trees and soil hold."""

import numpy as np

from caminos.model.axes import KIND, YEAR, Array, positive, total
from caminos.model.indicator import indicator


@indicator(unit="ratio", source="TR-55 composite curve number")
def curve_number(
    impervious_share: Array,
    impervious_drained_share: Array,
    impervious_curve_number: Array,
    pervious_curve_number: Array,
) -> Array:
    """Curve number of the urban area; sealed ground that drains into gardens or roofs counts as open ground."""
    sealed = impervious_share * (1 - impervious_drained_share)
    return sealed * impervious_curve_number + (1 - sealed) * pervious_curve_number


@indicator(unit="mm", source="Clausius-Clapeyron scaling of extreme rain")
def design_storm(design_storm_depth: Array, rainfall_increase_per_degree: Array, warming: Array) -> Array:
    """Depth of the 24 h storm with a return period of ten years, in the climate of the year."""
    return design_storm_depth * (1 + rainfall_increase_per_degree * warming)


@indicator(unit="mm", source="SCS curve number: S = 25400/CN - 254, Q = (P - 0.2 S)^2 / (P + 0.8 S)")
def design_storm_runoff(
    design_storm: Array, curve_number: Array, curve_number_retention: Array, initial_abstraction: Array
) -> Array:
    """Runoff depth of the design storm from the urban area."""
    retention = curve_number_retention * (100 / curve_number - 1)
    effective = positive(design_storm - initial_abstraction * retention)
    return effective**2 / (design_storm + (1 - initial_abstraction) * retention)


@indicator(unit="m3", source="water balance of the design storm")
def storm_water_retained(
    design_storm: Array, design_storm_runoff: Array, base_urban_area: Array, cubic_metres_per_km2_mm: Array
) -> Array:
    """Water of the design storm that the urban area keeps back."""
    return (design_storm - design_storm_runoff) * base_urban_area * cubic_metres_per_km2_mm


@indicator(unit="t C", source="Nowak 2013")
def tree_carbon_stored(
    canopy_cover: Array,
    base_urban_area: Array,
    carbon_storage_per_canopy: Array,
    square_metres_per_km2: Array,
    tonnes_per_kilogram: Array,
) -> Array:
    """Carbon stored in the trees of the urban area."""
    return canopy_cover * base_urban_area * square_metres_per_km2 * carbon_storage_per_canopy * tonnes_per_kilogram


@indicator(unit="t CO2e/yr", source="IPCC 2019, vol. 4, table 8.1; Nowak 2013", signed=True)
def tree_carbon_removal(
    canopy_added: Array,
    base_urban_area: Array,
    carbon_uptake_per_canopy: Array,
    co2_per_carbon: Array,
    square_metres_per_km2: Array,
    tonnes_per_kilogram: Array,
) -> Array:
    """CO2 taken up in a year by canopy added since the base year; existing trees are in the land row."""
    uptake = canopy_added * base_urban_area * square_metres_per_km2 * carbon_uptake_per_canopy
    return uptake * co2_per_carbon * tonnes_per_kilogram


@indicator(unit="t CO2e/yr", source="IPCC 2019, vol. 4, table 4.9", signed=True)
def restored_land_removal(natural_area_restored: Array, restored_forest_growth: Array, co2_per_carbon: Array) -> Array:
    """CO2 taken up in a year by natural land restored since the base year."""
    return natural_area_restored * restored_forest_growth * co2_per_carbon


@indicator(unit="t CO2e/yr", source="soil carbon of compost (EPA WARM); memo outside GPC totals")
def soil_carbon_from_compost(waste_composted: Array, soil_carbon_per_compost: Array) -> Array:
    """CO2 equivalent of the carbon that compost adds to soils in a year."""
    return waste_composted * soil_carbon_per_compost


@indicator(unit="tree/yr", source="canopy growth over crown area")
def trees_established(
    canopy_added: Array, base_urban_area: Array, tree_crown_area: Array, square_metres_per_km2: Array, one_year: Array
) -> Array:
    """Trees that have to be planted in a year for the canopy that is growing."""
    before = np.concatenate([canopy_added[:, :, :1], canopy_added[:, :, :-1]], axis=YEAR)
    return positive(canopy_added - before) * base_urban_area * square_metres_per_km2 / tree_crown_area / one_year


@indicator(unit="t BOD/yr", source="IPCC 2019, vol. 5, ch. 6, table 6.6b: organics that treatment removes")
def organics_discharged(
    population: Array, bod_per_person: Array, sewage_path_share: Array, organics_discharged_share: Array
) -> Array:
    """Organic load of households that reaches water or ground, by what the way of each part of the sewage leaves of it."""
    return population * bod_per_person * total(sewage_path_share * organics_discharged_share, KIND)
