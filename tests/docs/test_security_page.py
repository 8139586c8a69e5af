"""SECURITY.md names each limit with the number that the code has."""

import re
from pathlib import Path

import pytest

from mock_p1.admin.bodies import MAX_JSON
from mock_p1.admin.body_limit import BODY_SECONDS as CONTROL_SECONDS
from mock_p1.admin.body_limit import MAX_QUERY
from mock_p1.admin.context import MAX_THREADS
from mock_p1.admin.events import MAX_LISTENERS
from mock_p1.admin.job_routes import MAX_STEPS
from mock_p1.admin.metrics import MAX_LABELS
from mock_p1.admin.models import MAX_ENTRIES, MAX_PAGE
from mock_p1.analysis.lint import MAX_COMPARED
from mock_p1.base.clock import SECOND
from mock_p1.base.proxies import LONGEST
from mock_p1.base.record import MAX_PROBLEMS
from mock_p1.cli.process import MAX_FILES
from mock_p1.cli.request_log import MAX_WAITING
from mock_p1.contract.operations import API_KEY_LIMIT, JOB_ID_LIMIT, LONGEST_QUERY
from mock_p1.engine.call_timelines import MAX_PLACES
from mock_p1.engine.callers import MAX_ISSUED, MAX_WORDS
from mock_p1.engine.change_log import MAX_CHANGES
from mock_p1.engine.driver import MAX_INJECTED
from mock_p1.engine.faults import TIMEOUT_LIMIT
from mock_p1.engine.file_store import DEFAULT_LIMIT_BYTES
from mock_p1.engine.job_states import DEFAULT_JOBS_MAX
from mock_p1.engine.journal import DEFAULT_MAX, LONGEST_ANSWER, MAX_ANSWERS
from mock_p1.engine.limits import LIMITS
from mock_p1.engine.mock_state import MAX_LINKS, MAX_RESETS
from mock_p1.engine.rate_limit import MAX_CALLERS
from mock_p1.engine.retrain_data_upload import MAX_CREATED
from mock_p1.engine.totals import MAX_KINDS, MAX_SHOWN
from mock_p1.engine.uploads import MAX_UPLOADS
from mock_p1.scenario.document import MAX_BYTES
from mock_p1.scenario.faker_fields import MAX_FAKES
from mock_p1.scenario.faker_values import MAX_TRIED, MAX_VALUES
from mock_p1.scenario.model import MAX_COUNT, MAX_GROUPS, MAX_PAIRS
from mock_p1.scenario.result_files import MAX_BYTES as MAX_RESULT
from mock_p1.scenario.result_files import MAX_TOGETHER
from mock_p1.scenario.steps import MAX_ROWS
from mock_p1.scenario.variables import MAX_CHARACTERS
from mock_p1.scenario.yaml_nodes import MAX_DEPTH
from mock_p1.scenario.yaml_reader import MAX_DIRECTIVES, MAX_NODES
from mock_p1.server.http_message import (
    CHUNK_LINE_LIMIT,
    HEAD_LIMIT,
    HEADERS_LIMIT,
    PATH_LIMIT,
    TRAILER_LIMIT,
)
from mock_p1.server.http_protocol import (
    ANSWER_WAITING,
    BODY_SECONDS,
    HALF_CLOSED_SECONDS,
    HEAD_SECONDS,
    HEADS_LIMIT,
    KEEP_ALIVE_SECONDS,
    SLOWEST_BODY,
)
from mock_p1.server.upload_content import BOMB_BYTES, BOMB_RATIO, LARGEST_UNPACKED
from mock_p1.server.upload_inspection import LIMIT_SECONDS
from mock_p1.server.upload_store import MOST_DISK_BYTES, MOST_FILES, MOST_MEMORY_BYTES

PAGE = (Path(__file__).parents[2] / "SECURITY.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| (.*?) \| (.*?) \| .* \|$", PAGE, re.MULTILINE))
KB, MB = 1024, 1024 * 1024
MILLION = 1_000_000


