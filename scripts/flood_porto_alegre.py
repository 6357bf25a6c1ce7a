"""How far floods on the terrain at hand are from the people recorded in Porto Alegre, May 2024.

    python scripts/flood_porto_alegre.py [--shared ../shared] [--pictures FOLDER]

The terrain is a surface model with roofs and trees, in whole metres, of the centre alone. People are those
of the hexagons (census 2010), spread evenly over the land of each hexagon. Prints tables in Markdown.
Nothing is fitted: the levels are published, the filter settings are all shown, and the level that would
match the record is printed only to show how far off it is. Needs the extra `caminos[geo]`.
"""

from __future__ import annotations

import argparse
import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from caminos.spatial.flood import datum_shift, flood_depth, ground_filter, spill_level
from caminos.spatial.zonal import zone_weights

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
ZONES = ROOT / "cities" / "porto-alegre" / "zones.geojson"
ALIASES = {"Menino Deus": "menino-deus", "Cidade Baixa": "cidade-baixa", "Sarandi": "sarandi", "Farrapos": "farrapos",
           "Humaita": "humaita"}  # fmt: skip
COMPARED = ("menino-deus", "cidade-baixa")  # of those recorded, the two that lie in the terrain model
UNRECORDED = ("centro-historico", "floresta", "sao-geraldo")  # among the ten worst, after the five recorded

# Peak of 5 May 2024 on the scale of gauge Cais Mauá C6. SGB levelled the flood marks along the quay to one
# reference: 5.37 m at C6, 5.12 m at the SPH gate, 4.59 m at the Gasômetro power station, 2.5 km away (SGB report
# of 3 Sep 2024, jornaldocomercio.com/geral/2024/09/1169858, meia92.com.br).
PEAK_C6, PEAK_GASOMETRO_ON_C6 = 5.37, 4.59
# The emergency gauge at the Gasômetro read 5.35 m, and its zero is at -1.18 m of mean sea level at Imbituba by
# IBGE mark 1788A (joint note of ANA and SGB, saneamentobasico.com.br/abastecimento-de-agua/
# ana-servico-geologico-monitoramento-rio-guaiba).
READ_GASOMETRO, ZERO_GASOMETRO = 5.35, -1.18
PEAK_GASOMETRO = float(datum_shift(READ_GASOMETRO, gauge_zero=ZERO_GASOMETRO, terrain_zero=0))
ZERO_C6 = PEAK_GASOMETRO - PEAK_GASOMETRO_ON_C6  # the same water on both scales
PEAK_C6_SEA = float(datum_shift(PEAK_C6, gauge_zero=ZERO_C6, terrain_zero=0))

# from three cells to a city block, to several blocks, to what cuts off hills as well
FILTERS: dict[str, dict[str, Any]] = {
    "gentle": {"windows": (93,), "slope": 0.05},
    "middle": {"windows": (93, 155, 217), "slope": 0.02},
    "strong": {"windows": (93, 155, 217, 341), "slope": 0.01},
    "extreme": {"windows": (93, 155, 217, 341, 465, 651, 961), "slope": 0.0},
}


@dataclass(frozen=True)
class Place:
    """Porto Alegre's centre: terrain, water, people by cell, and the neighbourhoods."""

    elevation: NDArray[np.float64]
    water: NDArray[np.bool_]
    cell_size: tuple[float, float]
    bounds: tuple[float, float, float, float]
    people: NDArray[np.float64]
    people_in_zone: Any
    zones: dict[str, Any]
    recorded: dict[str, float]
    census: dict[str, float]
    hexagons: list[dict[str, str]]

    def flooded(self, wet: NDArray[np.bool_]) -> tuple[float, dict[str, float]]:
        """People on wet cells: in the whole grid, and by neighbourhood."""
        by_zone = self.people_in_zone @ wet.ravel().astype(float)
        return float(self.people[wet].sum()), dict(zip(self.zones, by_zone.tolist(), strict=True))


