"""Draw the pictures of docs/maps.md: each model of the ground on a small made-up city, or on a real one.

    python scripts/model_pictures.py [--shared ../shared] [--out docs/pictures]

The made-up city is drawn from a fixed seed; no figure of it is an observation. Pictures of real cities need the
shared data and are skipped without them. Needs the extra `caminos[geo]`.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from PIL import Image
from scipy import ndimage

from caminos.command.maps import picture_of
from caminos.maps.draw import draw
from caminos.spatial import (
    connectivity,
    exceedance_curve,
    expected_impact,
    filled_depressions,
    flood_depth,
    marginal_effect,
    nature_access,
    runoff,
    urban_cooling,
)
from caminos.spatial.marginal import cooling_gradient

ROOT = Path(__file__).resolve().parents[1]
CELL = 10.0  # m
SIDE = 300  # cells
WATER, PARK, LAWN, HOMES, BLOCKS, CENTRE = range(1, 7)
NAMES = {WATER: "water", PARK: "park", LAWN: "lawn", HOMES: "houses", BLOCKS: "blocks", CENTRE: "centre"}
COLOURS = {WATER: "#8ecae6", PARK: "#2a9d8f", LAWN: "#a7c957", HOMES: "#f4e3c1", BLOCKS: "#d9a679", CENTRE: "#8d6e63"}
COLUMNS = ["lucode", "kc", "green_area", "shade", "albedo", "curve_number"]
TABLE = np.array([
    [WATER, 1.0, 0, 0.0, 0.06, 100], [PARK, 1.0, 1, 0.7, 0.15, 60], [LAWN, 0.9, 1, 0.1, 0.20, 69],
    [HOMES, 0.5, 0, 0.25, 0.20, 80], [BLOCKS, 0.3, 0, 0.1, 0.22, 90], [CENTRE, 0.1, 0, 0.02, 0.25, 96],
])  # fmt: skip
PEOPLE = {WATER: 0, PARK: 0, LAWN: 0, HOMES: 0.6, BLOCKS: 2.5, CENTRE: 1.5}  # a cell
Panel = tuple[str, np.ndarray, Any, str]


def made_up_city() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Land cover, population and elevation (m) of 3 × 3 km: a river, parks, houses round a centre."""
    rng = np.random.default_rng(2024)
    row, column = np.mgrid[:SIDE, :SIDE]
    smooth = ndimage.gaussian_filter(rng.normal(size=(SIDE, SIDE)), 14)
    smooth /= smooth.std()
    away = np.hypot(row - 150, column - 170) / 150
    cover = np.where(away + 0.25 * smooth < 0.4, CENTRE, np.where(away + 0.25 * smooth < 0.75, BLOCKS, HOMES))
    green = ndimage.gaussian_filter(rng.normal(size=(SIDE, SIDE)), 7)
    green /= green.std()
    cover[green > 1.35] = PARK
    cover[(green > 1.1) & (green <= 1.35)] = LAWN
    middle = 60 + 25 * np.sin(row / 45)
    cover[np.abs(column - middle) < 7] = WATER
    people = np.vectorize(PEOPLE.get)(cover).astype(float)
    terrain = 0.05 * np.abs(column - middle) + 1.2 * smooth + 3
    return cover, people, np.where(cover == WATER, 0.0, np.maximum(terrain, 0.3))


