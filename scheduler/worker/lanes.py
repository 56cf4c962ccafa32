"""The lanes that this process works on, and what it has to know of their runs meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, closing, suppress
from dataclasses import dataclass
from typing import Protocol

import anyio

from ..amplify.port import AccountsPort
from ..elapsed import elapsed
from ..engine.clock import Clock, Intents
from ..engine.run import Run
from ..errors import JournalError, in_words
from ..events import Event, LaneStopped, RunStopping, TargetEnded
from ..journal.lease import Holder, lane_name
from ..journal.port import Journal, Listener, RunRecord, Shared
from ..model import LaneKey, StopCause, Target
from .keep import kept
from .order import Order, Stop

#: Seconds between two looks at whether a run was stopped.
PULSE = 1.0


class OpenAccounts(Protocol):
    """Opens the way to the accounts of a run's targets."""

    def __call__(
        self, record: RunRecord, targets: Sequence[Target]
    ) -> AbstractAsyncContextManager[AccountsPort]: ...


#: Is told which lane is waited for, and who holds it.
Waits = Callable[[str, Holder], None]


@dataclass(frozen=True, slots=True, eq=False)
class _Working:
    order: Order
    engine: Run


class Lanes:
    """Works on lanes, any number side by side. `seconds` is the length of their leases.

    `owner` says in words for people which process this is.
    """

    def __init__(
        self,
        shared: Shared,
        open_accounts: OpenAccounts,
        *,
        owner: str,
        seconds: float,
        waits: Waits,
        clock: Clock,
        now: Callable[[], float] = elapsed,
    ) -> None:
        self._shared = shared
        self._open_accounts = open_accounts
        self._owner = owner
        self._seconds = seconds
        self._waits = waits
        self._clock = clock
        self._now = now
        self._working: set[_Working] = set()
        self._leaving: Stop | None = None
        self._ended: set[str] = set()  #: runs of which a target has ended since the budget was looked at

    async def work(
        self, order: Order, lane: LaneKey, positions: Sequence[int], tell: Listener | None = None
    ) -> bool:
        """Take a lane of a run and bring these targets of it as far as they can come; tell of its events.

        False: the rest was left to others. Raises a group of JournalError, or of LaneLost: then this process
        knows nothing of the lane any more.
        """
        record = self._shared.journal().run(order.run)
        name = lane_name(record.endpoint, record.plan, lane)
        async with kept(
            self._shared,
            name,
            owner=self._owner,
            run=order.run,
            seconds=self._seconds,
            waits=lambda holder: self._waits(name, holder),
            tired=lambda: self._leaving is not None,
            now=self._now,
        ) as keeper:
            if keeper is not None and self._leaving is None:
                with closing(self._shared.journal(keeper.lease)) as journal:
                    journal.amend(order.run)
                    if tell is not None:
                        journal.subscribe(tell)
                    await self._work(order, lane, positions, journal, keeper.owned)
        return self._leaving is None

    def leave(self, cause: StopCause, reason: str) -> None:
        """Come to an end in every lane, and leave what is left to others: calls in flight are answered."""
        self._leaving = cause, reason
        for working in self._working:
            working.engine.stop(cause, reason)

    async def oversee(self) -> None:
        """Let every run hear of its stop, whoever said so, and stop it where its order says so."""
        while True:
            await anyio.sleep(PULSE)
            for order in {working.order.run: working.order for working in self._working}.values():
                # A journal that cannot be asked decides nothing; what depends on it ends by its leases.
                with suppress(JournalError):
                    if (stop := await self._stop_of(order)) is not None:
                        self._stop(order.run, stop)

    async def _work(
        self,
        order: Order,
        lane: LaneKey,
        positions: Sequence[int],
        journal: Journal,
        owned: Callable[[], bool],
    ) -> None:
        record = journal.run(order.run)
        # Read only now: until it was taken, somebody else may have worked in the lane.
        chosen = set(positions)
        records = [found for found in journal.targets(order.run, lane) if found.position in chosen]
        if not records:
            return

        def listen(event: Event) -> None:
            if isinstance(event, TargetEnded):
                self._ended.add(order.run)

        journal.subscribe(listen)
        try:
            async with self._open_accounts(record, [found.target for found in records]) as accounts:
                engine = Run(
                    record,
                    records,
                    journal,
                    accounts,
                    order.of_a_lane,
                    self._clock,
                    Intents(self._clock),
                    owned=owned,
                )
                await self._execute(_Working(order, engine))
        except* JournalError:
            raise
        except* Exception as faults:  # noqa: BLE001 - whatever it is, the lane must come to an end
            # The lane would meet it again wherever it went.
            reason = f"the lane cannot be worked on: {in_words(faults)}"
            journal.record(LaneStopped(at=self._clock.wall(), lane=lane, reason=reason, denied=False))
            await journal.commit()

    async def _execute(self, working: _Working) -> None:
        self._working.add(working)
        try:
            if (stop := self._leaving or await self._stop_of(working.order)) is not None:
                working.engine.stop(*stop)
            await working.engine.execute()
        finally:
            self._working.discard(working)

    async def _stop_of(self, order: Order) -> Stop | None:
        if (known := await self._shared.stopping(order.run)) is not None:
            return known
        stop = order.overdue(self._clock.wall())
        if stop is None and order.run in self._ended:
            self._ended.discard(order.run)
            stop = order.overspent(await self._shared.outcomes(order.run))
        if stop is not None:
            await announce(self._shared, order.run, stop, self._clock.wall())
        return stop

    def _stop(self, run: str, stop: Stop) -> None:
        for working in self._working:
            if working.order.run == run:
                working.engine.stop(*stop)


async def announce(shared: Shared, run: str, stop: Stop, at: float | None = None) -> None:
    """Let all processes know that a run is to start nothing more. Raises RunNotFound, JournalError."""
    with closing(shared.journal()) as journal:
        journal.amend(run)
        journal.record(RunStopping(at=time.time() if at is None else at, cause=stop[0], reason=stop[1]))
        await journal.commit()
