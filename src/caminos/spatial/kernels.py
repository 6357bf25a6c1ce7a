"""Sums over the surroundings of every cell, by weight of distance: fast for any radius, in tiles that fit in memory.

A sum over surroundings is a convolution; it is done by Fourier transform, one tile and its margin at a time, so
that time grows with the cells and hardly with the radius.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from caminos.i18n import _

Floats = NDArray[np.floating[Any]]
WORKERS = 2
BLOCK = 2304  # cells along a side of the blocks that are transformed, unless the margin asks for more

# weight by distance d (cells) and reach r (cells); beyond r all but the exponential are 0
KERNELS: dict[str, Callable[[Floats, float], Floats]] = {
    "dichotomy": lambda d, r: np.ones_like(d),
    "exponential": lambda d, r: np.exp(-d / r),
    "gaussian": lambda d, r: (np.exp(-0.5 * (d / r) ** 2) - np.exp(-0.5)) / (1 - np.exp(-0.5)),
    "density": lambda d, r: 0.75 * (1 - (d / r) ** 2),
}


def kernel(name: str, reach: float, cut: float | None = None, shape: tuple[int, int] | None = None) -> Floats:
    """Weights around a cell, shape (2n + 1, 2m + 1), by straight distance d in cells.

    dichotomy: 1; exponential: exp(-d / reach); gaussian: (exp(-d²/2 reach²) - exp(-1/2)) / (1 - exp(-1/2));
    density: 3/4 (1 - d² / reach²). `cut` (cells, by default the reach) is the distance beyond which weights are 0;
    `shape` (of a raster) bounds n and m, for weights further away meet nothing in it.
    Raises ValueError for another name or a reach that is not above 0.
    """
    if name not in KERNELS:
        raise ValueError(_("kernel: {name} is not one of {known}.", name=repr(name), known=", ".join(KERNELS)))
    if not (np.isfinite(reach) and reach > 0):
        raise ValueError(_("The reach of a kernel is {reach} cells; give a distance above 0.", reach=reach))
    cut = reach if cut is None else cut
    halves = [int(min(cut + 1e-9, np.inf if shape is None else shape[axis] - 1)) for axis in (0, 1)]
    rows, columns = (np.arange(-half, half + 1) for half in halves)
    distance = np.hypot(rows[:, None], columns)
    weights = np.zeros(distance.shape)
    near = distance <= cut * (1 + 1e-12)
    weights[near] = np.maximum(KERNELS[name](distance[near], reach), 0)
    return weights


class Tile(NamedTuple):
    """`inner` cells of a raster, the `outer` ones that they depend on, and where the inner lie in the outer."""

    inner: tuple[slice, slice]
    outer: tuple[slice, slice]
    within: tuple[slice, slice]


class Surroundings:
    """Weighted sums over the surroundings of each cell of a raster of `shape`, by one or more kernels.

    `tile` is the side of the tiles in cells (chosen by default); results do not depend on it but for rounding.
    `dtype` is the precision of the transforms: float32 errs by some 1e-7 of the largest sum.
    """

    def __init__(
        self, shape: tuple[int, int], kernels: list[Floats], *, tile: int | None = None, dtype: Any = np.float32
    ) -> None:
        self.shape, self.dtype = shape, np.dtype(dtype)
        self.weights = kernels
        # weights further than the raster is long meet nothing in it
        self.margin = tuple(
            min(max(weights.shape[axis] // 2 for weights in kernels), shape[axis] - 1) for axis in (0, 1)
        )
        if tile is not None and tile < 1:
            raise ValueError(_("tile: {tile} cells; give 1 or more.", tile=tile))
        self.tile = tile or max(BLOCK, 4 * max(self.margin)) - 2 * max(self.margin)
        # a raster that fits in one block needs a margin at one end only: what wraps around meets zeros
        self.size = [
            fft.next_fast_len(min(length + margin, self.tile + 2 * margin), real=True)
            for length, margin in zip(shape, self.margin, strict=True)
        ]
        self.transforms = [self._transform(weights) for weights in kernels]

    def tiles(self) -> Iterator[Tile]:
        """The tiles of the raster, row by row."""
        for rows in self._cuts(0):
            for columns in self._cuts(1):
                inner, outer, within = zip(rows, columns, strict=True)
                yield Tile(inner, outer, within)

    def sums(self, block: NDArray[Any], which: int, tile: Tile) -> Floats:
        """Sums by kernel `which` for the inner cells of a tile; `block` holds its outer cells, 0 where unknown."""
        spectrum = fft.rfft2(np.asarray(block, self.dtype), self.size, workers=WORKERS)
        spectrum *= self.transforms[which]
        found: Floats = fft.irfft2(spectrum, self.size, workers=WORKERS)[tile.within]
        return found

    def whole(self, values: NDArray[Any], which: int = 0, out: Floats | None = None) -> Floats:
        """Sums by one kernel for a whole raster; what lies outside it counts as 0."""
        found = np.empty(self.shape, self.dtype) if out is None else out
        for tile in self.tiles():
            found[tile.inner] = self.sums(values[tile.outer], which, tile)
        return found

    def inside(self, which: int, tile: Tile) -> Floats:
        """The part of the kernel's weight that falls inside the raster, for the inner cells of a tile."""
        weights = self.weights[which]
        summed = np.zeros((weights.shape[0] + 1, weights.shape[1] + 1))
        summed[1:, 1:] = weights.cumsum(0).cumsum(1)
        (top, bottom), (left, right) = (
            (np.maximum(reach - place, 0), np.minimum(length - 1 - place, reach) + reach + 1)
            for length, part, size in zip(self.shape, tile.inner, weights.shape, strict=True)
            for place, reach in ((np.arange(part.start, part.stop), size // 2),)
        )
        bands = summed[bottom] - summed[top]
        found = np.empty((len(top), len(left)), self.dtype)
        # away from the left and right edges all columns are alike
        middle = np.flatnonzero((left == 0) & (right == weights.shape[1]))
        first, last = (middle[0], middle[-1] + 1) if middle.size else (0, 0)
        found[:, first:last] = bands[:, -1:]
        for edge in (slice(0, first), slice(last, None)):
            found[:, edge] = bands[:, right[edge]] - bands[:, left[edge]]
        return found

    def _cuts(self, axis: int) -> list[tuple[slice, slice, slice]]:
        """Inner, outer and within of the tiles along one axis."""
        length, margin = self.shape[axis], self.margin[axis]
        if length + margin <= self.tile + 2 * margin:
            return [(slice(0, length), slice(0, length), slice(0, length))]
        cuts = []
        for start in range(0, length, self.tile):
            stop = min(start + self.tile, length)
            first, last = max(start - margin, 0), min(stop + margin, length)
            cuts.append((slice(start, stop), slice(first, last), slice(start - first, stop - first)))
        return cuts

    def _transform(self, weights: Floats) -> Any:
        """Transform of a kernel with its middle at the origin, wrapped around."""
        high, wide = (size // 2 for size in weights.shape)
        rows, columns = min(high, self.margin[0]), min(wide, self.margin[1])
        near = weights[high - rows : high + rows + 1, wide - columns : wide + columns + 1]
        block = np.zeros(self.size, self.dtype)
        block[: 2 * rows + 1, : 2 * columns + 1] = near
        return fft.rfft2(np.roll(block, (-rows, -columns), (0, 1)), workers=WORKERS)
