"""One run at a time in a state directory."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import stat
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Self

import anyio

from ...errors import JournalError, LockHeld
from ...printable import printable
from ...spoken import rfc3339
from .directory import make_private

_NAME = "lock"

#: Seconds between two tries, and how long one goes on trying in any case: `held` takes the lock for a moment,
#: and must not turn a run away.
_PAUSE = 0.2
_GRACE = 0.5

_ADVICE = "wait for it, or give it time with --lock-wait 10m"


class StateLock:
    """The lock of a state directory, held by one process; the kernel frees it however that process ends.

    The file is never deleted: who waits for the lock of a deleted file would get it beside another. What it
    holds is only for people to read.
    """

    def __init__(
        self,
        directory: Path,
        *,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._directory = directory
        self._descriptor = -1
        self._sleep = sleep
        self._monotonic = monotonic
        self._wall = wall

    @staticmethod
    def held(directory: Path) -> bool:
        """Say whether a living run works on this state directory. Raises JournalError."""
        try:
            descriptor = _open(directory / _NAME, os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            return not _try(descriptor, fcntl.LOCK_SH)
        finally:
            os.close(descriptor)

    @asynccontextmanager
    async def acquired(self, *, wait: float = 0.0, advice: str = _ADVICE) -> AsyncIterator[Self]:
        """Hold the lock for the block, waiting `wait` seconds for it. Raises LockHeld, JournalError.

        `advice` says what to do where another run holds it.
        """
        make_private(self._directory)
        self._descriptor = _open(self._directory / _NAME, os.O_RDWR | os.O_CREAT)
        try:
            await self._acquire(self._monotonic() + max(wait, _GRACE), advice)
            self.note("")
            yield self
        finally:
            os.close(self._descriptor)

    def note(self, run: str) -> None:
        """Write down who holds the lock, and for which run, for those whom it turns away."""
        which = f", run {run}" if run else ""
        text = f"pid {os.getpid()} on {socket.gethostname()}{which}, since {rfc3339(self._wall())}\n"
        # A full disk must not keep the lock from being held.
        with suppress(OSError):
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, text.encode(errors="replace"), 0)

    async def _acquire(self, deadline: float, advice: str) -> None:
        while not _try(self._descriptor, fcntl.LOCK_EX):
            if self._monotonic() >= deadline:
                holder = printable(os.pread(self._descriptor, 500, 0).decode(errors="replace").strip())
                raise LockHeld(
                    f"another run ({holder or 'not known which'}) works on {self._directory}; {advice}"
                )
            await self._sleep(_PAUSE)


def _open(path: Path, flags: int) -> int:
    """Open the lock file, which must be ours alone: a link could make us write into another file."""
    try:
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
    except FileNotFoundError:
        raise
    except OSError as error:
        in_the_way = error.errno in {errno.ELOOP, errno.EISDIR, errno.ENXIO}
        advice = "move it away" if in_the_way else "name another directory with --state-dir"
        raise JournalError(f"the lock {path} cannot be opened: {error.strerror}; {advice}") from error
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and status.st_nlink == 1:
        return descriptor
    os.close(descriptor)
    raise JournalError(f"the lock {path} is not a plain file of this user's alone; move it away")


def _try(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
