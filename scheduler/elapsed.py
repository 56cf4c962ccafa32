"""The one clock that goes on while the machine sleeps: leases and credentials run out by it."""

from __future__ import annotations

import time

# Linux's monotonic clock stands still in suspend, and this one does not. macOS has no CLOCK_BOOTTIME; there
# CLOCK_MONOTONIC goes on, while Python's `time.monotonic` is another one that stands still.
_CLOCK: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def elapsed() -> float:
    """Return seconds from an origin that means nothing. They pass in suspend too, and never jump back."""
    return time.clock_gettime(_CLOCK)
