"""The connections: declared edges against the graph, and every link switched off in turn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from caminos.city.vocabulary import terms
from caminos.model.indicator import PATHWAYS, Indicator
from caminos.model.values import Input, NotEstimated, fixed
from caminos.pathways.tables import connections, headlines, pairs_without_evidence
from caminos.planning.city_model import BASELINE, Case, CityModel, Measure
from caminos.planning.connect import connect, matrix
from caminos.planning.explanation import contributions, explain

LINKS = connections()


@pytest.fixture(scope="module")
def excited(porto_alegre) -> tuple[CityModel, Case]:
    """Porto Alegre with facts that it lacks set for the test, and every action begun at once."""
    city = porto_alegre.city
    facts = [
        replace(f, value=1000.0, notation="") if f.name in ("waste_digested", "waste_incinerated") else f
        for f in city.facts
    ]
    model = CityModel(replace(city, facts=tuple(facts)))
    return model, Case("all", tuple(Measure(action.id, 2026) for action in model.available))


def test_every_edge_between_pathways_is_declared_and_every_declared_edge_exists(porto_alegre):
    nodes = porto_alegre.graph.nodes
    edges = {
        (argument, node.name)
        for node in nodes.values()
        if isinstance(node, Indicator) and node.pathway in PATHWAYS and node.role == "indicator"
        for argument in node.arguments
        if nodes[argument].pathway in PATHWAYS and nodes[argument].pathway != node.pathway
        and nodes[argument].role != "fact"
    }  # fmt: skip
    declared = {(link.source_node, link.target_node) for link in LINKS}
    assert edges <= declared, sorted(edges - declared)
    for link in LINKS:
        assert link.source_node in nodes[link.target_node].arguments, link.id


def test_at_least_25_links_of_the_science_are_edges():
    assert len({link.link for link in LINKS if link.link.isdigit()}) >= 25


def test_every_link_has_a_range_a_source_and_a_confidence(porto_alegre):
    assert len({link.id for link in LINKS}) == len(LINKS)
    for link in LINKS:
        assert link.source, link.id
        assert link.confidence in "HML", link.id
        assert link.parameter in porto_alegre.graph.nodes, link.id


def test_all_ordered_pairs_of_pathways_are_shown_and_an_empty_one_says_why(porto_alegre):
    cells = matrix(porto_alegre, 2026)
    assert len(cells) == 25
    for cell in cells:
        if cell.entry != cell.moved:
            assert bool(cell.links) != bool(cell.reason), (cell.entry, cell.moved)
    assert {(cell.entry, cell.moved) for cell in cells if cell.reason} == set(pairs_without_evidence())


def reachable(model: CityModel, link) -> bool:
    value = model.run([link.target_node])[link.target_node]
    return not isinstance(value, NotEstimated)


@pytest.mark.parametrize("link", LINKS, ids=lambda link: link.id)
def test_switching_a_link_off_changes_its_target_and_the_chain(excited, link):
    model, case = excited
    if not reachable(model, link):
        # the city lacks a fact for it: the edge is tested on made-up inputs instead
        _switch_off_by_hand(model, link)
        return
    item = model.inputs[link.parameter].central
    off = {link.parameter: np.full_like(item, link.no_effect)}
    names = [link.target_node]
    with_link = model.run(names, [BASELINE, case])[link.target_node]
    without = model.run(names, [BASELINE, case], values=off)[link.target_node]
    assert not np.allclose(with_link, without, rtol=1e-9, atol=0, equal_nan=True), "the target does not change"
    passed = explain_ids(model, link, case)
    assert link.id in passed, "explain does not print the link"
    before = model.inputs[link.parameter]
    silent = fixed(before.name, before.unit, off[link.parameter])
    assert link.id not in explain_ids(without_own(model, silent), link, case), "explain still prints it"


def without_own(model: CityModel, item: Input) -> CityModel:
    """The same city with `item` in place of what it and the literature say."""
    facts = tuple(fact for fact in model.city.facts if terms()[fact.name].enters_as != item.name)
    return CityModel(replace(model.city, facts=facts), {item.name: item})


def explain_ids(model: CityModel, link, case: Case) -> set[str]:
    """Connections that the explanation prints, over all cells of the target."""
    from caminos.planning.explanation import LEAST, without_links

    central = model.run([link.target_node], [case])[link.target_node]
    return {
        item.id
        for item, other in without_links(model, link.target_node, case)
        if not np.allclose(central, other, rtol=LEAST, atol=0, equal_nan=True)
    }


def _switch_off_by_hand(model: CityModel, link) -> None:
    node = model.graph.nodes[link.target_node]
    random = np.random.default_rng(1)
    given = {}
    for name in node.arguments:
        value = model.run([name])[name]
        given[name] = random.uniform(0.3, 0.8, (1,) * 6) if isinstance(value, NotEstimated) else value
    # an argument with the same value as its base-year twin hides the effect: move the source of the link
    given[link.source_node] = given[link.source_node] * 1.1
    assert link.parameter in given, f"{link.id}: its parameter is not an argument of its target"
    off = {**given, link.parameter: np.full_like(given[link.parameter], link.no_effect)}
    assert not np.allclose(node.function(**given), node.function(**off))


def test_street_trees_reach_every_pathway_and_the_chain_is_made_of_real_edges(porto_alegre):
    found = connect(porto_alegre, "street_trees", 2026, draws=50)
    moved = {change.pathway for change in found.changes}
    assert {"nature", "resilient", "low_emission", "equitable"} <= moved
    ids = {step.connection.id for steps in found.chains.values() for step in steps if step.connection}
    assert {"canopy_cools_air", "cooler_air_fewer_heat_deaths", "cooler_air_less_electricity"} <= ids
    by_name = {change.indicator: change for change in found.changes if change.year == 2050}
    assert by_name["heat_deaths"].value < 0
    assert by_name["cold_deaths"].value > 0, "the trade-off is shown"
    assert not by_name["cold_deaths"].better
    assert (by_name["heat_deaths"].probability_better, by_name["cold_deaths"].probability_better) == (1, 0)
    assert 0 < by_name["other_avoidable_deaths"].probability_better < 1, "fewer deaths by dirty air, more by cold"


def test_contributions_of_a_single_chain_add_up_to_the_change(porto_alegre):
    case = Case("street_trees", (Measure("street_trees", 2026),))
    steps = contributions(porto_alegre, case, "canopy_added", 2050)
    result = porto_alegre.run(["canopy_added"], [BASELINE, case])["canopy_added"]
    change = float(result[1, 0, -1].sum() - result[0, 0, -1].sum())
    assert steps[-1].change == pytest.approx(change)


def test_an_explanation_names_inputs_sources_and_quality(porto_alegre):
    found = explain(porto_alegre, "heat_deaths", 2040, draws=50)
    assert found["low"] < found["value"] < found["high"]
    assert found["unit"] == "person/yr"
    assert "total(heat_deaths_by_group" in found["equation"]
    assert [item["name"] for item in found["inputs"]] == ["heat_deaths_by_group"]
    deaths = explain(porto_alegre, "base_annual_deaths", draws=0)
    assert deaths["records"][0]["source"]
    assert deaths["records"][0]["quality"] in "ABC"


def test_every_headline_is_on_its_pathway(porto_alegre):
    for headline in headlines():
        assert porto_alegre.graph.nodes[headline.indicator].pathway == headline.pathway
