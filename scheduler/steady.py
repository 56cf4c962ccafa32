"""A stream for people whose loss never breaks a run: stderr may be closed, full, or a terminal long gone."""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TextIO


class SteadyStream:
    """Writes to `stream` while that works, and to nowhere after it broke.

    `stream` None: there never was one, as when a shell starts us with `2>&-`. It is file enough for rich.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._show: Callable[[str], None] | None = None

    def line(self, text: str) -> None:
        """Write a line, or hand it to whoever draws on this stream at the moment."""
        if self._show is not None:
            self._show(text)
        else:
            self.write(f"{text}\n")
            self.flush()

    @contextmanager
    def drawn_by(self, show: Callable[[str], None]) -> Iterator[None]:
        """Hand lines to `show`, so that they appear above what is being drawn instead of through it."""
        self._show = show
        try:
            yield
        finally:
            self._show = None

    def write(self, text: str) -> int:
        """Write `text` as far as possible."""
        self._attempt(lambda stream: stream.write(text))
        return len(text)

    def flush(self) -> None:
        """Hand on what was written, as far as possible."""
        self._attempt(lambda stream: stream.flush())

    def ready(self) -> bool:
        """Say whether a write would be taken at once: a terminal stopped by Ctrl-S takes none."""
        try:
            return bool(select.select([], [self.fileno()], [], 0)[1])
        except (OSError, ValueError):
            return True  # not a descriptor: it never waits

    def isatty(self) -> bool:
        """Say whether a terminal is at the other end."""
        return self._stream is not None and not self._stream.closed and self._stream.isatty()

    def fileno(self) -> int:
        """Return the file descriptor. Raises OSError when there is none."""
        if self._stream is None:
            raise OSError("there is no stream")
        return self._stream.fileno()

    @property
    def encoding(self) -> str:
        """The encoding that the stream writes."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def _attempt(self, act: Callable[[TextIO], object]) -> None:
        if self._stream is None:
            return
        try:
            act(self._stream)
        except (BlockingIOError, UnicodeEncodeError):
            pass  # a full terminal that somebody made non-blocking, or a poor one: only this text is lost
        except (OSError, ValueError):
            self._retire()

    def _retire(self) -> None:
        # What is left in the buffer fails again when Python exits and would turn the exit code into 120; so
        # the descriptor itself goes to nowhere.
        stream, self._stream = self._stream, None
        if stream is None:
            return
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
            try:
                os.dup2(nowhere, stream.fileno())
            finally:
                os.close(nowhere)
