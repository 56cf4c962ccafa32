"""How many failures are too many, as people write it: `3` or `10%`."""

from __future__ import annotations

import re

_COUNT = re.compile(r"[0-9]{1,9}")
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)%")


def parse_max_failures(text: str) -> tuple[int | None, float | None]:
    """Return (count, percent) of which one is None: `3` is (3, None), `10%` is (None, 10.0).

    Raises ValueError that says what to write.
    """
    if _COUNT.fullmatch(text):
        return int(text), None
    match = _PERCENT.fullmatch(text)
    if match is None or (percent := float(match[1])) > 100:
        raise ValueError("expected a whole number or a percentage up to 100%, such as 3 or 10%")
    return None, percent
