"""What holds a lane back is known to everybody: while it does so, and when all is over."""

from __future__ import annotations

from typing import Any

import anyio

from scheduler.events import Event, LaneHeld
from scheduler.journal.at_work import AtWork
from scheduler.model import Hold, OnBusy
from scheduler.plan.scenario import BranchRule, Fault, FaultKind, Mode, Operation, Scenario
from scheduler.report.summary import summarize
from tests.simulation.virtual import simulate
from tests.simulation.world import EPOCH, World, fleet, target

MINUTES = 60.0


def slow(**fields: Any) -> Scenario:
    return Scenario.model_validate(
        {"build_time": (240, 360), "pending_time": 1, "provision_time": 2, "latency": (0.05, 0.2)} | fields
    )


def holds_of(world: World) -> list[LaneHeld]:
    heard: list[LaneHeld] = []

    def listen(event: Event) -> None:
        if isinstance(event, LaneHeld):
            heard.append(event)

    world.journal.subscribe(listen)
    return heard


def test_another_process_can_read_what_holds_a_lane_and_the_report_sums_it_up() -> None:
    async def main() -> None:
        world = World(slow(mode=Mode.REFUSE, slots=4))
        heard = holds_of(world)
        run = world.open(fleet(20))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(world.engine(run).execute)
            await anyio.sleep(2 * MINUTES)
            halfway = summarize(world.journal, run, at_work=AtWork(alive=frozenset({run})))
        assert halfway.lanes[0].held == "all 4 slots are taken"
        waiting = {found.reason for found in halfway.targets if found.outcome == "not_started"}
        assert waiting == {"its lane waits: all 4 slots are taken"}

        after = summarize(world.journal, run)
        assert after.lanes[0].held is None
        held_by = after.lanes[0].held_by
        assert held_by is not None
        last_start = max(job.created_at for job in world.truth.jobs) - EPOCH
        assert held_by[Hold.SLOTS] > 0.8 * last_start
        assert sum(held_by.values()) <= last_start + 1
        assert heard[-1].kind is None
        assert not any(event.stalled for event in heard)

    simulate(main)


def test_what_passes_quickly_is_not_recorded() -> None:
    async def main() -> None:
        world = World(slow(slots=200))
        heard = holds_of(world)
        await world.release(fleet(12))
        assert heard == []

    simulate(main)


def test_a_resumed_run_goes_on_counting_what_held_it() -> None:
    async def main() -> None:
        world = World(slow(mode=Mode.REFUSE, slots=2))
        run = world.open(fleet(8))
        await world.kill(run, 8 * MINUTES)
        before = summarize(world.journal, run).lanes[0].held_by
        world.reopen(run)
        after = (await world.carry_out(run)).lanes[0].held_by
        assert before is not None
        assert after is not None
        assert after[Hold.SLOTS] > before[Hold.SLOTS] + 5 * MINUTES

    simulate(main)


def test_a_lane_that_stands_still_is_named_once_with_what_it_waits_for() -> None:
    """Others hold every slot for an hour, so none of our jobs runs and nothing can be read."""

    async def main() -> None:
        full = Fault(kind=FaultKind.THROTTLE, operation=Operation.START_JOB, times=130)
        world = World(slow(faults=[full]))
        heard = holds_of(world)
        report = await world.release(fleet(3, marker=True))
        assert report.totals.succeeded == 3
        (stall,) = [event for event in heard if event.stalled]
        assert stall.reason == (
            "stalled: nothing has moved for 10 min; silent: refused though none of our jobs runs"
        )
        assert 10 * MINUTES <= stall.at - EPOCH <= 11 * MINUTES
        assert heard[-1].reason == ""

    simulate(main)


def test_targets_that_wait_for_their_branches_are_no_stall_while_these_can_be_read() -> None:
    async def main() -> None:
        world = World(slow(branches=[BranchRule(app="dbusy", busy=40 * MINUTES)]))
        heard = holds_of(world)
        report = await world.release([target("dbusy", on_busy=OnBusy.WAIT)])
        assert report.totals.succeeded == 1
        assert heard == []

    simulate(main)
