"""Virtual time: an event loop whose clock jumps to whatever is due next, so that hours pass in milliseconds.

A loop with nothing due and nothing ready would wait for ever; that is a deadlock of the code under test,
and is raised as one. Worker threads and sockets are not seen by the clock and have no place here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextvars import Context
from heapq import heappop, heappush
from itertools import count
from typing import TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Deadlock(AssertionError):
    """Nothing is due and nothing is ready: the code under test waits for something that cannot come."""


class VirtualLoop(asyncio.BaseEventLoop):
    """An asyncio loop on virtual time that starts at zero, or `at` another time.

    It has no selector and no debug mode, and takes more than one step at a time: what a night costs is mostly
    what its loop costs. Among timers of the same instant the first that was set goes first.
    """

    _ready: deque[asyncio.Handle]  # asyncio's own
    _stopping: bool

    def __init__(self, at: float = 0.0) -> None:
        super().__init__()
        self._now = at
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._order = count()

    def time(self) -> float:
        return self._now

    def stand_still(self, seconds: float) -> None:
        self._now += seconds

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_later(
        self,
        delay: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        heappush(self._timers, (when, next(self._order), timer))
        return timer

    def _run_once(self) -> None:
        """Do what is ready, and what that makes ready; if there is nothing, jump to what is due next."""
        ready = self._ready
        if not ready:
            self._jump()
        while ready and not self._stopping:
            handle = ready.popleft()
            if not handle._cancelled:
                handle._run()

    def _jump(self) -> None:
        timers = self._timers
        while timers and timers[0][2]._cancelled:
            heappop(timers)
        if not timers:
            raise Deadlock
        self._now = max(self._now, timers[0][0])
        while timers and timers[0][0] <= self._now:
            self._ready.append(heappop(timers)[2])


def simulate(main: Callable[[], Awaitable[T]], *, at: float = 0.0) -> T:
    """Run `main` to its end on virtual time, which begins `at` so many seconds."""

    async def body() -> T:
        return await main()

    with asyncio.Runner(loop_factory=lambda: VirtualLoop(at)) as runner:
        # `Runner.run` would also care for Ctrl-C, which takes longer than many a simulation.
        return runner.get_loop().run_until_complete(body())


def freeze(seconds: float) -> None:
    """Let the process stand still, as after SIGSTOP or in a paused machine: every timer is late at once."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop.stand_still(seconds)
