"""Where to begin: which action leads and how sure that is, why here, three lenses, and what to find out first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite, isinf, nan

from caminos import words
from caminos.actions.library import Action
from caminos.city.bundled import typed
from caminos.city.settings import NET_REDUCTION
from caminos.i18n import _
from caminos.model import DRAWS
from caminos.model.indicator import PATHWAYS
from caminos.pages.names import action_name as library_name
from caminos.pages.names import money, name_of, names_of
from caminos.pages.page import (
    Cell,
    Mark,
    Page,
    Part,
    Row,
    Sentence,
    Sentences,
    Table,
    in_order,
    present,
    sentences,
    table,
)
from caminos.pathways.tables import outcomes, shares_of_pathway
from caminos.planning.assessment import Flip, public_share
from caminos.planning.city_model import CityModel
from caminos.planning.entry import Challenge, Contrast, Entry, Ranked
from caminos.planning.entry import entry as rank
from caminos.planning.find_out import LEAST_DRAWS, facts_of, ways_to_find_out
from caminos.planning.lenses import Aim
from caminos.words import pathway_name, percent

TOP = 5
SHOWN = 12
LISTED = 6  # inputs named in a sentence
FEW_FACTS = 4  # facts named as what carries an action


def entry(
    model: CityModel,
    start: int,
    weights: Sequence[float] | None = None,
    budget: float | None = None,
    draws: int = DRAWS,
) -> Page:
    """The page of the question "where do we begin?"."""
    return entry_page(model, rank(model, start, weights, budget, draws))


def entry_page(model: CityModel, found: Entry) -> Page:
    """A ranking as a page."""
    title = _("{city}: where to begin", city=model.city.name)
    every: list[Part | None] = [
        verdict(model, found),
        ranking(model, found, SHOWN),
        why_here(model, found),
        lenses(model, found),
        targets(model, found),
        to_find_out(found),
        to_light(found),
        challenges(model, found.challenges),
        sureness(model, found),
        by_pathway(model, found),
        readiness(model, found),
        not_ranked(model, found),
        variants(model, found),
        spans(found),
    ]
    parts = present(*every)
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


# the answer, and how sure it is


def verdict(model: CityModel, found: Entry) -> Sentences:
    """Who leads, how sure that is, what is dark, and under which budget."""
    lines = [Sentence(answer(model, found), style="lead")]
    if found.verdict == "first" and found.draws:
        lines.append(Sentence(_robust(found)))
    item = of_action(found, found.widest) if found.leaders else None
    if item and item.reach > max(of_action(found, leader).reach for leader in found.leaders):
        text = _(
            "Widest reach: {action}. Pathways moved: {count} of 5; {share} of its worth lies outside its own pathway.",
            action=action_name(model, item.action),
            count=item.reach,
            share=percent(item.outside, 2),
        )
        lines.append(Sentence(text))
    if found.verdict in ("first", "together") and not _known_of(found, found.leaders):
        text = _(
            "No figure of the city's own stands behind this, only those of its country and assumed values. Give facts of the city before deciding."
        )
        lines.append(Sentence(text, style="caution"))
    lines += [Sentence(text, style="caution") for text in dark(found)]
    lines.append(Sentence(budget_text(model, found), style="note"))
    return sentences(lines, id="verdict")


def answer(model: CityModel, found: Entry) -> str:
    """The entry point in one sentence."""
    names = [action_name(model, action) for action in found.leaders]
    if found.verdict == "none":
        return _("No action of the library moves an outcome that can be estimated here.")
    share = percent(found.together, 2)
    if found.verdict == "first" and not found.draws:
        return _(
            "First by central values: {action}. How sure that is has not been computed (no draws).", action=names[0]
        )
    if found.verdict == "first":
        return _("First: {action}. It leads in {share} of the draws.", action=names[0], share=share)
    if found.verdict == "together":
        return _(
            "These {count} actions cannot be told apart: {actions}. One of them leads in {share} of the draws.",
            count=len(names),
            actions="; ".join(names),
            share=share,
        )
    return _(
        "Not decided: what would come first ({actions}) rests on assumed values alone, on nothing that is known of the city or its country.",
        actions="; ".join(names),
    )


def _known_of(found: Entry, actions: Iterable[str]) -> set[str]:
    """The city's own facts on which the places of these actions rest."""
    return {fact for action in actions for contrast in of_action(found, action).why for fact in contrast.facts}


