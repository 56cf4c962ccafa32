"""A journal in memory that several processes of a simulation share, with the lanes that they take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import anyio.lowlevel

from ...elapsed import elapsed
from ...model import Outcome, StopCause
from ..lease import Holder, Lease, granted
from ..refusals import taken_over
from .disk import LaneTaken, MemoryDisk
from .journal import MemoryJournal


class MemoryShared:
    """One process's access to what all share. `now` is the clock of the disk and of the process."""

    def __init__(self, disk: MemoryDisk | None = None, *, now: Callable[[], float] = elapsed) -> None:
        self.disk = disk or MemoryDisk()
        self._now = now

    def journal(self, fence: Lease | None = None) -> MemoryJournal:
        """Open the journal for one run; fenced, its commits raise LaneLost once the lane is another's."""
        return MemoryJournal(self.disk, fence=fence)

    async def take(self, name: str, *, owner: str, run: str, seconds: float) -> Lease | Holder:
        """Take a lane for so many seconds, or tell who holds it."""
        await anyio.lowlevel.checkpoint()
        now, taken = self._now(), self.disk.leases.get(name)
        if taken is not None and taken.until > now:
            return Holder(taken.owner, taken.until - now)
        epoch = 1 if taken is None else taken.epoch + 1
        self.disk.leases[name] = LaneTaken(epoch, owner, run, now + seconds)
        return granted(name, epoch, seconds, now)

    async def renew(self, lease: Lease) -> Lease:
        """Let a lease last its seconds from now. Raises LaneLost."""
        await anyio.lowlevel.checkpoint()
        if not self._move(lease, self._now() + lease.seconds):
            raise taken_over(lease.name)
        return granted(lease.name, lease.epoch, lease.seconds, self._now())

    async def release(self, lease: Lease) -> None:
        """Let others take the lane at once; does nothing if it is another's already."""
        await anyio.lowlevel.checkpoint()
        self._move(lease, self._now())

    async def stopping(self, run: str) -> tuple[StopCause, str] | None:
        """Tell why a run is to start nothing more, if anybody said so."""
        await anyio.lowlevel.checkpoint()
        record = self.disk.runs[run]
        return None if record.stop_cause is None else (record.stop_cause, record.stop_reason)

    async def outcomes(self, run: str) -> dict[Outcome, int]:
        """Count the targets of a run that have ended, by outcome."""
        await anyio.lowlevel.checkpoint()
        outcomes = (target.outcome for target in self.disk.targets[run])
        return dict(Counter(outcome for outcome in outcomes if outcome is not None))

    def _move(self, lease: Lease, until: float) -> bool:
        taken = self.disk.leases[lease.name]
        if taken.epoch != lease.epoch:
            return False
        self.disk.leases[lease.name] = replace(taken, until=until)
        return True
