"""Water in a closed loop, and materials against the economy."""

import numpy as np

from caminos.model.axes import Array, positive
from caminos.model.indicator import indicator


@indicator(unit="m3/yr", source="water balance")
def water_produced(
    base_water_production: Array,
    base_water_loss_share: Array,
    water_loss_share: Array,
    population_index: Array,
    water_reused: Array,
    base_water_reused: Array,
    tree_watering: Array,
) -> Array:
    """Water put into the network: what people use, what young trees need, less what is reused, plus losses."""
    used = base_water_production * (1 - base_water_loss_share) * population_index
    return positive(used + tree_watering - (water_reused - base_water_reused)) / (1 - water_loss_share)


@indicator(unit="m3/yr", source="water balance")
def water_used(base_water_production: Array, base_water_loss_share: Array, population_index: Array) -> Array:
    """Water delivered to users."""
    return base_water_production * (1 - base_water_loss_share) * population_index


@indicator(unit="m3/yr", source="Arboricultural Association; first years of a street tree")
def tree_watering(trees_established: Array, tree_water_demand: Array, tree_establishment_years: Array) -> Array:
    """Water that newly planted trees need while they take root."""
    return trees_established * tree_water_demand * tree_establishment_years


@indicator(unit="m3/yr", source="water balance")
def wastewater_treated(
    water_used: Array, sewer_coverage: Array, base_wastewater_treated_share: Array, sewage_return_ratio: Array
) -> Array:
    """Sewage that is treated."""
    return water_used * sewage_return_ratio * sewer_coverage * base_wastewater_treated_share


@indicator(unit="m3/yr", source="SDG 6.3.1, 6.4.1")
def water_reused(wastewater_treated: Array, water_reuse_share: Array) -> Array:
    """Treated wastewater that is used again."""
    return wastewater_treated * water_reuse_share


@indicator(unit="m3/yr", dims="year", source="SDG 6.3.1, 6.4.1")
def base_water_reused(wastewater_treated: Array, base_water_reuse_share: Array) -> Array:
    """Treated wastewater that would be used again at the share of the base year."""
    return wastewater_treated * base_water_reuse_share


@indicator(unit="MWh/yr", source="Hoff 2011; the utility's own energy per cubic metre", signed=True)
def water_electricity_saved(
    water_produced: Array,
    base_water_production: Array,
    population_index: Array,
    water_energy_intensity: Array,
    water_reused: Array,
    base_water_reused: Array,
    water_reuse_energy: Array,
    megawatthours_per_kilowatthour: Array,
) -> Array:
    """Electricity that water works save against unchanged losses; reuse takes energy of its own."""
    saved = (base_water_production * population_index - water_produced) * water_energy_intensity
    return (saved - (water_reused - base_water_reused) * water_reuse_energy) * megawatthours_per_kilowatthour


@indicator(unit="t/yr", source="elasticity of material use to income")
def material_use(
    material_consumption_per_person: Array,
    population: Array,
    income_index: Array,
    material_income_elasticity: Array,
    goods_repaired: Array,
    waste_recycled: Array,
    observed_waste_recycled: Array,
    recycled_content_substitution: Array,
    construction_material_reused: Array,
) -> Array:
    """Domestic material consumption of the city, less what repair, recycling and reuse replace."""
    trend = material_consumption_per_person * population * income_index**material_income_elasticity
    replaced = goods_repaired + construction_material_reused
    return trend - replaced - (waste_recycled - observed_waste_recycled) * recycled_content_substitution


@indicator(unit="t/yr", dims="", source="mass balance")
def observed_waste_recycled(base_waste_sorted: Array, base_sorting_yield: Array) -> Array:
    """Dry recyclables recovered in the base year."""
    return base_waste_sorted * base_sorting_yield


@indicator(
    unit="ratio", source="Tapio 2005: growth of material use over growth of GDP since the base year", signed=True
)
def decoupling_elasticity(material_use: Array, gdp: Array) -> Array:
    """Tapio elasticity of material use to GDP since the base year; below 0 strong, below 0.8 weak decoupling.

    In the base year there is no change yet, and so no value.
    """
    first = slice(0, 1)
    material = material_use / material_use[:, :, first] - 1
    economy = gdp / gdp[:, :, first] - 1
    return np.where(np.abs(economy) > 0, material / economy, np.nan * economy)


@indicator(unit="t/person/yr", source="definition")
def material_use_per_person(material_use: Array, population: Array) -> Array:
    """Domestic material consumption per person."""
    return material_use / population


@indicator(unit="USD/yr", source="Liemberger & Wyatt 2019: value of water not lost", signed=True)
def water_saving_value(
    base_water_production: Array, population_index: Array, water_produced: Array, value_of_water: Array
) -> Array:
    """Worth of the water that no longer has to be produced."""
    return (base_water_production * population_index - water_produced) * value_of_water
