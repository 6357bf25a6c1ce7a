"""What each part of the report says: rows of numbers and sentences, ready to be laid out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, isinf, isnan, nan
from typing import Any

import numpy as np

from caminos.actions.library import Action
from caminos.city.package import Fact, newest
from caminos.i18n import _, number
from caminos.model.axes import QUINTILES
from caminos.model.indicator import PATHWAYS
from caminos.model.values import NotEstimated
from caminos.pathways.tables import Connection, Headline, headlines
from caminos.planning.assessment import Flip, action_spending, central, costs, public_share
from caminos.planning.city_model import BASELINE, Case, CityModel, Measure
from caminos.planning.connect import BY_GROUP, Cell, Change, Connections
from caminos.planning.diagnosis import SECTORS, Reconciliation, unknown
from caminos.planning.entry import Challenge, Entry, Ranked
from caminos.planning.explanation import Step, weakest
from caminos.planning.finance import discount_factors
from caminos.planning.portfolio import Plan
from caminos.planning.results import RANGE, gap, targets
from caminos.reports import words
from caminos.reports.words import name_of, names_of, pathway_name, percent

LAST_HEADLINES = 4  # shown for each pathway at a glance
TOP = 5
SMALL = 1e-6  # relative change below which a headline has not moved


# headlines with and without the plan


@dataclass(frozen=True)
class Line:
    """One headline over the years: as things go, and with the plan; ranges over the draws."""

    headline: Headline
    label: str
    unit: str
    years: tuple[int, ...]
    without: Mapping[str, np.ndarray]  # low, mid, high by year
    planned: Mapping[str, np.ndarray] | None
    target: float
    quality: str
    recalled: int
    inputs: int
    missing: tuple[str, ...]
    yearly: bool

    @property
    def estimated(self) -> bool:
        """Whether there is a number for the last year."""
        return not self.missing

    @property
    def now(self) -> float:
        """The first year that has a number; none for what is itself a year."""
        values = self.without["mid"] if self.estimated and self.unit != "yr" else np.array([nan])
        known = values[np.isfinite(values)]
        return float(known[0]) if known.size else nan

    def way(self, planned: bool) -> float | None:
        """Part of the way from now to the target made by the last year; below zero where it moves away."""
        series = self.planned if planned else self.without
        if series is None or not self.estimated or not isfinite(self.target) or not isfinite(self.now):
            return None
        wide = float(gap(np.array([self.now]), self.target, self.headline.direction)[0])
        if wide <= 1e-12 * max(abs(self.target), 1.0):
            return 1.0 if self.met(planned) else None
        return (float(series["mid"][-1]) - self.now) / (self.target - self.now)

    def met(self, planned: bool) -> bool:
        """Whether the target is met in the last year."""
        series = self.planned if planned else self.without
        return series is not None and self.estimated and self._meets(float(series["mid"][-1]))

    @property
    def met_now(self) -> bool:
        """Whether the target is met today."""
        return self.estimated and isfinite(self.now) and self._meets(self.now)

    def _meets(self, value: float) -> bool:
        if isinf(value):
            return (value > 0) == (self.headline.direction == "higher")
        slack = 1e-9 * max(abs(self.target), 1.0)
        return bool(gap(np.array([value]), self.target, self.headline.direction)[0] <= slack)

    @property
    def worse(self) -> float:
        """Relative change by the plan in the last year against the direction that is wanted; 0 where it is not worse."""
        if self.planned is None or not self.estimated:
            return 0.0
        without, planned = float(self.without["mid"][-1]), float(self.planned["mid"][-1])
        change = planned - without
        if not isfinite(change) or abs(change) <= SMALL * max(abs(without), 1e-12):
            return 0.0
        harmful = change > 0 if self.headline.direction == "lower" else change < 0
        return abs(change) / max(abs(without), 1e-12) if harmful else 0.0


def plan_case(plan: Plan | None) -> Case | None:
    """The plan as a case of the model."""
    return Case("plan", plan.measures) if plan is not None else None


def evaluate(model: CityModel, case: Case | None, draws: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Headlines and burdens by income, without and with the plan: central values and draws, in one pass each."""
    names = [headline.indicator for headline in headlines()]
    names += [name for name in BY_GROUP if name in model.graph.nodes and name not in names]
    cases = [BASELINE] if case is None else [BASELINE, case]
    middle = model.run(names, cases)
    return middle, model.run(names, cases, draws=draws) if draws else middle


