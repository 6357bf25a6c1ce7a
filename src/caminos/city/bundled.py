"""The example cities that ship, in the wheel or in a checkout."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

from caminos.i18n import _
from caminos.problems import UnknownError

PACKAGE = Path(__file__).parents[1]


class UnknownCityError(UnknownError):
    """Neither a folder nor an example city."""


def bundled_cities() -> dict[str, Path]:
    """The example cities that ship, by id."""
    for folder in (PACKAGE / "cities", PACKAGE.parents[1] / "cities"):
        if folder.is_dir():
            return {path.name: path for path in sorted(folder.iterdir()) if (path / "city.toml").is_file()}
    return {}


def city_folder(city: str) -> Path:
    """The folder of a city given as a path or as the id of an example; raises UnknownCityError."""
    path = Path(city)
    if path.is_dir():
        return path
    known = bundled_cities()
    if city in known:
        return known[city]
    raise UnknownCityError(
        _(
            "There is no city {city}: give a folder with city.toml, or one of the examples: {known}.",
            city=repr(city),
            known=", ".join(known),
        )
    )


def typed(folder: Path) -> str:
    """What a command takes for the city of a folder: the id of an example, else the folder, quoted for a shell."""
    examples = {path: name for name, path in bundled_cities().items()}
    return examples.get(folder) or quote(str(folder))
