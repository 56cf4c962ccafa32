"""Jobs are laid out by their times; many of them as their number in flight."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from scheduler.model import Evidence, Outcome
from scheduler.report.document import JobPart, TargetPart
from scheduler.report.timeline import Bar, Label, Tick, timeline
from scheduler.spoken import rfc3339

_START = datetime(2026, 11, 24, 2, tzinfo=UTC).timestamp()


def ran(start: float | None, end: float | None, *, region: str = "eu-west-1") -> TargetPart:
    job = JobPart(
        jobArn=None,
        jobId="1",
        commitId=None,
        commitMessage=None,
        commitTime=None,
        startTime=None if start is None else rfc3339(_START + start),
        status="SUCCEED",
        endTime=None if end is None else rfc3339(_START + end),
        jobType=None,
        sourceUrl=None,
        sourceUrlType=None,
    )
    return TargetPart(
        account="shop",
        region=region,
        app="app",
        branch="main",
        name="app",
        wave=None,
        labels={},
        outcome=Outcome.SUCCEEDED if end is not None else Outcome.TIMED_OUT,
        reason="",
        evidence=Evidence.RESPONSE,
        job=job,
        attempts=[],
        attempts_total=0,
    )


def test_without_a_known_start_there_is_no_timeline() -> None:
    assert timeline([], now=None) is None
    assert timeline([ran(None, None), ran(None, 5)], now=None) is None


def test_few_jobs_are_labelled_bars_in_the_order_of_their_starts() -> None:
    drawn = timeline([ran(60, None), ran(0, 30)], now=rfc3339(_START + 120))
    assert drawn is not None
    assert (drawn.height, drawn.left, drawn.date, drawn.areas) == (64.0, 250.0, "2026-11-24", ())
    assert drawn.labels == [Label(38.0, "app/main"), Label(58.0, "app/main")]
    assert drawn.bars == [
        Bar(250.0, 27.0, 187.5, 14.0, Outcome.SUCCEEDED, True, "shop/eu-west-1/app/main: succeeded, 30s"),
        Bar(625.0, 47.0, 375.0, 14.0, Outcome.TIMED_OUT, False, "shop/eu-west-1/app/main: timed out, 1m 00s"),
    ]
    assert drawn.ticks == [
        Tick(250.0, "02:00:00"),
        Tick(343.75, "02:00:15"),
        Tick(437.5, "02:00:30"),
        Tick(531.25, "02:00:45"),
        Tick(625.0, "02:01:00"),
        Tick(718.75, "02:01:15"),
        Tick(812.5, "02:01:30"),
        Tick(906.25, "02:01:45"),
        Tick(1000.0, "02:02:00"),
    ]


def test_more_jobs_are_thinner_bars_without_labels() -> None:
    drawn = timeline([ran(0, 30)] * 300, now=None)
    assert drawn is not None
    assert (len(drawn.bars), drawn.labels, drawn.left, drawn.height) == (300, [], 0.0, 924.0)


def test_many_jobs_are_one_shape_a_lane_the_busiest_first() -> None:
    west = [ran(second, second + 50) for second in range(200)]
    east = [ran(second, second + 50, region="us-east-1") for second in range(201)]
    drawn = timeline(west + east, now=None)
    assert drawn is not None
    assert drawn.bars == ()
    assert [label.text for label in drawn.labels] == [
        "shop/us-east-1",
        "201 jobs",
        "shop/eu-west-1",
        "200 jobs",
    ]
    assert [area.title for area in drawn.areas] == ["shop/us-east-1: 201 jobs", "shop/eu-west-1: 200 jobs"]
    # A second is a column of 3 units; the peak reaches 40 units above the base line at 72.
    first = drawn.areas[0].path
    assert first.startswith("M250.0 72.0V71.2h3.00V70.4h3.00")
    assert "V32.0h3.00" in first
    assert first.endswith("V71.2h3.00V72.0z")


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, 0), (10, 5), (0, 0.001), (0, 3e9)],
    ids=["no time at all", "an end before the start", "a blink", "a century"],
)
@pytest.mark.parametrize("count", [1, 301])
def test_odd_times_stay_on_the_canvas(start: float, end: float, count: int) -> None:
    drawn = timeline([ran(start, end)] * count, now=None)
    assert drawn is not None
    assert all(drawn.left <= bar.x <= 1000 and 0 < bar.width <= 1000 for bar in drawn.bars)
    assert len(drawn.ticks) <= 9
