"""Summer air temperature from land cover: how shade, albedo, water and parks cool a city, and what heat costs work.

The equations are those of the InVEST urban cooling model (Natural Capital Project, users' guide, chapter Urban
Cooling), after Zardo et al. 2017 and Kunapo et al. 2018.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caminos.i18n import _
from caminos.spatial.kernels import Floats, Surroundings, kernel
from caminos.spatial.land_cover import Classes, LandCover, Part, land_cover
from caminos.spatial.missing import with_nan

WEIGHTS = (0.6, 0.2, 0.2)  # of shade, albedo, evapotranspiration in the cooling capacity (InVEST default)
LARGEST_INDEX = 2.0  # of shade, albedo, crop factor: above it the unit is another
PARK_HECTARES = 2.0  # green within the cooling distance from which parks cool their surroundings
DECAY_ENDS = 5  # multiples of the distance at which the exponential decay is cut off (weight e^-5)
USUAL = ("cc", "hm", "t_air", "wbgt")
OUTPUTS = (*USUAL, "light_work_lost", "heavy_work_lost")
# wet bulb globe temperature (°C) from which 25, 50 and 75 % of the working time is lost
WORK_LOST = {"light": (31.5, 32.0, 32.5), "heavy": (27.5, 29.5, 31.5)}


@dataclass(frozen=True)
class UrbanCooling:
    """Rasters of the shape of the land use, NaN where it has none; None where not asked for.

    cc: cooling capacity (0 to 1); hm: heat mitigation (0 to 1); t_air: air temperature (°C); wbgt: wet bulb globe
    temperature (°C); light_work_lost, heavy_work_lost: share of working time (see `lost_work_share`).
    """

    cc: Floats | None = None
    hm: Floats | None = None
    t_air: Floats | None = None
    wbgt: Floats | None = None
    light_work_lost: Floats | None = None
    heavy_work_lost: Floats | None = None


def urban_cooling(
    *,
    lulc: ArrayLike,
    eto: ArrayLike | float,
    cell_size: float,
    cooling_distance: float,
    average_radius: float,
    reference_temperature: float,
    uhi_max: float,
    relative_humidity: float | None = None,
    table_columns: Sequence[str],
    table: ArrayLike,
    method: str = "factors",
    nodata: float | None = None,
    eto_nodata: float | None = None,
    weights: Sequence[float] = WEIGHTS,
    whole_cells: bool = True,
    outputs: Sequence[str] | None = None,
    tile: int | None = None,
) -> UrbanCooling:
    """Air temperature of a summer day by cell, from land use and a table of what each class is like.

    lulc: codes, shape (rows, columns); `nodata` is the code that stands for missing. eto: reference
    evapotranspiration, same shape or one number (any unit: only its ratio to the greatest value counts); NaN or
    `eto_nodata` where missing. cell_size, cooling_distance (of parks), average_radius (of the mixing of air): m.
    reference_temperature: rural air (°C); uhi_max: greatest excess of the city over it (°C); relative_humidity: %.
    table: one row a class, columns named by table_columns: lucode, green_area (0 or 1), and for method
    "factors" kc, shade, albedo; for "intensity" (nights) building_intensity.

        cc = .6 shade + .2 albedo + .2 kc eto / max(eto)     or     cc = 1 - building_intensity
        cc_park = sum(green cc e^(-d/cooling_distance)) / sum(e^(-d/cooling_distance))
        hm = cc where cc >= cc_park or green area within the cooling distance < 2 ha, else cc_park
        t_air = reference + (1 - hm) uhi_max, averaged with weights e^(-d/average_radius)
        wbgt = .567 t + .393 e + 3.94,  e = RH/100 6.105 exp(17.27 t / (237.7 + t))

    Sums go over cells of the raster that have a value, so edges and holes neither warm nor cool; the green area is
    scaled likewise. Weights end at five times the distance. `whole_cells` rounds both distances to whole cells, as
    InVEST does; without it they are taken in metres as given. InVEST's guide speaks of a Gaussian average, its
    figures are those of the exponential one used here. Temperature alone is not comfort: wind and sun are left out.

    outputs: names of UrbanCooling wanted (cc, hm, t_air and, with a humidity, wbgt unless given); fewer take less
    memory. wbgt and the work lost need a humidity. Results are
    float32 (errors below 1e-5 °C). Raises ValueError for unknown codes, columns, methods, shapes and distances.
    """
    wanted = _outputs(outputs, relative_humidity)
    for name, value in (("reference_temperature", reference_temperature), ("uhi_max", uhi_max)):
        if not np.isfinite(value):
            raise ValueError(_("{name} is {given}; give °C.", name=name, given=value))
    ground = ground_of(lulc, nodata, eto, eto_nodata, table, table_columns, method, weights)
    distances = [
        cells(length, cell_size, whole_cells, name)
        for length, name in ((cooling_distance, "cooling_distance"), (average_radius, "average_radius"))
    ]
    hm, cc = _heat_mitigation(ground, distances[0], cell_size, "cc" in wanted, tile)
    t_air = None
    if set(wanted) - {"cc", "hm"}:
        t_air = hm if "hm" not in wanted else np.empty_like(hm)
        _mixed(hm, t_air, distances[1], tile)
        t_air *= -np.float32(uhi_max)
        t_air += np.float32(reference_temperature + uhi_max)
    found: dict[str, Floats | None] = {"cc": cc, "hm": hm, "t_air": t_air}
    if t_air is not None and relative_humidity is not None and set(wanted) - {"cc", "hm", "t_air"}:
        heat = wet_bulb_globe_temperature(t_air, relative_humidity)
        lost = {f"{work}_work_lost": work for work in WORK_LOST if f"{work}_work_lost" in wanted}
        found |= {"wbgt": heat} | {name: lost_work_share(heat, work) for name, work in lost.items()}
    return UrbanCooling(**{name: raster for name, raster in found.items() if name in wanted})


def cooling_capacity(
    shade: ArrayLike, albedo: ArrayLike, evapotranspiration_index: ArrayLike, weights: Sequence[float] = WEIGHTS
) -> Floats:
    """Cooling capacity of ground by day, 0 to 1: .6 shade + .2 albedo + .2 evapotranspiration index (all 0 to 1)."""
    parts = (shade, albedo, evapotranspiration_index)
    return np.asarray(sum(weight * np.asarray(part, float) for weight, part in zip(weights, parts, strict=True)))


def air_temperature(heat_mitigation: ArrayLike, reference_temperature: float, uhi_max: float) -> Floats:
    """Air temperature (°C) before mixing: reference + (1 - heat mitigation) × the greatest heat island."""
    return np.asarray(reference_temperature + (1 - np.asarray(heat_mitigation, float)) * uhi_max)


def wet_bulb_globe_temperature(temperature: ArrayLike, relative_humidity: float) -> Floats:
    """Wet bulb globe temperature (°C) of air in the shade: .567 T + .393 e + 3.94 (Australian Bureau of Meteorology).

    temperature: °C, any shape; relative_humidity: %, 0 to 100 (ValueError outside).
    """
    if not 0 <= relative_humidity <= 100:
        raise ValueError(_("relative_humidity is {given}; give percent from 0 to 100.", given=relative_humidity))
    air = np.asarray(temperature)
    vapour = np.asarray(air / (237.7 + air))
    vapour *= 17.27
    np.exp(vapour, out=vapour)
    vapour *= 0.393 * 6.105 * relative_humidity / 100
    vapour += 0.567 * air + 3.94
    return np.asarray(vapour)


def lost_work_share(wbgt: ArrayLike, work: str) -> Floats:
    """Share of working time lost to heat: 0, .25, .5 or .75 by wet bulb globe temperature; work: light or heavy.

    Light work loses it at 31.5, 32 and 32.5 °C, heavy work at 27.5, 29.5 and 31.5 °C (Kjellstrom et al. 2009).
    """
    if work not in WORK_LOST:
        raise ValueError(_("work: {name} is not one of {known}.", name=repr(work), known=", ".join(WORK_LOST)))
    heat = np.asarray(wbgt, float)
    share = np.searchsorted(WORK_LOST[work], heat.ravel(), side="right").reshape(heat.shape) / 4
    return np.where(np.isnan(heat), np.nan, share)


def table_of(table: ArrayLike, names: Sequence[str]) -> dict[str, Floats]:
    """The columns of a table by name; ValueError where names and columns do not match."""
    values = np.asarray(table, float)
    given = [str(name) for name in names]
    if values.ndim != 2 or values.shape[1] != len(given):
        message = _(
            "table: {columns} columns are named, but its shape is {shape}.", columns=len(given), shape=values.shape
        )
        raise ValueError(message)
    for needed in ("lucode", "green_area"):
        if needed not in given:
            raise ValueError(_("table: there is no column {name}.", name=needed))
    green = values[:, given.index("green_area")]
    if not ((green >= 0) & (green <= 1)).all():
        raise ValueError(_("table: green_area must be 0 (no park) or 1 (park) in every row."))
    if len(np.unique(values[:, given.index("lucode")])) < len(values):
        raise ValueError(_("table: a code stands in two rows; keep one for each class."))
    return {name: values[:, place] for place, name in enumerate(given)}


def cells(length: float, cell_size: float, whole: bool, name: str) -> float:
    """A distance in cells; whole ones, and one at least, if asked for."""
    if not (np.isfinite(cell_size) and cell_size > 0):
        raise ValueError(_("cell_size is {given}; give metres above 0.", given=cell_size))
    if not (np.isfinite(length) and length > 0):
        raise ValueError(_("{name} is {given}; give metres above 0.", name=name, given=length))
    count = float(length) / float(cell_size)
    return max(float(np.round(count)), 1.0) if whole else count


def _outputs(outputs: Sequence[str] | None, relative_humidity: float | None) -> tuple[str, ...]:
    if outputs is None:
        return USUAL if relative_humidity is not None else USUAL[:3]
    for name in outputs:
        if name not in OUTPUTS:
            raise ValueError(_("outputs: {name} is not one of {known}.", name=repr(name), known=", ".join(OUTPUTS)))
    if set(outputs) - set(USUAL[:3]) and relative_humidity is None:
        raise ValueError(_("wbgt needs relative_humidity (%)."))
    return tuple(outputs)


def _evapotranspiration(eto: ArrayLike | float, cover: LandCover, nodata: float | None) -> tuple[Any, float]:
    """Reference evapotranspiration, NaN where missing, and its greatest value in the raster (as in InVEST)."""
    values: Any = with_nan(eto)
    if values.ndim and values.shape != cover.codes.shape:
        message = _(
            "eto: its shape is {given}, that of lulc {shape}. Bring both to one grid.",
            given=values.shape,
            shape=cover.codes.shape,
        )
        raise ValueError(message)
    if nodata is not None:
        values = np.where(values == nodata, np.nan, values)
    highest = float(np.nanmax(values)) if np.isfinite(values).any() else np.nan
    if np.isinf(highest):
        raise ValueError(_("eto: a cell is infinite; give NaN, or eto_nodata, where it is missing."))
    if not highest > 0:
        raise ValueError(_("eto: no cell has a value above 0. Check nodata and the extent of the layer."))
    lowest = float(np.nanmin(values))
    if lowest < 0:
        raise ValueError(_("eto: {value} is below 0. Is it the value for missing? Then give eto_nodata.", value=lowest))
    return values if values.ndim else float(values), highest


def _by_class(
    columns: Mapping[str, Floats], method: str, weights: Sequence[float], highest: float
) -> tuple[Floats, Floats]:
    """cc of each class without evapotranspiration, and the factor of eto in it."""
    needed = {"factors": ("kc", "shade", "albedo"), "intensity": ("building_intensity",)}
    if method not in needed:
        raise ValueError(_("method: {name} is not one of {known}.", name=repr(method), known=", ".join(needed)))
    for name in needed[method]:
        if name not in columns:
            raise ValueError(_("table: there is no column {name}.", name=name))
    for name in needed[method]:
        if (columns[name] < 0).any() or (columns[name] > LARGEST_INDEX).any():
            raise ValueError(_("table: {name} is a share or factor, from 0 to about 1: is it in percent?", name=name))
    if method == "intensity":
        return 1 - columns["building_intensity"], np.zeros(len(columns["lucode"]))
    if len(weights) != 3 or min(weights) < 0:
        raise ValueError(_("weights: three numbers of 0 or more are needed, for shade, albedo and evapotranspiration."))
    dry = weights[0] * columns["shade"] + weights[1] * columns["albedo"]
    return dry, weights[2] * columns["kc"] / highest


@dataclass(frozen=True)
class Ground:
    """Land use with a table: by row of it whether it is green, cc without evapotranspiration, and its factor in cc."""

    cover: LandCover
    codes: Floats
    green: Floats
    capacity: Floats
    factor: Floats
    evaporation: NDArray[Any] | float
    lookup: Callable[[Part], Classes]

    @property
    def complete(self) -> bool:
        """Whether the land use and its cooling capacity are known in every cell."""
        water = self.evaporation
        dry = isinstance(water, np.ndarray) and any(bool(np.isnan(row).any()) for row in water)
        holes = any(
            not self.cover.known((slice(row, row + 64), slice(None))).all()
            for row in range(0, len(self.cover.codes), 64)
        )
        return not dry and not holes and not np.isnan(self.capacity).any() and not np.isnan(self.factor).any()

    def capacity_of(self, part: Part) -> tuple[Floats, NDArray[np.integer[Any]], NDArray[np.bool_]]:
        """cc of some cells (0 where not known), the row of their class in the table, and where it is known."""
        place, known = self.lookup(part)
        value = self.factor[place]
        value *= self.evaporation[part] if isinstance(self.evaporation, np.ndarray) else self.evaporation
        value += self.capacity[place]
        known = known & ~np.isnan(value)
        value[~known] = 0
        return value, place, known


def ground_of(
    lulc: ArrayLike,
    nodata: float | None,
    eto: ArrayLike | float,
    eto_nodata: float | None,
    table: ArrayLike,
    table_columns: Sequence[str],
    method: str,
    weights: Sequence[float],
) -> Ground:
    """The inputs of `urban_cooling` about the ground, checked."""
    cover = land_cover(lulc, nodata)
    columns = table_of(table, table_columns)
    evaporation, highest = _evapotranspiration(eto, cover, eto_nodata) if method == "factors" else (1.0, 1.0)
    capacity, factor = (part.astype(np.float32) for part in _by_class(columns, method, weights, highest))
    cover.check(columns["lucode"], "table")
    green, lookup = columns["green_area"].astype(np.float32), cover.lookup(columns["lucode"])
    return Ground(cover, columns["lucode"], green, capacity, factor, evaporation, lookup)


def park_kernels(distance: float, cell_size: float, shape: tuple[int, int] | None = None) -> tuple[list[Floats], float]:
    """Weights by which parks cool, the disk in which they are counted, and 2 ha as a share of that disk.

    Weights further away than a raster of `shape` is long are left out.
    """
    weights = [
        kernel("exponential", distance, DECAY_ENDS * distance, shape),
        kernel("dichotomy", distance, None, shape),
    ]
    rows = np.arange(-int(distance + 1e-9), int(distance + 1e-9) + 1)
    whole = float((2 * np.floor(np.sqrt(np.maximum(distance**2 - rows**2, 0)) + 1e-9) + 1).sum())  # cells of the disk
    # float32 rounding must not decide at exactly 2 ha
    return weights, PARK_HECTARES * 1e4 / cell_size**2 / whole * (1 - 1e-6)


def precision(complete: bool) -> type:
    """Of the transforms: a few known cells among holes weigh so little that float32 would show."""
    return np.float32 if complete else np.float64


def _heat_mitigation(
    ground: Ground, distance: float, cell_size: float, keep: bool, tile: int | None
) -> tuple[Floats, Floats | None]:
    """hm of every cell (NaN where not known), and cc if it is to be kept."""
    shape, green = ground.cover.codes.shape, ground.green
    kernels, threshold = park_kernels(distance, cell_size, shape)
    around = Surroundings(shape, kernels, tile=tile, dtype=precision(ground.complete))
    whole_numbers = bool(np.isin(green, (0, 1)).all())
    hm = np.empty(shape, np.float32)
    cc = np.empty(shape, np.float32) if keep else None
    for part in around.tiles():
        value, place, known = ground.capacity_of(part.outer)
        trees = green[place]
        complete = bool(known.all())
        if not complete:
            trees[~known] = 0
        large = around.sums(trees, 1, part)
        if whole_numbers:
            np.rint(large, out=large)  # whole cells: the rounding of the transform must not decide at 2 ha
        with np.errstate(invalid="ignore", divide="ignore"):
            large /= around.inside(1, part) if complete else np.rint(around.sums(known, 1, part))
        trees *= value
        park = around.sums(trees, 0, part)
        del trees
        with np.errstate(invalid="ignore", divide="ignore"):
            park /= around.inside(0, part) if complete else around.sums(known, 0, part)
        own = value[part.within]
        found = hm[part.inner]
        np.copyto(found, own)
        np.copyto(found, park, where=(park > own) & (large >= threshold))
        if cc is not None:
            cc[part.inner] = own
        if not complete:
            for result in (hm, cc):
                if result is not None:
                    result[part.inner][~known[part.within]] = np.nan
    return hm, cc


def _mixed(values: Floats, out: Floats, distance: float, tile: int | None) -> None:
    """Averages by e^(-d / distance) of known values, into `out` (which may be `values` in one block)."""
    shape = (values.shape[0], values.shape[1])
    weights = kernel("exponential", distance, DECAY_ENDS * distance, shape)
    complete_raster = not any(bool(np.isnan(row).any()) for row in values)
    around = Surroundings(shape, [weights], tile=tile, dtype=precision(complete_raster))
    tiles = list(around.tiles())
    source = values.copy() if len(tiles) > 1 and out is values else values
    for part in tiles:
        block = source[part.outer]
        known = ~np.isnan(block)
        complete = bool(known.all())
        weight = around.inside(0, part) if complete else around.sums(known, 0, part)
        mean = around.sums(block if complete else np.where(known, block, 0), 0, part)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean /= weight
        out[part.inner] = mean if complete else np.where(known[part.within], mean, np.nan)
