"""People in dangerous places, and services that hold."""

import numpy as np

from caminos.model.axes import Array, positive
from caminos.model.indicator import indicator


@indicator(unit="person", source="mapped sectors less people resettled or made safe")
def people_in_risk_sectors(
    base_population_in_risk_sectors: Array, risk_sector_people_made_safe: Array, population_index: Array
) -> Array:
    """People who live in mapped landslide and flood risk sectors: never more are made safe than live there."""
    return positive(base_population_in_risk_sectors - risk_sector_people_made_safe) * population_index


@indicator(unit="person", source="SDG 11.1.1: settlements less those upgraded")
def people_in_informal_settlements(
    base_informal_settlement_population: Array, informal_people_upgraded_share: Array, population_index: Array
) -> Array:
    """People in informal settlements that have not been upgraded."""
    return base_informal_settlement_population * population_index * (1 - informal_people_upgraded_share)


@indicator(unit="share", source="energy balance of the critical load over an outage")
def critical_load_backed(
    battery_capacity: Array,
    rooftop_solar_electricity: Array,
    critical_load_per_person: Array,
    population: Array,
    outage_duration: Array,
    solar_share_usable_in_outage: Array,
) -> Array:
    """Share of the critical load that batteries and sunlight carry through an outage.

    Sunlight only helps where there are batteries to hold it, so it can at most double them.
    """
    need = critical_load_per_person * population * outage_duration
    sun = rooftop_solar_electricity * outage_duration * solar_share_usable_in_outage
    return 1 - np.exp(-(battery_capacity + np.minimum(sun, battery_capacity)) / need)


@indicator(unit="h/yr", source="A4.7: service under outage, R = integral of 1 - Q")
def critical_outage_hours(outage_hours: Array, critical_load_backed: Array) -> Array:
    """Hours in a year in which critical services have no electricity."""
    return outage_hours * (1 - critical_load_backed)
