"""What a type checker must refuse: each line is wrong, so that each comment is needed."""

from mock_p1 import Scenario, load_scenario, mocked

Scenario(jbos={})  # type: ignore[call-arg]
Scenario(jobs=[])  # type: ignore[arg-type]
Scenario(seed="7")  # type: ignore[arg-type]
Scenario(api_keys={"k": "actve"})  # type: ignore[dict-item]
Scenario(jobs={"r-1": [{"status": "job_finished"}]})  # type: ignore[dict-item]
load_scenario(3)  # type: ignore[arg-type]
load_scenario("demo", folder=3)  # type: ignore[arg-type]

with mocked("demo", speed=3) as mock:  # type: ignore[call-arg]
    mock.fail_next("timeuot")  # type: ignore[arg-type]
    mock.fail_next("job_deleted")  # type: ignore[arg-type]
    mock.fail_next("timeout", on="switch")  # type: ignore[arg-type]
    mock.fail_next({"status": 429})  # type: ignore[arg-type]
    mock.step(on="upload")  # type: ignore[arg-type]
    mock.uploads()[0].name  # type: ignore[attr-defined]
    mock.assert_downloaded(times="once")  # type: ignore[arg-type]
    mock.advance(None)  # type: ignore[arg-type]
    mock.assert_polled(times="three")  # type: ignore[arg-type]
    mock.polls()[0].outcme  # type: ignore[attr-defined]
