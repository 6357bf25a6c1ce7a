"""The ground: rasters, networks and zones, and the array functions that turn them into figures.

The functions named here need NumPy and SciPy only, take and give arrays, and know no city:

>>> from caminos.spatial import runoff
>>> round(float(runoff(precipitation=50.0, curve_number=80.0).runoff), 3)
13.802

What reads files, and the way from maps to a city's facts, needs `pip install 'caminos[geo]'`; see docs/maps.md.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from caminos.spatial.cooling import lost_work_share, urban_cooling, wet_bulb_globe_temperature
    from caminos.spatial.flood import filled_depressions, flood_depth, flood_depth_by_return_period, ground_filter
    from caminos.spatial.habitat import connectivity, corridor_gain
    from caminos.spatial.impact import depth_damage, exceedance_curve, expected_annual_damage, expected_impact
    from caminos.spatial.marginal import marginal_effect
    from caminos.spatial.nature import nature_access, near_green
    from caminos.spatial.transit import transit_access
    from caminos.spatial.travel import access, people_within, two_step_floating_catchment
    from caminos.spatial.water import runoff, stormwater

_MODULES = {
    "cooling": ("lost_work_share", "urban_cooling", "wet_bulb_globe_temperature"),
    "flood": ("filled_depressions", "flood_depth", "flood_depth_by_return_period", "ground_filter"),
    "habitat": ("connectivity", "corridor_gain"),
    "impact": ("depth_damage", "exceedance_curve", "expected_annual_damage", "expected_impact"),
    "marginal": ("marginal_effect",),
    "nature": ("nature_access", "near_green"),
    "transit": ("transit_access",),
    "travel": ("access", "people_within", "two_step_floating_catchment"),
    "water": ("runoff", "stormwater"),
}
_PLACES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "access", "connectivity", "corridor_gain", "depth_damage", "exceedance_curve", "expected_annual_damage",
    "expected_impact", "filled_depressions", "flood_depth", "flood_depth_by_return_period", "ground_filter",
    "lost_work_share", "marginal_effect", "nature_access", "near_green", "people_within", "runoff", "stormwater",
    "transit_access", "two_step_floating_catchment", "urban_cooling", "wet_bulb_globe_temperature",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Functions are imported when first asked for: commands that need no maps start without them."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
