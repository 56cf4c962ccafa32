"""How many own jobs may wait in the account's queue, learned from the statuses of our jobs alone.

Above its quota Amplify refuses nothing: jobs wait as PENDING, in front of developers' pushes. While none
stays there for long, the lane doubles its jobs. Once one stays, the jobs that are active are the slots, and
only so many more are kept in flight as start while an end has not been noticed.
"""

from __future__ import annotations

import math

SETTLED = 0.25  #: queued jobs, as a share of the active ones, at which the lane doubles anew
FIRST = 2  #: own queued jobs allowed before any was seen active
SHARE = 0.15  #: queued jobs at most, as a share of the active ones
SPARE = 0.8  #: standard deviations of unnoticed ends for which a job stands ready
NORMAL_FIRST, NORMAL_MOST = 4.0, 30.0  #: seconds of PENDING that a free slot takes, before it is learned
STAYS_LEAST, STAYS_MOST = 15.0, 120.0  #: seconds of PENDING after which a job counts as staying


class Queue:
    """Own jobs, queued and active, and how many more may be sent. `hint`: the quota, if somebody told."""

    def __init__(self, *, hint: int | None, reserve: int) -> None:
        self.queued = 0
        self.active = 0
        self.slots: int | None = None
        self.length = 300.0  #: seconds a job is active, smoothed
        self.blind = 8.0  #: seconds in which an end or a promotion is noticed
        self._hint = hint
        self._filled = False  # as many jobs as the hint says were active at once
        self._reserve = reserve
        self._boost = 1
        self._ends = 0
        self._base = 0  # active jobs that the lane doubles
        self._normal = NORMAL_FIRST

    def told(self, quota: int) -> None:
        """The quota came to be known; what is left to others is kept by the lane's ceiling now."""
        self._hint = quota
        self._reserve = 0

    @property
    def full(self) -> bool:
        """Whether every slot is known to be taken, so that the lane grows no more."""
        return self.slots is not None or self._filled

    @property
    def stays(self) -> float:
        """Seconds of PENDING after which no slot can have been free."""
        return min(STAYS_MOST, max(STAYS_LEAST, 3 * self._normal))

    def margin(self) -> int:
        """Return the queued jobs that fill the slots of ends which are not noticed yet."""
        unnoticed = self.active / self.length * (self.blind + 1)
        spare = math.ceil(unnoticed + SPARE * math.sqrt(unnoticed))
        return min(max(1, spare), max(2, math.ceil(SHARE * self.active)))

    def window(self) -> int | None:
        """Return the jobs in flight allowed, calls included; None: no slot was ever missed."""
        slots = self.slots if self.slots is not None else self._hint
        if slots is None:
            return None
        if self._reserve:
            return max(1, slots - self._reserve)
        if self.slots is None:
            return max(slots, self.active + self.margin())
        return max(slots, self.active) + self.margin() * self._boost

    def room(self, calls: int) -> int:
        """Return how many more jobs may be sent now."""
        window = self.window()
        if window is not None:
            return window - self.active - self.queued - calls
        return self._base + max(FIRST, self._base) - self.active - self.queued - calls

    def demoted(self) -> None:
        """A job that was believed active was seen queued."""
        self.active -= 1
        self.queued += 1

    def promoted(self, waited: float | None) -> None:
        """A queued job was seen active, `waited` seconds after its start; None: inferred."""
        self.queued -= 1
        self.active += 1
        if self.queued <= SETTLED * self.active:
            self._base = self.active
        if self._ends == 0 and waited is not None:
            # Only before the first end: later waits are queueing, and would hide themselves in the norm.
            self._normal += 0.25 * (min(waited, NORMAL_MOST) - self._normal)
            if self.slots is not None and self.active > self.slots + 1:
                # More slots than there seemed to be, and none came free: it only takes long to get one.
                self._normal = max(self._normal, 0.6 * waited)
                self.slots = None
        self._filled |= self._hint is not None and self.active >= self._hint
        slots = self.slots if self.slots is not None else self._hint
        if slots is None or self.queued:
            return
        unnoticed = self.active / self.length * (self.blind + 1)
        if self.active > slots + 2 + 2 * unnoticed:
            # More run than ends which were not noticed can explain: there are more slots now.
            self._hint, self._filled = None, False
            if self.slots is None:
                return
            self.slots = self.active
            self._boost *= 2
            if self._boost * self.margin() >= self.active:
                self.slots, self._boost = None, 1

    def stayed(self, waited: float) -> bool:
        """The oldest queued job still waits, after `waited` seconds; return whether the slots changed."""
        if waited < self.stays:
            return False
        self._boost = 1
        before = self.slots
        self.slots = max(1, self.active)
        return self.slots != before

    def ended(self, *, was_active: bool, lasted: float) -> None:
        """An own job ended, `lasted` seconds after it was seen active."""
        if was_active:
            self.active -= 1
            self._ends += 1
            self.length += (max(1.0, lasted) - self.length) / (self._ends + 1)
        else:
            self.queued -= 1
