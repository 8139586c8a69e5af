"""Results as object storage serves them, through every way in: HEAD, ranges, conditions."""

import json
from contextlib import closing
from urllib.parse import urlsplit

import pytest
import requests
from helpers.transport_clients import HOST, JOBS
from helpers.transport_fixtures import RESULT_FILE


def asked(transport, *headers, method="GET"):
    """Ask for the file of the scenario's own; the status, the headers in lower case, the body."""
    polled = json.loads(transport.send("GET", JOBS + "own-file").body)
    path = urlsplit(polled["download_url"]).path
    return transport.send(method, path, headers=headers)


def test_a_whole_file_says_what_it_is(transport):
    """What a client needs to resume: a strong tag, a date, and that ranges are taken."""
    whole = asked(transport)
    assert whole.status == 200
    assert whole.body == RESULT_FILE
    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.headers["etag"].startswith('"')
    assert whole.headers["last-modified"].endswith(" GMT")


def test_head_is_get_without_the_body(transport):
    """The same headers; the journal does not take it for a download."""
    whole, head = asked(transport), asked(transport, method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers == whole.headers
    assert [entry.done for entry in transport.engine.journal][1::2] == ["result_sent", None]


SIZE = len(RESULT_FILE)


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=700-", 700, SIZE),
        ("bytes=700-99999", 700, SIZE),
        ("bytes=-5", SIZE - 5, SIZE),
        (f"bytes=-{SIZE + 9}", 0, SIZE),
        ("Bytes=10-19", 10, 20),
    ],
)
def test_one_range(transport, wanted, start, end):
    """206 with just these bytes, and where they belong."""
    part = asked(transport, ("Range", wanted))
    assert (part.status, part.body) == (206, RESULT_FILE[start:end])
    assert part.headers["content-range"] == f"bytes {start}-{end - 1}/{SIZE}"
    assert part.headers["content-length"] == str(end - start)


@pytest.mark.parametrize("wanted", [f"bytes={SIZE}-", "bytes=99999-100000", "bytes=-0"])
def test_a_range_beyond_the_end(transport, wanted):
    """416, with the size."""
    refused = asked(transport, ("Range", wanted))
    assert refused.status == 416
    assert refused.headers["content-range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize(
    "wanted",
    [
        "bytes=0-1,5-6",
        "bytes=5-2",
        "lines=1-2",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-",
    ],
)
def test_what_is_no_range_and_several(transport, wanted):
    """The whole file: such a header is to be ignored, and several may be."""
    assert asked(transport, ("Range", wanted)).status == 200


def test_a_range_of_a_head(transport):
    """It is ignored: ranges are for GET."""
    for wanted in ("bytes=0-9", "bytes=99999-"):
        head = asked(transport, ("Range", wanted), method="HEAD")
        assert (head.status, head.headers["content-length"]) == (200, str(SIZE))
        assert "content-range" not in head.headers


def test_a_file_that_is_known(transport):
    """304 without a body, by its tag, one of several, or its date; the tag goes before the date."""
    known = asked(transport).headers
    for value in (known["etag"], f'"x", W/{known["etag"]}', "*"):
        again = asked(transport, ("If-None-Match", value))
        assert (again.status, again.body) == (304, b"")
        assert again.headers["etag"] == known["etag"]
    assert asked(transport, ("If-Modified-Since", known["last-modified"])).status == 304
    other = ("If-None-Match", '"other"'), ("If-Modified-Since", known["last-modified"])
    assert asked(transport, *other).status == 200


def test_a_condition_that_fails(transport):
    """412, so that no parts of two files are put together."""
    known = asked(transport).headers
    assert asked(transport, ("If-Match", '"other"')).status == 412
    assert asked(transport, ("If-Match", known["etag"])).status == 200
    long_ago = "Mon, 01 Jan 2001 00:00:00 GMT"
    assert asked(transport, ("If-Unmodified-Since", long_ago)).status == 412


def test_if_range(transport):
    """The rest where the file is the same; else the whole."""
    known = asked(transport).headers
    rest = ("Range", "bytes=100-")
    for value in (known["etag"], known["last-modified"]):
        assert asked(transport, rest, ("If-Range", value)).status == 206
    long_ago = "Mon, 01 Jan 2001 00:00:00 GMT"
    unquoted = known["etag"].strip('"')
    for value in ('"other"', f"W/{known['etag']}", unquoted, long_ago, "nonsense"):
        assert asked(transport, rest, ("If-Range", value)).status == 200


def test_a_fault_spoils_the_part(live_transport):
    """What breaks off is the range, whose rest can be asked for."""
    live_transport.driver.fail_next("truncated_body", on="result_download")
    polled = json.loads(live_transport.send("GET", JOBS + "own-file").body)
    path = urlsplit(polled["download_url"]).path
    url = f"http://127.0.0.1:{live_transport.server.port}{path}"
    headers = {"Host": HOST, "Range": "bytes=100-199"}
    with closing(requests.get(url, headers=headers, stream=True, timeout=10)) as part:
        assert part.raw.read(50) == RESULT_FILE[100:150]
    assert part.headers["Content-Length"] == "100"


@pytest.mark.parametrize(
    ("parts", "completing"),
    [
        (["0-99", "100-699", "700-"], [2]),
        (["0-99", "700-", "100-699"], [2]),
        (["700-", "0-699"], [1]),
        (["0-", "-1"], [0]),
        (["0-", "0-99", "700-"], [0]),
        (["0-699", "700-", "0-699", "700-"], [1, 3]),
        (["0-99", "-1"], []),
        (["-1", "700-", "1-"], []),
    ],
)
def test_of_parts_the_one_that_completes_the_file_is_the_download(transport, parts, completing):
    """However many there are, in whatever order; the last byte alone is none."""
    for wanted in parts:
        asked(transport, ("Range", f"bytes={wanted}"))
    done = [entry.done for entry in transport.engine.journal][1::2]
    assert [number for number, each in enumerate(done) if each == "result_sent"] == completing


def test_parts_after_the_whole_file(transport):
    """They are a download of their own, in which what came before fills no hole."""
    asked(transport)
    for wanted in ("0-99", "700-", "100-699"):
        asked(transport, ("Range", f"bytes={wanted}"))
    done = [entry.done for entry in transport.engine.journal][1::2]
    assert done == ["result_sent", None, None, "result_sent"]


def test_a_fault_of_a_head(live_transport):
    """Its head alone comes, whatever would have been spoilt of the body."""
    live_transport.driver.fail_next("truncated_body", on="result_download")
    assert asked(live_transport, method="HEAD").headers["content-length"] == str(SIZE)


def test_another_file_has_another_tag_and_a_newer_date(transport):
    """After a scenario was swapped, the rest of the old file is not to be had."""
    before = asked(transport).headers
    transport.engine.clock.advance(5_000_000_000)
    scenario = transport.engine.scenario
    transport.driver.load(scenario)
    again = asked(transport).headers
    assert again["etag"] == before["etag"]
    assert again["last-modified"] != before["last-modified"]
