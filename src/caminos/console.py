"""What commands share: exit codes, messages that end a command, progress, JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

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
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(text, total=None)

        def step(what: str, done: int, total: int) -> None:
            bar.update(task, description=f"{text}: {what}", completed=done, total=total)

        model.progress = step
        try:
            yield
        finally:
            model.progress = None


def emit(data: Any) -> None:
    """Print data as JSON; what is not a number is null."""
    typer.echo(json.dumps(_plain(data), ensure_ascii=False, indent=2))


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
