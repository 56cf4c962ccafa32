"""Whole runs of the real engine on virtual time against the emulated service."""

from __future__ import annotations

from collections import Counter
from functools import partial

import anyio
import pytest

from scheduler.events import Event, IntentAbandoned, TargetEnded
from scheduler.model import Evidence, FailureBudget, Limits, OnBusy, Outcome, StopCause
from scheduler.plan.scenario import BranchRule, Fault, FaultKind, Mode, Operation, Scenario
from scheduler.report.summary import summarize
from tests.simulation.scenes import MINUTES, outcomes, slow
from tests.simulation.virtual import simulate
from tests.simulation.world import EPOCH, World, fleet, target


def test_every_target_of_a_calm_night_succeeds_once() -> None:
    async def main() -> None:
        world = World(slow())
        report = await world.release(fleet(20))
        assert outcomes(report) == {"succeeded": 20}
        assert len(world.truth.jobs) == 20
        assert report.run.verdict == "succeeded"
        assert report.run.exit_code == 0

    simulate(main)


@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(slow(mode=Mode.REFUSE, slots=3), id="refuses above three jobs"),
        pytest.param(slow(mode=Mode.REFUSE, slots=1), id="refuses above one job"),
        pytest.param(slow(start_rate=0.5, start_burst=2), id="refuses above a start in two seconds"),
        pytest.param(slow(start_rate=5, start_burst=1, slots=200), id="a bucket of one token"),
        pytest.param(slow(slots=1), id="queues above one job"),
        pytest.param(slow(slots=200), id="no limit met"),
        pytest.param(slow(mode=Mode.REFUSE, slots=4, start_rate=1, read_rate=2), id="all limits at once"),
        pytest.param(slow(mode=Mode.REFUSE, slots=4, foreign_rate=0.01), id="others take slots"),
    ],
)
def test_a_hidden_limit_is_drained_to_the_end(scenario: Scenario) -> None:
    async def main() -> None:
        world = World(scenario)
        report = await world.release(fleet(60))
        assert outcomes(report) == {"succeeded": 60}
        own = [job for job in world.truth.jobs if not job.foreign]
        assert len(own) == 60
        assert len({job.app for job in own}) == 60

    simulate(main)


def test_one_busy_branch_costs_a_hundred_free_ones_nothing() -> None:
    """The free targets start as fast with a busy branch among them as without, over several seeds."""

    async def last_start(**fields: object) -> float:
        world = World(slow(slots=200, **fields))
        report = await world.release(fleet(101))
        assert outcomes(report) == {"succeeded": 101}
        return max(job.created_at - EPOCH for job in world.truth.jobs if job.app != "d00007")

    branches = [BranchRule(app="d00007", busy=20 * MINUTES)]
    calm = [simulate(partial(last_start, seed=seed)) for seed in range(6)]
    busy = [simulate(partial(last_start, seed=seed, branches=branches)) for seed in range(6)]
    assert sum(busy) <= 1.05 * sum(calm)


@pytest.mark.parametrize(
    ("on_busy", "outcome", "evidence"),
    [
        (OnBusy.WAIT, Outcome.SUCCEEDED, Evidence.RESPONSE),
        (OnBusy.ATTACH, Outcome.SUCCEEDED, Evidence.ATTACHED),
        (OnBusy.SKIP, Outcome.SKIPPED, Evidence.NONE),
        (OnBusy.FAIL, Outcome.FAILED, Evidence.NONE),
        (OnBusy.SUPERSEDE, Outcome.SUCCEEDED, Evidence.RESPONSE),
    ],
)
def test_a_target_on_a_busy_branch_does_what_on_busy_says(
    on_busy: OnBusy, outcome: Outcome, evidence: Evidence
) -> None:
    async def main() -> None:
        world = World(slow(branches=[BranchRule(app="dbusy", busy=10 * MINUTES)]))
        report = await world.release([target("dbusy", on_busy=on_busy)])
        (found,) = report.targets
        assert (found.outcome, found.evidence) == (outcome, evidence)
        # Nobody else's job is ever stopped, not even to supersede it.
        foreign = [job for job in world.truth.jobs if job.foreign]
        assert [job.status for job in foreign if job.ended_at] in (["SUCCEED"], [])

    simulate(main)


