"""Limits that are known before the first start: remembered from an earlier run, or told by Service Quotas."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import anyio
import pytest

from scheduler.emulator.service import Service
from scheduler.journal.memory.disk import MemoryDisk
from scheduler.model import LaneKey, Limits
from scheduler.plan.scenario import Mode, Scenario
from scheduler.report.document import Report
from tests.simulation.scenes import HOURS, slow
from tests.simulation.virtual import simulate
from tests.simulation.world import EPOCH, World, fleet, target

LANE = LaneKey("default", "eu-west-1")


def again(world: World, scenario: Scenario) -> World:
    """Make the next night's world: the same journal, and a service that begins anew."""
    world.service = Service(scenario, now=world.clock.now, epoch=EPOCH + world.clock.now())
    return world


def starts(world: World, began: float) -> list[float]:
    """Seconds from the run's begin to each of its starts, in order."""
    return sorted(job.created_at - EPOCH - began for job in world.truth.jobs if not job.foreign)


async def released(world: World, count: int, **fields: Any) -> tuple[Report, list[float]]:
    began = world.clock.now()
    report = await world.release(fleet(count), **fields)
    assert report.totals.succeeded == count
    return report, starts(world, began)


def two_nights(scenario: Scenario, count: int, *, apart: float = HOURS) -> tuple[Any, Any]:
    """Carry out a run twice on one journal; return report and starts of both."""

    async def main() -> tuple[Any, Any]:
        world = World(scenario)
        first = await released(world, count)
        await anyio.sleep(apart)
        return first, await released(again(world, scenario), count)

    return simulate(main)


def test_a_second_run_meets_the_slots_with_fewer_refusals() -> None:
    first, second = two_nights(slow(mode=Mode.REFUSE, slots=20), 100)
    assert second[0].lanes[0].throttled < first[0].lanes[0].throttled / 2
    assert second[1][-1] <= 1.02 * first[1][-1]


def test_a_second_run_reaches_the_pace_sooner() -> None:
    first, second = two_nights(slow(slots=400, start_rate=5, start_burst=5), 150)
    assert second[1][75] < 0.75 * first[1][75]
    assert second[0].lanes[0].throttled <= 0.05 * 150


def test_a_second_run_fills_the_slots_at_once() -> None:
    first, second = two_nights(slow(slots=20), 100)
    assert first[1][19] > 10, "the first has to feel its way"
    assert second[1][19] < 10
    assert second[1][-1] <= 1.02 * first[1][-1]


def test_what_was_learned_is_forgotten_after_a_day() -> None:
    found_out = []
    for apart in (23 * HOURS, 25 * HOURS):
        _, (report, _) = two_nights(slow(mode=Mode.REFUSE, slots=5), 20, apart=apart)
        found_out.append(report.lanes[0].throttled >= 2)  # a silence tells which limit it was, and costs two
    assert found_out == [False, True]


@pytest.mark.parametrize("changed", [0.5, 4.0])
@pytest.mark.parametrize(
    ("limits", "count"),
    [
        pytest.param({"slots": 20}, 100, id="queue"),
        pytest.param({"slots": 20, "mode": Mode.REFUSE}, 100, id="slots"),
        pytest.param({"slots": 400, "start_rate": 4.0, "start_burst": 4}, 100, id="pace"),
    ],
)
def test_a_memory_that_is_wrong_costs_little_and_is_put_right(
    limits: dict[str, Any], count: int, changed: float
) -> None:
    """A lane whose limits were halved, or are four times as high, since it was last here."""
    key = "start_rate" if "start_rate" in limits else "slots"
    now = slow(**(limits | {key: type(limits[key])(limits[key] * changed)}))

    async def second() -> tuple[Report, list[float]]:
        world = World(slow(**limits))
        await released(world, count)
        return await released(again(world, now), count)

    async def fresh() -> tuple[Report, list[float]]:
        return await released(World(now), count)

    report, misled = simulate(second)
    _, unbiased = simulate(fresh)
    assert misled[-1] <= 1.25 * unbiased[-1] + 20
    assert report.lanes[0].throttled <= 0.1 * count


