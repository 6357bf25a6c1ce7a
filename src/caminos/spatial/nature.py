"""Who has green within reach: the supply of urban nature against the demand for it, by two-step floating catchment.

The equations are those of the InVEST urban nature access model (Natural Capital Project, users' guide, chapter
Urban Nature Access), after Luo and Wang 2003, Xing et al. 2018, and Liu et al. 2022 for groups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from caminos.i18n import _
from caminos.spatial.kernels import Floats, Surroundings
from caminos.spatial.kernels import kernel as weights_of
from caminos.spatial.land_cover import land_cover
from caminos.spatial.missing import with_nan

FEW = 1.0  # people within reach of green at or below which all of it counts as one person's
EVEN = 1e-9  # of the demand: a balance nearer to 0 is even
NOTHING = 1e-12  # of the largest sum: below it a sum is the rounding of zero


@dataclass(frozen=True)
class NatureAccess:
    """Green within reach; rasters have the shape of the land use, NaN where it or the population is missing.

    accessible: m2 of green within reach, by weight of distance; supply_per_person: m2 of it that are a person's,
    shared with all others who reach it; balance_per_person: supply less demand (m2). The rest are people, and for
    balance m2: of all and by group.
    """

    accessible: Floats
    supply_per_person: Floats
    balance_per_person: Floats
    balance: float
    undersupplied: float
    oversupplied: float
    undersupplied_by_group: dict[str, float] = field(default_factory=dict)
    oversupplied_by_group: dict[str, float] = field(default_factory=dict)
    supply_per_person_by_group: dict[str, Floats] = field(default_factory=dict)


def nature_access(
    *,
    lulc: ArrayLike,
    population: ArrayLike,
    cell_size: float,
    search_radius: float | Mapping[int, float] | Mapping[str, float],
    demand: float,
    green_codes: Sequence[int] | Mapping[int, float],
    kernel: str = "gaussian",
    groups: Mapping[str, ArrayLike] | None = None,
    nodata: float | None = None,
    population_nodata: float | None = None,
    tile: int | None = None,
) -> NatureAccess:
    """Supply of green per person by cell, its balance against a demand, and the people with too little or enough.

    lulc: codes, shape (rows, columns). population: people per cell, same shape. cell_size: m. green_codes: classes
    of green, or the share of green (0 to 1) by class. demand: m2 a person. kernel: dichotomy, exponential,
    gaussian or density, with the radius as its reach (`caminos.spatial.kernels.kernel`); the exponential goes on
    to twice the radius and a cell, as in InVEST. search_radius: m; or one for each class of green (by code), or
    one for each group of people (by name, with `groups`); or a list in the order of the green codes, or groups.
    groups: people by group, each as a share of the population (one number or a raster, the same shape);
    an array (group,) or (group, rows, columns) names them 0, 1 ….

        R_j = green area of j / sum(population within reach × weight)       for each cell j of green
        supply_i = sum(R_j × weight)      balance = (supply - demand) × population
        R_j = green area of j where 1 person or fewer are within reach

    Cells outside the raster hold neither people nor green; cells where either is missing hold nothing and have
    no result. Nature is counted by area: not its quality, nor whether there is a way in. Distances are straight.
    Raises ValueError for unknown kernels, codes without radius, shapes, negative population and shares that do
    not add up.
    """
    if not (np.isfinite(demand) and demand >= 0):
        raise ValueError(_("demand is {given}; give m2 a person, 0 or more.", given=demand))
    cover = land_cover(lulc, nodata)
    people, known = people_of(population, cover.codes.shape, population_nodata, cover.known())
    area = areas_of(green_codes, cell_size)
    shares = shares_of(groups, known)
    radii = radii_of(search_radius, area, shares)
    by_group = bool(shares) and set(radii) == set(shares)
    surroundings = {
        radius: Surroundings(
            people.shape, [kernel_of(kernel, radius, cell_size, people.shape)], tile=tile, dtype=np.float64
        )
        for radius in sorted(set(radii.values()))
    }

    def around(values: Floats, radius: float) -> Floats:
        """Weighted sum within reach, 0 where only the rounding of the transform is left."""
        found = surroundings[radius].whole(values)
        found[found < NOTHING * max(float(found.max(initial=0)), 1e-300)] = 0
        return found

    def green(codes: Sequence[int]) -> Floats:
        """m2 of green of some classes in each cell."""
        found = np.zeros(people.shape)
        for code in codes:
            found[cover.codes == code] = area[code]
        found[~known] = 0
        return found

    def ratio(of: Floats, reached: Floats) -> Floats:
        return np.divide(of, reached, out=of.copy(), where=reached > FEW)

    supply_by_group: dict[str, Floats] = {}
    if by_group:
        nature = green(list(area))
        reached = sum((around(people * shares[name], radii[name]) for name in shares), np.zeros(people.shape))
        per_person = ratio(nature, reached)
        supply_by_group = {name: around(per_person, radii[name]) for name in shares}
        supply = sum((supply_by_group[name] * shares[name] for name in shares), np.zeros(people.shape))
        accessible = sum((around(nature, radii[name]) * shares[name] for name in shares), np.zeros(people.shape))
    else:
        supply, accessible = np.zeros(people.shape), np.zeros(people.shape)
        for radius in sorted(set(radii.values())):
            nature = green([code for code in area if radii[code] == radius])
            supply += around(ratio(nature, around(people, radius)), radius)
            accessible += around(nature, radius)
    for result in (supply, accessible, *supply_by_group.values()):
        result[~known] = np.nan
    balance = supply - demand
    even = EVEN * max(demand, 1.0)  # the rounding of sums must not decide who has enough
    under, over = balance < -even, balance > even
    of_group = {name: supply_by_group.get(name, supply) - demand for name in shares}
    return NatureAccess(
        accessible,
        supply,
        balance,
        balance=float(np.nansum(balance * people)),
        undersupplied=sum(float((people * shares[name])[of_group[name] < -even].sum()) for name in shares)
        if by_group
        else float(people[under].sum()),
        oversupplied=sum(float((people * shares[name])[of_group[name] > even].sum()) for name in shares)
        if by_group
        else float(people[over].sum()),
        undersupplied_by_group={name: float((people * shares[name])[of_group[name] < -even].sum()) for name in shares},
        oversupplied_by_group={name: float((people * shares[name])[of_group[name] > even].sum()) for name in shares},
        supply_per_person_by_group=supply_by_group,
    )


def near_green(
    *,
    lulc: ArrayLike,
    green_codes: Sequence[int],
    cell_size: float,
    distance: float = 300.0,
    least_area: float = 5000.0,
    nodata: float | None = None,
) -> Floats:
    """1 where green of `least_area` (m2) or more begins within `distance` (m, straight), else 0; NaN without land use.

    Cells of green that touch by a side or a corner are one green. The rule of the World Health Organization's
    regional office for Europe (2016): 300 m to half a hectare. Distances run between centres of cells.
    """
    from scipy import ndimage

    cover = land_cover(lulc, nodata)
    areas = [code for code, area in areas_of(green_codes, cell_size).items() if area > 0]
    known = cover.known()
    patch, count = ndimage.label(np.isin(cover.codes, areas) & known, structure=np.ones((3, 3)))
    large = np.bincount(patch.ravel(), minlength=count + 1) * cell_size**2 >= least_area
    large[0] = False
    if not large.any():
        return np.where(known, 0.0, np.nan)
    away = ndimage.distance_transform_edt(~large[patch], sampling=cell_size)
    return np.where(known, (away <= distance * (1 + 1e-9)).astype(float), np.nan)


def kernel_of(name: str, radius: float, cell_size: float, shape: tuple[int, ...]) -> Floats:
    """The kernel of a radius in m; the exponential is cut at twice the radius and one cell."""
    reach = radius / cell_size
    return weights_of(name, reach, np.ceil(reach) * 2 + 1 if name == "exponential" else None, (shape[0], shape[1]))


def people_of(
    population: ArrayLike, shape: tuple[int, ...], nodata: float | None, covered: np.ndarray
) -> tuple[Floats, np.ndarray]:
    """People of each cell (0 where not known), and where they and the land use are known."""
    people = np.array(with_nan(population), float)
    if people.shape != shape:
        message = _(
            "population: its shape is {given}, that of lulc {shape}. Bring both to one grid.",
            given=people.shape,
            shape=shape,
        )
        raise ValueError(message)
    known = covered & ~np.isnan(people)
    if nodata is not None:
        known &= people != nodata
    if not known.any():
        raise ValueError(_("population: no cell has both people and land use. Check nodata and the extents."))
    people[~known] = 0
    if np.isinf(people).any():
        raise ValueError(_("population: a cell is infinite; give NaN, or population_nodata, where it is missing."))
    if (people < 0).any():
        message = _("population: {count} cells are below 0.", count=int((people < 0).sum()))
        raise ValueError(f"{message} {_('If that stands for missing, give it as population_nodata.')}")
    return people, known


def areas_of(codes: Sequence[int] | Mapping[int, float], cell_size: float) -> dict[int, float]:
    """m2 of green in a cell of each class of green."""
    if not (np.isfinite(cell_size) and cell_size > 0):
        raise ValueError(_("cell_size is {given}; give metres above 0.", given=cell_size))
    shares = dict(codes) if isinstance(codes, Mapping) else dict.fromkeys(np.asarray(codes).ravel().tolist(), 1.0)
    if not shares:
        raise ValueError(_("green_codes: there is no class of green."))
    for code, share in shares.items():
        if not 0 <= share <= 1:
            raise ValueError(
                _("green_codes: the share of class {code} is {share}; give 0 to 1.", code=code, share=share)
            )
        if int(code) != code:
            raise ValueError(_("green_codes: {code} is not a whole number.", code=code))
    return {int(code): float(share) * cell_size**2 for code, share in shares.items()}


def shares_of(groups: Mapping[str, ArrayLike] | None, known: np.ndarray) -> dict[str, Floats]:
    """Share of the people of each cell that belongs to each group; together they are all."""
    if groups is None:
        return {}
    if not isinstance(groups, Mapping):
        groups = {str(number): share for number, share in enumerate(np.asarray(with_nan(groups), float))}
    for name, share in groups.items():
        if np.shape(share) not in ((), known.shape):
            message = _(
                "groups: the shape of {name} is {given}, that of lulc {shape}.",
                name=name,
                given=np.shape(share),
                shape=known.shape,
            )
            raise ValueError(message)
    shares = {name: np.where(known, np.asarray(share, float), 0) for name, share in groups.items()}
    whole = np.broadcast_to(sum(shares.values()), known.shape)
    if not np.allclose(whole[known], 1, atol=1e-6) or any((share[known] < 0).any() for share in shares.values()):
        raise ValueError(_("groups: the shares must be 0 or more and add up to 1 in every cell."))
    return shares


def radii_of(
    search_radius: float | Mapping[int, float] | Mapping[str, float],
    area: Mapping[int, float],
    shares: Mapping[str, Floats],
) -> dict[int | str, float]:
    """The radius of each class of green, or of each group."""
    given: dict[int | str, float]
    if isinstance(search_radius, np.ndarray) and search_radius.dtype == object and search_radius.ndim == 0:
        search_radius = search_radius.item()
    if not isinstance(search_radius, Mapping) and np.ndim(search_radius) == 1:
        lengths = np.asarray(search_radius, float).tolist()
        keys: list[int | str] = list(shares) if len(shares) == len(lengths) else list(area)
        if len(keys) != len(lengths):
            message = _(
                "search_radius: {count} are given; give one, or one for each class of green or group.",
                count=len(lengths),
            )
            raise ValueError(message)
        given = dict(zip(keys, lengths, strict=True))
    elif not isinstance(search_radius, Mapping):
        given = dict.fromkeys(area, float(search_radius))
    else:
        given = {key: float(radius) for key, radius in search_radius.items()}
        wanted: set[int | str] = set(shares) if set(given) & set(shares) else set(area)
        if missing := wanted - set(given):
            raise ValueError(_("search_radius: there is none for {name}.", name=repr(sorted(missing, key=str)[0])))
        given = {key: radius for key, radius in given.items() if key in wanted}
    for radius in given.values():
        if not (np.isfinite(radius) and radius > 0):
            raise ValueError(_("{name} is {given}; give metres above 0.", name="search_radius", given=radius))
    return given
