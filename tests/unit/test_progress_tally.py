"""The tally follows every target through its phases and never loses or doubles one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.events import (
    Event,
    JobAdopted,
    JobChanged,
    LimitChanged,
    RunEnded,
    StartAnswered,
    StartIntended,
    TargetEnded,
    TargetParked,
)
from scheduler.journal.port import AttemptRecord, TargetRecord
from scheduler.model import Evidence, Job, LaneKey, Outcome, Result, Target
from scheduler.progress.tally import Failure, Phase, State, Tally

TARGETS = tuple(
    Target(
        account="shop", region=("eu-west-1", "us-east-1")[i % 2], app=f"d{i}", branch="main", name=f"web{i}"
    )
    for i in range(4)
)
WEST, EAST = LaneKey("shop", "eu-west-1"), LaneKey("shop", "us-east-1")


def intended(position: int, at: float = 0.0) -> Event:
    return StartIntended(at=at, position=position, intent="I", fence=None, server_at=None)


def answered(position: int, result: Result, at: float = 0.0, status: str = "PENDING") -> Event:
    job = Job(jobId="1", status=status) if result is Result.STARTED else None
    return StartAnswered(at=at, position=position, intent="I", result=result, job=job)


def changed(position: int, status: str, at: float = 0.0) -> Event:
    return JobChanged(at=at, position=position, job=Job(jobId="1", status=status))


def ended(position: int, outcome: Outcome, at: float = 0.0) -> Event:
    return TargetEnded(at=at, position=position, outcome=outcome, reason="because")


def adopted(position: int, at: float = 0.0) -> Event:
    job = Job(jobId="1", status="RUNNING", startTime=datetime.fromtimestamp(50, UTC))
    return JobAdopted(
        at=at, position=position, intent="I", evidence=Evidence.ADOPTED_EXACT, job=job, reason="r"
    )


def parked(position: int) -> Event:
    return TargetParked(at=0.0, position=position, reason="busy")


def tally(*events: Event) -> Tally:
    result = Tally(dict(enumerate(TARGETS)))
    for event in events:
        result.apply(event)
    return result


def standing(result: Tally) -> dict[State, int]:
    return {state: count for state, count in result.counts.items() if count}


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([], Phase.WAITING),
        ([parked(0)], Phase.PARKED),
        ([intended(0)], Phase.STARTING),
        ([intended(0), answered(0, Result.STARTED)], Phase.PENDING),
        ([intended(0), answered(0, Result.STARTED, status="RUNNING")], Phase.RUNNING),
        ([intended(0), answered(0, Result.STARTED), changed(0, "PROVISIONING")], Phase.RUNNING),
        ([intended(0), answered(0, Result.STARTED), changed(0, "A_NEW_STATUS")], Phase.RUNNING),
        ([intended(0), answered(0, Result.THROTTLED)], Phase.WAITING),
        ([intended(0), answered(0, Result.NOT_SENT)], Phase.WAITING),
        ([intended(0), answered(0, Result.BUSY), parked(0)], Phase.PARKED),
        ([intended(0), answered(0, Result.AMBIGUOUS)], Phase.IN_DOUBT),
        ([intended(0), answered(0, Result.AMBIGUOUS), parked(0)], Phase.IN_DOUBT),
        ([intended(0), answered(0, Result.AMBIGUOUS), adopted(0)], Phase.RUNNING),
        ([intended(0), answered(0, Result.STARTED), ended(0, Outcome.SUCCEEDED)], Outcome.SUCCEEDED),
        ([adopted(0), ended(0, Outcome.TIMED_OUT), changed(0, "CANCELLED")], Outcome.TIMED_OUT),
        ([ended(0, Outcome.UNRESOLVED)], Outcome.UNRESOLVED),
    ],
)
def test_a_target_stands_where_its_last_event_left_it(events: list[Event], state: State) -> None:
    expected = {Phase.WAITING: 3, state: 1} if state is not Phase.WAITING else {Phase.WAITING: 4}
    assert standing(tally(*events)) == expected


ANY_EVENT = st.builds(
    lambda make, position: make(position),
    st.sampled_from(
        [
            intended,
            parked,
            adopted,
            *(lambda p, r=result: answered(p, r) for result in Result),
            *(lambda p, s=status: changed(p, s) for status in ("PENDING", "RUNNING", "SUCCEED")),
            *(lambda p, o=outcome: ended(p, o) for outcome in Outcome),
        ]
    ),
    st.integers(0, 3),
)


@settings(deadline=None)  # a busy machine is no fault of the tally
@given(st.lists(ANY_EVENT, max_size=40))
def test_whatever_happens_every_target_is_counted_once(events: list[Event]) -> None:
    result = tally(*events)
    assert sum(result.counts.values()) == 4
    assert min(result.counts.values()) == 0
    waiting = result.counts[Phase.WAITING] + result.counts[Phase.PARKED]
    assert sum(lane.waiting for lane in result.lanes.values()) == waiting
    assert all(lane.jobs >= 0 for lane in result.lanes.values())
    assert all(abs(lane.begun) < 1e-6 for lane in result.lanes.values() if not lane.jobs)


def test_a_lane_learns_how_long_its_jobs_take() -> None:
    result = tally(
        answered(0, Result.STARTED, at=100),
        answered(2, Result.STARTED, at=110),
        answered(1, Result.STARTED, at=120),
        ended(0, Outcome.SUCCEEDED, at=160),
        ended(2, Outcome.FAILED, at=150),
    )
    west, east = result.lanes[WEST], result.lanes[EAST]
    assert (west.ended, west.seconds, west.jobs, west.waiting) == (2, 100.0, 0, 0)
    assert (east.ended, east.seconds, east.jobs, east.waiting, east.newest) == (0, 0.0, 1, 1, 120.0)


def test_a_target_that_was_cut_or_never_ran_teaches_nothing_about_durations() -> None:
    result = tally(
        answered(0, Result.STARTED, at=100), ended(0, Outcome.TIMED_OUT, at=900), ended(2, Outcome.SKIPPED)
    )
    assert result.lanes[WEST].ended == 0


def test_a_lane_tells_why_its_limit_last_moved() -> None:
    result = tally(
        LimitChanged(at=0, lane=WEST, pace=5.0, window=None, reason="first"),
        LimitChanged(at=1, lane=WEST, pace=2.5, window=4, reason="refused"),
    )
    lane = result.lanes[WEST]
    assert (lane.pace, lane.window, lane.reason) == (2.5, 4, "refused")
    assert result.lanes[EAST].reason == ""


def test_the_slowest_jobs_come_first_with_their_seconds() -> None:
    result = tally(
        answered(0, Result.STARTED, at=100),
        adopted(1, at=300),
        answered(2, Result.STARTED, at=90, status="RUNNING"),
        answered(3, Result.STARTED, at=80),
        ended(3, Outcome.SUCCEEDED, at=200),
    )
    assert result.slowest(2, now=310) == [(1, Phase.RUNNING, 260.0), (2, Phase.RUNNING, 220.0)]


def test_the_last_failures_are_kept_with_their_reasons() -> None:
    result = tally(
        ended(0, Outcome.FAILED),
        ended(1, Outcome.SKIPPED),
        ended(2, Outcome.REJECTED),
        ended(3, Outcome.SUCCEEDED),
    )
    assert list(result.failures) == [
        Failure(0, Outcome.FAILED, "because"),
        Failure(2, Outcome.REJECTED, "because"),
    ]
    assert (result.ended, result.failed) == (4, 2)


def test_a_steady_rate_of_starts_is_seen_at_once_and_fades() -> None:
    result = Tally(dict(enumerate(TARGETS)))
    assert result.rate(0.0) == 0.0
    for second in range(600):
        result.apply(answered(0, Result.STARTED, at=float(second)))
        if second == 20:
            assert result.rate(20.0) == pytest.approx(1.0, rel=0.1)
    assert result.rate(600.0) == pytest.approx(1.0, rel=0.05)
    assert result.rate(900.0) < 0.02


def test_a_resumed_run_begins_where_the_journal_stands() -> None:
    sent = AttemptRecord(
        intent="I", sent_at=70.0, fence=None, server_at=None, result=Result.STARTED, job_id="1"
    )
    lost = AttemptRecord(intent="I", sent_at=80.0, fence=None, server_at=None)
    result = Tally(dict(enumerate(TARGETS)))
    result.restore(
        [
            TargetRecord(position=0, target=TARGETS[0], outcome=Outcome.FAILED, reason="before"),
            TargetRecord(
                position=1, target=TARGETS[1], job=Job(jobId="1", status="RUNNING"), attempts=(sent,)
            ),
            TargetRecord(position=2, target=TARGETS[2], attempts=(lost,)),
            TargetRecord(position=3, target=TARGETS[3]),
        ],
        at=100.0,
    )
    assert standing(result) == {Outcome.FAILED: 1, Phase.RUNNING: 1, Phase.IN_DOUBT: 1, Phase.WAITING: 1}
    assert result.slowest(5, now=100.0) == [(1, Phase.RUNNING, 30.0)]


def test_a_job_of_unknown_age_began_when_the_run_was_resumed() -> None:
    result = Tally({7: TARGETS[0]})
    result.restore(
        [TargetRecord(position=7, target=TARGETS[0], job=Job(jobId="1", status="PENDING"))], at=100.0
    )
    assert result.slowest(5, now=130.0) == [(7, Phase.PENDING, 30.0)]


def test_an_event_about_no_target_moves_nothing() -> None:
    assert standing(tally(RunEnded(at=1.0))) == {Phase.WAITING: 4}
