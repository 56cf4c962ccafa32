"""The live pane as a picture: what a tally says, in rows that fit the terminal."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from ..model import FAILURES, Outcome, Target
from ..printable import printable
from ..redact import redact
from ..spoken import span, spoken
from .remaining import remaining
from .sentence import about, label
from .tally import LAST_FAILURES, LaneTally, Phase, Tally

ROWS = 14  #: the pane is never higher
LANES = 3
SLOWEST = 3

_BAR = 30  #: cells of the bar at most
_ORDER = (*Outcome, Phase.RUNNING, Phase.PENDING, Phase.STARTING, Phase.IN_DOUBT, Phase.PARKED, Phase.WAITING)

#: A row, and how soon it goes when the terminal is too small: the greater, the sooner.
Row = tuple[int, Text]


class Pane:
    """Draws `tally` anew each time it is rendered; the height depends on the terminal alone."""

    def __init__(
        self, name: str, tally: Tally, targets: Mapping[int, Target], clock: Callable[[], float]
    ) -> None:
        self._name = printable(redact(name))
        self._tally = tally
        self._targets = targets
        self._clock = clock

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the rows that fit, top to bottom."""
        now = self._clock()
        rows = [
            (0, self._headline(now, options.max_width, ascii_only=options.ascii_only)),
            (0, self._counts()),
            *self._lanes(now),
            (9, Text()),
            *self._slowest(now),
            (9, Text()),
            *self._failures(),
        ]
        space = max(1, min(ROWS, console.size.height - 1))
        kept = sorted(sorted(range(len(rows)), key=lambda index: rows[index][0])[:space])
        for index in kept:
            text = rows[index][1]
            text.no_wrap = True
            text.overflow = "crop" if options.ascii_only else "ellipsis"
            yield text

    def _headline(self, now: float, width: int, *, ascii_only: bool) -> Text:
        tally = self._tally
        left = remaining(tally, now)
        ended = f"  {tally.ended} of {tally.size}  "
        end = f"  {about(left)} left" if left else ""
        bar = max(0, min(_BAR, width - cell_len(self._name) - len(ended) - len(end)))
        done, rest = ("=", "-") if ascii_only else ("━", "╌")
        full = bar * tally.ended // max(1, tally.size)
        return Text.assemble(
            (self._name, "bold"),
            ended,
            (done * full, "red" if tally.failed else "green"),
            (rest * (bar - full), "dim"),
            end,
        )

    def _counts(self) -> Text:
        counts = self._tally.counts
        parts = [
            (f"{counts[state]} {spoken(state)}", "red" if state in FAILURES else "")
            for state in _ORDER
            if counts[state]
        ]
        return Text("   ").join(Text(text, style) for text, style in parts)

    def _lanes(self, now: float) -> list[Row]:
        lanes = self._tally.lanes.values()
        fullest = heapq.nlargest(LANES, lanes, key=lambda lane: lane.waiting + lane.jobs)
        rows = [(2, self._lane(lane)) for lane in sorted(fullest, key=lambda lane: lane.key)]
        among = f", in {len(lanes)} lanes; the fullest:" if len(lanes) > LANES else ""
        starts = f"{60 * self._tally.rate(now):.1f} a minute{among}"
        return [(4, _titled("starts", starts)), *rows]

    def _lane(self, lane: LaneTally) -> Text:
        window = "" if lane.window is None else f" of {lane.window}"
        pace = "" if lane.pace is None else f", {lane.pace:.1f} calls/s"
        why = lane.held or lane.reason
        reason = f": {why}" if why else ""
        return _titled(
            "lane", f"{lane.key}  {lane.jobs}{window} in flight, {lane.waiting} waiting{pace}{reason}"
        )

    def _slowest(self, now: float) -> list[Row]:
        jobs = [
            f"{span(seconds)}  {phase}  {label(self._targets[position])}"
            for position, phase, seconds in self._tally.slowest(SLOWEST, now)
        ]
        return _section("slowest", jobs, SLOWEST, importance=6)

    def _failures(self) -> list[Row]:
        failures = [
            f"{label(self._targets[failure.position])} {spoken(failure.outcome)}: {failure.reason}"
            for failure in reversed(self._tally.failures)
        ]
        return _section("failed", failures, LAST_FAILURES, importance=5, style="red")


def _section(title: str, lines: Sequence[str], size: int, *, importance: int, style: str = "") -> list[Row]:
    """Fill a section's rows; the empty ones keep the height, and go first."""
    filled = [
        (importance, _titled(title if row == 0 else "", line, style)) for row, line in enumerate(lines[:size])
    ]
    return filled + [(8, Text())] * (size - len(filled))


def _titled(title: str, line: str, style: str = "") -> Text:
    return Text.assemble((f"{title:<8} ", "dim"), (printable(redact(line)), style))
