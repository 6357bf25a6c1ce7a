"""What to find out first: the facts that would change the first actions most often if they were known."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from caminos.city.vocabulary import vocabulary
from caminos.model.evaluation import Result
from caminos.model.values import NotEstimated
from caminos.pathways.tables import outcomes
from caminos.planning.assessment import is_prior
from caminos.planning.city_model import CityModel

MOST = 5  # facts that are named
LEAST = 0.02  # part of the draws in which a fact would change the first five, below which it is not worth a word


@dataclass(frozen=True)
class FindOut:
    """A fact, and in what part of the cases knowing it would change the first five, or the first."""

    fact: str
    changes_five: float
    changes_first: float


@dataclass(frozen=True)
class Way:
    """How a city gets a fact: what to ask for or to do, which office has it, and about how many working days it takes."""

    how: str
    who: str
    days: int


@cache
def ways_to_find_out() -> Mapping[str, Way]:
    """How a city gets a fact, in English, by fact. Where each way is described stands in the table's column source."""
    text = files("caminos.planning").joinpath("ways_to_find_out.csv").read_text(encoding="utf-8")
    return {row["fact"]: Way(row["how"], row["who"], int(row["days"])) for row in csv.DictReader(text.splitlines())}


@cache
def facts_by_node() -> Mapping[str, str]:
    """The fact that each node of facts is of, whether for the whole city, by zone, or over past years."""
    return {term.name_of(view): name for view in ("", "zone", "history") for name, term in vocabulary().items()}


def facts_of(nodes: Iterable[str]) -> tuple[str, ...]:
    """The facts that nodes are of, in order and once each; nodes that are of no fact are left out."""
    return tuple(dict.fromkeys(facts_by_node()[node] for node in nodes if node in facts_by_node()))


def candidates(model: CityModel) -> list[str]:
    """Nodes of facts that the outcomes and the sizes of actions rest on and that the city does not know itself."""
    used = set(model.graph.needed(tuple(headline.indicator for headline in outcomes())))
    used |= set(model.graph.needed(tuple(action.size for action in model.available)))
    nodes = (term.name_of("") for term in vocabulary().values())
    return [node for node in nodes if node in used and is_prior(model, node)]


def find_out(drawn: Mapping[str, Result], loss: np.ndarray, top: int) -> tuple[FindOut, ...]:
    """The facts that change the first `top` most often, by regression of what is lost on each fact over the draws.

    If a fact were known, the ranking would follow the mean of each action's `loss` [action, draw] given that fact: here
    a parabola in the fact's standard score (Strong & Oakley 2014 take a smooth curve for the same). What changes by
    chance alone is measured on the same fact in a shuffled order, and taken off.
    """
    if loss.shape[1] < 50 or not len(loss):
        return ()
    usual = _first(loss.mean(axis=1, keepdims=True), top)[:, 0]
    random = np.random.default_rng(0)
    found = []
    for node, result in drawn.items():
        if isinstance(result, NotEstimated) or result.shape[1] == 1:
            continue
        values = np.nansum(result[0, :, 0], axis=(1, 2, 3))
        if not np.ptp(values) > 0:
            continue
        score = np.argsort(np.argsort(values)) / (len(values) - 1) * 2 - 1
        five, first = _changes(score, loss, usual, top)
        chance = [_changes(random.permutation(score), loss, usual, top) for _time in range(3)]
        five -= float(np.mean([item[0] for item in chance]))
        first -= float(np.mean([item[1] for item in chance]))
        if five >= LEAST or first >= LEAST:
            found.append(FindOut(facts_by_node()[node], max(five, 0.0), max(first, 0.0)))
    return tuple(sorted(found, key=lambda item: -(item.changes_five + item.changes_first))[:MOST])


def _changes(score: np.ndarray, loss: np.ndarray, usual: np.ndarray, top: int) -> tuple[float, float]:
    """In what part of the draws the first `top`, and the first, would be others if the fact were known."""
    basis = np.stack([np.ones_like(score), score, score**2], axis=1)
    fitted = (basis @ np.linalg.lstsq(basis, loss.T, rcond=None)[0]).T
    now = _first(fitted, top)
    others = np.any(np.sort(now, axis=0) != np.sort(usual)[:, None], axis=0)
    return float(others.mean()), float((now[0] != usual[0]).mean())


def _first(loss: np.ndarray, top: int) -> np.ndarray:
    """The first actions by draw: [place, draw]."""
    return np.argsort(-loss, axis=0, kind="stable")[:top]
