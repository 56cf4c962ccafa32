"""An eye on a lane: what is measured and learned of it, what holds it back, and whether it stands still."""

from __future__ import annotations

import math
from dataclasses import dataclass

import anyio

from ..events import LaneHeld
from ..model import Hold
from ..spoken import span
from .opening import Opening
from .state import LaneState

LOOK_EVERY = 2.0  #: seconds between two looks, and so between two records of a lane's counters
LEARN_EVERY = 180.0  #: seconds between two records of what was learned of the limits
LASTS = 5.0  #: seconds after which what holds a lane back is worth a record
STALLED = 600.0  #: seconds without a start, an end or a read after which a lane is called stalled
STALLED_JOBS = 3.0  #: and this many times what a job takes


async def keep_an_eye(lane: LaneState) -> None:
    """Look at the lane now and then, until cancelled; what was learned and measured last is recorded then."""
    eye = _Eye(lane)
    lane.moved_at = learned_at = lane.clock.now()
    try:
        while True:
            await anyio.sleep(LOOK_EVERY)
            lane.measure()
            eye.look()
            _stop_if_stuck(lane)
            if lane.clock.now() >= learned_at + LEARN_EVERY:
                learned_at = lane.clock.now()
                _record_learned(lane)
    finally:
        eye.close()
        _record_learned(lane)


def holds(lane: LaneState) -> Opening | None:
    """Say what holds the lane's next start back; None: no target waits for the lane."""
    if not lane.line:
        return None
    if lane.paused_until > lane.clock.now():
        return Opening(lane.paused_until, Hold.UNREACHED, "the service is not reached")
    return lane.limiter.holds


def _record_learned(lane: LaneState) -> None:
    learned = lane.limiter.limit.learned(lane.clock.wall(), lane.key)
    if learned is not None:
        lane.record(learned)


@dataclass(slots=True)
class _Eye:
    """What was seen to hold the lane, since when, and what of it was told."""

    lane: LaneState
    kind: Hold | None = None
    since: float = -math.inf
    told: Hold | None = None
    stalled: bool = False

    def look(self) -> None:
        hold = holds(self.lane)
        now = self.lane.clock.now()
        kind = None if hold is None else hold.kind
        if kind is not self.kind:
            self.kind, self.since = kind, now
        still = now - self.lane.moved_at
        if still >= max(STALLED, STALLED_JOBS * self.lane.limiter.limit.slots.length) and _waits(self.lane):
            if not self.stalled:
                self.stalled = True
                self._tell(f"stalled: nothing has moved for {span(still)}; {_awaited(self.lane, hold)}")
        elif self.stalled or (kind is not self.told and (kind is None or now >= self.since + LASTS)):
            self.stalled = False
            self._tell("" if hold is None else hold.reason)

    def close(self) -> None:
        """Nothing is held in a lane that has come to its end."""
        if self.told is not None or self.stalled:
            self.kind, self.stalled = None, False
            self._tell("")

    def _tell(self, reason: str) -> None:
        self.told = self.kind
        self.lane.record(
            LaneHeld(
                at=self.lane.clock.wall(),
                lane=self.lane.key,
                kind=self.kind,
                reason=reason,
                stalled=self.stalled,
            )
        )


def _waits(lane: LaneState) -> bool:
    return lane.stopped is None and bool(lane.line or lane.parked)


def _awaited(lane: LaneState, hold: Opening | None) -> str:
    if hold is not None:
        return hold.reason
    return f"{lane.parked} waiting for their branches" if lane.parked else ""


def _stop_if_stuck(lane: LaneState) -> None:
    """Stop a lane whose slots are all held by timed-out jobs, once the next target's patience ends."""
    held = bool(lane.followed) and all(entry.ended for entry in lane.followed.values())
    if not (held and lane.line) or lane.calling or lane.in_doubt:
        lane.stuck_since = None
        return
    now = lane.clock.now()
    if lane.stuck_since is None:
        lane.stuck_since = now
    if now - lane.stuck_since > lane.line.first().target.queue_timeout:
        jobs = len(lane.followed)
        reason = f"{jobs} jobs that timed out hold every slot; stop them in the Amplify console and resume"
        lane.stop(reason, denied=False)
