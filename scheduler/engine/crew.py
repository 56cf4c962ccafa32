"""Tasks that make calls one after the other: as many as there were ever calls at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVarTuple

import anyio
from anyio.abc import TaskGroup

Call = TypeVarTuple("Call")


@dataclass(slots=True, eq=False)
class _Member(Generic[*Call]):
    """A task, and the call that it makes or is to make; None sends it home."""

    call: tuple[*Call] | None
    called: asyncio.Event = field(default_factory=asyncio.Event)


class Crew(Generic[*Call]):
    """Makes calls at once, each by a task that is free, or by a new one where none is.

    To begin a task for every call would cost several times what handing it over does. `shielded`: whoever
    cancels the group waits for the calls all the same; only `cut` ends them.
    """

    def __init__(
        self, group: TaskGroup, work: Callable[[*Call], Awaitable[None]], *, shielded: bool = False
    ) -> None:
        self._group = group
        self._work = work
        self._shielded = shielded
        self._free: list[_Member[*Call]] = []
        self._scopes: set[anyio.CancelScope] = set()
        self._dismissed = False

    def put(self, *call: *Call) -> None:
        """Have a call made."""
        if self._free:
            self._release(self._free.pop(), call)
        else:
            self._group.start_soon(self._serve, _Member(call))

    def dismiss(self) -> None:
        """Let tasks end that are free, and the others after their calls."""
        self._dismissed = True
        while self._free:
            self._release(self._free.pop(), None)

    def cut(self, *, within: float = 0.0) -> None:
        """Dismiss all, and cancel the calls that are being made unless they end in so many seconds."""
        self.dismiss()
        for scope in tuple(self._scopes):
            scope.deadline = min(scope.deadline, anyio.current_time() + within)

    @staticmethod
    def _release(member: _Member[*Call], call: tuple[*Call] | None) -> None:
        member.call = call
        member.called.set()

    async def _serve(self, member: _Member[*Call]) -> None:
        with anyio.CancelScope(shield=self._shielded) as scope:
            self._scopes.add(scope)
            try:
                while member.call is not None:
                    await self._work(*member.call)
                    if self._dismissed:
                        return
                    self._free.append(member)
                    member.called.clear()
                    await member.called.wait()
            finally:
                self._scopes.discard(scope)
