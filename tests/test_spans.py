"""The table of spans: a safe and a worst level for each headline, the same for every city, with sources."""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from conftest import ROOT, SHARED
from hypothesis import given
from hypothesis import strategies as st

from caminos.model.units import factor, unit
from caminos.parameters.money import in_dollars
from caminos.pathways.tables import headlines, outcomes, role
from caminos.planning.graph import library_graph

TABLE = ROOT / "src/caminos/pathways/headlines.csv"
# What each span measures, with the direction that is better; shown only where it is not scored.
LOWER = [
    "emissions_per_person",
    "people_highly_annoyed",
    "people_without_green",
    "organics_discharged",
    "waste_disposed_per_person",
    "waste_uncontrolled_per_person",
    "water_produced",
    "material_use",
    "expected_annual_flood_damage",
    "expected_annual_flooded_people",
    "heat_deaths",
    "people_in_risk_sectors",
    "people_in_informal_settlements",
    "critical_outage_hours",
    "people_without_water",
    "people_without_sewer",
    "people_without_facilities",
    "energy_burden_of_poorest",
    "other_avoidable_deaths",
    "people_with_depression",
    "road_deaths",
    "pm25_concentration",
]
HIGHER = ["canopy_cover", "natural_area", "waste_recovery_rate"]
PUBLISHED_BOUNDS = {  # lower bounds of the Sustainable Development Report 2025, as it prints them
    "people_in_informal_settlements": 0.90,
    "pm25_concentration": 87,
    "road_deaths": 33.7,
}


def rows() -> dict[str, dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as stream:
        return {row["indicator"]: row for row in csv.DictReader(stream) if row["span_unit"]}


def load() -> ModuleType:
    """The script that builds the table."""
    spec = importlib.util.spec_from_file_location("build_spans", ROOT / "scripts/build_spans.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BUILDER = load()


@pytest.fixture
def builder() -> ModuleType:
    return BUILDER


def test_every_headline_of_the_issue_has_one_span() -> None:
    with TABLE.open(encoding="utf-8", newline="") as stream:
        names = [row["indicator"] for row in csv.DictReader(stream)]
    assert len(names) == len(set(names))
    assert set(rows()) == {*LOWER, *HIGHER}
    assert {headline.indicator for headline in outcomes()} <= set(rows())


@pytest.mark.parametrize("name", [*LOWER, *HIGHER])
def test_the_scale_turns_an_indicator_into_the_unit_of_its_span(name: str) -> None:
    """Deaths a year over people, times 100,000, are deaths of 100,000 people a year."""
    headline = next(item for item in headlines() if item.indicator == name)
    given = library_graph().nodes[name].unit
    if headline.per:
        given = f"{given}/{library_graph().nodes[role(f'per {headline.per}')].unit}"
    plain, _money = in_dollars(headline.span_unit, 2023)
    assert headline.scale == pytest.approx(
        factor(
            in_dollars(given, 2023)[0].replace("person/yr/person", "share/yr").replace("person/person", "share"), plain
        )
    )


@pytest.mark.parametrize("name", [*LOWER, *HIGHER])
def test_safe_median_and_worst_stand_in_order(name: str) -> None:
    safe, median, worst = (float(rows()[name][column]) for column in ("safe", "median", "worst"))
    assert min(safe, median, worst) >= 0
    if name in HIGHER:
        assert worst < median < safe
    else:
        assert safe < median < worst


@pytest.mark.parametrize("name", [*LOWER, *HIGHER])
def test_sources_places_and_quality_are_given(name: str) -> None:
    row = rows()[name]
    assert all(row[column].strip() for column in ("observed", "safe_source", "span_source", "span_note"))
    assert not set("{}") & set(row["observed"])
    assert row["span_quality"] in {"A", "B", "C"}
    assert row["per"] in {"person", ""}
    said = " ".join(row.values()).lower()
    if "recalled" in said or "is assumed" in said:
        assert row["span_quality"] == "C"


@pytest.mark.parametrize("name", [*LOWER, *HIGHER])
def test_units_parse_and_shares_are_shares(name: str) -> None:
    row = rows()[name]
    plain, money = in_dollars(row["span_unit"], 2023)
    assert unit(plain) is not None
    assert money == pytest.approx(1)
    if row["span_unit"].startswith("share"):
        assert all(0 <= float(row[column]) <= 1 for column in ("safe", "median", "worst"))
    if row["per"] == "person" and not row["span_unit"].startswith(("share", "person/hundred_thousand_people")):
        assert "/person" in row["span_unit"]


def test_deaths_are_shares_of_the_people_a_year() -> None:
    """41.6 of 100,000 people a year is .000416 of the people."""
    row = rows()["heat_deaths"]
    assert float(row["worst"]) * factor(row["span_unit"], "share/yr") == pytest.approx(0.000416, rel=0.01)


@pytest.mark.parametrize("name", PUBLISHED_BOUNDS)
def test_worst_agrees_with_the_bound_of_the_sdg_index(name: str) -> None:
    """Both are 2.5th percentiles of countries: from other years, so within a twentieth."""
    assert float(rows()[name]["worst"]) == pytest.approx(PUBLISHED_BOUNDS[name], rel=0.05)


def test_parts_bound_their_whole() -> None:
    """What is dumped is disposed of, road deaths are avoidable deaths, a head discharges at most what it makes."""
    table = {name: {k: float(row[k]) for k in ("median", "worst")} for name, row in rows().items()}
    for column in ("median", "worst"):
        assert table["waste_uncontrolled_per_person"][column] < table["waste_disposed_per_person"][column]
        assert table["road_deaths"][column] < table["other_avoidable_deaths"][column]
        assert table["organics_discharged"][column] <= 31.025  # United States, IPCC 2019: 85 g a day


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30), st.floats(0, 1))
def test_percentiles_lie_among_the_places(values: list[float], share: float) -> None:
    assert min(values) <= BUILDER.percentile(values, share) <= max(values)


