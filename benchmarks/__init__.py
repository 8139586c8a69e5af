"""How fast Mock P1 is, as ratios measured in one run: ``python -m benchmarks``.

docs/performance.md says what they mean.
"""
