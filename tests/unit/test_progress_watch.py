"""Watching a run never disturbs it."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Callable
from typing import cast

import pytest

from scheduler.events import Event, TargetEnded
from scheduler.journal.port import Journal, Listener, RunRecord, TargetRecord
from scheduler.model import AWS, FrozenPlan, Outcome, Target
from scheduler.progress.choose import Mode
from scheduler.progress.watch import watch
from scheduler.steady import SteadyStream

TARGETS = tuple(
    Target(account="shop", region="eu-west-1", app=f"d{i}", branch="main", name=f"d{i}") for i in range(3)
)
RUN = RunRecord(
    id="01A",
    plan=FrozenPlan(name="nightly", path="", digest=""),
    endpoint=AWS,
    version="1",
    follow=True,
    started_at=0.0,
)
RECORDS = [TargetRecord(position=i, target=target) for i, target in enumerate(TARGETS)]


class Events:
    """As much of a journal as watching needs."""

    def __init__(self) -> None:
        self.listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> None:
        self.listeners.append(listener)

    def record(self, event: Event) -> None:
        for listener in self.listeners:
            listener(event)

    @property
    def journal(self) -> Journal:
        return cast("Journal", self)


class StreamLog:
    """A log that writes sentences to a stream, as the real one does in the end."""

    def __init__(self, stream: SteadyStream) -> None:
        self._stream = stream

    def log(self, level: int, event: str, /, **fields: object) -> None:
        self._stream.line(f"{logging.getLevelName(level)} {event} {fields['sentence']}")

    def info(self, event: str, /, **fields: object) -> None:
        self.log(logging.INFO, event, **fields)

    def warning(self, event: str, /, **fields: object) -> None:
        self.log(logging.WARNING, event, **fields)

    def error(self, event: str, /, **fields: object) -> None:
        self.log(logging.ERROR, event, **fields)


class Ticks:
    """A sleep that ends when the test says so."""

    def __init__(self) -> None:
        self._ticks: asyncio.Queue[None] = asyncio.Queue()
        self._taken = asyncio.Event()

    async def sleep(self, _: float) -> None:
        self._taken.set()
        await self._ticks.get()

    async def tick(self) -> None:
        """Let one sleep end and the sleeper come back for the next."""
        await self._taken.wait()
        self._taken.clear()
        self._ticks.put_nowait(None)
        await self._taken.wait()


def failed(position: int) -> Event:
    return TargetEnded(at=1.0, position=position, outcome=Outcome.FAILED, reason="broken")


def parts() -> tuple[Events, io.StringIO, SteadyStream, StreamLog]:
    written = io.StringIO()
    stream = SteadyStream(written)
    return Events(), written, stream, StreamLog(stream)


async def test_plain_says_failures_and_beats_until_the_end() -> None:
    events, written, stream, log = parts()
    ticks = Ticks()
    async with watch(
        events.journal, RUN, Mode.PLAIN, log, stream, records=RECORDS, clock=lambda: 5.0, sleep=ticks.sleep
    ):
        events.record(failed(0))
        await ticks.tick()
    assert written.getvalue().splitlines() == [
        "ERROR target.ended shop/eu-west-1/d0/main failed: broken",
        "INFO run.progressed 1 of 3 ended (1 failed), 2 waiting",
    ]
    assert [task.get_name() for task in asyncio.all_tasks() if task.get_name() == "progress"] == []


async def test_a_resumed_run_counts_what_the_journal_holds() -> None:
    events, written, stream, log = parts()
    ticks = Ticks()
    records = [*RECORDS[:2], TargetRecord(position=2, target=TARGETS[2], outcome=Outcome.SUCCEEDED)]
    async with watch(
        events.journal, RUN, Mode.PLAIN, log, stream, records=records, clock=lambda: 5.0, sleep=ticks.sleep
    ):
        await ticks.tick()
    assert written.getvalue() == "INFO run.progressed 1 of 3 ended, 2 waiting\n"


async def test_a_part_of_a_run_is_counted_as_that_part() -> None:
    events, written, stream, log = parts()
    ticks = Ticks()
    async with watch(
        events.journal,
        RUN,
        Mode.PLAIN,
        log,
        stream,
        records=RECORDS[2:],
        clock=lambda: 5.0,
        sleep=ticks.sleep,
    ):
        events.record(failed(2))
        await ticks.tick()
    assert written.getvalue().splitlines()[1] == "INFO run.progressed 1 of 1 ended (1 failed)"


async def test_none_shows_nothing() -> None:
    events, written, stream, log = parts()
    async with watch(events.journal, RUN, Mode.NONE, log, stream, records=RECORDS):
        events.record(failed(0))
    assert (written.getvalue(), events.listeners) == ("", [])


async def test_live_draws_the_pane_and_keeps_the_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    events, written, stream, log = parts()
    ticks = Ticks()
    async with watch(
        events.journal, RUN, Mode.LIVE, log, stream, records=RECORDS, clock=lambda: 5.0, sleep=ticks.sleep
    ):
        events.record(failed(0))
        await ticks.tick()
    text = written.getvalue()
    assert "  1 of 3  " in text
    assert text.count("ERROR target.ended shop/eu-west-1/d0/main failed: broken") == 1


@pytest.mark.parametrize("mode", [Mode.PLAIN, Mode.NONE])
async def test_what_the_run_raises_passes_through_unchanged(mode: Mode) -> None:
    events, _, stream, log = parts()
    with pytest.raises(KeyError, match="mine"):
        async with watch(events.journal, RUN, mode, log, stream, records=RECORDS):
            raise KeyError("mine")


async def test_an_event_that_cannot_be_shown_ends_the_picture_and_not_the_run() -> None:
    events, written, stream, log = parts()
    async with watch(events.journal, RUN, Mode.PLAIN, log, stream, records=RECORDS):
        events.record(failed(99))
        events.record(failed(0))
    assert written.getvalue() == (
        "ERROR progress.broken progress is no longer shown, the run goes on: KeyError: 99\n"
    )


async def test_a_heartbeat_that_breaks_is_told_at_the_end() -> None:
    events, written, stream, log = parts()
    called = asyncio.Event()

    async def sleep(_: float) -> None:
        called.set()
        raise RuntimeError("no clock")

    async with watch(events.journal, RUN, Mode.PLAIN, log, stream, records=RECORDS, sleep=sleep):
        await called.wait()
    assert written.getvalue() == (
        "ERROR progress.broken progress is no longer shown, the run goes on: RuntimeError: no clock\n"
    )


def test_rich_is_loaded_for_those_who_see_it(run_python: Callable[[str], str]) -> None:
    loaded = run_python(
        "import sys, scheduler.progress.watch, scheduler.progress.choose; print('rich' in sys.modules)"
    )
    assert loaded == "False\n"


@pytest.fixture
def run_python() -> Callable[[str], str]:
    """Run a line of Python in a process of its own."""
    import subprocess
    import sys

    return lambda code: (
        subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
        ).stdout
    )
