"""A start in doubt holds a slot, for its job may be there."""

from __future__ import annotations

import pytest

from tests.simulation.doubts import (
    BEGAN,
    NEVER_CAME,
    SETTLE,
    Faults,
    late,
    world_of,
)
from tests.simulation.virtual import simulate
from tests.simulation.world import EPOCH, target

# The slot


@pytest.mark.parametrize(
    ("faults", "echo", "starts"),
    [
        pytest.param(NEVER_CAME, False, 31.5, id="for half a minute, until the next look"),
        pytest.param(late(5), True, 7.5 + 2.5, id="until its job ends, once that is known"),
    ],
)
def test_a_start_in_doubt_holds_a_slot(faults: Faults, echo: bool, starts: float) -> None:
    async def main() -> None:
        world = world_of(faults, marker_echo=echo)
        await world.release([target("d1"), target("d2")], settle=SETTLE, concurrency=1)
        second = next(start.at for start in world.truth.starts if start.app == "d2")
        assert second - EPOCH - BEGAN == pytest.approx(starts, abs=1)

    simulate(main, at=BEGAN)


@pytest.mark.parametrize(
    ("latency", "given_back"),
    [
        pytest.param(2.4, 48.3, id="not at 29.9 s, when the branch was looked at"),
        pytest.param(2.45, 30.2, id="at 30.2 s"),
    ],
)
def test_the_half_minute_is_one_to_the_second(latency: float, given_back: float) -> None:
    async def main() -> None:
        world = world_of(NEVER_CAME, latency=latency)
        await world.release([target("d1"), target("d2")], settle=SETTLE, concurrency=1)
        first, second = (start.at for start in world.truth.starts)
        # The second start's own look and half the way of its request come on top.
        assert second - first - 1.5 * latency == pytest.approx(given_back, abs=0.2)

    simulate(main, at=BEGAN)


def test_a_doubt_that_is_over_soon_holds_its_slot_no_longer() -> None:
    async def main() -> None:
        world = world_of(NEVER_CAME)
        await world.release([target("d1"), target("d2")], settle=2, concurrency=1)
        assert [start.at - EPOCH - BEGAN for start in world.truth.starts] == [0, pytest.approx(2, abs=0.1)]

    simulate(main, at=BEGAN)


def test_a_job_found_after_its_slot_was_given_up_takes_one_again() -> None:
    """Thirty seconds are over when it is taken for ours; it builds for long, and nothing starts beside it."""

    async def main() -> None:
        world = world_of([{"kind": "reset_after", "times": 1}], build_time=300)
        places = [target("d1"), target("d2"), target("d3")]
        await world.release(places, settle=40, concurrency=1)
        second, third = (start.at - EPOCH - BEGAN for start in world.truth.starts[1:])
        assert second == pytest.approx(31.5, abs=1)
        assert third == pytest.approx(31.5 + 300, abs=10)

    simulate(main, at=BEGAN)


@pytest.mark.parametrize("settle", [2.0, 40.0])
@pytest.mark.parametrize("faults", [NEVER_CAME, [{"kind": "reset_after", "times": 1}]])
def test_no_slot_stays_counted_when_all_is_over(settle: float, faults: Faults) -> None:
    async def main() -> None:
        world = world_of(faults)
        engine = world.engine(world.open([target("d1"), target("d2")]), settle=settle)
        await engine.execute()
        for lane in engine._lanes.values():
            assert lane.limiter.limit.slots.running == 0
            assert lane.in_doubt == 0

    simulate(main, at=BEGAN)
