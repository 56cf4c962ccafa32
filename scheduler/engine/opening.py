"""What passes between the gate and the limit: when a call may go, that it went, what its answer changed."""

from __future__ import annotations

from dataclasses import dataclass

from ..model import Hold
from .pace import Paced


@dataclass(frozen=True, slots=True)
class Opening:
    """When the next call may go. `at` None: not before something happens; `kind`, `reason`: what holds it."""

    at: float | None
    kind: Hold
    reason: str


@dataclass(slots=True)
class Send:
    """One call as the limit saw it leave: `jobs` were in flight, and the last call was `gap` seconds ago."""

    at: float
    jobs: int
    gap: float
    probe: bool
    diagnostic: bool
    paced: Paced


@dataclass(frozen=True, slots=True)
class Change:
    """A limit was changed, and why."""

    reason: str
