"""Calls at once, by as few tasks as that takes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import anyio
import pytest

from scheduler.engine.crew import Crew


@dataclass
class Desk:
    """Notes which tasks make the calls, and ends a call when it is told to."""

    began: list[int] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    tasks: set[asyncio.Task[object]] = field(default_factory=set)
    ends: dict[int, anyio.Event] = field(default_factory=dict)

    async def call(self, number: int) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        self.began.append(number)
        self.ends[number] = anyio.Event()
        await self.ends[number].wait()
        self.ended.append(number)

    def end(self, *numbers: int) -> None:
        for number in numbers:
            self.ends[number].set()


@asynccontextmanager
async def working(desk: Desk, *, shielded: bool = False) -> AsyncIterator[Crew[int]]:
    async with anyio.create_task_group() as group:
        crew = Crew(group, desk.call, shielded=shielded)
        try:
            yield crew
        finally:
            crew.dismiss()


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_calls_are_made_at_once_and_a_free_task_makes_the_next() -> None:
    desk = Desk()
    async with working(desk) as crew:
        for number in range(3):
            crew.put(number)
        await settle()
        assert desk.began == [0, 1, 2]
        desk.end(0, 1, 2)
        await settle()
        for number in range(3, 6):
            crew.put(number)
        await settle()
        assert sorted(desk.began[3:]) == [3, 4, 5]
        assert len(desk.tasks) == 3
        desk.end(3, 4, 5)
    assert sorted(desk.ended) == [0, 1, 2, 3, 4, 5]


async def test_a_dismissed_crew_still_ends_its_calls() -> None:
    desk = Desk()
    async with working(desk) as crew:
        crew.put(0)
        await settle()
        asyncio.get_running_loop().call_soon(desk.end, 0)
    assert desk.ended == [0]


@pytest.mark.parametrize(("shielded", "ended"), [(True, [0]), (False, [])])
async def test_only_a_shielded_call_outlives_the_cancelling_of_its_group(
    shielded: bool, ended: list[int]
) -> None:
    desk = Desk()

    async def work() -> None:
        async with working(desk, shielded=shielded) as crew:
            crew.put(0)
            await asyncio.sleep(3600)

    task = asyncio.create_task(work())
    await settle()
    task.cancel()
    await settle()
    desk.end(0)
    with suppress(asyncio.CancelledError):
        await task
    assert desk.ended == ended


async def test_a_cut_ends_even_shielded_calls() -> None:
    desk = Desk()
    async with working(desk, shielded=True) as crew:
        crew.put(0)
        crew.put(1)
        await settle()
        crew.cut()
    assert (sorted(desk.began), desk.ended) == ([0, 1], [])


async def test_a_cut_may_leave_calls_time_to_end() -> None:
    desk = Desk()
    async with working(desk, shielded=True) as crew:
        crew.put(0)
        crew.put(1)
        await settle()
        crew.cut(within=3600)
        desk.end(0)
        await settle()
        assert desk.ended == [0]
        crew.cut()
    assert desk.ended == [0]


async def test_a_call_that_comes_after_a_cut_is_made() -> None:
    desk = Desk()
    async with working(desk, shielded=True) as crew:
        crew.put(0)
        await settle()
        desk.end(0)
        await settle()
        crew.cut()
        crew.put(1)
        await settle()
        desk.end(1)
    assert desk.ended == [0, 1]


async def test_a_call_that_fails_fails_the_group() -> None:
    async def fail(number: int) -> None:
        raise ValueError(number)

    with pytest.raises(ExceptionGroup):
        async with anyio.create_task_group() as group:
            Crew(group, fail).put(1)
