"""Stopping a run from anywhere: told to all who work on it, and waited for."""

from __future__ import annotations

import time

import anyio

from ..errors import LockHeld
from ..journal.postgres.shared import PostgresShared
from ..model import StopCause
from .lanes import PULSE, announce
from .process import end

#: Seconds for which those who work on a run may take to leave it: calls in flight are answered first.
_PATIENCE = 60.0


async def halt(shared: PostgresShared, run: str) -> None:
    """Let a run start and follow nothing more, and come to its end. Raises LockHeld if somebody goes on."""
    await announce(shared, run, (StopCause.CANCEL, "the run was cancelled"))
    await shared.withdraw(run)
    deadline = time.monotonic() + _PATIENCE
    while owners := await shared.owners(run):
        if time.monotonic() > deadline:
            raise LockHeld(f"run {run} is still worked on by {', '.join(owners)}; try again")
        await anyio.sleep(PULSE / 4)
    await end(shared, run)
