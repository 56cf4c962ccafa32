"""How a run stands, in a few lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from scheduler.events import LaneMeasured, LimitChanged
from scheduler.journal.port import JournalReader, LaneRecord, TargetRecord
from scheduler.model import Evidence, Hold, Job, LaneKey, Outcome
from scheduler.report.document import Report
from scheduler.report.status import render
from scheduler.report.summary import summarize
from tests.unit.conftest import RUNNING, a_target

LANE = LaneKey("shop", "eu-west-1")
NOTHING: Mapping[Hold, float] = MappingProxyType({})
RUN = "01JDHQ6X1V0W8R3K5M7N9P2T4A"


def running(
    make_journal: Callable[..., JournalReader], *, held: str = "", held_by: Mapping[Hold, float] = NOTHING
) -> Report:
    """One target has ended, one is parked, one is followed, and two were not reached."""
    records = [
        TargetRecord(position=0, target=a_target(app="d0", name="d0"), outcome=Outcome.SUCCEEDED),
        TargetRecord(
            position=1, target=a_target(app="d1", name="d1"), parked="job 3 (RUNNING) holds the branch"
        ),
        TargetRecord(
            position=2,
            target=a_target(app="d2"),
            job=Job(jobId="7", status="PENDING"),
            evidence=Evidence.RESPONSE,
        ),
        *(TargetRecord(position=i, target=a_target(app=f"d{i}")) for i in (3, 4)),
    ]
    counters = LaneMeasured(
        at=0,
        lane=LANE,
        start_calls=3,
        started=2,
        busy=1,
        read_calls=1,
        peak_in_flight=2,
        held=held_by,
    )
    lane = LaneRecord(lane=LANE, counters=counters, held=held)
    return summarize(make_journal(records, [lane], ended_at=None), at_work=RUNNING)


def test_a_run_that_goes_on(make_journal: Callable[..., JournalReader]) -> None:
    assert render(running(make_journal), [], why=False, state_dir="/var/lib/x y") == (
        f"run {RUN} of nightly: running\n"
        "The run goes on: 1 of 5 targets have ended.\n"
        "5 targets: 1 succeeded, 1 started, 3 not started\n"
        "  shop/eu-west-1: 2 started by 3 calls, 0 throttled, 1 busy, 1 read, at most 2 in flight\n"
        f"next: amplify-release status {RUN} --state-dir '/var/lib/x y' --watch  (to watch it)\n"
    )


def test_what_holds_it_back(make_journal: Callable[..., JournalReader]) -> None:
    changes = [
        LimitChanged(at=1, lane=LANE, pace=9, window=None, reason="refused"),
        LimitChanged(at=2, lane=LANE, pace=2.5, window=1, reason="refused for want of slots"),
    ]
    text = render(running(make_journal), changes, why=True)
    assert text.splitlines()[4:-1] == [
        "    limit: 1 job in flight, 2.5 starts/s; refused for want of slots",
        "  shop/eu-west-1/d1/main: job 3 (RUNNING) holds the branch",
        "  shop/eu-west-1/d2/main (web): job 7 was last seen as PENDING",
        "  2 targets: not reached yet",
    ]
    assert "    limit: 9.0 starts/s; refused\n" in render(running(make_journal), changes[:1], why=True)


def test_a_lane_that_is_held_says_by_what_and_so_does_each_target_that_waits_for_it(
    make_journal: Callable[..., JournalReader],
) -> None:
    report = running(make_journal, held="all 2 slots are taken", held_by={Hold.PACE: 3.1, Hold.SLOTS: 812.04})
    assert report.lanes[0].held == "all 2 slots are taken"
    assert report.lanes[0].held_by == {Hold.PACE: 3.1, Hold.SLOTS: 812.04}
    assert render(report, [], why=True).splitlines()[4:-1] == [
        "    held now: all 2 slots are taken",
        "    waited: 13m 32s for slots, 3s for pace",
        "  shop/eu-west-1/d1/main: job 3 (RUNNING) holds the branch",
        "  shop/eu-west-1/d2/main (web): job 7 was last seen as PENDING",
        "  2 targets: its lane waits: all 2 slots are taken",
    ]


def test_what_held_a_lane_last_is_not_said_of_a_run_that_was_cut(
    make_journal: Callable[..., JournalReader],
) -> None:
    lane = LaneRecord(lane=LANE, counters=LaneMeasured(at=0, lane=LANE), held="pace 0.1/s")
    report = summarize(make_journal([TargetRecord(position=0, target=a_target())], [lane], ended_at=None))
    assert report.lanes[0].held is None
    assert report.lanes[0].held_by is None
    assert report.targets[0].reason == "not reached before the run was cut"
