"""Jobs that are waited for no longer: overdue ones, and those that can no longer be read."""

from __future__ import annotations

from ..amplify.port import CallFailed, Kind
from ..model import Job, Outcome
from ..spoken import span
from .entry import Entry
from .faults import mended
from .state import LaneState

LOST = 60.0  #: seconds for which a job that cannot be found may still turn up
MISSES = 8  #: reads that fail in a row before their job is given up, though hours passed: we may have slept


def check_deadlines(lane: LaneState, entry: Entry, job: Job) -> None:
    """Give a job up that has been queued or building for longer than its target allows.

    A process that took the job over saw it active later than it was; but it may not have queued for longer
    than `queue_timeout`, so its build is counted from then at the latest.
    """
    target, now = entry.target, lane.clock.now()
    if entry.active_at is None:
        over, limit, name = now - entry.started_at, target.queue_timeout, "queue_timeout"
    else:
        began = min(entry.active_at, entry.started_at + target.queue_timeout)
        over, limit, name = now - began, target.build_timeout, "build_timeout"
    if over > limit:
        reason = f"job {job.jobId} is still {job.status} after {span(over)} ({name}); it goes on in AWS"
        _give_up(lane, entry, Outcome.TIMED_OUT, reason)


def _give_up(lane: LaneState, entry: Entry, outcome: Outcome, reason: str) -> None:
    """End the target while its job, as far as is known, goes on. A run that does not follow says nothing."""
    if lane.options.follow:
        lane.open -= 1
        lane.end(entry, outcome, reason)
    entry.ended = True


async def unreadable(lane: LaneState, entry: Entry, failure: CallFailed, refreshes: int) -> None:
    """A read failed: that never fails the job. Only one that stays away for long is given up."""
    job = entry.job
    assert job is not None
    now = lane.clock.now()
    entry.misses += 1
    if failure.kind in {Kind.REJECTED, Kind.DENIED}:
        lane.schedule.missed(entry.position, now, _patience(entry))
        entry.lost_since = entry.lost_since if entry.lost_since is not None else now
        if now - entry.lost_since > LOST:
            _leave(lane, entry)
            if not entry.ended:
                reason = f"job {job.jobId} was started and can no longer be read: {failure.reason}"
                _give_up(lane, entry, Outcome.UNRESOLVED, reason)
        return
    await mended(lane, failure, refreshes)
    lane.schedule.missed(entry.position, now, _patience(entry))
    unseen = now - entry.read_at
    if not entry.ended and unseen > entry.target.build_timeout and entry.misses >= MISSES:
        reason = f"job {job.jobId} could not be read for {span(unseen)}: {failure.reason}"
        _give_up(lane, entry, Outcome.TIMED_OUT, reason)


def _patience(entry: Entry) -> float:
    """Seconds until a job whose read failed is read again."""
    return min(30.0, 0.5 * 2.0 ** min(entry.misses, 10))


def _leave(lane: LaneState, entry: Entry) -> None:
    """Stop following a job that cannot be read: it holds its slot no more."""
    del lane.followed[entry.position]
    lane.schedule.drop(entry.position)
    active_for = None if entry.active_at is None else 0.0
    lane.limiter.tell(lambda limit, now: limit.job_ended(now, lasted=None, active_for=active_for))
