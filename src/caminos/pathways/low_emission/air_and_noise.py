"""What traffic and fuels put into the air, and the noise that people live with."""

import numpy as np

from caminos.model.axes import KIND, Array, compose, positive, total, total_but
from caminos.model.indicator import indicator
from caminos.pathways.low_emission.parts import MAY_MISS, OTHER_FUELS


@indicator(unit="t/yr", source="EMEP/EEA guidebook 2023, 1.A.3.b tier 1; 1.A.4")
def nox_emitted(
    road_fuel_energy: Array,
    road_net_calorific_value: Array,
    road_nox_factor: Array,
    fleet_nox_reduction: Array,
    stationary_fuel_energy: Array,
    stationary_nox_factor: Array,
) -> Array:
    """Nitrogen oxides from road fuels and from fuels of buildings and industry."""
    road = total_but(road_fuel_energy / road_net_calorific_value * road_nox_factor, "fuel", *OTHER_FUELS)
    fuels = total_but(stationary_fuel_energy * stationary_nox_factor, "sector", *MAY_MISS)
    return road * (1 - fleet_nox_reduction) + fuels


@indicator(unit="t/yr", source="EMEP/EEA guidebook 2023, 1.A.3.b tier 1 and 1.A.3.b.vi")
def traffic_pm25_emitted(
    road_fuel_energy: Array,
    road_net_calorific_value: Array,
    road_pm25_factor: Array,
    car_distance: Array,
    bus_distance: Array,
    truck_distance: Array,
    wear_pm25_factor: Array,
) -> Array:
    """Fine particles from road traffic: exhaust, and wear of tyres, brakes and roads."""
    exhaust = total_but(road_fuel_energy / road_net_calorific_value * road_pm25_factor, "fuel", *OTHER_FUELS)
    vehicles = {"car": car_distance, "bus": bus_distance, "truck": truck_distance}
    distance = compose("mode", vehicles | dict.fromkeys(("rail", "cycling", "walking"), 0 * car_distance))
    return exhaust + total(distance * wear_pm25_factor, KIND)


@indicator(unit="t/yr", source="EMEP/EEA guidebook 2023")
def pm25_emitted(traffic_pm25_emitted: Array, stationary_fuel_energy: Array, stationary_pm25_factor: Array) -> Array:
    """Fine particles from road traffic and from fuels of buildings and industry."""
    return traffic_pm25_emitted + total_but(stationary_fuel_energy * stationary_pm25_factor, "sector", *MAY_MISS)


@indicator(unit="dB", source="10 lg of traffic; Yannis & Michelaraki 2024 for 30 km/h", signed=True)
def road_noise_change(traffic_index: Array, slow_street_share: Array, noise_change_slow_street: Array) -> Array:
    """Change of road noise since the base year, by traffic volume and by 30 km/h streets."""
    return 10 * np.log10(traffic_index) + slow_street_share * noise_change_slow_street


@indicator(unit="person", source="WHO 2018, road noise, Guski et al. exposure-response")
def people_highly_annoyed(
    population: Array,
    noise_exposed_share: Array,
    noise_band_level: Array,
    road_noise_change: Array,
    annoyance_constant: Array,
    annoyance_linear: Array,
    annoyance_quadratic: Array,
) -> Array:
    """People highly annoyed by road traffic noise, of those exposed to 55 dB Lden and more."""
    level = noise_band_level + road_noise_change
    percent = annoyance_constant + annoyance_linear * level + annoyance_quadratic * level**2
    return total(population * noise_exposed_share * positive(percent) / 100, KIND)
