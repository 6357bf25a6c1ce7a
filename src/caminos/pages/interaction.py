"""What two actions do to each other: their effects alone and together, by headline."""

from __future__ import annotations

from math import isfinite, isnan

from caminos import words
from caminos.i18n import _
from caminos.pages.change import better_cell, better_head, change_cell
from caminos.pages.connections import not_estimated
from caminos.pages.entry import action_name
from caminos.pages.headlines import headline_table, lines, unmoved
from caminos.pages.names import name_of, names_of
from caminos.pages.page import (
    Cell,
    Chart,
    Page,
    Part,
    Row,
    Sentence,
    Sentences,
    Series,
    Table,
    present,
    sentences,
    table,
)
from caminos.planning.change import NEGLIGIBLE
from caminos.planning.city_model import CityModel
from caminos.planning.connect import Interaction, Together
from caminos.planning.connect import interaction as interaction_of


def interaction(model: CityModel, a: str, b: str, start: int, draws: int = 500) -> Page:
    """The page of "what do these two actions do to each other?"."""
    return interaction_page(model, interaction_of(model, a, b, start, draws), draws)


def interaction_page(model: CityModel, found: Interaction, draws: int = 500) -> Page:
    """What two actions do to each other, as a page."""
    first, second = (action_name(model, action) for action in found.actions)
    title = _(
        "{first} together with {second} in {city}, begun in {year}",
        first=first,
        second=second,
        city=model.city.name,
        year=found.start,
    )
    apart = [item for item in found.together if not item.adds_up]
    adding = [item for item in found.together if item.adds_up]
    title_apart = (
        _("What each changes alone in {year}", year=found.year)
        if found.excluding
        else _("Where both change more or less than their sum in {year}", year=found.year)
    )
    named = [Sentence(first, _("First")), Sentence(second, _("Second"))]
    every: list[Part | None] = [
        sentences(named, id="actions", style="facts"),
        conditions(model, found),
        verdict(found),
        together(found, apart, title_apart, "interaction"),
        chart(found),
        together(found, adding, _("Where they simply add up"), "adds_up", folded=True),
        values(model, found, draws),
        unmoved(found.unmoved, NEGLIGIBLE),
        not_estimated(found.not_estimated),
    ]
    parts = present(*every)
    return Page(title, parts, "interaction", model.city.id)


def conditions(model: CityModel, found: Interaction) -> Sentences:
    """What the two exclude and need, in words."""
    lines_ = [
        Sentence(
            _(
                "{action} excludes {other}: they cannot both be carried out, so nothing is said of them together.",
                action=action_name(model, action),
                other=action_name(model, other),
            ),
            style="caution",
            id="excludes",
        )
        for action, other in found.excluding
    ]
    for action, other in found.needing:
        names = {"action": action_name(model, action), "other": action_name(model, other)}
        inside = other in found.actions
        text = (
            _("{action} needs {other}: it cannot be begun alone, whatever it would do alone.", **names)
            if inside
            else _("{action} needs {other}, which is in none of these figures.", **names)
        )
        lines_.append(Sentence(text, style="caution", id="needs"))
    if not lines_:
        lines_.append(Sentence(_("Neither excludes or needs another action."), id="free"))
    return sentences(lines_, id="conditions")


def verdict(found: Interaction) -> Sentences:
    """Where the two simply add up, and where nothing can be said."""
    lines_ = []
    adding = [item.first.indicator for item in found.together if item.adds_up]
    unknown = [item.first.indicator for item in found.together if _without_size(item)]
    if not found.together:
        lines_.append(Sentence(_("Neither moves a headline."), id="nothing"))
    elif len(adding) == len(found.together):
        lines_.append(Sentence(_("They simply add up in every headline that they move."), id="add_up"))
    elif adding:
        text = _(
            "They simply add up (but for less than {share} of the value) in: {names}.",
            share=words.percent(NEGLIGIBLE),
            names=names_of(adding),
        )
        lines_.append(Sentence(text, id="add_up"))
    if unknown:
        text = _(
            "Beyond {year} nothing has a size, so it cannot be said whether they add up in: {names}.",
            year=found.year,
            names=names_of(unknown),
        )
        lines_.append(Sentence(text, id="beyond"))
    return sentences(lines_, id="verdict")


def _without_size(item: Together) -> bool:
    return item.beyond_sum is not None and isnan(item.beyond_sum.value) and not item.beyond_sum.missing


def together(found: Interaction, items: list[Together], title: str, id: str, folded: bool = False) -> Table:
    """What each changes alone, both together, and by how much that is more than the sum."""
    extra = [item.beyond_sum for item in items if item.beyond_sum]
    columns = [("headline", _("Headline")), ("first", _("First alone")), ("second", _("Second alone"))]
    if not found.excluding:
        columns += [
            ("both", _("Both")),
            ("interaction", _("Beyond the sum")),
            ("better", better_head(extra)),
        ]
    rows = []
    for item in items:
        name = item.first.indicator
        changes = zip((item.first, item.second, item.both), found.cases, strict=False)
        cells = [Cell(name_of(name), id=name), *(change_cell(change, case.name) for change, case in changes if change)]
        if item.beyond_sum:
            cells += [_extra(item), better_cell(item.beyond_sum, _("worse than their sum"))]
        rows.append(Row(tuple(cells), name, item.first.pathway))
    return table(columns, rows, title, id, units="row", style="cards", folded=folded)


def _extra(item: Together) -> Cell:
    """The interaction; it is no node of the model, so nothing explains it but the four values beside it."""
    assert item.beyond_sum is not None
    return Cell(**{**vars(change_cell(item.beyond_sum, "")), "node": ""})


def chart(found: Interaction) -> Chart | None:
    """The interaction relative to the value as the city goes, as bars by headline."""
    shown = [
        (item, item.beyond_sum.relative)
        for item in found.together
        if item.beyond_sum and not item.adds_up and isfinite(item.beyond_sum.relative)
    ]
    if not shown:
        return None
    names = tuple(name_of(item.first.indicator) for item, _share in shown)
    shares = tuple(share for _item, share in shown)
    title = _("Beyond the sum of both, as a share of the value without them")
    text = "; ".join(f"{name} {words.signed_percent(share)}" for name, share in zip(names, shares, strict=True)) + "."
    rows = [
        Row(
            (Cell(name, id=item.first.indicator), Cell(value=share, unit="share", form="relative")),
            item.first.indicator,
        )
        for name, (item, share) in zip(names, shown, strict=True)
    ]
    columns = [("headline", _("Headline")), ("relative", _("Beyond the sum"))]
    return Chart(
        kind="bars",
        table=table(columns, rows, title, "relative_table", folded=True),
        text=text,
        title=title,
        id="relative",
        unit="share",
        axis=names,
        series=(Series("interaction", _("Beyond the sum"), shares),),
        limit=0.0,
        limit_name=_("they add up"),
        pathway=shown[0][0].first.pathway,
    )


def values(model: CityModel, found: Interaction, draws: int) -> Table:
    """The headlines themselves: as the city goes, with each action, and with both."""
    names = {item.first.indicator for item in found.together}
    every = lines(model, found.cases, draws, sorted(names)) if names else []
    heads = [_("First"), _("Second"), _("Both")][: len(found.cases)]
    return headline_table(every, heads, ("cases",), _("The headlines without, with each and with both"), "values")
