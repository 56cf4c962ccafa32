"""Which job is read when."""

from __future__ import annotations

import math

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from scheduler.engine.schedule import CANARY_MOST, DISORDER, HUNTED, RAMP_MOST, Schedule

HISTORY = [300.0, 280.0, 310.0, 330.0, 290.0]


def put(schedule: Schedule, *positions: int, at: float = 0.0) -> None:
    for place, position in enumerate(positions):
        schedule.put(position, at + 0.01 * place, age=0.0, lengths=HISTORY)


def canary(schedule: Schedule, *, full: bool = True) -> int:
    """Return the one job that is due next, waiting as long as it takes."""
    [position] = schedule.due(schedule.next_at(), 1, full=full)
    return position


def activated(schedule: Schedule, *positions: int, at: float = 0.0) -> None:
    """Have jobs read as active at that time."""
    for position in positions:
        schedule.active(position, at, full=True, eager=False)


def test_nothing_is_due_without_jobs() -> None:
    schedule = Schedule()
    assert (schedule.due(1e9, 16, full=False), schedule.next_at()) == ([], math.inf)


def test_a_first_job_is_looked_at_within_seconds() -> None:
    schedule = Schedule()
    put(schedule, 7)
    assert schedule.next_at() <= RAMP_MOST
    assert schedule.due(RAMP_MOST, 16, full=False) == [7]


def test_a_job_whose_read_is_on_its_way_is_not_read_again() -> None:
    schedule = Schedule()
    put(schedule, 7)
    assert canary(schedule) == 7
    assert schedule.next_at() == math.inf
    assert schedule.due(1e6, 16, full=True) == []


def test_while_the_lane_is_full_the_oldest_queued_job_is_watched_for_all() -> None:
    schedule = Schedule()
    put(schedule, 3, 1, 2)
    assert schedule.due(CANARY_MOST, 16, full=True) == [3]
    assert schedule.is_oldest(3)
    assert not schedule.is_oldest(1)


def test_while_the_lane_grows_the_newest_is_asked_how_far_the_slots_reach() -> None:
    schedule = Schedule()
    put(schedule, 3, 1, 2)
    assert canary(schedule, full=False) == 2


def test_a_newest_job_that_waits_has_the_ones_before_it_asked_at_once() -> None:
    schedule = Schedule()
    put(schedule, *range(8))
    asked = []
    for _ in range(4):
        asked.append(canary(schedule, full=False))
        schedule.still_queued(asked[-1], 1.0, full=False)
    assert asked == [7, 3, 1, 0]


def test_slots_are_given_in_order_so_an_active_job_makes_older_ones_active() -> None:
    schedule = Schedule()
    put(schedule, 5, 6, 7, 8)
    assert schedule.active(7, 2.0, full=True, eager=False) == [5, 6, 7]
    assert schedule.is_oldest(8)
    assert schedule.active(7, 3.0, full=True, eager=False) == []


def test_the_order_in_the_queue_is_the_services_own() -> None:
    """Answers overtake one another, so that a job may be heard of before one that was created earlier."""
    schedule = Schedule()
    schedule.put(1, 10.0, age=0.0, lengths=HISTORY, created=1000.2)
    schedule.put(2, 10.1, age=0.0, lengths=HISTORY, created=1000.1)
    assert schedule.is_oldest(2)
    assert schedule.active(2, 15.0, full=True, eager=False) == [2]
    assert schedule.is_oldest(1)


def test_an_ended_job_makes_older_ones_active_too() -> None:
    schedule = Schedule()
    put(schedule, 5, 6, 7)
    assert schedule.ended(6, 300.0, None) == [5]


def test_after_a_promotion_the_next_queued_ones_are_asked_at_once() -> None:
    """Several may have moved up together: ever longer steps find the last of them with few reads."""
    schedule = Schedule()
    put(schedule, *range(20))
    asked = []
    for _ in range(4):
        asked.append(canary(schedule))
        schedule.active(asked[-1], 10.0, full=True, eager=False)
    assert asked == [0, 2, 6, 14]


def test_a_job_seen_queued_long_after_it_was_taken_for_active_ends_the_trust_in_order() -> None:
    schedule = Schedule()
    put(schedule, 1, 2, 3, 4)
    activated(schedule, 2, at=1.0)
    assert schedule.still_queued(1, 2.0 + DISORDER, full=True)
    assert schedule.active(4, 30.0, full=True, eager=False) == [4]


