"""What happened, as frozen facts in the past tense: the only bridge between engine and output.

Every event is first recorded in the journal and then handed to whoever listens (live pane, log). Reports
read the journal, so an event must carry everything that a report needs. `at` is seconds since the epoch;
`position` is a target's place in the run's frozen list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .model import Evidence, FrozenPlan, Hold, Job, LaneKey, Outcome, Result, StopCause


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """A run was opened with its frozen targets, or, `resumed`, continued with those the journal holds."""

    at: float
    plan: FrozenPlan
    endpoint: str
    version: str
    follow: bool
    resumed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StartIntended:
    """A StartJob is about to be sent; durable before it is.

    `fence` is the branch's highest job id before the send, None where no fence was needed; `server_at` is the
    service's own clock at that moment, as far as its `Date` headers told.
    """

    at: float
    position: int
    intent: str
    fence: int | None
    server_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartAnswered:
    """A StartJob request came to its end, whatever that was.

    `of_run`: the earlier run that sent it, if it was not this one; `position` is then that of this run's
    target, which has the same branch.
    """

    at: float
    position: int
    intent: str
    result: Result
    error: str | None = None
    job: Job | None = None
    of_run: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobAdopted:
    """A job was found for a target without StartJob's reply naming it. `intent` is None for `attached`.

    `of_run`: as in StartAnswered.
    """

    at: float
    position: int
    intent: str | None
    evidence: Evidence
    job: Job
    reason: str
    of_run: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobChanged:
    """A followed job was seen with another status."""

    at: float
    position: int
    job: Job


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetParked:
    """A target waits and costs the others nothing; `reason` says for what."""

    at: float
    position: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetEnded:
    """A target came to its definite end."""

    at: float
    position: int
    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentAbandoned:
    """A person decided that an unresolved start may be sent again."""

    at: float
    position: int
    intent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerObserved:
    """A read showed whether this lane keeps the marker in `commitMessage` for this job type."""

    at: float
    lane: LaneKey
    job_type: str
    kept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitChanged:
    """A lane's pace (calls a second) or window (jobs in flight; None: unlimited so far) was changed."""

    at: float
    lane: LaneKey
    pace: float
    window: int | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsLearned:
    """What a lane met of its limits, for the next run to begin with; None: not met, so not known.

    `rate` is the calls a second that StartJob takes, `slots` the jobs above which it refuses, `quota` the
    jobs above which the account's queue keeps them waiting.
    """

    at: float
    lane: LaneKey
    rate: float | None
    slots: int | None
    quota: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneHeld:
    """A lane's next start has been kept back for a while; `kind` None: by nothing any more.

    `stalled`: nothing has moved in the lane for so long that a person should look.
    """

    at: float
    lane: LaneKey
    kind: Hold | None
    reason: str
    stalled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneMeasured:
    """A lane's counters so far; the last one stands. `held`: seconds that targets waited, by what for."""

    at: float
    lane: LaneKey
    start_calls: int = 0
    started: int = 0
    throttled: int = 0
    busy: int = 0
    read_calls: int = 0
    peak_in_flight: int = 0
    peak_pending: int = 0
    held: Mapping[Hold, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneStopped:
    """A lane cannot go on; its targets that have not started stay so, for this reason.

    `denied`: credentials or permission, which decides between exit codes 1 and 4.
    """

    at: float
    lane: LaneKey
    reason: str
    denied: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStopping:
    """The run starts nothing more; calls in flight come to their end."""

    at: float
    cause: StopCause
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded:
    """The run is over; verdict and exit code follow from the journal."""

    at: float


Event = (
    RunStarted
    | StartIntended
    | StartAnswered
    | JobAdopted
    | JobChanged
    | TargetParked
    | TargetEnded
    | IntentAbandoned
    | MarkerObserved
    | LimitChanged
    | LimitsLearned
    | LaneHeld
    | LaneMeasured
    | LaneStopped
    | RunStopping
    | RunEnded
)
