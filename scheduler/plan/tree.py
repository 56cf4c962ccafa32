"""A plan as it stands in its file: plain data, and a way to find the place of a part of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from .fault import Path, Place, Placed

#: Mappings, lists, text and None; TOML adds numbers, booleans, dates and times.
Node = Any

#: Bounds of a plan. A fleet larger than that is released from a lock file.
MAX_BYTES = 10 * 1024 * 1024
MAX_NODES = 1_000_000
MAX_DEPTH = 32
#: The keys of one mapping; `accounts` is the only one that grows with a fleet.
MAX_KEYS = 10_000
#: The items of a list within a target or the scenario.
MAX_ITEMS = 50_000

At = TypeVar("At")


class Unreadable(Exception):
    """The text has no tree: it breaks the format, or a bound. Carries the one sentence that says so."""

    def __init__(self, message: str, place: Place | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.place = place


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file holds.

    `faults` are those of the format that leave a readable rest (a duplicate key, an alias), so that the rest
    can be checked too. `find` returns the places of the keys and the values of parts that exist; it reads the
    text once more, since most plans have no faults and then no place is of interest.
    """

    tree: Node
    faults: list[Placed]
    find: Callable[[Collection[Path]], dict[Path, tuple[Place, Place]]]


def first_of_each(
    steps: Iterable[tuple[Path, At, At]], wanted: Collection[Path]
) -> dict[Path, tuple[At, At]]:
    """Pick the wanted paths from the keys and values in the order of the file; of a duplicate, the first."""
    missing, found = set(wanted), {}
    for path, key, value in steps:
        if path in missing:
            found[path] = (key, value)
            missing.discard(path)
            if not missing:
                break
    return found


def deepest(tree: Node, path: Path) -> Path:
    """Return the longest beginning of `path` that exists in the tree: what is missing has no place itself."""
    for depth, part in enumerate(path):
        match tree:
            case dict() if part in tree:
                tree = tree[part]
            case list() if isinstance(part, int) and part < len(tree):
                tree = tree[part]
            case _:
                return path[:depth]
    return path
