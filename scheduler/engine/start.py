"""One target's start: fence, intent made durable, exactly one StartJob, outcome."""

from __future__ import annotations

import anyio

from ..amplify.port import Answer, CallFailed, Kind, Stage
from ..errors import LaneLost
from ..events import StartAnswered, StartIntended
from ..journal.port import AttemptRecord, Owner
from ..model import Evidence, Outcome, Result
from .busy import settle_busy
from .entry import Entry
from .evidence import mark
from .faults import denied, mended, pause, reached
from .fence import fence_ahead, fence_off, needs_fence
from .follow import follow
from .limiter import Permit
from .reconcile import Slot, reconcile
from .sought import Sought
from .state import LaneState


async def start(lane: LaneState, entry: Entry, permit: Permit) -> None:
    """Take a target to a started job, or to whatever else it comes to; the target then stands elsewhere."""
    try:
        with permit:
            await _start(lane, entry, permit)
    finally:
        lane.calling -= 1
        lane.wake()


async def _start(lane: LaneState, entry: Entry, permit: Permit) -> None:
    fence = None
    if needs_fence(lane, entry):
        refreshes = lane.refreshes
        try:
            fence = await fence_off(lane, entry)
        except CallFailed as failure:
            permit.ignore()
            await _unfenced(lane, entry, failure, refreshes)
            return
        if fence is None:
            permit.ignore()
            return
    if lane.stopped is not None:
        return
    attempt = await _intend(lane, entry, fence)
    if lane.stopped is not None:
        _answered(lane, entry, attempt, Result.NOT_SENT, f"stopped before it was sent: {lane.stopped}")
        return
    # The last look, with nothing in between: a process may have been frozen at any point until here.
    if not lane.outside.owned():
        _answered(lane, entry, attempt, Result.NOT_SENT, "the lane's lease was over before it was sent")
        raise LaneLost(f"the lease of lane {lane.key} was over before a start was sent; nothing was sent")
    await _send(lane, entry, permit, attempt)


async def _intend(lane: LaneState, entry: Entry, fence: int | None) -> AttemptRecord:
    """Make the intent durable: from here on, only its answer can say that nothing was started."""
    attempt = AttemptRecord(
        intent=lane.outside.intents.new(),
        sent_at=lane.clock.wall(),
        fence=fence,
        server_at=lane.server_time(),
    )
    entry.intents.append(attempt.intent)
    lane.record(
        StartIntended(
            at=attempt.sent_at,
            position=entry.position,
            intent=attempt.intent,
            fence=fence,
            server_at=attempt.server_at,
        )
    )
    try:
        await lane.journal.commit()
    except anyio.get_cancelled_exc_class():
        _answered(lane, entry, attempt, Result.NOT_SENT, "the run ended before it was sent")
        raise
    return attempt


async def _send(lane: LaneState, entry: Entry, permit: Permit, attempt: AttemptRecord) -> None:
    sent, refreshes = lane.clock.now(), lane.refreshes
    match await _call(lane, entry, attempt):
        case Answer() as answer:
            permit.accepted()
            _started(lane, entry, attempt, answer)
        case CallFailed(kind=Kind.THROTTLED) as failure:
            permit.throttled()
            reached(lane)
            lane.counters.throttled += 1
            _answered(lane, entry, attempt, Result.THROTTLED, failure.reason)
            lane.set_apart(fence_ahead, entry)
        case CallFailed(kind=Kind.BUSY) as failure:
            permit.ignore()
            reached(lane)
            lane.counters.busy += 1
            _answered(lane, entry, attempt, Result.BUSY, failure.reason)
            lane.set_apart(settle_busy, entry, None)
        case CallFailed(kind=Kind.AMBIGUOUS) as failure:
            slot = Slot(lane)  # before the permit is given back, or another start would slip in
            permit.ignore()
            _answered(lane, entry, attempt, Result.AMBIGUOUS, failure.reason)
            sought = Sought(attempt, sent, lane.clock.now())
            lane.keep_watch(reconcile, entry, sought, failure.reason, slot)
        case CallFailed() as failure:
            permit.ignore()
            result = Result.NOT_SENT if failure.stage is Stage.NOT_SENT else Result.REJECTED
            _answered(lane, entry, attempt, result, failure.reason)
            await _refused(lane, entry, failure, refreshes)


def _started(lane: LaneState, entry: Entry, attempt: AttemptRecord, answer: Answer) -> None:
    lane.heard(answer.server_at)
    reached(lane)
    lane.expired.clear()
    lane.moved_at = lane.clock.now()
    lane.counters.started += 1
    entry.job = answer.job
    entry.evidence = Evidence.RESPONSE
    lane.take(entry.target, answer.job, Owner.by(attempt.intent, Evidence.RESPONSE))
    lane.record(
        StartAnswered(
            at=lane.clock.wall(),
            position=entry.position,
            intent=attempt.intent,
            result=Result.STARTED,
            job=answer.job,
        )
    )
    follow(lane, entry)


async def _call(lane: LaneState, entry: Entry, attempt: AttemptRecord) -> Answer | CallFailed:
    """Send the one request."""
    target = entry.target
    message = mark(target.commit_message, attempt.intent) if target.marker else target.commit_message
    lane.counters.start_calls += 1
    try:
        return await lane.port.start_job(target, commit_message=message, intent=attempt.intent)
    except CallFailed as failure:
        return failure
    except anyio.get_cancelled_exc_class():
        _answered(lane, entry, attempt, Result.AMBIGUOUS, "the run ended before the answer came")
        raise


def _answered(lane: LaneState, entry: Entry, attempt: AttemptRecord, result: Result, error: str) -> None:
    lane.record(
        StartAnswered(
            at=lane.clock.wall(), position=entry.position, intent=attempt.intent, result=result, error=error
        )
    )


async def _unfenced(lane: LaneState, entry: Entry, failure: CallFailed, refreshes: int) -> None:
    """Go on when the branch could not be looked at: its own trouble must not hold up the lane."""
    if failure.kind in {Kind.AMBIGUOUS, Kind.THROTTLED, Kind.BUSY}:
        lane.set_apart(settle_busy, entry, None)
    else:
        await _refused(lane, entry, failure, refreshes)


async def _refused(lane: LaneState, entry: Entry, failure: CallFailed, refreshes: int) -> None:
    """Go on after a call that certainly started nothing, by the kind of its failure."""
    match failure.kind:
        case Kind.REJECTED:
            reached(lane)
            lane.end(entry, Outcome.REJECTED, failure.reason)
        case Kind.DENIED:
            reached(lane)
            lane.end(entry, Outcome.REJECTED, failure.reason)
            denied(lane, failure)
        case Kind.NOT_SENT:
            lane.line.put_back(entry)
            pause(lane, failure)
        case _:
            if await mended(lane, failure, refreshes):
                lane.line.put_back(entry)
