"""A lane's running slots and the queue in front of them, moved on by events in the order of their time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from heapq import heappop, heappush
from itertools import count
from math import inf, isfinite

from .job import EmulatedJob

Act = Callable[[float], object]


class Slots:
    """First come, first served. Nothing happens between calls: `advance` catches up with the clock."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._queue: deque[EmulatedJob] = deque()
        self._running: set[EmulatedJob] = set()
        self._events: list[tuple[float, int, Act]] = []
        self._order = count()
        self.peak_running = 0
        self.peak_queued = 0

    @property
    def taken(self) -> int:
        """How many jobs have not ended: those with a slot and those that wait for one."""
        return len(self._running) + len(self._queue)

    @property
    def next_at(self) -> float:
        """When something will happen next, as far as is known; infinity: nothing."""
        return self._events[0][0] if self._events else inf

    def at(self, time: float, act: Act) -> None:
        """Call `act(time)` when the clock gets there; among equals, in the order they were asked for."""
        heappush(self._events, (time, next(self._order), act))

    def advance(self, now: float) -> None:
        """Let everything happen that was due by `now`, each at its own time."""
        while self._events and self._events[0][0] <= now:
            time, _, act = heappop(self._events)
            act(time)

    def submit(self, job: EmulatedJob, at: float) -> None:
        """Put a job into the queue; it gets a slot at once if one is free."""
        self._queue.append(job)
        self._dispatch(at)
        self.peak_queued = max(self.peak_queued, len(self._queue))

    def resize(self, size: int, at: float) -> None:
        """Have another number of slots; jobs above a smaller one go on."""
        self.size = size
        self._dispatch(at)

    def occupy(self, job: EmulatedJob, since: float) -> None:
        """Take up a job that has been running since before this lane was looked at, slot or no slot."""
        self._grant(job, since)

    def stop(self, job: EmulatedJob, at: float, delay: float) -> None:
        """Cancel a job that has not ended: one in the queue at once, one with a slot after `delay`."""
        if job in self._queue:
            self._queue.remove(job)
            job.stop(at, ends_at=at)
            return
        job.stop(at, ends_at=at + delay)
        self.at(job.ends_at, partial(self._release, job))

    def _dispatch(self, at: float) -> None:
        while self._queue and len(self._running) < self.size:
            self._grant(self._queue.popleft(), at)

    def _grant(self, job: EmulatedJob, at: float) -> None:
        job.grant(at)
        self._running.add(job)
        self.peak_running = max(self.peak_running, len(self._running))
        if isfinite(job.ends_at):
            self.at(job.ends_at, partial(self._release, job))

    def _release(self, job: EmulatedJob, at: float) -> None:
        if job.ends_at == at and job in self._running:  # else it was stopped, and ends or ended otherwise
            self._running.remove(job)
            self._dispatch(at)
