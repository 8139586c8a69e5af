"""What each bundled scenario's description promises, told as a client lives it.

One test each, named like the file.
"""

import io
import zipfile
from http.client import RemoteDisconnected

import pytest
import requests
from helpers.transport_clients import IS_OLD

from mock_p1 import load_scenario, mocked
from mock_p1.contract.errors import FAULTS
from mock_p1.engine.directory import Directory

FILE = b"a,b\n1,2\n"
SWITCHED = {"metadata": {"retrain_job_id": "retrain-001"}}
RESULT_FILES = ["metrics.csv", "analysis_summary.csv", "evaluation_raw_data.csv"]


def files_of(download_url):
    """The names in the ZIP behind a download_url, fetched without a key."""
    with zipfile.ZipFile(io.BytesIO(requests.get(download_url, timeout=5).content)) as result:
        return result.namelist()


def test_demo(client):
    """Two polls wait, four seconds run, then a result.

    And its keys and jobs lead to all five errors.
    """
    assert client.statuses(3) == ["job_waiting", "job_waiting", "job_running"]
    client.mock.advance("4s")
    finished = client.poll()
    assert (finished["status"], finished["model_id"]) == ("job_finished", 4821)
    assert files_of(finished["download_url"]) == RESULT_FILES
    asked = [("retrain-001", ""), ("retrain-001", "expired-key"), ("retrain-001", "no-such-key")]
    asked += [("no-such-job", "demo-key"), ("deleted-001", "demo-key")]
    assert [client.of(job, key).poll()["message"] for job, key in asked] == [
        "invalid_api_key.",
        "Inactive_credential.",
        "Not_found_credential.",
        "Not found retrain job.",
        "This job may be deleted.",
    ]


def test_happy_path(client):
    """Any key and any id go from waiting over running to a result, by polls alone."""
    for job, key in (("retrain-001", "demo-key"), ("an-id-of-my-own", "a-key-of-my-own")):
        mine = client.of(job, key)
        assert mine.statuses(5) == ["job_waiting"] * 2 + ["job_running"] * 3
        finished = mine.poll()
        assert finished["message"] == "再学習が完了しました"
        assert files_of(finished["download_url"]) == RESULT_FILES


def test_slow_training(client):
    """Ten minutes of waiting, an hour and fifty of running: to the second, never by polling."""
    assert client.statuses(2) == ["job_waiting"] * 2
    client.mock.advance("9m59s")
    assert client.statuses(1) == ["job_waiting"]
    client.mock.advance("1s")
    assert client.statuses(2) == ["job_running"] * 2
    client.mock.advance("1h50m")
    assert files_of(client.poll()["download_url"]) == RESULT_FILES


def test_training_failed(client):
    """The job ends as job_failed, says why, and has no result."""
    assert client.statuses(3) == ["job_waiting", "job_running", "job_running"]
    for _ in range(2):
        failed = client.poll()
        assert (failed["status"], failed["message"]) == (
            "job_failed",
            "学習データの行数が足りません",
        )
        assert "download_url" not in failed


def test_deleted_mid_run(client):
    """After three good polls the job is gone, and stays so."""
    assert client.statuses(3) == ["job_waiting", "job_running", "job_running"]
    assert client.errors(3) == ["This job may be deleted."] * 3


def test_key_expires_mid_run(client):
    """After three good polls the key is refused, and stays so."""
    assert client.statuses(3) == ["job_waiting", "job_running", "job_running"]
    assert client.errors(3) == ["Inactive_credential."] * 3


def test_all_errors(client):
    """All five in a row, each at a job of its own name, and each where it comes from.

    From keys, and from jobs.
    """
    errors = {
        "invalid_api_key": "invalid_api_key.",
        "inactive_credential": "Inactive_credential.",
        "not_found_credential": "Not_found_credential.",
        "not_found_retrain_job": "Not found retrain job.",
        "job_may_be_deleted": "This job may be deleted.",
    }
    assert client.errors(5) == list(errors.values())
    assert client.statuses(1) == ["job_finished"]
    for job, message in errors.items():
        assert client.of(job).errors(2) == [message] * 2
    by_key = {
        "": "invalid_api_key",
        "expired-key": "inactive_credential",
        "revoked-7": "inactive_credential",
    }
    for key, name in {**by_key, "no-such-key": "not_found_credential"}.items():
        assert client.of(key=key).errors(1) == [errors[name]]
    assert client.of("of-another-model").errors(1) == [errors["not_found_retrain_job"]]
    assert client.of("of-another-model", "other-model-key").statuses(1) == ["job_finished"]


def test_stuck(client):
    """Neither polls nor years move the job on."""
    assert client.statuses(2) == ["job_waiting", "job_running"]
    client.mock.advance("3650d")
    assert client.statuses(50) == ["job_running"] * 50
    assert client.of("never-starts").statuses(50) == ["job_waiting"] * 50


