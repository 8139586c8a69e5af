"""Documented points of the errors of a status check, each to the letter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mock_p1.verify import published
from mock_p1.verify.answer import error_of, is_reply, one_line
from mock_p1.verify.contract_check import Check, Verdict, documented
from mock_p1.verify.exceptions import NotChecked
from mock_p1.verify.questions import CHANGING, ERROR_QUESTIONS
from mock_p1.verify.shapes import refused

if TYPE_CHECKING:
    from mock_p1.verify.session import VerifySession


def _refused(check_id: str, sentence: str, question: str, *names: str) -> Check:
    return refused(check_id, sentence, published.ERROR_TABLE, question, names=names)


@documented(
    "only-message-differs",
    "All errors share one code and one error name; only the message tells them apart.",
    published.ERROR_TABLE,
)
def only_message_differs(session: VerifySession) -> Verdict:
    """Compare every error that was seen."""
    asked = (*session.answers(*ERROR_QUESTIONS), *session.asked(*CHANGING))
    refusals = [error_of(answer) for _, answer in asked if not is_reply(answer)]
    errors = [
        error
        for error in refusals
        if error.message is not None and error.name != "not_found_configuration_file"
    ]
    if len({error.message for error in errors}) <= 1:
        raise NotChecked("fewer than two different errors were seen")
    row = published.ERRORS["invalid_api_key"]
    expected = f"{row.code} {row.error}"
    pairs = list(dict.fromkeys(f"{error.code} {error.error}" for error in errors))
    return Verdict(pairs == [expected], expected, one_line("; ".join(pairs)))


CHECKS: Final = (
    _refused(
        "no-key-is-refused",
        "Without x-api-key one of the three credential errors answers.",
        "no key",
        *published.CREDENTIAL_ERRORS,
    ),
    _refused(
        "unknown-key-is-refused",
        "To a key that does not exist one of the three credential errors answers.",
        "an unknown key",
        *published.CREDENTIAL_ERRORS,
    ),
    _refused(
        "inactive-key-is-refused",
        "To an inactive key one of the three credential errors answers.",
        "an inactive key",
        *published.CREDENTIAL_ERRORS,
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
