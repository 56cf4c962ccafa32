"""What `resume` does with each target, as one table."""

from __future__ import annotations

import pytest

from scheduler.engine.disposition import Disposition, Need, dispose
from scheduler.journal.port import AttemptRecord, TargetRecord
from scheduler.model import Evidence, Job, Outcome, Result, Target

START = Disposition(Need.START, "it was never started")
FOLLOW = Disposition(Need.FOLLOW, "job 7 was started and its end is not known")
RECONCILE = Disposition(Need.RECONCILE, "a start was sent and its answer is not known")


def attempt(
    result: Result | None = None, *, job_id: str | None = None, abandoned: bool = False
) -> AttemptRecord:
    return AttemptRecord(
        intent="01JDHQ6X1V0W8R3K5M7N9P2T4A",
        sent_at=0.0,
        fence=None,
        server_at=None,
        result=result,
        job_id=job_id,
        abandoned=abandoned,
    )


def record(
    *attempts: AttemptRecord,
    outcome: Outcome | None = None,
    job: bool = False,
    evidence: Evidence = Evidence.NONE,
) -> TargetRecord:
    return TargetRecord(
        position=0,
        target=Target(account="shop", region="eu-west-1", app="d1", branch="main", name="web"),
        outcome=outcome,
        evidence=evidence,
        job=Job(jobId="7", status="RUNNING") if job else None,
        attempts=attempts,
    )


UNANSWERED = attempt()
AMBIGUOUS = attempt(Result.AMBIGUOUS)
STARTED = attempt(Result.STARTED, job_id="7")
ADOPTED = attempt(Result.AMBIGUOUS, job_id="7")
ABANDONED = attempt(Result.AMBIGUOUS, abandoned=True)
REFUSED = [attempt(Result.THROTTLED), attempt(Result.BUSY), attempt(Result.NOT_SENT)]

TABLE = [
    # Nothing was ever sent, or whatever was sent certainly started nothing.
    ("untouched", record(), START),
    ("refused for the time being", record(*REFUSED), START),
    ("refused, to be tried with new credentials", record(attempt(Result.REJECTED)), START),
    # The job is known, by whatever evidence: it is followed and nothing is sent.
    ("started", record(STARTED, job=True, evidence=Evidence.RESPONSE), FOLLOW),
    ("started after refusals", record(*REFUSED, STARTED, job=True), FOLLOW),
    ("adopted for certain", record(ADOPTED, job=True, evidence=Evidence.ADOPTED_EXACT), FOLLOW),
    ("adopted as probable", record(ADOPTED, job=True, evidence=Evidence.ADOPTED_PROBABLE), FOLLOW),
    ("attached to somebody else's", record(job=True, evidence=Evidence.ATTACHED), FOLLOW),
    # A request may have started a job that nobody knows: never back to start.
    ("the process died in the call", record(UNANSWERED), RECONCILE),
    ("the answer was lost", record(AMBIGUOUS), RECONCILE),
    ("in doubt after refusals", record(*REFUSED, AMBIGUOUS), RECONCILE),
    ("in doubt before a refusal", record(AMBIGUOUS, *REFUSED), RECONCILE),
    ("in doubt beside a known job", record(AMBIGUOUS, STARTED, job=True), RECONCILE),
    # Unresolved is no end: what was not found in the night may be there in the morning.
    ("unresolved", record(AMBIGUOUS, outcome=Outcome.UNRESOLVED), RECONCILE),
    ("unresolved for a job out of sight", record(STARTED, outcome=Outcome.UNRESOLVED, job=True), FOLLOW),
    ("unresolved for another run's doubt", record(outcome=Outcome.UNRESOLVED), START),
    # A person decided to send it again: the one way from doubt to start.
    ("abandoned", record(ABANDONED), START),
    ("abandoned and unresolved", record(ABANDONED, outcome=Outcome.UNRESOLVED), START),
    ("abandoned once, in doubt again", record(ABANDONED, UNANSWERED), RECONCILE),
    ("abandoned once, then started", record(ABANDONED, STARTED, job=True), FOLLOW),
]


@pytest.mark.parametrize(("given", "expected"), [pytest.param(*row, id=name) for name, *row in TABLE])
def test_a_target_goes_on_from_what_its_record_says(given: TargetRecord, expected: Disposition) -> None:
    assert dispose(given) == expected


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - {Outcome.UNRESOLVED}))
def test_a_target_with_a_definite_end_needs_nothing_more(outcome: Outcome) -> None:
    """Not even where one of its attempts is still in doubt, or its job goes on."""
    needs_nothing = Disposition(Need.NOTHING, f"it already {outcome}")
    assert dispose(record(outcome=outcome)) == needs_nothing
    assert dispose(record(AMBIGUOUS, outcome=outcome, job=True)) == needs_nothing
