"""What a run is told: how it is to go, and what a lane is given of the world around it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from ..events import Event
from ..journal.port import Owner
from ..model import FailureBudget, Outcome
from .clock import Clock, Intents
from .trail import Ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a run is to go. Durations are seconds."""

    follow: bool = True
    concurrency: int | None = None
    settle: float = 360.0
    cloudtrail: bool = False  #: CloudTrail is asked for starts in doubt
    drain_timeout: float = 10.0
    poll_interval: float = 0.0
    max_runtime: float | None = None
    #: Whether earlier runs at the endpoint may have left starts in doubt; a rehearsal has a world of its own.
    earlier: bool = True
    budget: FailureBudget = field(default_factory=FailureBudget)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What a lane is given by its run: time, names for intents, new credentials, ears for what happens."""

    told: str  #: what `resume` is told of the run
    endpoint: str  #: where the run is made; what runs elsewhere know does not count
    clock: Clock
    intents: Intents
    record: Callable[[Event], None]
    refresh: Callable[[], Awaitable[None]]
    ask_cloudtrail: Ask
    tell_ended: Callable[[Outcome], None]
    owned: Callable[[], bool]  #: the last look: whether the lane is still this process's to start in
    #: The jobs that the run's lanes took for their own, by branch: accounts may go by several names.
    taken: dict[tuple[str, str, str], dict[str, Owner]]
