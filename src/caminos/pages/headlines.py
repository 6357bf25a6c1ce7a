"""Headlines over the years under one case or several: the rows that diagnosis, what-if, plan and report share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import isfinite, isinf, isnan, nan
from typing import Any

import numpy as np

from caminos import words
from caminos.i18n import _
from caminos.model import DRAWS
from caminos.model.evaluation import Result
from caminos.model.indicator import PATHWAYS
from caminos.model.values import NotEstimated, numbers_of, values_of
from caminos.pages.change import better_cell, better_head, change_cell
from caminos.pages.names import name_of, names_of
from caminos.pages.page import (
    Cell,
    Chart,
    Mark,
    Page,
    Row,
    Sentence,
    Sentences,
    Series,
    Table,
    present,
    sentences,
    table,
)
from caminos.pathways.tables import Headline, headlines, series
from caminos.planning.change import Change
from caminos.planning.city_model import BASELINE, Case, CityModel
from caminos.planning.connect import last_change
from caminos.planning.explanation import weakest
from caminos.planning.results import RANGE, caveats, gap, known_in_part, targets

FEW = 4  # headlines of a pathway shown at a glance
LEAST = 1e-3  # of the value: a headline that a plan moves less is named, not shown
SMALL = 1e-6  # relative change below which a headline has not moved
KNOWN_YEARS = (2030, 2040)  # shown between the first and the last
EVERY = 5  # years between the rows of a trajectory's table


@dataclass(frozen=True)
class Trajectory:
    """Low, central and high value by year; range over the draws."""

    low: np.ndarray
    mid: np.ndarray
    high: np.ndarray

    def at(self, place: int) -> tuple[float, float, float]:
        """Central, low and high value of one year."""
        return float(self.mid[place]), float(self.low[place]), float(self.high[place])


@dataclass(frozen=True)
class Line:
    """One headline over the years, under each case; the first case is the city as it goes."""

    headline: Headline
    unit: str
    years: tuple[int, ...]
    names: tuple[str, ...]  # of the cases
    cases: tuple[Trajectory, ...]
    target: float
    quality: str
    recalled: int
    inputs: int
    missing: tuple[str, ...]
    yearly: bool
    caveats: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()  # of the last year, by each case after the first

    @property
    def name(self) -> str:
        """The headline as people read it."""
        return name_of(self.headline.indicator)

    @property
    def estimated(self) -> bool:
        """Whether there is a number for the last year."""
        return not self.missing

    @property
    def first(self) -> int:
        """The place of the first year that has a number; -1 where there is none, or for what is itself a year."""
        known = np.flatnonzero(np.isfinite(self.cases[0].mid)) if self.estimated and self.unit != "yr" else np.array([])
        return int(known[0]) if known.size else -1

    @property
    def now(self) -> float:
        """The first number; not a number where there is none."""
        return float(self.cases[0].mid[self.first]) if self.first >= 0 else nan

    def last(self, case: int) -> float:
        """The central value of the last year."""
        return float(self.cases[case].mid[-1]) if self.estimated else nan

    def way(self, case: int) -> float | None:
        """Part of the way from now to the target made by the last year; below zero where it moves away."""
        if not (self.estimated and isfinite(self.target) and isfinite(self.now)):
            return None
        wide = float(gap(np.array([self.now]), self.target, self.headline.direction)[0])
        if wide <= 1e-12 * max(abs(self.target), 1.0):
            return 1.0 if self.met(case) else None
        return (self.last(case) - self.now) / (self.target - self.now)

    def met(self, case: int) -> bool:
        """Whether the target is met in the last year."""
        return self.estimated and self._meets(self.last(case))

    @property
    def met_now(self) -> bool:
        """Whether the target is met today."""
        return self.estimated and isfinite(self.now) and self._meets(self.now)

    def _meets(self, value: float) -> bool:
        if isinf(value):
            return (value > 0) == (self.headline.direction == "higher")
        slack = 1e-9 * max(abs(self.target), 1.0)
        return bool(gap(np.array([value]), self.target, self.headline.direction)[0] <= slack)

    def worse(self, case: int) -> float:
        """Relative change in the last year against the wanted direction; 0 where it is not worse."""
        without, change = self.last(0), self.last(case) - self.last(0)
        if not isfinite(change) or abs(change) <= SMALL * max(abs(without), 1e-12):
            return 0.0
        harmful = change > 0 if self.headline.direction == "lower" else change < 0
        return abs(change) / max(abs(without), 1e-12) if harmful else 0.0


def lines(
    model: CityModel, cases: Sequence[Case] = (), draws: int = DRAWS, names: Sequence[str] | None = None
) -> list[Line]:
    """Headlines (all, or those named) as the city goes and under each case: one pass for all."""
    chosen = [item for item in headlines() if names is None or item.indicator in names]
    every = [BASELINE, *cases]
    indicators = [item.indicator for item in chosen]
    middle = model.answers(indicators, every)
    drawn = model.run(indicators, every, draws=draws) if draws else {}
    return [_line(model, item, every, middle[item.indicator], drawn.get(item.indicator)) for item in chosen]


def _line(model: CityModel, headline: Headline, cases: Sequence[Case], answer: Result, drawn: Result | None) -> Line:
    name = headline.indicator
    unit, years = model.graph.nodes[name].unit, tuple(int(year) for year in model.years)
    used = [item for item in model.graph.needed((name,)) if item in model.inputs]
    recalled = sum(model.inputs[item].quality == "C" for item in used)
    about = tuple(case.name for case in cases)
    middle = numbers_of(answer)
    if isinstance(middle, NotEstimated) or np.isnan(series(headline, middle)[0, 0, -1]):
        whole = isinstance(middle, NotEstimated)
        missing = middle.missing if whole else known_in_part(model, model.graph.nodes[name])
        return Line(
            headline=headline,
            unit=unit,
            years=years,
            names=about,
            cases=(),
            target=nan,
            quality="",
            recalled=recalled,
            inputs=len(used),
            missing=missing,
            yearly=False,
        )
    spread = middle if drawn is None else drawn
    found = tuple(_trajectory(headline, middle, spread, place, len(years)) for place in range(len(cases)))
    changes = tuple(last_change(model, headline, answer, drawn, place) for place in range(1, len(cases)))
    known = found[0].mid[np.isfinite(found[0].mid)]
    target = targets(model, headline, float(known[0]) if known.size else nan)
    yearly = middle.shape[2] > 1 and unit != "yr"
    weak, notes = weakest(model, name), caveats(model, name)
    return Line(
        headline=headline,
        unit=unit,
        years=years,
        names=about,
        cases=found,
        target=target,
        quality=weak,
        recalled=recalled,
        inputs=len(used),
        missing=(),
        yearly=yearly,
        caveats=notes,
        changes=changes,
    )


def _trajectory(headline: Headline, middle: np.ndarray, drawn: Result, case: int, years: int) -> Trajectory:
    mid, draws = series(headline, middle), series(headline, values_of(drawn))
    mid, draws = mid[min(case, len(mid) - 1), 0], draws[min(case, len(draws) - 1)]
    with np.errstate(invalid="ignore"):
        low, high = (np.percentile(draws, end, axis=0, method="nearest") for end in RANGE)
    return Trajectory(*(np.broadcast_to(array, (years,)) for array in (low, mid, high)))


# as cells


def number(line: Line, place: int, case: int = 0) -> Cell:
    """One year of a headline under one case; `place` counts the years, -1 is the last."""
    if not line.estimated:
        return missing_cell(line)
    value, low, high = line.cases[case].at(place)
    missing = line.changes[case - 1].missing if case and isnan(value) else ()
    return Cell(
        text=_("not estimated") if missing else "",
        reason=words.not_estimated([names_of(missing)]) if missing else "",
        value=value,
        low=low,
        high=high,
        unit=line.unit,
        quality=line.quality,
        node=line.headline.indicator,
        year=line.years[place],
        case=line.names[case] if case else "",
        caveats=line.caveats,
    )


def now_cell(line: Line) -> Cell:
    """The first number of a headline, as things are."""
    if not line.estimated or line.first < 0:
        return Cell(words.DASH)
    return number(line, line.first)


def missing_cell(line: Line) -> Cell:
    """A headline that is not estimated, with what it lacks."""
    reason = words.not_estimated([names_of(line.missing)])
    return Cell(_("not estimated"), value=nan, unit=line.unit, node=line.headline.indicator, reason=reason)


def target_cell(line: Line) -> Cell:
    """The target, in the headline's unit."""
    return Cell(value=line.target, unit=line.unit, node="")


