"""A scenario whose result no connection holds."""

SIZE = 16 * 1024 * 1024
"""More than the buffers of a connection hold, on any system."""

SCENARIO = """
api_keys: {key: active}
jobs:
  old: {timeline: [{status: job_finished, result: {file: big.csv}}]}
"""


def write_into(folder):
    """Write the scenario and its result; return the scenario's file."""
    (folder / "big.csv").write_bytes(b"1,2,3,4\n" * (SIZE // 8))
    path = folder / "big.yaml"
    path.write_text(SCENARIO, encoding="utf-8")
    return path
