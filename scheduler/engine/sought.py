"""A start in doubt, placed in time."""

from __future__ import annotations

from dataclasses import dataclass

from ..journal.port import AttemptRecord
from ..model import Target
from .clock import Clock
from .evidence import Doubt

CALL_AT_MOST = 60.0  #: seconds a StartJob call lasts at most, also one of a process that died


@dataclass(frozen=True, slots=True)
class Sought:
    """A start in doubt, with the moments when it was sent and given up, on the steady clock."""

    attempt: AttemptRecord
    sent: float
    given_up: float
    by_earlier_process: bool = False

    @classmethod
    def of_dead_process(cls, attempt: AttemptRecord, clock: Clock, offset: float | None) -> Sought:
        """Place an earlier process's start on this clock. `offset`: the service's clock minus ours, if known.

        How old it is the service's clock tells, where both ends are known; our wall clock may have been set.
        """
        now = clock.now()
        if attempt.server_at is None or offset is None:
            age = clock.wall() - attempt.sent_at
        else:
            age = now + offset - attempt.server_at
        sent = now - max(0.0, age)
        if attempt.answered_at is None:
            return cls(attempt, sent, min(now, sent + CALL_AT_MOST), by_earlier_process=True)
        lasted = min(CALL_AT_MOST, max(0.0, attempt.answered_at - attempt.sent_at))
        return cls(attempt, sent, sent + lasted, by_earlier_process=True)

    def placed(self, clock: Clock, offset: float | None) -> Sought:
        """Place the start anew, for the service's clock may have become known meanwhile."""
        return self.of_dead_process(self.attempt, clock, offset) if self.by_earlier_process else self

    def doubt(self, target: Target, offset: float | None, *, kept: bool, unrecorded: bool) -> Doubt:
        """Put down what is known of the start.

        `offset`: the service's clock minus the steady one; None: not known. What that clock showed at the
        send is better, where it was noted. `kept` and `unrecorded`: as in Doubt.
        """
        sent = self.attempt.server_at
        if sent is None and offset is not None:
            sent = self.sent + offset
        return Doubt(
            intent=self.attempt.intent,
            job_type=target.job_type.value,
            fence=self.attempt.fence,
            sent=sent,
            given_up=None if sent is None else sent + self.given_up - self.sent,
            kept=target.marker and kept,
            unrecorded=unrecorded,
        )
