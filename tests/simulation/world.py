"""A whole run on virtual time: the real engine and the emulator's service, and only time in between."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from random import Random
from typing import Any, Self

import anyio

from scheduler.amplify import trail
from scheduler.amplify.port import CallFailed, Kind, Recorded, Stage
from scheduler.emulator.service import Service
from scheduler.emulator.truth import Truth
from scheduler.engine.clock import Clock, Intents
from scheduler.engine.outside import Options
from scheduler.engine.run import Run
from scheduler.events import RunStarted
from scheduler.journal.memory.disk import MemoryDisk
from scheduler.journal.memory.journal import MemoryJournal
from scheduler.model import FrozenPlan, LaneKey, Target
from scheduler.plan.scenario import Scenario
from scheduler.report.document import Report
from scheduler.report.summary import summarize

from .history import History
from .ledger import Seen
from .life import Life, MortalJournal
from .outputs import SECRETS
from .port import Port

EPOCH = 1_790_000_000.0


def target(app: str, branch: str = "main", *, account: str = "default", **fields: Any) -> Target:
    """Make a target with what a test does not care about filled in."""
    return Target(account=account, region="eu-west-1", app=app, branch=branch, name=app, **fields)


def fleet(count: int, **fields: Any) -> tuple[Target, ...]:
    """Make `count` targets on apps of their own."""
    return tuple(target(f"d{number:05}", **fields) for number in range(count))


@dataclass
class World:
    """One service and one journal, on which runs may be carried out one after the other."""

    scenario: Scenario = field(default_factory=Scenario)
    seed: int = 0
    disk: MemoryDisk = field(default_factory=MemoryDisk)
    #: Accounts whose credentials belong to somebody else.
    wrong: frozenset[str] = frozenset()

    #: What Service Quotas answers (None: nothing useful), and after how many seconds.
    quota_told: int | None = None
    quota_after: float = 0.0

    #: Account names that stand for another one's account: its apps are theirs too.
    identities: Mapping[str, str] = field(default_factory=dict)
    #: The share of StartJob requests that cannot be sent at all.
    unreachable: float = 0.0
    #: When this machine's wall clock is set, and by how many seconds.
    jumps: Sequence[tuple[float, float]] = ()
    #: Seconds that a commit takes.
    disk_latency: float = 0.0

    def __post_init__(self) -> None:
        now = asyncio.get_running_loop().time
        self.clock = Clock(now=now, wall=self._wall)
        self.random = Random(self.seed)
        self.intents = Intents(self.clock, Random(self.seed))
        self.service = Service(self.scenario, now=now, epoch=EPOCH + now())
        self.history = History()
        self.refreshed = 0
        self._lives = count(1)
        self._dying: list[asyncio.Task[None]] = []
        self._begin()

    def _begin(self) -> None:
        """Be a new process."""
        self.life = Life(next(self._lives), self.history)
        self.journal: MemoryJournal = MortalJournal(self.disk, self.life, latency=self.disk_latency)

    def process(self) -> Self:
        """Return another process on the same machine; all that it does not share is its life."""
        other = copy.copy(self)
        other._begin()
        return other

    def _wall(self) -> float:
        now = self.clock.now()
        return EPOCH + now + sum(seconds for at, seconds in self.jumps if at <= now)

    async def verify(self, account: str) -> None:
        if account in self.wrong:
            reason = f"the credentials of {account} belong to another account"
            raise CallFailed(Kind.CREDENTIALS, reason, stage=Stage.ANSWERED, operation="GetCallerIdentity")

    async def lane(self, key: LaneKey, *, calls: int) -> Port:
        del calls
        return Port(self, key, self.life)

    async def quota(self, key: LaneKey) -> int | None:
        del key
        await anyio.sleep(self.quota_after)
        return self.quota_told

    async def recorded(self, key: LaneKey, since: float, until: float) -> list[Recorded]:
        port, found = Port(self, key, self.life), list[Recorded]()
        token: str | None = None
        while True:
            page = await port.lookup(since, until, token)
            found += trail.read(page["Events"])
            token = page.get("NextToken")
            if token is None:
                return found
            await anyio.sleep(trail.PAUSE)

    async def refresh(self, account: str) -> None:
        del account
        self.refreshed += 1

    @property
    def truth(self) -> Truth:
        return self.service.truth()

    def see(self, reports: Mapping[str, Report], *, settled: bool = False) -> Seen:
        """Look at everything there is now. `settled`: the reports are of runs that nobody cut."""
        return Seen(
            truth=self.truth,
            history=self.history.moments,
            journal=MemoryJournal(self.disk),
            reports=reports,
            settled=tuple(reports) if settled else (),
            outputs=[report.model_dump_json() for report in reports.values()],
            secrets=SECRETS,
            at=self.clock.now(),
            epoch=EPOCH,
            markers_kept=self.scenario.marker_echo,
            omitted=self.scenario.omit_fields,
        )

    def open(self, targets: Sequence[Target], *, follow: bool = True, **plan: Any) -> str:
        """Open a run in the journal; return its id."""
        run = self.intents.new()
        frozen = FrozenPlan(
            name="night", path="night.yaml", digest="sha256:0", targets=tuple(targets), **plan
        )
        self.journal.open_run(
            run,
            RunStarted(at=self.clock.wall(), plan=frozen, endpoint="emulator", version="0", follow=follow),
        )
        return run

    def reopen(self, run: str, *, follow: bool = True) -> None:
        """Open a run again, as `resume` does."""
        record = self.journal.run(run)
        self.journal.open_run(
            run,
            RunStarted(
                at=self.clock.wall(),
                plan=record.plan,
                endpoint="emulator",
                version="0",
                follow=follow,
                resumed=True,
            ),
        )

    def engine(self, run: str, **options: Any) -> Run:
        """Make the engine of an opened run."""
        record = self.journal.run(run)
        records = list(self.journal.targets(run))
        chosen = replace(Options(follow=record.follow, budget=record.plan.budget), **options)
        return Run(record, records, self.journal, self, chosen, self.clock, self.intents)

    async def carry_out(self, run: str, **options: Any) -> Report:
        """Bring an opened run to its end; return its report."""
        await self.engine(run, **options).execute()
        return summarize(self.journal, run)

    async def release(self, targets: Sequence[Target], *, plan: Any = None, **options: Any) -> Report:
        """Open a run and bring it to its end; return its report."""
        run = self.open(targets, follow=options.get("follow", True), **(plan or {}))
        return await self.carry_out(run, **options)

    async def kill(self, run: str, at: float, **options: Any) -> None:
        """Carry a run out for `at` seconds, and let it vanish there without a word, as kill -9 does."""
        task = asyncio.create_task(self.engine(run, **options).execute())
        await anyio.sleep(at)
        self.bury(task)
        self._begin()

    def bury(self, task: asyncio.Task[None]) -> None:
        """Kill the process, and leave its tasks to fade away, unheard."""
        self.life.die()
        task.cancel()
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._dying.append(task)
