"""How a run stands, in a few lines: for a look at it while it goes on, or after it was cut."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..events import LimitChanged
from ..model import Outcome
from ..printable import printable
from ..spoken import counted, spoken
from .advice import headline, next_steps, tally, waits
from .document import LanePart, Report

#: Waiting targets named with `--why`; the report has all.
NAMED = 50

_OPEN = {Outcome.NOT_STARTED, Outcome.STARTED, Outcome.UNRESOLVED}


def render(
    report: Report, changes: Sequence[LimitChanged], *, why: bool, state_dir: str | None = None
) -> str:
    """Return the run's headline and lanes. `why`: also what holds each lane and each open target back.

    `changes` are the changes of the run's limits, in order. `state_dir`: where the next commands have to be
    told to look for the journal.
    """
    lines = [f"run {report.run.id} of {report.run.plan.name}: {spoken(report.run.verdict)}"]
    lines.append(headline(report))
    if report.totals.targets:
        lines.append(f"{counted(report.totals.targets, 'target')}: {tally(report.totals)}")
    last = {(str(change.lane)): change for change in changes}
    for lane in report.lanes:
        lines.append(_lane(lane))
        change = last.get(f"{lane.account}/{lane.region}")
        if why and change is not None:
            window = "" if change.window is None else f"{counted(change.window, 'job')} in flight, "
            lines.append(f"    limit: {window}{change.pace:.1f} starts/s; {change.reason}")
        if why:
            lines += _holds(lane)
    if why:
        lines += _reasons(report)
    steps = next_steps(report, state_dir=state_dir)
    lines += [f"next: {step.command}  (to {step.purpose})" for step in steps]
    return "".join(f"{printable(line)}\n" for line in lines)


def _lane(lane: LanePart) -> str:
    stopped = f"; stopped: {lane.stopped}" if lane.stopped else ""
    return (
        f"  {lane.account}/{lane.region}: {lane.started} started by {counted(lane.start_calls, 'call')}, "
        f"{lane.throttled} throttled, {lane.busy} busy, {counted(lane.read_calls, 'read')}, "
        f"at most {lane.peak_in_flight} in flight{stopped}"
    )


def _holds(lane: LanePart) -> list[str]:
    lines = [] if lane.held is None else [f"    held now: {lane.held}"]
    if waited := waits(lane):
        lines.append(f"    waited: {waited}")
    return lines


def _reasons(report: Report) -> list[str]:
    """Name open targets with their reasons; those that share one are counted."""
    waiting = [target for target in report.targets if target.outcome in _OPEN]
    shared = Counter(target.reason for target in waiting)
    lines = [
        f"  {target.lane}/{target.place}: {target.reason}" for target in waiting if shared[target.reason] == 1
    ]
    lines = [*lines[:NAMED], *([f"  … and {len(lines) - NAMED} more"] if len(lines) > NAMED else [])]
    lines += [f"  {count} targets: {reason}" for reason, count in shared.items() if count > 1]
    return lines
