"""What every journal does alike, whatever it stores in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import anyio
import pytest

from scheduler.errors import JournalError, RunNotFound
from scheduler.events import (
    Event,
    IntentAbandoned,
    JobAdopted,
    JobChanged,
    LaneHeld,
    LaneMeasured,
    LaneStopped,
    LimitChanged,
    LimitsLearned,
    MarkerObserved,
    RunEnded,
    RunStarted,
    RunStopping,
    StartAnswered,
    StartIntended,
    TargetEnded,
    TargetParked,
)
from scheduler.journal.memory.disk import MemoryDisk
from scheduler.journal.memory.journal import MemoryJournal
from scheduler.journal.port import AttemptRecord, Journal, LaneRecord, Owner, RunRecord, TargetRecord
from scheduler.journal.postgres.journal import PostgresJournal
from scheduler.journal.postgres.shared import PostgresShared
from scheduler.journal.sqlite.journal import SqliteJournal
from scheduler.model import (
    Account,
    Evidence,
    FailureBudget,
    FrozenPlan,
    Hold,
    Job,
    JobType,
    LaneKey,
    Limits,
    OnBusy,
    Outcome,
    Result,
    StopCause,
    Target,
)

AnyJournal = MemoryJournal | SqliteJournal | PostgresJournal
Process = Callable[[], AnyJournal]

SHOP = LaneKey("shop", "eu-west-1")
DOCS = LaneKey("docs", "us-east-1")

WEB = Target(account="shop", region="eu-west-1", app="d2p7kq0example", branch="main", name="web")
API = Target(
    account="docs",
    region="us-east-1",
    app="d3f8lr1example",
    branch="release/1.10",
    name="manual",
    wave="canary",
    labels={"team": "shop", "tier": "1"},
    priority=3,
    job_type=JobType.RETRY,
    job_id="17",
    reason="nightly release",
    commit_id="abc123",
    commit_message="héllo\n\x00 \u202e",
    commit_time=datetime(2026, 11, 24, 1, 2, 3, 456789, tzinfo=UTC),
    on_busy=OnBusy.ATTACH,
    queue_timeout=60.0,
    build_timeout=2700.5,
    marker=False,
)
PLAN = FrozenPlan(
    name="nightly",
    path="plans/nightly.yaml",
    digest="sha256:00ff",
    accounts=(Account(name="shop", id="012345670123", role_arn="arn:aws:iam::012345670123:role/r"),),
    limits=Limits(builds=5, reserve=1),
    budget=FailureBudget(percent=10.0, min_sample=20),
    targets=(WEB, API),
)


#: Where the runs of this suite are made, unless they say otherwise.
HERE = "https://amplify.eu-west-1.amazonaws.com"


def started(*targets: Target, at: float = 100.0) -> RunStarted:
    return RunStarted(
        at=at,
        plan=replace(PLAN, targets=targets or PLAN.targets),
        endpoint=HERE,
        version="1.0.0",
        follow=True,
    )


def resumed(at: float = 200.0) -> RunStarted:
    return replace(started(at=at), plan=replace(PLAN, targets=()), resumed=True)


def job(number: int = 7, status: str = "PENDING", *, took: float | None = None) -> Job:
    start = datetime(2026, 11, 24, 3, 0, 0, 1, tzinfo=UTC)
    return Job(
        jobId=str(number),
        status=status,
        jobArn=f"arn:aws:amplify:eu-west-1:012345670123:apps/d2p7kq0example/branches/main/jobs/{number:010}",
        commitId="HEAD",
        commitMessage="nightly [amplify-release:01JDEXAMPLE000000000000001]",
        startTime=start,
        endTime=None if took is None else start + timedelta(seconds=took),
        jobType="RELEASE",
    )


def intended(intent: str, position: int = 0, *, at: float = 110.0, fence: int | None = 6) -> StartIntended:
    return StartIntended(at=at, position=position, intent=intent, fence=fence, server_at=at - 3)


def answered(intent: str, result: Result, *, named: Job | None = None, at: float = 111.0) -> StartAnswered:
    # The position is right for the run of the intent only: journals go by the intent.
    return StartAnswered(at=at, position=0, intent=intent, result=result, error="why", job=named)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def process(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Process]:
    """Open the journal as a new process would; all of them share what is durable."""
    disk = MemoryDisk()
    opened: list[AnyJournal] = []
    shared: list[PostgresShared] = []

    def open_postgres() -> PostgresJournal:
        shared.append(PostgresShared(request.getfixturevalue("database")))
        shared[-1].prepare()
        return shared[-1].journal()

    opening: dict[str, Process] = {
        "memory": lambda: MemoryJournal(disk),
        "sqlite": lambda: SqliteJournal.open(tmp_path / "state"),
        "postgres": open_postgres,
    }

    def open_journal() -> AnyJournal:
        opened.append(opening[request.param]())
        return opened[-1]

    yield open_journal
    for journal in opened:
        journal.close()
    for database in shared:
        await database.aclose()


@pytest.fixture
def journal(process: Process) -> AnyJournal:
    return process()


async def written(journal: AnyJournal, run: str, *events: Event, of: RunStarted | None = None) -> None:
    journal.open_run(run, of or started())
    for event in events:
        journal.record(event)
    await journal.commit()


def target(journal: AnyJournal, run: str, position: int = 0) -> TargetRecord:
    return list(journal.targets(run))[position]


def test_it_is_a_journal(journal: AnyJournal) -> None:
    port: Journal = journal
    assert port is journal


# Runs


async def test_a_new_run_has_its_plan_and_every_target_from_the_first_moment(journal: AnyJournal) -> None:
    journal.open_run("01A", started())
    expected = RunRecord(
        id="01A",
        plan=replace(PLAN, targets=()),
        endpoint=HERE,
        version="1.0.0",
        follow=True,
        started_at=100.0,
        size=2,
    )
    assert journal.run("01A") == expected
    assert list(journal.targets("01A")) == [
        TargetRecord(position=0, target=WEB),
        TargetRecord(position=1, target=API),
    ]
    assert journal.lanes("01A") == []


async def test_a_lane_s_targets_can_be_had_alone(journal: AnyJournal) -> None:
    journal.open_run("01A", started(WEB, API, replace(WEB, branch="dev")))
    assert [record.position for record in journal.targets("01A", SHOP)] == [0, 2]
    assert [record.target for record in journal.targets("01A", DOCS)] == [API]
    assert list(journal.targets("01A", LaneKey("shop", "us-east-1"))) == []


async def test_a_run_without_targets_is_a_run(journal: AnyJournal) -> None:
    journal.open_run("01A", replace(started(), plan=replace(PLAN, targets=())))
    journal.open_run("01B", started())
    assert list(journal.targets("01A")) == []
    assert [(run.id, run.size) for run in journal.runs()] == [("01B", 2), ("01A", 0)]


async def test_runs_are_newest_first_by_when_they_were_opened_and_not_by_the_clock(
    journal: AnyJournal,
) -> None:
    for run, at in (("01B", 300.0), ("01C", 200.0), ("01A", 100.0)):
        journal.open_run(run, started(at=at))
    assert [run.id for run in journal.runs()] == ["01A", "01C", "01B"]
    assert journal.run().id == "01A"


async def test_a_run_counts_the_targets_that_came_to_an_end(journal: AnyJournal) -> None:
    end = TargetEnded(at=120.0, position=1, outcome=Outcome.SKIPPED, reason="branch busy")
    await written(journal, "01A", end)
    assert [(run.size, run.done) for run in journal.runs()] == [(2, 1)]
    assert journal.run().done == 1


async def test_a_stop_and_an_end_are_kept(journal: AnyJournal) -> None:
    stop = RunStopping(at=130.0, cause=StopCause.SIGTERM, reason="terminated")
    await written(journal, "01A", stop, RunEnded(at=140.0))
    run = journal.run("01A")
    assert (run.stop_cause, run.stop_reason, run.ended_at) == (StopCause.SIGTERM, "terminated", 140.0)


async def test_a_resumed_run_goes_on_as_if_it_had_never_stopped_and_forgets_nothing_else(
    process: Process,
) -> None:
    first = process()
    await written(
        first,
        "01A",
        intended("I1"),
        answered("I1", Result.STARTED, named=job()),
        TargetParked(at=112.0, position=1, reason="branch busy"),
        LaneMeasured(at=113.0, lane=SHOP, start_calls=4, started=1),
        LaneStopped(at=114.0, lane=SHOP, reason="denied", denied=True),
        RunStopping(at=115.0, cause=StopCause.SIGINT, reason="interrupted"),
        RunEnded(at=116.0),
    )
    before = first.run("01A")
    web = target(first, "01A")
    second = process()
    second.open_run("01A", resumed())
    assert second.run("01A") == replace(before, stop_cause=None, stop_reason="", ended_at=None)
    assert list(second.targets("01A")) == [web, TargetRecord(position=1, target=API)]
    counters = LaneMeasured(at=113.0, lane=SHOP, start_calls=4, started=1)
    assert second.lanes("01A") == [LaneRecord(lane=SHOP, counters=counters)]


async def test_what_is_learned_after_a_runs_end_is_added_and_its_end_stays(process: Process) -> None:
    first = process()
    await written(
        first,
        "01A",
        intended("I1"),
        answered("I1", Result.STARTED, named=job()),
        TargetParked(at=112.0, position=1, reason="branch busy"),
        LaneStopped(at=114.0, lane=SHOP, reason="denied", denied=True),
        RunStopping(at=115.0, cause=StopCause.SIGINT, reason="interrupted"),
        RunEnded(at=116.0),
    )
    run, lanes, web = first.run("01A"), first.lanes("01A"), target(first, "01A")
    second = process()
    second.amend("01A")
    second.record(JobChanged(at=120.0, position=0, job=job(status="CANCELLED")))
    await second.commit()
    assert second.run("01A") == run
    assert second.lanes("01A") == lanes
    assert list(second.targets("01A")) == [
        replace(web, job=job(status="CANCELLED")),
        TargetRecord(position=1, target=API, parked="branch busy"),
    ]


async def test_only_a_run_that_exists_can_be_added_to(journal: AnyJournal) -> None:
    with pytest.raises(RunNotFound, match="no run 01A"):
        journal.amend("01A")


async def test_only_a_run_that_exists_can_be_resumed(journal: AnyJournal) -> None:
    with pytest.raises(RunNotFound, match="no run 01A"):
        journal.open_run("01A", resumed())


async def test_a_run_is_begun_once(journal: AnyJournal) -> None:
    journal.open_run("01A", started())
    with pytest.raises(JournalError, match=r"runs\.id|runs_id|run 01A already"):
        journal.open_run("01A", started())
    assert [run.id for run in journal.runs()] == ["01A"]


async def test_events_belong_to_the_run_that_is_open(journal: AnyJournal) -> None:
    journal.open_run("01A", started())
    journal.record(TargetParked(at=1.0, position=0, reason="first"))
    journal.open_run("01B", started())
    journal.record(TargetParked(at=2.0, position=0, reason="second"))
    await journal.commit()
    assert [target(journal, run).parked for run in ("01A", "01B")] == ["first", "second"]


async def test_nothing_is_recorded_without_a_run(journal: AnyJournal) -> None:
    with pytest.raises(RuntimeError):
        journal.record(RunEnded(at=1.0))
    with pytest.raises(TypeError):
        journal.open_run("01A", RunEnded(at=1.0))
    journal.open_run("01A", started())
    with pytest.raises(RuntimeError):
        journal.record(started())


# Which run


async def test_a_run_is_found_by_the_beginning_of_its_id_in_any_case(journal: AnyJournal) -> None:
    journal.open_run("01JDA0", started())
    journal.open_run("01JDB0", started())
    assert journal.run("01jda").id == "01JDA0"
    assert journal.run("01JDB0").id == "01JDB0"


async def test_a_whole_id_is_meant_even_where_another_begins_with_it(journal: AnyJournal) -> None:
    journal.open_run("01A", started())
    journal.open_run("01AB", started())
    assert journal.run("01a").id == "01A"


async def test_an_unknown_run_is_answered_with_those_that_there_are(journal: AnyJournal) -> None:
    with pytest.raises(RunNotFound, match="holds no run yet; `amplify-release run PLAN` makes one"):
        journal.run()
    for number in range(7):
        journal.open_run(f"01A{number}", started())
    with pytest.raises(RunNotFound) as unknown:
        journal.run("02\x1b[2J")
    assert str(unknown.value) == (
        r"no run '02\x1b[2J'; the journal holds 01A6, 01A5, 01A4, 01A3, 01A2 and 2 more "
        "(`amplify-release runs` lists them)"
    )
    for question in (journal.targets, journal.lanes, journal.limit_changes):
        with pytest.raises(RunNotFound):
            question("02")


async def test_a_beginning_that_fits_several_runs_names_them(journal: AnyJournal) -> None:
    journal.open_run("01AX", started())
    journal.open_run("01AY", started())
    with pytest.raises(RunNotFound) as ambiguous:
        journal.run("01A")
    assert str(ambiguous.value) == "'01A' fits 2 runs, 01AY, 01AX; give more of the id"


# Targets and attempts


async def test_an_intent_is_in_doubt_until_it_is_answered(journal: AnyJournal) -> None:
    await written(journal, "01A", intended("I1"))
    [attempt] = target(journal, "01A").attempts
    assert attempt == AttemptRecord(intent="I1", sent_at=110.0, fence=6, server_at=107.0)
    assert attempt.in_doubt


async def test_a_started_job_is_the_target_s_by_the_reply(journal: AnyJournal) -> None:
    await written(journal, "01A", intended("I1"), answered("I1", Result.STARTED, named=job(7)))
    attempt = AttemptRecord(
        intent="I1",
        sent_at=110.0,
        fence=6,
        server_at=107.0,
        answered_at=111.0,
        result=Result.STARTED,
        error="why",
        job_id="7",
    )
    assert target(journal, "01A") == TargetRecord(
        position=0, target=WEB, evidence=Evidence.RESPONSE, job=job(7), attempts=(attempt,)
    )


@pytest.mark.parametrize("result", [r for r in Result if r is not Result.STARTED])
async def test_an_answer_without_a_job_says_what_became_of_the_request(
    journal: AnyJournal, result: Result
) -> None:
    await written(journal, "01A", intended("I1", fence=None), answered("I1", result))
    record = target(journal, "01A")
    assert (record.job, record.evidence) == (None, Evidence.NONE)
    assert [(a.result, a.answered_at, a.error) for a in record.attempts] == [(result, 111.0, "why")]
    assert record.attempts[0].in_doubt is (result is Result.AMBIGUOUS)


async def test_attempts_are_in_the_order_of_sending_whatever_the_clock_said(journal: AnyJournal) -> None:
    events: list[Event] = []
    for intent, at in (("I9", 300.0), ("I5", 200.0), ("I7", 100.0)):
        events += [intended(intent, at=at), answered(intent, Result.THROTTLED)]
    await written(journal, "01A", *events)
    assert [attempt.intent for attempt in target(journal, "01A").attempts] == ["I9", "I5", "I7"]


async def test_what_a_target_waits_for_stands_until_it_is_sent_or_ends(journal: AnyJournal) -> None:
    park = TargetParked(at=1.0, position=0, reason="branch busy")
    await written(journal, "01A", park)
    assert target(journal, "01A").parked == "branch busy"
    later: tuple[Event, ...] = (
        intended("I1"),
        TargetEnded(at=2.0, position=0, outcome=Outcome.SKIPPED, reason="r"),
        JobAdopted(at=2.0, position=0, intent=None, evidence=Evidence.ATTACHED, job=job(), reason="r"),
    )
    for event in later:
        journal.record(park)
        journal.record(event)
        await journal.commit()
        assert target(journal, "01A").parked == ""


async def test_a_followed_job_keeps_its_evidence(journal: AnyJournal) -> None:
    ended = job(7, "SUCCEED", took=61.5)
    await written(
        journal,
        "01A",
        intended("I1"),
        answered("I1", Result.STARTED, named=job(7)),
        JobChanged(at=120.0, position=0, job=ended),
        TargetEnded(at=121.0, position=0, outcome=Outcome.SUCCEEDED, reason="job 7 ended as SUCCEED"),
    )
    record = target(journal, "01A")
    assert (record.job, record.evidence, record.outcome, record.reason) == (
        ended,
        Evidence.RESPONSE,
        Outcome.SUCCEEDED,
        "job 7 ended as SUCCEED",
    )


async def test_a_target_that_is_sent_after_all_has_no_end_any_more(journal: AnyJournal) -> None:
    """A process that dies now must not leave `not_started` beside a request on its way."""
    end = TargetEnded(at=1.0, position=0, outcome=Outcome.NOT_STARTED, reason="stopped")
    await written(journal, "01A", end, intended("I1"))
    record = target(journal, "01A")
    assert (record.outcome, record.reason, journal.run().done) == (None, "", 0)


async def test_an_adopted_job_belongs_to_its_intent(journal: AnyJournal) -> None:
    await written(
        journal,
        "01A",
        intended("I1"),
        answered("I1", Result.AMBIGUOUS),
        TargetEnded(at=112.0, position=0, outcome=Outcome.UNRESOLVED, reason="no job appeared"),
    )
    assert target(journal, "01A").attempts[0].in_doubt
    journal.record(
        JobAdopted(
            at=113.0, position=0, intent="I1", evidence=Evidence.ADOPTED_EXACT, job=job(7), reason="marker"
        )
    )
    await journal.commit()
    record = target(journal, "01A")
    assert (record.outcome, record.reason, record.evidence) == (None, "marker", Evidence.ADOPTED_EXACT)
    assert record.job == job(7)
    assert [(a.result, a.job_id, a.in_doubt) for a in record.attempts] == [(Result.AMBIGUOUS, "7", False)]


async def test_an_attached_job_belongs_to_no_intent(journal: AnyJournal) -> None:
    attach = JobAdopted(
        at=113.0, position=1, intent=None, evidence=Evidence.ATTACHED, job=job(9), reason="was there"
    )
    await written(journal, "01A", intended("I1", 1), answered("I1", Result.BUSY), attach)
    record = target(journal, "01A", 1)
    assert (record.evidence, record.job, record.reason) == (Evidence.ATTACHED, job(9), "was there")
    assert [attempt.job_id for attempt in record.attempts] == [None]
    assert journal.owners("us-east-1", "d3f8lr1example", "release/1.10", endpoint=HERE) == {}


async def test_an_intent_of_an_earlier_run_changes_that_run_s_target(process: Process) -> None:
    other = replace(WEB, app="d9")
    await written(process(), "01A", intended("I1", 1), of=started(other, WEB))
    later = process()
    adopt = JobAdopted(
        at=300.0, position=0, intent="I1", evidence=Evidence.ADOPTED_PROBABLE, job=job(8), reason="fits"
    )
    await written(later, "01B", adopt)
    assert [record.job for record in later.targets("01A")] == [None, job(8)]
    assert [record.job for record in later.targets("01B")] == [None, None]
    await written(
        later, "01C", IntentAbandoned(at=301.0, position=0, intent="I1"), answered("I1", Result.REJECTED)
    )
    assert target(later, "01A", 1).attempts[0].result is Result.REJECTED
    assert target(later, "01C") == TargetRecord(position=0, target=WEB)


async def test_after_an_abandoned_intent_the_target_is_as_if_never_sent(journal: AnyJournal) -> None:
    await written(
        journal,
        "01A",
        intended("I1"),
        answered("I1", Result.AMBIGUOUS),
        TargetEnded(at=112.0, position=0, outcome=Outcome.UNRESOLVED, reason="no job appeared"),
        IntentAbandoned(at=300.0, position=0, intent="I1"),
    )
    record = target(journal, "01A")
    assert replace(record, attempts=()) == TargetRecord(position=0, target=WEB)
    assert [(a.abandoned, a.in_doubt) for a in record.attempts] == [(True, False)]
    assert journal.in_doubt([WEB], besides="01B", endpoint=HERE) == {}


@pytest.mark.parametrize(
    "event",
    [
        answered("nobody's", Result.STARTED, named=job()),
        IntentAbandoned(at=1.0, position=0, intent="nobody's"),
        JobAdopted(
            at=1.0, position=0, intent="nobody's", evidence=Evidence.ADOPTED_EXACT, job=job(), reason=""
        ),
        JobChanged(at=1.0, position=99, job=job()),
        TargetEnded(at=1.0, position=99, outcome=Outcome.FAILED, reason=""),
        intended("I1", 99),
    ],
    ids=lambda event: type(event).__name__,
)
async def test_an_event_about_nothing_is_not_passed_over(journal: AnyJournal, event: Event) -> None:
    journal.open_run("01A", started())
    journal.record(event)
    with pytest.raises(JournalError):
        await journal.commit()
    assert journal.unwritten == (event,)
    with pytest.raises(JournalError):
        await journal.commit()


async def test_an_intent_is_recorded_once(journal: AnyJournal) -> None:
    await written(journal, "01A", intended("I1"))
    journal.record(intended("I1", 1))
    with pytest.raises(JournalError):
        await journal.commit()


# Lanes, limits, markers


async def test_the_last_counters_of_a_lane_stand_and_a_stop_stays_beside_them(journal: AnyJournal) -> None:
    last = LaneMeasured(
        at=130.0,
        lane=SHOP,
        start_calls=9,
        started=5,
        throttled=3,
        busy=1,
        read_calls=40,
        peak_in_flight=5,
        peak_pending=2,
        held={Hold.SLOTS: 812.5, Hold.PACE: 3.25},
    )
    await written(
        journal,
        "01A",
        LaneMeasured(at=120.0, lane=SHOP, start_calls=1, held={Hold.CALLS: 1.0}),
        LaneStopped(at=125.0, lane=SHOP, reason="credentials expired", denied=False),
        last,
        LaneStopped(at=126.0, lane=DOCS, reason="denied", denied=True),
    )
    assert journal.lanes("01A") == [
        LaneRecord(lane=DOCS, counters=LaneMeasured(at=126.0, lane=DOCS), stopped="denied", denied=True),
        LaneRecord(lane=SHOP, counters=last, stopped="credentials expired"),
    ]


async def test_what_last_held_a_lane_stands_until_nothing_does_or_the_run_is_resumed(
    process: Process,
) -> None:
    slots = LaneHeld(at=120.0, lane=SHOP, kind=Hold.SLOTS, reason="all 5 slots are taken")
    silence = LaneHeld(at=130.0, lane=SHOP, kind=Hold.SILENCE, reason="silent", stalled=True)
    docs = LaneHeld(at=140.0, lane=DOCS, kind=Hold.PACE, reason="pace 0.1/s")
    freed = LaneHeld(at=150.0, lane=DOCS, kind=None, reason="")
    first = process()
    await written(first, "01A", slots, silence, docs)
    assert [lane.held for lane in first.lanes("01A")] == ["pace 0.1/s", "silent"]
    first.record(LaneMeasured(at=160.0, lane=SHOP))
    first.record(freed)
    await first.commit()
    assert [lane.held for lane in first.lanes("01A")] == ["", "silent"]
    later = process()
    later.open_run("01A", resumed())
    assert [lane.held for lane in later.lanes("01A")] == ["", ""]


async def test_limits_are_remembered_across_the_runs_at_an_endpoint_until_they_are_too_old(
    process: Process,
) -> None:
    old = LimitsLearned(at=100.0, lane=SHOP, rate=4.5, slots=5, quota=None)
    new = LimitsLearned(at=300.0, lane=SHOP, rate=None, slots=None, quota=20)
    docs = LimitsLearned(at=200.0, lane=DOCS, rate=1.25, slots=None, quota=None)
    await written(process(), "01A", old, docs)
    later = process()
    later.open_run("01B", replace(started(), endpoint="emulator"))
    later.record(replace(docs, at=400.0, rate=99.0))
    later.flush()
    await written(later, "01C", new)
    here = later.run("01A").endpoint
    assert later.learned(here, since=0.0) == {SHOP: new, DOCS: docs}
    assert later.learned(here, since=200.0) == {SHOP: new, DOCS: docs}
    assert later.learned(here, since=200.5) == {SHOP: new}
    assert later.learned("emulator", since=0.0) == {DOCS: replace(docs, at=400.0, rate=99.0)}
    assert later.learned("elsewhere", since=0.0) == {}


async def test_every_change_of_a_limit_can_be_explained(journal: AnyJournal) -> None:
    changes = [
        LimitChanged(at=1.0, lane=SHOP, pace=2.5, window=None, reason="a slow beginning"),
        LimitChanged(at=2.0, lane=DOCS, pace=1.0, window=4, reason="jobs queued"),
        LimitChanged(at=1.5, lane=SHOP, pace=1.25, window=3, reason="throttled"),
    ]
    await written(journal, "01A", *changes)
    await written(journal, "01B")
    assert list(journal.limit_changes("01A")) == changes
    assert list(journal.limit_changes("01B")) == []


async def test_what_was_seen_of_the_marker_is_remembered_across_runs(process: Process) -> None:
    kept = MarkerObserved(at=1.0, lane=SHOP, job_type="RELEASE", kept=True)
    await written(process(), "01A", kept, replace(kept, job_type="MANUAL"), replace(kept, lane=DOCS))
    later = process()
    await written(later, "01B", replace(kept, kept=False))
    assert later.markers(endpoint=HERE) == {
        (SHOP, "RELEASE"): False,
        (SHOP, "MANUAL"): True,
        (DOCS, "RELEASE"): True,
    }


async def test_what_a_rehearsal_saw_and_left_in_doubt_concerns_no_real_run(process: Process) -> None:
    rehearsal = process()
    rehearsal.open_run("01A", replace(started(), endpoint="emulator"))
    for event in (
        MarkerObserved(at=1.0, lane=SHOP, job_type="RELEASE", kept=True),
        StartIntended(at=2.0, position=0, intent="I1", fence=None, server_at=None),
        StartIntended(at=3.0, position=1, intent="I2", fence=None, server_at=None),
        StartAnswered(
            at=4.0, position=1, intent="I2", result=Result.STARTED, job=job(7, "SUCCEED", took=60.0)
        ),
    ):
        rehearsal.record(event)
    await rehearsal.commit()
    real = process()
    await written(real, "01B")
    targets = [record.target for record in real.targets("01B")][:2]
    branch = (targets[1].region, targets[1].app, targets[1].branch)
    for endpoint, seen in ((HERE, False), ("emulator", True)):
        assert bool(real.markers(endpoint=endpoint)) is seen
        assert bool(real.in_doubt(targets, besides="01B", endpoint=endpoint)) is seen
        assert bool(real.owners(*branch, endpoint=endpoint)) is seen
        assert [bool(known) for known in real.durations(targets, endpoint=endpoint)] == [False, seen]


# What runs know of a branch


async def test_in_doubt_starts_are_found_by_branch_in_other_runs_only(process: Process) -> None:
    earlier = process()
    await written(earlier, "01A", intended("I1"), intended("I2", 1))
    await written(earlier, "01B", intended("I3"), answered("I3", Result.AMBIGUOUS))
    await written(earlier, "01C", intended("I4"), answered("I4", Result.THROTTLED))
    await written(earlier, "01D", intended("I5"))
    renamed = replace(WEB, account="prod", name="shop window")
    elsewhere = replace(WEB, branch="dev")
    found = earlier.in_doubt([elsewhere, renamed, API], besides="01D", endpoint=HERE)
    assert found == {
        1: [("01A", target(earlier, "01A")), ("01B", target(earlier, "01B"))],
        2: [("01A", target(earlier, "01A", 1))],
    }
    assert [[a.intent for a in record.attempts] for _, record in found[1]] == [["I1"], ["I3"]]


async def test_in_doubt_shows_all_attempts_of_the_target(journal: AnyJournal) -> None:
    await written(journal, "01A", intended("I1"), answered("I1", Result.THROTTLED), intended("I2"))
    [(run, record)] = journal.in_doubt([WEB], besides="01Z", endpoint=HERE)[0]
    assert (run, [(a.intent, a.in_doubt) for a in record.attempts]) == ("01A", [("I1", False), ("I2", True)])


async def test_owned_are_the_jobs_that_were_taken_for_ours_with_proof_or_without(journal: AnyJournal) -> None:
    def adopt(intent: str, evidence: Evidence, number: int) -> JobAdopted:
        return JobAdopted(at=2.0, position=0, intent=intent, evidence=evidence, job=job(number), reason="")

    await written(journal, "01A", intended("I1"), answered("I1", Result.STARTED, named=job(7)))
    await written(journal, "01B", intended("I2"), adopt("I2", Evidence.ADOPTED_EXACT, 9))
    await written(journal, "01C", intended("I3"), adopt("I3", Evidence.ADOPTED_PROBABLE, 11))
    await written(journal, "01D", intended("I4", 1), answered("I4", Result.STARTED, named=job(13)))
    assert journal.owners("eu-west-1", "d2p7kq0example", "main", endpoint=HERE) == {
        "7": Owner("I1", proven=True),
        "9": Owner("I2", proven=True),
        "11": Owner("I3", proven=False),
    }
    assert journal.owners("eu-west-1", "d2p7kq0example", "dev", endpoint=HERE) == {}


@pytest.mark.parametrize("order", [("I1", "I2"), ("I2", "I1")])
async def test_proof_of_whose_a_job_is_goes_before_circumstance(
    journal: AnyJournal, order: tuple[str, str]
) -> None:
    facts: dict[str, Event] = {
        "I1": answered("I1", Result.STARTED, named=job(7)),
        "I2": JobAdopted(
            at=2.0, position=0, intent="I2", evidence=Evidence.ADOPTED_PROBABLE, job=job(7), reason=""
        ),
    }
    for number, intent in enumerate(order):
        await written(journal, f"01{number}", intended(intent), facts[intent])
    owners = journal.owners("eu-west-1", "d2p7kq0example", "main", endpoint=HERE)
    assert owners == {"7": Owner("I1", proven=True)}


async def test_durations_are_of_the_newest_ten_jobs_that_succeeded_each_once(journal: AnyJournal) -> None:
    for number in range(12):
        await written(
            journal,
            f"01{number:02}",
            JobChanged(at=1.0, position=0, job=job(number, "SUCCEED", took=100.0 + number)),
        )
    await written(journal, "01X", JobChanged(at=1.0, position=0, job=job(90, "FAILED", took=1.0)))
    await written(journal, "01Y", JobChanged(at=1.0, position=0, job=job(91, "SUCCEED")))
    await written(journal, "01Z", JobChanged(at=1.0, position=0, job=job(5, "SUCCEED", took=205.0)))
    known = [205.0, 111.0, 110.0, 109.0, 108.0, 107.0, 106.0, 104.0, 103.0, 102.0]
    other = replace(WEB, app="d0")
    assert journal.durations([other, WEB, other, WEB], endpoint=HERE) == [[], known, [], known]
    assert journal.durations([], endpoint=HERE) == []


# Durability and listeners


async def test_nothing_shows_before_the_commit_and_everything_after_it(process: Process) -> None:
    writer, reader = process(), process()
    writer.open_run("01A", started())
    writer.record(intended("I1"))
    assert (target(reader, "01A").attempts, writer.unwritten) == ((), (intended("I1"),))
    await writer.commit()
    assert [attempt.intent for attempt in target(reader, "01A").attempts] == ["I1"]
    assert writer.unwritten == ()


async def test_flush_and_close_leave_nothing_behind(process: Process) -> None:
    writer = process()
    writer.open_run("01A", started())
    writer.record(intended("I1"))
    writer.flush()
    assert len(target(process(), "01A").attempts) == 1
    writer.record(intended("I2", 1))
    writer.close()
    assert len(target(process(), "01A", 1).attempts) == 1


async def test_a_commit_of_nothing_is_no_wait(journal: AnyJournal) -> None:
    await journal.commit()
    journal.open_run("01A", started())
    with anyio.CancelScope() as scope:
        scope.cancel()
        await journal.commit()


async def test_listeners_hear_every_event_in_order_once_it_is_durable(process: Process) -> None:
    journal = process()
    heard: list[tuple[Event, int]] = []
    journal.subscribe(lambda event: heard.append((event, len(target(journal, "01A").attempts))))
    await written(journal, "01A", intended("I1"))
    journal.record(answered("I1", Result.BUSY))
    assert heard == [(started(), 0), (intended("I1"), 1)]
    journal.record(intended("I2"))
    await journal.commit()
    assert heard[2:] == [(answered("I1", Result.BUSY), 2), (intended("I2"), 2)]


async def test_a_listener_that_fails_is_dropped_and_disturbs_nobody(journal: AnyJournal) -> None:
    heard: list[Event] = []
    error = BrokenPipeError("the terminal went away")

    def broken(event: Event) -> None:
        if isinstance(event, StartIntended):
            raise error

    journal.subscribe(broken)
    journal.subscribe(heard.append)
    await written(journal, "01A", intended("I1"), intended("I2", 1))
    assert heard == [started(), intended("I1"), intended("I2", 1)]
    assert journal.listener_faults == (error,)


async def test_many_tasks_commit_at_once_and_none_returns_early(process: Process) -> None:
    targets = tuple(replace(WEB, app=f"d{number}") for number in range(50))
    writer, reader = process(), process()
    writer.open_run("01A", started(*targets))

    async def start(position: int) -> None:
        writer.record(intended(f"I{position}", position))
        await writer.commit()
        assert target(reader, "01A", position).attempts != ()

    async with anyio.create_task_group() as tasks:
        for position in range(50):
            tasks.start_soon(start, position)


# What may be kept


async def test_no_url_keeps_a_query_or_a_password_neither_do_listeners_hear_it(journal: AnyJournal) -> None:
    heard: list[Event] = []
    journal.subscribe(heard.append)
    secret = "https://user:hunter2@bucket.s3.amazonaws.com/site.zip?X-Amz-Signature=f00#frag"
    bare = "https://bucket.s3.amazonaws.com/site.zip"
    signed = replace(job(), sourceUrl=secret, commitMessage=f"see {secret} (new)")
    kept = replace(job(), sourceUrl=bare, commitMessage=f"see {bare} (new)")
    adopt = JobAdopted(
        at=3.0, position=1, intent=None, evidence=Evidence.ATTACHED, job=signed, reason=f"at {secret}"
    )
    await written(
        journal,
        "01A",
        intended("I1"),
        answered("I1", Result.STARTED, named=signed),
        JobChanged(at=2.0, position=0, job=signed),
        adopt,
        TargetEnded(at=4.0, position=0, outcome=Outcome.FAILED, reason=f"at {secret}"),
    )
    assert [record.job for record in journal.targets("01A")] == [kept, kept]
    everything = repr((heard, list(journal.targets("01A"))))
    assert [word for word in ("hunter2", "f00", "#frag") if word in everything] == []


async def test_text_that_cannot_be_encoded_breaks_nothing(journal: AnyJournal) -> None:
    hostile = replace(job(), commitMessage="half \ud800 pair", status="\udfff")
    await written(
        journal,
        "01A",
        intended("I1"),
        replace(answered("I1", Result.STARTED, named=hostile), error="\ud800"),
        TargetEnded(at=2.0, position=0, outcome=Outcome.FAILED, reason="\ud800 é"),
    )
    record = target(journal, "01A")
    assert (record.reason, record.attempts[0].error) == (r"\ud800 é", r"\ud800")
    assert record.job == replace(job(), commitMessage=r"half \ud800 pair", status=r"\udfff")


async def test_a_fence_may_have_any_number_of_digits(journal: AnyJournal) -> None:
    await written(journal, "01A", intended("I1", fence=10**200))
    assert target(journal, "01A").attempts[0].fence == 10**200


async def test_a_job_comes_back_with_every_field_and_the_same_moments(journal: AnyJournal) -> None:
    zone = timezone(timedelta(hours=-5))
    full = Job(
        jobId="231",
        status="A_STATUS_OF_TOMORROW",
        jobArn="arn",
        commitId="HEAD",
        commitMessage="message\twith \x1b[31m and \u2028",
        commitTime=datetime(2026, 11, 24, 1, 2, 3, 1, tzinfo=zone),
        startTime=datetime(2026, 11, 24, 1, 2, 3, tzinfo=UTC),
        endTime=datetime(2026, 11, 24, 1, 2, 3, 999999, tzinfo=UTC),
        jobType="WEB_HOOK",
        sourceUrl="https://example.com/site.zip",
        sourceUrlType="ZIP",
    )
    least = Job(jobId="1", status="CREATED")
    await written(
        journal,
        "01A",
        JobChanged(at=1.0, position=0, job=full),
        JobChanged(at=1.0, position=1, job=least),
    )
    assert [record.job for record in journal.targets("01A")] == [full, least]
