"""What becomes of starts in doubt: by their markers, by circumstance, and by what CloudTrail recorded."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import anyio
import pytest

from scheduler.amplify.port import Answer, JobPage
from scheduler.emulator.identity import caller
from scheduler.events import Event, JobAdopted, TargetEnded, TargetParked
from scheduler.model import Evidence, JobType, LaneKey, Target
from scheduler.plan.scenario import Fault, FaultKind, Operation, Scenario
from scheduler.progress.fields import log_fields
from scheduler.progress.sentence import sentence
from scheduler.progress.tally import Phase, Tally
from scheduler.report.document import Report, TargetPart
from tests.simulation.port import Port
from tests.simulation.scenes import HOURS, MINUTES
from tests.simulation.virtual import simulate
from tests.simulation.world import World, fleet, target

LANE = LaneKey("default", "eu-west-1")


def night(*faults: Fault, **fields: Any) -> Scenario:
    """Builds of some seconds, no marker kept, and a CloudTrail that is minutes late."""
    short = {"build_time": (5, 5), "pending_time": 0.1, "provision_time": 0, "latency": (0.2, 0.2)}
    mute = {"marker_echo": False, "trail_lag": (4 * MINUTES, 14 * MINUTES)}
    return Scenario.model_validate(short | mute | {"faults": faults} | fields)


def lost(kind: FaultKind = FaultKind.RESET_AFTER, **fields: Any) -> Fault:
    return Fault.model_validate({"kind": kind, "app": "dlost", "times": 1} | fields)


def only(report: Report) -> TargetPart:
    (found,) = report.targets
    return found


async def somebody_starts(world: World, at: float, app: str = "dlost") -> None:
    """Let another person release the branch at this moment."""
    await anyio.sleep(at - world.clock.now())
    parameters = {"appId": app, "branchName": "main", "jobType": "RELEASE", "commitMessage": "by hand"}
    world.service.call(Operation.START_JOB, caller("default", "eu-west-1"), parameters, user_agent="console")


async def release_while_somebody_starts(
    world: World, at: Sequence[float], targets: Sequence[Target] = (target("dlost"),), **options: Any
) -> Report:
    releasing = asyncio.create_task(world.release(targets, **options))
    await asyncio.gather(*(somebody_starts(world, moment) for moment in at))
    return await releasing


# The look before the send


@pytest.mark.parametrize(
    ("known", "fields", "fenced"),
    [
        pytest.param({}, {}, True, id="nothing is known of the lane"),
        pytest.param({"RELEASE": True}, {}, False, id="reads have shown that the lane keeps markers"),
        pytest.param({"RELEASE": False}, {}, True, id="reads have shown that it does not"),
        pytest.param({"WEB_HOOK": True}, {}, True, id="it keeps them for another job type"),
        pytest.param({"RELEASE": True}, {"marker": False}, True, id="the plan wants no marker"),
        pytest.param({"RETRY": True}, {"job_type": JobType.RETRY, "job_id": "1"}, True, id="a retry"),
    ],
)
def test_a_branch_is_looked_at_before_the_send_unless_its_marker_alone_decides(
    known: dict[str, bool], fields: dict[str, Any], fenced: bool
) -> None:
    async def main() -> None:
        world = World(night(marker_echo=True))
        for job_type, kept in known.items():
            world.disk.markers["emulator", LANE, job_type] = kept
        run = world.open([target("dlost", **fields)])
        await world.carry_out(run)
        (record,) = world.journal.targets(run)
        assert (record.attempts[0].fence is not None) is fenced

    simulate(main)


@dataclass
class Forgetful(Port):
    """The reply to StartJob shows the commit message; no read does."""

    async def get_job(self, app: str, branch: str, job_id: str) -> Answer:
        answer = await super().get_job(app, branch, job_id)
        return replace(answer, job=replace(answer.job, commitMessage=None))


class ForgetfulWorld(World):
    async def lane(self, key: LaneKey, *, calls: int) -> Port:
        return Forgetful(self, key, self.life)


def test_the_reply_to_startjob_itself_teaches_nothing_of_the_marker() -> None:
    async def main() -> None:
        world = ForgetfulWorld(night(marker_echo=True, slots=1))
        run = world.open(fleet(6))
        await world.carry_out(run)
        assert world.journal.markers(endpoint="emulator") == {(LANE, "RELEASE"): False}
        fences = [attempt.fence for record in world.journal.targets(run) for attempt in record.attempts]
        assert fences == [0] * 6

    simulate(main)


# Other people on the same branch in the same window


@pytest.mark.parametrize(
    ("kind", "others", "without", "with_cloudtrail"),
    [
        pytest.param("reset_after", [], ("succeeded", "adopted_probable", "1"), "exact", id="ours alone"),
        pytest.param("reset_after", [20], ("unresolved", "none", None), "exact", id="ours, then another"),
        pytest.param("late", [5], ("unresolved", "none", None), "exact", id="another, then ours"),
        pytest.param(
            "reset_before", [20], ("succeeded", "adopted_probable", "1"), "unresolved", id="another's alone"
        ),
        pytest.param("reset_before", [], ("unresolved", "none", None), "unresolved", id="none at all"),
        pytest.param(
            "error_after", [], ("succeeded", "adopted_probable", "1"), "probable", id="recorded as a failure"
        ),
    ],
)
@pytest.mark.parametrize("asked", [False, True])
def test_a_start_whose_job_shows_no_marker_is_told_by_circumstance_or_by_cloudtrail(
    kind: str, others: list[float], without: tuple[str, str, str | None], with_cloudtrail: str, asked: bool
) -> None:
    """Circumstance can take another's job for ours, and says so; CloudTrail cannot."""

    async def main() -> None:
        world = World(night(lost(FaultKind(kind), delay=15)))
        targets = [target("dlost"), target("dfine")]
        report = await release_while_somebody_starts(world, others, targets, cloudtrail=asked)
        found = report.targets[0]
        job = found.job.jobId if found.job else None
        ours = next((start.job for start in world.truth.starts if start.answer != "started"), None)
        verdicts = {
            "exact": ("succeeded", "adopted_exact", ours),
            "probable": ("succeeded", "adopted_probable", "1"),
            "unresolved": ("unresolved", "none", None),
        }
        assert (found.outcome, found.evidence, job) == (verdicts[with_cloudtrail] if asked else without)
        assert len(world.truth.starts) == 2 + len(others)
        assert ("LookupEvents" in world.truth.calls) is asked

    simulate(main)


