"""Numbers, words and times as text."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from enum import StrEnum

from .model import Target


def counted(number: int, noun: str) -> str:
    """Return `1 target`, `5,000 targets`: the noun takes an s unless there is one."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def counted_targets(targets: Collection[Target]) -> str:
    """Return how many targets there are, and in how many lanes: `30 targets in 2 lanes`."""
    lanes = len({target.lane for target in targets})
    return f"{counted(len(targets), 'target')} in {counted(lanes, 'lane')}"


def spoken(word: StrEnum) -> str:
    """Write a word of the contract as people do: `timed out`."""
    return word.value.replace("_", " ")


def span(seconds: float) -> str:
    """Write a length of time in its two largest units at most: `48 s`, `14 min`, `2 h 05 min`."""
    if seconds < 60:
        return f"{int(seconds)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def rfc3339(moment: datetime | float | None) -> str | None:
    """Render a time as RFC 3339 in UTC with milliseconds; floats are seconds since the epoch."""
    if moment is None:
        return None
    if not isinstance(moment, datetime):
        moment = datetime.fromtimestamp(moment, UTC)
    return f"{moment.astimezone(UTC).isoformat(timespec='milliseconds')[:-6]}Z"
