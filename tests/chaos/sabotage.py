"""The product, broken on purpose: what does not notice this proves nothing."""

from __future__ import annotations

from dataclasses import dataclass
from unittest.mock import patch

from scheduler.journal.sqlite.journal import SqliteJournal

from .kills import QUIET, TARGETS, story
from .night import Story
from .points import Killed, Point


@dataclass(slots=True)
class Hasty(Killed):
    """An engine that sends before its intent is durable, and is killed."""

    def enter(self) -> None:
        async def commit(journal: SqliteJournal) -> None:
            del journal

        patch.object(SqliteJournal, "commit", commit).start()


def by_sabotage() -> Story:
    """Tell what such an engine does; its story goes wrong."""
    return story("--sabotage", QUIET, TARGETS, [Hasty(point=Point.AFTER_SEND, time=1)])
