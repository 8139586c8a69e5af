"""Documented points of the errors.

Each of the five to the letter, and that only the message tells them apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mock_p1.verify import published as facts
from mock_p1.verify.answer import carried, fields, is_reply, one_line, shown
from mock_p1.verify.contract_check import Check, Verdict, documented
from mock_p1.verify.means import PROVOKING
from mock_p1.verify.session import NotChecked

if TYPE_CHECKING:
    from mock_p1.verify.answer import Answer
    from mock_p1.verify.session import VerifySession


def _refused(check_id: str, sentence: str, ask: str, *names: str) -> Check:
    """Make the check that a question is answered with one of the named errors, to the letter."""

    @documented(check_id, sentence, facts.ERROR_TABLE)
    def check(subject: VerifySession) -> Verdict:
        answer = subject.answer(ask)
        messages = " or ".join(f'"{facts.ERRORS[name].message}"' for name in names)
        error = facts.ERRORS[names[0]]
        return Verdict(
            carried(answer).name in names, f"{error.code} {error.error} {messages}", _error(answer)
        )

    return check


@documented(
    "only-message-differs",
    "All errors share one code and one error name; only the message tells them apart.",
    facts.ERROR_TABLE,
)
def only_message_differs(subject: VerifySession) -> Verdict:
    """Compare every error that was seen."""
    refusals = [answer for _, answer in subject.answers(*PROVOKING) if not is_reply(answer)]
    errors = [error for error in map(carried, refusals) if error.message is not None]
    if len({error.message for error in errors}) <= 1:
        raise NotChecked("fewer than two different errors were seen")
    published = facts.ERRORS["invalid_api_key"]
    expected = f"{published.code} {published.error}"
    pairs = list(dict.fromkeys(f"{error.code} {error.error}" for error in errors))
    return Verdict(pairs == [expected], expected, one_line("; ".join(pairs)))


CHECKS: Final = (
    _refused(
        "no-key-is-refused",
        "Without x-api-key one of the three credential errors answers.",
        "no key",
        *facts.CREDENTIAL_ERRORS,
    ),
    _refused(
        "unknown-key-is-refused",
        "To a key that does not exist one of the three credential errors answers.",
        "an unknown key",
        *facts.CREDENTIAL_ERRORS,
    ),
    _refused(
        "inactive-key-is-refused",
        "To an inactive key one of the three credential errors answers.",
        "an inactive key",
        *facts.CREDENTIAL_ERRORS,
    ),
    _refused(
        "unknown-job-is-not-found",
        "To a wrong retrain_job_id the answer is: Not found retrain job.",
        "an unknown job",
        "not_found_retrain_job",
    ),
    _refused(
        "unfilled-id-is-not-found",
        "An id left unfilled, {xxxx-xxxx-xxxx-xxxx}, is a wrong one like any other.",
        "an id left unfilled",
        "not_found_retrain_job",
    ),
    _refused(
        "deleted-job-says-so",
        "To a deleted job the answer is: This job may be deleted.",
        "a deleted job",
        "job_may_be_deleted",
    ),
    only_message_differs,
)


def _error(answer: Answer) -> str:
    """Show the error an answer carries, or the answer where it carries none."""
    error = carried(answer)
    return (
        shown(answer) if fields(answer) is None or error.message is None else one_line(str(error))
    )
