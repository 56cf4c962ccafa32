"""The pane tells the run in a fixed number of rows, on every terminal that there is."""

from __future__ import annotations

import io
import os
from contextlib import ExitStack

import pytest
from rich.console import Console

from scheduler.events import Event, LimitChanged, StartAnswered, TargetEnded
from scheduler.model import Job, LaneKey, Outcome, Result, Target
from scheduler.progress.live import FRAME, animate, drawn
from scheduler.progress.pane import ROWS, Pane
from scheduler.progress.tally import Tally
from scheduler.steady import SteadyStream


def targets(lanes: int = 2, branch: str = "main") -> dict[int, Target]:
    return {
        i: Target(account="shop", region=f"r-{i % lanes}", app=f"d{i}", branch=branch, name=f"web{i}")
        for i in range(20)
    }


def events(reason: str = "job 1 ended as FAILED") -> list[Event]:
    begun: list[Event] = [
        StartAnswered(
            at=100.0 + position,
            position=position,
            intent="I",
            result=Result.STARTED,
            job=Job(jobId="1", status="RUNNING"),
        )
        for position in range(8)
    ]
    ended: list[Event] = [
        TargetEnded(at=220.0, position=0, outcome=Outcome.SUCCEEDED, reason=""),
        TargetEnded(at=220.0, position=1, outcome=Outcome.FAILED, reason=reason),
    ]
    limit = LimitChanged(at=1, lane=LaneKey("shop", "r-0"), pace=2.5, window=4, reason="refused with 4 jobs")
    return [*begun, *ended, limit]


def pane(
    *, name: str = "nightly", lanes: int = 2, branch: str = "main", told: list[Event] | None = None
) -> Pane:
    run = targets(lanes, branch)
    tally = Tally(run)
    for event in events() if told is None else told:
        tally.apply(event)
    return Pane(name, tally, run, lambda: 280.0)


def picture(shown: Pane, *, width: int = 100, height: int = 30, encoding: str = "utf-8") -> list[str]:
    """Render without colours, as the lines that a person sees."""
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)
    console = Console(
        file=file,
        width=width,
        height=height,
        force_terminal=True,
        no_color=True,
        color_system=None,
        _environ={},
    )
    console.print(shown)
    file.flush()
    return [line.rstrip() for line in raw.getvalue().decode(encoding).splitlines()]


def test_the_pane_of_a_run_at_work() -> None:
    assert picture(pane()) == [
        "nightly  2 of 20  ━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌  about 4 min left",
        "1 succeeded   1 failed   6 running   12 waiting",
        "starts   0.4 a minute",
        "lane     shop/r-0  3 of 4 in flight, 6 waiting, 2.5 calls/s: refused with 4 jobs",
        "lane     shop/r-1  3 in flight, 6 waiting",
        "",
        "slowest  3 min  running  web2 (shop/r-0/d2/main)",
        "         3 min  running  web3 (shop/r-1/d3/main)",
        "         3 min  running  web4 (shop/r-0/d4/main)",
        "",
        "failed   web1 (shop/r-1/d1/main) failed: job 1 ended as FAILED",
        "",
        "",
    ]


def test_a_pane_of_many_lanes_shows_the_fullest_and_says_so() -> None:
    shown = picture(pane(lanes=10))
    assert len(shown) == ROWS
    assert shown[2] == "starts   0.4 a minute, in 10 lanes; the fullest:"


def test_a_run_that_has_not_begun_has_the_same_height() -> None:
    shown = picture(pane(told=[]))
    assert len(shown) == len(picture(pane()))
    assert shown[:3] == [
        f"nightly  0 of 20  {'╌' * 30}",
        "20 waiting",
        "starts   0.0 a minute",
    ]


def test_a_plan_without_targets_can_be_drawn() -> None:
    empty = Pane("nightly", Tally({}), {}, lambda: 0.0)
    assert picture(empty)[0].startswith("nightly  0 of 0")


def test_a_tiny_terminal_gets_what_matters_most() -> None:
    assert picture(pane(), width=40, height=10) == [
        "nightly  2 of 20  ╌╌╌╌  about 4 min left",
        "1 succeeded   1 failed   6 running   12…",
        "starts   0.4 a minute",
        "lane     shop/r-0  3 of 4 in flight, 6 …",
        "lane     shop/r-1  3 in flight, 6 waiti…",
        "slowest  3 min  running  web2 (shop/r-0…",
        "         3 min  running  web3 (shop/r-1…",
        "         3 min  running  web4 (shop/r-0…",
        "failed   web1 (shop/r-1/d1/main) failed…",
    ]


