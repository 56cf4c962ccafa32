"""A log line tells what happened, carries no secret, and cannot steer a terminal."""

from __future__ import annotations

import io
import json
import logging
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
import structlog

from scheduler.logs import LIBRARIES, Log, LogFormat, clean, configure
from scheduler.steady import SteadyStream

AT = datetime(2026, 11, 24, 2, 14, 7, 250_000, UTC).timestamp()

Configure = Callable[..., tuple[Log, io.StringIO]]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Configure]:
    """Configure logging to a string at a fixed time in UTC, and undo it afterwards."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    root = logging.getLogger()
    before, level = list(root.handlers), root.level

    def configured(
        log_format: LogFormat, level: int = logging.INFO, *, colour: bool = False
    ) -> tuple[Log, io.StringIO]:
        written = io.StringIO()
        log = configure(log_format, level, SteadyStream(written), colour=colour, clock=lambda: AT)
        return log, written

    yield configured
    structlog.reset_defaults()
    root.handlers[:] = before
    root.setLevel(level)
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(logging.NOTSET)
    monkeypatch.undo()
    time.tzset()


def test_a_person_reads_the_sentence_and_the_fields_that_are_left(start: Configure) -> None:
    log, written = start(LogFormat.CONSOLE)
    log.info("lane.stopped", sentence="shop/eu-west-1 stopped", calls=3, reason="no such app", empty="")
    assert written.getvalue() == ('02:14:07 shop/eu-west-1 stopped  calls=3 reason="no such app" empty=""\n')


def test_without_a_sentence_the_name_of_the_event_stands_for_it(start: Configure) -> None:
    log, written = start(LogFormat.CONSOLE)
    log.info("run.ended")
    assert written.getvalue() == "02:14:07 run.ended\n"


def test_a_line_has_the_time_of_its_fact_if_that_is_known(start: Configure) -> None:
    log, written = start(LogFormat.CONSOLE)
    log.info("run.ended", at=AT + 60)
    assert written.getvalue() == "02:15:07 run.ended\n"


def test_colour_marks_what_went_wrong_and_dims_the_rest(start: Configure) -> None:
    log, written = start(LogFormat.CONSOLE, colour=True)
    log.error("target.ended", sentence="web failed", job="17")
    assert written.getvalue() == ("\x1b[2m02:14:07\x1b[0m \x1b[31mweb failed\x1b[0m  \x1b[2mjob=17\x1b[0m\n")


def test_a_machine_reads_one_object_a_line(start: Configure) -> None:
    log, written = start(LogFormat.JSON)
    log.warning(
        "limit.changed", lane="shop/eu-west-1", window=None, pace=float("inf"), labels={"a": ("b", 1)}
    )
    assert written.getvalue().count("\n") == 1
    assert json.loads(written.getvalue()) == {
        "timestamp": "2026-11-24T02:14:07.250Z",
        "level": "warning",
        "event": "limit.changed",
        "lane": "shop/eu-west-1",
        "window": None,
        "pace": "inf",
        "labels": {"a": ["b", 1]},
    }


def test_what_is_below_the_level_is_not_written(start: Configure) -> None:
    log, written = start(LogFormat.CONSOLE, logging.ERROR)
    log.info("run.progressed")
    log.log(logging.WARNING, "start.answered")
    log.log(logging.ERROR, "target.ended")
    assert written.getvalue() == "02:14:07 target.ended\n"


@pytest.mark.parametrize("log_format", LogFormat)
def test_neither_keys_nor_values_can_steer_a_terminal(start: Configure, log_format: LogFormat) -> None:
    log, written = start(log_format)
    hostile = "a\x1b[2J\x9b\u202e\u2028\r\nb"
    log.info("target.ended", sentence=hostile, **{hostile: {hostile: [hostile]}})
    line = written.getvalue()
    assert line.endswith("\n")
    assert line[:-1].isprintable()


@pytest.mark.parametrize("log_format", LogFormat)
def test_no_secret_is_written_in_any_place(start: Configure, log_format: LogFormat) -> None:
    log, written = start(log_format)
    secret = "wJalrXUtnFEMI"
    log.info(
        "library.reported",
        sentence=f"aws_secret_access_key={secret}",
        session_token=secret,
        url=f"https://host.example/log?X-Amz-Signature={secret}",
        nested=[{"X-Amz-Security-Token": secret}],
        error=ValueError(f"https://me:{secret}@host.example"),
    )
    assert secret not in written.getvalue()
    assert written.getvalue().count("[redacted]") == 5


def test_clean_keeps_numbers_and_truth_as_they_are() -> None:
    assert clean({"a": 1, "b": True, "c": None, "d": 1.5}) == {"a": 1, "b": True, "c": None, "d": 1.5}


def test_libraries_speak_through_the_same_pipeline_without_tracebacks(start: Configure) -> None:
    _, written = start(LogFormat.CONSOLE)
    fault = RuntimeError("no\x1b[2J key")
    logging.getLogger("botocore.tokens").warning("cannot load %s", "AKIAIOSFODNN7EXAMPLE", exc_info=fault)
    assert written.getvalue() == (
        '02:14:07 library.reported  library=botocore.tokens message="cannot load [redacted]" '
        r'error="RuntimeError: no\x1b[2J key"'
        "\n"
    )


def test_a_library_that_formats_wrongly_is_still_heard(
    start: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, written = start(LogFormat.CONSOLE)
    root = logging.getLogger()
    ours = [handler for handler in root.handlers if type(handler).__module__ == "scheduler.logs"]
    monkeypatch.setattr(root, "handlers", ours)  # pytest's own handlers would raise
    logging.getLogger("aiohttp.client").error("%d calls", "many")
    assert written.getvalue() == '02:14:07 library.reported  library=aiohttp.client message="%d calls"\n'


@pytest.mark.parametrize("library", LIBRARIES)
def test_libraries_never_say_more_than_warnings(start: Configure, library: str) -> None:
    """At DEBUG they write tokens and signatures; our own verbosity must not open that."""
    _, written = start(LogFormat.CONSOLE, logging.DEBUG)
    logging.getLogger().setLevel(logging.DEBUG)
    logger = logging.getLogger(f"{library}.auth")
    logger.info("StringToSign")
    assert (written.getvalue(), logger.isEnabledFor(logging.INFO)) == ("", False)


def test_configuring_again_does_not_write_lines_twice(start: Configure) -> None:
    _, first = start(LogFormat.CONSOLE)
    _, second = start(LogFormat.CONSOLE)
    logging.getLogger("botocore").warning("once")
    assert (first.getvalue(), second.getvalue().count("once")) == ("", 1)