def test_finished_without_result(client):
    """job_finished comes without a download_url, with an empty one, or with a late one."""
    assert client.statuses(2) == ["job_running"] * 2
    assert client.poll() == {
        "status": "job_finished",
        "model_id": 4821,
        "metadata": {"retrain_job_id": "retrain-001"},
    }
    assert client.of("empty-url").poll()["download_url"] == ""
    late = client.of("late-url")
    polls = [late.poll() for _ in range(3)]
    assert [poll["status"] for poll in polls] == ["job_finished"] * 3
    assert ["download_url" in poll for poll in polls] == [False, False, True]
    assert files_of(polls[2]["download_url"]) == RESULT_FILES


def test_status_goes_back(client):
    """A running job waits once more before it runs on and finishes."""
    seen = [
        "job_waiting",
        "job_running",
        "job_running",
        "job_waiting",
        "job_running",
        "job_finished",
    ]
    assert client.statuses(6) == seen


def test_unknown_status(client):
    """Three statuses that no client knows come and go, with HTTP 200, before the job finishes."""
    responses = [client.ask() for _ in range(5)]
    assert {response.status_code for response in responses} == {200}
    seen = ["job_waiting", "job_validating_data", "JOB_RUNNING", "再学習中", "job_finished"]
    assert [response.json()["status"] for response in responses] == seen


@pytest.mark.skipif(IS_OLD, reason="urllib3 1.26 takes what was cut short for the whole")
def test_flaky_network(client):
    """Each of the six faults strikes one poll as a network would, and the job still finishes."""
    lost = requests.exceptions.ConnectionError
    assert client.statuses(1) == ["job_running"]
    with pytest.raises(lost) as reset:
        client.poll()
    with pytest.raises(lost) as empty:
        client.poll()
    causes = [type(caught.value.args[0].args[1]) for caught in (reset, empty)]
    assert causes == [ConnectionResetError, RemoteDisconnected]
    assert client.statuses(1) == ["job_running"]
    with pytest.raises((lost, requests.exceptions.ChunkedEncodingError)):
        client.poll()
    with pytest.raises(requests.exceptions.JSONDecodeError):
        client.poll()
    assert client.statuses(2) == ["job_running"] * 2
    with pytest.raises(lost):
        client.poll()
    assert files_of(client.poll()["download_url"]) == RESULT_FILES
    assert [poll.fault for poll in client.mock.polls() if poll.fault] == list(FAULTS)


def test_overloaded(client):
    """A client that waits as long as Retry-After says gets through.

    One that does not is refused again.
    """
    assert client.statuses(1) == ["job_waiting"]
    for status_code, body in ((429, {"message": "Too Many Requests"}), (503, None)):
        refused = client.ask()
        assert refused.status_code == status_code
        assert body is None or refused.json() == body
        wait = int(refused.headers["Retry-After"])
        client.mock.advance(wait - 1)
        assert client.ask().status_code == status_code
        client.mock.advance(1)
        assert client.statuses(1) == ["job_running"]
    assert files_of(client.poll()["download_url"]) == RESULT_FILES


@pytest.mark.parametrize("pause", ["1s", "10s", "30s", "60s"])
def test_an_overload_is_met_at_any_pace(pause):
    """Also by a client that polls slower than it lasts."""
    seen = set()
    with mocked("overloaded") as mock:
        url = f"{mock.url}/v1/external/retrain_jobs/{mock.job_id}"
        for _ in range(60):
            answer = requests.get(url, headers={"x-api-key": mock.api_key}, timeout=5)
            seen.add(answer.status_code)
            mock.advance(pause)
    assert seen == {200, 429, 503}


def test_many_jobs(client):
    """Eleven hundred jobs go their way, each by itself, and each for every client's own key."""
    ids = list(Directory(load_scenario("many-jobs"), 7).ids())
    assert len(set(ids)) == 1100
    numbered = [client.of(f"load-{number}") for number in (1, 500, 1000)]
    for mine in (*numbered, client.of("load-1", "client-7"), client.of(ids[-1])):
        assert mine.statuses(4) == ["job_waiting", "job_running", "job_running", "job_finished"]
        assert 1000 <= mine.poll()["model_id"] <= 9999
    assert client.of("load-1001").errors(1) == ["Not found retrain job."]


def test_not_found_at_first(client):
    """For five seconds the new job is unknown.

    A client that asks again finds it, and its result.
    """
    assert client.errors(2) == ["Not found retrain job."] * 2
    client.mock.advance(5)
    assert client.statuses(2) == ["job_waiting", "job_running"]
    assert files_of(client.poll()["download_url"]) == RESULT_FILES
    assert client.of("never-there").errors(2) == ["Not found retrain job."] * 2


