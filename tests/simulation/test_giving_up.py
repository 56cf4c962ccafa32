"""Faults that do not go away: a lane is given up in its time, says why, and is gone on with by resume."""

from __future__ import annotations

import anyio
import pytest

from scheduler.amplify.port import CallFailed, Kind, Stage
from scheduler.emulator.faults import Faults
from scheduler.model import LaneKey
from scheduler.plan.scenario import Fault, FaultKind, Operation
from tests.simulation.history import Request
from tests.simulation.port import Port
from tests.simulation.scenes import MINUTES, faulty, outcomes
from tests.simulation.virtual import simulate
from tests.simulation.world import World, fleet


class Remote(World):
    """A world whose service is not reached until `back_at`."""

    back_at = 0.0

    async def lane(self, key: LaneKey, *, calls: int) -> Port:
        return RemotePort(self, key, self.life)


class RemotePort(Port):
    async def _call(
        self, operation: Operation, parameters: dict[str, object], start: Request | None = None
    ) -> dict[str, object]:
        assert isinstance(self.world, Remote)
        if self.world.clock.now() < self.world.back_at:
            raise CallFailed(Kind.NOT_SENT, "no route to the host", stage=Stage.NOT_SENT, operation=operation)
        return await super()._call(operation, parameters, start)


@pytest.mark.parametrize("operations", [[Operation.START_JOB], list(Operation)])
def test_a_token_that_stays_expired_is_renewed_once_and_then_stops_the_lane(
    operations: list[Operation],
) -> None:
    async def main() -> None:
        world = faulty(
            *(Fault(kind=FaultKind.EXPIRED_TOKEN, operation=operation) for operation in operations)
        )
        run = world.open(fleet(10))
        with anyio.fail_after(10 * MINUTES):
            report = await world.carry_out(run)
        assert outcomes(report) == {"not_started": 10}
        assert "They are renewed once" in report.targets[0].reason
        assert (report.run.exit_code, world.refreshed) == (4, 1)
        world.service._faults = Faults((), seed=0)  # somebody has signed in again
        world.reopen(run)
        assert outcomes(await world.carry_out(run)) == {"succeeded": 10}
        assert len(world.truth.jobs) == 10

    simulate(main)


def test_a_token_that_expires_every_hour_is_renewed_every_hour() -> None:
    async def main() -> None:
        hourly = [
            Fault(kind=FaultKind.EXPIRED_TOKEN, operation=operation, skip=skip, times=1)
            for operation in (Operation.START_JOB, Operation.LIST_JOBS)
            for skip in (2, 6, 12)
        ]
        world = faulty(*hourly)
        assert outcomes(await world.release(fleet(20), concurrency=2)) == {"succeeded": 20}
        assert 3 <= world.refreshed <= 6

    simulate(main)


def test_a_service_that_is_not_reached_for_five_minutes_stops_the_lane() -> None:
    async def main() -> None:
        world = Remote()
        world.back_at = 10 * MINUTES
        run = world.open(fleet(5))
        report = await world.carry_out(run)
        assert outcomes(report) == {"not_started": 5}
        assert report.targets[0].reason == "no answer for 5 min: no route to the host"
        assert 5 * MINUTES < world.clock.now() < 6 * MINUTES
        assert report.run.exit_code == 1
        await anyio.sleep(5 * MINUTES)
        world.reopen(run)
        assert outcomes(await world.carry_out(run)) == {"succeeded": 5}

    simulate(main)


def test_a_service_that_is_not_reached_for_four_minutes_is_waited_for() -> None:
    async def main() -> None:
        world = Remote()
        world.back_at = 4 * MINUTES
        assert outcomes(await world.release(fleet(5))) == {"succeeded": 5}
        assert len(world.truth.starts) == 5

    simulate(main)
