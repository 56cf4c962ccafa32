"""The number of jobs above which StartJob is refused, learned by refusals and an exact ledger.

Starts have a send time and ends have an `endTime`. Once every end before a moment is known, so is the number
of jobs that ran at it: a refusal then says how many slots there are, an acceptance that there is one more.
More than is known is asked for rarely, and paid from a credit that starts earn.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from collections import deque
from dataclasses import dataclass

EARN = 0.03  #: credit that a start earns: so many refusals a start are spent on asking for more
SAVED = 8.0  #: credit at most
FIRST_CHECK = 10.0  #: seconds after which a number just learned is checked at the latest
PATIENCE = 60.0  #: seconds without any start after which one is tried all the same


@dataclass(frozen=True, slots=True)
class _Claim:
    """At `at` the slots were all taken (`full`), or there was one free."""

    due: float
    at: float
    full: bool


class Slots:
    """The learned number of slots, and when to ask for one more. Times are seconds of a steady clock."""

    def __init__(self, *, targets: int, remembered: int | None = None) -> None:
        self.known = remembered
        self.running = 0  #: accepted and not seen to end
        self.waiting = targets  #: targets still to be started
        self.length = 120.0  #: seconds a job takes, smoothed
        self.blind = 5.0  #: seconds after which an end is surely known
        self._earn = max(0.0, EARN - 2 / max(1, targets))
        self._credit = 1.0
        self._known_since = -1.0
        self._step = 1
        self._streak = 0
        self._streak_from = 0
        self._probing = 0
        self._probe_gap = 0.0
        self._probe_at = 0.0
        self._refills_refused = 0
        self._ups: deque[float] = deque(maxlen=4)
        self._downs: deque[float] = deque(maxlen=4)
        self._starts: list[float] = []
        self._ends: list[float] = []
        self._claims: deque[_Claim] = deque()

    @property
    def learned(self) -> int | None:
        """The number, if an answer of this run stands behind it."""
        return self.known if self._known_since >= 0 else None

    def next_claim(self) -> float:
        """Say when something will be known that is not known yet; infinity: nothing will."""
        return self._claims[0].due if self._claims else math.inf

    def opening(self, now: float, *, calls: int, last_sent: float) -> float:
        """Say when a call above the known number may ask for one more slot; infinity: not before news."""
        patience = last_sent + max(PATIENCE, 3 * self.length)
        room = calls == 0 if self._step == 1 else self._probing < self._step
        if room and (self._credit >= 1 or self._volatile(now) or now >= patience):
            return self._probe_at
        return max(patience, now) if calls == 0 else math.inf

    def sent(self, *, probe: bool) -> None:
        """Take note of a call that leaves; `probe`: above the known number."""
        self._probing += probe

    def answered(self, *, probe: bool) -> None:
        """Take note of its answer, whatever that is."""
        self._probing -= probe

    def accepted(self, sent_at: float, jobs: int, now: float, *, probe: bool, may_forget: bool) -> bool:
        """A start was accepted with `jobs` in flight before it; return whether the number is open again.

        `may_forget`: a pace is known that can lead to a new number, so that the old one need not.
        """
        self.running += 1
        insort(self._starts, sent_at)
        self._refills_refused = 0
        self._credit = min(SAVED, self._credit + self._earn)
        if not probe:
            return False
        unseen = math.ceil(2 + self.running / self.length * self.blind)
        if self._streak == 0:
            self._streak_from = jobs
        self._streak += 1
        forgotten = False
        if self._streak > unseen:
            self._step = max(self._step, 2)
            if jobs - self._streak_from > unseen:  # more than ends not seen yet can explain
                if may_forget:
                    self.known = None
                    forgotten = True
                else:
                    self._step = max(2, min(2 * self._step, self.running // 4))
        self._claim(sent_at, now, full=False)
        return forgotten

    def probe_refused(self, sent_at: float, now: float) -> None:
        """There is no further slot: ask less often."""
        self._credit = max(0.0, self._credit - 1)
        least = 0.5 * self.length if self._volatile(now) else 0.05 * self._left()
        self._probe_gap = min(self._probe_gap * 1.5, least)
        self.learn(min(self.known or self.running, self.running), sent_at, now)

    def refill_refused(self, sent_at: float, now: float) -> None:
        """A slot that was ours is gone: there are fewer now, or others took it."""
        self._refills_refused += 1
        self._downs.append(now)
        self._credit = max(self._credit, 1.0)
        self._probe_gap = min(self._probe_gap, self.length / 5)
        if self._refills_refused < 2:
            self.learn(self.running, sent_at, now)
        else:
            share = max(0.6, 1.1 - 0.1 * self._refills_refused)
            self.learn(int(self.running * share), sent_at, now, exact=False)

    def learn(self, jobs: int, sent_at: float, now: float, *, exact: bool = True) -> None:
        """Take `jobs` for the number of slots, as seen by a call sent at `sent_at`."""
        first = self.known is None
        self.known = max(1, jobs)
        self._known_since = sent_at
        self._step = 1
        self._streak = 0
        if first:
            self._probe_gap = 0.02 * self._left()
        self._probe_gap = max(self.blind, self._probe_gap)
        self._probe_at = now + (min(FIRST_CHECK, self._probe_gap) if first else self._probe_gap)
        if exact:
            self._claim(sent_at, now, full=True)

    def forget(self) -> None:
        """Nothing is known of the number any more."""
        self.known = None

    def held(self, now: float) -> None:
        """A job that this process did not start runs, or may run, and takes a slot."""
        self.running += 1
        insort(self._starts, now)

    def ended(self, at: float, *, lasted: float | None) -> None:
        """A job ended at `at`, after `lasted` seconds; None: only its slot was given up."""
        self.running -= 1
        insort(self._ends, at)
        if lasted is not None:
            self.length += (max(1.0, lasted) - self.length) / (len(self._ends) + 1)

    def ends_between(self, start: float, end: float) -> bool:
        """Say whether a job of ours ended between two moments."""
        return bisect_right(self._ends, end) > bisect_right(self._ends, start)

    def verify(self, now: float) -> bool:
        """Look at the claims whose ends are all known by now; return whether the number changed."""
        before = self.known
        while self._claims and self._claims[0].due <= now:
            claim = self._claims.popleft()
            ran = bisect_left(self._starts, claim.at - 1e-9) - bisect_right(self._ends, claim.at)
            slots = ran if claim.full else ran + 1
            if self.known is None or claim.at < self._known_since or (not claim.full and slots <= self.known):
                continue
            if slots > self.known:
                self._ups.append(now)
                self._credit = max(self._credit, 1.0)
                self._probe_gap = max(self.blind, min(self._probe_gap * 0.6, self.length / 5))
                self._probe_at = min(self._probe_at, now + (self._probe_gap if claim.full else 0.0))
            self.known = max(1, slots)
            self._known_since = max(self._known_since, claim.at)
        return self.known != before

    def _claim(self, at: float, now: float, *, full: bool) -> None:
        self._claims.append(_Claim(now + self.blind, at, full))

    def _left(self) -> float:
        """Seconds that the lane still needs, as far as is known."""
        return max(20 * self.blind, self.waiting * self.length / max(1, self.known or 1))

    def _volatile(self, now: float) -> bool:
        """Whether the number was seen to move both ways lately, as it does with others about."""
        since = now - 4 * self.length
        return sum(at > since for at in self._ups) >= 2 and sum(at > since for at in self._downs) >= 2
