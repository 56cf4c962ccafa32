"""When to read which job: one heap a lane, one rule for jobs of half a second and of half an hour."""

from __future__ import annotations

import heapq
from collections import deque
from statistics import median

FLOOR = 0.1  #: seconds between two reads of a job at least
QUEUED_AT_MOST = (
    5.0  #: seconds between two reads of a queued job at most: its start frees nothing but tells much
)
AT_MOST = 30.0  #: seconds between two reads of a job at most
BLIND = 0.08  #: without a forecast the gap is this share of the job's age
EARLY = 0.25  #: before the likely end: only failures end a job this early
LIKELY = 0.8  #: share of the forecast at which the end becomes likely
NEAR = 0.03  #: around the likely end the gap is this share of the forecast
LATE = 1.5  #: multiple of the forecast after which it is given up


def gap(age: float, forecast: float | None, *, queued: bool) -> float:
    """Return the seconds until a job of this age (seconds) should be read again.

    The delay in noticing an end is then a small share of the job's own length. `forecast` is the length its
    branch's or this run's earlier jobs had; None: unknown.
    """
    if queued:
        return min(QUEUED_AT_MOST, max(FLOOR, 0.1 * age))
    if forecast is None or age > LATE * forecast:
        return min(AT_MOST, max(FLOOR, BLIND * age))
    if age >= LIKELY * forecast:
        return min(AT_MOST, max(FLOOR, NEAR * forecast))
    return max(FLOOR, min(LIKELY * forecast - age, EARLY * age))


class Schedule:
    """The reads a lane has before it, soonest first. Keys are positions of targets."""

    def __init__(self, *, at_least: float = 0.0) -> None:
        """Begin empty; `at_least` is the shortest gap the user allows, in seconds."""
        self._at_least = at_least
        self._heap: list[tuple[float, int]] = []
        self._lengths: deque[float] = deque(maxlen=50)

    def __len__(self) -> int:
        return len(self._heap)

    def put(self, position: int, now: float, *, age: float, own: float | None, queued: bool) -> None:
        """Have the job read again. `own` is the length that this branch's jobs had before, if known."""
        wait = gap(age, own if own is not None else self.forecast(), queued=queued)
        heapq.heappush(self._heap, (now + max(self._at_least, wait), position))

    def due(self, now: float, at_most: int) -> list[int]:
        """Take out up to `at_most` positions whose time has come, the most overdue first."""
        ready: list[int] = []
        while len(ready) < at_most and self._heap and self._heap[0][0] <= now:
            ready.append(heapq.heappop(self._heap)[1])
        return ready

    def next_at(self) -> float | None:
        """Say when the next read is due; None: nothing to read."""
        return self._heap[0][0] if self._heap else None

    def ended(self, length: float) -> None:
        """Learn from a job of this run that ended after `length` seconds."""
        self._lengths.append(length)

    def forecast(self) -> float | None:
        """Return the usual length of this run's jobs, once three of them have ended."""
        return median(self._lengths) if len(self._lengths) >= 3 else None
