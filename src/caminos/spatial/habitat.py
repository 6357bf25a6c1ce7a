"""Connected habitat: patches of natural ground joined over short gaps unless a barrier cuts them, effective mesh size.

The City Biodiversity Index joins patches that are less than 100 m apart unless a road of 15 m or more, or
one with more than 5,000 cars a day, runs between them. Its edition of 2014 scores the effective mesh size
in hectares, that of 2021 the coherence, the mesh size over the natural area; scores of the two are not
comparable. (Jaeger's own mesh size of 2000 divides by the area of the whole city instead.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage
from scipy.sparse import coo_array, csr_array, issparse
from scipy.sparse.csgraph import connected_components

from caminos.i18n import _
from caminos.spatial.missing import with_nan

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Ids = NDArray[np.intp]
SQUARE_METRES_PER_HECTARE = 1e4
JOINING_DISTANCE = 100.0  # m, City Biodiversity Index
KING = np.ones((3, 3), dtype=bool)  # cells that touch by a side or a corner


@dataclass(frozen=True)
class Connectivity:
    """Patches and the components that they form; areas in ha.

    patch (row, column): id of each cell's patch, -1 where there is none; None if areas were given.
    component (patch): id of each patch's component. patch_area (patch), component_area (component).
    natural_area: all of it. effective_mesh_size = sum(component_area^2) / natural_area.
    coherence = effective_mesh_size / natural_area, missing (NaN) without natural ground.
    unknown_area: cells of which it is not known whether they are natural; they count as none and join nothing.
    """

    patch: NDArray[np.intp] | None
    component: Ids
    patch_area: Floats
    component_area: Floats
    natural_area: float
    effective_mesh_size: float
    coherence: float
    unknown_area: float = 0.0

    @property
    def component_of_cell(self) -> Ids:
        """Id of each cell's component (row, column), -1 where there is none."""
        if self.patch is None:
            raise ValueError(_("These patches were given by their areas, not as a raster."))
        return np.append(self.component, -1)[self.patch]  # -1 takes the last


@dataclass(frozen=True)
class Corridors:
    """What candidate corridors 1, 2, … of a raster add, in ha: gain in mesh size, natural ground that is new.

    joined (corridor, component): true where the corridor touches the component.
    """

    gain: Floats
    added_area: Floats
    joined: Any


def connectivity(
    *, natural: ArrayLike, cell_size: float, distance: float = JOINING_DISTANCE, barrier: ArrayLike | None = None
) -> Connectivity:
    """Patches of natural cells, the components that they join into, effective mesh size and coherence.

    A patch is a set of natural cells that touch by sides or corners. Two patches are joined if they are less
    than `distance` apart, edge to edge in a straight line, and if one can walk from one to the other from
    cell side to cell side without entering a barrier and without being farther than half the distance from
    natural ground. Without a barrier the second condition always holds.

    natural (row, column): true, false or missing (NaN); cell_size: side of the square cells in m; distance
    in m; barrier (row, column): true where a road of 15 m or more or another barrier runs. A barrier cell is
    not natural, whatever the land cover says (tree crowns over a street).
    Limits: a barrier that ends in the gap is walked around if natural ground stays near; cells decide what
    is narrow: a barrier must be drawn without holes (touching corners suffice).
    Raises ValueError for rasters that do not fit and lengths that are not above 0.
    Source: Chan et al. 2021, Handbook on the Singapore Index (CBD Technical Series 98), indicator 2;
    Deslauriers et al. 2018, Ecological Indicators 94; Jaeger 2000, doi:10.1023/A:1008129329289.
    """
    _check_length("cell_size", cell_size)
    _check_length("distance", distance)
    green, unknown = _raster("natural", natural)
    blocked = unknown
    if barrier is not None:
        wall, doubtful = _raster("barrier", barrier)
        if doubtful.any():
            raise ValueError(_("{name} must be true or false in every cell.", name="barrier"))
        if wall.shape != green.shape:
            text = _(
                "natural and barrier must be rasters of one shape; they have {first} and {second}.",
                first=green.shape,
                second=wall.shape,
            )
            raise ValueError(text)
        green, blocked = green & ~wall, unknown | wall
    reach = distance / cell_size
    patch, region = _patches(green, blocked, reach)
    count = int(patch.max(initial=-1)) + 1
    component = _join_near(patch, region, count, reach)
    hectares = cell_size**2 / SQUARE_METRES_PER_HECTARE
    patch_area = np.bincount(patch[green], minlength=count) * hectares
    return _measured(patch, component, patch_area, float(unknown.sum() * hectares))