def test_a_job_seen_queued_a_moment_after_its_younger_was_active_is_only_slow() -> None:
    schedule = Schedule()
    put(schedule, 1, 2, 3, 4)
    activated(schedule, 2, at=1.0)
    assert schedule.still_queued(1, DISORDER, full=True)
    assert schedule.active(4, 30.0, full=True, eager=False) == [1, 3, 4]


def test_an_active_job_with_a_history_is_left_alone_until_its_end_is_possible() -> None:
    schedule = Schedule()
    put(schedule, 1)
    activated(schedule, 1, at=5.0)
    assert 100 < schedule.next_at() < 300


def test_a_job_without_a_history_is_forecast_by_the_ends_of_this_run() -> None:
    schedule = Schedule()
    for position in range(4):
        schedule.put(position, 0.0, age=0.0, lengths=[])
    activated(schedule, 0, 1, 2, at=0.0)
    for position in range(3):
        schedule.ended(position, 300.0, 300.0)
    activated(schedule, 3, at=300.0)
    assert schedule.next_at() > 400


def test_a_history_that_holds_queue_time_is_corrected_by_the_ends_of_this_run() -> None:
    """Each branch is remembered at ten minutes, and tonight's jobs take five."""
    schedule = Schedule()
    for position in range(21):
        schedule.put(position, 0.0, age=0.0, lengths=[600.0] * 5)
    activated(schedule, 20, at=0.0)
    schedule.drop(20)
    for position in range(20):
        schedule.ended(position, 300.0, 300.0)
    schedule.put(21, 300.0, age=0.0, lengths=[600.0] * 5)
    activated(schedule, 21, at=300.0)
    assert schedule.next_at() < 300.0 + 300.0


def test_a_job_without_any_forecast_is_read_at_growing_gaps() -> None:
    schedule = Schedule()
    schedule.put(1, 0.0, age=0.0, lengths=[])
    activated(schedule, 1, at=0.0)
    activated(schedule, 1, at=100.0)
    assert schedule.next_at() == pytest.approx(110.0)


def test_a_gap_that_the_user_gave_is_kept_between_two_reads_of_a_job() -> None:
    schedule = Schedule(at_least=60.0)
    put(schedule, 1)
    activated(schedule, 1, at=290.0)
    activated(schedule, 1, at=300.0)
    assert schedule.next_at() >= 360.0


def test_after_an_unexplained_promotion_the_likeliest_ends_are_hunted_one_after_the_other() -> None:
    schedule = Schedule()
    for position, length in enumerate((300.0, 500.0, 320.0, 5000.0)):
        schedule.put(position, 0.0, age=0.0, lengths=[length] * 5)
    activated(schedule, 3, at=0.0)
    schedule.hunt(280.0)
    assert schedule.next_at() == -math.inf
    assert schedule.due(280.0, 1, full=True) == [0]
    schedule.active(0, 280.5, full=True, eager=False)
    assert schedule.due(280.5, 1, full=True) == [2]


def test_a_hunt_ends_with_the_first_end_found() -> None:
    schedule = Schedule()
    put(schedule, *range(10))
    activated(schedule, 9, at=0.0)
    schedule.hunt(290.0)
    [prey] = schedule.due(200.0, 1, full=True)
    schedule.ended(prey, 290.0, 290.0)
    assert schedule.next_at() > -math.inf


def test_a_hunt_reads_no_more_than_a_few() -> None:
    schedule = Schedule()
    put(schedule, *range(20))
    activated(schedule, 19, at=0.0)
    schedule.hunt(290.0)
    hunted = []
    while schedule.next_at() == -math.inf:
        [prey] = schedule.due(0.0, 1, full=True)
        hunted.append(prey)
        schedule.active(prey, 290.0, full=True, eager=False)
    assert len(hunted) == HUNTED


def test_a_hunted_job_that_turns_out_queued_does_not_end_the_hunt() -> None:
    schedule = Schedule()
    put(schedule, *range(4))
    activated(schedule, 3, at=0.0)
    schedule.hunt(290.0)
    [prey] = schedule.due(200.0, 1, full=True)
    schedule.still_queued(prey, 290.0, full=True)
    assert schedule.next_at() == -math.inf


def test_a_read_that_failed_is_tried_again_after_the_wait() -> None:
    schedule = Schedule()
    put(schedule, 1)
    activated(schedule, 1, at=5.0)
    at = schedule.next_at()
    assert schedule.due(at, 1, full=True) == [1]
    schedule.missed(1, at, 4.0)
    assert schedule.next_at() == at + 4.0


