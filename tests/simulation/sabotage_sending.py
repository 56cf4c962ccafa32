"""Sabotage of what is sent: when, once, and never after a stop."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scheduler.amplify.classify import classify
from scheduler.amplify.failure import Failure
from scheduler.amplify.port import Kind, Stage
from scheduler.engine import busy, fence, lane, start
from scheduler.engine.disposition import Disposition, Need, dispose
from scheduler.engine.entry import Entry
from scheduler.engine.state import LaneState
from scheduler.journal.memory.journal import MemoryJournal
from scheduler.journal.port import AttemptRecord, Owner, TargetRecord
from scheduler.journal.sqlite import lock
from scheduler.model import Outcome, Result

from . import port
from .sabotage import Cases

SENDING = Cases()


@SENDING.breaks("I1")
def a_request_leaves_before_its_intent_is_durable(patch: pytest.MonkeyPatch) -> None:
    rightly = start._intend

    async def intend(lane: LaneState, entry: Entry, fence: int | None) -> AttemptRecord:
        async def commit() -> None:
            """Wait for nothing, so that nobody else comes in between."""

        with pytest.MonkeyPatch.context() as moment:
            moment.setattr(lane.journal, "commit", commit)
            return await rightly(lane, entry, fence)

    patch.setattr(start, "_intend", intend)


@SENDING.breaks("I1")
def what_failed_on_the_services_side_is_sent_again(patch: pytest.MonkeyPatch) -> None:
    def believed(failure: Failure) -> tuple[Kind, str]:
        kind, reason = classify(failure)
        again = kind is Kind.AMBIGUOUS and failure.stage is Stage.ANSWERED
        return (Kind.NOT_SENT if again else kind), reason

    patch.setattr(port, "classify", believed)


@SENDING.breaks("I1")
def a_lost_connection_is_taken_for_one_never_made(patch: pytest.MonkeyPatch) -> None:
    def believed(failure: Failure) -> tuple[Kind, str]:
        lost = failure.stage is Stage.SENT and "EndpointConnectionError" in failure.causes
        return classify(replace(failure, stage=Stage.NOT_SENT) if lost else failure)

    patch.setattr(port, "classify", believed)


@SENDING.breaks("I1")
def a_resume_starts_what_is_in_doubt(patch: pytest.MonkeyPatch) -> None:
    def disposed(record: TargetRecord) -> Disposition:
        found = dispose(record)
        return Disposition(Need.START, "again") if found.need is Need.RECONCILE else found

    patch.setattr(lane, "dispose", disposed)


@SENDING.breaks("I1")
def a_request_without_an_answer_in_the_journal_counts_as_unsent(patch: pytest.MonkeyPatch) -> None:
    ambiguous = property(lambda attempt: attempt.result is Result.AMBIGUOUS and attempt.job_id is None)
    patch.setattr(AttemptRecord, "in_doubt", ambiguous)


@SENDING.breaks("I1")
def what_is_not_found_is_sent_again(patch: pytest.MonkeyPatch) -> None:
    end = LaneState.end

    def again(lane: LaneState, entry: Entry, outcome: Outcome, reason: str) -> None:
        if outcome is Outcome.UNRESOLVED and lane.stopped is None:
            lane.line.put_back(entry)
        else:
            end(lane, entry, outcome, reason)

    patch.setattr(LaneState, "end", again)


@SENDING.breaks("I1")
def the_doubts_of_earlier_runs_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(MemoryJournal, "in_doubt", lambda *_, **__: {})


@SENDING.breaks("I1")
def a_busy_branch_is_never_ours(patch: pytest.MonkeyPatch) -> None:
    for module in (busy, fence):
        patch.setattr(module, "own_job", lambda *_: None)


@SENDING.breaks("I1")
def the_lock_locks_nobody_out(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(lock, "_try", lambda *_: True)


@SENDING.breaks("I4")
def a_stop_lets_those_go_that_wait_for_the_disk(patch: pytest.MonkeyPatch) -> None:
    intend = start._intend

    async def unstopped(lane: LaneState, entry: Entry, fence: int | None) -> AttemptRecord:
        attempt = await intend(lane, entry, fence)
        lane.stopped = None
        return attempt

    patch.setattr(start, "_intend", unstopped)


@SENDING.breaks("I7")
def whatever_holds_the_branch_is_superseded(patch: pytest.MonkeyPatch) -> None:
    class Everybody(dict[str, Owner]):
        def get(self, *_: object) -> Owner:
            return Owner("", proven=True)

    patch.setattr(LaneState, "owners", lambda *_: Everybody())
