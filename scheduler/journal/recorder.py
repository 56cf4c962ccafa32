"""Taking events down, and making them durable many at a time: what journals in a database have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import anyio
import anyio.lowlevel

from ..errors import JournalError, RunNotFound
from ..events import Event, RunStarted
from ..model import Target
from .clean import clean
from .listeners import Listeners
from .port import Listener
from .questions import SqlReader
from .refusals import broken
from .statements import CONTINUE_RUN, FOLLOW_RUN, Place, insert_run, statements


class Cursor(Protocol):
    """What a statement came to, as both databases' libraries tell it."""

    @property
    def rowcount(self) -> int: ...

    def fetchone(self) -> Any: ...


Execute = Callable[[str, tuple[Any, ...]], Cursor]


class Recorder(SqlReader):
    """A queue of events before a database; methods belong to the event loop's thread.

    After a failed commit the journal is broken: nothing is written any more, and every commit raises
    JournalError. `unwritten` keeps what did not become durable. A reader of the same database stands beside
    it among a journal's bases, and gets its arguments.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._place: Place | None = None
        self._pending: list[Event] = []  #: recorded, in no transaction yet
        self._staged: list[Event] = []  #: in a transaction that is not durable yet
        self._durable: deque[Event] = deque()  #: written, but the listeners have not heard
        self._recorded = 0
        self._written = 0
        self._batch: anyio.Event | None = None  #: set when the commit on its way has come to its end
        self._broken: JournalError | None = None
        self._listeners = Listeners()

    @abstractmethod
    def flush(self) -> None:
        """Make everything recorded so far durable before returning: `commit` without a loop to wait in.

        It blocks, and belongs to the event loop's thread, never into a handler that interrupts it. Raises
        JournalError.
        """

    @abstractmethod
    async def _write(self) -> None:
        """Make what is staged and what is pending durable, in this order. Raises JournalError."""

    @abstractmethod
    def _transaction(self) -> AbstractContextManager[Execute]:
        """A transaction for the block, which blocks until it is durable. Raises JournalError."""

    @abstractmethod
    def _insert(self, place: Place, targets: Sequence[Target]) -> None:
        """Add a run's targets, in the open transaction."""

    @property
    def unwritten(self) -> tuple[Event, ...]:
        """What was recorded and is not durable: to be shown, or rescued, when the journal is broken."""
        return (*self._staged, *self._pending)

    @property
    def listener_faults(self) -> tuple[Exception, ...]:
        """Errors of listeners, each of which was dropped for it."""
        return tuple(self._listeners.faults)

    def open_run(self, run: str, started: Event) -> None:
        """Begin the run that further events belong to, or continue it; durable on return.

        Raises RunNotFound if there is no such run to continue, and JournalError.
        """
        if not isinstance(started, RunStarted):
            raise TypeError("a run is opened with RunStarted")
        self.flush()
        with self._transaction() as execute:
            place = (self._continue if started.resumed else self._begin)(execute, run, started)
        self._place = place
        self._listeners.tell(started)

    def amend(self, run: str) -> None:
        """Let further events belong to a run that is not continued. Raises RunNotFound, JournalError."""
        self.flush()
        number, first, _ = self._found(run)
        self._place = Place(number, first)

    def record(self, event: Event) -> None:
        """Take an event down; it becomes durable with the next commit, in order."""
        if self._place is None or isinstance(event, RunStarted):
            raise RuntimeError("open_run comes first, and begins a run alone")
        self._pending.append(clean(event))
        self._recorded += 1

    async def commit(self) -> None:
        """Return when everything recorded so far is durable; those who wait at once share a transaction.

        A caller that is cancelled takes nothing with it: another goes on with the transaction, and what is
        left is written by the next `commit`, `flush` or `close`. Raises JournalError.
        """
        goal = self._recorded
        while self._written < goal or self._broken:
            self._check()
            if self._batch is not None:
                await self._batch.wait()
                continue
            self._batch = batch = anyio.Event()
            try:
                await anyio.lowlevel.checkpoint()  # for those who come in the same round of the event loop
                await self._write()
            finally:
                self._batch = None
                batch.set()
                self._publish()

    def subscribe(self, listener: Listener) -> None:
        """Call `listener` with every event once it is durable, in order, on the event loop's thread.

        A listener that raises is dropped; `listener_faults` tells of it.
        """
        self._listeners.subscribe(listener)

    def _begin(self, execute: Execute, run: str, started: RunStarted) -> Place:
        place = Place(*execute(*insert_run(run, started)).fetchone())
        self._insert(place, started.plan.targets)
        return place

    def _continue(self, execute: Execute, run: str, started: RunStarted) -> Place:
        found = execute("SELECT number, first FROM runs WHERE id = ?", (run,)).fetchone()
        if found is None:
            raise RunNotFound(f"the journal {self._name} holds no run {run} to continue")
        place = Place(*found)
        execute(FOLLOW_RUN, (started.follow, place.run))
        for statement in CONTINUE_RUN:
            execute(statement, (place.run,))
        return place

    def _apply(self, execute: Execute, event: Event) -> None:
        """Carry out what an event changes, in the open transaction."""
        first, *others = statements(self._opened(), event)
        self._found_one(execute(*first), event)
        for change in others:
            execute(*change)

    def _opened(self) -> Place:
        if self._place is None:
            raise RuntimeError("open_run comes first")
        return self._place

    def _found_one(self, cursor: Cursor, event: Event) -> None:
        if cursor.rowcount != 1:
            raise JournalError(f"the journal {self._name} knows nothing of what this event is about: {event}")

    def _check(self) -> None:
        if self._broken:
            raise broken(self._broken)

    def _break(self, error: BaseException) -> None:
        self._broken = JournalError.of(error)

    def _now_durable(self) -> None:
        """Note that what was staged is durable."""
        self._durable.extend(self._staged)
        self._written += len(self._staged)
        self._staged = []

    def _publish(self) -> None:
        while self._durable:
            self._listeners.tell(self._durable.popleft())
