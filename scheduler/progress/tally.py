"""The state of a run as the events tell it: counts, never copies; a fixed small cost an event."""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ..events import (
    Event,
    JobAdopted,
    JobChanged,
    LaneHeld,
    LimitChanged,
    RunStarted,
    StartAnswered,
    StartIntended,
    TargetEnded,
    TargetParked,
)
from ..journal.port import TargetRecord
from ..model import FAILURES, Job, LaneKey, Outcome, Result, Target

RATE_SPAN = 60.0  #: seconds over which the start rate is averaged
LAST_FAILURES = 3  #: failures that are remembered with their reasons


class Phase(StrEnum):
    """Where a target stands that has not ended."""

    WAITING = "waiting"
    PARKED = "parked"  #: waits for its branch and costs the others nothing
    STARTING = "starting"  #: StartJob is on its way
    IN_DOUBT = "in doubt"  #: its start was sent and has no answer
    PENDING = "pending"  #: its job waits in the account's queue
    RUNNING = "running"


State = Phase | Outcome

_UNSTARTED = frozenset({Phase.WAITING, Phase.PARKED})


@dataclass(frozen=True, slots=True)
class Failure:
    """A target that failed, and why."""

    position: int
    outcome: Outcome
    reason: str


@dataclass(slots=True, eq=False)
class LaneTally:
    """One lane: what is left of it, how long its jobs take, and what its limit allows."""

    key: LaneKey
    waiting: int = 0  #: targets that have not started, parked ones included
    jobs: int = 0  #: jobs in flight
    begun: float = 0.0  #: sum of the times at which the jobs in flight began
    newest: float = 0.0  #: when the last of them began
    ended: int = 0  #: jobs that were seen to end
    seconds: float = 0.0  #: sum of what those took
    pace: float | None = None  #: calls a second; None: the limit has not moved yet
    window: int | None = None  #: jobs in flight that the limit allows; None: not known yet
    reason: str = ""  #: why the limit last moved
    held: str = ""  #: what holds the next start back, if it does so for a while


