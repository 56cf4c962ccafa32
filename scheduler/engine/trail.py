"""CloudTrail as a witness of a lane's starts in doubt: one reader asks for all of them at once.

What it has recorded is exact, for the request names its intent. It is minutes late, though, and answers an
account twice a second at most. What it has not recorded by `LATE` tells something only where other records
have shown that intents arrive there, and is no proof even so.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

import anyio

from ..amplify.port import PASSING, CallFailed, Kind, Recorded
from .unresolved import recorded_so

LATE = 900.0  #: seconds after a call by which CloudTrail should have recorded it
SPARE = 120.0  #: seconds beyond that in which a reading that fails is tried again
EARLY = 5.0  #: seconds before the send from which records are read
ON_THE_WAY = 300.0  #: seconds within which AWS accepts a signed request: none is answered later
SOONEST = 2.0  #: seconds between two readings; half of the youngest doubt's age, between these bounds
LATEST = 30.0

#: Failures that the next reading may not meet.
_PASSING = PASSING | {Kind.EXPIRED}

#: Ask for what was recorded between two times on the service's clock. Raises CallFailed.
Ask = Callable[[float, float], Awaitable[Sequence[Recorded]]]


@dataclass(slots=True, kw_only=True)
class Search:
    """A start that CloudTrail is asked for. Times are on the steady clock; plus `offset`, the service's."""

    sent: float
    given_up: float
    offset: float
    begun: float
    read_at: float = -math.inf  #: when the last whole reading began

    def window(self, now: float) -> tuple[float, float]:
        """Return the times, on the service's clock, between which the request was answered if it was."""
        until = max(self.sent, min(now, self.given_up + ON_THE_WAY))
        return self.sent - EARLY + self.offset, until + self.offset

    def over(self, now: float) -> bool:
        """Whether nothing more is to be expected of CloudTrail."""
        late = self.given_up + LATE
        return self.read_at >= late or now >= max(late, self.begun) + SPARE


class Trail:
    """What CloudTrail says of a lane's starts in doubt. `ask` None: it is not to be asked."""

    def __init__(self, ask: Ask | None, now: Callable[[], float]) -> None:
        self._ask = ask
        self._now = now
        self._searches: dict[str, Search] = {}
        self._found: dict[str, Recorded] = {}
        self._news = anyio.Event()
        #: Why it cannot be asked, although it should be; empty as long as it can.
        self.closed = ""
        self._complained = False
        self._speaks = False  # a record named an intent, as a proxy in between might prevent

    def seek(self, intent: str, *, sent: float, given_up: float, offset: float) -> None:
        """Have a start looked for, from now on."""
        if self._ask is not None and not self.closed and intent not in self._searches:
            self._searches[intent] = Search(sent=sent, given_up=given_up, offset=offset, begun=self._now())
            news, self._news = self._news, anyio.Event()
            news.set()

    def leave(self, intent: str) -> None:
        """Look for a start no longer."""
        self._searches.pop(intent, None)

    def found(self, intent: str) -> Recorded | None:
        """Return what was recorded of a start, as far as is known."""
        return self._found.get(intent)

    def awaited(self, intent: str) -> bool:
        """Whether CloudTrail may still come to tell of a start."""
        search = self._searches.get(intent)
        return search is not None and not (self.closed or intent in self._found or search.over(self._now()))

    def silent(self, intent: str) -> bool:
        """Whether CloudTrail names other starts, and has none of this one when it should."""
        return self._speaks and self._missing(intent)

    def testimony(self, intent: str) -> str | None:
        """Say what CloudTrail tells of a start that it did not settle; None: it is not asked."""
        if self._ask is None:
            return None
        if (record := self._found.get(intent)) is not None:
            return recorded_so(record)
        if self.closed:
            return f"CloudTrail could not be asked: {self.closed}"
        if self.silent(intent):
            return "CloudTrail has no record of it either, so it most likely never reached AWS."
        if self._missing(intent):
            return "CloudTrail has no record of it, nor of any other start of ours, which tells nothing."
        return "CloudTrail has not told so far."

    def complaint(self) -> str:
        """Return, the first time, why CloudTrail cannot be asked; empty otherwise."""
        complaint = "" if self._complained else self.closed
        self._complained = self._complained or bool(complaint)
        return complaint

    async def watch(self) -> None:
        """Read what is sought, again and again, until cancelled or until CloudTrail cannot be asked."""
        while self._ask is not None and not self.closed:
            if not self._open():
                await self._news.wait()
            await self._read(self._ask)
            await anyio.sleep(SOONEST)
            with anyio.move_on_after(self._pause() - SOONEST):
                await self._news.wait()

    async def _read(self, ask: Ask) -> None:
        now, searches = self._now(), self._open()
        try:
            for since, until in merged(search.window(now) for search in searches):
                for record in await ask(since, until):
                    self._speaks = True
                    known = self._found.get(record.intent)
                    if known is None or known.job_id is None:
                        self._found[record.intent] = record
        except CallFailed as failure:
            if failure.kind not in _PASSING:
                self.closed = failure.reason
            return
        for search in searches:
            search.read_at = now

    def _missing(self, intent: str) -> bool:
        search = self._searches.get(intent)
        recorded = intent in self._found
        return search is not None and not recorded and search.read_at >= search.given_up + LATE

    def _open(self) -> list[Search]:
        return [search for intent, search in self._searches.items() if intent not in self._found]

    def _pause(self) -> float:
        youngest = max((search.given_up for search in self._open()), default=-math.inf)
        return min(LATEST, max(SOONEST, (self._now() - youngest) / 2))


def merged(windows: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Put windows that overlap together, so that nothing is read twice."""
    found: list[tuple[float, float]] = []
    for since, until in sorted(windows):
        if found and since <= found[-1][1]:
            found[-1] = found[-1][0], max(until, found[-1][1])
        else:
            found.append((since, until))
    return found
