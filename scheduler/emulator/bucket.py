"""The token bucket behind `start_rate` and `read_rate`."""

from __future__ import annotations


class Bucket:
    """Lets `burst` calls through at once and `rate` a second after that; a refused call costs nothing."""

    def __init__(self, rate: float, burst: int | None) -> None:
        self._rate = rate
        self._burst = float(burst if burst is not None else max(1.0, rate))
        self._tokens = self._burst
        self._filled_at = 0.0

    def refill(self, rate: float, now: float) -> None:
        """Fill at another rate from `now` on."""
        self._fill(now)
        self._rate = rate

    def take(self, now: float) -> bool:
        """Return whether a call at `now` passes."""
        self._fill(now)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def _fill(self, now: float) -> None:
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
