"""When CloudTrail is asked for a start, for which time, and until when anything is expected of it."""

from __future__ import annotations

import math

import pytest

from scheduler.engine.trail import EARLY, LATE, ON_THE_WAY, SPARE, Search, merged

SENT, GIVEN_UP, OFFSET = 100.0, 110.0, 1_000_000.0


def search(*, begun: float = GIVEN_UP, read_at: float = -math.inf) -> Search:
    return Search(sent=SENT, given_up=GIVEN_UP, offset=OFFSET, begun=begun, read_at=read_at)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (GIVEN_UP, GIVEN_UP),
        (GIVEN_UP + 60, GIVEN_UP + 60),  # what the future brings is not asked for
        (GIVEN_UP + 9_999, GIVEN_UP + ON_THE_WAY),  # nor is what no request in time can have brought
        (SENT - 60, SENT),  # a wall clock that jumped does not turn the window round
    ],
)
def test_the_window_is_that_in_which_the_request_can_have_been_answered_on_the_services_clock(
    now: float, until: float
) -> None:
    assert search().window(now) == (SENT - EARLY + OFFSET, until + OFFSET)


@pytest.mark.parametrize(
    ("found", "now", "over"),
    [
        pytest.param(
            search(read_at=GIVEN_UP + 600), GIVEN_UP + 601, False, id="read too early to mean anything"
        ),
        pytest.param(
            search(read_at=GIVEN_UP + LATE), GIVEN_UP + LATE + 1, True, id="read when it should be there"
        ),
        pytest.param(
            search(), GIVEN_UP + LATE + SPARE - 1, False, id="readings fail, a little patience left"
        ),
        pytest.param(search(), GIVEN_UP + LATE + SPARE, True, id="readings fail, no patience left"),
        pytest.param(search(begun=9_999), 9_999 + SPARE - 1, False, id="an old doubt is read at least once"),
        pytest.param(search(begun=9_999), 9_999 + SPARE, True, id="an old doubt whose readings fail"),
    ],
)
def test_nothing_more_is_expected_once_it_was_read_late_enough(found: Search, now: float, over: bool) -> None:
    assert found.over(now) is over


@pytest.mark.parametrize(
    ("windows", "expected"),
    [
        ([], []),
        ([(1, 2)], [(1, 2)]),
        ([(5, 9), (1, 6), (2, 3)], [(1, 9)]),
        ([(1, 2), (2, 3)], [(1, 3)]),
        ([(7, 8), (1, 2)], [(1, 2), (7, 8)]),
    ],
)
def test_windows_that_overlap_are_read_once(
    windows: list[tuple[float, float]], expected: list[tuple[float, float]]
) -> None:
    assert merged(windows) == expected
