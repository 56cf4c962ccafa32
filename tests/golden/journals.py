"""Golden journals: what a killed run of each released version left, as SQL that people can read.

A dump keeps all that a newer version meets, rows and layout. How SQLite lays pages out, and what it does with
a killed process's write-ahead log, is SQLite's promise and not this program's; kills test the latter.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

HERE = Path(__file__).parent
PLAN = HERE / "plan.yaml"

#: Stands where the address of the emulator stood, which nobody can have again.
ENDPOINT = "http://127.0.0.1:1"

_PRAGMAS = ("application_id", "user_version")


def golden() -> Mapping[str, Path]:
    """Return the golden journals by version."""
    return {path.stem: path for path in sorted(HERE.glob("*.sql"))}


def dump(journal: Path, endpoint: str) -> str:
    """Write a journal as SQL."""
    with closing(sqlite3.connect(journal)) as connection:
        values = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in _PRAGMAS}
        lines = [f"PRAGMA {name} = {value};" for name, value in values.items()]
        text = "\n".join([*lines, *connection.iterdump()]) + "\n"
    return text.replace(endpoint, ENDPOINT)


def restore(version: str, journal: Path, endpoint: str) -> None:
    """Make a version's golden journal anew, as if its run had been made at this endpoint."""
    text = golden()[version].read_text().replace(ENDPOINT, endpoint)
    with closing(sqlite3.connect(journal)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(text)
    journal.chmod(0o600)