def _robust(found: Entry) -> str:
    if found.robust:
        return _("It is robust: it is among the first five under all three lenses, and no pathway is dark.")
    if len(found.lenses) < 3:
        return _("It cannot be called robust: only {count} of the three lenses has data.", count=len(found.lenses))
    if found.dark:
        return _("It cannot be called robust while a pathway is dark.")
    return _("It is not robust: under another lens it is not among the first five.")


def dark(found: Entry) -> list[str]:
    """Which pathways are dark, and which facts would light them."""
    return [
        _(
            "{pathway} is dark: only {share} of what it is judged by can be estimated. What is missing: {facts}.",
            pathway=pathway_name(pathway),
            share=percent(found.known[pathway], 2),
            facts=names_of(missing) or words.DASH,
        )
        for pathway, missing in found.dark.items()
    ]


def budget_text(model: CityModel, found: Entry) -> str:
    """Under which budget actions are ranked, and where it comes from."""
    money_ = found.budget
    if isinf(money_.amount):
        return _("No budget is known here: actions are ranked by worth alone. Give one with --budget.")
    amount = money(money_.amount, model.city.currency)
    return {
        "given": lambda: _("Under a public budget of {amount} a year for actions, as given.", amount=amount),
        "budget": lambda: _(
            "Under a public budget of {amount} a year for actions: {share} of the city's budget (assumed; give another with --budget).",
            amount=amount,
            share=percent(money_.share),
        ),
        "product": lambda: _(
            "Under a public budget of {amount} a year for actions: {share} of the gross product (assumed; give another with --budget).",
            amount=amount,
            share=percent(money_.share),
        ),
    }[money_.source]()


def of_action(found: Entry, action: str) -> Ranked:
    """The place of one action in the ranking."""
    return next(item for item in found.ranking if item.action == action)


# the ranking


def ranking(model: CityModel, found: Entry, most: int | None = None, folded: bool = False) -> Table:
    """The ranked actions: worth, how often among the first, public cost, reach."""
    columns = [
        ("rank", _("Place")),
        ("number", _("No.")),
        ("action", _("Action")),
        ("worth", _("Worth")),
        ("first_five", _("In first five")),
        ("public_cost", _("Cost a year")),
        ("worth_per_cost", _("Worth per million USD")),
        ("reach", _("Reach")),
    ]
    rows = [_ranked(model, item, found.draws) for item in found.ranking[:most]]
    title = (
        _("The first {count} of {all} ranked actions", count=len(rows), all=len(found.ranking))
        if most and len(found.ranking) > most
        else _("All {count} ranked actions", count=len(rows))
    )
    note = _(
        "Place: at central values, by what the best use of the budget would lose without the action. Worth: with the way from a safe level to the worst observed anywhere as 100% of each outcome, the part of it that the action spares, over all outcomes by weight and in the mean of the years. In first five: in what part of the draws, which are runs of the model with other values of all that is not sure. Cost: public money, spread evenly over the years. Reach: pathways moved."
    )
    return table(columns, rows, title, "ranking", units="column", folded=folded, note=note)


def _in_draws(value: float, draws: int) -> Cell:
    """A share of the draws; not a number where nothing was drawn."""
    return Cell(value=value if draws else nan, unit="share")


def _ranked(model: CityModel, item: Ranked, draws: int) -> Row:
    return Row(
        (
            Cell(value=float(item.rank)),
            Cell(_number(model, item.action), id=item.action),
            Cell(_(item.name), id=item.action),
            Cell(value=item.worth, unit="share"),
            _in_draws(item.first_five, draws),
            Cell(value=item.public_cost, unit="USD"),
            Cell(value=item.worth_per_cost, unit="share"),
            Cell(value=float(item.reach)),
        ),
        item.action,
        item.pathway,
    )


