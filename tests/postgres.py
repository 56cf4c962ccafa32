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


class Server:
    """A PostgreSQL server of our own, in a directory of its own; nothing in it outlives the tests.

    `fsync`: whether it waits for the disk.
    """

    def __init__(self, directory: Path, *, fsync: bool = False) -> None:
        self.directory = directory
        self._fsync = fsync
        self.port = _free_port()
        self._bin = _binaries()
        self._process: subprocess.Popen[bytes] | None = None
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(directory, owner.pw_uid, owner.pw_gid)
        self._run("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync")

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start it and wait until it answers. It ends with this process, whatever happens to that."""
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self.directory,
            "fsync": "on" if self._fsync else "off",
            "max_connections": 200,
        }
        settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *_as_its_user(die_with_us=True),
                    self._bin / "postgres",
                    "-D",
                    self.directory / "data",
                    *settings,
                ],
                stdout=log,
                stderr=log,
                cwd=self.directory,
            )
        while True:
            if self._process.poll() is not None:
                raise AssertionError((self.directory / "log").read_text())
            with suppress(psycopg.OperationalError), psycopg.connect(self.url):
                return

    def stop(self) -> None:
        """Stop it at once, as a crash would."""
        if self._process is not None:
            self._run("pg_ctl", "stop", "-m", "immediate", "-w")
            self._process.wait()

    def _run(self, program: str, *arguments: str) -> None:
        command = [*_as_its_user(), *self._program(program), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self.directory)
        assert done.returncode == 0, f"{program}: {done.stderr}{done.stdout}"

    def _program(self, name: str) -> list[str]:
        return [str(self._bin / name), "-D", str(self.directory / "data")]


@contextmanager
def started(*, fsync: bool = False) -> Iterator[Server]:
    """Start a server for the block."""
    directory = Path(tempfile.mkdtemp(prefix="pg"))  # short: a socket's path has 107 characters
    server = Server(directory, fsync=fsync)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(directory)


def _binaries() -> Path:
    places = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    if (found := shutil.which("postgres")) is not None:
        places.append(Path(found).parent)
    for place in places:
        if (place / "postgres").exists():
            return place
    pytest.fail(_MISSING, pytrace=False)


def _as_its_user(*, die_with_us: bool = False) -> list[str]:
    """Return what to put before a command: PostgreSQL refuses to run as root."""
    if shutil.which("setpriv") is None:
        return []
    dying = ["--pdeathsig", "QUIT"] if die_with_us else []
    user = ["--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    return ["setpriv", *user, *dying] if user or dying else []


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
    with _locked(shared / "postgres.using", fcntl.LOCK_SH) as using:
        with _locked(shared / "postgres.starting", fcntl.LOCK_EX):
            url = shared / "postgres.url"
            if url.exists():
                first = None
            else:
                first = started()
                url.write_text(first.__enter__().url)
        yield url.read_text()
        if first is not None:
            fcntl.flock(using, fcntl.LOCK_EX)  # the others have come to their end
            first.__exit__(None, None, None)


@contextmanager
def _locked(path: Path, kind: int) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, kind)
        yield descriptor
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
