"""The pane appears only where a person looks on and the terminal can bear it."""

from __future__ import annotations

import pytest

from scheduler.progress.choose import Mode, choose, coloured
from scheduler.settings import Progress

XTERM = {"TERM": "xterm-256color"}


@pytest.mark.parametrize(
    ("progress", "isatty", "environ", "output", "mode"),
    [
        (Progress.AUTO, True, XTERM, "text", Mode.LIVE),
        (Progress.AUTO, True, {}, "text", Mode.LIVE),
        (Progress.AUTO, False, XTERM, "text", Mode.PLAIN),
        (Progress.AUTO, True, {**XTERM, "CI": "true"}, "text", Mode.PLAIN),
        (Progress.AUTO, True, {**XTERM, "CI": ""}, "text", Mode.LIVE),
        (Progress.AUTO, True, {"TERM": "dumb"}, "text", Mode.PLAIN),
        (Progress.AUTO, True, XTERM, "json", Mode.PLAIN),
        (Progress.AUTO, True, XTERM, "jsonl", Mode.PLAIN),
        (Progress.AUTO, False, {**XTERM, "FORCE_COLOR": "1", "TTY_COMPATIBLE": "1"}, "text", Mode.PLAIN),
        (Progress.AUTO, True, {**XTERM, "NO_COLOR": "1"}, "text", Mode.LIVE),
        (Progress.LIVE, False, {**XTERM, "CI": "true"}, "json", Mode.LIVE),
        (Progress.LIVE, True, {"TERM": "dumb"}, "text", Mode.PLAIN),
        (Progress.PLAIN, True, XTERM, "text", Mode.PLAIN),
        (Progress.NONE, True, XTERM, "text", Mode.NONE),
    ],
)
def test_mode(progress: Progress, isatty: bool, environ: dict[str, str], output: str, mode: Mode) -> None:
    assert choose(progress, isatty=isatty, environ=environ, output=output) is mode


@pytest.mark.parametrize(
    ("isatty", "environ", "colours"),
    [
        (True, XTERM, True),
        (True, {**XTERM, "NO_COLOR": "1"}, False),
        (True, {**XTERM, "NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
        (False, {**XTERM, "FORCE_COLOR": "1"}, False),
    ],
)
def test_colours(isatty: bool, environ: dict[str, str], colours: bool) -> None:
    assert coloured(isatty=isatty, environ=environ) is colours
