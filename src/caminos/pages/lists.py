"""What there is to ask about: indicators, facts, parameters, actions and levers as tables."""

from __future__ import annotations

from math import nan

from caminos import words
from caminos.actions.library import Action, levers
from caminos.city.facts import Fact, newest
from caminos.city.vocabulary import terms
from caminos.i18n import _
from caminos.model.indicator import Indicator, Source
from caminos.model.values import Record
from caminos.pages.entry import action_name
from caminos.pages.names import name_of
from caminos.pages.page import Cell, Row, Table, table
from caminos.planning.assessment import why_unavailable
from caminos.planning.city_model import CityModel


def indicator_list(model: CityModel) -> Table:
    """Every quantity that the model computes on a pathway."""
    nodes = [node for node in model.graph.nodes.values() if isinstance(node, Indicator) and node.pathway]
    rows = [
        Row(
            (_name(node.name), _pathway(node.pathway), _unit(node.unit), Cell(_sentence(node.meaning))),
            node.name,
            node.pathway,
        )
        for node in nodes
        if node.role == "indicator"
    ]
    columns = [("name", _("Name")), ("pathway", _("Pathway")), ("unit", _("Unit")), ("meaning", _("What it is"))]
    return table(columns, rows, _("Indicators of {city}", city=model.city.name), "indicators")


def fact_list(model: CityModel) -> Table:
    """Every figure of the city's own files, the newest of each with its explanation."""
    now = {id(fact) for fact in newest(model.city.facts)}
    rows = [_fact(model, fact, id(fact) in now) for fact in model.city.facts]
    columns = [
        ("name", _("Name")),
        ("zone", _("zone")),
        ("group", _("Income group")),
        ("kind", _("kind")),
        ("year", _("Year")),
        ("value", _("Value")),
        ("quality", _("Quality")),
        ("source", _("Source")),
    ]
    return table(columns, rows, _("Facts of {city}", city=model.city.name), "facts")


def _fact(model: CityModel, fact: Fact, newest_one: bool) -> Row:
    node = terms()[fact.name].name_of("zone" if fact.zone else "") if newest_one else ""
    value = Cell(
        words.notation_name(fact.notation) if fact.value != fact.value else "",
        fact.value,
        nan if fact.low is None else fact.low,
        nan if fact.high is None else fact.high,
        fact.unit,
        quality=fact.quality,
        node=node if node in model.graph.nodes else "",
        zone=fact.zone,
        group=fact.group,
        kind=fact.kind,
    )
    places = (Cell(text, id=text) for text in (fact.zone, fact.group, fact.kind))
    name = Cell(name_of(fact.name), id=fact.name)
    return Row((name, *places, Cell(str(fact.year)), value, Cell(fact.quality), Cell(fact.source)), fact.name)


def parameter_list(model: CityModel) -> Table:
    """Every number of the literature that the model takes, with its range and source."""
    rows = []
    for name, item in model.inputs.items():
        node = model.graph.nodes.get(name)
        if isinstance(node, Source) and node.role == "parameter":
            rows += [_record(name, record) for record in item.records]
    columns = [
        ("name", _("Name")),
        ("group", _("Income group")),
        ("kind", _("kind")),
        ("value", _("Value")),
        ("quality", _("Quality")),
        ("source", _("Source")),
    ]
    return table(columns, rows, _("Parameters for {city}", city=model.city.name), "parameters")


def _record(name: str, record: Record) -> Row:
    low, high = (nan if end is None else end for end in (record.low, record.high))
    value = Cell(value=record.value, low=low, high=high, unit=record.unit, quality=record.quality, node=name)
    places = (Cell(text, id=text) for text in (record.group, record.kind))
    return Row((_name(name), *places, value, Cell(record.quality), Cell(record.source)), name)


def action_list(model: CityModel) -> Table:
    """Every action, and why one cannot be estimated here."""
    rows = [
        Row(
            (
                Cell(str(action.number or "")),
                Cell(action_name(model, action.id), id=action.id),
                _pathway(action.pathway),
                _unit(action.size_unit),
                Cell(_lacking(model, action)),
            ),
            action.id,
            action.pathway,
        )
        for action in model.actions.values()
    ]
    columns = [
        ("number", _("No.")),
        ("name", _("Action")),
        ("pathway", _("Pathway")),
        ("unit", _("Unit")),
        ("missing", _("Not estimated")),
    ]
    return table(columns, rows, _("Actions for {city}", city=model.city.name), "actions")


def _lacking(model: CityModel, action: Action) -> str:
    return why_unavailable(model, action) if action not in model.available else ""


def lever_list(model: CityModel) -> Table:
    """Every trajectory that an action can move."""
    rows = [
        Row(
            (_name(lever.name), _pathway(lever.pathway), _unit(lever.unit), Cell(_(lever.meaning))),
            lever.name,
            lever.pathway,
        )
        for lever in levers()
    ]
    columns = [("name", _("Name")), ("pathway", _("Pathway")), ("unit", _("Unit")), ("meaning", _("What it is"))]
    return table(columns, rows, _("Levers of {city}", city=model.city.name), "levers")


def _name(node: str) -> Cell:
    return Cell(name_of(node), id=node)


def _pathway(pathway: str) -> Cell:
    return Cell(words.pathway_name(pathway), id=pathway)


def _unit(unit: str) -> Cell:
    return Cell(words.unit_name(unit) or unit, id=unit)


def _sentence(meaning: str) -> str:
    return " ".join(_(meaning).split())