class Tally:
    """The running state of a run over `targets`, by position. Times are seconds since the epoch.

    `follow`: the run waits for the ends of its jobs.
    """

    def __init__(self, targets: Mapping[int, Target], *, follow: bool = True) -> None:
        self.lanes = {key: LaneTally(key) for key in sorted({target.lane for target in targets.values()})}
        self._lane_of = {position: self.lanes[target.lane] for position, target in targets.items()}
        for lane in self._lane_of.values():
            lane.waiting += 1
        self._states: dict[int, State] = dict.fromkeys(targets, Phase.WAITING)
        self._begun: dict[int, float] = {}
        self.size = len(targets)
        self.counts: dict[State, int] = dict.fromkeys((*Phase, *Outcome), 0)
        self.counts[Phase.WAITING] = len(targets)
        self.follow = follow
        self.failures: deque[Failure] = deque(maxlen=LAST_FAILURES)
        self._rate = 0.0
        self._rate_from = self._rate_at = math.nan

    def restore(self, records: Iterable[TargetRecord], at: float) -> None:
        """Take over what an earlier process of the same run journaled; a job of unknown age began `at`."""
        for record in records:
            if record.outcome is not None:
                self._move(record.position, record.outcome)
            elif record.job is not None:
                sent = record.attempts[-1].sent_at if record.attempts else at
                self._follow(record.position, record.job, sent)
            elif any(attempt.in_doubt for attempt in record.attempts):
                self._move(record.position, Phase.IN_DOUBT)

    def apply(self, event: Event) -> None:  # noqa: C901, PLR0912 - a row an event
        """Take an event into account."""
        match event:
            case JobChanged():
                if event.position in self._begun:  # else its target has ended, and the job goes on alone
                    self._move(event.position, _phase(event.job))
            case StartIntended():
                self._move(event.position, Phase.STARTING)
            case StartAnswered(of_run=None):
                self._answer(event)
            case TargetEnded():
                self._end(event)
            case JobAdopted(of_run=None):
                self._follow(event.position, event.job, event.at)
            case TargetParked():
                # A target in doubt, or with a job, is parked in the engine's books and yet takes a slot.
                if self._states[event.position] in _UNSTARTED:
                    self._move(event.position, Phase.PARKED)
            case LimitChanged():
                if (lane := self.lanes.get(event.lane)) is not None:
                    lane.pace, lane.window, lane.reason = event.pace, event.window, event.reason
            case LaneHeld():
                if (lane := self.lanes.get(event.lane)) is not None:
                    lane.held = event.reason
            case RunStarted():
                self.follow = event.follow
            case _:
                pass  # tells nothing about where a target stands

    @property
    def ended(self) -> int:
        """Targets that have their outcome."""
        counts = self.counts
        return sum(counts[outcome] for outcome in Outcome)

    @property
    def failed(self) -> int:
        """Targets that make the run fail."""
        return sum(self.counts[outcome] for outcome in FAILURES)

    def rate(self, now: float) -> float:
        """Return the starts a second of the last minute, newer ones weighing more; 0.0 before the first."""
        if math.isnan(self._rate_at):
            return 0.0
        # What an average since -infinity misses of the time before the first start is given back.
        seen = 1 - math.exp(-max(1.0, now - self._rate_from) / RATE_SPAN)
        return self._rate * math.exp(-max(0.0, now - self._rate_at) / RATE_SPAN) / seen

    def slowest(self, count: int, now: float) -> list[tuple[int, Phase, float]]:
        """Return the jobs in flight longest: position, phase and seconds, the slowest first."""
        first = heapq.nsmallest(count, list(self._begun.items()), key=lambda item: item[1])
        return [
            (position, phase, max(0.0, now - begun))
            for position, begun in first
            if isinstance(phase := self._states[position], Phase)
        ]

    def _answer(self, event: StartAnswered) -> None:
        match event.result:
            case Result.STARTED if event.job is not None:
                self._follow(event.position, event.job, event.at)
                self._count_start(event.at)
            case Result.AMBIGUOUS:
                self._move(event.position, Phase.IN_DOUBT)
            case _:
                self._move(event.position, Phase.WAITING)

    def _follow(self, position: int, job: Job, at: float) -> None:
        if position not in self._begun:
            self._begun[position] = begun = job.startTime.timestamp() if job.startTime else at
            lane = self._lane_of[position]
            lane.jobs += 1
            lane.begun += begun
            lane.newest = max(lane.newest, begun)
        self._move(position, _phase(job))

    def _end(self, event: TargetEnded) -> None:
        begun = self._begun.pop(event.position, None)
        if begun is not None:
            lane = self._lane_of[event.position]
            lane.jobs -= 1
            lane.begun -= begun
            if event.outcome in {Outcome.SUCCEEDED, Outcome.FAILED}:
                lane.ended += 1
                lane.seconds += max(0.0, event.at - begun)
        if event.outcome in FAILURES:
            self.failures.append(Failure(event.position, event.outcome, event.reason))
        self._move(event.position, event.outcome)

    def _move(self, position: int, new: State) -> None:
        old = self._states[position]
        if old is new:
            return
        self._states[position] = new
        self.counts[old] -= 1
        self.counts[new] += 1
        self._lane_of[position].waiting += (new in _UNSTARTED) - (old in _UNSTARTED)

    def _count_start(self, at: float) -> None:
        if math.isnan(self._rate_at):
            self._rate_from = self._rate_at = at
        self._rate = self._rate * math.exp((self._rate_at - at) / RATE_SPAN) + 1 / RATE_SPAN
        self._rate_at = at


def _phase(job: Job) -> Phase:
    return Phase.PENDING if job.queued else Phase.RUNNING
