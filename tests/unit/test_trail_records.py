"""What a record of CloudTrail says of a start: its job, a refusal, or nothing that decides."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scheduler.amplify.port import Kind, Recorded
from scheduler.amplify.trail import read
from scheduler.amplify.user_agent import for_intent, intent_in

OURS = "01JDHQ6X1V0W8R3K5M7N9P2T4A"
MADE = {"jobSummary": {"jobId": "17", "status": "PENDING", "startTime": "Nov 24, 2026, 2:14:07 AM"}}


def event(**detail: Any) -> dict[str, Any]:
    whole = {"eventName": "StartJob", "userAgent": for_intent(OURS), "responseElements": None} | detail
    return {"EventName": "StartJob", "CloudTrailEvent": json.dumps(whole)}


@pytest.mark.parametrize(
    ("user_agent", "intent"),
    [
        (for_intent(OURS), OURS),
        (f"[{for_intent(OURS)}]", OURS),  # as the console's own are written
        (for_intent(OURS[:-1]), None),
        (for_intent(f"{OURS}0"), None),
        (for_intent(OURS.lower()), None),
        (f"xmd/intent#{OURS}", None),
        (OURS, None),
        ("aws-cli/2.0", None),
        ("", None),
    ],
)
def test_an_intent_is_read_from_the_user_agent_and_nothing_like_it(
    user_agent: str, intent: str | None
) -> None:
    assert intent_in(user_agent) == intent


def test_a_job_is_known_by_its_id_whatever_else_the_record_makes_of_it() -> None:
    odd = {"jobSummary": {"jobId": "17", "sourceUrl": 5, "startTime": []}}
    assert list(read([event(responseElements=odd)])) == [Recorded(intent=OURS, job_id="17")]


def test_the_job_of_a_start_is_the_one_that_its_answer_named() -> None:
    assert list(read([event(responseElements=MADE)])) == [Recorded(intent=OURS, job_id="17")]


@pytest.mark.parametrize(
    "elements",
    [
        None,
        {},
        {"jobSummary": None},
        {"jobSummary": {}},
        {"jobSummary": {"jobId": "HIDDEN_DUE_TO_SECURITY"}},
        "x",
    ],
)
def test_a_good_answer_without_a_job_id_says_that_there_is_a_job_and_not_which(elements: object) -> None:
    assert list(read([event(responseElements=elements)])) == [Recorded(intent=OURS)]


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("AccessDenied", "User: x is not authorized", Kind.DENIED),
        ("AccessDeniedException", "", Kind.DENIED),
        ("UnauthorizedException", "", Kind.DENIED),
        ("BadRequestException", "The requested jobType MANUAL does not support.", Kind.REJECTED),
        ("BadRequestException", "Rate exceeded while calling StartJob, please slow down", Kind.THROTTLED),
        ("NotFoundException", "Branch main not found.", Kind.REJECTED),
        (
            "LimitExceededException",
            "The requested branch main already have pending or running jobs",
            Kind.BUSY,
        ),
        ("LimitExceededException", "", Kind.THROTTLED),
        ("ThrottlingException", "Rate exceeded", Kind.THROTTLED),
        ("TooManyRequestsException", "", Kind.THROTTLED),
    ],
)
def test_a_refusal_means_what_it_would_have_meant_had_it_come_back(
    code: str, message: str, kind: Kind
) -> None:
    (found,) = read([event(errorCode=code, errorMessage=message)])
    assert (found.intent, found.job_id, found.kind) == (OURS, None, kind)
    assert code in found.reason


@pytest.mark.parametrize(
    "code",
    [
        "InternalFailureException",
        "InternalFailure",
        "ServiceUnavailable",
        "InternalServerError",
        "Unheard.Of",
        "",
    ],
)
def test_any_other_error_may_have_come_after_the_job_was_made(code: str) -> None:
    (found,) = read([event(errorCode=code, errorMessage="key=AKIAIOSFODNN7EXAMPLE", responseElements=MADE)])
    assert (found.kind, found.job_id) == (Kind.AMBIGUOUS, None)
    assert found.reason == f"{code}: key=[redacted]"


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"CloudTrailEvent": "{"},
        {"CloudTrailEvent": "[]"},
        {"CloudTrailEvent": None},
        event(userAgent=None),
        event(userAgent="aws-cli/2.0"),
        event(eventName="StopJob"),
        "text",
    ],
)
def test_what_others_sent_and_what_cannot_be_read_says_nothing(other: Any) -> None:
    assert list(read([other, event()])) == [Recorded(intent=OURS)]
