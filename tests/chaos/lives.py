"""The command in a process forked from a warm parent: no event loop and no thread has begun there yet.

A new interpreter would spend half a second on imports; a fork begins at once, and dies as thoroughly.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import anyio

from scheduler.amplify.session import _LOADER
from scheduler.cli import main
from scheduler.emulator.server import serve
from scheduler.plan.scenario import Scenario
from tests.acceptance.conftest import ENVIRONMENT, Served

from .points import Fate
from .seams import hold

#: What the command imports once it needs it.
_LATE = (
    "anyio._backends._asyncio",
    "scheduler.cli.operate",
    "scheduler.plan.load",
    "scheduler.plan.yaml_source",
    "scheduler.report.terminal",
    "structlog.dev",
)

_LONGEST = 60.0  #: seconds after which a life that goes on is taken for one that hangs


@dataclass(frozen=True)
class End:
    """How a process ended. `code` None: it was killed, and nobody knows what it had reached."""

    code: int | None
    said: str
    reached: Counter[str]


def warm() -> None:
    """Load what every life would load for itself: late imports, and the service models of the SDK."""
    for name in _LATE:
        import_module(name)
    for service in ("amplify", "sts", "service-quotas"):
        for kind in ("service-2", "endpoint-rule-set-1", "paginators-1"):
            _LOADER.load_service_model(service, kind)
    for data in ("endpoints", "partitions", "sdk-default-configuration", "_retry"):
        _LOADER.load_data(data)


def live(arguments: Sequence[str], home: Path, fate: Fate, *, killed_after: float | None = None) -> End:
    """Run the command in a process of its own until it ends, or kill it after so many seconds."""
    said = home / "said"

    def body() -> int:
        output = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.chdir(home)
        os.environ.clear()
        os.environ.update(ENVIRONMENT | {"HOME": str(home)})
        hold(fate, home / "seen")
        try:
            main(list(arguments))
        except SystemExit as end:
            return int(end.code or 0)
        finally:
            (home / "reached").write_text(json.dumps(fate.reached))
        return 0

    pid = _fork(body)
    status = _wait(pid, _LONGEST if killed_after is None else killed_after)
    if status is None:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        if killed_after is None:
            raise AssertionError(f"{' '.join(arguments)} did not end:\n{said.read_text()}")
    if status is None or os.WIFSIGNALED(status):
        return End(None, said.read_text(), Counter())
    reached = Counter(json.loads((home / "reached").read_text()))
    return End(os.WEXITSTATUS(status), said.read_text(), reached)


@contextmanager
def emulated(scenario: Scenario) -> Iterator[Served]:
    """Serve an emulator in a process of its own, which outlives every kill and keeps the truth."""
    reading, writing = os.pipe()

    async def tell() -> None:
        async with serve(scenario) as emulator:
            os.write(writing, f"{emulator.url}\n".encode())
            await anyio.sleep_forever()

    def body() -> int:
        anyio.run(tell)
        return 0

    pid = _fork(body)
    os.close(writing)
    try:
        with os.fdopen(reading) as line:
            yield Served(line.readline().strip())
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _fork(body: Callable[[], int]) -> int:
    """Run `body` in a forked process, which ends with it; return the process's id."""
    pid = os.fork()
    if pid == 0:
        _be(body)
    return pid


def _be(body: Callable[[], int]) -> NoReturn:
    code = 99
    try:
        code = body()
    except BaseException:  # noqa: BLE001 - nothing may go back into the parent's program
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _wait(pid: int, seconds: float) -> int | None:
    """Return the process's status at its end; None: it goes on after all these seconds."""
    deadline = time.monotonic() + seconds
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return status
        if time.monotonic() >= deadline:
            return None
        time.sleep(0.002)
