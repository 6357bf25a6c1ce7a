"""Where a city stands: every headline against its target, its inventory, and what is not known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from caminos.city.package import City
from caminos.city.settings import OwnInventory
from caminos.model import DRAWS
from caminos.model.axes import labels
from caminos.model.indicator import Source
from caminos.model.values import NotEstimated
from caminos.pathways.tables import Headline, headlines, role, series
from caminos.planning.assessment import assess, first_finite
from caminos.planning.city_model import BASELINE, Case, CityModel, Measure
from caminos.planning.explanation import weakest
from caminos.planning.results import RANGE, Value, caveats, node_of, targets, value_at

YEARS = (2030, 2040, 2050)
PROTECTION = "flood_protection"
SECTORS = {"I": "stationary", "II": "transport", "III": "waste", "IV": "ippu", "V": "land", "VI": "other"}


@dataclass(frozen=True)
class Standing:
    """One headline: today, later years with ranges, target, and the quality of the weakest input."""

    headline: Headline
    label: str
    unit: str
    kind: str
    values: tuple[Value, ...]
    target: float
    quality: str
    missing: tuple[str, ...]
    caveats: tuple[str, ...] = ()

    @property
    def estimated(self) -> bool:
        """Whether there is a number at all."""
        return not self.missing


@dataclass(frozen=True)
class Reconciliation:
    """One sector of the inventory: as published, as the model computes it, as the city's own says."""

    sector: str
    published: float
    modelled: float
    own: float
    own_year: int | None


def diagnose(model: CityModel, draws: int = DRAWS) -> list[Standing]:
    """Every headline of every pathway, with ranges."""
    names = [headline.indicator for headline in headlines()]
    central = model.run(names)
    drawn = model.run(names, draws=draws) if draws else central
    return [standing(model, headline, central, drawn) for headline in headlines()]


def standing(model: CityModel, headline: Headline, central: dict, drawn: dict) -> Standing:  # type: ignore[type-arg]
    """One headline from evaluated results."""
    node = node_of(model, headline.indicator)
    result = central[headline.indicator]
    if isinstance(result, NotEstimated):
        value = value_at(model, node, result, None)
        return Standing(headline, node_label(node.name), node.unit, "", (value,), float("nan"), "", result.missing)
    years = sorted({int(model.years[0]), *YEARS}) if "year" in node.dims else [None]
    one, spread = (series(headline, part)[..., None, None, None] for part in (result, drawn[headline.indicator]))
    base = float(first_finite(one[0, 0, :, 0, 0, 0]))
    return Standing(
        headline=headline,
        label=node_label(node.name),
        unit=node.unit,
        kind="",
        values=tuple(value_at(model, node, one, spread, year) for year in years),
        target=targets(model, headline, base),
        quality=weakest(model, node.name),
        missing=(),
        caveats=caveats(model, node.name),
    )


def node_label(name: str) -> str:
    """Name of a node as people read it, in the language in use."""
    from caminos.i18n import _
    from caminos.model.indicator import label

    return _(label(name))


def reconcile(model: CityModel) -> list[Reconciliation]:
    """The published inventory, the model's base year and the city's own latest inventory, by sector."""
    published = published_sectors(model.city)
    modelled = model.run([role("emissions by sector")])[role("emissions by sector")]
    own = latest_own_inventory(model.city)
    found = []
    for place, sector in enumerate(labels("gpc_sector")):
        name = "land" if sector == "afolu" else sector
        value = float("nan") if isinstance(modelled, NotEstimated) else float(modelled[0, 0, 0, 0, 0, place])
        found.append(
            Reconciliation(
                name,
                published.get(name, float("nan")),
                value,
                own.sectors.of(name) if own and own.sectors else float("nan"),
                own.year if own else None,
            )
        )
    return found


def published_sectors(city: City) -> dict[str, float]:
    """Sector totals of the published inventory, summed over its rows; rows not estimated are left out."""
    sums: dict[str, float] = {}
    for row in city.inventory:
        sector = SECTORS.get(row.reference.split(".")[0], "other")
        if np.isfinite(row.emissions) and not row.notation:
            sums[sector] = sums.get(sector, 0.0) + row.emissions
    return sums


def protection_benefit_cost(model: CityModel, start: int, draws: int = DRAWS) -> Value | None:
    """What flood protection spares residents over what it costs, as present values; None where it is not estimated.

    The range is that of the benefits alone, over the central cost.
    """
    if PROTECTION not in {action.id for action in model.available}:
        return None
    case = Case(PROTECTION, (Measure(PROTECTION, start),))
    middle = assess(model, [case], start)
    cost = float(middle.cost[0, 0])
    value = float(middle.benefit[0, 0].sum()) / cost
    if not value:
        return None
    spread = assess(model, [case], start, draws=draws).benefit[0].sum(axis=-1) / cost if draws else np.array([value])
    low, high = (float(item) for item in np.percentile(spread, RANGE))
    return Value(PROTECTION, value, low, high, "ratio", caveats=caveats(model, role("flood damage")))


def latest_own_inventory(city: City) -> OwnInventory | None:
    """The newest of the city's own inventories that has sectors."""
    return max((item for item in city.own_inventories if item.sectors), key=lambda item: item.year, default=None)


def unknown(model: CityModel) -> list[tuple[str, str]]:
    """Facts the model would use and the city does not have, with what they mean."""
    used: set[str] = set()
    for headline in headlines():
        used.update(model.graph.needed((headline.indicator,)))
    found = []
    for name in sorted(used):
        node = model.graph.nodes[name]
        if isinstance(node, Source) and node.role in ("fact", "parameter") and name not in model.inputs:
            found.append((name, node.meaning))
    for name in sorted(model.graph.nodes):
        node = model.graph.nodes[name]
        if getattr(node, "role", "") == "default" and name in used:
            found.append((name, node.meaning))
    return found


def sources(model: CityModel) -> list[tuple[str, str, str, str]]:
    """Every source of a number that the headlines rest on: name, quality, date, source."""
    used: set[str] = set()
    for headline in headlines():
        used.update(model.graph.needed((headline.indicator,)))
    rows = []
    for name in sorted(used & set(model.inputs)):
        seen = set()
        for record in model.inputs[name].records:
            if (record.source, record.date) not in seen:
                seen.add((record.source, record.date))
                rows.append((name, record.quality, record.date, record.source))
    return rows


def baseline(model: CityModel, names: list[str], draws: int = 0) -> dict:  # type: ignore[type-arg]
    """Baseline trajectories of some nodes."""
    return model.run(names, [BASELINE], draws=draws)
