"""The design of points: what two sources of error that share nothing correlate by chance, and what draws of costs take."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.common import timed

START = 2026


def design_of_points() -> dict[str, float | str]:
    """The largest spurious correlation at the default number of draws, over all sources of error of Porto Alegre."""
    from caminos.city.bundled import city_folder
    from caminos.city.package import read_city
    from caminos.model import DRAWS
    from caminos.planning.city_model import CityModel

    stack = CityModel(read_city(city_folder("porto-alegre"))).stack
    found = {draws: stack.spurious_correlation(draws) for draws in (200, DRAWS, 4 * DRAWS)}
    return timed(lambda: stack.spurious_correlation(DRAWS), runs=3) | {
        "draws": DRAWS,
        "largest_spurious_correlation": found[DRAWS],
        "says": "largest spurious correlation: "
        + ", ".join(f"{value:.3f} at {draws:,} draws" for draws, value in found.items()),
    }


def costs_with_draws() -> dict[str, float]:
    """Present costs of each action alone by draw: sizes, costs, lifetimes, lead times and discount rate drawn."""
    from caminos.city.bundled import city_folder
    from caminos.city.package import read_city
    from caminos.model import DRAWS
    from caminos.planning.assessment import costs, single_cases
    from caminos.planning.city_model import CityModel

    made = CityModel(read_city(city_folder("porto-alegre")))
    cases = single_cases(made, START)
    return timed(lambda: costs(made, cases, START, draws=DRAWS)) | {"cases": len(cases), "draws": DRAWS}


CASES: dict[str, tuple[Callable[[], dict[str, float | str]] | Callable[[], dict[str, float]], float | None, None]] = {
    "design_of_points": (design_of_points, None, None),
    "costs_1000_draws": (costs_with_draws, 1.0, None),
}