def test_a_job_of_this_journal_is_superseded() -> None:
    async def main() -> None:
        world = World(slow())
        await world.release([target("dours")], follow=False)
        report = await world.release([target("dours", on_busy=OnBusy.SUPERSEDE)])
        assert outcomes(report) == {"succeeded": 1}
        assert [job.status for job in world.truth.jobs] == ["CANCELLED", "SUCCEED"]

    simulate(main)


@pytest.mark.parametrize(
    ("patience", "told"), [(20.0, "20 s"), (30 * MINUTES, "30 min"), (90 * MINUTES, "1 h 30 min")]
)
def test_a_branch_that_stays_busy_is_skipped_after_the_queue_timeout(patience: float, told: str) -> None:
    async def main() -> None:
        world = World(slow(branches=[BranchRule(app="dbusy", busy=500 * MINUTES)]))
        report = await world.release([target("dbusy", queue_timeout=patience)])
        (found,) = report.targets
        assert found.outcome == "skipped"
        assert f"the branch was busy for {told}" in found.reason
        assert report.run.exit_code == 0

    simulate(main)


def test_every_end_of_a_job_has_its_outcome() -> None:
    async def main() -> None:
        rules = [
            BranchRule(app="dfails", fails=True),
            BranchRule(app="dcancelled", cancelled=True),
            BranchRule(app="dstuck", stuck=True),
            BranchRule(app="dmissing", missing=True),
        ]
        world = World(slow(branches=rules))
        apps = ("dgood", "dfails", "dcancelled", "dstuck", "dmissing")
        report = await world.release([target(app, build_timeout=60 * MINUTES) for app in apps])
        assert [str(found.outcome) for found in report.targets] == [
            "succeeded",
            "failed",
            "cancelled",
            "timed_out",
            "rejected",
        ]
        assert report.run.verdict == "failed"
        assert report.run.exit_code == 1

    simulate(main)


@pytest.mark.parametrize(
    "kind", [FaultKind.RESET_AFTER, FaultKind.EMPTY, FaultKind.ERROR_AFTER, FaultKind.LATE]
)
@pytest.mark.parametrize("echo", [True, False])
def test_a_lost_reply_is_adopted_and_never_sent_again(kind: FaultKind, echo: bool) -> None:
    async def main() -> None:
        fault = Fault(kind=kind, app="dlost", times=1, delay=20)
        world = World(slow(faults=[fault], marker_echo=echo))
        report = await world.release([target("dlost"), target("dfine")])
        lost, fine = report.targets
        assert (fine.outcome, fine.evidence) == ("succeeded", "response")
        assert lost.outcome == "succeeded"
        assert lost.evidence == ("adopted_exact" if echo else "adopted_probable")
        assert [start.app for start in world.truth.starts].count("dlost") == 1
        assert [job.app for job in world.truth.jobs].count("dlost") == 1

    simulate(main)


def test_a_start_that_never_arrived_is_unresolved_and_stays_so_until_a_person_decides() -> None:
    async def main() -> None:
        world = World(slow(faults=[Fault(kind=FaultKind.RESET_BEFORE, app="dlost", times=1)]))
        run = world.open([target("dlost")])
        first = await world.carry_out(run, settle=60)
        world.reopen(run)
        second = await world.carry_out(run, settle=60)
        for report in (first, second):
            assert outcomes(report) == {"unresolved": 1}
            assert "nothing was sent again" in report.targets[0].reason
            assert report.run.exit_code == 1
        assert len(world.truth.starts) == 1

        # Another night does not send it either.
        assert outcomes(await world.release([target("dlost")], settle=60)) == {"unresolved": 1}
        assert len(world.truth.starts) == 1

        (record,) = world.journal.targets(run)
        world.reopen(run)
        world.journal.record(
            IntentAbandoned(at=world.clock.wall(), position=0, intent=record.attempts[0].intent)
        )
        world.journal.flush()
        assert outcomes(await world.carry_out(run, settle=60)) == {"succeeded": 1}
        assert len(world.truth.starts) == 2

    simulate(main)


