"""Targets in doubt: a start was sent and its answer never came. Look for its job; never send again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from ..amplify.port import Kind
from ..events import JobAdopted, StartAnswered
from ..journal.port import AttemptRecord, Owner, TargetRecord
from ..model import Evidence, Outcome, Result
from .entry import Entry
from .evidence import Exact, Probable, Refused, Witness
from .follow import follow
from .look import Unresolved, look
from .sought import Sought
from .state import LaneState
from .unresolved import sentence

HOLD = 30.0  #: seconds for which a start in doubt holds a slot
AGAIN = 30.0  #: seconds after a verdict in which another look would show nothing new


async def reconcile(lane: LaneState, entry: Entry, sought: Sought, why: str, slot: Slot) -> None:
    """Find out what became of this run's own start in doubt, and follow its job or report it unresolved."""
    try:
        lane.park(entry, "in doubt: the start's answer never came; looking for its job")

        def between() -> None:
            slot.expire()
            _tell_of_trail(lane, entry)

        match await look(lane, entry.target, sought, between):
            case Exact() | Probable() as finding:
                slot.keep()
                _follow(lane, entry, sought, finding)
            case Refused() as finding:
                slot.release()
                _refused(lane, entry, sought.attempt, finding)
            case Unresolved() as finding:
                slot.release()
                lane.end(entry, Outcome.UNRESOLVED, _sentence(lane, sought, why, finding, lane.outside.told))
                lane.unresolved.append((lane.clock.now(), entry, sought))
            case conclusion:
                assert_never(conclusion)
    finally:
        lane.in_doubt -= 1
        lane.wake()


def reconsider(lane: LaneState) -> None:
    """Look once more, before the run ends, for starts unresolved a while ago: lists may be very late."""
    for at, entry, sought in lane.unresolved:
        if lane.clock.now() >= at + AGAIN:
            lane.keep_watch(_reconsider, entry, sought)
    lane.unresolved.clear()


async def _reconsider(lane: LaneState, entry: Entry, sought: Sought) -> None:
    try:
        match await look(lane, entry.target, sought):
            case Exact() | Probable() as finding:
                entry.ended = False
                lane.limiter.tell(lambda limit, now: limit.job_held(now))
                _follow(lane, entry, sought, finding)
            case Refused() as finding:
                entry.ended = False
                _refused(lane, entry, sought.attempt, finding)
            case Unresolved():
                pass  # what was said of it stands
            case conclusion:
                assert_never(conclusion)
    finally:
        lane.in_doubt -= 1
        lane.wake()


async def reconcile_earlier(
    lane: LaneState, entry: Entry, earlier: Sequence[tuple[str, TargetRecord]]
) -> None:
    """Settle the doubts that earlier runs left on this target's branch; start it only when none remains."""
    try:
        for run, record in earlier:
            for attempt in (attempt for attempt in record.attempts if attempt.in_doubt):
                lane.park(entry, f"looking for a start of run {run} that is in doubt")
                sought = Sought.of_dead_process(attempt, lane.clock, lane.offset)
                match await look(lane, record.target, sought, lambda: _tell_of_trail(lane, entry)):
                    case Exact() | Probable() as finding:
                        _adopt(lane, entry, attempt, finding, of_run=run)
                    case Refused() as finding:
                        _answered(lane, entry, attempt, finding, of_run=run)
                    case Unresolved() as finding:
                        told = _sentence(lane, sought, f"by run {run}", finding, lane.journal.run(run).told)
                        reason = f"not sent, for an earlier start is in doubt: {told}"
                        lane.end(entry, Outcome.UNRESOLVED, reason)
                        return
                    case conclusion:
                        assert_never(conclusion)
        lane.line.put_back(entry)
    finally:
        lane.parked -= 1
        lane.wake()


class Slot:
    """The slot that a start in doubt holds: for a while, or for good once its job is known."""

    def __init__(self, lane: LaneState) -> None:
        self._lane = lane
        self._until = lane.clock.now() + HOLD
        self._held = True
        lane.limiter.tell(lambda limit, now: limit.job_held(now))

    def keep(self) -> None:
        if not self._held:
            self._lane.limiter.tell(lambda limit, now: limit.job_held(now))

    def release(self) -> None:
        if self._held:
            self._held = False
            self._lane.limiter.tell(lambda limit, now: limit.job_ended(now, lasted=None, active_for=None))

    def expire(self) -> None:
        if self._lane.clock.now() >= self._until:
            self.release()


def _follow(lane: LaneState, entry: Entry, sought: Sought, finding: Exact | Probable) -> None:
    entry.job = finding.job
    entry.evidence = _adopt(lane, entry, sought.attempt, finding)
    follow(lane, entry, age=lane.clock.now() - sought.placed(lane.clock, lane.offset).sent)


def _adopt(
    lane: LaneState,
    entry: Entry,
    attempt: AttemptRecord,
    finding: Exact | Probable,
    *,
    of_run: str | None = None,
) -> Evidence:
    evidence, reason = _proof(finding)
    lane.take(entry.target, finding.job, Owner.by(attempt.intent, evidence))
    lane.record(
        JobAdopted(
            at=lane.clock.wall(),
            position=entry.position,
            intent=attempt.intent,
            evidence=evidence,
            job=finding.job,
            reason=reason,
            of_run=of_run,
        )
    )
    return evidence


def _proof(finding: Exact | Probable) -> tuple[Evidence, str]:
    number = finding.job.jobId
    if isinstance(finding, Probable):
        told = f"job {number} is most likely ours; another person may have started it"
        return Evidence.ADOPTED_PROBABLE, told
    match finding.witness:
        case Witness.MARKER:
            return Evidence.ADOPTED_EXACT, f"job {number} carries the marker of this start"
        case Witness.CLOUDTRAIL:
            return Evidence.ADOPTED_EXACT, f"CloudTrail recorded that this start made job {number}"
        case _:
            assert_never(finding.witness)


def _refused(lane: LaneState, entry: Entry, attempt: AttemptRecord, finding: Refused) -> None:
    """Go on as if the refusal had come back: nothing was started, so the target may be sent anew."""
    _answered(lane, entry, attempt, finding)
    if finding.kind in {Kind.REJECTED, Kind.DENIED}:
        lane.end(entry, Outcome.REJECTED, finding.reason)
    else:
        lane.line.put_back(entry)


def _answered(
    lane: LaneState, entry: Entry, attempt: AttemptRecord, finding: Refused, *, of_run: str | None = None
) -> None:
    results = {Kind.THROTTLED: Result.THROTTLED, Kind.BUSY: Result.BUSY}
    lane.record(
        StartAnswered(
            at=lane.clock.wall(),
            position=entry.position,
            intent=attempt.intent,
            result=results.get(finding.kind, Result.REJECTED),
            error=f"as CloudTrail recorded: {finding.reason}",
            of_run=of_run,
        )
    )


def _sentence(lane: LaneState, sought: Sought, why: str, finding: Unresolved, run: str) -> str:
    return sentence(
        sent_at=sought.attempt.sent_at,
        why=why,
        found=finding.found,
        testimony=finding.testimony,
        looked=lane.clock.now() - sought.placed(lane.clock, lane.offset).sent,
        run=run,
    )


def _tell_of_trail(lane: LaneState, entry: Entry) -> None:
    """Say once in a lane that CloudTrail, which should be asked, cannot be."""
    if complaint := lane.trail.complaint():
        lane.park(entry, f"in doubt, and looked for without CloudTrail, which cannot be asked: {complaint}")
