"""Which job, if any, a start in doubt has made: pure decisions over what ListJobs shows.

StartJob takes no idempotency token, and jobs do not show their reason. The one trace of an intent is its
marker at the end of the commit message, where the service keeps it. Without it only circumstance is left: a
job newer than the fence, of the same type, inside the window on the service's own clock, that no other intent
owns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

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
    without it is not ours.
    """

    intent: str
    job_type: str
    fence: int | None
    sent: float | None
    given_up: float | None
    kept: bool


@dataclass(frozen=True, slots=True)
class Exact:
    """The job carries the intent's marker."""

    job: Job


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
    """No job fits, for this reason."""

    reason: str


Finding = Exact | Probable | Conflict | Absent


def find(doubt: Doubt, jobs: Sequence[Job], owners: Mapping[str, str]) -> Finding:
    """Look for the doubt's job among a branch's jobs. `owners`: job id → the intent known to own it."""
    exact = [job for job in jobs if doubt.intent in marked(job.commitMessage)]
    if exact:
        return Exact(min(exact, key=lambda job: job.number))
    if doubt.kept:
        return Absent("no job carries its marker, and this lane keeps markers")
    if doubt.fence is None:
        return Absent("no job carries its marker, and the branch was not looked at before the send")
    fitting = [job for job in jobs if _fits(doubt, doubt.fence, job, owners)]
    match fitting:
        case []:
            return Absent(f"no new {doubt.job_type} job appeared after job {doubt.fence}")
        case [job]:
            return Probable(job)
        case _:
            return Conflict(tuple(sorted(fitting, key=lambda job: job.number)))


def _fits(doubt: Doubt, fence: int, job: Job, owners: Mapping[str, str]) -> bool:
    if job.number <= fence or owners.get(job.jobId, doubt.intent) != doubt.intent:
        return False
    if job.jobType not in {None, doubt.job_type}:
        return False
    if marked(job.commitMessage) and doubt.job_type != JobType.RETRY:
        return False  # it carries another intent's marker; a retry shows the message of the job it repeats
    if job.startTime is None or doubt.sent is None or doubt.given_up is None:
        return True
    return doubt.sent - EARLY <= job.startTime.timestamp() <= doubt.given_up + LATE


def own_job(intents: Iterable[str], jobs: Sequence[Job]) -> tuple[str, Job] | None:
    """Find the lowest-numbered job that carries the marker of one of these intents."""
    known = frozenset(intents)
    for job in sorted(jobs, key=lambda job: job.number):
        for intent in marked(job.commitMessage) & known:
            return intent, job
    return None
