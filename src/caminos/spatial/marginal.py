"""What one more hectare of some land cover does, zone by zone, without running the city again for each zone.

The models of air temperature and of nature access are chains of weighted sums over surroundings and of rules
cell by cell. The change of one figure of the city by a change in any cell then comes from the same sums, done
backwards (their transposes; the kernels are symmetric): a raster of what turning each cell is worth, for the
price of a run or two. `marginal_effect` reads from such a raster what a hectare does in each zone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from caminos.i18n import _
from caminos.spatial.cooling import DECAY_ENDS, WEIGHTS, cells, ground_of, park_kernels, precision
from caminos.spatial.kernels import Floats, Surroundings
from caminos.spatial.kernels import kernel as weights_of
from caminos.spatial.land_cover import land_cover
from caminos.spatial.missing import with_nan
from caminos.spatial.nature import FEW, areas_of, kernel_of, nature_access, people_of, radii_of, shares_of
from caminos.spatial.water import runoff

HECTARE = 1e4  # m2
OBJECTIVES = ("supply", "shortfall", "undersupplied")


@dataclass(frozen=True)
class MarginalEffect:
    """By zone: what one hectare does (NaN where no cell can be turned), and how many hectares can be turned."""

    effect: Floats
    hectares: Floats


def marginal_effect(
    *,
    gradient: ArrayLike,
    zone: ArrayLike,
    cell_size: float,
    convertible: ArrayLike | None = None,
    zones: int | None = None,
) -> MarginalEffect:
    """What one hectare more of a cover does, spread evenly over the cells of a zone that can be turned into it.

        effect_z = 10000 / cell_size² × mean of gradient_j over the convertible cells j of zone z

    gradient (rows, columns): change of a figure of the city when a cell is wholly turned, in the figure's own
    unit: from `cooling_gradient`, `nature_access_gradient` or `runoff_gradient`, or any raster of what a cell is
    worth (expected damage a year of a cell given back to the river, with a minus). NaN: cannot be turned.
    zone (rows, columns): number of each cell's zone from 0; below 0 or NaN where in none. zones: how many there
    are (by default up to the highest number). cell_size: m. convertible (rows, columns): true where the cover
    can go (by default wherever the gradient is known).

    Effects are those of the first hectare: with many, they grow as parks come about or shrink as people have enough. Where a zone has less than a hectare (`hectares`), the effect is a rate.
    Raises ValueError for shapes that differ, zones that are not whole numbers and lengths not above 0.
    """
    worth, numbers = np.asarray(with_nan(gradient), float), with_nan(zone)
    if not (np.isfinite(cell_size) and cell_size > 0):
        raise ValueError(_("cell_size is {given}; give metres above 0.", given=cell_size))
    allowed = np.ones(worth.shape, bool) if convertible is None else _true(convertible)
    for name, shape in (("zone", numbers.shape), ("convertible", allowed.shape)):
        if shape != worth.shape:
            message = _(
                "{name}: its shape is {given}, that of gradient {shape}.", name=name, given=shape, shape=worth.shape
            )
            raise ValueError(message)
    if numbers.dtype.kind == "f":
        numbers = np.where(np.isnan(numbers), -1, numbers)
        if (numbers % 1 != 0).any():
            raise ValueError(_("zone: whole numbers are needed, with -1 or NaN for cells in no zone."))
    elif numbers.dtype.kind not in "iu":
        raise ValueError(_("zone: whole numbers are needed, with -1 or NaN for cells in no zone."))
    highest = int(numbers.max(initial=-1))
    count = highest + 1 if zones is None else zones
    if highest >= count:
        raise ValueError(
            _("zone: number {number} occurs, but there are only {count} zones.", number=highest, count=count)
        )
    can = allowed & ~np.isnan(worth) & (numbers >= 0)
    place = numbers[can].astype(np.intp)
    turned = np.bincount(place, minlength=count)
    total = np.bincount(place, weights=worth[can], minlength=count)
    area = turned * cell_size**2 / HECTARE
    return MarginalEffect(np.divide(total, area, out=np.full(count, np.nan), where=turned > 0), area)


def _true(convertible: ArrayLike) -> NDArray[np.bool_]:
    """Where cells can be turned: true or false, 1 or 0; missing is false."""
    given = with_nan(convertible)
    missing = np.isnan(given) if given.dtype.kind == "f" else np.zeros(given.shape, bool)
    if given.dtype.kind != "b" and not (missing | (given == 0) | (given == 1)).all():
        raise ValueError(_("convertible: true or false (1 or 0) is needed in every cell."))
    return np.asarray((given == 1) & ~missing)


def cooling_gradient(
    *,
    lulc: ArrayLike,
    eto: ArrayLike | float,
    cell_size: float,
    cooling_distance: float,
    average_radius: float,
    uhi_max: float,
    table_columns: Sequence[str],
    table: ArrayLike,
    new_code: int,
    population: ArrayLike | None = None,
    method: str = "factors",
    nodata: float | None = None,
    eto_nodata: float | None = None,
    population_nodata: float | None = None,
    weights: Sequence[float] = WEIGHTS,
    whole_cells: bool = True,
    tile: int | None = None,
) -> Floats:
    """Change of the city's mean air temperature (°C) when a cell is turned into a class, for every cell.

    The inputs are those of `caminos.spatial.cooling.urban_cooling`; new_code is a class of the table. The mean is
    over people if a population (people per cell, same shape) is given, else over cells. With weights w of
    cells in the mean, exponential sums K (parks) and M (mixing), and k for the cells that are known,

        a   = -uhi_max M[w / M[k]] / sum(w)        the mean for heat mitigation in each cell
        b   = K[a where a park rules / K[k]]       the mean for green × cooling capacity in each cell
        gradient = a (hm of the new class - hm) + b (green × cc of the new class - green × cc)
                 + D[a (cc_park - cc)+ where a hectare more reaches 2 ha] × share of the hectare in a cell

    where D sums over the disk in which parks are counted; likewise where a hectare less falls below 2 ha, if the
    new class is no park. (The cell's own part in b and D is in the first term.) This is exact for one cell as long
    as it changes nowhere else whether a park rules, but for the last term, which stands for such changes: it takes
    the hectares of green around cells as evenly spread between 1 and 2 (2 and 3).
    Against turning 100 cells of 10 m, spread over a zone of 25 ha, in made-up cities of 400 ha: by day 1 % off in
    the median zone and 2 to 4 % in one of twenty; by night 1 to 4 % and up to 14 % where parks are rare. NaN where
    something is missing and where the class is the new one already. Raises ValueError as `urban_cooling` does.
    """
    ground = ground_of(lulc, nodata, eto, eto_nodata, table, table_columns, method, weights)
    cooled, mixed = (
        cells(length, cell_size, whole_cells, name)
        for length, name in ((cooling_distance, "cooling_distance"), (average_radius, "average_radius"))
    )
    if not np.isfinite(uhi_max):
        raise ValueError(_("{name} is {given}; give °C.", name="uhi_max", given=uhi_max))
    new = np.flatnonzero(ground.codes == new_code)
    if not new.size:
        raise ValueError(_("new_code: the table has no row for {code}.", code=new_code))
    shape = ground.cover.codes.shape
    cc, place, known = ground.capacity_of((slice(0, shape[0]), slice(0, shape[1])))
    here = known.astype(np.float32)
    if population is not None:
        here = people_of(population, shape, population_nodata, known)[0]
        if not here.any():
            raise ValueError(_("population: nobody lives where the land use is known."))
    new_green, green = ground.green[new[0]], ground.green[place]
    green[~known] = 0
    turned = ground.capacity[new[0]] + ground.factor[new[0]] * np.asarray(ground.evaporation, np.float32)

    kernels, threshold = park_kernels(cooled, cell_size, shape)
    fine = precision(ground.complete)
    parks = Surroundings(shape, kernels, tile=tile, dtype=fine)
    air = Surroundings(shape, [weights_of("exponential", mixed, DECAY_ENDS * mixed, shape)], tile=tile, dtype=fine)
    reach = _whole(parks, 0, known)
    park = parks.whole(green * cc)
    _divide(park, reach)
    around = np.rint(_whole(parks, 1, known))
    large = parks.whole(green, 1)
    if np.isin(ground.green, (0, 1)).all():
        np.rint(large, out=large)
    _divide(large, around)
    cooler = known & (park > cc)
    enough = large >= threshold
    rules = cooler & enough

    spread = (here / here.sum()).astype(np.float32)
    _divide(spread, _whole(air, 0, known))
    worth = air.whole(spread)
    worth *= -np.float32(uhi_max)

    # the cell itself, with its own part in the park's cooling and area
    change, more = new_green * turned - green * cc, new_green - green
    own_park, own_large = change.copy(), more / np.maximum(around, 1)
    _divide(own_park, reach)
    own_park += park
    own_large += large
    gradient: Floats = np.where(own_large >= threshold, np.maximum(turned, own_park), turned)
    gradient -= np.where(rules, park, cc)
    gradient *= worth
    # the others that parks cool
    by_park = np.where(rules, worth, np.float32(0))
    _divide(by_park, reach)
    gradient += (parks.whole(by_park) - by_park) * change
    # the others that a hectare more, or less, brings over or under the area of a park
    hectare = np.float32(HECTARE / cell_size**2) / np.maximum(around, 1)
    near = ~enough & (large + hectare >= threshold) if new_green > 0 else enough & (large - hectare < threshold)
    jump = np.where(near & cooler, worth * (park - cc), np.float32(0))
    if jump.any():
        more = np.maximum(more, 0) if new_green > 0 else np.minimum(more, 0)
        gradient += (parks.whole(jump, 1) - jump) * more * np.float32(cell_size**2 / HECTARE)
    gradient[~known | (place == new[0])] = np.nan
    return gradient


def nature_access_gradient(
    *,
    lulc: ArrayLike,
    population: ArrayLike,
    cell_size: float,
    search_radius: float | Mapping[int, float] | Mapping[str, float],
    demand: float,
    green_codes: Sequence[int] | Mapping[int, float],
    new_code: int,
    objective: str = "shortfall",
    band: float | None = None,
    kernel: str = "gaussian",
    groups: Mapping[str, ArrayLike] | None = None,
    nodata: float | None = None,
    population_nodata: float | None = None,
    tile: int | None = None,
) -> Floats:
    """Change of a figure of the city's access to nature when a cell is turned into a class, for every cell.

    The inputs are those of `caminos.spatial.nature.nature_access`; new_code is a class of green_codes or one that
    is no green. The people who live in a cell stay. objective:

        supply          mean supply per person (m2): the balance over people, but for the demand
        shortfall       sum(people × (demand - supply)+), the m2 that people with too little lack
        undersupplied   people with less than the demand (approximate)

    With the slope s of the objective in the supply of each cell, sums W within reach and P = W[people],

        gradient = (green area of the new class × W[s] / max(P, 1)) - (that of the present class)

    each with the radius of its own class. Supply is linear in green, so this is exact for `supply`, and for
    `shortfall` as long as nobody comes to have enough by it: for more it says too much (a hectare in 25, as above:
    2 to 4 % in the median zone, 12 % in one of twenty). The count of the undersupplied moves by steps; its slope is
    taken from the people within `band` (m2 a person, by default a quarter of the demand) below the demand, or
    above it where green goes, and it is rough: 5 to 16 % off over all zones, single zones by more. The band should
    be about what a hectare adds to a person's supply. NaN where something is missing and
    where the class is the new one already. Raises ValueError as `nature_access` does.
    """
    if objective not in OBJECTIVES:
        raise ValueError(
            _("objective: {name} is not one of {known}.", name=repr(objective), known=", ".join(OBJECTIVES))
        )
    width = demand / 4 if band is None else band
    if objective == "undersupplied" and not (np.isfinite(width) and width > 0):
        raise ValueError(_("band is {given}; give m2 a person above 0.", given=width))
    access = nature_access(
        lulc=lulc,
        population=population,
        cell_size=cell_size,
        search_radius=search_radius,
        demand=demand,
        green_codes=green_codes,
        kernel=kernel,
        groups=groups,
        nodata=nodata,
        population_nodata=population_nodata,
        tile=tile,
    )
    cover = land_cover(lulc, nodata)
    people, known = people_of(population, cover.codes.shape, population_nodata, cover.known())
    area, shares = areas_of(green_codes, cell_size), shares_of(groups, known)
    radii = radii_of(search_radius, area, shares)
    gains = area.get(new_code, 0.0) > 0

    def slope(who: Floats, supply: Floats) -> Floats:
        """Change of the objective by a m2 a person more where these people live."""
        if objective == "supply":
            return who / max(float(people.sum()), 1e-300)
        short = demand - supply
        if objective == "shortfall":
            return np.where(short > 0, -who, 0)
        near = (short > 0) & (short <= width) if gains else (short <= 0) & (short > -width)
        return np.where(near, -who / width, 0)

    def worth_of(*parts: tuple[float, Floats, Floats]) -> Floats:
        """Change of the objective by a m2 of green in each cell; parts: radius, people and their supply."""
        worth, reached = np.zeros(people.shape), np.zeros(people.shape)
        for radius, who, supply in parts:
            reach = kernel_of(kernel, radius, cell_size, people.shape)
            around = Surroundings(people.shape, [reach], tile=tile, dtype=np.float64)
            worth += around.whole(slope(who, supply))
            reached += around.whole(who)
        return np.divide(worth, reached, out=worth, where=reached > FEW)

    if shares and set(radii) == set(shares):
        supplies = access.supply_per_person_by_group
        of_all = worth_of(*((radii[name], people * share, supplies[name]) for name, share in shares.items()))
        worth = dict.fromkeys(area, of_all)
    else:
        of_radius = {radius: worth_of((radius, people, access.supply_per_person)) for radius in set(radii.values())}
        worth = {code: of_radius[radii[code]] for code in area}
    gradient = area[new_code] * worth[new_code] if new_code in area else np.zeros(people.shape)
    for code in area:
        present = cover.codes == code
        gradient[present] -= area[code] * worth[code][present]
    gradient[~known | (cover.codes == new_code)] = np.nan
    return gradient


def runoff_gradient(
    *,
    precipitation: ArrayLike,
    curve_number: ArrayLike,
    new_curve_number: ArrayLike,
    cell_size: float,
    initial_abstraction: float = 0.2,
) -> Floats:
    """More water of a storm (m3) that the ground holds back when a cell is turned into a cover, for every cell.

        gradient = .001 cell_size² (Q of curve_number - Q of new_curve_number)

    with the runoff Q (mm) of `caminos.spatial.water.runoff`, whose inputs these are; new_curve_number is that of
    the new cover on the soil of each cell (one number or a raster). Exact, as no cell's runoff depends on another's.
    Raises ValueError as `runoff` does.
    """
    before, after = (
        np.asarray(
            runoff(
                precipitation=precipitation,
                curve_number=number,
                initial_abstraction=initial_abstraction,
                cell_size=cell_size,
            ).runoff_volume
        )
        for number in (curve_number, new_curve_number)
    )
    return np.asarray(before - after)


def _whole(around: Surroundings, which: int, known: NDArray[np.bool_]) -> Floats:
    """The weight of the known cells around each cell."""
    if not known.all():
        return around.whole(known, which)
    found = np.empty(known.shape, np.float32)
    for part in around.tiles():
        found[part.inner] = around.inside(which, part)
    return found


def _divide(values: Floats, weight: Floats) -> None:
    """In place; known cells weigh 1 themselves, elsewhere the result means nothing."""
    np.divide(values, weight, out=values, where=weight > 0.5)
