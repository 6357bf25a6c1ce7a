"""Expected impact of hazards: events or maps by return period x value x damage function, and damage functions of floods.

Damage functions are linear between their points and flat beyond both ends. An intensity of zero means
that an event does not touch a place: it does no damage there, also where the function starts above zero
(a flooded basement needs some water). Missing values (NaN) make missing whatever depends on them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array, csr_array, issparse

from caminos.i18n import _
from caminos.spatial.missing import with_nan

Floats = NDArray[np.float64]
RETURN_PERIODS = (10, 25, 50, 100, 250)  # years
BLOCK = 1 << 17  # intensities evaluated at a time: their working arrays stay in the processor's cache
FEW_POINTS = 50  # up to here counting the points below an intensity is faster than a search by halves
SHARES_TOLERANCE = 1e-6  # shares of people groups add up to one within this


@dataclass(frozen=True)
class ExpectedImpact:
    """What a set of events does, in the unit of `value`, per year where it says annual.

    expected_annual_impact (point), aggregate (all points), impact_by_event (event), impact_at_return_period
    (return_period); if zones or groups were given, expected annual impact by_zone (zone), by_group (group)
    and by_zone_and_group (zone, group).
    """

    expected_annual_impact: Floats
    aggregate: float
    impact_by_event: Floats
    return_period: Floats
    impact_at_return_period: Floats
    by_zone: Floats | None = None
    by_group: Floats | None = None
    by_zone_and_group: Floats | None = None


class ExceedanceCurve(NamedTuple):
    """Impacts and the return period (years) at which each is reached or exceeded, from frequent to rare."""

    return_period: Floats
    impact: Floats


class DepthDamage(NamedTuple):
    """Damaged share of the maximum damage at water depths in m."""

    depth: Floats
    damage: Floats
    source: str
    quality: str


def expected_impact(
    *,
    intensity: Any,
    value: ArrayLike,
    function: ArrayLike,
    function_intensity: ArrayLike,
    function_damage: ArrayLike,
    frequency: ArrayLike | None = None,
    event: ArrayLike | None = None,
    point: ArrayLike | None = None,
    n_events: int | None = None,
    n_points: int | None = None,
    function_ids: ArrayLike | None = None,
    map_return_period: ArrayLike | None = None,
    return_period: ArrayLike = RETURN_PERIODS,
    zone: ArrayLike | None = None,
    n_zones: int | None = None,
    groups: ArrayLike | None = None,
    damage_at_zero: bool = False,
) -> ExpectedImpact:
    """Impact by event and by place, its exceedance curve and its yearly expectation.

    impact(e, p) = value(p) * damage(function(p), intensity(e, p))
    impact_by_event(e) = sum over p;  expected_annual_impact(p) = sum over e of frequency(e) * impact(e, p)
    aggregate = sum over p of expected_annual_impact = sum over e of frequency * impact_by_event

    intensity: by `event` and `point` (places 0, 1, … of each entry; what is not listed is untouched), or a
    SciPy sparse matrix or an array of shape (event, point). `hazard` makes the matrix once for many calls.
    frequency (event): how often a year; events are disjoint. Or map_return_period (map) in years: the rows
    of `intensity` are maps by return period; between them the impact is linear in the exceedance
    probability, beyond the rarest it stays the same, and what is more frequent than the first does nothing.
    value (point): what stands there, in money, people or area. function (point): id of its damage function.
    function_intensity (knot) or (function, knot), rising; function_damage (function, knot), share of value.
    function_ids (function): id of each row of function_damage. Without it the ids are 1, 2, …; if others
    occur, and as many as there are rows, the rows stand in the order of the ids.
    return_period: years at which to read the exceedance curve (see `impact_at_return_period`).
    zone (point): 0, 1, … or -1 for none, n_zones of them; groups (point, group): share of each place's
    impact that falls on a people group, adding up to one at each place.
    damage_at_zero: let damage functions that start above zero act on untouched places too, as CLIMADA does.

    Time grows with the number of intensities that are not zero; beside the input, memory is bounded by
    blocks of events. Raises ValueError for arrays of the wrong shape, unknown functions, negative values or
    frequencies and intensities given twice.
    Source: CLIMADA (Aznar-Siguan and Bresch 2019, doi:10.5194/gmd-12-3085-2019).
    """
    worth = _row("value", value, n_points)
    _require_no_negative("value", worth)
    if (frequency is None) == (map_return_period is None):
        raise ValueError(_("Give either frequency (of events) or map_return_period (of maps), not both or neither."))
    if map_return_period is None:
        yearly = _yearly(frequency, n_events)
    else:
        yearly = return_period_frequency(_row("map_return_period", map_return_period, n_events))
    events = hazard(intensity, event, point, n_events=len(yearly), n_points=len(worth))
    knots, damages = _functions(function_intensity, function_damage)
    rows = _function_rows(_row("function", function, len(worth)), len(damages), function_ids)

    by_event, per_place = np.empty(len(yearly)), np.zeros(len(worth))
    for first, last, block in _damage_blocks(events, knots, damages, rows, damage_at_zero):
        by_event[first:last] = block @ worth
        per_place += yearly[first:last] @ block
    if damage_at_zero:
        everywhere = _at_zero(knots, damages)[rows]
        by_event += everywhere @ worth
        per_place += everywhere * yearly.sum()
    per_place *= worth

    of_events = map_return_period is None
    curve = exceedance_curve(by_event, yearly) if of_events else _rising(map_return_period, by_event)
    periods = _periods("return_period", return_period)
    at_period = impact_at_return_period(curve, periods) if of_events else _between_maps(curve, periods)
    by_zone, by_group, by_both = grouped(per_place, zone=zone, n_zones=n_zones, groups=groups)
    aggregate = float(per_place.sum())
    return ExpectedImpact(per_place, aggregate, by_event, periods, at_period, by_zone, by_group, by_both)


def hazard(
    intensity: Any,
    event: ArrayLike | None = None,
    point: ArrayLike | None = None,
    *,
    n_events: int,
    n_points: int,
) -> Any:
    """Intensities as `expected_impact` wants them: a CSR matrix (event, point), or an array of that shape.

    Made once, it can be given as `intensity` to many calls with other values, functions or frequencies.
    Raises ValueError if places are out of range or an event has two intensities at one point.
    """
    shape = (n_events, n_points)
    if (event is None) != (point is None):
        raise ValueError(_("Give event and point together, one entry for each intensity."))
    if event is not None and point is not None:
        at_event, at_point = _places("event", event, n_events), _places("point", point, n_points)
        strength = _numbers("intensity", intensity)
        if not strength.shape == at_event.shape == at_point.shape or strength.ndim != 1:
            text = _(
                "event, point and intensity must be lists of one length; they have shapes {shapes}.",
                shapes=", ".join(map(str, (at_event.shape, at_point.shape, strength.shape))),
            )
            raise ValueError(text)
        if (at_event[1:] >= at_event[:-1]).all():  # in order of events already, as most sets are
            ends = np.searchsorted(at_event, np.arange(n_events + 1))
            given = csr_array((strength, at_point, ends), shape=shape)
        else:
            given = coo_array((strength, (at_event, at_point)), shape=shape)
    elif issparse(intensity):
        given = intensity
    else:
        given = _numbers("intensity", intensity)
    if given.shape != shape:
        text = _(
            "intensity has shape {given}; with frequency and value as given it must be (event, point) = {shape}.",
            given=given.shape,
            shape=shape,
        )
        raise ValueError(text)
    if not issparse(given):
        return given
    matrix = csr_array(given)
    if not matrix.has_canonical_format:
        matrix = matrix.copy()
        matrix.sum_duplicates()
    if matrix.nnz != given.nnz:
        count = given.nnz - matrix.nnz
        raise ValueError(_("intensity is given twice for {count} pairs of event and point: keep one.", count=count))
    return matrix


def _damage_blocks(
    events: Any, knots: Floats, damages: Floats, rows: NDArray[np.intp], damage_at_zero: bool
) -> Iterator[tuple[int, int, Any]]:
    """Damaged share of the touched places, as sparse blocks of events first … last."""
    steps = len(knots) - 1
    slope = (np.diff(damages) / np.diff(knots)).ravel()
    at_zero = _at_zero(knots, damages)
    start = damages[:, :-1] - (at_zero[:, None] if damage_at_zero else 0)
    level = start.ravel()
    # damage above zero without water: entries of exactly zero are then to be skipped by hand
    skip_zeros = bool(at_zero.any()) and not damage_at_zero
    first_step = rows * steps
    for first, last, block in _event_blocks(events):
        strength = np.clip(block.data.astype(float), knots[0], knots[-1])
        if steps <= FEW_POINTS:
            step = np.zeros(len(strength), np.uint8)
            for knot in knots[1:-1]:
                step += strength >= knot
        else:
            step = np.minimum(np.searchsorted(knots[1:-1], strength, side="right"), steps - 1)
        place = first_step[block.indices.astype(np.intp)]
        place += step
        share = strength
        share -= knots[step]
        share *= slope[place]
        share += level[place]
        if skip_zeros:
            share[block.data == 0] = 0
        yield first, last, csr_array((share, block.indices, block.indptr), shape=block.shape)


def _event_blocks(events: Any) -> Iterator[tuple[int, int, Any]]:
    """The rows of a CSR matrix or of an array, some at a time, as CSR matrices that share its memory."""
    count, width = events.shape
    ends = events.indptr if issparse(events) else np.arange(count + 1) * width
    cuts = np.unique([0, *np.searchsorted(ends, np.arange(0, ends[-1], BLOCK)), count])
    for first, last in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
        if issparse(events):
            begin, end = ends[first], ends[last]
            parts = (events.data[begin:end], events.indices[begin:end], ends[first : last + 1] - begin)
            yield first, last, csr_array(parts, shape=(last - first, width))
        else:
            yield first, last, _touched(events[first:last])


def _touched(block: NDArray[Any]) -> Any:
    """The entries of an array that are not zero, as a CSR matrix."""
    count, width = block.shape
    flat = np.flatnonzero(block != 0)  # several times faster than through SciPy's own conversion
    ends = np.searchsorted(flat, np.arange(count + 1) * width)
    columns = flat - np.repeat(np.arange(count) * width, np.diff(ends))
    return csr_array((block.ravel()[flat], columns, ends), shape=block.shape)


def _at_zero(knots: Floats, damages: Floats) -> Floats:
    """Damage of each function at an intensity of zero."""
    return np.array([np.interp(0.0, knots, damage) for damage in damages])


def _functions(function_intensity: ArrayLike, function_damage: ArrayLike) -> tuple[Floats, Floats]:
    """Damage functions over common knots; functions with knots of their own are read off at all of them."""
    knots, damages = _numbers("function_intensity", function_intensity), _numbers("function_damage", function_damage)
    knots, damages = knots.astype(float), np.atleast_2d(damages.astype(float))
    if damages.ndim != 2 or knots.shape not in (damages.shape, damages.shape[1:]) or damages.shape[1] < 2:
        text = _(
            "function_damage must have shape (function, knot) with two knots or more and function_intensity (knot) "
            "or (function, knot); they have {damage} and {intensity}.",
            damage=damages.shape,
            intensity=knots.shape,
        )
        raise ValueError(text)
    if not (np.isfinite(knots).all() and np.isfinite(damages).all() and (np.diff(knots) > 0).all()):
        raise ValueError(_("function_intensity must rise from knot to knot, and no knot of a function may be missing."))
    if knots.ndim == 1:
        return knots, damages
    common = np.unique(knots)
    return common, np.array([np.interp(common, own, damage) for own, damage in zip(knots, damages, strict=True)])


def _function_rows(function: Floats, count: int, function_ids: ArrayLike | None) -> NDArray[np.intp]:
    """Row in function_damage of each point's function."""
    if not np.isfinite(function).all():
        raise ValueError(_("function has missing ids (NaN): give every point a damage function."))
    used = np.unique(function)
    if function_ids is not None:
        ids = _row("function_ids", function_ids, count)
    elif np.isin(used, np.arange(1, count + 1)).all() or len(used) != count:
        ids = np.arange(1.0, count + 1)
    else:
        ids = used
    order = np.argsort(ids)
    unknown = np.setdiff1d(used, ids)
    if unknown.size or len(np.unique(ids)) < count:
        text = _(
            "function has the ids {unknown}, but the rows of function_damage are the functions {known}: "
            "name each row's id once in function_ids.",
            unknown=_some(unknown),
            known=_some(ids),
        )
        raise ValueError(text)
    return np.asarray(order[np.searchsorted(ids[order], function)], dtype=np.intp)


