"""A raw server that does to each connection what its script says, and keeps what it read."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Request:
    """A request as it came over the wire; header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


def reply(
    body: object = b"", *, status: int = 200, headers: dict[str, str] | None = None, length: int | None = None
) -> bytes:
    """Put an answer together; a body that is not bytes is sent as JSON. `length` lies about the body."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = {"Content-Length": str(len(content) if length is None else length), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + content


@dataclass
class Connection:
    """One accepted connection."""

    wire: Wire
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def request(self) -> Request:
        """Read one whole request. Raises EOFError when the client has closed."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        method, path, _ = first.split(" ")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines) if name}
        body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        request = Request(method, path, headers, body)
        self.wire.requests.append(request)
        return request

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Script = Callable[[Connection], Awaitable[None]]


@dataclass
class Wire:
    """The server. `requests` are those that were read whole; `connections` counts what was accepted.

    `elsewhere` is another server's URL, for redirects that lead away.
    """

    port: int = 0
    elsewhere: str = ""
    connections: int = 0
    requests: list[Request] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def answering(*answers: bytes) -> Script:
    """Answer every request of a connection: with each answer in turn, then with the last one again."""
    left = list(answers)

    async def script(connection: Connection) -> None:
        while True:
            await connection.request()
            await connection.send(left.pop(0) if len(left) > 1 else left[0])

    return script


Serve = Callable[..., Awaitable[Wire]]
