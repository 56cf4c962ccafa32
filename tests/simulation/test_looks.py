"""Looking for the job of a start in doubt: when, for how long, what is taken, and what is said."""

from __future__ import annotations

from typing import Any

import pytest

from scheduler.events import TargetParked
from scheduler.model import Evidence, JobType, Outcome
from tests.simulation.doubts import (
    BEGAN,
    LOOKS,
    LOST,
    NEVER_CAME,
    RESET,
    SETTLE,
    Faults,
    about,
    advice,
    late,
    looked_for,
    looks,
    pushes,
    world_of,
)
from tests.simulation.history import Word
from tests.simulation.virtual import simulate
from tests.simulation.world import target

# When


def test_the_branch_is_looked_at_ever_less_often_until_the_settle_time_is_over() -> None:
    async def main() -> None:
        world = world_of(NEVER_CAME)
        report = await looked_for(world, target("d1"))
        assert report.totals.unresolved == 1
        assert looks(world) == about([0, *LOOKS])

    simulate(main, at=BEGAN)


@pytest.mark.parametrize("answered_after", [0.0, 20.0])
def test_the_settle_time_begins_when_the_answer_is_given_up(answered_after: float) -> None:
    async def main() -> None:
        world = world_of([{"kind": "hang_before", "delay": answered_after, "times": 1}])
        await looked_for(world, target("d1"))
        assert looks(world)[-1] == answered_after + SETTLE

    simulate(main, at=BEGAN)


@pytest.mark.parametrize("settle", [0.0, 0.2])
def test_the_first_look_never_decides_for_it_tells_the_services_clock(settle: float) -> None:
    async def main() -> None:
        world = world_of(NEVER_CAME)
        await looked_for(world, target("d1"), settle=settle)
        assert looks(world) == about([0, 0, settle or 0.5])

    simulate(main, at=BEGAN)


def test_a_marked_job_settles_the_matter_at_the_first_look_that_shows_it() -> None:
    async def main() -> None:
        world = world_of(late(5), marker_echo=True)
        report = await looked_for(world, target("d1"))
        assert report.targets[0].evidence is Evidence.ADOPTED_EXACT
        assert looks(world) == about([0, 0, 0.5, 1.5, 3.5, 7.5])

    simulate(main, at=BEGAN)


def test_a_job_without_a_marker_is_taken_when_the_settle_time_is_over_and_not_before() -> None:
    async def main() -> None:
        world = world_of(late(5))
        report = await looked_for(world, target("d1"))
        assert report.targets[0].evidence is Evidence.ADOPTED_PROBABLE
        assert looks(world) == about([0, *LOOKS])

    simulate(main, at=BEGAN)


# Looks that fail


def unlistable(*, skip: int, times: int | None = None) -> Faults:
    return [{"operation": "ListJobs", "kind": "error_before", "status": 503, "skip": skip, "times": times}]


def test_a_look_that_fails_when_the_settle_time_is_over_is_made_again_seven_times() -> None:
    async def main() -> None:
        world = world_of(NEVER_CAME + unlistable(skip=1))
        report = await looked_for(world, target("d1"))
        again = [100 + after for after in (0.5, 1.5, 3.5, 7.5, 15.5, 31.5, 61.5)]
        assert looks(world) == about([0, *LOOKS, *again])
        assert report.targets[0].outcome is Outcome.UNRESOLVED
        assert report.targets[0].reason == (
            f"{LOST} ({RESET}). The branch's jobs could not be listed: ListJobs was sent and failed on the "
            f"service's side (InternalFailureException, HTTP 503: An internal failure occurred). To ask "
            f"again does no harm. {advice(report.run.id, '3 min')}"
        )

    simulate(main, at=BEGAN)


def test_one_of_them_that_succeeds_is_enough() -> None:
    async def main() -> None:
        world = world_of([{"kind": "reset_after", "times": 1}, *unlistable(skip=1, times=11)])
        report = await looked_for(world, target("d1"))
        assert looks(world) == about([0, *LOOKS, 100.5, 101.5])
        assert report.targets[0].evidence is Evidence.ADOPTED_PROBABLE

    simulate(main, at=BEGAN)


def test_a_lane_whose_credentials_are_gone_is_not_asked_again() -> None:
    async def main() -> None:
        denied = {"operation": "ListJobs", "kind": "expired_token", "skip": 1}
        world = world_of([*NEVER_CAME, denied])
        report = await looked_for(world, target("d1"))
        assert looks(world) == about([0, 0, 0.5])
        assert report.targets[0].outcome is Outcome.UNRESOLVED

    simulate(main, at=BEGAN)


# What is concluded


def test_the_sentence_for_a_start_that_left_no_trace() -> None:
    async def main() -> None:
        report = await looked_for(world_of(NEVER_CAME), target("d1"))
        assert report.targets[0].reason == (
            f"{LOST} ({RESET}). "
            f"No new RELEASE job appeared after job 0. It was probably not started. {advice(report.run.id)}"
        )

    simulate(main, at=BEGAN)


