"""A journal's file read; any number may read while a run writes."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any, Self

from ..questions import SqlReader
from ..refusals import missing
from ..rows import Row
from .database import FILE
from .faults import explained
from .read_only import connect_to_look


class SqliteReader(SqlReader):
    """Read a journal's file."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        super().__init__(str(path))
        self._path = path
        self._reading = connection

    @classmethod
    def open(cls, directory: Path) -> Self:
        """Open a state directory's journal for reading. Raises RunNotFound where there is none."""
        path = directory / FILE
        if not os.path.lexists(path):
            raise missing(str(path))
        return cls(path, connect_to_look(path))

    def close(self) -> None:
        """Close the file."""
        self._reading.close()

    def _rows(self, query: str, *values: Any) -> list[Row]:
        with explained(self._path):
            return self._reading.execute(query, values).fetchall()