def exceedance_curve(impact_by_event: ArrayLike, frequency: ArrayLike) -> ExceedanceCurve:
    """Impact against return period, 1 / (frequency of all events with at least that impact).

    impact_by_event and frequency (1/yr) have shape (event,). Events of frequency zero are left out. Of events
    with equal impact the most frequent counts first, so that their order in the input does not matter.
    """
    yearly = _yearly(frequency)
    impact = _row("impact_by_event", impact_by_event, len(yearly))
    happens = yearly > 0
    impact, yearly = impact[happens], yearly[happens]
    order = np.lexsort((-yearly, -impact))  # from the largest impact down
    return ExceedanceCurve(1 / np.cumsum(yearly[order])[::-1], impact[order][::-1])


def impact_at_return_period(curve: ExceedanceCurve, return_period: ArrayLike) -> Floats:
    """Impact reached or exceeded once in `return_period` years, linear in the return period between events.

    Beyond the rarest event the impact of that event is given, which is a lower bound; below the most
    frequent one, that one's. Missing (NaN) if any event's impact is missing: its rank is not known.
    Limit: between two events the curve is only drawn. Where events of unequal frequency change places it can
    fall a little although no event does less; read it for few return periods and many events.
    Source: CLIMADA's convention.
    """
    periods = _periods("return_period", return_period)
    if not len(curve.impact) or np.isnan(curve.impact).any():
        return np.full(periods.shape, np.nan)
    return np.asarray(np.interp(periods, curve.return_period, curve.impact))


