"""SECURITY.md names each limit with the number that the code has."""

import re
from pathlib import Path

import pytest

from mock_p1.admin.bodies import MAX_JSON
from mock_p1.admin.body_limit import MAX_QUERY
from mock_p1.admin.events import MAX_LISTENERS
from mock_p1.base.clock import SECOND
from mock_p1.base.proxies import LONGEST
from mock_p1.base.strict_model import MAX_PROBLEMS
from mock_p1.contract.operations import API_KEY_LIMIT, JOB_ID_LIMIT
from mock_p1.engine.call_timelines import MAX_PLACES
from mock_p1.engine.callers import MAX_ISSUED, MAX_WORDS
from mock_p1.engine.driver import MAX_INJECTED
from mock_p1.engine.faults import TIMEOUT_LIMIT
from mock_p1.engine.file_store import DEFAULT_LIMIT_BYTES
from mock_p1.engine.job_states import DEFAULT_JOBS_MAX
from mock_p1.engine.journal import DEFAULT_MAX, LONGEST_ANSWER, MAX_ANSWERS
from mock_p1.engine.mock_state import MAX_LINKS, MAX_RESETS
from mock_p1.engine.rate_limit import MAX_CALLERS
from mock_p1.engine.retrain_data_upload import MAX_CREATED
from mock_p1.engine.totals import MAX_KINDS, MAX_SHOWN
from mock_p1.engine.uploads import MAX_UPLOADS
from mock_p1.scenario import result_files
from mock_p1.scenario.faker_fields import MAX_FAKES
from mock_p1.scenario.model import MAX_COUNT
from mock_p1.scenario.parser import MAX_BYTES
from mock_p1.scenario.steps import MAX_ROWS
from mock_p1.scenario.yaml_nodes import MAX_DEPTH
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
    HEAD_SECONDS,
    HEADS_LIMIT,
    KEEP_ALIVE_SECONDS,
    SLOWEST_BODY,
)
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
        ("listeners to events", [MAX_LISTENERS]),
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
        ("id of a job, API key", [JOB_ID_LIMIT, API_KEY_LIMIT]),
        ("jobs of one group under `generated_jobs:`", [MAX_COUNT]),
        ("different Faker values in a scenario", [MAX_FAKES]),
        ("result of a job", [MAX_ROWS, result_files.MAX_BYTES // MILLION]),
        ("scenario file", [MAX_BYTES // MILLION, MAX_DEPTH, MAX_PROBLEMS]),
    ],
)
def test_each_limit_has_its_number(limit, numbers):
    """The row of a limit has the numbers of the code, in their order."""
    named = [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", ROWS[limit])]
    assert named == numbers
