"""When to read which job."""

from __future__ import annotations

from random import Random

import pytest

from scheduler.engine.schedule import AT_MOST, FLOOR, QUEUED_AT_MOST, Schedule, gap


@pytest.mark.parametrize(
    ("age", "forecast", "expected"),
    [
        # Without a forecast: a share of the age.
        (0, None, 0.1),
        (100, None, 8),
        (10_000, None, 30),
        # With one: a quarter of the age at first, for only failures end this early, ...
        (0, 600, 0.1),
        (100, 600, 25),
        (400, 600, 80),  # ... never past the moment from which the end is likely, ...
        (479.95, 600, 0.1),
        # ... around it a share of the forecast, ...
        (480, 600, 18),
        (900, 600, 18),
        (8_000, 10_000, 30),
        # ... and once the forecast has proved wrong, a share of the age again.
        (1_000, 600, 30),
        (100, 50, 8),
        # Jobs of half a second.
        (0.4, 0.5, 0.1),
    ],
)
def test_a_job_is_read_again_after_a_share_of_its_own_length(
    age: float, forecast: float | None, expected: float
) -> None:
    assert gap(age, forecast, queued=False) == pytest.approx(expected)


@pytest.mark.parametrize(("age", "expected"), [(0, 0.1), (10, 1), (60, 5), (3_600, 5)])
@pytest.mark.parametrize("forecast", [None, 600.0])
def test_a_queued_job_is_read_by_its_time_in_the_queue_alone(
    age: float, expected: float, forecast: float | None
) -> None:
    assert gap(age, forecast, queued=True) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("age", "forecast"), [(10, None), (100, None), (300, None), (10, 1_000), (450, 1_000), (899, 1_000)]
)
def test_the_rule_knows_no_unit(age: float, forecast: float | None) -> None:
    """Between its bounds, jobs half as long are read twice as often."""
    half = None if forecast is None else forecast / 2
    assert gap(age / 2, half, queued=False) == pytest.approx(gap(age, forecast, queued=False) / 2)


@pytest.mark.parametrize("queued", [True, False])
@pytest.mark.parametrize("forecast", [None, 0.0, 0.5, 30.0, 1_800.0])
def test_no_gap_is_below_the_floor(forecast: float | None, queued: bool) -> None:
    ages = [0.0, 0.01, 0.4, 1, 23.99, 24, 30, 45, 46, 1_440, 2_700, 2_701, 1e6]
    assert min(gap(age, forecast, queued=queued) for age in ages) >= FLOOR


def test_a_job_is_never_left_alone_for_longer_than_its_bound() -> None:
    assert gap(1e9, None, queued=False) == AT_MOST
    assert gap(1e9, None, queued=True) == QUEUED_AT_MOST


@pytest.mark.parametrize("length", [1, 10, 100, 1_000])
@pytest.mark.parametrize("known", [True, False])
def test_an_end_is_noticed_soon_for_its_length_and_after_few_reads(length: float, known: bool) -> None:
    age, reads = 0.0, 0
    while age < length:
        age += gap(age, length if known else None, queued=False)
        reads += 1
    assert age - length <= 0.1 + 0.08 * length
    assert reads <= 110


def test_reads_come_in_the_order_of_their_time() -> None:
    schedule = Schedule()
    ages = list(range(10, 300, 10))
    Random(1).shuffle(ages)
    for age in ages:
        schedule.put(age, 0.0, age=age, own=None, queued=False)
    assert len(schedule) == 29
    assert schedule.next_at() == pytest.approx(0.8)
    assert schedule.due(1e9, 100) == sorted(ages)
    assert len(schedule) == 0
    assert schedule.next_at() is None


def test_of_equals_the_first_target_comes_first() -> None:
    schedule = Schedule()
    for position in (3, 1, 2):
        schedule.put(position, 0.0, age=100, own=None, queued=False)
    assert schedule.due(8.0, 2) == [1, 2]
    assert schedule.due(8.0, 2) == [3]


def test_only_what_is_due_is_taken_and_no_more_than_asked_for() -> None:
    schedule = Schedule()
    for position, age in enumerate((100, 200, 300)):
        schedule.put(position, 0.0, age=age, own=None, queued=False)
    assert schedule.due(7.9, 10) == []
    assert schedule.due(8.0, 10) == [0]
    assert schedule.due(100.0, 0) == []
    assert schedule.due(100.0, -1) == []
    assert schedule.due(100.0, 1) == [1]
    assert schedule.due(100.0, 1) == [2]
    assert schedule.due(100.0, 1) == []


def test_a_users_pace_is_a_ceiling() -> None:
    """Gaps become no shorter than it says; longer ones stay."""
    schedule = Schedule(at_least=10.0)
    schedule.put(0, 5.0, age=1, own=None, queued=False)
    schedule.put(1, 5.0, age=250, own=None, queued=False)
    assert schedule.due(14.9, 2) == []
    assert schedule.due(15.0, 2) == [0]
    assert schedule.due(25.0, 2) == [1]


def test_the_forecast_is_the_median_of_the_last_fifty_ends_from_three_on() -> None:
    schedule = Schedule()
    assert schedule.forecast() is None
    schedule.ended(100)
    schedule.ended(1)
    assert schedule.forecast() is None
    schedule.ended(9_000)
    assert schedule.forecast() == 100
    schedule.ended(200)
    assert schedule.forecast() == 150
    for _ in range(50):
        schedule.ended(7)
    assert schedule.forecast() == 7


def test_a_branchs_own_history_goes_before_that_of_the_run() -> None:
    schedule = Schedule()
    for _ in range(3):
        schedule.ended(100)
    schedule.put(0, 0.0, age=80, own=None, queued=False)  # around the run's likely end
    schedule.put(1, 0.0, age=80, own=1_000, queued=False)  # far from its own
    assert schedule.due(3.0, 2) == [0]
    assert schedule.next_at() == pytest.approx(20)
