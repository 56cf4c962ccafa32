"""Show a run while it goes on, in the mode chosen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from typing import assert_never

from ..events import Event
from ..journal.port import Heard, Listener, RunRecord, TargetRecord
from ..logs import Log
from ..steady import SteadyStream
from .choose import Mode
from .plain import PlainLines, beat
from .tally import Tally


@asynccontextmanager
async def watch(
    journal: Heard,
    run: RunRecord,
    mode: Mode,
    log: Log,
    stream: SteadyStream,
    *,
    records: Sequence[TargetRecord],
    follow: bool = True,
    every: bool = False,
    colour: bool = False,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> AsyncIterator[None]:
    """Show a run for as long as the block lasts.

    `records` are the targets to show, with what the journal holds of them already. `stream` is what `log`
    writes to. `follow`: the run waits for the ends of its jobs. `every`: write every event, as the JSON log
    does. A fault in here is logged and never reaches the run.
    """
    if mode is Mode.NONE:
        yield
        return
    targets = {record.position: record.target for record in records}
    tally = Tally(targets, follow=follow)
    tally.restore(records, at=clock())
    lines = PlainLines(log, targets, run.told, every=every)
    journal.subscribe(_harmless(tally, lines, log))
    with ExitStack() as stack:
        match mode:
            case Mode.PLAIN:
                motion = beat(log, tally, every=every, clock=clock, sleep=sleep)
            case Mode.LIVE:
                from .live import animate, drawn  # rich is loaded for those who see it
                from .pane import Pane

                pane = Pane(run.plan.name, tally, targets, clock)
                motion = animate(stack.enter_context(drawn(pane, stream, colour=colour)), stream, sleep)
            case _:
                assert_never(mode)
        moving = asyncio.create_task(motion, name="progress")
        try:
            yield
        finally:
            moving.cancel()
            await asyncio.wait([moving])
            if not moving.cancelled() and (fault := moving.exception()) is not None:
                _tell(log, fault)


def _harmless(tally: Tally, lines: PlainLines, log: Log) -> Listener:
    """Follow events until one cannot be shown."""
    broken = False

    def listen(event: Event) -> None:
        nonlocal broken
        if broken:
            return
        try:
            tally.apply(event)
            lines(event)
        except Exception as fault:  # noqa: BLE001 - whatever is wrong with the picture, the release goes on
            broken = True
            _tell(log, fault)

    return listen


def _tell(log: Log, fault: BaseException) -> None:
    text = f"progress is no longer shown, the run goes on: {type(fault).__name__}: {fault}"
    log.error("progress.broken", sentence=text)