def panels(title: str, shown: list[Panel], path: Path, foot: str) -> None:
    """Rasters side by side, each with a legend, over a scale bar."""
    figure = Figure(figsize=(4.1 * len(shown), 4.6), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold")
    for place, (name, values, colours, unit) in enumerate(shown):
        axes = figure.add_subplot(1, len(shown), place + 1)
        image = axes.imshow(values, cmap=colours, interpolation="nearest")
        axes.set_title(name, fontsize=10)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.plot([10, 60], [SIDE + 8] * 2, color="black", linewidth=3, clip_on=False)
        axes.text(35, SIDE + 12, "500 m", ha="center", va="top", fontsize=8)
        if values.dtype == bool:
            continue
        bar = figure.colorbar(image, ax=axes, shrink=0.7, location="bottom", pad=0.1)
        if isinstance(colours, ListedColormap):
            bar.set_ticks(np.linspace(1.4, 5.6, 6), labels=list(NAMES.values()), fontsize=7)
        else:
            bar.set_label(unit, fontsize=8)
    figure.supxlabel(foot, x=0.01, ha="left", fontsize=8, color="#444444")
    save(figure, path)


def save(figure: Figure, path: Path) -> None:
    """Write a figure as a small PNG of few colours."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    shrink(buffer.getvalue(), path)


def shrink(picture: bytes, path: Path, width: int = 1000) -> None:
    """Fewer pixels and colours, for a page."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    if image.width > width:
        image = image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)
    image.quantize(160, dither=Image.Dither.NONE).save(path, optimize=True)


MADE_UP = "A made-up city of 3 x 3 km, cells of 10 m; no figure is an observation."


def made_up_pictures(out: Path) -> None:
    """One picture of each raster model."""
    cover, people, terrain = made_up_city()
    land = ("land cover", cover, ListedColormap(list(COLOURS.values())), "")
    cooled = urban_cooling(
        lulc=cover, eto=5.0, cell_size=CELL, cooling_distance=300, average_radius=200, reference_temperature=24,
        uhi_max=4, table_columns=COLUMNS, table=TABLE,
    )  # fmt: skip
    panels("urban_cooling: parks cool their surroundings", [
        land, ("heat mitigation", cooled.hm, "viridis", "0 to 1"),
        ("air temperature", cooled.t_air, "magma", "°C (24 °C outside the city)")], out / "urban-cooling.png", MADE_UP)  # fmt: skip
    access = nature_access(lulc=cover, population=people, cell_size=CELL, search_radius=300, demand=9,
                           green_codes=[PARK, LAWN])  # fmt: skip
    homes = np.where(people > 0, np.clip(access.supply_per_person, 0, 30), np.nan)
    panels("nature_access: green shared among those who reach it", [
        land, ("people", people, "Purples", "people a cell"),
        ("green per person within 300 m", homes, "YlGn", "m2 a person (30 and more in one)")], out / "nature-access.png", MADE_UP)  # fmt: skip
    curves = np.array([0, *TABLE[:, 5]])[cover]
    storm = runoff(precipitation=80.0, curve_number=curves)
    panels("runoff: what the ground holds back of an 80 mm storm", [
        land, ("curve number", curves, "copper_r", ""),
        ("retained", storm.retention_share, "Blues", "share of the rain")], out / "runoff.png", MADE_UP)  # fmt: skip
    water = cover == WATER
    depth = flood_depth(elevation=terrain, water=water, level=5.0)
    ponds = filled_depressions(terrain, outlet=water)
    panels("flood_depth: joined to the river, not a bathtub; filled_depressions: ponds of a cloudburst", [
        ("terrain", terrain, "terrain", "m"),
        ("river at 5 m", np.where(depth > 0, depth, np.nan), "Blues", "m deep"),
        ("ponds", np.where(ponds > 0.05, ponds, np.nan), "PuBu", "m deep")], out / "flood-depth.png", MADE_UP)  # fmt: skip
    natural = np.isin(cover, (PARK, LAWN))
    road = np.zeros(cover.shape, bool)
    road[:, 148:152] = road[120:123] = True
    joined = connectivity(natural=natural, cell_size=CELL, distance=100, barrier=road)
    area = np.append(joined.component_area, np.nan)[joined.component_of_cell]
    panels(f"connectivity: effective mesh size {joined.effective_mesh_size:.1f} ha of "
           f"{joined.natural_area:.0f} ha", [
        land, ("two roads", road, "Greys", ""),
        ("patches joined within 100 m, roads cut", area, "viridis", "ha of what is joined")], out / "connectivity.png", MADE_UP)  # fmt: skip
    impact_picture(terrain, water, people, out / "expected-impact.png")
    rows = np.arange(SIDE) // 50
    zone = rows[:, None] * 6 + rows[None, :]
    gradient = cooling_gradient(
        lulc=cover, eto=5.0, cell_size=CELL, cooling_distance=300, average_radius=200, uhi_max=4,
        table_columns=COLUMNS, table=TABLE, new_code=PARK, population=people,
    )  # fmt: skip
    land_cells = np.isin(cover, (LAWN, HOMES, BLOCKS, CENTRE))
    effect = marginal_effect(gradient=gradient, zone=zone, cell_size=CELL, convertible=land_cells).effect
    panels("marginal_effect: one hectare of park more in each zone", [
        land, ("people", people, "Purples", "people a cell"),
        ("change for the average person", 1000 * effect[zone], "viridis", "thousandths of a °C")],
        out / "marginal-effect.png", MADE_UP)  # fmt: skip


