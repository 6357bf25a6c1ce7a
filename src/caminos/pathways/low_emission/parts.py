"""Parts of the city's energy that may be unknown without a sum being so: small in a city, or mixed into another fuel."""

MAY_MISS = ("agriculture",)  # of the sectors: hardly any farming inside a city
BIOFUELS = ("ethanol", "biodiesel")
OTHER_FUELS = (*BIOFUELS, "natural_gas")  # beside gasoline and diesel
