"""Which journal the settings name: that of a state directory, or one in PostgreSQL that many hosts share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ..errors import UsageError

if TYPE_CHECKING:
    from ..journal.at_work import AtWork
    from ..journal.port import JournalReader
    from ..journal.postgres.shared import PostgresShared
    from ..settings import Settings


@contextmanager
def reading(settings: Settings) -> Iterator[tuple[JournalReader, AtWork]]:
    """Open the journal for reading, and tell who works on what at the moment. Raises RunNotFound."""
    if settings.journal is not None:
        url = shared_url(settings)
        from ..journal.postgres.reader import PostgresReader

        with PostgresReader.open(url) as shared:
            yield shared, shared.at_work()
        return
    from ..journal.at_work import AtWork
    from ..journal.sqlite.lock import StateLock
    from ..journal.sqlite.reader import SqliteReader

    with SqliteReader.open(settings.state_dir) as journal:
        unended = [record.id for record in journal.runs() if record.ended_at is None]
        alive = unended[:1] if StateLock.held(settings.state_dir) else ()
        yield journal, AtWork(alive=frozenset(alive))


@asynccontextmanager
async def sharing(settings: Settings) -> AsyncIterator[PostgresShared]:
    """Reach the journal that is shared, and make it if need be. Raises UsageError, JournalError."""
    url = shared_url(settings)
    from ..journal.postgres.shared import PostgresShared

    shared = PostgresShared(url)
    try:
        shared.prepare()
        yield shared
    finally:
        await shared.aclose()


def shared_url(settings: Settings) -> str:
    """Return the URL of the journal that is shared. Raises UsageError without one, or without the extra."""
    if settings.journal is None:
        raise UsageError("name the journal that the fleet shares: --journal or AMPLIFY_RELEASE_JOURNAL")
    if any(find_spec(library) is None for library in ("psycopg", "psycopg_pool", "procrastinate")):
        raise UsageError(
            "a journal in PostgreSQL needs more than is installed; install amplify-release-scheduler[fleet]"
        )
    return settings.journal.get_secret_value()
