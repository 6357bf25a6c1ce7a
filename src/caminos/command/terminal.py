"""Pages on a terminal: nothing is cut; tables that are too wide put each row on lines of its own."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from shutil import get_terminal_size

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from caminos.i18n import _, harmless, one_line
from caminos.pages.page import Cell, Chart, Page, Part, Sentences, Shown, Table, lay
from caminos.words import NO_BREAK

NARROW = 80  # where nobody says how wide the screen is
WIDEST = 140  # lines longer than this are hard to read
SPACE = 2  # between columns
INDENT = "  "  # before small print under words
LEAST_WORDS = 12  # a column of words is not made narrower than this
TALLEST = 9  # lines of a cell; with more, each row is put on lines of its own
SMALL_PRINT = 30  # small print under a number is wrapped beyond this


class Terminal(Console):
    """A Rich console that drops control characters of whatever it prints, for texts of a city come from anybody."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments of `renderable`, each harmless; its own styles it keeps."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else harmless(text), style, control)


@dataclass(frozen=True)
class Line:
    """One line of text and its style."""

    text: str
    style: str = ""


def width() -> int:
    """Columns of the screen; 80 where nobody says."""
    return min(max(get_terminal_size((NARROW, 24)).columns, 40), WIDEST)


def print_page(page: Page) -> None:
    """Print a page on the standard output."""
    console = Terminal(file=sys.stdout, highlight=False, markup=False, emoji=False, soft_wrap=True)
    for line in page_lines(page, width()):
        console.print(Text(line.text, line.style))


def page_lines(page: Page, wide: int) -> list[Line]:
    """A page as lines no longer than `wide`."""
    found = [*_heading(page.title, wide, "bold underline")]
    left_out: list[str] = []
    found += _parts(page, wide, left_out)
    if left_out:
        found += [Line(""), *_wrapped(_("With --json also: {parts}.", parts="; ".join(left_out)), wide, style="dim")]
    return [replace(line, text=line.text.replace(NO_BREAK, " ")) for line in found]


def _parts(page: Page, wide: int, left_out: list[str]) -> list[Line]:
    found = [*_wrapped(page.lead, wide)]
    for part in page.parts:
        if getattr(part, "folded", False):
            left_out.append(part.title)
            continue
        found += [Line("")] if found or part is not page.parts[0] or page.title else []
        if isinstance(part, Page):
            found += [*_heading(part.title, wide, "bold"), *_parts(part, wide, left_out)]
        else:
            found += part_lines(part, wide)
    return found


def part_lines(part: Part, wide: int) -> list[Line]:
    """A table, sentences or a chart as lines; a chart is its table."""
    if isinstance(part, Table):
        return [
            *_heading(_title(part), wide, "bold"),
            *table_lines(part, wide),
            *_wrapped(part.note, wide, style="dim"),
        ]
    if isinstance(part, Sentences):
        return [*_heading(part.title, wide, "bold"), *_sentence_lines(part, wide)]
    if isinstance(part, Chart):
        title = part.title or _title(part.table)
        notes = [line for note in part.notes for line in _wrapped(note.text, wide, style="dim")]
        lead, after = (notes, []) if part.kind == "chain" else ([], notes)
        return [*_heading(title, wide, "bold"), *lead, *table_lines(part.table, wide), *after]
    return page_lines(part, wide)


def _title(table: Table) -> str:
    unit = lay(table).unit
    return f"{table.title} ({unit})" if unit else table.title


def _heading(text: str, wide: int, style: str) -> list[Line]:
    return _wrapped(text, wide, style=style)


def _sentence_lines(part: Sentences, wide: int) -> list[Line]:
    found = []
    for line in part.lines:
        if part.style == "brief" and line.head:
            found += [*_wrapped(line.head, wide, style="bold"), *_wrapped(INDENT + line.text, wide, INDENT)]
            continue
        text = f"{line.head}: {line.text}" if line.head else line.text
        listed = part.style == "list"
        style = "dim" if line.style in ("note", "hint") else ""
        found += _wrapped(("- " if listed else "") + text, wide, "  " if listed else "", style, line.style == "code")
    return found


# tables


