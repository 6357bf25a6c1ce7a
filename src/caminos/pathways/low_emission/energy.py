"""Electricity and fuels of buildings and industry."""

import numpy as np

from caminos.model.axes import GROUP, Array, among, pick, positive, total, total_among, total_but
from caminos.model.indicator import indicator
from caminos.pathways.low_emission.parts import BIOFUELS, MAY_MISS, OTHER_FUELS


@indicator(unit="share", dims="group", source="income elasticity of household energy use")
def household_energy_share(household_income: Array, household_energy_income_elasticity: Array) -> Array:
    """Share of all household energy that each income quintile uses."""
    weight = (household_income / total(household_income, GROUP)) ** household_energy_income_elasticity
    return weight / total(weight, GROUP)


@indicator(unit="share", dims="year group", source="realised saving of deep renovation on heat and cold")
def household_energy_saving(
    homes_retrofitted_share: Array,
    deep_retrofit_saving: Array,
    home_heating_energy_share: Array,
    home_cooling_energy_share: Array,
) -> Array:
    """Share of household energy saved by retrofits, by income quintile: only of what makes heat, hot water and cold."""
    treated = home_heating_energy_share + home_cooling_energy_share
    return homes_retrofitted_share * deep_retrofit_saving * treated


@indicator(unit="share", dims="year kind", kind="sector", source="weighted by energy use")
def building_energy_saving(
    household_energy_saving: Array,
    household_energy_share: Array,
    service_buildings_retrofitted_share: Array,
    service_building_saving: Array,
    new_building_code_share: Array,
    new_building_saving: Array,
) -> Array:
    """Share of energy saved in buildings by sector; the savings combine multiplicatively."""
    homes = total(household_energy_saving * household_energy_share, GROUP)
    services = service_buildings_retrofitted_share * service_building_saving
    new = new_building_code_share * new_building_saving
    left = (1 - homes * among("sector", "residential")) * (1 - services * among("sector", "commercial"))
    return 1 - left * (1 - new * among("sector", "residential", "commercial"))


@indicator(unit="ratio", source="Santamouris 2015")
def hot_weather_electricity_factor(
    warming: Array, air_temperature_lowered: Array, electricity_increase_per_degree: Array, hot_season_share: Array
) -> Array:
    """Electricity use relative to the base year's summer, by warmer or cooler air in the hot season."""
    return 1 + electricity_increase_per_degree * (warming - air_temperature_lowered) * hot_season_share


@indicator(unit="ratio", source="Drawdown 2020, cool roofs")
def cool_roof_electricity_factor(
    cool_roof_share: Array, cool_roof_cooling_saving: Array, cooling_electricity_share: Array
) -> Array:
    """Building electricity relative to that without reflecting roofs."""
    return 1 - cool_roof_share * cool_roof_cooling_saving * cooling_electricity_share


@indicator(unit="TJ/yr", dims="year kind", kind="sector", source="GPC 1.1, fuel = emissions / factor")
def stationary_fuel_energy_before_heat_pumps(
    base_stationary_fuel_emissions: Array,
    stationary_fuel_emission_factor: Array,
    sector_activity: Array,
    building_energy_saving: Array,
) -> Array:
    """Fuel burnt in buildings and industry, before homes change to heat pumps."""
    return (
        base_stationary_fuel_emissions
        / stationary_fuel_emission_factor
        * sector_activity
        * (1 - building_energy_saving)
    )


@indicator(unit="TJ/yr", dims="year kind", kind="sector", source="GPC 1.1")
def stationary_fuel_energy(stationary_fuel_energy_before_heat_pumps: Array, heat_pump_share: Array) -> Array:
    """Fuel burnt in buildings and industry by sector."""
    return stationary_fuel_energy_before_heat_pumps * (1 - heat_pump_share * among("sector", "residential"))


@indicator(unit="t CO2e/yr", dims="year kind", kind="sector", source="GPC 1.1, I.x.1")
def stationary_fuel_emissions(stationary_fuel_energy: Array, stationary_fuel_emission_factor: Array) -> Array:
    """Emissions of fuels burnt in buildings and industry by sector."""
    return stationary_fuel_energy * stationary_fuel_emission_factor


@indicator(unit="MWh/yr", source="fuel replaced over the seasonal performance factor")
def heat_pump_electricity(
    stationary_fuel_energy_before_heat_pumps: Array,
    heat_pump_share: Array,
    heat_pump_performance: Array,
    megawatthours_per_terajoule: Array,
) -> Array:
    """Electricity that heat pumps use in place of fuel burnt in homes."""
    fuel = pick(stationary_fuel_energy_before_heat_pumps, "sector", "residential") * megawatthours_per_terajoule
    return fuel * heat_pump_share / heat_pump_performance


@indicator(
    unit="MWh/yr",
    dims="year kind",
    kind="sector",
    source="GPC 1.1, activity data of I.x.2",
    optional="water_electricity_saved",
)
def electricity_use(
    base_electricity_use: Array,
    sector_activity: Array,
    building_energy_saving: Array,
    hot_weather_electricity_factor: Array,
    cool_roof_electricity_factor: Array,
    heat_pump_electricity: Array,
    public_electricity_saved: Array,
    water_electricity_saved: Array,
) -> Array:
    """Electricity that users in the city take, by sector, without transport.

    Public lighting and water works are part of the commercial and institutional sector; what
    they save is taken from it. A city without figures of its water works saves nothing there.
    """
    buildings = among("sector", "residential", "commercial")
    weather = 1 + (hot_weather_electricity_factor * cool_roof_electricity_factor - 1) * buildings
    demand = base_electricity_use * sector_activity * (1 - building_energy_saving) * weather
    saved = (public_electricity_saved + np.nan_to_num(water_electricity_saved)) * among("sector", "commercial")
    return positive(demand + heat_pump_electricity * among("sector", "residential") - saved)


