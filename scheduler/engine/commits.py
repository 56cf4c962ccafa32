"""When events are committed: soon after they are recorded, many at a time."""

from __future__ import annotations

import asyncio

import anyio

from ..events import Event, JobChanged, LaneMeasured, TargetEnded
from ..journal.port import Journal

LINGER = 0.02  #: seconds for which events wait for company
LINGER_SEEN = 0.5  #: and those of `SEEN`: what jobs do is seen again, and counters may lag
SEEN = (JobChanged, TargetEnded, LaneMeasured)


class Commits:
    """Records a run's events, and sees to it that they become durable without anybody waiting for it.

    A start waits for its own: it commits its intent itself, and what was recorded before with it.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._recorded = asyncio.Event()
        self._seen = asyncio.Event()

    def record(self, event: Event) -> None:
        """Take an event down; it becomes durable soon."""
        self._journal.record(event)
        (self._seen if isinstance(event, SEEN) else self._recorded).set()

    async def go_on(self) -> None:
        """Commit what is recorded, until cancelled. Raises a group of JournalError."""
        async with anyio.create_task_group() as both:
            both.start_soon(self._commit, self._recorded, LINGER)
            both.start_soon(self._commit, self._seen, LINGER_SEEN)

    async def _commit(self, recorded: asyncio.Event, linger: float) -> None:
        while True:
            await recorded.wait()
            await anyio.sleep(linger)
            recorded.clear()
            await self._journal.commit()