def lines(model: CityModel, middle: dict[str, Any], drawn: dict[str, Any], planned: bool) -> list[Line]:
    """Every headline as a line, from evaluated results."""
    return [_line(model, headline, middle, drawn, planned) for headline in headlines()]


def _line(model: CityModel, headline: Headline, middle: dict[str, Any], drawn: dict[str, Any], planned: bool) -> Line:
    name = headline.indicator
    unit, years = model.graph.nodes[name].unit, tuple(int(year) for year in model.years)
    used = [item for item in model.graph.needed((name,)) if item in model.inputs]
    recalled = sum(model.inputs[item].quality == "C" for item in used)
    result = middle[name]
    if isinstance(result, NotEstimated) or np.isnan(_flat(result)[0, 0, -1]):
        missing = result.missing if isinstance(result, NotEstimated) else (name,)
        return Line(headline, name_of(name), unit, years, {}, None, nan, "", recalled, len(used), missing, False)
    without = _spread(result, drawn[name], 0, len(years))
    known = without["mid"][np.isfinite(without["mid"])]
    target = targets(model, headline, float(known[0]) if known.size else nan)
    with_plan = _spread(result, drawn[name], 1, len(years)) if planned else None
    return Line(
        headline, name_of(name), unit, years, without, with_plan, target, weakest(model, name), recalled, len(used), (),
        result.shape[2] > 1 and unit != "yr",
    )  # fmt: skip


def _flat(array: np.ndarray) -> np.ndarray:
    """[case, draw, year], summed over kinds."""
    return np.asarray(array.sum(axis=(3, 4, 5)))


def _spread(middle: np.ndarray, drawn: np.ndarray, case: int, years: int) -> dict[str, np.ndarray]:
    mid, draws = _flat(middle), _flat(drawn)
    mid, draws = mid[min(case, len(mid) - 1), 0], draws[min(case, len(draws) - 1)]
    with np.errstate(invalid="ignore"):
        low, high = (np.percentile(draws, end, axis=0, method="nearest") for end in RANGE)
    return {name: np.broadcast_to(array, (years,)) for name, array in (("low", low), ("mid", mid), ("high", high))}


def at_a_glance(every: Sequence[Line], pathway: str) -> list[Line]:
    """The headlines of a pathway that count most, those that are estimated first."""
    own = [line for line in every if line.headline.pathway == pathway and line.estimated]
    return sorted(own, key=lambda line: -line.headline.weight)[:LAST_HEADLINES]


def main_line(every: Sequence[Line], pathway: str) -> Line | None:
    """The headline that counts most among those that change with the years."""
    own = [line for line in every if line.headline.pathway == pathway and line.yearly]
    return max(own, key=lambda line: line.headline.weight, default=None)


def line_row(line: Line) -> dict[str, Any]:
    """A headline as cells of a table."""
    if not line.estimated:
        return {"label": line.label, "estimated": False, "missing": names_of(line.missing), "line": line}
    series = [line.without] + ([line.planned] if line.planned else [])
    ends = [float(part[name][-1]) for part in series for name in ("low", "mid", "high")]
    factor, unit = words.scale_of(line.unit, [line.now, line.target, *ends])
    cell = {"now": (words.shown(line.now, line.unit, factor), _first_span(line, factor))}
    for name, part in (("without", line.without), ("planned", line.planned)):
        if part is not None:
            value, low, high = (float(part[key][-1]) for key in ("mid", "low", "high"))
            cell[name] = (words.shown(value, line.unit, factor), words.span(low, high, line.unit, factor))
    return {
        "label": line.label, "estimated": True, "unit": "" if line.unit == "share" else unit, "line": line, "cells": cell,
        "target": words.shown(line.target, line.unit, factor), "way": way_text(line),
        "target_source": line.headline.source, "target_quality": line.headline.quality,
        "direction": _("lower is better") if line.headline.direction == "lower" else _("higher is better"),
    }  # fmt: skip


