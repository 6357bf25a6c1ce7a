"""What several tests share: the model of Porto Alegre, built once a process."""

from __future__ import annotations

from pathlib import Path

import pytest

from caminos.city.package import read_city
from caminos.planning.city_model import CityModel

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session")
def porto_alegre() -> CityModel:
    """The model of the example city."""
    return CityModel(read_city(ROOT / "cities" / "porto-alegre"))
