"""What the control API does not take: bodies that are too large, of another type, or no JSON."""

import io

import pytest

CHANGES = [
    ("POST", "/clock"),
    ("POST", "/next"),
    ("POST", "/reset"),
    ("PUT", "/jobs/slow"),
    ("POST", "/jobs/slow/step"),
    ("POST", "/jobs/slow/reset"),
    ("DELETE", "/requests"),
]


class Endless(io.RawIOBase):
    """A body that goes on for ever, and counts what was read of it."""

    taken = 0

    def readable(self):
        """It can be read."""
        return True

    def readinto(self, buffer):
        """Fill the whole buffer, with whatever is there."""
        self.taken += len(buffer)
        return len(buffer)


def test_a_body_that_is_not_json_is_refused(controls):
    """By every call that takes one."""
    for call in CHANGES:
        refusal = controls.refused(400, *call, data="{", content_type="application/json")
        assert refusal["error"] == "MOCK_P1_BAD_BODY"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_of_another_type_is_refused(controls, kind):
    """A web page could send these without asking first."""
    for call in CHANGES:
        refusal = controls.refused(415, *call, data="{}", content_type=kind)
        assert refusal["error"] == "MOCK_P1_WRONG_CONTENT_TYPE"


@pytest.mark.parametrize(
    "body",
    [b"[]", b'"x"', b"1", b"null", b"true", b"\xff", b'{"a": 1}{', b"[" * 100_000, b'{"odd": 1}'],
)
def test_a_body_that_is_no_object_with_known_keys_is_refused(controls, body):
    """Whatever it is instead."""
    for call in CHANGES:
        refusal = controls.refused(400, *call, data=body, content_type="application/json")
        assert refusal["error"] == "MOCK_P1_BAD_BODY"


@pytest.mark.parametrize(("method", "path"), [*CHANGES, ("PUT", "/scenario")])
def test_a_body_of_50_mb_is_refused_unread(controls, method, path):
    """Its length says enough."""
    body = Endless()
    controls.refused(
        413, method, path, environ_overrides={"wsgi.input": body, "CONTENT_LENGTH": "50000000"}
    )
    assert body.taken == 0


def test_a_body_that_does_not_say_how_long_it_is_is_read_up_to_the_limit(controls):
    """In chunks, and not for ever."""
    body = Endless()
    chunked = {
        "wsgi.input": io.BufferedReader(body),
        "wsgi.input_terminated": True,
        "CONTENT_TYPE": "application/yaml",
    }
    controls.refused(413, "PUT", "/scenario", environ_overrides=chunked)
    assert 5_000_000 < body.taken < 6_000_000


def test_a_scenario_may_be_larger_than_other_bodies(controls):
    """Up to what a scenario file may be."""
    text = "jobs: {a: {error: job_may_be_deleted}}\n#" + "x" * 2_000_000
    assert controls.do("PUT", "/scenario", data=text, content_type="application/yaml")["jobs"] == 1


def test_a_call_without_a_body_needs_no_type(controls):
    """Nothing is asked of those who send nothing."""
    for method, path in (
        ("POST", "/jobs/slow/step"),
        ("POST", "/jobs/slow/reset"),
        ("POST", "/reset"),
        ("DELETE", "/next"),
    ):
        controls.do(method, path)


@pytest.mark.parametrize("coding", ["gzip", "br", "GZIP, br"])
def test_a_compressed_body_is_refused_in_words(controls, coding):
    """It is not taken for broken JSON."""
    options = {"content_type": "application/json", "headers": {"Content-Encoding": coding}}
    for call in (*CHANGES, ("PUT", "/scenario")):
        refusal = controls.refused(415, *call, data=b"\x1f\x8b", **options)
        assert "must not be compressed" in refusal["message"]


def test_a_file_whose_lines_were_joined_is_told_how_to_be_sent(controls):
    """`curl -d @file.yaml` takes the line breaks out."""
    joined = "jobs:  a:    timeline:    - status: x"
    refusal = controls.refused(
        400, "PUT", "/scenario", data=joined, content_type="application/yaml"
    )
    assert "--data-binary" in refusal["remedy"]
