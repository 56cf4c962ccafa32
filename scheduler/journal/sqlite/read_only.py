"""Connections that only read. They work on a full disk too, and on one that must not be written to."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ...errors import JournalError
from .database import MIGRATIONS, check_layout, connect
from .faults import explained

#: What SQLite says where it cannot make the files that go with a journal while it is open.
_NO_ROOM = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}


def connect_reading(path: Path) -> sqlite3.Connection:
    """Open a connection that cannot write, and sees what others do. Raises JournalError."""
    connection = connect(path)
    with explained(path):
        connection.execute("PRAGMA query_only = ON")
    return connection


def connect_to_look(path: Path) -> sqlite3.Connection:
    """Open a connection that cannot write, if need be to a journal that nobody can write to either.

    Raises JournalError, JournalVersionError.
    """
    try:
        return connect_reading(path)
    except JournalError as error:
        if not (_no_room(error.__cause__) and _at_rest(path)):
            raise
        return _connect_at_rest(path, error)


def _no_room(error: BaseException | None) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _NO_ROOM


def _at_rest(path: Path) -> bool:
    """Whether all of the journal is in its file, and no run adds to it: a run would have made the other."""
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size == 0
    except FileNotFoundError:
        return True


def _connect_at_rest(path: Path, why: JournalError) -> sqlite3.Connection:
    """Read the file as it is, which needs no other beside it. Raises `why` where it would have to change."""
    with explained(path):
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
        )
        try:
            check_layout(connection, path)
            version = connection.execute("PRAGMA user_version").fetchone()[0]
        except BaseException:
            connection.close()
            raise
    if version != len(MIGRATIONS):
        connection.close()
        raise why
    return connection
