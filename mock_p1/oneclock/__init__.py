"""Client and mock share a clock. Knows only ``base``."""
