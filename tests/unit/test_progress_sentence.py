"""Every event has its line for machines; the ones that matter have a sentence for people."""

from __future__ import annotations

import logging
import re
from typing import get_args

import pytest

from scheduler.events import (
    Event,
    IntentAbandoned,
    JobAdopted,
    JobChanged,
    LaneHeld,
    LaneMeasured,
    LaneStopped,
    LimitChanged,
    LimitsLearned,
    MarkerObserved,
    RunEnded,
    RunStarted,
    RunStopping,
    StartAnswered,
    StartIntended,
    TargetEnded,
    TargetParked,
)
from scheduler.model import Evidence, FrozenPlan, Hold, Job, LaneKey, Outcome, Result, StopCause, Target
from scheduler.progress.fields import Fields, level, log_fields
from scheduler.progress.sentence import about, sentence, standing
from scheduler.progress.tally import Tally

TARGETS = {
    0: Target(account="shop", region="eu-west-1", app="d2p7", branch="main", name="web"),
    1: Target(account="docs", region="eu-west-1", app="d3f8", branch="main", name="d3f8"),
}
WEB = "web (shop/eu-west-1/d2p7/main)"
AT_WEB = {"target": "shop/eu-west-1/d2p7/main", "name": "web"}
SHOP = LaneKey("shop", "eu-west-1")
PLAN = FrozenPlan(name="nightly", path="plan.yaml", digest="sha256:1")
JOB = Job(jobId="17", status="RUNNING")


def answered(result: Result, *, job: Job | None = None, error: str | None = None) -> StartAnswered:
    return StartAnswered(at=1, position=0, intent="I", result=result, job=job, error=error)


def started(*, resumed: bool = False) -> RunStarted:
    return RunStarted(
        at=1, plan=PLAN, endpoint="http://127.0.0.1:9", version="1.0", follow=True, resumed=resumed
    )


def stopping(cause: StopCause, reason: str) -> RunStopping:
    return RunStopping(at=1, cause=cause, reason=reason)


INFO, WARNING, ERROR = logging.INFO, logging.WARNING, logging.ERROR
STARTED: Fields = {
    "plan": "nightly",
    "digest": "sha256:1",
    "targets": 2,
    "endpoint": "http://127.0.0.1:9",
    "version": "1.0",
    "follow": True,
}
ANSWERED: Fields = {**AT_WEB, "intent": "I"}
RESUME = "`amplify-release resume 01A --fleet` goes on from here"

