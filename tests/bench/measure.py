"""One run of one policy in one regime, held against the oracle."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

import anyio

from scheduler.emulator.identity import caller
from scheduler.emulator.service import Service
from scheduler.emulator.truth import JobTruth, Truth
from scheduler.events import Event, JobChanged, LimitChanged, TargetEnded
from scheduler.model import Job, Outcome, Target
from scheduler.plan.scenario import Operation
from tests.simulation.port import Port
from tests.simulation.virtual import simulate
from tests.simulation.world import EPOCH, World, fleet

from .habits import HABITS
from .oracle import ideal, undisturbed
from .regimes import UNLIMITED, Regime

OURS = "ours"
POLICIES = (OURS, *HABITS)
_LATER = 7200.0  #: seconds after the end in which jobs of others that still waited get their slots


@dataclass(frozen=True)
class Measure:
    """What a run came to. Times are seconds; `makespan` and `span` are shares of the oracle's.

    `span` counts to the last start. `pending` is the mean of own jobs that waited for a slot, and
    `pending_95` what it stayed below for 95% of the time, until the last of them had its slot.
    """

    makespan: float
    span: float
    refused: float  #: a start
    pending: float
    pending_95: float
    reads: float  #: a job
    delay: float
    delay_95: float
    rivals: float  #: extra wait of other people's jobs, against a night without us
    rivals_ideal: float  #: the same with the oracle's batch


@dataclass(frozen=True)
class Trace:
    """What a picture is made of. Times are seconds from the beginning."""

    starts: tuple[float, ...]
    grants: tuple[float, ...]
    ends: tuple[float, ...]
    windows: tuple[tuple[float, int | None], ...]


def measure(regime: Regime, policy: str, seed: int) -> Measure:
    """Carry out one run and hold it against the oracle."""
    return observe(regime, policy, seed)[0]


def observe(regime: Regime, policy: str, seed: int) -> tuple[Measure, Trace]:
    """Carry out one run; return its measure and what happened when."""
    scenario, targets = regime.scenario(seed), fleet(regime.targets)
    night = _Night(regime, policy, seed, targets)
    simulate(night.run)
    own, began = night.own, night.began
    assert len(own) == len(targets), "every target is started once"
    last_end = max(_reached(job.ended_at) for job in own) - began
    assert last_end < math.inf, "every job ends"
    best = ideal(scenario, targets, number=night.number)
    pending, pending_95 = _waiting(own)
    delays = sorted(night.noticed[int(job.app[1:])] - _reached(job.ended_at) for job in own)
    alone = undisturbed(scenario, targets[0], last_end) if regime.rivals else math.nan
    found = Measure(
        makespan=last_end / best.last_end,
        span=(max(job.created_at for job in own) - began) / max(1e-9, best.last_start),
        refused=night.refused / len(own),
        pending=pending,
        pending_95=pending_95,
        reads=night.reads / len(own),
        delay=sum(delays) / len(delays),
        delay_95=delays[int(0.95 * len(delays))],
        rivals=_rivals_wait(night.truth, began + last_end) - alone,
        rivals_ideal=best.rivals_wait - alone,
    )
    trace = Trace(
        tuple(sorted(job.created_at - began for job in own)),
        tuple(sorted(_reached(job.granted_at) - began for job in own)),
        tuple(sorted(_reached(job.ended_at) - began for job in own)),
        tuple((change.at - began, change.window) for change in night.changes),
    )
    return found, trace


class _Night:
    """One run on virtual time. Times are the wall clock's."""

    def __init__(self, regime: Regime, policy: str, seed: int, targets: Sequence[Target]) -> None:
        self.regime = regime
        self.policy = policy
        self.seed = seed
        self.targets = targets
        self.number = 2 if regime.second else 1  #: the id that our jobs have
        self.noticed: dict[int, float] = {}
        self.began = 0.0
        self.reads = 0
        self.changes: Sequence[LimitChanged] = ()
        self.truth: Truth

    async def run(self) -> None:
        world = World(self.regime.scenario(self.seed), seed=self.seed)
        if self.regime.second:
            await world.release(self.targets)
        if self.regime.history:
            remember(world, self.targets, self.regime.history)
        before = _reads(world.truth)
        self.began = world.clock.wall()
        if self.policy == OURS:
            world.journal.subscribe(self._listen)
            report = await world.release(self.targets)
            assert report.totals.succeeded == len(self.targets), report.totals
            self.changes = world.journal.limit_changes(report.run.id)
        else:
            port = Port(world, self.targets[0].lane, world.life)
            await HABITS[self.policy](port, self.targets, Random(self.seed), self._notice)
        self.reads = _reads(world.truth) - before
        if self.regime.rivals:
            await anyio.sleep(_LATER)
        self.truth = world.truth

    @property
    def own(self) -> list[JobTruth]:
        return [job for job in self.truth.jobs if not job.foreign and job.job == str(self.number)]

    @property
    def refused(self) -> int:
        return sum(1 for start in self.truth.starts if start.job is None and start.at >= self.began)

    def _listen(self, event: Event) -> None:
        if isinstance(event, TargetEnded):
            self.noticed[event.position] = event.at

    def _notice(self, number: int) -> None:
        self.noticed[number] = EPOCH + anyio.current_time()


