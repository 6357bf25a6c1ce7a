"""What commands share: exit codes, messages that end a command, progress, JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from caminos.i18n import CONTROL, harmless

if TYPE_CHECKING:
    from caminos.pages.page import Page
    from caminos.planning.city_model import CityModel
    from caminos.problems import Problem

OK, PROBLEMS, USAGE, NOT_ESTIMATED = 0, 1, 2, 3

Step = Callable[[str, int, int], None]


class Stop(Exception):
    """A clear message for the user (empty where all is said), the exit code, and the problems behind it."""

    def __init__(self, message: str, code: int = PROBLEMS, problems: Sequence[Problem] = ()):
        super().__init__(message)
        self.code, self.problems = code, tuple(problems)


def answer(page: Page, as_json: bool) -> None:
    """Print a page: as JSON, or for people."""
    if as_json:
        emit(page.to_json())
        return
    from caminos.command.terminal import print_page

    print_page(page)


def emit(data: Any) -> None:
    """Print data as JSON; control characters are escaped."""
    text = json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False)
    typer.echo("\n".join(CONTROL.sub(_escaped, line) for line in text.split("\n")))


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def say(error: Stop, as_json: bool) -> None:
    """Say what went wrong: on the error stream, or with --json as the one JSON document on the output."""
    if not str(error):
        return
    if as_json:
        problems = [asdict(problem) for problem in error.problems]
        emit({"error": {"message": str(error), "code": error.code, "problems": problems}})
    else:
        typer.echo(harmless(str(error)), err=True)


@contextmanager
def watched(text: str) -> Iterator[Step]:
    """A bar on the error stream; silent where nobody watches."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from caminos.command.terminal import Terminal

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Terminal(stderr=True), transient=True) as bar:
        task = bar.add_task(text, total=None)

        def step(what: str, done: int, total: int) -> None:
            bar.update(task, description=f"{text}: {what}", completed=done, total=total or None)

        yield step


@contextmanager
def progress(model: CityModel, text: str) -> Iterator[None]:
    """A bar while the model works."""
    with watched(text) as step:
        model.progress = step
        try:
            yield
        finally:
            model.progress = None