def table_lines(table: Table, wide: int) -> list[Line]:
    """A table in columns if they fit without breaking a number, else row by row."""
    grid = _grid(table)
    sizes = _sizes(grid, wide)
    return _columns(grid, sizes) if sizes and _readable(grid, sizes) else _stacked(grid, wide)


def _readable(grid: Grid, sizes: Sequence[int]) -> bool:
    """Whether no cell is so tall that its words stand under each other as in a pillar."""
    cells = [(block.lines, size) for row in grid.rows for block, size in zip(row, sizes, strict=True)]
    return all(len(_fold(lines, size)) <= TALLEST for lines, size in cells)


@dataclass(frozen=True)
class Block:
    """The lines of a cell: those that stay whole (a number, its range), and words that may be wrapped."""

    whole: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """All of them."""
        return self.whole + self.words


@dataclass(frozen=True)
class Grid:
    """A table as blocks of lines: heads, rows, and which columns hold words that may be wrapped."""

    heads: tuple[str, ...]
    rows: tuple[tuple[Block, ...], ...]
    wordy: tuple[bool, ...]
    sums: tuple[bool, ...]


def _grid(table: Table) -> Grid:
    laid = lay(table)
    heads = tuple(
        f"{column.head} ({unit})" if unit and column.head else column.head
        for column, unit in zip(table.columns, laid.column_units, strict=True)
    )
    rows = []
    for row, shown, unit in zip(table.rows, laid.rows, laid.row_units, strict=True):
        blocks = [_block(cell, item) for cell, item in zip(row.cells, shown, strict=True)]
        if unit and blocks:
            blocks[0] = replace(blocks[0], words=(*blocks[0].words, f"{INDENT}{unit}"))
        rows.append(tuple(blocks))
    wordy = tuple(not any(row.cells[place].is_number for row in table.rows) for place in range(len(heads)))
    return Grid(heads, tuple(rows), wordy, tuple(row.style == "sum" for row in table.rows))


def _block(cell: Cell, shown: Shown) -> Block:
    """Number, range and small print; words may be wrapped."""
    whole = tuple(one_line(line) for line in (shown.amount, shown.range) if line)
    if cell.is_number:
        return Block(whole, (one_line(shown.note),) if shown.note else ())
    return Block((), (*whole, f"{INDENT}{one_line(shown.note)}") if shown.note else whole)


def _sizes(grid: Grid, wide: int) -> list[int] | None:
    """The width of each column; words are wrapped before numbers, and None says that numbers would break."""
    columns = range(len(grid.heads))
    natural = [_natural(grid, i) for i in columns]
    least = [_least(grid, i, natural[i]) for i in columns]
    spare = wide - SPACE * (len(grid.heads) - 1)
    if sum(least) > spare:
        return None
    sizes = list(least)
    left = spare - sum(sizes)
    while left > 0 and (growing := [i for i in columns if sizes[i] < natural[i]]):
        thinnest = min(growing, key=lambda i: sizes[i] / natural[i])
        sizes[thinnest] += 1
        left -= 1
    return sizes


def _natural(grid: Grid, column: int) -> int:
    """The width at which nothing is wrapped; small print of numbers is, beyond a limit."""
    small = max((_widest(row[column].words) for row in grid.rows), default=0)
    small = small if grid.wordy[column] else min(small, SMALL_PRINT)
    return max([cell_len(grid.heads[column]), small, *(_widest(row[column].whole) for row in grid.rows)])


def _widest(lines: Iterable[str]) -> int:
    return max((cell_len(line) for line in lines), default=0)


def _least(grid: Grid, column: int, natural: int) -> int:
    """Numbers and their ranges keep their width; heads, small print and words are wrapped between words."""
    longest = _longest_word([grid.heads[column]])
    whole = max((_widest(row[column].whole) for row in grid.rows), default=0)
    words = _longest_word(line for row in grid.rows for line in row[column].words)
    least = LEAST_WORDS if grid.wordy[column] else 0
    return max(longest, whole, min(natural, max(least, words)))


def _longest_word(lines: Iterable[str]) -> int:
    return max((_indent(line) + cell_len(piece) for line in lines for piece in _pieces(line)), default=0)


