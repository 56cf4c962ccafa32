"""The installed command as a person, cron or CI meets it: arguments, signals and an exit code."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from scheduler.emulator.identity import SECRET_KEY, access_key
from scheduler.emulator.truth import Truth

COMMAND = Path(sys.executable).with_name("amplify-release")

#: Credentials that the emulator takes for those of account 000000000000, and nothing else of AWS.
ENVIRONMENT = {
    "PATH": os.defpath,
    "LANG": "C.UTF-8",
    "AWS_ACCESS_KEY_ID": access_key("000000000000"),
    "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "NO_COLOR": "1",
}


@dataclass(frozen=True)
class Served:
    """An emulator in a process of its own, which outlives the runs and keeps the truth."""

    url: str

    def truth(self) -> Truth:
        with urllib.request.urlopen(f"{self.url}/_truth") as answer:
            return Truth.from_json(answer.read())


@dataclass
class Shell:
    """A state directory and what is typed there."""

    home: Path
    url: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    #: Done in each new process before the command begins.
    before: Callable[[], None] | None = None

    def start(self, *arguments: str, **popen: Any) -> subprocess.Popen[str]:
        """Start the command and return at once."""
        environment = ENVIRONMENT | {"HOME": str(self.home)} | self.environment
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(
            [*popen.pop("through", ()), COMMAND, *arguments],
            text=True,
            cwd=self.home,
            env=environment | popen.pop("env", {}),
            preexec_fn=popen.pop("preexec_fn", self.before),  # noqa: PLW1509 - no threads here
            **streams | popen,
        )

    def type(self, *arguments: str, timeout: float = 90) -> subprocess.CompletedProcess[str]:
        """Run the command to its end."""
        process = self.start(*arguments, stdin=subprocess.DEVNULL)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise AssertionError(f"{arguments} did not end:\n{process.communicate()[1]}") from None
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def release(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of the commands that start jobs, against this test's emulator."""
        return self.type(*arguments, *self.where, "--settle", "3s")

    @property
    def where(self) -> Sequence[str]:
        urls = ["--endpoint-url", self.url, "--sts-endpoint-url", self.url] if self.url else []
        return ["--state-dir", str(self.home / "state"), *urls]

    def report(self, *run: str) -> dict[str, Any]:
        """Read the report of a run, as a script would."""
        done = self.type("report", *run, "--state-dir", str(self.home / "state"), "-o", "json")
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def plan(self, targets: Sequence[dict[str, Any]], **more: Any) -> str:
        """Write a plan; return its path."""
        path = self.home / "plan.yaml"
        head = {"version": "1", "name": "night", "defaults": {"region": "eu-west-1", "branch": "main"}}
        # JSON is YAML; the plan's own texts need no more.
        path.write_text(json.dumps(head | more | {"targets": list(targets)}))
        return str(path)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A shell without an emulator."""
    return Shell(tmp_path)


@contextmanager
def serving(home: Path, **scenario: Any) -> Iterator[Served]:
    """Serve an emulator for the block by the product's own command, with a scenario."""
    path = home / "scenario.yaml"
    path.write_text(json.dumps(scenario))
    process = Shell(home).start("emulator", "--scenario", str(path), start_new_session=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        if not line:
            raise AssertionError(process.communicate()[1])
        yield Served(line)
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Serve emulators until the test's end, each with a scenario."""
    with ExitStack() as stack:
        yield lambda **scenario: stack.enter_context(serving(tmp_path, **scenario))


@pytest.fixture
def released(shell: Shell, serve: Callable[..., Served]) -> Callable[..., tuple[Shell, Served]]:
    """Give a shell whose commands meet an emulator with the scenario given."""

    def prepare(**scenario: Any) -> tuple[Shell, Served]:
        served = serve(**scenario)
        shell.url = served.url
        return shell, served

    return prepare


def apps(count: int, **fields: Any) -> list[dict[str, Any]]:
    """Return targets on `count` apps of their own."""
    return [{"app": f"dapp{number:04}", **fields} for number in range(count)]


def at_a_terminal(shell: Shell, *arguments: str, answer: str = "") -> tuple[int, str]:
    """Run the command on a terminal, and answer its question; return exit code and what is to be seen."""
    ours, its = pty.openpty()
    environment = ENVIRONMENT | {"HOME": str(shell.home)} | shell.environment
    process = subprocess.Popen(
        [COMMAND, *arguments],
        stdin=its,
        stdout=its,
        stderr=its,
        cwd=shell.home,
        env=environment,
        preexec_fn=_take_terminal,  # noqa: PLW1509 - no threads here
    )
    os.close(its)
    seen = b""
    # Linux says that the other side is closed by an error.
    with suppress(OSError):
        while part := os.read(ours, 65536):
            seen += part
            # A question has been asked once nothing follows: what is typed before it is read may get lost.
            if answer and b"?" in seen and not select.select([ours], [], [], 0.3)[0]:
                os.write(ours, answer.encode())
                answer = ""
    os.close(ours)
    return process.wait(30), seen.decode()


def _take_terminal() -> None:
    """Make stdin the terminal that sends this process its Ctrl-C."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def wait_until(what: Callable[[], bool], process: subprocess.Popen[str], timeout: float = 30) -> None:
    """Wait for something another process does; there is nothing in between to be told by."""
    deadline = time.monotonic() + timeout
    while not what():
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"it did not happen: {process.communicate()[1]}")
        time.sleep(0.02)


def interrupt(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str, str]:
    """Send a signal and wait for the end; return exit code, stdout and stderr."""
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err
