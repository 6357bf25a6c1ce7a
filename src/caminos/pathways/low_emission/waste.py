"""Methane and nitrous oxide of solid waste and wastewater."""

import numpy as np

from caminos.model.axes import KIND, YEAR, Array, compose, positive, since, total
from caminos.model.indicator import indicator


@indicator(unit="t C/yr", dims="year kind", kind="waste_stream", source="IPCC 2006/2019, vol. 5, ch. 3, eq. 3.2")
def decomposable_carbon_landfilled(
    waste_landfilled_by_stream: Array,
    degradable_organic_carbon: Array,
    degradable_fraction: Array,
    methane_correction: Array,
) -> Array:
    """Decomposable degradable organic carbon put into landfills in a year, by waste stream."""
    return waste_landfilled_by_stream * degradable_organic_carbon * degradable_fraction * methane_correction


@indicator(unit="t C", dims="kind", kind="waste_stream", source="IPCC 2006, vol. 5, ch. 3, eq. 3.4")
def decomposable_carbon_stock_at_start(
    decomposable_carbon_landfilled: Array,
    past_waste_landfilled: Array,
    past_year: Array,
    base_year: Array,
    waste_composition: Array,
    degradable_organic_carbon: Array,
    degradable_fraction: Array,
    methane_correction: Array,
    methane_decay_rate: Array,
    one_year: Array,
) -> Array:
    """Decomposable carbon left in landfills at the end of the base year, from fifty years of deposits.

    The deposit of the base year is that of the model, so that what is taken off again for that year (nothing decays
    in the year in which it is buried) is never more than what was counted.
    """
    before = past_waste_landfilled * (past_year < base_year)
    deposited = before * waste_composition * degradable_organic_carbon * degradable_fraction
    left = deposited * methane_correction[:, :, :1] * np.exp(-methane_decay_rate * (base_year - past_year))
    return (total(left, YEAR) + decomposable_carbon_landfilled[:, :, :1]) * one_year


@indicator(unit="t CH4/yr", dims="year kind", kind="waste_stream", source="IPCC 2006, vol. 5, ch. 3, eq. 3.1, 3.5, 3.6")
def landfill_methane_generated(
    decomposable_carbon_landfilled: Array,
    decomposable_carbon_stock_at_start: Array,
    methane_decay_rate: Array,
    years_elapsed: Array,
    one_year: Array,
    landfill_gas_methane_fraction: Array,
    methane_per_carbon: Array,
) -> Array:
    """Methane made in landfills by first-order decay of all that was ever put into them.

    The stock at the end of year n is A_n = e^(-kn) (A_0 + sum of deposits e^(ks), s = 1..n); what
    decomposes in year n is A_(n-1) (1 - e^(-k)), and A_(n-1) = (A_n - deposit_n) e^k.
    """
    growth = np.exp(methane_decay_rate * years_elapsed)
    deposits = since(decomposable_carbon_landfilled * growth)
    first = decomposable_carbon_landfilled[:, :, :1]
    older = decomposable_carbon_stock_at_start - first * one_year
    stock = (older + deposits * one_year) / growth
    yearly_decay = np.exp(methane_decay_rate * one_year) - 1
    decomposed = (stock - decomposable_carbon_landfilled * one_year) * yearly_decay / one_year
    return decomposed * landfill_gas_methane_fraction * methane_per_carbon


@indicator(unit="t CH4/yr", source="IPCC 2006, vol. 5, ch. 3, eq. 3.1")
def landfill_methane(
    landfill_methane_generated: Array, landfill_gas_collected_share: Array, landfill_oxidation: Array
) -> Array:
    """Methane that landfills emit after gas collection and oxidation in the cover."""
    return total(landfill_methane_generated, KIND) * (1 - landfill_gas_collected_share) * (1 - landfill_oxidation)


@indicator(unit="t CO2e/yr", source="GPC 1.1, III.1")
def landfill_emissions(landfill_methane: Array, gwp_ch4: Array) -> Array:
    """Emissions of the city's waste in landfills, wherever they lie."""
    return landfill_methane * gwp_ch4


@indicator(unit="t CO2e/yr", source="IPCC 2006, vol. 5, table 4.1 (wet weight)")
def biological_treatment_emissions(
    waste_composted: Array,
    waste_digested: Array,
    compost_ch4_factor: Array,
    compost_n2o_factor: Array,
    digestion_ch4_factor: Array,
    gwp_ch4: Array,
    gwp_n2o: Array,
) -> Array:
    """Emissions of composting and of leaks in digestion, on wet weight; nitrous oxide of digestion is negligible."""
    composting = waste_composted * (compost_ch4_factor * gwp_ch4 + compost_n2o_factor * gwp_n2o)
    return composting + waste_digested * digestion_ch4_factor * gwp_ch4


