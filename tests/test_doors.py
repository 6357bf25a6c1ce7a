"""Doors: whatever a file of a city holds, nothing is written elsewhere, nothing special is replaced, no traceback."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from caminos import files
from caminos.files import FileError, inside, remove_leftovers, write_atomic, write_folder, write_set
from caminos.i18n import harmless, number, one_line
from caminos.problems import CaminosError, Problem

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
