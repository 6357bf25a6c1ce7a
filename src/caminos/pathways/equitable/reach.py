"""Who reaches what, by way of travel and by income: zones stand for the homes in them."""

import numpy as np

from caminos.model.axes import ZONE, Array, pick, total
from caminos.model.indicator import indicator

ECOLOGICAL = (
    "mean of zones weighted by the homes of each income band in them (ecological: a zone's homes all reach alike)"
)


def mean_over_homes(reach: Array, homes: Array) -> Array:
    """Mean of what zones reach, weighted by the homes of each band; zones where either is unknown are left out."""
    known = ~np.isnan(reach * homes)
    weight = np.where(known, homes, 0 * np.nan_to_num(homes))
    return total(weight * np.where(known, reach, 0 * np.nan_to_num(reach)), ZONE) / total(weight, ZONE)


@indicator(unit="share", dims="kind", kind="income_band", source=ECOLOGICAL)
def school_on_foot_by_income(zone_school_reach_share: Array, zone_households_by_income_band: Array) -> Array:
    """Share of homes of each income band that reach a public school within 15 minutes on foot."""
    return mean_over_homes(pick(zone_school_reach_share, "reach", "walk_15"), zone_households_by_income_band)


@indicator(unit="share", dims="kind", kind="income_band", source=ECOLOGICAL)
def clinic_on_foot_by_income(zone_clinic_reach_share: Array, zone_households_by_income_band: Array) -> Array:
    """Share of homes of each income band that reach a public health facility within 15 minutes on foot."""
    return mean_over_homes(pick(zone_clinic_reach_share, "reach", "walk_15"), zone_households_by_income_band)


@indicator(unit="share", dims="kind", kind="income_band", source=ECOLOGICAL)
def jobs_on_foot_by_income(zone_job_reach_share: Array, zone_households_by_income_band: Array) -> Array:
    """Share of the mapped jobs within 45 minutes on foot of the homes of each income band."""
    return mean_over_homes(pick(zone_job_reach_share, "reach", "walk_45"), zone_households_by_income_band)


@indicator(unit="share", dims="kind", kind="income_band", source=ECOLOGICAL)
def clinic_by_transit_by_income(zone_clinic_reach_share: Array, zone_households_by_income_band: Array) -> Array:
    """Share of homes of each income band that reach a public health facility within 15 minutes by transit or on foot."""
    return mean_over_homes(pick(zone_clinic_reach_share, "reach", "transit_15"), zone_households_by_income_band)


@indicator(unit="share", dims="kind", kind="income_band", source=ECOLOGICAL)
def jobs_by_transit_by_income(zone_job_reach_share: Array, zone_households_by_income_band: Array) -> Array:
    """Share of the mapped jobs within 45 minutes by transit or on foot of the homes of each income band."""
    return mean_over_homes(pick(zone_job_reach_share, "reach", "transit_45"), zone_households_by_income_band)