def test_percentile_of_forty_one_places(builder: ModuleType) -> None:
    """Of the numbers 0 to 40 the 97.5th percentile is 39 and the median 20."""
    assert builder.percentile(range(40, -1, -1), 0.975) == pytest.approx(39)
    assert builder.percentile(range(41), 0.5) == 20
    assert builder.percentile([1, 2], 0.5) == pytest.approx(1.5)


def test_avoidable_deaths_by_hand(builder: ModuleType) -> None:
    """66.9 + 120 + 2.9 + 15.7 + 2.4 = 207.9; distances 62.1, 76, 2.4, 18, 77.6 give 126.5 in squares."""
    made = builder.avoidable_deaths()
    assert made["median"] == pytest.approx(207.9, abs=0.1)
    assert made["worst"] == pytest.approx(334.4, abs=0.3)


def test_places_carried_over_have_their_source(builder: ModuleType) -> None:
    for row in builder.read(ROOT / "scripts/spans_places.csv"):
        assert float(row["value"]) >= 0
        assert all(row.values()), row
        if row["unit"] == "share":
            assert float(row["value"]) <= 1


def test_the_script_rebuilds_the_table(builder: ModuleType, tmp_path: Path) -> None:
    if not (SHARED / "data" / "cdp-cities").is_dir():
        pytest.skip("the shared data folder is not here")
    builder.build(SHARED, tmp_path / "headlines.csv")
    assert (tmp_path / "headlines.csv").read_bytes() == TABLE.read_bytes()


def test_a_figure_must_not_stand_twice(builder: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder, "computed", lambda data: {"road_deaths": {"median": 1.0}})
    with pytest.raises(ValueError, match="median"):
        builder.build(tmp_path, tmp_path / "headlines.csv")
    assert not (tmp_path / "headlines.csv").exists()
