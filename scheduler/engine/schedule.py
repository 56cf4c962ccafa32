"""When to read which job: one schedule a lane, by the likelihood that a read tells something new.

Queued jobs are watched by one of them, the canary: slots are given in order, so a job seen active makes all
older ones active without a read. Active jobs are read by their forecasts. When a queued job moved up though
no end is known, the jobs most likely to have ended are hunted, one read after the other.
"""

from __future__ import annotations

import heapq
import math
from bisect import insort
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from .forecast import Forecast, blind_gap

CANARY_MOST = 30.0  #: seconds between two looks at the canary
CANARY_FIRST = 5.0  #: and before it is known what a job takes
CANARY_SHARE = 0.4  #: of the time in which one slot comes free
RAMP_MOST = 2.0  #: seconds between two looks while the lane still grows: each decides on the next doubling
FALLBACK, UNORDERED = 180.0, 15.0  #: seconds between looks at other queued jobs; without order in the queue
DISORDER = 15.0  #: seconds for which a job may stay queued behind a younger one that is active
HUNTED, WORTH = 4, 0.02  #: jobs hunted at most, and the least chance of an end that makes one worth a read
LEARNED = 3  #: ends of this run after which they forecast jobs whose branch has no history


#: Stands for the due time of a job whose read is on its way.
_READING = math.inf


@dataclass(slots=True)
class _Job:
    position: int
    place: float  #: in the account's queue: the service's clock at its creation
    sent: float
    began: float  #: seen active; before that, sent
    seen: float  #: last read or inferred
    own: Forecast | None
    due: float = 0.0
    queued: bool = True


