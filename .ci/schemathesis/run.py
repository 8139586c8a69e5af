"""Drives `mock-p1 serve` with schemathesis by our own OpenAPI documents.

Exit 0 if no check of any phase fails.

Three times: as the mock is by itself, with HTTP statuses as APIs usually have them, and the
control API. In the first run two checks are left out: `ignored_auth` knows 401 and 403 only, and
this API (assumed) says 400; `negative_data_rejection` wants an error where a parameter is missing
or odd, and the mock (assumed) accepts such a call, with a note in its journal. In the other runs
every check is on; of the control API the stream of events is left out, which has no end: the tests
of ``tests/admin`` read it. What is run, and how many cases it
came to, is read from schemathesis' own report: a phase that did not run, or next to no cases, is a
failure too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from served import served

from mock_p1.admin.admin_openapi import document as admin_openapi
from mock_p1.contract.openapi_document import openapi
from mock_p1.scenario.files import load_scenario

HERE = Path(__file__).parent
PHASES = ("examples", "coverage", "fuzzing", "stateful")
FEWEST_CASES = 200
STRICTER = """
assumptions:
  odd_credential_type: model_id_is_required
  odd_filename: model_may_be_deleted
  error_http_status:
    invalid_api_key: 401
    inactive_credential: 401
    not_found_credential: 401
    not_found_retrain_job: 404
    job_may_be_deleted: 410
"""
CONTROL_API = "the control API"
RUNS = {
    "as the mock is by itself": ("", ["--exclude-checks", "ignored_auth,negative_data_rejection"]),
    "with 401, 404 and 410": (STRICTER, []),
    CONTROL_API: ("", []),
}


def main() -> int:
    """Run all; return the exit status."""
    return max([_run(name, assumptions, options) for name, (assumptions, options) in RUNS.items()])


def _run(name: str, assumptions: str, options: list[str]) -> int:
    with TemporaryDirectory() as folder:
        scenario, document, report = (
            Path(folder) / file for file in ("scenario.yaml", "openapi.json", "report.json")
        )
        scenario.write_text(
            (HERE / "scenario.yaml").read_text(encoding="utf-8") + assumptions, encoding="utf-8"
        )
        described = (
            _control_api() if name == CONTROL_API else openapi(load_scenario(scenario).assumptions)
        )
        document.write_text(json.dumps(described), encoding="utf-8")
        with served(scenario) as url:
            done = subprocess.run(
                [
                    Path(sys.executable).with_name("schemathesis"),
                    "--config-file", HERE / "schemathesis.toml",
                    "--no-color", "run", document, "--url", url, "--header", "x-api-key: demo-key",
                    "--phases", ",".join(PHASES), "--mode", "all", "--checks", "all", *options,
                    "--max-examples", os.environ.get("SCHEMATHESIS_EXAMPLES", "150"),
                    "--generation-database", "none",
                    "--report", "json", "--report-json-path", report,
                ],
                capture_output=True, encoding="utf-8", check=False, cwd=folder,
            )  # fmt: skip
        said = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}
    problem = f"exit {done.returncode}" if done.returncode else _too_little(said)
    if problem:
        print(done.stdout, done.stderr, sep="\n")
        print(f"schemathesis, {name}: {problem}")
        return 1
    print(f"schemathesis, {name}: no failure in {said['test_cases']['generated']} cases")
    return 0


def _control_api() -> dict[str, Any]:
    """Return the document of the control API, without the stream of events, which has no end."""
    described = admin_openapi()
    del described["paths"]["/__admin/events"]
    return described


def _too_little(report: dict[str, Any]) -> str | None:
    """Say what was not run; None if everything was."""
    phases = {name: report["phases"].get(name, {}).get("status") for name in PHASES}
    if set(phases.values()) != {"success"} or not report["complete"]:
        return f"not every phase was run: {phases}"
    cases = report["test_cases"]["generated"]
    return f"no more than {cases} cases" if cases < FEWEST_CASES else None


if __name__ == "__main__":
    sys.exit(main())
