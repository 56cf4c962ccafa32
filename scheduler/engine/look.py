"""Looking for the job of a start in doubt: at the branch, and at what CloudTrail recorded if it is asked."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

import anyio

from ..amplify.port import CallFailed
from ..model import Target
from .evidence import Absent, Conflict, Doubt, Exact, Probable, Refused, find
from .faults import mended, read
from .sought import Sought
from .state import LaneState
from .unresolved import seen

LAST_LOOKS = 8  #: looks at most after the settle time; only one that fails is followed by another
SOONEST = 0.5  #: seconds between two looks at the branch, doubling
LATEST = 30.0


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Nothing settles the matter; `found` says what was seen, `testimony` what CloudTrail says."""

    found: str
    testimony: str | None


#: What a look comes to once the matter is settled, or given up.
Conclusion = Exact | Probable | Refused | Unresolved


async def look(
    lane: LaneState, target: Target, sought: Sought, between: Callable[[], None] = lambda: None
) -> Conclusion:
    """Look for a start's job until it is found, or the settle time is over and CloudTrail has had its time.

    `between` is called after each look that found nothing.
    """
    deadline = math.inf  # the first look is never the last: it tells the service's clock
    wait, lasts = SOONEST, 0
    try:
        while True:
            last = lane.clock.now() >= deadline and not lane.trail.awaited(sought.attempt.intent)
            if last and not lasts:
                wait = SOONEST  # this look decides; if it fails, the next comes soon
            lasts += last
            conclusion = await _look_once(lane, target, sought, last=last, over=lasts == LAST_LOOKS)
            if conclusion is not None:
                return conclusion
            between()
            deadline = _placed(lane, sought).given_up + lane.options.settle
            left = deadline - lane.clock.now()
            await anyio.sleep(min(wait, left) if left > 0 else wait)
            wait = min(LATEST, 2 * wait)
    finally:
        lane.trail.leave(sought.attempt.intent)


async def _look_once(
    lane: LaneState, target: Target, sought: Sought, *, last: bool, over: bool
) -> Conclusion | None:
    """Look once. Before the `last`, only certainty settles the matter; `over`: whatever comes of it."""
    intent, refreshes = sought.attempt.intent, lane.refreshes
    fence = sought.attempt.fence or 0
    try:
        page = await read(lane, lambda: lane.port.list_jobs(target.app, target.branch, down_to=fence))
    except CallFailed as failure:
        finding = find(_doubt(lane, target, sought), (), {}, lane.trail.found(intent))
        if isinstance(finding, Exact | Refused):
            return finding
        if not await mended(lane, failure, refreshes):
            # The lane is given up and cancels this; the doubt stays open for resume.
            await anyio.sleep_forever()
        if over:
            found = f"The branch's jobs could not be listed: {failure.reason}"
            return Unresolved(found, lane.trail.testimony(intent))
        return None
    lane.heard(page.server_at)
    doubt = _doubt(lane, target, sought)
    recorded = lane.trail.found(intent)
    owners = {job: owner.intent for job, owner in lane.owners(target).items()}
    match find(doubt, page.jobs, owners, recorded):
        case Exact() | Refused() as finding:
            return finding
        case _ if not last:
            return None
        case Probable() as finding:
            return finding
        case Absent() | Conflict() as finding:
            return Unresolved(seen(finding, recorded), lane.trail.testimony(intent))
        case finding:
            assert_never(finding)


def _placed(lane: LaneState, sought: Sought) -> Sought:
    return sought.placed(lane.clock, lane.offset)


def _doubt(lane: LaneState, target: Target, sought: Sought) -> Doubt:
    """Put down what is known of the start, and have CloudTrail asked for it once its time is known."""
    sought = _placed(lane, sought)
    kept = lane.markers.get(target.job_type.value) is True
    unrecorded = lane.trail.silent(sought.attempt.intent)
    doubt = sought.doubt(target, lane.offset, kept=kept, unrecorded=unrecorded)
    if doubt.sent is not None:
        offset = doubt.sent - sought.sent
        lane.trail.seek(doubt.intent, sent=sought.sent, given_up=sought.given_up, offset=offset)
    return doubt
