"""Health other than heat and floods: air, cold, movement, roads, water, mind."""

import numpy as np

from caminos.model.axes import GROUP, KIND, Array, compose, pick, positive, total, total_but
from caminos.model.indicator import indicator

FEW_DIE = ("bus", "truck", "rail")  # the fewest of those killed on roads, often under "other" in statistics


@indicator(unit="ug/m3", source="rollback: C' = background + local share x E'/E; Nowak 2014 for trees")
def pm25_concentration(
    base_pm25_concentration: Array,
    pm25_local_traffic_share: Array,
    traffic_pm25_emitted: Array,
    canopy_added: Array,
    pm25_reduction_per_canopy: Array,
) -> Array:
    """Yearly mean of fine particles that people breathe."""
    change = traffic_pm25_emitted / traffic_pm25_emitted[:, :, :1] - 1
    return (
        base_pm25_concentration
        * (1 + pm25_local_traffic_share * change)
        * (1 - canopy_added * pm25_reduction_per_canopy)
    )


@indicator(unit="person/yr", source="PAF = 1 - RR^(-(C - C0)/10), WHO AirQ+; RR Orellano 2024")
def pm25_deaths(
    deaths: Array,
    adult_death_share: Array,
    pm25_concentration: Array,
    pm25_counterfactual: Array,
    pm25_relative_risk: Array,
    pollution_increment: Array,
) -> Array:
    """Deaths of adults attributable to fine particles above the level that WHO recommends."""
    excess = positive(pm25_concentration - pm25_counterfactual) / pollution_increment
    return deaths * adult_death_share * (1 - pm25_relative_risk ** (-excess))


@indicator(unit="ug/m3", source="rollback: C' = background + local share x E'/E")
def no2_concentration(base_no2_concentration: Array, no2_local_share: Array, nox_emitted: Array) -> Array:
    """Yearly mean of nitrogen dioxide that people breathe."""
    return base_no2_concentration * (1 + no2_local_share * (nox_emitted / nox_emitted[:, :, :1] - 1))


@indicator(unit="person/yr", source="PAF = 1 - RR^(-(C - C0)/10); RR Kasdagli 2024: a check, never added to PM2.5")
def no2_deaths_check(
    deaths: Array,
    adult_death_share: Array,
    no2_concentration: Array,
    no2_counterfactual: Array,
    no2_relative_risk: Array,
    pollution_increment: Array,
) -> Array:
    """Deaths attributable to nitrogen dioxide: the same people as those of fine particles, shown as a check."""
    excess = positive(no2_concentration - no2_counterfactual) / pollution_increment
    return deaths * adult_death_share * (1 - no2_relative_risk ** (-excess))


@indicator(unit="person/yr", source="PAF over noise bands; RR Engelmann 2024 above 53 dB")
def noise_heart_deaths(
    deaths: Array,
    heart_death_share: Array,
    noise_exposed_share: Array,
    noise_band_level: Array,
    road_noise_change: Array,
    noise_threshold: Array,
    noise_heart_relative_risk: Array,
    noise_increment: Array,
) -> Array:
    """Deaths by ischaemic heart disease attributable to road noise."""
    excess = positive(noise_band_level + road_noise_change - noise_threshold) / noise_increment
    attributable = total(noise_exposed_share * (1 - noise_heart_relative_risk ** (-excess)), KIND)
    return deaths * heart_death_share * attributable


@indicator(unit="person/yr", source="WHO HEAT: (1 - RR) x travel / reference, capped", signed=True)
def active_travel_deaths_avoided(
    deaths: Array,
    cycling_travel: Array,
    base_cycling_travel: Array,
    walking_travel: Array,
    base_walking_travel: Array,
    cycling_speed: Array,
    walking_speed: Array,
    cycling_relative_risk: Array,
    walking_relative_risk: Array,
    cycling_reference: Array,
    walking_reference: Array,
    cycling_cap: Array,
    walking_cap: Array,
    cycling_age_death_share: Array,
    walking_age_death_share: Array,
) -> Array:
    """Deaths avoided because people cycle and walk more than in the base year.

    HEAT counts deaths at ages 20 to 64 for cycling and 20 to 74 for walking.
    """
    cycling = (cycling_travel - base_cycling_travel) / cycling_speed / cycling_reference
    walking = (walking_travel - base_walking_travel) / walking_speed / walking_reference
    cyclists = np.minimum((1 - cycling_relative_risk) * cycling, cycling_cap) * cycling_age_death_share
    walkers = np.minimum((1 - walking_relative_risk) * walking, walking_cap) * walking_age_death_share
    return deaths * (cyclists + walkers)


