"""A picture of any result on the map, with legend, scale and source. Needs `pip install caminos[geo]`."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from caminos.files import write_atomic
from caminos.i18n import _, number
from caminos.words import unit_name

COLOURS = "viridis_r"  # dark is much; told apart by colour-blind readers and in grey print
CLASSES = 6
SKEWED = 0.2  # median below this share of the highest: classes grow
MISSING = "#e4e4e4"
MOSTLY = 0.5  # more than this share of zeros (dry ground, no trees): they stay white
WIDTH, HEIGHT = 9.0, 8.0  # inches
DOTS = 150  # per inch


@dataclass(frozen=True)
class Picture:
    """What is drawn: values of areas (polygons in degrees) or of raster cells (in metres), and how to read them."""

    title: str
    unit: str
    source: str
    values: np.ndarray
    polygons: Sequence[Any] = ()
    extent: tuple[float, float, float, float] | None = None  # raster: west, east, south, north in metres
    crs: Any = None  # of the raster
    outlines: Sequence[Any] = field(default=())  # polygons in degrees drawn over it, as zones over cells
    note: str = ""


def draw(picture: Picture, path: Path) -> Path:
    """Write the picture as PNG or SVG, by the ending of `path`; areas without a value are hatched."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DOTS, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    to_metres = _projection(picture)
    # zones and hexagons of 0 are drawn as a class of their own, open ground of a raster stays white
    mostly_none = (
        picture.extent is not None and float((picture.values == 0).sum()) > MOSTLY * np.isfinite(picture.values).sum()
    )
    norm, colours, extend = _classes(picture.values[picture.values != 0] if mostly_none else picture.values)
    if picture.extent is not None:
        drawn: Any = _cells(axes, picture, norm, colours, mostly_none)
    else:
        drawn = _areas(axes, picture, to_metres, norm, colours)
    _outline(axes, picture.outlines, to_metres)
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_frame_on(picture.extent is not None)
    figure.suptitle(textwrap.fill(picture.title, 80), x=0.02, ha="left", fontsize=13, fontweight="bold")
    if norm is not None:
        bar = figure.colorbar(drawn, ax=axes, shrink=0.6, pad=0.02, extend=extend, spacing="uniform")
        bar.set_label(_unit(picture.unit))
        bar.ax.set_yticks(norm.boundaries, [number(float(edge)) for edge in norm.boundaries])
        bar.ax.minorticks_off()
    _scale_bar(axes)
    _foot(figure, picture, mostly_none)
    buffer = io.BytesIO()
    with rc_context({"svg.hashsalt": path.suffix}):  # names of parts that do not change from run to run
        figure.savefig(buffer, format=path.suffix.removeprefix(".") or "png", metadata=_plain_metadata(path))
    write_atomic(path, buffer.getvalue())
    return path


def _plain_metadata(path: Path) -> dict[str, Any]:
    """No date in the file, so that the same map has the same bytes."""
    return {"Date": None} if path.suffix == ".svg" else {"Software": None}


def _unit(unit: str) -> str:
    return {"share": _("share (0 to 1)"), "index": _("index")}.get(unit) or unit_name(unit)


def _projection(picture: Picture) -> Any:
    """Degrees to metres: in the raster's system, else in an equal-area one about the middle of the areas."""
    from pyproj import Transformer

    from caminos.spatial.grid import equal_area

    crs = picture.crs
    if crs is None:
        crs = equal_area([shape for shape in picture.polygons if shape is not None])
    return Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform


