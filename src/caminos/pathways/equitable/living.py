"""What daily life costs, what people can reach, and who bears the burden."""

import numpy as np

from caminos.model.axes import GROUP, KIND, ZONE, Array, known_sum, pick, pick_group, total
from caminos.model.indicator import indicator


@indicator(unit="kWh/household/yr", dims="year group", source="household share of residential electricity")
def electricity_per_household_by_group(
    electricity_use: Array,
    households: Array,
    household_energy_share: Array,
    household_energy_saving: Array,
    building_energy_saving: Array,
    quintile_share: Array,
    megawatthours_per_kilowatthour: Array,
) -> Array:
    """Electricity that a household of each income quintile takes."""
    homes = pick(electricity_use, "sector", "residential")
    mean_saving = 1 - pick(building_energy_saving, "sector", "residential")
    own = household_energy_share / quintile_share * (1 - household_energy_saving) / mean_saving
    return homes * own / households / megawatthours_per_kilowatthour


@indicator(unit="USD/household/yr", dims="year group", source="quantity times price")
def energy_cost_by_group(
    electricity_per_household_by_group: Array,
    electricity_price: Array,
    cooking_fuel_cost: Array,
    household_energy_saving: Array,
    household_solar_share: Array,
    household_solar_bill_saving: Array,
    heat_pump_share: Array,
) -> Array:
    """What a household of each income quintile pays for electricity and cooking fuel."""
    bill = electricity_per_household_by_group * electricity_price
    bill = bill * (1 - household_solar_share * household_solar_bill_saving)
    return bill + cooking_fuel_cost * (1 - household_energy_saving) * (1 - heat_pump_share)


@indicator(unit="share", dims="year group", source="energy cost over income (10 % rule)")
def energy_burden(
    energy_cost_by_group: Array, household_income: Array, household_size: Array, income_index: Array
) -> Array:
    """Share of income that households of each quintile spend on energy in the home.

    Nobody spends more than there is: where prices and quantities that are assumed for a region come to more than the
    income of a very poor household, it buys less (it gathers wood, or goes without) and the share is 1.
    """
    return np.minimum(energy_cost_by_group / (household_income * household_size * income_index), 1)


@indicator(unit="share", source="energy cost over income, poorest quintile")
def energy_burden_of_poorest(energy_burden: Array) -> Array:
    """Share of income that the poorest fifth spends on energy in the home."""
    return pick_group(energy_burden, "q1")


@indicator(unit="share", source="smallest of the facilities' shares")
def fifteen_minute_access(facility_access_share: Array) -> Array:
    """Share of people who reach schools, clinics and jobs within 15 minutes on foot: the least of the three."""
    return np.min(facility_access_share, axis=KIND, keepdims=True)


@indicator(unit="person", source="15-minute city: schools, clinics and jobs on foot")
def people_without_facilities(population: Array, fifteen_minute_access: Array) -> Array:
    """People who do not reach all of schools, clinics and jobs within 15 minutes on foot, by the least of the three."""
    return population * (1 - fifteen_minute_access)


@indicator(unit="person", source="SDG 6.1.1")
def people_without_water(population: Array, water_coverage: Array) -> Array:
    """People without piped water."""
    return population * (1 - water_coverage)


@indicator(unit="person", source="SDG 6.2.1")
def people_without_sewer(population: Array, sewer_coverage: Array) -> Array:
    """People who are not connected to a sewer."""
    return population * (1 - sewer_coverage)


@indicator(unit="index", dims="year", source="concentration index, C = 2 cov(h, rank) / mean(h)", signed=True)
def heat_concentration_index(heat_deaths_by_group: Array, income_rank: Array) -> Array:
    """Concentration of heat deaths by income: below zero the poor die more often."""
    return 2 * total(heat_deaths_by_group * income_rank, GROUP) / total(heat_deaths_by_group, GROUP)


