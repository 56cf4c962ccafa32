"""The journal's tables: made and brought up to date by whoever comes first, never made again."""

from __future__ import annotations

from importlib import resources
from typing import Any

import psycopg

from ..refusals import newer

#: The steps to the newest layout, in order. The database remembers how many of them it has seen.
STEPS = ("schema.sql",)

#: The transaction that makes tables holds this advisory lock, and so does the one that begins a run. "AREL".
_TABLES = 0x4152454C
RUNS = _TABLES + 1


# Not `to_regclass`: it goes by a cache that does not hear of tables made while this transaction waited.
_MADE = "SELECT FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'journal_layout'"


def layout(connection: psycopg.Connection[Any], name: str) -> int:
    """Return how many steps the database has seen; 0: it holds no journal. Raises JournalVersionError."""
    if not connection.execute(_MADE).fetchall():
        return 0
    version: int
    [(version,)] = connection.execute("SELECT version FROM journal_layout").fetchall()
    if version > len(STEPS):
        raise newer(name, version, len(STEPS))
    return version


def migrate(connection: psycopg.Connection[Any], name: str) -> None:
    """Take the steps that the database has not seen, all of them or none. Raises JournalVersionError."""
    if layout(connection, name) == len(STEPS):
        return
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_TABLES,))
        # Read again: another process may have been faster.
        version = layout(connection, name)
        if version == 0:
            connection.execute("CREATE TABLE journal_layout (version integer NOT NULL)")
            connection.execute("INSERT INTO journal_layout VALUES (0)")
        for step in STEPS[version:]:
            script = resources.files(__package__).joinpath(step).read_text("utf-8")
            connection.execute(script)
        connection.execute("UPDATE journal_layout SET version = %s", (len(STEPS),))
