"""The lines of docs/serving.md that run load tools: none meets an error."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from mock_p1 import serving

PAGE = Path(__file__).parents[2] / "docs" / "serving.md"
LINES = re.findall(r"^(?:ab|hey|wrk) .*$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
SHORTER = {"-n 20000": "-n 1000", "-d 10s": "-d 1s"}
ANSWERED = {
    "ab": r"Complete requests: +1000\nFailed requests: +0\nKeep-Alive requests: +1000\n",
    "hey": r"Status code distribution:\n +\[200\]\t1000 responses\n\n",
    "wrk": r"\n +\d+ requests in .*\nRequests/sec: ",
}
"""What a tool says where every request was answered, and with 200."""


@pytest.mark.slow
@pytest.mark.parametrize("line", LINES, ids=lambda line: line.partition(" ")[0])
def test_a_load_tool_meets_no_error(line, environment):
    """All it asks for is answered with 200, over kept connections; the counts say how often."""
    tool = line.partition(" ")[0]
    if shutil.which(tool) is None:
        pytest.skip(f"needs {tool}, which is not installed here")
    for long, short in SHORTER.items():
        line = line.replace(long, short)
    with serving("many-jobs") as mock:
        url = f"{mock.url}/v1/external/retrain_jobs/load-1"
        said = subprocess.run(
            ["sh", "-c", line], env={**environment, "url": url}, encoding="utf-8",
            stdout=subprocess.PIPE, check=True, timeout=60,
        ).stdout  # fmt: skip
        asked = mock.polls()[-1].number
    assert re.search(ANSWERED[tool], said)
    assert asked >= 1000
