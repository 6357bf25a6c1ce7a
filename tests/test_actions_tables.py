"""The tables of actions: measures whose levers, names, units and priors all hold together."""

import ast
import csv
import re
from collections import Counter
from graphlib import TopologicalSorter
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from caminos.actions import library
from caminos.actions.library import Action
from caminos.city.package import read_city
from caminos.model import expression
from caminos.model.axes import QUINTILES, labels
from caminos.model.indicator import PATHWAYS
from caminos.model.units import factor, registry, unit
from caminos.parameters import tables
from caminos.parameters.money import in_dollars
from caminos.planning.city_model import Case, CityModel, Measure
from caminos.planning.graph import assemble

ACTIONS = library.library()
LEVERS = {lever.name: lever for lever in library.levers()}
EFFECTS = [effect for action in ACTIONS for effect in action.effects]
PRICE_YEAR = re.compile(r"[A-Z]{3}\d{4}\b")
NO_RUNNING_COST = ("No running cost", "No extra running cost", "upkeep", "Upkeep", "Staff only")
IMPLEMENTERS = {"M", "U", "P", "T", "R", "Co"}
ACTION_COLUMNS = (
    "id,number,name,pathway,size_unit,potential,capital_cost,operating_cost,lifetime,lead_time,ramp_years,"
    "minimum_scale,implementer,needs,excludes,serves,note"
)
EFFECT_COLUMNS = "action,lever,kind,group,mode,amount,lag,note"
PARAMETER_COLUMNS = "name,classification,kind,setting,region,year,value,low,high,unit,distribution,source,quality,note"


def table(package: str, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(files(package).joinpath(name).read_text(encoding="utf-8").splitlines()))


PRIORS = table("caminos.parameters", "actions.csv")
EXPRESSIONS = [action.potential for action in ACTIONS] + [effect.amount for effect in EFFECTS]


@pytest.fixture(scope="module")
def graph():
    """The model with all actions; building it checks the units of every function and table expression."""
    return assemble(ACTIONS)


@pytest.fixture(scope="module")
def porto_alegre() -> CityModel:
    return CityModel(read_city(Path(__file__).parents[1] / "cities" / "porto-alegre"))


def names(text: str) -> set[str]:
    return set(expression.names(text)) - {"size"}


def parameters_of(action: Action) -> set[str]:
    """The priors that an action names outside its expressions."""
    named = {action.capital_cost, action.operating_cost, action.lifetime, action.lead_time}
    return {name for name in named | {effect.lag for effect in action.effects} if name}


def quantity(text: str, graph, size_unit: str = ""):
    """The value of an expression with every name at 1 of its unit."""
    given = {name: registry().Quantity(1.0, unit(graph.nodes[name].unit)) for name in names(text)}
    if size_unit:
        given["size"] = registry().Quantity(1.0, unit(size_unit))
    value = expression.evaluate(text, given)
    return value if hasattr(value, "to") else registry().Quantity(value, "ratio")


@pytest.mark.parametrize(
    ("package", "name", "columns"),
    [
        ("caminos.actions", "actions.csv", ACTION_COLUMNS),
        ("caminos.actions", "effects.csv", EFFECT_COLUMNS),
        ("caminos.parameters", "actions.csv", PARAMETER_COLUMNS),
    ],
)
def test_columns(package, name, columns):
    text = files(package).joinpath(name).read_text(encoding="utf-8")
    assert text.splitlines()[0] == columns
    assert all(None not in row and None not in row.values() for row in table(package, name))


def test_actions_are_numbered_without_a_gap_and_named_once():
    assert sorted(action.number for action in ACTIONS) == list(range(1, len(ACTIONS) + 1))
    assert len({action.id for action in ACTIONS}) == len({action.name for action in ACTIONS}) == len(ACTIONS) >= 40
    for action in ACTIONS:
        assert action.id.isidentifier()
        assert action.id == action.id.lower()
        assert action.pathway in PATHWAYS
        assert action.implementer
        assert set(action.implementer) <= IMPLEMENTERS
        assert action.serves
        assert action.note
        assert action.ramp_years > 0
        assert 0 < action.minimum_scale <= 1


def test_levers_modes_kinds_and_groups_exist():
    for effect in EFFECTS:
        lever = LEVERS[effect.lever]
        assert effect.mode in library.MODES
        assert set(effect.groups) <= set(QUINTILES)
        assert not effect.groups or "group" in lever.dims
        assert set(effect.kinds) <= set(labels(lever.classification))
        assert effect.lag == "" or effect.lag in tables.rows()


def test_each_effect_moves_a_lever_once_for_each_group_and_kind():
    moved = Counter(
        (effect.action, effect.lever, group, kind)
        for effect in EFFECTS
        for group in effect.groups or ("",)
        for kind in effect.kinds or ("",)
    )
    assert max(moved.values()) == 1


def test_every_name_in_an_expression_exists(graph):
    unknown = {name for text in EXPRESSIONS for name in names(text)} - set(graph.nodes)
    assert not unknown
    assert not {name for action in ACTIONS for name in parameters_of(action)} - set(tables.rows())


def test_sizes_and_amounts_do_not_depend_on_levers(graph):
    for text in EXPRESSIONS:
        needed = graph.needed(tuple(sorted(names(text))))
        moving = [name for name in needed if name in LEVERS or name.startswith(library.ADOPTION)]
        assert not moving, (text, moving)


