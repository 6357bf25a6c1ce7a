"""Municipal waste: generated, recovered, landfilled, and the work it gives."""

from caminos.model.axes import KIND, Array, among, compose, positive, total
from caminos.model.indicator import indicator

ORGANIC = ("food", "garden")
DRY = ("paper", "plastics", "glass", "metal")


@indicator(unit="t/yr", dims="", source="mass balance")
def observed_waste_generated(
    base_waste_landfilled: Array, base_waste_sorted: Array, base_sorting_yield: Array, base_waste_composted: Array
) -> Array:
    """Municipal waste handled in the base year; what sorting rejects is landfilled and counted there."""
    return base_waste_landfilled + base_waste_sorted * base_sorting_yield + base_waste_composted


@indicator(unit="t/yr", source="elasticity of waste to income")
def waste_generated(
    observed_waste_generated: Array,
    population_index: Array,
    income_index: Array,
    waste_income_elasticity: Array,
    waste_prevented_share: Array,
) -> Array:
    """Municipal waste generated in a year."""
    trend = observed_waste_generated * population_index * income_index**waste_income_elasticity
    return trend * (1 - waste_prevented_share)


@indicator(unit="kg/person/yr", source="definition")
def waste_per_person(waste_generated: Array, population: Array, tonnes_per_kilogram: Array) -> Array:
    """Municipal waste generated per person."""
    return waste_generated / population / tonnes_per_kilogram


@indicator(unit="t/yr", dims="year kind", kind="waste_stream", source="mass balance")
def waste_composted_by_stream(
    waste_generated: Array, waste_composition: Array, organics_collected_share: Array
) -> Array:
    """Organic waste collected apart and composted or digested, by stream."""
    return waste_generated * waste_composition * organics_collected_share * among("waste_stream", *ORGANIC)


@indicator(unit="t/yr", dims="year kind", kind="waste_stream", source="mass balance")
def waste_recycled_by_stream(waste_generated: Array, waste_composition: Array, dry_recycling_share: Array) -> Array:
    """Dry recyclables recovered, by stream."""
    return waste_generated * waste_composition * dry_recycling_share * among("waste_stream", *DRY)


@indicator(unit="t/yr", dims="year kind", kind="waste_stream", source="mass balance")
def waste_landfilled_by_stream(
    waste_generated: Array, waste_composition: Array, waste_composted_by_stream: Array, waste_recycled_by_stream: Array
) -> Array:
    """Waste that goes to landfills, by stream."""
    return waste_generated * waste_composition - waste_composted_by_stream - waste_recycled_by_stream


@indicator(unit="t/yr", source="mass balance")
def waste_composted(waste_composted_by_stream: Array) -> Array:
    """Organic waste composted or digested."""
    return total(waste_composted_by_stream, KIND)


@indicator(unit="t/yr", source="mass balance")
def waste_recycled(waste_recycled_by_stream: Array) -> Array:
    """Dry recyclables recovered."""
    return total(waste_recycled_by_stream, KIND)


@indicator(unit="t/yr", source="mass balance")
def waste_landfilled(waste_landfilled_by_stream: Array) -> Array:
    """Municipal waste put into landfills."""
    return total(waste_landfilled_by_stream, KIND)


@indicator(unit="share", source="SDG 12.5.1: recycled, composted and digested over generated")
def waste_recovery_rate(waste_recycled: Array, waste_composted: Array, waste_generated: Array) -> Array:
    """Share of municipal waste that is recycled, composted or digested."""
    return (waste_recycled + waste_composted) / waste_generated


@indicator(unit="share", source="definition")
def waste_landfill_rate(waste_landfilled: Array, waste_generated: Array) -> Array:
    """Share of municipal waste that is landfilled."""
    return waste_landfilled / waste_generated


@indicator(unit="share", source="SDG 11.6.1: collected and managed in controlled facilities over generated")
def waste_collected_and_controlled(waste_collection_coverage: Array, waste_controlled_share: Array) -> Array:
    """Share of municipal waste that is collected and managed in controlled facilities."""
    return waste_collection_coverage * waste_controlled_share


@indicator(unit="job", dims="year kind", kind="job_route", source="GAIA 2021, ILSR")
def jobs_by_route(
    waste_recycled: Array,
    waste_composted: Array,
    waste_landfilled: Array,
    goods_repaired: Array,
    jobs_per_tonne: Array,
) -> Array:
    """Jobs in recycling, composting, disposal and repair."""
    routes = {
        "recycling": waste_recycled,
        "composting": waste_composted,
        "disposal": waste_landfilled,
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
