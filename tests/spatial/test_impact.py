"""Expected impact: worked examples, CLIMADA's archive, event by event and place by place, laws, bad input."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import sparse

from caminos.planning.finance import present_value
from caminos.spatial import impact
from caminos.spatial.impact import (
    depth_damage,
    exceedance_curve,
    expected_annual_damage,
    expected_impact,
    hazard,
    impact_at_return_period,
    maximum_damage,
    return_period_frequency,
)

EXAMPLES = Path(__file__).parent / "examples"
TABLES = {"impact_depth_damage_curves", "impact_cost_benefit"}
ORACLE = Path(__file__).resolve().parents[2].parent / "shared" / "oracles" / "expected_impact_shared.npz"
FEW = settings(max_examples=30, deadline=None, derandomize=True)
INPUTS = ("event", "point", "intensity", "n_events", "n_points", "frequency", "value", "function",
          "function_intensity", "function_damage", "return_period")  # fmt: skip
RESULTS = ("expected_annual_impact", "aggregate", "impact_by_event", "impact_at_return_period")


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(EXAMPLES.glob("impact*.toml")) if path.stem not in TABLES],
    ids=lambda path: path.stem,
)
def test_worked_example(path: Path) -> None:
    example = tomllib.loads(path.read_text(encoding="utf-8"))
    tolerance = example["expected"].pop("tolerance")
    result = getattr(impact, example["function"])(**example["inputs"])
    for name, expected in example["expected"].items():
        found = result if name == "result" else getattr(result, name)
        np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


def test_depth_damage_of_every_use_and_region() -> None:
    example = tomllib.loads((EXAMPLES / "impact_depth_damage_curves.toml").read_text(encoding="utf-8"))
    curves = {use: regions for use, regions in example.items() if isinstance(regions, dict)}
    assert {(use, region) for use, regions in curves.items() for region in regions} == set(impact._curves())
    for use, regions in curves.items():
        for region, damage in regions.items():
            curve = depth_damage(use, region)
            found = np.interp(example["depth"], curve.depth, curve.damage)
            np.testing.assert_allclose(found, damage, rtol=0, atol=example["tolerance"])
            assert (np.diff(curve.depth) > 0).all()
            assert (np.diff(curve.damage) >= 0).all()
            assert curve.damage[0] == (0.202 if "basement" in use else 0)
            assert curve.quality == ("B" if region == "world" else "A")


def test_a_curve_that_is_not_published_is_not_made_up() -> None:
    with pytest.raises(ValueError, match=r"commercial.*Africa.*commercial, Europe"):
        depth_damage("commercial", "Africa")
    with pytest.raises(ValueError, match=r"school.*industrial"):
        maximum_damage(40000, "school")


def test_building_cost_by_use() -> None:
    incomes = np.array([1000.0, 40000.0])
    for use, factor, exponent in (("commercial", 33.642, 0.3574), ("industrial", 30.824, 0.3249)):
        np.testing.assert_allclose(maximum_damage(incomes, use), factor * incomes**exponent)


def test_cost_benefit_of_climada() -> None:
    example = tomllib.loads((EXAMPLES / "impact_cost_benefit.toml").read_text(encoding="utf-8"))
    years = np.arange(example["years"][0], example["years"][1] + 1)
    avoided = [without - measure for without, measure in (example["risk_present"], example["risk_future"])]
    for case, last in (("constant", avoided[0]), ("growing", avoided[1])):
        benefit = present_value(np.linspace(avoided[0], last, len(years)), years, years[0], example["rate"])
        assert benefit == pytest.approx(example["expected"][case]["benefit"], rel=1e-12)
        assert example["cost"] / benefit == pytest.approx(example["expected"][case]["cost_over_benefit"], rel=1e-12)


# ---------------------------------------------------------------- the peer


@pytest.fixture
def oracle() -> dict[str, Any]:
    if not ORACLE.is_file():
        pytest.skip("the reference archive is not here")
    with np.load(ORACLE) as archive:
        return {name: archive[name] for name in archive.files}


def test_climada_agrees(oracle: dict[str, Any]) -> None:
    result = expected_impact(**{name: oracle[name] for name in INPUTS})
    for name in RESULTS:
        np.testing.assert_allclose(getattr(result, name), oracle[name], rtol=1e-12)


def test_every_form_of_the_hazard_gives_the_same(oracle: dict[str, Any]) -> None:
    given_ = {name: oracle[name] for name in INPUTS if name not in ("event", "point", "intensity")}
    shape = int(oracle["n_events"]), int(oracle["n_points"])
    triples = sparse.coo_array((oracle["intensity"], (oracle["event"], oracle["point"])), shape=shape)
    shuffled = np.random.default_rng(0).permutation(triples.nnz)
    forms = [
        {"intensity": triples.tocsr()}, {"intensity": triples.tocsc()}, {"intensity": sparse.coo_matrix(triples)},
        {"intensity": triples.toarray()}, {"intensity": hazard(triples, n_events=shape[0], n_points=shape[1])},
        {name: oracle[name][shuffled] for name in ("event", "point", "intensity")},
    ]  # fmt: skip
    for form in forms:
        result = expected_impact(**given_, **form)
        for name in RESULTS:
            np.testing.assert_allclose(getattr(result, name), oracle[name], rtol=1e-9)


# ---------------------------------------------------------------- an independent computation


def one_by_one(case: dict[str, Any], ids: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Impact by event and expected annual impact, by a loop over every event and place."""
    events, points = case["intensity"].shape
    by_event, by_point = np.zeros(events), np.zeros(points)
    for event in range(events):
        for point in range(points):
            if case["intensity"][event, point] == 0:
                continue
            row = ids.index(case["function"][point])
            knots = np.broadcast_to(case["function_intensity"], np.shape(case["function_damage"]))[row]
            share = np.interp(case["intensity"][event, point], knots, case["function_damage"][row])
            by_event[event] += share * case["value"][point]
            by_point[point] += share * case["value"][point] * case["frequency"][event]
    return by_event, by_point


