"""Points of Get API Key: the key that is issued, how long it lives, and who gets none."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from mock_p1.verify import published
from mock_p1.verify.answer import Answer, describe, error_of, one_line
from mock_p1.verify.contract_check import (
    Verdict,
    assumed,
    documented,
    judge_fields,
    judge_without,
    judged,
    otherwise,
    refused,
)
from mock_p1.verify.exceptions import NotChecked

if TYPE_CHECKING:
    from mock_p1.verify.session import VerifySession

_FORMATS: Final = (
    published.END_DATE_FORMAT,
    "%Y-%m-%dT%H:%M:%S.%fZ",
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%dT%H:%M:%S.%f%z",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y%m%d",
)
"""The formats that an end_date is tried with, as a scenario can say them."""

_DAY_MINUTES: Final = 1_440


@documented(
    "issued-key-reply",
    "A key is answered with api_key and end_date, strings, and nothing else.",
    published.KEY_PAGE,
    "issue-key",
)
def issued_key_reply(session: VerifySession) -> Verdict:
    """Compare the fields; the manual does not say that their order counts."""
    return judge_fields(session.answer("a new key"), published.ISSUED_KEY_FIELDS, ordered=False)


@documented(
    "issued-key-works",
    "An issued key is taken by the other calls.",
    published.KEY_PAGE,
    "issue-key",
)
def issued_key_works(session: VerifySession) -> Verdict:
    """Poll with it."""
    name = error_of(session.answer("the job by the new key")).name
    is_taken = name not in published.CREDENTIAL_ERRORS
    return judged(agrees=is_taken, expected="no credential error", actual=str(name))


@assumed(
    "key-lifetime",
    "An issued key lives for 30 days.",
    "stated for a key that is fetched by hand",
    "issue-key",
)
def key_lifetime(session: VerifySession) -> Verdict:
    """Compare end_date with the server's own clock."""
    answer, text = session.answer("a new key"), session.field("a new key", "end_date")
    parsed = _parsed(text)
    if parsed is None:
        raise NotChecked(f"end_date is no date that can be read: {one_line(text)}")
    minutes = (parsed[1] - _server_time(answer)).total_seconds() / 60
    days = minutes / _DAY_MINUTES
    agrees = abs(days - published.KEY_LIFETIME_DAYS) <= 1
    whole = round(days)
    assumption = f"{whole}d" if whole else f"{max(1, round(minutes))}m"
    return Verdict(
        agrees,
        f"{published.KEY_LIFETIME_DAYS} days",
        f"{days:.1f} days" if whole else f"{minutes:.1f} minutes",
        {} if agrees or days <= 0 else {"key_lifetime": assumption},
    )


@assumed(
    "end-date-format",
    "end_date is written as 2026-12-31T23:59:59Z.",
    "nothing is stated; the usual",
    "issue-key",
)
def end_date_format(session: VerifySession) -> Verdict:
    """Find the format that it has."""
    text = session.field("a new key", "end_date")
    parsed = _parsed(text)
    agrees = parsed is not None and parsed[0] == published.END_DATE_FORMAT
    return Verdict(
        agrees,
        published.END_DATE_FORMAT,
        one_line(text) if parsed is None else parsed[0],
        {} if agrees or parsed is None else {"end_date_format": parsed[0]},
    )


@assumed(
    "missing-credential-type",
    "Without credential_type a key is issued.",
    "what becomes of a missing or unknown one is not stated",
    "issue-key",
)
def missing_credential_type(session: VerifySession) -> Verdict:
    """Ask without."""
    answer = session.answer("a new key without credential_type")
    return judge_without(
        answer, "api_key", "a key", "odd_credential_type", published.API_KEY_ERRORS
    )


@assumed(
    "api-key-issues-none",
    "An API key in place of the secret key is answered with not_found_credential.",
    "it is a key that this call does not know",
    "issue-key",
)
def api_key_issues_none(session: VerifySession) -> Verdict:
    """Ask with the API key."""
    answer = session.answer("a new key by an API key")
    name = error_of(answer).name
    return Verdict(name == "not_found_credential", "not_found_credential", name or describe(answer))


@assumed(
    "same-key-again",
    "The same call again issues another key, and the first one lives on.",
    "nothing of the kind is stated",
    "issue-key",
)
def same_key_again(session: VerifySession) -> Verdict:
    """Ask again, and poll with the first key. This is the last of all questions."""
    first = session.field("a new key", "api_key")
    before = error_of(session.answer("the job by the new key")).name
    second = session.field("a new key, again", "api_key")
    after = error_of(session.answer("the job by the key before")).name
    expected = "another key; the first lives on"
    if first == second:
        return otherwise(expected, "the same key", {"same_key_again": "same"})
    has_ended = after in published.CREDENTIAL_ERRORS and before not in published.CREDENTIAL_ERRORS
    return judged(
        agrees=not has_ended,
        expected=expected,
        actual=f"another key; the first is answered with {after}",
    )


CHECKS: Final = (
    issued_key_reply,
    issued_key_works,
    refused(
        "issue-needs-secret-key",
        "Without x-api-key no key is issued: one of the three credential errors answers.",
        published.KEY_PAGE,
        "a new key without secret key",
        "issue-key",
    ),
    refused(
        "issue-needs-known-secret-key",
        "To an unknown secret key one of the three credential errors answers.",
        published.KEY_PAGE,
        "a new key by an unknown secret key",
        "issue-key",
    ),
    refused(
        "issue-needs-model-id",
        "With credential_type=retrain and no model_id the answer is: Model id is required.",
        published.KEY_PAGE,
        "a new key without model_id",
        "issue-key",
        ("model_id_is_required",),
    ),
    key_lifetime,
    end_date_format,
    missing_credential_type,
    api_key_issues_none,
    same_key_again,
)


def _parsed(text: str) -> tuple[str, datetime] | None:
    """Return the format of a date and the date, in UTC where it does not say."""
    for form in _FORMATS:
        with suppress(ValueError):
            date = datetime.strptime(text, form)  # noqa: DTZ007 -- made aware on the next line
            return form, date if date.tzinfo else date.replace(tzinfo=UTC)
    return None


def _server_time(answer: Answer) -> datetime:
    with suppress(KeyError, ValueError):
        return parsedate_to_datetime(answer.headers["date"])
    return datetime.now(UTC)