def name_cell(line: Line) -> Cell:
    """The headline's name."""
    return Cell(line.name, id=line.headline.indicator)


def case_heads(last: int, named: Sequence[str]) -> list[tuple[str, str]]:
    """Columns of the last year: the city as it goes, and each case by its name (the plan, where it has none)."""
    heads = [("last", _("{year} as it goes", year=last))]
    return heads + [
        (
            f"last_{place}" if len(named) > 1 else "last_with",
            f"{last}: {name}" if name else _("{year} with the plan", year=last),
        )
        for place, name in enumerate(named, 1)
    ]


SHOWN = ("now", "cases", "target", "quality")


def headline_table(
    every: Sequence[Line],
    named: Sequence[str] = (),
    shown: Sequence[str] = SHOWN,
    title: str = "",
    id: str = "headlines",
) -> Table:
    """The headlines that are estimated; `shown` of now, cases, target, quality, way and worse; `named` are the cases."""
    known = [line for line in every if line.estimated]
    if not known:
        return Table((), (), title, id)
    first, last = known[0].years[0], known[0].years[-1]
    heads = {
        "now": [("now", str(first))],
        "cases": case_heads(last, named),
        "target": [("target", _("Target"))],
        "quality": [("quality", _("Quality"))],
        "way": [("way", _("How far to the target"))],
        "worse": [("worse", _("Worse by"))],
    }
    columns = [("headline", _("Headline")), *(column for part in shown for column in heads[part])]
    rows = [
        Row(
            (name_cell(line), *(cell for part in shown for cell in CELLS[part](line))),
            line.headline.indicator,
            line.headline.pathway,
        )
        for line in known
    ]
    return table(columns, rows, title, id, units="row", style="cards")