def test_expressions_hold_no_estimates():
    """Only small whole numbers stand in an expression; whatever is estimated is a prior with a range."""
    for text in EXPRESSIONS:
        for node in ast.walk(ast.parse(text, mode="eval")):
            assert not isinstance(node, ast.Constant) or node.value in (1, 2, 3, 5), text


def test_units_of_sizes_costs_and_times(graph):
    for action in ACTIONS:
        size = unit(action.size_unit)
        assert quantity(action.potential, graph).check(size.dimensionality), action.id
        capital = registry().Quantity(1.0, unit(graph.nodes[action.capital_cost].unit) * size)
        assert capital.check(unit("USD").dimensionality), action.id
        if action.operating_cost:
            yearly = registry().Quantity(1.0, unit(graph.nodes[action.operating_cost].unit) * size)
            assert yearly.check(unit("USD/yr").dimensionality), action.id
        for name in (action.lifetime, action.lead_time):
            assert factor(graph.nodes[name].unit, "yr") == 1.0


def test_units_of_amounts(graph):
    size_units = {action.id: action.size_unit for action in ACTIONS}
    for effect in EFFECTS:
        amount = quantity(effect.amount, graph, size_units[effect.action])
        wanted = LEVERS[effect.lever].unit if effect.mode == "add" else "ratio"
        assert amount.check(unit(wanted).dimensionality), (effect.action, effect.lever, amount.units)


def test_needs_and_excludes():
    ids = {action.id for action in ACTIONS}
    excluded = {(action.id, other) for action in ACTIONS for other in action.excludes}
    for action in ACTIONS:
        assert set(action.needs) | set(action.excludes) <= ids - {action.id}
        assert not set(action.needs) & set(action.excludes)
    assert excluded == {(other, one) for one, other in excluded}
    TopologicalSorter({action.id: action.needs for action in ACTIONS}).prepare()  # raises on a cycle


def test_priors_are_used_and_defined_in_one_table():
    mine = {row["name"] for row in PRIORS}
    used = {name for text in EXPRESSIONS for name in names(text)}
    used |= {name for action in ACTIONS for name in parameters_of(action)}
    assert mine <= used, mine - used
    for path in files("caminos.parameters").iterdir():
        if path.name.endswith(".csv") and path.name not in ("actions.csv", *tables.OTHER_TABLES):
            shared = {row["name"] for row in table("caminos.parameters", path.name)} & mine
            assert not shared, (path.name, shared)


def test_priors_have_ranges_sources_and_price_years():
    keys = Counter((row["name"], row["kind"], row["setting"], row["region"], row["year"]) for row in PRIORS)
    assert max(keys.values()) == 1
    units: dict[str, str] = {}
    for row in PRIORS:
        low, value, high = (float(row[name]) for name in ("low", "value", "high"))
        assert low <= value <= high, row["name"]
        assert row["quality"] in ("A", "B", "C")
        assert row["source"]
        assert row["region"]
        if row["quality"] == "C":
            assert low < value < high, row["name"]
        plain, _scale = in_dollars(row["unit"], int(row["year"]))
        assert factor(plain, units.setdefault(row["name"], plain)) > 0
        if "USD" in plain:
            assert PRICE_YEAR.match(row["unit"]), (row["name"], "money needs a price year")
    assert {row["name"] for row in PRIORS if row["region"] == "world"} == {row["name"] for row in PRIORS}


def test_no_cost_is_negative():
    for action in ACTIONS:
        for name in filter(None, (action.capital_cost, action.operating_cost)):
            assert all(row.low >= 0 and row.value > 0 for row in tables.rows()[name])
        assert action.operating_cost or any(words in action.note for words in NO_RUNNING_COST), action.id


def test_every_action_is_ranked_in_porto_alegre(porto_alegre):
    assert set(porto_alegre.unavailable) == set()


def test_no_lever_is_pushed_past_its_end_in_porto_alegre(porto_alegre):
    """All actions together at full scale leave every share below its maximum: nothing relies on clipping."""
    everything = Case("all", tuple(Measure(action.id, 2026) for action in porto_alegre.available))
    whole = {"electric_bus_share"}  # every bus that is not electric yet: ends at one by its own balance
    moved = [name for name in LEVERS if name not in whole and any(effect.lever == name for effect in EFFECTS)]
    values = porto_alegre.run(moved, [Case("none"), everything])
    for name, value in values.items():
        if not isinstance(value, np.ndarray) or LEVERS[name].unit != "share":
            continue
        last = value[-1, 0, -1].max()
        start = value[0, 0, -1].max()
        assert last < LEVERS[name].maximum or start == LEVERS[name].maximum, name
        assert value[-1, 0, -1].min() > LEVERS[name].minimum or start == LEVERS[name].minimum, name


def test_costs_of_porto_alegre_are_of_the_right_order(porto_alegre):
    """No whole programme costs half of a year's city budget (R$13.6 bn); all together one to four budgets."""
    budget = 13.6e9 / 5.6  # USD at the mean rate of 2025
    evaluation = porto_alegre.evaluation()
    total = 0.0
    for action in porto_alegre.available:
        size = float(np.asarray(evaluation.get(action.size)).flat[0])
        cost = size * float(porto_alegre.inputs[action.capital_cost].central.item())
        assert 0 < cost < budget / 2, (action.id, cost)
        total += cost
    assert budget < total < 4 * budget
