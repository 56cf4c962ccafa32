"""Targets in doubt: a start was sent and its answer never came. Look for its job; never send again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import anyio

from ..amplify.port import CallFailed
from ..events import JobAdopted
from ..journal.port import AttemptRecord, TargetRecord
from ..model import Evidence, Job, Outcome, Target, rfc3339
from .clock import Clock
from .evidence import Absent, Conflict, Doubt, Exact, Finding, Probable, find
from .faults import mended, read
from .follow import follow
from .state import Entry, LaneState

CALL_AT_MOST = 60.0  #: seconds a StartJob call lasts at most, also one of a process that died
LAST_LOOKS = 60.0  #: seconds beyond the settle time in which a look that failed is tried again
HOLD = 30.0  #: seconds for which a start in doubt holds a slot
SOONEST = 0.5  #: seconds between two looks at the branch, doubling
LATEST = 30.0


@dataclass(frozen=True, slots=True)
class Sought:
    """A start in doubt, with the moments when it was sent and given up, on the steady clock."""

    attempt: AttemptRecord
    sent: float
    given_up: float

    @classmethod
    def of_dead_process(cls, attempt: AttemptRecord, clock: Clock) -> Sought:
        """Place an earlier process's start on this clock; only the wall clock can tell how old it is."""
        now = clock.now()
        sent = now - max(0.0, clock.wall() - attempt.sent_at)
        if attempt.answered_at is None:
            return cls(attempt, sent, min(now, sent + CALL_AT_MOST))
        return cls(attempt, sent, sent + max(0.0, attempt.answered_at - attempt.sent_at))


@dataclass(frozen=True, slots=True)
class _Found:
    job: Job
    evidence: Evidence
    reason: str


async def reconcile(lane: LaneState, entry: Entry, sought: Sought, why: str) -> None:
    """Find out what became of this run's own start in doubt, and follow its job or report it unresolved."""
    try:
        held = _Slot(lane)
        lane.park(entry, "in doubt: the start's answer never came; looking for its job")
        found = await _look(lane, entry.target, sought, held)
        if isinstance(found, str):
            held.release()
            lane.end(entry, Outcome.UNRESOLVED, _sentence(lane, sought.attempt, why, found))
            return
        held.keep()
        entry.job, entry.evidence = found.job, found.evidence
        _adopt(lane, entry.position, sought.attempt.intent, found)
        follow(lane, entry, age=lane.clock.now() - sought.sent)
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
                sought = Sought.of_dead_process(attempt, lane.clock)
                found = await _look(lane, record.target, sought, None)
                if isinstance(found, str):
                    sentence = _sentence(lane, attempt, f"by run {run}", found)
                    lane.end(
                        entry, Outcome.UNRESOLVED, f"not sent, for an earlier start is in doubt: {sentence}"
                    )
                    return
                _adopt(lane, record.position, attempt.intent, found)
        lane.queue.put_back(entry)
    finally:
        lane.parked -= 1
        lane.wake()


class _Slot:
    """The slot that a start in doubt holds: for a while, or for good once its job is known."""

    def __init__(self, lane: LaneState) -> None:
        self._lane = lane
        self._until = lane.clock.now() + HOLD
        self._held = True
        lane.limiter.tell(lambda limit, now: limit.job_held(now))

    def keep(self) -> None:
        if not self._held:
            self._lane.limiter.tell(lambda limit, now: limit.job_held(now))

    def release(self) -> None:
        if self._held:
            self._held = False
            self._lane.limiter.tell(lambda limit, now: limit.job_ended(now, lasted=None, active_for=None))

    def expire(self) -> None:
        if self._lane.clock.now() >= self._until:
            self.release()


async def _look(lane: LaneState, target: Target, sought: Sought, slot: _Slot | None) -> _Found | str:
    """List the branch's jobs until the settle time is over; return the job, or why there is none."""
    deadline = sought.given_up + lane.options.settle
    over = max(deadline, lane.clock.now()) + LAST_LOOKS
    wait = SOONEST
    while True:
        now = lane.clock.now()
        verdict = await _judge(lane, target, sought, last=now >= deadline, over=now >= over)
        if verdict is not None:
            return verdict
        if slot is not None:
            slot.expire()
        left = deadline - lane.clock.now()
        await anyio.sleep(min(wait, left) if left > 0 else wait)
        wait = min(LATEST, 2 * wait)


async def _judge(
    lane: LaneState, target: Target, sought: Sought, *, last: bool, over: bool
) -> _Found | str | None:
    """Look once. Before the settle time is over (`last`), only an exact job settles the matter.

    `over`: a look that fails is not tried again either.
    """
    refreshes = lane.refreshes
    fence = sought.attempt.fence or 0
    try:
        page = await read(lane, lambda: lane.port.list_jobs(target.app, target.branch, down_to=fence))
    except CallFailed as failure:
        if not await mended(lane, failure, refreshes) or over:
            return f"The branch's jobs could not be listed: {failure.reason}"
        return None
    lane.heard(page.server_at)
    owners = lane.owners(target)
    return _conclude(find(_doubt(lane, target, sought), page.jobs, owners), last=last)


def _doubt(lane: LaneState, target: Target, sought: Sought) -> Doubt:
    sent = sought.attempt.server_at
    if sent is None and lane.offset is not None:
        sent = sought.sent + lane.offset
    return Doubt(
        intent=sought.attempt.intent,
        job_type=target.job_type.value,
        fence=sought.attempt.fence,
        sent=sent,
        given_up=None if sent is None else sent + sought.given_up - sought.sent,
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
