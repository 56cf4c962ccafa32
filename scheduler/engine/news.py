"""A lane's loops wait for news: something has changed, or a time has come."""

from __future__ import annotations

import asyncio
import math


class News:
    """Tells the loop that waits for it when to look again; while it does not wait, it hears nothing.

    anyio's events and deadlines do as much at five times the cost, and every start passes several of both.
    """

    __slots__ = ("_timer", "_told", "_until")

    def __init__(self) -> None:
        self._told = asyncio.Event()
        #: When the loop looks again if nothing is told; in the past while it does not wait.
        self._until = -math.inf
        self._timer: asyncio.TimerHandle | None = None

    def tell(self, *, by: float = -math.inf) -> None:
        """Let the loop look again, now or `by` a time on the event loop's clock, if it would wait longer."""
        if by >= self._until:
            return
        if by > -math.inf:
            self._set(by)
        else:
            self._look()

    async def wait(self, *, until: float = math.inf) -> None:
        """Return when told, or at `until` on the event loop's clock; and perhaps without a reason."""
        self._until = math.inf
        if until < math.inf:
            self._set(until)
        try:
            await self._told.wait()
        finally:
            self._until = -math.inf
            self._stop()

    def _set(self, until: float) -> None:
        self._stop()
        self._until = until
        self._timer = asyncio.get_running_loop().call_at(until, self._look)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._told.set()
        self._told.clear()
