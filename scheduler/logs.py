"""Log lines for people and machines: one pipeline from a fact to a line on stderr.

time → level → redact → printable → render. Names of log events are constant (`noun.verb_past`); whatever
comes from AWS or a plan travels in fields. A `sentence` among the fields is what a person reads.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable, Mapping, MutableMapping
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Protocol, assert_never

from .printable import printable
from .redact import REDACTED, redact, secret_name
from .steady import SteadyStream

#: Libraries that log requests, tokens and signatures at DEBUG: WARNING is as much as they may ever say.
LIBRARIES = ("botocore", "aiobotocore", "aiohttp", "urllib3", "asyncio")

_encode = json.JSONEncoder(separators=(",", ":")).encode
_COLOURS = {"warning": "\x1b[33m", "error": "\x1b[31m", "critical": "\x1b[31m"}
_DIM = "\x1b[2m"
_PLAIN = "\x1b[0m"

Fields = MutableMapping[str, object]
Renderer = Callable[[str, Fields], str]


class LogFormat(StrEnum):
    """How log lines are written to stderr."""

    CONSOLE = "console"  #: for people
    JSON = "json"  #: an object a line, for machines


class Log(Protocol):
    """What the rest of the program needs of a logger."""

    def log(self, level: int, event: str, /, **fields: object) -> object:
        """Write an event at a level of the module `logging`."""
        ...

    def info(self, event: str, /, **fields: object) -> object:
        """Write what a person may want to read."""
        ...

    def warning(self, event: str, /, **fields: object) -> object:
        """Write what a person should read."""
        ...

    def error(self, event: str, /, **fields: object) -> object:
        """Write what went wrong."""
        ...


def configure(
    log_format: LogFormat,
    level: int,
    stream: SteadyStream,
    *,
    colour: bool = False,
    clock: Callable[[], float] = time.time,
) -> Log:
    """Set up logging for this process and return its logger.

    `level` is one of the module `logging`; it holds for this program's own lines, never for libraries. A
    field `at` (seconds since the epoch) is the time of the line; without it `clock` is asked.
    """
    import structlog  # 80 ms that `--help` need not pay

    render = _renderer(log_format, colour=colour)

    def finish(_: object, method: str, fields: Fields) -> str:
        fields.setdefault("at", clock())
        return render(method, clean(fields))

    structlog.configure(
        processors=[finish],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _Lines(stream),
        cache_logger_on_first_use=False,
    )
    log: Log = structlog.get_logger().bind()
    _forward_libraries(log)
    return log


def clean(fields: Mapping[str, object]) -> Fields:
    """Return `fields` without secrets and without anything a terminal would obey, in keys and in values."""
    return {_text(key): REDACTED if _secret(key) else _value(value) for key, value in fields.items()}


def _value(value: object) -> object:
    match value:
        case str():
            return _text(value)
        case None | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case Mapping():
            return clean({str(key): item for key, item in value.items()})
        case list() | tuple() | set() | frozenset():
            return [_value(item) for item in value]
        case _:
            return _text(str(value))


# Keys, names and branches come again and again.
_secret = lru_cache(maxsize=256)(secret_name)


@lru_cache(maxsize=2048)
def _text(text: str) -> str:
    return printable(redact(text))


def _renderer(log_format: LogFormat, *, colour: bool) -> Renderer:
    match log_format:
        case LogFormat.JSON:
            return _json_line
        case LogFormat.CONSOLE:
            return lambda method, fields: _console_line(method, fields, colour=colour)
        case _:
            assert_never(log_format)


def _json_line(method: str, fields: Fields) -> str:
    moment = datetime.fromtimestamp(_seconds(fields), UTC).isoformat(timespec="milliseconds")
    head = {"timestamp": moment.replace("+00:00", "Z"), "level": method, "event": fields.pop("event", "")}
    return _encode({**head, **fields})


def _console_line(method: str, fields: Fields, *, colour: bool) -> str:
    clock = datetime.fromtimestamp(_seconds(fields)).astimezone().strftime("%H:%M:%S")
    event = fields.pop("event", "")
    sentence = str(fields.pop("sentence", event))
    rest = " ".join(f"{key}={_word(value)}" for key, value in fields.items())
    if colour:
        clock = f"{_DIM}{clock}{_PLAIN}"
        rest = rest and f"{_DIM}{rest}{_PLAIN}"
        if method in _COLOURS:
            sentence = f"{_COLOURS[method]}{sentence}{_PLAIN}"
    return f"{clock} {sentence}  {rest}".rstrip()


def _seconds(fields: Fields) -> float:
    at = fields.pop("at")
    return float(at) if isinstance(at, int | float) else 0.0


def _word(value: object) -> str:
    """Write a value so that its end is seen."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if text and not any(mark in text for mark in ' "='):
        return text
    quoted = text.replace('"', '\\"')
    return f'"{quoted}"'


class _Lines:
    """What structlog calls with the finished line, by the name of the level."""

    def __init__(self, stream: SteadyStream) -> None:
        self.debug = self.info = self.warning = self.error = self.critical = stream.line


class _Forward(logging.Handler):
    """Send what libraries log through the pipeline: no tracebacks, no secrets."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):  # arguments that do not fit the format
            message = str(record.msg)
        fields: dict[str, object] = {"library": record.name, "message": message}
        if record.exc_info and record.exc_info[1] is not None:
            fields["error"] = f"{type(record.exc_info[1]).__name__}: {record.exc_info[1]}"
        level = logging.ERROR if record.levelno >= logging.ERROR else logging.WARNING
        self._log.log(level, "library.reported", **fields)


def _forward_libraries(log: Log) -> None:
    root = logging.getLogger()
    for handler in [old for old in root.handlers if isinstance(old, _Forward)]:
        root.removeHandler(handler)
    root.addHandler(_Forward(log))
    root.setLevel(logging.WARNING)
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