@indicator(unit="person/yr", dims="year kind", kind="mode", source="safety in numbers (Elvik); 30 km/h (Yannis 2024)")
def road_deaths_by_mode(
    base_road_deaths: Array,
    traffic_index: Array,
    cycling_travel: Array,
    base_cycling_travel: Array,
    walking_travel: Array,
    base_walking_travel: Array,
    population_index: Array,
    motor_injury_exponent: Array,
    cyclist_injury_exponent: Array,
    pedestrian_injury_exponent: Array,
    slow_street_share: Array,
    local_street_death_ratio: Array,
    death_change_slow_street: Array,
) -> Array:
    """People killed on roads by mode: volume of motor traffic, cyclists and walkers, and slow streets.

    Streets of 30 km/h save lives where they are; most die on main roads, which stay as they are.
    """
    motor = traffic_index**motor_injury_exponent
    cyclists = (population_index * cycling_travel / base_cycling_travel) ** cyclist_injury_exponent
    walkers = (population_index * walking_travel / base_walking_travel) ** pedestrian_injury_exponent
    vehicles = {"car": traffic_index, "bus": motor, "truck": motor, "rail": motor}
    volume = compose("mode", {**vehicles, "cycling": motor * cyclists, "walking": motor * walkers})
    return base_road_deaths * volume * (1 + slow_street_share * local_street_death_ratio * death_change_slow_street)


@indicator(unit="person/yr", source="SDG 3.6.1")
def road_deaths(road_deaths_by_mode: Array) -> Array:
    """People killed on roads in a year.

    Those in cars, on bicycles and on foot must be known; those in buses, trucks and trains are few and left out where
    they are not.
    """
    return total_but(road_deaths_by_mode, "mode", *FEW_DIE)


@indicator(unit="1/delta_degC", dims="", source="calibrated: attributable share = 1 - exp(-slope x degree days / year)")
def cold_mortality_slope(
    base_cold_attributable_share: Array, base_cold_degree_days: Array, days_per_year: Array
) -> Array:
    """Rise of mortality per degree below the temperature of least mortality, from the city's own cold deaths."""
    return -np.log(1 - base_cold_attributable_share) / (base_cold_degree_days / days_per_year)


@indicator(unit="person/yr", dims="year group", source="log-linear below the threshold; Hong 2009 for warmer homes")
def cold_deaths_by_group(
    deaths: Array,
    base_cold_degree_days: Array,
    base_heat_days: Array,
    cold_mortality_slope: Array,
    warming: Array,
    air_temperature_lowered: Array,
    winter_cooling_ratio: Array,
    homes_retrofitted_share: Array,
    indoor_warming: Array,
    cold_home_share: Array,
    indoor_to_outdoor_ratio: Array,
    days_per_year: Array,
    quintile_share: Array,
) -> Array:
    """Deaths by cold by income quintile: warming lessens them, cooler air adds some, better homes avoid some.

    Trees shed or shade in winter too: a part of the summer's cooling remains (winter_cooling_ratio).
    """
    cold_days = days_per_year - base_heat_days
    outdoors = warming - air_temperature_lowered * winter_cooling_ratio
    indoors = homes_retrofitted_share * indoor_warming * cold_home_share * indoor_to_outdoor_ratio
    degree_days = base_cold_degree_days * np.exp(-(outdoors + indoors) * cold_days / base_cold_degree_days)
    return deaths * quintile_share * (1 - np.exp(-cold_mortality_slope * degree_days / days_per_year))


@indicator(unit="person/yr", source="sum over quintiles")
def cold_deaths(cold_deaths_by_group: Array) -> Array:
    """Deaths of residents by cold in a year."""
    return total(cold_deaths_by_group, GROUP)


@indicator(unit="person/yr", source="Wolf 2014: relative risk of people without a sewer")
def diarrhoea_deaths(
    base_diarrhoea_deaths: Array,
    sewer_coverage: Array,
    base_sewer_coverage: Array,
    sewer_relative_risk: Array,
    population_index: Array,
) -> Array:
    """Deaths by diarrhoeal disease, by sewer coverage."""
    risk = 1 - sewer_coverage * (1 - sewer_relative_risk)
    observed = 1 - base_sewer_coverage * (1 - sewer_relative_risk)
    return base_diarrhoea_deaths * population_index * risk / observed


@indicator(unit="person", source="prevalence times adults; Liu 2023: RR per 0.1 NDVI")
def people_with_depression(
    population: Array,
    adult_share: Array,
    depression_prevalence: Array,
    greenness_added: Array,
    greenness_increment: Array,
    depression_relative_risk: Array,
) -> Array:
    """Adults who suffer depression, fewer as their surroundings turn greener: cases = baseline x RR^(10 dNDVI)."""
    risk = depression_relative_risk ** (greenness_added / greenness_increment)
    return population * adult_share * depression_prevalence * risk


@indicator(
    unit="person/yr", source="Rojas-Rueda 2019: a check on heat deaths avoided, never added to them", signed=True
)
def greenness_deaths_check(
    deaths: Array, greenness_added: Array, greenness_increment: Array, greenness_relative_risk: Array
) -> Array:
    """Deaths of all causes that greener surroundings are associated with avoiding: another route, shown as a check."""
    return deaths * (1 - greenness_relative_risk ** (greenness_added / greenness_increment))


@indicator(unit="person/yr", source="pedestrians and all others")
def pedestrian_deaths(road_deaths_by_mode: Array) -> Array:
    """People on foot killed on roads in a year."""
    return pick(road_deaths_by_mode, "mode", "walking")