def test_what_was_learned_is_in_the_journal_while_the_run_goes_on() -> None:
    async def main() -> None:
        disk = MemoryDisk()
        world = World(slow(mode=Mode.REFUSE, slots=4), disk=disk)
        run = world.open(fleet(60))
        await world.kill(run, 20 * 60)
        (learned,) = world.journal.learned("emulator", since=0.0).values()
        assert replace(learned, at=0.0).slots == 4
        assert EPOCH + 15 * 60 < learned.at <= EPOCH + 20 * 60

    simulate(main)


def test_a_lane_that_met_no_limit_leaves_no_memory() -> None:
    async def main() -> None:
        world = World(slow(slots=200))
        await released(world, 10)
        assert world.journal.learned("emulator", since=0.0) == {}

    simulate(main)


# Told by Service Quotas


@pytest.mark.parametrize(("after", "latest"), [(0.0, 1.0), (0.8, 1.8), (30.0, 2.0)])
def test_the_quota_is_filled_at_once_and_the_first_start_waits_a_second_for_it_at_most(
    after: float, latest: float
) -> None:
    async def main() -> None:
        world = World(slow(slots=20), quota_told=20, quota_after=after)
        report, sent = await released(world, 60)
        assert sent[0] < latest
        assert sent[19] < (12 if after < 1 else 45)
        assert report.lanes[0].peak_in_flight <= (30 if after < 1 else 45)
        changes = [change.reason for change in world.journal.limit_changes(report.run.id)]
        assert "the account's quota is 20 concurrent jobs" in changes

    simulate(main)


@pytest.mark.parametrize("count", [1, 2, 5, 6, 12])
def test_short_jobs_are_followed_as_closely_with_a_known_quota_as_without(count: int) -> None:
    """Knowing the quota must not make the lane look rarely, as one does whose slots are all taken."""

    async def seconds(quota: int | None) -> float:
        world = World(Scenario(), quota_told=quota)
        await released(world, count)
        return world.clock.now()

    assert simulate(lambda: seconds(5)) <= simulate(lambda: seconds(None)) + 5


@pytest.mark.parametrize("follow", [True, False])
@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("after", [0.0, 0.8])
def test_a_reserve_is_left_to_others_where_the_quota_is_known(
    mode: Mode, after: float, *, follow: bool
) -> None:
    async def main() -> None:
        world = World(slow(slots=8, mode=mode), quota_told=8, quota_after=after)
        report = await world.release(fleet(40), plan={"limits": Limits(reserve=3)}, follow=follow)
        assert world.truth.lanes[0].peak_running == 5
        assert report.lanes[0].peak_in_flight == 5
        assert report.lanes[0].throttled == 0

    simulate(main)


def test_a_number_in_the_plan_is_believed_and_no_quota_asked_or_waited_for() -> None:
    async def main() -> None:
        world = World(slow(slots=20), quota_told=20)
        report, sent = await released(world, 12, plan={"limits": Limits(builds=4)})
        assert sent[0] < 0.5
        assert report.lanes[0].peak_in_flight == 4
        assert not any("quota" in change.reason for change in world.journal.limit_changes(report.run.id))

    simulate(main)


# Fairness


@pytest.mark.parametrize("mode", list(Mode))
def test_four_equal_groups_have_started_equally_when_half_of_all_is_started(mode: Mode) -> None:
    """Jain's index over the groups' starts: 1 is equal, 1/4 is one group alone."""

    async def main() -> None:
        world = World(slow(slots=8, mode=mode, start_rate=2))
        teams = ["web", "api", "docs", "shop"]
        targets = [
            target(f"d{team}{number:03}", labels={"team": team}) for team in teams for number in range(20)
        ]
        report = await world.release(targets)
        assert report.totals.succeeded == 80
        order = sorted(world.truth.jobs, key=lambda job: job.created_at)[:40]
        shares = [sum(job.app.startswith(f"d{team}") for job in order) for team in teams]
        assert sum(shares) ** 2 / (4 * sum(share**2 for share in shares)) > 0.99, shares

    simulate(main)
