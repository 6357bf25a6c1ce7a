"""Numbers out of results: one value with its range, and gaps to targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from caminos.i18n import _
from caminos.model import DRAWS
from caminos.model.axes import AXES, GROUP, KIND, QUINTILES, YEAR, ZONE, classifications, labels
from caminos.model.evaluation import Result
from caminos.model.graph import Graph
from caminos.model.indicator import Indicator, Node, Source
from caminos.model.values import NotEstimated, values_of
from caminos.pathways.tables import Headline
from caminos.planning.city_model import BASELINE, Case, CityModel
from caminos.planning.names import like, name_of, node_named
from caminos.problems import UnknownError

FEW = 30  # names listed for one that does not exist
RANGE = (5, 95)  # percentiles of the draws that are shown as the range


class QuestionError(UnknownError):
    """A question the model cannot answer: an unknown name, year, zone, group or kind."""


@dataclass(frozen=True)
class Value:
    """One number with its range; not a number where it is not estimated, with the reason."""

    name: str
    value: float
    low: float
    high: float
    unit: str
    year: int | None = None
    zone: str = ""
    group: str = ""
    kind: str = ""
    reason: str = ""
    caveats: tuple[str, ...] = ()


def caveats(model: CityModel, name: str) -> tuple[str, ...]:
    """What must be read beside a number: what is left out of it, and what the city says of facts that it rests on.

    The city's own stand in city.toml: [[caveats]] with `facts` (names) and `text`.
    """
    above = set(model.graph.needed((name,)))
    found = []
    for caveat in model.city.caveats:
        told = {item for item in above if item in model.inputs and model.graph.nodes[item].of in caveat.facts}
        if told:
            found.append(_(caveat.text))
    if left_out := parts_left_out(model, name):
        found.append(_("Left out, for they are not estimated: {names}.", names=", ".join(map(name_of, left_out))))
    return tuple(found)


def parts_left_out(model: CityModel, name: str) -> tuple[str, ...]:
    """The parts that an indicator may go without and that are not estimated, where it is itself."""
    node = model.graph.nodes[name]
    if not isinstance(node, Indicator) or node.role != "indicator" or not node.optional:
        return ()
    found = model.run([name, *node.optional])
    lacking = {part for part, result in found.items() if np.isnan(values_of(result)).all()}
    return () if name in lacking else tuple(part for part in node.optional if part in lacking)


def node_of(model: CityModel, name: str) -> Node:
    """The node of a city's model called `name`; raises QuestionError with the nearest names if there is none."""
    return find_node(model.graph, name)


def find_node(graph: Graph, name: str) -> Node:
    """The node called `name`, by id, by fact or as it reads in any language; raises QuestionError with the nearest."""
    nodes, name = graph.nodes, str(name)
    for found in (name, graph.by_meaning.get(name, "")):
        if found in nodes:
            return nodes[found]
    if found := node_named(name, nodes):
        return nodes[found]
    near = like(name, nodes)
    hint = _(" Did you mean {names}?", names=near) if near else ""
    raise QuestionError(_("There is nothing called {name}.", name=repr(name)) + hint)


def years_of(model: CityModel, node: Node) -> np.ndarray:
    """The years along a node's year axis: those of the model, or of the past for a history."""
    return model.past_years if node.view == "history" else model.years


def year_shown(model: CityModel, node: Node, year: int | None) -> int | None:
    """The year of an answer: the one asked for, else the last; None for what has no years. QuestionError outside them."""
    if "year" not in node.dims:
        return None
    years = years_of(model, node)
    wanted = int(years[-1]) if year is None else year
    if wanted not in years:
        raise QuestionError(
            _("There is no year {year}: ask for {first} to {last}.", year=year, first=years[0], last=years[-1])
        )
    return wanted


def place(
    model: CityModel, node: Node, array: np.ndarray, year: int | None, zone: str, group: str, kind: str
) -> tuple[int, int, int, int]:
    """Index of one cell of a result along year, zone, group and kind; raises QuestionError if it has none."""
    axes = {YEAR: 0, ZONE: 0, GROUP: 0, KIND: 0}
    wanted = year_shown(model, node, year)
    if wanted is not None and array.shape[YEAR] > 1:
        axes[YEAR] = wanted - int(years_of(model, node)[0])
    for axis, given, known, what in (
        (ZONE, zone, [item.id for item in model.city.zones], "zone"),
        (GROUP, group, list(QUINTILES), "group"),
        (KIND, kind, list(labels(node.classification)), "kind"),
    ):
        if array.shape[axis] == 1:
            if given and not (what in node.dims and given in known):
                raise QuestionError(_("{name} does not differ by {what}.", name=node.name, what=_(what)))
            continue
        if given not in known:
            if given:
                raise _unknown(what, given, known)
            raise QuestionError(_("{name} needs a {what}: {known}.", name=node.name, what=_(what), known=_few(known)))
        axes[axis] = known.index(given)
    return axes[YEAR], axes[ZONE], axes[GROUP], axes[KIND]


def _unknown(what: str, given: int | str, known: Sequence[int | str]) -> QuestionError:
    """A year, zone, group or kind that does not exist, with those that do."""
    text = _("There is no {what} {name}. Known: {known}.", what=_(what), name=given, known=_few(known))
    return QuestionError(text)


def _few(known: Sequence[int | str]) -> str:
    few = ", ".join(map(str, known[:FEW])) or _("none")
    more = len(known) - FEW
    return few if more <= 0 else _("{names} and {count} more", names=few, count=more)