def sureness(model: CityModel, found: Entry) -> Table:
    """How sure every place is, and how much of an action's worth lies outside its own pathway."""
    columns = [
        ("rank", _("Place")),
        ("action", _("Action")),
        ("worth", _("Worth")),
        ("loss", _("Lost without it")),
        ("first", _("First")),
        ("first_three", _("In first three")),
        ("first_five", _("In first five")),
        ("outside", _("Worth outside its own pathway")),
    ]
    rows = [
        Row(
            (
                Cell(value=float(item.rank)),
                Cell(_(item.name), id=item.action),
                Cell(value=item.worth, low=item.worth_low, high=item.worth_high, unit="share"),
                Cell(value=item.loss, unit="share"),
                *(_in_draws(share, found.draws) for share in (item.first, item.first_three, item.first_five)),
                Cell(value=item.outside, unit="share"),
            ),
            item.action,
            item.pathway,
        )
        for item in found.ranking
    ]
    note = (
        _(
            "Shares of {draws} draws of everything that is not sure, costs, lead times and weights included.",
            draws=found.draws,
        )
        if found.draws
        else _("Without draws it is not computed how sure a place is.")
    )
    title = _("All {count} ranked actions, and how sure their places are", count=len(rows))
    return table(columns, rows, title, "sureness", units="column", folded=True, note=note)


def by_pathway(model: CityModel, found: Entry) -> Table:
    """What every ranked action spares on each pathway."""
    columns = [("action", _("Action")), *((pathway, words.pathway_short(pathway)) for pathway in PATHWAYS)]
    rows = [
        Row((Cell(_(item.name), id=item.action), *effects(item)), item.action, item.pathway) for item in found.ranking
    ]
    title = _("All {count} ranked actions, by pathway", count=len(rows))
    return table(columns, rows, title, "ranking_by_pathway", folded=True)


def effects(item: Ranked) -> list[Cell]:
    """Part of each pathway's spans that an action spares."""
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


def readiness(model: CityModel, found: Entry) -> Table:
    """How ready the city is for every action: shown, not part of the score."""
    parts = {
        "data": _("Own data"),
        "prerequisites": _("Needs nothing first"),
        "time": _("Soon"),
        "public": _("Public lead"),
    }
    columns = [("action", _("Action")), *parts.items(), ("who", _("Who")), ("benefit_cost", _("Benefit per dollar"))]
    rows = [
        Row(
            (
                Cell(_(item.name), id=item.action),
                *(Cell(value=item.readiness[name], form="ratio") for name in parts),
                Cell(who(model.actions[item.action])),
                Cell(value=item.benefit_cost, form="ratio"),
            ),
            item.action,
            item.pathway,
        )
        for item in found.ranking
    ]
    note = _("From 0 to 1; shown, and no part of the score.")
    return table(columns, rows, _("How ready the city is"), "readiness", units="column", folded=True, note=note)


# why here


def why_here(model: CityModel, found: Entry) -> Sentences:
    """For each of the first actions, what it moves here against the median place."""
    lines = [
        Sentence(why_text(item), f"{item.rank} {_(item.name)}", id=item.action)
        for item in found.ranking[:TOP]
        if item.why
    ]
    return sentences(lines, _("Why here"), "why", style="brief")


def why_text(item: Ranked) -> str:
    """Why an action stands where it does: contrasts with the median place, and on what they rest."""
    return f"{contrasts(item)} {basis(item)}"


def contrasts(item: Ranked) -> str:
    """The outcomes that give an action most of its worth, here against the median place."""
    return " ".join(_contrast(contrast) for contrast in item.why[:2])


def basis(item: Ranked) -> str:
    """What is known of the outcomes that an action is worth something for."""
    known = [fact for contrast in item.why for fact in contrast.facts]
    carriers = [fact for contrast in item.why for fact in contrast.carriers]
    facts = _listed([name_of(fact) for fact in dict.fromkeys(known or carriers)], FEW_FACTS)
    if known:
        return _("What the city knows itself: {facts}.", facts=facts)
    if item.priors:
        return _("All that carries it rests on assumed values: {facts}.", facts=facts)
    return _(
        "Nothing that carries it is the city's own; it is made from figures of its country or of like cities: {facts}.",
        facts=facts,
    )