EVENTS: list[tuple[Event, str | None, int, Fields]] = [
    (
        started(),
        "releasing nightly: 2 targets in 2 lanes at http://127.0.0.1:9",
        INFO,
        {**STARTED, "resumed": False},
    ),
    (
        started(resumed=True),
        "resuming nightly: 2 targets in 2 lanes at http://127.0.0.1:9",
        INFO,
        {**STARTED, "resumed": True},
    ),
    (
        StartIntended(at=1, position=0, intent="I", fence=16, server_at=None),
        None,
        INFO,
        {**ANSWERED, "fence": 16},
    ),
    (
        answered(Result.STARTED, job=JOB),
        None,
        INFO,
        {**ANSWERED, "result": "started", "job": "17", "status": "RUNNING"},
    ),
    (answered(Result.BUSY, error="e"), None, INFO, {**ANSWERED, "result": "busy", "error": "e"}),
    (answered(Result.REJECTED, error="e"), None, INFO, {**ANSWERED, "result": "rejected", "error": "e"}),
    (
        answered(Result.THROTTLED, error="Rate exceeded"),
        "shop/eu-west-1: start throttled; the lane slows down",
        WARNING,
        {**ANSWERED, "result": "throttled", "error": "Rate exceeded"},
    ),
    (
        answered(Result.NOT_SENT),
        f"{WEB}: its start was not sent: no reason was given",
        WARNING,
        {**ANSWERED, "result": "not_sent"},
    ),
    (
        answered(Result.AMBIGUOUS, error="connection reset"),
        f"{WEB}: its start is in doubt and not sent again: connection reset",
        WARNING,
        {**ANSWERED, "result": "ambiguous", "error": "connection reset"},
    ),
    (
        JobAdopted(
            at=1, position=0, intent="I", evidence=Evidence.ADOPTED_EXACT, job=JOB, reason="it has the marker"
        ),
        f"{WEB} adopted job 17: it has the marker",
        INFO,
        {
            **ANSWERED,
            "evidence": "adopted_exact",
            "job": "17",
            "status": "RUNNING",
            "reason": "it has the marker",
        },
    ),
    (
        JobAdopted(at=1, position=0, intent=None, evidence=Evidence.ATTACHED, job=JOB, reason="it was there"),
        f"{WEB} follows job 17: it was there",
        INFO,
        {
            **AT_WEB,
            "intent": None,
            "evidence": "attached",
            "job": "17",
            "status": "RUNNING",
            "reason": "it was there",
        },
    ),
    (JobChanged(at=1, position=0, job=JOB), None, INFO, {**AT_WEB, "job": "17", "status": "RUNNING"}),
    (
        TargetParked(at=1, position=1, reason="waiting for job 3 on the branch"),
        "docs/eu-west-1/d3f8/main waits: waiting for job 3 on the branch",
        INFO,
        {"target": "docs/eu-west-1/d3f8/main", "name": "d3f8", "reason": "waiting for job 3 on the branch"},
    ),
    (
        TargetEnded(at=1, position=0, outcome=Outcome.SUCCEEDED, reason=""),
        None,
        INFO,
        {**AT_WEB, "outcome": "succeeded", "reason": ""},
    ),
    (
        TargetEnded(at=1, position=0, outcome=Outcome.TIMED_OUT, reason="45 min are over"),
        f"{WEB} timed out: 45 min are over",
        ERROR,
        {**AT_WEB, "outcome": "timed_out", "reason": "45 min are over"},
    ),
    (
        TargetEnded(at=1, position=0, outcome=Outcome.SKIPPED, reason="busy"),
        f"{WEB} skipped: busy",
        INFO,
        {**AT_WEB, "outcome": "skipped", "reason": "busy"},
    ),
    (
        TargetEnded(at=1, position=0, outcome=Outcome.NOT_STARTED, reason="stopped"),
        None,
        INFO,
        {**AT_WEB, "outcome": "not_started", "reason": "stopped"},
    ),
    (
        IntentAbandoned(at=1, position=0, intent="I"),
        f"{WEB} may be sent again, as a person decided",
        INFO,
        ANSWERED,
    ),
    (
        MarkerObserved(at=1, lane=SHOP, job_type="RELEASE", kept=True),
        None,
        INFO,
        {"lane": "shop/eu-west-1", "job_type": "RELEASE", "kept": True},
    ),
    (
        MarkerObserved(at=1, lane=SHOP, job_type="RELEASE", kept=False),
        "shop/eu-west-1: RELEASE jobs lose the marker; a start in doubt is told by time and place alone",
        INFO,
        {"lane": "shop/eu-west-1", "job_type": "RELEASE", "kept": False},
    ),
    (
        LimitChanged(at=1, lane=SHOP, pace=2.5, window=5, reason="refused with 5 jobs in flight"),
        "shop/eu-west-1: refused with 5 jobs in flight (at most 5 jobs in flight, 2.5 starts/s)",
        INFO,
        {"lane": "shop/eu-west-1", "pace": 2.5, "window": 5, "reason": "refused with 5 jobs in flight"},
    ),
    (
        LimitChanged(at=1, lane=SHOP, pace=2.5, window=None, reason="accepted again"),
        "shop/eu-west-1: accepted again (2.5 starts/s)",
        INFO,
        {"lane": "shop/eu-west-1", "pace": 2.5, "window": None, "reason": "accepted again"},
    ),
    (
        LimitsLearned(at=1, lane=SHOP, rate=2.5, slots=None, quota=5),
        None,
        INFO,
        {"lane": "shop/eu-west-1", "rate": 2.5, "slots": None, "quota": 5},
    ),
    (
        LaneHeld(at=1, lane=SHOP, kind=Hold.SLOTS, reason="all 5 slots are taken"),
        None,
        INFO,
        {"lane": "shop/eu-west-1", "kind": "slots", "reason": "all 5 slots are taken", "stalled": False},
    ),
    (
        LaneHeld(at=1, lane=SHOP, kind=None, reason="stalled: nothing moves", stalled=True),
        "shop/eu-west-1 stalled: nothing moves",
        WARNING,
        {"lane": "shop/eu-west-1", "kind": None, "reason": "stalled: nothing moves", "stalled": True},
    ),
    (
        LaneMeasured(at=1, lane=SHOP, start_calls=7, started=5, throttled=2, held={Hold.PACE: 1.5}),
        None,
        INFO,
        {
            "lane": "shop/eu-west-1",
            "start_calls": 7,
            "started": 5,
            "throttled": 2,
            "busy": 0,
            "read_calls": 0,
            "peak_in_flight": 0,
            "peak_pending": 0,
            "held": {"pace": 1.5},
        },
    ),
    (
        LaneStopped(at=1, lane=SHOP, reason="the token has expired", denied=True),
        "shop/eu-west-1 stopped, nothing more is started there: the token has expired",
        ERROR,
        {"lane": "shop/eu-west-1", "reason": "the token has expired", "denied": True},
    ),
    *(
        (
            stopping(cause, "why"),
            f"stopping: why; {consequence}; {RESUME}",
            WARNING,
            Fields({"cause": cause.value, "reason": "why"}),
        )
        for cause, consequence in {
            StopCause.SIGINT: "calls in flight come to their end, jobs in AWS go on",
            StopCause.SIGTERM: "calls in flight come to their end, jobs in AWS go on",
            StopCause.SIGHUP: "calls in flight come to their end, jobs in AWS go on",
            StopCause.DEADLINE: "nothing more is started or followed, jobs in AWS go on",
            StopCause.CANCEL: "nothing more is started or followed, jobs in AWS go on",
            StopCause.FAILURE_BUDGET: "nothing more is started, jobs in flight are followed",
            StopCause.INTERNAL: "nothing more is started, jobs in AWS go on",
        }.items()
    ),
    (RunEnded(at=1), None, INFO, {}),
]


