"""What many simulations begin with, and what they look at in the end."""

from __future__ import annotations

from collections import Counter
from typing import Any

from scheduler.plan.scenario import Fault, Scenario
from scheduler.report.document import Report

from .world import World

MINUTES = 60.0
HOURS = 3600.0

#: Builds of five minutes, as in the field.
SLOW: dict[str, Any] = {
    "build_time": (240, 360),
    "pending_time": (1, 5),
    "provision_time": (2, 5),
    "latency": (0.05, 0.2),
}


def slow(**fields: Any) -> Scenario:
    """Builds of five minutes, as in the field, and whatever else is given."""
    return Scenario.model_validate(SLOW | fields)


def faulty(*faults: Fault) -> World:
    """A world of builds of five minutes and many slots whose calls meet these faults."""
    return World(Scenario(build_time=(240, 360), latency=(0.05, 0.2), slots=50, faults=faults))


def outcomes(report: Report) -> dict[str, int]:
    """Count a report's targets by their outcomes."""
    return dict(Counter(str(found.outcome) for found in report.targets))
