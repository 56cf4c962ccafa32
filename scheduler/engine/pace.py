"""The pace of a lane's calls: how many a second the service takes, learned from its refusals.

A refusing bucket is empty at the moment of a refusal. Between two refusals by rate it went from empty to
empty, so what it gave in between, divided by the time, is its rate exactly, and the pace needs to fall only a
little below it.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import deque
from dataclasses import dataclass

TOP_CALLS = 128  #: calls in flight at most
FIRST_CALLS = 3  #: calls in flight before the first answers: each may come back refused
FIRST_SHARE = 0.01  #: and this share of the targets more, which a batch of that size can afford
FIRST = 4.0  #: calls a second at the start
LOWEST = 0.05
LEAST_REMEMBERED = 1.0  #: a remembered rate below begins here: it would take minutes to outgrow
FOLD = 0.35  #: seconds in which an unlimited pace grows by a factor of e at the start
FOLD_AGAIN = 1.5  #: and later, when the limit may have risen
BELOW, ABOVE = 0.97, 1.04  #: shares of the known rate between which the pace moves in a cycle
CYCLE_FIRST, CYCLE_REMEMBERED, CYCLE, STRETCH = 12, 20, 30, 1.3  #: accepted calls a cycle: one refusal each
TRUST = 2.0  #: cycles without a refusal after which the pace grows without bound again
HELD = 0.05  #: seconds of lateness beyond which the pace was not what held a call


@dataclass(slots=True)
class Paced:
    """A call as the pace saw it leave, `late` seconds after it might have. `accepted` None: no answer yet."""

    at: float
    late: float
    pace: float
    lone: bool  #: sent after a silence, so no part of a cycle
    accepted: bool | None = None


class Pace:
    """Calls a second. Times are seconds of a steady clock."""

    def __init__(self, *, top: float, targets: int = 0, remembered: float | None = None) -> None:
        self.value = min(top, FIRST)
        self.rate: float | None = None  #: what the service gives, once it refused
        self.ramping = True
        self.next_at = 0.0
        self.round_trip = 0.3  #: seconds from call to answer, smoothed
        self._top = top
        self._first_calls = FIRST_CALLS + FIRST_SHARE * targets
        self._fold = FOLD
        self._cycle: float = CYCLE_FIRST
        self._since = 0
        self._given: list[float] = []  # send times of accepted calls, ascending
        self._sends: deque[Paced] = deque()
        self._empty_at: float | None = None
        self._cycle_given = 0
        self._cycle_broken = False
        self._cycles: deque[tuple[float, int]] = deque(maxlen=40)
        self._burst: list[tuple[int, float]] = []  # calls given in so many seconds before the first refusal
        self._began: float | None = None
        self._met = False
        if remembered is not None:
            # At what was met before, or above: too much costs a refusal, too little the whole run.
            self.rate = self.value = min(top, max(LEAST_REMEMBERED, remembered))
            self.ramping = False
            self._cycle = CYCLE_REMEMBERED

    @property
    def learned(self) -> float | None:
        """The rate, if a refusal of this run stands behind it; what was given above it counts as well."""
        if self.rate is None or not self._met:
            return None
        return max(self.rate, self.value) if self.ramping else self.rate

    @property
    def accepted_since_cut(self) -> int:
        """Calls accepted since the rate last refused one."""
        return self._since

    def given(self, until: float, seconds: float) -> int:
        """Return how many of the calls sent in the `seconds` before `until` were accepted."""
        return bisect_right(self._given, until) - bisect_right(self._given, until - seconds)

    def calls_allowed(self, now: float) -> int:
        """Return the calls that may be in flight: few while the pace grows, for each may be refused."""
        if not self.ramping:
            return TOP_CALLS
        growing = self._first_calls
        if self.rate is not None:
            growing = 1.5 * max(self.rate, self.given(now - self.round_trip, 1.0)) * self.round_trip + 3
        return min(TOP_CALLS, max(FIRST_CALLS, int(growing)))

    def sent(self, now: float, *, lone: bool) -> Paced:
        """Take note of a call that leaves now."""
        if self._began is None:
            self._began = now
        paced = Paced(now, now - self.next_at, self.value, lone)
        self._sends.append(paced)
        self.next_at = max(self.next_at, now - 0.01) + 1 / self.value
        return paced

    def answered(self, paced: Paced, now: float, *, accepted: bool) -> None:
        """Take note of an answer; what was neither accepted nor refused took its token all the same."""
        self.round_trip += 0.1 * (now - paced.at - self.round_trip)
        paced.accepted = accepted
        if not accepted and self.rate is None:
            self._first_calls -= 1

    def accepted(self, paced: Paced, *, grow: bool) -> None:
        """A call was accepted; `grow`: nothing else is being found out at the moment."""
        self._since += 1
        self._first_calls += 0.05
        self._given.insert(bisect_right(self._given, paced.at), paced.at)
        if not grow or paced.late > HELD:
            return
        if self.ramping:
            self.value = min(self._top, self.value + 1 / self._fold)
        elif self.rate is not None:
            cycles = self._since / self._cycle
            self.value = min(self._top, self.rate * (BELOW + (ABOVE - BELOW) * cycles))
            if cycles > TRUST:
                self.ramping = True
                self._fold = self._fold_again()

    def refused(self, sent_at: float, pace: float, now: float) -> None:
        """The rate refused a call: learn it anew, or shorten the cycle."""
        self._met = True
        self._cycle = min(CYCLE, self._cycle * STRETCH)
        first = self.rate is None
        if self.rate is None or self.ramping:
            self._bracket(sent_at, pace)
        elif self._since < 3 and self._guessed:
            self.rate = max(LOWEST, 0.75 * self.rate)
            self._cycle = CYCLE_FIRST
        self._since = 0
        assert self.rate is not None
        self.value = self.rate * BELOW
        # A first rate is a cautious guess, so the pace grows on from there until it is refused again.
        self.ramping = first
        self._fold = self._fold_again()
        self.next_at = max(self.next_at, now + 0.5 / self.value)

    def _fold_again(self) -> float:
        return max(FOLD_AGAIN, 4 * self.round_trip, 10 / self.value)

    def doubt(self) -> None:
        """Something refused right after a cut: a rate that rests on little is lowered."""
        if self.rate is not None and self._guessed:
            self.rate = max(LOWEST, 0.7 * self.rate)
            self.value = self.rate
            self._cycles.clear()
            self._cycle = CYCLE_FIRST

    @property
    def _guessed(self) -> bool:
        return sum(given for _, given in list(self._cycles)[-4:]) < 15

    def _bracket(self, sent_at: float, pace: float) -> None:
        """Place the rate between what was given for certain and what a burst may have hidden."""
        first = self.rate is None
        known = self.rate or 0.0
        elapsed = sent_at - (self._began or 0.0)
        most = min(self.given(sent_at, w) / min(w, max(0.3, elapsed)) for w in (1.0, 2.0, 4.0))
        if first:
            self._burst = [(self.given(sent_at, w), w) for w in (1.0, 2.0, 4.0, 8.0, 16.0, elapsed)]
        burst = max([1.0, *(given - known * seconds for given, seconds in self._burst)])
        least = max((self.given(sent_at, w) - burst) / w for w in (1.0, 2.0, 4.0, 8.0, 16.0))
        if burst <= 2 and not first:
            least = max(least, 0.75 * pace)
        found = max(0.5, known, least, min(pace, (0.4 if first else 0.6) * most))
        if first or found > 1.15 * known:
            self._cycle = CYCLE_FIRST
            self._cycles.clear()
        self.rate = found

    def settle(self) -> None:
        """Learn from the calls that are answered, in the order in which they were sent."""
        while self._sends and self._sends[0].accepted is not None:
            paced = self._sends.popleft()
            if paced.late > max(0.5, 3 / paced.pace) and not paced.lone:
                self._empty_at = None  # the lane was idle, so the bucket may have filled
            if paced.accepted:
                self._cycle_given += 1
                self._cycle_broken |= paced.lone
                continue
            whole = self._cycle_given and not (paced.lone or self._cycle_broken)
            if whole and self.rate is not None and self._empty_at is not None and paced.at > self._empty_at:
                self._cycles.append((paced.at - self._empty_at, self._cycle_given))
                self._measure()
            if self._empty_at is None or self._cycle_given or paced.lone:
                self._empty_at = paced.at  # of several refusals in a row the first
            self._cycle_given = 0
            self._cycle_broken = False

    def _measure(self) -> None:
        """Take the rate from the newest cycles that agree with one another."""
        time, given = 0.0, 0
        for seconds, count in reversed(self._cycles):
            if given >= 12:
                apart = abs(count / seconds * time / given - 1)
                if apart > 0.08 + 1.2 / math.sqrt(count) or given > 400:
                    break
            time += seconds
            given += count
        if given < 3 or self.ramping or self.rate is None:
            return
        if given / time < 0.85 * self.rate:
            self._cycle = CYCLE_FIRST
        self.rate = max(LOWEST, given / time)
        self.value = min(self._top, self.rate * BELOW)
