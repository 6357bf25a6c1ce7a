"""Connection points: what one action does to all five pathways, for whom, and along which edges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from caminos.actions.library import Action
from caminos.i18n import _
from caminos.model.axes import QUINTILES, YEAR
from caminos.model.indicator import PATHWAYS
from caminos.model.values import NotEstimated
from caminos.pathways.tables import Headline, connections, headlines, pairs_without_evidence, roles, series
from caminos.planning.assessment import Assessment, assess, check_question, single_cases, why_unavailable
from caminos.planning.city_model import BASELINE, Case, CityModel, Measure
from caminos.planning.explanation import Step, contributions
from caminos.planning.names import action_named, like_action
from caminos.planning.results import RANGE, QuestionError

BY_GROUP = roles("shown by group")
YEARS = (2030, 2040, 2050)
NEGLIGIBLE = 1e-4  # of the value: a smaller change is shown as hardly moved, never as better or worse


@dataclass(frozen=True)
class Change:
    """Change of one indicator by an action in one year, with its range over the draws."""

    indicator: str
    pathway: str
    unit: str
    year: int
    group: str
    value: float
    low: float
    high: float
    relative: float
    better: bool | None  # None where there is no headline direction


@dataclass(frozen=True)
class Connections:
    """Everything one action moves in one city."""

    action: str
    start: int
    changes: tuple[Change, ...]
    groups: tuple[Change, ...]
    chains: dict[str, tuple[Step, ...]]
    unmoved: tuple[str, ...]
    not_estimated: dict[str, str]


def action_id(actions: Mapping[str, Action], name: str) -> str:
    """The id of an action given by id, number or name in any language; raises QuestionError naming the nearest."""
    chosen = action_named(name, actions)
    if not chosen:
        near = like_action(name, actions)
        hint = _(" Did you mean {names}?", names=near) if near else ""
        raise QuestionError(_("There is no action {name}.", name=repr(name)) + hint)
    return chosen


def find_action(model: CityModel, name: str) -> str:
    """The id of an action of a city; raises QuestionError naming the nearest, or why it is not ranked."""
    chosen = action_id(model.actions, name)
    action = model.actions[chosen]
    if chosen in (idle := model.nothing_to_do):
        raise QuestionError(f"{_(action.name)}: {idle[chosen]}.")
    if chosen in model.unavailable:
        raise QuestionError(
            _(
                "{action} cannot be estimated in {city}: {why}. Add the fact to facts.csv, or a source for it.",
                action=_(action.name),
                city=model.city.name,
                why=why_unavailable(model, action),
            )
        )
    return chosen


def connect(model: CityModel, action: str, start: int, draws: int = 500) -> Connections:
    """The change of every headline on all five pathways by one action at full scale, and the chains that carry it."""
    chosen = find_action(model, action)
    check_question(model, start)
    case = Case(chosen, (Measure(chosen, start),))
    names = [headline.indicator for headline in headlines()]
    wanted = [*names, *BY_GROUP]
    central = model.run(wanted, [BASELINE, case])
    drawn = model.run(wanted, [BASELINE, case], draws=draws) if draws else central
    changes: list[Change] = []
    groups: list[Change] = []
    unmoved, lacking = [], {}
    for headline in headlines():
        name = headline.indicator
        if isinstance(central[name], NotEstimated):
            lacking[name] = central[name].reason
            continue
        found = _changes(model, headline, central[name], drawn[name])
        if any(change.better is not None for change in found):
            changes += found
        else:
            unmoved.append(name)
    for name in BY_GROUP:
        if not isinstance(central[name], NotEstimated):
            groups += _group_changes(model, name, central[name], drawn[name])
    both = model.evaluation([BASELINE, case])
    moved = list(dict.fromkeys(change.indicator for change in changes))
    chains = {name: tuple(contributions(model, case, name, int(model.years[-1]), both)) for name in moved}
    return Connections(chosen, start, tuple(changes), tuple(groups), chains, tuple(unmoved), lacking)


def _difference(array: np.ndarray) -> np.ndarray:
    return array[-1:] - array[:1] if array.shape[0] > 1 else 0 * array


def _changes(model: CityModel, headline: Headline, central: np.ndarray, drawn: np.ndarray) -> list[Change]:
    name = headline.indicator
    node = model.graph.nodes[name]
    middle, draws = series(headline, central), series(headline, drawn)
    found = []
    for year in YEARS if "year" in node.dims else YEARS[-1:]:
        at = year - int(model.years[0]) if middle.shape[YEAR] > 1 else 0
        base = float(middle[0, 0, at])
        with np.errstate(invalid="ignore"):
            value = _finite(float(_difference(middle)[0, 0, at]))
            spread = np.array([_finite(x) for x in _difference(draws)[0, :, at if draws.shape[YEAR] > 1 else 0]])
        low, high = np.percentile(spread, RANGE) if spread.size > 1 else (value, value)
        better = None if abs(value) <= NEGLIGIBLE * abs(base) else (value < 0) == (headline.direction == "lower")
        relative = value / abs(base) if base and np.isfinite(base) else float("nan")
        found.append(
            Change(
                indicator=name,
                pathway=node.pathway,
                unit=node.unit,
                year=year,
                group="",
                value=value,
                low=float(low),
                high=float(high),
                relative=relative,
                better=better,
            )
        )
    return found


def _finite(value: float) -> float:
    """Infinity less infinity is no change; the carbon budget may outlast the model in both cases."""
    return 0.0 if np.isnan(value) else float(value)


def _group_changes(model: CityModel, name: str, central: np.ndarray, drawn: np.ndarray) -> list[Change]:
    node, at = model.graph.nodes[name], -1
    change, spread = _difference(central)[0, 0, at, 0, :, 0], _difference(drawn)[0, :, at, 0, :, 0]
    base = central[0, 0, at, 0, :, 0]
    found = []
    for place, group in enumerate(QUINTILES):
        low, high = np.percentile(spread[:, place], RANGE) if len(spread) > 1 else (change[place], change[place])
        found.append(
            Change(
                indicator=name,
                pathway=node.pathway,
                unit=node.unit,
                year=int(model.years[-1]),
                group=group,
                value=float(change[place]),
                low=float(low),
                high=float(high),
                relative=float(change[place] / abs(base[place])) if base[place] else float("nan"),
                better=bool(change[place] < 0) if change[place] else None,
            )
        )
    return found


@dataclass(frozen=True)
class Cell:
    """One cell of the matrix: all actions that enter on one pathway, and what they do to another."""

    entry: str
    moved: str
    mean_worth: float
    helping: int
    harming: int
    actions: int
    strongest: str
    links: tuple[str, ...]
    reason: str


def matrix(model: CityModel, start: int, assessment: Assessment | None = None) -> list[Cell]:
    """Entry pathway by pathway moved: the mean part of the column's spans that the actions of the row spare."""
    check_question(model, start)
    found = assessment or assess(model, single_cases(model, start), start)
    worth = found.by_pathway[:, 0]
    edges = declared_pairs(model)
    cells = []
    for entry in PATHWAYS:
        rows = [i for i, action in enumerate(found.actions) if action.pathway == entry]
        for column, moved in enumerate(PATHWAYS):
            values = worth[rows, column] if rows else np.array([])
            values = values[np.isfinite(values)]
            strongest = ""
            if values.size and np.max(np.abs(values)) > NEGLIGIBLE / 100:
                strongest = found.actions[rows[int(np.argmax(np.abs(worth[rows, column])))]].id
            links = tuple(edges.get((entry, moved), ()))
            reason = "" if links or entry == moved else pairs_without_evidence().get((entry, moved), "")
            cells.append(
                Cell(
                    entry=entry,
                    moved=moved,
                    mean_worth=float(values.mean()) if values.size else float("nan"),
                    helping=int((values > NEGLIGIBLE / 100).sum()),
                    harming=int((values < -NEGLIGIBLE / 100).sum()),
                    actions=len(rows),
                    strongest=strongest,
                    links=links,
                    reason=reason,
                )
            )
    return cells


def declared_pairs(model: CityModel) -> dict[tuple[str, str], list[str]]:
    """For every ordered pair of pathways, the declared connections that join them directly."""
    found: dict[tuple[str, str], list[str]] = {}
    for link in connections():
        source, target = model.graph.nodes[link.source_node], model.graph.nodes[link.target_node]
        if source.pathway and target.pathway and source.pathway != target.pathway:
            found.setdefault((source.pathway, target.pathway), []).append(link.id)
    return found
