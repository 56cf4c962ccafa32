"""What a server may do to a connection: scripts for `wire`, from a clean answer to garbage."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from tests.integration.wire import Connection, Script, answering, reply

STARTED = reply({"jobSummary": {"jobId": "7", "status": "PENDING"}})
HTML = b"<html><body>403 - go away</body></html>"
OK = b"HTTP/1.1 200 OK\r\n"


def error(status: int, code: str, message: str = "no", **headers: str) -> bytes:
    """Put an error answer of Amplify's together."""
    return reply({"message": message}, status=status, headers={"x-amzn-ErrorType": code, **headers})


def page(status: int, body: bytes = HTML) -> bytes:
    """Put an answer together as proxies, portals and load balancers give it."""
    return reply(body, status=status, headers={"Content-Type": "text/html"})


def after_request(act: Callable[[Connection], Awaitable[None]]) -> Script:
    """Read a request, then act."""

    async def script(connection: Connection) -> None:
        await connection.request()
        await act(connection)

    return script


def broken_off(head: bytes, *, by_reset: bool) -> Script:
    """Read the request, send a part of an answer, and close."""

    async def act(connection: Connection) -> None:
        if head:
            await connection.send(head)
            await asyncio.sleep(0.02)  # an RST would overtake the bytes that are not yet read
        if by_reset:
            connection.reset()

    return after_request(act)


async def reset_unread(connection: Connection) -> None:
    """Reset with the request unread."""
    connection.reset()


async def hang(_connection: Connection) -> None:
    """Do nothing, for ever."""
    await asyncio.Event().wait()


def hang_after(head: bytes) -> Script:
    """Read the request, send a part of an answer, and then nothing."""

    async def act(connection: Connection) -> None:
        await connection.send(head)
        await hang(connection)

    return after_request(act)


async def drip(connection: Connection) -> None:
    """Answer byte by byte, each well inside the time of a read."""
    for byte in reply({"jobSummary": {"jobId": "1", "status": "PENDING"}}, headers={"Padding": "x" * 500}):
        await connection.send(bytes([byte]))
        await asyncio.sleep(0.02)


def redirect(status: int, *, away: bool) -> Script:
    """Answer with a redirect, to another path of the same server or to another server."""

    async def act(connection: Connection) -> None:
        location = f"{connection.wire.elsewhere if away else ''}/apps/d1/branches/main/jobs"
        await connection.send(reply(status=status, headers={"Location": location}))

    return after_request(act)


def refusing(answer: bytes, *, busy: bool = False) -> Script:
    """Refuse every StartJob; the branch has nothing, or somebody else's job."""
    jobs = [{"jobId": "9", "status": "RUNNING"}] if busy else []

    async def script(connection: Connection) -> None:
        while True:
            request = await connection.request()
            await connection.send(answer if request.method == "POST" else reply({"jobSummaries": jobs}))

    return script


def in_handshake(act: Callable[[Connection], Awaitable[None]]) -> Script:
    """Meet the client's first bytes of TLS with an act."""

    async def script(connection: Connection) -> None:
        await connection.reader.read(1)
        await act(connection)

    return script


async def close(_connection: Connection) -> None:
    """Close with FIN."""


async def speak_plain(connection: Connection) -> None:
    """Answer in HTTP."""
    await connection.send(reply(status=400))


def stale(act: Callable[[Connection], Awaitable[None]]) -> Script:
    """Answer the look at the branch, and act as soon as the start arrives over the same connection."""

    async def script(connection: Connection) -> None:
        await connection.request()
        await connection.send(reply({"jobSummaries": []}))
        await connection.reader.read(1)
        await act(connection)

    return script


def sts(*lives: timedelta) -> Script:
    """An STS that hands out keys ASIA0, ASIA1, …, each with the next of these lives."""
    left = list(enumerate(lives))

    async def script(connection: Connection) -> None:
        while True:
            await connection.request()
            number, life = left.pop(0) if len(left) > 1 else left[0]
            until = (datetime.now(UTC) + life).strftime("%Y-%m-%dT%H:%M:%SZ")
            await connection.send(
                reply(
                    b'<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>'
                    b"<Credentials><AccessKeyId>ASIA%d</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
                    b"<SessionToken>t%d</SessionToken><Expiration>%s</Expiration></Credentials>"
                    b"</AssumeRoleResult></AssumeRoleResponse>" % (number, number, until.encode())
                )
            )

    return script


def sts_error(status: int, code: str) -> Script:
    """An STS that refuses."""
    text = f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
    return answering(reply(text.encode(), status=status))