def cells(model: CityModel, node: Node, result: Result) -> list[tuple[str, str, str]]:
    """Every (zone, group, kind) that a result has."""
    if isinstance(result, NotEstimated):
        return [("", "", "")]
    zones = [item.id for item in model.city.zones] if result.shape[ZONE] > 1 else [""]
    groups = list(QUINTILES) if result.shape[GROUP] > 1 else [""]
    kinds = list(labels(node.classification)) if result.shape[KIND] > 1 else [""]
    return [(zone, group, kind) for zone in zones for group in groups for kind in kinds]


def value_at(
    model: CityModel,
    node: Node,
    central: Result,
    drawn: Result | None,
    year: int | None = None,
    zone: str = "",
    group: str = "",
    kind: str = "",
    case: int = 0,
) -> Value:
    """One cell of a result as a number with its range (5 to 95 % of the draws)."""
    if isinstance(central, NotEstimated):
        nan = float("nan")
        return Value(
            name=node.name,
            value=nan,
            low=nan,
            high=nan,
            unit=node.unit,
            year=year,
            zone=zone,
            group=group,
            kind=kind,
            reason=central.reason,
        )
    where = place(model, node, central, year, zone, group, kind)
    case = case if central.shape[0] > 1 else 0
    number = float(central[(case, 0, *where)])
    low = high = number
    if drawn is not None and not isinstance(drawn, NotEstimated):
        spread = drawn[(case if drawn.shape[0] > 1 else 0, slice(None), *where)]
        spread = spread[~np.isnan(spread)]
        if spread.size > 1:
            low, high = (float(item) for item in np.percentile(spread, RANGE, method="nearest"))
    shown = year_shown(model, node, year)
    reason = "" if number == number else why_missing(model, node, zone, group, kind)
    return Value(
        name=node.name,
        value=number,
        low=low,
        high=high,
        unit=node.unit,
        year=shown,
        zone=zone,
        group=group,
        kind=kind,
        reason=reason,
        caveats=caveats(model, node.name),
    )


def why_missing(model: CityModel, node: Node, zone: str, group: str, kind: str) -> str:
    """Why one cell of a result is not a number: the facts above it that lack the zone or kind."""
    partly, absent = _lacking(model, node)
    names, where = ", ".join((*partly, *absent) or (node.name,)), zone or kind or group
    return _("not estimated: {names} has no value for {where}", names=names, where=where or _("this place"))


def known_in_part(model: CityModel, node: Node) -> tuple[str, ...]:
    """The facts above a node that are known in part, else those not known at all; the node itself if there are none."""
    partly, absent = _lacking(model, node)
    return partly or absent or (node.name,)


def _lacking(model: CityModel, node: Node) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The facts above a node that are known in part, and those that are not known at all."""
    partly, absent = [], []
    for name in model.graph.needed((node.name,)):
        source, item = model.graph.nodes[name], model.inputs.get(name)
        if not isinstance(source, Source) or source.role != "fact":
            continue
        if item is None:
            absent.append(name)
        elif np.isnan(item.central).any():
            partly.append(name)
    return tuple(partly), tuple(absent)


def ask(
    model: CityModel,
    name: str,
    year: int | None = None,
    zone: str = "",
    group: str = "",
    kind: str = "",
    case: Case = BASELINE,
    draws: int = DRAWS,
) -> list[Value]:
    """The number called `name` with its range; all its cells where zone, group or kind are left open.

    A number that does not differ by year, zone, group or kind is the same for any; the value then carries none.
    """
    node = node_of(model, name)
    central = model.run([node.name], [case])[node.name]
    if not isinstance(central, NotEstimated):
        year = None if alike(model, node, central, "year", year) else year
        zone, group, kind = (
            "" if alike(model, node, central, what, given) else given
            for what, given in (("zone", zone), ("group", group), ("kind", kind))
        )
    drawn = model.run([node.name], [case], draws=draws)[node.name] if draws else None
    if zone or group or kind or isinstance(central, NotEstimated):
        return [value_at(model, node, central, drawn, year, zone, group, kind)]
    return [value_at(model, node, central, drawn, year, *cell) for cell in cells(model, node, central)]


def alike(model: CityModel, node: Node, result: np.ndarray, what: str, given: int | str | None) -> bool:
    """Whether a result is the same along an axis; raises QuestionError for a place on it that does not exist."""
    if what in node.dims or result.shape[AXES.index(what)] > 1:
        return False
    known: dict[str, list[int] | list[str]] = {
        "year": years_of(model, node).tolist(),
        "zone": [item.id for item in model.city.zones],
        "group": list(QUINTILES),
        "kind": sorted({label for each in classifications().values() for label in each}),
    }
    if given and given not in known[what]:
        raise _unknown(what, given, known[what])
    return True


def targets(model: CityModel, headline: Headline, base: float) -> float:
    """The target of a headline in its unit; the city's own target prevails."""
    return float(targets_by_draw(model, headline, np.array([base]))[0])


def targets_by_draw(model: CityModel, headline: Headline, base: np.ndarray) -> np.ndarray:
    """The target for each draw's own base value; the city's own is the same for all."""
    own = model.city.target(headline.indicator)
    if own is not None:
        return np.full(base.shape, own.amount)
    return base * headline.target if headline.target_kind == "of base" else np.full(base.shape, headline.target)


def gap(values: np.ndarray, target: np.ndarray | float, direction: str) -> np.ndarray:
    """How far values are from a target on its wrong side; zero once it is met."""
    distance = values - target if direction == "lower" else target - values
    return np.maximum(distance, 0)
