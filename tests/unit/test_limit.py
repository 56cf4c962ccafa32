"""Pace, slots and queue of a lane together: what a refusal means, and when the next call may go."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from scheduler.engine.limit import QUIET, STARVED, Limit
from scheduler.engine.opening import Change, Opening, Send
from scheduler.engine.pace import FIRST_CALLS
from scheduler.model import Hold

ROUND_TRIP = 0.1


@dataclass
class Lane:
    """A limit with a clock beside it, and calls that go when it says so."""

    limit: Limit = field(default_factory=lambda: Limit(targets=100))
    now: float = 0.0

    @property
    def opening(self) -> Opening:
        return self.limit.opening(self.now)

    def send(self) -> Send:
        """Wait until a call may go, and let it go."""
        at = self.opening.at
        assert at is not None, self.opening.reason
        self.now = max(self.now, at)
        return self.limit.sent(self.now)

    def start(self, *, active: bool = True) -> None:
        """Start a job, which gets its slot at once."""
        send = self.send()
        self.now += ROUND_TRIP
        self.limit.accepted(send, self.now)
        if active:
            self.limit.job_active(1.0)

    def refused(self) -> Change | None:
        """Make a call that is refused."""
        send = self.send()
        self.now += ROUND_TRIP
        return self.limit.refused(send, self.now)

    def end(self, *, lasted: float = 300.0) -> None:
        self.limit.job_ended(self.now, lasted=lasted, active_for=lasted)


def running(jobs: int, *, ceiling: int | None = None) -> Lane:
    lane = Lane(Limit(targets=100, ceiling=ceiling))
    for _ in range(jobs):
        lane.start()
    return lane


def full(jobs: int) -> Lane:
    """Make a lane that learned its slots: a refusal, silence, and a second refusal."""
    lane = running(jobs)
    lane.refused()
    lane.refused()
    assert lane.limit.window == jobs
    return lane


def test_a_first_call_may_go_at_once() -> None:
    assert Lane().opening == Opening(0.0, Hold.PACE, "pace 4.0/s")


def test_few_calls_are_in_flight_before_the_first_answers() -> None:
    lane = Lane(Limit(targets=10, watching=False))
    for _ in range(FIRST_CALLS):
        lane.send()
    assert lane.opening == Opening(None, Hold.CALLS, "3 calls are in flight")


def test_a_large_batch_affords_a_few_more_first_calls() -> None:
    lane = Lane(Limit(targets=1000, watching=False))
    for _ in range(FIRST_CALLS + 10):
        lane.send()
    assert lane.opening.at is None


def test_a_ceiling_that_was_given_is_never_passed() -> None:
    lane = running(2, ceiling=2)
    assert lane.opening == Opening(None, Hold.CEILING, "2 jobs are in flight, all that are allowed here")
    lane.end()
    assert lane.opening.at is not None


def test_a_call_on_its_way_counts_against_the_ceiling() -> None:
    lane = running(1, ceiling=2)
    lane.send()
    assert lane.opening.at is None


def test_own_jobs_in_the_accounts_queue_hold_the_lane() -> None:
    lane = Lane()
    lane.start(active=False)
    lane.start(active=False)
    assert lane.opening == Opening(None, Hold.QUEUE, "2 own jobs wait in the account's queue")
    lane.limit.job_active(1.0)
    lane.limit.job_active(1.0)
    assert lane.opening.at is not None


def test_a_lane_that_is_not_watched_is_not_held_by_a_queue_it_cannot_see() -> None:
    lane = Lane(Limit(targets=100, watching=False))
    for _ in range(50):
        lane.start(active=False)
    assert lane.limit.window is None


def test_a_job_that_stays_queued_closes_the_window() -> None:
    lane = running(4)
    lane.start(active=False)
    assert lane.limit.window is None
    assert lane.limit.job_still_queued(60.0) == Change("an own job stays PENDING; 4 slots are ours")
    assert lane.limit.window == 5


def test_a_first_refusal_makes_the_lane_silent_until_one_call_has_told_by_which_limit() -> None:
    lane = running(5)
    assert lane.refused() == Change("refused; silent for a moment, to find out by which limit")
    assert lane.opening == Opening(lane.now + QUIET, Hold.SILENCE, "silent: finding out which limit refused")
    lane.send()
    assert lane.opening == Opening(None, Hold.SILENCE, "silent: finding out which limit refused"), (
        "one call alone"
    )


def test_a_call_accepted_after_the_silence_shows_that_it_was_the_pace() -> None:
    lane = running(5)
    lane.refused()
    send = lane.send()
    lane.now += ROUND_TRIP
    change = lane.limit.accepted(send, lane.now)
    assert change is not None
    assert change.reason.startswith("refused by the pace; ")
    assert lane.limit.slots.known is None
    assert lane.limit.pace.rate is not None


def test_a_call_refused_after_the_silence_shows_that_it_was_the_slots() -> None:
    lane = running(5)
    lane.refused()
    assert lane.refused() == Change("refused for want of slots; 5 are known now")
    assert lane.limit.window == 5
    assert lane.limit.pace.rate is None


def test_after_an_end_an_acceptance_does_not_show_that_it_was_the_pace() -> None:
    """The freed slot may have let the call through: once a rate is known, it is left alone."""
    lane = running(5)
    lane.refused()
    lane.start()  # by the pace: a rate is known now
    lane.refused()
    rate = lane.limit.pace.rate
    lane.end()
    lane.start()
    assert lane.limit.pace.rate == pytest.approx(rate)


def test_refusals_of_one_burst_count_once() -> None:
    lane = running(5)
    sends = [lane.send() for _ in range(3)]
    lane.now += ROUND_TRIP
    changes = [lane.limit.refused(send, lane.now) for send in sends]
    assert [change is not None for change in changes] == [True, False, False]


def test_a_full_lane_waits_for_an_end_and_then_starts_at_once() -> None:
    lane = full(5)
    lane.refused()  # the number is checked once, soon after it was learned
    at = lane.opening.at
    assert at is not None
    assert at >= lane.now + lane.limit.slots.blind
    assert lane.opening.reason == "all 5 slots are taken"
    lane.end()
    at = lane.opening.at
    assert at is not None
    assert at <= lane.now + 1


def test_a_lane_without_any_running_job_tries_again_by_itself() -> None:
    """Others hold every slot: no end of ours will ever come."""
    lane = Lane()
    waits = []
    for _ in range(8):
        lane.refused()
        at = lane.opening.at
        assert at is not None
        waits.append(at - lane.now)
    assert waits[0] == QUIET
    assert waits[1:6] == pytest.approx([2.0, 4.0, 8.0, 16.0, STARVED])
    assert lane.opening.reason == "silent: refused though none of our jobs runs"


def test_an_acceptance_after_starvation_opens_the_lane() -> None:
    lane = Lane()
    for _ in range(4):
        lane.refused()
    lane.start()
    assert lane.limit.window is None


def test_a_call_that_says_nothing_about_limits_changes_none() -> None:
    lane = running(5)
    before = lane.limit.window, lane.limit.pace.value, lane.limit.slots.running
    lane.limit.ignored(lane.send(), lane.now)
    assert (lane.limit.window, lane.limit.pace.value, lane.limit.slots.running) == before
    assert lane.limit.calls == 0


def test_a_call_after_the_silence_that_says_nothing_leaves_the_question_open() -> None:
    lane = running(5)
    lane.refused()
    lane.limit.ignored(lane.send(), lane.now)
    assert lane.opening == Opening(lane.now + 0.5, Hold.SILENCE, "silent: finding out which limit refused")


def test_ends_noticed_late_make_the_lane_wait_longer_before_it_trusts_its_ledger() -> None:
    lane = running(5)
    for _ in range(100):
        lane.limit.noticed(20.0)
    assert lane.limit.queue.blind == pytest.approx(20.0, rel=0.01)
    assert lane.limit.slots.blind == pytest.approx(60.0, rel=0.01)


def test_a_job_in_doubt_takes_a_slot_until_it_is_given_up() -> None:
    lane = Lane(Limit(targets=100, ceiling=1))
    lane.limit.job_held(0.0)
    assert lane.opening.at is None
    lane.limit.job_ended(30.0, lasted=None, active_for=None)
    assert lane.limit.jobs == 0
    assert lane.opening.at is not None


class Facts(RuleBasedStateMachine):
    """Facts in any order: nothing leaks, no bound is passed, and an idle lane always opens again."""

    def __init__(self) -> None:
        super().__init__()
        self.limit = Limit(targets=100)
        self.now = 0.0
        self.calls: list[Send] = []
        self.queued = 0
        self.active = 0

    @initialize(
        fleet=st.integers(1, 1000),
        ceiling=st.none() | st.integers(1, 20),
        quota=st.none() | st.integers(1, 50),
        reserve=st.integers(0, 3),
        watching=st.booleans(),
    )
    def begin(self, fleet: int, ceiling: int | None, quota: int | None, reserve: int, watching: bool) -> None:
        self.limit = Limit(targets=fleet, ceiling=ceiling, reserve=reserve, watching=watching)
        if quota is not None:
            self.limit.quota_told(quota)

    @rule(seconds=st.floats(0, 120))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def send(self) -> None:
        at = self.limit.opening(self.now).at
        if at is None:
            return
        self.now = max(self.now, at)
        jobs = self.limit.jobs
        assert self.limit.ceiling is None or jobs < self.limit.ceiling
        self.calls.append(self.limit.sent(self.now))

    @precondition(lambda self: self.calls)
    @rule(data=st.data(), answer=st.sampled_from(["accepted", "refused", "ignored"]))
    def answer(self, data: st.DataObject, answer: str) -> None:
        send = self.calls.pop(data.draw(st.integers(0, len(self.calls) - 1)))
        match answer:
            case "accepted":
                self.limit.accepted(send, self.now)
                self.queued += 1
            case "refused":
                self.limit.refused(send, self.now)
            case _:
                self.limit.ignored(send, self.now)

    @rule()
    def hold(self) -> None:
        self.limit.job_held(self.now)
        self.queued += 1

    @precondition(lambda self: self.queued)
    @rule(waited=st.none() | st.floats(0, 600))
    def activate(self, waited: float | None) -> None:
        self.limit.job_active(waited)
        self.queued -= 1
        self.active += 1

    @precondition(lambda self: self.active)
    @rule()
    def queue_again(self) -> None:
        self.limit.job_queued_again()
        self.active -= 1
        self.queued += 1

    @precondition(lambda self: self.queued)
    @rule(waited=st.floats(0, 600))
    def stay(self, waited: float) -> None:
        self.limit.job_still_queued(waited)

    @precondition(lambda self: self.active)
    @rule(lasted=st.floats(0, 600), delay=st.floats(0, 60))
    def end(self, lasted: float, delay: float) -> None:
        self.limit.job_ended(self.now - delay, lasted=lasted, active_for=lasted)
        self.limit.noticed(delay)
        self.active -= 1

    @precondition(lambda self: self.queued)
    @rule()
    def give_up(self) -> None:
        self.limit.job_ended(self.now, lasted=None, active_for=None)
        self.queued -= 1

    @invariant()
    def every_job_and_call_is_counted_once(self) -> None:
        counted = (
            self.limit.calls,
            self.limit.slots.running,
            self.limit.queue.queued,
            self.limit.queue.active,
        )
        assert counted == (len(self.calls), self.queued + self.active, self.queued, self.active)

    def teardown(self) -> None:
        while self.calls:
            self.limit.ignored(self.calls.pop(), self.now)
        while self.queued:
            self.give_up()
        while self.active:
            self.end(60.0, 0.0)
        assert self.limit.jobs == 0
        opening = self.limit.opening(self.now)
        assert opening.at is not None, opening.reason
        assert opening.at < self.now + 3600, opening.reason


TestFacts = Facts.TestCase
TestFacts.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
