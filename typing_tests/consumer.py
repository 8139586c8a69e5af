"""What users write: every public call of README and docs, checked without a plugin."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, assert_type

import pytest

import mock_p1 as package
from mock_p1 import (
    DOCUMENTED_ERRORS,
    CannotListen,
    CannotShare,
    ErrorName,
    FaultName,
    Handle,
    MarkerError,
    MockFactory,
    NoSuchFault,
    NoSuchJob,
    NoSuchStep,
    OperationName,
    Poll,
    PollList,
    Problem,
    ReplyFields,
    Scenario,
    ScenarioError,
    ScenarioSource,
    SleptTooLong,
    Upload,
    create_app,
    load_scenario,
    mocked,
    serving,
)

STEPS = [{"status": "job_running", "for": "2 polls"}, {"status": "job_finished"}]
DOCUMENT: dict[str, Any] = {"jobs": {"r-1": {"timeline": STEPS}}}
NESTED = Scenario(
    jobs={
        "r-1": {
            "timeline": [
                {"status": "job_running", "for": "2 polls", "delay": "100ms..2s"},
                {"reply": {"status_code": 503, "retry_after": "5s"}, "for": "1 poll"},
                {"status": "job_finished", "model_id": 4822, "result": {"rows": 500}},
            ]
        },
        "r-2": {"error": "job_may_be_deleted"},
    },
    api_keys={"demo-key": "active", "old-*": "inactive_credential"},
    generated_jobs=[{"count": 3, "prefix": "load-", "timeline": STEPS}],
    rate_limit={"polls": 10, "per": "1m"},
    assumptions={"error_http_status": 401},
    description="inline",
    seed=7,
)
SOURCES: list[ScenarioSource] = ["demo", Path("slow.yaml"), "jobs: {}", DOCUMENT, NESTED]


def scenarios(text: str, mapping: Mapping[str, object]) -> None:
    assert_type(load_scenario("demo"), Scenario)
    assert_type(load_scenario(Path("slow.yaml"), folder="scenarios"), Scenario)
    assert_type(load_scenario(text, folder=Path()), Scenario)
    assert_type(load_scenario(mapping), Scenario)
    assert_type(Scenario(**DOCUMENT), Scenario)
    assert_type(Scenario(jobs={"a": {"timeline": STEPS}}).name, str)
    assert_type(NESTED.jobs["r-1"].steps[0].source, str)


def in_process() -> None:
    with mocked("slow-training", instant_sleep=True, seed=3, check=False) as mock:
        assert_type(mock, Handle)
        assert_type(mock.url, str)
        mock.advance("30s")
        mock.advance(30)
        mock.advance(timedelta(seconds=30))
        mock.fail_next("job_may_be_deleted")
        mock.fail_next("timeout", times=2, job="r-1")
        mock.set_status("job_finished")
        mock.step()
        mock.reset("r-1")
        mock.assert_polled("r-1", times=3)
        mock.assert_interval(min="30s", max="2m")
        mock.assert_backoff(factor=2, cap="5m")
        mock.assert_respects_retry_after()
        mock.assert_stopped_after("job_finished")
        mock.assert_no_unexpected()
        mock.wait_for("r-1", polls=3)
        polls: PollList = mock.polls()
        first: Poll = polls[0]
        assert_type(first.outcome, str)
        assert_type(mock.timeline(), str)
        assert_type(mock.report(), str)
    for source in SOURCES:
        with mocked(source), serving(source, speed=3600):
            pass


def the_sequence(call: OperationName, answer: ReplyFields) -> None:
    with mocked("demo") as mock:
        assert_type(mock.secret_key, str)
        assert_type(mock.model_id, int)
        mock.fail_next("not_found_classifier", on="retrain_model_switch")
        mock.fail_next({"status_code": 429, "retry_after": "5s"}, times=2, on=call)
        mock.fail_next(answer, job="r-1", on="result_download")
        mock.step("r-1", on=call)
        mock.step(on="get_api_key")
        upload: Upload = mock.uploads("r-1")[0]
        assert_type(upload.moment, datetime)
        assert_type(upload.content, bytes | None)
        assert_type(upload.rows, int | None)
        assert_type(mock.downloads(), list[Poll])
        assert_type(mock.switches("r-1")[0].complete, bool)
        mock.assert_uploaded("r-1", filename="train.csv", rows=150)
        mock.assert_downloaded(times=2)
        mock.assert_switched()
        mock.assert_sequence()


@mocked({"jobs": {"r-1": {"timeline": STEPS}}})
def decorated(number: int) -> str:
    return str(number)


@pytest.mark.mock_p1("slow-training", instant_sleep=True)
def with_the_fixture(mock_p1: Handle) -> None:
    assert_type(decorated(3), str)
    assert mock_p1.polls("r-1")[0].source


def as_an_app() -> None:
    client = create_app(DOCUMENT, seed=1, admin=False).test_client()
    client.get("/v1/external/retrain_jobs/r-1", headers={"x-api-key": "k"})


def errors(word: ErrorName, fault: FaultName) -> tuple[Problem, ...]:
    assert_type(package.__version__, str)
    assert_type(DOCUMENTED_ERRORS[word].code, int)
    try:
        with serving(NESTED, host="127.0.0.1", port=0) as mock:
            mock.fail_next(fault)
    except ScenarioError as error:
        assert_type(error.problems[0].line, int)
        return error.problems
    except (CannotListen, CannotShare, MarkerError, NoSuchFault, NoSuchJob, NoSuchStep):
        raise
    except SleptTooLong:
        pass
    return ()


@pytest.fixture(scope="module")
def service(mock_p1_for: MockFactory) -> Handle:
    return mock_p1_for("demo", served=True, speed=60)


def test_several(mock_p1_for: MockFactory) -> None:
    assert_type(mock_p1_for(DOCUMENT, base_url="https://a", instant_sleep="60d"), Handle)
