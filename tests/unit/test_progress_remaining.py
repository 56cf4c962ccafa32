"""The estimate comes from the run's own jobs, and stays silent until they say something."""

from __future__ import annotations

import pytest

from scheduler.events import Event, LimitChanged, RunStarted, StartAnswered, TargetEnded
from scheduler.model import FrozenPlan, Job, LaneKey, Outcome, Result, Target
from scheduler.progress.remaining import remaining
from scheduler.progress.tally import Tally


def run(*sizes: int) -> Tally:
    """A tally of one lane a size."""
    targets = [
        Target(account="shop", region=f"r{lane}", app=f"d{i}", branch="main", name="web")
        for lane, size in enumerate(sizes)
        for i in range(size)
    ]
    return Tally(dict(enumerate(targets)))


def started(position: int, at: float) -> Event:
    job = Job(jobId="1", status="RUNNING")
    return StartAnswered(at=at, position=position, intent="I", result=Result.STARTED, job=job)


def ended(position: int, at: float, outcome: Outcome = Outcome.SUCCEEDED) -> Event:
    return TargetEnded(at=at, position=position, outcome=outcome, reason="")


def test_nothing_is_guessed_before_a_job_has_ended() -> None:
    tally = run(4)
    tally.apply(started(0, at=0))
    assert remaining(tally, 50) is None


def test_a_run_that_has_ended_takes_no_more_time() -> None:
    tally = run(1)
    tally.apply(ended(0, at=5, outcome=Outcome.SKIPPED))
    assert remaining(tally, 50) == 0.0


def test_what_waits_is_shared_among_the_slots() -> None:
    """Two of twelve jobs took 100 s; two run since 20 s; eight wait: 8 * 100 + 2 * 80 over two slots."""
    tally = run(12)
    for position in (0, 1):
        tally.apply(started(position, at=0))
        tally.apply(ended(position, at=100))
    for position in (2, 3):
        tally.apply(started(position, at=100))
    assert remaining(tally, 120) == pytest.approx((8 * 100 + 2 * 80) / 2)


def test_a_window_that_is_not_full_yet_counts_as_slots() -> None:
    tally = run(12)
    tally.apply(started(0, at=0))
    tally.apply(ended(0, at=100))
    tally.apply(LimitChanged(at=100, lane=LaneKey("shop", "r0"), pace=1.0, window=5, reason=""))
    assert remaining(tally, 100) == pytest.approx(11 * 100 / 5)


def test_the_last_job_takes_its_whole_time_however_many_slots_there_are() -> None:
    tally = run(3)
    tally.apply(started(0, at=0))
    tally.apply(ended(0, at=100))
    tally.apply(started(1, at=100))
    tally.apply(LimitChanged(at=100, lane=LaneKey("shop", "r0"), pace=1.0, window=50, reason=""))
    assert remaining(tally, 190) == pytest.approx(100)
    tally.apply(started(2, at=190))
    assert remaining(tally, 200) == pytest.approx(90)


def test_a_job_that_overstays_does_not_make_the_estimate_negative() -> None:
    tally = run(2)
    for position in (0, 1):
        tally.apply(started(position, at=0))
    tally.apply(ended(0, at=100))
    assert remaining(tally, 900) == 0.0


def test_the_slowest_lane_decides_and_a_new_lane_borrows_the_usual_duration() -> None:
    tally = run(2, 6)
    tally.apply(started(0, at=0))
    tally.apply(ended(0, at=100))
    assert remaining(tally, 100) == pytest.approx(6 * 100)


def test_a_run_that_does_not_follow_ends_with_its_last_start() -> None:
    tally = run(41)
    plan = FrozenPlan(name="p", path="", digest="")
    assert tally.follow
    tally.apply(RunStarted(at=0, plan=plan, endpoint="", version="", follow=False))
    assert remaining(tally, 0) is None
    for position in range(21):
        tally.apply(started(position, at=float(position)))
        tally.apply(ended(position, at=float(position), outcome=Outcome.STARTED))
    assert remaining(tally, 20) == pytest.approx(20, rel=0.1)
