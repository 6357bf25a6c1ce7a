"""Money over time, expectations over return periods, the ranking and the plan: worked by hand, by brute force, by greed."""

from __future__ import annotations

import itertools
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from caminos.city.new import made_city
from caminos.city.places import find_place
from caminos.model.indicator import PATHWAYS
from caminos.pathways.resilient.expectation import annual_expectation
from caminos.pathways.tables import outcomes
from caminos.planning.assessment import action_spending, assess, balance, costs, single_cases
from caminos.planning.city_model import BASELINE, Case, CityModel, Measure
from caminos.planning.entry import Entry, entry, scores, yearly_budget
from caminos.planning.finance import discount_factors, present_value, spending
from caminos.planning.portfolio import GAP, START_WINDOW, Options, Plan, PlanError, options, plan, solve
from caminos.planning.results import QuestionError

FEW = settings(max_examples=30, deadline=None, derandomize=True)
BUDGET, START, FLOOR = 50e6, 2026, 0.2


# expectation over return periods


def along(*values: float) -> np.ndarray:
    return np.array(values, dtype=float).reshape(1, 1, 1, 1, 1, -1)


def test_expected_annual_damage_by_trapezoids():
    """Damage 0, 40, 70, 120 at 10, 50, 100, 500 years: 2.91 between the events, 3.15 with the tail beyond the last."""
    damage, period = along(0, 40, 70, 120), along(10, 50, 100, 500)
    whole = annual_expectation(damage, period).item()
    assert whole == pytest.approx(3.15)
    assert whole - 120 / 500 == pytest.approx(2.91)


CLIMADA_FREQUENCY = 6.211180124223603e-4  # of each of ten events: return periods 1610, 805, 536.67 … 161 years
CLIMADA_PERIODS = [1 / (rank * CLIMADA_FREQUENCY) for rank in range(10, 0, -1)]


def test_return_periods_of_ten_events_are_those_of_climada():
    expected = [161, 178.89, 201.25, 230, 268.33, 322, 402.5, 536.67, 805, 1610]
    assert pytest.approx(expected, abs=0.01) == CLIMADA_PERIODS


@given(impacts=st.lists(st.floats(0, 1e9), min_size=10, max_size=10).map(sorted))
@FEW
def test_trapezoids_over_the_events_of_climada_are_their_sum_but_for_half_a_step(impacts):
    """Sum of f I over ten events, in steps; trapezoids lie above it by f (largest - smallest) / 2."""
    steps = sum(CLIMADA_FREQUENCY * impact for impact in impacts)
    expected = steps + CLIMADA_FREQUENCY * (impacts[-1] - impacts[0]) / 2
    found = annual_expectation(along(*impacts), along(*CLIMADA_PERIODS)).item()
    assert found == pytest.approx(expected, rel=1e-9)


@given(
    impact=st.floats(0.1, 1e9), periods=st.lists(st.floats(1.5, 1e4), min_size=2, max_size=9, unique=True).map(sorted)
)
@FEW
def test_the_same_impact_at_all_levels_is_that_impact_as_often_as_the_most_frequent(impact, periods):
    assert annual_expectation(along(*[impact] * len(periods)), along(*periods)).item() == pytest.approx(
        impact / periods[0]
    )


# money over time


YEARS = np.arange(2018, 2041)
PRESENT = 6.51220115756442e9 - 4.850407096284983e9
FUTURE = 5.9506659786664024e10 - 4.826231151473135e10


def test_present_value_is_that_of_climada():
    """The tutorial's adaptation: 23 years at 2 %, the first not discounted; costs over benefits."""
    benefit = present_value(np.full(len(YEARS), PRESENT), YEARS, 2018, 0.02)
    assert benefit == pytest.approx(3.100583368954022e10, rel=1e-12)
    assert 1.3117683608515418e9 / benefit == pytest.approx(0.04230714690616641, rel=1e-12)


def test_present_value_of_a_growing_benefit_is_that_of_climada():
    benefit = present_value(np.linspace(PRESENT, FUTURE, len(YEARS)), YEARS, 2018, 0.02)
    assert benefit == pytest.approx(113_345_027_690.81276, rel=1e-12)
    assert 1.3117683608515418e9 / benefit == pytest.approx(0.011573232523528404, rel=1e-12)


def test_the_first_year_is_not_discounted_and_what_lies_before_it_does_not_count():
    factors = discount_factors(np.array([2024, 2025, 2026, 2027, 2028]), 2026, 0.1)
    assert factors == pytest.approx([0, 0, 1, 1 / 1.1, 1 / 1.21])


