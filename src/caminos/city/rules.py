"""Rules that hold between the parts of any city: its inventory, its facts, its map.

Each rule takes a city and returns problems; where its input is missing it says "not checkable" and
names what is missing. A rule warns and never corrects.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from functools import cache
from importlib.resources import files
from math import cos, hypot, isfinite, radians
from statistics import median

import numpy as np

from caminos.city.agreement import AGREEMENTS, COVERED, FATES, ratios
from caminos.city.facts import FACTS, Fact
from caminos.city.inputs import inputs_of
from caminos.city.inventory import InventoryRow, gpc
from caminos.city.national import city_table, national
from caminos.city.package import City
from caminos.city.places import PlaceError, find_place
from caminos.city.plausible import by_kind, total
from caminos.city.settings import CLIMATES, GWP_SETS, SETTINGS
from caminos.city.zones import ZONES
from caminos.i18n import _, number
from caminos.problems import ERROR, NOT_CHECKABLE, WARNING, Problem

INVENTORY = "inventory.csv"
SUBSECTORS = {"residential": "I.1", "commercial": "I.2", "industry": "I.3", "agriculture": "I.5"}
NEAR = 1.5  # a factor within which two independent figures may differ without a warning
FAR_FROM_PLACE = 100  # km between the map and the place of that name

Rule = Callable[[City], list[Problem]]


@cache
def rule_values() -> dict[tuple[str, str], float]:
    """Factors of rule_values.csv by name and kind."""
    text = files("caminos.city").joinpath("rule_values.csv").read_text(encoding="utf-8")
    return {(row["name"], row["kind"]): float(row["value"]) for row in csv.DictReader(text.splitlines())}


def check_rules(city: City) -> list[Problem]:
    """Every rule in turn; without an inventory those that need it are named once."""
    problems = [problem for rule in CITY_RULES for problem in rule(city)]
    if not city.inventory:
        message = _("There is no published inventory: its rows cannot be compared with the facts.")
        fix = _("Add inventory.csv, row by row as it was published.")
        return [*problems, Problem(NOT_CHECKABLE, INVENTORY, None, "", message, fix)]
    return [*problems, *(problem for rule in INVENTORY_RULES for problem in rule(city))]


# --- the inventory's own rows -------------------------------------------------------------------------------


def numeric(city: City, reference: str) -> list[InventoryRow]:
    """Rows of one GPC reference that carry a number."""
    return [row for row in city.inventory if row.reference == reference and not row.notation]


def emissions(city: City, *references: str) -> float | None:
    """Sum of the rows with these references in t CO2e; None if none carries a number."""
    rows = [row for reference in references for row in numeric(city, reference)]
    return sum(row.emissions for row in rows) if rows else None


def missing(rule: str, names: Iterable[str], file: str = FACTS) -> Problem:
    """A rule that lacks its input."""
    message = _("{rule}: missing: {names}.", rule=rule, names=", ".join(names))
    return Problem(NOT_CHECKABLE, file, None, "", message, "")


def grid_losses(city: City) -> list[Problem]:
    """Emissions of grid losses (I.x.3) over those of grid energy (I.x.2), against the grid's loss share.

    The loss share is of generation, so losses over deliveries are share / (1 - share).
    """
    title = _("grid losses in the inventory")
    pairs = [
        (row, use)
        for sector in range(1, 7)
        for row in numeric(city, f"I.{sector}.3")
        if (use := emissions(city, f"I.{sector}.2"))
    ]
    if not pairs:
        return [missing(title, ["I.x.2", "I.x.3"], INVENTORY)]
    share = city.value("grid_loss_share")
    if not 0 < share < 1:
        return [missing(title, ["grid_loss_share"])]
    expected = share / (1 - share)
    wrong = [(row, row.emissions / use) for row, use in pairs if not 1 / NEAR < row.emissions / use / expected < NEAR]
    if not wrong:
        return []
    ratio = median(ratio for _row, ratio in wrong)
    message = _(
        "Losses are {ratio} % of the grid energy in {references}; the grid loses {share} % of generation, which is "
        "{expected} % of deliveries.",
        ratio=number(100 * ratio, 4),
        references=", ".join(row.reference for row, _ratio in wrong),
        share=number(100 * share, 4),
        expected=number(100 * expected, 4),
    )
    return [Problem(WARNING, INVENTORY, wrong[0][0].row, "emissions", message, _slip(ratio, share, expected))]


def _slip(ratio: float, share: float, expected: float) -> str:
    for power in (10, 100, 1000):
        if abs(share / ratio / power - 1) < 0.03:
            return _("Exactly {power} times too small: the decimal point has slipped.", power=power)
        if abs(ratio / share / power - 1) < 0.03:
            return _("Exactly {power} times too large: the decimal point has slipped.", power=power)
    if ratio < expected:
        return _("About {factor} times too small.", factor=number(expected / ratio, 2))
    return _("About {factor} times too large.", factor=number(ratio / expected, 2))


def missing_electricity(city: City) -> list[Problem]:
    """Losses without the energy that was lost: I.x.3 present while I.x.2 is absent."""
    found = []
    for sector in range(1, 7):
        losses = numeric(city, f"I.{sector}.3")
        if losses and not numeric(city, f"I.{sector}.2"):
            message = _(
                "{losses} has {value} t CO2e of grid losses, but {use} has no number.",
                losses=f"I.{sector}.3",
                use=f"I.{sector}.2",
                value=number(losses[0].emissions, 4),
            )
            fix = _("The electricity of {reference} is missing from the sum.", reference=f"I.{sector}.2")
            found.append(Problem(WARNING, INVENTORY, losses[0].row, "reference", message, fix))
    return found


def absent_references(city: City) -> list[Problem]:
    """GPC references that no row mentions: absent is neither zero nor not estimated."""
    there = {row.reference for row in city.inventory}
    absent = [reference for reference in gpc() if reference not in there and not reference.startswith("VI")]
    if not absent:
        return []
    message = _("No row mentions {references}.", references=", ".join(absent))
    fix = _("Add them with NO or NE and the reason: an absent row is read as not estimated.")
    return [Problem(WARNING, INVENTORY, None, "reference", message, fix)]


def gases_and_rows(city: City) -> list[Problem]:
    """The three gases of a row, which should make up its emissions."""
    found = []
    for row in city.inventory:
        parts = [part for part in (row.co2, row.ch4, row.n2o) if part is not None]
        if row.notation or not parts:
            continue
        if abs(sum(parts) - row.emissions) > max(1.0, 0.01 * abs(row.emissions)):
            message = _(
                "The gases of {reference} add up to {sum} t CO2e, the row has {value}.",
                reference=row.reference,
                sum=number(sum(parts), 6),
                value=number(row.emissions, 6),
            )
            fix = _("Give the gases in t CO2e, or correct one of them.")
            found.append(Problem(WARNING, INVENTORY, row.row, "co2", message, fix))
    return found


def sector_totals(city: City) -> list[Problem]:
    """Sums of rows against the sector totals that were published with them."""
    title = _("sums of the inventory")
    if city.inventory_totals is None:
        return [missing(title, ["[inventory_totals]"], SETTINGS)]
    found = []
    for sector, published in city.inventory_totals.tonnes().items():
        rows = [row for row in city.inventory if gpc()[row.reference].sector == sector and not row.notation]
        value = sum(row.emissions for row in rows)
        if abs(value - published) > max(0.5, 1e-5 * abs(published)):
            message = _(
                "The rows of sector {sector} add up to {sum} t CO2e, published are {value}.",
                sector=sector,
                sum=number(value, 8),
                value=number(published, 8),
            )
            fix = _(
                "A row is missing, doubled or mistyped: difference {difference}.",
                difference=number(value - published, 6),
            )
            found.append(Problem(WARNING, INVENTORY, None, sector, message, fix))
    return found


# --- the inventory against the facts ------------------------------------------------------------------------


def composting(city: City) -> list[Problem]:
    """Emissions of composting per tonne, against the factors for wet weight."""
    title = _("composting emissions per tonne")
    rows = [*numeric(city, "III.2.1"), *numeric(city, "III.2.2")]
    tonnes, digested = city.value("waste_composted"), city.fact("waste_digested")
    lacking = [
        name
        for name, absent in (
            ("III.2.1", not rows),
            ("waste_composted", not tonnes > 0),
            ("gwp", city.gwp not in GWP_SETS),
        )
        if absent
    ]
    if lacking:
        return [missing(title, lacking)]
    if digested and digested.value > 0:
        return [missing(title, [_("composting apart from digestion")])]
    value = sum(row.emissions for row in rows) / tonnes
    expected = (
        rule_values()["compost_ch4", ""] * rule_values()["gwp_ch4", city.gwp]
        + rule_values()["compost_n2o", ""] * rule_values()["gwp_n2o", city.gwp]
    )
    ratio = value / expected
    if 1 / NEAR < ratio < NEAR:
        return []
    message = _(
        "Composting emits {value} t CO2e per tonne, {ratio} times the {expected} of the factors for wet weight "
        "(4 g CH4 and 0.24 g N2O per kg, {gwp}).",
        value=number(value),
        ratio=number(ratio, 2),
        expected=number(expected),
        gwp=city.gwp,
    )
    fix = (
        _("Factors for dry weight (2.5 times) were used on wet tonnes.")
        if 2.2 < ratio < 2.8
        else _("Check tonnes and factor.")
    )
    return [Problem(WARNING, INVENTORY, rows[0].row, "emissions", message, fix)]


def landfill(city: City) -> list[Problem]:
    """Methane per tonne landfilled, against what the waste can give and what is said to be collected."""
    title = _("landfill methane per tonne")
    rows = [*numeric(city, "III.1.1"), *numeric(city, "III.1.2")]
    tonnes, carbon = _tonnes_landfilled(city), _degradable_carbon(city)
    lacking = [
        name
        for name, absent in (
            ("III.1.1, III.1.2", not rows),
            ("waste_landfilled", not tonnes),
            ("waste_composition", carbon is None),
            ("gwp", city.gwp not in GWP_SETS),
        )
        if absent
    ]
    if lacking or not tonnes or carbon is None:
        return [missing(title, lacking)]
    gas = sum(row.ch4 if row.ch4 is not None else row.emissions for row in rows)
    value = gas / rule_values()["gwp_ch4", city.gwp] / tonnes * 1000
    low, high = (1000 * carbon * rule_values()["landfill_methane_per_carbon", end] for end in ("low", "high"))
    collected = city.fact("landfill_gas_collected_share")
    share = collected.value if collected else 0.0
    values = {"value": number(value), "low": number(low), "high": number(high)}
    if value > high * NEAR or value < low * (1 - max(share, 0.0)) / 3:
        message = _(
            "The landfill emits {value} kg CH4 per tonne; this waste can give {low} to {high} without recovery.",
            **values,
        )
        return [Problem(WARNING, INVENTORY, rows[0].row, "emissions", message, _("Check tonnes, year and factor."))]
    if collected is None:
        return [missing(title, ["landfill_gas_collected_share"])]
    if share > 0 and value > high * (1 - share):
        message = _(
            "The landfill emits {value} kg CH4 per tonne, the full potential of this waste ({low} to {high}): no "
            "recovery was assumed, while landfill_gas_collected_share is {share}.",
            share=number(share),
            **values,
        )
        fix = _("One of the two is wrong; the share's quality is {quality}.", quality=collected.quality)
        return [Problem(WARNING, INVENTORY, rows[0].row, "emissions", message, fix)]
    return []


def _tonnes_landfilled(city: City) -> float | None:
    value = city.value("waste_landfilled")
    return value if value > 0 else None


def _degradable_carbon(city: City) -> float | None:
    parts = [fact for fact in by_kind(city.facts, "waste_composition") if isfinite(fact.value)]
    if not parts:
        return None
    return sum(fact.value * rule_values().get(("degradable_carbon", fact.kind), 0.0) for fact in parts)


def electricity_factor(city: City) -> list[Problem]:
    """Emissions of grid energy over electricity used, against the grid factor."""
    title = _("grid energy in the inventory")
    grid = city.value("grid_emission_factor")
    uses = {fact.kind: fact for fact in by_kind(city.facts, "electricity_use") if fact.value > 0}
    lacking = [
        name for name, absent in (("grid_emission_factor", not grid >= 0), ("electricity_use", not uses)) if absent
    ]
    if lacking:
        return [missing(title, lacking)]
    found = []
    for sector, fact in uses.items():
        rows = numeric(city, f"{SUBSECTORS.get(sector)}.2")
        if not rows:
            continue
        value = sum(row.emissions for row in rows) / fact.value
        if not grid / NEAR <= value <= grid * NEAR:  # a grid that burns nothing has a factor of zero
            message = _(
                "{reference} over the electricity used gives {value} t CO2e/MWh; the grid factor is {grid}.",
                reference=rows[0].reference,
                value=number(value),
                grid=number(grid),
            )
            fix = _(
                "Check the electricity of {kind} ({file} line {row}), its year and the factor's.",
                kind=sector,
                file=fact.file,
                row=fact.row,
            )
            found.append(Problem(WARNING, INVENTORY, rows[0].row, "emissions", message, fix))
    return found


def road_fuel(city: City) -> list[Problem]:
    """Emissions of road traffic against the energy in its fuels."""
    title = _("road traffic in the inventory")
    rows = numeric(city, "II.1.1")
    fuels = [fact for fact in by_kind(city.facts, "road_fuel_energy") if isfinite(fact.value)]
    expected = sum(fact.value * rule_values().get(("road_co2", fact.kind), 0.0) for fact in fuels)
    lacking = [name for name, absent in (("II.1.1", not rows), ("road_fuel_energy", not expected)) if absent]
    if lacking:
        return [missing(title, lacking)]
    value = sum(row.emissions for row in rows)
    if 1 / NEAR < value / expected < NEAR:
        return []
    message = _(
        "II.1.1 has {value} t CO2e; the fuels in road_fuel_energy emit {expected}.",
        value=number(value),
        expected=number(expected),
    )
    return [Problem(WARNING, INVENTORY, rows[0].row, "emissions", message, _("Check fuels, units and years."))]


def emissions_per_person(city: City) -> list[Problem]:
    """Sectors of the inventory per person, against the country's."""
    title = _("inventory per person")
    people = city.value("population")
    table = national(city.country)
    sectors = {
        "transport_emissions_per_person": ("II.1.1", "II.1.2", "II.2.1", "II.2.2"),
        "buildings_emissions_per_person": ("I.1.1", "I.2.1"),
        "manufacturing_emissions_per_person": ("I.3.1",),
    }
    if not people > 0:
        return [missing(title, ["population"])]
    found = []
    for name, references in sectors.items():
        usual, value = table.get((name, "")), emissions(city, *references)
        if usual is None or value is None:
            lacking = [part for part, absent in ((name, usual is None), (references[0], value is None)) if absent]
            found.append(missing(title, lacking))
            continue
        per_person = value / people
        if not usual.low / 2 <= per_person <= usual.high * 2:
            row = next(row for reference in references for row in numeric(city, reference))
            message = _(
                "{references}: {value} t CO2e per person; the country has {usual}.",
                references=", ".join(references),
                value=number(per_person),
                usual=number(usual.value),
            )
            fix = _("Check unit, boundary and missing rows.")
            found.append(Problem(WARNING, INVENTORY, row.row, "emissions", message, fix))
    return found


