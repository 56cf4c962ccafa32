"""One target released by the real engine and client, watched until it is plain what its failure leads to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from scheduler.amplify.accounts import Accounts
from scheduler.amplify.classify import classify
from scheduler.amplify.failure import Failure
from scheduler.amplify.port import AmplifyPort, Kind, Recorded
from scheduler.engine.clock import Clock, Intents
from scheduler.engine.outside import Options
from scheduler.engine.run import Run
from scheduler.events import (
    Event,
    LaneStopped,
    LimitChanged,
    RunStarted,
    StartAnswered,
    StartIntended,
    TargetEnded,
    TargetParked,
)
from scheduler.journal.memory.disk import MemoryDisk
from scheduler.journal.memory.journal import MemoryJournal
from scheduler.model import AWS, FrozenPlan, LaneKey, Limits, Outcome, Result, StopCause, Target


class Action(StrEnum):
    """What the engine does about a start that failed."""

    RETRY = "pause the lane, then send it again under a new intent"
    SLOW_DOWN = "slow the lane down, then send it again under a new intent"
    RENEW = "renew the credentials, then send it again under a new intent"
    WAIT = "park the target until its branch is free"
    FAIL = "fail the target"
    STOP = "stop the lane"
    RECONCILE = "look for its job and send nothing"


@dataclass
class Watch:
    """What a run was seen to do, up to the moment in which its action is plain; then `stop` is called."""

    stop: Callable[[], None] = lambda: None
    events: list[Event] = field(default_factory=list)
    failures: list[tuple[Failure, Kind, str]] = field(default_factory=list)
    renewed: bool = False
    action: Action | None = None

    def hear(self, event: Event) -> None:
        """Take an event down, as the journal's listener."""
        self.events.append(event)
        self._look()

    def classify(self, failure: Failure) -> tuple[Kind, str]:
        """Classify as the product does, and take it down."""
        kind, reason = classify(failure)
        self.failures.append((failure, kind, reason))
        self._look()
        return kind, reason

    def _look(self) -> None:
        if self.action is None and (action := self._read_off()) is not None:
            self.action = action
            self.stop()

    def _read_off(self) -> Action | None:
        results = [event.result for event in self.events if isinstance(event, StartAnswered)]
        for event in self.events:
            match event:
                case LaneStopped():
                    return Action.STOP
                case TargetEnded(outcome=Outcome.REJECTED):
                    return Action.FAIL
                case TargetParked(reason=reason):
                    return Action.RECONCILE if reason.startswith("in doubt") else Action.WAIT
                case LimitChanged() if results == [Result.THROTTLED]:
                    return Action.SLOW_DOWN
        intents = sum(isinstance(event, StartIntended) for event in self.events)
        # Where nothing can be sent, the next try fails at its look at the branch already.
        if intents > 1 or (results == [Result.NOT_SENT] and len(self.failures) > 1):
            return Action.RENEW if self.renewed else Action.RETRY
        return None


@dataclass(frozen=True)
class _Accounts:
    """The run's accounts, which tell the watch of every renewal."""

    accounts: Accounts
    watch: Watch

    async def verify(self, account: str) -> None:
        await self.accounts.verify(account)

    async def lane(self, key: LaneKey, *, calls: int) -> AmplifyPort:
        return await self.accounts.lane(key, calls=calls)

    async def quota(self, key: LaneKey) -> int | None:
        return await self.accounts.quota(key)

    async def recorded(self, key: LaneKey, since: float, until: float) -> Sequence[Recorded]:
        return await self.accounts.recorded(key, since, until)

    async def refresh(self, account: str) -> None:
        self.watch.renewed = True
        await self.accounts.refresh(account)


async def release(watch: Watch, accounts: Accounts, target: Target, *, fenced: bool) -> None:
    """Release the target until the watch has seen enough.

    Not `fenced`: the lane is known to keep the marker, so the start is the first call that is made.
    """
    disk, clock = MemoryDisk(), Clock()
    if not fenced:
        disk.markers[AWS, target.lane, target.job_type] = True
    journal, intents = MemoryJournal(disk), Intents(clock)
    journal.subscribe(watch.hear)
    run = intents.new()
    # Without a limit, Service Quotas would be asked first.
    plan = FrozenPlan(
        name="night", path="night.yaml", digest="sha256:0", targets=(target,), limits=Limits(builds=1)
    )
    journal.open_run(run, RunStarted(at=clock.wall(), plan=plan, endpoint=AWS, version="0", follow=True))
    async with accounts:
        engine = Run(
            journal.run(run),
            list(journal.targets(run)),
            journal,
            _Accounts(accounts, watch),
            Options(drain_timeout=0.1),
            clock,
            intents,
        )
        watch.stop = lambda: engine.stop(StopCause.SIGTERM, "enough was seen")
        await engine.execute()
