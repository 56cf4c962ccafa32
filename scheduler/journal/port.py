"""What the engine asks of a journal, and the records that readers get back.

One port, several stores (SQLite, PostgreSQL, memory), one contract suite over all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from ..endpoints import service
from ..events import Event, LaneMeasured, LimitChanged, LimitsLearned
from ..model import Evidence, FrozenPlan, Job, LaneKey, Outcome, Result, StopCause, Target
from .at_work import AtWork
from .lease import Holder, Lease

Listener = Callable[[Event], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecord:
    """One StartJob request. `result` None: the process died before the answer was recorded."""

    intent: str
    sent_at: float
    fence: int | None
    server_at: float | None
    answered_at: float | None = None
    result: Result | None = None
    error: str | None = None
    #: The job this very intent was found to have started, by reply or by adoption.
    job_id: str | None = None
    #: A person decided that this intent may be sent again; it is in doubt no more.
    abandoned: bool = False

    @property
    def in_doubt(self) -> bool:
        """Whether the request may have started a job that nobody has found yet."""
        return self.result in {None, Result.AMBIGUOUS} and self.job_id is None and not self.abandoned


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRecord:
    """A target and all that is known of it. `outcome` None: it has not come to a definite end."""

    position: int
    target: Target
    outcome: Outcome | None = None
    reason: str = ""
    evidence: Evidence = Evidence.NONE
    job: Job | None = None
    #: What the target was last seen waiting for; empty when it waits for nothing.
    parked: str = ""
    attempts: tuple[AttemptRecord, ...] = ()


class Owner(NamedTuple):
    """The intent that a job was taken for, and whether that was proven."""

    intent: str
    proven: bool

    @classmethod
    def by(cls, intent: str, evidence: Evidence) -> Owner:
        """Name the intent that took its job by this evidence."""
        return cls(intent, evidence.proves)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneRecord:
    """A lane's counters, what was last seen to hold it back, and why it stopped if it did."""

    lane: LaneKey
    counters: LaneMeasured
    held: str = ""
    stopped: str | None = None
    denied: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A run without its targets. `ended_at` None: it goes on, or its process died.

    `plan.targets` is empty here.
    """

    id: str
    plan: FrozenPlan
    endpoint: str
    version: str
    follow: bool
    started_at: float
    ended_at: float | None = None
    stop_cause: StopCause | None = None
    stop_reason: str = ""
    #: It was given to a fleet, at least once.
    fleet: bool = False
    #: How many targets the run has, and how many of them have a definite end.
    size: int = 0
    done: int = 0

    @property
    def told(self) -> str:
        """What `resume` and `retry` have to be told to go on with the run where it was carried out."""
        return f"{self.id}{service(self.endpoint)}{' --fleet' if self.fleet else ''}"


class JournalReader(Protocol):
    """The questions that reports and `resume` ask. Answers reflect what is durable.

    What runs know of each other stays within an endpoint: a rehearsal must teach a real night nothing.
    """

    def runs(self) -> Sequence[RunRecord]:
        """All runs, newest first."""
        ...

    def run(self, run: str | None = None) -> RunRecord:
        """The run with this id (or an unambiguous beginning of it); None: the newest. Raises RunNotFound."""
        ...

    def targets(self, run: str, lane: LaneKey | None = None) -> Iterator[TargetRecord]:
        """The run's targets, or those of one lane, in plan order."""
        ...

    def limit_changes(self, run: str) -> Sequence[LimitChanged]:
        """Every change of the run's limits, in order, each with its reason."""
        ...

    def lanes(self, run: str) -> Sequence[LaneRecord]:
        """The run's lanes, sorted by account and region."""
        ...

    def in_doubt(
        self, targets: Iterable[Target], *, besides: str, endpoint: str
    ) -> dict[int, list[tuple[str, TargetRecord]]]:
        """In-doubt starts of the endpoint's runs other than `besides` on these targets' branches.

        Keyed by the place in `targets`; each entry is (run id, that run's record of the target). A branch is
        matched by region, app and branch: app ids are unique, account names are only the plan's words.
        """
        ...

    def owners(self, region: str, app: str, branch: str, *, endpoint: str) -> dict[str, Owner]:
        """Job id → intent, for every job on this branch that a run took for its own; proof goes first."""
        ...

    def markers(self, *, endpoint: str) -> dict[tuple[LaneKey, str], bool]:
        """(lane, job type) → whether a read showed that the marker is kept."""
        ...

    def learned(self, endpoint: str, *, since: float) -> dict[LaneKey, LimitsLearned]:
        """Lane → what runs at this endpoint last learned of its limits, at `since` or later."""
        ...

    def durations(self, targets: Sequence[Target], *, endpoint: str) -> list[list[float]]:
        """For each target, seconds from start to end of its branch's newest succeeded jobs, 10 at most.

        The newest comes first.
        """
        ...


class Heard(Protocol):
    """Something whose events can be listened to."""

    def subscribe(self, listener: Listener) -> None:
        """Call `listener` with every event after it has been journaled, in order."""
        ...


class Journal(JournalReader, Heard, Protocol):
    """One process's access to the journal, for one run at a time."""

    def at_work(self) -> AtWork:
        """Who works on what at the moment, as far as the journal knows."""
        ...

    def open_run(self, run: str, started: Event) -> None:
        """Begin (or, for a resumed RunStarted, continue) the run that further events belong to; durable on
        return."""
        ...

    def amend(self, run: str) -> None:
        """Let further events belong to a run that is not continued: its end and its stops stay as they are.

        Raises RunNotFound.
        """
        ...

    def record(self, event: Event) -> None:
        """Take an event down; it becomes durable with the next commit, in order."""
        ...

    async def commit(self) -> None:
        """Return when everything recorded so far is durable. Raises JournalError if it cannot be made so."""
        ...

    def flush(self) -> None:
        """Commit at once, outside of any loop; it blocks. Raises JournalError."""
        ...

    def close(self) -> None:
        """Write what is left; the second time does nothing. Raises JournalError."""
        ...


class Shared(Protocol):
    """A journal that processes on many hosts share, and the lanes that they take from one another.

    A lane is one process's at a time. `name` is the lane's, whatever the plans call its account.
    """

    def journal(self, fence: Lease | None = None) -> Journal:
        """Open the journal for one run; fenced, its commits raise LaneLost once the lane is another's."""
        ...

    async def take(self, name: str, *, owner: str, run: str, seconds: float) -> Lease | Holder:
        """Take a lane for so many seconds, or tell who holds it. Raises JournalError."""
        ...

    async def renew(self, lease: Lease) -> Lease:
        """Let a lease last its seconds from now. Raises LaneLost, and JournalError."""
        ...

    async def release(self, lease: Lease) -> None:
        """Let others take the lane at once; does nothing if it is another's already. Raises JournalError."""
        ...

    async def stopping(self, run: str) -> tuple[StopCause, str] | None:
        """Tell why a run is to start nothing more, if anybody said so; what workers ask all the time."""
        ...

    async def outcomes(self, run: str) -> dict[Outcome, int]:
        """Count the targets of a run that have ended, by outcome."""
        ...