def test_the_sentence_for_several_jobs_that_fit() -> None:
    async def main() -> None:
        world, place = world_of(NEVER_CAME), target("d1")
        pushes(world, place, 1, 10, 20)
        report = await looked_for(world, place)
        assert report.targets[0].outcome is Outcome.UNRESOLVED
        assert report.targets[0].reason == (
            f"{LOST} ({RESET}). Jobs 1, 2, 3 all fit, and nothing tells which is ours. "
            f"{advice(report.run.id)}"
        )

    simulate(main, at=BEGAN)


def test_the_sentences_for_jobs_that_were_taken() -> None:
    async def main() -> None:
        for echo, sentence in (
            (True, "job 1 carries the marker of this start"),
            (False, "job 1 is most likely ours; another person may have started it"),
        ):
            world = world_of(late(5), marker_echo=echo)
            run = world.open([target("d1")], follow=False)
            await world.carry_out(run, settle=SETTLE)
            [record] = world.journal.targets(run)
            assert record.reason == sentence
            assert record.attempts[0].job_id == "1"

    simulate(main, at=BEGAN)


@pytest.mark.parametrize(
    ("fields", "kind", "at", "outcome"),
    [
        pytest.param({}, "RELEASE", 3, Outcome.SUCCEEDED, id="somebody's job that fits is taken"),
        pytest.param({}, "WEB_HOOK", 3, Outcome.UNRESOLVED, id="one of another type is not"),
        pytest.param({"job_type": JobType.WEB_HOOK}, "WEB_HOOK", 3, Outcome.SUCCEEDED, id="of the target's"),
        pytest.param({}, "RELEASE", 59, Outcome.SUCCEEDED, id="a minute after the answer was given up"),
        pytest.param({}, "RELEASE", 61, Outcome.UNRESOLVED, id="later than a minute"),
    ],
)
def test_a_job_is_taken_by_type_and_time(
    fields: dict[str, Any], kind: str, at: float, outcome: Outcome
) -> None:
    async def main() -> None:
        world, place = world_of(NEVER_CAME, clock_skew=333), target("d1", **fields)
        pushes(world, place, at, kind=kind)
        report = await looked_for(world, place)
        assert report.targets[0].outcome is outcome

    simulate(main, at=BEGAN)


def test_where_an_earlier_read_showed_that_markers_are_kept_a_missing_one_says_enough() -> None:
    """No look before the send was needed there, and none is missed."""

    async def main() -> None:
        world = world_of([{"kind": "reset_before", "skip": 1, "times": 1}], marker_echo=True)
        await world.release([target("d0")])
        pushes(world, target("d1"), world.clock.now() - BEGAN + 3)
        report = await looked_for(world, target("d1"))
        assert report.targets[0].outcome is Outcome.UNRESOLVED
        assert "No job carries its marker, and this lane keeps markers." in report.targets[0].reason

    simulate(main, at=BEGAN)


def test_jobs_are_read_down_to_the_fence() -> None:
    """The service shows one job a page, and the one that is ours has two newer ones above it."""

    async def main() -> None:
        world = world_of([{"kind": "reset_after", "times": 1}], page_size=1)
        place = target("d1")
        pushes(world, place, 10, 20, kind="WEB_HOOK")
        report = await looked_for(world, place)
        assert report.targets[0].evidence is Evidence.ADOPTED_PROBABLE
        assert report.targets[0].job is not None
        assert report.targets[0].job.jobId == "1"
        calls = world.truth.calls["ListJobs"]
        assert calls == 1 + sum(1 for at in LOOKS if at < 10) + sum(3 for at in LOOKS if at > 20) + 2

    simulate(main, at=BEGAN)


def test_no_page_below_the_fence_is_read() -> None:
    async def main() -> None:
        world = world_of([{"kind": "reset_after", "skip": 3, "times": 1}], page_size=1)
        place = target("d1")
        for _ in range(3):
            await world.release([place])
        before = world.truth.calls["ListJobs"]
        report = await looked_for(world, place)
        assert report.targets[0].job is not None
        assert report.targets[0].job.jobId == "4"
        assert world.truth.calls["ListJobs"] - before == 1 + 2 * len(LOOKS)

    simulate(main, at=BEGAN)


def test_what_a_target_in_doubt_waits_for_is_said() -> None:
    async def main() -> None:
        world = world_of(NEVER_CAME)
        await looked_for(world, target("d1"))
        said = [word.event for word in world.history.moments if isinstance(word, Word)]
        assert [event.reason for event in said if isinstance(event, TargetParked)] == [
            "in doubt: the start's answer never came; looking for its job"
        ]

    simulate(main, at=BEGAN)
