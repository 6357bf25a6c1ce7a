"""Safety: violence between people."""

from caminos.model.axes import Array
from caminos.model.indicator import indicator


@indicator(unit="person/hundred_thousand_people/yr", dims="", source="SDG 16.1.1; base year alone, no trend assumed")
def homicide_rate(base_homicides: Array, base_population: Array, people_per_hundred_thousand: Array) -> Array:
    """People killed by intentional homicide in a year per 100,000 people, as observed."""
    return base_homicides / base_population * people_per_hundred_thousand