# --- facts, map and place -----------------------------------------------------------------------------------


def waste_like_others(city: City) -> list[Problem]:
    """Waste per person against cities of the same country."""
    title = _("waste per person against similar cities")
    others = [
        table["waste_per_person", ""].value
        for table in city_table(city.country).values()
        if ("waste_per_person", "") in table
    ]
    people, _facts = total(city.facts, "population")
    tonnes = [total(city.facts, name)[0] for name in FATES]
    lacking = [
        name
        for name, absent in (
            ("population", not people),
            ("waste_landfilled", not tonnes[0]),
            (_("three cities of the country"), len(others) < 3),
        )
        if absent
    ]
    if lacking or not people:
        return [missing(title, lacking)]
    value = sum(part or 0.0 for part in tonnes) / people
    usual = median(others)
    if min(others) / 2 <= value <= max(others) * 2 and 0.3 < value / usual < 3:
        return []
    message = _(
        "Waste is {value} t per person and year; {count} cities of the country have {low} to {high}, median {usual}.",
        value=number(value),
        count=len(others),
        low=number(min(others)),
        high=number(max(others)),
        usual=number(usual),
    )
    fact = by_kind(city.facts, "waste_landfilled")[0]
    fix = _("Check tonnes, people and whether all of it is municipal.")
    return [Problem(WARNING, fact.file, fact.row, "value", message, fix)]