def _between_maps(curve: ExceedanceCurve, periods: Floats) -> Floats:
    """Impact at return periods between maps, linear in the exceedance probability as their expectation; 0 before."""
    if np.isnan(curve.impact).any():
        return np.full(periods.shape, np.nan)
    return np.asarray(np.interp(-1 / periods, -1 / curve.return_period, curve.impact, left=0.0))


def return_period_frequency(return_period: ArrayLike, tail: bool = True) -> Floats:
    """Yearly frequencies that stand for maps by return period, so that sum(frequency * impact) is the expectation.

    The impact is taken as linear in the exceedance probability p = 1/return_period between maps (the
    trapezoid rule): each map stands for half of the probability to either neighbour. With `tail`, the
    rarest map also stands for all that is rarer (its p). Sums to the p of the most frequent map with the
    tail. return_period (map) in years, in any order, no two equal.
    """
    periods = _periods("return_period", return_period)
    order = np.argsort(periods)
    exceedance = 1 / periods[order]
    half = -np.diff(exceedance) / 2
    if not (half > 0).all():
        raise ValueError(_("return_period has the same period twice: keep one map for each."))
    frequency = np.zeros(len(periods))
    frequency[order[:-1]] += half
    frequency[order[1:]] += half
    if tail:
        frequency[order[-1:]] += exceedance[-1:]
    return frequency


