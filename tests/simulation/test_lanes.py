"""Processes that share a journal and take lanes from one another, on virtual time."""

from __future__ import annotations

import asyncio
import copy
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import anyio
import pytest

from scheduler.amplify.port import Answer, Recorded
from scheduler.engine.outside import Options
from scheduler.errors import JournalError, LaneLost, UsageError
from scheduler.events import Event, LaneStopped, StartIntended
from scheduler.journal.lease import Lease, lane_name
from scheduler.journal.memory.disk import MemoryDisk
from scheduler.journal.memory.journal import MemoryJournal
from scheduler.journal.memory.shared import MemoryShared
from scheduler.journal.port import RunRecord
from scheduler.model import FailureBudget, LaneKey, Outcome, StopCause, Target
from scheduler.plan.scenario import BranchRule, Scenario
from scheduler.report.summary import summarize
from scheduler.worker.lanes import Lanes, announce
from scheduler.worker.order import Order
from tests.simulation.port import Port
from tests.simulation.virtual import simulate
from tests.simulation.world import World, fleet, target

LEASE = 5.0
EVERY = range(1000)
SHOP = LaneKey("shop", "eu-west-1")
DOCS = LaneKey("docs", "eu-west-1")


class Freezer(MemoryShared):
    """A process that may be frozen: whatever it asks of the journal is answered when it wakes up.

    `will_freeze`: it does so when the next intent has become durable, right before the start is sent.
    """

    def __init__(self, disk: MemoryDisk) -> None:
        super().__init__(disk, now=now)
        self.will_freeze = False
        self.frozen_at = self.awake_at = self.away_until = 0.0
        self.refused: UsageError | None = None
        self.opened: list[MemoryJournal] = []
        self.sent: list[float] = []

    def freeze(self) -> None:
        """Freeze for three leases."""
        self.will_freeze = False
        self.frozen_at, self.awake_at = now(), now() + 3 * LEASE

    async def thaw(self) -> None:
        if (left := self.awake_at - now()) > 0:
            await anyio.sleep(left)

    def journal(self, fence: Lease | None = None) -> MemoryJournal:
        self.opened.append(FrozenJournal(self, fence))
        return self.opened[-1]

    async def renew(self, lease: Lease) -> Lease:
        await self.thaw()
        if now() < self.away_until:
            raise JournalError("the server is away")
        return await super().renew(lease)


class FrozenJournal(MemoryJournal):
    def __init__(self, freezer: Freezer, fence: Lease | None) -> None:
        super().__init__(freezer.disk, fence=fence)
        self._freezer = freezer

    async def commit(self) -> None:
        intends = any(isinstance(event, StartIntended) for event in self.unwritten)
        await super().commit()
        if intends and self._freezer.will_freeze:
            self._freezer.freeze()
        await self._freezer.thaw()


def now() -> float:
    return asyncio.get_running_loop().time()


@dataclass
class Sender(Port):
    """A port that notes when a process sends a start."""

    sent: list[float]

    async def start_job(self, target: Target, *, commit_message: str | None, intent: str) -> Answer:
        self.sent.append(now())
        return await super().start_job(target, commit_message=commit_message, intent=intent)


@dataclass
class Accounts:
    """The world as one process sees it."""

    world: World
    sent: list[float]

    async def verify(self, account: str) -> None:
        await self.world.verify(account)

    async def lane(self, key: LaneKey, *, calls: int) -> Port:
        return Sender(self.world, key, self.world.life, self.sent)

    async def quota(self, key: LaneKey) -> int | None:
        return await self.world.quota(key)

    async def recorded(self, key: LaneKey, since: float, until: float) -> list[Recorded]:
        return await self.world.recorded(key, since, until)

    async def refresh(self, account: str) -> None:
        await self.world.refresh(account)


def process(world: World, name: str) -> tuple[Lanes, Freezer]:
    """A process of the fleet, and the way to freeze it."""

    @asynccontextmanager
    async def accounts(record: RunRecord, targets: Sequence[Target]) -> AsyncIterator[Accounts]:
        if shared.refused is not None:
            raise shared.refused
        yield Accounts(world, shared.sent)

    shared = Freezer(world.disk)
    lanes = Lanes(
        shared,
        accounts,
        owner=name,
        seconds=LEASE,
        waits=lambda lane, holder: None,
        clock=world.clock,
        now=now,
    )
    return lanes, shared


def order(world: World, run: str, **options: Any) -> Order:
    return Order(run=run, options=Options(settle=10.0, **options), begun_at=world.clock.wall())


def starts(world: World) -> Counter[str]:
    return Counter(start.app for start in world.truth.starts if start.job is not None)