@indicator(unit="t CO2e/yr", source="IPCC 2006, vol. 5, ch. 5, eq. 5.2")
def incineration_carbon_dioxide(
    waste_burnt_by_stream: Array,
    fossil_carbon_content: Array,
    incineration_oxidation: Array,
    co2_per_carbon: Array,
) -> Array:
    """Carbon dioxide of the fossil carbon in the waste that is burnt; that of food, paper and wood is not counted."""
    return total(waste_burnt_by_stream * fossil_carbon_content, KIND) * incineration_oxidation * co2_per_carbon


@indicator(unit="t CO2e/yr", source="GPC 1.1, III.3; IPCC 2006, vol. 5, ch. 5")
def incineration_emissions(
    incineration_carbon_dioxide: Array,
    waste_burnt: Array,
    incineration_ch4_factor: Array,
    incineration_n2o_factor: Array,
    gwp_ch4: Array,
    gwp_n2o: Array,
) -> Array:
    """Emissions of the city's waste in incineration plants, wherever they stand.

    The GPC counts plants that sell energy under I.4.4; here all burning of waste is III.3, so that what is burnt
    instead of buried is not lost from the level BASIC. Power that such a plant feeds into the grid may be counted
    in the grid's factor as well. Open burning of what nobody collects is not counted.
    """
    other = waste_burnt * (incineration_ch4_factor * gwp_ch4 + incineration_n2o_factor * gwp_n2o)
    return incineration_carbon_dioxide + other


@indicator(unit="share", dims="year kind", kind="sewage_path", source="mass balance of sewage")
def sewage_path_share(sewer_coverage: Array, base_wastewater_treated_share: Array) -> Array:
    """Share of people by the way their sewage goes: treated, sewered without treatment, on site."""
    treated = sewer_coverage * base_wastewater_treated_share
    untreated, septic = sewer_coverage - treated, 1 - sewer_coverage
    return compose("sewage_path", {"treated": treated, "untreated": untreated, "septic": septic})


@indicator(unit="t CH4/yr", source="IPCC 2019, vol. 5, ch. 6, eq. 6.1-6.3")
def wastewater_methane(
    population: Array,
    bod_per_person: Array,
    sewage_path_share: Array,
    sewage_industrial_factor: Array,
    organics_left_factor: Array,
    wastewater_methane_correction: Array,
    methane_producing_capacity: Array,
) -> Array:
    """Methane of domestic wastewater by path of treatment.

    The sludge removed from plants is not counted apart: no fact says how it is treated.
    """
    load = population * bod_per_person * sewage_path_share * sewage_industrial_factor * organics_left_factor
    return total(load * wastewater_methane_correction * methane_producing_capacity, KIND)


@indicator(unit="t N2O/yr", source="IPCC 2019, vol. 5, ch. 6, eq. 6.9-6.10")
def wastewater_nitrous_oxide(
    population: Array,
    protein_per_person: Array,
    protein_consumed_fraction: Array,
    nitrogen_in_protein: Array,
    household_nitrogen_factor: Array,
    sewage_path_share: Array,
    sewage_industrial_factor: Array,
    sewage_n2o_factor: Array,
    nitrous_oxide_per_nitrogen: Array,
) -> Array:
    """Nitrous oxide of domestic wastewater, in plants and where it is discharged."""
    nitrogen = population * protein_per_person * protein_consumed_fraction * nitrogen_in_protein
    load = nitrogen * household_nitrogen_factor * sewage_path_share * sewage_industrial_factor
    return total(load * sewage_n2o_factor, KIND) * nitrous_oxide_per_nitrogen


@indicator(unit="t CO2e/yr", source="GPC 1.1, III.4")
def wastewater_emissions(
    wastewater_methane: Array, wastewater_nitrous_oxide: Array, gwp_ch4: Array, gwp_n2o: Array
) -> Array:
    """Emissions of wastewater treatment and discharge."""
    return wastewater_methane * gwp_ch4 + wastewater_nitrous_oxide * gwp_n2o


@indicator(unit="t CO2e/yr", source="EPA WARM v16; memo outside GPC totals")
def recycling_avoided_emissions(waste_recycled_by_stream: Array, recycling_avoided_factor: Array) -> Array:
    """Life-cycle emissions that recycling avoids elsewhere: a memo item, never part of the inventory."""
    return positive(total(waste_recycled_by_stream * recycling_avoided_factor, KIND))


@indicator(unit="t CO2e/yr", source="ICE database; memo outside GPC totals")
def construction_reuse_avoided_emissions(
    construction_material_reused: Array, steel_reuse_avoided_factor: Array, steel_share_of_reused: Array
) -> Array:
    """Embodied emissions that reuse of building steel avoids elsewhere: a memo item."""
    return construction_material_reused * steel_share_of_reused * steel_reuse_avoided_factor


@indicator(unit="MWh/yr", source="lower heating value of methane; engine efficiency")
def landfill_gas_energy(
    landfill_methane_generated: Array, landfill_gas_collected_share: Array, methane_heating_value: Array
) -> Array:
    """Energy in the landfill gas that is collected."""
    return total(landfill_methane_generated, KIND) * landfill_gas_collected_share * methane_heating_value