def test_capital_is_spent_over_the_works_and_again_when_the_lifetime_is_over():
    """100 over four years of works (1 to prepare, 3 to build) from 2026; again after 10 and 20 years; 5 a year to run."""
    years = np.arange(2022, 2051)
    adoption = np.clip((years - 2027) / 3, 0, 1)
    spent = spending(years, 2026, 1, 3, 10, 100.0, 5.0, adoption)
    works = {*range(2026, 2030), *range(2036, 2040), *range(2046, 2050)}
    for year, amount, adopted in zip(years, spent, adoption, strict=True):
        assert amount == pytest.approx(25 * (year in works) + 5 * adopted), year


@given(lifetime=st.floats(0, 80), lead=st.floats(0, 6), ramp=st.floats(0.5, 25), start=st.integers(2022, 2050))
@FEW
def test_no_year_costs_less_than_nothing_and_no_round_begins_before_the_last_is_done(lifetime, lead, ramp, start):
    years = np.arange(2022, 2051)
    spent = spending(years, start, lead, ramp, lifetime, 1.0, 0.0, np.zeros(len(years)))
    works = max(round(lead + ramp), 1)
    assert (spent[years < start] == 0).all()
    assert spent.max() <= 1 / works + 1e-12
    rounds = 1 + max(0, (2050 - start) // max(round(max(lifetime, 1)), works))
    assert spent.sum() <= rounds + 1e-9


def test_the_cost_of_an_action_by_hand(porto_alegre):
    """LED lamps: 17.5 % of 103,099 lamps at the price of the table, works, lifetime and rate as they stand there."""
    model = porto_alegre
    given = {name: float(item.central.item()) for name, item in model.inputs.items() if item.central.size == 1}
    action = model.actions["led_street_lights"]
    lamps = 103_099 * (1 - 0.825)
    works = max(round(given[action.lead_time] + action.ramp_years), 1)
    again = max(round(given[action.lifetime]), works)
    rate, expected = given["real_discount_rate"], 0.0
    for year in range(2026, 2051):
        into = (year - 2026) % again
        expected += lamps * given[action.capital_cost] / works * (into < works) / (1 + rate) ** (year - 2026)
        expected += given["programme_overhead"] / (2050 - 2026 + 1) / (1 + rate) ** (year - 2026)
    assert not action.operating_cost
    assert costs(model, [Case("", (Measure(action.id, 2026),))], 2026)[0][0, 0] == pytest.approx(expected)


def test_a_part_of_an_action_costs_that_part(porto_alegre):
    cases = [Case("", (Measure("street_trees", 2026, scale),)) for scale in (1.0, 0.3)]
    whole, part = costs(porto_alegre, cases, 2026)[0][:, 0]
    assert part == pytest.approx(0.3 * whole)


def test_what_private_owners_pay_is_no_public_money(porto_alegre):
    share = float(porto_alegre.inputs["public_share_of_private_action"].central.item())
    overhead = float(porto_alegre.inputs["programme_overhead"].central.item())
    for name, part in (("heat_pumps", share), ("street_trees", 1.0)):
        measure = Measure(name, 2026)
        whole, public = (action_spending(porto_alegre, measure, public_only=only)[0] for only in (False, True))
        staff = overhead / 25 * (porto_alegre.years >= 2026)
        assert public == pytest.approx((whole - staff) * part + staff), name


# what an action closes


def test_the_part_of_a_span_that_is_spared_by_hand(porto_alegre):
    """Canopy from a safe level of 30 % to a worst of 1.6 %: what trees add in the mean of the years, over that span."""
    case = Case("street_trees", (Measure("street_trees", 2026),))
    found = assess(porto_alegre, [case], 2026)
    column = [headline.indicator for headline in found.headlines].index("canopy_cover")
    canopy = porto_alegre.run(["canopy_cover"], [BASELINE, case])["canopy_cover"][:, 0, :, 0, 0, 0]
    assert (canopy < 0.3).all()
    added = np.mean((canopy[1] - canopy[0])[4:])
    assert found.worth[0, 0, column] == pytest.approx(added / (0.3 - 0.016))


def test_a_harm_is_counted_per_person_and_down_to_nothing(porto_alegre):
    """Heat deaths of 100,000 people a year over a worst level of 41.6, also where they are few."""
    case = Case("heat_action_plan", (Measure("heat_action_plan", 2026),))
    found = assess(porto_alegre, [case], 2026)
    column = [headline.indicator for headline in found.headlines].index("heat_deaths")
    results = porto_alegre.run(["heat_deaths", "population"], [BASELINE, case])
    deaths, people = (results[name][:, 0, 4:, 0, 0, 0] for name in ("heat_deaths", "population"))
    spared = np.mean((deaths[0] - deaths[1]) / people[0]) * 1e5
    assert found.worth[0, 0, column] == pytest.approx(spared / 41.6)


def test_no_place_on_a_span_lies_below_no_harm():
    """Where people who cycle avoid more deaths than the causes that are counted take, nothing is left to spare."""
    for headline in outcomes():
        places_ = headline.place(np.array([-3.0, 0.0, headline.safe / headline.scale]))
        nothing = -headline.safe / (headline.worst - headline.safe) if headline.harm else max(0.0, places_[1])
        assert places_[1] == pytest.approx(nothing)
        assert places_[2] == pytest.approx(0)
        if headline.direction == "lower":
            assert places_[0] == places_[1]


def test_an_action_that_does_harm_has_a_worth_below_zero(porto_alegre):
    """Watering young trees takes water: nothing of it is hidden as zero."""
    found = assess(porto_alegre, single_cases(porto_alegre, 2026), 2026)
    assert (found.worth < 0).any()
    assert not np.isnan(found.worth).any()


def test_the_benefit_of_each_quintile_is_the_burden_it_is_spared(porto_alegre):
    case = Case("heat_action_plan", (Measure("heat_action_plan", 2026),))
    found = assess(porto_alegre, [case], 2026)
    rate = float(porto_alegre.inputs["real_discount_rate"].central.item())
    burden = porto_alegre.run(["burden_by_group"], [BASELINE, case])["burden_by_group"][:, 0, :, 0, :, 0]
    spared = burden[0] - burden[1]
    expected = sum(spared[year - 2022] / (1 + rate) ** (year - 2026) for year in range(2026, 2051))
    assert found.benefit[0, 0] == pytest.approx(expected)
    assert found.benefit[0, 0, 0] > found.benefit[0, 0, 4], "cooling centres are for the poor"


# the optimiser on small instances, against every combination


def stub(**actions: tuple[float, tuple[str, ...], tuple[str, ...]]) -> SimpleNamespace:
    """A model that knows of each action only the least scale, what it needs and what it excludes."""
    return SimpleNamespace(
        actions={
            name: SimpleNamespace(minimum_scale=least, needs=needs, excludes=excludes)
            for name, (least, needs, excludes) in actions.items()
        }
    )


def allowed(model: SimpleNamespace | CityModel, chosen: list[Measure]) -> bool:
    """Whether what is needed begins no later, and nothing is taken that another excludes."""
    starts = {measure.action: measure.start for measure in chosen}
    for measure in chosen:
        action = model.actions[measure.action]
        if any(needed not in starts or starts[needed] > measure.start for needed in action.needs):
            return False
        if any(other in starts for other in action.excludes):
            return False
    return True


def best_of_all(
    model: SimpleNamespace | CityModel, choice: Options, weight: np.ndarray, budget: float, floor: float
) -> float:
    """The best objective over every combination of actions and starts; scales by a linear programme each."""
    by_action: dict[str, list[int]] = {}
    for number, measure in enumerate(choice.measures):
        by_action.setdefault(measure.action, []).append(number)
    best = 0.0
    for rows in itertools.product(*([None, *numbers] for numbers in by_action.values())):
        taken = [row for row in rows if row is not None]
        if not taken or not allowed(model, [choice.measures[row] for row in taken]):
            continue
        spared, spent, benefit = choice.worth[taken], choice.spending[taken], choice.benefit[taken]
        worth = (benefit[:, 0] - floor * benefit.sum(axis=1)) / 1e6
        many, gaps = len(taken), len(weight)
        rules = np.block(
            [
                [-spared.T, np.eye(gaps)],
                [spent.T / 1e6, np.zeros((spent.shape[1], gaps))],
                [-worth[None, :], np.zeros((1, gaps))],
            ]
        )
        limits = np.concatenate([np.zeros(gaps), np.full(spent.shape[1], budget / 1e6), [0.0]])
        ends = [(model.actions[choice.measures[row].action].minimum_scale, 1) for row in taken]
        ends += [(None, most) for most in choice.most]
        found = linprog(np.concatenate([np.zeros(many), -weight]), A_ub=rules, b_ub=limits, bounds=ends)
        if found.success:
            best = max(best, -found.fun)
    return best


def check_rules(
    model: SimpleNamespace | CityModel, choice: Options, scales: np.ndarray, budget: float, floor: float
) -> None:
    """No year above the budget, no scale below its least, order and exclusions kept, the poorest get their part."""
    assert (scales @ choice.spending <= budget * (1 + 1e-6) + 1e-3).all()
    taken = [measure for measure, scale in zip(choice.measures, scales, strict=True) if scale > 1e-6]
    assert len({measure.action for measure in taken}) == len(taken), "no action begins twice"
    assert allowed(model, taken)
    for measure, scale in zip(choice.measures, scales, strict=True):
        if scale > 1e-6:
            assert model.actions[measure.action].minimum_scale - 1e-6 <= scale <= 1 + 1e-6
    benefit = scales @ choice.benefit
    assert benefit[0] >= floor * benefit.sum() - 1e-6 * np.abs(choice.benefit).max() - 1e-3


numbers = st.floats(0, 1, width=16)


@given(data=st.data())
@settings(FEW, max_examples=40)
def test_the_optimiser_finds_the_best_of_all_combinations(data):
    names = ("alpha", "beta", "gamma")
    least = data.draw(st.tuples(*[st.sampled_from([0.1, 0.5, 1.0])] * 3))
    needs = data.draw(st.sampled_from([(), ("alpha",)]))
    excluded = data.draw(st.booleans())
    model = stub(
        alpha=(least[0], (), ("gamma",) if excluded else ()),
        beta=(least[1], needs, ()),
        gamma=(least[2], (), ("alpha",) if excluded else ()),
    )
    measures = tuple(Measure(name, start) for name in names for start in (2026, 2030))
    draw = lambda *shape: np.array(  # noqa: E731
        data.draw(st.lists(numbers, min_size=int(np.prod(shape)), max_size=int(np.prod(shape))))
    ).reshape(shape)
    weight = draw(2) + 0.1
    choice = Options(
        measures,
        draw(6, 2) * 1.5 - 0.2,
        np.ones(2),
        weight / weight.sum(),
        np.round(draw(6, 3) * 30, 2) * 1e6,
        draw(6, 5) * 1e8,
    )
    budget, floor = data.draw(st.sampled_from([5e6, 2e7, 1e9])), data.draw(st.sampled_from([0.0, 0.2]))
    scales, objective, gap, status = solve(model, choice, choice.weight, budget, floor)  # type: ignore[arg-type]
    assert status == "optimal"
    assert gap <= GAP
    check_rules(model, choice, scales, budget, floor)
    closed = np.minimum(scales @ choice.worth, choice.most) @ choice.weight
    assert objective == pytest.approx(closed, abs=1e-5)
    best = best_of_all(model, choice, choice.weight, budget, floor)
    assert objective == pytest.approx(best, rel=2 * GAP, abs=1e-5)


def simple(model: SimpleNamespace, worth: dict[str, float], cost: dict[str, float], budget: float) -> dict[str, float]:
    """Scales chosen where each action spares so much of one span at so much cost in one year."""
    names = list(worth)
    choice = Options(
        tuple(Measure(name, 2026) for name in names), np.array([[worth[name]] for name in names]), np.ones(1), np.ones(1),
        np.array([[cost[name]] for name in names]), np.zeros((len(names), 5)),
    )  # fmt: skip
    scales, *_rest = solve(model, choice, choice.weight, budget, 0.0)  # type: ignore[arg-type]
    return {name: round(float(scale), 6) for name, scale in zip(names, scales, strict=True)}


def test_an_action_waits_for_what_it_needs():
    model = stub(bus=(0.1, (), ()), charge=(1.0, ("bus",), ()))
    both = simple(model, {"bus": 0.01, "charge": 0.5}, {"bus": 10e6, "charge": 1e6}, 3e6)
    assert both == {"bus": 0.2, "charge": 1.0}
    alone = simple(model, {"bus": 0.01, "charge": 0.5}, {"bus": 10e6, "charge": 1e6}, 1.5e6)
    assert alone["charge"] == 0, "the bus at its least scale costs 1 million, the charge another"


def test_what_is_needed_begins_no_later():
    model = stub(bus=(0.1, (), ()), charge=(0.1, ("bus",), ()))
    measures = (Measure("bus", 2030), Measure("charge", 2026))
    choice = Options(
        measures, np.array([[0.1], [0.5]]), np.ones(1), np.ones(1), np.array([[1e6], [1e6]]), np.zeros((2, 5))
    )
    scales, *_rest = solve(model, choice, choice.weight, 1e9, 0.0)  # type: ignore[arg-type]
    assert scales.tolist() == pytest.approx([1, 0])


def test_an_action_whose_prerequisite_is_not_to_be_had_is_not_taken():
    model = stub(charge=(0.1, ("bus",), ()), trees=(0.1, (), ()))
    assert simple(model, {"charge": 0.9, "trees": 0.1}, {"charge": 1e6, "trees": 1e6}, 1e9) == {"charge": 0, "trees": 1}


@pytest.mark.parametrize("one_sided", ["alpha", "omega", "both"])
def test_of_two_that_exclude_each_other_one_is_taken_whichever_says_so(one_sided):
    """A city's own action may exclude one of the library, which does not know of it."""
    model = stub(
        alpha=(0.1, (), ("omega",) if one_sided != "omega" else ()),
        omega=(0.1, (), ("alpha",) if one_sided != "alpha" else ()),
    )
    taken = simple(model, {"alpha": 0.3, "omega": 0.4}, {"alpha": 1e6, "omega": 1e6}, 1e9)
    assert taken == {"alpha": 0, "omega": 1}


def test_no_more_than_what_stands_open_counts():
    """Two that spare 0.8 each spare the span once: the second is worth 0.2 only."""
    model = stub(alpha=(1.0, (), ()), omega=(1.0, (), ()))
    names = ("alpha", "omega")
    choice = Options(
        tuple(Measure(name, 2026) for name in names), np.full((2, 1), 0.8), np.ones(1), np.ones(1), np.full((2, 1), 1e6), np.zeros((2, 5))
    )  # fmt: skip
    _scales, objective, *_rest = solve(model, choice, choice.weight, 1e9, 0.0)  # type: ignore[arg-type]
    assert objective == pytest.approx(1.0, rel=GAP)


def test_the_floor_for_the_poorest_turns_the_choice():
    """The better action gives the poorest 10 %; with a floor of 20 % the other, which gives 30 %, carries a part of it."""
    model = stub(rich=(0.1, (), ()), poor=(0.1, (), ()))
    benefit = np.array([[10.0, 20, 20, 20, 30], [30.0, 20, 20, 20, 10]]) * 1e6
    choice = Options(
        (Measure("rich", 2026), Measure("poor", 2026)), np.array([[0.5], [0.1]]), np.ones(1), np.ones(1), np.full((2, 1), 1e6), benefit
    )  # fmt: skip
    free, *_rest = solve(model, choice, choice.weight, 1e6, 0.0)  # type: ignore[arg-type]
    held, *_rest = solve(model, choice, choice.weight, 1e6, 0.2)  # type: ignore[arg-type]
    assert free == pytest.approx([1, 0], abs=1e-6)
    assert held == pytest.approx([0.5, 0.5], abs=1e-6)


# the plan of Porto Alegre


@pytest.fixture(scope="module")
def small(porto_alegre) -> CityModel:
    """Porto Alegre with five actions to choose from."""
    model = CityModel(porto_alegre.city)
    kept = {"street_trees", "heat_action_plan", "flood_protection", "flood_retreat", "early_warning"}
    model.unavailable |= {name: ("left out",) for name in model.actions if name not in kept}
    return model


def feasible(choice: Options, budget: float, floor: float, model: CityModel) -> list[tuple[float, int]]:
    """For each option alone: the most of all spans that it spares within the budget."""
    found = []
    for row, measure in enumerate(choice.measures):
        scale = min(1.0, budget / choice.spending[row].max())
        benefit = choice.benefit[row]
        poor = benefit[0] >= floor * benefit.sum()
        if scale >= model.actions[measure.action].minimum_scale and poor and not model.actions[measure.action].needs:
            found.append((float(np.minimum(scale * choice.worth[row], choice.most) @ choice.weight), row))
    return found


def greedy(choice: Options, budget: float, floor: float, model: CityModel) -> float:
    """What a ranking by worth per cost spares, each action as large as the money of every year still allows."""
    now = [row for row, measure in enumerate(choice.measures) if measure.start == START]
    worth = choice.worth @ choice.weight / choice.spending.sum(axis=1)
    left, scales, taken = np.full(choice.spending.shape[1], budget), np.zeros(len(choice.measures)), []
    for row in sorted(now, key=lambda row: -worth[row]):
        measure = choice.measures[row]
        spent = choice.spending[row]
        scale = min(1.0, float(np.min(left[spent > 0] / spent[spent > 0])))
        benefit = scales @ choice.benefit + scale * choice.benefit[row]
        if (
            worth[row] > 0
            and scale >= model.actions[measure.action].minimum_scale
            and allowed(model, [*taken, measure])
            and benefit[0] >= floor * benefit.sum()
        ):
            taken.append(measure)
            scales[row] = scale
            left -= scale * spent
    return float(np.minimum(scales @ choice.worth, choice.most) @ choice.weight)


def check_plan(model: CityModel, found: Plan) -> None:
    """Every rule of a plan, from its measures alone."""
    spent = sum(
        measure.scale * action_spending(model, replace(measure, scale=1.0), public_only=True)[0]
        for measure in found.measures
    )
    assert max(found.public_spending) <= found.budget * (1 + 1e-6)
    assert spent == pytest.approx(found.public_spending, rel=1e-3, abs=1e3)
    assert max(spent) <= found.budget * (1 + 1e-6), "the plan as it is written, with its rounded scales"
    assert not any(amount for year, amount in zip(found.years, found.public_spending, strict=True) if year < START)
    assert allowed(model, list(found.measures))
    assert len({measure.action for measure in found.measures}) == len(found.measures)
    for measure in found.measures:
        assert model.actions[measure.action].minimum_scale - 1.5e-4 <= measure.scale <= 1
        assert START <= measure.start < START + START_WINDOW
        assert measure.action not in model.unavailable
    benefit = found.benefit_by_group
    assert found.floor_met == (benefit[0] / sum(benefit) >= FLOOR - 0.005)
    assert benefit[0] / sum(benefit) >= FLOOR - 0.005
    assert found.benefit_cost == pytest.approx(sum(benefit) / found.cost)
    # the optimiser's estimate stands beside the full model
    whole = assess(model, [Case("plan", found.measures)], START)
    assert set(found.estimated) == set(found.modelled)
    assert list(found.modelled.values()) == pytest.approx(whole.worth[0, 0])
    assert found.cost == pytest.approx(whole.cost[0, 0])
    assert found.objective != found.objective_modelled, "sums of single effects are not the effect of all"
    assert found.objective == pytest.approx(found.objective_modelled, rel=0.25)


def test_the_plan_of_all_actions_keeps_every_rule_and_beats_a_greedy_ranking(porto_alegre):
    """Fifty million a year: budget, order, scales, floor; better than any action alone and than a ranking bought down."""
    found = plan(porto_alegre, BUDGET, START, floor=FLOOR, sensitivity=False)
    check_plan(porto_alegre, found)
    assert found.optimality_gap <= GAP
    choice = options(porto_alegre, START)[1]
    assert found.objective >= max(feasible(choice, BUDGET, FLOOR, porto_alegre))[0]
    assert found.objective >= greedy(choice, BUDGET, FLOOR, porto_alegre)


@pytest.mark.parametrize("budget", [3e6, 8e6, 40e6])
def test_a_plan_of_five_actions_keeps_every_rule_and_beats_a_greedy_ranking(small, budget):
    check_plan(small, plan(small, budget, START, floor=FLOOR, sensitivity=False))
    choice = options(small, START)[1]
    scales, objective, gap, _status = solve(small, choice, choice.weight, budget, FLOOR)
    check_rules(small, choice, scales, budget, FLOOR)
    assert gap <= GAP
    assert objective >= max(feasible(choice, budget, FLOOR, small))[0]
    assert objective >= greedy(choice, budget, FLOOR, small) - 1e-12


def test_more_money_never_spares_less(small):
    choice = options(small, START)[1]
    found = [solve(small, choice, choice.weight, budget, FLOOR)[1] for budget in (2e6, 8e6, 30e6)]
    assert found[0] < found[1] < found[2]


def test_five_real_actions_at_two_starts_against_every_combination(small):
    full = options(small, START)[1]
    rows = [row for row, measure in enumerate(full.measures) if measure.start in (2026, 2034)]
    few = full.of(rows)
    for budget in (8e6, 40e6):
        scales, objective, *_rest = solve(small, few, few.weight, budget, FLOOR)
        check_rules(small, few, scales, budget, FLOOR)
        assert objective == pytest.approx(best_of_all(small, few, few.weight, budget, FLOOR), rel=2 * GAP)


def test_weak_inputs_that_turn_the_plan_are_named(small):
    found = plan(small, 6e6, START)
    assert found.flips
    before = {measure.action for measure in found.measures}
    for flip in found.flips:
        item = small.inputs[flip.input]
        assert item.quality == "C", flip.input
        assert item.uncertain.size, flip.input
        assert flip.end in ("low", "high")
        assert flip.taken or flip.dropped
        assert set(flip.dropped) <= before
        assert set(flip.taken) <= {action.id for action in small.available} - before
        assert flip.gain > 0


def test_the_same_question_has_the_same_plan(small):
    assert plan(small, 8e6, START, sensitivity=False) == plan(small, 8e6, START, sensitivity=False)


def test_all_weight_on_one_pathway_plans_for_that_pathway(small):
    water = plan(small, 8e6, START, weights=(0, 0, 0, 1, 0), floor=0, sensitivity=False)
    trees = plan(small, 8e6, START, weights=(0, 1, 0, 0, 0), floor=0, sensitivity=False)
    assert {measure.action for measure in trees.measures} == {"street_trees"}
    assert "early_warning" in {measure.action for measure in water.measures}
    assert "street_trees" not in {measure.action for measure in water.measures}


IMPOSSIBLE = [
    ({"budget": 0.0}, "budget must be above zero"),
    ({"budget": -5e6}, "budget must be above zero"),
    ({"budget": float("nan")}, "budget must be above zero"),
    ({"budget": 10.0}, "pays for no action"),
    ({"start": 2021}, "2022 to 2038"),
    ({"start": 2039}, "2022 to 2038"),
    ({"floor": 1.0}, "between 0 and 1"),
    ({"floor": -0.1}, "between 0 and 1"),
    ({"floor": float("nan")}, "between 0 and 1"),
    ({"weights": (1, 1, 1, 1)}, "five weights"),
    ({"weights": (0, 0, 0, 0, 0)}, "five weights"),
    ({"weights": (1, 1, -1, 1, 1)}, "five weights"),
    ({"weights": (1, float("nan"), 1, 1, 1)}, "five weights"),
    ({"weights": (1, float("inf"), 1, 1, 1)}, "five weights"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "words"), IMPOSSIBLE, ids=[str(wrong) for wrong, _words in IMPOSSIBLE])
def test_an_impossible_plan_is_refused_with_a_clear_sentence(small, wrong, words):
    asked = {"budget": 8e6, "start": START, "weights": None, "floor": FLOOR} | wrong
    with pytest.raises(PlanError, match=words):
        plan(small, sensitivity=False, **asked)  # type: ignore[arg-type]


def test_the_least_that_a_plan_needs_is_said_truly(small):
    """The least budget for which there is a plan: the cheapest smallest scale in its dearest year."""
    found = options(small, START)[1]
    least = min(
        small.actions[measure.action].minimum_scale * spent.max()
        for measure, spent in zip(found.measures, found.spending, strict=True)
    )
    with pytest.raises(PlanError) as caught:
        plan(small, least * 0.9, START, floor=0, sensitivity=False)
    assert f"{least:,.0f}" in str(caught.value)


def test_a_floor_that_no_action_reaches_is_not_blamed_on_the_budget(small):
    """Nothing gives the poorest fifth nine tenths of its benefits."""
    with pytest.raises(PlanError, match=r"floor|poorest"):
        plan(small, 8e6, START, floor=0.9, sensitivity=False)


def test_a_city_in_which_no_action_can_be_estimated_has_no_plan_and_no_ranking(porto_alegre):
    model = CityModel(porto_alegre.city)
    model.unavailable |= dict.fromkeys(model.actions, ("left out",))
    with pytest.raises((PlanError, QuestionError)):
        plan(model, 8e6, START, sensitivity=False)
    try:
        found = entry(model, START)
    except (PlanError, QuestionError):
        return
    assert found.ranking == ()
    assert set(found.left_out) == set(model.actions)


# the ranking


@pytest.fixture(scope="module")
def lacking(porto_alegre) -> CityModel:
    """Porto Alegre, if nobody had counted its street lamps."""
    facts = tuple(fact for fact in porto_alegre.city.facts if fact.name != "street_lamps")
    return CityModel(replace(porto_alegre.city, facts=facts))


@pytest.fixture(scope="module")
def ranked(lacking) -> Entry:
    return entry(lacking, START)


def test_every_action_is_ranked_or_not_with_its_reason(lacking, ranked):
    names = [item.action for item in ranked.ranking]
    others = [*ranked.left_out, *ranked.nothing_to_do, *ranked.not_judged]
    assert sorted(names + others) == sorted(lacking.actions)
    assert "street_lamps" in ranked.left_out["led_street_lights"]
    assert all(reason.strip() for reason in ranked.left_out.values())


def test_the_ranking_is_by_what_the_budget_loses_without(ranked):
    assert [item.rank for item in ranked.ranking] == list(range(1, len(ranked.ranking) + 1))
    keys = [(item.loss, item.worth) for item in ranked.ranking]
    assert keys == sorted(keys, reverse=True)
    for item in ranked.ranking:
        assert 0 <= item.loss <= max(item.worth, 0) * (1 + 1e-9)
        assert item.worth == pytest.approx(sum(item.by_headline.values()))
        assert item.worth == pytest.approx(np.nansum(list(item.by_pathway.values())) / 5)
        assert item.worth_per_cost == pytest.approx(item.worth / (item.public_cost / 1e6))
        assert item.worth_low <= item.worth_high
        assert 0 <= item.first <= item.first_three <= item.first_five <= 1
        assert all(0 <= part <= 1 for part in item.readiness.values())
    assert sum(item.first for item in ranked.ranking) == pytest.approx(1)
    assert sum(item.first_five for item in ranked.ranking) == pytest.approx(5)


def test_who_leads_is_named_as_sure_as_it_is(ranked):
    """First from half of the draws on; else the fewest that hold four fifths together."""
    shares = sorted((item.first for item in ranked.ranking), reverse=True)
    if shares[0] >= 0.5:
        assert len(ranked.leaders) == 1
        return
    assert ranked.verdict == "together"
    count = len(ranked.leaders)
    assert sum(shares[:count]) >= 0.8 > sum(shares[: count - 1])
    assert ranked.together == pytest.approx(sum(shares[:count]))


def test_what_an_action_makes_worse_is_no_reach():
    """In Kampala few sewers lead to treatment and waste that is collected makes methane: harms widen no reach."""
    found = entry(CityModel(made_city(find_place("Kampala, Uganda"))), START, draws=0)
    assert any(value < -5e-4 for item in found.ranking for value in item.by_pathway.values())
    for item in found.ranking:
        assert item.reach == sum(value >= 5e-4 for value in item.by_pathway.values()), item.action


def test_a_dark_pathway_is_never_robust(ranked):
    assert not ranked.dark or not ranked.robust
    for pathway, share in ranked.known.items():
        assert (share < 0.5) == (pathway in ranked.dark), pathway


def test_challenges_are_the_outcomes_by_what_stands_open(lacking, ranked):
    assert {item.headline.indicator for item in ranked.challenges} == {item.indicator for item in outcomes()}
    open_ = [item.counts for item in ranked.challenges if not item.reason]
    assert open_ == sorted(open_, reverse=True)
    for item in ranked.challenges:
        if item.reason:
            assert np.isnan(item.value)
            continue
        span = item.headline.worst - item.headline.safe
        assert item.place == pytest.approx((item.value - item.headline.safe) / span)


def test_a_budget_is_given_or_a_share_of_what_the_city_has(lacking, ranked):
    """Two parts of a hundred of the budget in facts.csv; without it two of a thousand of the gross product."""
    facts = {fact.name: fact.value for fact in lacking.city.facts}
    assert ranked.budget.source == "budget"
    assert ranked.budget.amount == pytest.approx(0.02 * facts["municipal_budget"])
    without = CityModel(
        replace(lacking.city, facts=tuple(fact for fact in lacking.city.facts if fact.name != "municipal_budget"))
    )
    assert yearly_budget(without).amount == pytest.approx(0.002 * facts["gdp"])
    assert yearly_budget(without, 5e6).amount == 5e6
    with pytest.raises(PlanError, match="budget"):
        entry(lacking, START, budget=-1)


def test_without_a_limit_of_money_the_place_is_by_worth(lacking):
    found = entry(lacking, START, budget=1e12, draws=0)
    worth = [item.worth for item in found.ranking]
    assert worth == sorted(worth, reverse=True)
    for item in found.ranking:
        assert item.loss == pytest.approx(max(item.worth, 0.0))


def test_weights_of_pathways_are_weights(porto_alegre):
    found = assess(porto_alegre, single_cases(porto_alegre, START)[:6], START)
    for column in range(len(PATHWAYS)):
        only = [float(column == place) for place in range(len(PATHWAYS))]
        assert found.effect(only) == pytest.approx(found.by_pathway[..., column])
    assert found.effect([2] * 5) == pytest.approx(found.effect())
    assert found.effect([1, 0, 0, 0, 3])[:, 0] == pytest.approx(found.by_pathway[:, 0] @ [0.25, 0, 0, 0, 0.75])


@pytest.mark.parametrize("weights", [(1, 2, 3), (0, 0, 0, 0, 0), (-1, 1, 1, 1, 1), (1, float("nan"), 1, 1, 1)])
def test_wrong_weights_are_refused_by_the_ranking_too(small, weights):
    with pytest.raises((PlanError, QuestionError), match="weights"):
        entry(small, START, weights)


@pytest.mark.parametrize("start", [1990, 2051, 2060])
def test_a_ranking_begins_within_the_years_of_the_model(small, start):
    with pytest.raises((PlanError, QuestionError), match="2022"):
        entry(small, start)


def test_an_action_that_costs_nothing_is_not_the_first_by_division(small):
    """Zero cost and zero effect are not infinitely good: with a free action every score stays a number."""
    assume_free = {small.actions["heat_action_plan"].operating_cost: np.zeros((1,) * 6),
                   small.actions["heat_action_plan"].capital_cost: np.zeros((1,) * 6)}  # fmt: skip
    assessed = assess(small, single_cases(small, START), START, values=assume_free)
    found = scores(assessed, 1e6, balance(assessed.headlines))
    assert np.isfinite(found.worth).all()
    assert np.isfinite(found.loss).all()
