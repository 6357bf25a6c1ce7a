"""Parts that nodes play in planning and pages stand in a table, which the graph holds."""

from __future__ import annotations

import ast
import csv
from importlib.resources import files
from pathlib import Path

import pytest

import caminos
from caminos.pathways.tables import role, roles
from caminos.planning.graph import library_graph


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


ROOMS = ("planning", "pages", "reports", "command")
PACKAGE = Path(caminos.__file__).parent
CALENDAR = {"planning/graph.py": {"calendar_year", "past_year", "base_year"}}  # the graph makes them


@pytest.mark.parametrize(
    "path", [path for room in ROOMS for path in sorted((PACKAGE / room).rglob("*.py"))], ids=lambda path: path.stem
)
def test_planning_and_pages_name_no_node(path):
    """A node that they need plays a part in roles.csv; an indicator renamed is renamed in tables alone."""
    known = set(library_graph().nodes)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    file = path.relative_to(PACKAGE).as_posix()
    words = {name for name in known if "_" not in name}  # plain words, such as `area`, also mean other things
    assert (texts & known) - words == CALENDAR.get(file, set()), file


def test_the_search_for_names_sees_what_it_looks_for():
    assert {"heat_deaths", "base_population", "size_of_street_trees"} <= set(library_graph().nodes)
