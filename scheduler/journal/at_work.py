"""Who works on what at the moment, as far as a journal, or the lock beside it, can tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..model import LaneKey


@dataclass(frozen=True, slots=True)
class Holding:
    """A process that holds a lane, in words for people, and the run that it works on there."""

    owner: str
    run: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AtWork:
    """What is worked on, and what is still to be."""

    #: The runs that a process works on, or that a fleet is still to work on.
    alive: frozenset[str] = frozenset()
    #: The lanes that are held, by the names that processes take them by.
    holdings: Mapping[str, Holding] = field(default_factory=dict)
    #: The lanes that a fleet was asked to bring to their end and has not, each with its run.
    orders: frozenset[tuple[str, LaneKey]] = frozenset()
