"""Virtual time: an event loop whose clock jumps to whatever is due next, so that hours pass in milliseconds.

A loop with nothing due and nothing ready would wait for ever; that is a deadlock of the code under test,
and is raised as one. Worker threads and sockets are not seen by the clock and have no place here.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


class Deadlock(AssertionError):
    """Nothing is due and nothing is ready: the code under test waits for something that cannot come."""


class _Selector(selectors.SelectSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Deadlock
        self.now += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An asyncio loop on virtual time that starts at zero, or `at` another time."""

    def __init__(self, at: float = 0.0) -> None:
        self._virtual = _Selector()
        self._virtual.now = at
        super().__init__(self._virtual)
        self._clock_resolution = 1e-9

    def time(self) -> float:
        return self._virtual.now

    def stand_still(self, seconds: float) -> None:
        self._virtual.now += seconds


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
