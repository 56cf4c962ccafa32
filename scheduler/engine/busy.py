"""A target whose branch already has a job: it waits alone, by reads, and costs the others nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

import anyio

from ..amplify.port import CallFailed, Kind
from ..events import JobAdopted
from ..journal.port import Owner
from ..model import Evidence, Job, OnBusy, Outcome
from ..spoken import span
from .entry import Entry
from .evidence import own_job
from .faults import mended, read
from .follow import follow
from .state import LaneState

SOONEST = 0.2  #: seconds between two looks at the branch
LATEST = 15.0
LAST_LOOKS = 60.0  #: seconds for which a look that fails is tried again at least


async def settle_busy(lane: LaneState, entry: Entry, jobs: Sequence[Job] | None) -> None:
    """Bring a target with a busy branch back to the queue, to somebody's job, or to its end.

    `jobs`: the branch's jobs, if they were just listed.
    """
    try:
        await _settle(lane, entry, jobs)
    finally:
        lane.parked -= 1
        lane.wake()


async def _settle(lane: LaneState, entry: Entry, jobs: Sequence[Job] | None) -> None:
    entry.busy_count += 1
    if entry.busy_since is None:
        entry.busy_since = lane.clock.now()
    asked_to_stop = False
    while True:
        jobs = jobs if jobs is not None else await _list(lane, entry, entry.busy_since)
        if jobs is None:
            return
        if (own := own_job(entry.intents, jobs)) is not None:
            # An earlier attempt that was refused, or seemed to be, has made this very job.
            _take(lane, entry, own[1], Evidence.ADOPTED_EXACT, own[0], "the job on the branch is our own")
            return
        active = max((job for job in jobs if not job.ended), key=lambda job: job.number, default=None)
        waited = lane.clock.now() - entry.busy_since
        if active is None and entry.busy_count == 1:
            lane.line.put_back(entry)
            return
        if _give_way(lane, entry, active, waited):
            return
        if active is None:
            # StartJob says that the branch is busy, ListJobs that it is not; asking at once would not help.
            await anyio.sleep(min(LATEST, SOONEST * 2.0 ** min(entry.busy_count, 10)))
            lane.line.put_back(entry)
            return
        if entry.target.on_busy is OnBusy.SUPERSEDE and not asked_to_stop:
            asked_to_stop = await _supersede(lane, entry, active)
        lane.park(entry, f"{_named(active)} holds the branch")
        await anyio.sleep(min(LATEST, max(SOONEST, 0.1 * waited), entry.target.queue_timeout - waited))
        jobs = None


def _give_way(lane: LaneState, entry: Entry, active: Job | None, waited: float) -> bool:
    """End the target, or follow the branch's job in its stead, if its `on_busy` or its patience says so."""
    match entry.target.on_busy:
        case OnBusy.SKIP:
            lane.end(entry, Outcome.SKIPPED, f"the branch is busy with {_named(active)}")
            return True
        case OnBusy.FAIL:
            lane.end(entry, Outcome.FAILED, f"the branch is busy with {_named(active)}")
            return True
        case OnBusy.ATTACH if active is not None:
            _take(lane, entry, active, Evidence.ATTACHED, None, f"attached to {_named(active)}")
            return True
        case OnBusy.WAIT | OnBusy.SUPERSEDE | OnBusy.ATTACH:
            if waited < entry.target.queue_timeout:
                return False
            reason = f"the branch was busy for {span(waited)}, last with {_named(active)}"
            lane.end(entry, Outcome.SKIPPED, reason)
            return True
        case _:
            assert_never(entry.target.on_busy)


async def _list(lane: LaneState, entry: Entry, since: float) -> Sequence[Job] | None:
    """List the branch's newest jobs, with the target's patience; None: it ended, or its lane stopped."""
    target = entry.target
    wait = SOONEST
    over = max(since + target.queue_timeout, lane.clock.now() + LAST_LOOKS)
    while True:
        refreshes = lane.refreshes
        try:
            page = await read(lane, lambda: lane.port.list_jobs(target.app, target.branch))
        except CallFailed as failure:
            now = lane.clock.now()
            if failure.kind in {Kind.REJECTED, Kind.DENIED}:
                lane.end(entry, Outcome.REJECTED, failure.reason)
                return None
            if now >= over:
                reason = f"the branch's jobs could not be listed for {span(now - since)}: {failure.reason}"
                lane.end(entry, Outcome.SKIPPED, reason)
                return None
            if not await mended(lane, failure, refreshes):
                return None
            await anyio.sleep(min(wait, over - now))
            wait = min(LATEST, 2 * wait)
        else:
            lane.moved_at = lane.clock.now()
            lane.heard(page.server_at)
            return page.jobs


async def _supersede(lane: LaneState, entry: Entry, active: Job) -> bool:
    """Stop the branch's job if the journal proves that it is ours; return whether it was asked to stop."""
    target = entry.target
    owner = lane.owners(target).get(active.jobId)
    if owner is None or not owner.proven:
        return False
    try:
        await read(lane, lambda: lane.port.stop_job(target.app, target.branch, active.jobId))
    except CallFailed:
        return False  # it may have ended meanwhile; the next look tells
    return True


def _take(
    lane: LaneState, entry: Entry, job: Job, evidence: Evidence, intent: str | None, reason: str
) -> None:
    entry.job = job
    entry.evidence = evidence
    if evidence is Evidence.ATTACHED and job.status == "RUNNING":
        reason += "; it was already running and may miss newer commits"
    lane.limiter.tell(lambda limit, now: limit.job_held(now))
    if intent is not None:
        lane.take(entry.target, job, Owner.by(intent, evidence))
    lane.record(
        JobAdopted(
            at=lane.clock.wall(),
            position=entry.position,
            intent=intent,
            evidence=evidence,
            job=job,
            reason=reason,
        )
    )
    follow(lane, entry)


def _named(job: Job | None) -> str:
    return "a job that cannot be seen" if job is None else f"job {job.jobId} ({job.status})"
