"""A process that stood still for hours (SIGSTOP, a paused machine), and a wall clock that jumps."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import anyio
import pytest

from scheduler.amplify.port import CallFailed, Kind, Stage
from scheduler.engine.clock import Clock
from scheduler.model import LaneKey
from scheduler.plan.scenario import BranchRule, Fault, FaultKind, Operation
from scheduler.report.document import Report
from scheduler.report.summary import summarize
from tests.simulation.history import Request
from tests.simulation.port import Port
from tests.simulation.scenes import HOURS, MINUTES, outcomes, slow
from tests.simulation.virtual import freeze, simulate
from tests.simulation.world import World, fleet, target


@dataclass
class AwakeningPort(Port):
    """After the process stood still, calls in flight are lost and the network takes a while to come back."""

    async def _call(
        self, operation: Operation, parameters: dict[str, Any], start: Request | None = None
    ) -> dict[str, Any]:
        assert isinstance(self.world, Awakening)
        before = self.world.clock.now()
        if before < self.world.back_at:
            raise CallFailed(Kind.NOT_SENT, "no network", stage=Stage.NOT_SENT, operation=operation)
        answer = await super()._call(operation, parameters, start)
        if self.world.clock.now() - before > HOURS / 2:
            raise CallFailed(Kind.AMBIGUOUS, "the answer was lost", stage=Stage.SENT, operation=operation)
        return answer


@dataclass
class Awakening(World):
    """A world whose process stands still for a while at `at`."""

    at: float = 0.0
    back_at: float = 0.0

    async def lane(self, key: LaneKey, *, calls: int) -> Port:
        return AwakeningPort(self, key, self.life)

    async def freeze(self, seconds: float) -> None:
        await anyio.sleep(self.at)
        freeze(seconds)
        self.back_at = self.clock.now() + 20


async def frozen(world: Awakening, run: str) -> Report:
    """Carry a run out while its process stands still for three hours."""
    async with anyio.create_task_group() as beside:
        beside.start_soon(world.freeze, 3 * HOURS)
        beside.start_soon(world.carry_out, run)
    return summarize(world.journal, run)


@pytest.mark.parametrize("at", [0.03, 0.12, 0.3, 1, 2.5, 10, 60, 280, 330, 900])
def test_hours_in_which_the_process_stood_still_cost_no_target_its_end(at: float) -> None:
    async def main() -> None:
        world = Awakening(slow(), at=at)
        report = await frozen(world, world.open(fleet(30)))
        assert outcomes(report) == {"succeeded": 30}
        assert set(Counter(start.app for start in world.truth.starts).values()) == {1}

    simulate(main)


@pytest.mark.parametrize("at", [1, 30, 359])
@pytest.mark.parametrize("echo", [True, False])
def test_a_start_in_doubt_is_found_although_the_process_stood_still_meanwhile(at: float, echo: bool) -> None:
    async def main() -> None:
        lost = Fault(kind=FaultKind.RESET_AFTER, times=1)
        world = Awakening(slow(faults=[lost], marker_echo=echo, list_lag=(40, 40)), at=at)
        report = await frozen(world, world.open([target("dlost")]))
        assert outcomes(report) == {"succeeded": 1}
        assert len(world.truth.jobs) == 1

    simulate(main)


def test_a_network_that_was_away_before_and_after_is_not_called_away_for_hours() -> None:
    async def main() -> None:
        world = Awakening(slow(), at=2, back_at=2)
        report = await frozen(world, world.open(fleet(3)))
        assert outcomes(report) == {"succeeded": 3}

    simulate(main)


def test_a_target_that_waits_for_its_branch_outlasts_a_look_that_fails_after_hours() -> None:
    async def main() -> None:
        world = Awakening(slow(branches=[BranchRule(busy=30 * MINUTES)]), at=5 * MINUTES)
        report = await frozen(world, world.open([target("dbusy")]))
        assert outcomes(report) == {"succeeded": 1}

    simulate(main)


def _jumping(world: World, at: float, jump: float) -> None:
    steady, wall = world.clock.now, world.clock.wall
    world.clock = Clock(now=steady, wall=lambda: wall() + (jump if steady() > at else 0))


@pytest.mark.parametrize("jump", [HOURS, -HOURS])
@pytest.mark.parametrize("at", [0.1, 3, 200, 700])
def test_a_jump_of_the_wall_clock_changes_nothing_of_a_night(jump: float, at: float) -> None:
    async def night(jump: float) -> tuple[dict[str, int], list[float]]:
        faults = [
            Fault(kind=FaultKind.RESET_AFTER, probability=0.1),
            Fault(kind=FaultKind.THROTTLE, probability=0.1),
            Fault(kind=FaultKind.RESET_BEFORE, operation=Operation.GET_JOB, probability=0.1),
        ]
        world = World(slow(faults=faults, branches=[BranchRule(app="d00003", busy=20 * MINUTES)]), seed=3)
        _jumping(world, at, jump)
        report = await world.release(fleet(40))
        return outcomes(report), [start.at for start in world.truth.starts]

    assert simulate(lambda: night(jump)) == simulate(lambda: night(0.0))


@pytest.mark.parametrize("jump", [HOURS, -HOURS])
@pytest.mark.parametrize("at", [0.15, 2, 400])
@pytest.mark.parametrize("lag", [0, 100])
def test_a_run_is_resumed_on_a_wall_clock_that_jumped(jump: float, at: float, lag: float) -> None:
    async def main() -> None:
        world = World(slow(list_lag=lag))
        run = world.open(fleet(20))
        await world.kill(run, at)
        _jumping(world, 0, jump)
        world.reopen(run)
        report = await world.carry_out(run)
        jobs = Counter(job.app for job in world.truth.jobs)
        lost = {found.app: found.outcome for found in report.targets if found.outcome != "succeeded"}
        assert lost == {app: "unresolved" for app in lost if not jobs[app]}
        assert set(Counter(start.app for start in world.truth.starts).values()) == {1}

    simulate(main)
