"""The fields of a plan that hold numbers, choices and times, and the sentence for what each may not hold.

YAML gives text for every one of them and TOML its own types; both are read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from ..model import JobType, OnBusy
from .budget import parse_max_failures
from .duration import Duration
from .fault import did_you_mean, show

_WHOLE = re.compile(r"[+-]?[0-9]{1,9}")
_YEAR = 366 * 86400.0

Choice = TypeVar("Choice", bound=StrEnum)


def _whole(value: object) -> int | None:
    """Read a whole number of up to nine digits; None: it is none."""
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**9 else None


def _number(least: int | None = None, word: str | None = None) -> Callable[[object], int | None]:
    wanted = "a whole number" if least is None else f"a whole number, {least} or more"
    wanted = f"{word} or {wanted}" if word else wanted

    def read(value: object) -> int | None:
        if word is not None and value == word:
            return None
        number = _whole(value)
        if number is None or (least is not None and number < least):
            raise ValueError(f"expected {wanted}, got {show(value)}")
        return number

    return read


def _version(value: object) -> int:
    if _whole(value) != 1:
        raise ValueError(f"this release reads plans of version 1, got {show(value)}")
    return 1


def _max_failures(value: object) -> tuple[int | None, float | None]:
    number = _whole(value)
    try:
        return parse_max_failures(value if isinstance(value, str) else str(number))
    except ValueError as error:
        raise ValueError(f"{error}; got {show(value)}") from None


def _choice(choices: type[Choice]) -> Callable[[object], Choice]:
    words = [choice.value for choice in choices]

    def read(value: object) -> Choice:
        if isinstance(value, str) and value in words:
            return choices(value)
        hint = did_you_mean(value, words) if isinstance(value, str) else ""
        raise ValueError(f"expected one of {', '.join(words)}, got {show(value)}{hint}")

    return read


def _moment(value: object) -> datetime:
    """Read ISO 8601 into UTC; without a zone, UTC is meant."""
    moment = value
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:
            moment = None
    elif isinstance(moment, date) and not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    try:
        if isinstance(moment, datetime):
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        pass
    raise ValueError(f"expected a time such as 2026-11-24T17:30:00Z, got {show(value)}")


def _within_a_year(seconds: float) -> float:
    if not seconds <= _YEAR:
        raise ValueError("longer than a year")
    return seconds


def _integer(least: int | None = None) -> WithJsonSchema:
    return WithJsonSchema({"type": "integer"} if least is None else {"type": "integer", "minimum": least})


Version = Annotated[int, BeforeValidator(_version), WithJsonSchema({"const": 1})]
Integer = Annotated[int, BeforeValidator(_number()), _integer()]
Natural = Annotated[int, BeforeValidator(_number(0)), _integer(0)]
Positive = Annotated[int, BeforeValidator(_number(1)), _integer(1)]
Builds = Annotated[
    int | None,
    BeforeValidator(_number(1, "auto")),
    WithJsonSchema({"anyOf": [{"const": "auto"}, {"type": "integer", "minimum": 1}]}),
]
MaxFailures = Annotated[
    tuple[int | None, float | None],
    BeforeValidator(_max_failures),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": r"^([0-9]{1,9}|[0-9]{1,3}(\.[0-9]{1,6})?%)$"},
            ]
        }
    ),
]
Flag = Annotated[bool, WithJsonSchema({"enum": [True, False, "yes", "no", "on", "off"]})]
Moment = Annotated[datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string"})]
Timeout = Annotated[Duration, AfterValidator(_within_a_year)]
JobTypeChoice = Annotated[
    JobType,
    BeforeValidator(_choice(JobType)),
    WithJsonSchema({"enum": [choice.value for choice in JobType]}),
]
OnBusyChoice = Annotated[
    OnBusy,
    BeforeValidator(_choice(OnBusy)),
    WithJsonSchema({"enum": [choice.value for choice in OnBusy]}),
]
