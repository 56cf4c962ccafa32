"""Records as rows: what the columns of both databases hold, and how it is read back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import from_json

from ..events import LaneMeasured
from ..model import Evidence, FrozenPlan, Hold, Job, LaneKey, Outcome, Result, StopCause, Target
from ..plan.freeze import plan_from_dict, plan_to_dict, target_from_dict, target_to_dict
from .port import AttemptRecord, LaneRecord, RunRecord, TargetRecord

Row = tuple[Any, ...]

# Four times as fast as `json` with times turned to text by hand, and every event about a job needs it.
_JOB = TypeAdapter(Job)

_encode = json.JSONEncoder(separators=(",", ":")).encode


def job_to_json(job: Job) -> str:
    """Write a job as JSON, its absent fields left out; times are RFC 3339 to the microsecond."""
    return _JOB.dump_json(job, exclude_none=True).decode()


def job_from_json(text: str) -> Job:
    """Read back what `job_to_json` wrote; the times are aware. Raises ValueError."""
    return _JOB.validate_json(text)


def plan_to_json(plan: FrozenPlan) -> str:
    """Write a plan without its targets, which have rows of their own."""
    return _encode(plan_to_dict(plan))


def target_to_json(target: Target) -> str:
    """Write a frozen target as JSON."""
    return _encode(target_to_dict(target))


def target_from_json(text: str) -> Target:
    """Read back what `target_to_json` wrote. Targets share the texts that they have in common."""
    return target_from_dict(from_json(text))


def held_to_json(held: Mapping[Hold, float]) -> str:
    """Write the seconds that a lane was held, by what."""
    return _encode(held)


#: The columns that `run_of` reads. `given`: how one asks whether the run was given to a fleet.
RUN = """
SELECT id, plan, endpoint, version, follow, started_at, ended_at, stop_cause, stop_reason, {given}, size,
       (SELECT count(*) FROM targets WHERE targets.run = runs.number AND outcome IS NOT NULL)
FROM runs
"""


def run_of(row: Row) -> RunRecord:
    """Read a row of `RUN`."""
    run, plan, endpoint, version, follow, started_at, ended_at, cause, reason, given, size, done = row
    return RunRecord(
        id=run,
        plan=plan_from_dict(json.loads(plan)),
        endpoint=endpoint,
        version=version,
        follow=bool(follow),
        started_at=started_at,
        ended_at=ended_at,
        stop_cause=None if cause is None else StopCause(cause),
        stop_reason=reason,
        fleet=bool(given),
        size=size,
        done=done,
    )


#: The columns that `targets_of` reads: a row an attempt, or one for a target without. To be completed by a
#: WHERE clause and `IN_ORDER`.
TARGETS = """
SELECT t.id, t.position, t.spec, t.outcome, t.reason, t.evidence, t.job, t.parked,
       a.intent, a.sent_at, a.fence, a.server_at, a.answered_at, a.result, a.error, a.job_id, a.abandoned
FROM targets AS t LEFT JOIN attempts AS a ON a.target = t.id
"""
IN_ORDER = " ORDER BY t.id, a.number"


def targets_of(rows: Iterable[Row]) -> Iterator[TargetRecord]:
    """Read rows of `TARGETS`."""
    for _, group in groupby(rows, key=itemgetter(0)):
        first, *others = group
        position, spec, outcome, reason, evidence, job, parked, intent = first[1:9]
        attempts = () if intent is None else (first, *others)
        yield TargetRecord(
            position=position,
            target=target_from_json(spec),
            outcome=None if outcome is None else Outcome(outcome),
            reason=reason,
            evidence=Evidence(evidence),
            job=None if job is None else job_from_json(job),
            parked=parked,
            attempts=tuple(_attempt_of(row[8:]) for row in attempts),
        )


def _attempt_of(row: Row) -> AttemptRecord:
    intent, sent_at, fence, server_at, answered_at, result, error, job_id, abandoned = row
    return AttemptRecord(
        intent=intent,
        sent_at=sent_at,
        fence=None if fence is None else int(fence),
        server_at=server_at,
        answered_at=answered_at,
        result=None if result is None else Result(result),
        error=error,
        job_id=job_id,
        abandoned=bool(abandoned),
    )


#: The columns that `lane_of` reads.
LANES = """
SELECT account, region, stopped, denied, held, held_by,
       at, start_calls, started, throttled, busy, read_calls, peak_in_flight, peak_pending
FROM lanes
"""


def lane_of(row: Row) -> LaneRecord:
    """Read a row of `LANES`."""
    account, region, stopped, denied, held, held_by, at, *counters = row
    lane = LaneKey(account, region)
    names = ("start_calls", "started", "throttled", "busy", "read_calls", "peak_in_flight", "peak_pending")
    seconds = {Hold(kind): seconds for kind, seconds in json.loads(held_by).items()}
    measured = LaneMeasured(at=at, lane=lane, held=seconds, **dict(zip(names, counters, strict=True)))
    return LaneRecord(lane=lane, counters=measured, held=held, stopped=stopped, denied=bool(denied))
