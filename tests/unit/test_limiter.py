"""The gate in front of StartJob, where real time passes."""

from __future__ import annotations

import anyio

from scheduler.engine.clock import Clock
from scheduler.engine.limit import Limit
from scheduler.engine.limiter import Limiter


async def test_a_pause_whose_end_comes_while_it_is_looked_at_is_over() -> None:
    limiter = Limiter(Limit(targets=1), Clock(), lambda _: None)
    await limiter.pause(anyio.current_time() - 1e-6)
    assert all(seconds < 1 for seconds in limiter.held.values())
