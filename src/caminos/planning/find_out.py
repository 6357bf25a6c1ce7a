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
LEAST_DRAWS = 50  # below which nothing can be said
SHUFFLES = (
    999  # orders by chance, each of which a fact must outdo: some eighty are asked, so one in a hundred is too many
)
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
    """Nodes of facts that the outcomes and the sizes of actions rest on, and that could be known better.

    They are those that the city does not know itself, and those of its own that it has not seen in their source.
    """
    used = set(model.graph.needed(tuple(headline.indicator for headline in outcomes())))
    used |= set(model.graph.needed(tuple(action.size for action in model.available)))
    nodes = (term.name_of("") for term in vocabulary().values())
    return [node for node in nodes if node in used and (is_prior(model, node) or model.inputs[node].quality != "A")]


def find_out(drawn: Mapping[str, Result], loss: np.ndarray, top: int) -> tuple[FindOut, ...]:
    """The facts that change the first `top` most often, by regression of what is lost on each fact over the draws.

    If a fact were known, the ranking would follow the mean of each action's `loss` [action, draw] given that fact: here
    a parabola in the fact's rank among the draws (Strong & Oakley 2014 take a smooth curve for the same). What would be
    gained by following it is the fact's expected value of information. Ranks in shuffled orders show what chance alone
    seems to gain: a fact must outdo it, and of how often it changes the ranking the part due to chance is taken off.
    """
    draws = loss.shape[1]
    if draws < LEAST_DRAWS or not len(loss):
        return ()
    usual = _first(loss.mean(axis=1, keepdims=True), top)[:, 0]
    random = np.random.default_rng(0)
    ranks = np.linspace(-1, 1, draws)
    chance = np.array([_if_known(random.permutation(ranks), loss, usual)[1] for _time in range(SHUFFLES)])
    usual_chance, most_chance = chance.mean(axis=0), chance.max(axis=0)
    found = []
    for node, result in drawn.items():
        if isinstance(result, NotEstimated) or result.shape[1] == 1:
            continue
        values = np.nansum(result[0, :, 0], axis=(1, 2, 3))
        if not np.ptp(values) > 0:
            continue
        changes, gains = _if_known(ranks[np.argsort(np.argsort(values))], loss, usual)
        beyond = gains > most_chance
        five, first = np.where(beyond, changes * (1 - usual_chance / np.where(beyond, gains, 1.0)), 0.0)
        if max(five, first) >= LEAST:
            found.append(FindOut(facts_by_node()[node], float(five), float(first)))
    return tuple(sorted(found, key=lambda item: (-item.changes_five, -item.changes_first))[:MOST])


def _if_known(score: np.ndarray, loss: np.ndarray, usual: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """If the fact were known: how often others would be the first few, or the first, and what that would gain: two each.

    `usual` are the first few as long as it is not known.
    """
    basis = np.linalg.qr(np.stack([np.ones_like(score), score, score**2], axis=1))[0]
    given = (loss @ basis) @ basis.T
    now = _first(given, len(usual))
    others = np.any(np.sort(now, axis=0) != np.sort(usual)[:, None], axis=0)
    gained = np.take_along_axis(given, now, axis=0) - given[usual]
    return (
        np.array([others.mean(), (now[0] != usual[0]).mean()]),
        np.array([gained.sum(axis=0).mean(), gained[0].mean()]),
    )


def _first(loss: np.ndarray, top: int) -> np.ndarray:
    """The first actions by draw: [place, draw]."""
    return np.argsort(-loss, axis=0, kind="stable")[:top]
