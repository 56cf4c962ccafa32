"""A real PostgreSQL for tests: started by the first test of a process that asks for it.

`AMPLIFY_RELEASE_TEST_POSTGRES` may name a server that is there already, by the URL of a database whose user
may create others.
"""

from __future__ import annotations

import os
import pwd
import random
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


#: Waits until those who started the server have let go of this process's input, however they ended.
_WATCH = """
import shutil, subprocess, sys
directory, *stop = sys.argv[1:]
sys.stdin.read()
subprocess.run(stop, capture_output=True)
shutil.rmtree(directory, ignore_errors=True)
"""


class Server:
    """A PostgreSQL server of our own, in a new directory. It never outlives this process.

    `fsync`: whether it waits for the disk.
    """

    def __init__(self, *, fsync: bool = False) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="pg"))  # short: a socket's path has 107 characters
        self._bin = _binaries()
        self._fsync = fsync
        self._port = free_port()
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self._directory, owner.pw_uid, owner.pw_gid)
        self._run("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync")
        stop = self._command("pg_ctl", "stop", "-m", "immediate")
        watch = [sys.executable, "-c", _WATCH, str(self._directory), *stop]
        # A session of its own, for a Ctrl-C is meant for others.
        self._watch = subprocess.Popen(watch, stdin=subprocess.PIPE, start_new_session=True)

    def close(self) -> None:
        """Stop it for good, and leave nothing behind."""
        self._watch.communicate()

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
    server = Server(fsync=fsync)
    try:
        server.start()
        yield server
    finally:
        server.close()


def _binaries() -> Path:
    places = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    if (found := shutil.which("postgres")) is not None:
        places.append(Path(found).parent)
    for place in places:
        if (place / "postgres").exists():
            return place
    pytest.fail(_MISSING, pytrace=False)


def free_port() -> int:
    """Find a port; by chance, for others look for one at the same time."""
    for port in random.sample(_PORTS, len(_PORTS)):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Give the URL of a server that the tests of this process share, each with a schema of its own."""
    if given := os.environ.get(GIVEN):
        yield given
        return
    with started() as server:
        yield server.url


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
