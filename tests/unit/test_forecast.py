"""How long a job will take, and when to look whether it has ended."""

from __future__ import annotations

import math
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.engine.forecast import BLIND, LEAST, MOST, PRICE, SPREAD, Forecast, blind_gap

HISTORY = [300.0, 280.0, 310.0, 330.0, 290.0]


def forecast(*lengths: float) -> Forecast:
    found = Forecast.of(lengths)
    assert found is not None
    return found


def reads_until(end: float, known: Forecast) -> tuple[int, float]:
    """Follow a job as the forecast says; return the reads and by how much the last was late."""
    age, reads = 0.0, 0
    while age < end:
        age += known.gap(age, eager=False)
        reads += 1
    return reads, age - end


def test_without_history_there_is_no_forecast() -> None:
    assert Forecast.of([]) is None


def test_the_usual_length_is_the_middle_of_the_history() -> None:
    assert forecast(100, 400).usual == pytest.approx(200)


def test_one_observation_leaves_the_usual_spread() -> None:
    assert forecast(300).spread == pytest.approx(SPREAD * math.sqrt(4 / 5))


def test_a_branch_that_varies_more_is_forecast_more_widely() -> None:
    assert forecast(100, 900, 300, 200).spread > forecast(290, 300, 310, 300).spread


def test_lengths_of_nothing_are_taken_for_very_short_ones() -> None:
    assert forecast(0.0, 0.0).usual == pytest.approx(0.01)


def test_a_job_is_left_alone_until_its_end_is_possible() -> None:
    known = forecast(*HISTORY)
    assert known.gap(0, eager=False) > known.usual / 3


def test_reads_are_densest_around_the_likely_end() -> None:
    known = forecast(*HISTORY)
    around = known.gap(known.usual, eager=False)
    assert around < known.gap(0.7 * known.usual, eager=False)
    assert around < known.gap(2.5 * known.usual, eager=False)


def test_an_end_that_a_start_waits_for_is_looked_for_more_often() -> None:
    known = forecast(*HISTORY)
    assert known.gap(known.usual, eager=True) < 0.5 * known.gap(known.usual, eager=False)


@pytest.mark.parametrize("end", [30.0, 240.0, 300.0, 345.0, 600.0, 3000.0])
def test_any_job_is_noticed_soon_after_its_end_with_few_reads(end: float) -> None:
    reads, late = reads_until(end, forecast(*HISTORY))
    assert late <= max(MOST, 0.6 * 300)
    assert reads <= 25 + end / 25


def test_the_price_is_the_lateness_that_a_gap_costs() -> None:
    """The gap solves: the integral of the chance that the job has ended equals the price."""
    known = forecast(*HISTORY)
    gap = known.gap(known.usual, eager=False)
    step = gap / 1000
    lateness = sum(known.ended_since(known.usual, known.usual + (n + 0.5) * step) for n in range(1000)) * step
    assert lateness == pytest.approx(PRICE * known.usual, rel=0.1)


def test_a_night_on_which_jobs_take_longer_moves_all_forecasts() -> None:
    known = forecast(300)
    drifts = [known.drift(450)] * 50
    assert known.shifted([]).usual == pytest.approx(300)
    assert known.shifted(drifts[:1]).usual < 330, "one job may be odd"
    assert known.shifted(drifts).usual == pytest.approx(450, rel=0.04)
    assert known.shifted(drifts).spread == known.spread


@pytest.mark.parametrize(("age", "gap"), [(0.0, LEAST), (10.0, 10 * BLIND), (100.0, 10.0), (3600.0, 30.0)])
def test_without_a_forecast_the_gap_grows_with_the_age(age: float, gap: float) -> None:
    assert blind_gap(age) == gap


LENGTHS = st.lists(st.floats(0, 86_400), min_size=1, max_size=10)
AGE = st.floats(0, 200_000)


@given(LENGTHS, AGE, AGE)
def test_the_longer_a_job_goes_on_the_likelier_it_has_ended(
    lengths: list[float], one: float, two: float
) -> None:
    known, (early, late) = forecast(*lengths), sorted((one, two))
    assert 0 <= known.going_on(late) <= known.going_on(early) <= 1
    assert 0 <= known.ended_since(early, late) <= 1


@given(LENGTHS, AGE, st.booleans())
def test_every_job_is_read_again_after_a_finite_gap(lengths: list[float], age: float, eager: bool) -> None:
    known = forecast(*lengths)
    gap = known.gap(age, eager=eager)
    assert LEAST <= gap <= max(2 * LEAST, 11 * known.usual)
    if age > known.usual:
        assert gap <= MOST


@given(st.lists(st.floats(10, 3600), min_size=1, max_size=9))
def test_the_usual_length_lies_within_the_history(lengths: list[float]) -> None:
    assert min(lengths) * 0.999 <= forecast(*lengths).usual <= max(lengths) * 1.001
    assert forecast(median(lengths)).usual == pytest.approx(median(lengths))