def patch_connectivity(
    *, area: ArrayLike, separation: Any, distance: float = JOINING_DISTANCE, cut: Any = None
) -> Connectivity:
    """As `connectivity`, for patches known by area (ha) and edge-to-edge distances (m).

    area (patch); separation (patch, patch), symmetric, or a SciPy sparse matrix that holds the pairs that are
    near (zeros that it stores are distances); cut (patch, patch): true where a barrier runs between.
    """
    areas = np.asarray(area, dtype=float)
    if areas.ndim != 1 or not (np.isfinite(areas) & (areas >= 0)).all():
        raise ValueError(_("area must be a list of areas in ha, none missing or below 0."))
    _check_length("distance", distance)
    shape = (len(areas), len(areas))
    pairs: Any = coo_array(separation) if issparse(separation) else np.asarray(separation, dtype=float)
    if pairs.shape != shape:
        raise ValueError(_("separation must have shape (patch, patch) = {shape}.", shape=shape))
    if issparse(pairs):
        (first, second), apart = pairs.coords, pairs.data
    else:
        (first, second), apart = np.indices(shape).reshape(2, -1), pairs.ravel()
    if np.isnan(apart).any() or (apart < 0).any():
        raise ValueError(
            _("separation has missing or negative distances: give infinity for patches that are far apart.")
        )
    near = apart < distance
    if cut is not None:
        walls = csr_array(cut).astype(bool)
        if walls.shape != shape:
            raise ValueError(_("cut must have shape (patch, patch) = {shape}.", shape=shape))
        near &= ~np.asarray((walls + walls.T)[first, second]).ravel()
    component = _components(len(areas), first[near], second[near])
    return _measured(None, component, areas, 0.0)


def corridor_gain(component_area: ArrayLike, joined: Any = None, added_area: ArrayLike = 0.0) -> Floats:
    """Gain in effective mesh size (ha) of each of many corridors, one at a time.

    A corridor k makes one component of those that it joins and of its own new natural ground a_k:
    gain = (sum A^2 - sum over joined A^2 + (sum over joined A + a_k)^2) / (sum A + a_k) - sum A^2 / sum A
    component_area A (component) in ha; joined (corridor, component), true or false, dense or sparse;
    added_area a (corridor) in ha. Without `joined` every pair of components is a candidate and the gains
    2 A_i A_j / sum A are a matrix (component, component) with zeros on the diagonal.
    """
    areas = np.asarray(component_area, dtype=float)
    whole, squares = float(areas.sum()), float((areas**2).sum())
    if joined is None:
        gain = np.asarray(2 * np.outer(areas, areas) / (whole or 1))
        np.fill_diagonal(gain, 0)
        return gain
    links = csr_array(joined).astype(bool).astype(float)
    if links.shape[1] != len(areas):
        text = _(
            "joined must have shape (corridor, component) = (…, {count}); it has {shape}.",
            count=len(areas),
            shape=links.shape,
        )
        raise ValueError(text)
    added = np.broadcast_to(np.asarray(added_area, dtype=float), links.shape[:1])
    together = links @ areas + added
    total = whole + added
    after = squares - links @ areas**2 + together**2
    before = squares / whole if whole else 0.0
    return np.asarray(np.divide(after, total, out=np.zeros_like(total), where=total > 0) - before)


def corridors(result: Connectivity, corridor: ArrayLike, cell_size: float) -> Corridors:
    """What each candidate corridor of a raster adds to `result` if it is planted or bridged.

    corridor (row, column): 0 where there is none, else the number 1, 2, … of the candidate; cells of it that
    are natural already add no area. A corridor joins the components that its cells touch by sides or
    corners; a barrier under it (a green bridge crosses it) does not matter. Each is measured on its own.
    Limit: components that a corridor comes near without touching are not counted as joined, a lower bound.
    """
    _check_length("cell_size", cell_size)
    there = result.component_of_cell
    number = np.asarray(corridor)
    if number.dtype.kind not in "iu" or number.shape != there.shape or (number < 0).any():
        raise ValueError(
            _("corridor must be a raster of whole numbers, 0 or more, of the shape {shape}.", shape=there.shape)
        )
    count = int(number.max(initial=0))
    rows, columns = np.nonzero(number)
    framed = np.pad(there, 1, constant_values=-1)
    around = np.stack([framed[rows + down, columns + right] for down in range(3) for right in range(3)])
    which = np.broadcast_to(number[rows, columns] - 1, around.shape)
    touching = around >= 0
    shape = (count, len(result.component_area))
    pairs = np.unique(which[touching].astype(np.int64) * max(shape[1], 1) + around[touching])
    joined = csr_array((np.ones(len(pairs), bool), np.divmod(pairs, max(shape[1], 1))), shape=shape)
    new = number[rows, columns][there[rows, columns] < 0] - 1
    added = np.asarray(np.bincount(new, minlength=count) * (cell_size**2 / SQUARE_METRES_PER_HECTARE), dtype=float)
    return Corridors(corridor_gain(result.component_area, joined, added), added, joined)


def _patches(green: Mask, blocked: Mask, reach: float) -> tuple[Ids, Ids | None]:
    """Patch of each cell (-1: none) and, where something is in the way, the region in which one can walk."""
    label, count = ndimage.label(green, KING)
    patch = label.astype(np.intp) - 1
    if not blocked.any() or count == 0:
        return patch, None
    near = _distance_to(green) <= reach / 2
    region, regions = ndimage.label(near & ~blocked)  # from side to side: barriers may touch by corners
    # a barrier may cut what touches by corners: a patch lies in one region
    found, number = np.unique(patch[green] * (regions + 1) + region[green], return_inverse=True)
    patch[green] = number
    return patch, np.asarray(found % (regions + 1), dtype=np.intp)