def read(shared: Path) -> Place:
    """Everything from the shared folder, and the neighbourhoods of the city package."""
    import rasterio
    from h3 import cell_to_boundary
    from pyproj import Geod
    from shapely.geometry import Polygon, shape

    folder = shared / "data" / "porto-alegre"
    with rasterio.open(folder / "poa_elevation.tif") as raster:
        metres, transform, bounds = raster.read(1).astype(float), raster.transform, raster.bounds
    elevation = np.where(metres == 0, np.nan, metres)
    water = largest_region(metres == 0)
    middle = ((bounds.left + bounds.right) / 2, (bounds.bottom + bounds.top) / 2)
    earth = Geod(ellps="WGS84")
    height = earth.inv(*middle, middle[0], middle[1] + transform.e)[2]
    width = earth.inv(*middle, middle[0] + transform.a, middle[1])[2]
    hexagons = table(folder / "poa_hexgrid.csv")
    outlines = [Polygon([(east, north) for north, east in cell_to_boundary(row["id"])]) for row in hexagons]
    people = people_by_cell(outlines, [float(row["population"]) for row in hexagons], elevation, transform)
    features = json.loads(ZONES.read_text(encoding="utf-8"))["features"]
    zones = {feature["properties"]["id"]: shape(feature["geometry"]) for feature in features}
    inside = zone_weights(list(zones.values()), transform, elevation.shape).matrix()
    facts = [row for row in table(folder / "facts.csv") if row["name"] == "flooded_population"]
    recorded = {row["zone"]: float(row["value"]) for row in facts if not row.get("kind")}
    census = {row["neighbourhood_name"]: float(row["population_2010"]) for row in table(folder / "neighbourhoods.csv")}
    named = {"menino-deus": "Menino-Deus", "cidade-baixa": "Cidade Baixa"}
    return Place(
        elevation, water, (height, width), tuple(bounds), people, inside * people.ravel()[None, :], zones,
        {ALIASES.get(zone, zone): value for zone, value in recorded.items()},
        {zone: census[name] for zone, name in named.items()}, hexagons,
    )  # fmt: skip


