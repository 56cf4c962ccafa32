"""The look at a branch before a start, and when it is made."""

from __future__ import annotations

from typing import Any

import pytest

from scheduler.events import Event, StartAnswered, StartIntended
from scheduler.model import Result
from scheduler.plan.scenario import Scenario
from tests.simulation.virtual import simulate
from tests.simulation.world import World, fleet

#: One call in a fifth of a second and no burst: what goes out of step is refused.
STRICT: dict[str, Any] = {
    "slots": 1000,
    "start_rate": 5,
    "start_burst": 1,
    "latency": (0.1, 0.5),
    "build_time": (60, 90),
}


@pytest.mark.parametrize("seed", range(3))
def test_a_throttled_target_is_looked_at_ahead_of_its_turn(seed: int) -> None:
    """A look between permit and send would throw the send out of step, and have the next ones refused."""

    async def main() -> None:
        world = World(Scenario.model_validate(STRICT | {"seed": seed}), seed=seed)
        events: list[Event] = []
        world.journal.subscribe(events.append)
        report = await world.release(fleet(400))
        assert report.totals.succeeded == 400
        assert 0 < report.lanes[0].throttled <= 0.045 * 400
        throttled = {
            event.position
            for event in events
            if isinstance(event, StartAnswered) and event.result is Result.THROTTLED
        }
        fences = {event.position: event.fence for event in events if isinstance(event, StartIntended)}
        assert {fences[position] for position in throttled} == {0}, "each was looked at, and had no job"

    simulate(main)
