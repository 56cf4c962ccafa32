"""Which job a start in doubt has made: exact, probable, a conflict, or none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from scheduler.engine.evidence import (
    EARLY,
    LATE,
    Absent,
    Conflict,
    Doubt,
    Exact,
    Finding,
    Probable,
    find,
    mark,
    marked,
    own_job,
)
from scheduler.model import Job

OURS = "01JDHQ6X1V0W8R3K5M7N9P2T4A"
EARLIER = "01JDHQ6X1V0W8R3K5M7N9P2T4B"
OTHERS = "01JDHQ6X1V0W8R3K5M7N9P2T4C"

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


# An exact job


def test_the_job_with_the_marker_is_exact_whatever_else_speaks_against_it() -> None:
    """It is below the fence, of another type, outside of the window, and said to be another intent's."""
    marked_job = job(3, at=SENT - 9_999, kind="MANUAL", by=OURS)
    assert find(DOUBT, [job(8), marked_job], {"3": OTHERS}) == Exact(marked_job)


def test_the_lowest_numbered_job_with_the_marker_is_the_one_that_was_started() -> None:
    """Later ones are rebuilds, which take the message over. Job 10 comes after 9, though not as text."""
    jobs = [job(10, by=OURS), job(9, by=OURS), job(11, by=OURS)]
    assert find(DOUBT, jobs, {}) == Exact(jobs[1])


# A probable job


@pytest.mark.parametrize(
    "fitting",
    [
        pytest.param(job(8), id="above the fence, of the type, in the window"),
        pytest.param(job(8, kind=None), id="its type is not shown"),
        pytest.param(job(8, at=None), id="its time is not shown"),
        pytest.param(job(8, at=SENT - EARLY), id="at the beginning of the window"),
        pytest.param(job(8, at=GIVEN_UP + LATE), id="at the end of the window"),
        pytest.param(replace(job(8), commitMessage=None), id="its message is not shown"),
        pytest.param(job(123_456_789_012), id="far above the fence"),
    ],
)
def test_the_only_job_that_fits_is_probable(fitting: Job) -> None:
    assert find(DOUBT, [job(7), fitting], {}) == Probable(fitting)


@pytest.mark.parametrize(
    ("other", "owners"),
    [
        pytest.param(job(7), {}, id="it is the fence"),
        pytest.param(job(6), {}, id="below the fence"),
        pytest.param(job(8, kind="WEB_HOOK"), {}, id="of another type"),
        pytest.param(job(8, at=SENT - EARLY - 1), {}, id="before the window"),
        pytest.param(job(8, at=GIVEN_UP + LATE + 1), {}, id="after the window"),
        pytest.param(job(8), {"8": OTHERS}, id="known to be another intent's"),
        pytest.param(job(8, by=OTHERS), {}, id="with another intent's marker"),
    ],
)
def test_a_job_that_cannot_be_ours_is_not_taken(other: Job, owners: dict[str, str]) -> None:
    assert find(DOUBT, [other], owners) == Absent("no new RELEASE job appeared after job 7")
    # Nor does it stand in the way of the one that can be.
    assert find(DOUBT, [other, job(9)], owners) == Probable(job(9))


def test_a_job_known_to_be_this_very_intents_is_not_taken_for_anothers() -> None:
    assert find(DOUBT, [job(8)], {"8": OURS}) == Probable(job(8))


@pytest.mark.parametrize("unknown", ["sent", "given_up"])
def test_without_the_services_clock_the_window_is_not_asked(unknown: str) -> None:
    """Our own clock may be minutes off and would let the wrong job in, or keep the right one out."""
    doubt = replace(DOUBT, **{unknown: None})  # type: ignore[arg-type]  # either is a time or unknown
    late = job(8, at=GIVEN_UP + 9_999)
    assert find(doubt, [late], {}) == Probable(late)


def test_a_branch_without_any_job_before_has_a_fence_too() -> None:
    assert find(replace(DOUBT, fence=0), [job(1)], {}) == Probable(job(1))


# A conflict, and nothing at all


def test_several_jobs_that_fit_are_a_conflict_told_in_the_order_of_their_numbers() -> None:
    jobs = [job(10), job(8), job(9)]
    assert find(DOUBT, jobs, {}) == Conflict((job(8), job(9), job(10)))


@pytest.mark.parametrize(
    ("doubt", "expected"),
    [
        (DOUBT, Absent("no new RELEASE job appeared after job 7")),
        (
            replace(DOUBT, kept=True),
            Absent("no job carries its marker, and this lane keeps markers"),
        ),
        (
            replace(DOUBT, fence=None),
            Absent("no job carries its marker, and the branch was not looked at before the send"),
        ),
    ],
)
def test_absence_says_how_it_is_known(doubt: Doubt, expected: Finding) -> None:
    assert find(doubt, [], {}) == expected


@pytest.mark.parametrize("doubt", [replace(DOUBT, kept=True), replace(DOUBT, fence=None)])
def test_circumstance_counts_only_with_a_fence_and_where_markers_get_lost(doubt: Doubt) -> None:
    assert isinstance(find(doubt, [job(8)], {}), Absent)


# The job of an earlier attempt


def test_an_earlier_attempts_job_is_the_lowest_numbered_with_one_of_its_markers() -> None:
    jobs = [job(10, by=OURS), job(9, by=EARLIER), job(8, by=OTHERS), job(7)]
    assert own_job([OURS, EARLIER], jobs) == (EARLIER, jobs[1])


@pytest.mark.parametrize(
    ("intents", "jobs"),
    [([], [job(8, by=OURS)]), ([OURS], []), ([OURS], [job(8), job(9, by=OTHERS)])],
)
def test_a_job_without_our_marker_is_not_our_own(intents: list[str], jobs: list[Job]) -> None:
    assert own_job(intents, jobs) is None
