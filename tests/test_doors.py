"""Doors: whatever a file of a city holds, nothing is written elsewhere, nothing special is replaced, no traceback."""

from __future__ import annotations

import importlib
import inspect
import json
import os
import pkgutil
import re
import shutil
import stat
import subprocess
import sys
import time
import tomllib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from city_files import FACTS, city, fact, row, square
from conftest import SHARED
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import caminos
from caminos import files
from caminos.city import tables
from caminos.city.check import check_city
from caminos.city.facts import FACT_COLUMNS
from caminos.city.inventory import INVENTORY_COLUMNS
from caminos.command import cli
from caminos.command.console import emit
from caminos.files import FileError, inside, remove_leftovers, table_text, write_atomic, write_folder, write_set
from caminos.i18n import CONTROL, harmless, number, one_line
from caminos.planning.city_model import Measure
from caminos.planning.files import plan_text
from caminos.problems import ERROR, CaminosError, Problem

ESCAPE = "\x1b[31m"
BIDI = "‮"


# ---------------------------------------------------------------- writing


def special(folder: Path, kind: str) -> Path:
    """A path that is no regular file."""
    path = folder / "thing"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "link to a device":
        path.symlink_to("/dev/null")
    elif kind == "link to a file":
        (folder / "other").write_text("old")
        path.symlink_to(folder / "other")
    elif kind == "link to nothing":
        path.symlink_to(folder / "nowhere")
    elif kind == "device":
        return Path("/dev/null")
    return path


@pytest.mark.parametrize("kind", ["fifo", "folder", "device", "link to a device", "link to a file", "link to nothing"])
def test_nothing_but_a_regular_file_is_replaced(tmp_path, kind):
    path = special(tmp_path, kind)
    before = os.lstat(path)
    with pytest.raises(FileError, match=re.escape(path.name)):
        write_atomic(path, "new")
    after = os.lstat(path)
    assert (before.st_ino, before.st_mode, before.st_rdev) == (after.st_ino, after.st_mode, after.st_rdev)
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    if kind == "link to a file":
        assert (tmp_path / "other").read_text() == "old"


@pytest.mark.parametrize(
    "name", ["../x", "/tmp/x", "", ".", "a/../../x", "..", "x\0y", "x\ny", "link/x", f"{ESCAPE}x", "a/../b"]
)
def test_a_name_never_leads_out_of_the_folder(tmp_path, name):
    folder, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    (folder / "link").symlink_to(elsewhere)
    with pytest.raises(FileError):
        inside(folder, name)
    with pytest.raises(CaminosError):
        write_set(folder, {"good.txt": "new", name: "new"})
    assert [path.name for path in folder.iterdir()] == ["link"]
    assert list(elsewhere.iterdir()) == []


def test_a_name_in_the_folder_is_its_path(tmp_path):
    assert inside(tmp_path, "são-josé.csv") == tmp_path / "são-josé.csv"
    assert inside(Path("out"), "a/b") == Path("out/a/b")


SETS = [{"a": "old a", "b": "old b"}, {"b": "old b"}, {}]


@pytest.mark.parametrize("old", SETS)
@pytest.mark.parametrize("fails_at", range(3))
def test_a_set_is_all_new_or_all_old(tmp_path, monkeypatch, old, fails_at):
    for name, text in old.items():
        (tmp_path / name).write_text(text)
    replace, calls = os.replace, []

    def failing(source, target):
        calls.append(target)
        if len(calls) == fails_at + 1:
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(os, "replace", failing)
    new = {"a": "new a", "b": b"new b", "c": "new c"}
    with pytest.raises(KeyboardInterrupt):
        write_set(tmp_path, new)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == old
    monkeypatch.undo()
    assert write_set(tmp_path, new) == [tmp_path / name for name in new]
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "new a", "b": "new b", "c": "new c"}


def test_a_full_disk_leaves_every_file_of_a_set_as_it_was(tmp_path, monkeypatch):
    write_set(tmp_path, {"a": "old", "b": "old"})

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_set(tmp_path, {"a": "new", "b": "new"})
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "old", "b": "old"}


KILLED = """
import os, signal, sys
from pathlib import Path
from caminos import files
os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
os.rename = os.replace
folder = Path(sys.argv[1])
files.write_set(folder, {"report.html": "new"}) if sys.argv[2] == "set" else files.write_folder(folder / "f", {"a": ""})
"""


