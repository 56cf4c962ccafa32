"""What the engine asks of Amplify. The real client and the simulated one answer alike.

A call either returns, or raises `CallFailed` with everything that classification needs. No exception of
botocore or aiohttp leaves this package.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from ..model import Job, LaneKey, Target


class Stage(StrEnum):
    """How far a request got, as observed at the transport; the safe side of every doubt."""

    NOT_SENT = "not_sent"  #: no byte of the request was written
    SENT = "sent"  #: the request, or a part of it, was written; no usable answer came
    ANSWERED = "answered"  #: the service's own parsed error answer came


class Kind(StrEnum):
    """What a failed call means for the target, its lane and its account."""

    NOT_SENT = "not_sent"  #: nothing reached the service; may be sent again under a new intent
    REJECTED = "rejected"  #: refused for good; the target fails
    DENIED = "denied"  #: permission; the target fails, and a lane of nothing else stops
    BUSY = "busy"  #: the branch already has a job; parks this target alone
    THROTTLED = "throttled"  #: refused by a limit; the limiter's business
    CREDENTIALS = "credentials"  #: no or expired credentials; stops the account
    EXPIRED = "expired"  #: the service refused an expired token; refreshed once, then credentials
    BROKEN = (
        "broken"  #: configuration or middlebox that no retry mends (TLS, redirect, clock); stops the lane
    )
    AMBIGUOUS = "ambiguous"  #: may have taken effect; goes to reconcile, never back to start


#: Failures of a read that another try may not meet.
PASSING = frozenset({Kind.NOT_SENT, Kind.THROTTLED, Kind.AMBIGUOUS})


class CallFailed(Exception):
    """A call that did not return a usable answer.

    `code`, `status` and `message` are the service's (empty when none came), `cause` names the exception class
    underneath, `operation` is the API operation that failed, which may be STS's.
    """

    def __init__(
        self,
        kind: Kind,
        reason: str,
        *,
        stage: Stage,
        operation: str,
        code: str = "",
        status: int = 0,
        message: str = "",
        cause: str = "",
    ) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
        self.stage = stage
        self.operation = operation
        self.code = code
        self.status = status
        self.message = message
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Answer:
    """A job, and the service's clock when it answered (seconds since the epoch; None: no Date header).

    `detail` says which step of a failed job failed and why, where the service tells.
    """

    job: Job
    server_at: float | None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class JobPage:
    """Jobs of a branch as ListJobs gave them, in no order that may be relied upon."""

    jobs: Sequence[Job]
    server_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A StartJob request as CloudTrail recorded it: what its answer said, whether or not that came back.

    `job_id`: the job it made. `kind`: what its error means; AMBIGUOUS where the service failed, so that a job
    may have been made all the same. Both None: it was answered well, and the record does not tell the job.
    """

    intent: str
    job_id: str | None = None
    kind: Kind | None = None
    reason: str = ""


class AmplifyPort(Protocol):
    """One lane's access to the service. Every method raises `CallFailed`."""

    async def start_job(self, target: Target, *, commit_message: str | None, intent: str) -> Answer:
        """Send exactly one StartJob request, whatever happens to it."""
        ...

    async def get_job(self, app: str, branch: str, job_id: str) -> Answer:
        """Read one job."""
        ...

    async def list_jobs(self, app: str, branch: str, *, down_to: int | None = None) -> JobPage:
        """Read a branch's jobs, page by page, until a page reaches a job id of `down_to` or below.

        None: the newest jobs are enough, so the first page is, if it begins with the newest.
        """
        ...

    async def stop_job(self, app: str, branch: str, job_id: str) -> None:
        """Ask for a job to be cancelled. Only ever called for jobs proven to be our own."""
        ...


class AccountsPort(Protocol):
    """The credentials of a run's accounts, and the lanes opened with them. Methods raise `CallFailed`."""

    async def verify(self, account: str) -> None:
        """Make sure that the account's credentials belong to the account id that the plan names, if any."""
        ...

    async def lane(self, key: LaneKey, *, calls: int) -> AmplifyPort:
        """Open the lane for up to `calls` calls in flight."""
        ...

    async def quota(self, key: LaneKey) -> int | None:
        """Ask how many jobs the lane may run at once; None: not known, for whatever cause. Never raises."""
        ...

    async def recorded(self, key: LaneKey, since: float, until: float) -> Sequence[Recorded]:
        """Ask CloudTrail for the StartJob requests of our intents that the lane answered in this time.

        The times are on the service's clock, in seconds since the epoch. What is recorded appears late.
        """
        ...

    async def refresh(self, account: str) -> None:
        """Forget the account's temporary credentials, so that the next call gets new ones."""
        ...
