"""Numbers out of results: cells, ranges and reasons, targets in their units, files that are the same byte for byte."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from caminos.city.settings import Target
from caminos.i18n import use_language
from caminos.model.axes import QUINTILES, labels
from caminos.model.values import NotEstimated
from caminos.pathways.tables import headlines
from caminos.planning.city_model import BASELINE, Case, CityModel, Measure
from caminos.planning.diagnosis import diagnose, published_sectors, reconcile, sources, unknown
from caminos.planning.files import plan_text, write_plan, write_results
from caminos.planning.portfolio import Plan, plan
from caminos.planning.results import QuestionError, ask, gap, targets

ROOT = Path(__file__).parents[1]
TREES = Case("trees", (Measure("street_trees", 2026),))
HEADLINES = {headline.indicator: headline for headline in headlines()}


@pytest.fixture(autouse=True)
def _english():
    use_language("en")
    yield
    use_language("en")


# questions and answers


def test_a_fact_is_answered_as_it_stands_in_the_table(porto_alegre):
    """1,332,845 people in 2022, between 1,332,570 and 1,332,845 (census); 495.39 km2."""
    people = ask(porto_alegre, "base_population")[0]
    assert (people.value, people.unit) == (1_332_845, "person")
    assert 1_332_570 <= people.low <= people.high <= 1_332_845
    assert ask(porto_alegre, "area")[0].value == pytest.approx(495.39)


def test_the_range_is_that_of_the_draws(porto_alegre):
    value = ask(porto_alegre, "heat_deaths", 2040, draws=200)[0]
    drawn = porto_alegre.run(["heat_deaths"], draws=200)["heat_deaths"][0, :, 2040 - 2022, 0, 0, 0]
    below, above = np.mean(drawn < value.low), np.mean(drawn > value.high)
    assert below == pytest.approx(0.05, abs=0.006)
    assert above == pytest.approx(0.05, abs=0.006)
    assert value.low < value.value < value.high


def test_without_draws_there_is_no_range(porto_alegre):
    value = ask(porto_alegre, "heat_deaths", 2040, draws=0)[0]
    assert value.low == value.value == value.high


def test_all_cells_are_answered_where_none_is_chosen(porto_alegre):
    found = ask(porto_alegre, "energy_burden", 2030, draws=0)
    assert [item.group for item in found] == list(QUINTILES)
    one = ask(porto_alegre, "energy_burden", 2030, group="q2", draws=0)
    assert one[0].value == found[1].value
    assert found[0].value > found[4].value, "the poor spend more of their income on energy"
    assert len(ask(porto_alegre, "flooded_people", 2030, draws=0)) == len(labels("return_period"))


def test_the_last_year_is_answered_where_none_is_asked_for(porto_alegre):
    assert ask(porto_alegre, "canopy_cover", draws=0)[0].year == 2050
    assert ask(porto_alegre, "canopy_cover", 2030, draws=0)[0].year == 2030


def test_an_action_changes_the_answer(porto_alegre):
    plain = ask(porto_alegre, "canopy_cover", 2050, draws=0)[0].value
    shaded = ask(porto_alegre, "canopy_cover", 2050, case=TREES, draws=0)[0].value
    assert plain == pytest.approx(0.22)
    assert shaded > plain + 0.01


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ({"name": "canopi_cover"}, "Did you mean canopy_cover"),
        ({"name": "canopy_cover", "year": 1999}, "2022 to 2050"),
        ({"name": "canopy_cover", "year": 2051}, "2022 to 2050"),
        ({"name": "canopy_cover", "zone": "atlantis"}, "There is no zone atlantis. Known: .*anchieta"),
        ({"name": "energy_burden", "group": "q6"}, "q1, q2, q3, q4, q5"),
        ({"name": "flooded_people", "kind": "rp3"}, "rp2, rp5"),
        ({"name": "flooded_people", "group": "q9"}, "There is no group q9. Known: q1, q2"),
        ({"name": "heat_deaths", "kind": "water"}, "There is no kind water"),
        ({"name": "carbon_budget", "year": 1999}, "There is no year 1999"),
        ({"name": "zone_population", "zone": "atlantis"}, "There is no zone atlantis"),
    ],
)
def test_a_question_that_has_no_answer_says_what_would_have(porto_alegre, question, words):
    with pytest.raises(QuestionError, match=words):
        ask(porto_alegre, draws=0, **question)


def test_what_is_missing_has_a_reason_and_no_number(porto_alegre):
    value = ask(porto_alegre, "green_access_share")[0]
    assert np.isnan(value.value)
    assert "base_green_access_share" in value.reason


def test_a_zone_without_a_count_has_a_reason_and_its_neighbour_a_number(porto_alegre):
    """The flood of May 2024 was counted in five neighbourhoods only."""
    name = "expected_annual_flooded_people_by_zone"
    found = {item.zone: item for item in ask(porto_alegre, name, 2030, draws=0)}
    known = {zone for zone, item in found.items() if not item.reason}
    assert known == {"sarandi", "menino-deus", "farrapos", "humaita", "cidade-baixa"}
    assert all(found[zone].value > 0 for zone in known)
    assert "zone_flooded_population" in found["restinga"].reason


def test_a_history_is_not_answered_as_one_number_without_a_year(porto_alegre):
    """Fifty years of deposits: the year must be asked for, or be said; 649,540 t went to landfill in 2012."""
    try:
        found = ask(porto_alegre, "past_waste_landfilled", 2012, draws=0)
    except QuestionError:
        return
    assert [(item.year, item.value) for item in found] == [(2012, pytest.approx(649_540))]


def test_a_number_that_does_not_differ_is_the_same_for_any(porto_alegre):
    """The carbon budget is one number whatever is asked, and no year or zone is printed beside it."""
    (plain,) = ask(porto_alegre, "carbon_budget", draws=0)
    assert plain.year is None
    assert ask(porto_alegre, "carbon_budget", 2030, "sarandi", "q1", "food", draws=0) == [plain]
    by_kind = ask(porto_alegre, "flooded_people", draws=0)
    assert len(by_kind) > 1
    assert ask(porto_alegre, "flooded_people", group="q1", draws=0) == by_kind


# targets


def test_the_target_of_a_headline_is_absolute_or_a_part_of_its_base(porto_alegre):
    assert targets(porto_alegre, HEADLINES["canopy_cover"], 0.22) == 0.3
    assert targets(porto_alegre, HEADLINES["heat_deaths"], 170.0) == 85.0


def test_the_city_s_own_target_prevails(porto_alegre):
    assert targets(porto_alegre, HEADLINES["emissions_per_person"], 1.4) == 0.0


@pytest.mark.parametrize(
    ("name", "value", "unit", "expected"),
    [
        ("emissions_per_person", 500.0, "kg CO2e/person/yr", 0.5),
        ("fossil_energy_per_person", 2500.0, "kWh/person/yr", 2.5),
        ("emissions_per_person", 0.5, "t CO2e/person/yr", 0.5),
    ],
)
def test_a_target_in_another_unit_is_the_same_target(porto_alegre, name, value, unit, expected):
    goal = Target(name=name, value=value, unit=unit, year=2050, source="own")
    model = CityModel(replace(porto_alegre.city, targets=(goal,)))
    assert targets(model, HEADLINES[name], 9.9) == pytest.approx(expected)


def test_gaps_lie_on_the_wrong_side_only():
    values = np.array([1.0, 2.0, 3.0])
    assert gap(values, 2.0, "lower").tolist() == [0, 0, 1]
    assert gap(values, 2.0, "higher").tolist() == [1, 0, 0]


# the carbon budget and the first year


def test_the_carbon_budget_does_not_vanish_with_a_later_base_year(porto_alegre):
    """A city whose figures begin in 2026 has a share of what may be emitted from 2025 on, too."""
    share = float(porto_alegre.run(["carbon_budget"])["carbon_budget"].item())
    later = CityModel(replace(porto_alegre.city, base_year=2026)).run(["carbon_budget"])["carbon_budget"]
    assert isinstance(later, NotEstimated) or later.item() == pytest.approx(share, rel=0.05)


@pytest.mark.parametrize("base_year", [2001, 2015, 2025])
def test_the_model_runs_from_the_base_year_of_the_city(porto_alegre, base_year):
    """2001 is 50 years before 2050: as many years as the history of landfills has."""
    model = CityModel(replace(porto_alegre.city, base_year=base_year))
    assert (model.years[0], model.years[-1]) == (base_year, 2050)
    found = model.run(["population", "waste_landfilled", "landfill_methane"])
    assert found["population"][0, 0, 0].item() == 1_332_845
    assert found["landfill_methane"].shape[2] == 2050 - base_year + 1
    assert np.isfinite(found["landfill_methane"]).all()


# diagnosis


def test_the_diagnosis_has_every_headline_or_its_reason(porto_alegre):
    found = diagnose(porto_alegre, draws=20)
    assert [item.headline.indicator for item in found] == list(HEADLINES)
    for item in found:
        assert item.estimated == (not item.missing)
        if item.estimated:
            assert item.quality in ("A", "B", "C")
            for value in item.values:
                assert value.low <= value.high or value.reason or np.isnan(value.value)
        else:
            assert item.values[0].reason


def test_the_inventory_is_shown_as_published_beside_the_model_and_the_city_s_own(porto_alegre):
    """Sector totals of 2022 as published, and the city's own of 2019."""
    assert published_sectors(porto_alegre.city) == pytest.approx(
        {"stationary": 318_470.413, "transport": 1_169_883.372, "waste": 680_580.997, "land": -1_546.654}, abs=5e-4
    )
    rows = {row.sector: row for row in reconcile(porto_alegre)}
    assert rows["stationary"].modelled == pytest.approx(rows["stationary"].published, rel=0.1)
    assert rows["transport"].modelled == pytest.approx(rows["transport"].published, rel=0.02)
    assert rows["waste"].own_year == 2019


