"""The program broken on purpose, each time in one place, as a careless change could break it.

What each breaks the nights must notice; `SABOTAGES` names the invariant.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any, NamedTuple

import pytest

from scheduler.amplify.classify import classify
from scheduler.amplify.failure import Failure
from scheduler.amplify.port import Kind, Stage
from scheduler.engine import busy, evidence, fence, follow, lane, look, start
from scheduler.engine.disposition import Disposition, Need, dispose
from scheduler.engine.evidence import Doubt
from scheduler.engine.state import Entry, LaneState
from scheduler.events import Event, StartAnswered, StartIntended
from scheduler.journal import lock, memory
from scheduler.journal.memory import MemoryJournal
from scheduler.journal.port import AttemptRecord, Owner, TargetRecord
from scheduler.model import Job, Outcome, Result
from scheduler.report import summary
from scheduler.report.outcome import explain

from . import port

Sabotage = Callable[[pytest.MonkeyPatch], None]


class Case(NamedTuple):
    """A sabotage, the invariant that it breaks, and the night from which on it is looked for."""

    sabotage: Sabotage
    invariant: str
    first: int


SABOTAGES: list[Case] = []


def breaks(invariant: str, *, first: int = 0) -> Callable[[Sabotage], Sabotage]:
    """Put a sabotage on the list. `first` spares those that few nights notice a long search."""

    def listed(sabotage: Sabotage) -> Sabotage:
        SABOTAGES.append(Case(sabotage, invariant, first))
        return sabotage

    return listed


# Sending


@breaks("I1")
def a_request_leaves_before_its_intent_is_durable(patch: pytest.MonkeyPatch) -> None:
    async def intend(lane: LaneState, entry: Entry, fence: int | None) -> AttemptRecord:
        attempt = AttemptRecord(
            intent=lane.outside.intents.new(),
            sent_at=lane.clock.wall(),
            fence=fence,
            server_at=lane.server_time(),
        )
        entry.intents.append(attempt.intent)
        lane.record(
            StartIntended(
                at=attempt.sent_at,
                position=entry.position,
                intent=attempt.intent,
                fence=fence,
                server_at=attempt.server_at,
            )
        )
        return attempt

    patch.setattr(start, "_intend", intend)


@breaks("I1")
def what_failed_on_the_services_side_is_sent_again(patch: pytest.MonkeyPatch) -> None:
    def believed(failure: Failure) -> tuple[Kind, str]:
        kind, reason = classify(failure)
        again = kind is Kind.AMBIGUOUS and failure.stage is Stage.ANSWERED
        return (Kind.NOT_SENT if again else kind), reason

    patch.setattr(port, "classify", believed)


@breaks("I1")
def a_lost_connection_is_taken_for_one_never_made(patch: pytest.MonkeyPatch) -> None:
    def believed(failure: Failure) -> tuple[Kind, str]:
        lost = failure.stage is Stage.SENT and "EndpointConnectionError" in failure.causes
        return classify(replace(failure, stage=Stage.NOT_SENT) if lost else failure)

    patch.setattr(port, "classify", believed)


@breaks("I1")
def a_resume_starts_what_is_in_doubt(patch: pytest.MonkeyPatch) -> None:
    def disposed(record: TargetRecord) -> Disposition:
        found = dispose(record)
        return Disposition(Need.START, "again") if found.need is Need.RECONCILE else found

    patch.setattr(lane, "dispose", disposed)


@breaks("I1")
def a_request_without_an_answer_in_the_journal_counts_as_unsent(patch: pytest.MonkeyPatch) -> None:
    ambiguous = property(lambda attempt: attempt.result is Result.AMBIGUOUS and attempt.job_id is None)
    patch.setattr(AttemptRecord, "in_doubt", ambiguous)


@breaks("I1")
def what_is_not_found_is_sent_again(patch: pytest.MonkeyPatch) -> None:
    end = LaneState.end

    def again(lane: LaneState, entry: Entry, outcome: Outcome, reason: str) -> None:
        if outcome is Outcome.UNRESOLVED and lane.stopped is None:
            lane.queue.put_back(entry)
        else:
            end(lane, entry, outcome, reason)

    patch.setattr(LaneState, "end", again)


@breaks("I1")
def the_doubts_of_earlier_runs_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(MemoryJournal, "in_doubt", lambda *_, **__: {})


@breaks("I1")
def a_busy_branch_is_never_ours(patch: pytest.MonkeyPatch) -> None:
    for module in (busy, fence):
        patch.setattr(module, "own_job", lambda *_: None)


@breaks("I1")
def the_lock_locks_nobody_out(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(lock, "_try", lambda *_: True)


@breaks("I4")
def a_stop_lets_those_go_that_wait_for_the_disk(patch: pytest.MonkeyPatch) -> None:
    intend = start._intend

    async def unstopped(lane: LaneState, entry: Entry, fence: int | None) -> AttemptRecord:
        attempt = await intend(lane, entry, fence)
        lane.stopped = None
        return attempt

    patch.setattr(start, "_intend", unstopped)


@breaks("I7")
def whatever_holds_the_branch_is_superseded(patch: pytest.MonkeyPatch) -> None:
    class Everybody(dict[str, Owner]):
        def get(self, *_: object) -> Owner:
            return Owner("", proven=True)

    patch.setattr(LaneState, "owners", lambda *_: Everybody())


# Finding


@breaks("I3")
def no_branch_is_looked_at_before_the_send(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(start, "needs_fence", lambda *_: False)


@breaks("I1")
def no_branch_is_looked_at_again_after_a_refusal(patch: pytest.MonkeyPatch) -> None:
    def needed(lane: LaneState, entry: Entry) -> bool:
        return not entry.target.marker or lane.markers.get(entry.target.job_type.value) is not True

    patch.setattr(start, "needs_fence", needed)


@breaks("I3")
def the_fence_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    intend = start._intend

    async def unfenced(lane: LaneState, entry: Entry, fence: int | None) -> AttemptRecord:
        return await intend(lane, entry, None if fence is None else 0)

    patch.setattr(start, "_intend", unfenced)


@breaks("I3")
def the_first_look_decides(patch: pytest.MonkeyPatch) -> None:
    once = look._look_once

    async def hasty(*arguments: Any, last: bool, over: bool) -> Any:
        return await once(*arguments, last=True, over=over)

    patch.setattr(look, "_look_once", hasty)


@breaks("I3")
def another_starts_job_is_as_good_as_ones_own(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(LaneState, "owners", lambda *_: {})


def _unfit(patch: pytest.MonkeyPatch, change: Callable[[Doubt, Job], tuple[Doubt, Job]]) -> None:
    fits = evidence._fits

    patch.setattr(evidence, "_fits", lambda doubt, job, owners: fits(*change(doubt, job), owners))


@breaks("I3")
def a_job_of_any_type_may_be_ours(patch: pytest.MonkeyPatch) -> None:
    _unfit(patch, lambda doubt, job: (doubt, replace(job, jobType=None)))


@breaks("I3")
def a_job_of_any_time_may_be_ours(patch: pytest.MonkeyPatch) -> None:
    _unfit(patch, lambda doubt, job: (doubt, replace(job, startTime=None)))


@breaks("I3")
def a_job_below_the_fence_may_be_ours(patch: pytest.MonkeyPatch) -> None:
    _unfit(patch, lambda doubt, job: (replace(doubt, fence=0), job))


@breaks("I3", first=110)
def the_newest_job_with_the_marker_is_ours(patch: pytest.MonkeyPatch) -> None:
    find = evidence.find
    patch.setattr(look, "find", lambda doubt, jobs, *rest: find(doubt, _newest(doubt, jobs), *rest))


def _newest(doubt: Doubt, jobs: Any) -> list[Job]:
    ours = [job for job in jobs if doubt.intent in evidence.marked(job.commitMessage)]
    newest = max(ours, key=lambda job: job.number, default=None)
    return [job for job in jobs if job not in ours or job is newest]


@breaks("I3")
def the_window_is_on_our_own_clock(patch: pytest.MonkeyPatch) -> None:
    def heard(lane: LaneState, server_at: float | None) -> None:
        del server_at
        lane.offset = lane.clock.wall() - lane.clock.now()

    patch.setattr(LaneState, "heard", heard)


# Telling


@breaks("I2")
def an_answer_is_not_taken_down(patch: pytest.MonkeyPatch) -> None:
    record = LaneState.record

    def forgetful(lane: LaneState, event: Event) -> None:
        if not (isinstance(event, StartAnswered) and event.job is not None and event.job.jobId == "1"):
            record(lane, event)

    patch.setattr(LaneState, "record", forgetful)


@breaks("I3")
def a_failed_build_counts_as_done(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(follow._OUTCOMES, "FAILED", Outcome.SUCCEEDED)


@breaks("I3")
def provisioning_is_taken_for_an_end(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Job, "ended", property(lambda job: job.status not in {"CREATED", "PENDING", "RUNNING"}))


@breaks("I5")
def a_report_says_what_no_journal_knows(patch: pytest.MonkeyPatch) -> None:
    told = count()

    def talkative(*arguments: Any, **more: Any) -> tuple[Outcome, str]:
        outcome, reason = explain(*arguments, **more)
        return outcome, f"{reason} ({next(told)})"

    patch.setattr(summary, "explain", talkative)


@breaks("I6")
def secrets_are_journaled(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(memory, "clean", lambda event: event)
