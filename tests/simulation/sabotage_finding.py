"""Sabotage of what is found out about starts in doubt, and of what is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from scheduler.engine import evidence, follow, look, start
from scheduler.engine.entry import Entry
from scheduler.engine.evidence import Doubt
from scheduler.engine.state import LaneState
from scheduler.events import Event, StartAnswered
from scheduler.journal.memory import journal
from scheduler.journal.port import AttemptRecord
from scheduler.model import OUTCOME_OF, Job, Outcome
from scheduler.report import summary
from scheduler.report.outcome import explain

from .sabotage import Cases

FINDING = Cases()


@FINDING.breaks("I3")
def no_branch_is_looked_at_before_the_send(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(start, "needs_fence", lambda *_: False)


@FINDING.breaks("I1")
def no_branch_is_looked_at_again_after_a_refusal(patch: pytest.MonkeyPatch) -> None:
    def needed(lane: LaneState, entry: Entry) -> bool:
        return not entry.target.marker or lane.markers.get(entry.target.job_type.value) is not True

    patch.setattr(start, "needs_fence", needed)


@FINDING.breaks("I3")
def the_fence_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    intend = start._intend

    async def unfenced(lane: LaneState, entry: Entry, fence: int | None) -> AttemptRecord:
        return await intend(lane, entry, None if fence is None else 0)

    patch.setattr(start, "_intend", unfenced)


@FINDING.breaks("I3")
def the_first_look_decides(patch: pytest.MonkeyPatch) -> None:
    once = look._look_once

    async def hasty(*arguments: Any, last: bool, over: bool) -> Any:
        return await once(*arguments, last=True, over=over)

    patch.setattr(look, "_look_once", hasty)


@FINDING.breaks("I3")
def another_starts_job_is_as_good_as_ones_own(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(LaneState, "owners", lambda *_: {})


def _unfit(patch: pytest.MonkeyPatch, change: Callable[[Doubt, Job], tuple[Doubt, Job]]) -> None:
    fits = evidence._fits

    patch.setattr(evidence, "_fits", lambda doubt, job, owners: fits(*change(doubt, job), owners))


@FINDING.breaks("I3")
def a_job_of_any_type_may_be_ours(patch: pytest.MonkeyPatch) -> None:
    _unfit(patch, lambda doubt, job: (doubt, replace(job, jobType=None)))


@FINDING.breaks("I3")
def a_job_of_any_time_may_be_ours(patch: pytest.MonkeyPatch) -> None:
    _unfit(patch, lambda doubt, job: (doubt, replace(job, startTime=None)))


@FINDING.breaks("I3")
def a_job_below_the_fence_may_be_ours(patch: pytest.MonkeyPatch) -> None:
    _unfit(patch, lambda doubt, job: (replace(doubt, fence=0), job))


@FINDING.breaks("I3")
def the_newest_job_with_the_marker_is_ours(patch: pytest.MonkeyPatch) -> None:
    find = evidence.find
    patch.setattr(look, "find", lambda doubt, jobs, *rest: find(doubt, _newest(doubt, jobs), *rest))


def _newest(doubt: Doubt, jobs: Any) -> list[Job]:
    ours = [job for job in jobs if doubt.intent in evidence.marked(job.commitMessage)]
    newest = max(ours, key=lambda job: job.number, default=None)
    return [job for job in jobs if job not in ours or job is newest]


@FINDING.breaks("I3")
def the_window_is_on_our_own_clock(patch: pytest.MonkeyPatch) -> None:
    def heard(lane: LaneState, server_at: float | None) -> None:
        del server_at
        lane.offset = lane.clock.wall() - lane.clock.now()

    patch.setattr(LaneState, "heard", heard)


# Telling


@FINDING.breaks("I2")
def an_answer_is_not_taken_down(patch: pytest.MonkeyPatch) -> None:
    record = LaneState.record

    def forgetful(lane: LaneState, event: Event) -> None:
        if not (isinstance(event, StartAnswered) and event.job is not None and event.job.jobId == "1"):
            record(lane, event)

    patch.setattr(LaneState, "record", forgetful)


@FINDING.breaks("I3")
def a_failed_build_counts_as_done(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(follow, "OUTCOME_OF", OUTCOME_OF | {"FAILED": Outcome.SUCCEEDED})


@FINDING.breaks("I3")
def provisioning_is_taken_for_an_end(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Job, "ended", property(lambda job: job.status not in {"CREATED", "PENDING", "RUNNING"}))


@FINDING.breaks("I5")
def a_report_says_what_no_journal_knows(patch: pytest.MonkeyPatch) -> None:
    told = count()

    def talkative(*arguments: Any, **more: Any) -> tuple[Outcome, str]:
        outcome, reason = explain(*arguments, **more)
        return outcome, f"{reason} ({next(told)})"

    patch.setattr(summary, "explain", talkative)


@FINDING.breaks("I6")
def secrets_are_journaled(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(journal, "clean", lambda event: event)
