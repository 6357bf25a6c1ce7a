"""The model language: what a graph accepts, what it refuses, and how it is evaluated."""

from __future__ import annotations

import numpy as np
import pytest

from caminos.model.axes import GROUP, KIND, YEAR, among, compose, labels, pick, total
from caminos.model.evaluation import Evaluation
from caminos.model.expression import ExpressionError, evaluate, names
from caminos.model.graph import build
from caminos.model.indicator import ModelError, Source, from_function, indicator
from caminos.model.uncertainty import drawn, ends, points, sources_of
from caminos.model.units import UnitError, factor, unit
from caminos.model.values import Input, NotEstimated, column_of


def source(name: str, unit: str = "t/yr", dims: tuple[str, ...] = ("year",), classification: str = "") -> Source:
    return Source(name, unit, "fact", dims, classification)


def cell(value: float) -> np.ndarray:
    return np.full((1,) * 6, value)


@indicator(unit="t/yr", source="test")
def landfilled(generated, recovered):
    """What is left."""
    return generated - recovered


@indicator(unit="kg/yr", source="test")
def doubled(landfilled, kilograms_per_tonne):
    """Twice of it in kilograms."""
    return landfilled * kilograms_per_tonne * 2


KILOGRAMS = Source("kilograms_per_tonne", "kg/t", "parameter")


def small_graph():
    sources = [source("generated"), source("recovered"), KILOGRAMS]
    return build([*sources, from_function(landfilled), from_function(doubled)])


def test_an_argument_name_is_the_dependency():
    values = {"generated": cell(10.0), "recovered": cell(4.0), "kilograms_per_tonne": cell(1000.0)}
    assert Evaluation(small_graph(), values).get("doubled").item() == 12_000


def test_a_missing_argument_names_function_file_and_the_nearest_name():
    with pytest.raises(ModelError, match=r"landfilled \(.*test_model_language:\d+\) needs 'recovered'.*recoverd"):
        build([source("generated"), source("recoverd"), from_function(landfilled)])


def test_a_name_defined_twice_is_an_error():
    with pytest.raises(ModelError, match="generated is defined twice"):
        build([source("generated"), source("generated")])


def test_a_circle_is_an_error_that_names_its_members():
    @indicator(unit="t/yr", source="test")
    def generated(landfilled):
        """Depends on what depends on it."""
        return landfilled

    with pytest.raises(ModelError, match=r"circle.*test_model_language:\d+"):
        build([source("recovered"), from_function(landfilled), from_function(generated)])


def test_adding_kilograms_to_tonnes_cannot_be_registered():
    with pytest.raises(ModelError, match="a factor is missing"):
        build([source("generated", "t/yr"), source("recovered", "kg/yr"), from_function(landfilled)])


def test_adding_mass_to_energy_cannot_be_registered():
    with pytest.raises(ModelError, match="units do not fit"):
        build([source("generated", "t/yr"), source("recovered", "MWh/yr"), from_function(landfilled)])


def test_methane_is_not_carbon_dioxide():
    with pytest.raises(ModelError, match="units do not fit"):
        build([source("generated", "t CO2e/yr"), source("recovered", "t CH4/yr"), from_function(landfilled)])


def test_another_dimension_than_declared_cannot_be_registered():
    @indicator(unit="t", source="test")
    def stock(generated):
        """Declares a mass, returns a flow."""
        return generated

    with pytest.raises(ModelError, match=r"stock .*units do not fit"):
        build([source("generated"), from_function(stock)])


def test_a_forgotten_unit_of_the_same_dimension_cannot_be_registered():
    @indicator(unit="kg/yr", source="test")
    def heavy(generated):
        """Declares kilograms, returns tonnes."""
        return generated

    with pytest.raises(ModelError, match=r"heavy .*factor is missing"):
        build([source("generated"), from_function(heavy)])


def test_an_exponent_with_a_unit_cannot_be_registered():
    @indicator(unit="ratio", source="test")
    def growth(generated):
        """A mass in an exponent."""
        return np.exp(generated)

    with pytest.raises(ModelError, match=r"growth .*units do not fit"):
        build([source("generated"), from_function(growth)])


