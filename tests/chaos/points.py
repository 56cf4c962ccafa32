"""The named points of a start, and what may become of a process there."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum


class Point(StrEnum):
    """A moment between two of the steps that the promise depends on."""

    BEFORE_COMMIT = "before-commit"  #: events are in the journal's transaction, and nothing is durable
    AFTER_COMMIT = "after-commit"  #: they are durable, and nobody has been told
    BEFORE_SEND = "before-send"  #: the intent is durable, and no byte of StartJob has left
    AFTER_SEND = "after-send"  #: the whole request has left, and no answer was read
    BEFORE_REPLY = "before-reply"  #: the answer is here, and the engine does not know
    AFTER_REPLY = "after-reply"  #: the engine has taken the answer down, and it is not durable


@dataclass(slots=True)
class Fate:
    """What awaits a process. This one lets it live, and counts what it came to."""

    reached: Counter[str] = field(default_factory=Counter)

    def reach(self, point: Point) -> None:
        """Hear that the process has come to a point."""
        self.reached[point] += 1

    def execute(self, statement: str, do: Callable[[], object]) -> None:
        """Hear that the process gives SQLite a statement, which `do` does; what is raised is the answer."""
        if statement == "COMMIT":
            self.reach(Point.BEFORE_COMMIT)
        do()
        if statement == "COMMIT":
            self.reach(Point.AFTER_COMMIT)

    def enter(self) -> None:
        """Change what has to be changed in the process before the command begins."""


@dataclass(slots=True)
class Killed(Fate):
    """kill -9 at the n-th time that the process comes to a point."""

    point: Point = Point.BEFORE_COMMIT
    time: int = 1

    def reach(self, point: Point) -> None:
        self.reached[point] += 1
        if point is self.point and self.reached[point] == self.time:
            os.kill(os.getpid(), signal.SIGKILL)

    def __str__(self) -> str:
        return f"{self.point}:{self.time}"
