"""Where to begin: the widest gaps, the ranking of actions, and what could change it."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, isnan, nan

from caminos import words
from caminos.actions.library import Action
from caminos.city.bundled import typed
from caminos.i18n import _
from caminos.model.indicator import PATHWAYS
from caminos.pages.names import action_name as library_name
from caminos.pages.names import money, name_of, names_of
from caminos.pages.page import Cell, Page, Part, Row, Sentence, Sentences, Table, in_order, present, sentences, table
from caminos.planning.assessment import Flip, public_share
from caminos.planning.city_model import CityModel
from caminos.planning.entry import Challenge, Entry, Ranked
from caminos.planning.entry import entry as rank
from caminos.words import pathway_name, percent

TOP = 5
SHOWN = 12
LISTED = 6  # inputs named in a sentence


def entry(model: CityModel, start: int, weights: Sequence[float] | None = None) -> Page:
    """The page of the question "where do we begin?"."""
    return entry_page(model, rank(model, start, weights))


def entry_page(model: CityModel, found: Entry) -> Page:
    """A ranking as a page."""
    title = _("{city}: where to begin", city=model.city.name)
    parts = present(
        challenges(model, found.challenges),
        ranking(model, found, SHOWN),
        by_pathway(model, found),
        weak(model, found),
        left_out(model),
    )
    return Page(title, (*parts, hint(model, found)) if found.ranking else parts, "entry", model.city.id)


def hint(model: CityModel, found: Entry) -> Part:
    """How to ask for the connections of the first action."""
    first = found.ranking[0]
    text = _(
        "What an action moves: caminos connect {city} {action}",
        city=typed(model.city.path),
        action=_number(model, first.action),
    )
    return sentences([Sentence(text, style="hint")], id="hints")


def _number(model: CityModel, action: str) -> str:
    """What to type for an action: its number, or the id of one that has none."""
    return str(model.actions[action].number or action)


# the widest gaps


def challenges(model: CityModel, found: Sequence[Challenge], most: int = 8) -> Table:
    """The widest gaps to target, and what closes most of each."""
    rows = [_challenge(model, item) for item in found if not item.reason and item.relative_gap > 0][:most]
    last = int(model.years[-1])
    columns = [
        ("headline", _("Headline")),
        ("future", _("{year} as it goes", year=last)),
        ("target", _("Target")),
        ("best", _("Closed most by")),
    ]
    return table(columns, rows, _("The widest gaps"), "challenges", units="row", style="cards")


def _challenge(model: CityModel, item: Challenge) -> Row:
    closes = _("closes {share}", share=percent(item.closed_by_best, 2))
    if item.best_action:
        best = Cell(action_name(model, item.best_action), id=item.best_action, note=closes)
    else:
        best = Cell(
            _("shown, not counted in the score") if isnan(item.closed_by_best) else _("no action of the library")
        )
    future = Cell(value=item.future, unit=item.unit, node=item.indicator, year=int(model.years[-1]))
    target = Cell(value=item.target, unit=item.unit)
    name = Cell(name_of(item.indicator), id=item.indicator)
    return Row((name, future, target, best), item.indicator, item.pathway)


# the ranking


def ranking(model: CityModel, found: Entry, most: int | None = None, folded: bool = False) -> Table:
    """The ranked actions: effect, cost, readiness and benefit."""
    columns = [
        ("rank", _("Place")),
        ("number", _("No.")),
        ("action", _("Action")),
        ("effect", _("Closes of all gaps")),
        ("cost", _("Cost")),
        ("readiness", _("Readiness, 0 to 1")),
        ("benefit_cost", _("Benefit per dollar")),
    ]
    rows = [_ranked(model, item) for item in found.ranking[:most]]
    title = (
        _("The first {count} of {all} ranked actions", count=len(rows), all=len(found.ranking))
        if most and len(found.ranking) > most
        else _("All {count} ranked actions", count=len(rows))
    )
    note = _("Places in small print: the range with weak inputs at their ends. Costs are present values.")
    return table(columns, rows, title, "ranking", units="column", folded=folded, note=note)


def _ranked(model: CityModel, item: Ranked) -> Row:
    first, last = sorted((item.lowest_rank, item.highest_rank))
    places = "" if first == last else f"{first}–{last}"
    return Row(
        (
            Cell(value=float(item.rank), note=places),
            Cell(_number(model, item.action), id=item.action),
            Cell(_(item.name), id=item.action),
            Cell(value=item.effect, unit="share"),
            Cell(value=item.cost, unit="USD"),
            Cell(value=item.readiness, form="ratio"),
            Cell(value=item.benefit_cost, form="ratio"),
        ),
        item.action,
        item.pathway,
    )


def by_pathway(model: CityModel, found: Entry) -> Table:
    """What every ranked action closes on each pathway."""
    columns = [("action", _("Action")), *((pathway, words.pathway_short(pathway)) for pathway in PATHWAYS)]
    columns.append(("who", _("Who")))
    rows = [
        Row(
            (Cell(_(item.name), id=item.action), *effects(item), Cell(who(model.actions[item.action]))),
            item.action,
            item.pathway,
        )
        for item in found.ranking
    ]
    title = _("All {count} ranked actions, by pathway", count=len(rows))
    return table(columns, rows, title, "ranking_by_pathway", folded=True)


def effects(item: Ranked) -> list[Cell]:
    """Part of each pathway's gaps that an action closes."""
    return [
        Cell(
            value=item.by_pathway[pathway],
            unit="share",
            form="relative",
            tone="good"
            if item.by_pathway[pathway] >= words.VISIBLE
            else "bad"
            if item.by_pathway[pathway] <= -words.VISIBLE
            else "",
        )
        for pathway in PATHWAYS
    ]


