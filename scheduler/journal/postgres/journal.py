"""The journal in PostgreSQL: many events in one transaction, and none once the lane is another process's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import anyio
import psycopg

from ...errors import JournalError
from ...events import Event, RunStarted
from ...model import Target
from ..lease import Lease
from ..recorder import Cursor, Execute, Recorder
from ..refusals import taken_over
from ..rows import Row
from ..statements import Place, Statement, statements, target_rows
from .database import Database, translated
from .layout import RUNS
from .log import FORGET, log_of
from .reader import PostgresReader

_COPY = "COPY targets (id, run, position, region, app, branch, spec, account) FROM STDIN"

#: Moves the owner's row, so that the transaction and the next owner's taking wait for one another.
_FENCE = "UPDATE leases SET writes = writes + 1 WHERE name = ? AND epoch = ?"


class PostgresJournal(Recorder, PostgresReader):
    """One run's access to a journal; methods belong to the event loop's thread.

    Statements are sent in one go from there: in a worker thread, each would have to win the interpreter back
    from a busy event loop. A commit that fails breaks the journal: nobody knows whether it came through.
    """

    def __init__(self, database: Database, fence: Lease | None = None) -> None:
        super().__init__(database)
        self._lease = fence

    def close(self) -> None:
        """Write what is left; the database stays open. The second time does nothing. Raises JournalError."""
        try:
            if not self._broken:
                self.flush()
        finally:
            self._broken = self._broken or JournalError(f"the journal {self._name} is closed")

    def flush(self) -> None:
        self._check()
        if self._staged:
            raise RuntimeError("a commit is on its way")
        self._stage()
        try:
            if self._staged:
                with self._transaction() as execute:
                    for statement, event in self._statements():
                        self._verify(execute(*statement), event)
        except BaseException as error:
            self._break(error)
            raise
        self._now_durable()
        self._publish()

    async def _write(self) -> None:
        self._check()
        self._stage()
        try:
            # Whoever waits may be cancelled: that must not tear a transaction that others wait for as well.
            with anyio.CancelScope(shield=True):
                async with self._database.lent() as connection:
                    await self._send(connection)
        except BaseException as error:
            self._break(error)
            raise
        self._now_durable()

    async def _send(self, connection: psycopg.AsyncConnection[Row]) -> None:
        """Send everything staged, and the commit once the answers are what they have to be."""
        async with connection.pipeline() as pipeline, connection.transaction():
            answers = [
                (await connection.execute(translated(query), values), event)
                for (query, values), event in self._statements()
            ]
            await pipeline.sync()
            for cursor, event in answers:
                self._verify(cursor, event)

    def _stage(self) -> None:
        self._staged += self._pending
        self._pending = []

    def _statements(self) -> Iterator[tuple[Statement, Event | Lease | None]]:
        """Yield what to execute, each with what must be there for it: an event's first, and the fence."""
        place = self._opened()
        if self._lease is not None:
            yield (_FENCE, (self._lease.name, self._lease.epoch)), self._lease
        for event in self._staged:
            first, *others = statements(place, event)
            yield first, event
            for statement in others:
                yield statement, None
        yield log_of(place.run, self._staged), None

    def _verify(self, cursor: Cursor, what: Event | Lease | None) -> None:
        match what:
            case None:
                pass
            case Lease(name=name):
                if cursor.rowcount != 1:
                    raise taken_over(name)
            case event:
                self._found_one(cursor, event)

    @contextmanager
    def _transaction(self) -> Iterator[Execute]:
        with self._database.transaction() as connection:

            def execute(query: str, values: tuple[Any, ...]) -> Cursor:
                return connection.execute(translated(query), values)

            yield execute

    def _begin(self, execute: Execute, run: str, started: RunStarted) -> Place:
        # Runs are numbered, and their targets with them, one run at a time.
        execute("SELECT pg_advisory_xact_lock(?)", (RUNS,))
        execute(FORGET, (started.at,))
        return super()._begin(execute, run, started)

    def _insert(self, place: Place, targets: Sequence[Target]) -> None:
        with (
            self._database.transaction() as connection,
            connection.cursor() as cursor,
            cursor.copy(_COPY) as copy,
        ):
            for target, row in zip(targets, target_rows(place, targets), strict=True):
                copy.write_row((*row, target.account))
