"""What a simulation saw happen, in the order in which it happened: what invariants and traces are made of.

Times are true seconds since the simulation began; no clock of the program shows them. A moment's place in
the list is its order, for many things happen at the same instant of virtual time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from scheduler.emulator.truth import StartCall
from scheduler.events import Event
from scheduler.model import LaneKey, StopCause, Target


@dataclass(slots=True, kw_only=True)
class Request:
    """A StartJob request that the engine let go, and what came of it."""

    at: float
    life: int
    intent: str
    target: Target
    durable: bool  #: the journal held the intent when the request left
    call: StartCall | None = None  #: as the service saw it; None: it never got there
    answer: str = ""  #: what the engine was told; empty: nothing so far
    status: int = 0  #: of the service's own answer; 0: none came
    told: str | None = None  #: the job that the answer named
    answered_at: float | None = None

    @property
    def made(self) -> str | None:
        """The job that the request made, whatever the engine was told."""
        return None if self.call is None else self.call.job


@dataclass(slots=True, kw_only=True)
class Read:
    """A ListJobs request that was answered. `jobs`: the numbers that it showed; None: it failed."""

    at: float
    life: int
    lane: LaneKey
    app: str
    branch: str
    answer: str
    jobs: tuple[int, ...] | None = None


@dataclass(slots=True, kw_only=True)
class Cancel:
    """A StopJob request that the engine let go."""

    at: float
    life: int
    lane: LaneKey
    app: str
    branch: str
    job: str


@dataclass(slots=True, kw_only=True)
class Word:
    """An event that the engine recorded."""

    at: float
    life: int
    run: str
    event: Event
    durable: bool = False


@dataclass(slots=True, kw_only=True)
class Birth:
    """A process began to work on a run."""

    at: float
    life: int
    run: str
    how: str


@dataclass(slots=True, kw_only=True)
class Death:
    """A process was killed; nothing that it does later is seen by anybody."""

    at: float
    life: int


@dataclass(slots=True, kw_only=True)
class Stop:
    """A process was told to stop."""

    at: float
    life: int
    cause: StopCause


@dataclass(slots=True, kw_only=True)
class Push:
    """Somebody else started a job, or tried to."""

    at: float
    app: str
    branch: str
    what: str


@dataclass(slots=True, kw_only=True)
class Jump:
    """This machine's wall clock was set."""

    at: float
    seconds: float


Moment = Request | Read | Cancel | Word | Birth | Death | Stop | Push | Jump


@dataclass(slots=True)
class History:
    """All moments, oldest first. `listener` hears of each as it is added."""

    moments: list[Moment] = field(default_factory=list)
    listener: Callable[[Moment], None] = lambda _: None

    def add(self, moment: Moment) -> None:
        """Append a moment; what came of it may be filled in later."""
        self.moments.append(moment)
        self.listener(moment)
