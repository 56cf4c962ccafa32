"""The targets that wait for their start in a lane, and whose turn is next."""

from __future__ import annotations

import heapq
from collections import OrderedDict
from typing import Generic, Protocol, TypeVar

from ..model import Target


class Waiting(Protocol):
    """What may stand in line: a target, with its place in the plan."""

    @property
    def position(self) -> int: ...

    @property
    def target(self) -> Target: ...


T = TypeVar("T", bound=Waiting)

_Labels = tuple[tuple[str, str], ...]
_Group = list[tuple[int, T]]  # a heap: the first of the plan on top


class Line(Generic[T]):
    """Groups take turns, so that none waits for another to be done; inside a group the plan's order holds.

    Targets with the same labels are one group, those without labels too. A higher priority goes before any
    turn.
    """

    def __init__(self) -> None:
        #: By priority: the groups that have somebody waiting, in the order of their turns.
        self._groups: dict[int, OrderedDict[_Labels, _Group[T]]] = {}
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def put(self, item: T) -> None:
        """Add a target; a group that has nobody waiting gets the last turn."""
        groups = self._groups.setdefault(item.target.priority, OrderedDict())
        heapq.heappush(groups.setdefault(_labels(item), []), (item.position, item))
        self._size += 1

    def put_back(self, item: T) -> None:
        """Let a target that was taken and did not start have its turn again."""
        self.put(item)
        self._groups[item.target.priority].move_to_end(_labels(item), last=False)

    def first(self) -> T:
        """Return whose turn is next. Raises IndexError if nobody waits."""
        if not self._size:
            raise IndexError("nobody waits")
        groups = self._groups[max(self._groups)]
        return next(iter(groups.values()))[0][1]

    def take(self) -> T:
        """Take whose turn is next out of the line; the group's turn goes on. Raises IndexError."""
        item = self.first()
        priority, labels = item.target.priority, _labels(item)
        groups = self._groups[priority]
        heapq.heappop(groups[labels])
        self._size -= 1
        if groups[labels]:
            groups.move_to_end(labels)
        else:
            del groups[labels]
        if not groups:
            del self._groups[priority]
        return item

    def clear(self) -> None:
        """Send everybody home."""
        self._groups.clear()
        self._size = 0


def _labels(item: Waiting) -> _Labels:
    return tuple(sorted(item.target.labels.items()))
