"""A lane's reads: paced apart from the starts, slowed by read throttling, never by anything else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from ..amplify.port import CallFailed, Kind
from .clock import GRAIN, Clock

FIRST_PACE = 20.0  #: reads a second at the start
TOP_PACE = 100.0
LOW_PACE = 0.5
CUT = 0.7  #: a throttled pace goes to this share, once a second at most
GROWTH = 0.05  #: reads a second gained by every good read
IN_FLIGHT = 32  #: reads in flight at most

T = TypeVar("T")


class Reads:
    """Makes read calls at a pace that the service bears."""

    def __init__(self, clock: Clock, *, calls: int = 0) -> None:
        self.calls = calls  #: reads sent so far
        self.pace = FIRST_PACE
        self._clock = clock
        self._next = 0.0
        self._cut_at = 0.0
        self._room = asyncio.Semaphore(IN_FLIGHT)  # anyio's costs ten times as much

    async def make(self, call: Callable[[], Awaitable[T]]) -> T:
        """Wait for this read's turn and make it; throttling slows the pace. Raises what the call raises."""
        async with self._room:
            now = self._clock.now()
            turn = max(now, self._next)
            self._next = turn + 1 / self.pace
            if turn > now + GRAIN:
                await anyio.sleep(turn - now)
            self.calls += 1
            try:
                answer = await call()
            except CallFailed as failure:
                if failure.kind is Kind.THROTTLED:
                    self._slow_down()
                raise
            self.pace = min(TOP_PACE, self.pace + GROWTH)
            return answer

    def _slow_down(self) -> None:
        now = self._clock.now()
        if now < self._cut_at + 1:
            return  # the same burst, already answered
        self._cut_at = now
        self.pace = max(LOW_PACE, self.pace * CUT)
        self._next = max(self._next, now + 1)
