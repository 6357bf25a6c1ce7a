"""Access from travel times: worked examples, laws, bad input."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array

from caminos.spatial import travel
from caminos.spatial.travel import (
    access,
    decay_weight,
    dense,
    people_within,
    public_transport_coverage,
    sparse,
    two_step_floating_catchment,
)

EXAMPLES = sorted((Path(__file__).parent / "examples").glob("access*.toml"))
FEW = settings(max_examples=40, deadline=None, derandomize=True)
DECAYS = [("exponential", 0.1), ("power", 1.5), ("gaussian", 20.0)]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_worked_example(path: Path) -> None:
    example = tomllib.loads(path.read_text(encoding="utf-8"))
    inputs: dict[str, Any] = example["inputs"]
    if "weights" in inputs:
        inputs["weights"] = {float(minutes): weight for minutes, weight in inputs["weights"].items()}
    result = getattr(travel, example["function"])(**inputs)
    tolerance = example["expected"].pop("tolerance")
    for name, expected in example["expected"].items():
        found = result if name == "result" else getattr(result, name)
        np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


# laws


def tables(places: int = 4) -> st.SearchStrategy[np.ndarray]:
    """Travel times with no way here and there: infinite or missing."""
    minutes = st.one_of(st.integers(0, 60).map(float), st.just(np.inf), st.just(np.nan))
    return arrays(float, (5, places), elements=minutes)


amounts = arrays(float, (4,), elements=st.integers(0, 50).map(float))
crowds = arrays(float, (5,), elements=st.integers(0, 50).map(float))


@given(tables(), amounts, st.integers(0, 60), st.sampled_from(DECAYS))
@FEW
def test_dense_and_sparse_travel_times_agree(times, opportunities, limit, decay):
    stored = sparse(times)
    np.testing.assert_array_equal(dense(stored), dense(times))
    for given_ in ({"limit": limit}, {"decay": decay[0], "parameter": decay[1]}):
        one = access(travel_time=times, opportunities=opportunities, **given_)
        np.testing.assert_allclose(access(travel_time=stored, opportunities=opportunities, **given_), one, atol=1e-9)
    one, other = (
        two_step_floating_catchment(supply=opportunities, demand=np.ones(5), travel_time=given_, catchment=limit)
        for given_ in (times, stored)
    )
    np.testing.assert_allclose(one.access, other.access)


@given(tables(), amounts, amounts, st.integers(0, 60), st.sampled_from(DECAYS))
@FEW
def test_more_opportunities_never_lower_access(times, opportunities, more, limit, decay):
    for given_ in ({"limit": limit}, {"decay": decay[0], "parameter": decay[1]}):
        before = access(travel_time=times, opportunities=opportunities, **given_)
        assert (access(travel_time=times, opportunities=opportunities + more, **given_) >= before - 1e-9).all()


@given(tables(), amounts, st.integers(0, 60))
@FEW
def test_a_shorter_way_or_a_longer_limit_never_lowers_access(times, opportunities, limit):
    before = access(travel_time=times, opportunities=opportunities, limit=[limit, limit + 5])
    assert (np.diff(before, axis=0) >= 0).all()
    assert (access(travel_time=times / 2, opportunities=opportunities, limit=limit) >= before[0]).all()


@given(tables(), amounts, crowds, st.integers(0, 60), st.permutations(range(5)))
@FEW
def test_the_order_of_origins_does_not_matter(times, opportunities, people, limit, order):
    whole = access(travel_time=times, opportunities=opportunities, limit=limit)
    np.testing.assert_array_equal(
        access(travel_time=times[order], opportunities=opportunities, limit=limit), whole[order]
    )
    one = people_within(travel_time=times, opportunities=opportunities, people=people, minutes=limit)
    other = people_within(travel_time=times[order], opportunities=opportunities, people=people[order], minutes=limit)
    np.testing.assert_allclose(one.people, other.people)


@given(tables(), amounts, crowds, st.integers(0, 60))
@FEW
def test_a_catchment_hands_out_what_somebody_reaches(times, supply, demand, catchment):
    result = two_step_floating_catchment(supply=supply, demand=demand, travel_time=times, catchment=catchment)
    served = ((dense(times) <= catchment) * demand[:, None]).sum(axis=0) > 0
    np.testing.assert_allclose((result.access * demand).sum(), supply[served].sum())
    np.testing.assert_array_equal(np.isnan(result.ratio), ~served)


@given(tables(), arrays(float, (4, 3), elements=st.integers(0, 1).map(float)), st.integers(0, 60))
@FEW
def test_people_are_counted_once(times, opportunities, minutes):
    people = np.arange(10.0).reshape(5, 2)
    result = people_within(travel_time=times, opportunities=opportunities, people=people, minutes=minutes)
    assert (result.people <= people.sum(axis=0)[:, None] + 1e-9).all()
    assert (result.people_all <= result.people.min(axis=1) + 1e-9).all()
    one_by_one = np.zeros((2, 3))
    for origin in range(5):
        for category in range(3):
            near = [j for j in range(4) if times[origin, j] <= minutes and opportunities[j, category] > 0]
            one_by_one[:, category] += people[origin] if near else 0
    np.testing.assert_allclose(result.people, one_by_one)
    np.testing.assert_allclose(
        result.people.sum(axis=0) / people.sum(), result.share.T @ people.sum(axis=0) / people.sum()
    )


# missing values


def test_no_way_is_never_zero_minutes():
    none = np.array([[np.nan, np.inf]])
    assert access(travel_time=none, opportunities=[5, 5], limit=60) == 0
    assert access(travel_time=csr_array((1, 2)), opportunities=[5, 5], limit=60) == 0
    stored = csr_array((np.array([0.0, np.nan]), np.array([0, 1]), np.array([0, 2])), shape=(1, 2))
    assert access(travel_time=stored, opportunities=[5, 7], limit=0) == 5
    assert access(travel_time=stored, opportunities=[5, 7], decay="exponential", parameter=1) == 5
    assert (decay_weight([np.nan, np.inf, 0], "exponential", 1) == [0, 0, 1]).all()
    assert not np.isfinite(dense(csr_array((1, 2)))).any()


def test_what_is_not_known_stays_so():
    times = np.array([[0, 10.0], [10, 0], [np.nan, 0]])
    np.testing.assert_array_equal(
        access(travel_time=times, opportunities=[np.nan, 2], limit=5), [np.nan, 2, 2]
    )  # fmt: skip
    result = two_step_floating_catchment(supply=[np.nan, 2], demand=[1, 1, 1], travel_time=times, catchment=5)
    np.testing.assert_array_equal(result.access, [np.nan, 1, 1])
    result = two_step_floating_catchment(supply=[4, 2], demand=[np.nan, 1, 1], travel_time=times, catchment=5)
    np.testing.assert_array_equal(result.access, [np.nan, 1, 1])
    reach = people_within(travel_time=times, opportunities=[[np.nan], [1]], people=[1, 1, 1], minutes=5)
    assert np.isnan(reach.people).all()
    reach = people_within(travel_time=times, opportunities=[[np.nan], [1]], people=[1, 1, 1], minutes=10)
    assert (reach.share == 1).all()  # the unknown place does not matter where another is near
    reach = people_within(travel_time=times, opportunities=[[1, 0], [1, np.nan]], people=[1, 1, 1], minutes=5)
    np.testing.assert_array_equal(reach.people, [3, np.nan])
    assert np.isnan(reach.people_all)
    assert np.isnan(people_within(travel_time=times, opportunities=[1, 1], people=[np.nan, 1, 1]).people).all()


def test_people_who_are_none_have_no_share():
    reach = people_within(travel_time=np.zeros((2, 1)), opportunities=[1], people=np.zeros(2))
    assert np.isnan(reach.share).all()
    assert reach.people == 0
    assert np.isnan(public_transport_coverage(people=[0.0], distance_to_stop=[10]))


# bad input


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"travel_time": [[-1.0]], "opportunities": [1], "limit": 5}, "travel_time is below 0"),
        ({"travel_time": csr_array([[-1.0]]), "opportunities": [1], "limit": 5}, "travel_time is below 0"),
        ({"travel_time": [1.0, 2.0], "opportunities": [1, 1], "limit": 5}, "table"),
        ({"travel_time": [[1.0, 2.0]], "opportunities": [1], "limit": 5}, "opportunities has the shape"),
        ({"travel_time": [[1.0]], "opportunities": [-1], "limit": 5}, "opportunities is below 0"),
        ({"travel_time": [[1.0]], "opportunities": [1]}, "limit"),
        ({"travel_time": [[1.0]], "opportunities": [1], "limit": -5}, "limit is -5"),
        ({"travel_time": [[1.0]], "opportunities": [1], "limit": np.nan}, "limit is nan"),
        ({"travel_time": [[1.0]], "opportunities": [1], "decay": "linear"}, "decay is 'linear'"),
        ({"travel_time": [[1.0]], "opportunities": [1], "decay": "power"}, "needs a parameter"),
        ({"travel_time": [[1.0]], "opportunities": [1], "decay": "power", "parameter": 0}, "needs a parameter"),
    ],
)
def test_bad_input_is_said(arguments, words):
    with pytest.raises(ValueError, match=words):
        access(**arguments)


def test_bad_catchments_are_said():
    good = {"supply": [1.0], "demand": [1.0, 1.0], "travel_time": np.ones((2, 1))}
    for name, value, words in (
        ("supply", [1, 2], "supply has the shape"),
        ("demand", [1], "demand has the shape"),
        ("demand", [-1, 1], "demand is below 0"),
        ("demand", np.ones((2, 2)), "one dimension"),
        ("catchment", -1, "catchment is -1"),
        ("catchment", np.nan, "catchment is nan"),
    ):
        with pytest.raises(ValueError, match=words):
            two_step_floating_catchment(**{**good, name: value})
    with pytest.raises(ValueError, match="people has the shape"):
        people_within(travel_time=np.ones((2, 1)), opportunities=[1], people=[1])
    with pytest.raises(ValueError, match="one dimension"):
        public_transport_coverage(people=[1], distance_to_stop=[[1]])
