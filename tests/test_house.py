"""The house: rooms one above the other, nothing imports upwards, no circle, no room above a quarter of the whole."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import caminos

PACKAGE = Path(caminos.__file__).parent
GROUND = ("problems", "files", "i18n", "words", "toml", "schema")
FLOORS = (
    GROUND,
    ("model",),
    ("spatial",),
    ("parameters",),
    ("pathways",),
    ("actions",),
    ("city",),
    ("maps",),
    ("planning",),
    ("pages",),
    ("reports",),
    ("command",),
    ("analyst",),
    ("caminos", "__main__"),
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
MOST = 0.25  # of all lines of the source

# Imports that still lead upwards. The table may only become shorter.
UPWARDS: dict[str, tuple[str, ...]] = {}


def modules(package: Path) -> dict[str, Path]:
    """Every module of the package by its full name."""
    return {
        ".".join((package.name, *path.relative_to(package).with_suffix("").parts)).removesuffix(".__init__"): path
        for path in sorted(package.rglob("*.py"))
    }


def imports(path: Path, known: Mapping[str, Path]) -> Iterator[str]:
    """The modules of the package that a file imports anywhere: at its head, in functions, or for types only."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module in known:
            assert node.level == 0, f"{path}: imports name the package"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in known else node.module


def room(module: str) -> str:
    """The room of a module: the part below the package; the package itself is the front door."""
    return module.split(".")[1] if "." in module else "caminos"


def graph(package: Path) -> dict[str, set[str]]:
    """What each module imports; a room's own __init__ may name its modules."""
    known = modules(package)
    found = {name: set(imports(path, known)) - {name} for name, path in known.items()}
    return {name: {other for other in others if not other.startswith(f"{name}.")} for name, others in found.items()}


GRAPH = graph(PACKAGE)


def test_every_module_has_a_room_in_the_order() -> None:
    """A new room is given its floor here."""
    assert {room(module) for module in GRAPH} - set(FLOOR) == set()


@pytest.mark.parametrize("module", GRAPH)
def test_nothing_imports_upwards(module: str) -> None:
    """A module imports from its own room and from floors below; modules of the ground may know each other."""
    allowed = UPWARDS.get(module, ())
    own = FLOOR[room(module)]
    wrong = {
        other
        for other in GRAPH[module]
        if room(other) != room(module) and FLOOR[room(other)] >= own and not own == FLOOR[room(other)] == 0
    }
    assert wrong - set(allowed) == set()
    assert set(allowed) <= wrong, "the exception is no longer needed: take it out of the table"


def circle(edges: Mapping[str, set[str]]) -> list[str]:
    """Modules that import each other in a ring; empty if there are none."""
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_circle() -> None:
    """No module reaches itself, imports in functions and for types included."""
    assert circle(GRAPH) == []


def shares(package: Path) -> dict[str, float]:
    """The share of all source lines by room."""
    lines: dict[str, int] = {}
    for module, path in modules(package).items():
        lines[room(module)] = lines.get(room(module), 0) + path.read_text(encoding="utf-8").count("\n")
    return {name: count / sum(lines.values()) for name, count in lines.items()}


@pytest.mark.parametrize("name", sorted({room(module) for module in GRAPH}))
def test_no_room_is_above_a_quarter_of_the_whole(name: str) -> None:
    assert shares(PACKAGE)[name] <= MOST


def test_spatial_and_model_know_neither_city_nor_file() -> None:
    """Array functions take and give arrays: of the ground they use language, findings and what is kept."""
    for module in GRAPH:
        if room(module) in ("model", "spatial"):
            assert {room(other) for other in GRAPH[module]} <= {room(module), "i18n", "problems", "words", "files"}
    assert [module for module in GRAPH if room(module) == "spatial" and "caminos.files" in GRAPH[module]] == [
        "caminos.spatial.cache"
    ]


def test_the_house_sees_what_it_looks_for(tmp_path: Path) -> None:
    """Imports in functions, for types, and of a module by `from room import module` are seen."""
    package = tmp_path / "caminos"
    for name, text in {
        "__init__.py": "",
        "model/__init__.py": "",
        "model/low.py": "def f():\n    from caminos.city import high\n",
        "city/__init__.py": "",
        "city/high.py": (
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from caminos.model.low import f\nimport math\n"
        ),
    }.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text)
    seen = graph(package)
    assert seen["caminos.model.low"] == {"caminos.city.high"}
    assert seen["caminos.city.high"] == {"caminos.model.low"}
    assert set(circle(seen)) == {"caminos.model.low", "caminos.city.high"}
    assert shares(package)["model"] == pytest.approx(2 / 6)