def expected_annual_damage(return_period: ArrayLike, damage: ArrayLike, tail: bool = True) -> Floats:
    """Expected yearly damage from damages by return period along the last axis of `damage`.

    Trapezoids over the exceedance probability 1/return_period; with `tail` the rarest damage also holds for
    all that is rarer. Damage more frequent than the first return period counts nothing.
    """
    damages, weight = _numbers("damage", damage), return_period_frequency(return_period, tail)
    if damages.shape[-1:] != weight.shape:
        raise ValueError(_("The last axis of damage must have one entry for each return period."))
    return np.asarray(damages @ weight)


def grouped(
    expected_annual_impact: ArrayLike,
    *,
    zone: ArrayLike | None = None,
    n_zones: int | None = None,
    groups: ArrayLike | None = None,
) -> tuple[Floats | None, Floats | None, Floats | None]:
    """Sums by zone (zone,), by people group (group,) and by both (zone, group); None where not asked for.

    zone (point): 0, 1, …, or -1 for places that lie in none; those count in the sums by group only.
    groups (point, group): shares that add up to one at each point.
    """
    impact = _numbers("expected_annual_impact", expected_annual_impact).astype(float)
    by_zone: Floats | None = None
    by_group: Floats | None = None
    by_both: Floats | None = None
    shares = np.empty((len(impact), 0))
    if groups is not None:
        shares = _numbers("groups", groups).astype(float)
        if shares.ndim != 2 or len(shares) != len(impact):
            text = _(
                "groups must have shape (point, group) = ({count}, …); it has {shape}.",
                count=len(impact),
                shape=shares.shape,
            )
            raise ValueError(text)
        if (np.abs(shares.sum(axis=1) - 1) > SHARES_TOLERANCE).any() or (shares < 0).any():
            raise ValueError(_("The shares of groups must add up to 1 at each point, none below 0."))
        by_group = impact @ shares
    if zone is not None:
        places = _places("zone", zone, n_zones, lowest=-1)
        size = n_zones if n_zones is not None else int(places.max(initial=-1)) + 1
        if places.shape != impact.shape:
            raise ValueError(_("zone must have one entry for each point ({count}).", count=len(impact)))
        inside = places >= 0
        by_zone = np.asarray(np.bincount(places[inside], impact[inside], minlength=size), dtype=float)
        if groups is not None:
            columns = [np.bincount(places[inside], (impact * share)[inside], minlength=size) for share in shares.T]
            by_both = np.stack(columns, axis=1)
    return by_zone, by_group, by_both