def test_jobs_that_all_fit_are_named_and_none_is_taken() -> None:
    async def main() -> None:
        world = World(night(lost()))
        found = only(await release_while_somebody_starts(world, [20]))
        assert "Jobs 1, 2 all fit, and nothing tells which is ours." in found.reason

    simulate(main)


def test_a_plan_without_markers_is_never_exact_on_its_own() -> None:
    async def main() -> None:
        world = World(night(lost(), marker_echo=True))
        found = only(await world.release([target("dlost", marker=False)]))
        assert (found.outcome, found.evidence) == ("succeeded", "adopted_probable")

    simulate(main)


@pytest.mark.parametrize("skew", [10 * MINUTES, -10 * MINUTES])
@pytest.mark.parametrize("asked", [False, True])
def test_a_clock_of_ours_that_is_wrong_changes_nothing(skew: float, asked: bool) -> None:
    """Windows are on the service's own clock, of ListJobs and of CloudTrail."""

    async def main() -> None:
        world = World(night(lost(), clock_skew=skew))
        found = only(await world.release([target("dlost")], cloudtrail=asked))
        assert found.evidence == ("adopted_exact" if asked else "adopted_probable")
        assert len(world.truth.jobs) == 1

    simulate(main)


@dataclass
class Timeless(Port):
    """A service whose answers have no Date."""

    async def list_jobs(self, app: str, branch: str, *, down_to: int | None = None) -> JobPage:
        return replace(await super().list_jobs(app, branch, down_to=down_to), server_at=None)

    async def get_job(self, app: str, branch: str, job_id: str) -> Answer:
        return replace(await super().get_job(app, branch, job_id), server_at=None)


class TimelessWorld(World):
    async def lane(self, key: LaneKey, *, calls: int) -> Port:
        return Timeless(self, key, self.life)


def test_without_the_services_clock_circumstance_has_no_window_and_cloudtrail_is_not_asked() -> None:
    async def main() -> None:
        world = TimelessWorld(night(lost()))
        found = only(await world.release([target("dlost")], cloudtrail=True))
        assert found.evidence == "adopted_probable"
        assert "LookupEvents" not in world.truth.calls
        assert world.clock.now() < 8 * MINUTES

    simulate(main)


# CloudTrail


def test_cloudtrail_is_waited_for_beyond_the_settle_time_and_no_longer_than_it_is_late() -> None:
    async def main() -> None:
        world = World(night(lost(), trail_lag=(14 * MINUTES, 14 * MINUTES)))
        assert only(await world.release([target("dlost")], cloudtrail=True)).evidence == "adopted_exact"
        assert 14 * MINUTES < world.clock.now() < 15 * MINUTES

    simulate(main)