def test_what_is_not_known_lists_missing_facts_and_defaults_with_a_meaning(porto_alegre):
    found = dict(unknown(porto_alegre))
    assert {"base_green_access_share", "base_diarrhoea_deaths"} <= set(found)
    assert "base_cycling_travel" in found, "a default in use"
    assert "base_canopy_cover" not in found
    assert all(meaning.strip() for meaning in found.values())


def test_all_sources_of_the_headlines_are_listed(porto_alegre):
    rows = sources(porto_alegre)
    assert {"base_population", "canopy_cooling"} <= {name for name, *_rest in rows}
    for name, quality, _date, source in rows:
        assert quality in ("A", "B", "C"), name
        assert source.strip(), name


# files


@pytest.fixture(scope="module")
def planned(porto_alegre) -> tuple[CityModel, Plan]:
    """A plan from five actions, which is quickly made."""
    model = CityModel(porto_alegre.city)
    kept = {"street_trees", "heat_action_plan", "flood_protection", "flood_retreat", "early_warning"}
    model.unavailable |= {name: ("left out",) for name in model.actions if name not in kept}
    return model, plan(model, 8e6, 2026, sensitivity=False)


def test_a_plan_is_read_back_as_it_was_written(planned, tmp_path):
    model, found = planned
    path = write_plan(model, found, tmp_path / "new" / "plan.toml")
    read = tomllib.loads(path.read_text(encoding="utf-8"))
    assert (read["city"], read["start"], read["budget_per_year"]) == ("porto-alegre", 2026, 8_000_000)
    assert read["pathway_weights"] == [1.0] * 5
    assert read["floor_for_poorest"] == 0.2
    assert [Measure(**item) for item in read["measures"]] == list(found.measures)


