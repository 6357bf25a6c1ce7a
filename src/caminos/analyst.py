"""The front door for analysts: a city, or many, open for questions from Python (docs/analysts.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, partial
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from caminos.actions.library import library
from caminos.city.bundled import city_folder
from caminos.city.package import City, read_city
from caminos.city.places import Place
from caminos.city.settings import FIRST_YEAR
from caminos.command.terminal import page_lines
from caminos.i18n import _, harmless
from caminos.model import DRAWS
from caminos.model.axes import FINAL_YEAR
from caminos.pages.connections import connections_page
from caminos.pages.diagnosis import diagnosis
from caminos.pages.entry import entry_page
from caminos.pages.explanation import explanation
from caminos.pages.headlines import headline_table, lines
from caminos.pages.interaction import interaction_page
from caminos.pages.lists import action_list, fact_list, indicator_list, lever_list, parameter_list
from caminos.pages.matrix import matrix
from caminos.pages.number import number
from caminos.pages.page import Cell, Page, Table, present, sentences
from caminos.pages.plan import plan_page
from caminos.pages.what_if import apart, comparison
from caminos.pages.what_if import run as what_if
from caminos.parameters.money import read_money
from caminos.pathways.tables import headlines
from caminos.planning import city_model
from caminos.planning.city_model import BASELINE, Case, CityModel, Measure, Part
from caminos.planning.connect import action_id, find_action, interaction
from caminos.planning.connect import connect as connections_of
from caminos.planning.entry import entry as rank
from caminos.planning.files import Asked, asked, checked, find_plan
from caminos.planning.graph import library_graph
from caminos.planning.many import AT_ONCE, city_of, low_median_high, run_many
from caminos.planning.portfolio import Plan
from caminos.planning.portfolio import plan as choose
from caminos.planning.results import find_node, node_of
from caminos.planning.tidy import Numbers, Results, frame
from caminos.problems import CaminosError, UnknownError, nearest
from caminos.reports.report import fragment
from caminos.words import NO_BREAK

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Case",
    "Cities",
    "Listing",
    "Measure",
    "Numbers",
    "OpenCity",
    "Results",
    "ShownPage",
    "compare",
    "connect",
    "diagnose",
    "entry",
    "explain",
    "open",
    "plan",
]

START = 2026  # as at the terminal
WIDTH = 80  # columns of a page in plain text
ROWS = 20  # of a list in plain text or in a notebook: the rest is in its rows, or in its table of pandas
FEW = 6  # names that stand for all
LIBRARY = {action.id: action for action in library()}
ANY_YEAR = np.arange(FIRST_YEAR, FINAL_YEAR + 1)  # where base years differ
CityLike = str | Path | City
CaseLike = Case | Sequence[Case]


# pages and tables that show themselves


class _Shown:
    """What shows itself: as text, and in a notebook as HTML of its own style that no script needs."""

    def _page(self) -> Page:
        raise NotImplementedError

    def __repr__(self) -> str:
        text = "\n".join(line.text for line in page_lines(self._page(), WIDTH))
        return harmless(text.replace(NO_BREAK, " "))

    def _repr_html_(self) -> str:
        return fragment(self._page())


@dataclass(frozen=True, repr=False)
class Listing(_Shown, Table):
    """A table of a page."""

    def _page(self) -> Page:
        rows = self.rows[:ROWS]
        told = [place for place in range(len(self.columns)) if any(map(_says, (row.cells[place] for row in rows)))]
        cut = {
            "columns": tuple(self.columns[place] for place in told),
            "rows": tuple(replace(row, cells=tuple(row.cells[place] for place in told)) for row in rows),
        }
        plain, more = Table(**_values(self, Table) | cut), len(self.rows) - ROWS
        note = [_("{count} more rows: .to_frame() has them all.", count=more)] if more > 0 else []
        return Page("", present(plain, sentences(note)))

    def to_frame(self) -> pd.DataFrame:
        """The table for pandas: ids where words have one, and for numbers value, ends of the range and unit.

        Raises CaminosError where pandas is not installed.
        """
        columns: dict[str, list[Any]] = {}
        for place, column in enumerate(self.columns):
            columns |= _columns(column.id, [row.cells[place] for row in self.rows])
        return frame(columns)


def _says(cell: Cell) -> bool:
    return bool(cell.text or cell.note or cell.is_number)


def _columns(id: str, cells: Sequence[Cell]) -> dict[str, list[Any]]:
    """A column of a page as columns of a table for computing."""
    if not any(cell.is_number for cell in cells):
        texts = [cell.id or cell.text for cell in cells]
        return {id: [int(text) if text else None for text in texts] if id == "year" else texts}
    prefix = "" if id == "value" else f"{id}_"
    found: dict[str, list[Any]] = {id: [cell.value for cell in cells]}
    if any(isfinite(cell.low) or isfinite(cell.high) for cell in cells):
        found |= {f"{prefix}low": [cell.low for cell in cells], f"{prefix}high": [cell.high for cell in cells]}
    return found | ({f"{prefix}unit": [cell.unit for cell in cells]} if any(cell.unit for cell in cells) else {})


@dataclass(frozen=True, repr=False)
class ShownPage(_Shown, Page):
    """The answer to a question, as the terminal prints it; `answer` is what it was made of, where that is an object."""

    answer: Any = field(default=None, compare=False)

    def _page(self) -> Page:
        return Page(**_values(self, Page))

    @cached_property
    def tables(self) -> dict[str, Listing]:
        """Every table of the page, those of its charts included, by id (docs/pages.md lists them)."""
        return {part.id: listing(part) for part in self.walk() if isinstance(part, Table) and part.id}

    def __getitem__(self, table: str) -> Listing:
        if table not in self.tables:
            raise UnknownError(
                _("There is no table {name} on this page: {known}.", name=repr(table), known=", ".join(self.tables))
            )
        return self.tables[table]


# a file or a name in plans/, measures, a plan, or the page that shows it
PlanLike = str | Path | Case | Plan | ShownPage


def listing(table: Table) -> Listing:
    """A table that shows itself."""
    return Listing(**_values(table, Table))


def shown(page: Page, answer: Any = None) -> ShownPage:
    """A page that shows itself."""
    return ShownPage(**_values(page, Page), answer=answer)


def _values(part: Page | Table, kind: type[Page] | type[Table]) -> dict[str, Any]:
    return {item.name: getattr(part, item.name) for item in fields(kind)}


# one city


class OpenCity:
    """One city, open for questions. Whatever is asked by name may be asked by id or as it reads on the screen."""

    def __init__(self, model: CityModel):
        self.model = model

    @property
    def city(self) -> City:
        """The city as data: its settings, facts, zones and inventory."""
        return self.model.city

    def __repr__(self) -> str:
        """Who it is, and how much of it can be estimated."""
        model = self.model
        found = model.run([item.indicator for item in headlines()])
        known = sum(not hasattr(result, "missing") for result in found.values())
        return (
            "<"
            + _(
                "{name}, {country}, {first} to {last}: {facts} facts; estimated are {known} of {all} headlines and "
                "{available} of {actions} actions",
                name=model.city.name,
                country=model.city.country,
                first=model.years[0],
                last=model.years[-1],
                facts=len(model.city.facts),
                known=known,
                all=len(found),
                available=len(model.available),
                actions=len(model.actions),
            )
            + ">"
        )

    @property
    def headlines(self) -> Listing:
        """The headlines of all pathways, now and in the last year, as the city goes."""
        return listing(headline_table(lines(self.model), title=_("Headlines of {city}", city=self.city.name)))

    @property
    def indicators(self) -> Listing:
        """Every quantity that is computed, with unit and meaning."""
        return listing(indicator_list(self.model))

    @property
    def facts(self) -> Listing:
        """Every figure of the city's files."""
        return listing(fact_list(self.model))

    @property
    def parameters(self) -> Listing:
        """Every number of the literature that is used here."""
        return listing(parameter_list(self.model))

    @property
    def actions(self) -> Listing:
        """The actions, and what those lack that cannot be estimated here."""
        return listing(action_list(self.model))

    @property
    def levers(self) -> Listing:
        """The trajectories that actions move."""
        return listing(lever_list(self.model))

    def case(self, case: Case) -> Case:
        """A case with the ids of its actions; raises CaminosError with all that is wrong with it."""
        return checked(case, self.model.actions, self.model.years, lambda name: find_action(self.model, name))

    def run(
        self, cases: CaseLike = BASELINE, targets: str | Sequence[str] | None = None, draws: int = DRAWS
    ) -> Results:
        """The targets (every headline, if left out) under each case, for every year, zone, group and kind.

        Central values, and `draws` for the ranges. Raises CaminosError for a name or a measure that is not known.
        """
        chosen = _apart([self.case(case) for case in _each(cases)])
        names = [node_of(self.model, name).name for name in _names(targets)]
        runs = [self.model.answers(names, chosen)]
        runs += [self.model.answers(names, chosen, draws=draws)] if draws else []
        parts = [Part((self.city.id,), tuple(chosen), self.model.years, found) for found in runs]
        return Results(parts[:1], parts[1:], lambda city: self.model, alone=True)

    def get(
        self,
        name: str,
        year: int | None = None,
        zone: str = "",
        group: str = "",
        kind: str = "",
        case: Case = BASELINE,
        draws: int = DRAWS,
    ) -> ShownPage:
        """The page of "how much is it?"."""
        place = (year, zone, group, kind)
        return shown(number(self.model, name, *place, case=self.case(case), draws=draws))

    def explain(
        self,
        name: str,
        year: int | None = None,
        zone: str = "",
        group: str = "",
        kind: str = "",
        case: Case = BASELINE,
        draws: int = DRAWS,
    ) -> ShownPage:
        """The page of "where does this number come from?"."""
        place = (year, zone, group, kind)
        return shown(explanation(self.model, name, *place, case=self.case(case), draws=draws))

    def diagnose(self, draws: int = DRAWS) -> ShownPage:
        """The page of "where do we stand?"."""
        return shown(diagnosis(self.model, draws))

    def entry(
        self,
        start: int = START,
        weights: Sequence[float] | None = None,
        budget: float | str | None = None,
        draws: int = DRAWS,
    ) -> ShownPage:
        """The page of "where do we begin?"; its `answer` is the ranking. `budget` is public money a year for actions."""
        money = read_money(budget) if isinstance(budget, str) else budget
        found = rank(self.model, start, weights, money, draws)
        return shown(entry_page(self.model, found), found)

    def connect(self, action: str = "", other: str = "", start: int = START, draws: int = DRAWS) -> ShownPage:
        """The page of "what does this action move?"; without an action, how each pathway moves the others.

        With another action: what the two do to each other.
        """
        if not action:
            return shown(matrix(self.model, start))
        if other:
            pair = interaction(self.model, str(action), str(other), start, draws)
            return shown(interaction_page(self.model, pair, draws), pair)
        found = connections_of(self.model, str(action), start, draws)
        return shown(connections_page(self.model, found), found)

    def plan(
        self,
        budget: float | str,
        start: int = START,
        weights: Sequence[float] | None = None,
        floor: float = 0.2,
        sensitivity: bool = True,
        require: str | Sequence[str] = (),
        exclude: str | Sequence[str] = (),
    ) -> ShownPage:
        """The page of "what shall we do, when, at what cost?"; its `answer` is the plan, with `measures`.

        `budget` is public money a year: USD of 2023, or a text such as "270e6 BRL2024". `weights` are those of the
        five pathways, `floor` the least share of the benefits for the poorest fifth; `sensitivity` plans again at
        both ends of every weak input; `require` and `exclude` are actions.
        """
        money = read_money(budget) if isinstance(budget, str) else float(budget)
        found = choose(
            self.model,
            money,
            start,
            weights,
            floor=floor,
            sensitivity=sensitivity,
            require=_texts(require),
            exclude=_texts(exclude),
        )
        return shown(plan_page(self.model, found), found)

    def compare(self, plans: PlanLike | Sequence[PlanLike], draws: int = DRAWS) -> ShownPage:
        """The page of "what if?": one plan beside the city as it goes, or several side by side.

        A plan is a case, what `plan` answered, a file, or the name of one in the city's plans/.
        """
        given = [plans] if isinstance(plans, str | Path | Case | Plan | ShownPage) else list(plans)
        if not given:
            raise CaminosError(_("Give one plan or more."))
        found = [self._asked(item) for item in given]
        page = what_if(self.model, found[0], draws) if len(found) == 1 else comparison(self.model, found, draws)
        return shown(page)

    def _asked(self, plan: PlanLike) -> Asked:
        """A plan as compare takes it; raises CaminosError for one that cannot be carried out as it stands."""
        if isinstance(plan, str | Path):
            return find_plan(self.model, str(plan))
        given = plan.answer if isinstance(plan, ShownPage) else plan
        if isinstance(given, Plan):
            return Asked(_("plan from {year}", year=given.start), given.start, given.measures)
        if not isinstance(given, Case):
            raise CaminosError(_("This page holds no plan: compare takes cases, plans and files of plans."))
        return asked(self.model, self.case(given), START)


