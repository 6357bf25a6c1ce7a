"""Draws: one for every source of error, by its name, the same in every city and every case.

So differences between cases and between cities are not noise, and a city that lacks an input, or has one more,
draws all others as before. Groups, kinds and zones of one input share its draw, so that a curve stays a curve and errors
of a table add up; the kinds of a composition have draws of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from zlib import crc32

import numpy as np

from caminos.model.axes import DRAW, GROUP, KIND, QUINTILES, labels
from caminos.model.evaluation import Variation
from caminos.model.values import Chain, Column, Input

_TWO_SIDED_95 = 1.959963984540054


def _score(u: np.ndarray) -> np.ndarray:
    """The standard normal score of a probability."""
    from scipy.special import ndtri

    return np.asarray(ndtri(u))


def _probability(z: np.ndarray) -> np.ndarray:
    """The probability of a standard normal score."""
    from scipy.special import ndtr

    return np.asarray(ndtr(z))


def quantile(u: np.ndarray, low: np.ndarray, mid: np.ndarray, high: np.ndarray, distribution: str) -> np.ndarray:
    """Values at cumulative probability `u`.

    The central value is the median of every kind but uniform, so that skewed published intervals are
    kept and a value at one end of its range stays in it: normal and lognormal are split there (low and
    high at 2.5 and 97.5 %), triangular is made of two half triangles that end at low and high.
    A row of a lognormal whose range touches zero falls back to triangular. Beyond the ends of its range a curve moves
    as a whole, by the step of its surest kind, so that it stays monotone.
    """
    if distribution == "uniform":
        return np.asarray(low + (high - low) * u)
    if distribution == "normal":
        return _split_normal(_score(u) / _TWO_SIDED_95, low, mid, high)
    if distribution == "lognormal":
        axes = tuple(range(1, np.ndim(mid)))
        same_sign = np.all((low * high > 0) & (low * mid > 0) | np.isnan(mid), axis=axes, keepdims=True)
        if not same_sign.all():
            return np.where(same_sign, _lognormal(u, low, mid, high), _triangular(u, low, mid, high))
        return _lognormal(u, low, mid, high)
    return _triangular(u, low, mid, high)


def _split_normal(z: np.ndarray, low: np.ndarray, mid: np.ndarray, high: np.ndarray) -> np.ndarray:
    """A normal distribution split at the centre, `z` in steps that lead to the ends of the range."""
    up, down = high - mid, mid - low
    inside = np.clip(z, -1, 1)
    beyond = z - inside
    return np.asarray(mid + np.where(z > 0, up * inside + _surest(up) * beyond, down * inside + _surest(down) * beyond))


def _surest(step: np.ndarray) -> np.ndarray:
    """The smallest step of the groups and kinds of a row; its own where there is but one."""
    axes = tuple(axis for axis in (GROUP, KIND) if axis < np.ndim(step) and step.shape[axis] > 1)
    return np.nan_to_num(np.fmin.reduce(step, axis=axes, keepdims=True)) if axes else step


def _lognormal(u: np.ndarray, low: np.ndarray, mid: np.ndarray, high: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        sign = np.sign(mid)
        logs = [np.log(np.abs(end)) for end in (low, mid, high)]
        return np.asarray(sign * np.exp(sign * _split_normal(_score(u) / _TWO_SIDED_95, *(sign * log for log in logs))))


def _triangular(u: np.ndarray, low: np.ndarray, mid: np.ndarray, high: np.ndarray) -> np.ndarray:
    left = mid - (mid - low) * (1 - np.sqrt(np.minimum(2 * u, 1)))
    right = mid + (high - mid) * (1 - np.sqrt(np.minimum(2 * (1 - u), 1)))
    return np.asarray(np.where(u < 0.5, left, right))


@lru_cache(maxsize=4096)
def scores(source: Chain, draws: int, seed: int) -> np.ndarray:
    """Standard normal scores [draw] of a source of error: its own, and the part it shares with the next of its chain.

    A source that stands alone is a Latin hypercube: one score in each of `draws` equally likely strata.
    """
    (name, shared), rest = source[0], source[1:]
    random = np.random.default_rng([seed, crc32(name.encode())])
    strata = (random.permutation(draws) + random.uniform(size=draws)) / draws
    found = _score(np.clip(strata, 1e-9, 1 - 1e-9))
    if rest and shared:
        found = shared * scores(rest, draws, seed) + np.sqrt(1 - shared**2) * found
    found.flags.writeable = False
    return np.asarray(found)


@lru_cache(maxsize=4096)
def points(source: Chain, draws: int, seed: int) -> np.ndarray:
    """Probabilities [draw] of a source of error."""
    found = _probability(scores(source, draws, seed))
    found.flags.writeable = False
    return np.asarray(found)


def largest_correlation(sources: Sequence[Chain], draws: int, seed: int) -> float:
    """The largest correlation (in absolute value) between scores of sources of error that share none: it is spurious."""
    alone = sorted({((name, 0.0),) for source in sources for name, _shared in source})
    if len(alone) < 2:
        return 0.0
    found = np.corrcoef([scores(source, draws, seed) for source in alone])
    return float(np.abs(found - np.eye(len(alone))).max())


def sources_of(column: Column, classification: str = "") -> list[Chain]:
    """Every source of error of an input: one, or where its kinds are drawn apart one for each; then its family's."""
    own = column.error.source or ((column.name, 0.0),)
    apart = _apart(column, classification) if _is_apart(column) else [""]
    found: list[Chain] = [((f"{own[0][0]} {label}".rstrip(), own[0][1]), *own[1:]) for label in apart]
    return found + ([column.error.family] if column.error.family else [])


