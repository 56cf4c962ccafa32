"""The promises, held against the server's truth: pure, and each breach is a sentence."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from scheduler.emulator.truth import JobTruth, Truth
from scheduler.model import Outcome
from scheduler.report.document import TargetPart

from .aftermath import Aftermath

_ENDS = {"SUCCEED": Outcome.SUCCEEDED, "FAILED": Outcome.FAILED, "CANCELLED": Outcome.CANCELLED}

#: What a report may say of a target of a run that was cut, whose job exists. `unresolved` is true: the
#: process died before it knew.
_OF_A_JOB = {Outcome.STARTED, Outcome.UNRESOLVED, *_ENDS.values()}


def breaches(found: Aftermath) -> Iterator[str]:
    """Yield what must never be seen, whether the run was cut or came to its end."""
    if found.integrity != "ok":
        yield f"the journal is damaged: {found.integrity}"
    sent = [start.marker for start in found.truth.starts]
    for intent, times in Counter(sent).items():
        if intent is None:
            yield "a StartJob carries no intent"
        elif times > 1:
            yield f"intent {intent} was sent {times} times"
        elif intent not in found.attempts:
            yield f"intent {intent} was sent and is not in the journal"
    for app, jobs in _own_jobs(found.truth).items():
        if len(jobs) > 1:
            yield f"{app} was started {len(jobs)} times"
    for target in _targets(found):
        yield from _cut(target, _own_jobs(found.truth)[target.app])


def losses(found: Aftermath) -> Iterator[str]:
    """Yield the jobs that the client was told of, and that neither journal nor rescue file knows."""
    for intent, job in found.seen.items():
        attempt = found.attempts.get(intent)
        known = {attempt.job_id if attempt else None, found.rescued.get(intent)}
        if job not in known:
            yield f"job {job} of intent {intent} was answered and is lost"


def unfinished(found: Aftermath) -> Iterator[str]:
    """Yield where a run that came to its end does not agree with the server, or has no definite word."""
    if found.report is None or found.report.run.exit_code is None:
        yield "the run has no end"
    for target in _targets(found):
        match _own_jobs(found.truth)[target.app]:
            case []:
                doubtful = any(found.attempts[attempt.intent].in_doubt for attempt in target.attempts)
                if target.outcome is not Outcome.UNRESOLVED or not doubtful:
                    yield f"{target.app} has no job, and the report says {target.outcome}: {target.reason}"
            case [job, *_]:
                named = target.job.jobId if target.job else None
                if (target.outcome, named) != (_ENDS.get(job.status), job.job):
                    said = f"the report says {target.outcome} of job {named}: {target.reason}"
                    yield f"{target.app} has job {job.job} ({job.status}), and {said}"


def _cut(target: TargetPart, jobs: list[JobTruth]) -> Iterator[str]:
    named = target.job.jobId if target.job else None
    if jobs and target.outcome not in _OF_A_JOB:
        yield f"{target.app} has a job, and the report of the cut run says {target.outcome}"
    if named is not None and named not in {job.job for job in jobs}:
        yield f"the report gives {target.app} job {named}, which is not its own"


def _targets(found: Aftermath) -> list[TargetPart]:
    return [] if found.report is None else found.report.targets


def _own_jobs(truth: Truth) -> defaultdict[str, list[JobTruth]]:
    """Return the jobs that StartJob made, by app."""
    jobs: defaultdict[str, list[JobTruth]] = defaultdict(list)
    for job in truth.jobs:
        if not job.foreign:
            jobs[job.app].append(job)
    return jobs