def _contrast(item: Contrast) -> str:
    values = {
        "name": name_of(item.indicator),
        "here": amount(item.value, item.unit),
        "there": amount(item.median, item.unit),
        "part": percent(item.part, 2),
    }
    if item.worse:
        return _("{name}: {here} here, {there} in the median place ({part} of its worth).", **values)
    return _("{name}: {here} here, no worse than {there} in the median place ({part} of its worth).", **values)


def difference(value: float, unit: str) -> str:
    """What lies between two amounts, without a sign; of shares in percentage points."""
    return words.change(abs(value), unit).lstrip("+")


def amount(value: float, unit: str) -> str:
    """An amount in the unit of a span; shares as percentages."""
    return percent(value) if unit == "share" else words.amount(value, unit)


# three lenses


def lenses(model: CityModel, found: Entry) -> Table | Sentences:
    """The places of the first actions under the balance and under welfare, side by side."""
    if not found.welfare.actions:
        text = _("The lens of welfare has no data here: {reason}.", reason=found.welfare.reason)
        return sentences([Sentence(text, style="note")], id="lenses")
    by_action = {item.action: item for item in found.welfare.actions}
    shown = [item for item in found.ranking if item.rank <= TOP or found.welfare.place(item.action) <= TOP]
    first = {aim.actions[0].action for aim in found.aims if aim.actions}
    columns = [
        ("action", _("Action")),
        ("balance", _("Place, five pathways")),
        ("welfare", _("Place, welfare")),
        ("spared", _("Welfare, to 2050")),
        ("targets", _("First for a target")),
    ]
    rows = []
    for item in shown:
        spared = by_action.get(item.action)
        rows.append(
            Row(
                (
                    Cell(_(item.name), id=item.action),
                    Cell(value=float(item.rank)),
                    Cell(value=float(spared.place)) if spared else Cell(words.DASH),
                    Cell(value=spared.value, low=spared.low, high=spared.high, unit="USD")
                    if spared
                    else Cell(words.DASH),
                    Cell(_("yes") if item.action in first else ""),
                ),
                item.action,
                item.pathway,
            )
        )
    note = _(
        "Welfare: harm spared to people, in money (present value); a dollar counts more for the poor. Of {share} of the benefit it is not known who receives it; that is left out. A dash: it moves nothing that is counted here. The lenses are not mixed.",
        share=percent(found.welfare.even, 2),
    )
    return table(columns, rows, _("Three lenses side by side"), "lenses", units="column", note=note)


def targets(model: CityModel, found: Entry) -> Table | Sentences:
    """Every dated target, the shortfall that is expected, and what removes most of it."""
    if not found.aims:
        text = _("The lens of targets has no data here: no dated target of law or of the city's own is known.")
        return sentences([Sentence(text, style="note")], id="targets")
    columns = [
        ("target", _("Target")),
        ("year", _("Year")),
        ("value", _("Aim")),
        ("expected", _("As it goes")),
        ("shortfall", _("Shortfall")),
        ("actions", _("Most is removed by")),
    ]
    rows = [_aim(model, aim) for aim in found.aims]
    note = _(
        "In brackets: part of the shortfall. An action removes no more than the shortfall; what several remove is not summed."
    )
    return table(columns, rows, _("Dated targets"), "targets", units="row", style="cards targets", note=note)


def _aim(model: CityModel, aim: Aim) -> Row:
    whose = _("law") if aim.whose == "law" else _("the city's own")
    title = _("Net emissions") if aim.name == NET_REDUCTION else name_of(aim.name)
    name = Cell(title, id=aim.name, note="; ".join(part for part in (whose, aim.source) if part))
    if aim.reason and not isfinite(aim.shortfall):
        numbers = [Cell(value=aim.value, unit=aim.unit) if isfinite(aim.value) else Cell(words.DASH), Cell(), Cell()]
        return Row((name, Cell(str(aim.year)), *numbers, Cell(aim.reason)), f"{aim.name}_{aim.year}")
    listed = [
        _(
            "{action}: {amount} ({share})",
            action=action_name(model, item.action),
            amount=difference(item.amount, aim.unit),
            share=percent(item.share, 2),
        )
        for item in aim.actions[:3]
    ]
    numbers = [Cell(value=value, unit=aim.unit) for value in (aim.value, aim.expected)]
    numbers.append(Cell(value=aim.shortfall, unit=aim.unit, form="points" if aim.unit == "share" else ""))
    text = "; ".join(listed) or aim.reason or _("no action of the library")
    return Row((name, Cell(str(aim.year)), *numbers, Cell(text)), f"{aim.name}_{aim.year}")


