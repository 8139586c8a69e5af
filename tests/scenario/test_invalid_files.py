"""Whatever `check` refuses, the JSON Schema refuses too, so that editors mark it.

Or it is said here why it cannot.
"""

import pytest
import yaml
from helpers.invalid_pieces import INVALID, pieces
from helpers.schema_verdicts import EXPLAINED, SCHEMA, problems, reason, unexplained

UNSEEN = {
    "duplicate-keys": (
        "of two equal keys a YAML reader keeps one before a schema sees any; "
        "editors mark them as YAML"
    ),
    "billion-laughs": "how much aliases may multiply is the reader's concern; the data is in order",
    "too-deep": "how deep a file may go is the reader's concern; x- keys may hold anything",
    "result-files": EXPLAINED["no such file"],
    "job-of-an-unknown-key": EXPLAINED["unknown API key"],
}
"""The files that a schema cannot refuse, and why."""

INLINE = [
    "jobs: {a: {at_end: loop, timeline: [{status: a}]}}",
    "new_jobs: {at_end: loop}",
    "new_jobs: {at_end: stay, ids: [a]}",
    "new_jobs: {at_end: loop, error: invalid_api_key}",
    "jobs: {a: {at_end: stay, error: invalid_api_key}}",
    "jobs: {a: {timeline: [{status: a}, {status: b, for: 1s}]}}",
    "jobs: {a: {timeline: [{status: a, for: 1s}, {status: b}, {status: c, for: 1s}]}}",
    "jobs: {a: {timeline: [{status: a, for: 0.0s}]}}",
    "jobs: {a: {timeline: [{status: a, for: 1000000001 polls}]}}",
    "jobs: {a: {timeline: [{status: a, for: 000000000000000000001 polls}]}}",
    "jobs: {a: {timeline: [{status: a, delay: 1s..}]}}",
    "jobs: {a: {timeline: [{status: a, delay: 9s..1s}]}}",
    "jobs: {a: {timeline: [{status: a, model_id: 1.0}]}}",
    "jobs: {a: {timeline: [{reply: {status_code: 204, body: x}}]}}",
    "jobs: {a: {timeline: [{reply: {status_code: 304, body: [x]}}]}}",
    "jobs: {a: {timeline: [{reply: {status_code: 200, headers: {two words: x}}}]}}",
    "jobs: {a: {timeline: [{reply: {status_code: 200, headers: {CONTENT-length: 3}}}]}}",
    "jobs: {a: {timeline: [{reply: {status_code: 200, headers: {X-A: ' x'}}}]}}",
    "jobs: {a: {timeline: [{reply: {status_code: 200, headers: {X-A: é}}}]}}",
    "jobs: {a: {timeline: [{reply: {status_code: 503, retry_after: 0s}}]}}",
    (
        "jobs: {a: {timeline: "
        "[{reply: {status_code: 503, retry_after: 3s, headers: {retry-AFTER: 3}}}]}}"
    ),
    "jobs: {a: {timeline: [{reply: {status_code: 503, retry_after: {date: soon}}}]}}",
    "jobs: {a: {timeline: [{status: a, result: {file: missing.zip}}]}}",
    "jobs: {a: {timeline: [{status: a, message: {fake: sentense}}]}}",
    "jobs: {a: {api_key: , error: invalid_api_key}}",
    "{api_keys: {k: active}, jobs: {a: {api_key: other, error: invalid_api_key}}}",
    "api_keys: {' k': active}",
    'api_keys: {"k\\t": active}',
    "generated_jobs: [{count: 1, prefix: , error: invalid_api_key}]",
    "generated_jobs: [{count: 1, prefix: a/, error: invalid_api_key}]",
    "generated_jobs: [{count: 1, prefix: '*', error: invalid_api_key}]",
    f"generated_jobs: [{{count: 10, prefix: {'p' * 199}, error: invalid_api_key}}]",
    "assumptions: {error_http_status: 204}",
    "assumptions: {error_http_status: {invalid_api_key: 304}}",
    "rate_limit: {polls: 0, per: 1m}",
    "rate_limit: {polls: 1, per: 0s}",
    "rate_limit: {polls: 1}",
    "rate_limit: {polls: 1, per: 11y}",
    f"jobs: {{a: {{timeline: [{'{error: invalid_api_key, for: 1s}, ' * 12}{{error: invalid_api_key}}, {{status: a}}]}}}}",  # noqa: E501 -- a file of one line, as it would be read
]
"""Files of one problem each."""


def _refused(path):
    """Tell whether an editor marks a file.

    Its YAML reader can make nothing of it, or the schema refuses the data.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError:
        return True
    return not SCHEMA.is_valid(document)


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_an_invalid_file_is_refused_by_the_schema_too(path):
    """Or it is among those that a schema cannot refuse.

    Those, on the other hand, it really does not.
    """
    assert _refused(path) != (path.stem in UNSEEN)


def test_every_file_that_is_explained_exists():
    """And every explanation says something."""
    assert set(UNSEEN) <= {path.stem for path in INVALID}
    assert all(UNSEEN.values())


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_every_part_of_an_invalid_file_is_judged_alike(path):
    """Job by job and step by step, so that no mistake hides that the schema misses another."""
    assert [(piece, found) for piece in pieces(path) if (found := unexplained(piece))] == []


@pytest.mark.parametrize("text", INLINE)
def test_every_mistake_is_judged_alike(text):
    """Mistakes that no file has."""
    document = yaml.safe_load(text)
    assert problems(document) != []
    assert unexplained(document) is None


def test_every_explanation_is_needed():
    """Each reason explains at least one problem, and the schema does not see that problem."""
    documents = [
        *(piece for path in INVALID for piece in pieces(path)),
        *map(yaml.safe_load, INLINE),
    ]
    unseen = [document for document in documents if SCHEMA.is_valid(document)]
    assert {
        reason(problem, document) for document in unseen for problem in problems(document)
    } == set(EXPLAINED)
