"""Servers on real sockets, with faults by script."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress

import pytest
import trustme

from tests.integration.wire import Connection, Script, Serve, Wire


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Who signs the servers' certificates; a client trusts it if AWS_CA_BUNDLE says so."""
    return trustme.CA()


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start servers on 127.0.0.1 that follow a script; `context` makes them speak TLS."""
    async with AsyncExitStack() as stack:

        async def start(script: Script, context: ssl.SSLContext | None = None) -> Wire:
            wire = Wire()
            tasks: set[asyncio.Task[None]] = set()

            async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                wire.connections += 1
                try:
                    with suppress(EOFError, OSError):
                        await script(Connection(wire, reader, writer))
                    writer.close()
                    with suppress(OSError):
                        await writer.wait_closed()
                finally:
                    writer.transport.abort()

            def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                task = asyncio.create_task(serve_one(reader, writer))
                tasks.add(task)
                task.add_done_callback(tasks.discard)

            async def stop() -> None:
                server.close()
                for task in list(tasks):
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await asyncio.sleep(0)  # the loop closes an aborted socket in its next round

            server = await asyncio.start_server(accepted, "127.0.0.1", 0, ssl=context)
            wire.port = server.sockets[0].getsockname()[1]
            stack.push_async_callback(stop)
            return wire

        yield start


@pytest.fixture
def suspend(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let the machine have slept for some seconds: one clock has gone on, the monotonic one has not."""
    slept = 0.0
    real = time.clock_gettime

    def sleep(seconds: float) -> None:
        nonlocal slept
        slept += seconds

    monkeypatch.setattr(time, "clock_gettime", lambda clock: real(clock) + slept)
    return sleep
