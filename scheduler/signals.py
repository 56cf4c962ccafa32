"""What a command does at a signal: it comes to an end at the first, and leaves at once at the second."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable

import anyio
import anyio.abc

from .model import StopCause

#: Is told that everything is to come to its end: why, and in words for people.
Stop = Callable[[StopCause, str], None]


async def heed(
    numbers: Iterable[signal.Signals], stop: Stop, *, task_status: anyio.abc.TaskStatus[None]
) -> None:
    """Call `stop` at the first of these signals; leave the process at the second: journals bear that.

    The exit code is 128 and the signal's number then, as a shell has it.
    """
    with anyio.open_signal_receiver(*numbers) as received:
        task_status.started()
        stopping = False
        async for number in received:
            if stopping:
                os._exit(128 + number)
            stopping = True
            stop(StopCause(number.name), f"{number.name} was received")


def heeded() -> list[signal.Signals]:
    """Return the signals that a command heeds which somebody typed; nohup asks for hang-ups to be ignored."""
    numbers = [signal.SIGINT, signal.SIGTERM]
    return numbers if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else [*numbers, signal.SIGHUP]
