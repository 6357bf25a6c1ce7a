"""What a number can be: masses, counts and money spent are not below zero, a share lies between 0 and 1.

A result that breaks this is an error that names the node, the year and the facts it rests on, never a picture.
"""

from __future__ import annotations

import numpy as np

from caminos.i18n import _, number
from caminos.model.axes import YEAR
from caminos.model.graph import Graph, arguments
from caminos.model.indicator import Indicator, Node
from caminos.problems import CaminosError
from caminos.words import label

ROUNDING = 1e-9  # of the largest value of a row, by which a sum may miss zero
MOST_NAMED = 8  # facts that a message names


class ImpossibleError(CaminosError):
    """A result that no city can have: `node` is its name, `row` where it stands in the run, `year` when."""

    def __init__(self, message: str, node: str, row: int, year: int | None) -> None:
        super().__init__(message)
        self.node, self.row, self.year = node, row, year
        self.city = ""  # id of the city, where many are asked at once

    def __reduce__(self) -> tuple[object, ...]:
        """Between processes it travels as what it is made of."""
        return type(self), (str(self), self.node, self.row, self.year), {"city": self.city}


def first_impossible(node: Node, values: np.ndarray) -> tuple[int, ...] | None:
    """The place of the first value that a node cannot have; None if there is none."""
    if not isinstance(node, Indicator) or node.signed:
        return None
    too_low, too_high = values < 0, values > 1 + ROUNDING if node.unit == "share" else None
    if not (too_low.any() or (too_high is not None and too_high.any())):
        return None
    size = np.abs(np.where(np.isfinite(values), values, 0)).max(axis=tuple(range(1, values.ndim)), keepdims=True)
    wrong = values < -ROUNDING * size
    if too_high is not None:
        wrong |= too_high
    return tuple(int(place) for place in np.argwhere(wrong)[0]) if wrong.any() else None


def check(graph: Graph, name: str, values: np.ndarray, years: np.ndarray, first_row: int = 0) -> None:
    """Raise ImpossibleError if a node has a value that it cannot have; `years` are those of the year axis."""
    node = graph.nodes[name]
    place = first_impossible(node, values)
    if place is None:
        return
    year = int(years[place[YEAR]]) if values.shape[YEAR] == len(years) > 1 else None
    message = _(
        "{name} would be {value} {unit}, which cannot be{when}. It rests on {facts}: check these first.",
        name=label(name),
        value=number(float(values[place]), 4),
        unit=node.unit,
        when=_(" (in {year})", year=year) if year else "",
        facts=", ".join(nearest_facts(graph, name)) or _("no fact"),
    )
    raise ImpossibleError(message, name, first_row + place[0], year)


def nearest_facts(graph: Graph, name: str, most: int = MOST_NAMED) -> list[str]:
    """The facts that a node rests on, by the names of the vocabulary, those that enter it most directly first."""
    found: dict[str, None] = {}
    seen, layer = {name}, [name]
    while layer and len(found) < most:
        below = [argument for item in layer for argument in arguments(graph.nodes[item]) if argument not in seen]
        layer = list(dict.fromkeys(below))
        seen.update(layer)
        found |= {
            of: None for item in layer if graph.nodes[item].role in ("fact", "default") and (of := graph.nodes[item].of)
        }
    return list(found)[:most]
