"""Watching a run from elsewhere: its journal may be away for as long as the run may take."""

from __future__ import annotations

import pytest

from scheduler.engine.clock import Clock
from scheduler.engine.outside import Options
from scheduler.errors import JournalAway, JournalError
from scheduler.events import Event, LaneHeld, RunEnded
from scheduler.journal.absence import Absence
from scheduler.model import LaneKey
from scheduler.worker.order import Order
from scheduler.worker.submit import hear
from tests.simulation.virtual import simulate
from tests.simulation.world import EPOCH

HOURS = 3600.0
NEWS = LaneHeld(at=1.0, lane=LaneKey("shop", "eu-west-1"), kind=None, reason="", stalled=False)


class Watched:
    """A run's log that is away from one time to another, and then tells of the run's end."""

    def __init__(self, away: tuple[float, float], *, error: JournalError, **options: float) -> None:
        self.away = away
        self.error = error
        self.order = Order(run="01A", options=Options(**options), begun_at=EPOCH)  # type: ignore[arg-type]  # seconds
        self.heard: list[Event] = []
        self.told: list[str] = []
        self.clock = Clock()

    async def happened(self) -> list[Event]:
        first, last = self.away
        if first <= self.clock.now() < last:
            raise self.error
        return [NEWS] if self.clock.now() < first else [RunEnded(at=2.0)]

    async def watch(self) -> None:
        absence = Absence(self.told.append)
        await hear(self.happened, self.order, self.heard.append, absence, lambda: EPOCH + self.clock.now())


AWAY = JournalAway("the journal cannot be used: refused")


def test_a_journal_that_is_away_for_hours_is_waited_for_and_said_to_be_once() -> None:
    async def main() -> None:
        watched = Watched((1.0, 9 * HOURS), error=AWAY)
        await watched.watch()
        assert watched.heard == [NEWS, NEWS, RunEnded(at=2.0)]
        assert len(watched.told) == 2
        assert watched.told[0].startswith(
            "the journal cannot be used: refused. It has not been reached since"
        )
        assert watched.told[1] == "the journal is reached again, after 32399 s"

    simulate(main)


def test_watching_ends_once_the_run_s_own_time_is_over_and_its_journal_is_still_away() -> None:
    async def main() -> None:
        watched = Watched((1.0, 9 * HOURS), error=AWAY, max_runtime=2 * HOURS)
        with pytest.raises(JournalAway, match="refused"):
            await watched.watch()
        assert watched.clock.now() == 2 * HOURS

    simulate(main)


def test_a_journal_that_is_there_is_watched_beyond_the_run_s_time_for_lanes_come_to_their_end() -> None:
    async def main() -> None:
        watched = Watched((3 * HOURS, 3 * HOURS), error=AWAY, max_runtime=2 * HOURS)
        await watched.watch()
        assert watched.clock.now() == 3 * HOURS

    simulate(main)


def test_what_does_not_pass_by_itself_ends_the_watching_at_once() -> None:
    async def main() -> None:
        watched = Watched((1.0, 9 * HOURS), error=JournalError("permission denied"))
        with pytest.raises(JournalError, match="permission denied"):
            await watched.watch()
        assert watched.clock.now() == 1.0

    simulate(main)