def open(city: CityLike) -> OpenCity:
    """A city by the id of an example, by its folder, or as it was read; raises CaminosError with all that is wrong."""
    return OpenCity(CityModel(_read(city)))


def _read(city: CityLike) -> City:
    return city if isinstance(city, City) else read_city(city_folder(str(city)))


def _each(cases: CaseLike) -> list[Case]:
    """One case or several; raises CaminosError where there is none."""
    found = [cases] if isinstance(cases, Case) else list(cases)
    if not found or not all(isinstance(case, Case) for case in found):
        raise CaminosError(_("Give one case or more: Case(name, [Measure(action, year)])."))
    return found


def _names(targets: str | Sequence[str] | None) -> list[str]:
    return [item.indicator for item in headlines()] if targets is None else _texts(targets)


def _texts(given: str | Sequence[str]) -> list[str]:
    """One name or several."""
    return [given] if isinstance(given, str) or not isinstance(given, Iterable) else list(given)


def _apart(cases: Sequence[Case]) -> list[Case]:
    """Cases with names that differ."""
    names = apart([case.name for case in cases])
    return [Case(name, case.measures) for name, case in zip(names, cases, strict=True)]


# many cities


class Cities(Mapping[str, OpenCity]):
    """Many cities by id, each open for questions, and all evaluated together.

    They are given as ids of examples, folders, places (`caminos.city.places`) or cities that were read; files are
    read when they are first needed. More than a thousand are answered in blocks, on several processes.
    """

    def __init__(self, cities: Iterable[CityLike | Place]):
        cities = [cities] if isinstance(cities, str | Path) else cities
        self.sources = [city if isinstance(city, City | Place) else city_folder(str(city)) for city in cities]
        if not self.sources:
            raise CaminosError(_("Give one city or more."))

    @cached_property
    def cities(self) -> city_model.Cities:
        """All of them, read; raises CaminosError for the first that cannot be read."""
        return city_model.Cities([city_of(source) for source in self.sources])

    def __getitem__(self, city: str) -> OpenCity:
        if city not in self.cities.by_id:
            near = nearest(str(city), self.cities.by_id)
            hint = _(" Did you mean {names}?", names=near) if near else ""
            raise UnknownError(_("There is no city {city} among these.", city=repr(city)) + hint)
        return OpenCity(self.cities[city])

    def __iter__(self) -> Iterator[str]:
        return iter(self.cities)

    def __len__(self) -> int:
        return len(self.sources)

    def __repr__(self) -> str:
        few = ", ".join(map(_source_name, self.sources[:FEW])) + (", …" if len(self) > FEW else "")
        return f"<{_('{count} cities', count=len(self))}: {few}>"

    def run(
        self,
        cases: CaseLike = BASELINE,
        targets: str | Sequence[str] | None = None,
        draws: int = 0,
        processes: int | None = None,
    ) -> Results:
        """The targets (every headline, if left out) of every city under each case: a row is a city under a case.

        Of `draws` their 5, 50 and 95 % are kept. An action that cannot be estimated in a city moves nothing there.
        Of more than a thousand cities one that cannot be read does not keep the others from being answered: the
        results name it in `unread`.
        """
        if len(self) > AT_ONCE:
            chosen = _apart([checked(case, LIBRARY, ANY_YEAR, partial(action_id, LIBRARY)) for case in _each(cases)])
            names = [find_node(library_graph(), name).name for name in _names(targets)]
            parts, drawn, unread = self._in_blocks(names, chosen, draws, processes)
            return Results(parts, drawn, unread=unread)
        chosen = _apart([self._case(case) for case in _each(cases)])
        graph = self.cities.stacks[0].graph
        names = [find_node(graph, name).name for name in _names(targets)]
        parts = self.cities.run(names, chosen)
        drawn = self.cities.run(names, chosen, draws=draws, keep=low_median_high) if draws else []
        return Results(parts, drawn, self.cities.__getitem__)

    def _in_blocks(
        self, names: list[str], cases: list[Case], draws: int, processes: int | None
    ) -> tuple[list[Part], list[Part], dict[str, CaminosError]]:
        central = run_many(self.sources, names, cases, processes=processes)
        spread = run_many(self.sources, names, cases, draws, processes=processes).parts if draws else ()
        return list(central.parts), list(spread), central.unread

    def _case(self, case: Case) -> Case:
        for stack in self.cities.stacks:
            case = checked(case, stack.actions, stack.years, partial(action_id, stack.actions))
        return case


