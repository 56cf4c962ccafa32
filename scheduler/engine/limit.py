"""How fast a lane may start jobs, and how many may be in flight: pure arithmetic, no waiting.

A lane is told neither the account's quota nor what kind of limit it meets. Three things are learned apart:

- `pace`: the calls a second that StartJob takes;
- `slots`: the number of jobs above which StartJob is refused;
- `queue`: above the quota Amplify refuses nothing and queues; learned from the statuses of our jobs.

Two controllers that both answer every refusal starve the lane, so each refusal is attributed to pace or
slots: where neither is known to explain it, the lane falls silent, and one call after the silence decides.
Accepted without any end of a job in between, it was the pace, for the bucket has filled; refused, it was the
slots.
"""

from __future__ import annotations

import math
from dataclasses import replace

from ..events import LimitsLearned
from ..model import Hold, LaneKey
from ..spoken import counted
from .opening import Change, Opening, Send
from .pace import Pace
from .queue import Queue
from .silence import Silence, Why
from .slots import Slots

TOP_PACE = 100.0  #: calls a second at most: one process's polite ceiling
QUIET = 2.0  #: seconds of silence that fill any bucket worth its name
RARE = 2.5  #: calls of this many intervals apart are not refused by the pace
STARVED_FIRST, STARVED = 2.0, 30.0  #: seconds between trials while none of our jobs runs


