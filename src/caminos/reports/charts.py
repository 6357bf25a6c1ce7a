"""Charts and marks of a page as small inline SVG, legible at 360 px: every one says in words what it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import cos, floor, isfinite, log10, radians
from typing import Any

import numpy as np
from markupsafe import Markup, escape

from caminos import words
from caminos.i18n import number
from caminos.pages.page import Chart, Mark, Series

# Five colours of at least 4.6:1 on white that stay apart (CIELAB distance of 19 or more) for people with
# protanopia, deuteranopia and tritanopia; text names the pathway wherever one is used.
COLOURS = {
    "low_emission": "#3A6FD0",
    "nature": "#117733",
    "circular": "#946200",
    "resilient": "#882255",
    "equitable": "#4A1486",
}
GREY = "#595F69"
WIDTH = 360
LETTER = 7.0  # width of one in a name beside a bar
SHADES = (0.13, 0.32, 0.54, 0.77, 1.0)  # strength of a colour by class of a map


def draw(chart: Chart) -> Markup:
    """The picture of a chart; empty for a kind that the layout draws in words (a chain)."""
    if chart.kind not in PICTURES:
        return Markup("")
    picture = PICTURES[chart.kind](chart)
    return Markup(f'<div class="{"map" if chart.kind == "map" else "plot"} p-{chart.pathway}">{picture}</div>')


def mark(item: Mark, pathway: str, text: str) -> Markup:
    """The small picture in a cell."""
    if item.kind == "way":
        return way_bar(item.values[0], item.values[1], COLOURS.get(pathway, GREY), text)
    if item.kind == "time":
        first, last, start, effect, full = (int(value or 0) for value in item.values)
        return time_bar(first, last, start, effect, full, COLOURS.get(pathway, GREY), text)
    if item.kind == "bar":
        return amount_bar(item.values[0] or 0.0)
    return Markup("")


def svg(width: float, height: float, text: str, *parts: str) -> Markup:
    """An image with its text alternative."""
    body = "".join(parts)
    return Markup(
        f'<svg class="chart" role="img" aria-label="{escape(text)}" viewBox="0 0 {_n(width)} {_n(height)}" '
        f'xmlns="http://www.w3.org/2000/svg">{body}</svg>'
    )


def _n(value: float) -> str:
    """A coordinate: one decimal, no trailing zero."""
    text = f"{value:.1f}"
    return text[:-2] if text.endswith(".0") else text


def _text(x: float, y: float, text: object, anchor: str = "start", css: str = "") -> str:
    style = f' class="{css}"' if css else ""
    return f'<text x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}"{style}>{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, css: str) -> str:
    return f'<line x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}" class="{css}"/>'


def tint(colour: str, strength: float) -> str:
    """A colour mixed with white."""
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(255 + (part - 255) * strength):02x}" for part in parts)


def ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Round numbers that cover a range."""
    if not high > low:
        high = low + (abs(low) or 1.0)
    raw = (high - low) / count
    power = 10.0 ** floor(log10(raw))
    step = next(power * base for base in (1, 2, 2.5, 5, 10) if power * base >= raw * 0.999)
    first = floor(low / step + 1e-9)
    found = [first * step]
    while found[-1] < high - step * 1e-9:
        found.append((first + len(found)) * step)
    return found


