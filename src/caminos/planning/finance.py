"""Money over time. All costs and benefits in USD at prices of 2023; the first year is not discounted."""

from __future__ import annotations

import numpy as np


def discount_factors(years: np.ndarray, first: int, rate: float | np.ndarray) -> np.ndarray:
    """Present value in `first` of a dollar in each year (the last axis): 1/(1+rate)^(year-first); zero before `first`.

    Rates by draw give factors [draw, year].
    """
    return np.where(years >= first, 1 / (1 + np.asarray(rate)[..., None]) ** np.maximum(years - first, 0), 0.0)


def spending(
    years: np.ndarray,
    start: int,
    lead_time: float | np.ndarray,
    ramp_years: float,
    lifetime: float | np.ndarray,
    capital: float | np.ndarray,
    operating: float | np.ndarray,
    adoption: np.ndarray,
) -> np.ndarray:
    """What an action costs in each year (the last axis) to the end of `years`.

    Capital is spent evenly from the decision to full adoption, and again, spread over as many years, each
    time the lifetime is over; operating costs follow adoption. `capital` is that of the whole size,
    `operating` per year of the whole size; `adoption` runs from 0 to 1. Lead time, lifetime and both costs may be
    given by draw: the answer is [draw, year] then.
    """
    lead, life, whole, running = (np.asarray(given)[..., None] for given in (lead_time, lifetime, capital, operating))
    works = np.maximum(np.rint(lead + ramp_years), 1)
    cycle = np.maximum(np.rint(np.maximum(life, 1.0)), works)
    age = years - start
    active = (age >= 0) & (np.mod(age, cycle) < works)
    return np.asarray(active * whole / works + running * adoption)


def present_value(values: np.ndarray, years: np.ndarray, first: int, rate: float) -> np.ndarray:
    """Present value of yearly amounts along the last axis."""
    return np.asarray(np.sum(values * discount_factors(years, first, rate), axis=-1))