class Limit:
    """Pace, slots and queue of one lane. Times are seconds of any steady clock."""

    def __init__(
        self,
        *,
        targets: int,
        ceiling: int | None = None,
        remembered: LimitsLearned | None = None,
        reserve: int = 0,
        watching: bool = True,
    ) -> None:
        """Begin with no knowledge but what is `remembered` of an earlier run.

        `targets`: how many the lane has. `ceiling`: jobs in flight at most, given by the user. `reserve`:
        slots of the account's quota left to others. `watching`: statuses are observed; without that the queue
        rule has nothing to go by.
        """
        self.ceiling = ceiling
        self.reserve = reserve
        self.watching = watching
        self.pace = Pace(top=TOP_PACE, targets=targets, remembered=remembered.rate if remembered else None)
        self.slots = Slots(targets=targets, remembered=remembered.slots if remembered else None)
        self.queue = Queue(hint=remembered.quota if remembered else None, reserve=reserve)
        self.calls = 0
        self._silence: Silence | None = None
        self._cut_at = -math.inf
        self._last = -math.inf
        self._starved = STARVED_FIRST

    def quota_told(self, quota: int) -> Change:
        """The account's quota came to be known: what the reserve leaves of it is a ceiling.

        A wrong one heals.
        """
        self.queue.told(quota)
        if self.reserve:
            left = max(1, quota - self.reserve)
            self.ceiling = left if self.ceiling is None else min(self.ceiling, left)
        return Change(f"the account's quota is {counted(quota, 'concurrent job')}")

    def learned(self, at: float, lane: LaneKey) -> LimitsLearned | None:
        """Say what was met of the limits, for the next run to begin with; None: nothing was."""
        found = LimitsLearned(
            at=at, lane=lane, rate=self.pace.learned, slots=self.slots.learned, quota=self.queue.slots
        )
        return None if found.rate is found.slots is found.quota is None else found

    @property
    def jobs(self) -> int:
        """Own jobs in flight, queued ones and calls on their way included."""
        return self.slots.running + self.calls

    @property
    def window(self) -> int | None:
        """Jobs in flight allowed as far as it is known; None: no bound met yet."""
        bounds = [self.ceiling, self.slots.known, self.queue.window() if self.watching else None]
        return min((bound for bound in bounds if bound is not None), default=None)

    def opening(self, now: float) -> Opening:
        """Say when the next call may go."""
        self.slots.verify(now)
        if self.ceiling is not None and self.jobs >= self.ceiling:
            return Opening(None, Hold.CEILING, f"{self.jobs} jobs are in flight, all that are allowed here")
        if self._silence is not None:
            at = None if self.calls else self._silence.opens
            return Opening(at, Hold.SILENCE, f"silent: {self._silence.why}")
        if self.calls >= self.pace.calls_allowed(now):
            return Opening(None, Hold.CALLS, f"{self.calls} calls are in flight")
        if self.watching and self.queue.room(self.calls) <= 0:
            return Opening(None, Hold.QUEUE, f"{self.queue.queued} own jobs wait in the account's queue")
        if self.slots.known is None or self.jobs < self.slots.known:
            return Opening(self.pace.next_at, Hold.PACE, f"pace {self.pace.value:.1f}/s")
        probe = max(self.pace.next_at, self.slots.opening(now, calls=self.calls, last_sent=self._last))
        # What a claim will tell may open the lane before a probe does.
        at = min(probe, self.slots.next_claim()) if probe > now else probe
        reason = f"all {self.slots.known} slots are taken"
        return Opening(at if at < math.inf else None, Hold.SLOTS, reason)

    def sent(self, now: float) -> Send:
        """Take note of a call that leaves now."""
        diagnostic = self._silence is not None
        probe = not diagnostic and self.slots.known is not None and self.jobs >= self.slots.known
        paced = self.pace.sent(now, lone=diagnostic)
        send = Send(now, self.jobs, now - self._last, probe, diagnostic, paced)
        self.slots.sent(probe=probe)
        self.calls += 1
        self._last = now
        return send

    def accepted(self, send: Send, now: float) -> Change | None:
        """The call started a job, which counts as queued until it is seen active."""
        silence = self._silence
        self._answered(send, now, accepted=True)
        self.queue.queued += 1
        self._starved = STARVED_FIRST
        probe = send.probe and silence is None
        paced = self.pace.rate is not None
        opened = self.slots.accepted(send.at, send.jobs, now, probe=probe, may_forget=paced)
        self.pace.accepted(send.paced, grow=silence is None)
        change = self._passed(silence, send, now) if silence is not None else None
        self.pace.settle()
        return Change("more jobs were accepted than there seemed to be slots") if opened else change

    def _passed(self, silence: Silence, send: Send, now: float) -> Change | None:
        """A call was accepted in a silence."""
        if silence.why is Why.STARVED:
            self._silence = None
            self.slots.forget()
            self.pace.ramping = self.pace.rate is None
            return Change("accepted again; the number of slots is unknown")
        if silence.why is Why.SHORT:
            self._silence = None
        elif send.diagnostic or send.at > silence.refused + 0.5 * silence.answered:
            self._silence = None
            self._cut_at = now
            if self.pace.rate is None or not self.slots.ends_between(silence.refused, send.at):
                self.pace.refused(silence.refused, silence.pace, now)
                return self._by_pace()
        return None

    def refused(self, send: Send, now: float) -> Change | None:
        """The call was throttled: find out by which limit. Refusals of one burst count once."""
        self._answered(send, now, accepted=False)
        change = self._attribute(send, now)
        self.pace.settle()
        return change

    def _attribute(self, send: Send, now: float) -> Change | None:
        if self._silence is not None:
            return self._decided(self._silence, send, now) if send.diagnostic else None
        if send.at < self._cut_at:
            return None
        self._cut_at = now
        answered = now - send.at
        rare = send.gap >= RARE / (self.pace.rate or 4.0)
        if self.slots.known is not None and (rare or send.probe or self.pace.rate is None):
            if send.probe:
                self.slots.probe_refused(send.at, now)
            else:
                self.slots.refill_refused(send.at, now)
            if self.slots.running == 0:
                wait = max(1.0, RARE / (self.pace.rate or 9.0))
                self._silence = Silence(now + wait, send.at, answered, send.paced.pace, Why.SHORT)
            return self._by_slots()
        if self.pace.rate is not None and self.pace.accepted_since_cut > 0:
            self.pace.refused(send.at, self.pace.value, now)
            return self._by_pace()
        self.pace.doubt()
        quiet = max(QUIET, RARE / (self.pace.rate or 9.0))
        self._silence = Silence(now + quiet, send.at, answered, send.paced.pace, Why.WHICH)
        return Change("refused; silent for a moment, to find out by which limit")

    def _decided(self, silence: Silence, send: Send, now: float) -> Change:
        """The call after the silence was refused as well: the bucket was full, so it is the slots."""
        self._silence = None
        self._cut_at = now
        self.slots.learn(self.slots.running, send.at, now)
        if self.slots.running == 0:
            # None of our jobs will end and free a slot: only a timer can try again.
            self._silence = replace(silence, opens=now + self._starved, why=Why.STARVED)
            self._starved = min(STARVED, 2 * self._starved)
            return Change("refused though none of our jobs runs; tried again at growing intervals")
        return self._by_slots()

    def _by_pace(self) -> Change:
        return Change(f"refused by the pace; {self.pace.value:.1f} starts a second now")

    def _by_slots(self) -> Change:
        return Change(f"refused for want of slots; {self.slots.known} are known now")

    def ignored(self, send: Send, now: float) -> None:
        """The call said nothing about any limit: busy, rejected, not sent, in doubt or cut."""
        self._answered(send, now, accepted=True)
        if self._silence is not None and send.diagnostic:
            self._silence.opens = now + 0.5
        self.pace.settle()

    def _answered(self, send: Send, now: float, *, accepted: bool) -> None:
        self.calls -= 1
        self.slots.answered(probe=send.probe)
        self.pace.answered(send.paced, now, accepted=accepted)

    def job_held(self, now: float) -> None:
        """A job of an earlier process, or one in doubt, takes a slot."""
        self.slots.held(now)
        self.queue.queued += 1

    def job_active(self, waited: float | None) -> None:
        """An own job left the account's queue, seen `waited` seconds after its start; None: inferred."""
        self.queue.promoted(waited)

    def job_queued_again(self) -> None:
        """A job that was believed active was seen queued."""
        self.queue.demoted()

    def job_still_queued(self, waited: float) -> Change | None:
        """The oldest own queued job still waits, after `waited` seconds."""
        if not self.queue.stayed(waited):
            return None
        return Change(f"an own job stays PENDING; {self.queue.slots} slots are ours")

    def job_ended(self, at: float, *, lasted: float | None, active_for: float | None) -> None:
        """An own job ended at `at`, `lasted` seconds after its start (None: only its slot was given up).

        `active_for`: seconds since it was seen active; None: it never was.
        """
        self.slots.ended(at, lasted=lasted)
        self.queue.ended(was_active=active_for is not None, lasted=active_for or 0.0)

    def noticed(self, delay: float) -> None:
        """An end was noticed `delay` seconds after it happened."""
        usual = self.queue.blind
        self.queue.blind += 0.1 * (min(delay, 60.0) - usual)
        # The delays of nearly all ends stay below three times their mean.
        self.slots.blind = max(0.5, 3 * self.queue.blind)
