"""The emulator on a loopback socket, for any AWS SDK."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from itertools import count
from typing import Any, assert_never

from aiohttp import web

from ..plan.scenario import FaultKind, Operation, Scenario
from .answers import Answer, ApiError
from .faults import Disturbance
from .identity import caller_of
from .service import Service
from .wire import (
    parse_body,
    parse_form,
    parse_target,
    render,
    render_error,
    render_xml,
    render_xml_error,
    route,
)

_JSON = "application/json"
_XML = "text/xml"
_HTML = "text/html"
_PAGE = b"<html><body><h1>Something in between answers instead of the service</h1></body></html>"
#: Makes closing a socket send a reset: linger, for zero seconds.
_RESET = struct.pack("ii", 1, 0)
#: Requests still open when the server ends are dropped; clients of a stand-in have nothing to wait for.
_GRACE = 0.1


@dataclass(frozen=True, slots=True)
class Emulator:
    """A server that listens: its address for `endpoint_url` (Amplify's and STS's alike), and the service."""

    url: str
    service: Service


@asynccontextmanager
async def serve(scenario: Scenario, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Emulator]:
    """Serve `scenario` until the context is left. Port 0: any free one.

    `GET /_truth` shows what really happened (`truth.Truth` as JSON). Raises OSError if the address is taken.
    """
    service = Service(scenario, now=time.monotonic, epoch=time.time())
    runner = web.ServerRunner(web.Server(_Requests(service), access_log=None), shutdown_timeout=_GRACE)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, backlog=1024)
        await site.start()
        name, number = runner.addresses[0][:2]
        yield Emulator(f"http://[{name}]:{number}" if ":" in name else f"http://{name}:{number}", service)
    finally:
        await runner.cleanup()


class _Requests:
    """Turns requests into calls, and answers into responses or into what a fault makes of them."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._ids = count(1)

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        if request.raw_path == "/_truth":
            return web.Response(body=self._service.truth().to_json(), content_type=_JSON)
        half = self._service.latency() / 2
        if half:
            await asyncio.sleep(half)
        target = request.headers.get("X-Amz-Target")
        sts = target is None and request.raw_path == "/" and request.method == "POST"
        try:
            if target is not None:
                response = self._targeted(request, target, body)
            else:
                response = self._sts(request, body) if sts else self._amplify(request, body)
        except ApiError as error:
            response = self._refusal(error, xml=sts, typed=target is not None)
        except Disturbance as disturbance:
            return await self._act_out(disturbance, request)
        if half:
            await asyncio.sleep(half)
        return response

    def _amplify(self, request: web.BaseRequest, body: bytes) -> web.Response:
        operation, parameters = route(request.method, request.raw_path)
        if operation is Operation.START_JOB:
            parameters = parse_body(body) | parameters
        return self._response(200, render(self._call(request, operation, parameters)), _JSON)

    def _sts(self, request: web.BaseRequest, body: bytes) -> web.Response:
        operation, parameters = parse_form(body)
        return self._response(200, render_xml(operation, self._call(request, operation, parameters)), _XML)

    def _targeted(self, request: web.BaseRequest, target: str, body: bytes) -> web.Response:
        operation, parameters = parse_target(target, body)
        return self._response(200, render(self._call(request, operation, parameters)), _JSON)

    def _call(self, request: web.BaseRequest, operation: Operation, parameters: dict[str, Any]) -> Answer:
        headers = request.headers
        caller = caller_of(headers.get("Authorization", ""), headers.get("X-Amz-Security-Token", ""))
        user_agent = headers.get("User-Agent", "")
        return self._service.call(operation, caller, parameters, user_agent=user_agent)

    def _response(self, status: int, body: bytes, content_type: str, **headers: str) -> web.Response:
        shown = {"Date": _date(int(self._service.date())), "x-amzn-RequestId": f"{next(self._ids):032x}"}
        return web.Response(status=status, body=body, content_type=content_type, headers=shown | headers)

    def _refusal(self, error: ApiError, *, xml: bool, typed: bool) -> web.Response:
        if xml:
            return self._response(error.status, render_xml_error(error), _XML)
        response = self._response(error.status, render_error(error, typed=typed), _JSON)
        if error.code:
            response.headers["x-amzn-ErrorType"] = error.code
        return response

    async def _act_out(self, disturbance: Disturbance, request: web.BaseRequest) -> web.StreamResponse:
        match disturbance.fault.kind:
            case FaultKind.EMPTY:
                return self._response(200, b"", _JSON)
            case FaultKind.GARBAGE:
                return self._response(200, _PAGE, _HTML)
            case FaultKind.REDIRECT:
                return self._response(307, b"", _JSON, Location=request.raw_path)
            case FaultKind.RESET_BEFORE | FaultKind.RESET_AFTER | FaultKind.LATE:
                _reset(request.transport)
            case FaultKind.HANG_BEFORE | FaultKind.HANG_AFTER:
                await asyncio.sleep(disturbance.fault.delay)
                _reset(request.transport)
            case FaultKind.CLOSE_AFTER:
                _close(request.transport, b"")
            case FaultKind.CUT_AFTER:
                body = render(disturbance.answer or {})
                head = f"HTTP/1.1 200 OK\r\nContent-Type: {_JSON}\r\nContent-Length: {len(body)}\r\n\r\n"
                _close(request.transport, head.encode() + body[: len(body) // 2])
            case (
                FaultKind.ERROR_BEFORE
                | FaultKind.ERROR_AFTER
                | FaultKind.THROTTLE
                | FaultKind.DENIED
                | FaultKind.EXPIRED_TOKEN
            ):
                raise AssertionError("the service answers these itself")
            case _:
                assert_never(disturbance.fault.kind)
        return web.Response()  # to nobody: the connection is gone


@lru_cache(maxsize=1)
def _date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)


def _reset(transport: asyncio.Transport | None) -> None:
    if transport is not None:  # else the client has left already
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        transport.abort()


def _close(transport: asyncio.Transport | None, last: bytes) -> None:
    if transport is not None:
        transport.write(last)
        transport.close()