@st.composite
def cases(draw: st.DrawFn, rising: bool = False) -> tuple[dict[str, Any], list[int]]:
    """A small set of events, places and damage functions; the function ids in the order of the rows."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    events, points = draw(st.integers(1, 9)), draw(st.integers(1, 12))
    functions, knots = draw(st.integers(1, 4)), draw(st.sampled_from([2, 3, 6, 60]))
    ids = draw(st.permutations([-5, 3, 17, 250]))[:functions]
    shape = (functions, knots) if draw(st.booleans()) else (knots,)
    damage = random.random((functions, knots))
    case = {
        "intensity": np.where(random.random((events, points)) < draw(st.sampled_from([0, 0.1, 0.5, 1])),
                              random.uniform(0, 6, (events, points)), 0),
        "frequency": random.uniform(0.001, 0.5, events) if draw(st.booleans()) else np.full(events, 0.02),
        "value": random.uniform(0, 1e6, points),
        "function": random.choice(ids, points),
        "function_ids": ids,
        "function_intensity": np.cumsum(random.uniform(0.01, 10 / knots, shape), axis=-1),
        "function_damage": np.sort(damage, axis=1) if rising else damage,
        "return_period": [1e-3, 3, 10, 20, 1e4],
    }  # fmt: skip
    return case, list(ids)


@given(cases())
@FEW
def test_a_loop_gives_the_same(made: tuple[dict[str, Any], list[int]]) -> None:
    case, ids = made
    result = expected_impact(**case)
    by_event, by_point = one_by_one(case, ids)
    np.testing.assert_allclose(result.impact_by_event, by_event, rtol=1e-10)
    np.testing.assert_allclose(result.expected_annual_impact, by_point, rtol=1e-10)
    assert result.aggregate == pytest.approx(by_point.sum(), rel=1e-10)


def test_blocks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(1)
    case = {
        "intensity": sparse.random_array((40, 30), density=0.3, rng=random, format="csr"), "frequency": np.full(40, 0.1),
        "value": random.random(30), "function": np.ones(30), "function_intensity": [0, 0.3, 1],
        "function_damage": [0, 0.9, 1],
    }  # fmt: skip
    whole = expected_impact(**case)
    for form in (case["intensity"], case["intensity"].toarray()):
        for size in (1, 7, 100):
            monkeypatch.setattr(impact, "BLOCK", size)
            parts = expected_impact(**case | {"intensity": form})
            np.testing.assert_array_equal(parts.impact_by_event, whole.impact_by_event)
            np.testing.assert_allclose(parts.expected_annual_impact, whole.expected_annual_impact, rtol=1e-14)


# ---------------------------------------------------------------- laws


@given(cases(), st.randoms(use_true_random=False))
@FEW
def test_order_of_events_and_places_does_not_matter(made: tuple[dict[str, Any], list[int]], random: Any) -> None:
    case, _ids = made
    events, points = (random.sample(range(size), size) for size in case["intensity"].shape)
    result = expected_impact(**case)
    turned = expected_impact(**case | {
        "intensity": case["intensity"][events][:, points], "frequency": case["frequency"][events],
        "value": case["value"][points], "function": case["function"][points],
    })  # fmt: skip
    np.testing.assert_allclose(turned.impact_by_event, result.impact_by_event[events], rtol=1e-12)
    np.testing.assert_allclose(turned.expected_annual_impact, result.expected_annual_impact[points], rtol=1e-12)
    assert turned.aggregate == pytest.approx(result.aggregate, rel=1e-12)
    gaps = np.diff(np.sort(result.impact_by_event))  # ranks of events whose impacts differ by rounding are chance
    assume(((gaps == 0) | (gaps > 1e-6)).all())
    np.testing.assert_allclose(turned.impact_at_return_period, result.impact_at_return_period, rtol=1e-9)


@given(cases(), st.integers(1, 4), st.integers(1, 3), st.integers(0, 1000))
@FEW
def test_zones_groups_events_and_places_add_up(
    made: tuple[dict[str, Any], list[int]], n_zones: int, n_groups: int, seed: int
) -> None:
    case, _ids = made
    random = np.random.default_rng(seed)
    points = case["intensity"].shape[1]
    groups = random.dirichlet(np.ones(n_groups), points)
    result = expected_impact(**case, zone=random.integers(0, n_zones, points), n_zones=n_zones, groups=groups)
    assert result.by_zone is not None
    assert result.by_group is not None
    assert result.by_zone_and_group is not None
    assert result.by_zone.shape == (n_zones,)
    assert result.by_zone_and_group.shape == (n_zones, n_groups)
    total = pytest.approx(result.aggregate, rel=1e-9, abs=1e-12)
    assert result.expected_annual_impact.sum() == total
    assert case["frequency"] @ result.impact_by_event == total
    assert result.by_zone.sum() == total
    assert result.by_group.sum() == total
    np.testing.assert_allclose(result.by_zone_and_group.sum(axis=1), result.by_zone, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(result.by_zone_and_group.sum(axis=0), result.by_group, rtol=1e-9, atol=1e-12)


@given(cases(), st.floats(0.001, 1e6))
@FEW
def test_twice_the_value_is_twice_the_impact(made: tuple[dict[str, Any], list[int]], scale: float) -> None:
    case, _ids = made
    result, scaled = expected_impact(**case), expected_impact(**case | {"value": case["value"] * scale})
    for name in RESULTS:
        np.testing.assert_allclose(getattr(scaled, name), np.multiply(getattr(result, name), scale), rtol=1e-9)


@given(cases(rising=True), st.floats(0, 3))
@FEW
def test_deeper_water_never_does_less(made: tuple[dict[str, Any], list[int]], more: float) -> None:
    case, _ids = made
    result, deeper = (
        expected_impact(**case | {"intensity": np.where(case["intensity"] > 0, case["intensity"] + rise, 0)})
        for rise in (0, more)
    )
    # between events of unequal frequency that change places the curve, drawn with straight lines, may fall
    frequencies_are_equal = np.ptp(case["frequency"]) == 0
    for name in RESULTS if frequencies_are_equal else RESULTS[:3]:
        assert (np.asarray(getattr(deeper, name)) >= np.asarray(getattr(result, name)) * (1 - 1e-12)).all()


@given(cases())
@FEW
def test_the_exceedance_curve_rises_and_stays_among_the_events(made: tuple[dict[str, Any], list[int]]) -> None:
    case, _ids = made
    result = expected_impact(**case)
    assert (np.diff(result.impact_at_return_period) >= 0).all()
    assert result.impact_at_return_period[0] == result.impact_by_event.min()
    assert result.impact_at_return_period[-1] == result.impact_by_event.max()
    curve = exceedance_curve(result.impact_by_event, case["frequency"])
    assert curve.return_period[0] == pytest.approx(1 / case["frequency"].sum())


@given(
    st.lists(st.floats(1, 1e4), min_size=1, max_size=6, unique=True),
    st.integers(0, 1000),
)
@FEW
def test_weights_of_maps_are_the_trapezoid(periods: list[float], seed: int) -> None:
    assume(min(np.diff(sorted(periods)), default=1) > 1e-6)
    damage = np.random.default_rng(seed).random(len(periods))
    order = np.argsort(periods)
    probability, sorted_damage = 1 / np.array(periods)[order], damage[order]
    body = -np.trapezoid(sorted_damage, probability)
    tail = sorted_damage[-1] * probability[-1]
    assert expected_annual_damage(periods, damage, tail=False) == pytest.approx(body, rel=1e-9, abs=1e-15)
    assert expected_annual_damage(periods, damage) == pytest.approx(body + tail, rel=1e-9)
    assert return_period_frequency(periods).sum() == pytest.approx(1 / min(periods))
    maps = expected_impact(
        map_return_period=periods, intensity=damage[:, None], value=[1], function=[1], function_intensity=[0, 1],
        function_damage=[[0, 1]], return_period=sorted(periods),
    )  # fmt: skip
    assert maps.aggregate == pytest.approx(body + tail, rel=1e-9)
    np.testing.assert_allclose(maps.impact_at_return_period, sorted_damage, rtol=1e-12)


# ---------------------------------------------------------------- edges


def simple(**changed: Any) -> Any:
    """Two events over three places, with one function of 10 % damage for each metre."""
    case = {
        "intensity": np.array([[1.0, 2, 0], [0, 4, 20]]), "frequency": [0.1, 0.01], "value": [100, 100, 100],
        "function": [1, 1, 1], "function_intensity": [0, 10], "function_damage": [[0, 1]], **changed,
    }  # fmt: skip
    return expected_impact(**case)


def test_missing_stays_missing_and_what_is_known_stays_known() -> None:
    result = simple(intensity=np.array([[1.0, np.nan, 0], [0, 4, 20]]), zone=[0, 0, 1])
    np.testing.assert_allclose(result.expected_annual_impact, [1, np.nan, 1])
    np.testing.assert_allclose(result.impact_by_event, [np.nan, 140])
    np.testing.assert_allclose(result.by_zone, [np.nan, 1])
    assert np.isnan(result.aggregate)
    assert np.isnan(result.impact_at_return_period).all()
    result = simple(value=[100, 100, np.nan])
    np.testing.assert_allclose(result.expected_annual_impact, [1, 2.4, np.nan])
    np.testing.assert_allclose(result.impact_by_event, [30, np.nan])  # the first event does not reach it


def test_flat_beyond_both_ends() -> None:
    result = simple(function_intensity=[2, 3], function_damage=[[0.25, 0.5]])
    np.testing.assert_allclose(result.impact_by_event, [25 + 25, 50 + 50])


def test_a_zero_that_is_stored_is_no_event_either() -> None:
    basement = {"function_damage": [[0.2, 1]]}
    stored = sparse.csr_array(([1.0, 2, 0, 0, 4, 20], ([0, 0, 0, 1, 1, 1], [0, 1, 2, 0, 1, 2])), shape=(2, 3))
    assert stored.nnz == 6
    assert simple(intensity=stored, **basement).aggregate == simple(**basement).aggregate
    everywhere = simple(intensity=stored, damage_at_zero=True, **basement)
    np.testing.assert_allclose(everywhere.impact_by_event, [28 + 36 + 20, 20 + 52 + 100])


def test_nothing_happens() -> None:
    for nothing in (np.zeros((2, 3)), sparse.csr_array((2, 3))):
        result = simple(intensity=nothing)
        assert result.aggregate == 0
        np.testing.assert_array_equal(result.impact_by_event, [0, 0])
        np.testing.assert_array_equal(result.impact_at_return_period, 0)
    assert simple(intensity=np.zeros((0, 3)), frequency=[]).aggregate == 0


def test_whole_numbers_and_single_precision_do() -> None:
    expected = simple()
    for kind in (np.int16, np.float32):
        result = simple(intensity=np.array([[1, 2, 0], [0, 4, 20]], kind), value=np.array([100, 100, 100], kind))
        np.testing.assert_allclose(result.expected_annual_impact, expected.expected_annual_impact, rtol=1e-12)


def test_function_ids_without_a_list() -> None:
    two = {"function_damage": [[0, 1], [0, 0.5]]}
    np.testing.assert_allclose(simple(function=[2, 2, 2], **two).impact_by_event, [15, 70])  # the second row
    np.testing.assert_allclose(simple(function=[0, 1, 1], **two).impact_by_event, [20, 70])  # as many as rows
    with pytest.raises(ValueError, match="ids 0, but the rows of function_damage are the functions 1, 2"):
        simple(function=[0, 0, 0], **two)


def test_events_that_never_happen_are_not_in_the_curve() -> None:
    curve = exceedance_curve([5, 100, 7], [0.1, 0, 0.1])
    np.testing.assert_allclose(curve.impact, [5, 7])
    np.testing.assert_allclose(impact_at_return_period(curve, [1, 1e6]), [5, 7])
    assert np.isnan(impact_at_return_period(exceedance_curve([5], [0]), 10)).all()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"frequency": [0.1]}, r"must be \(event, point\) = \(1, 3\)"),
        ({"frequency": [0.1, -1]}, "frequency has values below 0"),
        ({"frequency": [0.1, np.nan]}, "frequency has missing"),
        ({"frequency": None}, "either frequency"),
        ({"map_return_period": [10, 20]}, "not both"),
        ({"frequency": None, "map_return_period": [10, 10]}, "same period twice"),
        ({"value": [100, 100]}, "intensity has shape"),
        ({"value": [100, 100, -1]}, "value has values below 0"),
        ({"value": ["a", "b", "c"]}, "value must be numbers"),
        ({"function": [1, 1]}, "function must be a list of 3"),
        ({"function": [1, 1, 4]}, "function has the ids 4"),
        ({"function": [1, 1, np.nan]}, "missing ids"),
        ({"function_ids": [1, 2]}, "function_ids must be a list of 1"),
        ({"function_intensity": [10, 0]}, "must rise"),
        ({"function_intensity": [0, 5, 10]}, "function_damage must have shape"),
        ({"function_damage": [[0, np.nan]]}, "no knot"),
        ({"return_period": [10, 0]}, "years above 0"),
        ({"n_points": 4}, "value must be a list of 4"),
        ({"event": [0, 1]}, "event and point together"),
        ({"event": [0, 2], "point": [0, 1], "intensity": [1, 1]}, "event must lie between 0 and 1"),
        ({"event": [0, 1], "point": [0, 3], "intensity": [1, 1]}, "point must lie between 0 and 2"),
        ({"event": [0, 1], "point": [0, 0.5], "intensity": [1, 1]}, "point must be whole numbers"),
        ({"event": [0, 1], "point": [0, 1], "intensity": [1]}, "lists of one length"),
        ({"event": [0, 0], "point": [1, 1], "intensity": [1, 2]}, "twice for 1 pairs"),
        ({"event": [1, 0, 1], "point": [1, 1, 1], "intensity": [1, 2, 3]}, "twice for 1 pairs"),
        ({"zone": [0, 1]}, "one entry for each point"),
        ({"zone": [0, 1, -2]}, "zone must lie between -1"),
        ({"zone": [0, 1, 2], "n_zones": 2}, "zone must lie between -1 and 1"),
        ({"zone": [0, 1, np.nan]}, "zone must be whole numbers"),
        ({"groups": [[1], [1], [0.9]]}, "add up to 1"),
        ({"groups": [1, 1, 1]}, "groups must have shape"),
    ],
)  # fmt: skip
def test_bad_input_is_said(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        simple(**changed)
