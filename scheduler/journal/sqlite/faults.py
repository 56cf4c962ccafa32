"""SQLite's errors as sentences: which file, what happened, what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...errors import JournalError

#: What to do, by the name of SQLite's error, the first that it begins with.
_ADVICE = (
    ("SQLITE_FULL", "free some space on its disk"),
    ("SQLITE_IOERR_SHMSIZE", "free some space on its disk"),
    ("SQLITE_READONLY", "make the file and its directory writable"),
    ("SQLITE_CANTOPEN", "make the file and its directory readable and writable"),
    ("SQLITE_PERM", "make the file and its directory readable and writable"),
    ("SQLITE_BUSY", "another program keeps the file locked: end it"),
    ("SQLITE_LOCKED", "another program keeps the file locked: end it"),
    ("SQLITE_IOERR", "the disk failed: see the system's log, and that the disk is not full"),
    ("SQLITE_CORRUPT", "the file is damaged: put a backup in its place"),
    ("SQLITE_NOTADB", "the file is damaged: put a backup in its place"),
)


def explain(error: sqlite3.Error, path: Path) -> JournalError:
    """Turn SQLite's error into one that names the file, the error and what to do."""
    name: str = getattr(error, "sqlite_errorname", type(error).__name__)
    advice = next((text for start, text in _ADVICE if name.startswith(start)), "")
    return JournalError(f"the journal {path} cannot be used: {error} ({name}){advice and f'; {advice}'}")


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Let no error of SQLite's leave the block as it is; neither one that its binding raises."""
    try:
        yield
    except sqlite3.Error as error:
        raise explain(error, path) from error
    except (UnicodeEncodeError, OverflowError) as error:
        raise JournalError(f"the journal {path} cannot hold a value: {error}") from error
