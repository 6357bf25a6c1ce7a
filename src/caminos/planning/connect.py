"""Connection points: what one action does to all five pathways, for whom, and along which edges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan

import numpy as np

from caminos.actions.library import Action
from caminos.i18n import _
from caminos.model.axes import QUINTILES, YEAR
from caminos.model.evaluation import Result
from caminos.model.indicator import PATHWAYS, Node
from caminos.model.values import NotEstimated, result_of, values_of
from caminos.pathways.tables import Headline, connections, headlines, pairs_without_evidence, roles, series
from caminos.planning.assessment import Assessment, assess, check_question, single_cases, why_unavailable
from caminos.planning.change import NEGLIGIBLE, Change, beyond_sum, change_of, difference
from caminos.planning.city_model import BASELINE, Case, CityModel, Measure
from caminos.planning.explanation import Step, contributions
from caminos.planning.names import action_named, like_action
from caminos.planning.results import QuestionError, known_in_part

BY_GROUP = roles("shown by group")
YEARS = (2030, 2040, 2050)


@dataclass(frozen=True)
class Connections:
    """Everything one action moves in one city."""

    action: str
    start: int
    changes: tuple[Change, ...]
    groups: tuple[Change, ...]
    chains: dict[str, tuple[Step, ...]]
    unmoved: tuple[str, ...]
    not_estimated: dict[str, tuple[str, ...]]  # with what each lacks


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
    central = model.answers(wanted, [BASELINE, case])
    drawn = model.run(wanted, [BASELINE, case], draws=draws) if draws else None
    changes: list[Change] = []
    groups: list[Change] = []
    unmoved: list[str] = []
    lacking: dict[str, tuple[str, ...]] = {}
    for headline in headlines():
        name = headline.indicator
        if isinstance(central[name], NotEstimated):
            lacking[name] = central[name].missing
            continue
        found = _changes(model, headline, central[name], drawn and drawn[name])
        if all(change.missing for change in found):
            lacking[name] = found[-1].missing
        elif any(change.better is not None for change in found):
            changes += found
        else:
            unmoved.append(name)
    for name in BY_GROUP:
        if not isinstance(central[name], NotEstimated):
            groups += _group_changes(model, name, central[name], drawn and drawn[name])
    both = model.evaluation([BASELINE, case])
    moved = list(dict.fromkeys(change.indicator for change in changes))
    chains = {name: tuple(contributions(model, case, name, int(model.years[-1]), both)) for name in moved}
    return Connections(chosen, start, tuple(changes), tuple(groups), chains, tuple(unmoved), lacking)


def _changes(model: CityModel, headline: Headline, central: Result, drawn: Result | None) -> list[Change]:
    yearly = "year" in model.graph.nodes[headline.indicator].dims
    return [change_in(model, headline, central, drawn, 1, year) for year in (YEARS if yearly else YEARS[-1:])]


def last_change(model: CityModel, headline: Headline, central: Result, drawn: Result | None, case: int) -> Change:
    """The change of a headline in the last year under a case, by its place; the city as it goes is the first."""
    return change_in(model, headline, central, drawn, case, int(model.years[-1]))


def change_in(
    model: CityModel, headline: Headline, central: Result, drawn: Result | None, case: int, year: int
) -> Change:
    """The change of a headline in one year; each draw's difference is between the same points without and with."""
    node, at = model.graph.nodes[headline.indicator], year - int(model.years[0])
    base, value = (float(of_year(headline, central, row, at)[0]) for row in (0, case))
    draws = None
    if drawn is not None:
        draws = difference(of_year(headline, drawn, case, at), of_year(headline, drawn, 0, at))
    change = float(difference(np.array(value), np.array(base)))
    missing = lacking_under(model, node, central, case) if isnan(change) else ()
    return change_of(node, headline.direction, year, base, change, draws, missing=missing)


def of_year(headline: Headline, result: Result, case: int, at: int) -> np.ndarray:
    """The draws of a headline under one case in one year, both by their place; no numbers where it is not estimated."""
    by_year: np.ndarray = series(headline, values_of(result))
    return np.asarray(by_year[min(case, len(by_year) - 1), :, at if by_year.shape[YEAR] > 1 else 0])


def lacking_under(model: CityModel, node: Node, result: Result, case: int) -> tuple[str, ...]:
    """What an indicator lacks under one case: its reason there, else the facts above it that are known in part."""
    own = result_of(result, case)
    return own.missing if isinstance(own, NotEstimated) else known_in_part(model, node)


