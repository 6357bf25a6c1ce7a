"""What tests read out of a page as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]


def parts(page: Json) -> Iterator[Json]:
    """Every part, those of inner pages and the tables of charts included."""
    for part in page["parts"]:
        yield part
        if part["part"] == "page":
            yield from parts(part)
        if part["part"] == "chart":
            yield part["table"]


def table(page: Json, id: str) -> list[Json]:
    """The rows of a table, wherever it stands."""
    found = [part for part in parts(page) if part["part"] == "table" and part["id"] == id]
    assert len(found) == 1, f"{len(found)} tables {id}"
    return list(found[0]["rows"])


def row_of(page: Json, id: str, row: str) -> Json:
    """The cells of one row of a table."""
    (found,) = [item for item in table(page, id) if item["id"] == row]
    return dict(found["cells"])


def numbers(page: Json) -> dict[str, Json]:
    """The numbers that stand in sentences, by id."""
    lines = [line for part in parts(page) if part["part"] == "sentences" for line in part["lines"]]
    return {number["id"]: number for line in lines for number in line.get("numbers", ()) if "id" in number}


def value_of(page: Json) -> Json:
    """The one number of a page of `get` or `explain`."""
    (row,) = table(page, "values")
    return dict(row["cells"]["value"])
