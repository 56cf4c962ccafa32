"""Records made by hand, the journal that holds them, and the reports summed up from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from scheduler.events import LaneMeasured, LimitChanged, LimitsLearned
from scheduler.journal.at_work import AtWork
from scheduler.journal.port import AttemptRecord, JournalReader, LaneRecord, Owner, RunRecord, TargetRecord
from scheduler.model import Evidence, FrozenPlan, Job, LaneKey, Outcome, Result, Target
from scheduler.report.document import Report
from scheduler.report.summary import summarize

#: 2026-11-24T02:00:00Z
STARTED_AT = 1795485600.0

#: What somebody who can push might write into a branch or a message.
HOSTILE = (
    "\x1b[2J\x9b31m\u202egnp.exe\u2028::error::x\n=cmd|'/c calc'!A0"
    "<script>alert(1)</script>](javascript:x)`@all #1\U0001f9d1\u200d\U0001f680\ud800\ufffe"
)


@dataclass(frozen=True)
class HeldRecords:
    """A journal of one run, for readers that ask about nothing else."""

    record: RunRecord
    records: tuple[TargetRecord, ...]
    lane_records: tuple[LaneRecord, ...]

    def run(self, run: str | None = None) -> RunRecord:
        assert run in {None, self.record.id}
        return self.record

    def limit_changes(self, run: str) -> Sequence[LimitChanged]:
        assert run == self.record.id
        return ()

    def targets(self, run: str, lane: LaneKey | None = None) -> Iterator[TargetRecord]:
        assert (run, lane) == (self.record.id, None)
        return iter(self.records)

    def lanes(self, run: str) -> Sequence[LaneRecord]:
        assert run == self.record.id
        return self.lane_records

    def runs(self) -> Sequence[RunRecord]:
        return [self.record]

    def in_doubt(
        self, targets: Iterable[Target], *, besides: str, endpoint: str
    ) -> dict[int, list[tuple[str, TargetRecord]]]:
        raise AssertionError("a report asks about its own run alone")

    def owners(self, region: str, app: str, branch: str, *, endpoint: str) -> dict[str, Owner]:
        raise AssertionError("a report asks about its own run alone")

    def markers(self, *, endpoint: str) -> dict[tuple[LaneKey, str], bool]:
        raise AssertionError("a report asks about its own run alone")

    def learned(self, endpoint: str, *, since: float) -> dict[LaneKey, LimitsLearned]:
        raise AssertionError("a report asks about its own run alone")

    def durations(self, targets: Sequence[Target], *, endpoint: str) -> list[list[float]]:
        raise AssertionError("a report asks about its own run alone")


#: A process works on the run of these records.
RUNNING = AtWork(alive=frozenset({"01JDHQ6X1V0W8R3K5M7N9P2T4A"}))


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(STARTED_AT + seconds, UTC)


def a_target(**changes: object) -> Target:
    values: dict[str, object] = {
        "account": "shop",
        "region": "eu-west-1",
        "app": "d2p7kq0example",
        "branch": "main",
        "name": "web",
    }
    return Target(**(values | changes))  # type: ignore[arg-type]  # the caller names the fields


@pytest.fixture
def run_record() -> RunRecord:
    """A run that went on for 23 minutes and 52 seconds and came to its end."""
    return RunRecord(
        id="01JDHQ6X1V0W8R3K5M7N9P2T4A",
        plan=FrozenPlan(name="nightly", path="plans/nightly.yaml", digest="sha256:9f2c1e"),
        endpoint="aws",
        version="1.0.0",
        follow=True,
        started_at=STARTED_AT,
        ended_at=STARTED_AT + 1432,
    )


@pytest.fixture
def make_journal(run_record: RunRecord) -> Callable[..., JournalReader]:
    """A journal of `run_record` (with `changes`) that holds these targets and lanes."""

    def make(
        targets: Iterable[TargetRecord] = (), lanes: Iterable[LaneRecord] = (), **changes: object
    ) -> JournalReader:
        record = replace(run_record, **changes)  # type: ignore[arg-type]  # the caller names the fields
        return HeldRecords(record, tuple(targets), tuple(lanes))

    return make


@pytest.fixture
def mixed_report(make_journal: Callable[..., JournalReader]) -> Report:
    """A success, a failure, a start in doubt and a target that was left out, in two lanes."""
    sent = AttemptRecord(
        intent="01JA",
        sent_at=STARTED_AT + 1.5,
        fence=None,
        server_at=None,
        answered_at=STARTED_AT + 2,
        result=Result.STARTED,
        job_id="12",
    )
    lost = AttemptRecord(intent="01JB", sent_at=STARTED_AT + 3, fence=7, server_at=None)
    succeeded = Job(
        jobArn="arn:aws:amplify:eu-west-1:012345670123:apps/d2p7kq0example/branches/main/jobs/12",
        jobId="12",
        status="SUCCEED",
        commitId="HEAD",
        commitMessage="Nightly [amplify-release:01JA]",
        commitTime=moment(2),
        startTime=moment(2.25),
        endTime=moment(125.75),
        jobType="RELEASE",
    )
    failed = Job(jobId="8", status="FAILED", startTime=moment(10), endTime=moment(70))
    targets = (
        TargetRecord(
            position=0,
            target=a_target(wave="canary", labels={"team": "shop"}),
            outcome=Outcome.SUCCEEDED,
            evidence=Evidence.RESPONSE,
            job=succeeded,
            attempts=(sent,),
        ),
        TargetRecord(
            position=1,
            target=a_target(app="d3f8lr1example", branch="release/1.10", name="d3f8lr1example"),
            outcome=Outcome.FAILED,
            reason="job 8 ended as FAILED",
            evidence=Evidence.ADOPTED_EXACT,
            job=failed,
        ),
        TargetRecord(position=2, target=a_target(account="docs", app="d4g9ms2example"), attempts=(lost,)),
        TargetRecord(
            position=3,
            target=a_target(account="docs", app="d5h1nt3example", name="docs"),
            outcome=Outcome.SKIPPED,
            reason="the branch was busy for 1h",
        ),
    )
    lanes = (
        LaneRecord(
            lane=LaneKey("docs", "eu-west-1"),
            counters=LaneMeasured(at=STARTED_AT, lane=LaneKey("docs", "eu-west-1"), start_calls=1, busy=1),
        ),
        LaneRecord(
            lane=LaneKey("shop", "eu-west-1"),
            counters=LaneMeasured(
                at=STARTED_AT,
                lane=LaneKey("shop", "eu-west-1"),
                start_calls=3,
                started=2,
                throttled=1,
                read_calls=9,
                peak_in_flight=2,
                peak_pending=1,
            ),
        ),
    )
    return summarize(make_journal(targets, lanes))


@pytest.fixture
def empty_report(make_journal: Callable[..., JournalReader]) -> Report:
    """A run without targets."""
    return summarize(make_journal())


@pytest.fixture
def hostile_report(make_journal: Callable[..., JournalReader]) -> Report:
    """One failed target with hostile text wherever the service or a plan can put text."""
    job = Job(
        jobId="1",
        status="FAILED",
        commitMessage=HOSTILE,
        sourceUrl="https://user:pass@bucket.example/x.zip?X-Amz-Signature=sekrit",
        startTime=moment(1),
        endTime=moment(2),
    )
    hostile = TargetRecord(
        position=0,
        target=a_target(branch=("b" * 255) + HOSTILE, name=HOSTILE, labels={HOSTILE: HOSTILE}, wave=HOSTILE),
        outcome=Outcome.FAILED,
        reason=HOSTILE,
        job=job,
    )
    lane = LaneKey("shop", "eu-west-1")
    stopped = LaneRecord(lane=lane, counters=LaneMeasured(at=STARTED_AT, lane=lane), stopped=HOSTILE)
    return summarize(
        make_journal([hostile], [stopped], plan=FrozenPlan(name=HOSTILE, path=HOSTILE, digest="sha256:0"))
    )