def _first_span(line: Line, factor: float) -> str:
    if not isfinite(line.now):
        return ""
    place = int(np.flatnonzero(np.isfinite(line.without["mid"]))[0])
    return words.span(float(line.without["low"][place]), float(line.without["high"][place]), line.unit, factor)


def way_text(line: Line) -> str:
    """How far a headline gets to its target, in words."""
    if line.planned is None:
        return _way_phrase(line, False)
    without, planned = _way_phrase(line, False), _way_phrase(line, True)
    if without == planned:
        return _("{how_far}, with or without the plan", how_far=planned)
    return _("{planned} with the plan; {without} without it", planned=planned, without=without)


def _way_phrase(line: Line, planned: bool) -> str:
    part = line.planned if planned else line.without
    if line.unit == "yr" and part is not None:
        short = line.target - float(part["mid"][-1])
        return _("target met") if short <= 0 else _("{years} years too early", years=round(short))
    if line.met(planned):
        return _("target met")
    way = line.way(planned)
    if way is None:
        return _("target lost") if line.met_now else words.DASH
    if abs(way) < 0.005:
        return _("no step")
    return _("{share} of the way", share=percent(way, 2)) if way > 0 else _("away from the target")


# the entry point


@dataclass(frozen=True)
class Card:
    """One of the first actions: why, at what cost, who pays, what it does on five pathways, what could change it."""

    ranked: Ranked
    name: str
    reason: str
    cost: str
    payers: str
    effects: tuple[tuple[str, float, str], ...]  # pathway, share of gaps closed, text
    serves: tuple[str, ...]
    caution: tuple[str, ...]


def cards(model: CityModel, entry: Entry) -> list[Card]:
    """The first actions of the ranking."""
    return [_card(model, entry, ranked) for ranked in entry.ranking[:TOP]]


def _card(model: CityModel, entry: Entry, ranked: Ranked) -> Card:
    action = model.actions[ranked.action]
    currency = model.city.currency
    effects = tuple(
        (pathway, ranked.by_pathway[pathway], words.signed_percent(ranked.by_pathway[pathway])) for pathway in PATHWAYS
    )
    return Card(
        ranked, _(ranked.name), _reason(ranked), words.money(ranked.cost, currency),
        payers(model, action), effects, tuple(map(words.agenda_name, action.serves)), tuple(_cautions(model, entry, ranked)),
    )  # fmt: skip


def _reason(ranked: Ranked) -> str:
    """Why an action stands where it does, in two or three sentences."""
    known = {pathway: value for pathway, value in ranked.by_pathway.items() if isfinite(value)}
    moved = sorted(
        (pathway for pathway in known if known[pathway] >= words.VISIBLE), key=lambda pathway: -known[pathway]
    )
    parts = [
        _("It closes {effect} of all gaps to the targets: {per} for every USD 100 million.",
          effect=percent(ranked.effect, 2), per=percent(ranked.effect_per_cost, 2))
    ]  # fmt: skip
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
    if ranked.benefit_cost >= 0.05:
        parts.append(
            _("For each dollar people are spared {ratio} dollars of deaths, flood damage, energy and water; {share} of that goes to the poorest fifth.",
              ratio=words.ratio(ranked.benefit_cost), share=percent(ranked.benefit_of_poorest, 2))
        )  # fmt: skip
    return " ".join(parts)


def who(action: Action) -> str:
    """Who carries an action out."""
    return ", ".join(words.implementer_name(code) for code in action.implementer)


def payers(model: CityModel, action: Action) -> str:
    """Who carries an action out and who pays."""
    names = who(action)
    share = float(public_share(model, action)[0])
    if share < 1:
        return _("{names}; public budgets carry {share}", names=names, share=percent(share, 2))
    return _("{names}; from public budgets", names=names)


def _cautions(model: CityModel, entry: Entry, ranked: Ranked) -> list[str]:
    found = []
    if ranked.lowest_rank != ranked.highest_rank:
        first, last = sorted((ranked.lowest_rank, ranked.highest_rank))
        found.append(
            _(
                "Between place {first} and {last}, depending on inputs that are only recalled or assumed.",
                first=first,
                last=last,
            )
        )
    if ranked.rank == 1:
        found += [flip_text(model, flip) for flip in entry.flips if flip.first]
    firm = ranked.readiness_parts.get("data", nan)
    if firm == 0:
        found.append(_("Its size and cost rest on recalled or assumed values alone."))
    return found