def test_what_cloudtrail_has_not_recorded_after_a_quarter_of_an_hour_is_unresolved_and_never_sent_again() -> (
    None
):
    async def main() -> None:
        world = World(night(lost(FaultKind.RESET_BEFORE)))
        found = (await world.release([target("dlost"), target("dfine")], cloudtrail=True)).targets[0]
        assert found.outcome == "unresolved"
        assert "CloudTrail has no record of it either, so it most likely never reached AWS." in found.reason
        assert "--cloudtrail" not in found.reason  # it was asked already
        assert 15 * MINUTES < world.clock.now() < 16 * MINUTES
        assert len(world.truth.starts) == 2

    simulate(main)


@pytest.mark.parametrize("others", [[], [20]])
def test_the_silence_of_a_cloudtrail_that_names_no_start_at_all_tells_nothing(others: list[float]) -> None:
    """A proxy may have taken the intents from the requests: then silence must turn no job away."""

    async def main() -> None:
        world = World(night(lost(FaultKind.RESET_BEFORE)))
        found = only(await release_while_somebody_starts(world, others, cloudtrail=True))
        assert found.evidence == ("adopted_probable" if others else "none")
        assert others or "nor of any other start of ours, which tells nothing" in found.reason

    simulate(main)


@pytest.mark.parametrize(
    ("fields", "other", "result", "outcome", "own_jobs"),
    [
        pytest.param({"job_type": JobType.MANUAL}, None, "rejected", "rejected", 0, id="refused for good"),
        pytest.param({}, "dother", "throttled", "succeeded", 1, id="refused by a limit"),
        pytest.param({}, "dlost", "busy", "succeeded", 1, id="another came between the look and the send"),
    ],
)
def test_a_refusal_that_cloudtrail_recorded_needs_no_persons_word_to_go_on(
    fields: dict[str, Any], other: str | None, result: str, outcome: str, own_jobs: int
) -> None:
    """Nothing was started, for certain: it is as if the answer had come."""

    async def main() -> None:
        limit = {"start_rate": 0.1, "start_burst": 1} if result == "throttled" else {}
        world = World(night(lost(skip=other == "dlost"), **limit))
        async with anyio.create_task_group() as tasks:
            if other is not None:
                tasks.start_soon(somebody_starts, world, 0.25, other)
            found = only(await world.release([target("dlost", **fields)], cloudtrail=True))
        assert found.outcome == outcome
        assert found.attempts[0].result == result
        assert (
            "as CloudTrail recorded: StartJob was refused" in str(found.attempts[0].error) or other == "dlost"
        )
        assert len(world.truth.jobs) == own_jobs + (other is not None)

    simulate(main)


def test_without_permission_the_run_goes_on_and_says_so_once() -> None:
    async def main() -> None:
        denied = Fault(kind=FaultKind.DENIED, operation=Operation.LOOKUP_EVENTS)
        world = World(night(Fault(kind=FaultKind.RESET_AFTER), denied))
        said: list[str] = []

        def listen(event: Event) -> None:
            if isinstance(event, TargetParked) and "CloudTrail" in event.reason:
                said.append(event.reason)

        world.journal.subscribe(listen)
        report = await world.release(fleet(10), cloudtrail=True)
        assert Counter(found.evidence for found in report.targets) == {"adopted_probable": 10}
        # The settle time, half a minute in which each doubt holds a slot, and nothing on top of it.
        assert world.clock.now() < 9 * MINUTES
        assert world.truth.calls["LookupEvents"] == 1
        (reason,) = said
        assert "looked for without CloudTrail, which cannot be asked: LookupEvents is not permitted" in reason

    simulate(main)


@pytest.mark.parametrize(
    ("fault", "trail", "says"),
    [
        pytest.param(
            lost(FaultKind.RESET_BEFORE),
            FaultKind.DENIED,
            "It was probably not started. CloudTrail could not be asked: LookupEvents is not permitted",
            id="no permission",
        ),
        pytest.param(
            lost(FaultKind.RESET_BEFORE),
            FaultKind.ERROR_BEFORE,
            "CloudTrail has not told so far.",
            id="it only fails",
        ),
        pytest.param(
            lost(FaultKind.ERROR_BEFORE),
            None,
            "after job 0. CloudTrail recorded that it failed on the service's side (InternalFailureException",
            id="it recorded a failure of the service",
        ),
    ],
)
def test_what_cloudtrail_could_not_settle_is_told_with_the_target(
    fault: Fault, trail: FaultKind | None, says: str
) -> None:
    async def main() -> None:
        asked = [] if trail is None else [Fault(kind=trail, operation=Operation.LOOKUP_EVENTS, status=503)]
        world = World(night(fault, *asked))
        found = only(await world.release([target("dlost")], cloudtrail=True))
        assert found.outcome == "unresolved"
        assert says in found.reason
        assert world.clock.now() < 18 * MINUTES  # a CloudTrail that only fails is given up in the end

    simulate(main)


