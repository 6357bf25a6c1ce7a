"""The terminal: whatever is printed there is harmless, for the texts of a city's files come from anybody."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from caminos.i18n import harmless


class Terminal(Console):
    """A Rich console that drops control characters of texts, tables and bars alike; its own styles it keeps."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments of `renderable`, each harmless."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else harmless(text), style, control)
