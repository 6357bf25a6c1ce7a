"""Build the example cities from the shared data: figures and outlines, then the facts that layers.toml makes of maps.

Porto Alegre's figures need a script of their own, for its sources contradict each other; its maps, and all of
Guadalajara, need none: the same commands serve every city. What may not ship (layers with bundle = false) is
left out. Needs `pip install 'caminos[geo]'`.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import build_porto_alegre

from caminos.maps.layers import open_study, write_layers
from caminos.maps.recipe import LayerError
from caminos.problems import CityError

HERE = Path(__file__).resolve().parent
CITIES = HERE.parent / "cities"
GUADALAJARA = ("city.toml", "facts.csv", "SOURCE.md", "layers.toml")  # made by `caminos new`, then edited


def build(shared: Path, out: Path) -> list[str]:
    """Write both packages into `out`; returns what was found wrong with the maps, as text."""
    build_porto_alegre.build(shared, out / "porto-alegre")
    for name in GUADALAJARA:
        if out != CITIES:
            (out / "guadalajara").mkdir(parents=True, exist_ok=True)
            shutil.copyfile(CITIES / "guadalajara" / name, out / "guadalajara" / name)
    found = []
    for city in ("porto-alegre", "guadalajara"):
        study = open_study(out / city, shared / "data" / city, bundled=True)
        write_layers(study, out / city)
        found += [f"{city}: {problem}" for problem in study.problems]
    return found


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=build_porto_alegre.SHARED, help="folder that holds data/")
    parser.add_argument("--out", type=Path, default=CITIES, help="folder that holds the packages")
    options = parser.parse_args()
    if not (options.shared / "data").is_dir():
        parser.exit(
            1,
            f"build_cities: {options.shared / 'data'} is not here. It holds the open data that the example cities are "
            "made from; name its folder: make cities SHARED=folder. The cities in cities/ need nothing and stay.\n",
        )
    try:
        print("\n".join(build(options.shared, options.out)))
    except (build_porto_alegre.SourceError, CityError, LayerError, FileNotFoundError) as error:
        parser.exit(1, f"build_cities: {error}\n")


if __name__ == "__main__":
    main()