@pytest.mark.parametrize("width", [1, 2, 10, 40, 400])
@pytest.mark.parametrize("height", [1, 2, 3, 10, 14, 100])
def test_the_pane_fits_every_terminal(width: int, height: int) -> None:
    shown = picture(pane(name="ナイトリー", lanes=10), width=width, height=height)
    assert len(shown) == max(1, min(ROWS, height - 1))


def test_a_terminal_without_unicode_gets_ascii() -> None:
    shown = picture(pane(), encoding="ascii", width=60)
    assert shown[0] == f"nightly  2 of 20  =={'-' * 22}  about 4 min left"
    assert all(line.isascii() for line in shown)


def test_nothing_in_the_pane_can_steer_the_terminal_or_style_it() -> None:
    hostile = "[bold]x[/]\x1b[2J\x9b\u202e\n:smile:"
    shown = picture(pane(name=hostile, branch=hostile, told=events(hostile)), width=200)
    assert len(shown) == 13
    assert all(line.isprintable() for line in shown)
    assert shown[10] == (
        r"failed   web1 (shop/r-1/d1/[bold]x[/]\x1b[2J\x9b\u202e\n:smile:) "
        r"failed: [bold]x[/]\x1b[2J\x9b\u202e\n:smile:"
    )


def test_no_secret_is_shown_in_the_pane() -> None:
    shown = picture(pane(told=events("see https://host.example/log?X-Amz-Signature=abc")), width=200)
    assert shown[10] == "failed   web1 (shop/r-1/d1/main) failed: see https://host.example/log?[redacted]"


@pytest.fixture
def xterm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give rich a terminal of 60 by 12."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("LINES", "12")


@pytest.mark.usefixtures("xterm")
def test_log_lines_stay_above_the_pane_and_the_pane_goes() -> None:
    written = io.StringIO()
    stream = SteadyStream(written)
    with drawn(pane(), stream, colour=False) as draw:
        assert "nightly" in written.getvalue()
        stream.line("02:14:07 web failed")
        draw()
    stream.line("afterwards")
    text = written.getvalue()
    assert text.count("02:14:07 web failed\n") == 1
    assert text.split("02:14:07")[0].endswith("\x1b[2K")  # written where the pane was erased
    assert text.endswith("afterwards\n")
    assert ("\x1b[?25l" in text, "\x1b[?25h" in text) == (True, True)  # the cursor was hidden and is back
    assert "\x1b[2K" in text.rsplit("nightly", 1)[1]  # the last picture was erased


@pytest.mark.usefixtures("xterm")
@pytest.mark.parametrize("colour", [True, False])
def test_colours_are_used_only_where_they_are_wanted(colour: bool) -> None:
    written = io.StringIO()
    with drawn(pane(), SteadyStream(written), colour=colour):
        pass
    assert ("\x1b[31m" in written.getvalue()) is colour


@pytest.mark.usefixtures("xterm")
def test_a_terminal_that_goes_away_does_not_end_the_run() -> None:
    controller, terminal = os.openpty()
    file = open(terminal, "w", encoding="utf-8")  # noqa: SIM115 - closed below, where it must not raise
    stream = SteadyStream(file)
    with drawn(pane(), stream, colour=True) as draw:
        os.close(controller)
        draw()
        stream.line("lost")
        draw()
    file.close()


class Enough(Exception):
    """Enough frames for a test."""


async def test_a_terminal_that_takes_nothing_costs_frames_only() -> None:
    class Stopped(SteadyStream):
        """A terminal under Ctrl-S until its third frame."""

        asked = 0

        def ready(self) -> bool:
            self.asked += 1
            return self.asked > 2

    slept: list[float] = []
    frames: list[int] = []

    async def sleep(seconds: float) -> None:
        if len(slept) == 4:
            raise Enough
        slept.append(seconds)

    stream = Stopped(None)
    with ExitStack(), pytest.raises(Enough):
        await animate(lambda: frames.append(stream.asked), stream, sleep)
    assert (slept, frames) == ([FRAME] * 4, [3, 4])
