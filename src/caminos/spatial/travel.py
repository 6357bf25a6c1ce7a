"""Access to opportunities from travel times: cumulative, by decay, floating catchments, 15-minute reach.

A travel time is given as a dense array, in which NaN or infinity means that there is no way, or as a
SciPy sparse matrix, in which a pair that is not stored has no way (and a stored 0 is 0 minutes).
No way is never 0 minutes. Units: minutes, or metres where limits are metres too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, issparse

from caminos.i18n import _
from caminos.spatial.missing import with_nan

Floats = NDArray[np.float64]
Decay = str | Callable[[Floats], ArrayLike]

NEAREST = 1.0  # minutes: power decay would be infinite at 0, so nothing counts as nearer than this
BUS_DISTANCE, RAIL_DISTANCE = 500.0, 1000.0  # m along streets to a stop: SDG 11.2.1 metadata


def dense(travel_time: ArrayLike | csr_array) -> Floats:
    """Travel times as an array with infinity where there is no way."""
    if issparse(travel_time):
        stored = travel_time.tocoo()  # type: ignore[union-attr]
        times = np.full(stored.shape, np.inf)
        times[stored.row, stored.col] = stored.data
    else:
        times = np.array(with_nan(travel_time), float)
    if times.ndim != 2:
        raise ValueError(
            _("travel_time must be a table (origins, destinations), not of shape {shape}.", shape=times.shape)
        )
    if (times < 0).any():
        raise ValueError(_("travel_time is below 0 for {count} pairs: correct them.", count=int((times < 0).sum())))
    times[np.isnan(times)] = np.inf
    return times


def sparse(travel_time: ArrayLike | csr_array) -> csr_array:
    """Travel times as a sparse matrix that stores every pair with a way, 0 minutes included."""
    if issparse(travel_time):
        stored = travel_time.tocoo()  # type: ignore[union-attr]
        row, column, times, shape = stored.row, stored.col, np.asarray(stored.data, float), stored.shape
        if (times < 0).any():
            raise ValueError(_("travel_time is below 0 for {count} pairs: correct them.", count=int((times < 0).sum())))
        ways = np.isfinite(times)
        row, column, times = row[ways], column[ways], times[ways]
    else:
        table = dense(travel_time)
        shape = table.shape
        row, column = np.nonzero(np.isfinite(table))
        times = table[row, column]
    order = np.lexsort((column, row))
    begins = np.searchsorted(row[order], np.arange(shape[0] + 1))
    return csr_array((times[order], column[order], begins), shape=shape)


def _weights(travel_time: ArrayLike | csr_array, weigh: Callable[[Floats], ArrayLike]) -> Any:
    """`weigh` of each travel time, 0 where there is no way; dense or sparse as given."""
    if issparse(travel_time):
        weights = sparse(travel_time)
        weights.data = np.asarray(weigh(weights.data), float)
        return weights
    times = dense(travel_time)
    way = np.isfinite(times)
    weights = np.zeros(times.shape)
    weights[way] = weigh(times[way])
    return weights


def opportunity_table(opportunities: ArrayLike, destinations: int, name: str = "opportunities") -> tuple[Floats, bool]:
    """Opportunities as (destinations, categories), and whether there is one category without an axis of its own."""
    given = np.asarray(with_nan(opportunities), float)
    if given.ndim not in (1, 2) or given.shape[0] != destinations:
        raise ValueError(
            _(
                "{name} has the shape {given}; it must have a row for each of {count} places of travel_time.",
                name=name,
                given=given.shape,
                count=destinations,
            )
        )
    if (given < 0).any():
        raise ValueError(
            _("{name} is below 0 in {count} cells: correct them.", name=name, count=int((given < 0).sum()))
        )
    return given.reshape(destinations, -1), given.ndim == 1


def weighted_sum(weights: Any, table: Floats) -> Floats:
    """Sum over destinations of weight times amount; NaN where an amount that is not known has a weight."""
    unknown = np.isnan(table)
    if not unknown.any():
        return np.asarray(weights @ table, float)
    total = np.asarray(weights @ np.where(unknown, 0.0, table), float)
    total[np.asarray((weights != 0) @ unknown.astype(float)) > 0] = np.nan
    return total


def decay_weight(travel_time: ArrayLike, decay: Decay, parameter: float | None = None) -> Floats:
    """Weight of a travel time t, by name with its `parameter` or by a function of t.

    "exponential": exp(-b t) (b per minute); "power": max(t, 1)^-b; "gaussian": exp(-t^2 / (2 s^2)) (s in
    minutes): Handy and Niemeier 1997; Ingram 1971. NaN and infinity weigh 0.
    Raises ValueError for an unknown name, or a parameter that is missing or not above 0.
    """
    times = np.asarray(travel_time, float)
    way = np.isfinite(times)
    weights = np.zeros(times.shape)
    weights[way] = _decay(decay, parameter)(times[way])
    return weights


def _decay(decay: Decay, parameter: float | None) -> Callable[[Floats], ArrayLike]:
    if callable(decay):
        return decay
    known = ("exponential", "power", "gaussian")
    if decay not in known:
        raise ValueError(
            _("decay is {given}; use one of {known}, or a function.", given=repr(decay), known=", ".join(known))
        )
    if parameter is None or not (np.isfinite(parameter) and parameter > 0):
        raise ValueError(_("Decay {name} needs a parameter above 0, not {given}.", name=decay, given=parameter))
    forms: dict[str, Callable[[Floats], ArrayLike]] = {
        "exponential": lambda times: np.exp(-parameter * times),
        "power": lambda times: np.maximum(times, NEAREST) ** -parameter,
        "gaussian": lambda times: np.exp(-0.5 * (times / parameter) ** 2),
    }
    return forms[decay]


def access(
    *,
    travel_time: ArrayLike | csr_array,
    opportunities: ArrayLike,
    limit: float | Sequence[float] | None = None,
    decay: Decay | None = None,
    parameter: float | None = None,
) -> Floats:
    """Opportunities that can be reached from each origin: A_i = sum over j of O_j f(t_ij) where t_ij <= limit.

    f = 1 (cumulative opportunities) unless `decay` is given (gravity, Hansen 1959; see `decay_weight`).
    `travel_time`: (origins, destinations) in minutes, dense or sparse, see above. `opportunities`:
    (destinations,) or (destinations, categories), NaN where not known: an origin that can reach an
    unknown amount has NaN. `limit`: minutes, included; several give a leading axis; None = no limit.
    Result: (origins,) or (origins, categories), in the unit of the opportunities.
    Raises ValueError for negative or misshapen input, or if neither limit nor decay is given.
    """
    if limit is None and decay is None:
        raise ValueError(_("Give limit (minutes), decay, or both."))
    bounds = np.atleast_1d(np.asarray(np.inf if limit is None else limit, float))
    if bounds.ndim != 1 or np.isnan(bounds).any() or (bounds < 0).any():
        raise ValueError(_("limit is {given}; give minutes of 0 or more.", given=limit))
    table, single = opportunity_table(opportunities, np.shape(travel_time)[-1])
    fall = _decay(decay, parameter) if decay is not None else np.ones_like
    results = []
    for bound in bounds:
        weights = _weights(travel_time, lambda times, bound=bound: np.where(times <= bound, fall(times), 0.0))  # type: ignore[misc]
        total = weighted_sum(weights, table)
        results.append(total[:, 0] if single else total)
    return results[0] if limit is None or np.ndim(limit) == 0 else np.stack(results)


class CatchmentAccess(NamedTuple):
    """`access` (demand points): supply per person; `ratio` (supply points): supply over the people it serves."""

    access: Floats
    ratio: Floats


def two_step_floating_catchment(
    *,
    supply: ArrayLike,
    demand: ArrayLike,
    travel_time: ArrayLike | csr_array,
    catchment: float = np.inf,
    weights: Mapping[float, float] | Callable[[Floats], ArrayLike] | None = None,
) -> CatchmentAccess:
    """Supply per person by two-step floating catchment (Luo and Wang 2003): R_j = S_j / sum_i w_ij P_i, A_i = sum_j w_ij R_j.

    w_ij = 1 within `catchment` minutes, included. `weights` may be steps {minutes: weight} (enhanced,
    Luo and Qi 2009: {10: 1, 20: .68, 30: .22}) or a function of the travel time; it still ends at `catchment`.
    `supply` (supply points), `demand` (demand points, people), `travel_time` (demand points, supply points).
    A supply whose catchment holds nobody has no ratio (NaN) and adds to nobody's access, so that
    sum_i A_i P_i = sum of the supply that somebody reaches. NaN supply or demand makes NaN what depends on it.
    Raises ValueError for negative or misshapen input.
    """
    if not catchment >= 0:
        raise ValueError(_("catchment is {given}; give minutes of 0 or more.", given=catchment))
    shape = np.shape(travel_time)
    people, one = opportunity_table(demand, shape[0], "demand")
    amounts, other = opportunity_table(supply, shape[-1], "supply")
    if not (one and other):
        raise ValueError(_("supply and demand must have one dimension."))
    fall = _steps(weights) if isinstance(weights, Mapping) else weights or np.ones_like
    weight = _weights(travel_time, lambda times: np.where(times <= catchment, fall(times), 0.0))
    served = weighted_sum(weight.T, people)[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(served == 0, np.nan, amounts[:, 0] / served)
    reached = weighted_sum(weight, np.where(served == 0, 0.0, ratio)[:, None])[:, 0]
    return CatchmentAccess(reached, ratio)


def _steps(weights: Mapping[float, float]) -> Callable[[Floats], ArrayLike]:
    bounds = np.array(sorted(weights))
    values = np.array([*(weights[bound] for bound in sorted(weights)), 0.0])
    return lambda times: values[np.searchsorted(bounds, times)]


class PeopleWithin(NamedTuple):
    """People who reach each category, and all of them: numbers and shares of all people, by group if given so."""

    people: Floats  # (categories,) or (groups, categories)
    share: Floats
    people_all: Floats  # () or (groups,)
    share_all: Floats


def people_within(
    *,
    travel_time: ArrayLike | csr_array,
    opportunities: ArrayLike,
    people: ArrayLike,
    minutes: float = 15.0,
) -> PeopleWithin:
    """People who reach at least one place of each category, and of every category, within `minutes` (included).

    With 15 minutes on foot (1.2 km at 4.8 km/h) this is the 15-minute city (Moreno 2021). `travel_time`:
    (origins, destinations); `opportunities`: (destinations, categories), above 0 where there is one;
    `people`: (origins,) or (origins, groups). NaN people, or an unknown number of places where no other
    is reached, make the sums NaN: leave out origins that are not known. Shares of no people are NaN.
    """
    table, _single = opportunity_table(opportunities, np.shape(travel_time)[-1])
    crowd, single = opportunity_table(people, np.shape(travel_time)[0], "people")
    within = _weights(travel_time, lambda times: (times <= minutes).astype(float))
    known = np.asarray(within @ (table > 0).astype(float)) > 0
    doubtful = np.asarray(within @ np.isnan(table).astype(float)) > 0
    reached = np.where(known, 1.0, np.where(doubtful, np.nan, 0.0))
    every = reached.min(axis=1)  # NaN unless a category is surely missing
    every[(reached == 0).any(axis=1)] = 0.0
    everyone = crowd.sum(axis=0)
    counts, counts_all = _people(crowd, reached), _people(crowd, every[:, None])[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        shares, shares_all = counts / everyone[:, None], counts_all / everyone
    if single:
        return PeopleWithin(counts[0], shares[0], counts_all[0], shares_all[0])
    return PeopleWithin(counts, shares, counts_all, shares_all)


def _people(crowd: Floats, reached: Floats) -> Floats:
    """People (groups, columns) of the origins that reach; NaN if a person's origin is not known to."""
    total = weighted_sum(crowd.T, reached)
    return np.where(np.any(np.isnan(crowd), axis=0, keepdims=True).T, np.nan, total)


