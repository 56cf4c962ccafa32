"""The pace of a lane's calls, learned from refusals."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.emulator.bucket import Bucket
from scheduler.engine.pace import ABOVE, BELOW, FIRST, HELD, LOWEST, TRUST, Pace

TOP = 100.0


def call(pace: Pace, at: float, *, accepted: bool = True, lone: bool = False) -> None:
    """Send a call that is answered at once."""
    paced = pace.sent(at, lone=lone)
    pace.answered(paced, at, accepted=accepted)
    if accepted:
        pace.accepted(paced, grow=not lone)
    else:
        pace.refused(at, paced.pace, at)
    pace.settle()


def drive(pace: Pace, bucket: Bucket, calls: int) -> list[bool]:
    """Make calls as fast as the pace allows; return which of them the bucket took."""
    taken = []
    for _ in range(calls):
        at = pace.next_at
        taken.append(bucket.take(at))
        call(pace, at, accepted=taken[-1])
    return taken


def test_a_lane_begins_with_four_calls_a_second() -> None:
    pace = Pace(top=TOP)
    assert (pace.value, pace.next_at, pace.rate, pace.ramping) == (FIRST, 0.0, None, True)


def test_the_next_call_may_go_one_interval_after_the_last() -> None:
    pace = Pace(top=TOP)
    pace.sent(10.0, lone=False)
    assert pace.next_at == pytest.approx(10.0 + 1 / FIRST, abs=0.011)


def test_an_unrefused_pace_reaches_the_top_within_a_few_seconds_and_never_passes_it() -> None:
    pace = Pace(top=TOP)
    drive(pace, Bucket(1e9, None), 200)
    assert pace.value == TOP
    assert pace.next_at < 5


def test_a_call_that_something_else_held_back_teaches_nothing() -> None:
    """A lane that waits for slots would otherwise grow a pace that nobody tried."""
    pace = Pace(top=TOP)
    for at in range(10, 50):
        call(pace, float(at))
    assert pace.value == FIRST


def test_a_top_below_the_first_pace_holds_from_the_start() -> None:
    assert Pace(top=1.0).value == 1.0


@pytest.mark.parametrize(("rate", "burst"), [(2, 4), (5, 5), (10, 20), (50, 50)])
def test_the_rate_of_a_steady_bucket_is_found_at_the_price_of_few_refusals(rate: float, burst: int) -> None:
    pace = Pace(top=TOP)
    taken = drive(pace, Bucket(rate, burst), 1000)
    assert pace.rate == pytest.approx(rate, rel=0.03)
    assert taken.count(False) < 0.05 * len(taken)
    assert pace.next_at < 1.05 * (taken.count(True) - burst) / rate + 3


def test_a_rate_that_halves_is_followed_down() -> None:
    pace = Pace(top=TOP)
    drive(pace, Bucket(20, 20), 400)
    slower = Bucket(10, 10)
    slower.take(pace.next_at)
    drive(pace, slower, 200)
    assert pace.rate == pytest.approx(10, rel=0.05)


def test_a_rate_that_grows_is_followed_up_without_bound() -> None:
    pace = Pace(top=TOP)
    drive(pace, Bucket(5, 5), 200)
    drive(pace, Bucket(1e9, None), 500)
    assert pace.value == TOP


def test_between_two_refusals_the_pace_moves_from_a_little_below_the_rate_to_a_little_above() -> None:
    pace = Pace(top=TOP)
    bucket = Bucket(10, 10)
    drive(pace, bucket, 500)
    while bucket.take(pace.next_at):
        call(pace, pace.next_at)
    call(pace, pace.next_at, accepted=False)
    assert pace.rate is not None
    assert pace.value == pytest.approx(BELOW * pace.rate)
    before = pace.value
    call(pace, pace.next_at)
    assert before < pace.value < ABOVE * pace.rate


def test_two_cycles_without_a_refusal_let_the_pace_grow_again() -> None:
    pace = Pace(top=TOP)
    drive(pace, Bucket(5, 5), 100)
    assert not pace.ramping
    drive(pace, Bucket(1e9, None), int(TRUST * 30) + 2)
    assert pace.ramping


def test_calls_count_at_the_time_they_were_sent() -> None:
    pace = Pace(top=TOP)
    for at in (1.0, 2.0, 3.0, 4.0):
        call(pace, at)
    assert [pace.given(until, 2.0) for until in (1.0, 3.0, 10.0)] == [1, 2, 0]
    assert pace.given(4.0, math.inf) == 4


def test_doubt_lowers_a_guess_and_leaves_what_was_measured() -> None:
    guessed, measured = Pace(top=TOP), Pace(top=TOP)
    call(guessed, 0.0)
    call(guessed, 0.5, accepted=False)
    drive(measured, Bucket(10, 10), 500)
    before = guessed.rate, measured.rate
    assert before[0] is not None
    guessed.doubt()
    measured.doubt()
    assert guessed.rate == pytest.approx(0.7 * before[0])
    assert measured.rate == before[1]


def test_doubt_without_any_rate_changes_nothing() -> None:
    pace = Pace(top=TOP)
    pace.doubt()
    assert (pace.rate, pace.value) == (None, FIRST)


@pytest.mark.parametrize("fact", ["refused", "doubt"])
def test_a_service_that_refuses_for_long_is_still_asked_now_and_then(fact: str) -> None:
    pace = Pace(top=TOP)
    call(pace, 0.0, accepted=False)
    for _ in range(100):
        if fact == "doubt":
            pace.doubt()
        else:
            call(pace, pace.next_at, accepted=False)
    assert pace.rate == LOWEST


@given(
    st.lists(
        st.tuples(st.floats(0, 60), st.sampled_from(["accepted", "refused", "lone", "doubt"])), max_size=300
    )
)
def test_whatever_happens_the_pace_stays_between_its_bounds(facts: list[tuple[float, str]]) -> None:
    pace, now = Pace(top=TOP), 0.0
    for wait, fact in facts:
        now = max(now, pace.next_at) + wait
        if fact == "doubt":
            pace.doubt()
        else:
            call(pace, now, accepted=fact != "refused", lone=fact == "lone")
        assert LOWEST * BELOW <= pace.value <= TOP
        assert pace.next_at - now <= 1.5 / (LOWEST * BELOW)


@given(st.floats(0.5, 80), st.integers(2, 100))
def test_no_bucket_makes_the_pace_spin_or_stall(rate: float, burst: int) -> None:
    """Refusals stay a small share of the calls, and the bucket's tokens are nearly all used."""
    pace = Pace(top=TOP)
    taken = drive(pace, Bucket(rate, burst), 400 + burst)
    assert taken.count(False) <= 0.1 * len(taken) + 4
    ideal = max(0.0, taken.count(True) - burst) / rate
    assert pace.next_at <= 1.3 * ideal + 30 / rate + 10


def test_a_call_within_the_held_time_still_counts_as_paced() -> None:
    pace = Pace(top=TOP)
    call(pace, 0.0)
    before = pace.value
    call(pace, pace.next_at + HELD / 2)
    assert pace.value > before
