"""Clocks that are wrong, or are set in the middle of everything: nothing depends on our own."""

from __future__ import annotations

import anyio
import pytest

from scheduler.model import Evidence
from scheduler.plan.scenario import BranchRule, Fault, FaultKind
from tests.simulation.scenes import HOURS, MINUTES, slow
from tests.simulation.virtual import simulate
from tests.simulation.world import World, target


@pytest.mark.parametrize("kills", [0, 1, 4])
def test_the_build_deadline_does_not_begin_anew_with_every_process(kills: int) -> None:
    async def main() -> None:
        world = World(slow(branches=[BranchRule(app="dstuck", stuck=True)]))
        run = world.open([target("dstuck", queue_timeout=10 * MINUTES, build_timeout=60 * MINUTES)])
        for _ in range(kills):
            await world.kill(run, 15 * MINUTES)
            world.reopen(run)
        report = await world.carry_out(run)
        assert report.totals.by_outcome() == {"timed_out": 1}
        assert 59 * MINUTES < world.clock.now() < 73 * MINUTES

    simulate(main)


@pytest.mark.parametrize("skew", [-10 * MINUTES, 10 * MINUTES])
@pytest.mark.parametrize("jump", [-HOURS, 0, HOURS])
@pytest.mark.parametrize("queued", [True, False])
def test_a_resumed_jobs_patience_does_not_depend_on_our_clock(skew: float, jump: float, queued: bool) -> None:
    """The clock is wrong, and set while no process runs; the deadlines come when they would have come."""

    async def main() -> None:
        scenario = slow(clock_skew=skew, slots=1, branches=[BranchRule(app="dstuck", stuck=True)])
        world = World(scenario, jumps=[(250, jump)])
        first = target("dother" if queued else "dstuck", queue_timeout=30 * MINUTES, build_timeout=2 * HOURS)
        blocker = await world.release([target("dstuck")], follow=False) if queued else None
        run = world.open([first])
        await world.kill(run, 240)
        await anyio.sleep(60)
        world.reopen(run)
        report = await world.carry_out(run)
        assert report.totals.by_outcome() == {"timed_out": 1}
        # That it is active is seen for the first time after the resume.
        due = 30 * MINUTES if queued else 5 * MINUTES + 2 * HOURS
        assert blocker is None or len(world.truth.jobs) == 2
        assert due - 60 < world.clock.now() < due + 2 * MINUTES

    simulate(main)


@pytest.mark.parametrize("echo", [True, False])
def test_a_clock_set_forward_while_nothing_runs_does_not_cut_the_looking_short(echo: bool) -> None:
    """The request takes effect late; how long it has been on its way, the service's own clock tells."""

    async def main() -> None:
        late = Fault(kind=FaultKind.LATE, delay=20)
        world = World(slow(marker_echo=echo, faults=[late]), jumps=[(5, HOURS)])
        run = world.open([target("dlate")])
        await world.kill(run, 4)
        assert len(world.truth.starts) == 1
        await anyio.sleep(2)
        world.reopen(run)
        report = await world.carry_out(run)
        assert report.totals.by_outcome() == {"succeeded": 1}

    simulate(main)


@pytest.mark.parametrize("jump", [HOURS, -HOURS])
@pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.LATE])
@pytest.mark.parametrize("echo", [True, False])
def test_a_jump_of_the_wall_clock_during_a_lost_call_changes_nothing(
    jump: float, kind: FaultKind, echo: bool
) -> None:
    async def main() -> None:
        fault = Fault(kind=kind, delay=20, times=1)
        world = World(slow(latency=(1, 1), marker_echo=echo, faults=[fault]), jumps=[(1.3, jump)])
        report = await world.release([target("dlost")])
        (found,) = report.targets
        assert found.outcome == "succeeded"
        assert found.evidence == (Evidence.ADOPTED_EXACT if echo else Evidence.ADOPTED_PROBABLE)
        assert len(world.truth.jobs) == 1

    simulate(main)
