"""What is held against each other: the service's truth, the requests that left, and what the journal says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from scheduler.emulator.truth import JobTruth, Truth
from scheduler.events import IntentAbandoned, JobAdopted, StartAnswered
from scheduler.journal.port import AttemptRecord, JournalReader, RunRecord, TargetRecord
from scheduler.model import LaneKey, Result, Target
from scheduler.report.document import Report

from .history import Birth, Cancel, Death, Jump, Moment, Read, Request, Stop, Word

#: Region, app and branch: app ids are unique, account names are only the plan's words.
Branch = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """All that can be seen of a simulation, from every side.

    `reports`: what each run's last process reported. `settled`: the runs that came to an end of their own,
    which nobody stopped. `outputs`: everything that left the program, in which none of `secrets` may be.
    """

    truth: Truth
    history: Sequence[Moment]
    journal: JournalReader
    reports: Mapping[str, Report]
    settled: Collection[str] = ()
    outputs: Sequence[str] = ()
    secrets: Sequence[str] = ()
    at: float  #: when this was seen
    epoch: float  #: what the wall clock showed at the beginning
    markers_kept: bool  #: whether the service shows commit messages
    omitted: Collection[str] = ()  #: what else of a job it does not show


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """An intent in the journal and the request that it became. `order`: its place among all that happened."""

    run: RunRecord
    record: TargetRecord
    attempt: AttemptRecord
    last: bool  #: the target's last attempt
    request: Request | None
    order: int

    @property
    def made(self) -> str | None:
        return None if self.request is None else self.request.made

    @property
    def doubtful(self) -> bool:
        """Whether its answer was lost, whatever was found out later."""
        return self.attempt.result in {None, Result.AMBIGUOUS}


class Ledger:
    """An index of what was seen."""

    def __init__(self, seen: Seen) -> None:
        self.seen = seen
        self.requests: defaultdict[str, list[tuple[int, Request]]] = defaultdict(list)
        self.words: list[tuple[int, Word]] = []
        self.stops: list[tuple[int, Stop]] = []
        self.cancels: list[Cancel] = []
        self.deaths: dict[int, float] = {}
        self.births: list[Birth] = []
        self.jumps: list[Jump] = []
        #: The jobs that looks at a branch showed, by process, lane and app.
        self.reads: defaultdict[tuple[int, LaneKey, str], list[tuple[int, tuple[int, ...]]]]
        self.reads = defaultdict(list)
        for order, moment in enumerate(seen.history):
            match moment:
                case Request():
                    self.requests[moment.intent].append((order, moment))
                case Word():
                    self.words.append((order, moment))
                case Stop():
                    self.stops.append((order, moment))
                case Cancel():
                    self.cancels.append(moment)
                case Death():
                    self.deaths[moment.life] = moment.at
                case Birth():
                    self.births.append(moment)
                case Read(jobs=tuple(jobs)):
                    self.reads[moment.life, moment.lane, moment.app].append((order, jobs))
                case Jump():
                    self.jumps.append(moment)
                case _:
                    pass
        self.runs = {record.id: record for record in seen.journal.runs()}
        self.records = {run: list(seen.journal.targets(run)) for run in self.runs}
        self.starts = {start.attempt.intent: start for start in self._starts()}
        self.jobs: dict[Branch, dict[str, JobTruth]] = defaultdict(dict)
        for job in seen.truth.jobs:
            self.jobs[job.region, job.app, job.branch][job.job] = job
        self._settled = self._find_settled()
        #: Branch and job → the intent whose request made it.
        self.makers = {
            (*branch_of(request.target), request.made): intent
            for intent, requests in self.requests.items()
            for _, request in requests
            if request.made is not None
        }

    def _starts(self) -> Iterator[Start]:
        for run, records in self.records.items():
            for record in records:
                for place, attempt in enumerate(record.attempts, 1):
                    order, request = self.requests.get(attempt.intent, [(-1, None)])[0]
                    yield Start(
                        run=self.runs[run],
                        record=record,
                        attempt=attempt,
                        last=place == len(record.attempts),
                        request=request,
                        order=order,
                    )

    def _find_settled(self) -> defaultdict[str, list[tuple[int, Word]]]:
        settled: defaultdict[str, list[tuple[int, Word]]] = defaultdict(list)
        for order, word in self.words:
            match word.event:
                case StartAnswered(intent=intent, result=result) if result is not Result.AMBIGUOUS:
                    settled[intent].append((order, word))
                case JobAdopted(intent=str(intent)) | IntentAbandoned(intent=intent):
                    settled[intent].append((order, word))
                case _:
                    pass
        return settled

    def settled(self, intent: str, order: int, life: int) -> bool:
        """Whether a process knew, at that place in the order, what had become of an intent."""
        return any(
            place < order and (word.durable or word.life == life) for place, word in self._settled[intent]
        )

    def found(self, intent: str, order: int, life: int) -> bool:
        """Whether a process knew, at that place in the order, which job an intent had made."""
        return self.starts[intent].attempt.job_id is not None and self.settled(intent, order, life)

    def seen_by(self, life: int, target: Target, order: int) -> set[int]:
        """Return the jobs that looks at a target's branch had shown a process, at that place in the order."""
        reads = self.reads[life, target.lane, target.app]
        return {job for place, jobs in reads if place < order for job in jobs}

    def job(self, target: Target, job_id: str | None) -> JobTruth | None:
        """Return what really became of a job."""
        return None if job_id is None else self.jobs[branch_of(target)].get(job_id)

    def maker(self, target: Target, job_id: str) -> str | None:
        """Return the intent that made a job; None: somebody else did."""
        return self.makers.get((*branch_of(target), job_id))

    def own(self, record: TargetRecord) -> list[tuple[Start, str]]:
        """Return the jobs that a target's own requests made."""
        starts = [self.starts[attempt.intent] for attempt in record.attempts]
        return [(start, start.made) for start in starts if start.made is not None]


def branch_of(target: Target) -> Branch:
    return target.region, target.app, target.branch


def named(start: Start) -> str:
    """Name a start in a sentence."""
    return f"{start.record.target.key}, intent {start.attempt.intent}"
