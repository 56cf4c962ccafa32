"""A limit that begins with what an earlier run learned, and what it leaves to the next."""

from __future__ import annotations

import pytest

from scheduler.engine.limit import Limit
from scheduler.engine.pace import FIRST, LEAST_REMEMBERED
from scheduler.events import LimitsLearned
from scheduler.model import LaneKey

LANE = LaneKey("shop", "eu-west-1")


def memory(*, rate: float | None = None, slots: int | None = None, quota: int | None = None) -> LimitsLearned:
    return LimitsLearned(at=0.0, lane=LANE, rate=rate, slots=slots, quota=quota)


@pytest.mark.parametrize(
    ("rate", "pace"), [(None, FIRST), (0.2, LEAST_REMEMBERED), (2.5, 2.5), (40.0, 40.0), (1e9, 100.0)]
)
def test_the_pace_begins_at_the_remembered_rate_and_never_below(rate: float | None, pace: float) -> None:
    assert Limit(targets=100, remembered=memory(rate=rate)).pace.value == pace


@pytest.mark.parametrize(
    ("remembered", "window"),
    [
        (memory(), None),
        (memory(slots=5), 5),
        (memory(quota=7), 7),
        (memory(slots=5, quota=7), 5),
    ],
)
def test_remembered_slots_and_quota_bound_the_jobs_in_flight(
    remembered: LimitsLearned, window: int | None
) -> None:
    assert Limit(targets=100, remembered=remembered).window == window


def test_what_was_only_remembered_is_not_learned() -> None:
    limit = Limit(targets=100, remembered=memory(rate=2.5, slots=5, quota=7))
    assert limit.learned(9.0, LANE) is None


def test_a_refusal_makes_it_learned() -> None:
    limit = Limit(targets=100, remembered=memory(slots=1))
    limit.accepted(limit.sent(0.0), 0.1)
    limit.refused(limit.sent(100.0), 100.1)
    assert limit.learned(9.0, LANE) == LimitsLearned(at=9.0, lane=LANE, rate=None, slots=1, quota=None)


@pytest.mark.parametrize(("ceiling", "reserve", "left"), [(None, 2, 6), (4, 2, 4), (7, 2, 6), (None, 9, 1)])
def test_a_known_quota_with_a_reserve_is_a_ceiling(ceiling: int | None, reserve: int, left: int) -> None:
    limit = Limit(targets=100, ceiling=ceiling, reserve=reserve)
    change = limit.quota_told(8)
    assert (limit.ceiling, limit.window) == (left, left)
    assert change.reason == "the account's quota is 8 concurrent jobs"
