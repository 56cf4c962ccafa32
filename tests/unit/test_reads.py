"""A lane's reads: as many a second as the pace says, those close together at once."""

from __future__ import annotations

import asyncio

from scheduler.engine.clock import GRAIN, Clock
from scheduler.engine.reads import FIRST_PACE, Reads
from tests.simulation.virtual import simulate


def _times(number: int) -> list[float]:
    """When so many reads go that all want to at once, their answers being immediate."""

    async def main() -> list[float]:
        went: list[float] = []
        loop = asyncio.get_running_loop()
        reads = Reads(Clock())

        async def read() -> None:
            went.append(loop.time())

        async with asyncio.TaskGroup() as group:
            for _ in range(number):
                group.create_task(reads.make(read))
        return went

    return simulate(main)


def test_reads_keep_to_the_pace_though_all_want_to_go_at_once() -> None:
    for place, at in enumerate(_times(100)):
        assert at > place / (FIRST_PACE + 5) - GRAIN


def test_reads_that_the_pace_sets_close_together_go_together() -> None:
    went = _times(10)
    assert went[0] == went[1] == 0.0
    assert went[2] > GRAIN
