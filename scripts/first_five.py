"""Write docs/first-five.md: what Porto Alegre, Guadalajara and ten made cities are told to begin with, and why.

Run: python scripts/first_five.py --out docs/first-five.md
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from caminos.city.bundled import city_folder
from caminos.city.new import made_city
from caminos.city.package import City, read_city
from caminos.city.places import find_place
from caminos.pages import entry as page
from caminos.planning.city_model import CityModel
from caminos.planning.entry import TOP, Entry, entry
from caminos.words import dollars, pathway_name, percent

OWN = ("porto-alegre", "guadalajara")
MADE = (
    "Mendoza, Argentina",
    "Cusco, Peru",
    "Dhaka, Bangladesh",
    "Tokyo, Japan",
    "Nairobi, Kenya",
    "Accra, Ghana",
    "Utrecht, Netherlands",
    "Oslo, Norway",
    "Phoenix, United States",
    "Auckland, New Zealand",
)
START = 2026
HEAD = """# What twelve cities are told to begin with

Made by `python scripts/first_five.py --out docs/first-five.md`; the comments on it stand in
[entry-point.md](entry-point.md). The first two cities have figures of their own, the others are made by `caminos new`
from defaults: a screening, not advice. Worth is the part of the way from a safe level to the worst observed that an
action spares, over all outcomes by weight; shares are those of 1,000 draws of everything that is not sure, weights
included.
"""


def cities() -> Iterable[City]:
    """The cities of the table, in order."""
    for name in OWN:
        yield read_city(city_folder(name))
    for name in MADE:
        yield made_city(find_place(name))


def section(city: City) -> str:
    """What one city is told, as Markdown."""
    model = CityModel(city)
    found = entry(model, START)
    lines = [f"## {city.name}", "", page.answer(model, found), ""]
    lines += [f"{text}\n" for text in page.dark(found)]
    lines += [f"{page.budget_text(model, found)}\n"]
    lines += [
        "| place | action | worth | first | in the first three | in the first five | public cost a year | pathways moved |",
        "|-:|-|-:|-:|-:|-:|-:|-:|",
    ]
    lines += [row(model, found, place) for place in range(min(TOP, len(found.ranking)))]
    lines += [""]
    lines += [
        f"- {item.rank} {page.action_name(model, item.action)}: {page.why_text(item)}" for item in found.ranking[:TOP]
    ]
    if found.find_out:
        names = "; ".join(f"{page.name_of(item.fact)} ({percent(item.changes_five, 2)})" for item in found.find_out)
        lines += ["", f"To find out first (how often it would change the first five): {names}."]
    return "\n".join(lines) + "\n"


def row(model: CityModel, found: Entry, place: int) -> str:
    """One action as a row of the table."""
    item = found.ranking[place]
    cells = [
        str(item.rank),
        f"{page.action_name(model, item.action)} ({pathway_name(item.pathway).lower()})",
        f"{percent(item.worth, 2)} ({percent(item.worth_low, 2)} to {percent(item.worth_high, 2)})",
        *(percent(share, 2) for share in (item.first, item.first_three, item.first_five)),
        dollars(item.public_cost),
        str(item.reach),
    ]
    return f"| {' | '.join(cells)} |".replace("\u00a0", " ")


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    out.write_text(HEAD + "\n" + "\n".join(section(city) for city in cities()), encoding="utf-8")


if __name__ == "__main__":
    main()