def flip_text(model: CityModel, flip: Flip) -> str:
    """What changes when one weak input takes an end of its range, as a sentence."""
    what = (
        _("If {input} is at the low end of its range: {change}")
        if flip.end == "low"
        else _("If {input} is at the high end of its range: {change}")
    )
    return what.format(input=words.names_of([flip.input]), change=change_text(model, flip))


def change_text(model: CityModel, flip: Flip) -> str:
    """The change of ranking or plan alone."""
    if flip.first:
        return _("{action} comes first.", action=action_name(model, flip.first))
    if not flip.gain:
        return _("{action} joins the first five.", action=_action_names(model, flip.taken))
    parts = [_("the plan drops {actions}", actions=_action_names(model, flip.dropped))] if flip.dropped else []
    if flip.taken:
        parts.append(_("the plan takes {actions}", actions=_action_names(model, flip.taken)))
    parts.append(_("it then closes {share} more", share=percent(flip.gain)))
    return "; ".join(parts) + "."


def _action_names(model: CityModel, ids: Sequence[str]) -> str:
    return ", ".join(action_name(model, name) for name in ids)


def action_name(model: CityModel, action: str) -> str:
    """An action's name in the language in use."""
    return _(model.actions[action].name) if action in model.actions else action


def grouped_flips(model: CityModel, flips: Sequence[Flip]) -> list[tuple[str, list[str]]]:
    """What weak inputs change, with the inputs that change the same thing together."""
    found: dict[str, list[str]] = {}
    for flip in flips:
        wording = _("{input} (low end)") if flip.end == "low" else _("{input} (high end)")
        sentence = change_text(model, flip)
        named = wording.format(input=words.names_of([flip.input]))
        found.setdefault(sentence[:1].upper() + sentence[1:], []).append(named)
    return sorted(found.items(), key=lambda item: -len(item[1]))


def left_out(model: CityModel) -> list[tuple[str, str]]:
    """Actions that are shown and not ranked, with the reason."""
    found = []
    for action, missing in model.unavailable.items():
        reason = _("no value for {names}", names=names_of(missing)) if missing else _("no sourced effect in the model")
        found.append((action_name(model, action), reason))
    return sorted(found)


def challenge_rows(model: CityModel, challenges: Sequence[Challenge], count: int = 6) -> list[dict[str, str]]:
    """The widest gaps to target, and what closes most of each."""
    found: list[dict[str, str]] = []
    for item in challenges:
        if item.reason or not item.relative_gap > 0 or len(found) == count:
            continue
        factor, unit = words.scale_of(item.unit, [item.base, item.future, item.target])
        best = action_name(model, item.best_action) if item.best_action else ""
        found.append({
            "label": name_of(item.indicator), "pathway": item.pathway, "unit": "" if item.unit == "share" else unit,
            "future": words.shown(item.future, item.unit, factor), "target": words.shown(item.target, item.unit, factor),
            "best": _("{action} (closes {share})", action=best, share=percent(item.closed_by_best, 2)) if best
            else _("no action of the library"),
        })  # fmt: skip
    return found


# connections


@dataclass(frozen=True)
class ChainLink:
    """One edge of a chain in words."""

    source: str
    target: str
    pathway: str
    crosses: bool
    change: str
    evidence: str


def matrix_rows(cells: Sequence[Cell]) -> list[tuple[str, list[dict[str, Any]]]]:
    """The 5 × 5 matrix by entry pathway, with a colour level from -4 to 4 for each cell."""
    largest = max((abs(cell.mean_closure) for cell in cells if isfinite(cell.mean_closure)), default=0.0)
    found = []
    for entry in PATHWAYS:
        row = []
        for cell in (cell for cell in cells if cell.entry == entry):
            share = cell.mean_closure / largest if largest and isfinite(cell.mean_closure) else 0.0
            level = 0 if abs(share) < 1e-4 else int(np.sign(share) * np.ceil(4 * np.sqrt(abs(share)) - 1e-9))
            row.append({
                "cell": cell, "level": level, "text": words.signed_percent(cell.mean_closure),
                "links": len(cell.links), "empty": bool(cell.reason),
            })  # fmt: skip
        found.append((entry, row))
    return found


