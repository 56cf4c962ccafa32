"""Files that appear whole: readers see the old one or the new one, never a part, also after a power cut."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, chunks: Iterable[bytes]) -> None:
    """Replace the file by one that holds `chunks`, readable by its owner alone. Raises OSError."""
    descriptor, temporary = beside(path)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(chunks)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    sync_directory(path.parent)


def beside(path: Path) -> tuple[int, str]:
    """Create an empty file in the directory of `path`; return its descriptor and name. Raises OSError."""
    return tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)


def sync_directory(directory: Path) -> None:
    """Make the names in a directory as durable as what is in their files. Raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
