"""Trees, reflecting surfaces and the air temperature of summer."""

import numpy as np

from caminos.model.axes import Array
from caminos.model.indicator import indicator


@indicator(unit="share", source="definition")
def canopy_cover(base_canopy_cover: Array, canopy_added: Array) -> Array:
    """Tree crown cover of the urban area."""
    return np.minimum(base_canopy_cover + canopy_added, 1.0)


@indicator(
    unit="delta_degC", source="Iungman 2023 (canopy); Santamouris 2014 (albedo); capped by the heat island", signed=True
)
def air_temperature_lowered(
    canopy_added: Array,
    canopy_cooling: Array,
    cool_roof_share: Array,
    roof_albedo_gain: Array,
    albedo_retention: Array,
    roof_albedo_cooling: Array,
    urban_heat_island: Array,
) -> Array:
    """Mean summer air temperature lowered by added canopy and by reflecting roofs.

    The two effects add and then saturate, so that a city is never cooled by more than its heat island.
    """
    trees = canopy_added * canopy_cooling
    roofs = cool_roof_share * roof_albedo_gain * albedo_retention * roof_albedo_cooling
    return urban_heat_island * (1 - np.exp(-(trees + roofs) / urban_heat_island))


@indicator(unit="index", source="canopy times greenness of trees over other cover", signed=True)
def greenness_added(canopy_added: Array, greenness_per_canopy: Array) -> Array:
    """Rise of the vegetation index (NDVI) of the urban area by added canopy."""
    return canopy_added * greenness_per_canopy
