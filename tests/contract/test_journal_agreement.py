"""All journals answer alike, whatever happened: simulations prove what the real ones do."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from scheduler.events import (
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
from scheduler.journal.memory.journal import MemoryJournal
from scheduler.journal.postgres.journal import PostgresJournal
from scheduler.journal.postgres.shared import PostgresShared
from scheduler.journal.sqlite.journal import SqliteJournal
from scheduler.model import Evidence, FrozenPlan, Hold, Job, LaneKey, Outcome, Result, StopCause, Target
from tests.postgres import emptied

TARGETS = tuple(
    Target(account=account, region="eu-west-1", app=app, branch="main", name=app)
    for account, app in (("shop", "d1"), ("docs", "d2"), ("again", "d1"))
)
PLAN = FrozenPlan(name="nightly", path="plan.yaml", digest="sha256:0", targets=TARGETS)
RUNS = ("01A", "01B", "01C")
TABLES = ("runs", "targets", "attempts", "lanes", "limit_changes", "learned", "markers", "happened")
INTENTS = tuple(f"I{number}" for number in range(6))

moments = st.integers(0, 1000).map(float)
texts = st.text(max_size=12)
positions = st.integers(0, len(TARGETS) - 1)
lanes = st.sampled_from([target.lane for target in TARGETS])
times = st.none() | moments.map(lambda at: datetime(2026, 11, 24, tzinfo=UTC) + timedelta(seconds=at))
jobs = st.builds(
    Job,
    jobId=st.integers(1, 4).map(str),
    status=st.sampled_from(["PENDING", "RUNNING", "SUCCEED", "FAILED"]),
    commitMessage=st.none() | texts,
    sourceUrl=st.none() | st.just("https://u:p@example.com/a?b"),
    startTime=times,
    endTime=times,
)


def known_intents(intended: Collection[str]) -> st.SearchStrategy[str]:
    return st.sampled_from(sorted(intended))


@cache  # to make a strategy takes longer than to draw from it
def events(intended: frozenset[str]) -> st.SearchStrategy[Event]:
    """Any event that a run could record, given the intents that there are."""
    fresh = [intent for intent in INTENTS if intent not in intended]
    common: dict[str, Any] = {"at": moments}
    of_target = {**common, "position": positions}
    choices: list[st.SearchStrategy[Event]] = [
        st.builds(JobChanged, **of_target, job=jobs),
        st.builds(
            JobAdopted,
            **of_target,
            intent=st.none(),
            evidence=st.just(Evidence.ATTACHED),
            job=jobs,
            reason=texts,
        ),
        st.builds(TargetParked, **of_target, reason=texts),
        st.builds(TargetEnded, **of_target, outcome=st.sampled_from(Outcome), reason=texts),
        st.builds(MarkerObserved, **common, lane=lanes, job_type=st.just("RELEASE"), kept=st.booleans()),
        st.builds(
            LimitChanged,
            **common,
            lane=lanes,
            pace=moments,
            window=st.none() | st.integers(0, 9),
            reason=texts,
        ),
        st.builds(
            LimitsLearned,
            **common,
            lane=lanes,
            rate=st.none() | moments,
            slots=st.none() | st.integers(1, 9),
            quota=st.none() | st.integers(1, 9),
        ),
        st.builds(
            LaneHeld,
            **common,
            lane=lanes,
            kind=st.none() | st.sampled_from(Hold),
            reason=texts,
            stalled=st.booleans(),
        ),
        st.builds(
            LaneMeasured,
            **common,
            lane=lanes,
            start_calls=st.integers(0, 9),
            busy=st.integers(0, 9),
            held=st.dictionaries(st.sampled_from(Hold), moments),
        ),
        st.builds(LaneStopped, **common, lane=lanes, reason=texts, denied=st.booleans()),
        st.builds(RunStopping, **common, cause=st.sampled_from(StopCause), reason=texts),
        st.builds(RunEnded, **common),
    ]
    if fresh:
        intent = st.just(fresh[0])
        fences = st.none() | st.integers(0, 10**30)
        choices += [
            st.builds(StartIntended, **of_target, intent=intent, fence=fences, server_at=st.none() | moments)
        ] * 3
    if intended:
        of_intent = {**of_target, "intent": known_intents(intended)}
        proofs = st.sampled_from([Evidence.ADOPTED_EXACT, Evidence.ADOPTED_PROBABLE])
        choices += [
            st.builds(
                StartAnswered,
                **of_intent,
                result=st.sampled_from(Result),
                error=st.none() | texts,
                job=st.none() | jobs,
            ),
            st.builds(JobAdopted, **of_intent, evidence=proofs, job=jobs, reason=texts),
            st.builds(IntentAbandoned, **of_intent),
        ] * 2
    return st.one_of(choices)


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[str, bool, list[Event]]]:
    """Runs opened one after the other, some of them resumed, each with its events."""
    intended: set[str] = set()
    opened: set[str] = set()
    history = []
    for _ in range(draw(st.integers(1, 4))):
        run = draw(st.sampled_from(RUNS))
        recorded = []
        for _ in range(draw(st.integers(0, 10))):
            event = draw(events(frozenset(intended)))
            if isinstance(event, StartIntended):
                intended.add(event.intent)
            recorded.append(event)
        history.append((run, run in opened, recorded))
        opened.add(run)
    return history


AnyJournal = MemoryJournal | SqliteJournal | PostgresJournal


def everything(journal: AnyJournal) -> dict[str, Any]:
    """Ask every question that there is."""
    runs = [run.id for run in journal.runs()]
    branches = {(target.region, target.app, target.branch) for target in TARGETS}
    return {
        "runs": list(journal.runs()),
        "targets": [list(journal.targets(run)) for run in runs],
        "lanes": [list(journal.lanes(run)) for run in runs],
        "limits": [list(journal.limit_changes(run)) for run in runs],
        "in_doubt": [journal.in_doubt(TARGETS, besides=run, endpoint="") for run in (*runs, "none")],
        "owners": {branch: journal.owners(*branch, endpoint="") for branch in branches},
        "durations": journal.durations(TARGETS, endpoint=""),
        "markers": journal.markers(endpoint=""),
        "learned": {run.endpoint: journal.learned(run.endpoint, since=1.0) for run in journal.runs()},
        "lane_types": {type(lane) for lane, _ in journal.markers(endpoint="")} - {LaneKey},
    }


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal to copy, which is faster than to make one."""
    directory = tmp_path_factory.mktemp("empty")
    SqliteJournal.open(directory).close()
    return directory


