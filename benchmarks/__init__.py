"""How fast Mock P1 is, as ratios measured in one run: ``python -m benchmarks``.

README.md says what they mean.
"""
