"""Following jobs to their end: one schedule a lane, read by read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import anyio

from ..amplify.port import Answer, CallFailed
from ..events import JobChanged
from ..model import OUTCOME_OF, Job
from .clock import GRAIN
from .crew import Crew
from .entry import Entry
from .faults import read
from .overdue import check_deadlines, unreadable
from .state import LaneState

READS_AT_ONCE = 16


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
    if lane.options.follow:
        lane.open += 1
    if lane.watched or _marker_unknown(lane, entry):
        _watch(lane, entry, now)
    else:
        lane.unwatched.append(entry)
    if entry.job.ended:
        observe(lane, entry, Answer(entry.job, None))
    lane.wake()


def _watch(lane: LaneState, entry: Entry, now: float) -> None:
    known = lane.lengths.of(entry.position) if lane.options.follow else []
    age = now - entry.started_at
    job = entry.job
    created = lane.clock.wall() - age if job is None or job.startTime is None else job.startTime.timestamp()
    lane.schedule.put(entry.position, now, age=age, lengths=known, created=created)


def _marker_unknown(lane: LaneState, entry: Entry) -> bool:
    """Whether one read of this job would spare later starts their fence."""
    return entry.target.marker and entry.target.job_type.value not in lane.markers


async def follow_jobs(lane: LaneState) -> None:
    """Read the lane's jobs as they fall due, until cancelled."""
    async with anyio.create_task_group() as group:
        reads = Crew(group, partial(_read, lane))
        while True:
            now = lane.clock.now()
            if lane.unwatched and lane.watched:
                for entry in lane.unwatched:
                    _watch(lane, entry, now)
                lane.unwatched.clear()
            room = READS_AT_ONCE - lane.reading
            for position in lane.schedule.due(now + GRAIN, room, full=_full(lane)):
                lane.reading += 1
                reads.put(lane.followed[position])
            await lane.due.wait(until=lane.schedule.next_at() if lane.reading < READS_AT_ONCE else math.inf)


def _full(lane: LaneState) -> bool:
    return lane.limiter.limit.queue.full


def _eager(lane: LaneState) -> bool:
    """Whether a start waits for the very next end: the service refuses above a number of jobs."""
    return lane.limiter.limit.slots.known is not None and bool(lane.line)


async def _read(lane: LaneState, entry: Entry) -> None:
    job = entry.job
    assert job is not None
    target, refreshes = entry.target, lane.refreshes
    try:
        answer = await read(lane, lambda: lane.port.get_job(target.app, target.branch, job.jobId))
    except CallFailed as failure:
        await unreadable(lane, entry, failure, refreshes)
    else:
        entry.lost_since = None
        entry.misses = 0
        entry.read_at = lane.moved_at = lane.clock.now()
        lane.learn_marker(entry, answer.job)
        observe(lane, entry, answer)
        if entry.position in lane.followed and not lane.watched:
            lane.schedule.drop(entry.position)
            lane.unwatched.append(entry)
    finally:
        lane.reading -= 1
        lane.wake()


def observe(lane: LaneState, entry: Entry, answer: Answer) -> None:
    """Take note of a job as it was just read."""
    job, before = answer.job, entry.job
    lane.heard(answer.server_at)
    _date(lane, entry, job)
    entry.job = job
    if before is None or job.status != before.status or job.ended:
        lane.record(JobChanged(at=lane.clock.wall(), position=entry.position, job=job))
    if job.ended:
        _ended(lane, entry, job, answer.detail)
        return
    _place(lane, entry, job)
    if not entry.ended:
        check_deadlines(lane, entry, job)


def _date(lane: LaneState, entry: Entry, job: Job) -> None:
    """Correct when a job of an earlier process was started: our wall clock may have been set since."""
    if entry.age_guessed and job.startTime is not None and lane.offset is not None:
        entry.age_guessed = False
        entry.started_at = min(entry.taken_at, job.startTime.timestamp() - lane.offset)


def _place(lane: LaneState, entry: Entry, job: Job) -> None:
    """Tell schedule and limit whether an unfinished job is queued or active."""
    now, limit = lane.clock.now(), lane.limiter.limit
    waited = now - entry.taken_at
    if job.queued:
        oldest = lane.schedule.is_oldest(entry.position)
        if lane.schedule.still_queued(entry.position, now, full=_full(lane)):
            entry.active_at = None
            lane.limiter.tell(lambda limit, _: limit.job_queued_again())
        elif oldest:
            lane.limiter.tell(lambda limit, _: limit.job_still_queued(waited))
        return
    moved = lane.schedule.active(entry.position, now, full=_full(lane), eager=_eager(lane))
    _became_active(lane, moved, entry, waited)
    if moved and limit.queue.slots is not None and limit.queue.active > limit.queue.slots:
        lane.schedule.hunt(now)


def _became_active(lane: LaneState, moved: Sequence[int], seen: Entry, waited: float) -> None:
    for position in moved:
        other = lane.followed[position]
        other.active_at = lane.clock.now()
        known = waited if other is seen else None
        lane.limiter.tell(lambda limit, _, known=known: limit.job_active(known))  # type: ignore[misc]


def _ended(lane: LaneState, entry: Entry, job: Job, detail: str) -> None:
    """Let an ended job go, and give its target the outcome if it has none."""
    now = lane.clock.now()
    end = _end_of(lane, entry, job)
    length = None if entry.active_at is None else max(0.0, end - entry.active_at)
    moved = lane.schedule.ended(entry.position, now, length) if _scheduled(lane, entry) else []
    _became_active(lane, moved, entry, 0.0)
    del lane.followed[entry.position]
    lasted = max(0.0, end - entry.started_at)
    lane.limiter.tell(lambda limit, _: limit.job_ended(end, lasted=lasted, active_for=length))
    if length is not None:
        lane.limiter.tell(lambda limit, _: limit.noticed(now - end))
    if not entry.ended and lane.options.follow:
        lane.open -= 1
        lane.end(entry, OUTCOME_OF[job.status], _reason(job, detail))


def _scheduled(lane: LaneState, entry: Entry) -> bool:
    if entry in lane.unwatched:
        lane.unwatched.remove(entry)
        return False
    return True


def _end_of(lane: LaneState, entry: Entry, job: Job) -> float:
    """When the job ended, on our steady clock: by the service's clock where that is known, else just now."""
    now = lane.clock.now()
    if job.endTime is None or lane.offset is None:
        return now
    return min(now, max(entry.started_at, job.endTime.timestamp() - lane.offset))


def _reason(job: Job, detail: str) -> str:
    match job.status:
        case "SUCCEED":
            return ""
        case "CANCELLED":
            return detail or f"job {job.jobId} was cancelled"
        case _:
            return detail or f"job {job.jobId} failed"
