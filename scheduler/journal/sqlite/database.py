"""The journal's file: made once, checked at every opening, never made again in place of a damaged one.

A journal that is made anew has forgotten what was sent, and everything would be sent twice.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from ...errors import JournalError
from ...whole import sync_directory
from ..refusals import damaged, newer
from .faults import explained

FILE = "journal.db"

#: "AREL": tells a journal from any other SQLite file.
_APPLICATION = 0x4152454C

#: The steps to the newest layout, in order. A file's `user_version` is how many of them it has seen.
MIGRATIONS = ("schema.sql",)

#: STRICT tables and `->>`. Python may be linked against an older library than it was built for.
_OLDEST = (3, 38, 0)

#: Files up to this size are checked from end to end when opened (about 0.1 s); damage in larger ones is found
#: where it is met.
_CHECKED = 64 * 1024 * 1024

_PRAGMAS = (
    "synchronous = FULL",  # NORMAL may lose the last commits with the power: an intent must not be lost
    "fullfsync = ON",  # macOS needs it for FULL to mean what it says; elsewhere it changes nothing
    "foreign_keys = ON",
    "cache_size = -16384",  # KiB
)


def connect(path: Path) -> sqlite3.Connection:
    """Open an existing journal, brought to the newest layout. Raises JournalError, JournalVersionError."""
    if sqlite3.sqlite_version_info < _OLDEST:
        raise JournalError(
            f"the journal needs SQLite 3.38 or newer, and this Python has {sqlite3.sqlite_version}; "
            "use another Python"
        )
    _check_file(path)
    with explained(path):
        connection = _open(path)
        try:
            check_layout(connection, path)
            _settle(connection, path)
            _migrate(connection)
        except BaseException:
            connection.close()
            raise
    return connection


def create(path: Path) -> None:
    """Make an empty journal, unless there is one. It appears complete or not at all."""
    if os.path.lexists(path):
        return
    try:
        # O_EXCL and O_NOFOLLOW, 0600; SQLite gives its other files the same mode.
        descriptor, name = tempfile.mkstemp(prefix=".journal-", suffix=".new", dir=path.parent)
        os.close(descriptor)
        scratch = Path(name)
        try:
            with explained(path):
                connection = _open(scratch)
                try:
                    connection.execute("PRAGMA synchronous = FULL")
                    connection.execute(f"PRAGMA application_id = {_APPLICATION}")
                    _migrate(connection)
                finally:
                    connection.close()
            try:
                os.link(scratch, path)
            except FileExistsError:
                return  # another process was faster
        finally:
            scratch.unlink()
        sync_directory(path.parent)
    except OSError as error:
        raise JournalError(
            f"the journal {path} cannot be made: {error.strerror}; name another directory with --state-dir"
        ) from error


def _open(path: Path) -> sqlite3.Connection:
    # `mode=rw` never creates. One thread at a time is seen to by SqliteJournal.
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=5.0,
        isolation_level=None,
        check_same_thread=False,
    )


def _check_file(path: Path) -> None:
    # Looked at without opening it: closing any descriptor of the file would drop the locks that other
    # connections of this process hold on it.
    try:
        status = path.lstat()
    except OSError as error:
        raise JournalError(
            f"the journal {path} cannot be opened: {error.strerror}; see to the rights on its directory"
        ) from error
    if not stat.S_ISREG(status.st_mode):
        raise JournalError(f"the journal {path} is not a plain file; move it away")
    if status.st_uid != os.geteuid():
        raise JournalError(
            f"the journal {path} belongs to user {status.st_uid}, not to {os.geteuid()}; run as its owner"
        )


def check_layout(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse what is not a journal, is damaged or too new. Raises JournalError, JournalVersionError."""
    try:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if application != _APPLICATION or version == 0:
            raise damaged(str(path), "it does not begin as a journal does")
        if version > len(MIGRATIONS):
            raise newer(str(path), version, len(MIGRATIONS))
        if path.stat().st_size <= _CHECKED:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found != "ok":
                raise damaged(str(path), " ".join(found.split()))
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            raise damaged(str(path), str(error)) from error
        raise


def _settle(connection: sqlite3.Connection, path: Path) -> None:
    """Set what holds for every connection."""
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise JournalError(
            f"the disk of {path} cannot hold a journal: WAL is not possible on it; "
            "name a directory on another one with --state-dir"
        )
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _migrate(connection: sqlite3.Connection) -> None:
    """Take the steps that the file has not seen, all of them or none."""
    if connection.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Read again: another process may have been faster.
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        for step in MIGRATIONS[version:]:
            for statement in _statements(resources.files(__package__).joinpath(step).read_text("utf-8")):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _statements(script: str) -> Iterator[str]:
    """Split a script; `executescript` would commit the transaction that it runs in."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