def _distance_to(green: Mask) -> Floats:
    """Distance, in cells, of each cell's edge from the edge of the nearest true cell; 0 if they touch."""
    # edges are nearest to each other at corners of the grid, so corners are measured and cells take their least
    corner = np.zeros((green.shape[0] + 1, green.shape[1] + 1), dtype=bool)
    for rows in (slice(None, -1), slice(1, None)):
        for columns in (slice(None, -1), slice(1, None)):
            corner[rows, columns] |= green
    away = ndimage.distance_transform_edt(~corner).astype(float)
    along = np.minimum(away[:, :-1], away[:, 1:])
    return np.asarray(np.minimum(along[:-1], along[1:]))


def _join_near(patch: Ids, region: Ids | None, count: int, reach: float) -> Ids:
    """Component of each patch: patches of one region with a gap of less than `reach` cells are joined.

    Only cells at the rim can be nearest to another patch. For each rim cell and each row offset it is enough
    to look at the next rim cell to the left and to the right in that row: those farther along the row are
    joined to it within the row, as the reach along a row is longest without an offset.
    """
    component = np.arange(count)
    fewest = 1 if region is None else len(np.unique(region))
    there = patch >= 0
    rim = there & ~ndimage.binary_erosion(there, KING)
    rows, columns = np.nonzero(rim)
    of = patch[rim]
    height, width = patch.shape
    ground = np.zeros(len(of), np.intp) if region is None else region[of]
    order = np.argsort(ground, kind="stable")  # rows and columns stay in order within a region
    rows, columns, of, ground = rows[order], columns[order], of[order], ground[order]
    key = (ground * height + rows) * width + columns
    furthest = int(min(np.ceil(reach), height - 1))
    for offset in range(furthest + 1):
        gap = max(offset - 1, 0)
        if gap >= reach or component.max(initial=0) < fewest:  # nothing left to join
            break
        # one more than the widest whole gap along the row whose square and gap^2 stay below reach^2
        along = min(int(np.ceil(np.sqrt(reach**2 - gap**2))), width - 1)
        right = np.searchsorted(key, key + offset * width) if offset else np.arange(1, len(key) + 1)
        inside = rows + offset < height
        pairs = []
        for other, sign in ((right, 1), (right - 1, -1)) if offset else ((right, 1),):
            here = np.flatnonzero(inside & (other >= 0) & (other < len(key)))
            beside = other[here]
            same_row = (rows[beside] == rows[here] + offset) & (ground[beside] == ground[here])
            close = same_row & (sign * (columns[beside] - columns[here]) <= along)
            pairs.append((component[of[here[close]]], component[of[beside[close]]]))
        first, second = (np.concatenate(side) for side in zip(*pairs, strict=True))
        apart = first != second
        if apart.any():
            component = _components(component.max() + 1, first[apart], second[apart])[component]
    return component


def _components(count: int, first: Ids, second: Ids) -> Ids:
    """Component of each of `count` nodes that the edges first – second connect."""
    links = coo_array((np.ones(len(first), bool), (first, second)), shape=(count, count))
    _number, component = connected_components(links, directed=False)
    return np.asarray(component, dtype=np.intp)


def _measured(patch: Ids | None, component: Ids, patch_area: NDArray[Any], unknown_area: float) -> Connectivity:
    """Areas and mesh size of patches that are joined into components."""
    component = np.unique(component, return_inverse=True)[1].astype(np.intp)
    component_area = np.bincount(component, patch_area, minlength=0).astype(float)
    whole = float(component_area.sum())
    coherence = float(((component_area / whole) ** 2).sum()) if whole else float("nan")
    mesh = coherence * whole if whole else 0.0
    return Connectivity(
        patch, component, np.asarray(patch_area, dtype=float), component_area, whole, mesh, coherence, unknown_area
    )


def _raster(name: str, given: ArrayLike) -> tuple[Mask, Mask]:
    """Where a raster of true and false is true, and where it is missing (NaN)."""
    array = with_nan(given)
    if array.ndim != 2 or array.dtype.kind not in "biuf":
        raise ValueError(_("{name} must be a raster (row, column) of true and false.", name=name))
    unknown = np.isnan(array) if array.dtype.kind == "f" else np.zeros(array.shape, dtype=bool)
    if array.dtype.kind != "b" and not (unknown | (array == 0) | (array == 1)).all():
        text = _("{name} has other values than 0, 1 and NaN; nodata must be given as NaN.", name=name)
        raise ValueError(text)
    return (array == 1) & ~unknown, unknown


def _check_length(name: str, length: float) -> None:
    if not 0 < length < np.inf:
        raise ValueError(_("{name} must be a length in metres above 0.", name=name))
