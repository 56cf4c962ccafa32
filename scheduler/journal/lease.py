"""Who may start in a lane that several processes could work on: the lease, and what it is known to be worth.

The journal holds, for each lane, an epoch, an owner and an end by its own clock. Each taking raises the
epoch, and what an owner writes is refused once there is a newer one. That alone is not enough: a process that
is frozen between its last write and its StartJob has passed every check of the database. So each knows the
end of its lease on its own clock too, and looks at it right before it sends.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..model import AWS, FrozenPlan, LaneKey

#: The share of a lease that its owner does not use: for clocks that run apart, and a server that was replaced
#: by one whose clock is ahead.
MARGIN = 0.2


@dataclass(frozen=True, slots=True)
class Lease:
    """A lane that this process owns for a while.

    `seconds` is how long it was taken or renewed for, and `until` its end by `elapsed`.
    """

    name: str
    epoch: int
    seconds: float
    until: float

    def good(self, now: float) -> bool:
        """Whether this process may still start in the lane. Nobody else may before its end by any clock."""
        return now < self.until


@dataclass(frozen=True, slots=True)
class Holder:
    """Who owns a lane, in words for people, and for how many seconds more unless it renews its lease."""

    owner: str
    left: float


def granted(name: str, epoch: int, seconds: float, asked: float) -> Lease:
    """Return the lease that was asked for at `asked` by `elapsed`.

    The server began to count later than that, so it ends no sooner there than here.
    """
    return Lease(name, epoch, seconds, asked + seconds * (1 - MARGIN))


def lane_name(endpoint: str, plan: FrozenPlan, lane: LaneKey) -> str:
    """Return the name by which processes take a lane: the same account's, whatever the plans call it."""
    known = next((account.id for account in plan.accounts if account.name == lane.account), None)
    where = "" if endpoint == AWS else f" at {endpoint}"
    return f"{known or lane.account}/{lane.region}{where}"
