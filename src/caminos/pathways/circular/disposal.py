"""Waste that is disposed of (stands in until the balance is merged)."""

from caminos.model.axes import Array
from caminos.model.indicator import indicator


@indicator(unit="kg/person/yr", source="mass balance")
def waste_disposed_per_person(waste_landfilled: Array, population: Array, tonnes_per_kilogram: Array) -> Array:
    """Municipal waste put into landfills per person."""
    return waste_landfilled / population / tonnes_per_kilogram


@indicator(unit="kg/person/yr", source="SDG 11.6.1")
def waste_uncontrolled_per_person(
    waste_landfilled: Array, waste_controlled_share: Array, population: Array, tonnes_per_kilogram: Array
) -> Array:
    """Municipal waste that is not managed in controlled facilities."""
    return waste_landfilled * (1 - waste_controlled_share) / population / tonnes_per_kilogram