def apart(wanted: Sequence[float], least: float, top: float, bottom: float) -> list[float]:
    """Positions near the wanted ones, at least `least` apart, between `top` and `bottom`."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    found = list(wanted)
    for before, after in pairwise(order):
        found[after] = max(found[after], found[before] + least)
    shift = max(found[order[-1]] - bottom, 0) if order else 0
    found = [position - shift for position in found]
    for after, before in pairwise(reversed(order)):
        found[before] = min(found[before], found[after] - least)
    return [max(position, top) for position in found]


def trajectory(chart: Chart) -> Markup:
    """Lines to the last year with their ranges, each with its name and end value at its end."""
    height, left, right, top, bottom = 214.0, 40.0, 104.0, 12.0, 24.0
    years = chart.axis
    factor = _factor(chart)
    values = [x for item in chart.series for part in (item.low, item.values, item.high) for x in part]
    values = [x * factor for x in [*values, chart.limit] if isfinite(x)]
    low, high = min(values), max(values)
    low = 0.0 if 0 <= low < 0.5 * high else low
    high = 0.0 if high <= 0 and high > 0.5 * low else high
    marks = ticks(low, high)
    x_of = _scale(years[0], years[-1], left, WIDTH - right)
    y_of = _scale(marks[0], marks[-1], height - bottom, top)
    parts = _grid(marks, y_of, left, WIDTH - right)
    shown = [year for year in (years[0], 2030, 2040, years[-1]) if years[0] <= year <= years[-1]]
    shown = [year for i, year in enumerate(shown) if not i or year - shown[i - 1] >= 5]
    parts += [_text(x_of(year), height - 6, year, "middle", "tick") for year in shown]
    ends: list[tuple[float, str, str]] = []
    drawn = [(item, _css(place)) for place, item in enumerate(chart.series)]
    parts += [_band(item, years, css, x_of, y_of, factor) for item, css in drawn]
    if isfinite(chart.limit):
        at = y_of(chart.limit * factor)
        parts.append(_line(left, at, WIDTH - right, at, "target"))
        ends.append((at, f"{chart.limit_name} {number(chart.limit * factor)}", "target"))
    for item, css in drawn:
        points = [(x_of(y), y_of(v * factor)) for y, v in zip(years, item.values, strict=True) if isfinite(v)]
        parts.append(f'<path d="{_path(points)}" class="line {css}"/>')
        parts.append(f'<circle cx="{_n(points[-1][0])}" cy="{_n(points[-1][1])}" r="3" class="dot {css}"/>')
        ends.append((points[-1][1], f"{item.name} {number(item.values[-1] * factor)}", css))
    places = apart([end[0] for end in ends], 15, top + 4, height - bottom)
    for (at, label, css), place in zip(ends, places, strict=True):
        parts.append(_line(WIDTH - right + 5, at, WIDTH - right + 11, place, "leader"))
        parts.append(_text(WIDTH - right + 14, place + 4, label, css=f"end {css}"))
    return svg(WIDTH, height, chart.text, *parts)


def _css(place: int) -> str:
    """The class of a series: the city as it goes first, then plans."""
    return "rest" if place == 0 else "plan" if place == 1 else f"plan other{place}"


def _factor(chart: Chart) -> float:
    values = [x for item in chart.series for x in item.values if isfinite(x)]
    return words.scale_of(chart.unit, [*values, chart.limit] if isfinite(chart.limit) else values)[0]


def unit(chart: Chart) -> str:
    """The unit in which a chart is drawn."""
    values = [x for item in chart.series for x in item.values if isfinite(x)]
    return words.scale_of(chart.unit, [*values, chart.limit])[1]


def _grid(marks: Sequence[float], y_of: Any, left: float, right: float) -> list[str]:
    lines = [_line(left, y_of(mark), right, y_of(mark), "grid") for mark in marks]
    return lines + [_text(left - 5, y_of(mark) + 4, number(mark), "end", "tick") for mark in marks]


def _band(item: Series, years: Sequence[int], css: str, x_of: Any, y_of: Any, factor: float) -> str:
    """The range of a series as an area; empty where it has none."""
    if not item.low:
        return ""
    upper, lower = (
        [(x_of(y), y_of(v * factor)) for y, v in zip(years, part, strict=True) if isfinite(v)]
        for part in (item.high, item.low)
    )
    return f'<path d="{_path(upper + lower[::-1])}Z" class="band {css}"/>' if upper and lower else ""


def _scale(low: float, high: float, start: float, end: float) -> Any:
    width = (high - low) or 1.0
    return lambda value: start + (value - low) / width * (end - start)


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in points)


def way_bar(without: float | None, planned: float | None, colour: str, text: str) -> Markup:
    """How far on the way from now (0) to the target (1) a headline gets: above without the plan, below with it."""
    width, height, zero, end = 120.0, 20.0, 24.0, 114.0
    parts = [_line(zero, 0, zero, height, "axis"), _line(end, 0, end, height, "goal")]
    for value, y, css, fill in ((without, 3.0, "rest", GREY), (planned, 11.0, "plan", colour)):
        if value is None:
            continue
        tip = zero + min(max(value, -0.24), 1.05) * (end - zero)
        start, size = min(zero, tip), max(abs(tip - zero), 1.2)
        parts.append(
            f'<rect x="{_n(start)}" y="{_n(y)}" width="{_n(size)}" height="6" fill="{fill}" '
            f'class="{css}{" back" if value < 0 else ""}"/>'
        )
    return svg(width, height, text, *parts)


def columns(chart: Chart) -> Markup:
    """Amounts by year under a limit."""
    height, left, right, top, bottom = 190.0, 40.0, 8.0, 20.0, 24.0
    years, values, factor = chart.axis, chart.series[0].values, _factor(chart)
    marks = ticks(0, max([*values, chart.limit]) * factor)
    x_of = _scale(0, len(years), left, WIDTH - right)
    y_of = _scale(0, marks[-1], height - bottom, top)
    parts = _grid(marks, y_of, left, WIDTH - right)
    for i, value in enumerate(values):
        x, y = x_of(i + 0.12), y_of(value * factor)
        parts.append(_rect(x, y, x_of(i + 0.88) - x, max(height - bottom - y, 0)))
    chosen = [i for i, year in enumerate(years) if year % 5 == 0 or i == 0]
    chosen = [i for n, i in enumerate(chosen) if not n or i - chosen[n - 1] >= 3]
    parts += [_text(x_of(i + 0.5), height - 6, years[i], "middle", "tick") for i in chosen]
    at = y_of(chart.limit * factor)
    parts.append(_line(left, at, WIDTH - right, at, "target"))
    parts.append(
        _text(WIDTH - right, at - 5, f"{chart.limit_name} {number(chart.limit * factor)}", "end", "end target")
    )
    return svg(WIDTH, height, chart.text, *parts)


def bars(chart: Chart) -> Markup:
    """Shares by name as horizontal bars, one for each series, against the share that all would have if it were even."""
    left, right, top = max(104.0, 8 + LETTER * max(map(len, chart.axis), default=0)), 96.0, 18.0
    thick = 18.0 if len(chart.series) == 1 else 15.0
    step = thick * len(chart.series) + 10
    height = top + step * len(chart.axis) + 4
    known = [x for item in chart.series for x in item.values if isfinite(x)]
    least, largest = min([0.0, *known]), max([chart.limit, *known])
    x_of = _scale(least, largest, left, WIDTH - right)
    parts = []
    for i, name in enumerate(chart.axis):
        y = top + step * i
        parts.append(_text(left - 8, y + step / 2 + 3, name, "end"))
        for n, item in enumerate(chart.series):
            value, at = item.values[i], y + 4 + thick * n
            if isfinite(value):
                start, tip = sorted((x_of(0.0), x_of(value)))
                parts.append(_rect(start, at, tip - start, thick - 1, "bar" if n == 0 else f"bar other{n + 1}"))
                label = words.percent(value, 2) if len(chart.series) == 1 else f"{item.name} {words.percent(value, 2)}"
                parts.append(_text(x_of(largest) + 8, at + thick / 2 + 4, label, css="end"))
    parts.append(_line(x_of(chart.limit), top - 4, x_of(chart.limit), height, "target"))
    parts.append(_text(x_of(chart.limit), top - 8, chart.limit_name, "middle", "tick"))
    return svg(WIDTH, height, chart.text, *parts)


def _rect(x: float, y: float, width: float, height: float, css: str = "bar") -> str:
    return f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" class="{css}"/>'


def amount_bar(share: float) -> Markup:
    """A share of the widest bar, under its number (which says the same)."""
    width = 100 * min(max(share, 0.0), 1.0)
    return Markup(
        '<svg class="amount" aria-hidden="true" viewBox="0 0 100 6" preserveAspectRatio="none">'
        f'<rect width="{_n(width)}" height="6" fill="{GREY}"/></svg>'
    )


def time_bar(first: int, last: int, start: int, effect: int, full: int, colour: str, text: str) -> Markup:
    """When an action is prepared (outlined), rolled out (rising) and fully in place (solid)."""
    width, height = 150.0, 14.0
    x_of = _scale(first, last + 1, 1, width - 1)
    effect, full = min(effect, last + 1), min(full, last + 1)
    parts = [_line(0, height - 1.5, width, height - 1.5, "axis")]
    parts.append(
        f'<rect x="{_n(x_of(start))}" y="2.5" width="{_n(max(x_of(effect) - x_of(start), 0))}" height="9" '
        f'fill="none" stroke="{colour}"/>'
    )
    parts.append(
        f'<path d="M{_n(x_of(effect))} 12L{_n(x_of(full))} 2L{_n(x_of(full))} 12Z" fill="{colour}" opacity=".55"/>'
    )
    parts.append(
        f'<rect x="{_n(x_of(full))}" y="2" width="{_n(max(x_of(last + 1) - x_of(full), 0))}" height="10" fill="{colour}"/>'
    )
    return svg(width, height, text, *parts)


# maps


@dataclass(frozen=True)
class Outlines:
    """Zones drawn once; every map uses them again."""

    height: float
    paths: Mapping[str, str]
    centres: Mapping[str, tuple[float, float]]


def hatching() -> Markup:
    """The hatching of what is not estimated, which maps refer to."""
    return Markup(
        '<svg class="defs" aria-hidden="true" width="0" height="0"><defs><pattern id="hatch" width="6" height="6" '
        'patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" fill="#fff"/>'
        '<line x1="0" y1="0" x2="0" y2="6" stroke="#8a9099" stroke-width="1.6"/></pattern></defs></svg>'
    )


def shapes(charts: Sequence[Chart]) -> Markup:
    """The zones of all maps, drawn once."""
    drawn = next((outlines(chart.shapes) for chart in charts if chart.shapes), None)
    if drawn is None:
        return Markup("")
    paths = "".join(f'<path id="z-{escape(name)}" d="{path}"/>' for name, path in drawn.paths.items())
    return hatching() + Markup(f'<svg class="defs" aria-hidden="true" width="0" height="0"><defs>{paths}</defs></svg>')


def outlines(zones: Mapping[str, Any], width: float = 300.0) -> Outlines:
    """Zones fitted to `width`, in a local projection true to scale at their middle latitude."""
    bounds = np.array([geometry.bounds for geometry in zones.values()])
    west, south, east, north = bounds[:, 0].min(), bounds[:, 1].min(), bounds[:, 2].max(), bounds[:, 3].max()
    narrow = cos(radians((south + north) / 2))
    scale = (width - 4) / max((east - west) * narrow, (north - south) * 0.75, 1e-9)
    shift = (width - (east - west) * narrow * scale) / 2

    def place(x: float, y: float) -> tuple[float, float]:
        return shift + (x - west) * narrow * scale, 2 + (north - y) * scale

    paths, centres = {}, {}
    for zone, geometry in zones.items():
        shape = geometry.simplify(0.35 / scale)
        shape = geometry if shape.is_empty else shape
        rings = [ring for part in getattr(shape, "geoms", [shape]) for ring in (part.exterior, *part.interiors)]
        paths[zone] = "".join(f"{_path([place(*point[:2]) for point in ring.coords[:-1]])}Z" for ring in rings)
        point = geometry.representative_point()
        centres[zone] = place(point.x, point.y)
    return Outlines((north - south) * scale + 4, paths, centres)


def breaks(values: Sequence[float], count: int = 5) -> list[float]:
    """Upper ends of at most `count` classes with about as many zones each, rounded to two digits."""
    known = np.array(sorted(value for value in values if isfinite(value)))
    if not known.size:
        return []
    found: list[float] = []
    if (known == 0).mean() > 1 / count:
        found, known, count = [0.0], known[known > 0], count - 1
    if known.size:
        cuts = np.quantile(known, [(i + 1) / count for i in range(count)], method="inverted_cdf")
        for cut in (_round_up(float(cut)) for cut in cuts):
            if not found or cut > found[-1]:
                found.append(cut)
    if len(found) < 3 and known.size > 2 and known[-1] > known[0]:  # most zones share one value
        found = ticks(float(known[0]), float(known[-1]))[1:]
    return found


def _round_up(value: float, digits: int = 2) -> float:
    if value == 0:
        return 0.0
    step = 10.0 ** (floor(log10(abs(value))) - digits + 1)
    return float(np.ceil(value / step - 1e-9) * step)


def class_of(value: float, cuts: Sequence[float]) -> int | None:
    """The class a value falls into; None where it is not estimated."""
    if not isfinite(value) or not cuts:
        return None
    return min(int(np.searchsorted(np.asarray(cuts) + 1e-12, value)), len(cuts) - 1)


def shades(colour: str, count: int) -> list[str]:
    """Fills of `count` classes from light to dark."""
    places = np.linspace(0, len(SHADES) - 1, count) if count > 1 else [len(SHADES) - 1]
    return [tint(colour, SHADES[round(float(place))]) for place in places]


def zone_map(chart: Chart, width: float = 300.0) -> Markup:
    """Zones in classes; those without a value are hatched; marked zones carry numbers from 1."""
    drawn = outlines(chart.shapes, width)
    values = dict(zip(chart.axis, chart.series[0].values, strict=True))
    cuts = breaks(list(values.values()))
    fills = shades(COLOURS[chart.pathway], len(cuts))
    parts = []
    for zone in drawn.paths:
        place = class_of(values.get(zone, float("nan")), cuts)
        fill = "url(#hatch)" if place is None else fills[place]
        parts.append(f'<use href="#z-{escape(zone)}" fill="{fill}"/>')
    for i, zone in enumerate(chart.marked, 1):
        x, y = drawn.centres[zone]
        parts.append(f'<circle cx="{_n(x)}" cy="{_n(y)}" r="8" class="pin"/>' + _text(x, y + 4, i, "middle", "pin"))
    return svg(width, drawn.height, chart.text, *parts)


def legend(chart: Chart) -> list[tuple[str, str]]:
    """Fill and words of every class of a map; none where each zone is named."""
    known = [value for value in chart.series[0].values if isfinite(value)]
    if len(known) == len(chart.marked):
        return []
    cuts = breaks(known)
    found = []
    for place, (cut, fill) in enumerate(zip(cuts, shades(COLOURS[chart.pathway], len(cuts)), strict=True)):
        low = cuts[place - 1] if place else min(known)
        one = low >= cut
        text = words.percent(cut, 2) if one else f"{words.percent(low, 2)}–{words.percent(cut, 2)}"
        found.append((fill, text))
    return found


def hatched(chart: Chart) -> bool:
    """Whether some zone of a map has no value."""
    return not all(isfinite(value) for value in chart.series[0].values)


PICTURES = {"lines": trajectory, "columns": columns, "bars": bars, "map": zone_map}
