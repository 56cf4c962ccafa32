"""Progress as lines: a sentence for what matters, and a heartbeat that shows the run is alive."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import NoReturn

from ..events import Event, JobAdopted, LimitChanged, StartAnswered, TargetParked
from ..logs import Log
from ..model import LaneKey, Result, Target
from .fields import level, log_fields
from .sentence import sentence, standing
from .tally import Tally

HEARTBEAT = 30.0  #: seconds between heartbeats
QUIET = 10.0  #: seconds in which a lane says the same kind of thing once

Kind = tuple[type[Event], Result | None, LaneKey]


class PlainLines:
    """A listener that writes sentences to the log; with `every`, every event with all its fields.

    A fault of the network or a limit can hit hundreds of targets at once. A person reads one line of that
    kind a lane, and how many were left out; what a target ended with is always said. `run` is what `resume`
    is told of the run.
    """

    def __init__(self, log: Log, targets: Mapping[int, Target], run: str, *, every: bool = False) -> None:
        self._log = log
        self._targets = targets
        self._run = run
        self._every = every
        self._said: dict[Kind, float] = {}
        self._left_out: dict[Kind, int] = {}
        self._waits: dict[int, str] = {}

    def __call__(self, event: Event) -> None:
        """Write what there is to say about an event."""
        text = sentence(event, self._targets, self._run)
        if self._every:
            name, fields = log_fields(event, self._targets)
            told = fields if text is None else {"sentence": text, **fields}
            self._log.log(level(event), name, at=event.at, **told)
        elif text is not None and not self._known(event):
            self._say(event, text)

    def _known(self, event: Event) -> bool:
        """Say whether an event tells nothing new.

        A target that waits is looked at again and again, and a refusal that changed the lane's limit has been
        told by that.
        """
        match event:
            case TargetParked(position=position, reason=reason):
                known = self._waits.get(position) == reason
                self._waits[position] = reason
                return known
            case StartAnswered(position=position, result=Result.THROTTLED, at=at):
                limit = (LimitChanged, None, self._targets[position].lane)
                return at < self._said.get(limit, 0.0) + QUIET
            case _:
                return False

    def _say(self, event: Event, text: str) -> None:
        kind = _repeatable(event, self._targets)
        if kind is not None:
            if event.at < self._said.get(kind, 0.0) + QUIET:
                self._left_out[kind] = self._left_out.get(kind, 0) + 1
                return
            self._said[kind] = event.at
            if more := self._left_out.pop(kind, 0):
                text = f"{text} (and {more} more like it before)"
        name, _ = log_fields(event, self._targets)
        self._log.log(level(event), name, at=event.at, sentence=text)


async def beat(
    log: Log,
    tally: Tally,
    *,
    every: bool,
    clock: Callable[[], float],
    sleep: Callable[[float], Awaitable[object]],
) -> NoReturn:
    """Say every half minute where the run stands; with `every`, the counts as fields too."""
    while True:
        await sleep(HEARTBEAT)
        now = clock()
        counts = {str(state).replace(" ", "_"): count for state, count in tally.counts.items()}
        fields = {"targets": tally.size, "ended": tally.ended, **counts} if every else {}
        log.info("run.progressed", at=now, sentence=standing(tally, now), **fields)


def _repeatable(event: Event, targets: Mapping[int, Target]) -> Kind | None:
    """Say what kind of thing an event is if a lane may say it many times at once."""
    match event:
        case StartAnswered(position=position, result=result) if result is not Result.AMBIGUOUS:
            return type(event), result, targets[position].lane
        case TargetParked(position=position) | JobAdopted(position=position):
            return type(event), None, targets[position].lane
        case LimitChanged(lane=lane):
            return type(event), None, lane
        case _:
            return None