def test_cloudtrail_decides_where_the_branch_cannot_be_listed() -> None:
    async def main() -> None:
        unlisted = Fault(kind=FaultKind.ERROR_BEFORE, operation=Operation.LIST_JOBS, status=503, skip=1)
        world = World(night(lost(), unlisted))
        found = only(await world.release([target("dlost")], cloudtrail=True))
        assert (found.outcome, found.evidence) == ("succeeded", "adopted_exact")

    simulate(main)


def test_many_doubts_cost_cloudtrail_few_calls_and_are_all_settled_by_the_truth() -> None:
    async def main() -> None:
        lossy = Fault(kind=FaultKind.RESET_AFTER, probability=0.3)
        never = Fault(kind=FaultKind.RESET_BEFORE, probability=0.1)
        world = World(night(lossy, never, slots=50, foreign_rate=0.05, foreign_branches="main"))
        report = await world.release(fleet(200), cloudtrail=True)
        made = {start.app: start.job for start in world.truth.starts if start.job}
        evidence = Counter(found.evidence for found in report.targets)
        assert evidence[Evidence.ADOPTED_EXACT] > 40
        assert evidence[Evidence.ADOPTED_PROBABLE] == 0
        for found in report.targets:
            job = found.job.jobId if found.job else None
            assert job == made.get(found.app)
        assert world.truth.calls["LookupEvents"] < 500

    simulate(main)


def test_a_doubt_of_a_killed_run_is_settled_by_one_reading_hours_later() -> None:
    async def main() -> None:
        world = World(night(lost(FaultKind.HANG_AFTER)))
        run = world.open([target("dlost"), target("dfine")])
        await world.kill(run, 5)
        await anyio.sleep(3 * HOURS)
        world.reopen(run)
        at = world.clock.now()
        report = await world.carry_out(run, cloudtrail=True)
        assert report.targets[0].evidence == "adopted_exact"
        assert world.clock.now() - at < 10
        assert world.truth.calls["LookupEvents"] <= 2

    simulate(main)


@pytest.mark.parametrize("asked", [False, True])
def test_where_a_lane_that_kept_markers_has_lost_one_cloudtrail_still_knows(asked: bool) -> None:
    """No look was made before the send, so that circumstance has nothing to go by."""

    async def main() -> None:
        world = World(night(lost()))
        world.disk.markers["emulator", LANE, "RELEASE"] = True
        found = only(await world.release([target("dlost")], cloudtrail=asked))
        assert found.evidence == ("adopted_exact" if asked else "none")
        untold = "No job carries its marker, and the branch was not looked at before the send. The last look"
        assert asked or untold in found.reason  # nothing is said of how likely it was

    simulate(main)


# Doubts of earlier runs


@pytest.mark.parametrize("asked", [False, True])
def test_an_earlier_runs_doubt_is_told_of_this_runs_target(asked: bool) -> None:
    """The earlier run had it at another place in its plan; this run's picture must not mix them up."""

    async def main() -> None:
        world = World(night(lost(FaultKind.HANG_AFTER, delay=40)))
        run = world.open([target("dfine"), target("dother"), target("dlost")])
        await world.kill(run, 5)
        await anyio.sleep(HOURS)
        targets = {0: target("dlost")}
        tally, told = Tally(targets), list[str]()

        def listen(event: Event) -> None:
            tally.apply(event)
            log_fields(event, targets)
            told.extend(filter(None, [sentence(event, targets, run)]))
            if isinstance(event, JobAdopted):  # the job that was found is none of this run's
                assert tally.counts[Phase.PARKED] == 1

        world.journal.subscribe(listen)
        report = await world.release([target("dlost")], cloudtrail=asked)
        assert world.journal.listener_faults == ()
        assert only(report).outcome == "succeeded"
        assert f"dlost/main: job 1 of run {run} was found: " in "\n".join(told)
        (*_, earlier) = world.journal.targets(run)
        assert earlier.evidence is (Evidence.ADOPTED_EXACT if asked else Evidence.ADOPTED_PROBABLE)

    simulate(main)


