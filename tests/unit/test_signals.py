"""The first signal asks for the end, the second does not wait for it."""

from __future__ import annotations

import os
import signal
from signal import SIGHUP, SIGINT, SIGTERM

import anyio
import pytest

from scheduler.model import StopCause
from scheduler.signals import heed, heeded


class _Left(Exception):
    """The process would be gone."""


async def test_the_first_signal_stops_and_the_second_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    stops: list[tuple[StopCause, str]] = []
    stopped = anyio.Event()

    def stop(cause: StopCause, reason: str) -> None:
        stops.append((cause, reason))
        stopped.set()

    def leave(code: int) -> None:
        raise _Left(code)

    monkeypatch.setattr(os, "_exit", leave)
    with pytest.RaisesGroup(pytest.RaisesExc(_Left, match="143")):
        async with anyio.create_task_group() as group:
            await group.start(heed, (SIGINT, SIGTERM), stop)
            signal.raise_signal(SIGINT)
            await stopped.wait()
            signal.raise_signal(SIGTERM)
    assert stops == [(StopCause.SIGINT, "SIGINT was received")]


def test_a_hang_up_is_heeded_unless_it_is_to_be_ignored() -> None:
    before = signal.signal(SIGHUP, signal.SIG_DFL)
    try:
        assert heeded() == [SIGINT, SIGTERM, SIGHUP]
        signal.signal(SIGHUP, signal.SIG_IGN)
        assert heeded() == [SIGINT, SIGTERM]
    finally:
        signal.signal(SIGHUP, before)
