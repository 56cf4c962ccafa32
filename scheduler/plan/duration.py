"""Durations as people write them: `90s`, `45m`, `2h`, `1.5s`, `500ms`."""

from __future__ import annotations

import math
import re
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_PATTERN = r"[0-9]+(\.[0-9]+)?(ms|s|m|h)"
_WORD = re.compile(_PATTERN)


def parse_duration(text: str) -> float:
    """Return the seconds that `text` stands for: a number and its unit (ms, s, m or h), nothing else.

    Raises ValueError that says what to write. A number without a unit is refused: nobody can tell whether
    `timeout: 45` means seconds or minutes.
    """
    match = _WORD.fullmatch(text.strip())
    if match is None:
        raise ValueError(
            f"{text!r} is not a duration; write a number and a unit, such as 90s, 45m, 2h or 500ms"
        )
    unit = match[2]
    return float(match[0].removesuffix(unit)) * _SECONDS[unit]


def _seconds(value: object) -> float:
    if isinstance(value, str):
        return parse_duration(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("a duration is text such as 90s, 45m or 2h, or a number of seconds")  # noqa: TRY004 - pydantic turns a ValueError into a fault of the field
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{value} is not a duration; it must be finite and not negative")
    return float(value)


#: A field of a model: reads `45m`, or a number of seconds where the source has real numbers; holds seconds.
Duration = Annotated[
    float,
    BeforeValidator(_seconds),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "pattern": f"^{_PATTERN}$"}, {"type": "number", "minimum": 0}]}
    ),
]
