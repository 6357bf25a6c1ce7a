"""A first city package from open defaults, so that a first diagnosis exists within seconds.

Every value is scaled from the country's figures or taken from a world table, is marked "default:" and
carries a range. Where no source gives a value it is left out, and what depends on it is not estimated.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from caminos.city.agreement import COVERED, DRY, ORGANIC
from caminos.city.climates import climate, climate_remark
from caminos.city.facts import DEFAULT, FACT_COLUMNS, known_fact
from caminos.city.national import BASE_YEAR, Table, Value, assumptions, city_table, national, prior
from caminos.city.package import City
from caminos.city.places import Country, Place, PlaceError, countries, find_place, plain
from caminos.city.settings import Settings, settings_toml
from caminos.city.vocabulary import vocabulary
from caminos.files import table_text, write_folder
from caminos.i18n import LANGUAGES, _
from caminos.model.axes import labels

GEONAMES = "GeoNames, places of 15,000 people or more, geonames.org/{id}"
HUB = 3.0  # t CO2e per person: above it a country is a hub whose mean says nothing of its cities
OPEN_LICENCE = "CC BY 4.0"
FIGURE_CITED = "figure cited from the publication"
UNKNOWN_FATE = 0.3  # share of the waste unaccounted for, above which the rest says too little
RECOVERED = 0.9  # of a stream: more than that is hardly ever recovered
STREAM_LOW, STREAM_HIGH = 0.6, 1.5  # times a stream's share: its range, within which it may be adjusted

Row = dict[str, object]


def city_waste(place: Place) -> Table:
    """What the World Bank's city table says of the place; empty if it is not there."""
    return city_table(place.country).get(plain(place.name), {})


def new_city(text: str, folder: str | Path | None = None, population: int | None = None) -> Path:
    """Write a package for the place named by `text` ("Rosario, Argentina") and return its folder.

    Without `folder` it is made in the current directory under the place's name. `population` replaces that of
    the place, for a jurisdiction of another extent such as a metropolitan area. Raises PlaceError for an
    unknown or ambiguous place and FileExistsError if the folder is there already; writes all or nothing.
    """
    place = find_place(text)
    if population is not None:
        place = replace(place, population=population, own_population=True)
    if place.population <= 0:
        raise PlaceError(_("The population of {name} is not known: give it with --population.", name=place.name))
    target = Path(folder) if folder else Path(identity(place))
    if target.exists():
        raise FileExistsError(_("{folder} exists already; nothing was written.", folder=target))
    rows = default_facts(place)
    contents = {
        "city.toml": settings_text(place, rows),
        "facts.csv": table_text(FACT_COLUMNS, rows),
    }
    write_folder(target, contents)
    return target


def identity(place: Place) -> str:
    """A name for folder and id: lower case, no accents, hyphens."""
    return "-".join("".join(letter if letter.isalnum() else " " for letter in plain(place.name)).split())


def default_facts(place: Place) -> list[Row]:
    """All the facts that open sources give for a place, as rows of facts.csv."""
    income = of_income(countries()[place.country].income)
    country = national(place.country)
    country = {**_absent(income, country), **known_fate(country, income)}
    city = known_fate(city_waste(place), country)
    waste = {**country, **_whole_groups(city, country)}
    rows = [
        *population_rows(place),
        *plain_rows(place.country),
        *electricity_rows(place),
        *stationary_rows(place),
        *road_rows(place),
        *other_emission_rows(place),
        *waste_rows(place, waste),
        *road_death_rows(place),
    ]
    order = {name: position for position, name in enumerate(vocabulary())}
    return sorted(rows, key=lambda row: order[str(row["name"])])


