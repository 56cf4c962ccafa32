"""The way to a PostgreSQL server, shared by all journals of a process."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import cache
from typing import Any, TypeAlias

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.types.string import TextLoader
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from ...errors import UsageError
from ..rows import Row
from .faults import explained
from .layout import layout, migrate
from .server import check, limit

#: What holds where the URL says nothing else. A server that vanished is noticed within seconds.
_DEFAULTS = {
    "application_name": "amplify-release",
    "client_encoding": "utf8",
    "connect_timeout": "10",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",  # milliseconds
}

#: What is lent.
Connection: TypeAlias = psycopg.AsyncConnection[Row]

#: Connections that are lent at once. A commit waits for the server's disk, and others go on meanwhile; events
#: whose journal finds none free are committed together.
_LENT = 4

#: Seconds for which one waits for a connection, and for which the pool tries to make one, at growing
#: distances, before it begins anew.
_PATIENCE = 30.0

# It would warn of each attempt. Who waits for a connection is told.
logging.getLogger("psycopg.pool").setLevel(logging.ERROR)


class Database:
    """One connection that blocks, for questions and for what is done before and after a run, and a few for
    commits, which the event loop waits for. All belong to the event loop's thread.

    After the server was lost, questions are asked again over a new connection.
    """

    def __init__(self, url: str) -> None:
        given = _read(url)
        self.conninfo = make_conninfo(url, **{k: v for k, v in _DEFAULTS.items() if k not in given})
        self.name = _told(given)
        self._home: psycopg.Connection[Row] | None = None
        self._pool = AsyncConnectionPool(
            self.conninfo,
            min_size=1,
            max_size=_LENT,
            open=False,
            timeout=_PATIENCE,
            reconnect_timeout=_PATIENCE,
            configure=_configure,
            check=AsyncConnectionPool.check_connection,
            name="journal",
        )

    def close(self) -> None:
        """Close the connection that blocks."""
        if self._home is not None:
            self._home.close()

    async def aclose(self) -> None:
        """Close all connections."""
        self.close()
        await self._pool.close()

    def holds_journal(self) -> bool:
        """Say whether the tables have been made. Raises JournalError, JournalVersionError."""
        with explained(self.name):
            return layout(self._connected(), self.name) > 0

    def prepare(self) -> None:
        """Make the tables, or bring them to the newest layout. Raises JournalError, JournalVersionError."""
        with explained(self.name):
            migrate(self._connected(), self.name)

    def rows(self, query: str, values: Sequence[Any]) -> list[Row]:
        """Ask a question, with a `?` for each of the values. Raises JournalError."""
        with explained(self.name):
            connection = self._connected()
            try:
                return connection.execute(translated(query), values).fetchall()
            except psycopg.OperationalError:
                if not connection.closed:
                    raise
                return self._connected().execute(translated(query), values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[psycopg.Connection[Row]]:
        """A transaction for the block, which blocks until it is durable. Raises JournalError."""
        with explained(self.name):
            connection = self._connected()
            with connection.transaction():
                yield connection

    async def pool(self) -> AsyncConnectionPool[Connection]:
        """Return the connections that are lent, for a library that takes them from there by itself."""
        await self._pool.open()
        return self._pool

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[Connection]:
        """A connection that the event loop waits for. Raises JournalError."""
        with explained(self.name):
            try:
                async with (await self.pool()).connection() as connection:
                    yield connection
            except PoolTimeout:
                # It does not say what is in the way; this does, unless all are only lent.
                await (await psycopg.AsyncConnection.connect(self.conninfo)).close()
                raise

    def _connected(self) -> psycopg.Connection[Row]:
        if self._home is None or self._home.closed:
            connection = psycopg.connect(self.conninfo, autocommit=True)
            try:
                check(connection, self.name)
                connection.execute(*limit())
            except BaseException:
                connection.close()
                raise
            connection.adapters.register_loader("json", TextLoader)  # rows.py reads it
            self._home = connection
        return self._home


async def _configure(connection: psycopg.AsyncConnection[Any]) -> None:
    await connection.set_autocommit(True)
    connection.adapters.register_loader("json", TextLoader)  # as above
    await connection.execute(*limit())


@cache
def translated(query: str) -> str:
    """Write a query that both databases take as psycopg wants it. It holds no `?` or `%` of its own."""
    return query.replace("?", "%s")


def _read(url: str) -> dict[str, Any]:
    """Take a URL apart. Raises UsageError, with nothing of it: what is wrong may be the password."""
    authority, _, path = url.partition("://")[2].partition("?")[0].partition("/")
    with suppress(psycopg.ProgrammingError):
        # A password with an `@` or a `/` of its own would become part of the host's name or the database's.
        if "@" not in authority.partition("@")[2] and "@" not in path:
            return conninfo_to_dict(url)
    raise UsageError(
        "the journal's URL cannot be read; expected one such as postgresql://db.example/releases, "
        "and in a password %40 for @, %2F for / and %25 for %"
    )


def _told(given: dict[str, Any]) -> str:
    """Name the journal for messages: without user and password."""
    host = given.get("host") or given.get("hostaddr") or ""
    port = f":{given['port']}" if given.get("port") else ""
    return f"postgresql://{host}{port}/{given.get('dbname', '')}"
