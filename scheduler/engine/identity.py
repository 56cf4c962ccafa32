"""Whose the accounts' credentials are, asked once an account before anything is started with them."""

from __future__ import annotations

from collections import defaultdict

import anyio

from ..amplify.port import PASSING, AccountsPort, CallFailed

TRIES = 4  #: times that an account's identity is asked for while the service is not reached


class Identity:
    """Asks for the identity of a run's accounts. Waits between two tries end when `stopping` is set."""

    def __init__(self, accounts: AccountsPort, stopping: anyio.Event) -> None:
        self._accounts = accounts
        self._stopping = stopping
        self._verified: dict[str, CallFailed | None] = {}
        self._verifying: defaultdict[str, anyio.Lock] = defaultdict(anyio.Lock)

    async def verify(self, account: str) -> CallFailed | None:
        """Return what is wrong with an account's credentials; None: nothing."""
        async with self._verifying[account]:
            if account not in self._verified:
                self._verified[account] = await self._try(account)
        return self._verified[account]

    async def _try(self, account: str) -> CallFailed | None:
        for attempt in range(TRIES):
            try:
                await self._accounts.verify(account)
            except CallFailed as failure:
                if attempt == TRIES - 1 or failure.kind not in PASSING:
                    return failure
                with anyio.move_on_after(2.0**attempt):
                    await self._stopping.wait()
            else:
                break
        return None