def empty_pairs(cells: Sequence[Cell]) -> list[tuple[str, str, str]]:
    """Pairs of pathways that no sourced link joins, with the reason."""
    return [(cell.entry, cell.moved, _(cell.reason)) for cell in cells if cell.reason]


def most_connected(entry: Entry) -> str:
    """Of all ranked actions the one that moves most pathways; the best placed of several."""

    def reach(ranked: Ranked) -> int:
        return sum(isfinite(value) and abs(value) >= words.VISIBLE for value in ranked.by_pathway.values())

    return max(entry.ranking, key=lambda ranked: (reach(ranked), -ranked.rank)).action if entry.ranking else ""


def chains(model: CityModel, found: Connections) -> list[dict[str, Any]]:
    """For each pathway that an action moves, the headline it moves most and the strongest chain that carries it."""
    counted = {headline.indicator for headline in headlines() if headline.weight > 0}
    last = [
        change
        for change in found.changes
        if change.year == int(model.years[-1]) and change.better is not None and change.indicator in counted
    ]
    rows = []
    for pathway in PATHWAYS:
        own = [change for change in last if change.pathway == pathway and _complete(found, change.indicator)]
        if own:
            rows.append(_chain(model, found, max(own, key=lambda change: _interest(found, change))))
    return rows


def _complete(found: Connections, indicator: str) -> bool:
    """Whether the strongest chain to an indicator begins at the action itself."""
    chain = strongest(found.chains.get(indicator, ()), indicator)
    return bool(chain) and chain[0].source == f"adoption_of_{found.action}"


def _interest(found: Connections, change: Change) -> tuple[bool, float]:
    """Chains of several links before a lever that is itself the headline; then the widest relative change."""
    relative = abs(change.relative) if isfinite(change.relative) else 0.0
    return len(strongest(found.chains[change.indicator], change.indicator)) > 1, relative


def _chain(model: CityModel, found: Connections, change: Change) -> dict[str, Any]:
    factor, unit = words.scale_of(change.unit, [change.value, change.low, change.high])
    steps = found.chains[change.indicator]
    return {
        "pathway": change.pathway, "label": name_of(change.indicator), "better": bool(change.better),
        "change": _signed(change.value, change.unit), "unit": "" if change.unit == "share" else unit,
        "range": words.span(change.low, change.high, change.unit, factor),
        "links": [chain_link(model, step) for step in strongest(steps, change.indicator)],
        "all": [chain_link(model, step) for step in steps],
    }  # fmt: skip


def strongest(steps: Sequence[Step], target: str) -> list[Step]:
    """The chain that follows, from the target back, the argument that moves each end most."""
    chain: list[Step] = []
    while into := [step for step in steps if step.target == target]:
        most = max(into, key=lambda step: step.relative)
        chain.append(most)
        target = most.source
    return chain[::-1]


def chain_link(model: CityModel, step: Step) -> ChainLink:
    """One edge in words."""
    crosses = bool(step.source_pathway and step.target_pathway and step.source_pathway != step.target_pathway)
    evidence = _evidence(step.connection) if step.connection else ""
    change = _signed(step.change, step.unit) if step.change == step.change else ""
    return ChainLink(name_of(step.source), name_of(step.target), step.target_pathway, crosses, change, evidence)


def _evidence(link: Connection) -> str:
    return f"{link.source} · {words.confidence_name(link.confidence)}"


def _signed(value: float, unit: str) -> str:
    text = words.amount(abs(value), unit)
    if unit == "share":
        text = _("{points} percentage points", points=number(abs(100 * value)))
    if unit == "yr":
        text = _("{years} years", years=number(abs(value)))
    return text if value == 0 else ("+" if value > 0 else words.MINUS) + text


# the plan and its money


