"""Stop the jobs of a run in AWS: only those that are proven to be its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

import anyio

from ..amplify.port import Answer, CallFailed
from ..events import Event, JobChanged, TargetEnded
from ..journal.port import TargetRecord
from ..model import Evidence, Job, LaneKey, Outcome
from .patience import AT_ONCE, Sleep, few_at_a_time, patiently

#: Seconds between two looks at a job that was asked to stop; a minute in all.
_LOOKS = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0)


class Lane(Protocol):
    """The calls of one lane. Every method raises `CallFailed`."""

    async def stop_job(self, app: str, branch: str, job_id: str) -> None: ...

    async def get_job(self, app: str, branch: str, job_id: str) -> Answer: ...


class Accounts(Protocol):
    """The run's accounts. Every method raises `CallFailed`."""

    async def verify(self, account: str) -> None: ...

    async def lane(self, key: LaneKey, *, calls: int) -> Lane: ...


class Decision(NamedTuple):
    """Whether a target's job may be stopped, and why."""

    stop: bool
    reason: str


class StopResult(StrEnum):
    """What became of a target's job."""

    STOPPED = "stopped"
    ENDED = "already_ended"
    NOT_STOPPED = "not_stopped"
    LEFT = "left_alone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """What became of a job, and the job as it was read afterwards (None: it could not be read)."""

    result: StopResult
    reason: str
    job: Job | None = None


#: Is told of every job that was asked to stop.
Done = Callable[[TargetRecord, Stopped], None]


def consider(record: TargetRecord, run: str) -> Decision | None:
    """Decide whether to stop a target's job; None: as far as is known it has none that has not ended.

    `run` is what `resume` is told of the run.
    """
    if record.job is None and any(attempt.in_doubt for attempt in record.attempts):
        looks = f"`amplify-release resume {run}` looks for it"
        return Decision(False, f"a start was sent and its job is not known; {looks}")
    if record.job is None or record.job.ended:
        return None
    job = f"job {record.job.jobId}"
    if record.evidence.proves:
        return Decision(True, f"{job} was started by this run")
    how = "somebody else's" if record.evidence is Evidence.ATTACHED else "only probably this run's own"
    return Decision(False, f"{job} is {how}; stop it in the console if it must end")


def conclude(job: Job, refusal: CallFailed | None) -> Stopped:
    """Decide what became of a job from its last reading and StopJob's refusal, if there was one."""
    if job.ended:
        by_us = job.status == "CANCELLED" and refusal is None
        return Stopped(
            result=StopResult.STOPPED if by_us else StopResult.ENDED,
            reason=f"job {job.jobId} ended as {job.status}",
            job=job,
        )
    if refusal is not None:
        reason = f"job {job.jobId} is {job.status}: {refusal.reason}"
    else:
        reason = f"job {job.jobId} was asked to stop and is still {job.status}; cancel again to look again"
    return Stopped(result=StopResult.NOT_STOPPED, reason=reason, job=job)


def events(record: TargetRecord, stopped: Stopped, at: float) -> Iterator[Event]:
    """Yield what to record. A target that has its end already keeps it, whatever becomes of its job."""
    job = stopped.job
    if job is None:
        return
    yield JobChanged(at=at, position=record.position, job=job)
    if stopped.result is StopResult.STOPPED and record.outcome is None:
        yield TargetEnded(
            at=at,
            position=record.position,
            outcome=Outcome.CANCELLED,
            reason=f"job {job.jobId} was stopped by `amplify-release cancel`",
        )


async def stop(
    records: Sequence[TargetRecord], accounts: Accounts, done: Done, sleep: Sleep = anyio.sleep
) -> None:
    """Ask every record's job to stop, a few at a time, and tell `done` what became of each.

    The records are those that `consider` allows. Nothing is stopped with credentials of another account than
    the plan names.
    """
    lanes: dict[LaneKey, list[TargetRecord]] = {}
    for record in records:
        lanes.setdefault(record.target.lane, []).append(record)

    async def of_lane(key: LaneKey) -> None:
        try:
            await patiently(lambda: accounts.verify(key.account), sleep)
            lane = await patiently(lambda: accounts.lane(key, calls=AT_ONCE), sleep)
        except CallFailed as failure:
            for record in lanes[key]:
                done(record, Stopped(result=StopResult.NOT_STOPPED, reason=failure.reason))
        else:
            await _stop_lane(lane, lanes[key], done, sleep)

    await few_at_a_time(lanes, of_lane)


async def _stop_lane(lane: Lane, records: Sequence[TargetRecord], done: Done, sleep: Sleep) -> None:
    """Ask all jobs first: they stop while the others are asked."""
    refusals: dict[int, CallFailed] = {}

    async def ask(record: TargetRecord) -> None:
        try:
            await patiently(lambda: lane.stop_job(*_named(record)), sleep)
        except CallFailed as failure:
            refusals[record.position] = failure

    async def look(record: TargetRecord) -> None:
        done(record, await _seen(lane, record, refusals.get(record.position), sleep))

    await few_at_a_time(records, ask)
    await few_at_a_time(records, look)


async def _seen(lane: Lane, record: TargetRecord, refusal: CallFailed | None, sleep: Sleep) -> Stopped:
    """Read a job until it has ended. One that StopJob was refused for may have ended, or be stopping."""
    try:
        for pause in _LOOKS:
            job = (await patiently(lambda: lane.get_job(*_named(record)), sleep)).job
            if job.ended or (refusal is not None and job.status != "CANCELLING"):
                break
            await sleep(pause)
    except CallFailed as failure:
        return Stopped(result=StopResult.NOT_STOPPED, reason=(refusal or failure).reason)
    return conclude(job, refusal)


def _named(record: TargetRecord) -> tuple[str, str, str]:
    assert record.job is not None
    return record.target.app, record.target.branch, record.job.jobId
