"""Points of Retrain Model Switch: the switch itself, and what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mock_p1.verify import published
from mock_p1.verify.answer import Answer, describe, error_of, json_object
from mock_p1.verify.contract_check import (
    Verdict,
    assumed,
    assuming,
    documented,
    judge_fields,
    judged,
    refused,
)
from mock_p1.verify.exceptions import NotChecked
from mock_p1.verify.sequence import find_failed_job, find_job_to_switch, find_unfinished_job

if TYPE_CHECKING:
    from mock_p1.verify.session import VerifySession

_NOT_FINISHED: Final = "retrain_job_is_not_finished"


@documented(
    "switch-reply",
    "A switch is answered with metadata.retrain_job_id, the id of the job, and nothing else.",
    published.SWITCH_PAGE,
    "switch",
)
def switch_reply(session: VerifySession) -> Verdict:
    """Switch, and compare the answer."""
    find_job_to_switch(session)
    answer = session.answer("the switch")
    echo = {"metadata": {"retrain_job_id": session.value("job_to_switch")}}
    return judged(
        agrees=json_object(answer) == echo,
        expected="metadata.retrain_job_id, as asked for",
        actual=describe(answer),
    )


@assumed(
    "second-switch",
    "A second switch to the same job is answered like the first.",
    "nothing of the kind is stated",
    "switch",
)
def second_switch(session: VerifySession) -> Verdict:
    """Switch once more."""
    find_job_to_switch(session)
    if not _switched(session.answer("the switch")):
        raise NotChecked("the first switch was not taken")
    answer = session.answer("the switch, again")
    name = error_of(answer).name
    return judged(
        agrees=_switched(answer),
        expected="switched",
        actual=name or describe(answer),
        assumption=assuming("second_switch", name, published.SWITCH_ERRORS),
    )


@assumed(
    "switch-of-failed-job",
    "The switch of a failed job is answered: Retrain job is not finished.",
    "nothing of the kind is stated",
    "switch",
)
def switch_of_failed_job(session: VerifySession) -> Verdict:
    """Try to switch to a failed job, where one was seen."""
    find_failed_job(session)
    answer = session.answer("the switch of a failed job")
    name = error_of(answer).name
    answered = "accept" if _switched(answer) else name
    return Verdict(
        name == _NOT_FINISHED,
        _NOT_FINISHED,
        name or describe(answer),
        {}
        if name == _NOT_FINISHED
        else assuming("switch_of_failed_job", answered, ("accept", *published.SWITCH_ERRORS)),
    )


def _switched(answer: Answer) -> bool:
    return judge_fields(answer, published.SWITCH_FIELDS).agrees


CHECKS: Final = (
    switch_reply,
    refused(
        "early-switch-is-refused",
        "The switch of a job that is not finished is answered: Retrain job is not finished.",
        published.SWITCH_PAGE,
        "the switch of an unfinished job",
        "switch",
        (_NOT_FINISHED,),
        find_unfinished_job,
    ),
    refused(
        "switch-of-unknown-job",
        "The switch of a job that does not exist is answered: Not found retrain job.",
        published.SWITCH_PAGE,
        "the switch of an unknown job",
        "switch",
        ("not_found_retrain_job",),
    ),
    refused(
        "switch-needs-key",
        "Without x-api-key a switch is refused with one of the three credential errors.",
        published.SWITCH_PAGE,
        "the switch without key",
        "switch",
        before=find_job_to_switch,
    ),
    refused(
        "switch-needs-known-key",
        "To an unknown key a switch is refused with one of the three credential errors.",
        published.SWITCH_PAGE,
        "the switch by an unknown key",
        "switch",
        before=find_job_to_switch,
    ),
    second_switch,
    switch_of_failed_job,
)