def known_fate(table: Table, others: Table) -> Table:
    """A table whose shares of treatment make up all waste that is collected.

    What is unaccounted for may be what nobody collects: the rest then is what is collected. Beyond that it is taken to
    be treated as in the `others` (the country, or countries of its income). If too much of it is unaccounted for, no
    share is left: the rest is not landfilled, dumped or recycled by default.
    """
    name = "waste_treatment_share"
    lost = table.get((name, "unaccounted_for"))
    if not lost:
        return table
    rest = {key: value for key, value in table.items() if key[0] != name}
    ways = {kind: value for (word, kind), value in table.items() if word == name and kind != "unaccounted_for"}
    coverage = {**others, **table}.get(("waste_collection_coverage", ""))
    collected = min(coverage.value if coverage else 1.0, 1.0)
    if 1 - lost.value >= COVERED * collected:
        return {**rest, **{(name, kind): value * (1 / (1 - lost.value)) for kind, value in ways.items()}}
    usual = {kind: value for (word, kind), value in others.items() if word == name}
    if lost.value > UNKNOWN_FATE or not usual:
        return rest
    note = f"{100 * lost.value:.0f} % of the waste is unaccounted for and taken to be treated as in {_whose(usual)}"
    nothing = Value(0, 0, 0, "share", lost.source, lost.year)
    shares = {}
    for kind in {**ways, **usual}:
        own, other = ways.get(kind, nothing), usual.get(kind, nothing)
        shares[name, kind] = Value(
            own.value + lost.value * other.value,
            own.low,
            min(1.0, own.high + lost.high * other.high),
            "share",
            lost.source,
            lost.year,
            note,
        )
    return {**rest, **shares}


def _whose(shares: dict[str, Value]) -> str:
    """Whose shares these are, by their source."""
    return "; ".join(dict.fromkeys(value.source for value in shares.values()))


def of_income(income: str) -> Table:
    """What the waste of countries of that income is like."""
    return {
        (name.removesuffix(f" of {income}"), kind): value
        for (name, kind), value in assumptions().items()
        if income and name.endswith(f" of {income}")
    }


def _absent(general: Table, own: Table) -> Table:
    """What is general, under the names of which a table has no figure that can be used."""
    known = {name for name, _kind in known_fate(own, general)}
    return {key: value for key, value in general.items() if key[0] not in known}


def _whole_groups(city: Table, country: Table) -> Table:
    """A city's shares replace the country's as a whole, so that kinds of two tables are never mixed."""
    given = {name for name, _kind in city}
    blanked = {
        key: Value(0, 0, 0, value.unit, value.source, value.year)
        for key, value in country.items()
        if key[0] in given and key[1]
    }
    return {**blanked, **city}


def _fact(name: str, value: Value, note: str, *, kind: str = "", year: int | None = None, quality: str = "C") -> Row:
    remark = "; ".join(part for part in (note, value.note) if part)
    return {
        "name": name,
        "zone": "",
        "group": "",
        "kind": kind,
        "year": value.year if year is None else year,
        "value": _short(value.value),
        "unit": vocabulary()[name].unit,
        "low": _short(value.low),
        "high": _short(value.high),
        "source": value.source,
        "quality": quality,
        "retrieved": "",
        "licence": OPEN_LICENCE,
        "note": f"{DEFAULT} {remark}",
    }


def _key_row(name: str, kind: str, key: str, note: str, source: str, year: int) -> Row:
    return {
        "name": name,
        "zone": "",
        "group": "",
        "kind": kind,
        "year": year,
        "value": key,
        "unit": vocabulary()[name].unit,
        "low": "",
        "high": "",
        "source": source,
        "quality": "C",
        "retrieved": "",
        "licence": OPEN_LICENCE,
        "note": f"{DEFAULT} {note}",
    }


def _short(value: float) -> str:
    text = f"{value:.4g}"
    return f"{float(text):.0f}" if "e+" in text else text


def _people(place: Place) -> Value:
    spread = assumptions()["population_range", ""]
    count = float(place.population)
    source = GEONAMES.format(id=place.id)
    return Value(count, count * spread.low, count * spread.high, "person", source, BASE_YEAR, spread.note)


def population_rows(place: Place) -> list[Row]:
    """People, from GeoNames or as given: the only value that is the place's own."""
    row = _fact("population", _people(place), "as GeoNames has it", quality="B")
    if place.own_population:
        row |= {"source": "given when the package was made", "note": f"{DEFAULT} name the census here"}
    return [{**row, "value": str(place.population)}]


