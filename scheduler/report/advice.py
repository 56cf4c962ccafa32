"""What a reader is told first and last: the headline, the tally, the next command. Not safe to show yet."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import assert_never

from ..endpoints import service
from ..errors import ExitCode
from ..model import EMULATOR, FAILURES, Outcome, Verdict
from ..spoken import counted, spoken
from .document import LanePart, Report, Totals

#: Failures that `retry` starts again. An unresolved start may have a job in AWS: only `resume` looks for it.
_RETRIED = FAILURES - {Outcome.UNRESOLVED}


@dataclass(frozen=True, slots=True)
class Step:
    """A command to type next, and what it does."""

    command: str
    purpose: str


def headline(report: Report) -> str:
    """Say in one sentence how the run went."""
    totals = report.totals
    match report.run.verdict:
        case Verdict.SUCCEEDED:
            if totals.succeeded == totals.targets:
                return "Every target succeeded."
            return f"No target failed: {tally(totals)}."
        case Verdict.FAILED:
            return _failed(report)
        case Verdict.STOPPED | Verdict.ERROR:
            return f"Cut short: {_reason(report)}."
        case Verdict.INTERRUPTED:
            rest = "" if report.run.endpoint == EMULATOR else " Jobs that were started go on in AWS."
            return f"Cut short: {_reason(report)}.{rest}"
        case Verdict.RUNNING:
            ended = totals.targets - totals.not_started - totals.started - totals.unresolved
            return f"The run goes on: {ended:,} of {counted(totals.targets, 'target')} have ended."
        case Verdict.NOTHING_TO_DO:
            return "The run has no targets."
        case _:
            assert_never(report.run.verdict)


def _failed(report: Report) -> str:
    if report.run.exit_code is ExitCode.CREDENTIALS:
        return "No lane could start: credentials or permissions are missing."
    totals = report.totals
    parts = []
    if failed := _failed_for_sure(totals):
        parts.append(f"{failed:,} of {counted(totals.targets, 'target')} failed")
    if totals.unresolved:
        parts.append(f"{counted(totals.unresolved, 'target')} in doubt")
    if parts:
        return f"{', '.join(parts)}."
    unended = totals.not_started + totals.started
    return f"{unended:,} of {counted(totals.targets, 'target')} did not come to an end."


def tally(totals: Totals) -> str:
    """Count the outcomes in words: `480 succeeded, 12 failed, 8 not started`."""
    return ", ".join(f"{count:,} {spoken(outcome)}" for outcome, count in totals.by_outcome().items())


def next_steps(report: Report, *, state_dir: str | None = None) -> list[Step]:
    """Return the commands that lead on from here, the most pressing first; none after a success.

    They can be pasted as they are: they name the service unless it is AWS, `state_dir` if it is given, and
    the fleet if the run was given to one: this host may lack what its workers have.
    """
    totals, at = report.totals, service(report.run.endpoint)
    journal = "" if state_dir is None else f" --state-dir {shlex.quote(state_dir)}"
    run = f"{shlex.quote(report.run.id)}{journal}"
    if report.run.verdict is Verdict.RUNNING:
        return [Step(f"amplify-release status {run} --watch", "watch it")]
    run += at
    again = f"{run} --fleet" if report.run.fleet else run
    steps = []
    if report.run.exit_code is ExitCode.CREDENTIALS:
        doctor = f"amplify-release doctor {shlex.quote(report.run.plan.path)}{at}"
        steps.append(Step(doctor, "see which credentials or permissions are missing"))
    left = totals.not_started + (0 if report.run.verdict is Verdict.SUCCEEDED else totals.started)
    purposes = [f"go on with {counted(left, 'target')} left over"] if left else []
    if totals.unresolved:
        purposes.append(f"look for the jobs of {counted(totals.unresolved, 'target')} in doubt")
    if purposes:
        steps.append(Step(f"amplify-release resume {again}", " and ".join(purposes)))
    if retried := _failed_for_sure(totals):
        steps.append(Step(f"amplify-release retry {again}", f"start {counted(retried, 'target')} again"))
    return steps


def compact(seconds: float | None) -> str:
    """Write a duration as `45s`, `12m 03s` or `1h 02m`; empty where it is unknown."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m {rest:02}s" if minutes else f"{rest}s"
    return f"{minutes // 60}h {minutes % 60:02}m"


def waits(lane: LanePart) -> str:
    """Say what a lane's starts waited for, the longest first: `13m 32s for slots, 3s for pace`."""
    longest_first = sorted((lane.held_by or {}).items(), key=lambda item: -item[1])
    return ", ".join(f"{compact(seconds)} for {kind}" for kind, seconds in longest_first if seconds >= 0.5)


def _failed_for_sure(totals: Totals) -> int:
    return sum(count for outcome, count in totals.by_outcome().items() if outcome in _RETRIED)


def _reason(report: Report) -> str:
    return (report.run.stop_reason or "the process ended before the run did").rstrip(".")