def public_transport_coverage(
    *,
    people: ArrayLike,
    distance_to_stop: ArrayLike,
    distance_to_rail: ArrayLike | None = None,
    stop_distance: float = BUS_DISTANCE,
    rail_distance: float = RAIL_DISTANCE,
) -> Floats:
    """Share of people with convenient access to public transport, SDG 11.2.1: (groups,) or ().

    500 m along the streets to a stop of buses or BRT, or 1 km to rail, metro or ferry. `people`: (origins,)
    or (origins, groups); distances (origins,) in m, infinite or NaN where there is no way
    (`caminos.spatial.streets.nearest_time` at 0.06 km/h, a metre a minute, gives them).
    """
    near = np.nan_to_num(np.asarray(distance_to_stop, float), nan=np.inf) <= stop_distance
    if distance_to_rail is not None:
        near |= np.nan_to_num(np.asarray(distance_to_rail, float), nan=np.inf) <= rail_distance
    if near.ndim != 1:
        raise ValueError(_("distance_to_stop must have one dimension."))
    crowd, single = opportunity_table(people, len(near), "people")
    with np.errstate(divide="ignore", invalid="ignore"):
        share = crowd[near].sum(axis=0) / crowd.sum(axis=0)
    return np.asarray(share[0] if single else share)
