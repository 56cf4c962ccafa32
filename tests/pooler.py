"""A real PgBouncer before a real PostgreSQL, in whichever way it is told to pool."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.postgres import free_port

_MISSING = (
    "these tests need PgBouncer, and there is none: install it (`apt-get install pgbouncer` or "
    "`brew install pgbouncer`)"
)

_numbers = count(1)


@contextmanager
def pooled(server: str, *, mode: str) -> Iterator[str]:
    """Stand before a server for the block; yields the URL of a new database that leads through the pooler.

    `mode`: what a client keeps a session of the server's for: session or transaction.
    """
    parts, port, name = urlsplit(server), free_port(), f"pooled_{os.getpid()}_{next(_numbers)}"
    settings = (
        f"[databases]\n{name} = host={parts.hostname} port={parts.port} user={parts.username}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = any\npool_mode = {mode}\n"
    )
    with (
        tempfile.NamedTemporaryFile("w") as file,
        tempfile.TemporaryFile("w+") as said,
        psycopg.connect(server, autocommit=True) as connection,
    ):
        file.write(settings)
        file.flush()
        Path(file.name).chmod(0o644)  # it is read by another user than root
        connection.execute(f"CREATE DATABASE {name}")
        process = subprocess.Popen(_command(file.name), stderr=said)
        url = f"postgresql://{parts.username}@127.0.0.1:{port}/{name}"
        try:
            _await(process, url, said)
            yield url
        finally:
            process.kill()
            process.wait()
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _command(settings: str) -> list[str]:
    """Return its command; it refuses to run as root."""
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    if program is None:
        pytest.fail(_MISSING, pytrace=False)
    user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    return [*(user if os.geteuid() == 0 else []), program, settings]


def _await(process: subprocess.Popen[bytes], url: str, said: TextIO) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                said.seek(0)
                raise AssertionError(f"PgBouncer: {said.read()}") from None
            time.sleep(0.05)
        else:
            return
