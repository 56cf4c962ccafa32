"""The limiter in whole runs of the real engine: no bound is passed, nothing leaks, every target ends."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Sequence
from contextlib import suppress
from random import Random
from typing import Any

import anyio
import pytest

from scheduler.emulator.truth import JobTruth, Truth
from scheduler.engine.run import Run
from scheduler.model import Limits, StopCause
from scheduler.plan.scenario import Scenario
from tests.simulation.virtual import simulate
from tests.simulation.world import World, fleet

TARGETS = 30
SEEDS = range(3)
UNLIMITED = 1_000_000
FIELD: dict[str, Any] = {
    "build_time": (100, 900),
    "spread": 0.5,
    "pending_time": (1, 5),
    "provision_time": (2, 5),
    "latency": (0.05, 0.5),
}

Limiting = dict[str, Any]


def queues(random: Random) -> Limiting:
    return {"slots": random.choice([1, 2, 5, 10, 25])}


def refuses(random: Random) -> Limiting:
    return {"slots": random.choice([1, 2, 5, 10, 25]), "mode": "refuse"}


def paces(random: Random) -> Limiting:
    return {
        "slots": UNLIMITED,
        "start_rate": math.exp(random.uniform(math.log(0.2), math.log(20))),
        "start_burst": random.randint(1, 20),
    }


def lets_through(random: Random) -> Limiting:
    del random
    return {"slots": UNLIMITED}


def mixes(random: Random) -> Limiting:
    """Everything at once, and all of it changes in mid-run."""
    limits = paces(random) | random.choice([queues, refuses])(random)
    change = {"after": random.uniform(10, 900), "slots": random.randint(1, 30)}
    return limits | {
        "queue_limit": random.choice([0, 3]),
        "read_rate": random.uniform(1, 10),
        "foreign_rate": random.choice([0, 1 / 300]),
        "changes": [change, {"after": 300, "latency": (0.5, 4)}, {"after": 400, "latency": 0.1}],
    }


REGIMES = [queues, refuses, paces, lets_through, mixes]
every_regime = pytest.mark.parametrize("regime", REGIMES, ids=lambda regime: regime.__name__)
every_seed = pytest.mark.parametrize("seed", SEEDS)


def world_of(regime: Any, seed: int) -> World:
    limits = regime(Random(f"{regime.__name__}{seed}"))
    return World(Scenario.model_validate(FIELD | limits | {"seed": seed}), seed=seed)


def own_jobs(truth: Truth) -> list[JobTruth]:
    return [job for job in truth.jobs if not job.foreign]


def most_at_once(spans: Iterable[tuple[float, float | None]]) -> int:
    """Return the most spans that overlap in one moment; None: it never ends."""
    steps: list[tuple[float, int]] = []
    for begin, end in spans:
        steps += [(begin, 1), (math.inf if end is None else end, -1)]
    most = count = 0
    for _, step in sorted(steps):
        count += step
        most = max(most, count)
    return most


def in_flight(truth: Truth) -> int:
    return most_at_once((job.created_at, job.ended_at) for job in own_jobs(truth))


def counts(engine: Run) -> list[tuple[int, int, int, int]]:
    """Return what each lane's limit counts: calls, running, queued and active jobs."""
    limits = [lane.limiter.limit for lane in engine._lanes.values()]
    return [(limit.calls, limit.slots.running, limit.queue.queued, limit.queue.active) for limit in limits]


@every_seed
@every_regime
def test_every_target_is_started_once_and_ends_and_nothing_is_left_counted(regime: Any, seed: int) -> None:
    async def main() -> None:
        world = world_of(regime, seed)
        run = world.open(fleet(TARGETS))
        engine = world.engine(run)
        await engine.execute()
        own = own_jobs(world.truth)
        assert sorted(job.app for job in own) == [target.app for target in fleet(TARGETS)]
        assert {job.status for job in own} == {"SUCCEED"}
        assert counts(engine) == [(0, 0, 0, 0)]

    simulate(main)


@every_seed
@every_regime
def test_the_jobs_in_flight_never_pass_the_ceiling(regime: Any, seed: int) -> None:
    async def main() -> None:
        world = world_of(regime, seed)
        ceiling = 1 + 2 * seed
        report = await world.release(fleet(20), concurrency=ceiling)
        assert report.totals.succeeded == 20
        assert in_flight(world.truth) <= ceiling

    simulate(main)


@pytest.mark.parametrize("regime", [queues, refuses], ids=lambda regime: regime.__name__)
def test_the_jobs_in_flight_leave_the_reserve_to_others(regime: Any) -> None:
    async def main() -> None:
        world = world_of(regime, 0)
        report = await world.release(fleet(20), plan={"limits": Limits(builds=6, reserve=2)})
        assert report.totals.succeeded == 20
        assert in_flight(world.truth) <= 4

    simulate(main)


@pytest.mark.parametrize("slots", [1, 2, 3, 5, 8, 13, 21])
def test_own_jobs_never_pile_up_in_the_accounts_queue(slots: int) -> None:
    """The lane finds out that the account is full at the price of one doubling."""

    async def main() -> None:
        world = World(Scenario.model_validate(FIELD | {"slots": slots}))
        await world.release(fleet(100))
        waits = [(job.created_at, job.granted_at) for job in own_jobs(world.truth)]
        assert most_at_once(waits) <= slots + 2

    simulate(main)


@every_seed
@pytest.mark.parametrize("regime", [refuses, paces], ids=lambda regime: regime.__name__)
def test_a_refusing_service_is_not_stormed(regime: Any, seed: int) -> None:
    async def main() -> None:
        world = world_of(regime, seed)
        report = await world.release(fleet(TARGETS))
        [lane] = report.lanes
        # Some of them find the limit; after that, few of a hundred calls come back.
        assert lane.throttled <= 12 + 0.1 * TARGETS

    simulate(main)


@every_seed
@every_regime
def test_a_stop_at_any_moment_gives_every_permit_back(regime: Any, seed: int) -> None:
    async def main() -> None:
        world = world_of(regime, seed)
        run = world.open(fleet(TARGETS))
        engine = world.engine(run)
        async with anyio.create_task_group() as group:
            group.start_soon(engine.execute)
            await anyio.sleep(Random(seed).uniform(0.1, 400))
            engine.stop(StopCause.SIGTERM, "told to")
        for calls, running, queued, active in counts(engine):
            assert calls == 0
            assert running == queued + active
        assert await ends(world, run) == TARGETS

    simulate(main)


@every_seed
@every_regime
def test_a_cancelled_run_gives_every_permit_back_too(regime: Any, seed: int) -> None:
    async def main() -> None:
        world = world_of(regime, seed)
        engine = world.engine(world.open(fleet(TARGETS)))
        task = asyncio.create_task(engine.execute())
        await anyio.sleep(Random(seed).uniform(0.1, 400))
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        for calls, running, queued, active in counts(engine):
            assert calls == 0
            assert running == queued + active

    simulate(main)


async def ends(world: World, run: str) -> int:
    """Resume a run to its end; return how many targets succeeded, each by a single job."""
    world.reopen(run)
    report = await world.carry_out(run)
    assert in_branches(own_jobs(world.truth)) == 1
    return report.totals.succeeded


def in_branches(jobs: Sequence[JobTruth]) -> int:
    """Return the most jobs that one branch has."""
    apps = [job.app for job in jobs]
    return max(apps.count(app) for app in set(apps))