# what to find out first


def to_find_out(found: Entry) -> Table | Sentences:
    """The facts that would change the first five most often, and how a city gets them."""
    if found.ranking and not found.find_out and found.draws >= LEAST_DRAWS:
        text = _("No single fact stands out that would change the first five if it were known.")
        return sentences([Sentence(text, style="note")], id="find_out")
    columns = [
        ("fact", _("Fact")),
        ("changes_five", _("Changes the first five")),
        ("changes_first", _("Changes the first")),
        ("how", _("How to get it")),
    ]
    rows = [
        Row(
            (
                Cell(name_of(item.fact), id=item.fact),
                Cell(value=item.changes_five, unit="share"),
                Cell(value=item.changes_first, unit="share"),
                way(item.fact),
            ),
            item.fact,
        )
        for item in found.find_out
    ]
    note = _("In what part of the draws the first actions would be others if the fact were known.")
    return table(columns, rows, _("What to find out first"), "find_out", note=note)


def to_light(found: Entry) -> Table:
    """The facts that dark pathways lack, each once, and how a city gets them."""
    facts = facts_of(node for missing in found.dark.values() for node in missing)
    columns = [("fact", _("Fact")), ("how", _("How to get it"))]
    rows = [Row((Cell(name_of(fact), id=fact), way(fact)), fact) for fact in facts]
    note = _("What is missing for the outcomes of a dark pathway, and how a city gets it.")
    return table(columns, rows, _("Facts that would light it"), "light", note=note)


def way(fact: str) -> Cell:
    """How a city gets a fact; in small print which office has it, and about how long it takes."""
    if fact not in ways_to_find_out():
        return Cell(words.DASH)
    found = ways_to_find_out()[fact]
    note = (
        _("{who}; about a working day", who=_(found.who))
        if found.days == 1
        else _("{who}; about {days} working days", who=_(found.who), days=found.days)
    )
    return Cell(_(found.how), note=note)


# where the city stands


def challenges(model: CityModel, found: Sequence[Challenge], most: int = 8) -> Table:
    """The outcomes of which most stands open here, and what spares most of each."""
    rows = [_challenge(model, item) for item in found if not item.reason and item.place > 0][:most]
    columns = [
        ("headline", _("Outcome")),
        ("value", _("Here")),
        ("median", _("Median place")),
        ("worst", _("Worst observed")),
        ("stands", _("From safe to worst")),
        ("best", _("Most is spared by")),
    ]
    note = _(
        "Here: as the city goes on, mean of the years. From safe to worst: 0% is a safe level, 100% the worst observed; what an action spares is a part of that way. In order of how far the city stands from safe times what the outcome counts."
    )
    return table(columns, rows, _("The widest challenges"), "challenges", units="row", style="cards", note=note)


def _challenge(model: CityModel, item: Challenge) -> Row:
    spares = _("spares {share} of the way", share=percent(item.spared, 2))
    best = (
        Cell(action_name(model, item.best_action), id=item.best_action, note=spares)
        if item.best_action
        else Cell(_("no action of the library"))
    )
    headline = item.headline
    prior = _("rests on assumed values") if item.priors else ""
    numbers = (Cell(value=value, unit=headline.span_unit) for value in (item.value, headline.median, headline.worst))
    stands = Cell(value=item.place, form="part", mark=Mark("bar", (min(max(item.place, 0.0), 1.0),)))
    name = Cell(name_of(headline.indicator), id=headline.indicator, note=prior)
    return Row((name, *numbers, stands, best), headline.indicator, headline.pathway)


