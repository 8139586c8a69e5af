"""``mock_p1.record``: the first run asks the service, each later one plays the file."""

import pytest
import requests

from mock_p1 import load_scenario, record, serving


def status(service):
    """Poll the job once; give its status."""
    job = f"{service.url}/v1/external/retrain_jobs/retrain-001"
    return requests.get(job, headers={"x-api-key": service.api_key}, timeout=5).json()["status"]


@pytest.fixture
def real():
    """A server in the place of the service."""
    with serving("demo") as mock:
        yield mock


@pytest.fixture
def path(tmp_path):
    """Where the recording lies, in a folder that is not there yet."""
    return tmp_path / "recordings" / "one.yaml"


def test_once_records_and_then_plays(real, path):
    """The second time the service is not asked, and another key is as good."""
    with record(path, url=real.url, api_key="demo-key") as service:
        assert (status(service), service.is_recording) == ("job_waiting", True)
    with record(path, url=real.url, api_key="demo-key") as service:
        assert (status(service), service.is_recording) == ("job_waiting", False)
        assert service.mock.polls()[0].status == "job_waiting"

    real.assert_polled(times=1)
    assert "demo-key" not in path.read_text(encoding="utf-8")


def test_none_never_records(real, path):
    """It says what would."""
    with pytest.raises(FileNotFoundError, match="'once' does"), record(path, record_mode="none"):
        pass
    assert not real.was_asked


def test_all_records_each_time(real, path):
    """The file is another each time."""
    for step in ("job_waiting", "job_finished"):
        real.set_status(step)
        with record(path, url=real.url, api_key="demo-key", record_mode="all") as service:
            status(service)

    assert [step.status for step in load_scenario(path).jobs["retrain-001"].steps] == [
        "job_finished"
    ]


def test_a_test_that_fails_leaves_no_file(real, path):
    """Half of a sequence would be played for good."""

    def failing():
        with record(path, url=real.url, api_key="demo-key") as service:
            assert status(service) == "job_finished"

    with pytest.raises(AssertionError):
        failing()

    assert not path.exists()


def test_it_can_be_entered_again(real, path):
    """As a fixture of a parametrized test does."""
    cassette = record(path, url=real.url, api_key="demo-key")
    for is_recording in (True, False):
        with cassette as service:
            status(service)
            assert service.is_recording is is_recording


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"record_mode": "new"}, "record_mode is one of none, once, all, not 'new'"),
        ({}, "give the service's base URL by url="),
        ({"url": "developer-api.example"}, "has no scheme"),
    ],
)
def test_what_cannot_be_is_told(path, options, said):
    """In a sentence that says what would do."""
    with pytest.raises(ValueError, match=said), record(path, **options):
        pass
