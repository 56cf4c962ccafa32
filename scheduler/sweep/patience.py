"""Many calls, a few at a time, none of which a run's limiter watches over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import anyio

from ..amplify.port import PASSING, CallFailed

#: Calls in flight in a lane, lanes at a time, and accounts at a time.
AT_ONCE = 4

#: Seconds before a call is made again. Throttling is over within seconds once nobody insists.
_PAUSES = (0.5, 1.0, 2.0, 4.0)

Sleep = Callable[[float], Awaitable[None]]
Item = TypeVar("Item")
Value = TypeVar("Value")


async def patiently(call: Callable[[], Awaitable[Value]], sleep: Sleep = anyio.sleep) -> Value:
    """Make a call, and again after a pause while what is in its way may pass.

    Only for calls that do no more when they are made twice: reads, and StopJob. Raises CallFailed.
    """
    for pause in _PAUSES:
        try:
            return await call()
        except CallFailed as failure:
            if failure.kind not in PASSING:
                raise
        await sleep(pause)
    return await call()


async def few_at_a_time(items: Iterable[Item], work: Callable[[Item], Awaitable[None]]) -> None:
    """Do the work on every item, on `AT_ONCE` of them at a time, in their order."""
    remaining = iter(items)

    async def worker() -> None:
        for item in remaining:
            await work(item)

    async with anyio.create_task_group() as workers:
        for _ in range(AT_ONCE):
            workers.start_soon(worker)
