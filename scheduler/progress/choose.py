"""How progress is shown, decided from what the surroundings can bear."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import assert_never

from ..settings import Progress


class Mode(StrEnum):
    """How progress is shown, decided."""

    LIVE = "live"
    PLAIN = "plain"
    NONE = "none"


def choose(progress: Progress, *, isatty: bool, environ: Mapping[str, str], output: str) -> Mode:
    """Return the mode for what was asked for.

    `isatty` is stderr's, `output` is the value of `-o`. By itself the pane appears only where a person
    looks on: at a terminal, outside CI (which sets `CI` and yet may offer a terminal), and when stdout
    carries text. A dumb terminal cannot move its cursor, so it gets lines even if the pane was asked for.
    """
    able = environ.get("TERM") != "dumb"
    match progress:
        case Progress.NONE:
            return Mode.NONE
        case Progress.PLAIN:
            return Mode.PLAIN
        case Progress.LIVE:
            return Mode.LIVE if able else Mode.PLAIN
        case Progress.AUTO:
            watched = isatty and not environ.get("CI") and output == "text"
            return Mode.LIVE if able and watched else Mode.PLAIN
        case _:
            assert_never(progress)


def coloured(*, isatty: bool, environ: Mapping[str, str]) -> bool:
    """Say whether a stream gets colours: at a terminal that has them, unless `NO_COLOR` is set."""
    return isatty and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
