"""Anything may happen next: a state machine over the real engine, its service, its journal and its clocks."""

from __future__ import annotations

import asyncio
import gc
from collections import defaultdict
from collections.abc import Coroutine
from typing import Any

import anyio
import anyio.lowlevel
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from scheduler.engine.run import Run
from scheduler.model import JobType, LaneKey, OnBusy, StopCause
from scheduler.plan.scenario import Fault, FaultKind, Operation, Scenario
from scheduler.report.document import Report
from scheduler.report.summary import summarize

from .history import Birth, Jump, Stop
from .invariants import violations
from .life import Point
from .night import AT_LAST
from .push import push
from .resume import resume
from .virtual import VirtualLoop
from .world import World, target

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


class Script:
    """The faults that are armed; each strikes the next matching call."""

    def __init__(self) -> None:
        self._armed: defaultdict[tuple[Operation, str], list[Fault]] = defaultdict(list)

    def arm(self, operation: Operation, app: str, kind: FaultKind, **fields: Any) -> None:
        """Let a fault strike the next call of an operation on an app."""
        fault = Fault.model_validate({"operation": operation, "kind": kind, "delay": 20.0, **fields})
        self._armed[operation, app].append(fault)

    def disarm(self) -> None:
        """Let nothing fail any more."""
        self._armed.clear()

    def strike(self, operation: Operation, lane: LaneKey, app: str, branch: str) -> Fault | None:
        """Return the fault that strikes this call, as the emulator's own faults do."""
        del lane, branch
        armed = self._armed[operation, app]
        return armed.pop(0) if armed else None