@pytest.mark.parametrize("at", [0.01, 0.1, 0.15, 0.2, 0.3, 1, 5, 60, 200, 301, 900, 2000])
@pytest.mark.parametrize("echo", [True, False])
def test_a_killed_run_is_resumed_without_a_second_start(at: float, echo: bool) -> None:
    async def main() -> None:
        world = World(slow(marker_echo=echo))
        run = world.open(fleet(30))
        await world.kill(run, at)
        world.reopen(run)
        report = await world.carry_out(run)
        starts = Counter(start.app for start in world.truth.starts)
        jobs = Counter(job.app for job in world.truth.jobs)
        for found in report.targets:
            assert starts[found.app] <= 1
            assert jobs[found.app] == (found.outcome == "succeeded")
            assert found.outcome in {"succeeded", "unresolved"}
        lost = [found for found in report.targets if found.outcome == "unresolved"]
        assert all(jobs[found.app] == 0 for found in lost)

    simulate(main)


def test_a_tripped_budget_starts_nothing_more_and_follows_what_runs() -> None:
    async def main() -> None:
        world = World(slow(branches=[BranchRule(app="d0000?", fails=True)]))
        report = await world.release(fleet(60), plan={"budget": FailureBudget(count=2)})
        assert report.run.verdict == "stopped"
        assert report.run.exit_code == 3
        assert report.totals.started == 0
        assert report.totals.failed > 2
        assert report.totals.not_started > 30
        assert all(job.ended_at for job in world.truth.jobs)

    simulate(main)


def test_a_deadline_leaves_a_run_that_resumes() -> None:
    async def main() -> None:
        world = World(slow())
        run = world.open(fleet(30))
        report = await world.carry_out(run, max_runtime=10 * MINUTES)
        assert report.run.exit_code == 3
        assert report.totals.not_started > 0
        world.reopen(run)
        assert outcomes(await world.carry_out(run)) == {"succeeded": 30}
        assert len(world.truth.starts) == 30

    simulate(main)


def test_a_signal_drains_calls_and_leaves_jobs_running() -> None:
    async def main() -> None:
        world = World(slow(latency=(1, 1)))
        run = world.open(fleet(30))
        engine = world.engine(run)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.execute)
            await anyio.sleep(3.3)
            engine.stop(StopCause.SIGTERM, "SIGTERM was received")
            at = world.clock.wall()
        report = summarize(world.journal, run)
        assert world.clock.wall() - at < 2.5
        assert report.run.verdict == "interrupted"
        assert report.run.exit_code == 143
        assert report.totals.unresolved == 0
        assert report.totals.started == len(world.truth.jobs) > 0
        assert all(start.at <= at + 0.6 for start in world.truth.starts)

    simulate(main)


def test_a_call_that_outlasts_the_drain_is_in_doubt_and_found_by_resume() -> None:
    async def main() -> None:
        hang = Fault(kind=FaultKind.HANG_AFTER, app="d00001", delay=50, times=1)
        world = World(slow(faults=[hang]))
        run = world.open(fleet(2))
        engine = world.engine(run, drain_timeout=5)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.execute)
            await anyio.sleep(3)
            engine.stop(StopCause.SIGINT, "SIGINT was received")
            at = world.clock.wall()
        assert world.clock.wall() - at < 6
        assert summarize(world.journal, run).totals.unresolved == 1
        world.reopen(run)
        report = await world.carry_out(run)
        assert outcomes(report) == {"succeeded": 2}
        assert len(world.truth.jobs) == 2

    simulate(main)


