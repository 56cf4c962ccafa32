"""What must hold when several unlucky things happen to a run at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import anyio
import anyio.lowlevel
import pytest

from scheduler.amplify.port import Answer, CallFailed, Kind, Stage
from scheduler.events import StartIntended
from scheduler.journal.memory.journal import MemoryJournal
from scheduler.model import Evidence, FailureBudget, Job, JobType, LaneKey, OnBusy, StopCause, Target
from scheduler.plan.scenario import BranchRule, Fault, FaultKind, Operation, Scenario
from scheduler.report.document import Report
from scheduler.report.summary import summarize
from tests.simulation.port import Port
from tests.simulation.scenes import HOURS, MINUTES, outcomes, slow
from tests.simulation.virtual import simulate
from tests.simulation.world import World, fleet, target

LANE = LaneKey("default", "eu-west-1")


def start_says_busy(kind: FaultKind = FaultKind.ERROR_BEFORE, **fields: object) -> Fault:
    """StartJob says that the branch has a job, whether it has or not."""
    message = "The requested branch main already have pending or running jobs"
    return Fault.model_validate(
        {"kind": kind, "status": 429, "code": "LimitExceededException", "message": message} | fields
    )


def start_lies_throttled() -> Fault:
    """StartJob makes a job, and says once that it was refused by a limit."""
    return Fault(
        kind=FaultKind.ERROR_AFTER,
        status=429,
        code="LimitExceededException",
        message="Rate exceeded",
        times=1,
    )


@dataclass
class HookedPort(Port):
    """A port that lets the world have a word before each StartJob."""

    async def start_job(self, target: Target, *, commit_message: str | None, intent: str) -> Answer:
        assert isinstance(self.world, HookedWorld)
        await self.world.before_start(target)
        return await super().start_job(target, commit_message=commit_message, intent=intent)


@dataclass
class HookedWorld(World):
    """A world in which `before_start` may delay a StartJob, or fail it before it is sent."""

    before_start: Callable[[Target], Awaitable[None]] = lambda _: anyio.lowlevel.checkpoint()

    async def lane(self, key: LaneKey, *, calls: int) -> Port:
        return HookedPort(self, key, self.life)


class SlowToVerify(World):
    """A world in which one account's identity is long in coming."""

    async def verify(self, account: str) -> None:
        if account == "slow":
            await anyio.sleep(5 * MINUTES)


def unreachable() -> CallFailed:
    return CallFailed(
        Kind.NOT_SENT, "the endpoint could not be reached", stage=Stage.NOT_SENT, operation="StartJob"
    )


async def stopped_at(world: World, run: str, at: float, **options: object) -> Report:
    """Carry a run out with a SIGTERM after `at` seconds; return its report."""
    engine = world.engine(run, **options)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(engine.execute)
        await anyio.sleep(at)
        engine.stop(StopCause.SIGTERM, "SIGTERM was received")
    return summarize(world.journal, run)


# A stop, whatever causes it, at any moment


def test_a_lane_given_up_in_the_moment_its_window_opens_ends_in_peace() -> None:
    """The refusal that gives the lane up is also the one that frees the slot the next start waits for."""

    async def main() -> None:
        world = World(slow(latency=(0.5, 0.5), faults=[Fault(kind=FaultKind.DENIED)]))
        report = await world.release(fleet(20), concurrency=1)
        assert outcomes(report) == {"rejected": 3, "not_started": 17}
        assert report.run.exit_code == 4

    simulate(main)


def test_a_budget_tripped_by_the_end_that_frees_a_slot_starts_nothing_more() -> None:
    async def main() -> None:
        world = World(slow(failure_rate=1.0))
        report = await world.release(fleet(20), concurrency=2, plan={"budget": FailureBudget(count=0)})
        assert outcomes(report) == {"failed": 2, "not_started": 18}
        assert len(world.truth.starts) == 2
        assert report.run.exit_code == 3

    simulate(main)


def test_a_busy_answer_that_comes_after_the_stop_leaves_its_target_unstarted() -> None:
    async def main() -> None:
        world = World(slow(latency=(2, 2), faults=[start_says_busy()]))
        report = await stopped_at(world, world.open(fleet(5)), 2.5)
        assert world.truth.starts
        assert outcomes(report) == {"not_started": 5}
        assert report.run.exit_code == 143

    simulate(main)


