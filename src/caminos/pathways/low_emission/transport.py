"""Road transport: activity, share of modes, intensity and fuel (ASIF)."""

import numpy as np

from caminos.model.axes import Array, among, compose, part_of, pick, positive, total_among, total_but
from caminos.model.indicator import indicator
from caminos.pathways.low_emission.parts import OTHER_FUELS

CAR_FUELS = ("gasoline", "ethanol", "natural_gas")
HEAVY_FUELS = ("diesel", "biodiesel")
WITHOUT_ENGINE = ("rail", "cycling", "walking")  # no road fuel is burnt on these


@indicator(unit="TJ/yr", source="fuel balance", dims="")
def observed_car_energy(base_road_fuel_energy: Array) -> Array:
    """Energy in the fuels of cars and motorcycles in the base year: gasoline, and ethanol and natural gas where known."""
    others = total_among(base_road_fuel_energy, "fuel", ("ethanol", "natural_gas"), OTHER_FUELS)
    return pick(base_road_fuel_energy, "fuel", "gasoline") + np.nan_to_num(others)


@indicator(unit="TJ/yr", source="distance times intensity", dims="")
def observed_bus_energy(
    base_bus_vehicle_distance: Array,
    bus_energy_intensity: Array,
    base_electric_bus_share: Array,
    observed_heavy_energy: Array,
) -> Array:
    """Diesel energy of public buses with engines in the base year; never more than all diesel sold."""
    with_engines = base_bus_vehicle_distance * (1 - base_electric_bus_share)
    return np.minimum(with_engines * bus_energy_intensity, observed_heavy_energy)


@indicator(unit="TJ/yr", source="fuel balance", dims="")
def observed_heavy_energy(base_road_fuel_energy: Array) -> Array:
    """Energy in diesel, and in biodiesel where known, in the base year."""
    biodiesel = pick(base_road_fuel_energy, "fuel", "biodiesel")
    return pick(base_road_fuel_energy, "fuel", "diesel") + np.nan_to_num(biodiesel)


@indicator(unit="TJ/yr", source="fuel balance", dims="")
def observed_truck_energy(observed_heavy_energy: Array, observed_bus_energy: Array) -> Array:
    """Energy of goods vehicles in the base year: the diesel that buses do not use."""
    return positive(observed_heavy_energy - observed_bus_energy)


@indicator(unit="km vehicle/yr", source="fuel over intensity", dims="")
def observed_car_distance(
    observed_car_energy: Array, car_energy_intensity: Array, base_electric_car_share: Array
) -> Array:
    """Distance driven by cars and motorcycles in the base year: from the fuel burnt, and what is driven without."""
    return part_of(observed_car_energy, car_energy_intensity * (1 - base_electric_car_share))


@indicator(unit="km vehicle/yr", source="substitution of car trips (CAPCOA 2024)")
def car_distance_substituted(
    cycling_travel: Array,
    base_cycling_travel: Array,
    walking_travel: Array,
    base_walking_travel: Array,
    public_transport_travel: Array,
    base_public_transport_travel: Array,
    population: Array,
    car_trip_substitution: Array,
    transit_car_substitution: Array,
    car_occupancy: Array,
) -> Array:
    """Car distance no longer driven because people cycle, walk or take public transport instead."""
    active = cycling_travel - base_cycling_travel + walking_travel - base_walking_travel
    transit = public_transport_travel - base_public_transport_travel
    return (active * car_trip_substitution + transit * transit_car_substitution) * population / car_occupancy


@indicator(unit="km vehicle/yr", source="ASIF; elasticity of travel to income")
def car_distance(
    observed_car_distance: Array,
    population_index: Array,
    income_index: Array,
    travel_income_elasticity: Array,
    car_travel_reduction: Array,
    car_distance_substituted: Array,
) -> Array:
    """Distance driven by cars and motorcycles."""
    trend = observed_car_distance * population_index * income_index**travel_income_elasticity
    return positive(trend * (1 - car_travel_reduction) - car_distance_substituted)


@indicator(unit="km vehicle/yr", source="elasticity of service to travel: fuller buses take part of it")
def bus_distance(
    base_bus_vehicle_distance: Array,
    public_transport_travel: Array,
    base_public_transport_travel: Array,
    population_index: Array,
    bus_service_elasticity: Array,
) -> Array:
    """Distance run by public buses."""
    growth = (public_transport_travel / base_public_transport_travel) ** bus_service_elasticity
    return base_bus_vehicle_distance * population_index * growth


@indicator(unit="km vehicle/yr", source="ASIF; goods follow the economy")
def truck_distance(
    observed_truck_energy: Array,
    truck_energy_intensity: Array,
    population_index: Array,
    income_index: Array,
    truck_travel_reduction: Array,
) -> Array:
    """Distance driven by goods vehicles."""
    observed = observed_truck_energy / truck_energy_intensity
    return observed * population_index * income_index * (1 - truck_travel_reduction)


@indicator(unit="ratio", source="exponential change")
def vehicle_intensity_trend(vehicle_efficiency_trend: Array, years_elapsed: Array) -> Array:
    """Fuel per distance of the fleet relative to the base year, by new vehicles alone."""
    return np.exp(-vehicle_efficiency_trend * years_elapsed)


