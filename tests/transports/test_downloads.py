"""Downloads from download_url, through every transport."""

import io
import json
import re
import zipfile
from urllib.parse import unquote, urlsplit

import pytest
from helpers.transport_clients import HOST, JOBS

from mock_p1.engine.result_archive import FILE_NAME


def url_of(transport, job):
    """Poll a finished job; return its download_url."""
    return json.loads(transport.send("GET", JOBS + job).body)["download_url"]


def path_of(transport, job):
    """The path of a finished job's download_url."""
    return urlsplit(url_of(transport, job)).path


@pytest.mark.parametrize("job", ["done", "own-file"])
def test_download_url_begins_as_the_client_addressed_the_mock(transport, job):
    """Scheme, host and port are those of the poll."""
    assert re.match(f"http://{HOST}/results/[0-9a-f]{{16}}/{job}/1/", url_of(transport, job))


def test_download_url_answers_without_a_key(transport):
    """A plain GET gets the archive, with its type, its length and a name to save it by."""
    answer = transport.send("GET", path_of(transport, "done"), headers=())
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-length"] == str(len(answer.body))
    disposition = f"attachment; filename=\"{FILE_NAME}\"; filename*=UTF-8''{FILE_NAME}"
    assert answer.headers["content-disposition"] == disposition
    names = zipfile.ZipFile(io.BytesIO(answer.body)).namelist()
    assert names == ["metrics.csv", "analysis_summary.csv", "evaluation_raw_data.csv"]


def test_every_transport_serves_the_same_archive(
    flask_transport, live_transport, responses_transport
):
    """The same seed gives the same bytes in every transport."""
    archives = {
        transport.send("GET", path_of(transport, "done"), ()).body
        for transport in (flask_transport, live_transport, responses_transport)
    }
    assert len(archives) == 1


def test_a_file_of_the_scenarios_own_is_served_as_it_is(transport):
    """Its bytes and its name are kept, whatever they are."""
    path = path_of(transport, "own-file")
    answer = transport.send("GET", path, headers=())
    assert unquote(path).endswith("/モデル 1.zip")
    assert answer.body == bytes(range(256)) * 3
    named = unquote(answer.headers["content-disposition"])
    assert named == "attachment; filename=\"___ 1.zip\"; filename*=UTF-8''モデル 1.zip"


def test_a_download_does_not_move_the_job(transport):
    """Downloads are no polls; they are in the journal as what they are."""
    path = path_of(transport, "done")
    transport.send("GET", path)
    transport.send("GET", path, headers=())
    assert [entry.operation for entry in transport.engine.journal] == [
        "retrain_status_check",
        *["result_download"] * 2,
    ]


@pytest.mark.parametrize(
    ("part", "other"), [("/1/", "/2/"), ("result.zip", "%2e%2e"), ("/done/", "/steady/")]
)
def test_a_path_that_leads_to_no_result_says_so(transport, part, other):
    """A JSON 404, never a file."""
    answer = transport.send("GET", path_of(transport, "done").replace(part, other), headers=())
    assert (answer.status, answer.headers["content-type"]) == (404, "application/json")
