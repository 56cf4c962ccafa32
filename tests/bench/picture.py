"""A run as a picture: the window, the jobs that ran and those that waited, over time."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from .measure import Trace

WIDTH, HEIGHT = 960, 400
LEFT, RIGHT, TOP, BOTTOM = 56, 28, 40, 44
POINTS = 600

_LINES = (("window", "#888", "6 4"), ("running", "#1a7f37", ""), ("pending", "#cf222e", ""))


def draw(title: str, trace: Trace) -> str:
    """Return the picture as SVG."""
    end = max(trace.ends)
    times = [end * place / POINTS for place in range(POINTS + 1)]
    lines: dict[str, Sequence[int | None]] = {
        "running": [_count(trace.grants, at) - _count(trace.ends, at) for at in times],
        "pending": [_count(trace.starts, at) - _count(trace.grants, at) for at in times],
        "window": [_window(trace, at) for at in times],
    }
    most = max(1, *(value for line in lines.values() for value in line if value is not None))
    across, up = (WIDTH - LEFT - RIGHT) / end, (HEIGHT - TOP - BOTTOM) / most
    floor = HEIGHT - BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">',
        "<style>text { font: 12px sans-serif }</style>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="20">{escape(title)}</text>',
    ]
    for share in (0, 0.25, 0.5, 0.75, 1):
        y, x = floor - share * most * up, LEFT + share * end * across
        parts += [
            f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#ddd"/>',
            f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{share * most:.0f}</text>',
            f'<text x="{x:.1f}" y="{floor + 18}" text-anchor="middle">{share * end / 60:.0f} min</text>',
        ]
    for place, (name, colour, dashes) in enumerate(_LINES):
        x = WIDTH - RIGHT - 240 + 84 * place
        stroke = f'stroke="{colour}" stroke-width="1.5" stroke-dasharray="{dashes}"'
        parts += [
            f'<path d="{_path(times, lines[name], across, up)}" fill="none" {stroke}/>',
            f'<line x1="{x}" y1="16" x2="{x + 18}" y2="16" {stroke}/><text x="{x + 22}" y="20">{name}</text>',
        ]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _count(moments: Sequence[float], at: float) -> int:
    return sum(moment <= at for moment in moments)


def _window(trace: Trace, at: float) -> int | None:
    known = None
    for changed, window in trace.windows:
        if changed > at:
            break
        known = window
    return known


def _path(times: Sequence[float], values: Sequence[int | None], across: float, up: float) -> str:
    """Join the points by steps; where a value is unknown the line has a gap."""
    steps, before = [], None
    for at, value in zip(times, values, strict=True):
        if value is not None:
            x, y = LEFT + at * across, HEIGHT - BOTTOM - value * up
            steps.append(f"M{x:.1f} {y:.1f}" if before is None else f"H{x:.1f}V{y:.1f}")
        before = value
    return "".join(steps)