def test_a_wrong_account_stops_its_lane_before_any_start() -> None:
    async def main() -> None:
        world = World(slow(), wrong=frozenset({"shop"}))
        report = await world.release([target("dwrong", account="shop"), target("dfine")])
        assert outcomes(report) == {"not_started": 1, "succeeded": 1}
        assert "belong to another account" in report.targets[0].reason
        assert report.run.exit_code == 1
        assert [start.app for start in world.truth.starts] == ["dfine"]

        alone = await world.release([target("dwrong", account="shop")])
        assert alone.run.exit_code == 4

    simulate(main)


def test_a_lane_without_permission_is_given_up_soon() -> None:
    async def main() -> None:
        world = World(slow(faults=[Fault(kind=FaultKind.DENIED)]))
        report = await world.release(fleet(50))
        assert report.run.exit_code == 4
        assert len(world.truth.starts) < 10
        assert set(outcomes(report)) == {"rejected", "not_started"}

    simulate(main)


def test_an_expired_token_is_fetched_anew_once() -> None:
    async def main() -> None:
        world = World(slow(faults=[Fault(kind=FaultKind.EXPIRED_TOKEN, times=1, skip=3)]))
        assert outcomes(await world.release(fleet(10))) == {"succeeded": 10}
        assert world.refreshed == 1

    simulate(main)


def test_an_unfollowed_run_ends_after_its_starts() -> None:
    async def main() -> None:
        world = World(slow(slots=500))
        began = world.clock.wall()
        report = await world.release(fleet(100), follow=False)
        assert outcomes(report) == {"started": 100}
        assert report.run.exit_code == 0
        assert world.clock.wall() - began < 30
        # One read told that the marker is kept; no start after that needed a look at its branch.
        assert world.truth.calls["ListJobs"] < 20
        assert world.truth.calls["GetJob"] < 20

    simulate(main)


def test_a_given_ceiling_holds_in_an_unfollowed_run_too() -> None:
    async def main() -> None:
        world = World(slow(slots=50))
        report = await world.release(fleet(20), follow=False, concurrency=4)
        assert report.totals.started + report.totals.succeeded == 20
        assert report.run.exit_code == 0
        assert world.truth.lanes[0].peak_running <= 4

    simulate(main)


def test_a_reserve_is_left_to_others() -> None:
    async def main() -> None:
        world = World(slow(slots=5))
        report = await world.release(fleet(20), plan={"limits": Limits(builds=5, reserve=2)})
        assert outcomes(report) == {"succeeded": 20}
        assert world.truth.lanes[0].peak_running == 3

    simulate(main)


def test_reads_that_fail_for_long_never_fail_a_job() -> None:
    async def main() -> None:
        faults = [
            Fault(operation=Operation.GET_JOB, kind=FaultKind.ERROR_BEFORE, status=503, times=200),
            Fault(operation=Operation.LIST_JOBS, kind=FaultKind.THROTTLE, times=5),
        ]
        world = World(slow(faults=faults))
        assert outcomes(await world.release(fleet(10))) == {"succeeded": 10}

    simulate(main)


@pytest.mark.parametrize("build", [0.5, 30, 600, 1800])
def test_an_end_is_noticed_within_a_small_share_of_the_jobs_own_length(build: float) -> None:
    async def main() -> None:
        scenario = Scenario(build_time=(0.85 * build, 1.15 * build), pending_time=0.05, provision_time=0)
        world = World(scenario)
        seen: dict[int, float] = {}

        def listen(event: Event) -> None:
            if isinstance(event, TargetEnded):
                seen[event.position] = event.at

        world.journal.subscribe(listen)
        await world.release(fleet(40))
        ended = {int(job.app[1:]): job.ended_at for job in world.truth.jobs}
        delays = [seen[place] - at for place, at in ended.items() if at is not None]
        assert sum(delays) / len(delays) < 0.08 * build + 0.15

    simulate(main)


def test_the_same_seed_gives_the_same_night() -> None:
    async def main() -> str:
        world = World(slow(mode=Mode.REFUSE, foreign_rate=0.01), seed=7)
        return (await world.release(fleet(30))).model_dump_json()

    assert simulate(main) == simulate(main)