def concentration_index(value: Array, people: Array, disadvantage: Array) -> Array:
    """Concentration index over zones ranked from the most to the least disadvantaged.

    `value` is a rate per person; zones without a value are left out. -1 means that all of it falls
    on the most disadvantaged. At most 2,000 zones are compared pairwise.
    """
    known = ~np.isnan(value * people * disadvantage)
    weight, rate, row = (np.where(known, item, 0 * np.nan_to_num(item)) for item in (people, value, disadvantage))
    column, heavier = np.swapaxes(row, ZONE, KIND), np.swapaxes(weight, ZONE, KIND)
    poorer = total(heavier * (column > row), KIND)
    equal = total(heavier * (column == row), KIND)
    everyone = total(weight, ZONE)
    rank = (poorer + equal / 2) / everyone
    mean = total(rate * weight, ZONE) / everyone
    return 2 * total(rate * weight * (rank - 1 / 2), ZONE) / everyone / mean


@indicator(
    unit="index", dims="year", source="concentration index over zones ranked by poverty (ecological)", signed=True
)
def flood_concentration_index(
    zone_flooded_population: Array, zone_population: Array, zone_poverty_rate: Array
) -> Array:
    """Concentration of the recorded flood over zones ranked by poverty: below zero poor zones were hit more.

    It compares zones, not people, over the zones with recorded figures alone.
    """
    return concentration_index(zone_flooded_population / zone_population, zone_population, zone_poverty_rate)


@indicator(
    unit="index", dims="year", source="concentration index over zones ranked by poverty (ecological)", signed=True
)
def access_concentration_index(
    zone_facility_access_share: Array, zone_population: Array, zone_poverty_rate: Array
) -> Array:
    """Concentration of clinics within 15 minutes over zones ranked by poverty: above zero rich zones have more."""
    clinics = pick(zone_facility_access_share, "facility", "clinic")
    return concentration_index(clinics, zone_population, zone_poverty_rate)


@indicator(
    unit="index", dims="year", source="concentration index over zones ranked by poverty (ecological)", signed=True
)
def informality_concentration_index(
    zone_informal_settlement_share: Array, zone_population: Array, zone_poverty_rate: Array
) -> Array:
    """Concentration of informal settlements over zones ranked by poverty."""
    return concentration_index(zone_informal_settlement_share, zone_population, zone_poverty_rate)


@indicator(
    unit="index", dims="year", source="concentration index over zones ranked by poverty (ecological)", signed=True
)
def green_concentration_index(zone_canopy_cover: Array, zone_population: Array, zone_poverty_rate: Array) -> Array:
    """Concentration of tree canopy over zones ranked by poverty: above zero rich zones have more."""
    return concentration_index(zone_canopy_cover, zone_population, zone_poverty_rate)


@indicator(unit="USD/person", dims="", source="Masterman & Viscusi 2018: VSL = VSL_ref (Y / Y_ref)^e")
def value_of_statistical_life(
    base_gdp: Array,
    base_population: Array,
    reference_value_of_life: Array,
    reference_income: Array,
    value_of_life_income_elasticity: Array,
) -> Array:
    """What people pay to lower the risk of death, at the city's income: one value for all its people."""
    income = base_gdp / base_population / reference_income
    return reference_value_of_life * income**value_of_life_income_elasticity


@indicator(
    unit="person/yr",
    source="sum of deaths that the model counts, each once",
    optional="cold_deaths pm25_deaths noise_heart_deaths road_deaths active_travel_deaths_avoided diarrhoea_deaths",
    signed=True,
)
def other_avoidable_deaths(
    cold_deaths: Array,
    pm25_deaths: Array,
    noise_heart_deaths: Array,
    road_deaths: Array,
    active_travel_deaths_avoided: Array,
    diarrhoea_deaths: Array,
) -> Array:
    """Deaths by cold, air, noise, roads and water, less those that cycling and walking avoid; heat is counted apart.

    Causes that are not estimated are left out. A balance: what exercise avoids are deaths of all causes, so it can fall
    below zero where these five causes are few.
    """
    lives = known_sum(cold_deaths, pm25_deaths, noise_heart_deaths, road_deaths, diarrhoea_deaths)
    return lives - np.nan_to_num(active_travel_deaths_avoided)


