"""What is wrong with a city's files, said so that the reader can put it right."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

ERROR = "error"
WARNING = "warning"
NOT_CHECKABLE = "not checkable"


@dataclass(frozen=True)
class Problem:
    """One finding: `severity` is error, warning or not checkable; `row` is the line in the file."""

    severity: str
    file: str
    row: int | None
    column: str
    message: str
    fix: str

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.row, self.column) if part)
        return f"{place}: {self.severity}: {self.message} {self.fix}".rstrip()


class CityError(ValueError):
    """A city that cannot be read; `problems` holds every reason."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def nearest(word: str, known: Iterable[str], limit: int = 3) -> str:
    """The known words most like `word`, comma-separated; empty if none is near."""
    by_folded = {name.casefold(): name for name in known}
    return ", ".join(by_folded[match] for match in get_close_matches(word.casefold(), by_folded, limit, 0.6))
