"""What a run waits for before anybody works in its lanes: another run, or a worker."""

from __future__ import annotations

from collections.abc import Collection

from ..endpoints import service
from ..journal.at_work import AtWork, Holding
from ..journal.lease import lane_name
from ..journal.port import RunRecord
from ..model import LaneKey


def awaited(run: RunRecord, lane: LaneKey, at_work: AtWork) -> str:
    """Say whom a lane waits for in which the run has something left to do; empty: somebody works in it."""
    if run.fleet and (run.id, lane) not in at_work.orders:
        return ""  # it has come to its end
    holding = _holding(run, lane, at_work)
    if holding is None:
        return f"no worker works in it: {_see(run)}" if run.fleet else ""
    if holding.run == run.id:
        return ""
    stop = f"`amplify-release cancel {holding.run}{service(run.endpoint)}`"
    return f"run {holding.run} comes first, and {holding.owner} works on it: wait for its end, or {stop}"


def idle(run: RunRecord, lanes: Collection[LaneKey], at_work: AtWork) -> str | None:
    """Say why nobody works on any of a run's lanes after a while; None: somebody does."""
    holdings = [_holding(run, lane, at_work) for lane in lanes]
    runs = sorted({holding.run for holding in holdings if holding is not None})
    if run.id in runs:
        return None
    if None not in holdings:
        return f"it waits: its lanes are taken for {' and '.join(f'run {other}' for other in runs)}"
    return f"no worker works on it yet: {_see(run)}"


def _holding(run: RunRecord, lane: LaneKey, at_work: AtWork) -> Holding | None:
    return at_work.holdings.get(lane_name(run.endpoint, run.plan, lane))


def _see(run: RunRecord) -> str:
    return f"see that `amplify-release worker{service(run.endpoint)}` runs, and has lanes to spare"
