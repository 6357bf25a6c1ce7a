"""Draws: one scrambled Sobol point set for all cases, so that differences between cases are not noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from caminos.model.axes import DRAW, GROUP, KIND
from caminos.model.values import Input

_TWO_SIDED_95 = 1.959963984540054


def quantile(u: np.ndarray, low: np.ndarray, mid: np.ndarray, high: np.ndarray, distribution: str) -> np.ndarray:
    """Values at cumulative probability `u`.

    The central value is the median of every kind but uniform, so that skewed published intervals are
    kept and a value at one end of its range stays in it: normal and lognormal are split there (low and
    high at 2.5 and 97.5 %), triangular is made of two half triangles that end at low and high.
    A lognormal whose range touches zero falls back to triangular.
    """
    if distribution == "uniform":
        return np.asarray(low + (high - low) * u)
    same_sign = bool(np.all(low * high > 0) and np.all(low * mid > 0))
    if distribution == "normal" or (distribution == "lognormal" and same_sign):
        from scipy.special import ndtri

        z = ndtri(u) / _TWO_SIDED_95
        if distribution == "normal":
            return np.asarray(mid + np.where(z > 0, high - mid, mid - low) * z)
        return np.asarray(mid * np.exp(np.where(z > 0, np.log(high / mid), np.log(mid / low)) * z))
    left = mid - (mid - low) * (1 - np.sqrt(np.minimum(2 * u, 1)))
    right = mid + (high - mid) * (1 - np.sqrt(np.minimum(2 * (1 - u), 1)))
    return np.asarray(np.where(u < 0.5, left, right))


def _dimensions(inputs: Mapping[str, Input]) -> dict[str, int]:
    """How many independent dimensions each uncertain input has (zones of one fact share one)."""
    found = {}
    for name in sorted(inputs):
        count = 0 if inputs[name].distribution == "fixed" else _independent(inputs[name])
        if count:
            found[name] = count
    return found


def _independent(item: Input) -> int:
    if not item.uncertain.size:
        return 0
    group, kind = item.central.shape[4:]
    return int(group * kind)


def monte_carlo(inputs: Mapping[str, Input], draws: int, seed: int) -> dict[str, np.ndarray]:
    """Values of every uncertain input with `draws` along the draw axis; the others stay central."""
    sizes = _dimensions(inputs)
    if not sizes:
        return {}
    from scipy.stats import qmc

    # a Sobol set is balanced at powers of two: draw the next power and keep the first
    points = qmc.Sobol(sum(sizes.values()), scramble=True, rng=seed).random_base2(int(np.ceil(np.log2(draws))))
    points = np.clip(points[:draws], 1e-9, 1 - 1e-9)
    arrays, start = {}, 0
    for name, size in sizes.items():
        item = inputs[name]
        group, kind = item.central.shape[4:]
        u = points[:, start : start + size].reshape(1, draws, 1, 1, group, kind)
        arrays[name] = _shares(item, quantile(u, item.low, item.central, item.high, item.distribution))
        start += size
    return arrays


def _shares(item: Input, drawn: np.ndarray) -> np.ndarray:
    """Shares stay shares: draws of a composition are scaled to the central total."""
    drawn = np.where(np.isfinite(item.central), drawn, np.nan)
    if item.distribution != "dirichlet":
        return drawn
    axis = GROUP if item.central.shape[KIND] == 1 else KIND
    whole = np.nansum(item.central, axis=axis, keepdims=True)
    return np.asarray(drawn / np.nansum(drawn, axis=axis, keepdims=True) * whole)


def ends(inputs: Mapping[str, Input], names: Sequence[str]) -> dict[str, np.ndarray]:
    """Each named input alone at its low and its high end, as draws: 0 central, then low, high, low, high …"""
    draws = 1 + 2 * len(names)
    arrays = {}
    for place, name in enumerate(names):
        item = inputs[name]
        values = np.repeat(item.central, draws, axis=DRAW)
        values[:, 1 + 2 * place : 2 + 2 * place] = item.low
        values[:, 2 + 2 * place : 3 + 2 * place] = item.high
        arrays[name] = _shares(item, values)
    return arrays
