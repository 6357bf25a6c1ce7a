"""The style of the code where no tool looks: lines kept from the formatter, calls that nobody can read."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import caminos

PACKAGE = Path(caminos.__file__).parent
MOST_ARGUMENTS = 8  # by position

# What is left, by file: lines kept from the formatter, and calls with too many arguments by position.
# A number may only become smaller; a file that is clean leaves the table.
LEFT: dict[str, tuple[int, int]] = {}


def counts(path: Path) -> tuple[int, int]:
    """Lines kept from the formatter, and calls with more than eight arguments by position."""
    text = path.read_text(encoding="utf-8")
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    return text.count("# fmt: skip") + text.count("# fmt: off"), sum(len(call.args) > MOST_ARGUMENTS for call in calls)


FILES = [path.relative_to(PACKAGE).as_posix() for path in sorted(PACKAGE.rglob("*.py"))]


@pytest.mark.parametrize("file", FILES)
def test_no_line_is_kept_from_the_formatter_and_no_call_has_too_many_positions(file: str) -> None:
    """A call is read by the names of its arguments, a table by its columns."""
    kept, long = counts(PACKAGE / file)
    most_kept, most_long = LEFT.get(file, (0, 0))
    assert kept <= most_kept, f"{file}: {kept} lines kept from the formatter"
    assert long <= most_long, f"{file}: {long} calls with more than {MOST_ARGUMENTS} arguments by position"


def test_the_counter_sees_what_it_looks_for(tmp_path: Path) -> None:
    """A kept line and a call of nine arguments are counted; eight and a starred sequence are not."""
    path = tmp_path / "sample.py"
    path.write_text("f(1, 2, 3, 4, 5, 6, 7, 8, 9)\nf(1, 2, 3, 4, 5, 6, 7, 8)\nf(*x)\nf(\n  1\n)  # fmt: " + "skip\n")
    assert counts(path) == (1, 1)
