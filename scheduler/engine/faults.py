"""What a failed call means beyond its own target: for its lane and its account."""

from __future__ import annotations

from ..amplify.port import CallFailed, Kind
from .state import LaneState

DENIALS = 3  #: refusals for want of permission, with nothing started, after which a lane is given up
UNREACHABLE = 300.0  #: seconds without any answer after which a lane is given up
PAUSE_AT_MOST = 30.0


def reached(lane: LaneState) -> None:
    """The service answered: whatever kept it away is over."""
    lane.unreached = 0
    lane.unreached_since = None


def pause(lane: LaneState, failure: CallFailed) -> None:
    """Hold the whole lane's starts for a growing while: the service was not reached."""
    now = lane.clock.now()
    lane.unreached += 1
    if lane.unreached_since is None:
        lane.unreached_since = now
    if now - lane.unreached_since > UNREACHABLE:
        lane.stop(f"no answer for {UNREACHABLE / 60:.0f} minutes: {failure.reason}", denied=False)
    lane.paused_until = now + min(PAUSE_AT_MOST, 0.25 * 2 ** min(lane.unreached, 8))


def denied(lane: LaneState, failure: CallFailed) -> None:
    """Count a refusal for want of permission; a lane that meets nothing else is given up."""
    lane.denials += 1
    if lane.denials >= DENIALS and lane.counters.started == 0:
        lane.stop(failure.reason, denied=True)


async def mended(lane: LaneState, failure: CallFailed) -> bool:
    """Deal with a fault of credentials or configuration; return whether another try makes sense.

    Expired credentials are fetched anew once between two good calls; whatever else is wrong stops the lane.
    """
    match failure.kind:
        case Kind.EXPIRED if not lane.refreshed:
            lane.refreshed = True
            try:
                await lane.outside.refresh()
            except CallFailed as again:
                lane.stop(again.reason, denied=True)
                lane.look_away()
                return False
            return True
        case Kind.EXPIRED | Kind.CREDENTIALS | Kind.BROKEN:
            lane.stop(failure.reason, denied=failure.kind is not Kind.BROKEN)
            lane.look_away()
            return False
        case _:
            return True