@pytest.mark.parametrize("what", ["set", "folder"])
def test_leftovers_of_a_killed_run_are_removed_by_the_next_and_nothing_else(tmp_path, what):
    mine = [".report.html.swp", ".hidden", ".report.html.caminos-backup", "notes.caminos-00000000-1-00000000"]
    for name in mine:
        (tmp_path / name).write_text("mine")
    (tmp_path / "report.html").write_text("old")
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), what], check=False)
    assert killed.returncode == -9
    assert (tmp_path / "report.html").read_text() == "old"
    assert len(list(tmp_path.iterdir())) > len(mine) + 1, "the killed run left something"
    write_atomic(tmp_path / "report.html", "new")
    assert {path.name for path in tmp_path.iterdir()} == {*mine, "report.html"}


def test_what_a_living_run_or_another_machine_writes_is_left_until_it_is_old(tmp_path):
    living = files._passing_name(tmp_path / "a")
    other = tmp_path / f".a.caminos-{'0' * 8}-4194303-{'0' * 8}"
    for path in (living, other):
        path.write_text("")
    remove_leftovers(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {living.name, other.name}
    past = time.time() - files.OLD - 60
    for path in (living, other):
        os.utime(path, (past, past))
    remove_leftovers(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_new_folder_never_takes_the_place_of_a_link(tmp_path):
    (tmp_path / "city").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError):
        write_folder(tmp_path / "city", {"city.toml": ""})
    assert not (tmp_path / "nowhere").exists()


def test_file_names_of_the_greatest_length_are_written(tmp_path):
    name = "ã" * 120 + ".csv"  # 244 bytes of 255
    write_atomic(tmp_path / name, "x")
    assert [path.name for path in tmp_path.iterdir()] == [name]


# ---------------------------------------------------------------- words at the terminal


def test_control_characters_never_reach_one_line():
    assert one_line(f"a\r\n b{ESCAPE}\x07{BIDI}\x9b\x7fc d") == "a b[31mc d"
    assert one_line("Ñandú – 東京 · μg/m³ café") == "Ñandú – 東京 · μg/m³ café"
    assert harmless("  a\n\tb\x1b\n") == "  a\n b\n"


def test_a_problem_is_one_line_and_cut():
    digits = "9" * 5000
    problem = Problem("error", f"a{ESCAPE}.csv", 2, "year", f"{digits} is\nno year.", "word " * 10_000)
    assert len(str(problem)) < 2000
    assert "\n" not in str(problem)
    assert "\x1b" not in str(problem)
    assert "is no year." in problem.message


@pytest.mark.parametrize("value", [1e15, 1e30, -1e30, 1.7e308, 5e-324, 123456789012345680000.0])
def test_numbers_of_any_size_can_be_printed(value):
    shown = number(value).replace("−", "-")
    mantissa, exponent = shown.split("e")
    assert float(mantissa) * 10.0 ** (int(exponent) if abs(int(exponent)) < 300 else 0) != 0
    if abs(value) < 1e300 and abs(value) > 1e-300:
        assert float(shown) == pytest.approx(value, rel=0.06)


# ---------------------------------------------------------------- tables and maps of a city

NESTED = "[" * 100_000
DIGITS = "9" * 5000
ZONES_TEXT = json.dumps({"type": "FeatureCollection", "features": [square("centro", -51.2, -30.05)]})
ALIASES_TEXT = "alias,zone,note\nCenter,centro,\n"
INVENTORY = [row("I.1.1", 1000, co2=900, ch4=90, n2o=10, activity_value=5), row("V.2", -20)]


def whole_city(folder: Path) -> Path:
    """A city with every kind of file, and nothing wrong with it."""
    made = city(folder, [*FACTS, fact("gini", 0.5, "share", zone="")], inventory=INVENTORY)
    (made / "zones.geojson").write_text(ZONES_TEXT)
    (made / "aliases.csv").write_text(ALIASES_TEXT)
    return made


def spoil(folder: Path, name: str, content: str | bytes) -> list[Problem]:
    """The errors of a city one of whose files holds `content`."""
    made = whole_city(folder)
    (made / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return [problem for problem in check_city(made) if problem.severity == "error"]


def test_the_city_to_be_spoilt_is_sound(tmp_path):
    assert [problem for problem in check_city(whole_city(tmp_path)) if problem.severity == "error"] == []


def polygon(x: object) -> str:
    return ZONES_TEXT.replace("-51.19", str(x), 1)


SPOILT = {
    "zones.geojson": [
        NESTED, '{"a":' * 100_000, "", "null", "5", "[]", '"text"', DIGITS, f'{{"type": {DIGITS}}}', "\0" * 50, b"\xff" * 9,
        '{"type": "FeatureCollection", "features": [' + "[" * 900 + "]" * 900 + "]}", polygon("1e400"), polygon(DIGITS),
        polygon("1" * 300), polygon("NaN"), polygon("Infinity"), polygon('"x"'), polygon("[" * 800 + "]" * 800),
        ZONES_TEXT.replace('"centro"', "{}"), ZONES_TEXT.replace('"centro"', "[" * 900 + "]" * 900),
        ZONES_TEXT.replace('"Polygon"', NESTED), ZONES_TEXT[:-40], ZONES_TEXT.replace("[[[", "").replace("]]]", ""),
    ],
    "facts.csv": [
        "", "\0" * 50, b"\xff\xfe" * 40, NESTED, '"' + "x" * 100_000,
        *(table_text(FACT_COLUMNS, [fact("population", value, "person")]) for value in
          ("1e400", DIGITS, "-" + DIGITS, "0x10", "1_000", "1\x0734", "12\x0034", "", "nan", "inf", "1e")),
        *(table_text(FACT_COLUMNS, [fact("population", 5, unit)]) for unit in
          ("9**9**9 person", "person" * 50, "((((", "person²²²²²²²²²²", "9⁹⁹⁹⁹⁹⁹⁹⁹⁹ person", "USD99999", "a" * 100_000)),
        *(table_text(FACT_COLUMNS, [fact("population", 5, "person", year=year)]) for year in
          (DIGITS, "-" + DIGITS, "²", "٢٠٢٠", "1e9999", "2020.5", "0", "")),
        table_text(FACT_COLUMNS, []), table_text(FACT_COLUMNS, [fact("gini", 0.5, "share")]),
        table_text(FACT_COLUMNS, [fact("population", "NE", "person", note="nobody counted")]),
    ],
    "inventory.csv": [
        "", "\0" * 50, NESTED, *(table_text(INVENTORY_COLUMNS, [row("I.1.1", value)]) for value in
                                 ("1e400", DIGITS, "1e30", "nan", "-1e30", "1\x0734")),
        *(table_text(INVENTORY_COLUMNS, [row("I.1.1", 3.36, **{gas: 1e30})]) for gas in ("co2", "ch4", "n2o")),
        table_text(INVENTORY_COLUMNS, [row("I.1.1", 100, co2=102)]),
        table_text(INVENTORY_COLUMNS, [row("I.1.1", 100, unit="kt CO2e", co2=100.0, ch4=102)]),
        *(table_text(INVENTORY_COLUMNS, [row("I.1.1", 5, unit=unit)]) for unit in
          ("1000 * t CO2e", "1000 t CO2e", "9**9**9 t CO2e", "2^99999999 t", "t CO2e + t CO2e", "(" * 110, "x" * 10_000)),
        table_text(INVENTORY_COLUMNS, [row(DIGITS, 5)]),
    ],
    "aliases.csv": ["", "\0" * 50, NESTED, f"alias,zone,note\nCenter,{DIGITS},\n", 'alias,zone\n"Center,centro\n'],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "place"), [(name, place) for name, all_ in SPOILT.items() for place in range(len(all_))]
)
def test_every_spoilt_file_is_named_and_explained(tmp_path, name, place):
    errors = spoil(tmp_path, name, SPOILT[name][place])
    assert name in {problem.file for problem in errors}
    for problem in errors:
        assert problem.message
        assert len(str(problem)) < 2500
        assert not CONTROL.search(str(problem))


@pytest.mark.parametrize("name", ["zones.geojson", "facts.csv", "inventory.csv", "aliases.csv", "facts-own.csv"])
@pytest.mark.parametrize("kind", ["folder", "fifo", "loop"])
def test_what_is_no_file_is_an_error_and_never_waited_for(tmp_path, name, kind):
    made = whole_city(tmp_path)
    (made / name).unlink(missing_ok=True)
    if kind == "folder":
        (made / name).mkdir()
    elif kind == "fifo":
        os.mkfifo(made / name)
    else:
        (made / name).symlink_to(made / name)
    errors = [problem for problem in check_city(made) if problem.severity == "error"]
    assert name in {problem.file for problem in errors}


def test_a_file_larger_than_any_table_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "LARGEST_FILE", 100)
    assert any("MB" in problem.message for problem in spoil(tmp_path, "facts.csv", "x" * 101))


