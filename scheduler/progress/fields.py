"""An event for machines: its constant name, its level, and all it says as fields."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import assert_never

from ..events import (
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
from ..model import FAILURES, Job, Result, Target

Fields = dict[str, object]


def log_fields(event: Event, targets: Mapping[int, Target]) -> tuple[str, Fields]:  # noqa: C901, PLR0912 - a row an event
    """Return the name of an event in the log (`noun.verb_past`, never anything from outside) and its fields.

    `targets` are the run's, by position. `at` is left to the line's own time.
    """
    match event:
        case StartIntended(position=position, intent=intent, fence=fence):
            return "start.intended", {**_target(targets[position]), "intent": intent, "fence": fence}
        case StartAnswered(position=position, intent=intent, result=result, error=error, job=job):
            answer: Fields = {"intent": intent, "result": result, **_job(job), **_known(error=error)}
            return "start.answered", {**_target(targets[position]), **answer, **_known(of_run=event.of_run)}
        case JobChanged(position=position, job=job):
            return "job.changed", {**_target(targets[position]), **_job(job)}
        case TargetEnded(position=position, outcome=outcome, reason=reason):
            return "target.ended", {**_target(targets[position]), "outcome": outcome, "reason": reason}
        case TargetParked(position=position, reason=reason):
            return "target.parked", {**_target(targets[position]), "reason": reason}
        case JobAdopted(position=position, intent=intent, evidence=evidence, job=job, reason=reason):
            adopted: Fields = {"intent": intent, "evidence": evidence, **_job(job), "reason": reason}
            return "job.adopted", {**_target(targets[position]), **adopted, **_known(of_run=event.of_run)}
        case IntentAbandoned(position=position, intent=intent):
            return "intent.abandoned", {**_target(targets[position]), "intent": intent}
        case LimitChanged(lane=lane, pace=pace, window=window, reason=reason):
            return "limit.changed", {"lane": str(lane), "pace": pace, "window": window, "reason": reason}
        case MarkerObserved(lane=lane, job_type=job_type, kept=kept):
            return "marker.observed", {"lane": str(lane), "job_type": job_type, "kept": kept}
        case LimitsLearned(lane=lane, rate=rate, slots=slots, quota=quota):
            return "limits.learned", {"lane": str(lane), "rate": rate, "slots": slots, "quota": quota}
        case LaneHeld(lane=lane, kind=kind, reason=reason, stalled=stalled):
            held: Fields = {"kind": kind, "reason": reason, "stalled": stalled}
            return "lane.held", {"lane": str(lane), **held}
        case LaneMeasured():
            return "lane.measured", _measured(event)
        case LaneStopped(lane=lane, reason=reason, denied=denied):
            return "lane.stopped", {"lane": str(lane), "reason": reason, "denied": denied}
        case RunStarted():
            return "run.started", _started(event, len(targets))
        case RunStopping(cause=cause, reason=reason):
            return "run.stopping", {"cause": cause, "reason": reason}
        case RunEnded():
            return "run.ended", {}
        case _:
            assert_never(event)


def level(event: Event) -> int:
    """Return how much an event matters, as a level of the module `logging`."""
    match event:
        case TargetEnded(outcome=outcome) if outcome in FAILURES:
            return logging.ERROR
        case LaneStopped():
            return logging.ERROR
        case StartAnswered(result=Result.AMBIGUOUS | Result.THROTTLED | Result.NOT_SENT) | RunStopping():
            return logging.WARNING
        case LaneHeld(stalled=True):
            return logging.WARNING
        case _:
            return logging.INFO


def _target(target: Target) -> Fields:
    return {"target": target.key, "name": target.name}


def _known(**fields: str | None) -> Fields:
    return {name: value for name, value in fields.items() if value is not None}


def _job(job: Job | None) -> Fields:
    return {} if job is None else {"job": job.jobId, "status": job.status}


def _started(event: RunStarted, size: int) -> Fields:
    return {
        "plan": event.plan.name,
        "digest": event.plan.digest,
        "targets": size,
        "endpoint": event.endpoint,
        "version": event.version,
        "follow": event.follow,
        "resumed": event.resumed,
    }


def _measured(event: LaneMeasured) -> Fields:
    return {
        "lane": str(event.lane),
        "start_calls": event.start_calls,
        "started": event.started,
        "throttled": event.throttled,
        "busy": event.busy,
        "read_calls": event.read_calls,
        "peak_in_flight": event.peak_in_flight,
        "peak_pending": event.peak_pending,
        "held": dict(event.held),
    }