def agreements(city: City) -> list[Problem]:
    """Facts of which not all can be true: what rests on them is not estimated until they agree."""
    compared = ratios(inputs_of([city], np.array([city.base_year])), 1)
    found = []
    for agreement in AGREEMENTS:
        ratio = compared[agreement.name]
        if not ratio.fails(agreement)[0]:
            continue
        facts = [fact for name in agreement.facts for fact in by_kind(city.facts, name)]
        names = [name for name in agreement.facts if any(fact.name == name for fact in facts)]
        if agreement.facts[-1] not in names:
            names.append(agreement.facts[-1])
        values = {
            "names": ", ".join(names[:-1]),
            "part": number(float(ratio.part[0]), 4),
            "whole": number(float(ratio.whole[0]), 4),
            "other": names[-1],
        }
        if ratio.part[0] < agreement.least * ratio.whole[0]:
            message = _(
                "{names} make up {part} t a year, less than {least} % of the {whole} t of {other}.",
                **values,
                least=number(100 * COVERED),
            )
        else:
            message = _(
                "{names} make up {part} t a year; {other} leaves only {whole} t.",
                **values,
            )
        fix = _("They cannot all be right: correct one. Until they agree what rests on them is not estimated.")
        found.append(Problem(ERROR, facts[0].file, facts[0].row, "value", message, fix))
    return found