def _group_changes(model: CityModel, name: str, central: Result, drawn: Result | None) -> list[Change]:
    node, at = model.graph.nodes[name], -1
    middle = values_of(central)[:, 0, at, 0, :, 0]
    value = difference(middle[-1], middle[0])
    spread = None if drawn is None else difference(drawn[-1, :, at, 0, :, 0], drawn[0, :, at, 0, :, 0])
    return [
        change_of(
            node,
            "lower",  # what is shown by group are burdens
            int(model.years[-1]),
            float(middle[0, place]),
            float(value[place]),
            None if spread is None else spread[:, place],
            group,
            lacking_under(model, node, central, 1),
        )
        for place, group in enumerate(QUINTILES)
    ]


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


# two actions


@dataclass(frozen=True)
class Together:
    """One headline in the last year under two actions: what each changes alone, and both.

    `beyond_sum` is what both change beyond the sum of what each changes alone: better where they do more together.
    It and `both` are None for actions that exclude each other.
    """

    base: float  # the value as the city goes
    first: Change
    second: Change
    both: Change | None
    beyond_sum: Change | None

    @property
    def moved(self) -> bool:
        """Whether one of the actions or both move it, or leave it without a number."""
        alone = (self.first, self.second, *((self.both,) if self.both else ()))
        return any(change.missing or change.better is not None for change in alone)

    @property
    def adds_up(self) -> bool:
        """Whether the effects simply add up, but for a negligible part of the value."""
        return self.beyond_sum is not None and not isnan(self.beyond_sum.value) and self.beyond_sum.better is None


@dataclass(frozen=True)
class Interaction:
    """What two actions do to each other, by headline; `cases` are each alone and, unless they exclude each other, both.

    `excluding` and `needing` are pairs: an action, and the one that it excludes or needs.
    """

    cases: tuple[Case, ...]
    start: int
    year: int
    together: tuple[Together, ...]
    excluding: tuple[tuple[str, str], ...]
    needing: tuple[tuple[str, str], ...]
    unmoved: tuple[str, ...]
    not_estimated: dict[str, tuple[str, ...]]

    @property
    def actions(self) -> tuple[str, str]:
        """Ids of the two actions."""
        return self.cases[0].name, self.cases[1].name


def interaction(model: CityModel, a: str, b: str, start: int, draws: int = 500) -> Interaction:
    """f(A, B) − f(A) − f(B) + f(0) of every headline in the last year, both actions at full scale from `start`.

    Of two actions that exclude each other nothing is said together. Raises QuestionError for an unknown action and for
    one action given twice.
    """
    first, second = find_action(model, a), find_action(model, b)
    if first == second:
        raise QuestionError(_("Give two different actions: {action} was given twice.", action=repr(first)))
    check_question(model, start)
    pairs = [(model.actions[first], second), (model.actions[second], first)]
    excluding = tuple((action.id, other) for action, other in pairs if other in action.excludes)
    measures = [Measure(name, start) for name in (first, second)]
    cases = [Case(measure.action, (measure,)) for measure in measures]
    cases += [] if excluding else [Case(f"{first} + {second}", measures)]
    names = [headline.indicator for headline in headlines()]
    central = model.answers(names, [BASELINE, *cases])
    drawn = model.run(names, [BASELINE, *cases], draws=draws) if draws else {}
    together: list[Together] = []
    unmoved: list[str] = []
    lacking: dict[str, tuple[str, ...]] = {}
    for headline in headlines():
        name = headline.indicator
        if isinstance(central[name], NotEstimated):
            lacking[name] = central[name].missing
            continue
        found = _together(model, headline, central[name], drawn.get(name), len(cases))
        if found.moved:
            together.append(found)
        else:
            unmoved.append(name)
    return Interaction(
        cases=tuple(cases),
        start=start,
        year=int(model.years[-1]),
        together=tuple(together),
        excluding=excluding,
        needing=tuple((action.id, other) for action, _other in pairs for other in action.needs),
        unmoved=tuple(unmoved),
        not_estimated=lacking,
    )


def _together(model: CityModel, headline: Headline, central: Result, drawn: Result | None, cases: int) -> Together:
    year, node = int(model.years[-1]), model.graph.nodes[headline.indicator]
    changes = [change_in(model, headline, central, drawn, case, year) for case in range(1, cases + 1)]
    base = float(of_year(headline, central, 0, -1)[0])
    if cases == 2:
        return Together(base, changes[0], changes[1], None, None)

    def beyond(values: Result) -> np.ndarray:
        return beyond_sum(*(of_year(headline, values, case, -1) for case in (3, 1, 2, 0)))

    missing = tuple(dict.fromkeys(name for change in changes for name in change.missing))
    more = float(beyond(central)[0])
    spread = None if drawn is None else beyond(drawn)
    extra = change_of(node, headline.direction, year, base, more, spread, missing=missing)
    return Together(base, changes[0], changes[1], changes[2], extra)
