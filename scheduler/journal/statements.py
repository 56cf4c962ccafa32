"""What an event changes in the tables, in the SQL that SQLite and PostgreSQL share.

The first statement of an event changes exactly one row. If it does not, the event speaks of a target or an
intent that was never recorded, and to pass over it would lose what it says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, assert_never

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
from ..model import Evidence, Job, Target
from .rows import held_to_json, job_to_json, plan_to_json, target_to_json

Statement = tuple[str, tuple[Any, ...]]


class Place(NamedTuple):
    """Where the open run's rows are: its number, and the id of its first target."""

    run: int
    first: int


INSERT_RUN = """
INSERT INTO runs (id, first, size, plan, endpoint, version, follow, started_at)
VALUES (?, (SELECT coalesce(max(id), -1) + 1 FROM targets), ?, ?, ?, ?, ?, ?) RETURNING number, first
"""
INSERT_TARGET = """
INSERT INTO targets (id, run, position, region, app, branch, spec) VALUES (?, ?, ?, ?, ?, ?, ?)
"""
FOLLOW_RUN = "UPDATE runs SET follow = ? WHERE number = ?"
#: A resumed run goes on as if it had never stopped; what it did stays.
CONTINUE_RUN = (
    "UPDATE runs SET ended_at = NULL, stop_cause = NULL, stop_reason = '' WHERE number = ?",
    "UPDATE lanes SET stopped = NULL, denied = FALSE, held = '' WHERE run = ?",
    "UPDATE targets SET parked = '' WHERE run = ? AND parked <> ''",
)

_INTEND = "INSERT INTO attempts (intent, target, sent_at, fence, server_at) VALUES (?, ?, ?, ?, ?)"
# A target that is sent has no end any more, and waits for nothing. Most need no write for that.
_REOPEN = """
UPDATE targets SET outcome = NULL, reason = '', parked = ''
WHERE id = ? AND (outcome IS NOT NULL OR reason <> '' OR parked <> '')
"""
_ANSWER = """
UPDATE attempts SET answered_at = ?, result = ?, error = ?,
    job_id = coalesce(?, job_id), evidence = coalesce(?, evidence)
WHERE intent = ?
"""
# An intent may be an earlier run's, so its target is found by it and not by the event's position.
_OF_INTENT = "(SELECT target FROM attempts WHERE intent = ?)"
_START = f"UPDATE targets SET job = ?, evidence = 'response' WHERE id = {_OF_INTENT}"  # noqa: S608 - constants
_FIND = "UPDATE attempts SET job_id = ?, evidence = ? WHERE intent = ?"
_ADOPT = "UPDATE targets SET job = ?, evidence = ?, reason = ?, outcome = NULL, parked = '' WHERE id = "
_ABANDON = "UPDATE attempts SET abandoned = TRUE WHERE intent = ?"
_FORGET = f"""
UPDATE targets SET outcome = NULL, reason = '', evidence = 'none', job = NULL, parked = ''
WHERE id = {_OF_INTENT}
"""  # noqa: S608 - constants
_CHANGE = "UPDATE targets SET job = ? WHERE id = ?"
_PARK = "UPDATE targets SET parked = ? WHERE id = ?"
_END = "UPDATE targets SET outcome = ?, reason = ?, parked = '' WHERE id = ?"
_MARK = """
INSERT INTO markers (endpoint, account, region, job_type, kept, at)
VALUES ((SELECT endpoint FROM runs WHERE number = ?), ?, ?, ?, ?, ?)
ON CONFLICT (endpoint, account, region, job_type) DO UPDATE SET kept = excluded.kept, at = excluded.at
"""
_LIMIT = """
INSERT INTO limit_changes (run, account, region, at, pace, "window", reason) VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_LEARN = """
INSERT INTO learned (endpoint, account, region, at, rate, slots, quota)
VALUES ((SELECT endpoint FROM runs WHERE number = ?), ?, ?, ?, ?, ?, ?)
ON CONFLICT (endpoint, account, region) DO UPDATE SET at = excluded.at,
    rate = excluded.rate, slots = excluded.slots, quota = excluded.quota
"""
_MEASURE = """
INSERT INTO lanes (run, account, region, at,
    start_calls, started, throttled, busy, read_calls, peak_in_flight, peak_pending, held_by)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (run, account, region) DO UPDATE SET at = excluded.at,
    start_calls = excluded.start_calls, started = excluded.started, throttled = excluded.throttled,
    busy = excluded.busy, read_calls = excluded.read_calls,
    peak_in_flight = excluded.peak_in_flight, peak_pending = excluded.peak_pending,
    held_by = excluded.held_by
