"""Parts that nodes play in planning and pages stand in a table, which the graph holds."""

from __future__ import annotations

import csv
from importlib.resources import files

import pytest

from caminos.pathways.tables import role, roles


def rows() -> list[dict[str, str]]:
    text = files("caminos.pathways").joinpath("roles.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def test_every_node_of_a_role_is_in_the_graph(porto_alegre):
    assert rows()
    for row in rows():
        assert row["node"] in porto_alegre.graph.nodes, row
        assert row["meaning"]


def test_what_is_shown_by_group_differs_by_group(porto_alegre):
    for name in [*roles("shown by group"), role("burden of people"), role("burden of people known by income")]:
        assert "group" in porto_alegre.graph.nodes[name].dims, name


def test_an_unknown_role_is_an_error():
    with pytest.raises(KeyError, match="no such part"):
        roles("no such part")
    with pytest.raises(ValueError, match="unpack"):
        role("summary")