def spans(found: Entry) -> Table:
    """Every outcome with its span, its weight and their sources."""
    columns = [
        ("headline", _("Outcome")),
        ("weight", _("Weight")),
        ("safe", _("Safe")),
        ("median", _("Median place")),
        ("worst", _("Worst observed")),
        ("source", _("Source")),
    ]
    weights = dict(zip(PATHWAYS, (x / sum(found.weights) for x in found.weights), strict=True))
    rows = [
        Row(
            (
                Cell(name_of(item.indicator), id=item.indicator),
                Cell(value=weights[item.pathway] * shares_of_pathway()[item.indicator], unit="share"),
                *(Cell(value=value, unit=item.span_unit) for value in (item.safe, item.median, item.worst)),
                Cell(f"{item.span_source} ({item.span_quality})", note=item.observed),
            ),
            item.indicator,
            item.pathway,
        )
        for item in outcomes()
    ]
    note = _(
        "The spans are the same for every city. What is not estimated adds nothing and passes its weight to nobody."
    )
    return table(columns, rows, _("Spans and weights"), "spans", units="row", folded=True, note=note)


def variants(model: CityModel, found: Entry) -> Sentences:
    """What half and twice each span, and leaving an outcome out, do to the first five."""
    changed = [item for item in found.variants if item.first or item.joins]
    if not found.variants:
        return sentences([])
    lines = [
        Sentence(
            _(
                "Of {all} variants (each span halved, doubled, each outcome left out) {count} change the first five.",
                all=len(found.variants),
                count=len(changed),
            )
        )
    ]
    named = {"half": _("{name}, half the span"), "double": _("{name}, twice the span"), "without": _("without {name}")}
    for item in changed:
        what = named[item.change].format(name=words.lower_first(name_of(item.indicator)))
        parts = []
        if item.first:
            parts.append(_("{action} comes first", action=action_name(model, item.first)))
        if item.joins:
            parts.append(
                _(
                    "{joins} for {leaves}",
                    joins=_listed_actions(model, item.joins),
                    leaves=_listed_actions(model, item.leaves),
                )
            )
        lines.append(Sentence(f"{what[:1].upper() + what[1:]}: {'; '.join(parts)}."))
    return sentences(lines, _("What other spans would change"), "variants", style="list", folded=True)


def _listed_actions(model: CityModel, ids: Iterable[str]) -> str:
    return ", ".join(action_name(model, name) for name in ids)


# cards of the first actions


def cards(model: CityModel, found: Entry) -> list[Page]:
    """One page for each of the first actions: why, at what cost, who pays, what it moves, how sure that is."""
    return [_card(model, item, found.draws) for item in found.ranking[:TOP]]


def _card(model: CityModel, item: Ranked, draws: int) -> Page:
    action = model.actions[item.action]
    facts = [Sentence(text, head) for head, text in _reasons(item)]
    facts += [
        Sentence(money(item.cost, model.city.currency), _("Cost"), numbers=(Cell(value=item.cost, unit="USD"),)),
        Sentence(payers(model, action), _("Who")),
    ]
    if action.serves:
        facts.append(Sentence(", ".join(map(words.agenda_name, action.serves)), _("Serves")))
    moved = table(
        [(pathway, words.pathway_short(pathway)) for pathway in PATHWAYS],
        [effects(item)],
        _("Worth on each pathway"),
        f"effects_{item.action}",
        style="effects",
    )
    cautions = [Sentence(text, style="caution") for text in _cautions(item, draws)]
    parts = present(sentences(facts, style="facts"), moved, sentences(cautions))
    return Page(_(item.name), parts, item.action, pathway=item.pathway, style="card")


def _reasons(item: Ranked) -> list[tuple[str, str]]:
    """Why an action stands where it does, in short texts with a head each."""
    worth = _(
        "{worth} of the way from safe to worst, over all outcomes, for {cost} of public money a year.",
        worth=percent(item.worth, 2),
        cost=words.dollars(item.public_cost),
    )
    found = [(_("Worth"), worth)]
    if item.why:
        found += [(_("Why here"), contrasts(item)), (_("Rests on"), basis(item))]
    if item.benefit_cost >= 0.05:
        text = _(
            "For each dollar people are spared {ratio} dollars of deaths, flood damage, energy and water; {share} of that goes to the poorest fifth.",
            ratio=words.ratio(item.benefit_cost),
            share=percent(item.benefit_of_poorest, 2),
        )
        found.append((_("Benefit"), text))
    return found


