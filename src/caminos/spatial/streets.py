"""Streets as a graph: the time on foot or by bicycle between places.

Only `Streets.project` needs more than NumPy and SciPy; `caminos.maps.streets` reads files. Slopes are not counted: a
steep street takes as long as a flat one, which flatters hilly places, above all by bicycle.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from caminos.i18n import _
from caminos.problems import WARNING, Problem

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]

MODES = ("walk", "bicycle")
WALK_SPEED = 4.8  # km/h: the 1.2 km in 15 minutes of the 15-minute city
BICYCLE_SPEED = 12.0  # km/h, as the access studies of Brazilian cities take it (Pereira et al. 2019)
METRES_PER_MINUTE = 1000 / 60  # of 1 km/h
MAXIMUM_SNAP = 500.0  # m: a place further from any street than this is not on the network
SAMPLE_SPACING = 25.0  # m between the points by which the nearest street is looked up
NOISE = 2.0**-30  # minutes: times are rounded to this, so that 1200 m at 80 m a minute are within 15 minutes
DENSE_CELLS = 4_000_000  # cells of the dense table that one call of the shortest-path search fills
DEGREES_RATIO = 1000.0  # streets this many times longer than their straight line: x, y are degrees
SHORTEST_PIECE = 1000.0  # m of streets: pieces shorter than this are slips of the drawing, not islands


@dataclass(frozen=True)
class Streets:
    """A street network: nodes and the straight edges between them, in both directions unless a factor says not.

    `x`, `y` (nodes): metres in the projected system `crs` ("" = the caller's own).
    `start`, `end` (edges): node numbers; `length` (edges): metres along the street.
    `walk` (edges): share of the walking speed that the edge allows either way, 0 = not on foot.
    `cycle`, `cycle_back` (edges): share of the cycling speed from start to end and from end to start, 0 = no.
    Make one from arrays with `street_network`, which checks them, or from a file with `caminos.maps.streets`.
    """

    x: Floats
    y: Floats
    start: Integers
    end: Integers
    length: Floats
    walk: Floats
    cycle: Floats
    cycle_back: Floats
    crs: str = ""

    def project(self, longitude: ArrayLike, latitude: ArrayLike) -> Floats:
        """Points of degrees (WGS84) as rows of x, y in the system of the streets; NaN stays NaN."""
        degrees = np.column_stack([np.asarray(longitude, float), np.asarray(latitude, float)])
        if not self.crs:
            return degrees
        from pyproj import Transformer

        known = np.isfinite(degrees).all(axis=1)
        points = np.full(degrees.shape, np.nan)
        to_metres = Transformer.from_crs("EPSG:4326", self.crs, always_xy=True)
        points[known] = np.column_stack(to_metres.transform(*degrees[known].T))
        return points

    def factors(self, mode: str) -> tuple[Floats, Floats]:
        """Share of the speed of `mode` ("walk" or "bicycle") from start to end and back (edges)."""
        if mode not in MODES:
            raise ValueError(_("mode is {mode}; use one of {known}.", mode=repr(mode), known=", ".join(MODES)))
        return (self.walk, self.walk) if mode == "walk" else (self.cycle, self.cycle_back)


def street_network(
    x: ArrayLike,
    y: ArrayLike,
    start: ArrayLike,
    end: ArrayLike,
    length: ArrayLike | None = None,
    *,
    walk: ArrayLike = 1.0,
    cycle: ArrayLike = 1.0,
    cycle_back: ArrayLike | None = None,
    crs: str = "",
) -> Streets:
    """Streets from arrays, checked; `length` is the straight line and `cycle_back` is `cycle` unless given.

    Shapes and units: see `Streets`; factors may be single numbers.
    Raises ValueError for arrays of different lengths, unknown nodes, missing or negative values, and
    for x, y that look like degrees.
    """
    nodes = [np.asarray(values, float) for values in (x, y)]
    ends = [np.asarray(values) for values in (start, end)]
    for name, values in zip(("x", "y", "start", "end"), (*nodes, *ends), strict=True):
        if values.ndim != 1:
            raise ValueError(_("{name} must have one dimension, not {given}.", name=name, given=values.ndim))
    if len(nodes[0]) != len(nodes[1]) or len(ends[0]) != len(ends[1]):
        raise ValueError(_("x and y, and start and end, must be of the same length."))
    if not np.isfinite(nodes).all():
        raise ValueError(_("x and y must be numbers: remove nodes without a place, and their edges."))
    if ends[0].size and not all(np.issubdtype(values.dtype, np.integer) for values in ends):
        raise ValueError(_("start and end must be whole numbers: the positions of nodes in x and y."))
    if ends[0].size and (np.min(ends) < 0 or np.max(ends) >= len(nodes[0])):
        raise ValueError(_("start and end name nodes from 0 to {last} only.", last=len(nodes[0]) - 1))
    first, second = (values.astype(np.intp) for values in ends)
    straight = np.hypot(*(values[first] - values[second] for values in nodes))
    given = {
        "length": straight if length is None else length,
        "walk": walk,
        "cycle": cycle,
        "cycle_back": cycle if cycle_back is None else cycle_back,
    }
    edges = {}
    for name, value in given.items():
        values = np.asarray(value, float)
        if values.shape not in ((), first.shape):
            raise ValueError(_("{name} must have one value for each of {count} edges.", name=name, count=len(first)))
        edges[name] = np.ascontiguousarray(np.broadcast_to(values, first.shape))
        if not (np.isfinite(values) & (values >= 0)).all():
            raise ValueError(_("{name} must be numbers of 0 or more on every edge.", name=name))
    small = all(np.abs(values).max(initial=0) <= limit for values, limit in zip(nodes, (180, 90), strict=True))
    drawn = straight > 0
    if small and drawn.any() and np.median(edges["length"][drawn] / straight[drawn]) > DEGREES_RATIO:
        raise ValueError(_("x and y look like degrees: give them in metres of a projected system."))
    return Streets(
        nodes[0],
        nodes[1],
        start=first,
        end=second,
        length=edges["length"],
        walk=edges["walk"],
        cycle=edges["cycle"],
        cycle_back=edges["cycle_back"],
        crs=crs,
    )


class Attached(NamedTuple):
    """Streets with a node at the foot of each point; `node` (points) is -1 beyond the maximal snap distance."""

    streets: Streets
    node: Integers
    distance: Floats  # m in a straight line to the nearest street; infinite where no street or no point is


def attach(streets: Streets, points: ArrayLike, *, mode: str = "walk", maximum_snap: float = MAXIMUM_SNAP) -> Attached:
    """Put points (rows of x, y in m) on the nearest place of the nearest street that `mode` may use.

    The street is cut there, so that a path may begin in its middle. Exact: candidates are found by
    sample points along the streets, within the radius that must hold the nearest edge.
    A point that is NaN, or further than `maximum_snap` (m) from every street, has node -1.
    """
    places = _points(points)
    forward, backward = streets.factors(mode)
    usable = np.flatnonzero((forward > 0) | (backward > 0))
    node = np.full(len(places), -1, np.intp)
    distance = np.full(len(places), np.inf)
    known = np.flatnonzero(np.isfinite(places).all(axis=1))
    if not (usable.size and known.size):
        return Attached(streets, node, distance)
    begin = np.column_stack([streets.x, streets.y])[streets.start[usable]]
    along = np.column_stack([streets.x, streets.y])[streets.end[usable]] - begin
    parts = np.maximum(np.ceil(np.hypot(*along.T) / SAMPLE_SPACING), 1).astype(np.intp)
    owner = np.repeat(np.arange(len(usable)), parts + 1)
    share = (np.arange(len(owner)) - np.repeat(np.cumsum(parts + 1) - parts - 1, parts + 1)) / parts[owner]
    tree = cKDTree(begin[owner] + share[:, None] * along[owner])
    nearest, _sample = tree.query(places[known])
    found = tree.query_ball_point(places[known], np.hypot(nearest, SAMPLE_SPACING / 2) * (1 + 1e-9))
    point = np.repeat(known, [len(samples) for samples in found])
    edge = owner[np.concatenate(found).astype(np.intp)]
    point, edge = np.unique(np.column_stack([point, edge]), axis=0).T
    offset = places[point] - begin[edge]
    square = (along[edge] ** 2).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):  # an edge without extent has its foot at its start
        foot = np.where(square > 0, np.clip((offset * along[edge]).sum(axis=1) / square, 0, 1), 0.0)
    gap = np.hypot(*(offset - foot[:, None] * along[edge]).T)
    best = np.lexsort((edge, gap, point))
    best = best[np.flatnonzero(np.diff(point[best], prepend=-1))]
    distance[point[best]] = gap[best]
    best = best[gap[best] <= maximum_snap]
    cut, feet = _cut(streets, usable[edge[best]], foot[best])
    node[point[best]] = feet
    return Attached(cut, node, distance)


def _cut(streets: Streets, edge: Integers, share: Floats) -> tuple[Streets, Integers]:
    """Streets cut at `share` of each `edge`, and the node at each cut (an end of the edge at 0 and 1)."""
    node = np.where(share <= 0, streets.start[edge], streets.end[edge])
    inner = np.flatnonzero((share > 0) & (share < 1))
    cuts, place = np.unique(np.column_stack([edge[inner], share[inner]]), axis=0, return_inverse=True)
    owner, at = cuts[:, 0].astype(np.intp), cuts[:, 1]
    fresh = len(streets.x) + np.arange(len(owner))
    node[inner] = fresh[place.reshape(-1)]
    kept = np.setdiff1d(np.arange(len(streets.start)), owner, assume_unique=False)
    first = np.diff(owner, prepend=-1) != 0
    last = np.diff(owner, append=-1) != 0
    # one part before every cut, and one after the last cut of each edge
    source = np.concatenate([kept, owner, owner[last]])
    begin = np.concatenate([streets.start[kept], np.where(first, streets.start[owner], fresh - 1), fresh[last]])
    finish = np.concatenate([streets.end[kept], fresh, streets.end[owner[last]]])
    before = np.where(first, 0.0, np.concatenate([[0.0], at[:-1]])) if len(at) else at
    part = np.concatenate([np.ones(len(kept)), at - before, 1 - at[last]])
    x, y = (
        np.concatenate([values, values[streets.start[owner]] * (1 - at) + values[streets.end[owner]] * at])
        for values in (streets.x, streets.y)
    )
    cut = Streets(
        x,
        y,
        start=begin,
        end=finish,
        length=streets.length[source] * part,
        walk=streets.walk[source],
        cycle=streets.cycle[source],
        cycle_back=streets.cycle_back[source],
        crs=streets.crs,
    )
    return cut, node


class StreetGraph(NamedTuple):
    """Minutes between nodes as a sparse matrix; `place` (nodes of the streets) is the row, -1 where left out."""

    minutes: csr_array
    place: Integers


def street_graph(
    streets: Streets, *, mode: str = "walk", speed: float | None = None, keep: Integers | None = None
) -> StreetGraph:
    """The network as minutes of `mode` at `speed` (km/h), for SciPy's shortest paths.

    With `keep` (node numbers), nodes that are mere bends and dead ends without any of them are left
    out: shortest times between kept nodes stay the same, and the search is several times shorter.
    """
    if speed is None:
        speed = WALK_SPEED if mode == "walk" else BICYCLE_SPEED
    if not (np.isfinite(speed) and speed > 0):
        raise ValueError(_("speed is {speed}; give km/h above 0.", speed=speed))
    with np.errstate(divide="ignore", invalid="ignore"):  # a factor of 0 closes the edge: infinitely long
        there, back = (
            np.where(factor > 0, streets.length / (speed * METRES_PER_MINUTE * factor), np.inf)
            for factor in streets.factors(mode)
        )
    open_ = np.isfinite(there) | np.isfinite(back)
    tail = np.concatenate([streets.start[open_], streets.end[open_]])
    head = np.concatenate([streets.end[open_], streets.start[open_]])
    minutes = np.concatenate([there[open_], back[open_]])
    nodes = len(streets.x)
    kept = np.ones(nodes, bool)
    if keep is not None:
        kept[:] = False
        kept[keep] = True
    tail, head, minutes = _simplest(nodes, tail, head, minutes)
    while keep is not None:
        before = len(tail)
        tail, head, minutes = _simplest(nodes, *_without_bends(nodes, tail, head, minutes, kept))
        dead = (np.bincount(tail, minlength=nodes) == 1) & ~kept
        alive = ~(dead[tail] | dead[head])
        tail, head, minutes = tail[alive], head[alive], minutes[alive]
        if len(tail) == before:
            break
    kept[tail] = True
    place = np.where(kept, np.cumsum(kept) - 1, -1)
    passable = np.isfinite(minutes)
    tail, head, minutes = place[tail[passable]], place[head[passable]], minutes[passable]
    size = int(kept.sum())
    begins = np.searchsorted(tail, np.arange(size + 1))  # arcs come sorted by tail; zero minutes must stay stored
    return StreetGraph(csr_array((minutes, head, begins), shape=(size, size)), place)


def _simplest(nodes: int, tail: Integers, head: Integers, minutes: Floats) -> tuple[Integers, Integers, Floats]:
    """Arcs sorted by their ends, the shortest of parallel ones, without loops."""
    key = tail * nodes + head
    order = np.lexsort((minutes, key))
    order = order[tail[order] != head[order]]
    order = order[np.flatnonzero(np.diff(key[order], prepend=-1))]
    return tail[order], head[order], minutes[order]


def _without_bends(
    nodes: int, tail: Integers, head: Integers, minutes: Floats, kept: NDArray[np.bool_]
) -> tuple[Integers, Integers, Floats]:
    """Arcs with every chain of nodes that have two neighbours only replaced by one arc.

    Arcs are sorted by ends and come in pairs (there and back). Each arc points to the next of its
    chain; pointers are doubled until every chain is one step.
    """
    bend = (np.bincount(tail, minlength=nodes) == 2) & ~kept
    if not bend.any():
        return tail, head, minutes
    key = tail * nodes + head
    twin = np.searchsorted(key, head * nodes + tail)
    first = np.searchsorted(tail, np.arange(nodes))
    follows = np.where(bend[head], 2 * first[head] + 1 - twin, -1)  # of the two arcs out of a bend, not the way back
    total, reached = minutes.copy(), head.copy()
    for _step in range(int(np.ceil(np.log2(len(tail) + 1))) + 1):
        moving = np.flatnonzero(follows >= 0)
        if not moving.size:
            break
        ahead = follows[moving]
        total[moving], reached[moving], follows[moving] = (
            total[moving] + total[ahead],
            reached[ahead],
            follows[ahead],
        )
    whole = ~bend[tail]
    return tail[whole], reached[whole], total[whole]


class Placed(NamedTuple):
    """Places on a street graph: the node of each (-1 = none within reach), and metres and minutes on foot to it."""

    graph: StreetGraph
    points: Floats
    node: Integers
    distance: Floats
    minutes: Floats


def placed(
    streets: Streets,
    points: Floats,
    *,
    mode: str = "walk",
    speed: float | None = None,
    maximum_snap: float = MAXIMUM_SNAP,
    whole: bool = False,
) -> Placed:
    """Points put on the streets, and the graph of `mode` between them (of the `whole` network if asked for)."""
    attached = attach(streets, points, mode=mode, maximum_snap=maximum_snap)
    keep = None if whole else attached.node[attached.node >= 0]
    graph = street_graph(attached.streets, mode=mode, speed=speed, keep=keep)
    on_foot = speed if mode == "walk" and speed is not None else WALK_SPEED
    minutes = attached.distance / (on_foot * METRES_PER_MINUTE)
    return Placed(graph, points, attached.node, attached.distance, minutes)


def travel_times(
    streets: Streets,
    origins: ArrayLike,
    destinations: ArrayLike,
    *,
    mode: str = "walk",
    speed: float | None = None,
    limit: float = 60.0,
    maximum_snap: float = MAXIMUM_SNAP,
) -> csr_array:
    """Minutes along the streets from every origin to every destination, up to `limit` minutes.

    t = a/w + min over paths of sum(length / (speed * factor)) + b/w: a, b are the straight lines from
    the places to the nearest streets (on foot, w), then the shortest path (Dijkstra).
    `origins`, `destinations`: rows of x, y in m, or whole numbers of nodes. `speed` in km/h: 4.8 on foot
    and 12 by bicycle unless given. Result: sparse (origins, destinations); a pair that is not stored
    cannot be reached (it is not 0 minutes: `caminos.spatial.travel.dense` fills it with infinity).
    Equal points are 0 minutes apart. Slopes, crossings and traffic lights are not counted.
    Raises ValueError for an unknown mode, speed, limit or shape.
    """
    if not limit >= 0:
        raise ValueError(_("limit is {limit}; give minutes of 0 or more.", limit=limit))
    sources, targets = _places(streets, origins), _places(streets, destinations)
    places = placed(streets, np.concatenate([sources, targets]), mode=mode, speed=speed, maximum_snap=maximum_snap)
    return times_between(places, slice(0, len(sources)), slice(len(sources), None), limit)


def times_between(places: Placed, origins: slice, destinations: slice, limit: float) -> csr_array:
    """Minutes from some of the places to others, up to `limit`, as `travel_times`."""
    sources, targets = places.node[origins], places.node[destinations]
    first, last = places.minutes[origins], places.minutes[destinations]
    same = same_place(places.points[origins], places.points[destinations])
    rows, columns = [same.row], [same.col]
    values = [np.zeros(same.nnz)]
    starts, ends = np.flatnonzero(sources >= 0), np.flatnonzero(targets >= 0)
    # the table is filled a few sources at a time
    step = max(1, DENSE_CELLS // max(1, places.graph.minutes.shape[0]))
    for begin in range(0, len(starts) if ends.size else 0, step):
        block = starts[begin : begin + step]
        times = dijkstra(places.graph.minutes, indices=places.graph.place[sources[block]], limit=limit + 2 * NOISE)
        times = times[:, places.graph.place[targets[ends]]] + first[block, None] + last[ends]
        times = np.round(times / NOISE) * NOISE
        row, column = np.nonzero((times <= limit) & np.isfinite(times))
        rows.append(block[row])
        columns.append(ends[column])
        values.append(times[row, column])
    shape = (len(sources), len(targets))
    return least(np.concatenate(rows), np.concatenate(columns), np.concatenate(values), shape)


def least(row: Integers, column: Integers, value: Floats, shape: tuple[int, int]) -> csr_array:
    """A sparse matrix that keeps the least of values given twice (and stores zeros)."""
    order = np.lexsort((value, column, row))
    row, column, value = row[order], column[order], value[order]
    single = (np.diff(row, prepend=-1) != 0) | (np.diff(column, prepend=-1) != 0)
    row, column, value = row[single], column[single], value[single]
    return csr_array((value, column, np.searchsorted(row, np.arange(shape[0] + 1))), shape=shape)


def nearest_time(
    streets: Streets,
    places: ArrayLike,
    points: ArrayLike | None = None,
    *,
    mode: str = "walk",
    speed: float | None = None,
    limit: float = np.inf,
    maximum_snap: float = MAXIMUM_SNAP,
) -> Floats:
    """Minutes along the streets from each point (or every node) to the nearest of `places`; infinite beyond `limit`.

    One search from all places at once, against the direction of travel. Arguments as in `travel_times`.
    """
    targets = _places(streets, places)
    sources = np.column_stack([streets.x, streets.y]) if points is None else _places(streets, points)
    network = placed(
        streets,
        targets if points is None else np.concatenate([targets, sources]),
        mode=mode,
        speed=speed,
        maximum_snap=maximum_snap,
        whole=points is None,
    )
    node, walk = np.split(network.node, [len(targets)]), np.split(network.minutes, [len(targets)])
    known = node[0] >= 0
    minutes = spread(network.graph, node[0][known], walk[0][known], limit=limit + 2 * NOISE)
    if points is None:
        result = minutes[network.graph.place[: len(sources)]]
    else:
        joined = node[1] >= 0
        result = np.full(len(sources), np.inf)
        result[joined] = minutes[network.graph.place[node[1][joined]]] + walk[1][joined]
        result[same_place(sources, targets).row] = 0.0
    result = np.round(result / NOISE) * NOISE
    return np.where(result <= limit, result, np.inf)


def spread(graph: StreetGraph, nodes: Integers, extra: Floats, *, limit: float = np.inf) -> Floats:
    """Minutes from every row of the graph to the nearest of `nodes`, each `extra` minutes behind its node."""
    size = graph.minutes.shape[0]
    if not nodes.size:
        return np.full(size, np.inf)
    # one more node, joined to each place by its extra minutes, stands for "any place"
    backward = graph.minutes.T.tocsr()
    joined = least(np.zeros(len(nodes), np.intp), graph.place[nodes], np.asarray(extra, float), (1, size))
    whole = csr_array(
        (
            np.concatenate([backward.data, joined.data]),
            np.concatenate([backward.indices, joined.indices]),
            np.concatenate([backward.indptr, [backward.indptr[-1] + joined.nnz]]),
        ),
        shape=(size + 1, size + 1),
    )
    result: Floats = dijkstra(whole, indices=size, limit=limit)[:size]
    return result


def _points(points: ArrayLike) -> Floats:
    places = np.asarray(points, float)
    if places.ndim != 2 or places.shape[1] != 2:
        raise ValueError(_("Points must be rows of x, y: the shape is {shape}.", shape=places.shape))
    return places


def _places(streets: Streets, points: ArrayLike) -> Floats:
    """Rows of x, y of points given so, or as numbers of nodes."""
    given = np.asarray(points)
    if given.ndim == 1 and given.size and np.issubdtype(given.dtype, np.integer):
        if given.min() < 0 or given.max() >= len(streets.x):
            raise ValueError(_("Nodes are numbered from 0 to {last} only.", last=len(streets.x) - 1))
        return np.column_stack([streets.x[given], streets.y[given]])
    return _points(given.reshape(-1, 2) if given.size == 0 else given)


def same_place(one: Floats, other: Floats) -> coo_array:
    """Pairs of one and the same point (of which the number counts), stored as ones (origins, destinations)."""
    _unique, number = np.unique(np.concatenate([one, other]), axis=0, return_inverse=True)
    number = number.reshape(-1)
    size = int(number.max(initial=0)) + 1
    left, right = (
        coo_array((np.ones(len(part)), (np.arange(len(part)), part)), shape=(len(part), size)).tocsr()
        for part in (number[: len(one)], number[len(one) :])
    )
    return (left @ right.T).tocoo()


def pieces(streets: Streets, *, mode: str = "walk") -> tuple[Integers, Floats]:
    """The connected pieces of the network that `mode` may use: piece of each node (-1 = unused), length (m) of each.

    Pieces are numbered from the longest; one-way streets count as joined.
    """
    forward, backward = streets.factors(mode)
    usable = np.flatnonzero((forward > 0) | (backward > 0))
    nodes = len(streets.x)
    start, end = streets.start[usable], streets.end[usable]
    joined = coo_array((np.ones(len(usable)), (start, end)), shape=(nodes, nodes))
    count, label = connected_components(joined, directed=False)
    length = np.bincount(label[start], streets.length[usable], minlength=count)
    used: NDArray[np.bool_] = np.zeros(nodes, bool)
    used[start] = used[end] = True
    holds = np.bincount(label[used], minlength=count) > 0
    order = np.lexsort((np.arange(count), -length))
    order = order[holds[order]]
    rank = np.full(count, -1, np.intp)
    rank[order] = np.arange(len(order))
    return np.where(used, rank[label], -1), np.asarray(length[order], float)


def without_slips(streets: Streets, shortest: float = SHORTEST_PIECE) -> tuple[Streets, dict[str, tuple[int, float]]]:
    """Streets closed to a mode on pieces shorter than `shortest` m (save the longest), and how many pieces, how many m.

    Such pieces are slips of drawing or of tags: a place that snaps to one could reach nothing else.
    """
    left_out, on_slip = {}, {}
    for mode in MODES:
        piece, length = pieces(streets, mode=mode)
        slip = length < shortest
        slip[:1] = False
        on_slip[mode] = np.append(slip, False)[piece[streets.start]]
        left_out[mode] = (int(slip.sum()), float(length[slip].sum()))
    walk = np.where(on_slip["walk"], 0.0, streets.walk)
    cycle, cycle_back = (np.where(on_slip["bicycle"], 0.0, values) for values in (streets.cycle, streets.cycle_back))
    return replace(streets, walk=walk, cycle=cycle, cycle_back=cycle_back), left_out


def street_problems(streets: Streets, file: str = "") -> list[Problem]:
    """A network in several pieces, said with their sizes; nothing if all of it hangs together."""
    _piece, length = pieces(streets)
    if len(length) < 2:
        return []
    sizes = ", ".join(f"{metres / 1000:.1f}" for metres in length[:5]) + (", …" if len(length) > 5 else "")
    message = _(
        "The streets are in {count} pieces of {sizes} km: nobody can walk from one to another.",
        count=len(length),
        sizes=sizes,
    )
    fix = _("If a bridge or a street joins them, the extract is cut or it is missing on the map; else leave it so.")
    return [Problem(WARNING, file, None, "", message, fix)]
