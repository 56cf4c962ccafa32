"""The live pane on a terminal; the only door to rich."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import IO, NoReturn, cast

from rich.console import Console
from rich.live import Live
from rich.text import Text

from ..steady import SteadyStream
from .pane import Pane

FRAME = 0.25  #: seconds between frames


@contextmanager
def drawn(pane: Pane, stream: SteadyStream, *, colour: bool) -> Iterator[Callable[[], None]]:
    """Keep `pane` at the bottom of the terminal, log lines above it; yield what draws it anew.

    The pane is gone at the end, the lines stay.
    """
    console = Console(
        file=cast("IO[str]", stream),
        force_terminal=True,  # the mode has been decided; rich would be talked into it by FORCE_COLOR
        no_color=not colour,
        markup=False,
        highlight=False,
        emoji=False,
    )
    live = Live(pane, console=console, auto_refresh=False, transient=True, redirect_stdout=False)

    def above(line: str) -> None:
        console.print(
            Text.from_ansi(line)
        )  # the escapes in it are our own colours; all others are text by now

    with live, stream.drawn_by(above):
        yield live.refresh


async def animate(
    draw: Callable[[], None], stream: SteadyStream, sleep: Callable[[float], Awaitable[object]]
) -> NoReturn:
    """Draw four times a second. A terminal that takes nothing (Ctrl-S) costs frames, not the run."""
    while True:
        await sleep(FRAME)
        if stream.ready():
            draw()
