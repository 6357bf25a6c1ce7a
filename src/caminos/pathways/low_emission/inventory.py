"""The inventory by GPC sector and scope, and the carbon budget."""

import numpy as np

from caminos.model.axes import (
    YEAR,
    Array,
    compose,
    labels,
    pick,
    positive,
    since,
    total,
    total_among,
    total_but,
)
from caminos.model.indicator import indicator
from caminos.pathways.low_emission.parts import MAY_MISS, OTHER_FUELS

NOT_BASIC = ("I.x.3", "II.3.3", "II.4.3", "IV", "V.1", "V.2", "V.3")
SECTOR_PREFIX = {"stationary": "I.", "transport": "II.", "waste": "III.", "ippu": "IV", "afolu": "V."}
STATIONARY = {"I.1": "residential", "I.2": "commercial", "I.3": "industry", "I.5": "agriculture"}
MAY_MISS_OF_BASIC = ("I.5.1", "I.5.2")
MAY_MISS_OF_ALL = (*NOT_BASIC, *MAY_MISS_OF_BASIC)
BASIC = tuple(reference for reference in labels("gpc") if reference not in NOT_BASIC)


@indicator(
    unit="t CO2e/yr",
    dims="year kind",
    kind="gpc",
    source="GPC 1.1, table 3.1",
    optional="base_aviation_emissions base_waterborne_emissions base_industrial_process_emissions "
    "base_livestock_emissions base_land_emissions base_aggregate_land_emissions",
    signed=True,
)
def emissions_by_subsector(
    stationary_fuel_emissions: Array,
    electricity_emissions: Array,
    electricity_loss_emissions: Array,
    road_fuel_emissions: Array,
    transport_electricity_emissions: Array,
    base_waterborne_emissions: Array,
    base_aviation_emissions: Array,
    landfill_emissions: Array,
    biological_treatment_emissions: Array,
    incineration_emissions: Array,
    wastewater_emissions: Array,
    base_industrial_process_emissions: Array,
    base_livestock_emissions: Array,
    base_land_emissions: Array,
    base_aggregate_land_emissions: Array,
    tree_carbon_removal: Array,
    restored_land_removal: Array,
    population_index: Array,
    income_index: Array,
) -> Array:
    """Emissions by GPC subsector. A subsector that the city has no figure for is not estimated (NaN).

    Aviation, navigation and industry follow the economy; livestock and land stay as observed,
    less what newly grown canopy and restored land take up.
    """
    economy = population_index * income_index
    fuel = {f"{row}.1": pick(stationary_fuel_emissions, "sector", name) for row, name in STATIONARY.items()}
    power = {f"{row}.2": pick(electricity_emissions, "sector", name) for row, name in STATIONARY.items()}
    others = {
        "I.x.3": electricity_loss_emissions,
        "II.1.1": road_fuel_emissions,
        "II.1.2": transport_electricity_emissions,
        "II.3.3": base_waterborne_emissions * economy,
        "II.4.3": base_aviation_emissions * economy,
        "III.1": landfill_emissions,
        "III.2": biological_treatment_emissions,
        "III.3": incineration_emissions,
        "III.4": wastewater_emissions,
        "IV": base_industrial_process_emissions * economy,
        "V.1": base_livestock_emissions,
        "V.2": base_land_emissions - tree_carbon_removal - restored_land_removal,
        "V.3": base_aggregate_land_emissions,
    }
    return compose("gpc", {**fuel, **power, **others})


@indicator(unit="t CO2e/yr", dims="year kind", kind="gpc_sector", source="GPC 1.1", signed=True)
def emissions_by_sector(emissions_by_subsector: Array) -> Array:
    """Emissions by GPC sector. What a city need not know for the level BASIC is left out where it is not estimated."""
    rows = {
        sector: [row for row in labels("gpc") if row.startswith(prefix)] for sector, prefix in SECTOR_PREFIX.items()
    }
    sums = {
        sector: total_among(emissions_by_subsector, "gpc", chosen, MAY_MISS_OF_ALL) for sector, chosen in rows.items()
    }
    return compose("gpc_sector", sums)