def depth_damage(use: str, region: str) -> DepthDamage:
    """Depth-damage curve of the Joint Research Centre for a use of buildings and a part of the world.

    use: residential, residential with basement, commercial, industrial, infrastructure or transport.
    region: Africa, Asia, Europe, Latin America (Central and South America), Northern America, Oceania or, as
    the mean of all six for dwellings, world.
    Only what the tables hold is given; no region stands in for another. Raises ValueError otherwise.
    Source: Huizinga, de Moel and Szewczyk 2017, Global flood depth-damage functions, JRC EUR 28552.
    """
    curves = _curves()
    if (use, region) not in curves:
        known = "; ".join(sorted(", ".join(key) for key in curves))
        text = _(
            "There is no depth-damage curve for {use} in {region}; there are: {known}.",
            use=repr(use),
            region=repr(region),
            known=known,
        )
        raise ValueError(text)
    return curves[use, region]


def maximum_damage(gdp_per_person: ArrayLike, use: str = "residential") -> Floats:
    """Construction cost of a building in EUR of 2010 per m2, factor * gdp_per_person ** exponent.

    gdp_per_person in US$ of 2010; use: residential, commercial or industrial. What a flood can destroy is
    less (depreciation, and what water does not harm) and, with contents, more.
    Source: Huizinga, de Moel and Szewczyk 2017, JRC EUR 28552.
    """
    costs = {row["use"]: (float(row["factor"]), float(row["exponent"])) for row in _table("maximum_damage.csv")}
    (factor,), (exponent,) = (_parameter(name) for name in ("damage_cost_factor", "damage_income_exponent"))
    costs["residential"] = float(factor["value"]), float(exponent["value"])
    if use not in costs:
        known = ", ".join(sorted(costs))
        raise ValueError(_("There is no building cost for {use}; there are: {known}.", use=repr(use), known=known))
    income = _numbers("gdp_per_person", gdp_per_person).astype(float)
    _require_no_negative("gdp_per_person", income)
    return np.asarray(costs[use][0] * income ** costs[use][1])