CELLS: dict[str, Callable[[Line], list[Cell]]] = {
    "now": lambda line: [now_cell(line)],
    "cases": lambda line: [number(line, -1, case) for case in range(len(line.cases))],
    "target": lambda line: [target_cell(line)],
    "quality": lambda line: [Cell(line.quality, mark=Mark("quality"))],
    "way": lambda line: [way_cell(line)],
    "worse": lambda line: [worse_cell(line)],
}


def moves(line: Line) -> bool:
    """Whether a plan changes a headline in the last year by more than is negligible, or leaves it without a number."""
    whole = abs(line.last(0)) if isfinite(line.last(0)) else 0.0
    return any(not abs(change.value) <= LEAST * whole for change in line.changes)


def unmoved(indicators: Iterable[str], least: float) -> Sentences:
    """The headlines that change by less than a share of their value: counted in the title, their names folded."""
    names = list(indicators)
    title = _("Moved by less than {share}: {count} headlines", share=words.percent(least), count=len(names))
    return sentences([Sentence(names_of(names))] if names else [], title, "unmoved", folded=True)


def change_table(every: Sequence[Line], named: Sequence[str] = (), title: str = "", id: str = "changes") -> Table:
    """What each case changes in the last year: the difference with its range, and how often it is for the better.

    Headlines that no case moves are left out.
    """
    known = [line for line in every if line.estimated and moves(line)]
    count = max((len(line.changes) for line in known), default=0)
    columns = [("headline", _("Headline"))]
    for case in range(count):
        name = named[case] if count > 1 else ""
        change, better = name or _("Change"), better_head(line.changes[case] for line in known)
        ending = f"_{case + 1}" if count > 1 else ""
        columns += [(f"change{ending}", change), (f"better{ending}", f"{name}: {better}" if name else better)]
    rows = [
        Row(
            (
                name_cell(line),
                *(
                    cell
                    for change, name in zip(line.changes, line.names[1:], strict=True)
                    for cell in (change_cell(change, name), better_cell(change))
                ),
            ),
            line.headline.indicator,
            line.headline.pathway,
        )
        for line in known
    ]
    return table(columns, rows, title, id, units="row", style="cards")


def worse_cell(line: Line) -> Cell:
    """By how much the plan makes a headline worse."""
    counted = "" if line.headline.weight else _("shown, not counted in the score")
    return Cell(words.percent(line.worse(1), 2), note=counted)


def way_cell(line: Line) -> Cell:
    """How far a headline gets to its target, in words and as a bar; a dash where no target is set."""
    if not isfinite(line.target):
        return Cell(words.DASH)
    planned = line.way(1) if len(line.cases) > 1 else None
    return Cell(way_text(line), mark=Mark("way", (line.way(0), planned)))


def way_text(line: Line) -> str:
    """How far a headline gets to its target, in words."""
    if len(line.cases) < 2:
        return way_phrase(line, 0)
    without, planned = way_phrase(line, 0), way_phrase(line, 1)
    if without == planned:
        return _("{how_far}, with or without the plan", how_far=planned)
    return _("{planned} with the plan; {without} without it", planned=planned, without=without)


def way_phrase(line: Line, case: int) -> str:
    """How far a headline gets under one case."""
    if line.unit == "yr":
        short = line.target - line.last(case)
        return _("target met") if short <= 0 else _("{years} years too early", years=round(short))
    if line.met(case):
        return _("target met")
    way = line.way(case)
    if way is None:
        return _("target lost") if line.met_now else words.DASH
    if abs(way) < 0.005:
        return _("no step")
    return _("{share} of the way", share=words.percent(way, 2)) if way > 0 else _("away from the target")


