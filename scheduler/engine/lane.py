"""One lane of a run: sorts its targets by what they need, then starts and follows until nothing is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import assert_never

import anyio
from anyio.abc import TaskStatus

from ..amplify.port import AmplifyPort
from ..events import LaneStopped, LimitChanged, LimitsLearned
from ..journal.port import Journal, LaneRecord, TargetRecord
from ..model import Evidence, Limits
from .counters import Counters
from .crew import Crew
from .disposition import Need, dispose
from .entry import Entry
from .follow import follow, follow_jobs
from .lengths import Lengths
from .limit import Limit
from .limiter import Limiter
from .opening import Change
from .outside import Options, Outside
from .reads import Reads
from .reconcile import Slot, reconcile, reconcile_earlier, reconsider
from .schedule import Schedule
from .sought import Sought
from .start import start
from .state import LaneState
from .trail import Trail
from .watch import keep_an_eye

#: Targets of earlier runs in doubt on a target's branch, with their run's id.
Earlier = list[tuple[str, TargetRecord]]


def ceiling(limits: Limits, concurrency: int | None) -> int | None:
    """Return the jobs in flight that plan and command line allow a lane; None: to be learned."""
    given = [concurrency] if concurrency is not None else []
    if limits.builds is not None:
        given.append(max(1, limits.builds - limits.reserve))
    return min(given, default=None)


def open_lane(
    before: LaneRecord,
    port: AmplifyPort,
    journal: Journal,
    outside: Outside,
    options: Options,
    limits: Limits,
    records: Sequence[TargetRecord],
    *,
    remembered: LimitsLearned | None,
) -> LaneState:
    """Build a lane's state, going on from the counters that it had before.

    `remembered`: what earlier runs learned of its limits.
    """
    key, clock = before.lane, outside.clock
    limit = Limit(
        targets=len(records),
        ceiling=ceiling(limits, options.concurrency),
        remembered=remembered,
        reserve=limits.reserve,
        watching=options.follow,
    )

    def changed(change: Change) -> None:
        outside.record(
            LimitChanged(
                at=clock.wall(), lane=key, pace=limit.pace.value, window=limit.window, reason=change.reason
            )
        )

    limiter = Limiter(limit, clock, changed)
    limiter.held.update(before.counters.held)
    return LaneState(
        key=key,
        port=port,
        journal=journal,
        outside=outside,
        options=options,
        limiter=limiter,
        reads=Reads(clock, calls=before.counters.read_calls),
        lengths=Lengths(records, partial(journal.durations, endpoint=outside.endpoint)),
        schedule=Schedule(at_least=options.poll_interval),
        trail=Trail(outside.ask_cloudtrail if options.cloudtrail else None, clock.now),
        counters=Counters.of(before.counters),
        markers={
            job_type: kept
            for (lane, job_type), kept in journal.markers(endpoint=outside.endpoint).items()
            if lane == key
        },
    )


async def run_lane(lane: LaneState, records: Sequence[TargetRecord], earlier: Mapping[int, Earlier]) -> None:
    """Bring every target of the lane as far as it can come.

    Three groups of tasks end apart: a stop cancels starts and waits, a cut also the following, and calls in
    flight come to their end in any case.
    """
    async with anyio.create_task_group() as group:
        # Nothing but the drain timeout cuts a start; a call that is cut is in doubt.
        lane.calls = Crew(group, partial(start, lane), shielded=True)
        try:
            starts = await group.start(_host_starts, lane)
            follows = await group.start(_host_follows, lane)
            _sort(lane, records, earlier)
            await _idle(lane)
            reconsider(lane)
            await _idle(lane)
            starts.cancel()
            follows.cancel()
        except anyio.get_cancelled_exc_class():
            _break_off(lane)
            raise
        finally:
            lane.calls.dismiss()
    if lane.denials and lane.stopped is None and lane.denials == len(records):
        reason = "every start was refused for want of permission"
        lane.record(LaneStopped(at=lane.clock.wall(), lane=lane.key, reason=reason, denied=True))
    lane.measure()


async def _idle(lane: LaneState) -> None:
    """Return once nothing is left that the lane waits for."""
    while not lane.done:
        await lane.over.wait()


def _break_off(lane: LaneState) -> None:
    """Something failed, here or elsewhere in the run: send nothing more, and bound what is on its way."""
    lane.halt("the run failed")
    lane.calls.cut(within=lane.options.drain_timeout)


async def _host_starts(lane: LaneState, *, task_status: TaskStatus[anyio.CancelScope]) -> None:
    async with anyio.create_task_group() as lane.starts:
        task_status.started(lane.starts.cancel_scope)
        if lane.stopped is None:
            lane.starts.start_soon(_dispatch, lane)


async def _host_follows(lane: LaneState, *, task_status: TaskStatus[anyio.CancelScope]) -> None:
    async with anyio.create_task_group() as lane.follows:
        task_status.started(lane.follows.cancel_scope)
        if not lane.blind:
            lane.follows.start_soon(follow_jobs, lane)
            lane.follows.start_soon(keep_an_eye, lane)
            lane.follows.start_soon(lane.trail.watch)


def _sort(lane: LaneState, records: Sequence[TargetRecord], earlier: Mapping[int, Earlier]) -> None:
    """Send every target where its record says it belongs."""
    for record in records:
        entry = Entry(
            position=record.position,
            target=record.target,
            job=record.job,
            evidence=record.evidence,
            intents=[attempt.intent for attempt in record.attempts],
        )
        match dispose(record).need:
            case Need.NOTHING:
                pass
            case Need.START if record.position in earlier:
                lane.set_apart(reconcile_earlier, entry, earlier[record.position])
            case Need.START:
                if lane.stopped is None:
                    lane.line.put(entry)
            case Need.FOLLOW if lane.options.follow:
                lane.limiter.tell(lambda limit, now: limit.job_held(now))
                entry.age_guessed = record.evidence is not Evidence.ATTACHED
                follow(lane, entry, age=_age(lane, record))
            case Need.FOLLOW:
                pass
            case Need.RECONCILE:
                doubt = next(attempt for attempt in reversed(record.attempts) if attempt.in_doubt)
                sought = Sought.of_dead_process(doubt, lane.clock, lane.offset)
                why = doubt.error or "the process ended before it came"
                lane.keep_watch(reconcile, entry, sought, why, Slot(lane))
            case need:
                assert_never(need)
    lane.wake()


def _age(lane: LaneState, record: TargetRecord) -> float:
    """Seconds since the target's own job was started, as far as the wall clock tells.

    Somebody else's job is waited for since it was attached to, which is not recorded: since now.
    """
    if record.evidence is Evidence.ATTACHED or not record.attempts:
        return 0.0
    return max(0.0, lane.clock.wall() - record.attempts[-1].sent_at)


async def _dispatch(lane: LaneState) -> None:
    """Start the lane's targets one after the other, as fast as the limiter lets them through."""
    while True:
        if not lane.line:
            await lane.turn.wait()
            continue
        if lane.paused_until > lane.clock.now():
            await lane.limiter.pause(lane.paused_until)
            continue
        lane.limiter.limit.slots.waiting = len(lane.line)
        permit = await lane.limiter.acquire()
        if not lane.line or lane.paused_until > lane.clock.now():
            permit.ignore()  # a stop dropped the queue, or a pause began, while the permit was waited for
            continue
        lane.calling += 1
        lane.calls.put(lane.line.take(), permit)