def test_a_name_with_quotes_and_brackets_does_not_spoil_the_plan_s_file(planned):
    model, found = planned
    odd = CityModel(replace(model.city, name='Villa "La Paz" [x] # 1', id="villa"))
    assert tomllib.loads(plan_text(odd, found))["city"] == "villa"


@pytest.fixture(scope="module")
def results(planned, tmp_path_factory) -> tuple[Path, list[dict[str, object]]]:
    model, found = planned
    path = write_results(model, found, tmp_path_factory.mktemp("results") / "results.parquet", draws=16)
    return path, pq.read_table(path).to_pylist()


def test_results_are_tidy_and_those_of_the_model(planned, results):
    model, found = planned
    path, rows = results
    keys = [tuple(row[key] for key in ("indicator", "case", "year", "zone", "group", "kind")) for row in rows]
    assert len(set(keys)) == len(keys)
    by_key = dict(zip(keys, rows, strict=True))
    cases = [BASELINE, Case("plan", found.measures)]
    values = model.run(["heat_deaths", "equity_weight", "flood_damage"], cases)
    for place, case in enumerate(("baseline", "plan")):
        row = by_key["heat_deaths", case, 2040, "", "", ""]
        assert row["value"] == values["heat_deaths"][place, 0, 18].item()
        assert row["unit"] == "person/yr"
        assert row["low"] < row["value"] < row["high"]
    assert by_key["equity_weight", "baseline and plan", 2050, "", "q1", ""]["value"] == pytest.approx(
        values["equity_weight"][0, 0, -1, 0, 0, 0]
    )
    twenty = by_key["flood_damage", "plan", 2040, "", "", "rp200"]
    assert twenty["value"] == values["flood_damage"][1, 0, 18, 0, 0, labels("return_period").index("rp200")]
    metadata = pq.read_schema(path).metadata
    assert metadata[b"city"] == b"porto-alegre"
    assert metadata[b"draws"] == b"16"