@pytest.mark.parametrize(
    ("event", "expected", "weight", "fields"), EVENTS, ids=lambda value: type(value).__name__
)
def test_an_event_is_told_to_people_and_machines(
    event: Event, expected: str | None, weight: int, fields: Fields
) -> None:
    assert sentence(event, TARGETS, "01A --fleet") == expected
    assert level(event) == weight
    assert log_fields(event, TARGETS)[1] == fields


def test_the_table_above_is_exhaustive() -> None:
    assert {type(event) for event, *_ in EVENTS} == set(get_args(Event))
    assert {event.result for event, *_ in EVENTS if isinstance(event, StartAnswered)} == set(Result)
    assert {event.cause for event, *_ in EVENTS if isinstance(event, RunStopping)} == set(StopCause)


@pytest.mark.parametrize("event", [event for event, *_ in EVENTS], ids=lambda event: type(event).__name__)
def test_the_name_in_the_log_is_the_name_of_the_event(event: Event) -> None:
    words = re.findall("[A-Z][a-z]+", type(event).__name__)
    assert log_fields(event, TARGETS)[0] == ".".join(words).lower()


def test_the_heartbeat_says_where_the_run_stands() -> None:
    targets = [
        Target(account="shop", region="eu-west-1", app=f"d{i}", branch="main", name="web") for i in range(500)
    ]
    tally = Tally(dict(enumerate(targets)))
    for position in range(417):
        tally.apply(
            StartAnswered(
                at=1000.0,
                position=position,
                intent="I",
                result=Result.STARTED,
                job=Job(jobId="1", status="RUNNING" if position else "PENDING"),
            )
        )
    for position in range(5, 417):
        outcome = Outcome.SUCCEEDED if position > 8 else Outcome.FAILED
        tally.apply(TargetEnded(at=1050.0, position=position, outcome=outcome, reason=""))
    tally.apply(LimitChanged(at=1, lane=SHOP, pace=1.0, window=5, reason=""))
    assert standing(tally, 1050.0) == (
        "412 of 500 ended (4 failed), 4 running, 1 pending, 83 waiting; window 5; about 14 min left"
    )


def test_the_heartbeat_leaves_out_what_is_not_known() -> None:
    assert standing(Tally(TARGETS), 0.0) == "0 of 2 ended, 2 waiting"


def test_an_estimate_is_no_more_precise_than_it_is() -> None:
    assert (about(30), about(840)) == ("less than a minute", "about 14 min")
