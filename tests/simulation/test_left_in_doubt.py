"""Starts in doubt: the last look, and what dead processes and earlier runs left of them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import anyio
import pytest

from scheduler.events import TargetEnded, TargetParked
from scheduler.model import Evidence, Outcome, Target
from scheduler.plan.scenario import BranchRule
from tests.simulation.doubts import (
    BEGAN,
    LOST,
    NEVER_CAME,
    SETTLE,
    advice,
    looked_for,
    looks,
    pushes,
    world_of,
)
from tests.simulation.history import Read, Word
from tests.simulation.virtual import simulate
from tests.simulation.world import World, target

# The last look


def test_what_was_looked_for_half_a_minute_ago_is_looked_for_again_when_the_run_ends() -> None:
    async def gap(settle: float) -> tuple[float, bool]:
        """Return how long after the verdict the run ended, and whether it looked again."""
        world = world_of(NEVER_CAME, branches=[BranchRule(app="d2", build_time=(40, 40))])
        await world.release([target("d1"), target("d2")], settle=settle)
        words = [word for word in world.history.moments if isinstance(word, Word)]
        verdict, *_, end = [word.at for word in words if isinstance(word.event, TargetEnded)]
        reads = [look for look in world.history.moments if isinstance(look, Read)]
        return end - verdict, any(look.app == "d1" and look.at > verdict for look in reads)

    gaps = dict(simulate(partial(gap, 6 + step / 4), at=BEGAN) for step in range(40))
    assert 30 <= min(after for after, again in gaps.items() if again) < 31
    assert 29 < max(after for after, again in gaps.items() if not again) < 30


# What an earlier process left


@pytest.mark.parametrize("answered", [True, False])
@pytest.mark.parametrize("pause", [0, 49, 500])
def test_a_resumed_run_goes_on_looking_for_what_is_left_of_the_settle_time(
    answered: bool, pause: float
) -> None:
    """A call whose answer is not in the journal counts as given up after a minute."""

    async def main() -> None:
        hang = {"kind": "hang_before", "delay": 0 if answered else 40, "times": 1}
        world = world_of([hang], clock_skew=-500)
        run = world.open([target("d1")])
        await world.kill(run, 1)
        await anyio.sleep(pause)
        world.reopen(run)
        report = await world.carry_out(run, settle=SETTLE)
        assert report.totals.unresolved == 1
        settled = SETTLE if answered else 60 + SETTLE
        assert looks(world)[-1] == pytest.approx(max(1 + pause + 0.5, settled), abs=0.1)

    simulate(main, at=BEGAN)


@pytest.mark.parametrize("answered", [True, False])
@pytest.mark.parametrize(("at", "found"), [(55, True), (110, None), (125, False)])
def test_the_window_of_a_dead_process_ends_a_minute_after_its_call(
    answered: bool, at: float, found: bool | None
) -> None:
    """A call whose answer is not in the journal may have lasted a minute itself."""

    async def main() -> None:
        hang = {"kind": "hang_before", "delay": 0 if answered else 40, "times": 1}
        world, place = world_of([hang]), target("d1")
        pushes(world, place, at)
        run = world.open([place])
        await world.kill(run, 1)
        await anyio.sleep(400)
        world.reopen(run)
        report = await world.carry_out(run, settle=SETTLE)
        taken = found if found is not None else not answered
        assert report.targets[0].outcome is (Outcome.SUCCEEDED if taken else Outcome.UNRESOLVED)

    simulate(main, at=BEGAN)


def test_a_process_that_died_in_the_call_is_why_its_answer_is_not_known() -> None:
    async def main() -> None:
        world = world_of([{"kind": "hang_before", "delay": 40, "times": 1}])
        run = world.open([target("d1")])
        await world.kill(run, 1)
        world.reopen(run)
        report = await world.carry_out(run, settle=SETTLE)
        assert report.targets[0].reason.startswith(f"{LOST} (the process ended before it came). No new")

    simulate(main, at=BEGAN)


@pytest.mark.parametrize("resumed", [True, False])
def test_the_patience_for_an_adopted_job_begins_with_its_send(resumed: bool) -> None:
    async def main() -> None:
        stuck = [BranchRule(app="d1", stuck=True)]
        world = world_of([{"kind": "reset_after", "times": 1}], branches=stuck, pending_time=100_000)
        run = world.open([target("d1", queue_timeout=600)])
        if resumed:
            await world.kill(run, 50)
            await anyio.sleep(200)
            world.reopen(run)
        report = await world.carry_out(run, settle=SETTLE)
        assert report.targets[0].outcome is Outcome.TIMED_OUT
        assert world.clock.now() - BEGAN == pytest.approx(600, abs=30)

    simulate(main, at=BEGAN)


# What earlier runs left


async def left_in_doubt(world: World, place: Target) -> str:
    """Begin a run that dies with a start in doubt; return its id."""
    run = world.open([place])
    await world.kill(run, 0.01)
    return run


def test_a_run_settles_an_earlier_ones_doubt_before_it_starts() -> None:
    async def main() -> None:
        world, place = world_of([{"kind": "reset_after", "times": 1}], marker_echo=True), target("d1")
        earlier = await left_in_doubt(world, place)
        report = await looked_for(world, place)
        assert report.totals.succeeded == 1
        assert len(world.truth.jobs) == 2
        [record] = world.journal.targets(earlier)
        assert (record.evidence, record.reason) == (
            Evidence.ADOPTED_EXACT,
            "job 1 carries the marker of this start",
        )
        said = [word.event for word in world.history.moments if isinstance(word, Word)]
        parked = [event.reason for event in said if isinstance(event, TargetParked)]
        assert f"looking for a start of run {earlier} that is in doubt" in parked

    simulate(main, at=BEGAN)


def test_a_target_whose_earlier_start_stays_in_doubt_is_not_sent() -> None:
    async def main() -> None:
        world, place = world_of(NEVER_CAME), target("d1")
        earlier = await left_in_doubt(world, place)
        report = await looked_for(world, place)
        assert len(world.truth.starts) == 1
        assert report.targets[0].outcome is Outcome.UNRESOLVED
        assert report.targets[0].reason == (
            f"not sent, for an earlier start is in doubt: {LOST} (by run {earlier}). "
            f"No new RELEASE job appeared after job 0. It was probably not started. "
            f"{advice(earlier, '3 min')}"
        )

    simulate(main, at=BEGAN)


def test_the_commands_that_settle_an_earlier_runs_doubt_give_it_to_its_fleet_again() -> None:
    async def main() -> None:
        world, place = world_of(NEVER_CAME), target("d1")
        earlier = await left_in_doubt(world, place)
        runs = world.disk.runs
        runs[earlier] = replace(runs[earlier], fleet=True)
        report = await looked_for(world, place)
        assert f"resume {earlier} --emulate --fleet --cloudtrail" in report.targets[0].reason
        assert f"resume {earlier} --emulate --fleet --restart-unresolved" in report.targets[0].reason

    simulate(main, at=BEGAN)


def test_every_doubt_of_earlier_runs_has_to_be_settled() -> None:
    """Two runs left one each, under two names of one account; the second is never found."""

    async def main() -> None:
        world = world_of([{"kind": "reset_after", "times": 1}, *NEVER_CAME], marker_echo=True)
        world.identities = {"twin": "default"}
        first, second = target("d1"), target("d1", account="twin")
        run = world.open([first, second])
        await world.kill(run, 0.1)
        assert len(world.truth.starts) == 2
        report = await looked_for(world, first)
        assert report.targets[0].outcome is Outcome.UNRESOLVED
        assert len(world.truth.starts) == 2
        assert {record.evidence for record in world.journal.targets(run)} == {
            Evidence.ADOPTED_EXACT,
            Evidence.NONE,
        }

    simulate(main, at=BEGAN)


def test_a_waiting_target_does_not_keep_the_lane_from_its_end() -> None:
    """Its place among those that wait is given back, whether it is started or not."""

    async def main() -> None:
        for faults in (NEVER_CAME, [{"kind": "reset_after", "times": 1}]):
            world, place = world_of(faults), target("d1")
            await left_in_doubt(world, place)
            engine = world.engine(world.open([place]), settle=SETTLE)
            with anyio.fail_after(10_000):
                await engine.execute()
            assert [lane.parked for lane in engine._lanes.values()] == [0]

    simulate(main, at=BEGAN)
