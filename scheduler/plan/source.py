"""The bytes of a plan, and the format they are in."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path as File

from .fault import Place
from .tree import MAX_BYTES, Reading, Unreadable

#: What stands for standard input on the command line.
STDIN = "-"


def read_source(path: str) -> Reading:
    """Read a plan file, or standard input (`-`), into a tree.

    The suffix decides the format: `.yaml`, `.yml` or `.toml`; standard input is YAML. Raises Unreadable where
    there is no such file, it is too large, or it does not hold what its suffix says.
    """
    read = _reader(path)
    try:
        content = _bytes(path)
    except (OSError, ValueError) as error:
        raise Unreadable(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(content) > MAX_BYTES:
        raise Unreadable(
            f"larger than {MAX_BYTES // 1024 // 1024} MiB; a plan that large is released from a lock file"
        )
    return read(_text(content))


def _reader(path: str) -> Callable[[str], Reading]:
    match ".yaml" if path == STDIN else File(path).suffix.lower():
        case ".yaml" | ".yml":
            from .yaml_source import read_yaml

            return read_yaml
        case ".toml":
            from .toml_source import read_toml

            return read_toml
        case _:
            raise Unreadable("the suffix tells the format of a plan: .yaml, .yml or .toml")


def _bytes(path: str) -> bytes:
    if path == STDIN:
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    with File(path).open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line = before[before.rfind(b"\n") + 1 :].decode("utf-8-sig")
        place = Place(before.count(b"\n") + 1, len(line) + 1)
        raise Unreadable(f"not UTF-8: byte 0x{content[error.start]:02x}", place) from None
