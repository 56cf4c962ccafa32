"""The journal in a SQLite file: WAL, every commit synced to the disk, and many events in one commit."""

from __future__ import annotations

import math
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import anyio
import anyio.to_thread

from ...errors import JournalError
from ...model import Target
from ..recorder import Execute, Recorder
from ..statements import INSERT_TARGET, Place, target_rows
from .database import FILE, connect, create
from .directory import make_private
from .faults import explained
from .read_only import connect_reading
from .reader import SqliteReader


class SqliteJournal(Recorder, SqliteReader):
    """One process's access to a journal file; methods belong to the event loop's thread.

    Events are put into a transaction there, and only its COMMIT, which waits for the disk, runs in a worker
    thread. With the statements in the worker as well, each of them would have to win the interpreter back
    from a busy event loop: 280 ms for 100 rows were measured, against 0.3 ms and a COMMIT of 6 ms.

    A COMMIT takes 0.3 ms of CPU, half as much as a StartJob, however little is in it. So they are `spacing`
    seconds apart at least, and what comes meanwhile shares the next; who comes after a while does not wait.
    """

    def __init__(
        self, path: Path, reading: sqlite3.Connection, writing: sqlite3.Connection, *, spacing: float
    ) -> None:
        super().__init__(path, reading)
        self._spacing = spacing
        self._next_at = -math.inf
        self._writing = writing
        self._cursor = writing.cursor()
        self._in_use = threading.Lock()  #: held while a thread uses the writing connection
        self._worker = anyio.CapacityLimiter(1)

    @classmethod
    def open(cls, directory: Path, *, spacing: float = 0.0) -> Self:
        """Open a state directory's journal; both are made if need be. Raises JournalError.

        `spacing`: seconds between two commits at least, but for those of `flush`. A file that is damaged or
        of a newer version is refused and left as it is.
        """
        make_private(directory)
        path = directory / FILE
        create(path)
        writing = connect(path)
        try:
            return cls(path, connect_reading(path), writing, spacing=spacing)
        except BaseException:
            writing.close()
            raise

    def close(self) -> None:
        """Write what is left and close the file; the second time does nothing. Raises JournalError."""
        try:
            if not self._broken:
                self.flush()
        finally:
            self._broken = self._broken or JournalError(f"the journal {self._path} is closed")
            self._reading.close()
            with self._in_use:
                self._writing.close()

    async def _write(self) -> None:
        await anyio.sleep_until(self._next_at)
        self._next_at = anyio.current_time() + self._spacing
        self._stage()
        await anyio.to_thread.run_sync(self._sync, limiter=self._worker)

    def flush(self) -> None:
        self._stage()
        self._sync()
        self._publish()

    @contextmanager
    def _transaction(self) -> Iterator[Execute]:
        with self._in_use, explained(self._path):
            self._cursor.execute("BEGIN IMMEDIATE")
            try:
                yield self._cursor.execute
                self._cursor.execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise

    def _insert(self, place: Place, targets: Sequence[Target]) -> None:
        self._cursor.executemany(INSERT_TARGET, target_rows(place, targets))

    def _stage(self) -> None:
        """Put what is pending into the open transaction, or into a new one."""
        self._check()
        with self._in_use:
            try:
                with explained(self._path):
                    if self._pending and not self._writing.in_transaction:
                        self._cursor.execute("BEGIN IMMEDIATE")
                    for event in self._pending:
                        self._apply(self._cursor.execute, event)
            except BaseException as error:
                self._break(error)
                raise
            self._staged += self._pending
            self._pending = []

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
            self._now_durable()

    def _break(self, error: BaseException) -> None:
        super()._break(error)
        self._roll_back()

    def _roll_back(self) -> None:
        # SQLite may have rolled back by itself, and the disk may refuse this as well.
        with suppress(sqlite3.Error):
            if self._writing.in_transaction:
                self._writing.execute("ROLLBACK")