@indicator(unit="t CO2e/yr", source="GPC 1.1, BASIC")
def emissions_basic(emissions_by_subsector: Array) -> Array:
    """Emissions of the GPC level BASIC: scopes 1 and 2 of energy and transport, all scopes of the city's waste.

    Agriculture's energy may be missing; homes, services, industry, roads and waste must be there.
    """
    return total_among(emissions_by_subsector, "gpc", BASIC, MAY_MISS_OF_BASIC)


@indicator(unit="t CO2e/yr", source="GPC 1.1, BASIC+ over the subsectors that are estimated", signed=True)
def emissions_all_estimated(emissions_by_subsector: Array) -> Array:
    """Emissions of all estimated subsectors, transboundary transport, losses, industry and land included.

    Those of the level BASIC must be there; the others, and agriculture's energy, are left out where they are not.
    """
    return total_but(emissions_by_subsector, "gpc", *MAY_MISS_OF_ALL)


@indicator(unit="t CO2e/person/yr", source="definition")
def emissions_per_person(emissions_basic: Array, population: Array) -> Array:
    """Emissions of the level BASIC per person."""
    return emissions_basic / population


@indicator(unit="t CO2/yr", source="IGCC 2024: the budget is of CO2 alone")
def carbon_dioxide(
    stationary_fuel_emissions: Array,
    stationary_co2_share: Array,
    electricity_emissions: Array,
    road_co2: Array,
    transport_electricity_emissions: Array,
) -> Array:
    """Fossil CO2 of energy and road transport, without methane and nitrous oxide."""
    fuels = total_but(stationary_fuel_emissions, "sector", *MAY_MISS) * stationary_co2_share
    electricity = total_but(electricity_emissions, "sector", *MAY_MISS) + transport_electricity_emissions
    return fuels + electricity + total_but(road_co2, "fuel", *OTHER_FUELS)


@indicator(unit="t CO2", dims="", source="IGCC 2024; equal share per head from 2025")
def carbon_budget(
    global_carbon_budget: Array,
    world_population: Array,
    population: Array,
    calendar_year: Array,
    budget_start_year: Array,
) -> Array:
    """The city's equal-per-head share of the CO2 that may still be emitted from 2025 on (1.5 °C at 50 %)."""
    first = calendar_year == np.maximum(budget_start_year, calendar_year[:, :, :1])
    people = total(population * first, YEAR)
    return global_carbon_budget * people / world_population


@indicator(unit="yr", dims="", source="IGCC 2024; cumulative emissions against the budget")
def carbon_budget_exhaustion_year(
    carbon_dioxide: Array, carbon_budget: Array, calendar_year: Array, budget_start_year: Array, one_year: Array
) -> Array:
    """The year in which the city has used up its share of the carbon budget; infinite if not by 2050."""
    used = since(carbon_dioxide * (calendar_year >= budget_start_year)) * one_year
    over = used > carbon_budget
    last = calendar_year[:, :, -1:]
    first_over = np.min(np.where(over, calendar_year, last + one_year), axis=YEAR, keepdims=True)
    never = np.where(np.isnan(used[:, :, -1:] - carbon_budget), np.nan * last, np.inf * last)
    return np.where(np.any(over, axis=YEAR, keepdims=True), first_over, never)


@indicator(unit="USD/yr", source="EPA 2023, social cost of carbon by year of emission, 2 %")
def climate_damage_cost(
    emissions_basic: Array,
    social_cost_2025: Array,
    social_cost_growth: Array,
    calendar_year: Array,
    budget_start_year: Array,
) -> Array:
    """Damage done worldwide by the year's emissions (methane at its CO2 equivalent: see the note in the docs)."""
    return emissions_basic * positive(social_cost_2025 + social_cost_growth * (calendar_year - budget_start_year))
