"""Hurried time: sockets in real time, and clocks that show many seconds for each that passes."""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

SPEED = 50.0

T = TypeVar("T")


class _Selector(selectors.DefaultSelector):
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found: list[tuple[selectors.SelectorKey, int]] = super().select(
            None if timeout is None else timeout / SPEED
        )
        return found


def _faster(clock: Callable[[], float]) -> Callable[[], float]:
    began = clock()
    return lambda: began + (clock() - began) * SPEED


def hurry(patch: pytest.MonkeyPatch, main: Callable[[], Awaitable[T]]) -> T:
    """Run `main` to its end on hurried time."""
    for name in ("monotonic", "time"):
        patch.setattr(time, name, _faster(getattr(time, name)))

    async def body() -> T:
        return await main()

    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(_Selector())) as runner:
        return runner.run(body())
