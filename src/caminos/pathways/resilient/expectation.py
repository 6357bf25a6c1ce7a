"""From return periods to a yearly expectation."""

from caminos.model.axes import KIND, Array, total


def annual_expectation(impact: Array, return_period: Array) -> Array:
    """Expected yearly impact from impacts by return period along the kind axis.

    Trapezoids between the exceedance probabilities, and a tail in which the impact of the rarest
    event stays the same; events more frequent than the first return period count nothing.
    """
    probability = 1 / return_period
    width = probability[..., :-1] - probability[..., 1:]
    body = total((impact[..., :-1] + impact[..., 1:]) / 2 * width, KIND)
    return body + impact[..., -1:] * probability[..., -1:]
