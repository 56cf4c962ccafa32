"""A real PostgreSQL for tests: started when the first test asks for it, and stopped after the last.

The processes of a parallel test run share one. `AMPLIFY_RELEASE_TEST_POSTGRES` may name a server that is
there already, by the URL of a database whose user may create others.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import psycopg
import pytest

GIVEN = "AMPLIFY_RELEASE_TEST_POSTGRES"

#: Below the range that outgoing connections take their ports from.
_PORTS = range(15432, 32768)

_MISSING = (
    "these tests need a PostgreSQL server, and there is none: install it (`apt-get install postgresql` or "
    f"`brew install postgresql`), or name one in {GIVEN}"
)


#: Waits until nobody holds the lock any more, however its holders ended; then stops the server for good.
_WATCH = """
import fcntl, os, shutil, subprocess, sys
lock, directory, *stop = sys.argv[1:]
fcntl.flock(os.open(lock, os.O_RDWR), fcntl.LOCK_EX)
subprocess.run(stop)
shutil.rmtree(directory, ignore_errors=True)
"""


class Server:
    """A PostgreSQL server of our own, in a new directory. It ends when nobody holds `lock` any more.

    `fsync`: whether it waits for the disk.
    """

    def __init__(self, lock: Path, *, fsync: bool = False) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="pg"))  # short: a socket's path has 107 characters
        self._bin = _binaries()
        self._fsync = fsync
        self._port = _free_port()
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self._directory, owner.pw_uid, owner.pw_gid)
        self._run("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync")
        stop = self._command("pg_ctl", "stop", "-m", "immediate")
        watch = [sys.executable, "-c", _WATCH, str(lock), str(self._directory), *stop]
        # A shell lets go of it, so that it outlives whoever starts the server.
        subprocess.run(["sh", "-c", '"$@" >/dev/null 2>&1 </dev/null &', "sh", *watch], check=True)

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self._port,
            "unix_socket_directories": self._directory,
            "fsync": "on" if self._fsync else "off",
            "max_connections": 200,
        }
        settings = " ".join(f"-c {name}={value}" for name, value in options.items())
        self._run("pg_ctl", "start", "-w", "-l", str(self._directory / "log"), "-o", settings)

    def stop(self) -> None:
        """Stop it at once, as a crash would."""
        self._run("pg_ctl", "stop", "-m", "immediate", "-w")

    def _run(self, program: str, *arguments: str) -> None:
        command = self._command(program, *arguments)
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self._directory)
        assert done.returncode == 0, f"{program}: {done.stderr}{done.stdout}"

    def _command(self, program: str, *arguments: str) -> list[str]:
        """Return a command on the server's data; PostgreSQL refuses to run as root."""
        user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        data = str(self._directory / "data")
        return [*(user if os.geteuid() == 0 else []), str(self._bin / program), "-D", data, *arguments]


@contextmanager
def started(*, fsync: bool = False) -> Iterator[Server]:
    """Start a server for the block."""
    with tempfile.NamedTemporaryFile() as lock, _locked(Path(lock.name), fcntl.LOCK_SH):
        server = Server(Path(lock.name), fsync=fsync)
        server.start()
        yield server


def _binaries() -> Path:
    places = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    if (found := shutil.which("postgres")) is not None:
        places.append(Path(found).parent)
    for place in places:
        if (place / "postgres").exists():
            return place
    pytest.fail(_MISSING, pytrace=False)


def _free_port() -> int:
    for port in _PORTS:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the URL of a server that all tests share, each with databases of its own."""
    if given := os.environ.get(GIVEN):
        yield given
        return
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    using, url = shared / "postgres.using", shared / "postgres.url"
    with _locked(using, fcntl.LOCK_SH):
        with _locked(shared / "postgres.starting", fcntl.LOCK_EX):
            if not url.exists():
                server = Server(using)
                server.start()
                url.write_text(server.url)
        yield url.read_text()


@contextmanager
def _locked(path: Path, kind: int) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, kind)
        yield
    finally:
        os.close(descriptor)


_numbers = count(1)


@pytest.fixture
def database(postgres: str) -> Iterator[str]:
    """Give the URL of an empty database, as good as one that no other test sees."""
    with emptied(postgres) as url:
        yield url


@contextmanager
def emptied(server: str) -> Iterator[str]:
    """Make a schema for the block, which is faster than a database; yields the URL that leads there."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
        try:
            yield f"{server}?options=-csearch_path%3D{name}"
        finally:
            connection.execute(f"DROP SCHEMA {name} CASCADE")
