"""How fast a lane may start jobs, and how many may be in flight: pure arithmetic, no waiting.

A lane is told neither the account's quota nor what kind of limit it meets. Three kinds are told apart:

- *queue*: above the quota jobs wait as PENDING. Learned from statuses: once an own job stays queued, as many
  jobs as are active are the slots, and only a small margin more is sent.
- *refuse*: StartJob is refused above a number of jobs. Learned by one diagnostic call after a silence:
  refused again, so it was the number of jobs and not the rate.
- *rate*: StartJob is refused above a pace. The pace is cut below what was accepted and grows again.

Two controllers that both answer every refusal starve the lane, so each refusal is attributed to one of them.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

FIRST_PACE = 5.0  #: calls a second at the start
TOP_PACE = 200.0  #: calls a second at most: one process's polite ceiling
RAMP = 0.35  #: seconds in which an unlimited pace grows by a factor of e
CUT = 0.85  #: a refused pace goes to this share of what was accepted
GROWTH = 0.0066  #: and grows by this share a call: one refusal in about 25 starts
TRUST = 60  #: accepted calls without a refusal after which the pace ramps again
QUIET = 2.0  #: seconds of silence that fill any bucket worth its name before the diagnostic call
FIRST_CALLS = 8  #: calls in flight before the first answers; each may be a refusal
TOP_CALLS = 128  #: calls in flight at most
FIRST_QUEUED = 2  #: own queued jobs allowed before any was seen active
NORMAL_AT_LEAST = 15.0  #: seconds of PENDING that mean nothing
STARVED = 30.0  #: seconds between trials at most when none of our jobs runs


@dataclass(frozen=True, slots=True)
class Opening:
    """When the next call may go. `at` None: not before something happens; `reason` says what holds it."""

    at: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class Change:
    """A limit was changed, and why."""

    reason: str


@dataclass(slots=True)
class Send:
    """One call as the limit saw it leave."""

    at: float
    jobs: int
    probe: bool
    diagnostic: bool


@dataclass(slots=True)
class _Gate:
    """Silence until `opens`; then one call finds out which limit refused the call sent at `refused`."""

    opens: float
    refused: float
    jobs: int
    ended: int
    starved: bool = False


class Limit:
    """Pace and window of one lane. Times are seconds of any steady clock."""

    def __init__(
        self, *, ceiling: int | None = None, watching: bool = True, top_pace: float = TOP_PACE
    ) -> None:
        """Begin without knowledge.

        `ceiling`: jobs in flight at most, given by the user. `watching`: statuses and ends of our jobs are
        observed; without that the queue rule has nothing to go by.
        """
        self.ceiling = ceiling
        self.watching = watching
        self.pace = min(FIRST_PACE, top_pace)
        self.cap: int | None = None  #: jobs in flight above which StartJob was refused
        self.slots: int | None = None  #: own active jobs when an own job stayed queued
        self.calls = 0
        self.active = 0
        self.queued = 0
        self._top_pace = top_pace
        self._rate_known = False
        self._since = 0  # accepted since the pace was last cut
        self._open_calls = FIRST_CALLS
        self._next = 0.0
        self._cut_at = -math.inf
        self._gate: _Gate | None = None
        self._probe_at = 0.0
        self._probe_gap = 5.0
        self._starved = 1.0
        self._ended = 0
        self._normal = 4.0  # seconds a job waits as PENDING though slots are free
        self._accepted: deque[float] = deque(maxlen=512)

    @property
    def jobs(self) -> int:
        """Own jobs in flight, queued ones and calls on their way included."""
        return self.active + self.queued + self.calls

    @property
    def window(self) -> int | None:
        """Jobs in flight allowed as far as it is known; None: no bound met yet."""
        bounds = [b for b in (self.ceiling, self.cap, self._queue_window()) if b is not None]
        return min(bounds, default=None)

    def _queue_window(self) -> int | None:
        if self.slots is None:
            return None
        return self.slots + max(1, math.ceil(0.15 * self.slots))

    def opening(self) -> Opening:
        """Say when the next call may go."""
        if self._gate is not None:
            if self.calls:
                return Opening(None, "waiting for calls in flight, to find out which limit refused")
            return Opening(self._gate.opens, "silent for a moment, to find out which limit refused")
        if self.calls >= min(TOP_CALLS, self._open_calls):
            return Opening(None, f"{self.calls} calls in flight")
        if self.ceiling is not None and self.jobs >= self.ceiling:
            return Opening(None, f"{self.jobs} jobs in flight, the limit given")
        if self.cap is not None and self.jobs >= self.cap:
            if self.calls:
                return Opening(None, f"all {self.cap} slots are taken")
            return Opening(max(self._next, self._probe_at), f"all {self.cap} slots are taken")
        window = self._queue_window()
        if window is not None and self.jobs >= window:
            return Opening(None, f"{self.active} jobs run and {self.queued} wait in the account's queue")
        if self.watching and window is None and self.queued + self.calls >= max(FIRST_QUEUED, self.active):
            return Opening(None, f"{self.queued} started jobs are not seen running yet")
        return Opening(self._next, f"pace {self.pace:.1f}/s")

    def sent(self, now: float) -> Send:
        """Take note of a call that leaves now."""
        probe = self._gate is None and self.cap is not None and self.jobs >= self.cap
        send = Send(now, self.jobs, probe, self._gate is not None)
        self.calls += 1
        self._next = max(self._next, now - 0.01) + 1 / self.pace
        return send

    def accepted(self, send: Send, now: float) -> Change | None:
        """The call started a job, which counts as queued until it is seen active."""
        self.calls -= 1
        self.queued += 1
        self._since += 1
        self._starved = 1.0
        self._open_calls = min(TOP_CALLS, self._open_calls + 1)
        self._accepted.append(now)
        change = self._judge_gate(send, now)
        if send.probe and self.cap is not None:
            self.cap = max(self.cap, send.jobs + 1)
            self._probe_gap = max(0.5, self._probe_gap / 2)
            self._probe_at = now if self._probe_gap <= 1.0 else now + self._probe_gap
            change = Change(f"a start above {send.jobs} jobs was accepted")
        self._grow(now)
        return change

    def _judge_gate(self, send: Send, now: float) -> Change | None:
        gate = self._gate
        if gate is None or not (send.diagnostic or send.at > gate.refused):
            return None
        self._gate = None
        if gate.starved:
            self.cap = None
            return Change("accepted again; the number of slots is unknown")
        if self._ended > gate.ended and not self._rate_known:
            # A slot came free in the silence, so the answer proves nothing about the rate.
            return self._refused_by_number(gate.jobs, now)
        return self._refused_by_rate(now)

    def _grow(self, now: float) -> None:
        if self._next < now - 0.05:
            return  # the pace was not what held this call, so its success says nothing about the pace
        if not self._rate_known or self._since > TRUST:
            self.pace = min(self._top_pace, self.pace + 1 / RAMP)
        else:
            self.pace = min(self._top_pace, self.pace * (1 + GROWTH))

    def refused(self, send: Send, now: float) -> Change | None:
        """The call was throttled: find out by which limit. Refusals of one burst count once."""
        self.calls -= 1
        if self._gate is not None:
            if not send.diagnostic:
                return None
            self._gate = None
            return self._refused_by_number(self.jobs, now)
        if send.at < self._cut_at:
            return None
        if send.probe:
            self._probe_gap = min(60.0, self._probe_gap * 2)
            return self._refused_by_number(min(self.cap or send.jobs, send.jobs), now)
        if self._rate_known and self._since > 0 and self.cap is None:
            return self._refused_by_rate(now)
        self._cut_at = now
        self._gate = _Gate(now + QUIET, send.at, self.jobs, self._ended)
        return Change("refused; silent until it is known by which limit")

    def _refused_by_rate(self, now: float) -> Change:
        recent = sum(1 for at in self._accepted if at > now - max(1.0, QUIET + 1.0))
        measured = recent / max(1.0, QUIET + 1.0) if not self._rate_known else self.pace
        self.pace = max(0.2, min(self.pace, max(measured, 0.5)) * CUT)
        self._rate_known = True
        self._since = 0
        self._cut_at = now
        self._next = max(self._next, now + 0.5 / self.pace)
        return Change(f"refused by rate; pace cut to {self.pace:.1f}/s")

    def _refused_by_number(self, jobs: int, now: float) -> Change:
        self.cap = max(1, jobs)
        self._cut_at = now
        if jobs == 0:
            # None of our jobs will end and free a slot: only a timer can try again.
            self._probe_at = now + self._starved
            self._gate = _Gate(self._probe_at, now, 0, self._ended, starved=True)
            self._starved = min(STARVED, 2 * self._starved)
            return Change("refused though none of our jobs runs; trying again at growing intervals")
        self._probe_at = now + self._probe_gap
        return Change(f"refused with {jobs} jobs in flight; that many slots")

    def ignored(self, send: Send, now: float) -> None:
        """The call said nothing about any limit: busy, rejected, not sent, in doubt or cut."""
        self.calls -= 1
        if self._gate is not None and send.diagnostic:
            self._gate.opens = now + 0.5

    def job_active(self, waited: float) -> None:
        """An own job was seen to leave the account's queue, `waited` seconds after its start."""
        self.queued -= 1
        self.active += 1
        if self._ended == 0:
            # Only before the first end: afterwards a wait is queueing, and would hide itself in the norm.
            self._normal += 0.25 * (min(waited, 40.0) - self._normal)
        if self.slots is not None and self.queued == 0:
            self.slots = max(self.slots, self.active)

    def job_ended(self, *, was_active: bool) -> None:
        """An own job ended, or a slot held for one in doubt was given up."""
        if was_active:
            self.active -= 1
        else:
            self.queued -= 1
        self._ended += 1

    def job_held(self) -> None:
        """A job of an earlier process, or one in doubt, takes a slot."""
        self.queued += 1

    def job_still_queued(self, waited: float) -> Change | None:
        """An own job is still queued after `waited` seconds; if that is not normal, every slot is taken."""
        if waited < max(NORMAL_AT_LEAST, 3 * self._normal):
            return None
        slots = max(1, self.active)
        if slots == self.slots:
            return None
        self.slots = slots
        return Change(f"an own job stays PENDING with {self.active} active; that many slots")
