"""Municipal waste: generated, recovered, landfilled, and the work it gives."""

import numpy as np

from caminos.model.axes import KIND, Array, among, compose, part_of, positive, total
from caminos.model.indicator import indicator

ORGANIC = ("food", "garden")
DRY = ("paper", "plastics", "glass", "metal")


@indicator(unit="share", dims="", source="sum of food and garden waste")
def organic_share_of_waste(waste_composition: Array) -> Array:
    """Share of food and garden waste in what the city throws away."""
    return total(waste_composition * among("waste_stream", *ORGANIC), KIND)


@indicator(unit="share", dims="", source="sum of paper, plastics, glass and metal")
def dry_share_of_waste(waste_composition: Array) -> Array:
    """Share of dry recyclables in what the city throws away."""
    return total(waste_composition * among("waste_stream", *DRY), KIND)


@indicator(unit="t/yr", dims="", source="mass balance")
def observed_waste_collected(
    base_waste_landfilled: Array,
    base_waste_sorted: Array,
    base_sorting_yield: Array,
    base_waste_composted: Array,
    base_waste_digested: Array,
    base_waste_incinerated: Array,
    base_waste_otherwise_treated: Array,
    agreement_of_waste_fates_and_waste_collected: Array,
) -> Array:
    """Municipal waste collected in the base year, by what becomes of it: what a city counts is what it collects.

    What sorting rejects is counted where it is weighed again: in landfills, or in incineration plants.
    """
    recycled = base_waste_sorted * base_sorting_yield
    recovered = recycled + base_waste_composted + base_waste_digested
    rest = base_waste_landfilled + base_waste_incinerated + base_waste_otherwise_treated
    return (recovered + rest) * agreement_of_waste_fates_and_waste_collected


@indicator(unit="t/yr", dims="", source="mass balance")
def observed_waste_generated(observed_waste_collected: Array, base_waste_collection_coverage: Array) -> Array:
    """Municipal waste generated in the base year.

    A city counts what is collected. Where the coverage of collection is below 1 more is generated than it counts:
    those without collection are taken to throw away as much as the others. Where nobody has collection nothing says
    how much that is: it is not estimated.
    """
    found = observed_waste_collected / base_waste_collection_coverage
    return np.where(base_waste_collection_coverage > 0, found, np.nan * found)


@indicator(unit="share", dims="", source="composted and digested tonnes over food and garden waste collected")
def base_organics_collected_share(
    base_waste_composted: Array,
    base_waste_digested: Array,
    observed_waste_collected: Array,
    organic_share_of_waste: Array,
    agreement_of_waste_composted_and_waste_composition: Array,
) -> Array:
    """Share of the collected food and garden waste that is composted or digested in the base year.

    More than all of it is a conflict of facts and not estimated; a draw that exceeds it is cut there, for no more
    can be composted than there is.
    """
    held = observed_waste_collected * organic_share_of_waste
    share = part_of(base_waste_composted + base_waste_digested, held)
    return np.minimum(share, 1) * agreement_of_waste_composted_and_waste_composition


@indicator(unit="share", dims="", source="recovered tonnes over paper, plastics, glass and metal collected")
def base_dry_recycling_share(
    base_waste_sorted: Array,
    base_sorting_yield: Array,
    observed_waste_collected: Array,
    dry_share_of_waste: Array,
    agreement_of_waste_sorted_and_waste_composition: Array,
) -> Array:
    """Share of the collected dry recyclables that is recovered in the base year; more than all of it is a conflict."""
    share = part_of(base_waste_sorted * base_sorting_yield, observed_waste_collected * dry_share_of_waste)
    return np.minimum(share, 1) * agreement_of_waste_sorted_and_waste_composition


@indicator(unit="share", dims="", source="definition")
def digested_share_of_organics(base_waste_composted: Array, base_waste_digested: Array) -> Array:
    """Share of the food and garden waste collected apart that goes to anaerobic digestion; it stays as it is."""
    return part_of(base_waste_digested, base_waste_composted + base_waste_digested)


@indicator(unit="share", dims="", source="definition")
def burnt_share_of_rest(
    base_waste_landfilled: Array, base_waste_incinerated: Array, base_waste_otherwise_treated: Array
) -> Array:
    """Share of the collected waste that is not recovered which goes to incineration plants; it stays as it is."""
    return part_of(
        base_waste_incinerated, base_waste_landfilled + base_waste_incinerated + base_waste_otherwise_treated
    )


@indicator(unit="share", dims="", source="definition")
def otherwise_treated_share_of_rest(
    base_waste_landfilled: Array, base_waste_incinerated: Array, base_waste_otherwise_treated: Array
) -> Array:
    """Share of the collected waste that is not recovered which has another known fate; it stays as it is."""
    return part_of(
        base_waste_otherwise_treated, base_waste_landfilled + base_waste_incinerated + base_waste_otherwise_treated
    )


