"""Commits: a start's answer is made durable at once, and what was seen of jobs within half a second."""

from __future__ import annotations

import asyncio
from typing import cast

from scheduler.engine.commits import LINGER, LINGER_SEEN, Commits
from scheduler.events import Event, JobChanged, StartAnswered, TargetEnded
from scheduler.journal.port import Journal
from scheduler.model import Job, Outcome, Result
from tests.simulation.virtual import simulate

ANSWERED = StartAnswered(at=0, position=0, intent="01I", result=Result.STARTED)
CHANGED = JobChanged(at=0, position=0, job=Job(jobId="1", status="RUNNING"))
ENDED = TargetEnded(at=0, position=0, outcome=Outcome.SUCCEEDED, reason="")


class _Journal:
    """Notes when which events became durable."""

    def __init__(self) -> None:
        self.pending: list[Event] = []
        self.durable: list[tuple[float, list[Event]]] = []

    def record(self, event: Event) -> None:
        self.pending.append(event)

    async def commit(self) -> None:
        if self.pending:
            self.durable.append((round(asyncio.get_running_loop().time(), 6), self.pending))
            self.pending = []


def _committed(*recorded: tuple[float, Event]) -> list[tuple[float, list[Event]]]:
    """When events became durable that were recorded at these times."""

    async def main() -> list[tuple[float, list[Event]]]:
        journal = _Journal()
        commits = Commits(cast("Journal", journal))
        going_on = asyncio.create_task(commits.go_on())
        for at, event in recorded:
            asyncio.get_running_loop().call_at(at, commits.record, event)
        await asyncio.sleep(10)
        going_on.cancel()
        return journal.durable

    return simulate(main)


def test_an_answer_waits_only_a_moment_for_company() -> None:
    assert _committed((1.0, ANSWERED), (1.01, ANSWERED)) == [(1 + LINGER, [ANSWERED, ANSWERED])]


def test_what_was_seen_of_jobs_waits_longer_and_shares_a_commit() -> None:
    assert _committed((1.0, CHANGED), (1.4, ENDED)) == [(1 + LINGER_SEEN, [CHANGED, ENDED])]


def test_an_answer_takes_along_what_was_seen_before_it() -> None:
    assert _committed((1.0, CHANGED), (1.1, ANSWERED)) == [(1.1 + LINGER, [CHANGED, ANSWERED])]


def test_what_comes_after_a_commit_gets_one_of_its_own() -> None:
    assert _committed((1.0, ENDED), (3.0, ENDED)) == [(1 + LINGER_SEEN, [ENDED]), (3 + LINGER_SEEN, [ENDED])]