def test_a_look_that_finds_the_branch_busy_after_the_stop_leaves_its_target_unstarted() -> None:
    async def main() -> None:
        world = World(slow(latency=(2, 2), branches=[BranchRule(busy=10 * MINUTES)]))
        report = await stopped_at(world, world.open(fleet(5)), 1)
        assert outcomes(report) == {"not_started": 5}
        assert report.run.exit_code == 143

    simulate(main)


def test_an_answer_lost_after_the_stop_is_in_doubt_and_found_by_resume() -> None:
    async def main() -> None:
        world = World(slow(latency=(2, 2), faults=[Fault(kind=FaultKind.RESET_AFTER, times=2)]))
        run = world.open(fleet(5))
        report = await stopped_at(world, run, 2.5)
        assert report.totals.unresolved == len(world.truth.starts) > 0
        assert report.run.exit_code == 143
        world.reopen(run)
        assert outcomes(await world.carry_out(run)) == {"succeeded": 5}
        assert len(world.truth.jobs) == 5

    simulate(main)


def test_a_busy_answer_that_comes_after_the_budget_tripped_leaves_its_target_unstarted() -> None:
    async def main() -> None:
        async def hold_back(target: Target) -> None:
            if target.app == "dbusy":
                await anyio.sleep(10 * MINUTES)

        world = HookedWorld(
            slow(faults=[start_says_busy(app="dbusy")], branches=[BranchRule(app="dfails", fails=True)]),
            before_start=hold_back,
        )
        report = await world.release(
            [target("dfails"), target("dbusy")], plan={"budget": FailureBudget(count=0)}
        )
        assert outcomes(report) == {"failed": 1, "not_started": 1}
        assert report.run.exit_code == 3

    simulate(main)


@pytest.mark.parametrize("steps", range(12))
def test_a_stop_at_any_step_of_the_beginning_is_heeded(steps: int) -> None:
    async def main() -> None:
        world = World(slow())
        run = world.open(fleet(3))
        engine = world.engine(run)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.execute)
            for _ in range(steps):
                await asyncio.sleep(0)
            engine.stop(StopCause.SIGINT, "SIGINT was received")
        report = summarize(world.journal, run)
        assert outcomes(report) == {"not_started": 3}
        assert report.run.exit_code == 130
        assert world.truth.starts == []

    simulate(main)


def test_a_stop_does_not_wait_for_an_account_that_does_not_answer() -> None:
    async def main() -> None:
        world = SlowToVerify(slow())
        report = await stopped_at(world, world.open([target("da", account="slow")]), 1, drain_timeout=10)
        assert world.clock.now() <= 1 + 10 + 1
        assert report.run.exit_code == 143

    simulate(main)


def test_a_start_cut_before_its_intent_was_durable_was_certainly_not_sent() -> None:
    class Sluggish(MemoryJournal):
        async def commit(self) -> None:
            if any(isinstance(event, StartIntended) for event in self.unwritten):
                await anyio.sleep(100)
            await super().commit()

    async def main() -> None:
        world = World(slow())
        world.journal = Sluggish(world.disk)
        report = await stopped_at(world, world.open(fleet(3)), 3, drain_timeout=5)
        assert world.truth.starts == []
        assert outcomes(report) == {"not_started": 3}

    simulate(main)


def test_a_budget_that_trips_before_a_lane_opens_does_not_keep_its_jobs_from_being_followed() -> None:
    async def main() -> None:
        rules = [BranchRule(app="dfails", fails=True)]
        world = SlowToVerify(slow(branches=rules, build_time=(20 * MINUTES, 20 * MINUTES)))
        run = world.open([target("dgood", account="slow"), target("dfails")], budget=FailureBudget(count=0))
        await world.kill(run, 10 * MINUTES)
        assert len(world.truth.jobs) == 2
        await anyio.sleep(9 * MINUTES)
        world.reopen(run)
        report = await world.carry_out(run)
        assert outcomes(report) == {"succeeded": 1, "failed": 1}

    simulate(main)


# No target is lost


