"""What became of a target, and why: the recorded word, or the word that the records prove."""

from __future__ import annotations

from ..journal.port import AttemptRecord, LaneRecord, RunRecord, TargetRecord
from ..model import OUTCOME_OF, Job, Outcome, StopCause
from ..spoken import rfc3339


def explain(
    record: TargetRecord, run: RunRecord, lane: LaneRecord | None, *, running: bool
) -> tuple[Outcome, str]:
    """Return a target's outcome and its reason, also for a run that was cut and never said.

    `running`: a live process works on the run, so that what is missing may still come.
    """
    if record.outcome is not None:
        return record.outcome, record.reason
    if record.job is not None:
        return _of_job(record.job, run, lane, running=running)
    doubt = next((attempt for attempt in reversed(record.attempts) if attempt.in_doubt), None)
    if doubt is not None:
        return Outcome.UNRESOLVED, _unresolved(doubt, run, running=running)
    return Outcome.NOT_STARTED, _not_started(record, run, lane, running=running)


def _of_job(job: Job, run: RunRecord, lane: LaneRecord | None, *, running: bool) -> tuple[Outcome, str]:
    if job.ended:
        # Seen to end, but the process died before it wrote the outcome down.
        return OUTCOME_OF[job.status], f"job {job.jobId} ended as {job.status}"
    if not run.follow:
        return Outcome.STARTED, "not followed, by request"
    if running:
        return Outcome.STARTED, f"job {job.jobId} was last seen as {job.status}"
    cut = lane.stopped if lane is not None and lane.stopped else why_cut(run)
    return Outcome.STARTED, f"the end was not observed: {cut}"


def _unresolved(doubt: AttemptRecord, run: RunRecord, *, running: bool) -> str:
    sent = f"StartJob was sent at {rfc3339(doubt.sent_at)}"
    lost = f"its answer did not tell ({doubt.error})" if doubt.error else "its answer never came"
    if running:
        return f"{sent} and {lost}; its job is being looked for"
    return f"{sent} and {lost}; nothing was sent again. `amplify-release resume {run.told}` looks for its job"


def _not_started(record: TargetRecord, run: RunRecord, lane: LaneRecord | None, *, running: bool) -> str:
    waited = f"it was waiting: {record.parked}" if record.parked else ""
    if lane is not None and lane.stopped:
        return lane.stopped
    if run.stop_reason or run.stop_cause:
        return "; ".join(filter(None, (why_cut(run), waited)))
    if running:
        held = f"its lane waits: {lane.held}" if lane is not None and lane.held else ""
        return record.parked or held or "not reached yet"
    return f"the run was cut; {waited}" if waited else "not reached before the run was cut"


def why_cut(run: RunRecord) -> str:
    """Say why a run, which may have had no time to say so, went no further."""
    if run.stop_reason:
        return run.stop_reason
    match run.stop_cause:
        case StopCause.SIGINT | StopCause.SIGTERM | StopCause.SIGHUP:
            return f"the run was stopped by {run.stop_cause}"
        case StopCause.DEADLINE:
            return "the run reached its deadline"
        case StopCause.FAILURE_BUDGET:
            return "the failure budget was spent"
        case StopCause.CANCEL:
            return "the run was cancelled"
        case StopCause.INTERNAL:
            return "the run stopped at an internal error"
        case None:
            return "the process ended before the run did" if run.ended_at is None else "the run ended first"