def table(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def largest_region(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest connected part: of the cells that read 0, Guaíba and Jacuí; specks inland are missing data."""
    number, _count = ndimage.label(mask, structure=np.ones((3, 3)))
    size = np.bincount(number.ravel())
    size[0] = 0
    return np.asarray(number == size.argmax())


def people_by_cell(
    outlines: list[Any], people: list[float], elevation: NDArray[np.float64], transform: Any
) -> NDArray[np.float64]:
    """People of each hexagon spread over its land by exact cell fractions; nobody lives on the water."""
    shares = zone_weights(outlines, transform, elevation.shape).matrix()
    land = (~np.isnan(elevation)).ravel().astype(float)
    area = shares @ land
    density = np.divide(people, area, out=np.zeros(len(people)), where=area > 0)
    return np.asarray((shares.T @ density) * land).reshape(elevation.shape)


# ---------------------------------------------------------------- the comparison


def compare(place: Place) -> dict[str, tuple[float, dict[str, float]]]:
    """People flooded in each variant of the model: in the grid, and by neighbourhood."""
    found = {"raw, not connected, 5.37 m": place.flooded(below(place.elevation, PEAK_C6))}
    for name, terrain in terrains(place).items():
        levels = [PEAK_C6, PEAK_C6_SEA, PEAK_GASOMETRO]
        depth = flood_depth(elevation=terrain, water=place.water, level=levels)
        for level, deep in zip(levels, depth, strict=True):
            found[f"{name}, connected, {level:.2f} m"] = place.flooded(np.nan_to_num(deep) > 0)
        found[f"{name}, not connected, {PEAK_C6_SEA:.2f} m"] = place.flooded(below(terrain, PEAK_C6_SEA))
    return found


def terrains(place: Place) -> dict[str, NDArray[np.float64]]:
    """The terrain as it is and after each filter."""
    filtered = {
        name: ground_filter(place.elevation, place.cell_size, **setting).ground for name, setting in FILTERS.items()
    }
    return {"raw": place.elevation, **filtered}


def below(terrain: NDArray[np.float64], level: float) -> NDArray[np.bool_]:
    """The bathtub: all known ground below the level."""
    return np.nan_to_num(terrain, nan=np.inf) < level


def reproduced(place: Place) -> dict[str, float]:
    """The 16,009 people of the shared facts, and what each of its conventions is worth."""
    from h3 import latlng_to_cell

    left, bottom, right, top = place.bounds
    rows, columns = place.elevation.shape
    norths = top - (np.arange(rows) + 0.5) * (top - bottom) / rows
    easts = left + (np.arange(columns) + 0.5) * (right - left) / columns
    number = {row["id"]: at for at, row in enumerate(place.hexagons)}
    hexagon = np.array([number.get(latlng_to_cell(north, east, 9), -1) for north in norths for east in easts])
    people = np.array([float(row["population"]) for row in place.hexagons])
    inside, land = hexagon >= 0, ~np.isnan(place.elevation).ravel()
    low = below(place.elevation, PEAK_C6).ravel()

    def exposed(wet: NDArray[np.bool_], ground: NDArray[np.bool_]) -> float:
        counts = [np.bincount(hexagon[inside & part], minlength=len(people)) for part in (wet, ground)]
        return float(people @ (counts[0] / np.maximum(counts[1], 1)))

    everything = np.ones_like(land)
    return {
        "cells by their centre, water (0) counted as flooded land": exposed(low | ~land, everything),
        "the same, of the land only": exposed(low, land),
        "exact cell fractions, of the land only": place.flooded(below(place.elevation, PEAK_C6))[0],
    }


def matching_level(place: Place, terrain: NDArray[np.float64], zones: tuple[str, ...], people: float) -> float:
    """The lowest level at which as many people of `zones` are flooded as were recorded: a diagnosis, no correction."""
    spill = spill_level(elevation=terrain, water=place.water).ravel()
    at = [list(place.zones).index(zone) for zone in zones]
    of_zones = np.asarray(place.people_in_zone[at].sum(axis=0)).ravel()
    known = np.isfinite(spill)
    levels, which = np.unique(spill[known], return_inverse=True)
    reached = np.cumsum(np.bincount(which, weights=of_zones[known]))
    enough = np.flatnonzero(reached >= people)
    return float(levels[enough[0]]) if enough.size else np.inf


# ---------------------------------------------------------------- what people read


def report(place: Place) -> str:
    """All tables, in Markdown."""
    found = compare(place)
    record = sum(place.recorded[zone] for zone in COMPARED)
    outside = sum(value for zone, value in place.recorded.items() if zone not in (*COMPARED, "city"))
    lines = ["How 16,009 people come about (surface model below 5.37 m, whole grid):", ""]
    lines += [f"- {name}: {value:,.0f}" for name, value in reproduced(place).items()]
    lines += ["", f"Zero of Cais Mauá C6: {ZERO_C6:.2f} m of mean sea level; peak {PEAK_C6_SEA:.2f} m there and "
              f"{PEAK_GASOMETRO:.2f} m at the Gasômetro.", ""]  # fmt: skip
    names = ["Menino Deus", "Cidade Baixa", "both"]
    lines += [f"| | {' | '.join(names)} | ratio to record | whole grid |", "|---|--:|--:|--:|--:|--:|"]
    recorded = [place.recorded[zone] for zone in COMPARED]
    bounds = f"{record:,.0f} to {place.recorded['city'] - outside:,.0f}"
    lines.append(f"| recorded 2024 | {recorded[0]:,.0f} | {recorded[1]:,.0f} | {record:,.0f} | 1 | {bounds} |")
    everyone = place.flooded(~np.isnan(place.elevation))
    lines.append(row("people of the hexagons (2010)", everyone, record))
    lines += [row(name, value, record) for name, value in found.items()]
    lines += ["", "Level that floods as many people of the two as were recorded (connected; not used anywhere):", ""]
    for name, terrain in terrains(place).items():
        level = matching_level(place, terrain, COMPARED, record)
        total, by_zone = place.flooded(
            np.nan_to_num(flood_depth(elevation=terrain, water=place.water, level=level + 1e-9)) > 0
        )
        others = ", ".join(f"{zone} {by_zone[zone]:,.0f}" for zone in UNRECORDED)
        lines.append(
            f"- {name}: above {level:.0f} m, {level - PEAK_C6_SEA:+.2f} m on the peak above sea level; "
            f"then {total:,.0f} people in the grid ({others})"
        )
    lines += ["", "Terrain (m): share of cells below 5.37 m; 5 %, 25 %, median", ""]
    at = dict(zip(place.zones, range(len(place.zones)), strict=True))
    for name, terrain in terrains(place).items():
        for zone in COMPARED:
            values = terrain[(place.people_in_zone[[at[zone]]].toarray() > 0).reshape(terrain.shape)]
            low, quarter, middle = np.nanpercentile(values, (5, 25, 50))
            lines.append(
                f"- {name}, {zone}: {100 * (values < PEAK_C6).mean():.0f} %; {low:.0f}, {quarter:.0f}, {middle:.0f}"
            )
    covered = ", ".join(
        f"{zone} {everyone[1][zone]:,.0f} of {place.census[zone]:,.0f} people of 2010" for zone in COMPARED
    )
    lines += ["", f"Covered: {covered}. Cells {place.cell_size[0]:.1f} x {place.cell_size[1]:.1f} m."]
    changed = {name: float((terrain < place.elevation).sum()) for name, terrain in terrains(place).items()}
    land = float((~np.isnan(place.elevation)).sum())
    lines += [f"Cells lowered: {', '.join(f'{name} {100 * count / land:.0f} %' for name, count in changed.items())}."]
    return "\n".join(lines)


def row(name: str, found: tuple[float, dict[str, float]], record: float) -> str:
    """One line of the table."""
    total, by_zone = found
    one, two = (by_zone[zone] for zone in COMPARED)
    return f"| {name} | {one:,.0f} | {two:,.0f} | {one + two:,.0f} | {(one + two) / record:.2f} | {total:,.0f} |"


def pictures(place: Place, folder: Path) -> None:
    """Depth at 5.37 m on the raw and the filtered terrain, with the neighbourhoods and what was recorded there."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    left, bottom, right, top = place.bounds
    chosen = {name: terrain for name, terrain in terrains(place).items() if name in ("raw", "middle", "extreme")}
    titles = {
        "raw": "Surface model as it is",
        "middle": "Filtered: windows to 217 m, slope .02",
        "extreme": "Filtered: windows to 961 m, slope 0 (hills cut off too)",
    }
    figure, panels = plt.subplots(1, 3, figsize=(19, 7.4), layout="constrained")
    for axes, (name, terrain) in zip(panels, chosen.items(), strict=True):
        depth = flood_depth(elevation=terrain, water=place.water, level=PEAK_C6)
        dry = np.ma.masked_where(np.isnan(place.elevation), np.where(np.isnan(terrain), 0, terrain))
        options: dict[str, Any] = {"extent": (left, right, bottom, top), "interpolation": "nearest"}
        axes.imshow(dry, cmap="Greys", vmin=0, vmax=60, alpha=0.5, **options)
        deep = np.ma.masked_where(~(np.nan_to_num(depth) > 0), depth)
        image = axes.imshow(deep, cmap="viridis_r", vmin=0, vmax=5, **options)
        lake = np.ma.masked_where(~place.water, np.ones(place.water.shape))
        axes.imshow(lake, cmap="Blues", vmin=0, vmax=3, **options)
        for zone, outline in place.zones.items():
            for part in getattr(outline, "geoms", [outline]):
                style = {"color": "crimson", "lw": 2.2} if zone in COMPARED else {"color": "0.35", "lw": 0.5}
                axes.plot(*part.exterior.xy, **style)
        total, by_zone = place.flooded(np.nan_to_num(depth) > 0)
        for zone, shift in zip(COMPARED, (-0.004, 0.003), strict=True):
            centre = place.zones[zone].representative_point()
            text = f"{zone.replace('-', ' ').title()}\nrecorded {place.recorded[zone]:,.0f}\nmodel {by_zone[zone]:,.0f}"
            axes.annotate(
                text, (centre.x, centre.y), (centre.x + 0.022, centre.y + shift), fontsize=9, color="crimson",
                arrowprops={"arrowstyle": "-", "color": "crimson"}, bbox={"facecolor": "white", "alpha": 0.85},
            )  # fmt: skip
        axes.set(xlim=(left, right), ylim=(bottom, top), aspect=1 / np.cos(np.radians((top + bottom) / 2)))
        axes.set_title(f"{titles[name]}\n{total:,.0f} people in the grid at 5.37 m", fontsize=11)
        degree = place.cell_size[1] / ((right - left) / place.elevation.shape[1])
        axes.plot([right - 0.005 - 2000 / degree, right - 0.005], [bottom + 0.004] * 2, color="black", lw=3)
        axes.text(right - 0.005 - 1000 / degree, bottom + 0.006, "2 km", ha="center", fontsize=9)
        axes.tick_params(labelsize=8)
    figure.colorbar(image, ax=panels, shrink=0.8, label="depth of water joined to the Guaíba (m)")
    figure.supxlabel(
        "Ground: white at 0 m to grey at 60 m and above. Light blue: Guaíba. White specks in water: no data.",
        fontsize=9,
    )
    figure.savefig(folder / "flood_porto_alegre.png", dpi=80)
    plt.close(figure)
    _curve(place, folder)


def _curve(place: Place, folder: Path) -> None:
    """People of the two neighbourhoods under water, by level, for each terrain."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(9, 6), layout="constrained")
    metres = np.arange(2, 15)
    for name, terrain in terrains(place).items():
        # the terrain is in whole metres: every level between two of them wets the same cells
        depth = flood_depth(elevation=terrain, water=place.water, level=metres - 0.5)
        people = [sum(place.flooded(np.nan_to_num(deep) > 0)[1][zone] for zone in COMPARED) for deep in depth]
        style = {"ls": "--", "lw": 3, "alpha": 0.6} if name == "raw" else {}
        axes.step(metres, people, where="pre", label=f"connected, {name}", **style)
    record = sum(place.recorded[zone] for zone in COMPARED)
    axes.axhline(record, color="crimson", label=f"recorded in May 2024: {record:,.0f}")
    axes.axvspan(PEAK_GASOMETRO, PEAK_C6_SEA, color="0.85", label="peak above sea level, Gasômetro to Cais Mauá")
    axes.axvline(PEAK_C6, color="0.4", ls=":", label="peak on the gauge's own scale, 5.37 m")
    axes.set(xlabel="water level on the terrain (m)", ylabel="people under water, Menino Deus and Cidade Baixa")
    axes.legend(fontsize=8)
    figure.savefig(folder / "flood_porto_alegre_levels.png", dpi=80)
    plt.close(figure)


def main() -> None:
    """Print the tables, draw the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("--pictures", type=Path)
    options = parser.parse_args()
    place = read(options.shared)
    print(report(place))
    if options.pictures:
        pictures(place, options.pictures)


if __name__ == "__main__":
    main()
