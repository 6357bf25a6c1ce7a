"""What commands share: exit codes, messages that end a command, progress, JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from caminos.i18n import CONTROL, harmless

if TYPE_CHECKING:
    from caminos.planning.city_model import CityModel

OK, PROBLEMS, USAGE, NOT_ESTIMATED = 0, 1, 2, 3


class Stop(Exception):
    """A clear message for the user, and the exit code that goes with it."""

    def __init__(self, message: str, code: int = PROBLEMS):
        super().__init__(message)
        self.code = code


@contextmanager
def progress(model: CityModel, text: str) -> Iterator[None]:
    """A bar on the error stream while the model works; silent where nobody watches."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from caminos.terminal import Terminal

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Terminal(stderr=True), transient=True) as bar:
        task = bar.add_task(text, total=None)

        def step(what: str, done: int, total: int) -> None:
            bar.update(task, description=f"{text}: {what}", completed=done, total=total)

        model.progress = step
        try:
            yield
        finally:
            model.progress = None


def say(text: str) -> None:
    """Print a message on the error stream."""
    typer.echo(harmless(text), err=True)


def emit(data: Any) -> None:
    """Print data as JSON; what is not a number is null, control characters are escaped."""
    text = json.dumps(_plain(data), ensure_ascii=False, indent=2)
    typer.echo("\n".join(CONTROL.sub(_escaped, line) for line in text.split("\n")))


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _plain(data: Any) -> Any:
    from dataclasses import asdict, is_dataclass

    if is_dataclass(data) and not isinstance(data, type):
        return _plain(asdict(data))
    if isinstance(data, dict):
        return {str(key): _plain(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_plain(value) for value in data]
    if isinstance(data, float) and (data != data or data in (float("inf"), float("-inf"))):
        return None if data != data else str(data)
    if isinstance(data, Path):
        return str(data)
    return data
