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
    from caminos.spatial.flood import (
        datum_shift,
        filled_depressions,
        flood_depth,
        flood_depth_by_return_period,
        ground_filter,
        spill_level,
    )
    from caminos.spatial.habitat import connectivity, corridor_gain, corridors, patch_connectivity
    from caminos.spatial.impact import depth_damage, exceedance_curve, expected_annual_damage, expected_impact, hazard
    from caminos.spatial.marginal import cooling_gradient, marginal_effect, nature_access_gradient, runoff_gradient
    from caminos.spatial.nature import nature_access, near_green
    from caminos.spatial.streets import travel_times
    from caminos.spatial.transit import transit_access
    from caminos.spatial.travel import access, people_within, two_step_floating_catchment
    from caminos.spatial.water import curve_number_table, runoff, stormwater, surrounding_retention
    from caminos.spatial.zonal import zonal_statistics

_MODULES = {
    "cooling": ("lost_work_share", "urban_cooling", "wet_bulb_globe_temperature"),
    "flood": (
        "datum_shift",
        "filled_depressions",
        "flood_depth",
        "flood_depth_by_return_period",
        "ground_filter",
        "spill_level",
    ),
    "habitat": ("connectivity", "corridor_gain", "corridors", "patch_connectivity"),
    "impact": ("depth_damage", "exceedance_curve", "expected_annual_damage", "expected_impact", "hazard"),
    "marginal": ("cooling_gradient", "marginal_effect", "nature_access_gradient", "runoff_gradient"),
    "nature": ("nature_access", "near_green"),
    "streets": ("travel_times",),
    "transit": ("transit_access",),
    "travel": ("access", "people_within", "two_step_floating_catchment"),
    "water": ("curve_number_table", "runoff", "stormwater", "surrounding_retention"),
    "zonal": ("zonal_statistics",),
}
_PLACES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "access",
    "connectivity",
    "cooling_gradient",
    "corridor_gain",
    "corridors",
    "curve_number_table",
    "datum_shift",
    "depth_damage",
    "exceedance_curve",
    "expected_annual_damage",
    "expected_impact",
    "filled_depressions",
    "flood_depth",
    "flood_depth_by_return_period",
    "ground_filter",
    "hazard",
    "lost_work_share",
    "marginal_effect",
    "nature_access",
    "nature_access_gradient",
    "near_green",
    "patch_connectivity",
    "people_within",
    "runoff",
    "runoff_gradient",
    "spill_level",
    "stormwater",
    "surrounding_retention",
    "transit_access",
    "travel_times",
    "two_step_floating_catchment",
    "urban_cooling",
    "wet_bulb_globe_temperature",
    "zonal_statistics",
]


def __getattr__(name: str) -> Any:
    """Functions are imported when first asked for: commands that need no maps start without them."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    """The names that can be imported."""
    return __all__
