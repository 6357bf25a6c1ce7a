"""Missing cells: in the array functions they are NaN, in whatever form they come."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def with_nan(given: ArrayLike) -> NDArray[Any]:
    """An array; where a masked array (as rasterio gives one) is masked, NaN. Whole numbers that are masked become float."""
    if not isinstance(given, np.ma.MaskedArray) or not np.ma.getmaskarray(given).any():
        return np.asarray(given)
    values: Any = given if given.dtype.kind == "f" else given.astype(np.float64)
    return np.asarray(values.filled(np.nan))