def test_result_fails_once(client):
    """The first download is refused with Retry-After, the second brings the file.

    The job stays finished.
    """
    assert client.statuses(1) == ["job_running"]
    link = client.poll()["download_url"]
    refused = requests.get(link, timeout=5)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert files_of(link) == RESULT_FILES
    link = client.of("keeps-failing").poll()["download_url"]
    assert {requests.get(link, timeout=5).status_code for _ in range(5)} == {503}


def test_ok_with_error_body(client):
    """Two answers with HTTP 200 have no status in them; then the job finishes."""
    answers = [client.ask() for _ in range(4)]
    assert {answer.status_code for answer in answers} == {200}
    assert answers[1].json()["message"] == "Not found configuration_file."
    assert answers[2].json() is None
    assert files_of(answers[3].json()["download_url"]) == RESULT_FILES


def put(upload_url):
    """Send the file."""
    return requests.put(upload_url, data=FILE, timeout=5)


def test_whole_sequence(client):
    """From a secret key to a switched model; the job begins when its file has come."""
    mine, upload_url = client.get_key().create()
    assert mine.job == "retrain-101"
    assert mine.statuses(2) == ["job_waiting"] * 2
    assert mine.switch().json()["message"] == "Retrain job is not finished."
    assert put(upload_url).status_code == 200
    assert mine.statuses(3) == ["job_running"] * 3
    finished = mine.poll()
    assert (finished["status"], finished["model_id"]) == ("job_finished", 4822)
    assert files_of(finished["download_url"]) == RESULT_FILES
    assert mine.switch().json() == {"metadata": {"retrain_job_id": "retrain-101"}}
    assert client.create()[0].job == "retrain-101"  # of another caller
    others = [mine.create()[0].job for _ in range(2)]
    assert others[0] == "retrain-102"
    assert len(others[1]) == 36
    assert client.of("retrain-001").switch().json() == SWITCHED


def test_no_configuration_once(client):
    """The one error that begins with 500; then an upload URL, and the sequence goes on."""
    refused = client.ask_for_upload()
    assert refused.status_code == 500
    assert refused.json() == {
        "code": 5001000201,
        "error": "PREDA_EXTERNAL_INTERNAL_SERVER_ERROR",
        "message": "Not found configuration_file.",
    }
    mine, upload_url = client.create()
    put(upload_url)
    assert mine.statuses(3) == ["job_waiting", "job_running", "job_finished"]


def test_upload_breaks_off(client):
    """The file does not come, and the job waits; the same URL takes it the second time."""
    mine, upload_url = client.create()
    with pytest.raises(requests.exceptions.ConnectionError):
        put(upload_url)
    assert mine.statuses(5) == ["job_waiting"] * 5
    assert put(upload_url).status_code == 200
    assert mine.statuses(3) == ["job_waiting", "job_running", "job_finished"]


def test_key_ends_before_switch(client):
    """After ten minutes the key is refused; a new one of the same secret key sees the same job."""
    first = client.get_key()
    mine, upload_url = first.create()
    put(upload_url)
    client.mock.advance("9m59s")
    assert mine.statuses(1) == ["job_running"]
    client.mock.advance("1s")
    assert mine.errors(2) == ["Inactive_credential."] * 2
    assert mine.switch().json()["message"] == "Inactive_credential."
    renewed = mine.get_key()
    assert renewed.statuses(1) == ["job_running"]
    client.mock.advance("5m")
    assert files_of(renewed.poll()["download_url"]) == RESULT_FILES
    assert renewed.switch().ok


def test_switch_too_early(client):
    """The first switch of a finished job is refused; while the job runs, every one."""
    refusal = "Retrain job is not finished."
    other, upload_url = client.create()
    put(upload_url)
    assert [other.switch().json()["message"] for _ in range(3)] == [refusal] * 3
    assert client.statuses(3) == ["job_waiting", "job_running", "job_finished"]
    assert client.switch().json()["message"] == refusal
    assert client.switch().json() == SWITCHED


def test_classifier_deleted(client):
    """Up to the switch all goes well; the switch never does."""
    assert client.statuses(3) == ["job_waiting", "job_running", "job_finished"]
    assert files_of(client.poll()["download_url"]) == RESULT_FILES
    messages = [client.switch().json()["message"] for _ in range(3)]
    assert messages == ["Not found classifier."] * 3


@pytest.mark.skipif(IS_OLD, reason="urllib3 1.26 takes what was cut short for the whole")
def test_result_breaks_midway(client):
    """Half of the file comes, then the connection ends; the same link brings all of it."""
    client.statuses(2)
    link = client.poll()["download_url"]
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        requests.get(link, timeout=5)
    assert files_of(link) == RESULT_FILES
