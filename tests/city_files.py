"""A small valid city on disk, to be spoiled in one place at a time."""

from __future__ import annotations

from pathlib import Path

from caminos.city.check import check_city
from caminos.city.package import FACT_COLUMNS, INVENTORY_COLUMNS, Problem
from caminos.files import table_text

SETTINGS = """id = "aldea"
name = "Aldea"
country = "BRA"
region = ["Brazil", "South America", "Latin America", "world"]
climate = "wet temperate"
currency = "BRL"
language = "pt"
base_year = 2022
gwp = "AR5"
"""


def fact(name: str, value: object, unit: str, **other: object) -> dict[str, object]:
    """A row of facts.csv; a field left out is empty."""
    return {"name": name, "value": value, "unit": unit, "year": 2022, "source": "Census", "quality": "A", **other}


def row(reference: str, emissions: object, **other: object) -> dict[str, object]:
    """A row of inventory.csv."""
    given = {"unit": "t CO2e", "source": "Inventory 2022", "quality": "B"}
    return {"reference": reference, "emissions": emissions, **given, **other}


FACTS = (
    fact("population", 1000000, "person"),
    fact("area", 100, "km2"),
    fact("waste_landfilled", 400000, "t/yr"),
)


def square(identity: str, x: float, y: float, size: float = 0.01) -> dict[str, object]:
    """A zone: a square whose lower left corner is x, y in degrees."""
    ring = [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]
    properties = {"id": identity, "name": identity.title()}
    return {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring]}}


def city(folder: Path, facts: object = FACTS, settings: str = SETTINGS, inventory: object = None) -> Path:
    """Write a city; `facts` and `inventory` are rows, or the text or bytes of the whole file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "city.toml").write_text(settings, encoding="utf-8")
    for name, columns, rows in (("facts.csv", FACT_COLUMNS, facts), ("inventory.csv", INVENTORY_COLUMNS, inventory)):
        if isinstance(rows, bytes):
            (folder / name).write_bytes(rows)
        elif isinstance(rows, str):
            (folder / name).write_text(rows, encoding="utf-8")
        elif rows is not None:
            (folder / name).write_text(table_text(columns, rows), encoding="utf-8")  # type: ignore[arg-type]
    return folder


def found(folder: Path, *words: str, severity: str = "") -> list[Problem]:
    """The problems of the city whose text holds every one of `words`."""
    return [
        problem
        for problem in check_city(folder)
        if all(word in str(problem) for word in words) and severity in ("", problem.severity)
    ]
