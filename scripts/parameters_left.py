"""Compare a table of literature values with the parameters of the model; write what was left, and why.

    python scripts/parameters_left.py --shared path/to/parameters.csv

The literature table has the columns name, kind, region, year, value, unit, confidence (and others). The
file parameters_left.csv beside this script says, for each of its names, which parameter carries it
(`used_as`), by which factor its value was converted, which of its kinds can be meant at all (`only`: texts
divided by |, blank for all), and why rows of it were left. A row counts as
carried over if its value times the factor is the value, or an end of the range, of a row of that
parameter. A name without a line in that file is an error: nothing is dropped in silence.
"""

from __future__ import annotations

import argparse
import csv
import math
import sys
from collections import defaultdict
from pathlib import Path

from caminos.parameters.tables import OTHER_TABLES

HERE = Path(__file__).resolve().parent
TABLES = HERE.parent / "src" / "caminos" / "parameters"
PAGE = HERE.parent / "docs" / "parameters-left.md"


def read(path: Path) -> list[dict[str, str]]:
    """Rows of a table."""
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def parameter_values() -> dict[str, list[float]]:
    """Every value and end of range that the model knows, by parameter name."""
    found: dict[str, list[float]] = defaultdict(list)
    for table in sorted(TABLES.glob("*.csv")):
        if table.name not in OTHER_TABLES:
            for row in read(table):
                found[row["name"]] += [float(row[column]) for column in ("value", "low", "high") if row[column]]
    return found


def carried(row: dict[str, str], line: dict[str, str], known: dict[str, list[float]]) -> bool:
    """Whether one of the parameters that carry this name has this row's value."""
    if not line["factor"] or (line["only"] and not any(text in row["kind"] for text in line["only"].split("|"))):
        return False
    value = float(row["value"]) * float(line["factor"])
    return any(
        math.isclose(value, other, rel_tol=0.005, abs_tol=1e-12)
        for name in line["used_as"].split()
        for other in known.get(name, [])
    )


def main() -> int:
    """Compare, write the page, and say what has no reason."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, required=True, help="the table of literature values")
    rows = read(parser.parse_args().shared)
    reasons = {row["name"]: row for row in read(HERE / "parameters_left.csv")}
    known = parameter_values()
    groups: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        groups[row["name"]].append(row)
    unknown = sorted(set(groups) - set(reasons))
    for name in unknown:
        print(f"parameters_left.csv has no line for {name}: add which parameter carries it, or why it is left")
    for line in reasons.values():
        for parameter in line["used_as"].split():
            if parameter not in known:
                print(f"parameters_left.csv: {line['name']} names {parameter}, which is no parameter of the model")
                unknown.append(line["name"])
    taken, listing, counts = [], [], []
    for name in sorted(groups, key=str.lower):
        line = reasons.get(name, {"used_as": "", "factor": "", "only": "", "reason": "no reason given"})
        used_as = line["used_as"].split()
        number = sum(carried(row, line, known) for row in groups[name])
        counts.append(number)
        carriers = ", ".join(f"`{parameter}`" for parameter in used_as)
        if used_as:
            taken.append(
                (
                    name,
                    len(groups[name]),
                    str(number) if line["factor"] else "in computed rows",
                    carriers,
                    line["reason"],
                )
            )
        else:
            listing.append((name, len(groups[name]), line["reason"]))
    write(rows, sum(counts), taken, listing)
    print(
        f"{PAGE.name}: {sum(counts)} of {len(rows)} rows carried over as they are, under {len(taken)} of {len(groups)} names"
    )
    return 1 if unknown else 0


def write(
    rows: list[dict[str, str]],
    number: int,
    taken: list[tuple[str, int, str, str, str]],
    listing: list[tuple[str, int, str]],
) -> None:
    """The page for people."""
    by_reason: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for name, count, reason in listing:
        by_reason[reason].append((name, count))
    text = [
        "# Literature values that were left out of the model, and why",
        "",
        "Written by `scripts/parameters_left.py`; the reasons stand in `scripts/parameters_left.csv`.",
        "",
        f"The literature table has {len(rows)} rows under {len(taken) + len(listing)} names. "
        f"{len(taken)} names have a parameter in `src/caminos/parameters/`, and {number} of their rows stand there "
        "with the same number (converted to the unit of the model); others entered a computed row. "
        f"{len(listing)} names have none.",
        "",
        "## Names with a parameter: what was taken, and what of them was left",
        "",
        "| name | rows | taken as they are | parameter | what was left |",
        "| --- | --- | --- | --- | --- |",
    ]
    text += [f"| {name} | {count} | {got} | {carriers} | {reason} |" for name, count, got, carriers, reason in taken]
    text += ["", "## Names without a parameter", ""]
    for reason, members in sorted(by_reason.items(), key=lambda item: -sum(count for _, count in item[1])):
        total = sum(count for _, count in members)
        names = ", ".join(f"{name} ({count})" for name, count in members)
        text += [f"**{reason[:1].upper() + reason[1:]}**: {total} rows.", "", names + ".", ""]
    PAGE.write_text("\n".join(text).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
