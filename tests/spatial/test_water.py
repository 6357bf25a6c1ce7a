"""Runoff and storm water: worked examples, the curve numbers, laws, bad input."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from caminos.spatial import water
from caminos.spatial.water import curve_number_table, potential_retention, runoff, stormwater, surrounding_retention

EXAMPLES = sorted((Path(__file__).parent / "examples").glob("water*.toml"))
FEW = settings(max_examples=30, deadline=None, derandomize=True)
SHARES = arrays(float, (4, 5), elements=st.floats(0, 1))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_worked_example(path: Path) -> None:
    example = tomllib.loads(path.read_text(encoding="utf-8"))
    tolerance = example["expected"].pop("tolerance")
    result = getattr(water, example["function"])(**example["inputs"])
    for name, expected in example["expected"].items():
        found = result if name == "result" else getattr(result, name)
        np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


# ---------------------------------------------------------------- runoff of a storm

RAIN, NUMBER = st.floats(0, 800), st.floats(1, 100)


@given(RAIN, NUMBER, st.floats(0, 0.5))
@FEW
def test_rain_runs_off_or_stays(rain: float, number: float, abstraction: float) -> None:
    result = runoff(precipitation=rain, curve_number=number, initial_abstraction=abstraction, cell_size=30)
    assert 0 <= result.runoff <= rain
    assert result.runoff + result.retention == pytest.approx(rain, abs=1e-12)
    assert result.total_runoff_volume + result.total_retention_volume == pytest.approx(0.9 * rain, abs=1e-12)
    assert rain == 0 or 0 <= result.retention_share <= 1


@given(RAIN, st.tuples(NUMBER, NUMBER))
@FEW
def test_tighter_ground_sheds_more(rain: float, numbers: tuple[float, float]) -> None:
    low, high = (runoff(precipitation=rain, curve_number=number).runoff for number in sorted(numbers))
    assert low <= high + 1e-12


@given(st.tuples(RAIN, RAIN), NUMBER)
@FEW
def test_more_rain_runs_off_more(rains: tuple[float, float], number: float) -> None:
    low, high = (runoff(precipitation=rain, curve_number=number).runoff for rain in sorted(rains))
    assert low <= high + 1e-12


def test_missing_cells_stay_missing_and_sums_hold_the_rest() -> None:
    result = runoff(precipitation=[[50, np.nan], [50, 50]], curve_number=[[80, 80], [np.nan, 80]], cell_size=10)
    np.testing.assert_array_equal(np.isnan(result.runoff), [[False, True], [True, False]])
    assert result.total_runoff_volume == pytest.approx(2 * 1.3802480, abs=1e-6)
    assert np.isnan(runoff(precipitation=50, curve_number=np.nan, cell_size=10).total_runoff_volume)


def test_rows_and_columns_broadcast() -> None:
    result = runoff(precipitation=np.array([[50.0], [80]]), curve_number=np.array([98, 80, 61]))
    assert result.runoff.shape == (2, 3)
    assert runoff(precipitation=50, curve_number=80).runoff_volume is None


def test_curve_numbers_of_the_table() -> None:
    table = curve_number_table()
    numbers = dict(zip(table.cover, table.curve_number.tolist(), strict=True))
    assert len(numbers) == len(table.cover)
    for cover, expected in {
        "impervious": [98, 98, 98, 98], "residential 1/8 acre": [77, 85, 90, 92],
        "residential 1/4 acre": [61, 75, 83, 87], "residential 1/2 acre": [54, 70, 80, 85],
        "commercial": [89, 92, 94, 95], "industrial": [81, 88, 91, 93], "open space, good condition": [39, 61, 74, 80],
        "gravel street": [76, 85, 89, 91], "dirt street": [72, 82, 87, 89], "newly graded": [77, 86, 91, 94],
        "woods, good condition": [30, 55, 70, 77],
    }.items():  # fmt: skip
        assert numbers[cover] == expected
    assert (np.diff(table.curve_number, axis=1) >= 0).all()  # soils take up less from A to D
    assert (table.curve_number > 0).all()
    assert (table.curve_number <= 98).all()
    assert set(table.quality) <= {"A", "B"}
    assert all(table.source)


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"precipitation": -1, "curve_number": 80}, "precipitation must lie"),
        ({"precipitation": np.inf, "curve_number": 80}, "precipitation must lie"),
        ({"precipitation": 50, "curve_number": 0}, "curve_number must lie above 0"),
        ({"precipitation": 50, "curve_number": [80, 101]}, "curve_number must lie above 0"),
        ({"precipitation": 50, "curve_number": 80, "initial_abstraction": 2}, "initial_abstraction must lie"),
        ({"precipitation": 50, "curve_number": 80, "cell_size": 0}, "cell_size must be a length"),
        ({"precipitation": [1, 2], "curve_number": [80, 80, 80]}, "do not fit"),
    ],
)
def test_bad_storms_are_said(given_: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        runoff(**given_)
    assert potential_retention(np.nan) != potential_retention(100)


# ---------------------------------------------------------------- storm water of a year


@given(SHARES, SHARES, st.floats(0, 4000))
@FEW
def test_the_year_s_rain_runs_off_or_stays(coefficient: np.ndarray, around: np.ndarray, rain: float) -> None:
    result = stormwater(
        precipitation=rain, runoff_coefficient=coefficient, surrounding_retention=around, cell_size=25,
        event_mean_concentration=np.array([2.0, 30.0])[:, None, None],
    )  # fmt: skip
    np.testing.assert_allclose(result.runoff_volume + result.retention_volume, 0.625 * rain, rtol=1e-12, atol=1e-300)
    plain = stormwater(precipitation=rain, runoff_coefficient=coefficient, cell_size=25)
    assert (result.retention_share >= plain.retention_share).all()
    assert (result.retention_share <= 1 + 1e-12).all()
    assert plain.pollutant_load is None
    assert plain.total_percolation_volume is None
    assert result.pollutant_load is not None
    assert result.pollutant_load.shape == (2, 4, 5)
    np.testing.assert_allclose(
        result.total_pollutant_load, np.array([0.002, 0.03]) * result.total_runoff_volume, rtol=1e-9, atol=1e-15
    )


def around_by_hand(share: np.ndarray, connected: np.ndarray, radius: float, cell: float) -> np.ndarray:
    """Mean retention within the radius, zero near connected cells, by a loop over all pairs of cells."""
    result = np.full(share.shape, np.nan)
    cells = list(np.ndindex(*share.shape))
    for here in cells:
        near = [c for c in cells if (c[0] - here[0]) ** 2 + (c[1] - here[1]) ** 2 <= (radius / cell) ** 2 + 1e-9]
        if not np.isnan(share[here]):
            result[here] = 0 if any(connected[c] for c in near) else np.nanmean([share[c] for c in near])
    return result


@given(
    st.integers(1, 9), st.integers(1, 9), st.sampled_from([0, 5, 10, 14.2, 20, 33, 60, 500]), st.integers(0, 10**6),
    st.sampled_from([0, 0.03, 0.3]),
)  # fmt: skip
@FEW
def test_ground_around_by_hand(rows: int, columns: int, radius: float, seed: int, joined: float) -> None:
    random = np.random.default_rng(seed)
    share, connected = random.random((rows, columns)), random.random((rows, columns)) < joined
    share[random.random(share.shape) < 0.2] = np.nan
    found = surrounding_retention(retention_share=share, connected=connected, radius=radius, cell_size=10)
    np.testing.assert_allclose(found, around_by_hand(share, connected, radius, 10), rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"connected": np.zeros((2, 3), bool)}, "rasters of one shape"),
        ({"connected": np.full((2, 2), np.nan)}, "true or false"),
        ({"retention_share": np.full((2, 2), 1.2)}, "retention_share must lie"),
        ({"radius": -1}, "radius must be"),
        ({"cell_size": np.nan}, "cell_size must be"),
    ],
)
def test_bad_surroundings_are_said(changed: dict[str, Any], message: str) -> None:
    given_ = {"retention_share": np.ones((2, 2)), "connected": np.zeros((2, 2), bool), "radius": 10, "cell_size": 10}
    with pytest.raises(ValueError, match=message):
        surrounding_retention(**given_ | changed)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"runoff_coefficient": 1.2}, "runoff_coefficient must lie between 0 and 1"),
        ({"precipitation": -5}, "precipitation must lie"),
        ({"percolation_share": [0.1, 2]}, "percolation_share must lie"),
        ({"event_mean_concentration": -1}, "event_mean_concentration must lie"),
        ({"surrounding_retention": [0.1, 0.2, 0.3]}, "do not fit"),
    ],
)
def test_bad_years_are_said(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        stormwater(**{"precipitation": [900, 1000], "runoff_coefficient": 0.5, "cell_size": 10} | changed)
