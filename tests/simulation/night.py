"""A night is carried out: the real engine, process after process, and everything that strikes them."""

from __future__ import annotations

import asyncio
import traceback
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio

from scheduler.engine.run import Run
from scheduler.errors import LockHeld
from scheduler.journal.memory.journal import MemoryJournal
from scheduler.journal.sqlite.lock import StateLock
from scheduler.model import FailureBudget
from scheduler.report.summary import summarize

from .draw import Hit, How, Night, Process
from .history import Birth, Death, Jump, Moment, Read, Request, Stop
from .invariants import violations
from .ledger import Seen
from .life import Life
from .outputs import outputs
from .push import push
from .resume import resume
from .virtual import simulate
from .world import World

#: Seconds in which every process comes to its end; far beyond all patience of its targets.
AT_LAST = 200_000.0
#: One night of so many has its journal and its reports read for secrets, which takes as long as a night.
RENDERED = 8


@dataclass(frozen=True, slots=True)
class Found:
    """What a night came to: what was seen of it last, and what does not hold."""

    seen: Seen
    violations: tuple[str, ...]


def carry_out(night: Night) -> Found:
    """Carry a night out on virtual time, and hold it against the invariants after each of its processes."""

    async def main(state: Path | None = None) -> Found:
        passing = _Night(night, state)
        try:
            await passing.pass_by()
        except Exception:  # noqa: BLE001 - whatever it is, the seed is worth a look
            passing.found.append(f"I3: the simulation broke off: {traceback.format_exc()}")
        return Found(passing.seen, tuple(passing.found))

    if all(process.rival is None for process in night.processes):
        return simulate(main)
    with TemporaryDirectory() as directory:
        return simulate(lambda: main(Path(directory) / "state"))


class _Night:
    def __init__(self, night: Night, state: Path | None) -> None:
        self._night = night
        #: Where the processes meet at the lock; None: only one is ever started at a time.
        self._state = state
        self._world = World(
            night.scenario,
            seed=night.seed,
            identities=night.identities,
            unreachable=night.unreachable,
            jumps=night.jumps,
            disk_latency=night.disk_latency,
        )
        self._runs: list[str] = []
        self.found: list[str] = []
        self.seen = self._world.see({})

    async def pass_by(self) -> None:
        """Let the night pass: its processes one after the other, and in the end one for every run."""
        loop = asyncio.get_running_loop()
        for pushed in self._night.pushes:
            loop.call_later(pushed.at, push, self._world, self._night.targets[pushed.target])
        self._world.history.listener = self._crowd
        for at, seconds in self._night.jumps:
            loop.call_later(at, self._world.history.add, Jump(at=at, seconds=seconds))
        async with anyio.create_task_group() as rivals:
            for process in self._night.processes:
                if process.rival is not None:
                    rivals.start_soon(self._rival, process.rival)
                await self._live(process)
                await anyio.sleep(process.pause)
        for run in [*self._runs]:
            await self._live(self._last, run)
        if self._night.seed % RENDERED == 0:
            self.found += violations(replace(self.seen, outputs=list(outputs(self._world.disk))))

    def _crowd(self, moment: Moment) -> None:
        """Let people push when it hurts: about the time when a job is looked for or requested.

        A start that a dead process did not hear of is rebuilt, before anybody looks for it.
        """
        match moment:
            case Request():
                self._tempt(moment.target.app, self._world.random.choice([None, "RETRY"]))
            case Read(jobs=tuple()):
                self._tempt(moment.app, None)
            case Death(life=life):
                for other in self._world.history.moments:
                    if isinstance(other, Request) and other.life == life and other.answered_at is None:
                        self._tempt(other.target.app, "RETRY")
            case _:
                pass

    def _tempt(self, app: str, kind: str | None) -> None:
        chance = self._world.random
        if self._night.crowd and chance.random() < self._night.crowd:
            after = chance.uniform(0, chance.choice([0.5, 5, 90]))
            target = next(target for target in self._night.targets if target.app == app)
            asyncio.get_running_loop().call_later(after, push, self._world, target, kind)

    @property
    def _last(self) -> Process:
        looking = {"settle": self._night.settle, "cloudtrail": self._night.cloudtrail}
        return Process(how=How.RESUME, options=looking | {"poll_interval": 10.0, "budget": FailureBudget()})

    async def _rival(self, after: float) -> None:
        """Start another process on the same state directory, as cron does when a night is long."""
        await anyio.sleep(after)
        with suppress(LockHeld):
            await self._live(self._last, wait=0)

    async def _live(self, process: Process, run: str | None = None, *, wait: float = AT_LAST) -> None:
        world = self._world.process()
        async with self._lock(world, wait):
            if process.how is How.RUN:
                opened = world.open(self._night.targets, follow=process.follow, **self._night.plan)
                self._runs.append(opened)
            else:
                opened = run or self._runs[-1]
                if not resume(world, opened, follow=process.follow, restart=process.how is How.RESTART):
                    return
            world.history.add(
                Birth(at=world.clock.now(), life=world.life.number, run=opened, how=process.how.value)
            )
            engine = world.engine(opened, **process.options)
            undisturbed = await self._strike(world, engine, opened, process.hit)
            report = summarize(MemoryJournal(world.disk), opened)
            self.seen = world.see({opened: report}, settled=undisturbed)
            self.found += violations(self.seen)

    def _lock(self, world: World, wait: float) -> AbstractAsyncContextManager[object]:
        if self._state is None:
            return nullcontext()
        lock = StateLock(self._state, sleep=anyio.sleep, monotonic=world.clock.now, wall=world.clock.wall)
        return lock.acquired(wait=wait)

    async def _strike(self, world: World, engine: Run, run: str, hit: Hit | None) -> bool:
        """Let the engine run, and strike it; return whether it came to an end that nobody brought about."""
        life = world.life
        task = asyncio.create_task(engine.execute())
        task.add_done_callback(lambda _: life.met.set())
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        if hit is None:
            await _met(life, AT_LAST)
        else:
            life.fate, life.spares = hit.point, hit.signal is not None
            await _met(life, AT_LAST if hit.after is None else hit.after)
            if hit.signal is not None and life.alive and not task.done():
                life.met = anyio.Event()
                world.history.add(Stop(at=world.clock.now(), life=life.number, cause=hit.signal))
                engine.stop(hit.signal, f"{hit.signal} was received")
                await _met(life, AT_LAST if hit.drains is None else hit.drains)
        if life.alive and task.done():
            if (error := task.exception()) is not None:
                self.found.append(f"I3: the engine failed: {''.join(traceback.format_exception(error))}")
            return error is None and world.journal.run(run).stop_cause is None
        if hit is None or (life.alive and hit.signal is not None and hit.drains is None):
            self.found.append(f"I3: process {life.number} does not come to its end")
        world.bury(task)
        return False


async def _met(life: Life, within: float) -> None:
    with anyio.move_on_after(within):
        await life.met.wait()