def _pieces(line: str) -> list[str]:
    """What stays whole: words; of small print, such as units, what stands between strokes."""
    return re.split(r" |(?<=/)", line) if _indent(line) else line.split(" ")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _columns(grid: Grid, sizes: Sequence[int]) -> list[Line]:
    found = []
    if any(grid.heads):
        found += [Line(text, "bold") for text in _row(_split(grid.heads, sizes), grid, sizes, bottom=True)]
    for row, total in zip(grid.rows, grid.sums, strict=True):
        cells = [_fold(block.lines, size) for block, size in zip(row, sizes, strict=True)]
        found += [Line(text, "bold" if total else "") for text in _row(cells, grid, sizes)]
    return found


def _split(heads: Sequence[str], sizes: Sequence[int]) -> list[list[str]]:
    return [wrap(head, size) for head, size in zip(heads, sizes, strict=True)]


def _fold(block: Sequence[str], size: int) -> list[str]:
    """The lines of a cell, those too long broken between words; what follows a line keeps its indent."""
    found = []
    for line in block:
        indent = line[: _indent(line)]
        found += [indent + part for part in wrap(line.strip(), size - len(indent))] or [""]
    return found


def _row(cells: Sequence[Sequence[str]], grid: Grid, sizes: Sequence[int], bottom: bool = False) -> list[str]:
    """The lines of one row: words to the left, numbers to the right."""
    height = max((len(cell) for cell in cells), default=0)
    found = []
    for place in range(height):
        parts = []
        for column, (cell, size) in enumerate(zip(cells, sizes, strict=True)):
            at = place - (height - len(cell)) if bottom else place
            text = cell[at] if 0 <= at < len(cell) else ""
            gap = " " * max(size - cell_len(text), 0)
            parts.append(text + gap if grid.wordy[column] else gap + text)
        found.append((" " * SPACE).join(parts).rstrip())
    return found


def _stacked(grid: Grid, wide: int) -> list[Line]:
    """Each row as a block: its name, then one line for each column."""
    found = []
    for row in grid.rows:
        name, *small = row[0].lines or ("",)
        about = "; ".join(line.strip() for line in small)
        found += _wrapped(f"{name.strip()} ({about})" if about else name.strip(), wide, style="bold")
        for head, block in zip(grid.heads[1:], row[1:], strict=True):
            number, *more = block.lines or ("",)
            text = f"{number} ({'; '.join(line.strip() for line in more)})" if more else number
            if text:
                found += _wrapped(f"  {head}: {text}" if head else f"  {text}", wide, "    ")
    return found


# text


def wrap(text: str, wide: int) -> list[str]:
    """Lines no wider than `wide`, broken between words; a word longer than a line after a stroke, else anywhere."""
    lines: list[str] = []
    line = ""
    for word in one_line(text).split(" "):
        pieces = _cut(word, wide) if cell_len(word) > wide else [word]
        for place, piece in enumerate(pieces):
            gap = "" if place or not line else " "
            if line and cell_len(line) + len(gap) + cell_len(piece) > wide:
                lines.append(line)
                line, gap = "", ""
            line += gap + piece
    return [*lines, line] if line else lines


def _cut(word: str, wide: int) -> list[str]:
    """A word in pieces no wider than `wide`, each of one letter or more, cut behind a stroke where it has one."""
    found, piece, width = [], "", 0
    for letter in word:
        size = cell_len(letter)
        if piece and width + size > wide:
            place = piece.rfind("/") + 1 or len(piece)
            found.append(piece[:place])
            piece = piece[place:]
            width = cell_len(piece)
        piece, width = piece + letter, width + size
    return [*found, piece]


def _wrapped(text: str, wide: int, indent: str = "", style: str = "", code: bool = False) -> list[Line]:
    """A text as lines; what follows the first is indented. Code keeps its own lines."""
    if not text:
        return []
    if code:
        return [Line("  " + one_line(line), style) for line in text.splitlines()]
    start = text[: len(text) - len(text.lstrip())]
    first, *rest = wrap(text.strip(), wide - max(len(start), len(indent))) or [""]
    return [Line(start + first, style), *(Line(indent + line, style) for line in rest)]