def test_a_lane_is_worked_on_by_one_process_and_the_other_finds_it_done() -> None:
    async def night() -> None:
        world = World(Scenario(slots=3, build_time=(20.0, 30.0)))
        run = world.open(fleet(12))
        work = order(world, run)
        lane = fleet(1)[0].lane
        async with anyio.create_task_group() as both:
            for name in ("one", "two"):
                both.start_soon(process(world, name)[0].work, work, lane, EVERY)
        assert set(starts(world).values()) == {1}
        assert len(starts(world)) == 12
        assert summarize(world.journal, run).totals.succeeded == 12

    simulate(night)


def test_two_runs_on_one_lane_never_run_at_once() -> None:
    async def night() -> None:
        world = World(Scenario(slots=5, build_time=(20.0, 30.0)))
        first, second = world.open(fleet(6)), world.open(fleet(6))
        lane = fleet(1)[0].lane
        async with anyio.create_task_group() as both:
            for run in (first, second):
                both.start_soon(process(world, run)[0].work, order(world, run), lane, EVERY)
        ends = [max(job.ended_at or 0 for job in world.truth.jobs if job.job == str(turn)) for turn in (1, 2)]
        begins = [min(job.created_at for job in world.truth.jobs if job.job == str(turn)) for turn in (1, 2)]
        assert ends[0] <= begins[1]
        assert set(starts(world).values()) == {2}

    simulate(night)


def test_a_lost_process_s_lane_is_taken_over_and_nothing_is_started_twice() -> None:
    async def night() -> None:
        world = World(Scenario(slots=4, build_time=(20.0, 30.0), marker_echo=True))
        run = world.open(fleet(20))
        lane = fleet(1)[0].lane
        one, freezer = process(world, "one")
        first = asyncio.create_task(one.work(order(world, run), lane, EVERY))
        await anyio.sleep(45)
        began = len(world.truth.starts)
        # kill -9: what the dying tasks still write goes to a disk that nobody reads, and no call gets out.
        freezer.disk, left = copy.deepcopy(world.disk), world.disk
        journals = freezer.opened
        for journal in journals:
            journal.disk = freezer.disk
        world.life.die()
        world._begin()
        first.cancel()
        with suppress(asyncio.CancelledError, BaseExceptionGroup):
            await first
        assert 0 < began < 20
        assert left.leases[lane_name("emulator", world.journal.run(run).plan, lane)].until > now()
        await process(world, "two")[0].work(order(world, run), lane, EVERY)
        assert set(starts(world).values()) == {1}
        report = summarize(world.journal, run)
        assert report.totals.succeeded + report.totals.unresolved == 20

    simulate(night)


def test_a_process_that_was_frozen_longer_than_its_lease_starts_nothing_when_it_wakes_up() -> None:
    async def night() -> None:
        world = World(Scenario(slots=4, build_time=(20.0, 30.0)))
        run = world.open(fleet(20))
        lane = fleet(1)[0].lane
        one, freezer = process(world, "one")
        lost: list[BaseException] = []

        async def first() -> None:
            try:
                await one.work(order(world, run), lane, EVERY)
            except* LaneLost as group:
                lost.append(group)

        async with anyio.create_task_group() as both:
            both.start_soon(first)
            await anyio.sleep(30)
            freezer.will_freeze = True
            both.start_soon(process(world, "two")[0].work, order(world, run), lane, EVERY)
        assert len(lost) == 1
        assert len(freezer.sent) > 4
        assert 30 < freezer.frozen_at < freezer.awake_at < now()
        assert max(freezer.sent) < freezer.frozen_at
        assert set(starts(world).values()) == {1}
        report = summarize(world.journal, run)
        assert report.totals.succeeded + report.totals.unresolved == 20
        assert 1 <= report.totals.unresolved <= 4  # nobody else can know that they were not sent

    simulate(night)


@pytest.mark.parametrize(("away", "lost"), [(0.5 * LEASE, False), (2 * LEASE, True)])
def test_a_journal_that_is_away_costs_a_lane_once_its_lease_is_over(away: float, lost: bool) -> None:
    async def night() -> None:
        world = World(Scenario(slots=4, build_time=(20.0, 30.0)))
        run = world.open(fleet(30))
        one, shared = process(world, "one")
        seen: list[BaseException] = []

        async def work() -> None:
            try:
                await one.work(order(world, run), fleet(1)[0].lane, EVERY)
            except* LaneLost as group:
                seen.append(group)

        async with anyio.create_task_group() as working:
            working.start_soon(work)
            await anyio.sleep(10)
            shared.away_until = now() + away
        assert bool(seen) is lost
        assert set(starts(world).values()) == {1}
        assert (len(starts(world)) == 30) is not lost

    simulate(night)