def areas(city: City) -> list[Problem]:
    """The area as a fact, in the profile ([profile] area in city.toml) and as the sum of the zones."""
    title = _("area")
    given: dict[str, tuple[float, str, int | None]] = {}
    fact = city.fact("area")
    if fact and fact.value > 0:
        given[_("the fact area")] = (fact.value, fact.file, fact.row)
    if city.zones:
        given[_("the sum of the zones")] = (sum(zone.area for zone in city.zones), ZONES, None)
    if city.profile:
        given[_("the profile")] = (city.profile.square_kilometres, SETTINGS, None)
    if len(given) < 2:
        absent = [name for name, there in (("area", fact), (ZONES, city.zones)) if not there]
        return [missing(title, absent or ["[profile] area"])]
    reference = next(iter(given))
    base = given[reference][0]
    found = []
    for name, (value, file, row) in given.items():
        if abs(value / base - 1) > 0.05:
            message = _(
                "Area: {name} gives {value} km2, {reference} {base} km2.",
                name=name,
                value=number(value, 4),
                reference=reference,
                base=number(base, 4),
            )
            fix = _("One is wrong, or the map lacks zones or counts some twice.")
            found.append(Problem(WARNING, file, row, "area", message, fix))
    return found


def zone_places(city: City) -> list[Problem]:
    """Whether the map lies where the place of that name lies."""
    if not city.zones:
        message = _("There is no {file}: maps and values by zone are not estimated.", file=ZONES)
        return [Problem(NOT_CHECKABLE, ZONES, None, "", message, _("Add the zones as GeoJSON when you have them."))]
    try:
        place = find_place(f"{city.name}, {city.country}")
    except PlaceError:
        return [missing(_("place of the map"), [f"{city.name}, {city.country} (GeoNames)"], ZONES)]
    centres = [zone.geometry.centroid for zone in city.zones]
    longitude, latitude = median(centre.x for centre in centres), median(centre.y for centre in centres)
    away = _distance(latitude, longitude, place.latitude, place.longitude)
    if away > FAR_FROM_PLACE:
        message = _("The zones lie {distance} km from {place}.", distance=number(away), place=place.name)
        swapped = _distance(longitude, latitude, place.latitude, place.longitude) < FAR_FROM_PLACE
        fix = (
            _("Longitude and latitude are swapped: GeoJSON has longitude first.")
            if swapped
            else _("It is another place, or another projection: export as WGS84.")
        )
        return [Problem(WARNING, ZONES, None, "geometry", message, fix)]
    strays = [
        zone.id
        for zone, centre in zip(city.zones, centres, strict=True)
        if _distance(centre.y, centre.x, latitude, longitude) > FAR_FROM_PLACE
    ]
    if strays:
        message = _("Far from all other zones: {zones}.", zones=", ".join(strays))
        return [Problem(WARNING, ZONES, None, "geometry", message, _("Check their coordinates."))]
    return []