def _is_apart(column: Column) -> bool:
    """Whether the kinds of some row have draws of their own."""
    return column.error.independent or "dirichlet" in column.distributions


def _apart(column: Column, classification: str) -> list[str]:
    """A name for every group and kind: its label, so that another order or one more changes no other."""
    group, kind = column.central.shape[GROUP:]
    kinds = labels(classification) if classification and kind > 1 else tuple(map(str, range(kind)))
    groups = QUINTILES if group == len(QUINTILES) else tuple(map(str, range(group)))
    return [f"{one} {other}" for one in groups for other in kinds]


def drawn(
    column: Column,
    rows: np.ndarray,
    draws: int,
    seed: int,
    part: slice = slice(None),
    classification: str = "",
) -> np.ndarray:
    """Values of some rows of a column, whose kinds are of a classification, with `part` of the draws."""
    at = slice(None) if len(column.central) == 1 else rows
    given = [array if len(array) == 1 else array[at] for array in (column.central, *column.drawn_range)]
    of_row = [column.distributions[0]] if len(column.central) == 1 else [column.distributions[row] for row in rows]
    several = sorted(set(of_row))
    least, spread, bounded = (_of_rows(array, at) for array in column.widths)
    found = []
    for distribution in several:
        u = _points_of(column, distribution, draws, seed, classification)[:, part]
        found.append(_drawn(u, given, distribution, least, bounded))
    whole = found[0]
    if len(several) > 1:
        chosen = np.array([several.index(distribution) for distribution in of_row])
        whole = whole.copy()
        for place in range(1, len(several)):
            whole[chosen == place] = found[place][chosen == place]
    if spread is None:
        return whole
    z = scores(column.error.family, draws, seed)[part].reshape(1, -1, 1, 1, 1, 1)
    return _moved(whole, spread * z, bounded)


def _points_of(column: Column, distribution: str, draws: int, seed: int, classification: str) -> np.ndarray:
    """Probabilities [1, draw, 1, 1, group, kind] of an input: one draw for all, or one for each group and kind."""
    own = column.error.source or ((column.name, 0.0),)
    if not (distribution == "dirichlet" or column.error.independent):
        return points(own, draws, seed).reshape(1, -1, 1, 1, 1, 1)
    (name, shared), rest = own[0], own[1:]
    each = [points(((f"{name} {label}", shared), *rest), draws, seed) for label in _apart(column, classification)]
    return np.stack(each, axis=-1).reshape(1, draws, 1, 1, *column.central.shape[GROUP:])


def _of_rows(array: np.ndarray | None, at: slice | np.ndarray) -> np.ndarray | None:
    return None if array is None else array[at]


def _drawn(
    u: np.ndarray,
    given: Sequence[np.ndarray],
    distribution: str,
    least: np.ndarray | None,
    bounded: np.ndarray | None,
) -> np.ndarray:
    """Draws of rows that share one distribution, at least as wide as `least`; "fixed" stays central."""
    central, low, high = given
    if distribution == "fixed":
        return np.asarray(np.broadcast_to(central, np.broadcast_shapes(central.shape, u.shape[:2] + (1,) * 4)))
    values = np.where(np.isfinite(central), quantile(u, low, central, high, distribution), np.nan)
    if least is not None:  # the farther of the two from the median: no narrower than either
        wide = _moved(central, least * _score(u), bounded)
        values = np.where(least > 0, np.where(u > 0.5, np.maximum(values, wide), np.minimum(values, wide)), values)
    if distribution in _UNBOUNDED:
        values = np.where(low < 0, values, np.maximum(values, 0))
        values = values if bounded is None else np.where(bounded, np.minimum(values, 1), values)
    return _shares(central, values) if distribution == "dirichlet" else values


_UNBOUNDED = ("normal", "lognormal")


def _moved(values: np.ndarray, step: np.ndarray, bounded: np.ndarray | None) -> np.ndarray:
    """Values moved by a step in logarithms; in logits where they are bounded by 0 and 1 (which stay)."""
    factor = np.exp(step)
    if bounded is None:
        return np.asarray(values * factor)
    return np.asarray(values * factor / np.where(bounded, 1 + values * (factor - 1), 1.0))


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