"""
_HOLD = """
INSERT INTO lanes (run, account, region, at, held) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (run, account, region) DO UPDATE SET held = excluded.held
"""
_STOP_LANE = """
INSERT INTO lanes (run, account, region, at, stopped, denied) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (run, account, region) DO UPDATE SET stopped = excluded.stopped, denied = excluded.denied
"""
_STOP = "UPDATE runs SET stop_cause = ?, stop_reason = ? WHERE number = ?"
_END_RUN = "UPDATE runs SET ended_at = ? WHERE number = ?"


def insert_run(run: str, event: RunStarted) -> Statement:
    """Return the statement that begins a run; it returns the run's `Place`."""
    plan = event.plan
    size = len(plan.targets)
    return INSERT_RUN, (
        run,
        size,
        plan_to_json(plan),
        event.endpoint,
        event.version,
        event.follow,
        event.at,
    )


def target_rows(place: Place, targets: Iterable[Target]) -> Iterator[tuple[Any, ...]]:
    """Yield a run's targets as rows for INSERT_TARGET."""
    for position, target in enumerate(targets):
        spec = target_to_json(target)
        yield (
            place.first + position,
            place.run,
            position,
            target.region,
            target.app,
            target.branch,
            spec,
        )


def statements(place: Place, event: Event) -> Iterator[Statement]:  # noqa: C901, PLR0912 - a row an event
    """Yield what an event changes in the open run, or, by its intent, in an earlier one."""
    run, first = place
    match event:
        case StartIntended(at=at, position=position, intent=intent, fence=fence, server_at=server_at):
            yield _INTEND, (intent, first + position, at, None if fence is None else str(fence), server_at)
            yield _REOPEN, (first + position,)
        case StartAnswered(at=at, intent=intent, result=result, error=error, job=Job() as job):
            yield _ANSWER, (at, result.value, error, job.jobId, Evidence.RESPONSE.value, intent)
            yield _START, (job_to_json(job), intent)
        case StartAnswered(at=at, intent=intent, result=result, error=error):
            yield _ANSWER, (at, result.value, error, None, None, intent)
        case JobAdopted(position=position, intent=None, evidence=evidence, job=job, reason=reason):
            yield f"{_ADOPT} ?", (job_to_json(job), evidence.value, reason, first + position)
        case JobAdopted(intent=intent, evidence=evidence, job=job, reason=reason):
            yield _FIND, (job.jobId, evidence.value, intent)
            yield f"{_ADOPT} {_OF_INTENT}", (job_to_json(job), evidence.value, reason, intent)
        case JobChanged(position=position, job=job):
            yield _CHANGE, (job_to_json(job), first + position)
        case TargetParked(position=position, reason=reason):
            yield _PARK, (reason, first + position)
        case TargetEnded(position=position, outcome=outcome, reason=reason):
            yield _END, (outcome.value, reason, first + position)
        case IntentAbandoned(intent=intent):
            yield _ABANDON, (intent,)
            yield _FORGET, (intent,)
        case MarkerObserved(at=at, lane=lane, job_type=job_type, kept=kept):
            yield _MARK, (run, *lane, job_type, kept, at)
        case LimitChanged(at=at, lane=lane, pace=pace, window=window, reason=reason):
            yield _LIMIT, (run, *lane, at, pace, window, reason)
        case LimitsLearned(at=at, lane=lane, rate=rate, slots=slots, quota=quota):
            yield _LEARN, (run, *lane, at, rate, slots, quota)
        case LaneHeld(at=at, lane=lane, reason=reason):
            yield _HOLD, (run, *lane, at, reason)
        case LaneMeasured():
            yield _MEASURE, (run, *_counters(event))
        case LaneStopped(at=at, lane=lane, reason=reason, denied=denied):
            yield _STOP_LANE, (run, *lane, at, reason, denied)
        case RunStopping(cause=cause, reason=reason):
            yield _STOP, (cause.value, reason, run)
        case RunEnded(at=at):
            yield _END_RUN, (at, run)
        case RunStarted():
            raise TypeError("a run is begun by open_run, not by record")
        case _:
            assert_never(event)


def _counters(event: LaneMeasured) -> tuple[Any, ...]:
    return (
        *event.lane,
        event.at,
        event.start_calls,
        event.started,
        event.throttled,
        event.busy,
        event.read_calls,
        event.peak_in_flight,
        event.peak_pending,
        held_to_json(event.held),
    )
