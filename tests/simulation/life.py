"""A simulated process: it can be killed at any point, and what it does afterwards reaches nobody.

Killing takes no cooperation: the process's tasks may go on for a while inside the simulation, but its journal
takes nothing down any more and its requests do not leave.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import anyio

from scheduler.events import Event, StartIntended
from scheduler.journal.memory.disk import MemoryDisk
from scheduler.journal.memory.journal import MemoryJournal

from .history import Death, History, Word


class Killed(BaseException):
    """The process that makes this call was killed."""


class Point(StrEnum):
    """The points of a start at which a process may be hit."""

    INTENDED = "after an intent was recorded"
    COMMITTING = "before a commit"
    COMMITTED = "after a commit"
    SENDING = "before a StartJob request leaves"
    SENT = "after the service took a StartJob request"
    ANSWERED = "after the answer to a StartJob request"


@dataclass(slots=True)
class Life:
    """One process, from its birth to its end or its death."""

    number: int
    history: History
    #: Where the process is hit, and at the how-manieth time that it gets there; None: nowhere.
    fate: tuple[Point, int] | None = None
    alive: bool = True
    #: Set when the process got to the point of its fate, or died.
    met: anyio.Event = field(default_factory=anyio.Event)
    spares: bool = False  #: its fate does not kill it; a signal comes there, for example

    def reach(self, point: Point) -> None:
        """Get to a point. Raises Killed if the process does not survive it, or is dead already."""
        if self.alive and self.fate is not None and self.fate[0] is point:
            self.fate = point, self.fate[1] - 1
            if self.fate[1] == 0:
                self.fate = None
                if self.spares:
                    self.met.set()
                else:
                    self.die()
        self.go_on()

    def go_on(self) -> None:
        """Raise Killed if the process is dead."""
        if not self.alive:
            raise Killed

    def die(self) -> None:
        """Be killed."""
        if self.alive:
            self.alive = False
            self.history.add(Death(at=anyio.current_time(), life=self.number))
            self.met.set()


class MortalJournal(MemoryJournal):
    """The journal of a process that may die. A commit takes `latency` seconds and counts when it is over."""

    def __init__(self, disk: MemoryDisk, life: Life, *, latency: float = 0.0) -> None:
        super().__init__(disk)
        self._life = life
        self._latency = latency
        self._words: list[Word] = []

    def open_run(self, run: str, started: Event) -> None:
        super().open_run(run, started)
        self._note(run, started, durable=True)

    def record(self, event: Event) -> None:
        if not self._life.alive:
            return
        super().record(event)
        assert self._run is not None
        self._words.append(self._note(self._run, event))
        if isinstance(event, StartIntended):
            self._life.reach(Point.INTENDED)

    def _note(self, run: str, event: Event, *, durable: bool = False) -> Word:
        word = Word(at=anyio.current_time(), life=self._life.number, run=run, event=event, durable=durable)
        self._life.history.add(word)
        return word

    async def commit(self) -> None:
        if self._latency and self.unwritten:
            await anyio.sleep(self._latency)
        await super().commit()
        self._life.go_on()

    def flush(self) -> None:
        if not (self._life.alive and self.unwritten):
            return
        self._life.reach(Point.COMMITTING)
        super().flush()
        for word in self._words:
            word.durable = True
        self._words.clear()
        self._life.reach(Point.COMMITTED)
