"""How long a job will take: a distribution, and when it is worth looking whether the job has ended.

A look costs a read, a missed end costs lateness. The job is read again when its expected lateness, which is
the integral of the chance that it has ended since it was last seen, reaches a price. For a hazard h that is a
gap of about sqrt(2 * price / h): long at first, short around the likely end, longer again behind it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

PRICE = 1 / 550  #: seconds of lateness that a read is worth, as a share of the usual length
LEAST = 0.1  #: seconds between two reads of a job at least
MOST = 60.0  #: and at most, once its end is possible
BLIND = 0.1  #: without a forecast the gap is this share of the job's age
SPREAD = 0.18  #: standard deviation of the logarithm of a branch's own lengths, before it is known
PSEUDO = 4  #: weight of that in observations
ODD = 0.05  #: share of jobs that keep to no forecast: failures end early, some end late
STEPS = 80  #: of the numeric integral; the gap is exact to a few per cent


@dataclass(frozen=True, slots=True)
class Forecast:
    """A lognormal length with a heavy tail. `log` is the mean of the logarithm of seconds."""

    log: float
    spread: float

    @classmethod
    def of(cls, lengths: Sequence[float]) -> Forecast | None:
        """Return the forecast from observed lengths in seconds; None without any."""
        if not lengths:
            return None
        logs = [math.log(max(0.01, length)) for length in lengths]
        mean = sum(logs) / len(logs)
        square = PSEUDO * SPREAD**2 + sum((log - mean) ** 2 for log in logs)
        return cls(mean, math.sqrt(square / (PSEUDO + len(logs))))

    @property
    def usual(self) -> float:
        """The median length in seconds."""
        return math.exp(self.log)

    def drift(self, length: float) -> float:
        """Return by how much a length departs from the usual one, as a logarithm."""
        return math.log(max(0.01, length)) - self.log

    def shifted(self, drifts: Collection[float]) -> Forecast:
        """Return the forecast moved by how other jobs of this run departed from theirs.

        A history may hold time in the account's queue, and one night may be slower than another.
        """
        return Forecast(self.log + sum(drifts) / (len(drifts) + PSEUDO), self.spread)

    def going_on(self, age: float) -> float:
        """Return the chance that a job goes on longer than `age` seconds."""
        if age <= 0:
            return 1.0
        kept = 0.5 * math.erfc((math.log(age) - self.log) / (self.spread * math.sqrt(2)))
        return (1 - ODD) * kept + ODD * math.exp(-age / (1.5 * self.usual))

    def ended_since(self, seen: float, age: float) -> float:
        """Return the chance that a job seen unfinished at age `seen` has ended by `age`."""
        return 1 - self.going_on(age) / max(1e-12, self.going_on(seen))

    def gap(self, age: float, *, eager: bool) -> float:
        """Return the seconds until a job seen unfinished at `age` is worth another read.

        `eager`: a start waits for this very end, so that lateness costs a slot.
        """
        price = PRICE * self.usual * (0.1 if eager else 1.0)
        plausible = math.exp(self.log - self.spread)
        most = MOST if age > 0.5 * plausible else math.inf
        most = min(most, self.usual / 25) if eager else most
        step = max(LEAST / 2, self.usual / STEPS)
        lateness = reached = before = 0.0
        while reached < min(most, 10 * self.usual):
            chance = self.ended_since(age, age + reached + step)
            more = (before + chance) / 2 * step
            if lateness + more >= price:
                reached += step * (price - lateness) / more
                break
            lateness += more
            reached += step
            before = chance
        return max(LEAST, min(most, reached))


def blind_gap(age: float) -> float:
    """Return the seconds until a job of this age should be read again when nothing is known of its length."""
    return min(MOST / 2, max(LEAST, BLIND * age))
