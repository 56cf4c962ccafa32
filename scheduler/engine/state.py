"""What the parts of a lane share: its targets' places, limits and counters, and the way to the journal."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

import anyio
from anyio.abc import TaskGroup

from ..amplify.port import AmplifyPort
from ..events import Event, LaneStopped, MarkerObserved, TargetEnded, TargetParked
from ..journal.port import Journal, Owner
from ..model import Evidence, Job, LaneKey, Outcome, Target
from .clock import Clock
from .counters import Counters
from .crew import Crew
from .entry import Entry
from .evidence import marked
from .lengths import Lengths
from .limiter import Limiter, Permit
from .line import Line
from .news import News
from .outside import Options, Outside
from .reads import Reads
from .schedule import Schedule
from .sought import Sought
from .trail import Trail


@dataclass(slots=True, eq=False)
class LaneState:
    """One lane of a run. Each unfinished target is queued, parked, in a call, in doubt, or followed."""

    key: LaneKey
    port: AmplifyPort
    journal: Journal
    outside: Outside
    options: Options
    limiter: Limiter
    reads: Reads
    lengths: Lengths
    schedule: Schedule
    trail: Trail
    counters: Counters
    markers: dict[str, bool]

    line: Line[Entry] = field(default_factory=Line)
    parked: int = 0  #: targets that wait for a busy branch, or for an earlier run's doubt
    calling: int = 0  #: targets in a call
    in_doubt: int = 0
    #: Targets whose doubts were not settled, and when; they are looked for once more before the run ends.
    unresolved: list[tuple[float, Entry, Sought]] = field(default_factory=list)
    open: int = 0  #: followed targets without an end
    followed: dict[int, Entry] = field(default_factory=dict)  #: every job that holds a slot
    #: Jobs that nobody needs to read: the run does not follow, and no window holds back its starts.
    unwatched: list[Entry] = field(default_factory=list)
    reading: int = 0

    #: The service's clock minus our steady one, as far as its `Date` headers told; no jump of ours moves it.
    offset: float | None = None
    stopped: str | None = None  #: why nothing more is started
    blind: bool = False  #: nothing more is read: the run was cut, or the account's credentials are gone
    refreshes: int = 0  #: how often the account's credentials were fetched anew
    expired: set[str] = field(default_factory=set)  #: operations refused as expired since they last went well
    refreshing: anyio.Lock = field(default_factory=anyio.Lock)
    denials: int = 0
    unreached: int = 0  #: calls in a row that did not reach the service
    unreached_since: float | None = None
    paused_until: float = 0.0

    calls: Crew[Entry, Permit] = field(init=False)
    starts: TaskGroup | None = None
    follows: TaskGroup | None = None
    moved_at: float = 0.0  #: when a job was last started, looked at or ended
    stuck_since: float | None = None  #: since when timed-out jobs hold every slot
    turn: News = field(default_factory=News)  #: somebody waits for a start
    due: News = field(default_factory=News)  #: the schedule wants a read
    over: News = field(default_factory=News)  #: nothing is left that the lane waits for
    _measured: Counters | None = None

    @property
    def clock(self) -> Clock:
        return self.outside.clock

    @property
    def watched(self) -> bool:
        """Whether its jobs are read: the run follows them, or a window holds back its starts."""
        return self.options.follow or self.limiter.limit.window is not None

    @property
    def done(self) -> bool:
        """Whether nothing is left that this lane still waits for."""
        starting = self.stopped is None and (self.line or self.parked)
        following = not self.blind and (self.open or self.in_doubt)
        return not (self.calling or starting or following)

    def wake(self) -> None:
        """Let those of the lane's loops look again that may see something new."""
        if self.line:
            self.turn.tell()
        if self.unwatched and self.watched:
            self.due.tell()
        else:
            self.due.tell(by=self.schedule.next_at())
        if self.done:
            self.over.tell()

    def record(self, event: Event) -> None:
        """Take an event down; it becomes durable soon, or with the next intent."""
        self.outside.record(event)

    def note_peaks(self) -> None:
        """Remember the most jobs in flight, and the most that were queued, that there were at once."""
        limit = self.limiter.limit
        self.counters.peak_in_flight = max(self.counters.peak_in_flight, limit.slots.running)
        self.counters.peak_pending = max(self.counters.peak_pending, limit.queue.queued)

    def measure(self) -> None:
        """Record the counters if they have moved."""
        self.counters.read_calls = self.reads.calls
        self.counters.held = {
            kind: round(seconds, 1) for kind, seconds in self.limiter.held.items() if seconds >= 0.1
        }
        if self.counters != self._measured:
            self._measured = replace(self.counters)
            self.record(self.counters.measured(self.clock.wall(), self.key))

    def server_time(self) -> float | None:
        """The service's clock now, seconds since the epoch; None: not known yet."""
        return None if self.offset is None else self.clock.now() + self.offset

    def heard(self, server_at: float | None) -> None:
        """Learn the service's clock from an answer."""
        if server_at is not None:
            self.offset = server_at - self.clock.now()

    def owners(self, target: Target) -> dict[str, Owner]:
        """Job id → intent, for the jobs on a target's branch that were taken for our own."""
        branch = target.region, target.app, target.branch
        durable = self.journal.owners(*branch, endpoint=self.outside.endpoint)
        return durable | self.outside.taken.get(branch, {})

    def take(self, target: Target, job: Job, owner: Owner) -> None:
        """Let a job be an intent's, from now on and not only when that is durable."""
        self.outside.taken.setdefault((target.region, target.app, target.branch), {})[job.jobId] = owner

    def end(self, entry: Entry, outcome: Outcome, reason: str) -> None:
        """Give a target its definite end."""
        entry.ended = True
        self.moved_at = self.clock.now()
        at = self.clock.wall()
        self.record(TargetEnded(at=at, position=entry.position, outcome=outcome, reason=reason))
        self.outside.tell_ended(outcome)

    def park(self, entry: Entry, reason: str) -> None:
        """Say what a target waits for; once, however often it looks."""
        if entry.parked != reason:
            entry.parked = reason
            self.record(TargetParked(at=self.clock.wall(), position=entry.position, reason=reason))

    def stop(self, reason: str, *, denied: bool) -> None:
        """Start nothing more in this lane: a fault that every further call would meet again."""
        if self.stopped is None:
            self.record(LaneStopped(at=self.clock.wall(), lane=self.key, reason=reason, denied=denied))
        self.halt(reason)

    def halt(self, reason: str) -> None:
        """Drop what has not started; what runs is still followed."""
        self.stopped = self.stopped or reason
        self.line.clear()
        if self.starts is not None:
            self.starts.cancel_scope.cancel()
        self.wake()

    def look_away(self) -> None:
        """Stop following: what runs goes on in AWS, and `resume` picks it up."""
        self.blind = True
        if self.follows is not None:
            self.follows.cancel_scope.cancel()
        self.wake()

    def set_apart(self, wait: Callable[..., Coroutine[Any, Any, None]], *arguments: object) -> None:
        """Let a target wait by itself, out of the queue; `wait` gives its place in `parked` back.

        Nothing waits any more in a lane that has stopped: what is journaled of the target says how it stands.
        """
        if self.stopped is None and self.starts is not None:
            self.parked += 1
            self.starts.start_soon(wait, self, *arguments)

    def keep_watch(self, watch: Callable[..., Coroutine[Any, Any, None]], *arguments: object) -> None:
        """Look for a start in doubt; `watch` gives its place in `in_doubt` back. Not if blind."""
        if not self.blind and self.follows is not None:
            self.in_doubt += 1
            self.follows.start_soon(watch, self, *arguments)

    def learn_marker(self, entry: Entry, job: Job) -> None:
        """Note whether the service kept the marker on a job that StartJob's own reply named as ours."""
        if entry.kept or not entry.target.marker or not entry.intents:
            return  # it has told already, or has nothing to tell
        if entry.evidence is not Evidence.RESPONSE:
            return
        job_type = entry.target.job_type.value
        entry.kept = kept = entry.intents[-1] in marked(job.commitMessage)
        if self.markers.get(job_type) is not kept:
            self.markers[job_type] = kept
            self.record(MarkerObserved(at=self.clock.wall(), lane=self.key, job_type=job_type, kept=kept))
