"""The lens of dated targets: what is wanted of a lever, and what law asks whatever the city has set itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from caminos.city.settings import Target
from caminos.planning import entry as entries
from caminos.planning.assessment import assess, single_cases
from caminos.planning.city_model import CityModel
from caminos.planning.lenses import Aim, aims

START = 2026


def aims_of(model: CityModel, *targets: Target) -> tuple[Aim, ...]:
    with_targets = CityModel(replace(model.city, targets=targets))
    return aims(with_targets, assess(with_targets, single_cases(with_targets, START), START), START)


def wanted(name: str, value: float, unit: str, year: int) -> Target:
    return Target(name=name, value=value, unit=unit, year=year, source="by hand")


@pytest.mark.parametrize(
    ("name", "value", "unit", "met"),
    [
        ("electric_bus_share", 0.005, "share", True),  # one bus in a hundred is electric
        ("electric_bus_share", 0.5, "share", False),
        ("cycling_travel", 1.0, "km/yr", True),
        ("impervious_share", 0.99, "share", True),
        ("impervious_share", 0.1, "share", False),
        ("outage_hours", 2.0, "h/yr", False),  # of 15
        ("outage_hours", 100.0, "h/yr", True),
    ],
)
def test_more_of_a_lever_is_wanted_unless_actions_bring_it_down(porto_alegre, name, value, unit, met):
    aim = next(aim for aim in aims_of(porto_alegre, wanted(name, value, unit, 2040)) if aim.whose == "city")
    assert (aim.shortfall == 0) == met
    assert (aim.reason != "") == met
    assert bool(aim.actions) != met


def test_a_target_without_a_source_is_listed_and_held_against_nothing(porto_alegre):
    """Whoever reads it must be able to find where it stands."""
    nameless = replace(wanted("electric_bus_share", 0.5, "share", 2040), source="  ")
    aim = next(aim for aim in aims_of(porto_alegre, nameless) if aim.whose == "city")
    assert aim.reason == "it names no source"
    assert aim.actions == ()
    assert np.isnan(aim.shortfall)


def test_a_target_of_its_own_takes_a_city_out_of_no_law(porto_alegre):
    """Brazil's law asks for water for 99 of 100 by 2033, whatever a city has set itself; the same twice stands once."""

    def of_water(*targets: Target) -> list[tuple[str, float]]:
        return [(aim.whose, aim.value) for aim in aims_of(porto_alegre, *targets) if aim.name == "water_coverage"]

    assert of_water() == [("law", 0.99)]
    assert of_water(wanted("water_coverage", 0.5, "share", 2033)) == [("law", 0.99), ("city", 0.5)]
    assert of_water(wanted("water_coverage", 0.99, "share", 2033)) == [("city", 0.99)]


@pytest.mark.parametrize(("leader", "robust"), [("heat_action_plan", True), ("organics_collection", False)])
def test_robust_is_said_of_the_action_that_leads_in_the_draws(porto_alegre, monkeypatch, leader, robust):
    """By central values another may stand first: organics come first here and spare no one anything in money."""
    model = CityModel(replace(porto_alegre.city, targets=(wanted("heat_deaths", 100.0, "person/yr", 2040),)))
    monkeypatch.setattr(entries, "_verdict", lambda _ranking: ("first", (leader,), 0.6))
    found = entries.entry(model, START, draws=50)
    assert found.ranking[0].action == "organics_collection"
    assert found.robust == robust


def test_a_target_beyond_the_model_is_not_held_against_its_last_year(porto_alegre):
    """Net zero by 2060: what is expected of 2050 is not what is expected of 2060."""
    late, soon = wanted("heat_deaths", 0.0, "person/yr", 2060), wanted("heat_deaths", 0.0, "person/yr", 2050)
    far, near = (aim for aim in aims_of(porto_alegre, late, soon) if aim.whose == "city")
    assert np.isnan(far.expected)
    assert far.actions == ()
    assert "2050" in far.reason
    assert near.shortfall > 0
