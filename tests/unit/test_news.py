"""News: a loop looks again when it is told, or when the time has come that it waits for."""

from __future__ import annotations

import asyncio
import math
from functools import partial

import pytest

from scheduler.engine.news import News
from tests.simulation.virtual import simulate

NOW = -math.inf


async def _looks(news: News, *, until: float) -> list[float]:
    """Wait twice, and return when each wait was over."""
    loop = asyncio.get_running_loop()
    seen = []
    for _ in range(2):
        await news.wait(until=until)
        seen.append(loop.time())
    return seen


def _told(*tells: tuple[float, float], until: float = math.inf) -> list[float]:
    """When the first and the second wait end. `tells`: when something is told, and by when to look."""

    async def main() -> list[float]:
        news, loop = News(), asyncio.get_running_loop()
        for at, by in tells:
            loop.call_at(at, partial(news.tell, by=by))
        async with asyncio.timeout(1000):
            return await _looks(news, until=until)

    return simulate(main)


def test_a_loop_looks_each_time_it_is_told() -> None:
    assert _told((3.0, NOW), (5.0, NOW)) == [3.0, 5.0]


def test_a_loop_looks_when_its_time_has_come_though_nothing_is_told() -> None:
    assert _told(until=7.0) == [7.0, 7.0]


@pytest.mark.parametrize("until", [10.0, math.inf])
def test_a_loop_looks_by_the_time_that_it_is_told(until: float) -> None:
    assert _told((1.0, 4.0), (6.0, NOW), until=until) == [4.0, 6.0]


def test_a_loop_that_looks_sooner_anyway_is_not_kept_waiting() -> None:
    assert _told((1.0, 40.0), until=7.0)[0] == 7.0


def test_of_several_times_the_soonest_counts() -> None:
    assert _told((1.0, 9.0), (2.0, 5.0), (3.0, 8.0), (6.0, NOW)) == [5.0, 6.0]


def test_what_is_told_while_nobody_waits_wakes_nobody_later() -> None:
    async def main() -> float:
        news, loop = News(), asyncio.get_running_loop()
        news.tell()
        news.tell(by=1.0)
        await news.wait(until=5.0)
        return loop.time()

    assert simulate(main) == 5.0


def test_a_wait_that_is_cancelled_leaves_no_timer_behind() -> None:
    async def main() -> float:
        news, loop = News(), asyncio.get_running_loop()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2):
                await news.wait(until=50.0)
        news.tell(by=3.0)
        loop.call_at(70.0, news.tell)
        await news.wait()
        return loop.time()

    assert simulate(main) == 70.0