@indicator(unit="t/yr", source="elasticity of waste to income")
def waste_generated(
    observed_waste_generated: Array,
    population_index: Array,
    income_index: Array,
    waste_income_elasticity: Array,
    waste_prevented_share: Array,
) -> Array:
    """Municipal waste generated in a year, collected or not."""
    trend = observed_waste_generated * population_index * income_index**waste_income_elasticity
    return trend * (1 - waste_prevented_share)


@indicator(unit="kg/person/yr", source="definition")
def waste_per_person(waste_generated: Array, population: Array, tonnes_per_kilogram: Array) -> Array:
    """Municipal waste generated per person, collected or not."""
    return waste_generated / population / tonnes_per_kilogram


@indicator(unit="t/yr", dims="year kind", kind="waste_stream", source="mass balance")
def waste_collected_by_stream(
    waste_generated: Array, waste_collection_coverage: Array, waste_composition: Array
) -> Array:
    """Municipal waste that is collected, by stream."""
    return waste_generated * waste_collection_coverage * waste_composition


@indicator(unit="t/yr", dims="year kind", kind="waste_stream", source="mass balance")
def waste_uncollected_by_stream(
    waste_generated: Array, waste_collection_coverage: Array, waste_composition: Array
) -> Array:
    """Municipal waste that nobody collects, by stream: it is burnt in the open, buried or left lying.

    What it emits is not counted, for no fact says what becomes of it.
    """
    return waste_generated * (1 - waste_collection_coverage) * waste_composition


@indicator(unit="t/yr", dims="year kind", kind="waste_stream", source="mass balance")
def waste_composted_by_stream(
    waste_collected_by_stream: Array, organics_collected_share: Array, digested_share_of_organics: Array
) -> Array:
    """Organic waste collected apart and composted, by stream."""
    organics = waste_collected_by_stream * organics_collected_share * among("waste_stream", *ORGANIC)
    return organics * (1 - digested_share_of_organics)


@indicator(unit="t/yr", dims="year kind", kind="waste_stream", source="mass balance")
def waste_digested_by_stream(
    waste_collected_by_stream: Array, organics_collected_share: Array, digested_share_of_organics: Array
) -> Array:
    """Organic waste collected apart and digested, by stream."""
    organics = waste_collected_by_stream * organics_collected_share * among("waste_stream", *ORGANIC)
    return organics * digested_share_of_organics


@indicator(unit="t/yr", dims="year kind", kind="waste_stream", source="mass balance")
def waste_recycled_by_stream(waste_collected_by_stream: Array, dry_recycling_share: Array) -> Array:
    """Dry recyclables recovered, by stream."""
    return waste_collected_by_stream * dry_recycling_share * among("waste_stream", *DRY)


@indicator(unit="t/yr", dims="year kind", kind="waste_stream", source="mass balance")
def waste_not_recovered_by_stream(
    waste_collected_by_stream: Array, organics_collected_share: Array, dry_recycling_share: Array
) -> Array:
    """Collected waste that is neither recycled, composted nor digested, what sorting rejects included, by stream."""
    organics = organics_collected_share * among("waste_stream", *ORGANIC)
    return waste_collected_by_stream * (1 - organics - dry_recycling_share * among("waste_stream", *DRY))


@indicator(unit="t/yr", dims="year kind", kind="waste_stream", source="mass balance")
def waste_burnt_by_stream(waste_not_recovered_by_stream: Array, burnt_share_of_rest: Array) -> Array:
    """Waste that goes to incineration plants, by stream; the ash is not followed into landfills."""
    return waste_not_recovered_by_stream * burnt_share_of_rest


@indicator(unit="t/yr", dims="year kind", kind="waste_stream", source="mass balance")
def waste_otherwise_treated_by_stream(
    waste_not_recovered_by_stream: Array, otherwise_treated_share_of_rest: Array
) -> Array:
    """Waste with another known fate, by stream."""
    return waste_not_recovered_by_stream * otherwise_treated_share_of_rest


@indicator(unit="t/yr", dims="year kind", kind="waste_stream", source="mass balance")
def waste_landfilled_by_stream(
    waste_not_recovered_by_stream: Array, burnt_share_of_rest: Array, otherwise_treated_share_of_rest: Array
) -> Array:
    """Waste that goes to landfills, what sorting rejects included, by stream."""
    return waste_not_recovered_by_stream * positive(1 - burnt_share_of_rest - otherwise_treated_share_of_rest)


@indicator(unit="t/yr", source="mass balance")
def waste_composted(waste_composted_by_stream: Array) -> Array:
    """Organic waste composted."""
    return total(waste_composted_by_stream, KIND)


@indicator(unit="t/yr", source="mass balance")
def waste_digested(waste_digested_by_stream: Array) -> Array:
    """Organic waste digested without air."""
    return total(waste_digested_by_stream, KIND)


@indicator(unit="t/yr", source="mass balance")
def waste_recycled(waste_recycled_by_stream: Array) -> Array:
    """Dry recyclables recovered."""
    return total(waste_recycled_by_stream, KIND)