def test_a_target_found_busy_in_the_moment_the_last_other_is_done_is_not_lost() -> None:
    class Together(Port):
        """The first two starts are answered in the same moment: one started, one busy."""

        async def start_job(self, target: Target, *, commit_message: str | None, intent: str) -> Answer:
            arrived.append(target.app)
            if len(arrived) > 2:
                return await super().start_job(target, commit_message=commit_message, intent=intent)
            if len(arrived) == 2:
                asyncio.get_running_loop().call_later(1, both.set)
            await both.wait()
            if target.app == "dbusy":
                raise CallFailed(Kind.BUSY, "busy", stage=Stage.ANSWERED, operation="StartJob")
            return Answer(Job(jobId="1", status="RUNNING"), None)

    class Meeting(World):
        async def lane(self, key: LaneKey, *, calls: int) -> Port:
            return Together(self, key, self.life)

    arrived: list[str] = []
    both = anyio.Event()

    async def main() -> None:
        world = Meeting(Scenario())
        world.disk.markers["emulator", LANE, "RELEASE"] = (
            True  # so that the starts need no look at the branch
        )
        report = await world.release([target("dfree"), target("dbusy")], follow=False)
        assert outcomes(report) == {"started": 2}

    simulate(main)


@pytest.mark.parametrize(
    ("on_busy", "outcome"),
    [
        (OnBusy.WAIT, "skipped"),
        (OnBusy.ATTACH, "skipped"),
        (OnBusy.SKIP, "skipped"),
        (OnBusy.FAIL, "failed"),
        (OnBusy.SUPERSEDE, "skipped"),
    ],
)
def test_a_branch_that_is_busy_with_a_job_nobody_can_see_is_not_tried_for_ever(
    on_busy: OnBusy, outcome: str
) -> None:
    async def main() -> None:
        world = World(slow(faults=[start_says_busy()]))
        with anyio.fail_after(2 * HOURS):
            report = await world.release([target("dbusy", on_busy=on_busy, queue_timeout=10 * MINUTES)])
        assert outcomes(report) == {outcome: 1}

    simulate(main)


def test_a_busy_branch_that_cannot_be_listed_is_not_asked_for_ever() -> None:
    async def main() -> None:
        unlistable = Fault(kind=FaultKind.ERROR_BEFORE, operation=Operation.LIST_JOBS, skip=1, status=503)
        world = World(slow(branches=[BranchRule(app="dbusy", busy=5 * HOURS)], faults=[unlistable]))
        with anyio.fail_after(2 * HOURS):
            report = await world.release([target("dbusy", queue_timeout=10 * MINUTES)])
        assert outcomes(report) == {"skipped": 1}

    simulate(main)


def test_a_job_that_never_ends_does_not_keep_the_run_from_ending() -> None:
    """Its slot stays taken; what waits behind it still comes to a definite end, and the run to its own."""

    async def main() -> None:
        world = World(slow(branches=[BranchRule(app="dstuck", stuck=True)]))
        stuck = target("dstuck", build_timeout=10 * MINUTES)
        with anyio.fail_after(24 * HOURS):
            report = await world.release([stuck, target("dgood")], concurrency=1)
        assert report.targets[0].outcome == "timed_out"
        assert report.run.ended_at is not None

    simulate(main)


# One target's trouble is its own


def test_a_branch_that_cannot_be_looked_at_slows_nobody_else() -> None:
    """The look before the start fails on the service's side for one branch, every time."""

    async def main() -> None:
        broken = Fault(kind=FaultKind.ERROR_BEFORE, operation=Operation.LIST_JOBS, app="d00000", status=500)
        world = World(slow(slots=50, faults=[broken]))
        with anyio.fail_after(24 * HOURS):
            report = await world.release(fleet(20))
        assert {found.outcome for found in report.targets[1:]} == {"succeeded"}
        assert report.targets[0].outcome not in {"succeeded", "unresolved"}

    simulate(main)


def test_a_token_that_expires_under_several_calls_in_flight_is_renewed_for_all_of_them() -> None:
    async def main() -> None:
        expired = Fault(kind=FaultKind.EXPIRED_TOKEN, times=2)
        world = World(slow(slots=50, latency=(1, 1), faults=[expired]))
        report = await world.release(fleet(10))
        assert outcomes(report) == {"succeeded": 10}

    simulate(main)


