"""Caminos plans a city along five interlinked pathways. The front door for analysts: docs/analysts.md.

Everything is fetched when it is first asked for, so that `import caminos` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from caminos.analyst import (
        Case as Case,
    )
    from caminos.analyst import (
        Cities as Cities,
    )
    from caminos.analyst import (
        Measure as Measure,
    )
    from caminos.analyst import (
        compare as compare,
    )
    from caminos.analyst import (
        connect as connect,
    )
    from caminos.analyst import (
        diagnose as diagnose,
    )
    from caminos.analyst import (
        entry as entry,
    )
    from caminos.analyst import (
        explain as explain,
    )
    from caminos.analyst import (
        open as open,
    )
    from caminos.analyst import (
        plan as plan,
    )
    from caminos.problems import CaminosError as CaminosError

    __version__: str

__all__ = [
    "CaminosError",
    "Case",
    "Cities",
    "Measure",
    "__version__",
    "compare",
    "connect",
    "diagnose",
    "entry",
    "explain",
    "open",
    "plan",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'caminos' has no attribute {name!r}")
    if name == "__version__":
        found: Any = _version()
    else:
        from importlib import import_module

        found = getattr(import_module("caminos.problems" if name == "CaminosError" else "caminos.analyst"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _version() -> str:
    """The version that is installed; a clone that is not installed has none of its own."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("caminos")
    except PackageNotFoundError:
        return "0+unknown"
