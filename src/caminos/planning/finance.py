"""Money over time. All costs and benefits in USD at prices of 2023; the first year is not discounted."""

from __future__ import annotations

import numpy as np


def discount_factors(years: np.ndarray, first: int, rate: float) -> np.ndarray:
    """Present value in `first` of a dollar in each year: 1/(1+rate)^(year-first); zero before `first`."""
    return np.where(years >= first, 1 / (1 + rate) ** np.maximum(years - first, 0), 0.0)


def spending(
    years: np.ndarray,
    start: int,
    lead_time: float,
    ramp_years: float,
    lifetime: float,
    capital: float,
    operating: float,
    adoption: np.ndarray,
) -> np.ndarray:
    """What an action costs in each year to the end of `years`.

    Capital is spent evenly from the decision to full adoption, and again, spread over as many years, each
    time the lifetime is over; operating costs follow adoption. `capital` is that of the whole size,
    `operating` per year of the whole size; `adoption` runs from 0 to 1.
    """
    works = max(round(lead_time + ramp_years), 1)
    spent = np.zeros(len(years))
    begin = start
    while begin <= years[-1]:
        active = (years >= begin) & (years < begin + works)
        spent += active * capital / works
        begin += max(round(max(lifetime, 1.0)), works)
    return spent + operating * adoption


def present_value(values: np.ndarray, years: np.ndarray, first: int, rate: float) -> np.ndarray:
    """Present value of yearly amounts along the last axis."""
    return np.asarray(np.sum(values * discount_factors(years, first, rate), axis=-1))
