"""Which job a start in doubt has made: exact, probable, a conflict, or none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import FrozenInstanceError, fields, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest

from scheduler.amplify.failure import Failure
from scheduler.amplify.port import Kind, Recorded, Stage
from scheduler.engine.evidence import (
    Absent,
    Conflict,
    Doubt,
    Exact,
    Finding,
    Probable,
    Refused,
    Witness,
    find,
    mark,
    marked,
    own_job,
)
from scheduler.engine.look import Unresolved
from scheduler.engine.sought import Sought
from scheduler.journal.port import AttemptRecord
from scheduler.model import Job

OURS = "01JDHQ6X1V0W8R3K5M7N9P2T4A"
EARLIER = "01JDHQ6X1V0W8R3K5M7N9P2T4B"
OTHERS = "01JDHQ6X1V0W8R3K5M7N9P2T4C"
OLDER = "01JDHQ6X1V0W8R3K5M7N9P2T40"

#: On the service's clock: the start was sent at SENT, and its answer was given up ten seconds later.
SENT = 1_795_485_600.0
GIVEN_UP = SENT + 10

#: A RELEASE in doubt on a branch whose newest job was 7, in a lane not known to keep the marker.
DOUBT = Doubt(intent=OURS, job_type="RELEASE", fence=7, sent=SENT, given_up=GIVEN_UP, kept=False)


def job(number: int, *, at: float | None = SENT + 1, kind: str | None = "RELEASE", by: str = "") -> Job:
    """Make a job that started `at`, with the marker of the intent `by` if one is given."""
    return Job(
        jobId=str(number),
        status="PENDING",
        jobType=kind,
        startTime=None if at is None else datetime.fromtimestamp(at, UTC),
        commitMessage=mark("nightly", by) if by else "nightly",
    )


def silent(number: int) -> Job:
    """Make a fitting job whose message is not shown."""
    return replace(job(number), commitMessage=None)


# The marker


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (None, f"[amplify-release:{OURS}]"),
        ("", f"[amplify-release:{OURS}]"),
        ("nightly", f"nightly [amplify-release:{OURS}]"),
    ],
)
def test_the_marker_is_appended_and_read_back(message: str | None, expected: str) -> None:
    assert mark(message, OURS) == expected
    assert marked(expected) == {OURS}


@pytest.mark.parametrize(
    "message",
    [
        None,
        "",
        "nightly",
        OURS,
        f"[amplify-release:{OURS[:-1]}]",
        f"[amplify-release:{OURS}0]",
        f"[amplify-release:{OURS.lower()}]",
        f"[amplify-release:{OURS[:-1]}U]",  # a letter that ULIDs leave out
        f"amplify-release:{OURS}",
    ],
)
def test_nothing_but_a_whole_marker_is_a_marker(message: str | None) -> None:
    assert marked(message) == frozenset()


def test_a_message_may_carry_several_markers() -> None:
    assert marked(mark(mark("again", EARLIER), OURS)) == {EARLIER, OURS}


# What a start in doubt turns out as


class Seen(NamedTuple):
    """A row of the specification: what is known and seen, and what follows."""

    rule: str
    jobs: list[Job]
    finding: Finding
    doubt: Doubt = DOUBT
    owners: Mapping[str, str] = {}
    recorded: Recorded | None = None


UNTOUCHED = Absent("no new RELEASE job appeared after job 7")
UNMARKED = Absent("no job carries its marker, and this lane keeps markers")
UNFENCED = Absent(
    "no job carries its marker, and the branch was not looked at before the send", telling=False
)

KEPT = replace(DOUBT, kept=True)
BLIND = replace(DOUBT, fence=None)
RETRY = replace(DOUBT, job_type="RETRY")
HOOK = replace(DOUBT, job_type="WEB_HOOK")
UNHOOKED = Absent("no new WEB_HOOK job appeared after job 7")
UNRECORDED = replace(DOUBT, unrecorded=True)

RECORDED = Recorded(intent=OURS, job_id="9")
RECORDED_WELL = Recorded(intent=OURS)
RECORDED_BUSY = Recorded(intent=OURS, kind=Kind.BUSY, reason="the branch was busy")
RECORDED_FAULT = Recorded(intent=OURS, kind=Kind.AMBIGUOUS, reason="InternalFailure: ")

SPECIFICATION = [
    # The marker is exact, whatever else speaks against the job.
    Seen("the marker", [job(8, by=OURS)], Exact(job(8, by=OURS))),
    Seen("the marker below the fence", [job(3, by=OURS)], Exact(job(3, by=OURS))),
    Seen(
        "the marker on another type", [job(8, kind="MANUAL", by=OURS)], Exact(job(8, kind="MANUAL", by=OURS))
    ),
    Seen("the marker long before", [job(8, at=SENT - 999, by=OURS)], Exact(job(8, at=SENT - 999, by=OURS))),
    Seen("the marker, said to be another's", [job(8, by=OURS)], Exact(job(8, by=OURS)), owners={"8": OTHERS}),
    Seen("the marker beside fitting jobs", [job(8), job(9, by=OURS)], Exact(job(9, by=OURS))),
    Seen("the marker without a fence", [job(8, by=OURS)], Exact(job(8, by=OURS)), BLIND),
    # Rebuilds take the message over, and come later: 9 before 10, though not as text.
    Seen("the lowest number", [job(10, by=OURS), job(9, by=OURS)], Exact(job(9, by=OURS))),
    # They say so where job types are shown, and ListJobs may show them before the job that they repeat.
    Seen("a rebuild alone", [job(9, kind="RETRY", by=OURS)], UNTOUCHED),
    Seen("a rebuild and the job", [job(8, kind="RETRY", by=OURS), job(9, by=OURS)], Exact(job(9, by=OURS))),
    # CloudTrail is exact where it names a job, and final where it recorded a refusal.
    Seen("recorded with a job", [job(8), job(9)], Exact(job(9), Witness.CLOUDTRAIL), recorded=RECORDED),
    Seen(
        "recorded with a job that is not listed yet",
        [job(8)],
        Exact(Job(jobId="9", status="UNKNOWN"), Witness.CLOUDTRAIL),
        recorded=RECORDED,
    ),
    Seen("recorded as refused", [job(8)], Refused(Kind.BUSY, "the branch was busy"), recorded=RECORDED_BUSY),
    Seen("the marker before any record", [job(8, by=OURS)], Exact(job(8, by=OURS)), recorded=RECORDED_BUSY),
    Seen("recorded without a job, one fits", [job(8)], Probable(job(8)), recorded=RECORDED_WELL),
    Seen("recorded as a fault, one fits", [job(8)], Probable(job(8)), recorded=RECORDED_FAULT),
    Seen("recorded as a fault, none fits", [job(7)], UNTOUCHED, recorded=RECORDED_FAULT),
    Seen(
        "never recorded: what fits is another's",
        [job(8)],
        Absent("job 8 appeared, and CloudTrail has no record of this start having made it"),
        UNRECORDED,
    ),
    Seen(
        "never recorded, though several fit",
        [job(8), job(9)],
        Absent("jobs 8, 9 appeared, and CloudTrail has no record of this start having made it"),
        UNRECORDED,
    ),
    Seen("never recorded, and none fits", [job(7)], UNTOUCHED, UNRECORDED),
    # Circumstance: above the fence, of the type, in the window on the service's clock, owned by no other.
    Seen("one fits", [job(7), job(8)], Probable(job(8))),
    Seen("one fits far above the fence", [job(10**12)], Probable(job(10**12))),
    Seen("the first job of a branch", [job(1)], Probable(job(1)), replace(DOUBT, fence=0)),
    Seen("its type is not shown", [job(8, kind=None)], Probable(job(8, kind=None))),
    Seen("its time is not shown", [job(8, at=None)], Probable(job(8, at=None))),
    Seen("its message is not shown", [silent(8)], Probable(silent(8))),
    Seen("as early as may be", [job(8, at=SENT - 5)], Probable(job(8, at=SENT - 5))),
    Seen("as late as may be", [job(8, at=GIVEN_UP + 60)], Probable(job(8, at=GIVEN_UP + 60))),
    Seen("known to be this very intent's", [job(8)], Probable(job(8)), owners={"8": "".join([*OURS])}),
    Seen("it is the fence", [job(7)], UNTOUCHED),
    Seen("below the fence", [job(6)], UNTOUCHED),
    Seen("of another type", [job(8, kind="WEB_HOOK")], UNTOUCHED),
    Seen("too early", [job(8, at=SENT - 5.5)], UNTOUCHED),
    Seen("too late", [job(8, at=GIVEN_UP + 60.5)], UNTOUCHED),
    Seen("another intent's by the journal", [job(8)], UNTOUCHED, owners={"8": OTHERS}),
    Seen("an older intent's by the journal", [job(8)], UNTOUCHED, owners={"8": OLDER}),
    Seen("another intent's by its marker", [job(8, by=OTHERS)], UNTOUCHED),
    Seen("the same, and of another type", [job(8, kind="WEB_HOOK", by=OTHERS)], UNHOOKED, HOOK),
    Seen("what cannot be ours hides nothing", [job(8, by=OTHERS), job(9)], Probable(job(9))),
    Seen("nothing at all", [], UNTOUCHED),
    # A retry shows the message of the job it repeats, marker and all.
    Seen(
        "a retry of ours",
        [job(8, kind="RETRY", by=EARLIER)],
        Probable(job(8, kind="RETRY", by=EARLIER)),
        RETRY,
    ),
    # Our own clock would let the wrong job in: without the service's, the window is not asked.
    Seen(
        "no clock at the send",
        [job(8, at=GIVEN_UP + 999)],
        Probable(job(8, at=GIVEN_UP + 999)),
        replace(DOUBT, sent=None),
    ),
    Seen(
        "no clock at the end",
        [job(8, at=GIVEN_UP + 999)],
        Probable(job(8, at=GIVEN_UP + 999)),
        replace(DOUBT, given_up=None),
    ),
    # Several are a conflict, told in the order of their numbers.
    Seen("several fit", [job(10), job(8), job(9)], Conflict((job(8), job(9), job(10)))),
    # Where the lane keeps markers, a job that shows its message without ours is not ours.
    Seen("unmarked where markers are kept", [job(8)], UNMARKED, KEPT),
    Seen("unmarked, kept, unfenced", [job(8)], UNMARKED, replace(KEPT, fence=None)),
    Seen("kept, but the list shows no messages", [silent(8)], Probable(silent(8)), KEPT),
    Seen("kept, no messages, unfenced", [silent(8)], UNFENCED, replace(KEPT, fence=None)),
    # Without a fence, and without the certainty of markers, nothing tells new jobs from old ones.
    Seen("unfenced", [job(8)], UNFENCED, BLIND),
    Seen("unfenced and nothing there", [], UNFENCED, BLIND),
]


@pytest.mark.parametrize("seen", SPECIFICATION, ids=lambda seen: seen.rule)
def test_a_start_in_doubt_is_found_by_these_rules(seen: Seen) -> None:
    assert find(seen.doubt, seen.jobs, seen.owners, seen.recorded) == seen.finding


@pytest.mark.parametrize(
    "known",
    [
        DOUBT,
        Exact(job(8)),
        Refused(Kind.BUSY, "the branch was busy"),
        Probable(job(8)),
        Conflict((job(8), job(9))),
        UNTOUCHED,
        Failure(stage=Stage.SENT, operation="StartJob"),
        Sought(AttemptRecord(intent=OURS, sent_at=SENT, fence=7, server_at=SENT), SENT, GIVEN_UP),
        Unresolved("no new RELEASE job appeared after job 7", None),
    ],
    ids=lambda known: type(known).__name__,
)
def test_what_is_known_and_what_is_found_cannot_be_changed_later(known: Any) -> None:
    """Nor can anything be added to it under a misspelt name."""
    for field in fields(known):
        with pytest.raises(FrozenInstanceError):
            setattr(known, field.name, None)
    assert not hasattr(known, "__dict__")


def test_what_is_alike_in_kind_is_told_apart_by_name() -> None:
    """When a start was sent and when it was given up, or its code and its message, cannot be mixed up."""
    with pytest.raises(TypeError):
        Doubt(OURS, "RELEASE", 7, SENT, GIVEN_UP, kept=False)  # type: ignore[call-arg]  # that is the point
    with pytest.raises(TypeError):
        Failure(Stage.ANSWERED, "StartJob", "BadRequestException", 400)  # type: ignore[call-arg]  # as above


# The job of an earlier attempt


def test_an_earlier_attempts_job_is_the_lowest_numbered_with_one_of_its_markers() -> None:
    jobs = [job(10, by=OURS), job(9, by=EARLIER), job(8, by=OTHERS), job(7)]
    assert own_job([OURS, EARLIER], jobs) == (EARLIER, jobs[1])


@pytest.mark.parametrize(
    ("intents", "jobs"),
    [
        ([], [job(8, by=OURS)]),
        ([OURS], []),
        ([OURS], [job(8), job(9, by=OTHERS)]),
        ([OURS], [job(8, kind="RETRY", by=OURS)]),
    ],
)
def test_a_job_without_our_marker_is_not_our_own(intents: list[str], jobs: list[Job]) -> None:
    assert own_job(intents, jobs) is None
