"""A worker whose queue is gone says what to do."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
import pytest

from scheduler.errors import JournalError
from scheduler.journal.postgres.shared import PostgresShared
from scheduler.model import AWS, LaneKey
from scheduler.worker.order import Order
from scheduler.worker.queue import Queue


async def test_a_queue_that_ends_by_itself_says_to_start_the_worker_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue = Queue(PostgresShared("postgresql://host/releases"))

    async def ends(**options: object) -> None:
        del options

    async def work(order: Order, lane: LaneKey, positions: Sequence[int]) -> bool:
        raise AssertionError((order, lane, positions))

    monkeypatch.setattr(queue.app, "run_worker_async", ends)
    with pytest.raises(JournalError, match=r"the queue was lost.*; start this worker again"):
        await queue.serve(AWS, work, anyio.Event(), lanes=1, lease=15.0, patience=5.0)
