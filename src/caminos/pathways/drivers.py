"""Drivers: trajectories that the city does not control."""

import numpy as np

from caminos.model.axes import Array, among
from caminos.model.indicator import indicator


@indicator(unit="yr", source="calendar")
def years_elapsed(calendar_year: Array, base_year: Array) -> Array:
    """Years since the base year of the model."""
    return calendar_year - base_year


@indicator(unit="person", source="exponential growth")
def population(base_population: Array, population_growth: Array, years_elapsed: Array) -> Array:
    """People who live in the city."""
    return base_population * np.exp(population_growth * years_elapsed)


@indicator(unit="USD/yr", source="exponential growth")
def gdp(base_gdp: Array, gdp_growth: Array, years_elapsed: Array) -> Array:
    """Gross domestic product of the city, in dollars of constant prices."""
    return base_gdp * np.exp(gdp_growth * years_elapsed)


@indicator(unit="USD/person/yr", source="definition")
def gdp_per_person(gdp: Array, population: Array) -> Array:
    """Gross domestic product per person."""
    return gdp / population


@indicator(unit="ratio", source="definition")
def population_index(population: Array, base_population: Array) -> Array:
    """Population relative to the base year."""
    return population / base_population


@indicator(unit="ratio", source="definition")
def income_index(gdp_growth: Array, population_growth: Array, years_elapsed: Array) -> Array:
    """Gross domestic product per person relative to the base year."""
    return np.exp((gdp_growth - population_growth) * years_elapsed)


@indicator(unit="ratio", dims="year kind", kind="sector", source="activity times intensity (Kaya identity)")
def sector_activity(
    population_index: Array,
    income_index: Array,
    energy_income_elasticity: Array,
    efficiency_trend: Array,
    years_elapsed: Array,
) -> Array:
    """Energy demand by sector relative to the base year, before any action of the city.

    Homes follow people, the other sectors the whole economy; both follow income with an
    elasticity and lose a little each year by the efficiency that comes of itself.
    """
    economy = among("sector", "commercial", "industry", "agriculture")
    people = population_index * (1 - economy) + population_index * income_index * economy
    homes = among("sector", "residential")
    income = income_index ** (energy_income_elasticity * homes + (energy_income_elasticity - 1) * economy)
    return people * income * np.exp(-efficiency_trend * years_elapsed)


@indicator(unit="t CO2e/MWh", source="exponential change")
def grid_emission_factor(
    base_grid_emission_factor: Array, grid_emission_factor_growth: Array, years_elapsed: Array
) -> Array:
    """Emission factor of grid electricity by year."""
    return base_grid_emission_factor * np.exp(grid_emission_factor_growth * years_elapsed)


@indicator(unit="delta_degC", source="linear trend", signed=True)
def warming(warming_rate: Array, years_elapsed: Array) -> Array:
    """Rise of summer air temperature by climate change since the base year."""
    return warming_rate * years_elapsed


@indicator(unit="person/yr", source="constant death rate")
def deaths(base_annual_deaths: Array, population_index: Array) -> Array:
    """Deaths of residents in a year, at the death rate of the base year."""
    return base_annual_deaths * population_index


@indicator(unit="household", source="constant household size")
def households(base_households: Array, population_index: Array) -> Array:
    """Occupied households."""
    return base_households * population_index
