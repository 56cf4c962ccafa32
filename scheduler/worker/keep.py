"""Holding a lane: taken once it is free, renewed while it is worked on, given back at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

import anyio

from ..elapsed import elapsed
from ..errors import JournalError, LaneLost
from ..journal.lease import Holder, Lease
from ..journal.port import Shared

#: How often a lease is renewed, and looked for by who waits for it, in its length.
_OFTEN = 5

#: Seconds for which giving a lane back may take; else its lease comes to its end by itself.
_PATIENCE = 2.0


class Keeper:
    """A lane that this process holds."""

    def __init__(self, shared: Shared, lease: Lease, now: Callable[[], float]) -> None:
        self.lease = lease
        self._shared = shared
        self._now = now

    def owned(self) -> bool:
        """The last look: whether this process may still start in the lane. It asks nobody."""
        return self.lease.good(self._now())

    async def renew(self) -> None:
        """Renew the lease again and again. Raises LaneLost once that is too late."""
        while True:
            await anyio.sleep(self.lease.seconds / _OFTEN)
            try:
                self.lease = await self._shared.renew(self.lease)
            except LaneLost:
                raise
            except JournalError as error:
                if not self.owned():
                    raise LaneLost(f"the lease of lane {self.lease.name} is over: {error}") from error


@asynccontextmanager
async def kept(
    shared: Shared,
    name: str,
    *,
    owner: str,
    run: str,
    seconds: float,
    waits: Callable[[Holder], None],
    tired: Callable[[], bool],
    now: Callable[[], float] = elapsed,
) -> AsyncIterator[Keeper | None]:
    """Hold a lane for the block; `waits` is told, once a holder, who is waited for.

    None is given if waiting is over before the lane was free: `tired` is asked at every look. A group of
    LaneLost is raised out of the block when another process has taken the lane over, or may have.
    """
    asked = partial(shared.take, name, owner=owner, run=run, seconds=seconds)
    lease = await _taken(asked, seconds / _OFTEN, waits, tired)
    if lease is None:
        yield None
        return
    keeper = Keeper(shared, lease, now)
    try:
        async with anyio.create_task_group() as renewing:
            renewing.start_soon(keeper.renew)
            yield keeper
            renewing.cancel_scope.cancel()
    finally:
        with anyio.move_on_after(_PATIENCE, shield=True), suppress(JournalError):
            await shared.release(keeper.lease)


async def _taken(
    asked: Callable[[], Awaitable[Lease | Holder]],
    pause: float,
    waits: Callable[[Holder], None],
    tired: Callable[[], bool],
) -> Lease | None:
    known = ""
    while isinstance(found := await asked(), Holder):
        if found.owner != known:
            known = found.owner
            waits(found)
        if tired():
            return None
        await anyio.sleep(min(max(found.left, 0.01), pause))
    return found