@cache
def _curves() -> dict[tuple[str, str], DepthDamage]:
    """Depth-damage curves by use and region: residential among the parameters, the rest in a table of its own."""
    depths = {row["kind"]: float(row["value"]) for row in _parameter("depth_step")}
    found: dict[tuple[str, str], list[tuple[float, float, str, str]]] = {}
    for row in _parameter("depth_damage"):
        entry = depths[row["kind"]], float(row["value"]), row["source"], row["quality"]
        found.setdefault(("residential", row["region"]), []).append(entry)
    for row in _table("depth_damage.csv"):
        entry = float(row["depth"]), float(row["damage"]), row["source"], row["quality"]
        found.setdefault((row["use"], row["region"]), []).append(entry)
    for (use, region), entries in found.items():
        if use == "residential with basement":  # only the threshold differs
            entries += [entry for entry in found["residential", region] if entry[0] > 0]
    return {
        key: DepthDamage(np.array(depth), np.array(damage), source[0], max(quality))  # the least sure of its points
        for key, entries in found.items()
        for by_depth in [sorted(entries, key=itemgetter(0))]
        for depth, damage, source, quality in [zip(*by_depth, strict=True)]
    }


def _parameter(name: str) -> list[dict[str, str]]:
    """Rows of a parameter as they were published, without conversion of money."""
    return [row for row in _table("resilient.csv", "caminos.parameters") if row["name"] == name]


@cache
def _table(name: str, package: str = "caminos.spatial") -> tuple[dict[str, str], ...]:
    return tuple(csv.DictReader(files(package).joinpath(name).read_text(encoding="utf-8").splitlines()))


def _rising(return_period: ArrayLike | None, impact: Floats) -> ExceedanceCurve:
    """The exceedance curve of maps by return period."""
    periods = _periods("map_return_period", () if return_period is None else return_period)
    order = np.argsort(periods)
    return ExceedanceCurve(periods[order], impact[order])


def _numbers(name: str, given: ArrayLike) -> NDArray[Any]:
    """`given` as an array of numbers."""
    array = with_nan(given)
    if array.dtype.kind not in "bifu":
        raise ValueError(_("{name} must be numbers.", name=name))
    return array


def _row(name: str, given: ArrayLike | None, count: int | None) -> Floats:
    """`given` as a one-dimensional float array, of `count` entries if that is known."""
    array = _numbers(name, () if given is None else given)
    if array.ndim != 1 or count not in (None, len(array)):
        text = _(
            "{name} must be a list of {count} numbers; its shape is {shape}.",
            name=name,
            count="…" if count is None else count,
            shape=array.shape,
        )
        raise ValueError(text)
    return array.astype(float)


def _yearly(frequency: ArrayLike | None, count: int | None = None) -> Floats:
    """Frequencies of events a year, none missing."""
    yearly = _row("frequency", frequency, count)
    _require_no_negative("frequency", yearly)
    if np.isnan(yearly).any():
        raise ValueError(_("frequency has missing values (NaN): leave those events out."))
    return yearly


def _places(name: str, given: ArrayLike, count: int | None, lowest: int = 0) -> NDArray[Any]:
    """`given` as whole numbers from `lowest` to `count` - 1, or without end."""
    array = np.asarray(given)
    if array.dtype.kind not in "iu" and not (array.dtype.kind == "f" and (array == np.floor(array)).all()):
        raise ValueError(_("{name} must be whole numbers.", name=name))
    highest = np.inf if count is None else count - 1
    if array.size and (array.min() < lowest or array.max() > highest):
        text = _(
            "{name} must lie between {lowest} and {highest}; it goes from {first} to {last}.",
            name=name,
            lowest=lowest,
            highest=highest,
            first=array.min(),
            last=array.max(),
        )
        raise ValueError(text)
    return array if array.dtype.kind in "iu" else array.astype(np.intp)


def _periods(name: str, given: ArrayLike) -> Floats:
    """Return periods in years, above zero."""
    array = np.atleast_1d(_numbers(name, given)).astype(float)
    if array.ndim != 1 or not (np.isfinite(array) & (array > 0)).all():
        raise ValueError(_("{name} must be years above 0.", name=name))
    return array


def _require_no_negative(name: str, array: NDArray[Any]) -> None:
    if (array < 0).any() or np.isinf(array).any():
        raise ValueError(_("{name} has values below 0 or infinite: correct them.", name=name))


def _some(values: Sequence[float] | Floats) -> str:
    """The first few values as text."""
    shown = [f"{value:g}" for value in list(values)[:6]]
    return ", ".join(shown + ["…"] * (len(values) > 6))