def test_negative_land_use_may_offset_its_gases(tmp_path):
    assert spoil(tmp_path, "inventory.csv", table_text(INVENTORY_COLUMNS, [row("V.2", -20, co2=-25, ch4=5)])) == []
    assert spoil(tmp_path / "b", "inventory.csv", table_text(INVENTORY_COLUMNS, [row("V.2", 5, co2=-25, ch4=30)])) == []


NASTY = st.sampled_from(
    ["", "1e400", "-1e400", DIGITS, "1e308", "-1e308", "nan", "\0", "\x1b[2J", "\r", '"', "\ufffd", "٣", "=1+1", "I.1.1",
     "9**9**9", "t CO2e", "USD", "2022", "-2022", "NE", "C", "true", "null", "{}", "[]", "[" * 2000, ",", "\u2028"]
)  # fmt: skip


@given(
    st.sampled_from(["zones.geojson", "facts.csv", "inventory.csv", "aliases.csv"]),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), NASTY | st.text(max_size=6)), min_size=1, max_size=4),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_check_never_raises_whatever_is_written_into_a_file(tmp_path, name, cuts):
    made = whole_city(tmp_path)
    text = (made / name).read_text(encoding="utf-8")
    for place, length, nasty in cuts:
        start = int(place * len(text))
        text = text[:start] + nasty + text[start + length :]
    (made / name).write_bytes(text.encode("utf-8", errors="surrogatepass"))
    for problem in check_city(made):
        assert not CONTROL.search(str(problem))
        assert problem.message