def lacking(every: Sequence[Line], id: str = "not_estimated") -> Table:
    """The headlines without a number, with what each lacks."""
    rows = [
        Row((Cell(line.name, id=line.headline.indicator), Cell(names_of(line.missing))), line.headline.indicator)
        for line in every
        if not line.estimated
    ]
    columns = [("headline", _("Headline")), ("missing", _("There is no value for"))]
    return table(columns, rows, _("Not estimated"), id)


def by_year(every: Sequence[Line]) -> Table:
    """All headlines at the years between, with their ranges (as the city goes)."""
    known = [line for line in every if line.estimated]
    if not known:
        return Table((), ())
    years = [
        place for place, year in enumerate(known[0].years) if not place or year in (*KNOWN_YEARS, known[0].years[-1])
    ]
    columns = [("headline", _("Headline")), *((str(known[0].years[place]),) * 2 for place in years)]
    rows = [
        Row(
            (name_cell(line), *(number(line, place) for place in years)), line.headline.indicator, line.headline.pathway
        )
        for line in known
    ]
    return table(columns, rows, _("Headlines by year"), "by_year", units="row", folded=True)


def pathway_pages(every: Sequence[Line], named: Sequence[str] = ()) -> list[Page]:
    """One page a pathway: its headlines, and those that are not estimated."""
    found = []
    for pathway in PATHWAYS:
        own = [line for line in every if line.headline.pathway == pathway]
        parts = present(headline_table(own, named, id=f"headlines_{pathway}"), lacking(own, f"lacking_{pathway}"))
        if parts:
            found.append(Page(words.pathway_name(pathway), parts, pathway, pathway=pathway))
    return found


def notes(every: Sequence[Line]) -> Any:
    """What must be read beside the headlines, once each."""
    texts = dict.fromkeys(text for line in every for text in line.caveats)
    return sentences(texts, _("To be read beside these numbers"), "caveats", style="list") if texts else None


def trajectory(line: Line, named: Sequence[str]) -> Chart:
    """A headline year by year under each case, as lines with bands and as a table."""
    names = [_("as it goes"), *(name or _("plan") for name in named)]
    factor, unit = words.scale_of(line.unit, [*(float(x) for case in line.cases for x in case.mid), line.target])
    parts = [
        _(
            "{name}: {value} in {year} ({span})",
            name=name,
            value=words.shown(case.at(-1)[0], line.unit, factor),
            year=line.years[-1],
            span=words.span(*case.at(-1)[1:], line.unit, factor),
        )
        for name, case in zip(names, line.cases, strict=True)
    ]
    text = _(
        "{label}, {unit}, {first} to {last}. {now} in {first}. {parts}. Target {target}.",
        label=line.name,
        unit=unit,
        first=line.years[0],
        last=line.years[-1],
        now=words.shown(line.now, line.unit, factor),
        parts="; ".join(parts),
        target=words.shown(line.target, line.unit, factor),
    )
    places = [place for place, year in enumerate(line.years) if not place or year % EVERY == 0]
    rows = [
        Row((Cell(str(line.years[place])), *(number(line, place, case) for case in range(len(line.cases)))))
        for place in places
    ]
    rows.append(Row((Cell(_("Target")), target_cell(line), *(Cell() for _case in line.cases[1:])), style="sum"))
    ids = ["baseline", *(f"case_{place}" for place in range(1, len(line.cases)))]
    twin = table(
        [("year", _("Year")), *zip(ids, names, strict=True)],
        rows,
        id=f"{line.headline.indicator}_table",
        units="column",
        folded=True,
        style="dense",
    )
    drawn = tuple(
        Series(id, name, *(tuple(map(float, part)) for part in (case.mid, case.low, case.high)))
        for id, name, case in zip(ids, names, line.cases, strict=True)
    )
    return Chart(
        kind="lines",
        table=twin,
        text=text,
        title=line.name,
        id=line.headline.indicator,
        unit=line.unit,
        axis=line.years,
        series=drawn,
        limit=line.target,
        limit_name=_("target"),
        pathway=line.headline.pathway,
    )


def main_line(every: Sequence[Line], pathway: str) -> Line | None:
    """The headline that counts most among those that change with the years."""
    own = [line for line in every if line.headline.pathway == pathway and line.yearly]
    return max(own, key=lambda line: line.headline.weight, default=None)


def at_a_glance(every: Sequence[Line], pathway: str) -> list[Line]:
    """The headlines of a pathway that count most among those that are estimated."""
    own = [line for line in every if line.headline.pathway == pathway and line.estimated]
    return sorted(own, key=lambda line: -line.headline.weight)[:FEW]
