"""From return periods to a yearly expectation."""

import numpy as np

from caminos.model.axes import KIND, Array


def annual_expectation(impact: Array, return_period: Array) -> Array:
    """Expected yearly impact from impacts by return period along the kind axis.

    Trapezoids between the exceedance probabilities, and a tail in which the impact of the rarest
    event stays the same; events more frequent than the first return period count nothing.
    """
    probability = 1 / return_period
    width = probability[..., :-1] - probability[..., 1:]
    body = np.sum((impact[..., :-1] + impact[..., 1:]) / 2 * width, axis=KIND, keepdims=True)
    return body + impact[..., -1:] * probability[..., -1:]
