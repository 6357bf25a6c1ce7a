"""What is wrong, said so that the reader can put it right: one root of all errors, and findings in a city's files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from caminos.i18n import one_line

ERROR = "error"
WARNING = "warning"
NOT_CHECKABLE = "not checkable"
LONGEST_WORD, LONGEST_TEXT = 240, 1200  # characters of a message


class CaminosError(ValueError):
    """What a user can put right; the message says what, where and how. The root of the package's errors."""


class UnknownError(CaminosError, KeyError):
    """A name that stands for nothing; a KeyError as well, so that mappings behave as mappings do."""

    __str__ = Exception.__str__  # a KeyError would quote its message


@dataclass(frozen=True)
class Problem:
    """One finding: `severity` is error, warning or not checkable; `row` is the line in the file."""

    severity: str
    file: str
    row: int | None
    column: str
    message: str
    fix: str

    def __post_init__(self) -> None:
        """What a file holds is quoted in part if it is long, and on one line."""
        for part in ("file", "column", "message", "fix"):
            object.__setattr__(self, part, shortened(one_line(getattr(self, part))))

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.row, self.column) if part)
        return f"{place}: {self.severity}: {self.message} {self.fix}".rstrip()


class CityError(CaminosError):
    """A city that cannot be read; `problems` holds every reason."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[CityError], tuple[tuple[Problem, ...]]]:
        """Between processes it travels as its problems, for its text is made of them."""
        return type(self), (self.problems,)


def shortened(text: str) -> str:
    """A text whose endless words (numbers of thousands of digits) and endless sentences are cut."""
    cut = re.sub(rf"\S{{{LONGEST_WORD},}}", lambda word: f"{word[0][: LONGEST_WORD // 4]}…", text)
    return cut if len(cut) <= LONGEST_TEXT else f"{cut[:LONGEST_TEXT]}…"


def nearest(word: str, known: Iterable[str], limit: int = 3) -> str:
    """The known words most like `word`, comma-separated; empty if none is near."""
    by_folded = {name.casefold(): name for name in known}
    return ", ".join(by_folded[match] for match in get_close_matches(word.casefold(), by_folded, limit, 0.6))
