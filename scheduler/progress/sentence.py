"""An event for people: one sentence for what they should know, none for what goes as it should."""

from __future__ import annotations

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
from ..model import FAILURES, Evidence, Outcome, Result, StopCause, Target
from ..spoken import counted, counted_targets, span, spoken
from .remaining import remaining
from .tally import Phase, Tally


def sentence(  # noqa: C901, PLR0912 - a row an event
    event: Event, targets: Mapping[int, Target], run: str
) -> str | None:
    """Return what a person should read about an event; None: nothing.

    `targets` are the run's, by position; `run` is what `resume` is told of it. The sentence is not yet
    escaped for a terminal.
    """
    match event:
        case StartIntended() | JobChanged() | LimitsLearned() | LaneMeasured() | RunEnded():
            return None
        case LaneHeld(lane=lane, reason=reason, stalled=stalled):
            return f"{lane} {reason}" if stalled else None  # the rest is seen in `status --why`
        case StartAnswered(of_run=str(run), position=position, error=error):
            return f"{label(targets[position])}: its start by run {run} was refused: {error}"
        case StartAnswered():
            return _answer(event, targets)
        case TargetEnded(position=position, outcome=outcome, reason=reason):
            if outcome in FAILURES or outcome is Outcome.SKIPPED:
                return f"{label(targets[position])} {spoken(outcome)}: {reason}"
            return None  # what did not start, or was cut, has its reason from the lane or the run
        case TargetParked(position=position, reason=reason):
            return f"{label(targets[position])} waits: {reason}"
        case JobAdopted(of_run=str(run), position=position, job=job, reason=reason):
            return f"{label(targets[position])}: job {job.jobId} of run {run} was found: {reason}"
        case JobAdopted(position=position, evidence=evidence, job=job, reason=reason):
            did = "follows" if evidence is Evidence.ATTACHED else "adopted"
            return f"{label(targets[position])} {did} job {job.jobId}: {reason}"
        case IntentAbandoned(position=position):
            return f"{label(targets[position])} may be sent again, as a person decided"
        case LimitChanged(lane=lane, pace=pace, window=window, reason=reason):
            jobs = "" if window is None else f"at most {counted(window, 'job')} in flight, "
            return f"{lane}: {reason} ({jobs}{pace:.1f} starts/s)"
        case MarkerObserved(lane=lane, job_type=job_type, kept=kept):
            lost = (
                f"{lane}: {job_type} jobs lose the marker; a start in doubt is told by time and place alone"
            )
            return None if kept else lost
        case LaneStopped(lane=lane, reason=reason):
            return f"{lane} stopped, nothing more is started there: {reason}"
        case RunStarted():
            return _started(event, targets)
        case RunStopping(cause=cause, reason=reason):
            return f"stopping: {reason}; {_stopping(cause)}; `amplify-release resume {run}` goes on from here"
        case _:
            assert_never(event)


def standing(tally: Tally, now: float) -> str:
    """Return where the run stands: the heartbeat's sentence."""
    failed = f" ({tally.failed} failed)" if tally.failed else ""
    phases = (Phase.RUNNING, Phase.PENDING, Phase.STARTING, Phase.IN_DOUBT, Phase.PARKED, Phase.WAITING)
    counts = [f"{tally.counts[phase]} {phase}" for phase in phases if tally.counts[phase]]
    first = ", ".join([f"{tally.ended} of {tally.size} ended{failed}", *counts])
    windows = [lane.window for lane in tally.lanes.values() if lane.waiting or lane.jobs]
    known = sum(window for window in windows if window is not None)
    window = f"window {known}" if windows and None not in windows else None
    left = remaining(tally, now)
    return "; ".join(filter(None, (first, window, f"{about(left)} left" if left else None)))


def label(target: Target) -> str:
    """Name a target: as the plan does, and where it is."""
    return target.key if target.name == target.app else f"{target.name} ({target.key})"


def about(seconds: float) -> str:
    """Write an estimate: no more precise than it is."""
    return "less than a minute" if seconds < 60 else f"about {span(seconds)}"


def _answer(event: StartAnswered, targets: Mapping[int, Target]) -> str | None:
    error = event.error or "no reason was given"
    match event.result:
        case Result.STARTED | Result.BUSY | Result.REJECTED:
            return None  # as it should be, or the target's park or end says it
        case Result.THROTTLED:
            return f"{targets[event.position].lane}: start throttled; the lane slows down"
        case Result.NOT_SENT:
            return f"{label(targets[event.position])}: its start was not sent: {error}"
        case Result.AMBIGUOUS:
            return f"{label(targets[event.position])}: its start is in doubt and not sent again: {error}"
        case _:
            assert_never(event.result)


def _started(event: RunStarted, targets: Mapping[int, Target]) -> str:
    what = counted_targets(targets.values())
    where = f" at {event.endpoint}" if event.endpoint else ""
    return f"{'resuming' if event.resumed else 'releasing'} {event.plan.name}: {what}{where}"


def _stopping(cause: StopCause) -> str:
    match cause:
        case StopCause.SIGINT | StopCause.SIGTERM | StopCause.SIGHUP:
            return "calls in flight come to their end, jobs in AWS go on"
        case StopCause.FAILURE_BUDGET:
            return "nothing more is started, jobs in flight are followed"
        case StopCause.DEADLINE | StopCause.CANCEL:
            return "nothing more is started or followed, jobs in AWS go on"
        case StopCause.INTERNAL:
            return "nothing more is started, jobs in AWS go on"
        case _:
            assert_never(cause)
