"""The journal in memory, for simulations: no thread and no disk, so that it keeps virtual time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import anyio.lowlevel

from ...errors import JournalError, RunNotFound
from ...events import Event, LimitChanged, LimitsLearned, RunStarted
from ...model import Job, LaneKey, Target
from ..answers import durations_of, find_run
from ..at_work import AtWork
from ..clean import clean
from ..lease import Lease
from ..listeners import Listeners
from ..port import LaneRecord, Listener, Owner, RunRecord, TargetRecord
from ..refusals import broken, taken_over
from .disk import MemoryDisk


class MemoryJournal:
    """One process's access to a `MemoryDisk`. What was recorded and not committed dies with the journal.

    `fault` is called before each commit that has something to write; what it raises breaks the journal, as a
    full disk would. With a `fence`, nothing is written once the lane is another's.
    """

    def __init__(
        self,
        disk: MemoryDisk | None = None,
        *,
        fault: Callable[[], None] = lambda: None,
        fence: Lease | None = None,
    ) -> None:
        self.disk = disk or MemoryDisk()
        self._fault = fault
        self._fence = fence
        self._run: str | None = None
        self._pending: list[Event] = []
        self._broken: JournalError | None = None
        self._listeners = Listeners()

    @property
    def unwritten(self) -> tuple[Event, ...]:
        """What was recorded and is not durable."""
        return tuple(self._pending)

    @property
    def listener_faults(self) -> tuple[Exception, ...]:
        """Errors of listeners, each of which was dropped for it."""
        return tuple(self._listeners.faults)

    def close(self) -> None:
        """Write what is left; the second time does nothing. Raises JournalError."""
        try:
            if not self._broken:
                self.flush()
        finally:
            self._broken = self._broken or JournalError("the journal is closed")

    def open_run(self, run: str, started: Event) -> None:
        """Begin the run that further events belong to, or continue it. Raises RunNotFound, JournalError."""
        if not isinstance(started, RunStarted):
            raise TypeError("a run is opened with RunStarted")
        self.flush()
        if started.resumed:
            self._known(run)
            self.disk.resume(run, follow=started.follow)
        else:
            self.disk.begin(run, started)
        self._run = run
        self._listeners.tell(started)

    def amend(self, run: str) -> None:
        """Let further events belong to a run that is not continued. Raises RunNotFound, JournalError."""
        self.flush()
        self._run = self._known(run)

    def record(self, event: Event) -> None:
        """Take an event down; it becomes durable with the next commit, in order."""
        if self._run is None or isinstance(event, RunStarted):
            raise RuntimeError("open_run comes first, and begins a run alone")
        self._pending.append(clean(event))

    async def commit(self) -> None:
        """Let others go on, as a disk would, and return with everything recorded durable."""
        self._check()
        if self._pending:
            await anyio.lowlevel.checkpoint()
            self.flush()

    def flush(self) -> None:
        """Make everything recorded so far durable. Raises JournalError."""
        self._check()
        if not self._pending or self._run is None:
            return
        try:
            self._fault()
            self._check_fence()
            for event in self._pending:
                self.disk.apply(self._run, event)
        except BaseException as error:
            self._broken = JournalError.of(error)
            raise
        written, self._pending = self._pending, []
        for event in written:
            self._listeners.tell(event)

    def subscribe(self, listener: Listener) -> None:
        """Call `listener` with every event once it is durable, in order; one that raises is dropped."""
        self._listeners.subscribe(listener)

    def at_work(self) -> AtWork:
        """Who works on what at the moment: nobody that a simulation would ask about."""
        return AtWork()

    def runs(self) -> Sequence[RunRecord]:
        """All runs, newest first."""
        return [self._counted(run) for run in reversed(self.disk.runs.values())]

    def run(self, run: str | None = None) -> RunRecord:
        """The run with this id (or an unambiguous beginning of it); None: the newest. Raises RunNotFound."""
        return self._counted(self.disk.runs[find_run([*reversed(self.disk.runs)], run)])

    def targets(self, run: str, lane: LaneKey | None = None) -> Iterator[TargetRecord]:
        """The run's targets, or those of one lane, in plan order. Raises RunNotFound."""
        records = self.disk.targets[self._known(run)]
        return iter([found for found in records if lane is None or found.target.lane == lane])

    def lanes(self, run: str) -> Sequence[LaneRecord]:
        """The run's lanes, sorted by account and region. Raises RunNotFound."""
        lanes = self.disk.lanes[self._known(run)]
        return [lanes[lane] for lane in sorted(lanes)]

    def limit_changes(self, run: str) -> Sequence[LimitChanged]:
        """Every change of the run's limits, in order, each with its reason. Raises RunNotFound."""
        return tuple(self.disk.limit_changes[self._known(run)])

    def in_doubt(
        self, targets: Iterable[Target], *, besides: str, endpoint: str
    ) -> dict[int, list[tuple[str, TargetRecord]]]:
        """In-doubt starts of the endpoint's other runs on these targets' branches, oldest first."""
        doubts: dict[tuple[str, str, str], list[tuple[str, TargetRecord]]] = {}
        for run, records in self.disk.targets.items():
            if run == besides or self.disk.runs[run].endpoint != endpoint:
                continue
            for record in records:
                if any(attempt.in_doubt for attempt in record.attempts):
                    doubts.setdefault(_branch(record.target), []).append((run, record))
        found = {place: doubts.get(_branch(target), []) for place, target in enumerate(targets)}
        return {place: [*doubtful] for place, doubtful in found.items() if doubtful}

    def owners(self, region: str, app: str, branch: str, *, endpoint: str) -> dict[str, Owner]:
        """Job id → intent, for every job on this branch that a run took for its own; proof goes first."""
        owners = []
        for intent, place in self.disk.intents.items():
            record = self.disk.targets[place.run][place.position]
            job_id = record.attempts[place.number].job_id
            here = self.disk.runs[place.run].endpoint == endpoint
            if here and job_id is not None and _branch(record.target) == (region, app, branch):
                owners.append((job_id, Owner.by(intent, self.disk.evidence[intent])))
        return dict(sorted(owners, key=lambda owner: owner[1].proven))

    def markers(self, *, endpoint: str) -> dict[tuple[LaneKey, str], bool]:
        """(lane, job type) → whether a read showed that the marker is kept."""
        return {
            (lane, job_type): kept
            for (place, lane, job_type), kept in self.disk.markers.items()
            if place == endpoint
        }

    def learned(self, endpoint: str, *, since: float) -> dict[LaneKey, LimitsLearned]:
        """Lane → what runs at this endpoint last learned of its limits, at `since` or later."""
        return {
            lane: learned
            for (place, lane), learned in self.disk.learned.items()
            if place == endpoint and learned.at >= since
        }

    def durations(self, targets: Sequence[Target], *, endpoint: str) -> list[list[float]]:
        """For each target, how long its branch's newest succeeded jobs took, newest first, 10 at most."""
        return [durations_of(self._jobs(_branch(target), endpoint)) for target in targets]

    def _check(self) -> None:
        if self._broken:
            raise broken(self._broken)

    def _check_fence(self) -> None:
        fence = self._fence
        if fence is not None and self.disk.leases[fence.name].epoch != fence.epoch:
            raise taken_over(fence.name)

    def _jobs(self, branch: tuple[str, str, str], endpoint: str) -> Iterator[Job]:
        for run, records in reversed(self.disk.targets.items()):
            if self.disk.runs[run].endpoint != endpoint:
                continue
            for record in reversed(records):
                if record.job is not None and _branch(record.target) == branch:
                    yield record.job

    def _known(self, run: str) -> str:
        if run not in self.disk.runs:
            raise RunNotFound(f"the journal holds no run {run}")
        return run

    def _counted(self, record: RunRecord) -> RunRecord:
        ended = sum(target.outcome is not None for target in self.disk.targets[record.id])
        return replace(record, done=ended)


def _branch(target: Target) -> tuple[str, str, str]:
    return target.region, target.app, target.branch
