"""Plain lines: what matters once, the rest not at all, and a heartbeat in between."""

from __future__ import annotations

import logging

import pytest

from scheduler.events import Event, JobChanged, LimitChanged, StartAnswered, TargetEnded, TargetParked
from scheduler.model import Job, LaneKey, Outcome, Result, Target
from scheduler.progress.plain import HEARTBEAT, QUIET, PlainLines, beat
from scheduler.progress.tally import Tally

TARGETS = {
    i: Target(
        account="shop", region=("eu-west-1", "us-east-1")[i // 4], app=f"d{i}", branch="main", name=f"d{i}"
    )
    for i in range(8)
}

Line = tuple[int, str, dict[str, object]]


class Lines:
    """A log that remembers."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    def log(self, level: int, event: str, /, **fields: object) -> None:
        self.lines.append((level, event, fields))

    def info(self, event: str, /, **fields: object) -> None:
        self.log(logging.INFO, event, **fields)

    def warning(self, event: str, /, **fields: object) -> None:
        self.log(logging.WARNING, event, **fields)

    def error(self, event: str, /, **fields: object) -> None:
        self.log(logging.ERROR, event, **fields)

    @property
    def sentences(self) -> list[object]:
        return [fields["sentence"] for _, _, fields in self.lines]


def throttled(position: int, at: float) -> Event:
    return StartAnswered(at=at, position=position, intent="I", result=Result.THROTTLED, error="slow down")


def throttled_line(position: int, more: str = "") -> str:
    return f"{TARGETS[position].lane}: start throttled; the lane slows down{more}"


def tell(*events: Event, every: bool = False) -> Lines:
    log = Lines()
    lines = PlainLines(log, TARGETS, "01A", every=every)
    for event in events:
        lines(event)
    return log


def test_a_sentence_has_the_events_time_level_and_name() -> None:
    log = tell(TargetEnded(at=7.0, position=0, outcome=Outcome.FAILED, reason="broken"))
    assert log.lines == [
        (
            logging.ERROR,
            "target.ended",
            {"at": 7.0, "sentence": "shop/eu-west-1/d0/main failed: broken"},
        )
    ]


def test_what_goes_as_it_should_is_not_said() -> None:
    assert tell(JobChanged(at=7.0, position=0, job=Job(jobId="1", status="RUNNING"))).lines == []


def test_the_json_log_has_every_event_with_all_its_fields() -> None:
    log = tell(
        JobChanged(at=7.0, position=0, job=Job(jobId="1", status="RUNNING")),
        TargetParked(at=8.0, position=0, reason="busy"),
        every=True,
    )
    at = {"target": "shop/eu-west-1/d0/main", "name": "d0"}
    assert log.lines == [
        (logging.INFO, "job.changed", {"at": 7.0, **at, "job": "1", "status": "RUNNING"}),
        (
            logging.INFO,
            "target.parked",
            {"at": 8.0, "sentence": "shop/eu-west-1/d0/main waits: busy", **at, "reason": "busy"},
        ),
    ]


def test_a_lane_says_the_same_kind_of_thing_once_and_how_often_it_was() -> None:
    first, later = 100.0, 100.0 + QUIET
    log = tell(
        *(throttled(position, first + position / 10) for position in range(4)),
        throttled(0, later),
        throttled(1, later + QUIET),
    )
    assert log.sentences == [
        throttled_line(0),
        throttled_line(0, " (and 3 more like it before)"),
        throttled_line(1),
    ]


def test_a_target_that_is_looked_at_again_and_again_says_once_what_it_waits_for() -> None:
    parks = [
        (0.0, "job 1 holds the branch"),
        (QUIET, "job 1 holds the branch"),
        (60.0, "job 2 holds the branch"),
    ]
    log = tell(*(TargetParked(at=100 + at, position=0, reason=reason) for at, reason in parks))
    key = TARGETS[0].key
    assert log.sentences == [f"{key} waits: job 1 holds the branch", f"{key} waits: job 2 holds the branch"]


def test_a_refusal_that_changed_the_limit_is_said_by_the_limit_alone() -> None:
    lane = LaneKey("shop", "eu-west-1")
    changed = LimitChanged(at=100.0, lane=lane, pace=1.0, window=None, reason="refused")
    log = tell(changed, throttled(0, 100.0), throttled(4, 100.0), throttled(1, 100.0 + QUIET))
    assert log.sentences == ["shop/eu-west-1: refused (1.0 starts/s)", throttled_line(4), throttled_line(1)]


def test_another_lane_and_another_kind_are_heard_at_the_same_time() -> None:
    log = tell(
        throttled(0, 100.0),
        throttled(4, 100.0),
        TargetParked(at=100.0, position=0, reason="busy"),
        LimitChanged(at=100.0, lane=LaneKey("shop", "eu-west-1"), pace=1.0, window=2, reason="cut"),
        throttled(1, 100.0),
    )
    assert [name for _, name, _ in log.lines] == [
        "start.answered",
        "start.answered",
        "target.parked",
        "limit.changed",
    ]


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.UNRESOLVED, Outcome.SKIPPED])
def test_how_a_target_ended_is_never_left_out(outcome: Outcome) -> None:
    log = tell(*(TargetEnded(at=1.0, position=p, outcome=outcome, reason="r") for p in range(8)))
    assert len(log.lines) == 8


def test_a_start_in_doubt_is_never_left_out() -> None:
    doubts = [
        StartAnswered(at=1.0, position=p, intent="I", result=Result.AMBIGUOUS, error="e") for p in range(8)
    ]
    assert len(tell(*doubts).lines) == 8


class Enough(Exception):
    """The heart has beaten often enough for a test."""


@pytest.mark.parametrize(
    ("every", "fields"),
    [
        (False, {}),
        (
            True,
            {
                "targets": 8,
                "ended": 0,
                "waiting": 8,
                **dict.fromkeys(("parked", "starting", "in_doubt", "pending", "running"), 0),
                **{outcome.value: 0 for outcome in Outcome},
            },
        ),
    ],
)
async def test_the_heart_beats_every_half_minute(every: bool, fields: dict[str, object]) -> None:
    log = Lines()
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        if len(slept) == 2:
            raise Enough
        slept.append(seconds)

    with pytest.raises(Enough):
        await beat(log, Tally(TARGETS), every=every, clock=lambda: 5.0, sleep=sleep)
    assert slept == [HEARTBEAT, HEARTBEAT]
    line = (logging.INFO, "run.progressed", {"at": 5.0, "sentence": "0 of 8 ended, 8 waiting", **fields})
    assert log.lines == [line, line]