def test_what_is_not_estimated_is_empty_in_the_results_and_says_why(results):
    rows = results[1]
    empty = [row for row in rows if row["value"] is None]
    assert empty
    assert all(row["missing"] for row in empty)
    assert all(row["low"] is None and row["high"] is None for row in empty)
    assert all(not row["missing"] for row in rows if row["value"] is not None)
    reasons = {row["indicator"]: row["missing"] for row in empty}
    assert "base_green_access_share" in reasons["green_access_share"]
    one = next(row for row in empty if row["indicator"] == "expected_annual_flooded_people_by_zone")
    assert "zone_flooded_population" in one["missing"]


def test_the_range_of_results_holds_the_same_draws_as_the_answers(planned, results):
    model, _found = planned
    rows = results[1]
    row = next(r for r in rows if r["indicator"] == "heat_deaths" and r["case"] == "baseline" and r["year"] == 2040)
    answer = ask(model, "heat_deaths", 2040, draws=16)[0]
    assert (row["low"], row["high"]) == (answer.low, answer.high)


AGAIN = """
import sys
from pathlib import Path
from caminos.city.package import read_city
from caminos.planning.city_model import CityModel
from caminos.planning.entry import entry
from caminos.planning.files import write_plan, write_results
from caminos.planning.portfolio import plan
from caminos.reports.report import write_report

city, out, *kept = sys.argv[1:]
model, out = CityModel(read_city(city)), Path(out)
model.unavailable |= {name: ("left out",) for name in model.actions if name not in kept}
found = plan(model, 8e6, 2026)
write_plan(model, found, out / "plan.toml")
write_results(model, found, out / "results.parquet", draws=16)
write_report(model, found, out, draws=8, entry=entry(model, 2026))
"""


def test_the_same_inputs_and_seed_give_the_same_bytes_in_two_processes(tmp_path):
    """Another process, another seed of Python's hashes: every file is the same."""
    kept = ("street_trees", "heat_action_plan", "flood_protection", "early_warning")
    folders = [tmp_path / "one", tmp_path / "two"]
    running = []
    for seed, folder in enumerate(folders):
        folder.mkdir()
        source = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
        environment = {**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": source}
        arguments = [sys.executable, "-c", AGAIN, str(ROOT / "cities" / "porto-alegre"), str(folder), *kept]
        running.append(subprocess.Popen(arguments, env=environment, stderr=subprocess.PIPE, text=True))
    for process in running:
        _out, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    for name in ("plan.toml", "results.parquet", "report.html"):
        one, two = ((folder / name).read_bytes() for folder in folders)
        assert one, name
        assert one == two, name


def test_a_file_that_cannot_be_written_leaves_the_old_one_whole(planned, tmp_path, monkeypatch):
    model, found = planned
    path = tmp_path / "plan.toml"
    path.write_text("old", encoding="utf-8")

    def fail(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="No space left"):
        write_plan(model, found, path)
    assert path.read_text(encoding="utf-8") == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["plan.toml"], "nothing half-written is left behind"