# ---------------------------------------------------------------- the faults as they were met


def faulty(folder: Path, case: str, *bases: str) -> Path:
    """A city of ../shared/faults: the bases one over the other, then the case."""
    shared = SHARED / "faults"
    if not shared.is_dir():
        pytest.skip("needs ../shared")
    for part in (*(shared / "base" / base for base in bases), shared / case):
        shutil.copytree(part, folder, dirs_exist_ok=True, copy_function=shutil.copyfile)
    (folder / "README.md").unlink(missing_ok=True)
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    folder.chmod(0o755)
    return folder


FULL = ("rosario", "rosario-full")


def check(folder: Path) -> tuple[int, str]:
    """The real command: its exit code and all that it printed."""
    said = subprocess.run(
        [sys.executable, "-m", "caminos", "check", str(folder)], capture_output=True, check=False, timeout=120,
        env=os.environ | {"LANG": "C.UTF-8", "COLUMNS": "200"},
    )  # fmt: skip
    return said.returncode, (said.stdout + said.stderr).decode()


@pytest.mark.parametrize(
    ("case", "bases", "place"),
    [
        ("inventory-1e30", FULL, "inventory.csv:59:co2"),
        ("inventory-unit-arithmetic", FULL, "inventory.csv:2:unit"),
        ("geojson-nested-100000", FULL, "zones.geojson"),
        ("year-5000-digits", FULL, "facts-own.csv:2:year"),
        ("facts-header-only", ("rosario",), "facts.csv:population"),
    ],
)
def test_faults_that_were_met(tmp_path, case, bases, place):
    made = faulty(tmp_path / "city", case, *bases)
    if case == "geojson-nested-100000":
        (made / "zones.geojson").write_text("[" * 100_000)
    if case == "year-5000-digits":
        lines = (made / "facts-own.csv").read_text(encoding="utf-8").splitlines(keepends=True)
        lines[1] = lines[1].replace("2023", "9" * 5000)
        (made / "facts-own.csv").write_text("".join(lines), encoding="utf-8")
    code, said = check(made)
    assert code == 1
    assert "Traceback" not in said
    assert re.findall(r"^error +(\S+)", said, re.MULTILINE) == [place]
    assert len(said) < 10_000


def test_control_characters_of_a_package_never_reach_the_terminal(tmp_path):
    note = f"first\nerror  facts.csv:1 {ESCAPE}{BIDI}\x9b31m"
    made = city(tmp_path / "city", [*FACTS, fact("gini", 7, "share", note=note, source=note)])
    (made / "zones.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "features": [square(f"a\n{ESCAPE}{BIDI}", 0, 0)] * 2})
    )
    code, said = check(made)
    assert code == 1
    assert "zones.geojson" in said
    assert not CONTROL.search(said.replace("\n", ""))


def test_json_escapes_what_a_terminal_would_obey(capsys):
    emit({"name": f"a\n{ESCAPE}{BIDI}\x9b\x7f é"})
    said = capsys.readouterr().out
    assert not CONTROL.search(said.replace("\n", ""))
    assert json.loads(said) == {"name": f"a\n{ESCAPE}{BIDI}\x9b\x7f é"}


