"""What the journal asks of a server: to be new enough, and a session for each connection."""

from __future__ import annotations

from typing import Any

import psycopg

from ...errors import JournalError

#: The oldest version, which is the queue's; the journal alone, with its generated columns, would need 12.
OLDEST = 13

#: Seconds after which the server takes a transaction back that has come to a standstill: one whose process
#: hangs, or whose host is gone, must not keep a lane's row locked from the lane's next owner.
FORSAKEN = 10.0

_LIMIT = "SELECT set_config('idle_in_transaction_session_timeout', %s, FALSE)"
_SESSION = "SELECT pg_backend_pid()"


def limit() -> tuple[str, tuple[str]]:
    """Return the statement that bounds a session's transactions."""
    return _LIMIT, (f"{FORSAKEN * 1000:.0f}",)


def check(connection: psycopg.Connection[Any], name: str) -> None:
    """Refuse a server that cannot hold the journal called `name`, and say why. Raises JournalError."""
    version = connection.info.server_version
    if version < OLDEST * 10_000:
        raise JournalError(
            f"the journal {name} is on PostgreSQL {version // 10_000}, and needs {OLDEST} or newer; "
            "bring the server up to date, or name another"
        )
    if _lent_by_the_transaction(connection):
        raise JournalError(
            f"the journal {name} is behind a pooler that lends sessions by the transaction, and needs "
            "sessions of its own; let it pool by the session, or name the server itself"
        )


def _lent_by_the_transaction(connection: psycopg.Connection[Any]) -> bool:
    """Whether somebody between lets two connections use one session in turn."""
    own = _session(connection)
    if own == connection.info.backend_pid:
        return False  # nobody is in between: a pooler tells each client of a session that is none
    with psycopg.connect(connection.info.dsn, password=connection.info.password) as other:
        # It keeps its session until its transaction ends, so that ours must be the same or another.
        return _session(other) == own or _session(connection) != own


def _session(connection: psycopg.Connection[Any]) -> int:
    [(session,)] = connection.execute(_SESSION).fetchall()
    number: int = session
    return number