def test_an_axis_that_is_not_declared_cannot_be_registered():
    @indicator(unit="t/yr", dims="", source="test")
    def constant(generated):
        """Varies by year without saying so."""
        return generated

    with pytest.raises(ModelError, match="varies by year"):
        build([source("generated"), from_function(constant)])


def test_what_is_missing_names_itself_all_the_way_down():
    values = {"generated": cell(10.0), "recovered": NotEstimated(("recovered",)), "kilograms_per_tonne": cell(1000.0)}
    result = Evaluation(small_graph(), values).get("doubled")
    assert result == NotEstimated(("recovered",))
    assert "recovered" in result.reason


def test_an_input_that_was_never_given_is_not_zero():
    result = Evaluation(small_graph(), {"generated": cell(10.0), "kilograms_per_tonne": cell(1.0)}).get("doubled")
    assert result == NotEstimated(("recovered",))


def test_an_optional_argument_arrives_as_nan_and_all_nan_says_what_was_missing():
    @indicator(unit="t/yr", source="test", optional="generated recovered")
    def known(generated, recovered):
        """The sum of what is known."""
        return (
            np.nansum(np.concatenate([generated, recovered], axis=KIND), axis=KIND, keepdims=True)
            + np.where(np.isnan(generated) & np.isnan(recovered), np.nan, 0.0) * generated
        )

    graph = build([source("generated"), source("recovered"), from_function(known)], check=False)
    none = {name: NotEstimated((name,)) for name in ("generated", "recovered")}
    assert Evaluation(graph, none).get("known") == NotEstimated(("generated", "recovered"))


def test_only_what_depends_on_a_change_is_computed_again():
    calls = []

    @indicator(unit="t/yr", source="test")
    def left(generated):
        """Counts its calls."""
        calls.append("left")
        return generated * 2

    @indicator(unit="t/yr", source="test")
    def right(recovered):
        """Counts its calls."""
        calls.append("right")
        return recovered * 2

    @indicator(unit="t/yr", source="test")
    def both(left, right):
        """The sum."""
        return left + right

    parts = [source("generated"), source("recovered"), *map(from_function, (left, right, both))]
    evaluation = Evaluation(build(parts, check=False), {"generated": cell(1.0), "recovered": cell(2.0)})
    assert evaluation.get("both").item() == 6
    evaluation.set("recovered", cell(5.0))
    assert evaluation.get("both").item() == 12
    assert calls == ["left", "right", "right"] or calls == ["right", "left", "right"]


def test_only_what_is_asked_for_is_computed_and_intermediates_are_freed():
    values = {"generated": cell(10.0), "recovered": cell(4.0), "kilograms_per_tonne": cell(1000.0)}
    evaluation = Evaluation(small_graph(), values)
    assert evaluation.compute(["landfilled"]).keys() == {"landfilled"}
    assert "doubled" not in evaluation._values
    evaluation = Evaluation(small_graph(), values)
    evaluation.compute(["doubled"])
    assert "landfilled" not in evaluation._values


def test_units_of_substances_bind_to_their_mass_below_the_bar():
    assert factor("t CO2e/t CH4", "kg CO2e/kg CH4") == 1
    assert factor("m3/yr", "L/yr") == pytest.approx(1000)
    with pytest.raises(UnitError):
        factor("t CH4/yr", "t N2O/yr")
    with pytest.raises(UnitError, match="not known"):
        unit("furlong")


def test_temperatures_and_their_differences_are_told_apart():
    assert str(unit("delta_degC")) != str(unit("degC"))
    with pytest.raises(UnitError):
        factor("degC", "delta_degC/yr")


def test_expressions_are_arithmetic_and_nothing_else():
    assert evaluate("2 * a / (b - 1)", {"a": 3.0, "b": 4.0}) == 2
    assert names("a * (b + a)") == ("a", "b")
    for wrong in ("__import__('os')", "a.b", "a[0]", "f(a)", "a if b else c", "a **"):
        with pytest.raises(ExpressionError):
            evaluate(wrong, {"a": 1.0})


def uncertain(name: str, low: float, mid: float, high: float, distribution: str) -> Input:
    return Input(name, "ratio", cell(mid), cell(low), cell(high), distribution)


