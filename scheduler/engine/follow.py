"""Following jobs to their end: one schedule a lane, read by read."""

from __future__ import annotations

import math

import anyio

from ..amplify.port import Answer, CallFailed, Kind
from ..events import JobChanged
from ..model import Job, Outcome
from .faults import mended, read
from .state import Entry, LaneState

LOST = 60.0  #: seconds for which a job that cannot be found may still turn up
READS_AT_ONCE = 16

_OUTCOMES = {"SUCCEED": Outcome.SUCCEEDED, "FAILED": Outcome.FAILED, "CANCELLED": Outcome.CANCELLED}


def follow(lane: LaneState, entry: Entry, *, age: float = 0.0) -> None:
    """Take a job among those followed. `age`: seconds for which it has been there already.

    A run that does not follow still watches its jobs' slots while a window holds back its starts.
    """
    assert entry.job is not None
    now = lane.clock.now()
    entry.started_at = now - age
    entry.taken_at = entry.read_at = now
    lane.followed[entry.position] = entry
    lane.note_peaks()
    target = entry.target
    if lane.options.follow:
        lane.open += 1
        usual = lane.journal.durations(target.region, target.app, target.branch)
        entry.usual = sorted(usual)[len(usual) // 2] if usual else None
    if entry.job.ended:
        observe(lane, entry, Answer(entry.job, None))
    elif _watched(lane) or _marker_unknown(lane, entry):
        lane.schedule.put(entry.position, now, age=age, own=entry.usual, queued=entry.job.queued)
    else:
        lane.unwatched.append(entry)
    lane.wake()


def _watched(lane: LaneState) -> bool:
    return lane.options.follow or lane.limiter.limit.window is not None


def _marker_unknown(lane: LaneState, entry: Entry) -> bool:
    """Whether one read of this job would spare later starts their fence."""
    return entry.target.marker and entry.target.job_type.value not in lane.markers


async def follow_jobs(lane: LaneState) -> None:
    """Read the lane's jobs as they fall due, until cancelled."""
    async with anyio.create_task_group() as reads:
        while True:
            now = lane.clock.now()
            if lane.unwatched and _watched(lane):
                for entry in lane.unwatched:
                    lane.schedule.put(
                        entry.position,
                        now,
                        age=now - entry.started_at,
                        own=None,
                        queued=entry.active_at is None,
                    )
                lane.unwatched.clear()
            for position in lane.schedule.due(now, READS_AT_ONCE - lane.reading):
                lane.reading += 1
                reads.start_soon(_read, lane, lane.followed[position])
            soonest = lane.schedule.next_at() if lane.reading < READS_AT_ONCE else None
            with anyio.CancelScope(deadline=math.inf if soonest is None else soonest):
                await lane.news.wait()


async def _read(lane: LaneState, entry: Entry) -> None:
    job = entry.job
    assert job is not None
    target, refreshes = entry.target, lane.refreshes
    try:
        answer = await read(lane, lambda: lane.port.get_job(target.app, target.branch, job.jobId))
    except CallFailed as failure:
        await _unreadable(lane, entry, failure, refreshes)
    else:
        entry.lost_since = None
        entry.read_at = lane.clock.now()
        lane.learn_marker(entry, answer.job)
        observe(lane, entry, answer)
    finally:
        lane.reading -= 1
        lane.wake()
    if entry.position in lane.followed:
        _again(lane, entry)


def _again(lane: LaneState, entry: Entry) -> None:
    now = lane.clock.now()
    if not _watched(lane):
        lane.unwatched.append(entry)
        return
    began = entry.started_at if entry.active_at is None else entry.active_at
    lane.schedule.put(entry.position, now, age=now - began, own=entry.usual, queued=entry.active_at is None)


def observe(lane: LaneState, entry: Entry, answer: Answer) -> None:
    """Take note of a job as it was just read."""
    job, before = answer.job, entry.job
    now = lane.clock.now()
    waited = now - entry.taken_at
    lane.heard(answer.server_at)
    if entry.active_at is None and not job.queued:
        entry.active_at = now
        lane.limiter.tell(lambda limit, _: limit.job_active(waited))
    elif entry.active_at is None:
        lane.limiter.tell(lambda limit, _: limit.job_still_queued(waited))
    if before is None or job.status != before.status or job.ended:
        lane.record(JobChanged(at=lane.clock.wall(), position=entry.position, job=job))
    entry.job = job
    if job.ended:
        _leave(lane, entry)
        lane.schedule.ended(_length(job, now - (entry.active_at or now)))
        if not entry.ended and lane.options.follow:
            lane.open -= 1
            lane.end(entry, _OUTCOMES[job.status], _reason(job, answer.detail))
    elif not entry.ended:
        _check_deadlines(lane, entry, job, now)


def _length(job: Job, observed: float) -> float:
    """Seconds from start to end by the service's clock, else as observed."""
    if job.startTime is None or job.endTime is None:
        return observed
    return max(0.0, (job.endTime - job.startTime).total_seconds())


def _reason(job: Job, detail: str) -> str:
    match job.status:
        case "SUCCEED":
            return ""
        case "CANCELLED":
            return detail or f"job {job.jobId} was cancelled"
        case _:
            return detail or f"job {job.jobId} failed"


def _check_deadlines(lane: LaneState, entry: Entry, job: Job, now: float) -> None:
    target = entry.target
    if entry.active_at is None:
        over, limit, name = now - entry.started_at, target.queue_timeout, "queue_timeout"
    else:
        over, limit, name = now - entry.active_at, target.build_timeout, "build_timeout"
    if over > limit:
        reason = (
            f"job {job.jobId} is still {job.status} after {over / 60:.0f} min ({name}); it goes on in AWS"
        )
        _give_up(lane, entry, Outcome.TIMED_OUT, reason)


def _give_up(lane: LaneState, entry: Entry, outcome: Outcome, reason: str) -> None:
    """End the target while its job, as far as is known, goes on. A run that does not follow says nothing."""
    if lane.options.follow:
        lane.open -= 1
        lane.end(entry, outcome, reason)
    entry.ended = True


async def _unreadable(lane: LaneState, entry: Entry, failure: CallFailed, refreshes: int) -> None:
    """A read failed: that never fails the job. Only one that stays away for long is given up."""
    job = entry.job
    assert job is not None
    now = lane.clock.now()
    if failure.kind in {Kind.REJECTED, Kind.DENIED}:
        entry.lost_since = entry.lost_since if entry.lost_since is not None else now
        if now - entry.lost_since > LOST:
            _leave(lane, entry)
            if not entry.ended:
                reason = f"job {job.jobId} was started and can no longer be read: {failure.reason}"
                _give_up(lane, entry, Outcome.UNRESOLVED, reason)
        return
    await mended(lane, failure, refreshes)
    unseen = now - entry.read_at
    if not entry.ended and unseen > entry.target.build_timeout:
        reason = f"job {job.jobId} could not be read for {unseen / 60:.0f} min: {failure.reason}"
        _give_up(lane, entry, Outcome.TIMED_OUT, reason)


def _leave(lane: LaneState, entry: Entry) -> None:
    """Stop following: the job holds its slot no more."""
    del lane.followed[entry.position]
    was_active = entry.active_at is not None
    lane.limiter.tell(lambda limit, _: limit.job_ended(was_active=was_active))