def _source_name(source: City | Place | Path) -> str:
    return source.id if isinstance(source, City) else source.name


# one question of one city


def diagnose(city: CityLike, draws: int = DRAWS) -> ShownPage:
    """Where a city stands: `caminos.open(city).diagnose()`."""
    return open(city).diagnose(draws)


def entry(
    city: CityLike,
    start: int = START,
    weights: Sequence[float] | None = None,
    budget: float | str | None = None,
    draws: int = DRAWS,
) -> ShownPage:
    """Where to begin: `caminos.open(city).entry()`."""
    return open(city).entry(start, weights, budget, draws)


def connect(city: CityLike, action: str = "", other: str = "", start: int = START, draws: int = DRAWS) -> ShownPage:
    """What an action moves, or two do to each other: `caminos.open(city).connect(action, other)`."""
    return open(city).connect(action, other, start, draws)


def plan(city: CityLike, budget: float | str, start: int = START, **asked: Any) -> ShownPage:
    """The best plan under a budget: `caminos.open(city).plan(budget)`; `asked` is the rest of what that takes."""
    return open(city).plan(budget, start, **asked)


def explain(city: CityLike, name: str, **asked: Any) -> ShownPage:
    """Where a number comes from: `caminos.open(city).explain(name)`; year, zone, group, kind and case as there."""
    return open(city).explain(name, **asked)


def compare(city: CityLike, plans: PlanLike | Sequence[PlanLike], draws: int = DRAWS) -> ShownPage:
    """What plans would do: `caminos.open(city).compare(plans)`."""
    return open(city).compare(plans, draws)
