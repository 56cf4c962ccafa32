"""The number of jobs above which StartJob is refused."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.engine.slots import EARN, FIRST_CHECK, PATIENCE, SAVED, Slots


def start(slots: Slots, at: float, *, probe: bool = False) -> bool:
    """Have a start sent and accepted at once; return whether the number is open again."""
    slots.sent(probe=probe)
    slots.answered(probe=probe)
    return slots.accepted(at, slots.running, at, probe=probe, may_forget=False)


def filled(count: int, *, targets: int = 200) -> Slots:
    """Make slots with so many jobs started at 0, 1, 2, … and refused at 100."""
    slots = Slots(targets=targets)
    for at in range(count):
        start(slots, float(at))
    slots.learn(slots.running, 100.0, 100.0)
    return slots


def refused_probe(slots: Slots, at: float) -> None:
    slots.sent(probe=True)
    slots.answered(probe=True)
    slots.probe_refused(at, at)


def test_nothing_is_known_before_a_refusal() -> None:
    slots = Slots(targets=10)
    start(slots, 0.0)
    assert (slots.known, slots.running, slots.next_claim()) == (None, 1, math.inf)


def test_a_refusal_says_that_as_many_slots_are_there_as_jobs_run() -> None:
    assert filled(5).known == 5


def test_an_end_that_was_noticed_after_the_refusal_corrects_the_number() -> None:
    """Five were believed to run at the refusal, but one had ended by then: there are four slots."""
    slots = filled(5)
    slots.ended(99.0, lasted=95.0)
    assert slots.next_claim() == 100.0 + slots.blind
    assert not slots.verify(100.0)
    assert slots.verify(100.0 + slots.blind)
    assert slots.known == 4


def test_an_end_after_the_refusal_corrects_nothing() -> None:
    slots = filled(5)
    slots.ended(101.0, lasted=95.0)
    assert not slots.verify(200.0)
    assert slots.known == 5


def test_a_start_accepted_above_the_number_is_one_slot_more() -> None:
    slots = filled(5)
    start(slots, 200.0, probe=True)
    slots.verify(200.0 + slots.blind)
    assert slots.known == 6


def test_a_start_accepted_above_the_number_because_of_an_unseen_end_is_no_slot_more() -> None:
    slots = filled(5)
    start(slots, 200.0, probe=True)
    slots.ended(199.0, lasted=195.0)
    slots.verify(200.0 + slots.blind)
    assert slots.known == 5


def test_there_is_always_a_slot_to_hope_for() -> None:
    slots = Slots(targets=10)
    slots.learn(0, 1.0, 1.0)
    assert slots.known == 1


def test_a_number_just_learned_is_checked_soon() -> None:
    slots = filled(5, targets=10)
    assert slots.opening(100.0, calls=0, last_sent=100.0) <= 100.0 + FIRST_CHECK


def test_one_more_slot_is_asked_for_by_one_call_alone() -> None:
    slots = filled(5)
    assert slots.opening(150.0, calls=1, last_sent=100.0) == math.inf


def test_what_was_refused_is_asked_for_again_only_with_credit() -> None:
    """Each start earns a little credit, and each refusal spends one: that bounds the refusals a start."""
    slots = filled(5)
    refused_probe(slots, 150.0)
    patience = 150.0 + max(PATIENCE, 3 * slots.length)
    assert slots.opening(200.0, calls=0, last_sent=150.0) == patience
    earned = math.ceil(1 / (EARN - 2 / 200))
    for _ in range(earned):
        start(slots, 160.0)
    assert slots.opening(200.0, calls=0, last_sent=150.0) < patience


def test_a_lane_that_started_nothing_for_long_asks_even_without_credit() -> None:
    slots = filled(5)
    refused_probe(slots, 150.0)
    late = 150.0 + max(PATIENCE, 3 * slots.length)
    assert slots.opening(late, calls=0, last_sent=150.0) <= late


def test_credit_is_saved_up_to_a_bound() -> None:
    """However many starts there were, only so many refusals may follow one another."""
    slots = filled(5)
    for number in range(1000):
        start(slots, 200.0 + number)
    now, refused = 2000.0, 0
    while (at := slots.opening(now, calls=0, last_sent=now)) < now + 3 * slots.length:
        refused_probe(slots, at)
        refused += 1
        now = at
    assert refused == SAVED


def test_many_more_slots_are_asked_for_more_and_more_at_a_time() -> None:
    slots = filled(20)
    at = 200.0
    for _ in range(200):
        start(slots, at, probe=True)
        at += 1.0
    slots.sent(probe=True)
    assert slots.opening(at, calls=1, last_sent=at) <= at, "more than one probe at a time by now"


def test_a_known_pace_may_take_over_from_a_number_that_was_passed_again_and_again() -> None:
    slots = filled(20)
    opened = []
    for at in range(200, 260):
        slots.sent(probe=True)
        slots.answered(probe=True)
        opened.append(slots.accepted(float(at), slots.running, float(at), probe=True, may_forget=True))
        if opened[-1]:
            break
    assert opened[-1]
    assert slots.known is None


def test_a_slot_of_ours_that_others_took_is_given_up() -> None:
    slots = filled(5)
    slots.ended(150.0, lasted=100.0)
    slots.refill_refused(160.0, 160.0)
    assert slots.known == 4


def test_refills_refused_again_and_again_shrink_the_number_faster() -> None:
    slots = filled(50)
    for at in range(150, 156):
        slots.refill_refused(float(at), float(at))
    assert slots.known is not None
    assert slots.known < 40


def test_the_length_of_jobs_is_learned_from_their_ends() -> None:
    slots = filled(5)
    for at in (300.0, 301.0, 302.0, 303.0):
        slots.ended(at, lasted=300.0)
    assert slots.length == pytest.approx((120 + 4 * 300) / 5)


def test_a_slot_that_was_only_given_up_teaches_no_length() -> None:
    slots = filled(5)
    slots.ended(300.0, lasted=None)
    assert (slots.running, slots.length) == (4, 120.0)


def test_ends_are_found_between_two_moments() -> None:
    slots = filled(2)
    slots.ended(150.0, lasted=100.0)
    assert slots.ends_between(149.0, 150.0)
    assert not slots.ends_between(150.0, 200.0)


def test_a_job_of_an_earlier_process_takes_a_slot() -> None:
    slots = Slots(targets=10)
    slots.held(0.0)
    slots.learn(slots.running, 10.0, 10.0)
    slots.verify(10.0 + slots.blind)
    assert (slots.running, slots.known) == (1, 1)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["start", "probe", "probe refused", "refill refused", "learn", "end", "given up"]
            ),
            st.floats(0, 500),
        ),
        max_size=150,
    )
)
def test_whatever_happens_one_call_may_go_sooner_or_later(facts: list[tuple[str, float]]) -> None:
    slots, now, running = Slots(targets=100), 0.0, 0
    for fact, wait in facts:
        now += wait
        match fact:
            case "start":
                start(slots, now)
                running += 1
            case "probe" if slots.known is not None:
                start(slots, now, probe=True)
                running += 1
            case "probe refused" if slots.known is not None:
                refused_probe(slots, now)
            case "refill refused" if slots.known is not None:
                slots.refill_refused(now, now)
            case "learn":
                slots.learn(slots.running, now, now)
            case "end" if running:
                slots.ended(now - wait / 2, lasted=wait)
                running -= 1
            case "given up" if running:
                slots.ended(now, lasted=None)
                running -= 1
            case _:
                pass
        slots.verify(now)
        assert slots.running == running
        assert slots.known is None or slots.known >= 1
        assert slots.opening(now, calls=0, last_sent=now) <= now + max(PATIENCE, 3 * slots.length) + 2000