def plain_rows(country: str) -> list[Row]:
    """Values that a city shares with its country: growth, grid, air, water."""
    names = (
        "population_growth",
        "gdp_growth",
        "grid_emission_factor",
        "grid_emission_factor_growth",
        "grid_renewable_share",
        "pm25_concentration",
        "water_coverage",
    )
    table = national(country)
    return [
        _fact(name, table[name, ""], "the country's value taken for the city") for name in names if (name, "") in table
    ]


def electricity_rows(place: Place) -> list[Row]:
    """Electricity delivered by sector, and gross domestic product: per person times people."""
    table, found = national(place.country), []
    if product := table.get(("gdp_per_person", "")):
        found.append(
            _fact("gdp", _scaled(product, place), "the country's product per person at market rates times people")
        )
    demand = table.get(("electricity_demand_per_person", ""))
    for sector in labels("sector"):
        share = assumptions().get(("electricity_sector_share", sector))
        if demand and share:
            delivered = _scaled(demand, place) * assumptions()["electricity_delivered_share", ""] * share
            note = "the country's demand per person times people, less losses, split by assumption"
            found.append(_fact("electricity_use", delivered, note, kind=sector, year=BASE_YEAR))
    return found


def _scaled(per_person: Value, place: Place) -> Value:
    """National value per person times the place's people; the range is that of the national value."""
    return per_person * float(place.population)


def stationary_rows(place: Place) -> list[Row]:
    """Emissions of fuels burnt in homes, commerce and industry."""
    table, found = national(place.country), []
    buildings = table.get(("buildings_emissions_per_person", ""))
    manufacturing = table.get(("manufacturing_emissions_per_person", ""))
    name = "stationary_fuel_emissions"
    if buildings:
        for sector in ("residential", "commercial"):
            value = _scaled(buildings, place) * assumptions()["buildings_fuel_share", sector]
            note = "the country's emissions per person times people, homes and commerce split by assumption"
            found.append(_fact(name, value, note, kind=sector, year=BASE_YEAR))
    if manufacturing:
        note = "the country's emissions per person times people; one plant more or less decides"
        found.append(_fact(name, _scaled(manufacturing, place), note, kind="industry", year=BASE_YEAR))
    if buildings or manufacturing:
        farms = _scaled(assumptions()["farm_fuel_emissions_per_person", ""], place)
        found.append(_fact(name, farms, "assumed, not known", kind="agriculture", year=BASE_YEAR))
    return found


def road_rows(place: Place) -> list[Row]:
    """Energy in road fuels, from the country's transport emissions per person."""
    table, guess = national(place.country), assumptions()
    transport = table.get(("transport_emissions_per_person", ""))
    if not transport:
        return []
    road = _scaled(transport, place) * guess["road_share_of_transport", ""]
    petrol = guess["petrol_share_of_road_energy", ""]
    # Emissions of a unit of mixed fuel, so that both parts together give the emissions of the country.
    mixed = petrol.value * guess["petrol_co2", ""].value + (1 - petrol.value) * guess["diesel_co2", ""].value
    energy = road * (1 / mixed)
    shares = {"gasoline": petrol, "diesel": _rest(petrol)}
    note = "from the country's transport emissions per person; petrol and diesel split by assumption"
    found = [
        _fact("road_fuel_energy", energy * share, note, kind=fuel, year=BASE_YEAR) for fuel, share in shares.items()
    ]
    known = table.get(("biofuel_energy_per_person", ""))
    biofuel = _scaled(known or guess["biofuel_unknown_per_person", ""], place) * 0.001
    ethanol = guess["ethanol_share_of_biofuel", ""]
    note = "the country's biofuel per person times people" if known else "no biofuel statistics: assumed, not known"
    for fuel, share in {"ethanol": ethanol, "biodiesel": _rest(ethanol)}.items():
        found.append(_fact("road_fuel_energy", biofuel * share, note, kind=fuel, year=BASE_YEAR))
    gas = "its emissions are within petrol and diesel: the country's series does not tell it apart"
    found.append(_key_row("road_fuel_energy", "natural_gas", "IE", gas, transport.source, BASE_YEAR))
    return found


