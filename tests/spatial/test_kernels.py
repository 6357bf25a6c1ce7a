"""Weighted sums over surroundings: worked examples, a direct sum, laws, bad input."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caminos.spatial.kernels import KERNELS, Surroundings, kernel

EXAMPLES = sorted((Path(__file__).parent / "examples").glob("kernel*.toml"))
FEW = settings(max_examples=40, deadline=None, derandomize=True)
SIDES = st.integers(1, 13)


def direct(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Sum over the surroundings, cell by cell."""
    rows, columns = values.shape
    reach = len(weights) // 2
    found = np.zeros(values.shape)
    for row, column in np.ndindex(rows, columns):
        for i, j in np.ndindex(rows, columns):
            if abs(i - row) <= reach and abs(j - column) <= reach:
                found[row, column] += values[i, j] * weights[i - row + reach, j - column + reach]
    return found


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_worked_example(path: Path) -> None:
    example = tomllib.loads(path.read_text(encoding="utf-8"))
    weights = kernel(example["kernel"], example["reach"])
    middle = len(weights) // 2
    for distance, expected in example["expected"]["weights"]:
        found = weights[middle, middle + distance], weights[middle - distance, middle]
        np.testing.assert_allclose(found, expected, rtol=0, atol=example["expected"]["tolerance"])


@given(st.sampled_from(sorted(KERNELS)), st.floats(0.2, 9), st.one_of(st.none(), st.floats(0.2, 9)))
@FEW
def test_weights_fall_with_distance_and_end(name: str, reach: float, cut: float | None) -> None:
    weights = kernel(name, reach, cut)
    assert len(weights) % 2 == 1
    np.testing.assert_array_equal(weights, weights.T)
    np.testing.assert_array_equal(weights, weights[::-1])
    middle = len(weights) // 2
    away = np.hypot(*(np.indices(weights.shape) - middle))
    end = reach if cut is None else cut
    assert not weights[away > end * (1 + 1e-9)].any()
    assert weights.min() >= 0
    assert weights[middle, middle] == weights.max() > 0
    near = np.argsort(away[away <= end], kind="stable")
    assert (np.diff(weights[away <= end][near]) <= 1e-12).all()


def test_a_cell_exactly_at_the_reach_counts() -> None:
    assert kernel("dichotomy", 5).sum() == 81  # lattice points in a disk of radius 5
    assert kernel("dichotomy", 4.999).sum() == 69  # without the twelve at exactly 5
    assert kernel("dichotomy", 0.3 / 0.1).shape == (7, 7)  # 2.9999999999999996


@given(
    st.tuples(SIDES, SIDES), st.sampled_from(sorted(KERNELS)), st.floats(0.3, 20),
    st.one_of(st.none(), st.integers(1, 9)), st.integers(0, 99),
)  # fmt: skip
@FEW
def test_sums_are_those_of_the_definition(
    shape: tuple[int, int], name: str, reach: float, tile: int | None, seed: int
) -> None:
    values = np.random.default_rng(seed).uniform(-1, 1, shape)
    weights = kernel(name, reach)
    around = Surroundings(shape, [weights], tile=tile, dtype=np.float64)
    np.testing.assert_allclose(around.whole(values), direct(values, weights), rtol=0, atol=1e-11)
    whole = np.zeros(shape)
    for part in around.tiles():
        whole[part.inner] = around.inside(0, part)
    np.testing.assert_allclose(whole, direct(np.ones(shape), weights), rtol=0, atol=1e-9)


@given(st.tuples(SIDES, SIDES), st.floats(0.5, 8), st.integers(1, 9), st.integers(0, 99))
@FEW
def test_several_kernels_at_once(shape: tuple[int, int], reach: float, tile: int, seed: int) -> None:
    values = np.random.default_rng(seed).uniform(0, 1, shape)
    kernels = [kernel("dichotomy", reach), kernel("exponential", reach, 2 * reach)]
    around = Surroundings(shape, kernels, tile=tile, dtype=np.float64)
    for which, weights in enumerate(kernels):
        np.testing.assert_allclose(around.whole(values, which), direct(values, weights), rtol=0, atol=1e-11)


def test_tiles_cover_every_cell_once() -> None:
    seen = np.zeros((23, 17), int)
    around = Surroundings(seen.shape, [kernel("dichotomy", 2)], tile=5)
    for part in around.tiles():
        seen[part.inner] += 1
        inner = tuple(slice(o.start + w.start, o.start + w.stop) for o, w in zip(part.outer, part.within, strict=True))
        assert inner == part.inner
    assert (seen == 1).all()


@pytest.mark.parametrize("reach", [0, -1, np.nan, np.inf])
def test_no_reach(reach: float) -> None:
    with pytest.raises(ValueError, match="reach"):
        kernel("gaussian", reach)


def test_unknown_kernel() -> None:
    with pytest.raises(ValueError, match="kernel: 'cone' is not one of"):
        kernel("cone", 3)


def test_no_tile() -> None:
    with pytest.raises(ValueError, match="tile"):
        Surroundings((3, 3), [kernel("dichotomy", 1)], tile=0)
