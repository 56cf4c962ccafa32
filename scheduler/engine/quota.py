"""The account's quota of concurrent jobs: asked for beside everything else, and never waited for long."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio

PATIENCE = 1.0  #: seconds for which a lane's first start waits for the quota


class Quota:
    """A number that may come at once, late or never. `ask` runs beside; `use` is called by who wants it.

    `question` None: nobody needs to be asked, and so nothing is waited for.
    """

    def __init__(self, question: Callable[[], Awaitable[int | None]] | None) -> None:
        self._question = question
        self._answered = anyio.Event()
        self._quota: int | None = None
        self._tell: Callable[[int], None] | None = None

    async def ask(self) -> None:
        """Ask, and pass the answer on if somebody waits for it by then."""
        if self._question is not None:
            self._quota = await self._question()
        self._answered.set()
        self._pass_on()

    async def wait(self) -> None:
        """Wait for the answer, for a moment."""
        with anyio.move_on_after(PATIENCE):
            await self._answered.wait()

    def use(self, tell: Callable[[int], None]) -> None:
        """Call `tell` with the quota, now or when it comes."""
        self._tell = tell
        self._pass_on()

    def _pass_on(self) -> None:
        if self._tell is not None and self._quota is not None:
            self._tell(self._quota)
