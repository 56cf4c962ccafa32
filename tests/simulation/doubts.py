"""What tests of starts in doubt share: a service on which every look at a branch has a time of its own."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from scheduler.model import Target
from scheduler.plan.scenario import Scenario
from scheduler.report.document import Report

from .history import Read
from .push import push
from .world import World

#: When these simulations begin, on the steady clock: a number that can be told from none.
BEGAN = 1000.0
SETTLE = 100.0
#: Seconds after an answer was given up at which the branch is looked at.
LOOKS = [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5, 61.5, 91.5, 100]

LOST = "the start was sent at 2026-09-21T14:30:00.000Z and its answer is not known"
RESET = (
    "The connection was lost after StartJob was sent (ClientOSError). Whether a job was started is not "
    "known; it is looked for, and nothing is sent again by itself."
)


def advice(run: str, looked: str = "2 min") -> str:
    return (
        f"The last look was {looked} after; nothing was sent again. To decide, look at the branch in the "
        f"Amplify console, or let CloudTrail decide: amplify-release resume {run} --emulate --cloudtrail; "
        f"to send it again: amplify-release resume {run} --emulate --restart-unresolved"
    )


Faults = list[dict[str, Any]]
NEVER_CAME: Faults = [{"kind": "reset_before", "times": 1}]


def world_of(faults: Faults, **fields: Any) -> World:
    """A service that answers at once, so that every look has a time of its own; no marker is kept."""
    known = {"build_time": 5, "pending_time": 0, "provision_time": 0, "marker_echo": False}
    return World(Scenario.model_validate(known | {"faults": faults} | fields))


def late(delay: float) -> Faults:
    """A start that takes effect after so many seconds."""
    return [{"kind": "late", "delay": delay, "times": 1}]


def pushes(world: World, place: Target, *times: float, kind: str = "RELEASE") -> None:
    """Let somebody else start jobs at these times."""
    for at in times:
        asyncio.get_running_loop().call_at(BEGAN + at, push, world, place, kind)


def looks(world: World) -> list[float]:
    """How long after the beginning the branch was looked at; the first time is before the send."""
    return [moment.at - BEGAN for moment in world.history.moments if isinstance(moment, Read)]


def about(times: list[float]) -> Any:
    """Allow for the pace of reads."""
    return pytest.approx(times, abs=0.1)


async def looked_for(world: World, place: Target, **options: Any) -> Report:
    return await world.release([place], **({"settle": SETTLE, "poll_interval": 1000.0} | options))
