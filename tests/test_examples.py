"""Worked examples from the literature (docs/worked-examples.md has the format), and what is said of faulty ones."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path

import pytest
from page_reading import numbers, row_of, table

from caminos.command import cli
from caminos.i18n import use_language
from caminos.pathways.tables import headlines
from caminos.planning.examples import ExampleError, example_files, nodes, run_example

FOLDER = Path(__file__).parent / "examples"
EXAMPLES = example_files([FOLDER])


@pytest.mark.parametrize("path", EXAMPLES, ids=[path.stem for path in EXAMPLES])
def test_worked_example(path: Path) -> None:
    outcome = run_example(path)
    assert outcome.about, "the first line says in words what the example is"
    assert outcome.holds, f"{outcome.computed} {outcome.unit}, expected {outcome.expected} ± {outcome.tolerance}"


def test_every_headline_that_is_computed_has_a_worked_example():
    shown = {tomllib.loads(path.read_text(encoding="utf-8")).get("indicator") for path in EXAMPLES}
    computed = {headline.indicator for headline in headlines() if nodes()[headline.indicator].role == "indicator"}
    assert len(computed) > 30
    assert computed - shown == set()


FINE = """# Two tonnes.
indicator = "landfill_emissions"
source = "by hand"
[inputs]
landfill_methane = { value = 2000, unit = "kg CH4/yr" }
gwp_ch4 = 28
[expected]
value = 56
unit = "t CO2e/yr"
tolerance = 0
"""
FAULTS = {
    "unknown indicator": (
        '"landfill_emissions"',
        '"landfill_emission"',
        "no indicator landfill_emission. Nearest: landfill_em",
    ),
    "an input that is no indicator": ('"landfill_emissions"', '"gwp_ch4"', "no indicator gwp_ch4"),
    "missing input": ("gwp_ch4 = 28", "", r"\[inputs\] lacks gwp_ch4"),
    "surplus input": ("gwp_ch4 = 28", "gwp_ch4 = 28\npopulation = 1", "does not depend on population"),
    "unit that does not fit": ("kg CH4/yr", "kg CO2/yr", "landfill_methane: .* the model takes it in t CH4/yr"),
    "unit that does not exist": ("kg CH4/yr", "bananas/yr", "landfill_methane: .*bananas"),
    "unit of the result": ('unit = "t CO2e/yr"', 'unit = "t CH4/yr"', "cannot be converted"),
    "wrong label": ("gwp_ch4 = 28", "gwp_ch4 = { group = { q6 = 1 } }", "gwp_ch4: q6 is no label"),
    "axis left over": ("gwp_ch4 = 28", "gwp_ch4 = { year = [28, 28] }", "year: 2 computed, 1 expected"),
    "unknown axis": ("gwp_ch4 = 28", "gwp_ch4 = { month = [28] }", "gwp_ch4: values lie along one axis of year, zone"),
    "not a number": ("gwp_ch4 = 28", 'gwp_ch4 = "28"', "gwp_ch4: '28' is not a number"),
    "a truth": ("gwp_ch4 = 28", "gwp_ch4 = true", "gwp_ch4: True is not a number"),
    "too large": ("gwp_ch4 = 28", "gwp_ch4 = 1" + "0" * 400, "gwp_ch4: 1000"),
    "5000 digits": ("gwp_ch4 = 28", "gwp_ch4 = " + "9" * 5000, "too many digits"),
    "nested": ("gwp_ch4 = 28", "gwp_ch4 = " + "[" * 3000 + "]" * 3000, "nested too deeply"),
    "no value of the literature": (
        "gwp_ch4 = 28",
        'gwp_ch4 = "parameter"\n[settings]\ngwp = "AR9"',
        "gwp_ch4 has no value for",
    ),
    "not of the literature": (
        '{ value = 2000, unit = "kg CH4/yr" }',
        '"parameter"',
        "landfill_methane is no parameter",
    ),
    "settings misspelt": ("[expected]", '[settings]\nclimat = "dry"\n[expected]', r"\[settings\]: climat is not known"),
    "no source": ('"by hand"', '" "', "source = .* is missing"),
    "no tolerance": ("tolerance = 0", "", "tolerance is missing"),
    "negative tolerance": ("tolerance = 0", "tolerance = -1", "zero or a number above"),
    "a key too many": ("tolerance = 0", "tolerance = 0\nnote = 'x'", "note is not known"),
    "function elsewhere": ('indicator = "landfill_emissions"', 'function = "os.system"', "no function os.system"),
    "no function": ('indicator = "landfill_emissions"', 'function = "caminos.pathways.drivers.x"', "no function"),
    "neither": ('indicator = "landfill_emissions"', "", "name either indicator"),
    "not TOML": ("[inputs]", "[inputs", "not valid TOML: .*line 4"),
}


def write(folder: Path, text: str) -> Path:
    path = folder / "example.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_said_with_its_place(fault, tmp_path):
    old, new, message = FAULTS[fault]
    assert old in FINE
    with pytest.raises(ExampleError, match=message) as raised:
        run_example(write(tmp_path, FINE.replace(old, new)))
    assert str(raised.value).startswith(str(tmp_path / "example.toml"))
    assert len(str(raised.value)) < 600


def test_units_are_converted_and_differences_are_in_the_unit_of_the_expected_value(tmp_path):
    assert run_example(write(tmp_path, FINE)).computed == (56.0,)
    outcome = run_example(write(tmp_path, FINE.replace('value = 56\nunit = "t', 'value = 55000\nunit = "kg')))
    assert outcome.computed == pytest.approx((56000.0,))
    assert outcome.differences == pytest.approx((1000.0,))
    assert not outcome.holds


def test_the_tolerance_decides(tmp_path):
    assert run_example(write(tmp_path, FINE.replace("value = 56", "value = 55").replace("ance = 0", "ance = 1"))).holds
    assert not run_example(
        write(tmp_path, FINE.replace("value = 56", "value = 55").replace("ance = 0", "ance = 0.9"))
    ).holds


def test_not_estimated_is_expected_as_nan_and_nothing_else_is_equal_to_it(tmp_path):
    unknown = FINE.replace("gwp_ch4 = 28", "gwp_ch4 = nan")
    assert run_example(write(tmp_path, unknown.replace("value = 56", "value = nan"))).holds
    assert not run_example(write(tmp_path, unknown)).holds
    assert not run_example(write(tmp_path, FINE.replace("value = 56", "value = nan"))).holds


def test_the_command_shows_all_and_ends_by_what_holds(tmp_path, monkeypatch, capsys):
    path = write(tmp_path, FINE.replace("value = 56", "value = 55"))
    assert command(monkeypatch, str(path)) == 1
    shown = " ".join(capsys.readouterr().out.split())
    for part in (
        "DOES NOT HOLD: landfill_emissions (example.toml)",
        "gwp_ch4 28 t CO₂e/(t CH₄)",
        "landfill_methane 2 t CH₄/year",
        "Methane that",
        "Tolerance 0",
        "55 56 1",
        "by hand",
    ):
        assert part in shown
    write(tmp_path, FINE)
    (tmp_path / "other.toml").write_text("x", encoding="utf-8")
    assert command(monkeypatch, str(tmp_path)) == 1
    printed = " ".join(capsys.readouterr().out.split())
    assert "holds: landfill_emissions (example.toml)" in printed
    assert "other.toml:ThisisnotvalidTOML" in printed.replace(" ", ""), "a long path breaks where it must"
    assert printed.endswith("1 of 2 worked examples hold.")


def test_the_command_as_json(tmp_path, monkeypatch, capsys):
    assert command(monkeypatch, str(write(tmp_path, FINE)), "--json") == 0
    page = json.loads(capsys.readouterr().out)
    assert numbers(page)["held"]["value"] == numbers(page)["all"]["value"] == 1
    (result,) = table(page, "results")
    assert result["cells"]["computed"]["value"] == 56.0
    assert row_of(page, "inputs", "landfill_methane")["value"]["value"] == 2.0


def test_json_is_one_document_whatever_happens(tmp_path, monkeypatch, capsys):
    path = write(tmp_path, FINE.replace("value = 56", "value = inf").replace("gwp_ch4 = 28", "gwp_ch4 = nan"))
    assert command(monkeypatch, str(path), "--json") == 1
    (result,) = table(json.loads(capsys.readouterr().out), "results")
    assert (result["cells"]["expected"]["value"], result["cells"]["computed"]["value"]) == ("inf", None)
    path.write_text("x", encoding="utf-8")
    assert command(monkeypatch, str(path), "--json") == 1
    (fault,) = table(json.loads(capsys.readouterr().out), "faults")
    assert "not valid TOML" in fault["cells"]["fault"]["text"]


def test_no_line_is_wider_than_the_terminal(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "60")
    for path in EXAMPLES[:20]:
        assert command(monkeypatch, str(path)) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 60


def test_a_folder_without_examples_and_a_file_that_is_not_there(tmp_path, monkeypatch, capsys):
    assert command(monkeypatch, str(tmp_path)) == 1
    assert command(monkeypatch, str(tmp_path / "none.toml")) == 1
    assert capsys.readouterr().err.count("there is no worked example") == 2


def command(monkeypatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["caminos", "example", *words])
    use_language("en")
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return int(stopped.value.code or 0)