def cards(model: CityModel, found: Entry) -> list[Page]:
    """One page for each of the first actions: why, at what cost, who pays, what it moves, what could change it."""
    return [_card(model, found, item) for item in found.ranking[:TOP]]


def _card(model: CityModel, found: Entry, item: Ranked) -> Page:
    action = model.actions[item.action]
    facts = [
        Sentence(money(item.cost, model.city.currency), _("Cost"), numbers=(Cell(value=item.cost, unit="USD"),)),
        Sentence(payers(model, action), _("Who")),
    ]
    if action.serves:
        facts.append(Sentence(", ".join(map(words.agenda_name, action.serves)), _("Serves")))
    moved = table(
        [(pathway, words.pathway_short(pathway)) for pathway in PATHWAYS],
        [effects(item)],
        _("Part of each pathway's gaps that it closes"),
        f"effects_{item.action}",
        style="effects",
    )
    cautions = [Sentence(text, style="caution") for text in _cautions(model, found, item)]
    parts = present(sentences(_reasons(item)), sentences(facts, style="facts"), moved, sentences(cautions))
    return Page(_(item.name), parts, item.action, pathway=item.pathway, style="card")


def _reasons(item: Ranked) -> list[str]:
    """Why an action stands where it does."""
    known = {pathway: value for pathway, value in item.by_pathway.items() if isfinite(value)}
    moved = sorted((name for name in known if known[name] >= words.VISIBLE), key=lambda name: -known[name])
    parts = [
        _(
            "It closes {effect} of all gaps to the targets: {per} for every USD 100 million.",
            effect=percent(item.effect, 2),
            per=percent(item.effect_per_cost, 2),
        )
    ]
    if len(moved) == 1:
        parts.append(_("It works on one pathway: {pathway}.", pathway=pathway_name(moved[0]).lower()))
    elif moved:
        parts.append(
            _(
                "It works on {count} of the five pathways, most on this one: {pathway}.",
                count=len(moved),
                pathway=pathway_name(moved[0]).lower(),
            )
        )
    if item.benefit_cost >= 0.05:
        parts.append(
            _(
                "For each dollar people are spared {ratio} dollars of deaths, flood damage, energy and water; {share} of that goes to the poorest fifth.",
                ratio=words.ratio(item.benefit_cost),
                share=percent(item.benefit_of_poorest, 2),
            )
        )
    return [" ".join(parts)]


def who(action: Action) -> str:
    """Who carries an action out."""
    return ", ".join(words.implementer_name(code) for code in action.implementer)


