"""What a journal in memory holds, and what an event changes in it: `statements` in plain data."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, assert_never

from ...errors import JournalError
from ...events import (
    Event,
    IntentAbandoned,
    JobAdopted,
    JobChanged,
    LaneHeld,
    LaneMeasured,
    LaneStopped,
    LimitChanged,
    LimitsLearned,
    MarkerObserved,
    RunEnded,
    RunStarted,
    RunStopping,
    StartAnswered,
    StartIntended,
    TargetEnded,
    TargetParked,
)
from ...model import Evidence, LaneKey
from ..port import AttemptRecord, LaneRecord, RunRecord, TargetRecord


@dataclass(frozen=True, slots=True)
class IntentPlace:
    """Where an attempt is: its run, its target's position, and its place among the target's attempts."""

    run: str
    position: int
    number: int


@dataclass(frozen=True, slots=True)
class LaneTaken:
    """Who took a lane last, and until when."""

    epoch: int
    owner: str
    run: str
    until: float


@dataclass(slots=True)
class MemoryDisk:
    """What outlives a process: hand it to a new journal, and that is a restart."""

    #: In the order in which they were opened.
    runs: dict[str, RunRecord] = field(default_factory=dict)
    targets: dict[str, list[TargetRecord]] = field(default_factory=dict)
    lanes: dict[str, dict[LaneKey, LaneRecord]] = field(default_factory=dict)
    limit_changes: dict[str, list[LimitChanged]] = field(default_factory=dict)
    #: By endpoint, lane and job type.
    markers: dict[tuple[str, LaneKey, str], bool] = field(default_factory=dict)
    #: By endpoint and lane.
    learned: dict[tuple[str, LaneKey], LimitsLearned] = field(default_factory=dict)
    #: In the order in which they were sent.
    intents: dict[str, IntentPlace] = field(default_factory=dict)
    #: How each intent's job became known.
    evidence: dict[str, Evidence] = field(default_factory=dict)
    #: By the lane's name.
    leases: dict[str, LaneTaken] = field(default_factory=dict)

    def begin(self, run: str, started: RunStarted) -> None:
        """Add a run with its targets. Raises JournalError if there is one of this id."""
        if run in self.runs:
            raise JournalError(f"the journal holds a run {run} already")
        plan = started.plan
        self.runs[run] = RunRecord(
            id=run,
            plan=replace(plan, targets=()),
            endpoint=started.endpoint,
            version=started.version,
            follow=started.follow,
            started_at=started.at,
            size=len(plan.targets),
        )
        self.targets[run] = [
            TargetRecord(position=position, target=target) for position, target in enumerate(plan.targets)
        ]
        self.lanes[run] = {}
        self.limit_changes[run] = []

    def resume(self, run: str, *, follow: bool) -> None:
        """Let a run go on as if it had never stopped; what it did stays."""
        self.runs[run] = replace(
            self.runs[run], ended_at=None, stop_cause=None, stop_reason="", follow=follow
        )
        self.targets[run] = [replace(record, parked="") for record in self.targets[run]]
        self.lanes[run] = {
            lane: replace(record, stopped=None, denied=False, held="")
            for lane, record in self.lanes[run].items()
        }

    def apply(self, run: str, event: Event) -> None:  # noqa: C901, PLR0912 - a row an event
        """Change what an event changes, in this run, or, by its intent, in an earlier one.

        Raises JournalError if the event speaks of a target or an intent that was never recorded.
        """
        try:
            match event:
                case StartIntended():
                    self._intend(run, event)
                case StartAnswered():
                    self._answer(event)
                case JobAdopted():
                    self._adopt(run, event)
                case JobChanged(position=position, job=job):
                    self._set(run, position, job=job)
                case TargetParked(position=position, reason=reason):
                    self._set(run, position, parked=reason)
                case TargetEnded(position=position, outcome=outcome, reason=reason):
                    self._set(run, position, outcome=outcome, reason=reason, parked="")
                case IntentAbandoned(intent=intent):
                    place = self._set_attempt(intent, abandoned=True)
                    blank = TargetRecord(position=place.position, target=self._of(place).target)
                    self.targets[place.run][place.position] = replace(
                        blank, attempts=self._of(place).attempts
                    )
                case MarkerObserved(lane=lane, job_type=job_type, kept=kept):
                    self.markers[self.runs[run].endpoint, lane, job_type] = kept
                case LimitChanged():
                    self.limit_changes[run].append(event)
                case LimitsLearned(lane=lane):
                    self.learned[self.runs[run].endpoint, lane] = event
                case LaneMeasured(at=at, lane=lane):
                    self._set_lane(run, lane, at, counters=event)
                case LaneHeld(at=at, lane=lane, reason=reason):
                    self._set_lane(run, lane, at, held=reason)
                case LaneStopped(at=at, lane=lane, reason=reason, denied=denied):
                    self._set_lane(run, lane, at, stopped=reason, denied=denied)
                case RunStopping(cause=cause, reason=reason):
                    self.runs[run] = replace(self.runs[run], stop_cause=cause, stop_reason=reason)
                case RunEnded(at=at):
                    self.runs[run] = replace(self.runs[run], ended_at=at)
                case RunStarted():
                    raise TypeError("a run is begun by open_run, not by record")
                case _:
                    assert_never(event)
        except LookupError:
            raise JournalError(f"the journal knows nothing of what this event is about: {event}") from None

    def _intend(self, run: str, event: StartIntended) -> None:
        if event.intent in self.intents:
            raise JournalError(f"the intent {event.intent} was recorded before")
        attempt = AttemptRecord(
            intent=event.intent, sent_at=event.at, fence=event.fence, server_at=event.server_at
        )
        attempts = self.targets[run][event.position].attempts
        self._set(run, event.position, outcome=None, reason="", parked="", attempts=(*attempts, attempt))
        self.intents[event.intent] = IntentPlace(run, event.position, len(attempts))

    def _answer(self, event: StartAnswered) -> None:
        answer: dict[str, Any] = {"answered_at": event.at, "result": event.result, "error": event.error}
        if event.job is None:
            self._set_attempt(event.intent, **answer)
            return
        place = self._set_attempt(event.intent, **answer, job_id=event.job.jobId)
        self._set(place.run, place.position, job=event.job, evidence=Evidence.RESPONSE)
        self.evidence[event.intent] = Evidence.RESPONSE

    def _adopt(self, run: str, event: JobAdopted) -> None:
        position = event.position
        if event.intent is not None:
            place = self._set_attempt(event.intent, job_id=event.job.jobId)
            run, position = place.run, place.position
            self.evidence[event.intent] = event.evidence
        self._set(
            run,
            position,
            job=event.job,
            evidence=event.evidence,
            reason=event.reason,
            outcome=None,
            parked="",
        )

    def _of(self, place: IntentPlace) -> TargetRecord:
        return self.targets[place.run][place.position]

    def _set(self, run: str, position: int, **changes: Any) -> None:
        self.targets[run][position] = replace(self.targets[run][position], **changes)

    def _set_lane(self, run: str, lane: LaneKey, at: float, **changes: Any) -> None:
        known = self.lanes[run].get(lane)
        record = known or LaneRecord(lane=lane, counters=LaneMeasured(at=at, lane=lane))
        self.lanes[run][lane] = replace(record, **changes)

    def _set_attempt(self, intent: str, **changes: Any) -> IntentPlace:
        place = self.intents[intent]
        attempts = list(self._of(place).attempts)
        attempts[place.number] = replace(attempts[place.number], **changes)
        self._set(place.run, place.position, attempts=tuple(attempts))
        return place
