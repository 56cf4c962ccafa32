"""What the emulator pretends: limits, build times, other people's jobs and faults.

Every field has a default; the defaults make a quick demonstration. Durations are text (`90s`) or seconds; a
range is one duration or `[least, most]`, drawn evenly between. Globs match case-sensitively and `*` also
matches a slash. The same seed gives every branch the same build times and the same faults, whatever the order
of the calls.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from .duration import Duration


class Operation(StrEnum):
    """The calls that the emulator answers, by their API names."""

    START_JOB = "StartJob"
    GET_JOB = "GetJob"
    LIST_JOBS = "ListJobs"
    STOP_JOB = "StopJob"
    LIST_APPS = "ListApps"
    GET_APP = "GetApp"
    LIST_BRANCHES = "ListBranches"
    GET_BRANCH = "GetBranch"
    ASSUME_ROLE = "AssumeRole"
    GET_CALLER_IDENTITY = "GetCallerIdentity"
    LIST_SERVICE_QUOTAS = "ListServiceQuotas"
    LOOKUP_EVENTS = "LookupEvents"


class Mode(StrEnum):
    """What happens to a StartJob when every slot is taken."""

    QUEUE = "queue"  #: the job waits as PENDING, as builds in Amplify do
    REFUSE = "refuse"  #: above `slots` + `queue_limit` the call is refused with LimitExceededException


class Refusal(StrEnum):
    """The shape of a refusal by `start_rate` or `read_rate`. The first two are Amplify's own."""

    LIMIT_EXCEEDED = "limit_exceeded"  #: LimitExceededException, 429
    BAD_REQUEST = "bad_request"  #: BadRequestException, 400
    THROTTLING = "throttling"  #: ThrottlingException, 400, as other services of AWS say it
    TOO_MANY_REQUESTS = "too_many_requests"  #: TooManyRequestsException, 429


class FaultKind(StrEnum):
    """What goes wrong with a call. `*_before`: without effect; `*_after`: done, and the answer is lost."""

    RESET_BEFORE = "reset_before"  #: TCP reset
    RESET_AFTER = "reset_after"
    CLOSE_AFTER = "close_after"  #: connection closed without an answer
    CUT_AFTER = "cut_after"  #: connection closed in the middle of a 200 answer
    HANG_BEFORE = "hang_before"  #: no answer for `delay`, then a reset
    HANG_AFTER = "hang_after"
    LATE = "late"  #: reset at once; the call takes effect `delay` later
    ERROR_BEFORE = "error_before"  #: an error answer of `status`, `code` and `message`
    ERROR_AFTER = "error_after"
    EMPTY = "empty"  #: 200 without a body, after the effect
    GARBAGE = "garbage"  #: 200 with a page of HTML, after the effect
    REDIRECT = "redirect"  #: 307 to the same address, before any effect
    THROTTLE = "throttle"  #: refused as by `start_rate`
    DENIED = "denied"  #: AccessDeniedException, 403
    EXPIRED_TOKEN = "expired_token"  #: ExpiredTokenException, 403  # noqa: S105 - a name, no secret


def _pair(value: object) -> object:
    return value if isinstance(value, list | tuple) else (value, value)


def _ordered(pair: tuple[float, float]) -> tuple[float, float]:
    if pair[0] > pair[1]:
        raise ValueError("a range is [least, most]; the first is greater than the second")
    return pair


