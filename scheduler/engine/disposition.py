"""What a target needs next, decided from its record alone: the heart of `resume`."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from ..journal.port import TargetRecord
from ..model import Outcome


class Need(StrEnum):
    """The way on for one target."""

    START = "start"
    FOLLOW = "follow"
    RECONCILE = "reconcile"
    NOTHING = "nothing"


class Disposition(NamedTuple):
    """What a target needs, and why."""

    need: Need
    reason: str


def dispose(record: TargetRecord) -> Disposition:
    """Decide how a run goes on with a target. An intent in doubt never leads back to start."""
    if record.outcome is not None and record.outcome is not Outcome.UNRESOLVED:
        return Disposition(Need.NOTHING, f"it already {record.outcome}")
    if any(attempt.in_doubt for attempt in record.attempts):
        return Disposition(Need.RECONCILE, "a start was sent and its answer is not known")
    if record.job is not None:
        return Disposition(Need.FOLLOW, f"job {record.job.jobId} was started and its end is not known")
    return Disposition(Need.START, "it was never started")
