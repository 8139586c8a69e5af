"""How a request gets in, and its answer out; one outside library each. Doors decide nothing."""
