"""Draws: every input has points of its own by its name, the same in every city and every case.

So differences between cases and between cities are not noise, and a city that lacks an input, or has one more,
draws all others as before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from zlib import crc32

import numpy as np

from caminos.model.axes import DRAW, GROUP, KIND, QUINTILES, labels
from caminos.model.evaluation import Variation
from caminos.model.values import Column, Input

_TWO_SIDED_95 = 1.959963984540054


def quantile(u: np.ndarray, low: np.ndarray, mid: np.ndarray, high: np.ndarray, distribution: str) -> np.ndarray:
    """Values at cumulative probability `u`.

    The central value is the median of every kind but uniform, so that skewed published intervals are
    kept and a value at one end of its range stays in it: normal and lognormal are split there (low and
    high at 2.5 and 97.5 %), triangular is made of two half triangles that end at low and high.
    A row of a lognormal whose range touches zero falls back to triangular.
    """
    if distribution == "uniform":
        return np.asarray(low + (high - low) * u)
    if distribution == "normal":
        z = _standard_normal(u)
        return np.asarray(mid + np.where(z > 0, high - mid, mid - low) * z)
    if distribution == "lognormal":
        axes = tuple(range(1, np.ndim(mid)))
        same_sign = np.all((low * high > 0) & (low * mid > 0), axis=axes, keepdims=True)
        if not same_sign.all():
            return np.where(same_sign, _lognormal(u, low, mid, high), _triangular(u, low, mid, high))
        return _lognormal(u, low, mid, high)
    return _triangular(u, low, mid, high)


def _standard_normal(u: np.ndarray) -> np.ndarray:
    from scipy.special import ndtri

    return np.asarray(ndtri(u) / _TWO_SIDED_95)


def _lognormal(u: np.ndarray, low: np.ndarray, mid: np.ndarray, high: np.ndarray) -> np.ndarray:
    z = _standard_normal(u)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(mid * np.exp(np.where(z > 0, np.log(high / mid), np.log(mid / low)) * z))


def _triangular(u: np.ndarray, low: np.ndarray, mid: np.ndarray, high: np.ndarray) -> np.ndarray:
    left = mid - (mid - low) * (1 - np.sqrt(np.minimum(2 * u, 1)))
    right = mid + (high - mid) * (1 - np.sqrt(np.minimum(2 * (1 - u), 1)))
    return np.asarray(np.where(u < 0.5, left, right))


@lru_cache(maxsize=4096)
def points(name: str, groups: tuple[str, ...], kinds: tuple[str, ...], draws: int, seed: int) -> np.ndarray:
    """Probabilities [1, draw, 1, 1, group, kind] of one input: a Latin hypercube that its name and labels seed.

    Each group and kind is a dimension of its own; the zones of one input share one.
    """
    each = [_stratified(f"{name} {group} {kind}", draws, seed) for group in groups for kind in kinds]
    found = np.stack(each, axis=-1).reshape(1, draws, 1, 1, len(groups), len(kinds))
    found.flags.writeable = False
    return found


def _stratified(name: str, draws: int, seed: int) -> np.ndarray:
    """One point in each of `draws` equal strata, in an order of its own."""
    random = np.random.default_rng([seed, crc32(name.encode())])
    return np.clip((random.permutation(draws) + random.uniform(size=draws)) / draws, 1e-9, 1 - 1e-9)


def drawn(
    column: Column,
    rows: np.ndarray,
    draws: int,
    seed: int,
    part: slice = slice(None),
    classification: str = "",
) -> np.ndarray:
    """Values of some rows of a column, whose kinds are of a classification, with `part` of the draws."""
    group, kind = column.central.shape[GROUP:]
    kinds = labels(classification) if classification and kind > 1 else tuple(map(str, range(kind)))
    groups = QUINTILES if group == len(QUINTILES) else tuple(map(str, range(group)))
    u = points(column.name, groups, kinds, draws, seed)[:, part]
    given = [array if len(array) == 1 else array[rows] for array in (column.central, column.low, column.high)]
    of_row = [column.distributions[0]] if len(column.central) == 1 else [column.distributions[row] for row in rows]
    several = sorted(set(of_row))
    found = [_drawn(u, given, distribution) for distribution in several]
    if len(several) == 1:
        return found[0]
    chosen = np.array([several.index(distribution) for distribution in of_row])
    whole = found[0].copy()
    for place in range(1, len(several)):
        whole[chosen == place] = found[place][chosen == place]
    return whole


def _drawn(u: np.ndarray, given: Sequence[np.ndarray], distribution: str) -> np.ndarray:
    """Draws of rows that share one distribution; "fixed" stays central."""
    central, low, high = given
    if distribution == "fixed":
        return np.asarray(np.broadcast_to(central, np.broadcast_shapes(central.shape, u.shape[:2] + (1,) * 4)))
    values = np.where(np.isfinite(central), quantile(u, low, central, high, distribution), np.nan)
    return _shares(central, values) if distribution == "dirichlet" else values


def _shares(central: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Shares stay shares: draws of a composition are scaled to the central total."""
    axis = GROUP if central.shape[KIND] == 1 else KIND
    whole = np.nansum(central, axis=axis, keepdims=True)
    return np.asarray(values / np.nansum(values, axis=axis, keepdims=True) * whole)


class Ends(Mapping[str, np.ndarray]):
    """Each of some inputs alone at its low and its high end, as draws: 0 central, then low, high, low, high …

    A mapping from name to its values along all draws; `distinct` has the three that differ, and `variation` says which
    holds in which draw, so that a node is computed only for the ends of the inputs it depends on.
    """

    def __init__(self, inputs: Mapping[str, Input], names: Sequence[str]):
        self.draws = 1 + 2 * len(names)
        self.distinct = {name: _distinct(inputs[name]) for name in names}
        self._places = {name: self._place(1 + 2 * at) for at, name in enumerate(self.distinct)}
        bits = {name: 1 << place for place, name in enumerate(self.distinct)}
        self.variation = Variation(self.draws, list(self._places.values()), bits)

    def _place(self, low: int) -> np.ndarray:
        found = np.zeros(self.draws, dtype=int)
        found[low : low + 2] = 1, 2
        return found

    def __getitem__(self, name: str) -> np.ndarray:
        return self.distinct[name][:, self._places[name]]

    def __contains__(self, name: object) -> bool:
        return name in self.distinct

    def __iter__(self) -> Iterator[str]:
        return iter(self.distinct)

    def __len__(self) -> int:
        return len(self.distinct)


def draws_of(values: Mapping[str, np.ndarray] | None) -> int:
    """How many draws some inputs given by hand have; one where there are none."""
    if isinstance(values, Ends):
        return values.draws
    return max([1, *(int(array.shape[DRAW]) for array in (values or {}).values())])


def _distinct(item: Input) -> np.ndarray:
    """Central value, low end and high end of one input along the draw axis."""
    values = np.concatenate([item.central, item.low, item.high], axis=DRAW)
    return _shares(item.central, values) if item.distribution == "dirichlet" else values


def ends(inputs: Mapping[str, Input], names: Sequence[str]) -> Ends:
    """Both ends of the range of each named input, one at a time."""
    return Ends(inputs, names)
