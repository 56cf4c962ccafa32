"""How many own jobs may wait in the account's queue."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.engine.queue import FIRST, SHARE, STAYS_LEAST, STAYS_MOST, Queue


def queue(*, active: int = 0, hint: int | None = None, reserve: int = 0) -> Queue:
    """Make a queue whose active jobs all got their slots at once."""
    made = Queue(hint=hint, reserve=reserve)
    made.queued = active
    for _ in range(active):
        made.promoted(1.0)
    return made


def test_a_lane_begins_with_two_jobs() -> None:
    assert queue().room(calls=0) == FIRST
    assert queue().room(calls=2) == 0


@pytest.mark.parametrize("active", [2, 4, 50])
def test_while_no_job_stays_queued_the_lane_doubles(active: int) -> None:
    growing = queue(active=active)
    assert growing.window() is None
    assert growing.room(calls=0) == active


def test_the_lane_doubles_anew_only_when_most_of_its_last_jobs_have_got_their_slots() -> None:
    """Else a full account would be found out one doubling too late."""
    growing = queue(active=32)
    growing.queued = 32
    rooms = []
    for _ in range(20):
        growing.promoted(1.0)
        rooms.append(growing.room(calls=0))
    assert rooms == [0] * 19 + [52 - 12]


def test_a_job_that_has_just_been_queued_says_nothing() -> None:
    growing = queue(active=4)
    growing.queued = 4
    assert not growing.stayed(STAYS_LEAST - 1)
    assert growing.slots is None


def test_once_a_job_stays_queued_the_active_ones_are_the_slots() -> None:
    full = queue(active=5)
    full.queued = 4
    assert full.stayed(STAYS_LEAST)
    assert full.slots == 5
    assert full.window() == 5 + full.margin()
    assert full.room(calls=0) == 1 - 4
    assert not full.stayed(STAYS_LEAST), "the same again is no news"


def test_a_job_that_stays_while_none_is_active_leaves_one_slot_to_hope_for() -> None:
    crowded = queue()
    crowded.queued = 2
    crowded.stayed(60)
    assert (crowded.slots, crowded.window()) == (1, 2)


def test_slow_dispatch_is_no_queue_once_it_is_known() -> None:
    """A service that shows free slots late would look like a full one."""
    slow = Queue(hint=None, reserve=0)
    slow.queued = 60
    before = slow.stays
    for _ in range(60):
        slow.promoted(30.0)
    assert before == STAYS_LEAST
    assert slow.stays == pytest.approx(90, rel=0.01)


def test_slots_that_come_late_are_found_before_any_end() -> None:
    """Jobs got slots though none of ours came free: there are more, and the lane doubles again."""
    slow = queue(active=1)
    slow.queued = 1
    assert slow.stayed(STAYS_LEAST)
    slow.promoted(40.0)
    assert slow.slots == 1, "one more may be the slot of an end that is not noticed yet"
    slow.queued = 1
    slow.promoted(40.0)
    assert slow.slots is None
    assert slow.stays == pytest.approx(3 * 0.6 * 40)
    assert slow.room(calls=0) == 3


def test_waits_behind_a_full_queue_do_not_pass_for_slow_dispatch() -> None:
    full = queue(active=5)
    full.ended(was_active=True, lasted=300)
    before = full.stays
    full.queued = 20
    for _ in range(20):
        full.promoted(600.0)
    assert full.stays == before


@pytest.mark.parametrize(
    ("active", "length", "blind", "margin"),
    [
        (1, 300.0, 8.0, 1),
        (5, 300.0, 8.0, 1),
        (50, 300.0, 8.0, 3),
        (200, 300.0, 8.0, 8),
        (50, 30.0, 8.0, 8),  # its share of the slots bounds it
        (5, 30.0, 8.0, 2),
    ],
)
def test_as_many_jobs_stand_ready_as_end_unnoticed(
    active: int, length: float, blind: float, margin: int
) -> None:
    ready = queue(active=active)
    ready.length, ready.blind = length, blind
    assert ready.margin() == margin


def test_fewer_slots_are_learned_when_promotions_fail_to_come() -> None:
    shrunk = queue(active=40)
    shrunk.queued = 5
    shrunk.stayed(60)
    for _ in range(20):
        shrunk.ended(was_active=True, lasted=300)
    shrunk.stayed(60)
    assert shrunk.slots == 20
    assert shrunk.room(calls=0) < 0


def test_more_active_jobs_than_ends_can_explain_are_more_slots() -> None:
    grown = queue(active=5)
    grown.queued = 1
    grown.stayed(60)
    grown.promoted(None)
    for _ in range(20):
        for _ in range(grown.room(calls=0)):
            grown.queued += 1
        while grown.queued:
            grown.promoted(None)
    assert grown.active > 50
    assert grown.slots is None, "the lane doubles again"


def test_a_known_quota_is_filled_at_once_and_hardly_passed() -> None:
    known = Queue(hint=50, reserve=0)
    assert (known.window(), known.room(calls=0)) == (50, 50)


def test_a_lane_is_full_once_a_job_stays_queued_or_the_known_quota_was_filled() -> None:
    assert not queue(active=5).full
    known = Queue(hint=2, reserve=0)
    known.queued = 2
    known.promoted(1.0)
    assert not known.full, "one slot is left, so the next job is looked at soon"
    known.promoted(1.0)
    known.ended(was_active=True, lasted=60.0)
    assert known.full
    learned = queue(active=2)
    learned.stayed(60)
    assert learned.full


def test_a_quota_that_was_told_too_low_heals() -> None:
    wrong = queue(active=5, hint=5)
    assert wrong.window() == 6
    for _ in range(10):
        for _ in range(wrong.room(calls=0)):
            wrong.queued += 1
        while wrong.queued:
            wrong.promoted(1.0)
    assert wrong.active > 50


def test_a_quota_that_was_told_too_high_heals() -> None:
    wrong = queue(active=5, hint=50)
    wrong.queued = 45
    wrong.stayed(60)
    assert wrong.window() == 6


@pytest.mark.parametrize(("hint", "reserve", "window"), [(5, 2, 3), (5, 5, 1), (20, 4, 16)])
def test_a_reserve_is_left_free(hint: int, reserve: int, window: int) -> None:
    assert Queue(hint=hint, reserve=reserve).window() == window


def test_a_job_seen_queued_again_counts_as_queued() -> None:
    moved = queue(active=3)
    moved.demoted()
    assert (moved.active, moved.queued) == (2, 1)


FACTS = st.lists(
    st.tuples(
        st.sampled_from(["sent", "promoted", "inferred", "demoted", "stayed", "ended", "queued ended"]),
        st.floats(0, 1000),
    ),
    max_size=200,
)


@given(FACTS, st.none() | st.integers(1, 300), st.integers(0, 10))
def test_whatever_happens_an_empty_lane_has_room(
    facts: list[tuple[str, float]], hint: int | None, reserve: int
) -> None:
    any_queue = Queue(hint=hint, reserve=reserve)
    for fact, seconds in facts:
        match fact:
            case "sent":
                any_queue.queued += 1
            case "promoted" if any_queue.queued:
                any_queue.promoted(seconds)
            case "inferred" if any_queue.queued:
                any_queue.promoted(None)
            case "demoted" if any_queue.active:
                any_queue.demoted()
            case "stayed" if any_queue.queued:
                any_queue.stayed(seconds)
            case "ended" if any_queue.active:
                any_queue.ended(was_active=True, lasted=seconds)
            case "queued ended" if any_queue.queued:
                any_queue.ended(was_active=False, lasted=0.0)
            case _:
                pass
        assert 1 <= any_queue.margin() <= max(2, math.ceil(SHARE * any_queue.active))
        assert STAYS_LEAST <= any_queue.stays <= STAYS_MOST
    while any_queue.active:
        any_queue.ended(was_active=True, lasted=1.0)
    while any_queue.queued:
        any_queue.ended(was_active=False, lasted=0.0)
    assert any_queue.room(calls=0) >= 1


@given(FACTS, st.integers(1, 50))
def test_slots_are_never_taken_from_a_reserve(facts: list[tuple[str, float]], slots: int) -> None:
    reserved = Queue(hint=slots, reserve=2)
    for fact, _ in facts:
        if fact == "sent" and reserved.room(calls=0) > 0:
            reserved.queued += 1
        elif fact == "promoted" and reserved.queued:
            reserved.promoted(1.0)
        elif fact == "ended" and reserved.active:
            reserved.ended(was_active=True, lasted=300)
        assert reserved.active + reserved.queued <= max(1, slots - 2)