def impact_picture(terrain: np.ndarray, water: np.ndarray, people: np.ndarray, path: Path) -> None:
    """Expected damage by place and its exceedance curve, from levels by return period."""
    years, levels = np.array([2, 10, 50, 100, 500]), np.array([3.2, 4.0, 4.8, 5.2, 6.0])
    depths = flood_depth(elevation=terrain, water=water, level=levels).reshape(len(years), -1)
    value = people.ravel() * 20_000.0
    found = expected_impact(
        intensity=np.nan_to_num(depths), map_return_period=years, value=value, function=np.ones(value.size, int),
        function_intensity=np.array([0, 0.5, 1, 1.5, 2, 3, 4]),
        function_damage=np.array([[0, 0.491, 0.711, 0.842, 0.949, 0.984, 1]]),
    )  # fmt: skip
    yearly = found.expected_annual_impact.reshape(terrain.shape)
    figure = Figure(figsize=(9, 4.4), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle("expected_impact: damage by place and how often how much", x=0.01, ha="left", fontweight="bold")
    left, right = figure.subplots(1, 2)
    image = left.imshow(np.where(yearly > 0, yearly, np.nan), cmap="inferno_r")
    left.set_xticks([])
    left.set_yticks([])
    left.set_title("expected damage", fontsize=10)
    figure.colorbar(image, ax=left, shrink=0.7, location="bottom").set_label("USD a year and cell", fontsize=8)
    curve = exceedance_curve(found.impact_by_event, 1 / years - np.append(1 / years[1:], 0))
    right.plot(curve.return_period, curve.impact / 1e6, marker="o")
    right.set_xscale("log")
    right.set(xlabel="return period (years)", ylabel="damage (million USD)", title="exceedance curve")
    figure.supxlabel(
        MADE_UP + " Depth-damage of homes in South America (JRC).", x=0.01, ha="left", fontsize=8, color="#444444"
    )
    save(figure, path)


REAL = {
    "access-porto-alegre": ("porto-alegre", "hexagons:job_transit_45"),
    "clinics-porto-alegre": ("porto-alegre", "hexagons:clinic_walk_15"),
    "hospitals-guadalajara": ("guadalajara", "hexagons:dist_hospitales"),
    "green-guadalajara": ("guadalajara", "neighbourhoods:MSAVI_mean"),
}


def real_pictures(shared: Path, out: Path) -> None:
    """Maps of the two example cities by the command `caminos map`."""
    for name, (city, layer) in REAL.items():
        picture, _table = picture_of(ROOT / "cities" / city, layer, shared / "data" / city, None, None)
        path = out / f"{name}.png"
        draw(picture, path)
        shrink(path.read_bytes(), path)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    made_up_pictures(options.out)
    if (options.shared / "data").is_dir():
        real_pictures(options.shared, options.out)


if __name__ == "__main__":
    main()
