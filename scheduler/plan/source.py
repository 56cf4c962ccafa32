"""The bytes of a plan, and the format they are in."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path as File
from typing import BinaryIO

from .fault import Place
from .tree import MAX_BYTES, Reading, Unreadable

#: What stands for standard input on the command line.
STDIN = "-"

#: The key that a lock file begins with, and no plan: its value is the version of the lock.
LOCK_KEY = "amplify_release_lock"
_LOCK = f'{{"{LOCK_KEY}":'.encode()


@dataclass(frozen=True, slots=True)
class Source:
    """An open plan or lock file; its first bytes have been read, since they tell which."""

    path: str
    first: bytes
    rest: BinaryIO

    @property
    def name(self) -> str:
        """What people call the file."""
        return named(self.path)

    @property
    def locked(self) -> bool:
        """Whether it is a lock file, whatever it is called."""
        return self.first == _LOCK

    def lines(self, longest: int) -> Iterator[bytes]:
        """Yield the lines; one that is too long comes in parts. Raises OSError."""
        yield self.first + self.rest.readline(longest)
        while line := self.rest.readline(longest):
            yield line

    def tree(self) -> Reading:
        """Read a plan into a tree.

        The suffix decides the format: `.yaml`, `.yml` or `.toml`; standard input is YAML. Raises Unreadable
        where it is too large or does not hold what its suffix says, and OSError.
        """
        read = _reader(self.path)
        content = self.first + self.rest.read(MAX_BYTES + 1 - len(self.first))
        if len(content) > MAX_BYTES:
            raise Unreadable(
                f"larger than {MAX_BYTES // 1024 // 1024} MiB; a plan that large is released from a lock file"
            )
        return read(_text(content))


def named(path: str) -> str:
    """Return what people call the file at `path`."""
    return "<stdin>" if path == STDIN else path


@contextmanager
def open_source(path: str) -> Iterator[Source]:
    """Open a plan or lock file, or standard input (`-`).

    Raises Unreadable where there is no such file, or it cannot be read in the block.
    """
    with ExitStack() as opened:
        try:
            file = sys.stdin.buffer if path == STDIN else opened.enter_context(File(path).open("rb"))
            source = Source(path, file.read(len(_LOCK)), file)
        except (OSError, ValueError) as error:
            raise _unreadable(error) from None
        try:
            yield source
        except OSError as error:
            raise _unreadable(error) from None


def _unreadable(error: OSError | ValueError) -> Unreadable:
    return Unreadable(f"cannot be read: {getattr(error, 'strerror', None) or error}")


def _reader(path: str) -> Callable[[str], Reading]:
    match ".yaml" if path == STDIN else File(path).suffix.lower():
        case ".yaml" | ".yml":
            from .yaml_source import read_yaml

            return read_yaml
        case ".toml":
            from .toml_source import read_toml

            return read_toml
        case _:
            raise Unreadable(
                "the suffix tells the format of a plan: .yaml, .yml or .toml; "
                "a lock file would be known by its first line"
            )


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line = before[before.rfind(b"\n") + 1 :].decode("utf-8-sig")
        place = Place(before.count(b"\n") + 1, len(line) + 1)
        raise Unreadable(f"not UTF-8: byte 0x{content[error.start]:02x}", place) from None
