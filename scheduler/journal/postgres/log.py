"""What happened in a run, event by event, for those who watch it from another process.

Rows are numbered before they are committed, so that a lower number may show up after a higher one. Who reads
on from the highest would miss it: a reader looks a few seconds back, and passes over what it has seen.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import cache
from typing import Any, get_args

from pydantic import TypeAdapter

from ...events import Event
from ..statements import Statement

#: Seconds for which a transaction may take to show a number that it was given.
OVERLAP = 10.0

#: Seconds for which the log of a run is kept after its end; its targets tell how they ended for ever.
_KEPT = 86_400

_LOG = """
INSERT INTO happened (run, kind, event)
SELECT ?::bigint, kind, event FROM unnest(?::text[], ?::json[]) WITH ORDINALITY AS e (kind, event, place)
ORDER BY place
"""

#: Forgets the logs of runs that ended long before the time given.
FORGET = f"""
DELETE FROM happened WHERE run IN (SELECT number FROM runs WHERE ended_at < ?::float8 - {_KEPT})
"""  # noqa: S608 - a constant

#: The place of the newest row of a run's log.
NEWEST = "SELECT coalesce(max(number), 0) FROM happened WHERE run = (SELECT number FROM runs WHERE id = ?)"

#: The rows of a run's log after a place, but for those that were seen.
FRESH = """
SELECT number, kind, event FROM happened
WHERE run = (SELECT number FROM runs WHERE id = ?) AND number > ? AND number <> ALL(?::bigint[])
ORDER BY number
"""

_KINDS = {kind.__name__: kind for kind in get_args(Event)}


def log_of(run: int, events: Sequence[Event]) -> Statement:
    """Return the statement that adds events to a run's log."""
    kinds = [type(event).__name__ for event in events]
    bodies = [_adapter(kind).dump_json(event).decode() for kind, event in zip(kinds, events, strict=True)]
    return _LOG, (run, kinds, bodies)


def event_of(kind: str, body: str) -> Event:
    """Read an event of the log back. Raises LookupError, ValueError."""
    event: Event = _adapter(kind).validate_json(body)
    return event


@cache
def _adapter(kind: str) -> TypeAdapter[Any]:
    return TypeAdapter(_KINDS[kind])


class Seen:
    """How far a log has been read. `after`: every row up to there was seen, or will never show up."""

    def __init__(self, after: int = 0) -> None:
        self.after = after
        self.beyond: set[int] = set()  #: the rows after it that were seen
        self._marks: deque[tuple[float, int]] = deque()

    def note(self, numbers: Sequence[int], now: float) -> None:
        """Take down what was read, in order, at `now` on a steady clock."""
        self.beyond.update(numbers)
        self._marks.append((now, max(self.beyond, default=self.after)))
        while self._marks[0][0] <= now - OVERLAP:
            self.after = self._marks.popleft()[1]
        self.beyond = {number for number in self.beyond if number > self.after}
