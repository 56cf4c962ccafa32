"""Where a process that may die is held: at its connections to SQLite, and at its StartJob.

Nothing of this is in the product. `hold` is called once, in a forked process, and changes that process alone.
"""

from __future__ import annotations

import os
import sqlite3
from functools import partial
from pathlib import Path
from typing import Any, Self
from unittest.mock import patch

import aiohttp

from scheduler.amplify.client import AmplifyClient
from scheduler.amplify.port import Answer
from scheduler.events import Event, StartAnswered
from scheduler.journal.sqlite.journal import SqliteJournal
from scheduler.model import Target

from .points import Fate, Point


def hold(fate: Fate, seen: Path) -> None:
    """Let `fate` hear of every point and statement of this process.

    Each job that an answer names is noted in the file `seen` before anything else knows of it: a line with
    the intent and the job's id.
    """
    notes = os.open(seen, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    start_job, record = AmplifyClient.start_job, SqliteJournal.record
    write_bytes = aiohttp.ClientRequest.write_bytes

    async def held_start(
        client: AmplifyClient, target: Target, *, commit_message: str | None, intent: str
    ) -> Answer:
        fate.reach(Point.BEFORE_SEND)
        try:
            answer = await start_job(client, target, commit_message=commit_message, intent=intent)
            os.write(notes, f"{intent} {answer.job.jobId}\n".encode())
        finally:
            fate.reach(Point.BEFORE_REPLY)
        return answer

    async def held_write(request: aiohttp.ClientRequest, *arguments: Any) -> None:
        await write_bytes(request, *arguments)
        if request.method == "POST" and request.url.path.endswith("/jobs"):
            fate.reach(Point.AFTER_SEND)

    def held_record(journal: SqliteJournal, event: Event) -> None:
        record(journal, event)
        if isinstance(event, StartAnswered):
            fate.reach(Point.AFTER_REPLY)

    for owner, name, held in (
        (AmplifyClient, "start_job", held_start),
        (aiohttp.ClientRequest, "write_bytes", held_write),
        (SqliteJournal, "record", held_record),
        (sqlite3, "connect", partial(sqlite3.connect, factory=_connection(fate))),
    ):
        patch.object(owner, name, held).start()
    fate.enter()


def _connection(fate: Fate) -> type[sqlite3.Connection]:
    """Make connections whose every statement `fate` hears of."""

    class Cursor(sqlite3.Cursor):
        def execute(self, statement: str, values: Any = (), /) -> Self:
            fate.execute(statement, partial(super().execute, statement, values))
            return self

        def executemany(self, statement: str, rows: Any, /) -> Self:
            fate.execute(statement, partial(super().executemany, statement, rows))
            return self

    class Connection(sqlite3.Connection):
        def cursor(self, factory: Any = Cursor) -> Any:
            return super().cursor(factory)

        def execute(self, statement: str, values: Any = (), /) -> Any:
            return self.cursor().execute(statement, values)

    return Connection
