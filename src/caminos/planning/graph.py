"""The one graph of the library: facts, what stands in for them, literature, actions, levers and all indicators."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from caminos.actions import library
from caminos.actions.library import Action
from caminos.city.agreement import AGREEMENTS
from caminos.city.vocabulary import Term, vocabulary
from caminos.model.graph import Graph, build
from caminos.model.indicator import Indicator, Node, Source
from caminos.parameters import tables
from caminos.pathways.library import indicators


@cache
def library_graph() -> Graph:
    """The graph that every city shares; its units are proved by the tests."""
    return assemble(library.library(), check=False)


def graph_of(actions: Sequence[Action]) -> Graph:
    """The graph with a city's own actions; the units of what they add are proved. The library's own if it adds none.

    Raises ModelError or ActionError for what does not fit.
    """
    shipped = {action.id: action for action in library.library()}
    own = [action for action in actions if shipped.get(action.id) is not action]
    if not own:
        return library_graph()
    graph = assemble(actions, check=False)
    for action in own:
        library.check_parameters(action, graph.nodes)
    new = [action.size for action in own] + [effect.lever for action in own for effect in action.effects]
    return assemble(actions, check=dict.fromkeys(new))


def assemble(actions: Sequence[Action], check: bool | Sequence[str] | dict[str, None] = True) -> Graph:
    """The graph of the whole model with these actions. A fact that has a default is computed until it is given."""
    facts = {source.name: source for source in _fact_sources()}
    nodes: dict[str, Node] = dict(facts)
    for row in defaults():
        nodes[row["name"]] = _default(row, facts.get(row["name"]))
    for name in tables.rows():
        nodes.setdefault(name, tables.source_node(name))
    computed: list[Node] = [
        *_calendar(),
        *(Source(item.name, "ratio", "agreement", meaning=item.meaning) for item in AGREEMENTS),
        *indicators(),
        *library.size_nodes(actions),
        *library.adoption_nodes(actions),
        *library.lever_nodes(actions),
    ]
    return build([*nodes.values(), *computed], check=check, sources=facts)


def defaults() -> list[dict[str, str]]:
    """What stands in for a fact that the city lacks: an expression over other facts and priors."""
    text = files("caminos.pathways").joinpath("defaults.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _default(row: dict[str, str], fact: Source | None) -> Indicator:
    unit, dims, of = (fact.unit, fact.dims, fact.of) if fact else (_lever_unit(row["name"]), (), "")
    return library.computed(row["name"], unit, row["expression"], "default", row["meaning"], dims, of=of)


def _lever_unit(baseline: str) -> str:
    return next(lever.unit for lever in library.levers() if lever.baseline == baseline)


def _fact_sources() -> list[Source]:
    return [source for term in vocabulary().values() for source in _sources(term)]


def _sources(term: Term) -> list[Source]:
    """The inputs that the facts of one word make: of the whole city, by zone, and their history."""
    dims = tuple(dim for dim in term.dims if dim in ("kind", "group"))
    classification = term.classification if "kind" in dims else ""
    whole = Source(
        term.name_of(""), term.unit, "fact", dims, classification, term.meaning, pathway=term.pathway, of=term.name
    )
    found = [whole]
    if "zone" in term.dims:
        zoned = ("zone", *dims)
        found.append(
            Source(
                term.name_of("zone"), term.unit, "fact", zoned, classification, term.meaning, of=term.name, view="zone"
            )
        )
    if "history" in term.dims:
        name = term.name_of("history")
        found.append(Source(name, term.unit, "fact", ("year",), "", term.meaning, of=term.name, view="history"))
    return found


def _calendar() -> list[Source]:
    return [
        Source("calendar_year", "yr", "calendar", ("year",), meaning="year of the calendar"),
        Source(
            "past_year",
            "yr",
            "calendar",
            ("year",),
            meaning="years of the past of which deposits are known",
            view="history",
        ),
        Source("base_year", "yr", "calendar", meaning="first year of the model"),
    ]
