"""The language of the model."""

DRAWS = 1000  # unless more or fewer are asked for: of some 300 sources of error no two then correlate by more than .14
