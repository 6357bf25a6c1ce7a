"""A city on one screen: a few headlines now, in the last year, and with the plan; the entry point; the plan."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from caminos import words
from caminos.i18n import _
from caminos.model import DRAWS
from caminos.pages.entry import action_name, answer, dark
from caminos.pages.headlines import headline_table, lacking, lines
from caminos.pages.page import Cell, Page, Row, Sentence, Sentences, Table, present, sentences, table
from caminos.pages.plan import benefits, case_of, cost_of, reach, turned
from caminos.pathways.tables import roles
from caminos.planning.city_model import CityModel
from caminos.planning.entry import Entry
from caminos.planning.portfolio import Plan

TURNED = 3  # weak inputs named


def summary(model: CityModel, ranking: Entry, found: Plan, written: Sequence[Path], draws: int = DRAWS) -> Page:
    """The page of "what is the plan?" in short, with the files that hold the rest."""
    every = lines(model, [case_of(found)], draws, roles("summary"))
    files = [Row((Cell(str(path), id=path.name),), path.name) for path in written]
    plan_parts = present(
        in_short(model, found), reach(model, found), benefits(model, found), turned(model, found, TURNED)
    )
    title = _(
        "Plan from {start}, {budget} of public money a year", start=found.start, budget=words.dollars(found.budget)
    )
    parts = present(
        headline_table(every, [""], ("now", "cases", "target")),
        lacking(every),
        _entry_point(model, ranking),
        Page(title, plan_parts, "plan"),
        table([("file", _("Written"))], files, id="files"),
    )
    return Page(model.city.name, parts, "summary", model.city.id)


def in_short(model: CityModel, found: Plan) -> Table:
    """The measures in a line each."""
    columns = [("action", _("Action")), ("start", _("Begins")), ("scale", _("Of full scale")), ("cost", _("Cost"))]
    rows = [
        Row(
            (
                Cell(action_name(model, item.action), id=item.action),
                Cell(str(item.start)),
                Cell(value=item.scale, unit="share"),
                Cell(value=cost_of(model, found, item), unit="USD"),
            ),
            item.action,
            model.actions[item.action].pathway,
        )
        for item in found.measures
    ]
    return table(columns, rows, id="measures", units="column")


def _entry_point(model: CityModel, ranking: Entry) -> Sentences | None:
    if not ranking.ranking:
        return None
    first = ranking.ranking[0]
    numbers = (
        Cell(value=first.worth, unit="share", id="worth"),
        Cell(value=first.public_cost, unit="USD", id="public_cost"),
    )
    lines_ = [Sentence(answer(model, ranking), _("Entry point"), numbers=numbers, id=first.action)]
    return sentences([*lines_, *(Sentence(text, style="caution") for text in dark(ranking))], id="entry_point")