def who(action: Action) -> str:
    """Who carries an action out."""
    return ", ".join(words.implementer_name(code) for code in action.implementer)


def payers(model: CityModel, action: Action) -> str:
    """Who carries an action out and who pays."""
    share = float(public_share(model, action)[0])
    if share < 1:
        return _("{names}; public budgets carry {share}", names=who(action), share=percent(share, 2))
    return _("{names}; from public budgets", names=who(action))


def _cautions(item: Ranked, draws: int) -> list[str]:
    texts = []
    if draws:
        text = _(
            "First in {first} of the draws, among the first five in {five}.",
            first=percent(item.first, 2),
            five=percent(item.first_five, 2),
        )
        texts.append(text)
    if item.priors:
        texts.append(_("It rests on assumed values alone: nothing that makes it is known of the city or its country."))
    if item.readiness.get("data") == 0:
        texts.append(_("Its size and cost rest on recalled or assumed values alone."))
    return texts


# what weak inputs would change in a plan


def flips(model: CityModel, found: Sequence[Flip], title: str, most: int | None = None) -> Sentences:
    """What weak inputs change in a plan, with the inputs that change the same thing together."""
    lines = [
        Sentence(f"{change.rstrip('.')} ({_('with: {inputs}', inputs=_listed(inputs))}).")
        for change, inputs in grouped(model, found)[:most]
    ]
    return sentences(lines, title, "weak_inputs", style="list")


def _listed(inputs: Sequence[str], most: int = LISTED) -> str:
    """The first of some inputs, and how many more there are."""
    few = "; ".join(inputs[:most])
    more = len(inputs) - most
    return few if more <= 0 else _("{names} and {count} more", names=few, count=more)


def grouped(model: CityModel, found: Sequence[Flip]) -> list[tuple[str, list[str]]]:
    """Changes in words, each with the inputs that make it."""
    by_change: dict[str, list[str]] = {}
    for flip in found:
        wording = _("{input} (low end)") if flip.end == "low" else _("{input} (high end)")
        change = change_text(model, flip)
        by_change.setdefault(change[:1].upper() + change[1:], []).append(wording.format(input=names_of([flip.input])))
    return sorted(by_change.items(), key=lambda item: -len(item[1]))


def change_text(model: CityModel, flip: Flip) -> str:
    """The change of the plan alone."""
    parts = [_("the plan drops {actions}", actions=_names(model, flip.dropped))] if flip.dropped else []
    if flip.taken:
        parts.append(_("the plan takes {actions}", actions=_names(model, flip.taken)))
    parts.append(_("it then spares {share} more", share=percent(flip.gain)))
    return "; ".join(parts) + "."


def _names(model: CityModel, ids: Sequence[str]) -> str:
    return ", ".join(action_name(model, name) for name in ids)


def action_name(model: CityModel, action: str) -> str:
    """An action's name in the language in use; the city may have its own."""
    return _(model.actions[action].name) if action in model.actions else library_name(action)


# what is not ranked


def not_ranked(model: CityModel, found: Entry) -> Table:
    """Actions that are shown and not ranked: nothing to do, not to be judged, or not to be estimated, with the reason."""
    reasons: dict[str, str] = {}
    for action, why in found.nothing_to_do.items():
        reasons[action] = why or _("it moves no outcome that can be estimated")
    for action, missing in found.not_judged.items():
        reasons[action] = _("cannot be judged: no value for {names}", names=names_of(missing))
    for action in found.left_out:
        missing = model.unavailable[action]
        reasons[action] = (
            _("no value for {names}", names=names_of(missing)) if missing else _("no sourced effect in the model")
        )
    rows = [
        Row((Cell(_number(model, action), id=action), Cell(action_name(model, action), id=action), Cell(why)), action)
        for action, why in reasons.items()
    ]
    columns = [("number", _("No.")), ("action", _("Action")), ("why", _("Why"))]
    return table(columns, in_order(rows, 1), _("Not ranked, and why"), "not_ranked")
