"""Names as people read them, and back: what stands on a screen, in any of the three languages, is found again."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from caminos.actions.library import Action, levers, library
from caminos.city.agreement import AGREEMENTS
from caminos.i18n import LANGUAGES, _, language, speaking
from caminos.model.indicator import Node
from caminos.planning.graph import library_graph
from caminos.problems import nearest
from caminos.words import lower_first, words_of

ACTION_QUANTITY = re.compile(r"(\w+?)_(cost|operating_cost|lifetime|lead_time)")
MOST_LIKE = 3  # names offered for one that is not known


def known_node(name: str) -> Node | None:
    """A node of the library; None for what a city adds."""
    return library_graph().nodes.get(name)


def of(name: str) -> str:
    """The word of the vocabulary, or the action, that a node is of; its own name where it is of none."""
    node = known_node(name)
    return node.of if node is not None and node.of else name


def name_of(name: str) -> str:
    """A node as people read it; sizes, costs and times of actions carry the action's name."""
    node = known_node(name)
    if node is not None and node.role == "adoption":
        return action_name(node.of)
    if node is not None and node.role == "agreement":
        *facts, other = next(item.facts for item in AGREEMENTS if item.name == name)
        named = ", ".join(words_of(fact) for fact in facts)
        return _("{names} that agrees with {other}", names=named, other=lower_first(words_of(other)))
    if node is not None and node.role == "size":
        return _("{action}: size", action=action_name(node.of))
    if (found := ACTION_QUANTITY.fullmatch(name)) and found[1] in action_names():
        return f"{action_name(found[1])}: {_quantity(found[2])}"
    if node is not None and node.view == "zone":
        return _("{name} by zone", name=words_of(node.of))
    return words_of(_baselines().get(name) or of(name))


@cache
def _baselines() -> dict[str, str]:
    """The lever that each value as the city goes is of, where it is of no fact."""
    return {lever.baseline: lever.name for lever in levers() if lever.baseline and of(lever.baseline) == lever.baseline}


def action_name(action: str) -> str:
    """An action of the library by its id; an action of the city's own by its id in words."""
    return _(action_names()[action]) if action in action_names() else words_of(action)


@cache
def action_names() -> dict[str, str]:
    """English names of the library's actions, by id."""
    return {action.id: action.name for action in library()}


def _quantity(suffix: str) -> str:
    return {
        "cost": _("cost"),
        "operating_cost": _("operating cost"),
        "lifetime": _("lifetime"),
        "lead_time": _("lead time"),
    }[suffix]


# from words to ids


def folded(text: str) -> str:
    """A name without case, accents and punctuation: `PM2.5 deaths` and `muertes por calor` in their plainest form."""
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return " ".join(re.findall(r"\w+", plain.casefold().replace("_", " ")))


def node_named(name: str, nodes: Iterable[str]) -> str:
    """The node whose name on the screen is `name`, in the language in use or another; empty if there is none."""
    known = tuple(nodes)
    return _first(_labels(known, spoken).get(folded(name), "") for spoken in _languages())


def action_named(name: str, actions: Mapping[str, Action]) -> str:
    """The action of this id, number or name on the screen; empty if there is none."""
    numbers = {str(action.number): action.id for action in actions.values() if action.number}
    given = numbers.get(str(name), str(name))
    if given in actions:
        return given
    known = tuple((action.id, action.name) for action in actions.values())
    return _first(_action_labels(known, spoken).get(folded(given), "") for spoken in _languages())


def like(name: str, nodes: Iterable[str]) -> str:
    """The ids nearest to a name that stands for nothing, by what is read in any language."""
    known = tuple(nodes)
    return _like(name, [_labels(known, spoken) for spoken in _languages()])


def like_action(name: str, actions: Mapping[str, Action]) -> str:
    """The same for actions."""
    known = tuple((action.id, action.name) for action in actions.values())
    return _like(str(name), [_action_labels(known, spoken) for spoken in _languages()])


def _like(name: str, labels: Sequence[Mapping[str, str]]) -> str:
    ids = {text: id for each in reversed(labels) for text, id in each.items()}
    near = nearest(folded(name), ids, MOST_LIKE * len(labels))
    return ", ".join(list(dict.fromkeys(ids[text] for text in near.split(", ") if text))[:MOST_LIKE])


def _languages() -> tuple[str, ...]:
    """The language in use, then the others."""
    return (language(), *(other for other in LANGUAGES if other != language()))


def _rank(name: str) -> tuple[bool, bool, str]:
    """Of nodes that read alike, the one that is meant comes first: the trajectory, then the fact, then its views."""
    node = known_node(name)
    return (node is not None and bool(node.view), of(name) != name, name)


def _first(found: Iterable[str]) -> str:
    return next(filter(None, found), "")


@cache
def _labels(nodes: tuple[str, ...], spoken: str) -> dict[str, str]:
    """Nodes by their folded names in one language, and by their folded ids."""
    with speaking(spoken):
        order = sorted(nodes, key=_rank, reverse=True)
        return {folded(text): node for node in order for text in (node, name_of(node))}


@cache
def _action_labels(actions: tuple[tuple[str, str], ...], spoken: str) -> dict[str, str]:
    with speaking(spoken):
        return {folded(text): action for action, name in actions for text in (action, _(name))}
