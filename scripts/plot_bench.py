"""Draw bench.json: time and memory of the models of the ground against the number of cells, peers beside them.

python scripts/plot_bench.py [--bench bench.json] [--out docs/pictures/speed.png]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

ROOT = Path(__file__).resolve().parents[1]
# family: names of its cases by cells along a side
FAMILIES = {
    "urban cooling": {side: f"urban_cooling_{side}" for side in (500, 2000, 5000, 10_000)},
    "nature access": {side: f"nature_access_{side}" for side in (500, 2000, 5000)},
    "flood depth, 10 levels": {side: f"flood_depth_{side}_10_levels" for side in (2000, 4000)},
    "flood: minimax level": {side: f"spill_level_{side}" for side in (2000, 4000)},
    "connectivity with streets": {side: f"connectivity_{side}_patches_streets" for side in (2000, 4000)},
    "zonal statistics": {1000: "zonal_1000_100", 2000: "zonal_2000_400", 4000: "zonal_4000_1600", 10_000: "zonal_10000_1600"},
}  # fmt: skip


def draw(bench: Path, out: Path) -> None:
    """Two log-log panels: seconds and peak memory by cells."""
    cases = json.loads(bench.read_text(encoding="utf-8"))["cases"]
    figure = Figure(figsize=(10, 4.6), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    time, memory = figure.subplots(1, 2)
    for family, names in FAMILIES.items():
        sides = [side for side, name in names.items() if name in cases]
        found = [cases[names[side]] for side in sides]
        cells = [side**2 for side in sides]
        (line,) = time.plot(cells, [case["median_s"] for case in found], marker="o", label=family)
        memory.plot(cells, [case["peak_memory_mb"] for case in found], marker="o", label=family)
        for size, case in zip(cells, found, strict=True):
            if case.get("peer_s"):
                time.plot(size, case["peer_s"], marker="x", markersize=9, color=line.get_color(), linestyle="none")
    time.plot([], [], marker="x", color="black", linestyle="none", label="InVEST 3.20.2 (not of this run)")
    for axes, label in ((time, "seconds (median)"), (memory, "peak memory of the process (MB)")):
        axes.set(xscale="log", yscale="log", xlabel="cells", ylabel=label)
        axes.grid(which="major", color="#dddddd")
    figure.legend(*time.get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8)
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bench", type=Path, default=ROOT / "bench.json")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures" / "speed.png")
    options = parser.parse_args()
    draw(options.bench, options.out)


if __name__ == "__main__":
    main()
