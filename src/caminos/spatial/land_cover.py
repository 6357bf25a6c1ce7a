"""A raster of land cover codes, and the class of a table that each cell belongs to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caminos.i18n import _
from caminos.spatial.missing import with_nan

LARGEST_TABLE = 1 << 16  # codes up to this far apart are looked up directly
Part = tuple[slice, slice]
Classes = tuple[NDArray[np.integer[Any]], NDArray[np.bool_]]


@dataclass(frozen=True)
class LandCover:
    """Codes (rows, columns) and the code that stands for missing; NaN is always missing."""

    codes: NDArray[Any]
    nodata: float | None

    def known(self, part: Part | None = None) -> NDArray[np.bool_]:
        """Where there is a code."""
        given = self.codes if part is None else self.codes[part]
        missing = np.isnan(given) if given.dtype.kind == "f" else np.zeros(given.shape, bool)
        return ~missing if self.nodata is None else ~missing & (given != self.nodata)

    def check(self, classes: NDArray[Any], table: str) -> None:
        """ValueError if a cell has a code that the classes do not hold."""
        strange = np.setdiff1d(distinct(self.codes), classes)
        strange = strange[~np.isnan(strange.astype(float))]
        if self.nodata is not None:
            strange = strange[strange != self.nodata]
        if strange.size:
            shown = ", ".join(f"{code:g}" for code in strange[:5])
            message = _("lulc: {table} has no row for the codes {codes}.", table=table, codes=shown)
            raise ValueError(f"{message} {_('Add them, or give the code for missing as nodata.')}")

    def lookup(self, classes: NDArray[Any]) -> Callable[[Part], Classes]:
        """A function that gives, for a part of the raster, the place of each cell's class, and where it is known.

        The place of a cell without a code means nothing.
        """
        order = np.argsort(classes, kind="stable")
        lowest, highest = classes[order[0]], classes[order[-1]]
        direct = self.codes.dtype.kind in "iu" and highest - lowest < LARGEST_TABLE
        number = np.min_scalar_type(len(classes))
        places = np.zeros(int(highest - lowest) + 1 if direct else 0, number)
        if direct:
            places[(classes - lowest).astype(int)] = np.arange(len(classes))

        def look(part: Part) -> Classes:
            codes, known = self.codes[part], self.known(part)
            if direct:
                wide = np.int32 if codes.dtype.itemsize <= 2 else np.int64
                return places.take(np.subtract(codes, int(lowest), dtype=wide), mode="clip"), known
            found = np.searchsorted(classes[order], np.where(known, codes, lowest))
            return order[np.minimum(found, len(order) - 1)].astype(number), known

        return look


def land_cover(lulc: ArrayLike, nodata: float | None = None) -> LandCover:
    """Codes checked to be rows and columns of whole numbers with something in them."""
    codes = with_nan(lulc)
    if codes.ndim != 2 or not codes.size:
        raise ValueError(_("lulc: rows and columns are needed; the shape is {shape}.", shape=codes.shape))
    cover = LandCover(codes, nodata)
    if (nodata is not None or codes.dtype.kind == "f") and not cover.known().any():
        raise ValueError(_("lulc: no cell has a code. Check nodata and the extent of the layer."))
    return cover


def distinct(codes: NDArray[Any]) -> NDArray[Any]:
    """The codes that occur; small whole numbers are counted rather than sorted."""
    if codes.dtype.kind in "iu" and codes.dtype.itemsize <= 2:
        lowest = int(np.iinfo(codes.dtype).min)
        seen = np.zeros(1 << (8 * codes.dtype.itemsize), bool)
        for row in codes:
            seen[row.astype(np.int32) - lowest] = True
        return np.flatnonzero(seen) + lowest
    return np.unique(codes)
