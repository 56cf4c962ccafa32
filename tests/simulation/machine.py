"""Anything may happen next: a state machine over the real engine, its service, its journal and its clocks."""

from __future__ import annotations

import gc
from typing import Any

import anyio
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from scheduler.model import JobType, OnBusy, StopCause
from scheduler.plan.scenario import FaultKind, Operation, Scenario

from .life import Point
from .push import push
from .stage import Stage
from .world import target

SETTLE = 120.0  #: seconds; above the latest commit and the longest lag together
LATEST_COMMIT, LONGEST_LAG = 40.0, 30.0
BUSY = "The requested branch main already have pending or running jobs"

RETRIED = "d02"
APPS: dict[str, Any] = {
    "d00": {},
    "d01": {"on_busy": OnBusy.SUPERSEDE},
    RETRIED: {"job_type": JobType.RETRY, "job_id": "1"},
    "d03": {"job_type": JobType.WEB_HOOK, "on_busy": OnBusy.ATTACH},
}
#: What may become of one request, as the emulator names it: before and after it took effect.
LOST_BEFORE = (FaultKind.RESET_BEFORE, FaultKind.HANG_BEFORE, FaultKind.ERROR_BEFORE)
LOST_AFTER = (FaultKind.RESET_AFTER, FaultKind.HANG_AFTER, FaultKind.ERROR_AFTER, FaultKind.EMPTY)
DEFINITE = (FaultKind.THROTTLE, FaultKind.EXPIRED_TOKEN)

apps = st.sampled_from(sorted(APPS))
seconds = st.sampled_from([0.01, 0.1, 0.5, 2.0, 10.0, 45.0, 150.0])
signals = st.sampled_from([StopCause.SIGINT, StopCause.SIGTERM])
services = st.fixed_dictionaries(
    {
        "slots": st.sampled_from([1, 2, 10]),
        "mode": st.sampled_from(["queue", "refuse"]),
        "list_lag": st.sampled_from([(0.0, 0.0), (0.0, LONGEST_LAG)]),
        "clock_skew": st.sampled_from([-600.0, 0.0, 600.0]),
        "build_time": st.sampled_from([1.0, 15.0, 90.0]),
        "latency": st.sampled_from([0.0, 0.3]),
        "failure_rate": st.sampled_from([0.0, 0.3]),
        "trail_lag": st.just((0.0, 840.0)),
    }
)


class Releasing(RuleBasedStateMachine):
    """A handful of targets. Every rule is a thing that happens; time passes in rules of its own."""

    #: Whether the service keeps the marker.
    echo = True

    stage: Stage | None = None
    lag = 0.0

    @initialize(
        service=services, disk=st.sampled_from([0.0, 0.05]), cloudtrail=st.sampled_from([False, False, True])
    )
    def set_up(self, *, service: dict[str, Any], disk: float, cloudtrail: bool) -> None:
        gc.disable()
        scenario = Scenario.model_validate(service | {"marker_echo": self.echo})
        targets = [target(app, queue_timeout=600.0, **fields) for app, fields in APPS.items()]
        self.lag = scenario.list_lag[1]
        self.stage = Stage(scenario, targets, disk=disk, settle=SETTLE, cloudtrail=cloudtrail)

    @property
    def on(self) -> Stage:
        assert self.stage is not None
        return self.stage

    # The program

    @precondition(lambda self: not self.on.running and len(self.on.runs) < 3)
    @rule(follow=st.booleans())
    def a_run_is_started(self, *, follow: bool) -> None:
        self.on.do(self.on.start(follow=follow))

    @precondition(lambda self: not self.on.running and self.on.runs)
    @rule(which=st.integers(0, 2), restart=st.sampled_from([False, False, False, True]), follow=st.booleans())
    def a_run_is_resumed(self, *, which: int, restart: bool, follow: bool) -> None:
        run = self.on.runs[which % len(self.on.runs)]
        self.on.do(self.on.resume(run, follow=follow, restart=restart))

    @precondition(lambda self: self.on.running)
    @rule(cause=signals)
    def a_signal_comes(self, *, cause: StopCause) -> None:
        self.on.do(self.on.stop(cause))

    @precondition(lambda self: self.on.running)
    @rule(point=st.sampled_from(Point), cause=signals)
    def a_signal_comes_at(self, *, point: Point, cause: StopCause) -> None:
        self.on.do(self.on.stop_at(point, cause, within=60))

    @precondition(lambda self: self.on.running)
    @rule()
    def it_is_killed(self) -> None:
        self.on.do(self.on.kill())

    @precondition(lambda self: self.on.running)
    @rule(point=st.sampled_from(Point), times=st.integers(1, 3), wait=seconds)
    def it_is_killed_at(self, *, point: Point, times: int, wait: float) -> None:
        self.on.do(self.on.kill_at(point, times, within=wait))

    # The world around it

    @rule(wait=seconds)
    def time_passes(self, *, wait: float) -> None:
        self.on.do(anyio.sleep(wait))

    @rule(app=apps, kind=st.sampled_from(LOST_BEFORE + DEFINITE))
    def the_next_request_will_come_to_nothing(self, *, app: str, kind: FaultKind) -> None:
        self.on.script.arm(Operation.START_JOB, app, kind)

    @rule(app=apps, kind=st.sampled_from(LOST_AFTER))
    def the_next_reply_will_be_lost(self, *, app: str, kind: FaultKind) -> None:
        self.on.script.arm(Operation.START_JOB, app, kind)

    @rule(app=apps, delay=st.sampled_from([1.0, 15.0, LATEST_COMMIT]))
    def the_next_request_will_take_effect_late(self, *, app: str, delay: float) -> None:
        self.on.script.arm(Operation.START_JOB, app, FaultKind.LATE, delay=delay)

    @precondition(lambda self: self.echo and not self.lag)
    @rule(app=apps.filter(lambda app: app != RETRIED), message=st.sampled_from(["Rate exceeded", BUSY]))
    def the_next_reply_will_be_a_lie(self, *, app: str, message: str) -> None:
        """A job is made, and the answer says that none was. Only a marker that is shown proves it wrong."""
        refusal = {"status": 429, "code": "LimitExceededException", "message": message}
        self.on.script.arm(Operation.START_JOB, app, FaultKind.ERROR_AFTER, **refusal)

    @rule(
        app=apps,
        operation=st.sampled_from([Operation.LIST_JOBS, Operation.GET_JOB]),
        kind=st.sampled_from(LOST_BEFORE + DEFINITE),
    )
    def the_next_read_will_fail(self, *, app: str, operation: Operation, kind: FaultKind) -> None:
        self.on.script.arm(operation, app, kind)

    @rule(place=st.integers(0, len(APPS) - 1))
    def somebody_pushes(self, *, place: int) -> None:
        async def pushed() -> None:
            push(self.on.machine, self.on.targets[place])

        self.on.do(pushed())

    @rule(jump=st.sampled_from([-3600.0, -60.0, 60.0, 3600.0]))
    def the_wall_clock_is_set(self, *, jump: float) -> None:
        self.on.set_clock(jump)

    @rule(slots=st.sampled_from([1, 2, 10]))
    def the_quota_changes(self, *, slots: int) -> None:
        self.on.resize(slots)

    @invariant()
    def nothing_is_violated(self) -> None:
        if self.stage is not None:
            self.stage.check()

    def teardown(self) -> None:
        if self.stage is not None:
            self.stage.close()
        gc.enable()
