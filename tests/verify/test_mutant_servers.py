"""The checks find every server that is wrong in one way, and say how it is wrong."""

from __future__ import annotations

from functools import cache

import pytest
import yaml
from helpers.mutant_servers import MUTANTS
from helpers.right_server import FINISHED, SCENARIO, Right, served
from helpers.verify_sessions import session_of

import mock_p1
from mock_p1.verify.answer import json_object
from mock_p1.verify.questions import ERROR_QUESTIONS
from mock_p1.verify.runner import run
from mock_p1.verify.verify_report import assumption_lines

_BY_KIND = {(bool(each.differs), bool(each.refuted)): name for name, each in MUTANTS.items()}
OF_EACH_KIND = {name: MUTANTS[name] for name in _BY_KIND.values()}
"""One that breaks what is documented, one that refutes what is assumed, one that does both."""

AGREEABLE = {name: mutant for name, mutant in MUTANTS.items() if mutant.assumes}


@cache
def _report(server_class):
    with served(server_class()) as url:
        return run(session_of(url))


def _ids(report, outcome):
    return {result.check.id for result in report.having(outcome)}


def test_the_right_server_holds():
    """A server that is right in every way holds in every point, and none is left unchecked."""
    report = _report(Right)

    assert {result.outcome for result in report.results} == {"hold", "confirmed"}
    assert report.exit_status(strict=True) == 0


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS)
def test_a_mutant_is_caught_by_name(mutant):
    """What a mutant does wrong is what differs or is refuted, and nothing else."""
    report = _report(mutant)

    assert (_ids(report, "differ"), _ids(report, "refuted")) == (mutant.differs, mutant.refuted)
    assert report.assumptions == mutant.assumes


@pytest.mark.parametrize("mutant", OF_EACH_KIND.values(), ids=OF_EACH_KIND)
def test_the_exit_status_tells_broken_from_refuted(mutant):
    """A documented point that differs is exit 1.

    A refuted assumption is exit 0, or 1 with --strict.
    """
    report = _report(mutant)

    assert (report.exit_status(), report.exit_status(strict=True)) == (
        1 if mutant.differs else 0,
        1,
    )


@pytest.mark.slow
@pytest.mark.parametrize("mutant", AGREEABLE.values(), ids=AGREEABLE)
def test_the_assumption_lines_make_the_mock_agree(mutant, tmp_path):
    """With the printed lines in its scenario the mock answers every error as the server does."""
    with served(mutant()) as url:
        server = session_of(url)
        lines = assumption_lines(run(server))
        scenario = tmp_path / "agreeing.yaml"
        scenario.write_text(SCENARIO + lines, encoding="utf-8")
        with mock_p1.serving(scenario) as mock:
            imitated = session_of(mock.url)
            for ask in ERROR_QUESTIONS:
                assert (ask, *_status_and_fields(imitated, ask)) == (
                    ask,
                    *_status_and_fields(server, ask),
                )


def test_the_zoo_scenario_agrees_with_the_right_server(tmp_path):
    """What the mock is measured with above is right to begin with."""
    scenario = tmp_path / "right.yaml"
    scenario.write_text(SCENARIO, encoding="utf-8")
    with mock_p1.serving(scenario) as mock:
        report = run(session_of(mock.url))

    assert report.exit_status(strict=True) == 0
    assert yaml.safe_load(SCENARIO)["jobs"][FINISHED]


def _status_and_fields(session, ask):
    answer = session.answer(ask)
    return answer.status, list((json_object(answer) or {}).items())