@indicator(unit="TJ/yr", dims="year kind", kind="mode", source="ASIF")
def combustion_energy_by_mode(
    car_distance: Array,
    car_energy_intensity: Array,
    electric_car_share: Array,
    bus_distance: Array,
    observed_bus_energy: Array,
    base_bus_vehicle_distance: Array,
    base_electric_bus_share: Array,
    electric_bus_share: Array,
    truck_distance: Array,
    truck_energy_intensity: Array,
    vehicle_intensity_trend: Array,
) -> Array:
    """Fuel energy of vehicles with engines by mode."""
    car = car_distance * (1 - electric_car_share) * car_energy_intensity * vehicle_intensity_trend
    each = part_of(observed_bus_energy, base_bus_vehicle_distance * (1 - base_electric_bus_share))
    bus = bus_distance * (1 - electric_bus_share) * each
    truck = truck_distance * truck_energy_intensity * vehicle_intensity_trend
    parts = {"car": car, "bus": bus * vehicle_intensity_trend, "truck": truck}
    return compose("mode", parts | dict.fromkeys(WITHOUT_ENGINE, 0 * car))


@indicator(unit="MWh/yr", source="distance times consumption")
def transport_electricity(
    car_distance: Array,
    electric_car_share: Array,
    electric_car_consumption: Array,
    bus_distance: Array,
    electric_bus_share: Array,
    electric_bus_consumption: Array,
) -> Array:
    """Electricity of electric cars and buses."""
    cars = car_distance * electric_car_share * electric_car_consumption
    return cars + bus_distance * electric_bus_share * electric_bus_consumption


@indicator(unit="TJ/yr", dims="year kind", kind="mode", source="ASIF")
def transport_energy(
    combustion_energy_by_mode: Array,
    car_distance: Array,
    electric_car_share: Array,
    electric_car_consumption: Array,
    bus_distance: Array,
    electric_bus_share: Array,
    electric_bus_consumption: Array,
    megawatthours_per_terajoule: Array,
) -> Array:
    """Final energy of road transport by mode, fuel and electricity together.

    Rail is not in it: no fact of the model gives its use apart from other electricity.
    """
    car = car_distance * electric_car_share * electric_car_consumption / megawatthours_per_terajoule
    bus = bus_distance * electric_bus_share * electric_bus_consumption / megawatthours_per_terajoule
    nothing = 0 * (car + bus)
    electric = {"car": car, "bus": bus, "truck": nothing} | dict.fromkeys(WITHOUT_ENGINE, nothing)
    return combustion_energy_by_mode + compose("mode", electric)


@indicator(unit="share", dims="kind", kind="fuel", source="fuel balance")
def fuel_share_of_vehicles(
    base_road_fuel_energy: Array, observed_car_energy: Array, observed_heavy_energy: Array
) -> Array:
    """Share of each fuel in the energy of its vehicles (cars; buses and trucks) in the base year."""
    light = among("fuel", *CAR_FUELS) > 0
    return part_of(base_road_fuel_energy, np.where(light, observed_car_energy, observed_heavy_energy))


@indicator(unit="TJ/yr", dims="year kind", kind="fuel", source="ASIF")
def road_fuel_energy(combustion_energy_by_mode: Array, fuel_share_of_vehicles: Array) -> Array:
    """Energy in road fuels by fuel."""
    light = pick(combustion_energy_by_mode, "mode", "car") * among("fuel", *CAR_FUELS)
    heavy = pick(combustion_energy_by_mode, "mode", "bus") + pick(combustion_energy_by_mode, "mode", "truck")
    return (light + heavy * among("fuel", *HEAVY_FUELS)) * fuel_share_of_vehicles


@indicator(unit="t CO2/yr", dims="year kind", kind="fuel", source="IPCC 2006, vol. 2, ch. 3, eq. 3.2.1")
def road_co2(road_fuel_energy: Array, road_co2_factor: Array) -> Array:
    """Fossil CO2 of road fuels; that of ethanol and biodiesel is biogenic and counts nothing here."""
    return road_fuel_energy * road_co2_factor


@indicator(unit="t CO2e/yr", source="IPCC 2006, vol. 2, ch. 3; GPC 1.1, II.1.1")
def road_fuel_emissions(
    road_co2: Array,
    road_fuel_energy: Array,
    road_ch4_factor: Array,
    road_n2o_factor: Array,
    gwp_ch4: Array,
    gwp_n2o: Array,
) -> Array:
    """Emissions of road fuels: CO2, methane and nitrous oxide."""
    ch4 = total_but(road_fuel_energy * road_ch4_factor, "fuel", *OTHER_FUELS) * gwp_ch4
    n2o = total_but(road_fuel_energy * road_n2o_factor, "fuel", *OTHER_FUELS) * gwp_n2o
    return total_but(road_co2, "fuel", *OTHER_FUELS) + ch4 + n2o


@indicator(unit="t CO2e/yr", source="GPC 1.1, II.1.2")
def transport_electricity_emissions(transport_electricity: Array, supply_emission_factor: Array) -> Array:
    """Emissions of the electricity of road vehicles."""
    return transport_electricity * supply_emission_factor


@indicator(unit="ratio", source="definition")
def traffic_index(
    car_distance: Array,
    truck_distance: Array,
    bus_distance: Array,
    observed_car_distance: Array,
    observed_truck_energy: Array,
    truck_energy_intensity: Array,
    base_bus_vehicle_distance: Array,
) -> Array:
    """Road traffic relative to the base year, in vehicle-kilometres."""
    observed = observed_car_distance + observed_truck_energy / truck_energy_intensity + base_bus_vehicle_distance
    return (car_distance + truck_distance + bus_distance) / observed


@indicator(unit="share", source="linear trend of the market, no more than all")
def electric_car_share_trend(
    base_electric_car_share: Array, electric_car_share_growth: Array, years_elapsed: Array
) -> Array:
    """Share of car travel that would be electric by the market alone."""
    return np.minimum(base_electric_car_share + electric_car_share_growth * years_elapsed, 1.0)
