"""Numbers with their nouns."""

from __future__ import annotations

from collections.abc import Collection

from .model import Target


def counted(number: int, noun: str) -> str:
    """Return `1 target`, `5,000 targets`: the noun takes an s unless there is one."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def counted_targets(targets: Collection[Target]) -> str:
    """Return how many targets there are, and in how many lanes: `30 targets in 2 lanes`."""
    lanes = len({target.lane for target in targets})
    return f"{counted(len(targets), 'target')} in {counted(lanes, 'lane')}"
