"""A world in which a process is driven step by step, and held against the invariants after each."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

import anyio
import anyio.lowlevel

from scheduler.engine.run import Run
from scheduler.model import StopCause, Target
from scheduler.plan.scenario import Scenario
from scheduler.report.document import Report
from scheduler.report.summary import summarize

from .history import Birth, Jump, Stop
from .invariants import violations
from .life import Point
from .night import AT_LAST
from .resume import resume
from .script import Script
from .virtual import VirtualLoop
from .world import World


class Stage:
    """One machine, and the process that runs on it, if one does; nothing moves but through `do`."""

    def __init__(self, scenario: Scenario, targets: Sequence[Target], *, disk: float, **options: Any) -> None:
        self._loop = VirtualLoop()
        self.targets = targets
        self.options = options
        self.script = Script()
        self.runs: list[str] = []
        self._jumps: list[tuple[float, float]] = []
        self._task: asyncio.Task[None] | None = None
        self._engine: Run
        self._run = ""
        self._failed = False

        async def world() -> World:
            return World(scenario, disk_latency=disk, jumps=self._jumps)

        self.machine: World = self.do(world())
        self.machine.service._faults = self.script
        self._world = self.machine

    def do(self, what: Coroutine[Any, Any, Any]) -> Any:
        """Let something happen, and time pass as long as it takes."""
        return self._loop.run_until_complete(what)

    @property
    def running(self) -> bool:
        """Whether a process works on a run."""
        return self._task is not None and not self._task.done() and self._world.life.alive

    # The process

    async def start(self, *, follow: bool) -> None:
        """Let a process begin a run."""
        world = self.machine.process()
        self.runs.append(world.open(self.targets, follow=follow))
        self._begin(world, self.runs[-1], "run")

    async def resume(
        self, run: str, *, follow: bool = True, restart: bool = False
    ) -> asyncio.Task[None] | None:
        """Let a process go on with a run; None: nothing is left of it."""
        world = self.machine.process()
        if not resume(world, run, follow=follow, restart=restart):
            return None
        return self._begin(world, run, "resume")

    def _begin(self, world: World, run: str, how: str) -> asyncio.Task[None]:
        world.history.add(Birth(at=world.clock.now(), life=world.life.number, run=run, how=how))
        self._world, self._run = world, run
        self._engine = world.engine(run, **self.options)
        self._task = asyncio.get_running_loop().create_task(self._engine.execute())
        self._task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return self._task

    async def stop(self, cause: StopCause) -> None:
        """Send the process a signal."""
        life = self._world.life.number
        self._world.history.add(Stop(at=self._world.clock.now(), life=life, cause=cause))
        self._engine.stop(cause, f"{cause} was received")

    async def stop_at(self, point: Point, cause: StopCause, *, within: float) -> None:
        """Send it when the process gets to a point."""
        life = self._world.life
        life.fate, life.spares, life.met = (point, 1), True, anyio.Event()
        with anyio.move_on_after(within):
            await life.met.wait()
            await self.stop(cause)
        life.fate, life.spares = None, False

    async def kill(self) -> None:
        """Kill the process."""
        assert self._task is not None
        self._world.bury(self._task)

    async def kill_at(self, point: Point, times: int, *, within: float) -> None:
        """Kill it when it has got to a point so many times."""
        self._world.life.fate = point, times
        await anyio.sleep(within)
        self._world.life.fate = None
        if not self._world.life.alive:
            await self.kill()

    # What is around it

    def set_clock(self, seconds: float) -> None:
        """Set the machine's wall clock."""
        now = self._loop.time()
        self._jumps.append((now, seconds))
        self.machine.history.add(Jump(at=now, seconds=seconds))

    def resize(self, slots: int) -> None:
        """Give every lane another quota."""
        for lane in self.machine.service._lanes.values():
            lane.slots.resize(slots, self.machine.service._now())

    # What must hold

    def check(self) -> None:
        """Hold everything against the invariants, and the report of a process that is over."""
        if self._task is None or self.running:
            self._hold({})
            return
        if self._world.life.alive and (error := self._task.exception()) is not None:
            raise error
        self._hold({self._run: summarize(self.machine.journal, self._run)})

    def _hold(self, reports: dict[str, Report], *, settled: bool = False) -> None:
        found = violations(self.machine.see(reports, settled=settled))
        self._failed = self._failed or bool(found)
        assert not found, "\n".join(found)

    def close(self) -> None:
        """Let everything come to its end: the process that runs, and then a last one for every run."""
        try:
            if not self._failed:
                self.do(self._end())
        finally:
            for task in asyncio.all_tasks(self._loop):
                task.cancel()
            self.do(anyio.lowlevel.checkpoint())
            self._loop.close()

    async def _end(self) -> None:
        self.script.disarm()
        if self._task is not None and self.running:
            await asyncio.wait([self._task])
        for run in self.runs:
            if (task := await self.resume(run)) is not None:
                with anyio.fail_after(AT_LAST):
                    await task
                self._hold({run: summarize(self.machine.journal, run)}, settled=True)
