"""The best use of a yearly budget, and what it would lose without each action: a fractional knapsack.

A part of an action is taken to give that part of its worth, and worths to add up: the optimiser of `caminos plan`
knows least scales, order and saturation, this does not. In return every draw is solved exactly, in one sort.
"""

from __future__ import annotations

import numpy as np


def loss_without(worth: np.ndarray, cost: np.ndarray, budget: np.ndarray | float) -> np.ndarray:
    """What the best portfolio within a budget loses if an action is forbidden: [action, draw].

    `worth` and `cost` (of a year) are [action, draw], `budget` a number or one a draw. An action of no worth loses
    nothing; where the budget pays for every action, each loses its whole worth. Never below zero.
    """
    gain = np.maximum(worth, 0.0)
    price = np.where(gain > 0, np.maximum(np.broadcast_to(cost, gain.shape), 0.0), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(price > 0, gain / price, np.where(gain > 0, np.inf, 0.0))
    order = np.argsort(-ratio, axis=0, kind="stable")
    gain, price = np.take_along_axis(gain, order, axis=0), np.take_along_axis(price, order, axis=0)
    before = np.cumsum(price, axis=0) - price
    left = np.broadcast_to(np.asarray(budget, dtype=float), gain.shape[1:])
    whole = np.sum(gain * _taken(left - before, price), axis=0)
    # without action i those that stand after it have its price more to spend
    later = np.arange(len(gain))[:, None] > np.arange(len(gain))[None, :]
    freed = np.where(later[:, :, None], price[None], 0.0)
    taken = _taken(left - before[:, None] + freed, price[:, None])  # [action, forbidden, draw]
    others = ~np.eye(len(gain), dtype=bool)
    without = np.einsum("jd,jid,ji->id", gain, taken, others)
    lost = np.maximum(whole - without, 0.0)
    lost[lost <= 1e-12 * np.maximum(whole, 1e-300)] = 0.0  # what is left of sums that should be equal
    found: np.ndarray = np.empty_like(lost)
    np.put_along_axis(found, order, lost, axis=0)
    return found


def _taken(left: np.ndarray, price: np.ndarray) -> np.ndarray:
    """The part of each action that what is left of the budget pays for."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(price > 0, np.clip(left / price, 0.0, 1.0), 1.0))


def places(loss: np.ndarray, worth: np.ndarray) -> np.ndarray:
    """The place of each action, 1 for the first, by what is lost without it; ties by worth: [action, draw]."""
    order = np.lexsort((-worth, -loss), axis=0)
    found = np.empty_like(order)
    np.put_along_axis(found, order, np.arange(1, len(loss) + 1)[:, None], axis=0)
    return found
