"""A target on its way through a lane."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..model import Evidence, Job, Target


@dataclass(slots=True, eq=False)
class Entry:
    """What a lane knows of a target on its way. Times are on the steady clock, in seconds."""

    position: int
    target: Target
    job: Job | None = None
    evidence: Evidence = Evidence.NONE
    #: The target's intents so far; a job with any of their markers is ours.
    intents: list[str] = field(default_factory=list)
    fence: int | None = None  #: the branch's highest job number, as seen ahead of the next start
    fenced_at: float = 0.0
    kept: bool = False  #: its job was seen to carry the marker
    #: When the target first found its branch busy, and how often it did.
    busy_since: float | None = None
    busy_count: int = 0
    started_at: float = 0.0  #: when the job was started, by this process or an earlier one
    age_guessed: bool = False  #: that is a guess by the wall clock; the service's will tell better
    taken_at: float = 0.0  #: when this process began to follow the job
    read_at: float = 0.0  #: when the job was last read, or taken
    active_at: float | None = None  #: when the job was first seen out of the account's queue
    lost_since: float | None = None  #: when the job could first not be found
    parked: str = ""  #: what it was last said to wait for
    misses: int = 0  #: reads of the job that failed, in a row
    ended: bool = False  #: the target has its outcome, though its job may go on
