"""I3: whether what journal and reports say of targets is definite, true and complete."""

from __future__ import annotations

from collections.abc import Iterator

from scheduler.journal.port import TargetRecord
from scheduler.model import Outcome, Result
from scheduler.plan.scenario import FaultKind
from scheduler.report.document import Report, TargetPart

from .adoptions import could_be_told, taken_wrongly
from .history import Request
from .ledger import Ledger, Start, branch_of, named

#: How a refusal begins that CloudTrail told of, after the answer itself was lost.
RECORDED = "as CloudTrail recorded"

_ENDS = {Outcome.SUCCEEDED: "SUCCEED", Outcome.FAILED: "FAILED", Outcome.CANCELLED: "CANCELLED"}


def untrue(ledger: Ledger) -> Iterator[str]:
    """Return what journal and reports say against the truth, or do not say."""
    for start in ledger.starts.values():
        yield from (f"I3: {named(start)} {fault}" for fault in _attempt_faults(ledger, start))
    yield from (f"I3: {fault}" for fault in taken_wrongly(ledger))
    for run, report in ledger.seen.reports.items():
        records = ledger.records[run]
        if [part.lane + part.app + part.branch for part in report.targets] != [
            str(record.target.lane) + record.target.app + record.target.branch for record in records
        ]:
            yield f"I3: the report of run {run} does not list the plan's targets"
            continue
        stopped = {lane.lane for lane in ledger.seen.journal.lanes(run) if lane.stopped}
        for record, part in zip(records, report.targets, strict=True):
            faults = [*_word_faults(ledger, record, part)]
            if run in ledger.seen.settled and record.target.lane not in stopped:
                faults += _end_faults(ledger, report, record, part)
            yield from (
                f"I3: {record.target.key} of run {run} is {part.outcome} ({part.reason}), {fault}"
                for fault in faults
            )


def refused(request: Request) -> bool:
    """Whether the service itself said that it did nothing; where it made a job all the same, it lied."""
    redirected = request.call is not None and request.call.answer == FaultKind.REDIRECT
    return redirected or (400 <= request.status <= 499 and request.status != 408)


def _attempt_faults(ledger: Ledger, start: Start) -> Iterator[str]:
    attempt, request = start.attempt, start.request
    if request is not None and attempt.fence is not None:
        newest = max(ledger.seen_by(request.life, request.target, start.order), default=0)
        if newest != attempt.fence:
            yield f"was sent behind fence {attempt.fence}; the newest job that was seen is {newest}"
    match attempt.result:
        case Result.STARTED if attempt.job_id != start.made:
            yield f"is said to have started job {attempt.job_id}; it made {start.made}"
        case Result.NOT_SENT if request is not None:
            yield "is said not to have been sent; it was"
        case Result.THROTTLED | Result.BUSY | Result.REJECTED if request is None or not (
            refused(request) or (start.made is None and (attempt.error or "").startswith(RECORDED))
        ):
            yield f"is said to have been {attempt.result}; the service said no such thing"
        case _:
            pass


# What a report says of a target


def _word_faults(ledger: Ledger, record: TargetRecord, part: TargetPart) -> Iterator[str]:
    job = ledger.job(record.target, None if part.job is None else part.job.jobId)
    if part.outcome is not Outcome.SUCCEEDED and not part.reason:
        yield "without a reason"
    match part.outcome:
        case Outcome.FAILED if part.job is None:
            if "busy" not in part.reason:
                yield "and has no job"
        case Outcome.SUCCEEDED | Outcome.FAILED | Outcome.CANCELLED:
            if job is None or job.status != _ENDS[part.outcome]:
                yield f"and its job is really {job.status if job else 'not there'}"
        case Outcome.STARTED | Outcome.TIMED_OUT:
            if job is None:
                yield "and there is no such job"
        case Outcome.REJECTED | Outcome.SKIPPED | Outcome.NOT_STARTED:
            for start, made in ledger.own(record):
                assert start.request is not None
                if not (start.attempt.abandoned or refused(start.request)):
                    yield f"and intent {start.attempt.intent} made job {made}"
        case Outcome.UNRESOLVED:
            if not any(attempt.in_doubt for attempt in record.attempts) and not _doubted(ledger, record):
                yield "and nothing is in doubt"


def _doubted(ledger: Ledger, record: TargetRecord) -> bool:
    """Whether another run left a start in doubt on the target's branch, be it found by now."""
    return any(
        attempt.result in {None, Result.AMBIGUOUS}
        for run in ledger.records.values()
        for other in run
        if other is not record and branch_of(other.target) == branch_of(record.target)
        for attempt in other.attempts
    )


def _end_faults(ledger: Ledger, report: Report, record: TargetRecord, part: TargetPart) -> Iterator[str]:
    """A run that nobody stopped leaves nothing open that could be known."""
    followed = ledger.runs[report.run.id].follow
    unfinished = {Outcome.NOT_STARTED, Outcome.STARTED} if followed else {Outcome.NOT_STARTED}
    if part.outcome in unfinished:
        yield "and nothing keeps it from its end"
    if part.outcome is not Outcome.UNRESOLVED or "could not be listed" in part.reason:
        return
    for start in (ledger.starts[attempt.intent] for attempt in record.attempts if attempt.in_doubt):
        if start.made is not None and could_be_told(ledger, start, start.made):
            yield f"and intent {start.attempt.intent} made job {start.made}"
