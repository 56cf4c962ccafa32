"""Giving a run to a fleet, and watching from wherever one is what becomes of it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence

import anyio

from ..engine.disposition import Need, dispose
from ..errors import JournalAway
from ..events import Event, RunEnded
from ..journal.absence import Absence
from ..journal.lease import lane_name
from ..journal.port import RunRecord, TargetRecord
from ..journal.postgres.shared import PostgresShared
from ..model import LaneKey
from .order import Order
from .process import end
from .queue import Queue

#: Seconds between two looks at what happened.
_PULSE = 0.5


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


async def hear(
    happened: Callable[[], Awaitable[Sequence[Event]]],
    order: Order,
    tell: Callable[[Event], None],
    absence: Absence,
    wall: Callable[[], float] = time.time,
) -> None:
    """Tell of a run's events as they happen, wherever that is, until its end; `happened` returns new ones.

    A journal that is away is waited for, unless the run's own time is over meanwhile. Raises JournalError.
    """
    while True:
        asked = wall()
        try:
            events = await happened()
        except JournalAway as error:
            if order.overdue(asked):
                raise
            absence.begin(asked, error)
        else:
            absence.end(wall())
            for event in events:
                tell(event)
            if any(isinstance(event, RunEnded) for event in events):
                return
        await anyio.sleep(_PULSE)
