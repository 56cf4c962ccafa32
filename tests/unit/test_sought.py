"""A start in doubt, placed in time: by the service's clock where it can be, else by our own."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from scheduler.engine.clock import Clock
from scheduler.engine.sought import Sought
from scheduler.journal.port import AttemptRecord
from scheduler.model import JobType, Target

#: What the clocks show when the start is looked for: the steady one, our wall clock, and the service's.
NOW, WALL, SERVICE = 1000.0, 50_000.0, 80_000.0
OFFSET = SERVICE - NOW
CLOCK = Clock(now=lambda: NOW, wall=lambda: WALL)
TARGET = Target(account="shop", region="eu-west-1", app="d1", branch="main", name="web")


def attempt(
    sent_at: float, *, server_at: float | None = None, answered_at: float | None = None
) -> AttemptRecord:
    return AttemptRecord(intent="I1", sent_at=sent_at, fence=7, server_at=server_at, answered_at=answered_at)


class Row(NamedTuple):
    """What is known of a start, and when it was sent and given up on the steady clock."""

    rule: str
    attempt: AttemptRecord
    offset: float | None
    sent: float
    given_up: float


PLACES = [
    Row("by our wall clock", attempt(WALL - 100), None, 900, 960),
    Row("it was set back", attempt(WALL + 100), None, 1000, 1000),
    Row("a moment ago", attempt(WALL - 0.5), None, 999.5, 1000),
    Row("still on its way perhaps", attempt(WALL - 10), None, 990, 1000),
    Row("by the service's clock", attempt(WALL - 9, server_at=SERVICE - 200), OFFSET, 800, 860),
    Row("the service's clock was noted only then", attempt(WALL - 100, server_at=SERVICE), None, 900, 960),
    Row("it is known only now", attempt(WALL - 100), OFFSET, 900, 960),
    Row("answered after a while", attempt(WALL - 100, answered_at=WALL - 88), None, 900, 912),
    Row("answered at once", attempt(WALL - 100, answered_at=WALL - 100), None, 900, 900),
    Row("the clock was set back in the call", attempt(WALL - 100, answered_at=WALL - 700), None, 900, 900),
    Row("the clock was set forward in it", attempt(WALL - 100, answered_at=WALL + 3600), None, 900, 960),
]


@pytest.mark.parametrize("row", PLACES, ids=lambda row: row.rule)
def test_an_earlier_processs_start_is_placed_on_this_ones_clock(row: Row) -> None:
    sought = Sought.of_dead_process(row.attempt, CLOCK, row.offset)
    assert (sought.sent, sought.given_up) == (row.sent, row.given_up)
    assert sought.attempt is row.attempt


def test_it_is_placed_anew_when_the_services_clock_becomes_known_and_our_own_start_never_is() -> None:
    record = attempt(WALL - 100, server_at=SERVICE - 300)
    dead = Sought.of_dead_process(record, CLOCK, None)
    assert (dead.sent, dead.placed(CLOCK, OFFSET).sent) == (900, 700)
    answered = attempt(WALL - 100, server_at=SERVICE - 300, answered_at=WALL - 90)
    assert Sought.of_dead_process(answered, CLOCK, None).placed(CLOCK, OFFSET).given_up == 710
    own = Sought(record, sent=950, given_up=955)
    assert own.placed(CLOCK, OFFSET) is own


@pytest.mark.parametrize(
    ("server_at", "offset", "sent", "given_up"),
    [
        pytest.param(SERVICE - 60, OFFSET, SERVICE - 60, SERVICE - 50, id="as it was noted"),
        pytest.param(SERVICE - 60, None, SERVICE - 60, SERVICE - 50, id="as it was noted alone"),
        pytest.param(None, OFFSET, SERVICE - 40, SERVICE - 30, id="by how far it is ahead of ours"),
        pytest.param(None, None, None, None, id="not known"),
    ],
)
def test_the_window_is_on_the_services_clock(
    server_at: float | None, offset: float | None, sent: float | None, given_up: float | None
) -> None:
    sought = Sought(attempt(WALL - 40, server_at=server_at), sent=960, given_up=970)
    doubt = sought.doubt(TARGET, offset, kept=False, unrecorded=True)
    assert (doubt.sent, doubt.given_up) == (sent, given_up)
    assert (doubt.intent, doubt.job_type, doubt.fence) == ("I1", JobType.RELEASE, 7)
    assert doubt.unrecorded


@pytest.mark.parametrize(("marker", "kept"), [(True, True), (True, False), (False, True)])
def test_a_marker_is_missed_only_where_it_was_sent_and_is_kept(marker: bool, kept: bool) -> None:
    place = Target(account="shop", region="eu-west-1", app="d1", branch="main", name="web", marker=marker)
    sought = Sought(attempt(WALL), sent=NOW, given_up=NOW)
    assert sought.doubt(place, None, kept=kept, unrecorded=False).kept is (marker and kept)
