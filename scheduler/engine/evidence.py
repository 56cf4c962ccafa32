"""Which job, if any, a start in doubt has made: pure decisions over what ListJobs and CloudTrail show.

StartJob takes no idempotency token, and jobs do not show their reason. The one trace of an intent on a job is
its marker at the end of the commit message, where the service keeps it; another is CloudTrail's record of the
request, where it is asked for. Without both only circumstance is left: a job newer than the fence, of the
same type, inside the window on the service's own clock, that no other intent owns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ..amplify.port import Kind, Recorded
from ..model import Job, JobType

EARLY = 5.0  #: seconds before the send, on the service's clock, in which its job may claim to have started
LATE = 60.0  #: seconds after the answer was given up in which the job may still have appeared

_MARKER = re.compile(r"\[amplify-release:([0-9A-HJKMNP-TV-Z]{26})\]")


def mark(message: str | None, intent: str) -> str:
    """Append the intent's marker to a commit message."""
    marker = f"[amplify-release:{intent}]"
    return f"{message} {marker}" if message else marker


def marked(message: str | None) -> frozenset[str]:
    """Return the intents whose markers a commit message carries."""
    return frozenset(_MARKER.findall(message)) if message else frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A start whose fate is unknown.

    `fence`: the branch's highest job id before the send; None: not looked for. `sent` and `given_up` are on
    the service's clock; None: that clock is unknown. `kept`: this lane is known to keep the marker, so a job
    that shows its message without it is not ours. `unrecorded`: CloudTrail should have recorded the request
    by now and has not, though it has others, so a job that is there is most likely not ours.
    """

    intent: str
    job_type: str
    fence: int | None
    sent: float | None
    given_up: float | None
    kept: bool
    unrecorded: bool = False


class Witness(StrEnum):
    """What names a job for certain."""

    MARKER = "marker"  #: the job carries the intent's own
    CLOUDTRAIL = "cloudtrail"  #: the request that names the intent was answered with this job


@dataclass(frozen=True, slots=True)
class Exact:
    """The intent's own job."""

    job: Job
    witness: Witness = Witness.MARKER


@dataclass(frozen=True, slots=True)
class Refused:
    """The request was refused, so that there is no job; `kind` is what its answer meant."""

    kind: Kind
    reason: str


@dataclass(frozen=True, slots=True)
class Probable:
    """The only job that fits."""

    job: Job


@dataclass(frozen=True, slots=True)
class Conflict:
    """Several jobs fit, and nothing tells them apart."""

    jobs: tuple[Job, ...]


@dataclass(frozen=True, slots=True)
class Absent:
    """No job fits, for this reason. `telling`: had the start made a job, it would have been seen."""

    reason: str
    telling: bool = True


Finding = Exact | Refused | Probable | Conflict | Absent


def find(
    doubt: Doubt, jobs: Sequence[Job], owners: Mapping[str, str], recorded: Recorded | None = None
) -> Finding:
    """Look for the doubt's job among a branch's jobs.

    `owners`: job id → the intent that it was taken for. `recorded`: what CloudTrail recorded of the request.
    """
    exact = [job for job in jobs if doubt.intent in _made_by(job)]
    if exact:
        return Exact(min(exact, key=lambda job: job.number))
    match recorded:
        case Recorded(job_id=str(job_id)):
            named = (job for job in jobs if job.jobId == job_id)
            return Exact(next(named, Job(jobId=job_id, status="UNKNOWN")), Witness.CLOUDTRAIL)
        case Recorded(kind=Kind() as kind, reason=reason) if kind is not Kind.AMBIGUOUS:
            return Refused(kind, reason)
        case _:
            return _circumstantial(doubt, jobs, owners)


def _circumstantial(doubt: Doubt, jobs: Sequence[Job], owners: Mapping[str, str]) -> Finding:
    fitting = tuple(sorted((job for job in jobs if _fits(doubt, job, owners)), key=lambda job: job.number))
    if doubt.kept and not fitting:
        return Absent("no job carries its marker, and this lane keeps markers")
    if doubt.fence is None:
        return Absent(
            "no job carries its marker, and the branch was not looked at before the send", telling=False
        )
    if doubt.unrecorded and fitting:
        return Absent(
            f"{_named(fitting)} appeared, and CloudTrail has no record of this start having made it"
        )
    match fitting:
        case ():
            return Absent(f"no new {doubt.job_type} job appeared after job {doubt.fence}")
        case (job,):
            return Probable(job)
        case _:
            return Conflict(fitting)


def _fits(doubt: Doubt, job: Job, owners: Mapping[str, str]) -> bool:
    if doubt.fence is not None and job.number <= doubt.fence:
        return False
    if owners.get(job.jobId, doubt.intent) != doubt.intent:
        return False
    if job.jobType not in {None, doubt.job_type}:
        return False
    if doubt.kept and job.commitMessage is not None:
        return False  # it shows its message, and that is not ours
    if marked(job.commitMessage) and doubt.job_type != JobType.RETRY:
        return False  # it carries another intent's marker; a retry shows the message of the job it repeats
    if job.startTime is None or doubt.sent is None or doubt.given_up is None:
        return True
    return doubt.sent - EARLY <= job.startTime.timestamp() <= doubt.given_up + LATE


def _named(jobs: Sequence[Job]) -> str:
    return f"job{'s' * (len(jobs) > 1)} {', '.join(job.jobId for job in jobs)}"


def _made_by(job: Job) -> frozenset[str]:
    """Return the intents whose markers prove that they made the job.

    A retry proves nothing: it shows the message of the job that it repeats, and may be seen before that.
    """
    return frozenset() if job.jobType == JobType.RETRY else marked(job.commitMessage)


def own_job(intents: Iterable[str], jobs: Sequence[Job]) -> tuple[str, Job] | None:
    """Find the lowest-numbered job that carries the marker of one of these intents."""
    known = frozenset(intents)
    for job in sorted(jobs, key=lambda job: job.number):
        for intent in _made_by(job) & known:
            return intent, job
    return None
