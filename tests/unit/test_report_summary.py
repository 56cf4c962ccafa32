"""A report is summed up from the journal alone, also for a run that was cut and never said so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from scheduler.errors import ExitCode
from scheduler.events import LaneMeasured
from scheduler.journal.at_work import AtWork
from scheduler.journal.port import AttemptRecord, JournalReader, LaneRecord, TargetRecord
from scheduler.model import Evidence, Job, LaneKey, Outcome, Result, StopCause, Target, Verdict
from scheduler.report.document import Report, Totals
from scheduler.report.summary import summarize
from tests.unit.conftest import RUNNING

MakeJournal = Callable[..., JournalReader]

_TARGET = Target(account="shop", region="eu-west-1", app="d2p7kq0example", branch="main", name="web")
_RECORD = TargetRecord(position=0, target=_TARGET)
_LANE = LaneRecord(lane=_TARGET.lane, counters=LaneMeasured(at=0.0, lane=_TARGET.lane))
_RUNNING_JOB = Job(jobId="7", status="RUNNING")
_LOST = AttemptRecord(intent="01JA", sent_at=1795485600.0, fence=None, server_at=None)


def told(report: Report) -> tuple[Outcome, str]:
    (target,) = report.targets
    return target.outcome, target.reason


def test_a_recorded_outcome_stands(make_journal: MakeJournal) -> None:
    record = replace(_RECORD, outcome=Outcome.TIMED_OUT, reason="still RUNNING after 45m", job=_RUNNING_JOB)
    assert told(summarize(make_journal([record]))) == (Outcome.TIMED_OUT, "still RUNNING after 45m")


def test_a_job_that_nobody_was_to_follow_is_started(make_journal: MakeJournal) -> None:
    record = replace(_RECORD, job=_RUNNING_JOB)
    assert told(summarize(make_journal([record], follow=False))) == (
        Outcome.STARTED,
        "not followed, by request",
    )


@pytest.mark.parametrize(
    ("run", "why"),
    [
        ({"ended_at": None}, "the process ended before the run did"),
        ({"stop_reason": "2h are over", "stop_cause": StopCause.DEADLINE}, "2h are over"),
        ({"stop_cause": StopCause.SIGTERM}, "the run was stopped by SIGTERM"),
        ({"stop_cause": StopCause.DEADLINE}, "the run reached its deadline"),
        ({"stop_cause": StopCause.FAILURE_BUDGET}, "the failure budget was spent"),
        ({"stop_cause": StopCause.CANCEL}, "the run was cancelled"),
        ({"stop_cause": StopCause.INTERNAL}, "the run stopped at an internal error"),
        ({}, "the run ended first"),
    ],
)
def test_a_job_whose_end_was_missed_is_started_and_says_why(
    make_journal: MakeJournal, run: dict[str, object], why: str
) -> None:
    record = replace(_RECORD, job=_RUNNING_JOB)
    assert told(summarize(make_journal([record], **run))) == (
        Outcome.STARTED,
        f"the end was not observed: {why}",
    )


def test_a_job_is_no_longer_followed_when_its_lane_stopped(make_journal: MakeJournal) -> None:
    report = summarize(
        make_journal([replace(_RECORD, job=_RUNNING_JOB)], [replace(_LANE, stopped="the token expired")])
    )
    assert told(report) == (Outcome.STARTED, "the end was not observed: the token expired")
    assert report.run.exit_code is ExitCode.FAILED


@pytest.mark.parametrize(
    ("status", "outcome"),
    [("SUCCEED", Outcome.SUCCEEDED), ("FAILED", Outcome.FAILED), ("CANCELLED", Outcome.CANCELLED)],
)
def test_a_job_seen_to_end_counts_though_the_process_died_before_it_said_so(
    make_journal: MakeJournal, status: str, outcome: Outcome
) -> None:
    record = replace(_RECORD, job=Job(jobId="7", status=status))
    assert told(summarize(make_journal([record], ended_at=None))) == (outcome, f"job 7 ended as {status}")


def test_a_start_without_an_answer_is_unresolved_and_says_what_to_do(make_journal: MakeJournal) -> None:
    report = summarize(make_journal([replace(_RECORD, attempts=(_LOST,))], ended_at=None))
    reason = (
        "StartJob was sent at 2026-11-24T02:00:00.000Z and its answer never came; nothing was sent again. "
        "`amplify-release resume 01JDHQ6X1V0W8R3K5M7N9P2T4A` looks for its job"
    )
    assert told(report) == (Outcome.UNRESOLVED, reason)


def test_an_ambiguous_answer_is_told(make_journal: MakeJournal) -> None:
    attempt = replace(_LOST, result=Result.AMBIGUOUS, error="connection reset")
    _, reason = told(summarize(make_journal([replace(_RECORD, attempts=(attempt,))])))
    assert "its answer did not tell (connection reset); nothing was sent again." in reason


def test_an_abandoned_start_is_in_doubt_no_more(make_journal: MakeJournal) -> None:
    record = replace(_RECORD, attempts=(replace(_LOST, abandoned=True),))
    assert told(summarize(make_journal([record])))[0] is Outcome.NOT_STARTED


@pytest.mark.parametrize(
    ("record", "lane", "run", "running", "why"),
    [
        (_RECORD, replace(_LANE, stopped="no credentials"), {}, False, "no credentials"),
        (_RECORD, _LANE, {"stop_cause": StopCause.SIGINT}, False, "the run was stopped by SIGINT"),
        (
            replace(_RECORD, parked="the branch has job 6"),
            _LANE,
            {"stop_cause": StopCause.DEADLINE, "stop_reason": "2h are over"},
            False,
            "2h are over; it was waiting: the branch has job 6",
        ),
        (
            replace(_RECORD, parked="the branch has job 6"),
            _LANE,
            {"ended_at": None},
            False,
            "the run was cut; it was waiting: the branch has job 6",
        ),
        (_RECORD, _LANE, {"ended_at": None}, False, "not reached before the run was cut"),
        (_RECORD, _LANE, {"ended_at": None}, True, "not reached yet"),
        (
            replace(_RECORD, parked="the branch has job 6"),
            _LANE,
            {"ended_at": None},
            True,
            "the branch has job 6",
        ),
    ],
)
def test_a_target_that_never_started_says_why(
    make_journal: MakeJournal,
    record: TargetRecord,
    lane: LaneRecord,
    run: dict[str, object],
    running: bool,
    why: str,
) -> None:
    report = summarize(make_journal([record], [lane], **run), at_work=RUNNING if running else AtWork())
    assert told(report) == (Outcome.NOT_STARTED, why)


def test_a_run_without_an_end_is_running_while_a_process_works_on_it(make_journal: MakeJournal) -> None:
    journal = make_journal(
        [
            replace(_RECORD, job=_RUNNING_JOB),
            replace(_RECORD, attempts=(_LOST,)),
        ],
        ended_at=None,
    )
    report = summarize(journal, at_work=RUNNING)
    assert (report.run.verdict, report.run.exit_code, report.run.ended_at) == (Verdict.RUNNING, None, None)
    assert [target.reason for target in report.targets] == [
        "job 7 was last seen as RUNNING",
        (
            "StartJob was sent at 2026-11-24T02:00:00.000Z and its answer never came; "
            "its job is being looked for"
        ),
    ]


def test_a_run_without_an_end_was_interrupted_when_no_process_works_on_it(make_journal: MakeJournal) -> None:
    run = summarize(make_journal([_RECORD], ended_at=None)).run
    assert (run.verdict, run.exit_code, run.ended_at) == (Verdict.INTERRUPTED, None, None)


def test_a_run_that_ended_is_not_running_although_the_lock_is_held(make_journal: MakeJournal) -> None:
    assert summarize(make_journal(), at_work=RUNNING).run.verdict is Verdict.NOTHING_TO_DO


def test_only_the_last_twenty_attempts_are_listed_and_all_are_counted(make_journal: MakeJournal) -> None:
    attempts = tuple(
        replace(_LOST, intent=f"01J{number}", result=Result.THROTTLED, error="Rate exceeded")
        for number in range(25)
    )
    (target,) = summarize(make_journal([replace(_RECORD, attempts=attempts)])).targets
    assert [attempt.intent for attempt in target.attempts] == [f"01J{number}" for number in range(5, 25)]
    assert target.attempts_total == 25


def test_a_job_has_all_fields_and_no_secrets(hostile_report: Report) -> None:
    (target,) = hostile_report.targets
    assert target.job is not None
    assert target.job.sourceUrl == "https://bucket.example/x.zip"
    assert list(target.job.model_dump()) == [
        *("jobArn", "jobId", "commitId", "commitMessage", "commitTime", "startTime"),
        *("status", "endTime", "jobType", "sourceUrl", "sourceUrlType"),
    ]
    assert "sekrit" not in hostile_report.model_dump_json()
    assert "user:pass" not in hostile_report.model_dump_json()


def test_secrets_in_sentences_are_taken_out(make_journal: MakeJournal) -> None:
    record = replace(
        _RECORD,
        outcome=Outcome.FAILED,
        reason="see https://logs.example/1?X-Amz-Signature=abc and AKIAIOSFODNN7EXAMPLE",
    )
    assert told(summarize(make_journal([record])))[1] == "see https://logs.example/1 and [redacted]"


def test_totals_count_every_outcome_and_nothing_else() -> None:
    assert list(Totals.model_fields) == ["targets", *(outcome.value for outcome in Outcome)]


class TestNoLaneCouldStart:
    """Exit code 4 is for a run that could do nothing at all for want of credentials or permission."""

    other = LaneKey("docs", "eu-west-1")
    denied = replace(_LANE, stopped="no credentials", denied=True)

    def code(self, journal: JournalReader) -> ExitCode | None:
        return summarize(journal).run.exit_code

    def test_every_lane_was_denied(self, make_journal: MakeJournal) -> None:
        assert self.code(make_journal([_RECORD], [self.denied])) is ExitCode.CREDENTIALS

    def test_a_lane_without_targets_does_not_matter(self, make_journal: MakeJournal) -> None:
        idle = replace(_LANE, lane=self.other)
        assert self.code(make_journal([_RECORD], [self.denied, idle])) is ExitCode.CREDENTIALS

    def test_another_lane_could_start(self, make_journal: MakeJournal) -> None:
        there = replace(
            _RECORD, target=replace(_TARGET, account=self.other.account), outcome=Outcome.SUCCEEDED
        )
        assert self.code(make_journal([_RECORD, there], [self.denied])) is ExitCode.FAILED

    def test_the_lane_stopped_for_another_reason(self, make_journal: MakeJournal) -> None:
        broken = replace(self.denied, denied=False)
        assert self.code(make_journal([_RECORD], [broken])) is ExitCode.FAILED

    @pytest.mark.parametrize(
        "touched",
        [
            replace(_RECORD, job=_RUNNING_JOB, evidence=Evidence.ATTACHED),
            replace(_RECORD, attempts=(_LOST,)),
            replace(_RECORD, attempts=(replace(_LOST, result=Result.STARTED, job_id="7"),)),
        ],
    )
    def test_something_was_started_before(self, make_journal: MakeJournal, touched: TargetRecord) -> None:
        assert self.code(make_journal([_RECORD, touched], [self.denied])) is ExitCode.FAILED

    def test_a_run_without_targets_was_not_denied(self, make_journal: MakeJournal) -> None:
        assert self.code(make_journal([], [self.denied])) is ExitCode.SUCCEEDED
