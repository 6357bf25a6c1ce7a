"""Why an action moves none of the headlines by which it would be judged."""

from __future__ import annotations

from collections.abc import Sequence

from caminos.actions.library import Action
from caminos.model.values import NotEstimated
from caminos.planning.city_model import CityModel

__all__ = ["why_unmoved"]


def why_unmoved(model: CityModel, action: Action, headlines: Sequence[str]) -> tuple[str, ...]:
    """The inputs whose absence keeps an action's levers from reaching any of these headlines.

    They are what is missing on the ways through the graph from the levers to the headlines: of headlines that are not
    estimated, and of steps before those that are estimated without them. Empty if nothing is missing there: the action
    then moves what it can.
    """
    graph = model.graph
    levers = {effect.lever for effect in action.effects}
    reached = levers.union(*(graph.dependents(lever) for lever in levers))
    between = [name for name in graph.needed(tuple(headlines)) if name in reached]
    found = model.run(between)
    missing = [item.missing for item in found.values() if isinstance(item, NotEstimated)]
    return tuple(dict.fromkeys(name for names in missing for name in names))
