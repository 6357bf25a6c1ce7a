"""Reading a city: units, notation keys, aliases, and writing that is whole or not at all."""

from __future__ import annotations

import json
import os
from math import isnan
from pathlib import Path

import pytest
from city_files import FACTS, SETTINGS, city, fact, row, square

from caminos.city.package import FACT_COLUMNS, CityError, load, read_city
from caminos.files import table_text, write_atomic, write_folder
from caminos.parameters.money import MoneyError, in_dollars, to_usd


def test_a_city_reads_as_it_was_written(tmp_path: Path) -> None:
    aldea = read_city(city(tmp_path / "aldea"))
    assert (aldea.id, aldea.name, aldea.country, aldea.base_year, aldea.gwp) == ("aldea", "Aldea", "BRA", 2022, "AR5")
    assert aldea.region[-1] == "world"
    assert aldea.value("population") == 1e6
    assert aldea.fact("population").row == 2
    assert isnan(aldea.value("gdp"))
    assert aldea.zones == aldea.inventory == ()


def test_units_are_converted_with_their_range(tmp_path: Path) -> None:
    given = fact("water_loss_share", 33.2, "percent", low=30, high=40)
    factor = fact("grid_emission_factor", 42.6, "kg CO2e/MWh")
    aldea = read_city(city(tmp_path / "aldea", [*FACTS, given, factor]))
    loss = aldea.fact("water_loss_share")
    assert loss.value == pytest.approx(0.332)
    assert (loss.low, loss.high) == pytest.approx((0.30, 0.40))
    assert (loss.unit, loss.given_unit, loss.given_value) == ("share", "percent", "33.2")
    assert aldea.value("grid_emission_factor") == pytest.approx(0.0426)


def test_money_is_dollars_of_2023(tmp_path: Path) -> None:
    reais = fact("gdp", 1e9, "BRL/yr")
    budget = fact("municipal_budget", 1e8, "USD2023/yr")
    aldea = read_city(city(tmp_path / "aldea", [*FACTS, reais, budget]))
    assert aldea.value("gdp") == pytest.approx(1e9 / 5.1605 * 304.702 / 292.655)
    assert aldea.value("municipal_budget") == 1e8


def test_money_table_never_guesses() -> None:
    assert to_usd(1.0, "USD", 2023) == 1.0
    assert in_dollars("t CO2e/yr", 2000) == ("t CO2e/yr", 1.0)
    with pytest.raises(MoneyError, match="1999 to 2025"):
        to_usd(1.0, "EUR", 1994)
    with pytest.raises(MoneyError, match="JPY"):
        to_usd(1.0, "JPY", 2020)


@pytest.mark.parametrize(("key", "value"), [("NO", 0.0), ("IE", 0.0), ("NE", None), ("C", None)])
def test_notation_keys_stay_distinct(tmp_path: Path, key: str, value: float | None) -> None:
    given = fact("livestock_emissions", key, "", note="because")
    aldea = read_city(
        city(tmp_path / "aldea", [*FACTS, given], inventory=[row("I.1.1", "", notation_key=key, note="x")])
    )
    read = aldea.fact("livestock_emissions")
    assert read.notation == key
    assert aldea.inventory[0].notation == key
    assert isnan(read.value) if value is None else read.value == value
    assert isnan(aldea.inventory[0].emissions) if value is None else aldea.inventory[0].emissions == value


def test_zones_are_found_by_id_and_by_alias(tmp_path: Path) -> None:
    by_id = fact("households", 100, "household", zone="norte")
    by_alias = fact("households", 200, "household", zone="El Sur")
    folder = city(tmp_path / "aldea", [*FACTS, by_id, by_alias])
    layer = {"type": "FeatureCollection", "features": [square("norte", -51.0, -30.0), square("sur", -51.0, -30.01)]}
    (folder / "zones.geojson").write_text(json.dumps(layer))
    (folder / "aliases.csv").write_text("alias,zone,note\nEl Sur,sur,as people say\n")
    aldea = read_city(folder)
    assert [zone.id for zone in aldea.zones] == ["norte", "sur"]
    assert aldea.zones[0].area == pytest.approx(1.07, rel=0.02)
    assert aldea.value("households", zone="sur") == 200


def test_several_years_the_newest_counts(tmp_path: Path) -> None:
    series = [fact("gini", 0.5, "share", year=2010), fact("gini", 0.6, "share", year=2020)]
    assert read_city(city(tmp_path / "aldea", [*FACTS, *series])).value("gini") == 0.6


def test_facts_may_stand_in_several_files(tmp_path: Path) -> None:
    folder = city(tmp_path / "aldea")
    header = table_text(FACT_COLUMNS, [])
    (folder / "facts-cc-by-sa.csv").write_text(table_text(FACT_COLUMNS, [fact("gini", 0.5, "share")]))
    (folder / "facts-odbl.csv").write_text(header)
    aldea = read_city(folder)
    given = aldea.fact("gini")
    assert given
    assert (given.value, given.file, given.row) == (0.5, "facts-cc-by-sa.csv", 2)
    assert {each.file for each in aldea.facts if each.name != "gini"} == {"facts.csv"}


def test_a_fact_stands_once_in_all_files_and_faults_name_theirs(tmp_path: Path) -> None:
    folder = city(tmp_path / "aldea")
    more = [fact("gini", "0,5", "share"), FACTS[0]]
    (folder / "facts-cc-by-sa.csv").write_text(table_text(FACT_COLUMNS, more))
    with pytest.raises(CityError, match=r"stands already in facts\.csv, line 2") as error:
        read_city(folder)
    places = [(problem.file, problem.row, problem.column) for problem in error.value.problems]
    assert places == [("facts-cc-by-sa.csv", 2, "value"), ("facts-cc-by-sa.csv", 3, "name")]


def test_a_further_file_does_not_replace_the_first(tmp_path: Path) -> None:
    folder = city(tmp_path / "aldea")
    (folder / "facts.csv").rename(folder / "facts-odbl.csv")
    with pytest.raises(CityError, match=r"no file facts\.csv"):
        read_city(folder)


def test_errors_keep_a_city_from_being_read(tmp_path: Path) -> None:
    folder = city(tmp_path / "aldea", [*FACTS, fact("gini", "0,5", "share")])
    with pytest.raises(CityError, match="decimal comma") as error:
        read_city(folder)
    assert [problem.row for problem in error.value.problems] == [5]


def test_a_missing_folder_is_a_problem_not_a_traceback(tmp_path: Path) -> None:
    nothing, problems = load(tmp_path / "nowhere")
    assert nothing is None
    assert "nowhere" in problems[0].message


def test_writing_is_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "table.csv"
    write_atomic(target, "old")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_atomic(target, "new")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_is_never_overwritten_nor_left_half_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = city(tmp_path / "aldea")
    with pytest.raises(FileExistsError):
        write_folder(folder, {"city.toml": ""})
    assert (folder / "city.toml").read_text() == SETTINGS

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "rename", fail)
    with pytest.raises(OSError, match="disk full"):
        write_folder(tmp_path / "other", {"city.toml": "", "facts.csv": ""})
    assert [path.name for path in tmp_path.iterdir()] == ["aldea"]
