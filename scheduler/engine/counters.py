"""What a lane did so far, in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..events import LaneMeasured
from ..model import Hold, LaneKey


@dataclass(slots=True)
class Counters:
    """What a lane did so far; `LaneMeasured` in the making."""

    start_calls: int = 0
    started: int = 0
    throttled: int = 0
    busy: int = 0
    read_calls: int = 0
    peak_in_flight: int = 0
    peak_pending: int = 0
    held: Mapping[Hold, float] = field(default_factory=dict)

    @classmethod
    def of(cls, measured: LaneMeasured) -> Counters:
        """Go on from what was measured before."""
        return cls(**_fields(measured))

    def measured(self, at: float, lane: LaneKey) -> LaneMeasured:
        """Freeze the counters into an event."""
        return LaneMeasured(at=at, lane=lane, **_fields(self))


def _fields(counts: Counters | LaneMeasured) -> dict[str, Any]:
    return {name: getattr(counts, name) for name in Counters.__slots__}
