"""The climate of a place as the landfill model tells climates apart: dry or wet, tropical or temperate."""

from __future__ import annotations

import csv
import gzip
import io
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from caminos.city.places import Place
from caminos.i18n import _, number

TROPICAL_FROM = 20.0  # degC, mean of the year: IPCC 2006, vol. 5, ch. 3, table 3.3
DRY = "B"  # the first letter of Köppen's dry climates
HOT = "A"  # that of climates without a month below 18 degC
OFF_BY = 2.5  # degC by which a cell of 28 km may miss a city in mountains or on a coast
TROPIC = 23.5  # degrees of latitude


@dataclass(frozen=True)
class Climate:
    """Köppen-Geiger class and mean temperature of the year (degC) of the land cell of 0.25 degrees at a place."""

    koppen: str
    mean: float


@cache
def _table() -> dict[str, Climate]:
    packed = files("caminos.city").joinpath("climates.csv.gz").read_bytes()
    rows = csv.DictReader(io.StringIO(gzip.decompress(packed).decode("utf-8")))
    return {row["id"]: Climate(row["koppen"], float(row["mean"])) for row in rows}


def climate_at(place: Place) -> Climate | None:
    """What the table of climates says of a place; None where no land cell lies near."""
    return _table().get(place.id)


def climate(place: Place) -> str:
    """The climate of a place until someone sets it: one of the four of the IPCC's landfill model.

    Dry in Köppen's group B; tropical where the mean of the year is above 20 degC (IPCC 2006). Where no land cell lies
    near it is taken to be wet, and tropical between the tropics: those places are islets.
    """
    known = climate_at(place)
    if known is None:
        return "wet tropical" if abs(place.latitude) < TROPIC else "wet temperate"
    dry = known.koppen.startswith(DRY)
    return f"{'dry' if dry else 'wet'} {'tropical' if known.mean > TROPICAL_FROM else 'temperate'}"


def climate_remark(place: Place) -> str:
    """On what the climate of a place rests, and how far to trust it, line by line."""
    known = climate_at(place)
    if known is None:
        return _("Default from the latitude, taken to be wet: no land cell of the table of climates lies near.")
    remark = _(
        "Default from the place: Köppen {koppen}, mean of the year {mean} °C. Group B is dry; above 20 °C is tropical.",
        koppen=known.koppen,
        mean=number(known.mean),
    )
    hot_months = known.koppen.startswith(HOT)  # of which a cell in the mountains around knows nothing
    if abs(known.mean - TROPICAL_FROM) > OFF_BY and not (hot_months and known.mean <= TROPICAL_FROM):
        return remark
    doubt = _(
        "In doubt at the bound of 20 °C: a cell of 28 km may be off by {off} °C and more in mountains and on coasts. "
        "Check it.",
        off=number(OFF_BY),
    )
    return f"{remark}\n{doubt}"