def measure_rows(model: CityModel, plan: Plan) -> list[dict[str, Any]]:
    """Every measure of the plan: who, when, how much, at what cost."""
    factors = discount_factors(model.years, plan.start, central(model, "real_discount_rate"))
    rows = []
    for measure in plan.measures:
        action = model.actions[measure.action]
        lead = model.lead_time(action)
        whole = float(costs(model, [Case("", (measure,))], plan.start)[0, 0])
        public = float((action_spending(model, measure, public_only=True) @ factors)[0])
        rows.append({
            "name": _(action.name), "pathway": action.pathway, "who": who(action), "start": measure.start,
            "effect": round(measure.start + lead), "full": round(measure.start + lead + action.ramp_years),
            "scale": percent(measure.scale), "size": _size(model, measure), "cost": words.money(whole, model.city.currency),
            "public": words.dollars(public), "value": whole,
        })  # fmt: skip
    return rows


def _size(model: CityModel, measure: Measure) -> str:
    action = model.actions[measure.action]
    size = model.evaluation().get(action.size)
    if isinstance(size, NotEstimated):
        return words.DASH
    return words.amount(float(np.nansum(size[0, 0, 0])) * measure.scale, action.size_unit)


def closed_by_pathway(plan: Plan) -> dict[str, float]:
    """Weighted mean share of the gaps that the plan closes, by pathway (full model)."""
    found = {}
    for pathway in PATHWAYS:
        own = [
            item for item in headlines() if item.pathway == pathway and isfinite(plan.modelled.get(item.indicator, nan))
        ]
        weight = sum(item.weight for item in own)
        closed = sum(item.weight * min(plan.modelled[item.indicator], 1.0) for item in own)
        found[pathway] = closed / weight if weight else nan
    return found


def group_rows(model: CityModel, middle: dict[str, Any], plan: Plan) -> dict[str, Any]:
    """Benefit of the plan by income quintile, and what it changes for each in the last year."""
    benefit = np.array(plan.benefit_by_group)
    whole = float(benefit.sum())
    rows = []
    for place, group in enumerate(QUINTILES):
        share = float(benefit[place] / whole) if whole else nan
        row = {
            "group": group,
            "name": words.quintile_name(group),
            "share": share,
            "benefit": words.dollars(float(benefit[place])),
        }
        row["changes"] = [_group_cell(model, middle, name, place) for name in BY_GROUP if _has(middle, name)]
        rows.append(row)
    heads = [(name_of(name), _group_unit(model, name, middle)) for name in BY_GROUP if _has(middle, name)]
    return {"rows": rows, "heads": heads, "whole": whole}


def _has(middle: dict[str, Any], name: str) -> bool:
    return name in middle and not isinstance(middle[name], NotEstimated)


def _group_unit(model: CityModel, name: str, middle: dict[str, Any]) -> str:
    unit = model.graph.nodes[name].unit
    return "" if unit == "share" else words.scale_of(unit, middle[name][:, 0, -1].ravel())[1]


def _group_cell(model: CityModel, middle: dict[str, Any], name: str, place: int) -> tuple[str, str]:
    unit, array = model.graph.nodes[name].unit, middle[name]
    factor, _unit = words.scale_of(unit, array[:, 0, -1].ravel())
    values = [float(array[case, 0, -1, 0, place, 0]) for case in (0, -1)]
    return words.shown(values[0], unit, factor), words.shown(values[1], unit, factor)


# the inventory


@dataclass(frozen=True)
class InventoryLine:
    """One sector as published, as modelled and as the city's own inventory has it; bars relative to the largest."""

    name: str
    texts: tuple[str, ...]
    bars: tuple[float, ...]  # none for the sum


def inventory_rows(rows: Sequence[Reconciliation]) -> list[InventoryLine]:
    """Sectors of the inventory in all three readings, and the sums of what is estimated in each."""
    table = [(row.published, row.modelled, row.own) for row in rows]
    largest = max((abs(value) for values in table for value in values if isfinite(value)), default=1.0)
    found = []
    for row, values in zip(rows, table, strict=True):
        bars = tuple(max(value, 0.0) / largest if isfinite(value) else 0.0 for value in values)
        found.append(InventoryLine(words.sector_name(row.sector), tuple(map(_tonnes, values)), bars))
    sums = []
    for column in zip(*table, strict=True):
        known = [value for value in column if isfinite(value)]
        sums.append(sum(known) if known else nan)
    return [*found, InventoryLine(_("All sectors that are estimated"), tuple(map(_tonnes, sums)), ())]