@indicator(
    unit="USD/yr",
    dims="year group",
    source="deaths at the value of a statistical life, damage, bills",
    optional="heat_deaths_by_group cold_deaths_by_group flood_damage_by_group energy_cost_by_group",
)
def burden_known_by_income(
    heat_deaths_by_group: Array,
    cold_deaths_by_group: Array,
    value_of_statistical_life: Array,
    flood_damage_by_group: Array,
    energy_cost_by_group: Array,
    households: Array,
    quintile_share: Array,
) -> Array:
    """What heat, cold, floods and energy bills cost the people of each income quintile in a year.

    These differ by income in the model. What is not estimated is left out.
    """
    bills = energy_cost_by_group * households * quintile_share
    lives = known_sum(heat_deaths_by_group, cold_deaths_by_group) * value_of_statistical_life
    return known_sum(lives, flood_damage_by_group, bills)


@indicator(
    unit="USD/yr",
    source="deaths at the value of a statistical life, less public savings",
    optional="pm25_deaths noise_heart_deaths road_deaths active_travel_deaths_avoided diarrhoea_deaths "
    "public_energy_saving_value water_saving_value",
    signed=True,
)
def burden_shared_evenly(
    pm25_deaths: Array,
    noise_heart_deaths: Array,
    road_deaths: Array,
    active_travel_deaths_avoided: Array,
    diarrhoea_deaths: Array,
    value_of_statistical_life: Array,
    public_energy_saving_value: Array,
    water_saving_value: Array,
) -> Array:
    """What air, noise, roads and water cost all people in a year, less what the public purse saves.

    No source says how these differ by income here, so every quintile is given a fifth.
    """
    lives = known_sum(pm25_deaths, noise_heart_deaths, road_deaths, diarrhoea_deaths)
    lives = lives - np.nan_to_num(active_travel_deaths_avoided)
    saved = np.nan_to_num(public_energy_saving_value) + np.nan_to_num(water_saving_value)
    return lives * value_of_statistical_life - saved


@indicator(
    unit="USD/yr",
    dims="year group",
    source="sum",
    optional="burden_known_by_income burden_shared_evenly",
    signed=True,
)
def burden_by_group(burden_known_by_income: Array, burden_shared_evenly: Array, quintile_share: Array) -> Array:
    """What heat, cold, air, noise, roads, floods and energy cost the people of each income quintile in a year.

    The benefit of a plan to a quintile is the burden without it less the burden with it.
    """
    return known_sum(burden_known_by_income, burden_shared_evenly * quintile_share)


@indicator(unit="ratio", dims="year group", source="HM Treasury Green Book A3.14: w = (median / y)^eta")
def equity_weight(household_income: Array, marginal_utility_elasticity: Array) -> Array:
    """Weight of a dollar to each quintile relative to a dollar to the middle one."""
    return (pick_group(household_income, "q3") / household_income) ** marginal_utility_elasticity


@indicator(unit="USD/yr", source="Green Book A3: sum of weight times burden", signed=True)
def equity_weighted_burden(burden_by_group: Array, equity_weight: Array) -> Array:
    """The burden of all quintiles with a dollar of the poor counting more."""
    return total(burden_by_group * equity_weight, GROUP)


@indicator(unit="USD/household/yr", source="rent premium near new green; a trade-off to watch")
def rent_increase_from_greening(
    canopy_added: Array,
    canopy_goal: Array,
    rent_change_from_greening: Array,
    household_income: Array,
    household_size: Array,
    rent_share_of_income: Array,
) -> Array:
    """Rise of rent of a household of the poorest quintile as streets turn green: the risk of displacement."""
    greening = canopy_added / canopy_goal
    rent = pick_group(household_income, "q1") * household_size * rent_share_of_income
    return rent * rent_change_from_greening * np.clip(greening, 0, 1)