@dataclass(slots=True)
class Schedule:
    """The reads a lane has before it. Positions name targets; times are seconds of a steady clock."""

    at_least: float = 0.0  #: the shortest gap between two reads of a job that the user allows

    _jobs: dict[int, _Job] = field(default_factory=dict)
    _queued: list[tuple[float, int]] = field(default_factory=list)  # (place, position), oldest first
    _heap: list[tuple[float, int]] = field(default_factory=list)
    _lengths: deque[float] = field(default_factory=lambda: deque(maxlen=50))
    _drifts: deque[float] = field(default_factory=lambda: deque(maxlen=50))
    _run: Forecast | None = None
    _ordered: bool = True
    _canary_at: float = math.inf
    _canary: int | None = None  # its read is on its way
    _place: int | None = None  # where among the queued the next look goes; None: where a search begins
    _hunt: list[int] = field(default_factory=list)
    _hunting: int | None = None

    def put(
        self, position: int, now: float, *, age: float, lengths: Sequence[float], created: float | None = None
    ) -> None:
        """Follow a job that was started `age` seconds ago. `lengths`: what its branch's jobs took before.

        `created`: the service's clock then, for answers overtake one another on their way.
        """
        sent = now - age
        job = _Job(position, sent if created is None else created, sent, sent, now, Forecast.of(lengths))
        self._jobs[position] = job
        insort(self._queued, (job.place, position))
        self._plan(job, now + FALLBACK)
        self._canary_at = min(self._canary_at, now + self._ramp_gap(now))

    def due(self, now: float, at_most: int, *, full: bool) -> list[int]:
        """Take out up to `at_most` positions whose time has come. `full`: every slot is known to be taken."""
        ready: list[int] = []
        if at_most and self._canary is None and now >= self._canary_at and self._queued:
            self._canary = self._choose(full=full)
            self._take(self._canary, ready)
        while len(ready) < at_most and self._hunting is None and self._hunt:
            if (prey := self._hunt.pop(0)) in self._jobs:
                self._hunting = prey
                self._take(prey, ready)
        while len(ready) < at_most and self._heap and self._heap[0][0] <= now:
            entry = heapq.heappop(self._heap)
            if self._valid(entry):
                self._take(entry[1], ready)
        return ready

    def _take(self, position: int, ready: list[int]) -> None:
        """Have a job read, unless a read of it is on its way already."""
        job = self._jobs[position]
        if job.due != _READING:
            job.due = _READING
            ready.append(position)

    def next_at(self) -> float:
        """Say when the next read is due; infinity: not before news."""
        if self._hunt and self._hunting is None:
            return -math.inf
        while self._heap and not self._valid(self._heap[0]):
            heapq.heappop(self._heap)
        soonest = self._heap[0][0] if self._heap else math.inf
        return min(soonest, self._canary_at) if self._canary is None and self._queued else soonest

    def is_oldest(self, position: int) -> bool:
        """Say whether no queued job is older than this one."""
        return bool(self._queued) and self._queued[0][1] == position

    def still_queued(self, position: int, now: float, *, full: bool) -> bool:
        """A job was read as queued; return whether it was believed active: the queue has no order then."""
        job = self._jobs[position]
        job.seen = now
        moved_back = not job.queued
        if moved_back:
            # Slots are given in order, yet a job takes a while to show it; only a long while proves disorder.
            self._ordered = self._ordered and now - job.began < DISORDER
            job.queued, job.began = True, job.sent
            insort(self._queued, (job.place, position))
        if self._hunting == position:
            self._hunting = None
        if self._canary == position:
            self._canary = None
            # Not the oldest: look further down at once, for how far the lane has come.
            descend = not full and bool(self._place)
            self._place = self._place // 2 if descend and self._place else None
            self._canary_at = now if descend else now + self._canary_gap(now, full=full)
        self._plan(job, now + (FALLBACK if self._ordered else UNORDERED))
        return moved_back

    def active(self, position: int, now: float, *, full: bool, eager: bool) -> list[int]:
        """A job was read as active; return it and the older ones that must be, if they were not so before."""
        job = self._jobs[position]
        moved = self._move_up(job, now, eager=eager)
        job.seen = now
        self._plan(job, now + self._gap(job, now, eager=eager))
        if self._hunting == position:
            self._hunting = None
        if self._canary == position:
            self._canary = None
            self._place = 2 * (self._place or 0) + 1 if full else None
            self._canary_at = now if self._queued else now + self._canary_gap(now, full=full)
        if not self._queued:
            self._place = None
        return moved

    def ended(self, position: int, now: float, length: float | None) -> list[int]:
        """A job ended, after `length` seconds of activity; return the older ones that must be active now."""
        job = self._jobs[position]
        moved = self._move_up(job, now, eager=False)
        del self._jobs[position]
        if self._canary == position:
            self._canary = None
            self._canary_at = now
        if self._hunting == position:
            self._hunting = None
            self._hunt.clear()
        if length is not None:
            self._lengths.append(length)
            if job.own is not None:
                self._drifts.append(job.own.drift(length))
            if len(self._lengths) >= LEARNED:
                self._run = Forecast.of(self._lengths)
        return [other for other in moved if other != position]

    def drop(self, position: int) -> None:
        """Follow a job no more, though no end of it was seen."""
        job = self._jobs.pop(position)
        if job.queued:
            self._queued.remove((job.place, position))
        if self._canary == position:
            self._canary = None
        if self._hunting == position:
            self._hunting = None

    def missed(self, position: int, now: float, wait: float) -> None:
        """A read failed: try the job again after `wait` seconds."""
        if self._canary == position:
            self._canary = None
            self._canary_at = now + wait
        if self._hunting == position:
            self._hunting = None
        if (job := self._jobs.get(position)) is not None:
            self._plan(job, now + wait)

    def hunt(self, now: float) -> None:
        """A queued job moved up though no end is known: read the jobs most likely to have ended."""
        chances = [
            (forecast.ended_since(job.seen - job.began, now - job.began), job.position)
            for job in self._jobs.values()
            if not job.queued and (forecast := self._forecast(job)) is not None
        ]
        likely = sorted((chance for chance in chances if chance[0] > WORTH), reverse=True)
        self._hunt = [position for _, position in likely[:HUNTED]]

    def _move_up(self, job: _Job, now: float, *, eager: bool) -> list[int]:
        if not job.queued:
            return []
        place = self._queued.index((job.place, job.position))
        older = self._queued[: place + 1] if self._ordered else [self._queued[place]]
        for entry in older:
            self._queued.remove(entry)
        moved = [position for _, position in older]
        for position in moved:
            other = self._jobs[position]
            other.queued = False
            other.began = other.seen = now
            if other.due != _READING:
                self._plan(other, now + self._gap(other, now, eager=eager))
        return moved

    def _forecast(self, job: _Job) -> Forecast | None:
        return job.own.shifted(self._drifts) if job.own is not None else self._run

    def _gap(self, job: _Job, now: float, *, eager: bool) -> float:
        age = now - job.began
        forecast = self._forecast(job)
        return blind_gap(age) if forecast is None else forecast.gap(age, eager=eager)

    def _choose(self, *, full: bool) -> int:
        """Pick the canary: from the oldest up while the lane is full, from the newest down while it grows."""
        newest = len(self._queued) - 1
        if self._place is None:
            self._place = 0 if full else newest
        self._place = min(self._place, newest)
        return self._queued[self._place][1]

    def _canary_gap(self, now: float, *, full: bool) -> float:
        running = len(self._jobs) - len(self._queued)
        if not full or not running:
            return self._ramp_gap(now)
        usual, most = (300.0, CANARY_FIRST) if self._run is None else (self._run.usual, CANARY_MOST)
        return min(most, max(0.1, CANARY_SHARE * usual / running))

    def _ramp_gap(self, now: float) -> float:
        age = now - self._jobs[self._queued[-1][1]].sent if self._queued else 0.0
        return min(RAMP_MOST, max(0.15, 0.5 * age))

    def _plan(self, job: _Job, due: float) -> None:
        job.due = max(due, job.seen + self.at_least)
        heapq.heappush(self._heap, (job.due, job.position))

    def _valid(self, entry: tuple[float, int]) -> bool:
        job = self._jobs.get(entry[1])
        return job is not None and job.due == entry[0]
