"""What a failed call means beyond its own target: for its lane and its account."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from ..amplify.port import CallFailed, Kind, Stage
from ..spoken import span
from .state import LaneState

DENIALS = 3  #: refusals for want of permission, with nothing started, after which a lane is given up
UNREACHABLE = 300.0  #: seconds without any answer after which a lane is given up
PAUSES = 8  #: pauses before that, though hours passed: we may have slept
PAUSE_AT_MOST = 30.0

T = TypeVar("T")


async def read(lane: LaneState, call: Callable[[], Awaitable[T]]) -> T:
    """Make a read of the lane. Raises CallFailed as the call does."""
    try:
        answer = await lane.reads.make(call)
    except CallFailed as failure:
        if failure.stage is Stage.ANSWERED:
            reached(lane)
        raise
    reached(lane)
    lane.expired.intersection_update({"StartJob"})  # what one read is allowed, all reads are
    return answer


def reached(lane: LaneState) -> None:
    """The service answered: whatever kept it away is over."""
    lane.unreached = 0
    lane.unreached_since = None


def pause(lane: LaneState, failure: CallFailed) -> None:
    """Hold the whole lane's starts for a growing while: the service was not reached. A burst counts once."""
    now = lane.clock.now()
    if lane.unreached_since is None:
        lane.unreached_since = now
    if now - lane.unreached_since > UNREACHABLE and lane.unreached >= PAUSES:
        lane.stop(f"no answer for {span(UNREACHABLE)}: {failure.reason}", denied=False)
    if now >= lane.paused_until:
        lane.unreached += 1
        lane.paused_until = now + min(PAUSE_AT_MOST, 0.25 * 2.0 ** min(lane.unreached, 8))


def denied(lane: LaneState, failure: CallFailed) -> None:
    """Count a refusal for want of permission; a lane that meets nothing else is given up."""
    lane.denials += 1
    if lane.denials >= DENIALS and lane.counters.started == 0:
        lane.stop(failure.reason, denied=True)


async def mended(lane: LaneState, failure: CallFailed, refreshes: int) -> bool:
    """Deal with a fault of credentials or configuration; return whether another try makes sense.

    `refreshes` is the lane's count when the call was made: a call that left with credentials which have been
    replaced since simply goes again. New credentials that are refused like the old ones stop the lane, as
    does every other fault that each further call would meet.
    """
    match failure.kind:
        case Kind.EXPIRED:
            async with lane.refreshing:
                if refreshes < lane.refreshes:
                    return True
                if failure.operation in lane.expired:
                    return _given_up(lane, failure.reason, denied=True)
                lane.refreshes += 1
                lane.expired.add(failure.operation)
                try:
                    await lane.outside.refresh()
                except CallFailed as again:
                    return _given_up(lane, again.reason, denied=True)
                return True
        case Kind.CREDENTIALS | Kind.BROKEN:
            return _given_up(lane, failure.reason, denied=failure.kind is Kind.CREDENTIALS)
        case _:
            return True


def _given_up(lane: LaneState, reason: str, *, denied: bool) -> bool:
    lane.stop(reason, denied=denied)
    lane.look_away()
    return False