Range = Annotated[tuple[Duration, Duration], BeforeValidator(_pair), AfterValidator(_ordered)]
Share = Annotated[float, Field(ge=0, le=1)]
OmittableField = Literal[
    "jobArn", "commitId", "commitMessage", "commitTime", "startTime", "endTime", "jobType"
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Where(_Part):
    """The branches that a part of the scenario is about; the default is all of them."""

    account: str = "*"
    region: str = "*"
    app: str = "*"
    branch: str = "*"


class BranchRule(_Where):
    """How some branches behave. The first rule that matches a branch holds for it."""

    #: Its builds end FAILED, or CANCELLED as builds without a change do, or never.
    fails: bool = False
    cancelled: bool = False
    stuck: bool = False
    #: It does not exist. With `branch: "*"` the app does not exist either.
    missing: bool = False
    #: Somebody else's job runs on it for this long after the emulator's start.
    busy: Duration = 0.0
    build_time: Range | None = None
    stage: Literal["PRODUCTION", "BETA", "DEVELOPMENT", "EXPERIMENTAL", "PULL_REQUEST"] = "PRODUCTION"
    auto_build: bool = True


class App(_Part):
    """An app that exists before anybody names it, for discovery by name, tag, repository or branch."""

    app: str = Field(pattern=r"^d[a-z0-9]{1,19}$")
    account: str = "*"
    region: str = "*"
    name: str = ""
    repository: str | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    environment: dict[str, str] = Field(default_factory=dict)
    branches: tuple[str, ...] = ("main",)


class Fault(_Where):
    """Something that goes wrong with matching calls; the first of the list that strikes a call, does."""

    kind: FaultKind
    operation: Operation = Operation.START_JOB
    #: Of the matching calls: how many go untouched first, how many are then struck (None: all), how likely.
    skip: int = Field(default=0, ge=0)
    times: int | None = Field(default=None, ge=1)
    probability: Share = 1.0
    #: The answer of `error_before` and `error_after`; an empty code leaves the error without one.
    status: int = Field(default=500, ge=400, le=599)
    code: str = "InternalFailureException"
    message: str = "An internal failure occurred"
    #: How long `hang_*` holds the connection, and how late `late` takes effect.
    delay: Duration = 60.0


class Change(_Part):
    """What is different from a moment on, given as time after the emulator's start. What is None stays."""

    after: Duration
    slots: int | None = Field(default=None, ge=1)
    start_rate: float | None = Field(default=None, gt=0)
    latency: Range | None = None


class Scenario(_Part):
    """The whole pretence. Limits hold for each lane (account and region) by itself."""

    seed: int = 0

    #: Builds that run at once, and what happens above that.
    slots: int = Field(default=5, ge=1)
    mode: Mode = Mode.QUEUE
    queue_limit: int = Field(default=0, ge=0)

    #: A job's life: PENDING even though it holds a slot, PROVISIONING (zero: not seen), RUNNING; CANCELLING.
    pending_time: Range = (0.1, 0.3)
    provision_time: Range = (0.1, 0.3)
    build_time: Range = (1.0, 3.0)
    #: How branches differ: evenly within `build_time`, or lognormally around its geometric middle, `spread`
    #: being the standard deviation of the logarithm. How a branch's own builds differ: by up to this share.
    spread: float | None = Field(default=None, ge=0, le=10)
    jitter: Share = 0.1
    stop_time: Range = (0.2, 0.5)
    #: The share of builds that end FAILED, besides those of a rule.
    failure_rate: Share = 0.0

    #: Calls a second and calls at once; None: unlimited. Without a burst it is one second's worth.
    start_rate: float | None = Field(default=None, gt=0)
    start_burst: int | None = Field(default=None, ge=1)
    read_rate: float | None = Field(default=None, gt=0)
    read_burst: int | None = Field(default=None, ge=1)
    refusal: Refusal = Refusal.LIMIT_EXCEEDED

    #: Time from request to answer; the call takes effect half-way.
    latency: Range = (0.0, 0.0)
    #: The service's clock minus this machine's, in seconds.
    clock_skew: float = Field(default=0.0, allow_inf_nan=False)
    #: Assumed roles' tokens are valid for this long; None: as long as was asked for.
    session_time: Duration | None = None

    #: Whether `commitMessage` comes back, how late ListJobs shows a new job, what summaries leave out.
    marker_echo: bool = True
    list_lag: Range = (0.0, 0.0)
    omit_fields: frozenset[OmittableField] = frozenset()
    #: How late CloudTrail shows a StartJob; at AWS minutes, up to a quarter of an hour.
    trail_lag: Range = (1.0, 5.0)
    #: The most that a page of a list holds.
    page_size: int = Field(default=50, ge=1, le=50)

    #: Other people's builds a second and lane. They take slots on an app of their own or, with a glob, on the
    #: known branches of that name; a push to a branch with an active job joins that job.
    foreign_rate: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    foreign_branches: str | None = None

    changes: tuple[Change, ...] = ()
    apps: tuple[App, ...] = ()
    branches: tuple[BranchRule, ...] = ()
    faults: tuple[Fault, ...] = ()