def test_an_earlier_runs_start_that_was_refused_holds_nobody_up() -> None:
    async def main() -> None:
        world = World(night(lost(FaultKind.HANG_AFTER, skip=1, delay=40)))
        run = world.open([target("dlost")])
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(somebody_starts, world, 0.25)
            await world.kill(run, 5)
        await anyio.sleep(HOURS)
        (record,) = world.journal.targets(run)
        assert record.attempts[0].in_doubt
        found = only(await world.release([target("dlost")], cloudtrail=True))
        assert (found.outcome, found.evidence) == ("succeeded", "response")
        (record,) = world.journal.targets(run)
        assert record.attempts[0].result == "busy"
        assert len(world.truth.jobs) == 2

    simulate(main)


# One more look before the report


def ends_of_the_first(world: World) -> list[str]:
    """Return the outcomes that the run's first target is given, as they come."""
    ends: list[str] = []

    def listen(event: Event) -> None:
        if isinstance(event, TargetEnded) and event.position == 0:
            ends.append(event.outcome)

    world.journal.subscribe(listen)
    return ends


def test_a_job_that_is_listed_only_after_the_settle_time_is_found_before_the_run_ends() -> None:
    async def main() -> None:
        world = World(
            night(
                lost(),
                marker_echo=True,
                list_lag=10 * MINUTES,
                branches=[{"app": "dlong", "build_time": "20m"}],
            )
        )
        ends = ends_of_the_first(world)
        report = await world.release([target("dlost"), target("dlong")])
        assert [found.outcome for found in report.targets] == ["succeeded", "succeeded"]
        assert report.targets[0].evidence == "adopted_exact"
        assert ends == ["unresolved", "succeeded"]
        assert len(world.truth.starts) == 2

    simulate(main)


@pytest.mark.parametrize(
    ("skip", "other", "outcome", "evidence"),
    [
        pytest.param(0, [], "succeeded", "adopted_exact", id="its job"),
        pytest.param(1, [0.25], "succeeded", "response", id="that it was refused, so that it is sent anew"),
    ],
)
def test_what_cloudtrail_records_even_later_is_seen_by_the_last_look(
    skip: int, other: list[float], outcome: str, evidence: str
) -> None:
    async def main() -> None:
        long = {"app": "dlong", "build_time": "30m"}
        scenario = night(lost(skip=skip), list_lag=HOURS, trail_lag=18 * MINUTES, branches=[long])
        world = World(scenario)
        targets = [target("dlost"), target("dlong")]
        report = await release_while_somebody_starts(world, other, targets, cloudtrail=True)
        assert (report.targets[0].outcome, report.targets[0].evidence) == (outcome, evidence)

    simulate(main)


@pytest.mark.parametrize("failures", [26, 10_000])
def test_a_branch_that_could_not_be_listed_is_looked_at_once_more(failures: int) -> None:
    async def main() -> None:
        broken = {"kind": "error_before", "operation": "ListJobs", "app": "dlost", "status": 503, "skip": 1}
        long = {"app": "dlong", "build_time": "20m"}
        fault = Fault.model_validate(broken | {"times": failures})
        world = World(night(lost(), fault, marker_echo=True, branches=[long]))
        ends = ends_of_the_first(world)
        found = (await world.release([target("dlost"), target("dlong")])).targets[0]
        if failures < 100:
            assert (ends, found.evidence) == (["unresolved", "succeeded"], "adopted_exact")
        else:
            assert ends == ["unresolved"]
            assert "The branch's jobs could not be listed" in found.reason

    simulate(main)


def test_a_lane_given_up_for_its_credentials_leaves_its_doubts_open_for_resume() -> None:
    """Nobody has looked, so nothing is judged: a person may not yet have it sent again."""

    async def main() -> None:
        expired = Fault(kind=FaultKind.EXPIRED_TOKEN, operation=Operation.LIST_JOBS, skip=1, times=2)
        world = World(night(lost(), expired, marker_echo=True))
        run = world.open([target("dlost")])
        assert only(await world.carry_out(run)).outcome == "unresolved"
        (record,) = world.journal.targets(run)
        assert record.outcome is None
        world.reopen(run)
        assert only(await world.carry_out(run)).evidence == "adopted_exact"

    simulate(main)


def test_the_last_look_leaves_what_it_does_not_find_unresolved() -> None:
    async def main() -> None:
        world = World(night(lost(FaultKind.RESET_BEFORE), branches=[{"app": "dlong", "build_time": "20m"}]))
        report = await world.release([target("dlost"), target("dlong")])
        assert [found.outcome for found in report.targets] == ["unresolved", "succeeded"]
        assert report.run.exit_code == 1

    simulate(main)
