"""A night for people: what does not hold, what was drawn, and what happened to the targets concerned."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import assert_never

from scheduler.events import (
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
from scheduler.model import Target

from .draw import Night
from .history import Birth, Cancel, Death, Jump, Moment, Push, Read, Request, Stop, Word
from .night import Found

_APP = re.compile(r"\bd\d\d\b")
_INTENT = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{20}([0-9A-HJKMNP-TV-Z]{6})\b")


def trace(night: Night, found: Found) -> str:
    """Tell a night; where something does not hold, only of the targets that it is about."""
    concerned = frozenset(app for violation in found.violations for app in _APP.findall(violation))
    lines = [f"seed {night.seed}", *_drawn(night, concerned), ""]
    lines += _happened(found.seen.history, night.targets, concerned)
    lines += ["", *(found.violations or ("every invariant holds",))]
    return _INTENT.sub(r"…\1", "\n".join(lines))


def _drawn(night: Night, concerned: Collection[str]) -> Iterator[str]:
    drawn = night.scenario.model_dump(mode="json", exclude_defaults=True)
    faults, branches = drawn.pop("faults", ()), drawn.pop("branches", ())
    yield f"service: {drawn}"
    yield from (f"fault: {fault}" for fault in faults)
    yield from (f"branch: {rule}" for rule in branches if not concerned or rule["app"] in concerned)
    yield from (f"process: {process}" for process in night.processes)
    yield from (f"target: {target}" for target in night.targets if target.app in concerned)


def _happened(
    moments: Collection[Moment], targets: Collection[Target], concerned: Collection[str]
) -> Iterator[str]:
    lines: list[tuple[float, int, str, str]] = []
    apps = [target.app for target in targets]
    for order, moment in enumerate(moments):
        lines.append((moment.at, order, *_told(moment, apps)))
        if isinstance(moment, Request) and moment.answered_at is not None:
            answer = f"{moment.intent} is answered: {moment.answer} {moment.told or ''}"
            lines.append((moment.answered_at, order, moment.target.app, answer))
    for at, _, app, text in sorted(lines):
        if text and (not app or not concerned or app in concerned):
            yield f"{at:12.3f}  {app:3}  {text}"


def _told(moment: Moment, apps: list[str]) -> tuple[str, str]:
    """Return the app that a moment is about, if any, and what happened; empty: nothing worth a line."""
    match moment:
        case Request(life=life, intent=intent, call=call, target=target):
            fate = "never got there" if call is None else f"the service: {call.answer}, made {call.job}"
            return target.app, f"[{life}] {intent} leaves ({fate})"
        case Read(life=life, app=app, answer=answer):
            return app, f"[{life}] reads: {answer}"
        case Cancel(life=life, app=app, job=job):
            return app, f"[{life}] asks job {job} to stop"
        case Word(life=life, event=event, durable=durable):
            about = getattr(event, "position", None)
            text = _said(event)
            lost = "" if durable else " (lost)"
            return "" if about is None else apps[about], f"[{life}] notes: {text}{lost}" if text else ""
        case Birth(life=life, run=run, how=how):
            return "", f"[{life}] is born to {how}: {run}"
        case Death(life=life):
            return "", f"[{life}] dies"
        case Stop(life=life, cause=cause):
            return "", f"[{life}] is told to stop: {cause}"
        case Push(app=app, what=what):
            return app, f"somebody pushes {what}"
        case Jump(seconds=seconds):
            return "", f"the wall clock is set by {seconds:+.0f} s"
        case _:
            assert_never(moment)


def _said(event: Event) -> str:
    match event:
        case StartIntended(intent=intent, fence=fence, server_at=server_at):
            return f"{intent} is intended, fence {fence}, server {server_at}"
        case StartAnswered(intent=intent, result=result, error=error, job=job):
            return f"{intent}: {result} {job.jobId if job else ''} {error or ''}"
        case JobAdopted(intent=intent, evidence=evidence, job=job):
            return f"{intent}: job {job.jobId} is {evidence}"
        case JobChanged(job=job):
            return f"job {job.jobId} is {job.status}"
        case TargetParked(reason=reason):
            return f"waits: {reason}"
        case TargetEnded(outcome=outcome, reason=reason):
            return f"{outcome} {reason}"
        case IntentAbandoned(intent=intent):
            return f"{intent} may be sent again"
        case MarkerObserved(lane=lane, job_type=job_type, kept=kept):
            return f"{lane} {'keeps' if kept else 'loses'} the marker of {job_type}"
        case LaneStopped(lane=lane, reason=reason):
            return f"{lane} stops: {reason}"
        case RunStarted(resumed=resumed):
            return "the run goes on" if resumed else "the run begins"
        case RunStopping(reason=reason):
            return f"the run stops: {reason}"
        case RunEnded():
            return "the run is over"
        case LimitChanged() | LimitsLearned() | LaneHeld() | LaneMeasured():
            return ""
        case _:
            assert_never(event)
