"""A run is opened again as the command `resume` does it."""

from __future__ import annotations

from scheduler.engine.disposition import Need, dispose
from scheduler.events import IntentAbandoned

from .world import World


def resume(world: World, run: str, *, follow: bool = True, restart: bool = False) -> bool:
    """Open a run again, if anything is left of it to do; return whether there is.

    `restart`: a person lets every start in doubt be sent again.
    """
    records = list(world.journal.targets(run))
    doubts = [
        IntentAbandoned(at=world.clock.wall(), position=record.position, intent=attempt.intent)
        for record in records
        for attempt in record.attempts
        if attempt.in_doubt and restart
    ]
    ended = world.journal.run(run).ended_at is not None
    if ended and all(dispose(record).need is Need.NOTHING for record in records):
        return False
    world.reopen(run, follow=follow)
    for doubt in doubts:
        world.journal.record(doubt)
    world.journal.flush()
    return True
