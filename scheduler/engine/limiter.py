"""The gate in front of StartJob: waits as `Limit` says, and knows no arithmetic of its own."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import TracebackType

import anyio

from ..model import Hold
from .clock import GRAIN, Clock
from .limit import Limit
from .news import News
from .opening import Change, Opening, Send


class Permit:
    """The right to make one call, ended by exactly one word; leaving its block without one means `ignore`."""

    __slots__ = ("_limiter", "_send")

    def __init__(self, limiter: Limiter, send: Send) -> None:
        self._limiter = limiter
        self._send: Send | None = send

    def __enter__(self) -> Permit:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ignore()

    def accepted(self) -> None:
        """The call started a job."""
        if (send := self._take()) is not None:
            self._limiter.tell(lambda limit, now: limit.accepted(send, now))

    def throttled(self) -> None:
        """The call was refused by a limit."""
        if (send := self._take()) is not None:
            self._limiter.tell(lambda limit, now: limit.refused(send, now))

    def ignore(self) -> None:
        """The call says nothing about a limit."""
        if (send := self._take()) is not None:
            self._limiter.tell(lambda limit, now: limit.ignored(send, now))

    def _take(self) -> Send | None:
        send, self._send = self._send, None
        return send


class Limiter:
    """Lets one caller at a time through, as fast as `limit` allows."""

    def __init__(self, limit: Limit, clock: Clock, changed: Callable[[Change], None]) -> None:
        self.limit = limit
        self._clock = clock
        self._changed = changed
        self._news = News()
        self._awaited: Opening | None = None  #: for which somebody waits
        self.held = dict.fromkeys(Hold, 0.0)  #: seconds waited, by what for

    @property
    def holds(self) -> Opening:
        """What holds the next call back."""
        return self.limit.opening(self._clock.now())

    async def acquire(self) -> Permit:
        """Wait until a call may go and take the right to make it."""
        while True:
            now = self._clock.now()
            opening = self.limit.opening(now)
            early = GRAIN if opening.kind is Hold.PACE else 0.0
            if opening.at is not None and opening.at <= now + early:
                return Permit(self, self.limit.sent(now))
            self._awaited = opening
            await self._news.wait(until=math.inf if opening.at is None else opening.at)
            self._awaited = None
            self.held[opening.kind] += self._clock.now() - now

    def learn_quota(self, quota: int) -> None:
        """The account's quota came to be known."""
        self.tell(lambda limit, _: limit.quota_told(quota))

    async def pause(self, until: float) -> None:
        """Wait because the service is not reached."""
        now = self._clock.now()
        await anyio.sleep_until(until)  # which may have come while it was looked at
        self.held[Hold.UNREACHED] += self._clock.now() - now

    def tell(self, fact: Callable[[Limit, float], Change | None]) -> None:
        """Apply a fact to the limit and pass on what it changed; who waits looks again if it matters."""
        now = self._clock.now()
        change = fact(self.limit, now)
        if change is not None:
            self._changed(change)
        if self._awaited is not None and self.limit.opening(now) != self._awaited:
            self._news.tell()
