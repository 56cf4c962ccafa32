"""Which jobs `cancel` stops, what it says of each, and what it writes down."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from scheduler.amplify.port import Answer, CallFailed, Kind, Recorded, Stage
from scheduler.events import JobChanged, TargetEnded
from scheduler.journal.port import AttemptRecord, TargetRecord
from scheduler.model import Evidence, Job, LaneKey, Outcome, Target
from scheduler.sweep.cancel import Decision, Stopped, StopResult, conclude, consider, events, stop


def job(status: str, number: str = "7") -> Job:
    return Job(jobId=number, status=status)


def record(
    named: Job | None, evidence: Evidence = Evidence.RESPONSE, *, position: int = 0, **fields: object
) -> TargetRecord:
    target = Target(account="shop", region="eu-west-1", app=f"d{position}", branch="main", name="web")
    return TargetRecord(position=position, target=target, job=named, evidence=evidence, **fields)  # type: ignore[arg-type]  # tests fill in a field or two


def refused(kind: Kind = Kind.REJECTED) -> CallFailed:
    return CallFailed(kind, "StopJob was refused.", stage=Stage.ANSWERED, operation="StopJob")


IN_DOUBT = AttemptRecord(intent="01A", sent_at=1.0, fence=None, server_at=None)


@pytest.mark.parametrize("evidence", [Evidence.RESPONSE, Evidence.ADOPTED_EXACT])
@pytest.mark.parametrize("status", ["PENDING", "RUNNING", "CANCELLING", "A_NEW_ONE"])
def test_a_job_that_is_proven_ours_and_has_not_ended_is_stopped(evidence: Evidence, status: str) -> None:
    assert consider(record(job(status), evidence), "01A") == Decision(True, "job 7 was started by this run")


def test_a_job_whose_target_timed_out_may_still_run_and_is_stopped() -> None:
    decision = consider(record(job("RUNNING"), outcome=Outcome.TIMED_OUT), "01A")
    assert decision is not None
    assert decision.stop


@pytest.mark.parametrize("evidence", [Evidence.ADOPTED_PROBABLE, Evidence.ATTACHED, Evidence.NONE])
def test_any_other_job_is_left_alone_with_the_reason(evidence: Evidence) -> None:
    decision = consider(record(job("RUNNING"), evidence), "01A")
    assert decision is not None
    assert not decision.stop
    assert decision.reason.startswith("job 7 is ")


def test_a_start_in_doubt_is_left_to_resume() -> None:
    decision = consider(record(None, Evidence.NONE, attempts=(IN_DOUBT,)), "01A")
    assert decision is not None
    assert not decision.stop
    assert "`amplify-release resume 01A` looks for it" in decision.reason


def test_nothing_is_said_of_targets_without_a_job_or_with_one_that_has_ended() -> None:
    assert consider(record(None, Evidence.NONE), "01A") is None
    assert consider(record(job("FAILED")), "01A") is None


@pytest.mark.parametrize(
    ("status", "refusal", "result", "reason"),
    [
        ("CANCELLED", None, StopResult.STOPPED, "job 7 ended as CANCELLED"),
        ("CANCELLED", refused(), StopResult.ENDED, "job 7 ended as CANCELLED"),
        ("SUCCEED", None, StopResult.ENDED, "job 7 ended as SUCCEED"),
        ("SUCCEED", refused(), StopResult.ENDED, "job 7 ended as SUCCEED"),
        ("RUNNING", refused(), StopResult.NOT_STOPPED, "job 7 is RUNNING: StopJob was refused."),
        (
            "CANCELLING",
            None,
            StopResult.NOT_STOPPED,
            "job 7 was asked to stop and is still CANCELLING; cancel again to look again",
        ),
    ],
)
def test_what_became_of_a_job_is_what_was_read_last(
    status: str, refusal: CallFailed | None, result: StopResult, reason: str
) -> None:
    assert conclude(job(status), refusal) == Stopped(result=result, reason=reason, job=job(status))


def test_a_stopped_job_ends_its_target_unless_it_has_its_end() -> None:
    stopped = conclude(job("CANCELLED"), None)
    changed = JobChanged(at=5.0, position=3, job=job("CANCELLED"))
    ended = TargetEnded(
        at=5.0,
        position=3,
        outcome=Outcome.CANCELLED,
        reason="job 7 was stopped by `amplify-release cancel`",
    )
    fresh = record(job("RUNNING"), position=3)
    timed_out = record(job("RUNNING"), position=3, outcome=Outcome.TIMED_OUT)
    assert list(events(fresh, stopped, 5.0)) == [changed, ended]
    assert list(events(timed_out, stopped, 5.0)) == [changed]


def test_a_job_that_could_not_be_read_leaves_the_journal_as_it_is() -> None:
    unread = Stopped(result=StopResult.NOT_STOPPED, reason="why")
    assert list(events(record(job("RUNNING")), unread, 5.0)) == []


@dataclass
class Outside:
    """Accounts and their lane: every job is CANCELLING at the first look and CANCELLED at the next."""

    verified: CallFailed | None = None
    refusals: list[CallFailed] = field(default_factory=list)
    statuses: tuple[str, ...] = ("CANCELLING", "CANCELLED")
    asked: list[tuple[str, str]] = field(default_factory=list)
    looks: int = 0

    async def verify(self, account: str) -> None:
        if self.verified is not None:
            raise self.verified

    async def recorded(self, key: LaneKey, since: float, until: float) -> list[Recorded]:
        raise AssertionError("a job that is stopped is known")

    async def quota(self, key: LaneKey) -> int | None:
        raise AssertionError("nothing is started")

    async def lane(self, key: LaneKey, *, calls: int) -> Outside:
        return self

    async def stop_job(self, app: str, branch: str, job_id: str) -> None:
        self.asked.append((app, job_id))
        if self.refusals:
            raise self.refusals.pop(0)

    async def get_job(self, app: str, branch: str, job_id: str) -> Answer:
        status = self.statuses[min(self.looks, len(self.statuses) - 1)]
        self.looks += 1
        return Answer(job(status, job_id), None)


async def stopped(outside: Outside, *records: TargetRecord) -> tuple[dict[int, Stopped], list[float]]:
    found: dict[int, Stopped] = {}
    pauses: list[float] = []

    def done(told: TargetRecord, became: Stopped) -> None:
        found[told.position] = became

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    await stop(records, outside, done, sleep)
    return found, pauses


async def test_a_job_is_asked_once_and_read_until_it_has_ended() -> None:
    outside = Outside()
    found, pauses = await stopped(outside, record(job("RUNNING")))
    assert found == {0: conclude(job("CANCELLED"), None)}
    assert (outside.asked, outside.looks, pauses) == ([("d0", "7")], 2, [0.5])


async def test_nothing_is_stopped_with_credentials_of_another_account() -> None:
    outside = Outside(verified=refused(Kind.CREDENTIALS))
    found, _ = await stopped(outside, record(job("RUNNING")), record(job("RUNNING"), position=1))
    assert set(found) == {0, 1}
    assert {became.result for became in found.values()} == {StopResult.NOT_STOPPED}
    assert outside.asked == []


async def test_a_refusal_is_believed_only_while_the_job_goes_on() -> None:
    ended, _ = await stopped(Outside(refusals=[refused()], statuses=("SUCCEED",)), record(job("RUNNING")))
    assert ended[0].result is StopResult.ENDED
    outside = Outside(refusals=[refused()], statuses=("RUNNING",))
    goes_on, pauses = await stopped(outside, record(job("RUNNING")))
    assert goes_on[0].result is StopResult.NOT_STOPPED
    assert (outside.looks, pauses) == (1, [])


async def test_a_throttled_stop_is_asked_again() -> None:
    outside = Outside(refusals=[refused(Kind.THROTTLED)])
    found, _ = await stopped(outside, record(job("RUNNING")))
    assert found[0].result is StopResult.STOPPED
    assert len(outside.asked) == 2


async def test_a_job_that_does_not_stop_is_given_up_after_a_minute() -> None:
    found, pauses = await stopped(Outside(statuses=("CANCELLING",)), record(job("RUNNING")))
    assert found[0].result is StopResult.NOT_STOPPED
    assert sum(pauses) == pytest.approx(60, abs=1)