@pytest.mark.parametrize(
    ("limit", "numbers"),
    [
        ("request line and headers", [HEAD_LIMIT // MB, HEADERS_LIMIT]),
        ("path", [PATH_LIMIT // KB]),
        ("time to send them", [HEAD_SECONDS]),
        ("line before a chunk", [CHUNK_LINE_LIMIT // KB]),
        ("answers that are held back", [TIMEOUT_LIMIT // (60 * SECOND)]),
        ("bytes of answers that wait for a slow client", [ANSWER_WAITING // KB]),
        ("answers to polls that can be looked at", [MAX_ANSWERS, LONGEST_ANSWER // KB]),
        ("callers that a rate limit remembers", [MAX_CALLERS]),
        ("callers that lists under `calls:` remember", [MAX_PLACES]),
        ("words that were used as API keys, where every word is one", [MAX_WORDS]),
        ("links that are remembered to have failed", [MAX_LINKS]),
        ("callers whose own resets are remembered", [MAX_RESETS]),
        ("header of a trusted proxy", [LONGEST]),
        ("long ones of all clients together", [HEADS_LIMIT // MB]),
        ("trailers of a body in chunks", [TRAILER_LIMIT // KB]),
        ("time to send a body", [BODY_SECONDS, SLOWEST_BODY]),
        ("idle connection (`--keep-alive`)", [KEEP_ALIVE_SECONDS // 60]),
        ("body of a control call", [MAX_JSON // MILLION, MAX_BYTES // MILLION]),
        ("query of a control call", [MAX_QUERY // KB]),
        ("listeners to events", [MAX_LISTENERS, MAX_THREADS]),
        ("query of an imitated call", [LONGEST_QUERY]),
        ("API key", [API_KEY_LIMIT]),
        ("job id", [JOB_ID_LIMIT]),
        ("open files, and with them connections, that are asked for at the start", [MAX_FILES]),
        ("client that sends no more, and waits for its answer", [HALF_CLOSED_SECONDS]),
        ("time to send the body of a control call", [CONTROL_SECONDS]),
        ("page of the control API", [MAX_PAGE, MAX_STEPS, MAX_ENTRIES]),
        ("changes that a listener may be behind", [MAX_CHANGES]),
        ("lines of the request log that wait", [MAX_WAITING]),
        ("statuses that the metrics tell apart", [MAX_LABELS]),
        (
            "looking into an uploaded file",
            [LIMIT_SECONDS, LARGEST_UNPACKED // MILLION, BOMB_BYTES // MILLION, BOMB_RATIO],
        ),
        ("uploaded file (`--upload-max`)", [DEFAULT_LIMIT_BYTES // MILLION]),
        (
            "contents of files that are kept",
            [MOST_FILES, MOST_DISK_BYTES // MILLION, MOST_MEMORY_BYTES // MILLION],
        ),
        ("facts of files", [MAX_UPLOADS]),
        ("issued API keys", [MAX_ISSUED]),
        ("created jobs", [MAX_CREATED]),
        ("jobs that only a pattern knows (`--jobs-max`)", [DEFAULT_JOBS_MAX, 1]),
        ("journal (`--journal-max`)", [DEFAULT_MAX]),
        ("kinds of requests that are counted apart", [MAX_KINDS, MAX_SHOWN]),
        ("failures in the queue", [MAX_INJECTED]),
        ("values in a scenario file, aliases counted in full", [MAX_NODES]),
        ("lines of a scenario file that begin with %", [MAX_DIRECTIVES]),
        ("values with variables", [MAX_CHARACTERS]),
        ("generated jobs", [MAX_COUNT, MAX_GROUPS]),
        ("jobs that name a key, times patterns of keys", [MAX_PAIRS]),
        ("fakes of a scenario", [MAX_FAKES, MAX_VALUES, MAX_TRIED]),
        ("result file", [MAX_RESULT // MILLION, MAX_TOGETHER // MILLION, MAX_ROWS]),
        ("patterns that are compared with each other", [MAX_COMPARED]),
        ("scenario file", [MAX_BYTES // MILLION, MAX_DEPTH, MAX_PROBLEMS]),
    ],
)
def test_each_limit_has_its_number(limit, numbers):
    """The row of a limit has the numbers of the code, in their order."""
    named = [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", ROWS[limit])]
    assert named == numbers


def test_the_limits_that_are_counted_are_named():
    """All of them, and no others; what is not counted is not promised."""
    counted = PAGE.partition("`--quiet` too: ")[2].partition(".")[0]
    assert re.findall(r"`(\w+)`", counted) == sorted(LIMITS)
