"""How a request gets in and its answer out, one outside library each. Transports decide nothing."""
