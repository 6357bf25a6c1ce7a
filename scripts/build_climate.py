"""Build src/caminos/city/climates.csv.gz: Köppen class and mean temperature of the year of every place that has them.

Source: PVCZ-2019 (PyPI package pvcz, MIT; from NASA GLDAS), matched to the places of places.csv.gz beforehand.
Run: python scripts/build_climate.py [places_climate.csv.gz]
"""

from __future__ import annotations

import csv
import gzip
import io
import sys
from pathlib import Path

TARGET = Path(__file__).parents[1] / "src/caminos/city/climates.csv.gz"
GIVEN = Path(__file__).parents[2] / "shared/data/world-cities/pvcz-climate/places_climate.csv.gz"
COLUMNS = ("id", "koppen", "mean")
FARTHEST = 100.0  # km to the cell: beyond it the cell is that of another island

SOURCE = """climates.csv.gz
  what    : Köppen-Geiger class and mean air temperature of the year (degC) of {count} of the {all} places of
            places.csv.gz, by GeoNames number: those of the land cell of 0.25 degrees that the place lies in or next to
  source  : Photovoltaic Climate Zones PVCZ-2019 (T. Karin and others), PyPI package pvcz 0.3.0, from NASA GLDAS NOAH
  licence : MIT, below; NASA GLDAS is free of restrictions
  changed : columns chosen, cells farther than {farthest} km left out
  caution : a cell is 28 km wide: mountain and coastal cities are off by 1 to 2.5 degC, in deep valleys more; no urban
            heat island. It tells dry from wet and tropical from temperate, no more
  rebuild : python scripts/build_climate.py

MIT License

Copyright (c) 2019 Todd Karin

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""


def rows(given: list[dict[str, str]]) -> list[dict[str, str]]:
    """One row for each place with a cell near enough, by number."""
    near = [row for row in given if row["koppen"] and row["t_mean"] and float(row["cell_km"]) <= FARTHEST]
    found = [{"id": row["id"], "koppen": row["koppen"], "mean": row["t_mean"]} for row in near]
    return sorted(found, key=lambda row: int(row["id"]))


def main() -> None:
    """Write the table and its source text."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else GIVEN
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        given = list(csv.DictReader(file))
    table = rows(given)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    TARGET.write_bytes(gzip.compress(text.getvalue().encode(), 9, mtime=0))
    credit = SOURCE.format(count=f"{len(table):,}", all=f"{len(given):,}", farthest=f"{FARTHEST:.0f}")
    TARGET.with_name("climates.SOURCE.txt").write_text(credit, encoding="utf-8")
    print(f"{len(table)} of {len(given)} places, {TARGET.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
