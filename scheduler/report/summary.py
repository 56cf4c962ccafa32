"""Sum a run up from the journal alone, so that a report works after a kill."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from ..events import LaneMeasured
from ..journal.at_work import AtWork
from ..journal.port import JournalReader, LaneRecord, RunRecord, TargetRecord
from ..model import LaneKey, Outcome, Result
from .awaited import awaited
from .document import AttemptPart, JobPart, LanePart, PlanPart, Report, RunPart, TargetPart, Totals
from .outcome import explain, why_cut
from .verdict import judge

#: A throttled target may have had thousands of attempts; the last ones tell how it ended.
ATTEMPTS_LISTED = 20

_NOBODY = AtWork()


def summarize(journal: JournalReader, run: str | None = None, *, at_work: AtWork = _NOBODY) -> Report:
    """Return the report of a run (None: the newest), with every target of it in plan order.

    `at_work`: who works on what at the moment, which a file does not tell, but the lock beside it. A run
    without an end is `running` if somebody works on it, and `interrupted` otherwise. Raises RunNotFound.
    """
    record = journal.run(run)
    running = record.ended_at is None and record.id in at_work.alive
    lanes = {lane.lane: lane for lane in journal.lanes(record.id)}
    outcomes: Counter[Outcome] = Counter()
    used: set[LaneKey] = set()
    asked: set[LaneKey] = set()
    touched = False
    targets = []
    for target in journal.targets(record.id):
        key = target.target.lane
        if running and key not in asked and _waits(target, record):
            asked.add(key)
            if why := awaited(record, key, at_work):
                lanes[key] = replace(lanes.get(key) or _untouched(key, record), held=why)
        outcome, reason = explain(target, record, lanes.get(key), running=running)
        outcomes[outcome] += 1
        used.add(key)
        touched = touched or _touched(target)
        targets.append(_target_part(target, outcome, reason))
    verdict, exit_code = judge(
        outcomes,
        ended=record.ended_at is not None,
        running=running,
        follow=record.follow,
        cause=record.stop_cause,
        denied=bool(used) and not touched and all(key in lanes and lanes[key].denied for key in used),
    )
    return Report(
        run=RunPart(
            id=record.id,
            plan=PlanPart(name=record.plan.name, path=record.plan.path, digest=record.plan.digest),
            verdict=verdict,
            exit_code=exit_code,
            started_at=record.started_at,
            ended_at=record.ended_at,
            endpoint=record.endpoint,
            version=record.version,
            stop_reason=why_cut(record) if record.stop_reason or record.stop_cause else None,
            fleet=record.fleet,
        ),
        totals=Totals.of(outcomes),
        lanes=[_lane_part(lane, running=running) for _, lane in sorted(lanes.items())],
        targets=targets,
    )


def _waits(target: TargetRecord, run: RunRecord) -> bool:
    """Whether something is left to do for the target."""
    return target.outcome is None and (target.job is None or run.follow)


def _untouched(lane: LaneKey, run: RunRecord) -> LaneRecord:
    return LaneRecord(lane=lane, counters=LaneMeasured(at=run.started_at, lane=lane))


def _touched(record: TargetRecord) -> bool:
    """Whether the target has a job, or may have one."""
    return record.job is not None or any(
        attempt.in_doubt or attempt.result is Result.STARTED for attempt in record.attempts
    )


def _lane_part(record: LaneRecord, *, running: bool) -> LanePart:
    counters = record.counters
    return LanePart(
        account=record.lane.account,
        region=record.lane.region,
        start_calls=counters.start_calls,
        started=counters.started,
        throttled=counters.throttled,
        busy=counters.busy,
        read_calls=counters.read_calls,
        peak_in_flight=counters.peak_in_flight,
        peak_pending=counters.peak_pending,
        stopped=record.stopped,
        held=record.held or None if running else None,
        held_by=dict(counters.held) or None,
    )


def _target_part(record: TargetRecord, outcome: Outcome, reason: str) -> TargetPart:
    target = record.target
    return TargetPart(
        account=target.account,
        region=target.region,
        app=target.app,
        branch=target.branch,
        name=target.name,
        wave=target.wave,
        labels=dict(target.labels),
        outcome=outcome,
        reason=reason,
        evidence=record.evidence,
        job=JobPart.model_validate(record.job) if record.job is not None else None,
        attempts=[AttemptPart.model_validate(attempt) for attempt in record.attempts[-ATTEMPTS_LISTED:]],
        attempts_total=len(record.attempts),
    )
