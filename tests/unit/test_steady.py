"""The loss of stderr never breaks a run."""

from __future__ import annotations

import io
import os
from contextlib import suppress

import pytest

from scheduler.steady import SteadyStream


def test_lines_are_written_whole() -> None:
    written = io.StringIO()
    SteadyStream(written).line("one")
    assert written.getvalue() == "one\n"


def test_a_reader_that_went_away_costs_the_lines_and_nothing_else() -> None:
    """Closing the file flushes its buffer as Python does at exit; that must not fail either."""
    reader, writer = os.pipe()
    file = open(writer, "w", encoding="utf-8")  # noqa: SIM115 - closed below, where it must not raise
    stream = SteadyStream(file)
    os.close(reader)
    stream.line("lost")
    stream.line("lost too")
    file.close()


def test_a_terminal_that_is_gone_costs_the_lines_and_nothing_else() -> None:
    controller, terminal = os.openpty()
    file = open(terminal, "w", encoding="utf-8")  # noqa: SIM115 - closed below, where it must not raise
    stream = SteadyStream(file)
    assert stream.isatty()
    os.close(controller)
    stream.line("lost")
    assert not stream.isatty()
    file.close()


def test_a_stream_that_never_was_takes_everything() -> None:
    stream = SteadyStream(None)
    stream.line("nowhere")
    assert (stream.isatty(), stream.ready(), stream.encoding) == (False, True, "utf-8")
    with pytest.raises(OSError, match="no stream"):
        stream.fileno()


def test_a_closed_file_takes_everything() -> None:
    file = io.StringIO()
    file.close()
    stream = SteadyStream(file)
    assert not stream.isatty()
    stream.line("nowhere")


class FullOnce(io.StringIO):
    """A non-blocking terminal that is full for one write."""

    full = True

    def write(self, text: str) -> int:
        if self.full:
            self.full = False
            raise BlockingIOError
        return super().write(text)


def test_a_full_terminal_costs_one_line_and_not_the_stream() -> None:
    file = FullOnce()
    stream = SteadyStream(file)
    stream.line("lost")
    stream.line("kept")
    assert file.getvalue() == "kept\n"


def test_a_terminal_that_takes_nothing_is_not_ready_until_it_is_read() -> None:
    controller, terminal = os.openpty()
    os.set_blocking(terminal, False)
    with open(terminal, "w", encoding="utf-8") as file:
        stream = SteadyStream(file)
        assert stream.ready()
        with suppress(BlockingIOError):
            while True:
                os.write(terminal, b"x" * 256)
        assert not stream.ready()
        while not stream.ready():
            os.read(controller, 4096)
    os.close(controller)


def test_lines_go_to_whoever_draws_and_back_to_the_stream_afterwards() -> None:
    written = io.StringIO()
    shown: list[str] = []
    stream = SteadyStream(written)
    with stream.drawn_by(shown.append):
        stream.line("above")
    stream.line("after")
    assert (shown, written.getvalue()) == (["above"], "after\n")