def _classes(values: np.ndarray) -> tuple[Any, Any, str]:
    """Round class limits over what is known, from the 2nd to the 98th percentile; None if nothing is known.

    Where most values lie far below the highest the limits grow as 1, 2, 5, 10, so that the many are told apart.
    """
    from matplotlib import colormaps
    from matplotlib.colors import BoundaryNorm
    from matplotlib.ticker import MaxNLocator

    known = values[np.isfinite(values)]
    colours = colormaps[COLOURS]
    if not known.size:
        return None, colours, "neither"
    low, high = (float(limit) for limit in np.percentile(known, (2, 98)))
    if low == high:
        low, high = float(known.min()), float(known.max())
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges: Any = MaxNLocator(nbins=CLASSES, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    if known.min() >= 0 and float(np.median(known)) < SKEWED * high:
        steps = [digit * 10.0**power for power in range(-6, 13) for digit in (1, 2, 5)]
        first = float(np.percentile(known[known > 0], 20)) if (known > 0).any() else 1.0
        grown = [step for step in steps if first <= step <= high][-CLASSES:]
        if grown:
            beyond = [step for step in steps if step > grown[-1]][:1] if known.max() > grown[-1] else []
            edges = np.array([0.0, *grown, *beyond])  # a share ends at 1, not at 2
    extend: Any
    below, above = bool(known.min() < edges[0]), bool(known.max() > edges[-1])
    extend = {(True, True): "both", (True, False): "min", (False, True): "max"}.get((below, above), "neither")
    return BoundaryNorm(edges, colours.N, extend=extend), colours, extend


def _cells(axes: Any, picture: Picture, norm: Any, colours: Any, mostly_none: bool) -> Any:
    """Cells of a raster in the colour of their value, those without one grey; white for 0 where most have that."""
    from matplotlib.colors import ListedColormap

    values = picture.values
    known = np.isfinite(values)
    axes.set_facecolor(MISSING)
    white = np.ma.masked_where(~known, np.zeros(values.shape))
    flat = {"extent": picture.extent, "origin": "upper", "interpolation": "nearest"}
    axes.imshow(white, cmap=ListedColormap(["white"]), **flat)
    shown = np.ma.masked_where(~known | (values == 0), values) if mostly_none else np.ma.masked_invalid(values)
    drawn = axes.imshow(shown, cmap=colours.with_extremes(bad=(0, 0, 0, 0)), norm=norm, **flat)
    if known.any():
        west, east, south, north = picture.extent or (0, 1, 0, 1)
        rows, columns = np.flatnonzero(known.any(1)), np.flatnonzero(known.any(0))
        width, height = (east - west) / values.shape[1], (north - south) / values.shape[0]
        axes.set_xlim(*_padded(west + width * (columns[[0, -1]] + [0, 1])))
        axes.set_ylim(*_padded(north - height * (rows[[-1, 0]] + [1, 0])))
    return drawn


def _areas(axes: Any, picture: Picture, to_metres: Any, norm: Any, colours: Any) -> Any:
    """Polygons in the colour of their value; hatched where it is not known."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.collections import PathCollection

    paths = [_path(shape, to_metres) for shape in picture.polygons]
    known = np.isfinite(picture.values)
    edge: dict[str, Any] = {"edgecolors": "white", "linewidths": 0.3 if len(paths) < 400 else 0.05}
    missing = [path for path, found in zip(paths, known, strict=True) if not found]
    axes.add_collection(PathCollection(missing, facecolors=MISSING, hatch="////", edgecolors="#bbbbbb", linewidths=0.2))
    painter = ScalarMappable(norm=norm, cmap=colours)
    shown = [path for path, found in zip(paths, known, strict=True) if found]
    if shown:
        axes.add_collection(PathCollection(shown, facecolors=painter.to_rgba(picture.values[known]), **edge))
    corners = np.concatenate([path.vertices for path in paths])
    axes.set_xlim(*_padded(corners[:, 0]))
    axes.set_ylim(*_padded(corners[:, 1]))
    return painter


def _padded(values: np.ndarray) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    return low - 0.02 * (high - low), high + 0.02 * (high - low)


def _path(shape: Any, to_metres: Any) -> Any:
    """A polygon, with its holes and parts, as one path."""
    from matplotlib.path import Path as Outline
    from shapely import get_parts, get_rings, transform

    rings = [ring for part in get_parts(shape) for ring in get_rings(part)]
    flat = [np.asarray(transform(ring, to_metres, interleaved=False).coords)[:, :2] for ring in rings]
    codes = [np.r_[Outline.MOVETO, np.full(len(ring) - 2, Outline.LINETO), Outline.CLOSEPOLY] for ring in flat]
    return Outline(np.concatenate(flat), np.concatenate(codes))


def _outline(axes: Any, shapes: Sequence[Any], to_metres: Any) -> None:
    from matplotlib.collections import PathCollection

    if shapes:
        limits = axes.get_xlim(), axes.get_ylim()
        paths = [_path(shape, to_metres) for shape in shapes]
        axes.add_collection(PathCollection(paths, facecolors="none", edgecolors="#333333", linewidths=0.5))
        axes.set_xlim(*limits[0])
        axes.set_ylim(*limits[1])


def _scale_bar(axes: Any) -> None:
    """A bar of a round length, about a fifth of the map's width, below the map; north is up."""
    west, east = axes.get_xlim()
    south, north = axes.get_ylim()
    wanted = (east - west) / 5
    power = 10 ** np.floor(np.log10(wanted))
    length = float(max(step * power for step in (1, 2, 5) if step * power <= wanted))
    top = south - 0.03 * (north - south)
    axes.plot([west, west + length], [top, top], color="black", linewidth=3, solid_capstyle="butt", clip_on=False)
    text = f"{number(length / 1000)} km" if length >= 1000 else f"{number(length)} m"
    axes.text(west + length / 2, top - 0.01 * (north - south), text, ha="center", va="top", fontsize=9)
    axes.annotate(
        _("N"),
        xy=(1, -0.01),
        xytext=(1, -0.07),
        xycoords="axes fraction",
        textcoords="axes fraction",
        ha="center",
        fontsize=9,
        arrowprops={"arrowstyle": "-|>", "color": "black"},
    )


def _foot(figure: Any, picture: Picture, white: bool) -> None:
    parts = [_("Hatched or grey: not estimated.")] if not np.isfinite(picture.values).all() else []
    parts += [_("White: 0.")] if white else []
    parts += [picture.note] if picture.note else []
    parts.append(_("Source: {source}", source=picture.source))
    figure.supxlabel(textwrap.fill(" ".join(parts), 120), x=0.02, ha="left", fontsize=8, color="#444444")
