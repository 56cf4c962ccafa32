"""A journal that fails in the middle of a run: nothing more is sent, and what is on its way is waited for."""

from __future__ import annotations

import pytest

from scheduler.errors import JournalError, innermost
from scheduler.events import Event, StartAnswered
from scheduler.journal.memory.journal import MemoryJournal
from scheduler.model import Result, StopCause
from scheduler.plan.scenario import Fault, FaultKind, Scenario
from tests.simulation.virtual import simulate
from tests.simulation.world import EPOCH, World, fleet

_FULL = "the journal cannot be used: database or disk is full"


class Breaking(MemoryJournal):
    """Takes the answers to some starts down, and fails at the next."""

    error: Exception = JournalError(_FULL)
    answers = 0  #: that are taken first

    def record(self, event: Event) -> None:
        self.answers -= isinstance(event, StartAnswered)
        if self.answers < 0:
            self.answers = 0
            raise self.error
        super().record(event)


async def broken_off(world: World, **options: float) -> str:
    """Carry a run out until its journal ends it; return its id."""
    run = world.open(fleet(12, marker=False))
    with pytest.raises(BaseExceptionGroup) as failures:
        await world.engine(run, **options).execute()
    assert isinstance(innermost(failures.value), JournalError | ZeroDivisionError)
    return run


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (JournalError(_FULL), _FULL),
        (ZeroDivisionError("by zero"), "internal error: ZeroDivisionError('by zero')"),
    ],
)
def test_what_ended_the_run_is_told_in_plain_words(error: Exception, reason: str) -> None:
    async def main() -> None:
        world = World(Scenario(latency=(1.0, 1.0)))
        world.journal = Breaking(world.disk)
        world.journal.error = error
        number = await broken_off(world)
        world.journal.flush()
        run = world.journal.run(number)
        assert (run.stop_cause, run.stop_reason) == (StopCause.INTERNAL, reason)

    simulate(main)


def test_a_start_that_has_not_been_sent_when_the_run_fails_is_never_sent() -> None:
    """The third answer ends the run while another target's branch is looked at, before its start."""

    async def main() -> None:
        world = World(Scenario(latency=(1.0, 1.0)))
        world.journal = Breaking(world.disk)
        world.journal.answers = 2
        await broken_off(world)
        *_, third = (start.at - EPOCH for start in world.truth.starts)
        assert len(world.truth.starts) == 3
        assert third + 0.5 < world.clock.now() < third + 1, "that look was on its way, and was waited for"

    simulate(main)


def test_calls_in_flight_are_waited_for_no_longer_than_the_drain_timeout() -> None:
    hang = Fault(kind=FaultKind.HANG_AFTER, delay=50.0, app="d00000")

    async def main() -> None:
        world = World(Scenario(latency=(0.2, 0.2), faults=(hang,)))

        def fill_up() -> None:
            if world.clock.now() > 2:
                raise JournalError(_FULL)

        world.journal = MemoryJournal(world.disk, fault=fill_up)
        await broken_off(world, drain_timeout=10.0)
        assert 10 < world.clock.now() < 14
        results = [event.result for event in world.journal.unwritten if isinstance(event, StartAnswered)]
        assert Result.AMBIGUOUS in results, "the call that was cut is in doubt, and is told of"

    simulate(main)
