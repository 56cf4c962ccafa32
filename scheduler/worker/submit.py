"""Giving a run to a fleet, and watching from wherever one is what becomes of it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable

import anyio

from ..engine.disposition import Need, dispose
from ..errors import JournalError
from ..events import Event, RunEnded
from ..journal.lease import lane_name
from ..journal.port import RunRecord, TargetRecord
from ..journal.postgres.log import Seen
from ..journal.postgres.shared import PostgresShared
from ..model import LaneKey
from .order import Order
from .process import end
from .queue import Queue

#: Seconds between two looks at what happened, and for which the journal may be away before one gives up.
_PULSE = 0.5
_PATIENCE = 60.0


def todo(records: Iterable[TargetRecord]) -> dict[LaneKey, list[int]]:
    """Return the lanes in which something is left to do, with the positions of the targets concerned."""
    lanes: defaultdict[LaneKey, list[int]] = defaultdict(list)
    for record in records:
        if dispose(record).need is not Need.NOTHING:
            lanes[record.target.lane].append(record.position)
    return dict(lanes)


async def submit(
    shared: PostgresShared, record: RunRecord, order: Order, lanes: dict[LaneKey, list[int]]
) -> None:
    """Let a fleet work on these lanes of a run: on all or, if it fails, on none. Raises JournalError."""
    if not lanes:
        await end(shared, record.id)
        return
    queue = Queue(shared)
    await queue.open()
    async with shared.order(record.id, list(lanes)) as connection:
        for lane, positions in lanes.items():
            name = lane_name(record.endpoint, record.plan, lane)
            await queue.put(order, name, record.endpoint, lane, positions, connection)


async def hear(shared: PostgresShared, run: str, seen: Seen, tell: Callable[[Event], None]) -> None:
    """Tell of a run's events as they happen, wherever that is, until its end. Raises JournalError."""
    lost_since: float | None = None
    while True:
        try:
            events = await shared.happened(run, seen)
        except JournalError:
            lost_since = lost_since or time.monotonic()
            if time.monotonic() > lost_since + _PATIENCE:
                raise
            events = []
        else:
            lost_since = None
        for event in events:
            tell(event)
        if any(isinstance(event, RunEnded) for event in events):
            return
        await anyio.sleep(_PULSE)