def _tonnes(value: float) -> str:
    return _("not estimated") if isnan(value) else words.shown(value, "t", digits=4)


def unreported(model: CityModel) -> list[tuple[str, str, str, str]]:
    """Inventory rows without a number: reference, sector, what the key means, and why."""
    return [
        (row.reference, words.sector_name(SECTORS.get(row.reference.split(".")[0], "other")),
         words.notation_name(row.notation), row.note)
        for row in model.city.inventory
        if row.notation
    ]  # fmt: skip


# maps


@dataclass(frozen=True)
class Layer:
    """One quantity by zone, from the city's facts; `beyond` are zones whose share would pass 100 %."""

    title: str
    pathway: str
    worst_is_high: bool
    values: Mapping[str, float]
    beyond: Mapping[str, tuple[float, float]]
    when: str
    quality: str
    sources: tuple[str, ...]
    notes: tuple[str, ...]


def layers(model: CityModel) -> list[Layer]:
    """Poverty, clinics, recorded flood, informal settlements and canopy by zone, as far as the city has them."""
    wanted = [
        (_("People or households below the poverty line"), "poverty_rate", "", "equitable", True),
        (_("People within 15 minutes' walk of a clinic"), "facility_access_share", "clinic", "equitable", False),
        (_("People flooded in the recorded flood"), "flooded_population", "", "resilient", True),
        (_("Area covered by informal settlements"), "informal_settlement_share", "", "resilient", True),
        (_("Tree canopy"), "canopy_cover", "", "nature", False),
    ]
    found = []
    for title, name, kind, pathway, worst_is_high in wanted:
        facts = newest(fact for fact in model.city.facts if fact.name == name and fact.zone and fact.kind == kind)
        layer = _layer(model, title, facts, pathway, worst_is_high, name == "flooded_population")
        if layer is not None:
            found.append(layer)
    return found


def _layer(
    model: CityModel, title: str, facts: Sequence[Fact], pathway: str, worst_is_high: bool, over_people: bool
) -> Layer | None:
    counted = newest(fact for fact in model.city.facts if fact.name == "population" and fact.zone)
    people = {fact.zone: fact.value for fact in counted}
    values, beyond = {}, {}
    for fact in facts:
        whole = people.get(fact.zone, nan) if over_people else 1.0
        share = fact.value / whole if whole > 0 else nan
        if isfinite(share) and share <= 1:
            values[fact.zone] = share
        elif isfinite(share):
            beyond[fact.zone] = (fact.value, whole)
    if not values:
        return None
    used = [fact for fact in facts if fact.zone in values]
    when = str(max(fact.year for fact in used))
    if over_people:
        when = _(
            "{year}, share of the people counted in {census}", year=when, census=max(fact.year for fact in counted)
        )
    return Layer(
        title, pathway, worst_is_high, values, beyond, when, max(fact.quality for fact in used),
        tuple(dict.fromkeys(fact.source for fact in used)), _notes(used),
    )  # fmt: skip


def _notes(facts: Sequence[Fact]) -> tuple[str, ...]:
    """Sentences that stand in the notes of at least a third of the facts."""
    counts: dict[str, int] = {}
    for fact in facts:
        for sentence in re.split(r"(?<=[.])\s+", fact.note):
            if sentence:
                counts[sentence] = counts.get(sentence, 0) + 1
    return tuple(sentence for sentence, count in counts.items() if 3 * count >= len(facts))


# what is not known, and sources


def gaps_of_knowledge(model: CityModel) -> tuple[list[str], list[tuple[str, str]]]:
    """Facts that the city lacks, and facts that a prior stands in for."""
    missing, replaced = [], []
    for name, meaning in unknown(model):
        if getattr(model.graph.nodes[name], "role", "") == "default":
            replaced.append((name_of(name), _(meaning)))
        else:
            missing.append(name_of(name))
    return sorted(missing), sorted(replaced)


@dataclass(frozen=True)
class SourceRow:
    """One source with what it is used for."""

    source: str
    qualities: tuple[str, ...]
    dates: str
    licence: str
    uses: str


