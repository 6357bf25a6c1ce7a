"""Ten thousand cities made from open defaults: all headlines from the base year to 2050, on two processes."""

from __future__ import annotations

import random
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from caminos.city.facts import FACT_COLUMNS
from caminos.city.new import default_facts, default_settings, identity
from caminos.city.places import Place, all_places
from caminos.city.settings import settings_toml
from caminos.files import table_text
from caminos.pathways.tables import headlines
from caminos.planning.many import run_many

CITIES = 10_000
PROCESSES = 2


def some_places() -> list[Place]:
    """The same ten thousand places every time, of all countries."""
    return random.Random(1).sample(all_places(), CITIES)


def measured(sources: Sequence[Place | Path], draws: int = 0) -> dict[str, float]:
    """Seconds of one run, and the peak memory of its processes together."""
    begin = time.perf_counter()
    found = run_many(sources, [item.indicator for item in headlines()], draws=draws, processes=PROCESSES)
    seconds = time.perf_counter() - begin
    assert not found.unread
    assert sum(len(part.cities) for part in found.parts) == CITIES
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "median_s": seconds,
        "cities": CITIES,
        "draws": draws,
        "memory_of_all_mb": (own + PROCESSES * largest) / 1024,
    }


def from_places() -> dict[str, float]:
    """Central values, from one table of places in memory."""
    return measured(some_places())


def from_folders() -> dict[str, float]:
    """Central values, from folders on disk; writing them is not counted."""
    with tempfile.TemporaryDirectory() as folder:
        for place in some_places():
            city = Path(folder) / f"{identity(place)}-{place.id}"
            city.mkdir()
            (city / "city.toml").write_text(settings_toml(default_settings(place, city.name)), encoding="utf-8")
            (city / "facts.csv").write_text(table_text(FACT_COLUMNS, default_facts(place)), encoding="utf-8")
        return measured(sorted(Path(folder).iterdir()))


def with_draws() -> dict[str, float]:
    """Ranges of a hundred draws, from one table of places."""
    return measured(some_places(), draws=100)


CASES: dict[str, tuple[Callable[[], dict[str, float]], float | None, float | None]] = {
    "cities_10000_from_places": (from_places, 10.0, None),
    "cities_10000_from_folders": (from_folders, 40.0, None),
    "cities_10000_100_draws": (with_draws, 120.0, None),
}
