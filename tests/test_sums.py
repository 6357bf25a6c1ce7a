"""A sum over kinds of which one is unknown is not estimated, or says what it leaves out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from caminos.city.facts import Fact
from caminos.model.axes import labels, total_among, total_but
from caminos.planning.city_model import CityModel
from caminos.planning.results import caveats

NAN = float("nan")


def sectors(**values: float) -> np.ndarray:
    return np.array([float(values.get(name, 0)) for name in labels("sector")]).reshape(1, 1, 1, 1, 1, -1)


def test_only_the_named_parts_may_be_missing() -> None:
    known = sectors(residential=1, commercial=2, industry=4, agriculture=8)
    assert total_but(known, "sector", "agriculture").item() == 15
    assert total_but(sectors(residential=1, commercial=2, industry=4, agriculture=NAN), "sector", "agriculture") == 7
    assert np.isnan(total_but(sectors(residential=1, commercial=NAN), "sector", "agriculture")).all()
    assert np.isnan(total_but(np.full_like(known, NAN), "sector", *labels("sector")))
    pair = ("commercial", "industry")
    assert total_among(sectors(residential=NAN, commercial=2, industry=4), "sector", pair).item() == 6
    assert np.isnan(total_among(sectors(residential=1, commercial=2, industry=NAN), "sector", pair))
    assert total_among(sectors(residential=1, commercial=2, industry=NAN), "sector", pair, ("industry",)).item() == 2


def with_fact(model: CityModel, name: str, kind: str, value: float, notation: str) -> CityModel:
    """The same city with one fact of another value."""

    def changed(fact: Fact) -> Fact:
        if (fact.name, fact.kind, fact.zone) != (name, kind, ""):
            return fact
        return replace(fact, value=value, low=None, high=None, notation=notation)

    assert any((fact.name, fact.kind) == (name, kind) for fact in model.city.facts)
    return CityModel(replace(model.city, facts=tuple(map(changed, model.city.facts))))


@pytest.mark.parametrize(
    ("name", "kind", "target"),
    [
        ("road_deaths", "car", "road_deaths"),
        ("electricity_use", "residential", "fossil_energy_per_person"),
        ("electricity_use", "industry", "renewable_energy_share"),
        ("stationary_fuel_emissions", "industry", "nox_emitted"),
        ("stationary_fuel_emissions", "residential", "pm25_emitted"),
        ("stationary_fuel_emissions", "residential", "carbon_dioxide"),
        ("road_fuel_energy", "diesel", "road_fuel_emissions"),
        ("stationary_fuel_emissions", "commercial", "emissions_all_estimated"),
    ],
)
def test_an_unknown_part_is_not_counted_as_nothing(porto_alegre, name, kind, target) -> None:
    unknown = with_fact(porto_alegre, name, kind, NAN, "NE")
    assert not np.isnan(porto_alegre.run([target])[target]).any()
    assert np.isnan(unknown.run([target])[target]).all()
    none = with_fact(porto_alegre, name, kind, 0.0, "NO")
    assert not np.isnan(none.run([target])[target]).any()


def test_a_sum_that_goes_without_a_part_says_so(porto_alegre) -> None:
    name = "other_avoidable_deaths"
    before = caveats(porto_alegre, name)
    after = caveats(with_fact(porto_alegre, "road_deaths", "car", NAN, "NE"), name)
    said = [text for text in after if text not in before]
    assert said
    assert "road deaths" in said[0].lower()
