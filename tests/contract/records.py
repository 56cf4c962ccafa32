"""A run of a hundred targets, as the tests of single stores open it."""

from __future__ import annotations

from dataclasses import replace

from scheduler.events import RunStarted, StartIntended
from scheduler.model import FrozenPlan, Target

WEB = Target(account="shop", region="eu-west-1", app="d1", branch="main", name="web")
PLAN = FrozenPlan(
    name="nightly",
    path="plan.yaml",
    digest="sha256:0",
    targets=tuple(replace(WEB, app=f"d{number}") for number in range(100)),
)
STARTED = RunStarted(at=100.0, plan=PLAN, endpoint="", version="1", follow=True)


def intended(position: int) -> StartIntended:
    return StartIntended(at=1.0, position=position, intent=f"I{position}", fence=None, server_at=None)