def _distance(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Distance in km on a sphere unrolled at the place, good enough below a few hundred km."""
    east = (longitude - other_longitude) * cos(radians(latitude)) * 111.3
    return hypot(east, (latitude - other_latitude) * 111.3)


def climate(city: City) -> list[Problem]:
    """The climate zone, which decides how fast waste decays."""
    if city.climate:
        return []
    message = _("climate is empty: what depends on it (landfill gas) is not estimated.")
    fix = _("One of: {known}.", known=", ".join(CLIMATES))
    return [Problem(NOT_CHECKABLE, SETTINGS, None, "climate", message, fix)]


def default_facts(city: City) -> list[Problem]:
    """How much of the city is still its country's mean."""
    defaults: list[Fact] = [fact for fact in city.facts if fact.default]
    if len(defaults) <= len(city.facts) / 2:
        return []
    message = _("{count} of {all} facts are defaults, not the city's own.", count=len(defaults), all=len(city.facts))
    return [Problem(WARNING, defaults[0].file, defaults[0].row, "note", message, _("Replace them one by one."))]


CITY_RULES: tuple[Rule, ...] = (climate, zone_places, areas, agreements, waste_like_others, default_facts)
INVENTORY_RULES: tuple[Rule, ...] = (
    sector_totals,
    absent_references,
    gases_and_rows,
    grid_losses,
    missing_electricity,
    electricity_factor,
    road_fuel,
    composting,
    landfill,
    emissions_per_person,
)
