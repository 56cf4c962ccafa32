"""When the jobs ran, as shapes to draw: a bar a job, or, for many jobs, their number in flight by lane."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from math import ceil, floor

from ..model import Outcome
from ..printable import printable
from ..spoken import spoken
from .advice import compact
from .document import TargetPart

#: More bars than this are no picture any more.
BARS = 300
#: Bars with room for a label.
_LABELLED = 40
#: Lanes drawn where jobs are not drawn one by one; the busiest are.
_LANES = 40
_COLUMNS = 250
#: Bars without labels become thinner beyond this height.
_TALLEST = 900.0
WIDTH = 1000.0
_GUTTER = 250.0
_AXIS = 24.0

#: Distances between ticks in seconds, of which the first that gives at most eight is taken.
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)


@dataclass(frozen=True, slots=True)
class Tick:
    """A moment on the axis."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A job from its start to its end, or to the edge while its end is unknown."""

    x: float
    y: float
    width: float
    height: float
    outcome: Outcome
    ended: bool
    title: str


@dataclass(frozen=True, slots=True)
class Label:
    """The name of a row, at its baseline."""

    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Area:
    """A lane's jobs in flight over time, as the path of a filled shape."""

    path: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Everything to draw, in units of a `WIDTH` by `height` canvas. Times are UTC."""

    height: float
    left: float
    date: str
    ticks: Sequence[Tick]
    labels: Sequence[Label] = ()
    bars: Sequence[Bar] = ()
    areas: Sequence[Area] = ()


@dataclass(frozen=True, slots=True)
class _Scale:
    start: float
    end: float
    left: float

    def x(self, at: float) -> float:
        share = (min(max(at, self.start), self.end) - self.start) / (self.end - self.start)
        return round(self.left + share * (WIDTH - self.left), 2)


@dataclass(frozen=True, slots=True)
class _Ran:
    start: float
    end: float
    ended: bool
    target: TargetPart


def timeline(targets: Sequence[TargetPart], *, now: str | None) -> Timeline | None:
    """Lay out the jobs whose start is known; None if there are none. `now`: when unended jobs are cut off."""
    ran = _ran(targets, now)
    if not ran:
        return None
    start = min(job.start for job in ran)
    end = max(start + 1.0, *(job.end for job in ran))
    named = len(ran) <= _LABELLED or len(ran) > BARS
    scale = _Scale(start, end, _GUTTER if named else 0.0)
    date = datetime.fromtimestamp(start, UTC).strftime("%Y-%m-%d")
    if len(ran) > BARS:
        return _areas(ran, scale, date)
    return _bars(ran, scale, date)


def _ran(targets: Sequence[TargetPart], now: str | None) -> list[_Ran]:
    known = [(target, target.job) for target in targets if target.job is not None]
    spans = [(target, _at(job.startTime), _at(job.endTime)) for target, job in known]
    moments = (_at(now), *(moment for _, *both in spans for moment in both))
    last = max((moment for moment in moments if moment is not None), default=0.0)
    ran = [
        _Ran(start, max(start, last if end is None else end), end is not None, target)
        for target, start, end in spans
        if start is not None
    ]
    return sorted(ran, key=lambda job: (job.start, job.end))


def _bars(ran: list[_Ran], scale: _Scale, date: str) -> Timeline:
    labelled = scale.left > 0
    pitch = 20.0 if labelled else min(9.0, _TALLEST / len(ran))
    bars = []
    for row, job in enumerate(ran):
        y = _AXIS + row * pitch
        x, right = scale.x(job.start), scale.x(job.end)
        bars.append(
            Bar(
                x=x,
                y=round(y + pitch * 0.15, 2),
                width=round(max(right - x, 2.0), 2),
                height=round(pitch * 0.7, 2),
                outcome=job.target.outcome,
                ended=job.ended,
                title=f"{job.target.lane}/{job.target.place}: "
                f"{spoken(job.target.outcome)}, {compact(job.end - job.start)}",
            )
        )
    return Timeline(
        height=_AXIS + len(ran) * pitch,
        left=scale.left,
        date=date,
        ticks=[*_ticks(scale)],
        bars=bars,
        labels=[
            Label(_AXIS + row * pitch + 14, _cut(job.target.place)) for row, job in enumerate(ran) if labelled
        ],
    )


def _areas(ran: list[_Ran], scale: _Scale, date: str) -> Timeline:
    lanes: dict[str, list[_Ran]] = {}
    for job in ran:
        lanes.setdefault(job.target.lane, []).append(job)
    busiest = sorted(lanes.items(), key=lambda lane: -len(lane[1]))[:_LANES]
    pitch = 56.0
    areas, labels = [], []
    for row, (lane, jobs) in enumerate(busiest):
        counts = _in_flight(jobs, scale)
        base = _AXIS + (row + 1) * pitch - 8
        peak = max(1, *counts)
        width = (WIDTH - scale.left) / _COLUMNS
        steps = "".join(f"V{base - count / peak * (pitch - 16):.1f}h{width:.2f}" for count in counts)
        areas.append(Area(f"M{scale.left:.1f} {base:.1f}{steps}V{base:.1f}z", f"{lane}: {len(jobs):,} jobs"))
        labels += [Label(base - 16, _cut(lane)), Label(base - 2, f"{len(jobs):,} jobs")]
    return Timeline(
        height=_AXIS + len(busiest) * pitch,
        left=scale.left,
        date=date,
        ticks=[*_ticks(scale)],
        areas=areas,
        labels=labels,
    )


def _in_flight(jobs: list[_Ran], scale: _Scale) -> list[int]:
    """Count the jobs in flight at the middle of each column of the picture."""
    changes = [0] * (_COLUMNS + 1)
    columns = _COLUMNS / (scale.end - scale.start)
    for job in jobs:
        first = ceil((job.start - scale.start) * columns - 0.5)
        beyond = floor((job.end - scale.start) * columns - 0.5) + 1
        changes[max(first, 0)] += 1
        changes[max(beyond, 0)] -= 1
    return list(accumulate(changes[:_COLUMNS]))


def _ticks(scale: _Scale) -> Iterator[Tick]:
    reach = scale.end - scale.start
    step = next((step for step in _STEPS if reach / step <= 8), (int(reach / 8 / 86400) + 1) * 86400)
    at = -(-scale.start // step) * step
    pattern = "%m-%d" if step >= 86400 else "%H:%M" if step >= 60 else "%H:%M:%S"
    while at <= scale.end:
        yield Tick(scale.x(at), datetime.fromtimestamp(at, UTC).strftime(pattern))
        at += step


def _at(moment: str | None) -> float | None:
    return None if moment is None else datetime.fromisoformat(moment).timestamp()


def _cut(text: str) -> str:
    text = printable(text)  # before it is cut: an escape is longer than what it shows
    return text if len(text) <= 36 else f"{text[:17]}…{text[-18:]}"
