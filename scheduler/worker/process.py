"""A worker: one process of a fleet, from its first lane to the signal that ends it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from functools import partial
from signal import SIGINT, SIGTERM

import anyio

from ..errors import ExitCode, JournalError, RunNotFound, innermost
from ..events import Event, LaneStopped, RunEnded
from ..journal.lease import Lease
from ..journal.postgres.shared import PostgresShared
from ..model import LaneKey, StopCause
from ..signals import heed
from .lanes import Lanes
from .order import Order
from .queue import Queue

#: The lane of those who look for lanes of lost workers: one of all processes does.
_RESCUE = "rescue"

#: Says a sentence to whoever watches the process.
Tell = Callable[[str], None]


async def serve(
    shared: PostgresShared,
    lanes: Lanes,
    *,
    endpoint: str,
    owner: str,
    at_once: int,
    lease: float,
    drain: float,
    tell: Tell,
) -> ExitCode:
    """Work on lanes of runs at an endpoint, so many at once, until a signal comes.

    Leaves the process at once, with exit code 70, when a lane was lost, or the journal: whoever owns its
    lanes now must not be disturbed, and the queue not be told that a lane has ended that is another's.
    Durations are seconds; `drain` bounds the calls in flight after the signal.
    """
    queue = Queue(shared)
    await queue.open()
    stopping = anyio.Event()

    def stop(cause: StopCause, reason: str) -> None:
        stopping.set()
        lanes.leave(cause, reason)

    async with anyio.create_task_group() as beside:
        await beside.start(heed, (SIGINT, SIGTERM), stop)
        beside.start_soon(lanes.oversee)
        beside.start_soon(_rescue, shared, queue, owner, lease)
        tell(f"working on up to {at_once} lanes at {endpoint}")
        work, code = partial(_bring_to_its_end, shared, lanes, tell), ExitCode.SUCCEEDED
        try:
            await queue.serve(endpoint, work, stopping, lanes=at_once, lease=lease, patience=drain + 5.0)
        except JournalError as error:
            tell(f"{error}; this worker ends")
            code = ExitCode.INTERNAL
        beside.cancel_scope.cancel()
    return code


async def _bring_to_its_end(
    shared: PostgresShared, lanes: Lanes, tell: Tell, order: Order, lane: LaneKey, positions: Sequence[int]
) -> bool:
    """Work on a lane that the queue gave out, and tell of it; return whether nothing is left to do."""

    def hear(event: Event) -> None:
        # What stops a lane is often this host's own: credentials, a profile, the way to AWS.
        if isinstance(event, LaneStopped):
            tell(f"run {order.run}: {lane} stopped, nothing more is started there: {event.reason}")

    tell(f"run {order.run}: {lane} begins")
    done = True
    try:
        done = await lanes.work(order, lane, positions, hear)
        if done and await shared.finish(order.run, lane):
            await end(shared, order.run)
    except* RunNotFound as faults:
        tell(f"run {order.run}: {lane} cannot be worked on: {innermost(faults)}")
    except* JournalError as faults:
        tell(f"run {order.run}: {lane} is left: {innermost(faults)}")
        os._exit(ExitCode.INTERNAL)
    tell(f"run {order.run}: {lane} {'ends' if done else 'is handed over'}")
    return done


async def end(shared: PostgresShared, run: str) -> None:
    """Record that a run is over, unless somebody has. Raises JournalError."""
    with closing(shared.journal()) as journal:
        if journal.run(run).ended_at is None:
            journal.amend(run)
            journal.record(RunEnded(at=time.time()))
            await journal.commit()


async def _rescue(shared: PostgresShared, queue: Queue, owner: str, lease: float) -> None:
    """Put lost workers' lanes back, if no other process does that already."""
    held: Lease | None = None
    while True:
        with suppress(JournalError):
            if held is None:
                taken = await shared.take(_RESCUE, owner=owner, run="", seconds=lease)
                held = taken if isinstance(taken, Lease) else None
            else:
                held = await _renewed(shared, held)
            if held is not None:
                await queue.rescue(1.2 * lease)
        await anyio.sleep(lease / 5)


async def _renewed(shared: PostgresShared, held: Lease) -> Lease | None:
    try:
        return await shared.renew(held)
    except JournalError:
        return None