def _rest(share: Value) -> Value:
    """What is left of 1."""
    return Value(1 - share.value, 1 - share.high, 1 - share.low, share.unit, share.source, share.year, share.note)


def other_emission_rows(place: Place) -> list[Row]:
    """International flights and ships, and industrial processes, as the country's mean: very rough."""
    given = {
        "aviation_emissions": (
            "bunker_emissions_per_person",
            "all international flights and ships of the country, "
            "per person times people; whether the city has an airport is not known",
        ),
        "industrial_process_emissions": (
            "industrial_process_emissions_per_person",
            "the country's emissions per person times people; one plant more or less decides",
        ),
    }
    table = national(place.country)
    return [
        _fact(name, _scaled(table[source, ""], place), note, year=BASE_YEAR)
        for name, (source, note) in given.items()
        if (source, "") in table and table[source, ""].value < HUB
    ]


def waste_rows(place: Place, table: Table) -> list[Row]:
    """Waste by what becomes of it, its composition and its collection."""
    found = []
    coverage = table.get(("waste_collection_coverage", ""))
    if coverage:
        found.append(
            _fact("waste_collection_coverage", coverage, "the figure for the city, or for cities of its country")
        )
    if pickers := table.get(("informal_recyclers", "")):
        found.append(_fact("informal_recyclers", pickers, "the city's own figure"))
    composition = {kind: value for (name, kind), value in table.items() if name == "waste_composition" and value.value}
    ways = {kind: value for (name, kind), value in table.items() if name == "waste_treatment_share" and value.value}
    shares = by_fate(ways)
    adjusted, remark = composition_that_holds(composition, shares)
    if composition:
        source, year = next((value.source, value.year) for value in composition.values())
        for stream in labels("waste_stream"):
            if stream in composition:
                note = "; ".join(part for part in ("kitchen and garden waste may be one", remark) if part)
                found.append(_fact("waste_composition", adjusted[stream], note, kind=stream))
            else:
                note = "not told apart by the source: included in the other streams"
                found.append(_key_row("waste_composition", stream, "IE", note, source, year))
    usual = adjusted or prior("waste_composition", place.country)
    generated = table.get(("waste_per_person", ""))
    if not generated or not ways:
        return found
    collected = _scaled(generated, place) * (coverage.value if coverage else 1.0)
    return [*found, *_fate_rows(collected, shares, usual), *_control_rows(place, ways)]


FATES = {
    "waste_landfilled": (
        "sanitary_landfill_landfill_gas_system",
        "controlled_landfill",
        "landfill_unspecified",
        "open_dump",
    ),
    "waste_sorted": ("recycling",),
    "waste_composted": ("compost",),
    "waste_digested": ("anaerobic_digestion",),
    "waste_incinerated": ("incineration", "advanced_thermal_treatment"),
    "waste_otherwise_treated": ("other", "waterways_marine"),
}
ORGANIC_FATES, DRY_FATES = ("waste_composted", "waste_digested"), ("waste_sorted",)


def by_fate(ways: dict[str, Value]) -> dict[str, Value]:
    """Shares of the waste by the facts in which they stand; they make up the whole."""
    whole = sum(ways[kind].value for kinds in FATES.values() for kind in kinds if kind in ways)
    found = {}
    for name, kinds in FATES.items():
        there = [ways[kind] for kind in kinds if kind in ways]
        if not whole:
            continue
        source, remark = next(((value.source, value.note) for value in there or ways.values()), ("", ""))
        low, high = sum(way.low for way in there), min(1.0, max(sum(way.high for way in there), 0.05))
        found[name] = Value(sum(way.value for way in there) / whole, low, high, "share", source, BASE_YEAR, remark)
    return found