def payers(model: CityModel, action: Action) -> str:
    """Who carries an action out and who pays."""
    share = float(public_share(model, action)[0])
    if share < 1:
        return _("{names}; public budgets carry {share}", names=who(action), share=percent(share, 2))
    return _("{names}; from public budgets", names=who(action))


def _cautions(model: CityModel, found: Entry, item: Ranked) -> list[str]:
    texts = []
    if item.lowest_rank != item.highest_rank:
        first, last = sorted((item.lowest_rank, item.highest_rank))
        texts.append(
            _(
                "Between place {first} and {last}, depending on inputs that are only recalled or assumed.",
                first=first,
                last=last,
            )
        )
    if item.rank == 1:
        texts += [flip_text(model, flip) for flip in found.flips if flip.first]
    if item.readiness_parts.get("data", nan) == 0:
        texts.append(_("Its size and cost rest on recalled or assumed values alone."))
    return texts


# what weak inputs would change


def weak(model: CityModel, found: Entry, most: int | None = SHOWN) -> Sentences:
    """What a weak input at one end of its range would change in the ranking."""
    return flips(model, found.flips, _("What weak inputs would change"), most)


def flips(model: CityModel, found: Sequence[Flip], title: str, most: int | None = None) -> Sentences:
    """What weak inputs change, with the inputs that change the same thing together."""
    lines = [
        Sentence(f"{change.rstrip('.')} ({_('with: {inputs}', inputs=_listed(inputs))}).")
        for change, inputs in grouped(model, found)[:most]
    ]
    return sentences(lines, title, "weak_inputs", style="list")


def _listed(inputs: Sequence[str]) -> str:
    """The first inputs that change the same thing, and how many more do."""
    few = "; ".join(inputs[:LISTED])
    more = len(inputs) - LISTED
    return few if more <= 0 else _("{names} and {count} more", names=few, count=more)


def grouped(model: CityModel, found: Sequence[Flip]) -> list[tuple[str, list[str]]]:
    """Changes in words, each with the inputs that make it."""
    by_change: dict[str, list[str]] = {}
    for flip in found:
        wording = _("{input} (low end)") if flip.end == "low" else _("{input} (high end)")
        change = change_text(model, flip)
        by_change.setdefault(change[:1].upper() + change[1:], []).append(wording.format(input=names_of([flip.input])))
    return sorted(by_change.items(), key=lambda item: -len(item[1]))


def flip_text(model: CityModel, flip: Flip) -> str:
    """What changes when one weak input takes an end of its range, as a sentence."""
    what = (
        _("If {input} is at the low end of its range: {change}")
        if flip.end == "low"
        else _("If {input} is at the high end of its range: {change}")
    )
    return what.format(input=names_of([flip.input]), change=change_text(model, flip))


def change_text(model: CityModel, flip: Flip) -> str:
    """The change of ranking or plan alone."""
    if flip.first:
        return _("{action} comes first.", action=action_name(model, flip.first))
    if not flip.gain:
        return _("{action} joins the first five.", action=_names(model, flip.taken))
    parts = [_("the plan drops {actions}", actions=_names(model, flip.dropped))] if flip.dropped else []
    if flip.taken:
        parts.append(_("the plan takes {actions}", actions=_names(model, flip.taken)))
    parts.append(_("it then closes {share} more", share=percent(flip.gain)))
    return "; ".join(parts) + "."


def _names(model: CityModel, ids: Sequence[str]) -> str:
    return ", ".join(action_name(model, name) for name in ids)


def action_name(model: CityModel, action: str) -> str:
    """An action's name in the language in use; the city may have its own."""
    return _(model.actions[action].name) if action in model.actions else library_name(action)


def left_out(model: CityModel) -> Table:
    """Actions that are shown and not ranked, with the reason."""
    reasons = {
        action: _("no value for {names}", names=names_of(missing)) if missing else _("no sourced effect in the model")
        for action, missing in model.unavailable.items()
    }
    rows = [
        Row((Cell(_number(model, action), id=action), Cell(action_name(model, action), id=action), Cell(why)), action)
        for action, why in (reasons | model.nothing_to_do).items()
    ]
    columns = [("number", _("No.")), ("action", _("Action")), ("why", _("Why"))]
    return table(columns, in_order(rows, 1), _("Left out, and why"), "left_out")
