"""PostgreSQL's errors as sentences: which journal, what happened, what to do; and never a password."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from ...errors import JournalAway, JournalError

_FULL = "raise the server's max_connections, or let fewer processes work"

#: What to do, by the beginning of the error's SQLSTATE, the first that fits.
_ADVICE = (
    ("28", "see to the user's name, password and rights on the server"),
    ("3D", "create the database; the tables are made by themselves"),
    ("3F", "name a schema that is there, and that this user may create tables in"),
    ("42501", "let this user own the database, or grant it what it needs in the schema, tables included"),
    ("42", "give the journal a database of its own"),
    ("53100", "free some space on the server's disk"),
    ("53300", _FULL),
    ("25006", "it is a replica, or read-only: name the primary"),
)

#: The same for a server that does not let one in: libpq hands on what it says, and not the SQLSTATE.
_REFUSED = (
    ("does not exist", "create it on the server, or correct the URL; the tables are made by themselves"),
    ("password", "see to the user's password on the server, and in PGPASSFILE or PGPASSWORD"),
    ("pg_hba.conf", "let this host and user in, in the server's pg_hba.conf; it may ask for TLS"),
    ("connection slots", _FULL),
    ("too many", _FULL),
    ("SSL", "correct `sslmode` in the URL, or let the server speak TLS"),
    ("certificate", "see to the server's certificate, and to `sslrootcert` in the URL"),
)
_UNREACHED = "see that the server can be reached"

#: The beginnings of SQLSTATEs that pass: connections that are lost, a server that stops, starts or is full.
_PASSING = ("08", "57P", "53300")


def explain(error: psycopg.Error, name: str) -> JournalError:
    """Turn an error of PostgreSQL's into one that names the journal, the error and what to do.

    It is JournalAway where the same may come to be answered again.
    """
    state = error.sqlstate or ""
    what = " ".join((error.diag.message_primary or str(error)).split()) or type(error).__name__
    advice = next((text for start, text in _ADVICE if state.startswith(start)), "")
    if not advice and isinstance(error, psycopg.OperationalError):
        advice = next((text for word, text in _REFUSED if not state and word in what), _UNREACHED)
    passing = state.startswith(_PASSING) or (not state and advice in {_UNREACHED, _FULL})
    return (JournalAway if passing else JournalError)(
        f"the journal {name} cannot be used: {what}{state and f' ({state})'}{advice and f'; {advice}'}"
    )


def behind(error: BaseException, name: str) -> JournalError:
    """Explain what of PostgreSQL's is behind an error of a library's that uses it."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, psycopg.Error):
        cause = cause.__cause__ or cause.__context__
    return explain(cause, name) if cause is not None else JournalError.of(error)


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Let no error of PostgreSQL's leave the block as it is; neither one that its binding raises."""
    try:
        yield
    except psycopg.DataError as error:
        what = " ".join(str(error).split())
        raise JournalError(f"the journal {name} cannot hold a value: {what}") from error
    except psycopg.Error as error:
        raise explain(error, name) from error
    except UnicodeEncodeError as error:
        raise JournalError(f"the journal {name} cannot hold a value: {error}") from error
