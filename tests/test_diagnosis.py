"""The diagnosis: benefits over costs of flood protection, and the inventory beside the model."""

from __future__ import annotations

import pytest

from caminos.planning.diagnosis import protection_benefit_cost, published_sectors
from caminos.planning.entry import entry


def test_flood_protection_is_worth_what_the_ranking_says(porto_alegre):
    found = protection_benefit_cost(porto_alegre, 2026)
    ranked = next(item for item in entry(porto_alegre, 2026).ranking if item.action == "flood_protection")
    assert found.low < found.value < found.high
    assert found.value == pytest.approx(ranked.benefit_cost)


def test_the_published_sectors_are_those_of_the_publisher(porto_alegre):
    sectors = published_sectors(porto_alegre.city)
    published = {"stationary": 318470.413, "transport": 1169883.372, "waste": 680580.997, "land": -1546.654}
    assert {name: sectors[name] for name in published} == pytest.approx(published)