def source_rows(model: CityModel, actions: Sequence[Action]) -> list[SourceRow]:
    """Every source of a number behind the headlines and behind the cost of these actions."""
    used = {name for headline in headlines() for name in model.graph.needed((headline.indicator,))}
    used |= {"real_discount_rate", "programme_overhead", "public_share_of_private_action"}
    for action in actions:
        names = (action.size, action.capital_cost, action.operating_cost, action.lifetime, action.lead_time)
        used |= {item for name in names if name for item in model.graph.needed((name,))}
    licences = {fact.source: fact.licence for fact in model.city.facts}
    found: dict[str, list[tuple[str, str, str]]] = {}
    for name in sorted(used & set(model.inputs)):
        for record in model.inputs[name].records:
            found.setdefault(record.source, []).append((name, record.quality, record.date))
    for layer in layers(model):
        for source in layer.sources:
            found.setdefault(source, []).append((layer.title, layer.quality, layer.when[:4]))
    return [
        SourceRow(
            source, tuple(sorted({quality for _name, quality, _date in rows})),
            _dates({date for _name, _quality, date in rows if date}), licences.get(source, ""),
            names_of(name for name, _quality, _date in rows),
        )
        for source, rows in sorted(found.items(), key=lambda item: item[0].casefold())
    ]  # fmt: skip


def _dates(dates: set[str]) -> str:
    ordered = sorted(dates)
    return ordered[0] if len(ordered) == 1 else f"{ordered[0]}–{ordered[-1]}" if ordered else ""


def quality_counts(model: CityModel) -> dict[str, int]:
    """How many inputs behind the headlines are of each quality."""
    used = {name for headline in headlines() for name in model.graph.needed((headline.indicator,))}
    counts = dict.fromkeys("ABC", 0)
    for name in used & set(model.inputs):
        if model.inputs[name].records:
            counts[model.inputs[name].quality] += 1
    return counts


# the page in brief


def brief(model: CityModel, every: Sequence[Line], entry: Entry, plan: Plan | None) -> list[tuple[str, str]]:
    """The report in a few sentences, each with a short heading."""
    counted = [line for line in every if line.estimated and isfinite(line.target)]
    last = int(model.years[-1])
    found = [(
        _("Where the city stands"),
        _("{now} of {count} headline figures meet their target today. As things go, {later} would in {year}.",
          now=sum(line.met_now for line in counted), count=len(counted), later=sum(line.met(False) for line in counted),
          year=last),
    )]  # fmt: skip
    if entry.ranking:
        names = [_(ranked.name) for ranked in entry.ranking[:3]]
        found.append((
            _("Where to begin"),
            _("{first}. Next: {others}.", first=names[0], others="; ".join(names[1:])) if names[1:] else f"{names[0]}.",
        ))  # fmt: skip
    if plan is not None:
        currency = model.city.currency
        found.append((
            _("The plan"),
            _("{count} actions from {start}, within {budget} of public money a year; in all they cost everyone together {cost} to {last} (present value).",
              count=len(plan.measures), start=plan.start, budget=words.money(plan.budget, currency),
              cost=words.money(plan.cost, currency), last=last),
        ))  # fmt: skip
        closed = closed_by_pathway(plan)
        parts = [
            f"{pathway_name(name).lower()} {percent(closed[name], 2)}" for name in PATHWAYS if isfinite(closed[name])
        ]
        found.append(
            (
                _("What it reaches"),
                _("Part of the gaps to the targets that it closes: {parts}.", parts=", ".join(parts)),
            )
        )
        whole = sum(plan.benefit_by_group)
        if whole > 0:
            found.append((
                _("For whom"),
                _("For each dollar people are spared {ratio} dollars of deaths, flood damage, energy and water; the poorest fifth receives {share} of that.",
                  ratio=words.ratio(plan.benefit_cost), share=percent(plan.benefit_by_group[0] / whole, 2)),
            ))  # fmt: skip
        worse = [line.label for line in every if line.worse]
        found.append((
            _("What it makes worse"),
            "; ".join(worse) + "." if worse else _("None of the headline figures."),
        ))  # fmt: skip
    counts = quality_counts(model)
    found.append((
        _("How sure this is"),
        _("{weak} of the {count} inputs are recalled or assumed (quality C); every result shows the range that follows.",
          weak=counts["C"], count=sum(counts.values())),
    ))  # fmt: skip
    return found
