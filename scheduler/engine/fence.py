"""The fence: a look at a branch before a start is sent, so that a lost reply can be told from silence."""

from __future__ import annotations

from ..amplify.port import CallFailed
from ..model import JobType
from .busy import settle_busy
from .entry import Entry
from .evidence import own_job
from .faults import read
from .state import LaneState

FRESH = 10.0  #: seconds for which a look that was made ahead stands


def needs_fence(lane: LaneState, entry: Entry) -> bool:
    """Whether the branch must be looked at before the send.

    Not where this lane was seen to keep the marker for this job type: there the marker alone decides. But
    always after an attempt that came to nothing: what was called throttled may have made a job all the same.
    """
    target = entry.target
    if entry.intents or not target.marker or target.job_type is JobType.RETRY:
        return True
    return lane.markers.get(target.job_type.value) is not True


async def fence_off(lane: LaneState, entry: Entry) -> int | None:
    """Return the highest job number on the target's branch, 0 without any.

    None: the branch is busy or has a job of ours, and the target waits apart now. Raises CallFailed.
    """
    now = lane.clock.now()
    if entry.fence is not None and now < entry.fenced_at + FRESH:
        fence, entry.fence = entry.fence, None
        return fence
    page = await read(lane, lambda: lane.port.list_jobs(entry.target.app, entry.target.branch))
    lane.heard(page.server_at)
    if own_job(entry.intents, page.jobs) is not None or any(not job.ended for job in page.jobs):
        lane.set_apart(settle_busy, entry, page.jobs)
        return None
    return max((job.number for job in page.jobs), default=0)


async def fence_ahead(lane: LaneState, entry: Entry) -> None:
    """Look at the branch of a target that was throttled, and give it its turn again.

    The look is made before the permit, for what lies between permit and send blurs the pace.
    """
    try:
        fence = await fence_off(lane, entry)
    except CallFailed:
        lane.line.put_back(entry)  # its next start looks again, and deals with what it meets
    else:
        if fence is not None:
            entry.fence, entry.fenced_at = fence, lane.clock.now()
            lane.line.put_back(entry)
    finally:
        lane.parked -= 1
        lane.wake()