def _reads(truth: Truth) -> int:
    return truth.calls.get("GetJob", 0) + truth.calls.get("ListJobs", 0)


def _reached(at: float | None) -> float:
    return math.inf if at is None else at


def _rivals_wait(truth: Truth, until: float) -> float:
    waits = [
        min(_reached(job.granted_at), until + _LATER) - job.created_at
        for job in truth.jobs
        if job.foreign and job.created_at <= until
    ]
    return sum(waits) / len(waits) if waits else math.nan


def _waiting(own: Sequence[JobTruth]) -> tuple[float, float]:
    """Return mean and 95th percentile, over time, of jobs that wait for a slot, until the last has one."""
    steps = sorted([(job.created_at, 1) for job in own] + [(_reached(job.granted_at), -1) for job in own])
    first, last = steps[0][0], steps[-1][0]
    shares: dict[int, float] = {}
    waiting, since = 0, first
    for at, step in steps:
        until = min(at, last)
        shares[waiting] = shares.get(waiting, 0.0) + max(0.0, until - since)
        since = max(since, until)
        waiting += step
    total = sum(shares.values())
    if total == 0:
        return 0.0, 0.0
    mean = sum(jobs * seconds for jobs, seconds in shares.items()) / total
    passed = 0.0
    for jobs in sorted(shares):
        passed += shares[jobs]
        if passed >= 0.95 * total:
            return mean, float(jobs)
    raise AssertionError


def remember(world: World, targets: Sequence[Target], jobs: int) -> None:
    """Give every target's branch so many earlier jobs in the journal, of the lengths it usually has."""
    scenario = world.scenario.model_copy(update={"slots": UNLIMITED, "start_rate": None, "changes": ()})
    time = 0.0
    service = Service(scenario, now=lambda: time, epoch=EPOCH)
    who = caller(targets[0].account, targets[0].region)
    for number in range(1, jobs + 2):
        for target in targets:
            parameters = {"appId": target.app, "branchName": target.branch, "jobType": "RELEASE"}
            service.call(Operation.START_JOB, who, parameters)
        time += 1e6
        if number > 1:  # the first is as long as the one that will be measured
            _record_night(
                world, targets, {job.app: job for job in service.truth().jobs if job.job == str(number)}
            )


def _record_night(world: World, targets: Sequence[Target], jobs: dict[str, JobTruth]) -> None:
    world.open(targets)
    for position, target in enumerate(targets):
        truth = jobs[target.app]
        job = Job(
            jobId=f"9{truth.job}",
            status="SUCCEED",
            startTime=datetime.fromtimestamp(truth.created_at, UTC),
            endTime=datetime.fromtimestamp(_reached(truth.ended_at), UTC),
        )
        world.journal.record(JobChanged(at=EPOCH, position=position, job=job))
        world.journal.record(TargetEnded(at=EPOCH, position=position, outcome=Outcome.SUCCEEDED, reason=""))
    world.journal.flush()
