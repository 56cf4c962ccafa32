"""PostgreSQL's errors as sentences: which journal, what happened, what to do; and never a password."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from ...errors import JournalError

#: What to do, by the beginning of the error's SQLSTATE, the first that fits.
_ADVICE = (
    ("28", "see to the user's name, password and rights on the server"),
    ("3D", "create the database; the tables are made by themselves"),
    ("42501", "let this user own the database, or grant it all on the schema"),
    ("42", "give the journal a database of its own"),
    ("53100", "free some space on the server's disk, then continue with `amplify-release resume`"),
    ("53300", "raise the server's max_connections, or let fewer processes work"),
    ("25006", "it is a replica, or read-only: name the primary"),
)
_UNREACHED = "see that the server can be reached, then continue with `amplify-release resume`"


def explain(error: psycopg.Error, name: str) -> JournalError:
    """Turn an error of PostgreSQL's into one that names the journal, the error and what to do."""
    state = error.sqlstate or ""
    advice = next((text for start, text in _ADVICE if state.startswith(start)), "")
    if not advice and isinstance(error, psycopg.OperationalError):
        advice = _UNREACHED
    what = " ".join(str(error).split()) or type(error).__name__
    return JournalError(
        f"the journal {name} cannot be used: {what}{state and f' ({state})'}{advice and f'; {advice}'}"
    )


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