@indicator(unit="t/yr", source="mass balance")
def waste_burnt(waste_burnt_by_stream: Array) -> Array:
    """Municipal waste burnt in incineration plants."""
    return total(waste_burnt_by_stream, KIND)


@indicator(unit="t/yr", source="mass balance")
def waste_otherwise_treated(waste_otherwise_treated_by_stream: Array) -> Array:
    """Municipal waste with another known fate."""
    return total(waste_otherwise_treated_by_stream, KIND)


@indicator(unit="t/yr", source="mass balance")
def waste_landfilled(waste_landfilled_by_stream: Array) -> Array:
    """Municipal waste put into landfills, what sorting rejects included."""
    return total(waste_landfilled_by_stream, KIND)


@indicator(unit="t/yr", source="mass balance")
def waste_uncollected(waste_uncollected_by_stream: Array) -> Array:
    """Municipal waste that nobody collects."""
    return total(waste_uncollected_by_stream, KIND)


@indicator(unit="share", source="SDG 12.5.1: recycled, composted and digested over generated")
def waste_recovery_rate(
    waste_recycled: Array, waste_composted: Array, waste_digested: Array, waste_generated: Array
) -> Array:
    """Share of municipal waste that is recycled, composted or digested."""
    return part_of(waste_recycled + waste_composted + waste_digested, waste_generated)


@indicator(unit="share", source="definition")
def waste_landfill_rate(waste_landfilled: Array, waste_generated: Array) -> Array:
    """Share of municipal waste that is landfilled."""
    return part_of(waste_landfilled, waste_generated)


@indicator(unit="kg/person/yr", source="mass balance: generated less recycled, composted and digested")
def waste_disposed_per_person(
    waste_landfilled: Array,
    waste_burnt: Array,
    waste_otherwise_treated: Array,
    waste_uncollected: Array,
    population: Array,
    tonnes_per_kilogram: Array,
) -> Array:
    """Waste landfilled (with what sorting rejects), burnt, treated otherwise or never collected, per person."""
    disposed = waste_landfilled + waste_burnt + waste_otherwise_treated + waste_uncollected
    return disposed / population / tonnes_per_kilogram


@indicator(unit="kg/person/yr", source="SDG 11.6.1, the part that is missing, in mass")
def waste_uncontrolled_per_person(
    waste_generated: Array,
    waste_collected_and_controlled: Array,
    population: Array,
    tonnes_per_kilogram: Array,
) -> Array:
    """Waste that is not collected, or collected and not managed in controlled facilities, per person."""
    return waste_generated * (1 - waste_collected_and_controlled) / population / tonnes_per_kilogram


@indicator(unit="share", source="SDG 11.6.1: collected and managed in controlled facilities over generated")
def waste_collected_and_controlled(waste_collection_coverage: Array, waste_controlled_share: Array) -> Array:
    """Share of municipal waste that is collected and managed in controlled facilities."""
    return waste_collection_coverage * waste_controlled_share


@indicator(unit="job", dims="year kind", kind="job_route", source="GAIA 2021, ILSR")
def jobs_by_route(
    waste_recycled: Array,
    waste_composted: Array,
    waste_digested: Array,
    waste_landfilled: Array,
    waste_burnt: Array,
    goods_repaired: Array,
    jobs_per_tonne: Array,
) -> Array:
    """Jobs in recycling, composting and digestion, disposal and repair."""
    routes = {
        "recycling": waste_recycled,
        "composting": waste_composted + waste_digested,
        "disposal": waste_landfilled + waste_burnt,
        "repair": goods_repaired,
    }
    return compose("job_route", routes) * jobs_per_tonne


@indicator(unit="job", source="GAIA 2021, ILSR")
def circular_jobs(jobs_by_route: Array) -> Array:
    """Jobs in recycling, composting and repair; those in disposal are subtracted where they are lost."""
    return total(jobs_by_route, KIND)


@indicator(unit="t/yr", source="mass balance")
def recyclables_buried(waste_landfilled_by_stream: Array) -> Array:
    """Dry recyclables that end in landfills."""
    return positive(total(waste_landfilled_by_stream * among("waste_stream", *DRY), KIND))


@indicator(
    unit="share", source="IPCC 2019, vol. 5, table 3.1, weighted by what is dumped", optional="waste_controlled_share"
)
def methane_correction(
    waste_collected_by_stream: Array,
    waste_landfilled_by_stream: Array,
    waste_controlled_share: Array,
    landfill_methane_correction: Array,
    dump_methane_correction: Array,
) -> Array:
    """Methane that what is put into landfills makes, relative to landfills without air.

    What is collected and not managed in controlled facilities is dumped, and dumps count as landfills: there a part of
    the waste rots in air. Where the controlled share is not known all of it is taken to be managed.
    """
    uncontrolled = total(waste_collected_by_stream, KIND) * (1 - waste_controlled_share)
    dumped = np.minimum(np.nan_to_num(part_of(uncontrolled, total(waste_landfilled_by_stream, KIND))), 1.0)
    return landfill_methane_correction * (1 - dumped) + dump_methane_correction * dumped