def composition_that_holds(composition: dict[str, Value], shares: dict[str, Value]) -> tuple[dict[str, Value], str]:
    """A composition that holds what is recovered of it, and what was done to it.

    Treatment and composition are often of different years. Where more is recovered of the organic or of the dry
    streams than nine tenths of them, they are raised within their range, and the others lowered within theirs.
    """
    if not composition or not shares:
        return composition, ""
    groups = {
        stream: group for group, streams in enumerate((ORGANIC, DRY)) for stream in streams if stream in composition
    }
    have = [sum(composition[stream].value for stream in composition if groups.get(stream) == group) for group in (0, 1)]
    recovered = [sum(shares[name].value for name in names) for names in (ORGANIC_FATES, DRY_FATES)]
    need = [part / RECOVERED for part in recovered]
    if all(wanted <= there for wanted, there in zip(need, have, strict=True)):
        return composition, ""
    short = [group for group in (0, 1) if need[group] > have[group] > 0]
    rest = 1 - sum(have[group] for group in short)
    raised = {group: min(need[group], STREAM_HIGH * have[group]) - have[group] for group in short}
    room = rest - max([STREAM_LOW * rest, *(need[group] for group in (0, 1) if group not in short)])
    given = min(sum(raised.values()), max(0.0, room))
    if not given:
        return composition, ""
    part = given / sum(raised.values())
    factors = {group: 1 + part * more / have[group] for group, more in raised.items()}
    found = {}
    for stream, value in composition.items():
        share = value.value * factors.get(groups.get(stream, -1), 1 - given / rest)
        found[stream] = replace(value, value=share, low=min(value.low, share), high=max(value.high, share))
    return found, "adjusted within its range, for more is recovered than the streams of the source would hold"


def _fate_rows(collected: Value, shares: dict[str, Value], composition: dict[str, Value]) -> list[Row]:
    """Tonnes by fate. What is recovered beyond the streams that there are stands with the other fates."""
    limits = [
        RECOVERED * sum(composition[stream].value for stream in streams if stream in composition)
        for streams in (ORGANIC, DRY)
    ]
    beyond, found = 0.0, []
    for names, limit in ((ORGANIC_FATES, limits[0]), (DRY_FATES, limits[1])):
        given = sum(shares[name].value for name in names)
        if given > limit:
            beyond += given - limit
            note = "cut to what there is of the streams; the rest stands with the other fates"
            cut = limit / given
            shares = {
                **shares,
                **{
                    name: replace(
                        shares[name],
                        value=shares[name].value * cut,
                        low=shares[name].low * cut,
                        note="; ".join(part for part in (note, shares[name].note) if part),
                    )
                    for name in names
                    if shares[name].value
                },
            }
    for name, share in shares.items():
        note = "waste per person times people that are served times the share that goes there"
        if name == "waste_landfilled":
            note += " (dumps count as landfill); earlier years are taken to be like this one: too much where the city has grown"
        if name == "waste_otherwise_treated" and beyond:
            share = replace(share, value=share.value + beyond, high=max(share.high, share.value + beyond))
            note += "; with what is said to be recovered beyond the streams that there are"
        if not share.value:
            note = "the source accounts for all waste without it: none, up to 5 %"
        elif share.note != collected.note:
            note += f"; {share.note}" if share.note else ""
        found.append(_fact(name, collected * replace(share, note=""), note, year=BASE_YEAR))
    yields = Value(1, 0.75, 1, "share", shares["waste_sorted"].source, BASE_YEAR)
    found.append(_fact("sorting_yield", yields, "the source counts what is recycled; its rejects went another way"))
    return found