def draws_of(item: Input, draws: int, seed: int) -> np.ndarray:
    return drawn(column_of(item), np.zeros(1, dtype=int), draws, seed)


@pytest.mark.parametrize("distribution", ["triangular", "normal", "lognormal"])
def test_the_median_of_draws_is_the_central_value(distribution):
    values = draws_of(uncertain("x", 1.0, 2.0, 8.0, distribution), 1024, seed=1)
    assert np.median(values) == pytest.approx(2.0, rel=0.01)
    inside = np.mean((values >= 1.0) & (values <= 8.0))
    assert inside == pytest.approx(1.0 if distribution == "triangular" else 0.95, abs=0.01)


def test_a_uniform_input_fills_its_range():
    values = draws_of(uncertain("x", 1.0, 2.0, 5.0, "uniform"), 1024, seed=1)
    assert (values.min(), values.max()) == (pytest.approx(1, abs=0.01), pytest.approx(5, abs=0.01))
    assert values.mean() == pytest.approx(3, abs=0.01)


def test_the_same_seed_gives_the_same_draws_and_another_does_not():
    inputs = {"x": uncertain("x", 1.0, 2.0, 5.0, "triangular"), "y": uncertain("y", 0.0, 1.0, 2.0, "normal")}
    first, again, other = ({n: draws_of(item, 64, seed) for n, item in inputs.items()} for seed in (3, 3, 4))
    assert all(np.array_equal(first[name], again[name]) for name in inputs)
    assert not np.array_equal(first["x"], other["x"])
    assert abs(np.corrcoef(first["x"].ravel(), first["y"].ravel())[0, 1]) < 0.2


def test_draws_of_a_composition_add_up():
    shares = np.array([0.5, 0.3, 0.2]).reshape(1, 1, 1, 1, 1, 3)
    item = Input("shares", "share", shares, shares * 0.5, shares * 1.5, "dirichlet")
    values = draws_of(item, 128, seed=1)
    assert np.allclose(values.sum(axis=-1), 1)
    assert values.std() > 0


def test_points_belong_to_a_name_and_its_labels():
    """A label more, or another order, leaves the points of the others as they were; every stratum has one point."""
    order = labels("waste_stream")
    shares = np.arange(1.0, 1 + len(order)).reshape(1, 1, 1, 1, 1, -1) / 100
    item = Input("streams", "share", shares, shares * 0.5, shares * 1.5, "dirichlet")
    several = sources_of(column_of(item), "waste_stream")
    assert [source[0][0] for source in several] == [f"streams 0 {label}" for label in order]
    each = [points(source, 50, 7) for source in several]
    assert np.array_equal(np.sort(np.floor(np.array(each) * 50), axis=1), np.tile(np.arange(50), (len(order), 1)))
    assert not np.array_equal(each[0], each[1])
    assert not np.array_equal(each[0], points((("other", 0.0),), 50, 7))


def test_ends_move_one_input_at_a_time():
    inputs = {"x": uncertain("x", 1.0, 2.0, 5.0, "triangular"), "y": uncertain("y", 0.0, 1.0, 3.0, "triangular")}
    values = ends(inputs, ["x", "y"])
    assert values["x"].ravel().tolist() == [2, 1, 5, 2, 2]
    assert values["y"].ravel().tolist() == [1, 1, 1, 0, 3]


def test_axes_are_named_and_keep_their_place():
    values = np.arange(12.0).reshape(1, 1, 2, 1, 2, 3)
    assert total(values, GROUP, KIND).shape == (1, 1, 2, 1, 1, 1)
    assert total(values, YEAR).sum() == values.sum()
    modes = np.arange(float(len(labels("mode")))).reshape(1, 1, 1, 1, 1, -1)
    assert pick(modes, "mode", "bus").item() == labels("mode").index("bus")
    assert (modes * among("mode", "bus")).sum() == labels("mode").index("bus")
    assert compose(
        "sewage_path", {"septic": cell(3.0), "untreated": cell(2.0), "treated": cell(1.0)}
    ).ravel().tolist() == [1, 2, 3]
