"""Faults that are armed one by one, in place of those that a scenario draws."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from scheduler.model import LaneKey
from scheduler.plan.scenario import Fault, FaultKind, Operation


class Script:
    """The faults that are armed; each strikes the next matching call."""

    def __init__(self) -> None:
        self._armed: defaultdict[tuple[Operation, str], list[Fault]] = defaultdict(list)

    def arm(self, operation: Operation, app: str, kind: FaultKind, **fields: Any) -> None:
        """Let a fault strike the next call of an operation on an app."""
        fault = Fault.model_validate({"operation": operation, "kind": kind, "delay": 20.0, **fields})
        self._armed[operation, app].append(fault)

    def disarm(self) -> None:
        """Let nothing fail any more."""
        self._armed.clear()

    def strike(self, operation: Operation, lane: LaneKey, app: str, branch: str) -> Fault | None:
        """Return the fault that strikes this call, as the emulator's own faults do."""
        del lane, branch
        armed = self._armed[operation, app]
        return armed.pop(0) if armed else None
