"""The journal in a SQLite file: WAL, every commit synced to the disk, and many events in one commit."""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Self

import anyio
import anyio.lowlevel
import anyio.to_thread

from ..errors import JournalError, RunNotFound
from ..events import Event, RunStarted
from .clean import clean
from .database import FILE, connect, create
from .faults import explained
from .listeners import Listeners
from .port import Listener
from .reader import SqliteReader
from .reading import connect_reading
from .state import make_private
from .statements import CONTINUE_RUN, INSERT_TARGET, Place, insert_run, statements, target_rows


class SqliteJournal(SqliteReader):
    """One process's access to a journal file; methods belong to the event loop's thread.

    Events are put into a transaction there, and only its COMMIT, which waits for the disk, runs in a worker
    thread. With the statements in the worker as well, each of them would have to win the interpreter back
    from a busy event loop: 280 ms for 100 rows were measured, against 0.3 ms and a COMMIT of 6 ms.

    After a failed commit the journal is broken: nothing is written any more, and every commit raises
    JournalError. `unwritten` keeps what did not get to the disk.
    """

    def __init__(self, path: Path, reading: sqlite3.Connection, writing: sqlite3.Connection) -> None:
        super().__init__(path, reading)
        self._writing = writing
        self._cursor = writing.cursor()
        self._in_use = threading.Lock()  #: held while a thread uses the writing connection
        self._worker = anyio.CapacityLimiter(1)
        self._place: Place | None = None
        self._pending: list[Event] = []  #: recorded, in no transaction yet
        self._staged: list[Event] = []  #: in the open transaction
        self._durable: deque[Event] = deque()  #: written, but the listeners have not heard
        self._recorded = 0
        self._written = 0
        self._batch: anyio.Event | None = None  #: set when the commit on its way has come to its end
        self._broken = ""
        self._listeners = Listeners()

    @classmethod
    def open(cls, directory: Path) -> Self:
        """Open a state directory's journal; both are made if need be. Raises JournalError.

        A file that is damaged or of a newer version is refused and left as it is.
        """
        make_private(directory)
        path = directory / FILE
        create(path)
        writing = connect(path)
        try:
            return cls(path, connect_reading(path), writing)
        except BaseException:
            writing.close()
            raise

    def close(self) -> None:
        """Write what is left and close the file; the second time does nothing. Raises JournalError."""
        try:
            if not self._broken:
                self.flush()
        finally:
            self._broken = self._broken or f"the journal {self._path} is closed"
            self._reading.close()
            with self._in_use:
                self._writing.close()

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
        with self._in_use, explained(self._path):
            self._cursor.execute("BEGIN IMMEDIATE")
            try:
                place = (self._continue if started.resumed else self._begin)(run, started)
                self._cursor.execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise
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
                self._stage()
                await anyio.to_thread.run_sync(self._sync, limiter=self._worker)
            finally:
                self._batch = None
                batch.set()
                self._publish()

    def flush(self) -> None:
        """Make everything recorded so far durable before returning: `commit` without a loop to wait in.

        It blocks, and belongs to the event loop's thread, never into a handler that interrupts it. Raises
        JournalError.
        """
        self._stage()
        self._sync()
        self._publish()

    def subscribe(self, listener: Listener) -> None:
        """Call `listener` with every event once it is durable, in order, on the event loop's thread.

        A listener that raises is dropped; `listener_faults` tells of it.
        """
        self._listeners.add(listener)

    def _check(self) -> None:
        if self._broken:
            raise JournalError(self._broken)

    def _begin(self, run: str, started: RunStarted) -> Place:
        place = Place(*self._cursor.execute(*insert_run(run, started)).fetchone())
        self._cursor.executemany(INSERT_TARGET, target_rows(place, started.plan.targets))
        return place

    def _continue(self, run: str, started: RunStarted) -> Place:
        found = self._cursor.execute("SELECT number, first FROM runs WHERE id = ?", (run,)).fetchone()
        if found is None:
            raise RunNotFound(f"the journal {self._path} holds no run {run} to continue")
        place = Place(*found)
        self._cursor.execute("UPDATE runs SET follow = ? WHERE number = ?", (started.follow, place.run))
        for statement in CONTINUE_RUN:
            self._cursor.execute(statement, (place.run,))
        return place

    def _stage(self) -> None:
        """Put what is pending into the open transaction, or into a new one."""
        self._check()
        with self._in_use:
            try:
                with explained(self._path):
                    if self._pending and not self._writing.in_transaction:
                        self._cursor.execute("BEGIN IMMEDIATE")
                    for event in self._pending:
                        self._apply(event)
            except BaseException as error:
                self._break(error)
                raise
            self._staged += self._pending
            self._pending = []

    def _apply(self, event: Event) -> None:
        if self._place is None:
            raise RuntimeError("open_run comes first")
        execute = self._cursor.execute
        changes = statements(self._place, event)
        if execute(*next(changes)).rowcount != 1:
            raise JournalError(f"the journal {self._path} knows nothing of what this event is about: {event}")
        for change in changes:
            execute(*change)

    def _sync(self) -> None:
        """Commit the open transaction; the disk has it on return."""
        with self._in_use:
            try:
                with explained(self._path):
                    if self._writing.in_transaction:
                        self._cursor.execute("COMMIT")
            except BaseException as error:
                self._break(error)
                raise
            self._durable.extend(self._staged)
            self._written += len(self._staged)
            self._staged = []

    def _publish(self) -> None:
        while self._durable:
            self._listeners.tell(self._durable.popleft())

    def _break(self, error: BaseException) -> None:
        self._broken = str(error) or type(error).__name__
        self._roll_back()

    def _roll_back(self) -> None:
        # SQLite may have rolled back by itself, and the disk may refuse this as well.
        with suppress(sqlite3.Error):
            if self._writing.in_transaction:
                self._writing.execute("ROLLBACK")