class Releasing(RuleBasedStateMachine):
    """A handful of targets. Every rule is a thing that happens; time passes in rules of its own."""

    #: Whether the service keeps the marker.
    echo = True

    def __init__(self) -> None:
        super().__init__()
        gc.disable()
        self.loop = VirtualLoop()
        self.runs: list[str] = []
        self.script = Script()
        self.task: asyncio.Task[None] | None = None
        self.engine: Run
        self.run = ""
        self.failed = False
        self.lag = 0.0
        self.options: dict[str, Any] = {}

    def do(self, what: Coroutine[Any, Any, Any]) -> Any:
        """Let something happen inside the loop."""
        return self.loop.run_until_complete(what)

    @initialize(
        service=st.fixed_dictionaries(
            {
                "slots": st.sampled_from([1, 2, 10]),
                "mode": st.sampled_from(["queue", "refuse"]),
                "list_lag": st.sampled_from([0.0, (0.0, LONGEST_LAG)]),
                "clock_skew": st.sampled_from([-600.0, 0.0, 600.0]),
                "build_time": st.sampled_from([1.0, 15.0, 90.0]),
                "latency": st.sampled_from([0.0, 0.3]),
                "failure_rate": st.sampled_from([0.0, 0.3]),
                "trail_lag": st.just((0.0, 840.0)),
            }
        ),
        disk=st.sampled_from([0.0, 0.05]),
        cloudtrail=st.sampled_from([False, False, True]),
    )
    def set_up(self, *, service: dict[str, Any], disk: float, cloudtrail: bool) -> None:
        scenario = Scenario.model_validate(service | {"marker_echo": self.echo})
        self.lag = scenario.list_lag[1]
        self.options = {"settle": SETTLE, "cloudtrail": cloudtrail}

        async def world() -> World:
            return World(scenario, disk_latency=disk)

        self.jumps: list[tuple[float, float]] = []
        self.machine: World = self.do(world())
        self.machine.jumps = self.jumps
        self.machine.service._faults = self.script
        self.targets = [target(app, queue_timeout=600.0, **fields) for app, fields in APPS.items()]
        self.world = self.machine

    # The program

    @property
    def running(self) -> bool:
        return self.task is not None and not self.task.done() and self.world.life.alive

    @precondition(lambda self: not self.running and len(self.runs) < 3)
    @rule(follow=st.booleans())
    def start_a_run(self, *, follow: bool) -> None:
        async def begin() -> None:
            world = self.machine.process()
            self.runs.append(world.open(self.targets, follow=follow))
            self._begin(world, self.runs[-1], "run")

        self.do(begin())

    @precondition(lambda self: not self.running and self.runs)
    @rule(which=st.integers(0, 2), restart=st.sampled_from([False, False, False, True]), follow=st.booleans())
    def resume_a_run(self, *, which: int, restart: bool, follow: bool) -> None:
        async def begin() -> None:
            world, run = self.machine.process(), self.runs[which % len(self.runs)]
            if resume(world, run, follow=follow, restart=restart):
                self._begin(world, run, "resume")

        self.do(begin())

    def _begin(self, world: World, run: str, how: str) -> asyncio.Task[None]:
        world.history.add(Birth(at=world.clock.now(), life=world.life.number, run=run, how=how))
        self.world, self.run = world, run
        self.engine = world.engine(run, **self.options)
        self.task = asyncio.get_running_loop().create_task(self.engine.execute())
        self.task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return self.task

    @precondition(lambda self: self.running)
    @rule(cause=st.sampled_from([StopCause.SIGINT, StopCause.SIGTERM]))
    def a_signal_comes(self, *, cause: StopCause) -> None:
        self.do(self._stop(cause))

    @precondition(lambda self: self.running)
    @rule(point=st.sampled_from(Point), cause=st.sampled_from([StopCause.SIGINT, StopCause.SIGTERM]))
    def a_signal_comes_at(self, *, point: Point, cause: StopCause) -> None:
        async def meet() -> None:
            life = self.world.life
            life.fate, life.spares, life.met = (point, 1), True, anyio.Event()
            with anyio.move_on_after(60):
                await life.met.wait()
                await self._stop(cause)
            life.fate, life.spares = None, False

        self.do(meet())

    async def _stop(self, cause: StopCause) -> None:
        self.world.history.add(Stop(at=self.world.clock.now(), life=self.world.life.number, cause=cause))
        self.engine.stop(cause, f"{cause} was received")

    @precondition(lambda self: self.running)
    @rule()
    def it_is_killed(self) -> None:
        self.do(self._kill())

    @precondition(lambda self: self.running)
    @rule(point=st.sampled_from(Point), times=st.integers(1, 3), wait=seconds)
    def it_is_killed_at(self, *, point: Point, times: int, wait: float) -> None:
        self.world.life.fate = point, times
        self.do(anyio.sleep(wait))
        self.world.life.fate = None
        if not self.world.life.alive:
            self.do(self._kill())

    async def _kill(self) -> None:
        assert self.task is not None
        self.world.bury(self.task)

    # The world around it

    @rule(wait=seconds)
    def time_passes(self, *, wait: float) -> None:
        self.do(anyio.sleep(wait))

    @rule(app=apps, kind=st.sampled_from(LOST_BEFORE + DEFINITE))
    def the_next_request_will_come_to_nothing(self, *, app: str, kind: FaultKind) -> None:
        self.script.arm(Operation.START_JOB, app, kind)

    @rule(app=apps, kind=st.sampled_from(LOST_AFTER))
    def the_next_reply_will_be_lost(self, *, app: str, kind: FaultKind) -> None:
        self.script.arm(Operation.START_JOB, app, kind)

    @rule(app=apps, delay=st.sampled_from([1.0, 15.0, LATEST_COMMIT]))
    def the_next_request_will_take_effect_late(self, *, app: str, delay: float) -> None:
        self.script.arm(Operation.START_JOB, app, FaultKind.LATE, delay=delay)

    @precondition(lambda self: self.echo and not self.lag)
    @rule(app=apps.filter(lambda app: app != RETRIED), message=st.sampled_from(["Rate exceeded", BUSY]))
    def the_next_reply_will_be_a_lie(self, *, app: str, message: str) -> None:
        """A job is made, and the answer says that none was. Only a marker that is shown proves it wrong."""
        refusal = {"status": 429, "code": "LimitExceededException", "message": message}
        self.script.arm(Operation.START_JOB, app, FaultKind.ERROR_AFTER, **refusal)

    @rule(
        app=apps,
        operation=st.sampled_from([Operation.LIST_JOBS, Operation.GET_JOB]),
        kind=st.sampled_from(LOST_BEFORE + DEFINITE),
    )
    def the_next_read_will_fail(self, *, app: str, operation: Operation, kind: FaultKind) -> None:
        self.script.arm(operation, app, kind)

    @rule(place=st.integers(0, len(APPS) - 1))
    def somebody_pushes(self, *, place: int) -> None:
        async def pushed() -> None:
            push(self.machine, self.targets[place])

        self.do(pushed())

    @rule(jump=st.sampled_from([-3600.0, -60.0, 60.0, 3600.0]))
    def the_wall_clock_is_set(self, *, jump: float) -> None:
        now = self.loop.time()
        self.jumps.append((now, jump))
        self.machine.history.add(Jump(at=now, seconds=jump))

    @rule(size=st.sampled_from([1, 2, 10]))
    def the_quota_changes(self, *, size: int) -> None:
        for lane in self.machine.service._lanes.values():
            lane.slots.resize(size, self.machine.service._now())

    # What must hold

    @invariant()
    def nothing_is_violated(self) -> None:
        """Hold everything against the invariants, and the report of a process that is over."""
        if not hasattr(self, "machine"):
            return
        if self.task is None or self.running:
            self._check({})
            return
        if self.world.life.alive and (error := self.task.exception()) is not None:
            raise error
        self._check({self.run: summarize(self.machine.journal, self.run)})

    def _check(self, reports: dict[str, Report], *, settled: bool = False) -> None:
        found = violations(self.machine.see(reports, settled=settled))
        self.failed = self.failed or bool(found)
        assert not found, "\n".join(found)

    def teardown(self) -> None:
        """Let everything come to its end: the process that runs, and then a last one for every run."""
        try:
            if hasattr(self, "machine") and not self.failed:
                self.do(self._end())
        finally:
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.do(anyio.lowlevel.checkpoint())
            self.loop.close()
            gc.enable()

    async def _end(self) -> None:
        self.script.disarm()
        if self.task is not None and self.running:
            await asyncio.wait([self.task])
        for run in self.runs:
            world = self.machine.process()
            if resume(world, run):
                with anyio.fail_after(AT_LAST):
                    await self._begin(world, run, "resume")
                self._check({run: summarize(self.machine.journal, run)}, settled=True)
