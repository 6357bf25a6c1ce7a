"""What the benchmarks share."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

RUNS = 7


class LeftOut(Exception):
    """A case whose data are not on this machine; the message says which."""


def needed(*paths: Path) -> None:
    """Leave the case out if one of these files is not here."""
    for path in paths:
        if not path.exists():
            raise LeftOut(f"needs {path}, which is not here")


def timed(function: Callable[[], object], runs: int = RUNS) -> dict[str, float]:
    """Median, least and most seconds of several runs after one that is not counted."""
    function()
    seconds = []
    for _run in range(runs):
        begin = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - begin)
    return {"median_s": statistics.median(seconds), "min_s": min(seconds), "max_s": max(seconds)}
