"""The judge sees every breach of the promises, and none where there is none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scheduler.emulator.truth import JobTruth, StartCall, Truth
from scheduler.events import Event, RunEnded, RunStarted, StartAnswered, StartIntended, TargetEnded
from scheduler.journal.memory.journal import MemoryJournal
from scheduler.model import FrozenPlan, Job, Outcome, Result, Target
from scheduler.report.summary import summarize
from tests.chaos.aftermath import Aftermath
from tests.chaos.judge import breaches, losses, unfinished

FIRST, SECOND, OTHER = ("01JUDGE" + name.ljust(19, "0") for name in ("A", "B", "C"))


def intended(position: int, intent: str) -> Event:
    return StartIntended(at=1.0, position=position, intent=intent, fence=None, server_at=None)


def ended(position: int, outcome: Outcome) -> Event:
    return TargetEnded(at=3.0, position=position, outcome=outcome, reason="")


#: A run of two targets: one started and succeeded, one whose request was cut off before it arrived.
HISTORY: tuple[Event, ...] = (
    intended(0, FIRST),
    StartAnswered(
        at=2.0, position=0, intent=FIRST, result=Result.STARTED, job=Job(jobId="1", status="SUCCEED")
    ),
    ended(0, Outcome.SUCCEEDED),
    intended(1, SECOND),
    ended(1, Outcome.UNRESOLVED),
    RunEnded(at=4.0),
)


def request(app: str, intent: str, job: str | None = "1") -> StartCall:
    return StartCall(
        at=1.0,
        account="default",
        region="eu-west-1",
        app=app,
        branch="main",
        job_type="RELEASE",
        commit_message=f"[amplify-release:{intent}]",
        job=job,
    )


def job(app: str, number: str = "1", status: str = "SUCCEED", *, foreign: bool = False) -> JobTruth:
    return JobTruth(
        account="default",
        region="eu-west-1",
        app=app,
        branch="main",
        job=number,
        job_type="RELEASE",
        status=status,
        foreign=foreign,
        created_at=1.0,
        granted_at=1.0,
        ended_at=3.0,
    )


def left(
    *history: Event, starts: list[StartCall] | None = None, jobs: list[JobTruth] | None = None
) -> Aftermath:
    """Make what a run with this history leaves, on a server that saw these requests and has these jobs."""
    journal = MemoryJournal()
    targets = tuple(
        Target(account="default", region="eu-west-1", app=app, branch="main", name=app)
        for app in ("d0", "d1")
    )
    plan = FrozenPlan(name="night", path="", digest="", targets=targets)
    journal.open_run("R", RunStarted(at=0.0, plan=plan, endpoint="", version="0", follow=True))
    for event in history:
        journal.record(event)
    journal.flush()
    return Aftermath(
        truth=Truth(
            calls={},
            starts=[request("d0", FIRST)] if starts is None else starts,
            jobs=[job("d0")] if jobs is None else jobs,
            lanes=[],
        ),
        report=summarize(journal),
        attempts={attempt.intent: attempt for record in journal.targets("R") for attempt in record.attempts},
        seen={FIRST: "1"},
        rescued={},
        integrity="ok",
    )


def test_a_run_that_kept_its_promises_is_not_accused() -> None:
    found = left(*HISTORY)
    assert [*breaches(found), *losses(found), *unfinished(found)] == []


def test_a_run_that_was_cut_has_a_right_to_doubts() -> None:
    found = left(intended(0, FIRST))
    assert list(breaches(found)) == []


def test_other_people_s_jobs_are_their_own() -> None:
    found = left(*HISTORY, jobs=[job("d0"), job("d0", "2", foreign=True), job("d1", foreign=True)])
    assert [*breaches(found), *unfinished(found)] == []


@pytest.mark.parametrize(
    ("found", "breach"),
    [
        (left(*HISTORY, starts=[request("d0", FIRST)] * 2), f"intent {FIRST} was sent 2 times"),
        (left(*HISTORY, starts=[request("d0", OTHER)]), f"intent {OTHER} was sent and is not in the journal"),
        (left(*HISTORY, starts=[replace(request("d0", FIRST), commit_message=None)]), "carries no intent"),
        (left(*HISTORY, jobs=[job("d0"), job("d0", "2")]), "d0 was started 2 times"),
        (left(jobs=[job("d0")]), "d0 has a job, and the report of the cut run says not_started"),
        (left(*HISTORY, jobs=[job("d0", "7")]), "the report gives d0 job 1, which is not its own"),
        (replace(left(*HISTORY), integrity="row 7 missing"), "the journal is damaged: row 7 missing"),
    ],
)
def test_what_must_never_be_seen_is_seen(found: Aftermath, breach: str) -> None:
    assert any(breach in sentence for sentence in breaches(found))


def test_an_answer_that_nobody_knows_is_lost_and_one_in_the_rescue_file_is_not() -> None:
    found = left(intended(0, FIRST))
    assert list(losses(found)) == [f"job 1 of intent {FIRST} was answered and is lost"]
    assert list(losses(replace(found, rescued={FIRST: "1"}))) == []


@pytest.mark.parametrize(
    ("found", "breach"),
    [
        (left(*HISTORY[:-1]), "the run has no end"),
        (left(*HISTORY, jobs=[job("d0", status="FAILED")]), "d0 has job 1 (FAILED), and the report says"),
        (left(*HISTORY, jobs=[job("d0"), job("d1")]), "d1 has job 1 (SUCCEED), and the report says"),
        (left(*HISTORY, jobs=[]), "d0 has no job, and the report says succeeded"),
        (left(ended(1, Outcome.UNRESOLVED)), "d1 has no job, and the report says unresolved"),
    ],
)
def test_an_end_that_the_server_does_not_confirm_is_seen(found: Aftermath, breach: str) -> None:
    assert any(breach in sentence for sentence in unfinished(found))
