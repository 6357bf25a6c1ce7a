"""Rain on the ground: runoff of a design storm by curve numbers, and storm water of a year with its pollutants.

All functions work cell by cell on arrays that broadcast against each other; a missing input (NaN) leaves
that cell missing, and sums hold the cells that are known.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage, signal

from caminos.i18n import _
from caminos.spatial.missing import with_nan

Floats = NDArray[np.float64]
MILLIMETRES_PER_INCH = 25.4
CUBIC_METRES_PER_M2_MM = 0.001  # a millimetre of water on a square metre
KILOGRAMS_PER_M3_MG_L = 0.001  # a milligram per litre is a gram per cubic metre
SOIL_GROUPS = ("A", "B", "C", "D")


@dataclass(frozen=True)
class Runoff:
    """Rain of a storm that runs off and that the ground holds back, in mm; share of the rain; m3 if cells have a size."""

    runoff: Floats
    retention: Floats
    retention_share: Floats
    runoff_volume: Floats | None = None
    retention_volume: Floats | None = None
    total_runoff_volume: float | None = None
    total_retention_volume: float | None = None


@dataclass(frozen=True)
class Stormwater:
    """A year's storm water by cell (m3/yr, kg/yr) and in all known cells.

    retention_share (after adjustment, if any), runoff_volume, retention_volume; percolation_volume,
    pollutant_load (that runs off) and pollutant_avoided (that is held back) where their inputs were given.
    """

    retention_share: Floats
    runoff_volume: Floats
    retention_volume: Floats
    total_runoff_volume: float
    total_retention_volume: float
    percolation_volume: Floats | None = None
    pollutant_load: Floats | None = None
    pollutant_avoided: Floats | None = None
    total_percolation_volume: float | None = None
    total_pollutant_load: Floats | None = None
    total_pollutant_avoided: Floats | None = None


@dataclass(frozen=True)
class CurveNumbers:
    """Curve numbers by cover (rows) and soil group A, B, C, D (columns), with source, quality and note by cover."""

    cover: tuple[str, ...]
    curve_number: Floats
    source: tuple[str, ...]
    quality: tuple[str, ...]
    note: tuple[str, ...]


def runoff(
    *,
    precipitation: ArrayLike,
    curve_number: ArrayLike,
    initial_abstraction: float = 0.2,
    cell_size: float | None = None,
) -> Runoff:
    """Runoff and retention of one storm, by the curve number method of the Soil Conservation Service.

    S = 25400 / CN - 254;  Q = (P - a S)^2 / (P + (1 - a) S) where P > a S, else 0;  retention = P - Q
    retention_share = 1 - Q / P, missing (NaN) where no rain falls.
    runoff_volume = 0.001 Q cell_size^2 in m3, likewise retention_volume.

    precipitation P: depth of the storm in mm; curve_number CN above 0, at most 100, for the ground's usual
    moisture; initial_abstraction a: share of S that is lost before runoff begins (with a other than 0.2, S has
    to be found anew: curve numbers are tabulated for 0.2); cell_size in m.
    Limits: one storm, no routing, no slope, no rain beyond the day; least sure below CN 40 and for little rain.
    Raises ValueError for curve numbers out of range, negative rain or shapes that do not fit.
    Source: USDA SCS 1986, Urban hydrology for small watersheds, TR-55, equations 2-1 to 2-4.
    """
    rain, storage = _fitting(precipitation=precipitation, curve_number=potential_retention(curve_number))
    _check("precipitation", rain, 0, np.inf)
    _check("initial_abstraction", np.asarray(initial_abstraction), 0, 1)
    effective = np.maximum(rain - initial_abstraction * storage, 0)  # NaN stays NaN
    reach = rain + (1 - initial_abstraction) * storage
    with np.errstate(divide="ignore", invalid="ignore"):
        depth = np.where(effective == 0, effective, np.minimum(effective**2 / reach, rain))  # rounding aside, less
        share = 1 - depth / rain
    retained = rain - depth
    if cell_size is None:
        return Runoff(depth, retained, share)
    volume, kept = (_cubic_metres(water, cell_size) for water in (depth, retained))
    return Runoff(depth, retained, share, volume, kept, _total(volume), _total(kept))


def potential_retention(curve_number: ArrayLike) -> Floats:
    """The most that the ground can hold back, S = 1000/CN - 10 inches = 25400/CN - 254 mm."""
    number = np.asarray(with_nan(curve_number), dtype=float)
    if (number <= 0).any() or (number > 100).any():
        raise ValueError(_("curve_number must lie above 0 and at most at 100; give NaN where it is not known."))
    return np.asarray(MILLIMETRES_PER_INCH * (1000 / number - 10))


@cache
def curve_number_table() -> CurveNumbers:
    """Curve numbers of TR-55 for urban and natural covers; take `curve_number[cover, soil]` by index for rasters.

    For soils in their usual moisture (condition II) and an initial abstraction of 0.2.
    Source: USDA SCS 1986, TR-55, tables 2-2a and 2-2c.
    """
    text = files("caminos.spatial").joinpath("curve_number.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    numbers = np.array([[float(row[soil]) for soil in SOIL_GROUPS] for row in rows])
    cover, source, quality, note = (tuple(row[name] for row in rows) for name in ("cover", "source", "quality", "note"))
    return CurveNumbers(cover, numbers, source, quality, note)


def stormwater(
    *,
    precipitation: ArrayLike,
    runoff_coefficient: ArrayLike,
    cell_size: float,
    surrounding_retention: ArrayLike | None = None,
    percolation_share: ArrayLike | None = None,
    event_mean_concentration: ArrayLike | None = None,
) -> Stormwater:
    """Storm water of a year that runs off and is retained, and the pollutants that go with it.

    RE = 1 - RC;  with surrounding ground C: RE + (1 - RE) C
    runoff_volume = 0.001 P (1 - RE) cell_size^2, retention_volume = 0.001 P RE cell_size^2 (m3/yr)
    percolation_volume = 0.001 P percolation_share cell_size^2
    pollutant_load = 0.001 runoff_volume EMC, pollutant_avoided = 0.001 retention_volume EMC (kg/yr)

    precipitation P in mm/yr; runoff_coefficient RC and percolation_share (of the rain, to the groundwater)
    between 0 and 1; surrounding_retention C between 0 and 1 (see `surrounding_retention`);
    event_mean_concentration EMC in mg/L, with axes for several pollutants before those of the cells if wanted;
    cell_size in m. The rest broadcasts to the shape of the cells.
    Limits: yearly mean, no routing beyond the neighbourhood of C; percolation is not taken from the runoff.
    Raises ValueError for shares out of range, negative amounts or shapes that do not fit.
    Source: InVEST user's guide, urban stormwater retention; EMC: US EPA nationwide urban runoff programme.
    """
    rain, coefficient, around, percolating = _fitting(
        precipitation=precipitation,
        runoff_coefficient=runoff_coefficient,
        surrounding_retention=0.0 if surrounding_retention is None else surrounding_retention,
        percolation_share=0.0 if percolation_share is None else percolation_share,
    )
    _check("precipitation", rain, 0, np.inf)
    _check("runoff_coefficient", coefficient, 0, 1)
    _check("surrounding_retention", around, 0, 1)
    _check("percolation_share", percolating, 0, 1)
    share = 1 - coefficient
    share = share + coefficient * around
    flowing, kept = _cubic_metres(rain * (1 - share), cell_size), _cubic_metres(rain * share, cell_size)
    percolation = None if percolation_share is None else _cubic_metres(rain * percolating, cell_size)
    water = Stormwater(
        share,
        flowing,
        kept,
        _total(flowing),
        _total(kept),
        percolation,
        total_percolation_volume=None if percolation is None else _total(percolation),
    )
    if event_mean_concentration is None:
        return water
    _volume, concentration = _fitting(precipitation=rain, event_mean_concentration=event_mean_concentration)
    _check("event_mean_concentration", concentration, 0, np.inf)
    load, avoided = (KILOGRAMS_PER_M3_MG_L * volume * concentration for volume in (flowing, kept))
    cells = tuple(range(-rain.ndim, 0))
    return replace(
        water,
        pollutant_load=load,
        pollutant_avoided=avoided,
        total_pollutant_load=_known_sum(load, cells),
        total_pollutant_avoided=_known_sum(avoided, cells),
    )


def surrounding_retention(
    *, retention_share: ArrayLike, connected: ArrayLike, radius: float, cell_size: float
) -> Floats:
    """How much of a cell's runoff the ground around it takes: C of `stormwater`, as a raster.

    C = 0 where a cell that drains straight into a sewer (a street, dense sealed ground) lies within the
    radius, elsewhere the mean retention_share of the known cells within it, the cell itself among them.
    Distances run from centre to centre, in m.

    retention_share (row, column) between 0 and 1, NaN where not known, and there C is missing too;
    connected (row, column): true where the surface is joined to the drains.
    Limits: water is taken to find any neighbour, not the one downhill; too much is retained along ditches.
    Source: InVEST user's guide, urban stormwater retention (adjusted retention coefficient).
    """
    share, joined = np.asarray(retention_share, dtype=float), np.asarray(connected)
    if joined.dtype.kind not in "bui":
        raise ValueError(_("{name} must be true or false in every cell.", name="connected"))
    joined = joined.astype(bool)
    if share.ndim != 2 or share.shape != joined.shape:
        text = _(
            "retention_share and connected must be rasters of one shape; they have {first} and {second}.",
            first=share.shape,
            second=joined.shape,
        )
        raise ValueError(text)
    _check("retention_share", share, 0, 1)
    _check_length("cell_size", cell_size)
    if not radius >= 0:
        raise ValueError(_("radius must be a distance in metres, 0 or more."))
    known = ~np.isnan(share)
    # no disc needs to be wider than the raster; a whisker more than the radius keeps cells exactly on it
    reach = min(radius / cell_size * (1 + 1e-12), float(np.hypot(*share.shape)))
    cells = np.arange(-int(reach), int(reach) + 1)
    disc = (np.hypot(cells[:, None], cells) <= reach).astype(float)
    around, count = (
        signal.oaconvolve(layer, disc, mode="full")[int(reach) :, int(reach) :][: share.shape[0], : share.shape[1]]
        for layer in (np.where(known, share, 0), known.astype(float))
    )
    mean = np.clip(around / np.maximum(np.rint(count), 1), 0, 1)  # the transform leaves errors of rounding
    near = ndimage.distance_transform_edt(~joined) <= reach if joined.any() else joined
    return np.where(known, np.where(near, 0.0, mean), np.nan)


def _cubic_metres(depth: Floats, cell_size: float) -> Floats:
    """Volume of a depth of water in mm on square cells with sides of `cell_size` m."""
    _check_length("cell_size", cell_size)
    return np.asarray(CUBIC_METRES_PER_M2_MM * depth * cell_size**2)


def _total(amount: Floats) -> float:
    """Sum of the cells that are known; missing if none is."""
    return float(_known_sum(amount, tuple(range(amount.ndim))))


def _known_sum(amount: Floats, axes: tuple[int, ...]) -> Floats:
    """Sum along axes of what is known; missing where nothing is."""
    return np.where(np.isnan(amount).all(axis=axes), np.nan, np.nansum(amount, axis=axes))


def _fitting(**arrays: ArrayLike) -> list[Floats]:
    """The arrays, broadcast to one shape."""
    given = {name: np.asarray(with_nan(array), dtype=float) for name, array in arrays.items()}
    try:
        return list(np.broadcast_arrays(*given.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in given.items() if array.ndim)
        raise ValueError(_("These arrays do not fit on one another: {shapes}.", shapes=shapes)) from None


def _check(name: str, array: NDArray[np.float64], lowest: float, highest: float) -> None:
    if (array < lowest).any() or (array > highest).any() or np.isinf(array).any():
        text = _(
            "{name} must lie between {lowest} and {highest}; give NaN where it is not known.",
            name=name,
            lowest=lowest,
            highest=highest,
        )
        raise ValueError(text)


def _check_length(name: str, length: float) -> None:
    if not 0 < length < np.inf:
        raise ValueError(_("{name} must be a length in metres above 0.", name=name))
