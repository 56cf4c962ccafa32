"""Targets in doubt: a start was sent and its answer never came. Look for its job; never send again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import anyio

from ..amplify.port import CallFailed
from ..events import JobAdopted
from ..journal.port import AttemptRecord, TargetRecord
from ..model import Evidence, Job, Outcome, Target, rfc3339
from .evidence import Absent, Conflict, Doubt, Exact, Finding, Probable, find
from .faults import mended
from .follow import follow
from .state import Entry, LaneState

CALL_AT_MOST = 60.0  #: seconds a StartJob call lasts at most; one of a dead process began no later ending
HOLD = 30.0  #: seconds for which a start in doubt holds a slot
SOONEST = 0.5  #: seconds between two looks at the branch, doubling
LATEST = 30.0


@dataclass(frozen=True, slots=True)
class _Found:
    job: Job
    evidence: Evidence
    reason: str


async def reconcile(lane: LaneState, entry: Entry, attempt: AttemptRecord, why: str) -> None:
    """Find out what became of this run's own start in doubt, and follow its job or report it unresolved."""
    try:
        held = _Slot(lane)
        lane.park(entry, "in doubt: the start's answer never came; looking for its job")
        found = await _look(lane, entry.target, attempt, held)
        if isinstance(found, str):
            held.release()
            lane.end(entry, Outcome.UNRESOLVED, _sentence(lane, attempt, why, found))
            return
        held.keep()
        entry.job, entry.evidence = found.job, found.evidence
        _adopt(lane, entry.position, attempt.intent, found)
        follow(lane, entry, age=max(0.0, lane.clock.wall() - attempt.sent_at))
    finally:
        lane.in_doubt -= 1
        lane.wake()


async def reconcile_earlier(
    lane: LaneState, entry: Entry, earlier: Sequence[tuple[str, TargetRecord]]
) -> None:
    """Settle the doubts that earlier runs left on this target's branch; start it only when none remains."""
    try:
        for run, record in earlier:
            for attempt in (attempt for attempt in record.attempts if attempt.in_doubt):
                lane.park(entry, f"looking for a start of run {run} that is in doubt")
                found = await _look(lane, record.target, attempt, None)
                if isinstance(found, str):
                    sentence = _sentence(lane, attempt, f"by run {run}", found)
                    lane.end(
                        entry, Outcome.UNRESOLVED, f"not sent, for an earlier start is in doubt: {sentence}"
                    )
                    return
                _adopt(lane, record.position, attempt.intent, found)
        lane.queue.append(entry)
    finally:
        lane.parked -= 1
        lane.wake()


class _Slot:
    """The slot that a start in doubt holds: for a while, or for good once its job is known."""

    def __init__(self, lane: LaneState) -> None:
        self._lane = lane
        self._until = lane.clock.now() + HOLD
        self._held = True
        lane.limiter.tell(lambda limit, _: limit.job_held())

    def keep(self) -> None:
        if not self._held:
            self._lane.limiter.tell(lambda limit, _: limit.job_held())

    def release(self) -> None:
        if self._held:
            self._held = False
            self._lane.limiter.tell(lambda limit, _: limit.job_ended(was_active=False))

    def expire(self) -> None:
        if self._lane.clock.now() >= self._until:
            self.release()


async def _look(lane: LaneState, target: Target, attempt: AttemptRecord, slot: _Slot | None) -> _Found | str:
    """List the branch's jobs until the settle time is over; return the job, or why there is none."""
    given_up = attempt.answered_at
    if given_up is None:
        given_up = min(lane.clock.wall(), attempt.sent_at + CALL_AT_MOST)
    deadline = lane.clock.now() + given_up + lane.options.settle - lane.clock.wall()
    wait = SOONEST
    while True:
        last = lane.clock.now() >= deadline
        verdict = await _judge(lane, target, attempt, given_up, last=last)
        if verdict is not None:
            return verdict
        if slot is not None:
            slot.expire()
        await anyio.sleep(min(wait, max(0.0, deadline - lane.clock.now())))
        wait = min(LATEST, 2 * wait)


async def _judge(
    lane: LaneState, target: Target, attempt: AttemptRecord, given_up: float, *, last: bool
) -> _Found | str | None:
    """Look once. Only an exact job settles the matter before the settle time is over."""
    try:
        page = await lane.reads.make(
            lambda: lane.port.list_jobs(target.app, target.branch, down_to=attempt.fence or 0)
        )
    except CallFailed as failure:
        if not await mended(lane, failure) or last:
            return f"The branch's jobs could not be listed: {failure.reason}"
        return None
    lane.heard(page.server_at)
    owners = lane.journal.owners(target.region, target.app, target.branch)
    finding = find(_doubt(lane, target, attempt, given_up), page.jobs, owners)
    return _conclude(finding, last=last)


def _doubt(lane: LaneState, target: Target, attempt: AttemptRecord, given_up: float) -> Doubt:
    skew = lane.skew
    sent = attempt.server_at
    if sent is None and skew is not None:
        sent = attempt.sent_at + skew
    return Doubt(
        intent=attempt.intent,
        job_type=target.job_type.value,
        fence=attempt.fence,
        sent=sent,
        given_up=None if sent is None else sent + given_up - attempt.sent_at,
        kept=target.marker and lane.markers.get(target.job_type.value) is True,
    )


def _conclude(finding: Finding, *, last: bool) -> _Found | str | None:
    match finding:
        case Exact(job):
            return _Found(job, Evidence.ADOPTED_EXACT, f"job {job.jobId} carries the marker of this start")
        case _ if not last:
            return None
        case Probable(job):
            reason = f"job {job.jobId} is most likely ours; another person may have started it"
            return _Found(job, Evidence.ADOPTED_PROBABLE, reason)
        case Conflict(jobs):
            return f"Jobs {', '.join(job.jobId for job in jobs)} all fit, and nothing tells which is ours."
        case Absent(reason):
            return f"{reason[0].upper()}{reason[1:]}. It was probably not started."


def _sentence(lane: LaneState, attempt: AttemptRecord, why: str, found: str) -> str:
    """Say what was sent, what was seen, and what to do: the words a person decides by at night."""
    return (
        f"the start was sent at {rfc3339(attempt.sent_at)} and its answer is not known ({why}). {found} "
        f"Looked for {lane.options.settle:.0f} s; nothing was sent again. Look at the branch in the Amplify "
        "console; to start it anyway: amplify-release resume --restart-unresolved"
    )


def _adopt(lane: LaneState, position: int, intent: str, found: _Found) -> None:
    lane.record(
        JobAdopted(
            at=lane.clock.wall(),
            position=position,
            intent=intent,
            evidence=found.evidence,
            job=found.job,
            reason=found.reason,
        )
    )
