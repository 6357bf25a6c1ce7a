"""What a model is made of: sources (facts, parameters) and indicators (pure functions)."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from caminos.model.axes import labels
from caminos.problems import CaminosError
from caminos.words import label as label

PATHWAYS = ("low_emission", "nature", "circular", "resilient", "equitable")


class ModelError(CaminosError):
    """The model is not well formed; the message names the function and its file."""


@dataclass(frozen=True)
class Source:
    """An input of the graph: a fact of the city, a parameter of the literature, an adoption or the calendar.

    `of` is what it is about: a word of the vocabulary for a fact, an action for an adoption. `view` says which part
    of that: nothing for the whole city today, else "zone" or "history".
    """

    name: str
    unit: str
    role: str  # fact, parameter, adoption or calendar
    dims: tuple[str, ...] = ()
    classification: str = ""
    meaning: str = ""
    pathway: str = ""
    of: str = ""
    view: str = ""


@dataclass(frozen=True)
class Indicator:
    """A computed quantity: one pure function of the nodes that its arguments name."""

    name: str
    unit: str
    function: Callable[..., Any] = field(repr=False, compare=False)
    arguments: tuple[str, ...]
    dims: tuple[str, ...] = ("year",)
    classification: str = ""
    optional: tuple[str, ...] = ()
    source: str = ""
    meaning: str = ""
    pathway: str = ""
    role: str = "indicator"  # indicator, driver, lever, size or default
    place: str = ""  # file and line, for error messages
    equation: str = ""
    of: str = ""  # the action of a size, the word of the vocabulary of a default
    view: str = ""
    signed: bool = False  # whether it may be below zero

    @property
    def label(self) -> str:
        """Name as people read it."""
        return label(self.name)


Node = Source | Indicator


def indicator(
    *, unit: str, source: str, dims: str = "year", kind: str = "", optional: str = "", signed: bool = False
) -> Callable[[Any], Any]:
    """Declare a function to be an indicator.

    The names of its arguments are its dependencies. `unit` is that of the result when every
    argument comes in its own declared unit; `dims` are the axes on which the result may vary
    (besides case and draw); `kind` is the classification of the kind axis; `source` is where
    the equation is published. `optional` names arguments that may be not estimated: they arrive
    as an array of one NaN, and the function has to say what that means. `signed` says that it may be
    below zero, as changes, balances and temperature differences are; all else is not, and a share
    lies between 0 and 1: a result that breaks this is an error. The docstring's first sentence is
    the indicator's meaning.
    """

    def declare(function: Any) -> Any:
        function.declared = {
            "unit": unit,
            "dims": tuple(dims.split()),
            "classification": kind,
            "source": source,
            "optional": tuple(optional.split()),
            "signed": signed,
        }
        return function

    return declare


def from_function(function: Any) -> Indicator:
    """The indicator that a decorated function declares; pathway and place come from its module."""
    declared = function.declared
    line = inspect.getsourcelines(function)[1]
    parts = function.__module__.split(".")
    after = parts[parts.index("pathways") + 1 :] if "pathways" in parts else []
    pathway = after[0] if after and after[0] in PATHWAYS else ""
    for dim in declared["dims"]:
        if dim not in ("year", "zone", "group", "kind"):
            raise ModelError(f"{function.__name__} ({inspect.getsourcefile(function)}:{line}): no axis {dim!r}")
    labels(declared["classification"])
    return Indicator(
        name=function.__name__,
        function=function,
        arguments=tuple(inspect.signature(function).parameters),
        meaning=inspect.getdoc(function) or "",
        pathway=pathway,
        role="indicator" if pathway else "driver",
        place=f"{function.__module__}:{line}",
        **declared,
    )


def collect(modules: Iterable[ModuleType]) -> list[Indicator]:
    """Every indicator declared in these modules, in the order in which they stand."""
    found = []
    for module in modules:
        for function in vars(module).values():
            if getattr(function, "declared", None) and function.__module__ == module.__name__:
                found.append(from_function(function))
    return found