def test_a_lane_whose_reads_are_answered_is_not_given_up_as_out_of_reach() -> None:
    """Two starts could not be sent; in the ten minutes between them the service answered every look."""

    async def main() -> None:
        tries: list[str] = []

        async def blip(target: Target) -> None:
            tries.append(target.app)
            if len(tries) == 1:
                somebody = HookedPort(world, LANE, world.life)
                await Port.start_job(somebody, target, commit_message=None, intent="")
            if len(tries) <= 2:
                raise unreachable()

        world = HookedWorld(slow(build_time=(10 * MINUTES, 10 * MINUTES)), before_start=blip)
        report = await world.release([target("dblip", marker=False)])
        assert outcomes(report) == {"succeeded": 1}

    simulate(main)


# Never twice


@pytest.mark.parametrize("quick", [True, False])
def test_a_job_made_by_a_start_that_was_said_to_be_throttled_is_adopted(quick: bool) -> None:
    """Before the next attempt the branch is looked at. A quick job has ended by then, and is ours too."""

    async def main() -> None:
        times = {"build_time": 0.5, "pending_time": 0, "provision_time": 0} if quick else {}
        world = World(slow(faults=[start_lies_throttled()], **times))
        world.disk.markers["emulator", LANE, "RELEASE"] = (
            True  # nothing but the earlier attempt calls for a look
        )
        report = await world.release([target("dtwice")])
        assert outcomes(report) == {"succeeded": 1}
        assert len(world.truth.jobs) == 1
        assert report.targets[0].evidence is Evidence.ADOPTED_EXACT

    simulate(main)


# What is in doubt is found


def test_a_lost_retry_of_a_job_of_our_own_is_found() -> None:
    """The new job shows the old job's commit message, and so the marker of the start that made that one."""

    async def main() -> None:
        fault = Fault(kind=FaultKind.RESET_AFTER, skip=1, times=1)
        world = World(slow(branches=[BranchRule(app="dagain", fails=True)], faults=[fault]))
        await world.release([target("dagain")])
        report = await world.release([target("dagain", job_type=JobType.RETRY, job_id="1")])
        (found,) = report.targets
        assert (found.outcome, found.evidence) == ("failed", Evidence.ADOPTED_PROBABLE)
        assert len(world.truth.jobs) == 2

    simulate(main)


def test_one_failed_read_long_after_the_settle_time_leaves_no_start_unresolved() -> None:
    """A run is resumed in the morning, and the first look at a branch in doubt is throttled."""

    async def main() -> None:
        throttle = Fault(kind=FaultKind.THROTTLE, operation=Operation.LIST_JOBS, skip=1, times=1)
        world = World(slow(latency=(0.5, 0.5), faults=[throttle]))
        run = world.open([target("dlost")])
        await world.kill(run, 0.8)
        assert len(world.truth.starts) == 1
        await anyio.sleep(3 * HOURS)
        world.reopen(run)
        report = await world.carry_out(run)
        assert outcomes(report) == {"succeeded": 1}

    simulate(main)


def test_failed_reads_after_a_long_break_time_no_job_out() -> None:
    """A run is resumed in the morning, and the first looks are throttled; the jobs ended long ago."""

    async def main() -> None:
        world = World(slow(faults=[Fault(kind=FaultKind.THROTTLE, operation=Operation.GET_JOB, times=50)]))
        run = world.open(fleet(5))
        await world.kill(run, 5)
        assert len(world.truth.jobs) > 0
        await anyio.sleep(3 * HOURS)
        world.reopen(run)
        report = await world.carry_out(run)
        assert outcomes(report) == {"succeeded": 5}

    simulate(main)


@pytest.mark.parametrize("killed", [False, True])
def test_one_job_is_not_taken_for_two_starts_in_doubt(killed: bool) -> None:
    """The account goes by two names in the plan; one of the two starts got lost, and no marker is kept."""

    async def main() -> None:
        faults = [
            Fault(kind=FaultKind.RESET_AFTER, times=1),
            Fault(kind=FaultKind.RESET_BEFORE, times=1),
        ]
        world = World(slow(marker_echo=False, faults=faults), identities={"twin": "shop"})
        run = world.open([target("dboth", account="shop"), target("dboth", account="twin")])
        if killed:
            await world.kill(run, 10)
            world.reopen(run)
        report = await world.carry_out(run)
        assert outcomes(report) == {"succeeded": 1, "unresolved": 1}
        assert len(world.truth.starts) == 2
        assert len(world.truth.jobs) == 1

    simulate(main)
