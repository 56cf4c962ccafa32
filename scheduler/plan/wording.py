"""The validation errors of pydantic, in the words of a plan."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from typing import Any

from pydantic_core import ErrorDetails

from ..printable import printable
from .fault import Fault, Path, did_you_mean, show

#: Keys of plan version 1 that this release does not read.
_LATER = frozenset({"waves", "wave", "select"})
#: Keys that a target has and defaults cannot have.
_OWN = frozenset({"app", "branches", "name"})
_MISSING = {
    "version": "missing; this release reads version 1",
    "targets": "missing; a plan lists what to release",
    "app": "missing; a target names its app by the app's id",
}
#: The types of errors that pydantic has its own, longer words for.
_EXPECTED = {
    "bool_parsing": "expected yes or no",
    "bool_type": "expected yes or no",
    "dict_type": "expected a mapping of keys to values",
    "enum": "expected one of {expected}",
    "float_parsing": "expected a number",
    "float_type": "expected a number",
    "frozen_set_type": "expected a list",
    "greater_than": "expected more than {gt:g}",
    "greater_than_equal": "expected {ge:g} or more",
    "int_from_float": "expected a whole number",
    "int_parsing": "expected a whole number",
    "int_parsing_size": "expected a whole number",
    "int_type": "expected a whole number",
    "less_than_equal": "expected {le:g} or less",
    "list_type": "expected a list",
    "literal_error": "expected one of {expected}",
    "model_type": "expected a mapping of keys to values",
    "tuple_type": "expected a list",
}
_LONGEST = 400
#: How pydantic marks an error of a key instead of its value.
_KEY = "[key]"


def reworded(error: ErrorDetails, path: Path, known: Sequence[str]) -> Fault:
    """Return the fault that an error at `path` tells of; `known` are the keys of the mapping it is in."""
    name = str(path[-1]) if path else "the plan"
    match error["type"]:
        case "extra_forbidden":
            return _unknown(path, known)
        case "missing":
            return Fault(path, _MISSING.get(name, "missing"))
    on_key = name == _KEY
    message = printable(_sentence(error, path))
    if len(message) > _LONGEST:
        message = f"{message[:_LONGEST]}…"
    return Fault(path[:-1] if on_key else path, message, on_key=on_key)


def later(path: Path) -> Fault:
    """Return the fault of a key that a later release reads."""
    return Fault(path, "part of plan version 1, not yet supported by this release", on_key=True)


def _unknown(path: Path, known: Sequence[str]) -> Fault:
    name = str(path[-1])
    if name in _LATER:
        return later(path)
    if name in _OWN and path[0] == "defaults":
        return Fault(path, "belongs to a target, not to defaults", on_key=True)
    return Fault(path, f"unknown key{did_you_mean(name, known)}", on_key=True)


def _sentence(error: ErrorDetails, path: Path) -> str:
    value: Any = error["input"]
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    if value is None:
        return _empty(path)
    kind, context = error["type"], error.get("ctx", {})
    if kind == "string_type":
        return _not_text(value, path)
    if kind in _EXPECTED:
        expected = _EXPECTED[kind].format_map(context)
    else:
        expected = error["msg"].replace("Input should be", "expected")
    return f"{expected}, got {show(value)}"


def _empty(path: Path) -> str:
    match path:
        case (*_, str(name)) if len(path) > 1:
            return f"{name} is empty; quote it, or leave it out"
        case (str(name),) if name in _MISSING:
            return _MISSING[name]
        case (*_, int()):
            return "this item is empty; quote it, or leave it out"
        case _:
            return "empty; leave it out, or fill it in"


def _not_text(value: object, path: Path) -> str:
    """Say how to write what TOML took for something else than text; YAML has nothing else."""
    if path[-1] == "external_id":
        return "expected text"
    match value:
        case bool():
            kind = "a boolean"
        case float():
            kind = "a number"
        case int() if value.bit_length() <= 64:
            kind = "a number"
        case date() | time():
            kind = "a date or a time"
        case _:
            return f"expected text, got {show(value)}"
    text = f'{path[-1]} = "{show(value)}"' if isinstance(path[-1], str) else f'"{show(value)}"'
    return f"write {text}; to TOML {show(value)} is {kind}"
