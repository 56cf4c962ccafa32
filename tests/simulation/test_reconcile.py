"""Starts in doubt: what is found, what cannot be told apart, and what a person then reads."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import anyio
import pytest

from scheduler.model import Evidence, LaneKey, Outcome
from scheduler.plan.scenario import Fault, FaultKind, Operation, Scenario
from scheduler.report.document import Report
from tests.simulation.port import Port
from tests.simulation.virtual import simulate
from tests.simulation.world import World, target

LANE = LaneKey("default", "eu-west-1")
LOST = Fault(kind=FaultKind.RESET_AFTER, times=1)
NEVER_ARRIVED = Fault(kind=FaultKind.RESET_BEFORE, times=1)


def unlistable(**fields: object) -> Fault:
    """ListJobs fails."""
    return Fault.model_validate({"kind": FaultKind.ERROR_BEFORE, "operation": Operation.LIST_JOBS} | fields)


def world_of(*faults: Fault, echo: bool = False, **fields: object) -> World:
    """A world of short builds, with these faults."""
    return World(
        Scenario.model_validate(
            {"build_time": 5, "latency": (0.05, 0.2), "marker_echo": echo, "faults": faults} | fields
        )
    )


async def somebody_starts(world: World, at: float) -> None:
    """Start a job on the branch by other hands."""
    await anyio.sleep(at)
    await Port(world, LANE, world.life).start_job(target("dlost"), commit_message=None, intent="")


async def release_beside(world: World, beside: Callable[[], Coroutine[Any, Any, None]]) -> Report:
    """Release the target while something else goes on."""
    report: list[Report] = []

    async def release() -> None:
        report.append(await world.release([target("dlost")]))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(beside)
        tasks.start_soon(release)
    return report[0]


@pytest.mark.parametrize("at", [20, 40])
def test_a_job_of_ours_and_one_of_somebody_else_are_a_conflict_and_neither_is_taken(at: float) -> None:
    async def main() -> None:
        world = world_of(LOST)
        report = await release_beside(world, lambda: somebody_starts(world, at))
        (found,) = report.targets
        assert (found.outcome, found.evidence, found.job) == (Outcome.UNRESOLVED, Evidence.NONE, None)
        assert "Jobs 1, 2 all fit, and nothing tells which is ours." in found.reason
        assert "--restart-unresolved" in found.reason
        assert len(world.truth.starts) == 2

    simulate(main)


def test_somebody_elses_later_job_is_no_conflict_where_the_marker_is_kept() -> None:
    async def main() -> None:
        world = world_of(LOST, echo=True, list_lag=30)
        report = await release_beside(world, lambda: somebody_starts(world, 20))
        (found,) = report.targets
        assert (found.outcome, found.evidence) == (Outcome.SUCCEEDED, Evidence.ADOPTED_EXACT)
        assert found.job is not None
        assert found.job.jobId == "1"

    simulate(main)


def test_somebody_elses_job_after_the_window_is_not_taken_for_ours() -> None:
    async def main() -> None:
        world = world_of(NEVER_ARRIVED)
        report = await release_beside(world, lambda: somebody_starts(world, 90))
        (found,) = report.targets
        assert (found.outcome, found.evidence) == (Outcome.UNRESOLVED, Evidence.NONE)
        assert "No new RELEASE job appeared after job 0. It was probably not started." in found.reason

    simulate(main)


@pytest.mark.parametrize(("times", "outcome"), [(7, Outcome.SUCCEEDED), (8, Outcome.UNRESOLVED)])
def test_a_look_that_fails_after_the_settle_time_is_tried_again_seven_times(
    times: int, outcome: Outcome
) -> None:
    async def night(*faults: Fault) -> tuple[Outcome, int]:
        world = world_of(LOST, *faults)
        report = await world.release([target("dlost")])
        return report.targets[0].outcome, world.truth.calls[Operation.LIST_JOBS]

    _, looks = simulate(night)
    found, _ = simulate(lambda: night(unlistable(skip=looks - 1, times=times)))
    assert found is outcome

    # Nothing else than the last look decides.
    found, _ = simulate(lambda: night(unlistable(skip=1, times=looks - 2)))
    assert found is Outcome.SUCCEEDED


def test_a_branch_that_can_never_be_listed_leaves_the_start_unresolved_and_says_why() -> None:
    async def main() -> None:
        world = world_of(LOST, unlistable(skip=1, status=503))
        report = await world.release([target("dlost")])
        (found,) = report.targets
        assert (found.outcome, found.evidence) == (Outcome.UNRESOLVED, Evidence.NONE)
        assert "The branch's jobs could not be listed: ListJobs was sent and failed" in found.reason
        assert len(world.truth.starts) == 1
        assert world.clock.now() < 360 + 120

    simulate(main)


def test_credentials_that_are_gone_end_the_search_at_once_and_leave_the_doubt_open() -> None:
    async def main() -> None:
        gone = unlistable(skip=1, status=403, code="UnrecognizedClientException")
        world = world_of(LOST, gone)
        report = await world.release([target("dlost")])
        (found,) = report.targets
        assert found.outcome is Outcome.UNRESOLVED
        assert "nothing was sent again" in found.reason
        assert "does not accept these credentials" in (report.lanes[0].stopped or "")
        assert world.clock.now() < 10

    simulate(main)


def test_the_very_first_call_of_a_night_is_found_though_nothing_told_the_services_clock_before() -> None:
    async def main() -> None:
        world = world_of(LOST, echo=True, list_lag=30, clock_skew=-600)
        world.disk.markers["emulator", LANE, "RELEASE"] = True
        report = await world.release([target("dlost")])
        (found,) = report.targets
        assert (found.outcome, found.evidence) == (Outcome.SUCCEEDED, Evidence.ADOPTED_EXACT)

    simulate(main)


@pytest.mark.parametrize("echo", [True, False])
def test_what_a_killed_night_left_in_doubt_is_found_before_its_branch_is_released_again(echo: bool) -> None:
    async def main() -> None:
        world = world_of(LOST, echo=echo, list_lag=30)
        killed = world.open([target("dlost")])
        await world.kill(killed, 1)  # its start's answer is lost, and its job is not to be seen yet
        report = await world.release([target("dlost")])
        (found,) = report.targets
        assert (found.outcome, found.evidence) == (Outcome.SUCCEEDED, Evidence.RESPONSE)
        (earlier,) = world.journal.targets(killed)
        assert earlier.evidence is (Evidence.ADOPTED_EXACT if echo else Evidence.ADOPTED_PROBABLE)
        assert len(world.truth.jobs) == 2

    simulate(main)


def test_what_an_earlier_night_left_in_doubt_for_good_is_not_sent_again_by_the_next() -> None:
    async def main() -> None:
        world = world_of(NEVER_ARRIVED)
        killed = world.open([target("dlost")])
        await world.kill(killed, 1)
        report = await world.release([target("dlost")])
        (found,) = report.targets
        assert found.outcome is Outcome.UNRESOLVED
        assert found.reason.startswith("not sent, for an earlier start is in doubt: the start was sent at ")
        assert f"(by run {killed})" in found.reason
        assert len(world.truth.starts) == 1

    simulate(main)


@pytest.mark.parametrize("echo", [True, False])
def test_a_start_under_way_when_its_process_was_killed_is_found_by_resume(echo: bool) -> None:
    async def main() -> None:
        world = world_of(echo=echo, latency=2)
        run = world.open([target("dlost")])
        await world.kill(run, 3.5)  # after the look at the branch, the start has arrived and is not answered
        assert len(world.truth.jobs) == 1
        world.reopen(run)
        (found,) = (await world.carry_out(run)).targets
        adopted = Evidence.ADOPTED_EXACT if echo else Evidence.ADOPTED_PROBABLE
        assert (found.outcome, found.evidence) == (Outcome.SUCCEEDED, adopted)
        assert len(world.truth.starts) == 1

    simulate(main)