def _control_rows(place: Place, ways: dict[str, Value]) -> list[Row]:
    """The share that ends in controlled facilities.

    Of landfills of which no more is said a part counts as controlled, by the country's income; other ways of which no
    more is said do so where the income is high and the law leaves no other.
    """
    source = next(value.source for value in ways.values())
    accounted = sum(value.value for value in ways.values())
    income = countries()[place.country].income
    part = assumptions()["unspecified_landfill_controlled_share", income or "lower-middle income"]

    def share(*kinds: str) -> float:
        return sum(ways[kind].value for kind in kinds if kind in ways) / accounted

    known = 1 - share("open_dump", "waterways_marine", "landfill_unspecified", "other")
    known += share("other") if income == "high income" else 0.0
    unclear = share("landfill_unspecified")
    low, middle, high = (known + unclear * value for value in (part.low, part.value, part.high))
    note = "all but what the source says to be dumped or to have another fate"
    if unclear:
        note = f"of landfills of which the source says no more {100 * part.value:.0f} % count as controlled (assumed)"
    controlled = Value(middle, max(0.0, low - 0.1), min(1.0, high + 0.1), "share", source, 2016)
    return [_fact("waste_controlled_share", controlled, note)]


def road_death_rows(place: Place) -> list[Row]:
    """People killed on roads by mode: the rate of the region times people, in the proportions of the world."""
    (rate,) = prior("road_death_rate_prior", place.country).values()
    note = "the rate of the region times people, by mode as in the world; cities lie below their country"
    rows = []
    for mode, share in prior("road_death_mode_prior", place.country).items():
        if share.value:
            rows.append(_fact("road_deaths", _scaled(rate, place) * share, note, kind=mode))
        else:
            rows.append(_key_row("road_deaths", mode, "NO", share.note, share.source, share.year))
    return [{**row, "licence": FIGURE_CITED} for row in rows]


def missing_names(rows: Iterable[Row]) -> list[str]:
    """Names of the vocabulary for which there is no default."""
    given = {str(row["name"]) for row in rows}
    return [name for name in vocabulary() if name not in given and name != "inventory_emissions"]


def settings_text(place: Place, rows: list[Row]) -> str:
    """The content of city.toml, beginning with what was left out."""
    country = countries()[place.country]
    note = [
        _(
            "Made from open defaults for {name}, {country}: only the population, and the waste of cities in the World "
            "Bank's table, are the city's own.",
            name=place.name,
            country=country.name,
        ),
        _("Replace the defaults one by one in facts.csv: those with the widest range first."),
        _(
            "No open source gives these for the city. Where the model has a prior for a region it takes that, marked as "
            "a default of quality C; the rest, and what depends on it, is not estimated: {names}.",
            names=", ".join(missing_names(rows)),
        ),
        _(
            "Place and population: GeoNames (CC BY 4.0), latitude {latitude}, longitude {longitude}.",
            latitude=place.latitude,
            longitude=place.longitude,
        ),
    ]
    settings = default_settings(place, identity(place), "\n".join(note))
    return settings_toml(settings, {"climate": _climate_remark(place)})


def default_settings(place: Place, id: str, notes: str = "") -> Settings:
    """What city.toml says of a place until somebody knows better."""
    country = countries()[place.country]
    return Settings(
        id=id,
        name=place.name,
        country=place.country,
        region=tuple(country.region),
        climate=climate(place),
        currency=country.currency or "USD",
        language=_language(country),
        base_year=BASE_YEAR,
        gwp="AR5",
        notes=notes,
    )


def made_city(place: Place) -> City:
    """The city that `caminos new` would write for a place, without a file; its id ends with the place's number."""
    settings = default_settings(place, f"{identity(place)}-{place.id}")
    facts = tuple(known_fact(row, line) for line, row in enumerate(default_facts(place), 2))
    return City(path=Path(settings.id), facts=facts, **vars(settings))


def _climate_remark(place: Place) -> str:
    """What stands above the climate in city.toml."""
    remark = [
        climate_remark(place),
        _("Others: dry temperate, wet temperate, dry tropical, wet tropical."),
        _(
            "It decides how fast waste decays in landfills; besides, how long the hot season is, how many homes are "
            "cold, what a retrofit saves, what water young trees need and the canopy taken where none is measured."
        ),
    ]
    return "\n".join(remark)


def _language(country: Country) -> str:
    return country.language if country.language in LANGUAGES else "en"
