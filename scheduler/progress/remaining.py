"""How long a run still takes: an estimate from how long its own jobs took."""

from __future__ import annotations

from .tally import LaneTally, Tally


def remaining(tally: Tally, now: float) -> float | None:
    """Return the seconds until the last target ends, or None.

    The lanes work side by side, so the slowest decides. Nothing is guessed before a job has ended; 0.0 means
    that all have, or that the last ones take longer than jobs used to.
    """
    if tally.ended == tally.size:
        return 0.0
    if not tally.follow:
        rate = tally.rate(now)
        return sum(lane.waiting for lane in tally.lanes.values()) / rate if rate > 0 else None
    ended = sum(lane.ended for lane in tally.lanes.values())
    if not ended:
        return None
    usual = sum(lane.seconds for lane in tally.lanes.values()) / ended
    busy = [lane for lane in tally.lanes.values() if lane.waiting or lane.jobs]
    return max(
        (_lane(lane, lane.seconds / lane.ended if lane.ended else usual, now) for lane in busy), default=None
    )


def _lane(lane: LaneTally, usual: float, now: float) -> float:
    """Share what is left among the slots; but the job that starts last takes its whole time."""
    left = max(0.0, lane.jobs * (usual - now) + lane.begun)
    slots = max(1, lane.jobs, lane.window or 0)
    last = usual if lane.waiting else max(0.0, usual - (now - lane.newest))
    return max((lane.waiting * usual + left) / slots, last)