def test_a_dropped_job_is_never_due_again() -> None:
    schedule = Schedule()
    put(schedule, 1, 2)
    activated(schedule, 1, at=0.0)
    schedule.drop(1)
    schedule.drop(2)
    assert (schedule.due(1e9, 16, full=True), schedule.next_at()) == ([], math.inf)


class Reading(RuleBasedStateMachine):
    """News in any order: no job is read twice at once, and none is forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self.schedule = Schedule()
        self.now = 0.0
        self.put_so_far = 0
        self.jobs: set[int] = set()
        self.away: set[int] = set()  # their reads are on their way
        self.queued: set[int] = set()

    @initialize(at_least=st.sampled_from([0.0, 30.0]))
    def begin(self, at_least: float) -> None:
        self.schedule.at_least = at_least

    @rule(age=st.floats(0, 1000), lengths=st.lists(st.floats(0, 1000), max_size=3))
    def put(self, age: float, lengths: list[float]) -> None:
        self.schedule.put(self.put_so_far, self.now, age=age, lengths=lengths)
        self.jobs.add(self.put_so_far)
        self.queued.add(self.put_so_far)
        self.put_so_far += 1

    @rule(seconds=st.floats(0, 400), at_most=st.integers(0, 16), full=st.booleans())
    def wait(self, seconds: float, at_most: int, full: bool) -> None:
        self.now += seconds
        self._read(at_most, full=full)

    @rule(at_most=st.integers(1, 16), full=st.booleans())
    def wait_for_the_next(self, at_most: int, full: bool) -> None:
        if (soonest := self.schedule.next_at()) < math.inf:
            self.now = max(self.now, soonest)
            self._read(at_most, full=full)

    def _read(self, at_most: int, *, full: bool) -> None:
        ready = self.schedule.due(self.now, at_most, full=full)
        assert len(ready) <= at_most
        assert len(set(ready)) == len(ready)
        assert self.away.isdisjoint(ready)
        assert self.jobs.issuperset(ready)
        self.away.update(ready)

    @precondition(lambda self: self.away)
    @rule(data=st.data(), full=st.booleans(), eager=st.booleans())
    def answer_active(self, data: st.DataObject, full: bool, eager: bool) -> None:
        position = self._answered(data)
        self._moved(self.schedule.active(position, self.now, full=full, eager=eager), position)

    @precondition(lambda self: self.away)
    @rule(data=st.data(), full=st.booleans())
    def answer_queued(self, data: st.DataObject, full: bool) -> None:
        position = self._answered(data)
        assert self.schedule.still_queued(position, self.now, full=full) is (position not in self.queued)
        self.queued.add(position)

    @precondition(lambda self: self.away)
    @rule(data=st.data(), length=st.none() | st.floats(0, 1000))
    def answer_ended(self, data: st.DataObject, length: float | None) -> None:
        position = self._answered(data)
        moved = self.schedule.ended(position, self.now, length)
        assert position not in moved
        self._moved([*moved, position], position)
        self.jobs.remove(position)

    @precondition(lambda self: self.away)
    @rule(data=st.data(), seconds=st.floats(0.5, 30))
    def fail(self, data: st.DataObject, seconds: float) -> None:
        self.schedule.missed(self._answered(data), self.now, seconds)

    @precondition(lambda self: self.away)
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        position = self._answered(data)
        self.schedule.drop(position)
        self.jobs.remove(position)
        self.queued.discard(position)

    @rule()
    def hunt(self) -> None:
        self.schedule.hunt(self.now)

    def _answered(self, data: st.DataObject) -> int:
        position = data.draw(st.sampled_from(sorted(self.away)))
        self.away.remove(position)
        return position

    def _moved(self, moved: list[int], seen: int) -> None:
        assert self.queued.issuperset(set(moved) - {seen})
        self.queued.difference_update(moved)
        assert seen not in self.queued

    @invariant()
    def every_job_is_read_or_will_be(self) -> None:
        if self.jobs - self.away:
            assert self.schedule.next_at() < math.inf

    def teardown(self) -> None:
        for position in self.away:
            self.schedule.missed(position, self.now, 1.0)
        unread = set(self.jobs)
        for _ in range(1000):
            if not unread:
                break
            self.now = max(self.now, self.schedule.next_at())
            for position in self.schedule.due(self.now, 16, full=True):
                unread.discard(position)
                self.schedule.ended(position, self.now, None)
        assert not unread, "these jobs were forgotten"


TestReading = Reading.TestCase
TestReading.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
