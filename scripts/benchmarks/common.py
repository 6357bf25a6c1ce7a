"""What the benchmarks share."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

RUNS = 7


def timed(function: Callable[[], object], runs: int = RUNS) -> dict[str, float]:
    """Median, least and most seconds of several runs after one that is not counted."""
    function()
    seconds = []
    for _run in range(runs):
        begin = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - begin)
    return {"median_s": statistics.median(seconds), "min_s": min(seconds), "max_s": max(seconds)}
