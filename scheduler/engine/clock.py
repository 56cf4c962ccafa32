"""Time and randomness, passed in so that a simulation can own them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random, SystemRandom

from ulid import ULID

#: Seconds by which a call may go before its time: calls so close together share a wake-up and a commit, and
#: an engine that wakes for each of them needs twice the CPU.
GRAIN = 0.05


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


@dataclass(frozen=True, slots=True)
class Clock:
    """Two clocks: `now` never jumps and times every wait; `wall` is what people read and jobs carry."""

    now: Callable[[], float] = _loop_time
    wall: Callable[[], float] = time.time


@dataclass(frozen=True, slots=True)
class Intents:
    """Makes the ULIDs that name intents and runs: sortable by time, unique by randomness."""

    clock: Clock
    random: Random = field(default_factory=SystemRandom)

    def new(self) -> str:
        """Return a fresh ULID, 26 characters."""
        milliseconds = int(self.clock.wall() * 1000)
        return str(ULID(milliseconds.to_bytes(6, "big") + self.random.randbytes(10)))