def test_a_lane_that_cannot_be_worked_on_says_why_and_holds_up_no_other() -> None:
    async def night() -> None:
        world = World()
        run = world.open([target("d1", account="shop"), target("d2", account="docs")])
        one, shared = process(world, "one")
        shared.refused = UsageError("profile shop is not on this host")
        heard: list[Event] = []
        assert await one.work(order(world, run), SHOP, EVERY, heard.append)
        assert [event.reason for event in heard if isinstance(event, LaneStopped)] == [
            "the lane cannot be worked on: profile shop is not on this host"
        ]
        shared.refused = None
        assert await one.work(order(world, run), DOCS, EVERY)
        report = summarize(world.journal, run)
        assert [found.outcome for found in report.targets] == [Outcome.NOT_STARTED, Outcome.SUCCEEDED]
        assert report.targets[0].reason == "the lane cannot be worked on: profile shop is not on this host"

    simulate(night)


def test_a_process_that_leaves_waits_no_longer_for_a_lane_that_another_works_in() -> None:
    async def night() -> None:
        world = World(Scenario(build_time=(3600.0, 3600.0)))
        first, second = world.open(fleet(1)), world.open(fleet(1))
        lane = fleet(1)[0].lane
        async with anyio.create_task_group() as others:
            others.start_soon(process(world, "one")[0].work, order(world, first), lane, EVERY)
            await anyio.sleep(5)
            two, _ = process(world, "two")
            waiting = asyncio.create_task(two.work(order(world, second), lane, EVERY))
            await anyio.sleep(5)
            two.leave(StopCause.SIGTERM, "SIGTERM was received")
            with anyio.fail_after(LEASE):
                assert not await waiting
            others.cancel_scope.cancel()

    simulate(night)


def test_a_process_that_leaves_hands_over_without_waiting_for_builds_or_leases() -> None:
    async def night() -> None:
        world = World(Scenario(slots=4, build_time=(100.0, 100.0)))
        run = world.open(fleet(8))
        lane = fleet(1)[0].lane
        one, two = process(world, "one")[0], process(world, "two")[0]
        done: list[tuple[bool, float]] = []

        async def first() -> None:
            done.append((await one.work(order(world, run), lane, EVERY), now()))

        async with anyio.create_task_group() as both:
            both.start_soon(first)
            await anyio.sleep(30)
            left_at = now()
            one.leave(StopCause.SIGTERM, "SIGTERM was received")
            both.start_soon(two.work, order(world, run), lane, EVERY)
        assert done[0][0] is False
        assert done[0][1] - left_at < 1.0
        assert set(starts(world).values()) == {1}
        report = summarize(world.journal, run)
        assert report.totals.succeeded == 8
        assert report.run.stop_reason is None

    simulate(night)


def test_a_run_whose_time_was_over_before_its_lane_was_free_starts_nothing() -> None:
    async def night() -> None:
        world = World()
        run = world.open(fleet(5))
        late = replace(order(world, run, max_runtime=60.0), begun_at=world.clock.wall() - 61)
        one, _ = process(world, "one")
        async with anyio.create_task_group() as beside:
            beside.start_soon(one.oversee)
            assert await one.work(late, fleet(1)[0].lane, EVERY)
            beside.cancel_scope.cancel()
        assert starts(world) == {}
        assert world.journal.run(run).stop_cause is StopCause.DEADLINE

    simulate(night)


LIMITS: dict[StopCause, dict[str, Any]] = {
    StopCause.FAILURE_BUDGET: {"budget": FailureBudget(count=0)},
    StopCause.DEADLINE: {"max_runtime": 60.0},
    StopCause.CANCEL: {},
}


@pytest.mark.parametrize("cause", LIMITS)
def test_what_stops_a_run_stops_all_its_processes(cause: StopCause) -> None:
    async def night() -> None:
        broken = [BranchRule(app="d00001", fails=True)] if cause is StopCause.FAILURE_BUDGET else []
        world = World(Scenario(slots=2, build_time=(20.0, 30.0), branches=tuple(broken)))
        targets = [
            target(f"d{number:05}", account=account) for account in ("shop", "docs") for number in range(20)
        ]
        run = world.open(targets)
        work = order(world, run, **LIMITS[cause])
        async with anyio.create_task_group() as overseeing:
            async with anyio.create_task_group() as working:
                for name, lane in (("one", SHOP), ("two", DOCS)):
                    lanes, shared = process(world, name)
                    overseeing.start_soon(lanes.oversee)
                    working.start_soon(lanes.work, work, lane, EVERY)
                if cause is StopCause.CANCEL:
                    await anyio.sleep(40)
                    await announce(
                        shared, run, (StopCause.CANCEL, "amplify-release cancel"), world.clock.wall()
                    )
            overseeing.cancel_scope.cancel()
        record = world.journal.run(run)
        assert record.stop_cause is cause
        by_account = Counter(job.account for job in world.truth.jobs)
        assert 0 < max(by_account.values()) < 20
        totals = summarize(world.journal, run).totals
        assert totals.not_started > 10

    simulate(night)
