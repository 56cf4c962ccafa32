"""Sum a run up from the journal alone, so that a report works after a kill."""

from __future__ import annotations

from collections import Counter

from ..journal.port import JournalReader, LaneRecord, TargetRecord
from ..model import LaneKey, Outcome, Result
from .document import AttemptPart, JobPart, LanePart, PlanPart, Report, RunPart, TargetPart, Totals
from .outcome import explain, why_cut
from .verdict import judge

#: A throttled target may have had thousands of attempts; the last ones tell how it ended.
ATTEMPTS_LISTED = 20


def summarize(journal: JournalReader, run: str | None = None, *, running: bool = False) -> Report:
    """Return the report of a run (None: the newest), with every target of it in plan order.

    `running`: whether a live process works on this run, which its lock tells and the journal cannot. A run
    without an end is `running` then, and `interrupted` otherwise. Raises RunNotFound.
    """
    record = journal.run(run)
    running = running and record.ended_at is None
    lanes = {lane.lane: lane for lane in journal.lanes(record.id)}
    outcomes: Counter[Outcome] = Counter()
    used: set[LaneKey] = set()
    touched = False
    targets = []
    for target in journal.targets(record.id):
        key = target.target.lane
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
        ),
        totals=Totals.of(outcomes),
        lanes=[_lane_part(lane, running=running) for lane in lanes.values()],
        targets=targets,
    )


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
