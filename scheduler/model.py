"""The nouns of a release: target, lane, job, attempt, outcome, verdict.

Everything here is frozen data; nothing here decides or acts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

#: The statuses of a job that waits in the account's queue and holds no build slot yet.
QUEUED_STATUSES = frozenset({"CREATED", "PENDING"})

#: The endpoint that a run is recorded with when none is given, and when Amplify is emulated.
AWS = "aws"
EMULATOR = "emulator"


class JobType(StrEnum):
    """StartJob's `jobType`."""

    RELEASE = "RELEASE"
    RETRY = "RETRY"
    MANUAL = "MANUAL"
    WEB_HOOK = "WEB_HOOK"


class OnBusy(StrEnum):
    """What a target does when its branch already has a job."""

    WAIT = "wait"  #: until the branch is free, by reads; `skipped` after the queue timeout
    ATTACH = "attach"  #: follow the job that is there
    SKIP = "skip"  #: leave the target out
    FAIL = "fail"  #: count the target as failed
    SUPERSEDE = "supersede"  #: stop the job if this journal proves it ours, then start; else wait


class Result(StrEnum):
    """What became of one StartJob request."""

    STARTED = "started"
    THROTTLED = "throttled"
    BUSY = "busy"
    REJECTED = "rejected"
    AMBIGUOUS = "ambiguous"
    NOT_SENT = "not_sent"


class Outcome(StrEnum):
    """The one word a target ends with."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    REJECTED = "rejected"  #: the API refused it for good
    SKIPPED = "skipped"
    STARTED = "started"  #: its end was not observed
    NOT_STARTED = "not_started"
    UNRESOLVED = "unresolved"  #: a start was sent, its fate is unknown


#: What a target comes to, by the status in which its job has ended. Every other status is unfinished, also
#: one that is not in the API model: waiters that list the unfinished ones take PROVISIONING for an end.
OUTCOME_OF = {"SUCCEED": Outcome.SUCCEEDED, "FAILED": Outcome.FAILED, "CANCELLED": Outcome.CANCELLED}

#: The outcomes that make a run fail and count against the failure budget.
FAILURES = frozenset(
    {Outcome.FAILED, Outcome.CANCELLED, Outcome.TIMED_OUT, Outcome.REJECTED, Outcome.UNRESOLVED}
)


class Evidence(StrEnum):
    """How it is known which job is the target's."""

    RESPONSE = "response"  #: StartJob's own reply named it
    ADOPTED_EXACT = "adopted_exact"  #: the job carries the intent's marker, or CloudTrail names it
    ADOPTED_PROBABLE = "adopted_probable"  #: the only job that fits; never stopped
    ATTACHED = "attached"  #: somebody else's job, followed by request
    NONE = "none"

    @property
    def proves(self) -> bool:
        """Whether the job is the target's own for certain. No other may ever be stopped."""
        return self in {Evidence.RESPONSE, Evidence.ADOPTED_EXACT}


class Verdict(StrEnum):
    """The one word a run ends with."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    ERROR = "error"
    RUNNING = "running"
    NOTHING_TO_DO = "nothing_to_do"


class StopCause(StrEnum):
    """Why a run stopped starting targets before the end."""

    SIGINT = "SIGINT"
    SIGTERM = "SIGTERM"
    SIGHUP = "SIGHUP"
    DEADLINE = "deadline"
    FAILURE_BUDGET = "failure_budget"
    CANCEL = "cancel"
    INTERNAL = "internal"


class Hold(StrEnum):
    """What keeps a lane's next start back."""

    PACE = "pace"  #: the calls a second that StartJob takes
    SLOTS = "slots"  #: StartJob refuses above so many jobs
    QUEUE = "queue"  #: own jobs wait in the account's queue
    CEILING = "ceiling"  #: the jobs in flight that plan, command line or reserve allow
    CALLS = "calls"  #: answers that have not come yet
    SILENCE = "silence"  #: finding out which limit refused
    UNREACHED = "unreached"  #: the service does not answer


class LaneKey(NamedTuple):
    """One account in one region: the scope of every limit of the service."""

    account: str
    region: str

    def __str__(self) -> str:
        return f"{self.account}/{self.region}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where an account's credentials come from. All fields empty: the ambient credentials."""

    name: str
    id: str | None = None
    profile: str | None = None
    role_arn: str | None = None
    external_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One branch of one app to release, with every StartJob parameter. Durations are seconds."""

    account: str
    region: str
    app: str
    branch: str
    name: str
    wave: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    priority: int = 0
    job_type: JobType = JobType.RELEASE
    job_id: str | None = None
    reason: str | None = None
    commit_id: str | None = None
    commit_message: str | None = None
    commit_time: datetime | None = None
    on_busy: OnBusy = OnBusy.WAIT
    queue_timeout: float = 3600.0
    build_timeout: float = 7800.0
    marker: bool = True

    @property
    def lane(self) -> LaneKey:
        return LaneKey(self.account, self.region)

    @property
    def key(self) -> str:
        """`account/region/app/branch`: what `--only` matches and people read."""
        return f"{self.account}/{self.region}/{self.app}/{self.branch}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """A plan's limits, for every lane alike: jobs in flight (None: learned), and slots left to others."""

    builds: int | None = None
    reserve: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureBudget:
    """How many failures a run bears: more than `count`, or more than `percent` of the targets that ended.

    The percentage is not applied before `min_sample` targets have ended. Both None: no budget.
    """

    count: int | None = None
    percent: float | None = None
    min_sample: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenPlan:
    """A plan with its targets resolved and fixed: what a run starts, and all that `resume` needs."""

    name: str
    path: str
    digest: str
    accounts: tuple[Account, ...] = ()
    limits: Limits = Limits()
    budget: FailureBudget = FailureBudget()
    targets: tuple[Target, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The API's own JobSummary, its names unchanged; what the service leaves out is None.

    The API model calls several fields required that the service omits, so none is relied upon but `jobId`.
    """

    jobId: str
    status: str
    jobArn: str | None = None
    commitId: str | None = None
    commitMessage: str | None = None
    commitTime: datetime | None = None
    startTime: datetime | None = None
    endTime: datetime | None = None
    jobType: str | None = None
    sourceUrl: str | None = None
    sourceUrlType: str | None = None

    @property
    def number(self) -> int:
        """Job ids are decimal and grow by branch; as text "10" sorts before "9"."""
        return int(self.jobId)

    @property
    def ended(self) -> bool:
        return self.status in OUTCOME_OF

    @property
    def queued(self) -> bool:
        return self.status in QUEUED_STATUSES
