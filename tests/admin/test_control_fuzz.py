"""Control calls that nobody means: whatever is sent, the answer is one that is described."""

import json
import re

import pytest
from helpers.admin_client import Controls
from helpers.corpus import SCENARIOS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mock_p1.admin.admin_openapi import CALLS
from mock_p1.scenario.files import load_scenario

NAMES = sorted(
    {
        name
        for call in CALLS
        for model in call.types.values()
        for name in getattr(model, "model_fields", ())
    }
)
WORDS = st.sampled_from([
    *("a", "retrain-001", "deleted-001", "*", "..", "%2e%2e", "a%2fb", "%00", "%ff", "\u202e", ""),
    *("demo-key", "demo-secret", "get_api_key", "retrain_status_check", "timeout", "job_running"),
    *("true", "false", "1", "0", "-1", "1e400", "9" * 20, "1h", "1ns", "999999h", "now", "next"),
])  # fmt: skip
VALUES = st.recursive(
    WORDS
    | st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
    ),
    max_leaves=8,
)
TYPES = st.sampled_from(
    ["application/json", "application/json; charset=utf-8", "application/yaml", "text/plain", ""]
)
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "FOO"])


@st.composite
def calls(draw):
    """Return a call: mostly one that there is, with whatever it may be sent."""
    call = draw(st.sampled_from(CALLS))
    path = re.sub(r"\{\w+\}", lambda _: draw(WORDS), call.path)
    method = draw(st.just(call.method) | METHODS)
    query = draw(st.dictionaries(st.sampled_from(NAMES), WORDS, max_size=2))
    body = draw(
        st.just(b"")
        | st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4).map(json.dumps)
        | VALUES.map(json.dumps)
        | st.sampled_from(SCENARIOS)
        | st.binary(max_size=30)
    )
    return method, path, query, body, draw(TYPES)


@pytest.fixture(scope="module")
def fuzzed():
    """A mock that all examples meet, one after the other."""
    controls = Controls(load_scenario("demo"))
    controls.app.config["PROPAGATE_EXCEPTIONS"] = False  # as under any server
    return controls


@pytest.mark.slow
@settings(
    max_examples=5 * settings.default.max_examples,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(call=calls())
def test_a_control_call_is_done_or_refused(fuzzed, caplog, call):
    """A refusal says why, in the one shape; nothing is an error of the mock's own."""
    method, path, query, body, kind = call
    reply = fuzzed.call(
        method, path, query_string=query, data=body, content_type=kind, buffered=False
    )
    assert reply.status_code < 500 or reply.status_code in {501, 503}, caplog.text
    if reply.status_code >= 400 and method != "HEAD":
        found = json.loads(reply.get_data())
        assert set(found) - {"problems"} == {"error", "message", "remedy"}
    reply.close()
    assert fuzzed.poll("retrain-001").status_code < 600
    assert not caplog.records, caplog.text
