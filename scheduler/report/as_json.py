"""The report as JSON: the contract itself, of which the other formats are renderings."""

from __future__ import annotations

import json
import re

from ..printable import printable
from .document import Report

#: JSON's own escaping stops at the controls of ASCII.
_BEYOND = re.compile("[\x7f-\U0010ffff]")


def render(report: Report) -> str:
    """Return the report as one indented JSON document."""
    return visible(report.model_dump_json(indent=2)) + "\n"


def visible(document: str) -> str:
    r"""Write what cannot be seen in a JSON document as `\u` escapes; its meaning stays the same."""
    plain = document.isascii() and "\x7f" not in document  # known at once, however long it is
    return document if plain else _BEYOND.sub(_escape, document)


def _escape(match: re.Match[str]) -> str:
    char = match.group()
    return char if printable(char) == char else json.dumps(char)[1:-1]