@indicator(unit="MWh/yr", dims="", source="GPC 1.1, sum over sectors")
def observed_electricity_use(base_electricity_use: Array) -> Array:
    """Electricity that users in the city took in the base year."""
    return total_but(base_electricity_use, "sector", *MAY_MISS)


@indicator(unit="MWh/yr", source="capacity times yield")
def rooftop_solar_electricity(rooftop_solar_capacity: Array, photovoltaic_yield: Array) -> Array:
    """Electricity that photovoltaic roofs added since the base year give in a year."""
    return rooftop_solar_capacity * photovoltaic_yield


@indicator(unit="MWh/yr", source="capacity times full-load hours")
def landfill_gas_electricity(landfill_gas_power: Array, landfill_gas_full_load_hours: Array) -> Array:
    """Electricity made of landfill gas in plants added since the base year."""
    return landfill_gas_power * landfill_gas_full_load_hours


@indicator(unit="share", source="GPC 1.1, scope 2 by location; local generation used in the city first")
def grid_supply_share(
    electricity_use: Array,
    transport_electricity: Array,
    rooftop_solar_electricity: Array,
    landfill_gas_electricity: Array,
) -> Array:
    """Share of the city's electricity that has to come from the grid."""
    demand = total_but(electricity_use, "sector", *MAY_MISS) + transport_electricity
    local = rooftop_solar_electricity + landfill_gas_electricity
    return positive(demand - local) / demand


@indicator(unit="t CO2e/MWh", source="GPC 1.1, I.x.2; contracted green supply as in the market-based method")
def supply_emission_factor(grid_emission_factor: Array, grid_supply_share: Array, green_supply_share: Array) -> Array:
    """Emission factor of the electricity that the city uses, after local and contracted renewables."""
    return grid_emission_factor * grid_supply_share * (1 - green_supply_share)


@indicator(unit="t CO2e/yr", dims="year kind", kind="sector", source="GPC 1.1, I.x.2")
def electricity_emissions(electricity_use: Array, supply_emission_factor: Array) -> Array:
    """Emissions of the electricity used in buildings and industry by sector."""
    return electricity_use * supply_emission_factor


@indicator(unit="t CO2e/yr", source="GPC 1.1, I.x.3 with losses as a share of generation")
def electricity_loss_emissions(
    electricity_emissions: Array, transport_electricity_emissions: Array, base_grid_loss_share: Array
) -> Array:
    """Emissions of the electricity lost in transmission and distribution."""
    delivered = total_but(electricity_emissions, "sector", *MAY_MISS) + transport_electricity_emissions
    return delivered * base_grid_loss_share / (1 - base_grid_loss_share)


@indicator(unit="MW", source="Santamouris 2015, peak load per person and degree", signed=True)
def peak_load_lowered(air_temperature_lowered: Array, peak_load_per_degree: Array, population: Array) -> Array:
    """Peak electric load that cooler summer air avoids."""
    return air_temperature_lowered * peak_load_per_degree * population


@indicator(unit="share", source="SDG 7.2.1: renewable share of final energy")
def renewable_energy_share(
    electricity_use: Array,
    transport_electricity: Array,
    grid_supply_share: Array,
    green_supply_share: Array,
    base_grid_renewable_share: Array,
    stationary_fuel_energy: Array,
    road_fuel_energy: Array,
    megawatthours_per_terajoule: Array,
) -> Array:
    """Renewable share of the final energy used in the city.

    Fuels of buildings and industry count as fossil: the inventory rows they come from do not
    hold wood or charcoal, whose CO2 is biogenic.
    """
    electricity = total_but(electricity_use, "sector", *MAY_MISS) + transport_electricity
    green = 1 - grid_supply_share * (1 - green_supply_share) * (1 - base_grid_renewable_share)
    biofuel = total_among(road_fuel_energy, "fuel", BIOFUELS, BIOFUELS) * megawatthours_per_terajoule
    fuels = (
        total_but(stationary_fuel_energy, "sector", *MAY_MISS) + total_but(road_fuel_energy, "fuel", *OTHER_FUELS)
    ) * megawatthours_per_terajoule
    return (electricity * green + biofuel) / (electricity + fuels)


@indicator(unit="MWh/person/yr", source="final energy less its renewable part")
def fossil_energy_per_person(
    electricity_use: Array,
    transport_electricity: Array,
    stationary_fuel_energy: Array,
    road_fuel_energy: Array,
    renewable_energy_share: Array,
    megawatthours_per_terajoule: Array,
    population: Array,
) -> Array:
    """Final energy per person that is not renewable: what efficiency and renewables both lower."""
    electricity = total_but(electricity_use, "sector", *MAY_MISS) + transport_electricity
    fuels = (
        total_but(stationary_fuel_energy, "sector", *MAY_MISS) + total_but(road_fuel_energy, "fuel", *OTHER_FUELS)
    ) * megawatthours_per_terajoule
    return (electricity + fuels) * (1 - renewable_energy_share) / population


@indicator(unit="USD/yr", source="quantity times price", signed=True)
def public_energy_saving_value(
    public_electricity_saved: Array, electricity_price: Array, megawatthours_per_kilowatthour: Array
) -> Array:
    """What public lighting and buildings save on electricity; that of water is in the value of the water saved."""
    return public_electricity_saved / megawatthours_per_kilowatthour * electricity_price