def test_errors_that_end_a_command_are_harmless_and_of_one_kind(capsys):
    def fail():
        raise CaminosError(f"wrong {ESCAPE}{BIDI}")

    assert cli.run(fail) == 1
    assert capsys.readouterr().err == "wrong [31m\n"


def test_every_error_of_the_package_has_one_root():
    found = []
    for module in pkgutil.walk_packages(caminos.__path__, "caminos."):
        if module.name != "caminos.__main__":
            loaded = importlib.import_module(module.name)
            found += [
                each for _name, each in inspect.getmembers(loaded, inspect.isclass) if each.__module__ == module.name
            ]
    errors = {each for each in found if issubclass(each, Exception) and each.__module__ != "caminos.command.console"}
    assert len(errors) > 12
    assert [each for each in errors if not issubclass(each, CaminosError)] == []


def test_a_plan_is_toml_whatever_the_city_is_called(porto_alegre):
    name = f"São \"x\"\nbudget_per_year = 1\n{ESCAPE}{BIDI}\\ '''"
    odd = SimpleNamespace(city=replace(porto_alegre.city, id='ro"x\n', name=name))
    plan = SimpleNamespace(
        start=2026, budget=50e6, weights=(1.0, 2.0, 1 / 3, 1.0, 1.0), floor=0.2, required=(), excluded=(),
        measures=[Measure("street_trees", 2030, 0.25)],
    )  # fmt: skip
    text = plan_text(odd, plan)
    assert tomllib.loads(text) == {
        "city": 'ro"x\n', "start": 2026, "budget_per_year": 50_000_000, "pathway_weights": [1.0, 2.0, 1 / 3, 1.0, 1.0],
        "floor_for_poorest": 0.2, "measures": [{"action": "street_trees", "start": 2030, "scale": 0.25}],
    }  # fmt: skip
    assert "\x1b" not in text
    assert text.startswith("# São")


@pytest.mark.parametrize("out", ["/dev/null", "fifo", "link"])
def test_a_plan_is_never_written_over_a_device(tmp_path, monkeypatch, out):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("fifo")
    os.symlink("/dev/null", "link")
    monkeypatch.setattr(cli, "open_model", lambda _city: pytest.fail("refused before anything is computed"))
    monkeypatch.setattr(sys, "argv", ["caminos", "plan", "porto-alegre", "--budget", "1e6", "--out", out])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    assert stat.S_ISFIFO(os.stat("fifo").st_mode)


def test_a_report_for_a_folder_that_cannot_be_is_refused_before_the_plan_is_made(tmp_path, monkeypatch):
    from caminos.planning import entry

    monkeypatch.setattr(entry, "entry", lambda *_given: pytest.fail("refused before anything is computed"))
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    model = SimpleNamespace(city=SimpleNamespace(id="rosario", name="Rosario"))
    for out in (Path("/dev/null"), tmp_path / "file", tmp_path / "file" / "deeper"):
        with pytest.raises(NotADirectoryError):
            cli.write_all(model, 5e6, 2026, None, 0.2, out)
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"


def test_a_spoilt_plan_of_a_city_is_found_by_check(tmp_path):
    from caminos.planning.check import check

    folder = city(tmp_path / "town")
    (folder / "plans").mkdir()
    (folder / "plans" / "broken.toml").write_text("x = [", encoding="utf-8")
    (folder / "plans" / "odd.toml").write_text('[[measures]]\naction = "no_such"\nstart = 2026\n', encoding="utf-8")
    found = {problem.file: problem for problem in check(folder) if problem.severity == ERROR}
    assert set(found) == {"plans/broken.toml", "plans/odd.toml"}
    assert "no_such" in found["plans/odd.toml"].message


@pytest.mark.parametrize(
    ("name", "value", "unit"),
    [
        ("real_discount_rate", "-1", "1/yr"),
        ("street_trees_cost", "-5000", "USD2023/tree"),
        ("sorting_yield_prior", "1.2", "share"),
    ],
)
def test_a_parameter_cannot_be_what_no_literature_has(tmp_path, name, value, unit):
    folder = city(tmp_path / "town", facts=[*FACTS, fact(name, value, unit)])
    problems = [problem for problem in check_city(folder) if problem.severity == ERROR]
    assert [problem.column for problem in problems] == ["value"], problems


def test_a_city_of_nobody_is_an_error(tmp_path):
    facts = [item for item in FACTS if item["name"] != "population"]
    folder = city(tmp_path / "town", facts=[*facts, fact("population", "0", "person")])
    assert "population" in {problem.column for problem in check_city(folder) if problem.severity == ERROR}