@pytest.fixture(scope="module")
def shared(postgres: str) -> Iterator[PostgresShared]:
    """A journal that is emptied again and again."""
    with emptied(postgres) as url:
        shared = PostgresShared(url)
        shared.prepare()
        yield shared
        shared.close()


# A failure is shown as it was found: to make it smaller takes minutes.
@settings(max_examples=100, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(history=histories())
def test_memory_sqlite_and_postgresql_agree(
    empty: Path, shared: PostgresShared, history: list[tuple[str, bool, list[Event]]]
) -> None:
    with shared.transaction() as connection:
        for table in reversed(TABLES):
            connection.execute(f"DELETE FROM {table}")
    with tempfile.TemporaryDirectory() as copy:
        shutil.copy(empty / "journal.db", copy)
        with SqliteJournal.open(Path(copy)) as sqlite, shared.journal() as postgres:
            sqlite._writing.execute("PRAGMA synchronous = OFF")
            compare(MemoryJournal(), sqlite, postgres, history)


def compare(
    memory: MemoryJournal,
    sqlite: SqliteJournal,
    postgres: PostgresJournal,
    history: list[tuple[str, bool, list[Event]]],
) -> None:
    journals: list[AnyJournal] = [memory, sqlite, postgres]
    heard: list[list[Event]] = [[] for _ in journals]
    for journal, events in zip(journals, heard, strict=True):
        journal.subscribe(events.append)
    for number, (run, resumed, recorded) in enumerate(history):
        started = RunStarted(
            at=float(number),
            plan=replace(PLAN, targets=() if resumed else TARGETS),
            endpoint="",
            version="1",
            follow=True,
            resumed=resumed,
        )
        for journal in journals:
            journal.open_run(run, started)
            for event in recorded:
                journal.record(event)
            journal.flush()
        assert everything(memory) == everything(sqlite)
    assert everything(memory) == everything(postgres)  # once, for a server is slow to ask
    assert heard == [heard[0]] * len(heard)
