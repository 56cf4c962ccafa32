"""What a person reads of a start whose job was not found."""

from __future__ import annotations

import pytest

from scheduler.amplify.port import Kind, Recorded
from scheduler.engine.evidence import Absent, Conflict
from scheduler.engine.unresolved import recorded_so, seen, sentence
from scheduler.model import Job

OURS = "01JDHQ6X1V0W8R3K5M7N9P2T4A"
SENT_AT = 1_795_486_447.0


def test_the_sentence_says_when_what_was_seen_how_likely_it_is_and_which_commands_lead_on() -> None:
    found = seen(Absent("no new RELEASE job appeared after job 7"), None)
    assert sentence(
        sent_at=SENT_AT, why="the line was cut", found=found, testimony=None, looked=361.0, run="01RUN"
    ) == (
        "the start was sent at 2026-11-24T02:14:07.000Z and its answer is not known (the line was cut). "
        "No new RELEASE job appeared after job 7. It was probably not started. "
        "The last look was 6 min after; nothing was sent again. "
        "To decide, look at the branch in the Amplify console, "
        "or let CloudTrail decide: amplify-release resume 01RUN --cloudtrail; "
        "to send it again: amplify-release resume 01RUN --restart-unresolved"
    )


def test_where_cloudtrail_was_asked_its_word_stands_in_the_place_of_the_advice() -> None:
    told = sentence(
        sent_at=SENT_AT, why="w", found="F.", testimony="CloudTrail says so.", looked=59.0, run="01RUN"
    )
    assert "(w). F. CloudTrail says so. The last look was 59 s after; nothing was sent again." in told
    assert "console; to send it again" in told


@pytest.mark.parametrize(
    ("finding", "recorded", "expected"),
    [
        (Absent("nothing came"), None, "Nothing came. It was probably not started."),
        (Absent("nothing can be told", telling=False), None, "Nothing can be told."),
        (Absent("nothing came"), Recorded(intent=OURS), "Nothing came."),
        (
            Conflict((Job(jobId="8", status="RUNNING"), Job(jobId="9", status="PENDING"))),
            None,
            "Jobs 8, 9 all fit, and nothing tells which is ours.",
        ),
    ],
)
def test_no_likelihood_is_claimed_without_reason(
    finding: Absent | Conflict, recorded: Recorded | None, expected: str
) -> None:
    assert seen(finding, recorded) == expected


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        (Recorded(intent=OURS), "was started, and not as which job."),
        (
            Recorded(intent=OURS, kind=Kind.AMBIGUOUS, reason="InternalFailure: an error"),
            "failed on the service's side (InternalFailure: an error), which does not tell",
        ),
    ],
)
def test_a_record_that_does_not_decide_says_what_it_says(recorded: Recorded, expected: str) -> None:
    assert recorded_so(recorded).startswith(f"CloudTrail recorded that it {expected}")
