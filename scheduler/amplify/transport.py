"""The HTTP session of every client: it knows what was sent, follows no redirect, shares one TLS context.

Private parts of aiobotocore's session are overridden here; a test notices when a new version changes them.
aiohttp's tracing would tell what was sent as well, at 3% of a StartJob's CPU.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiobotocore.httpsession import (  # type: ignore[attr-defined]  # the stubs leave out what is private
    AIOHTTPSession,
    _ProxySSLTCPConnector,
)

from ..elapsed import elapsed
from .user_agent import for_intent

#: Seconds after which an idle connection is not used again. Where a service closes one at the moment of its
#: reuse, the request is written, nobody answers, and a start is in doubt for nothing. Measured with 60 calls
#: against a server that closes after 1.2 s, each made as it closes: 28 in doubt with aiobotocore's 12 s, none
#: with 1 s. Closing after every call (`force_close`) does too, at 2.4 ms of CPU and two round trips a call.
KEEPALIVE = 1.0


class RedirectRefused(Exception):
    """The service, or something in its place, answered with a redirect."""


@dataclass(slots=True)
class Call:
    """One API call under way. `sent`: a connection was handed over for its request to be written."""

    intent: str = ""
    sent: bool = False


#: The call that this task is making.
CALL: ContextVar[Call | None] = ContextVar("amplify_call", default=None)

_contexts: dict[object, tuple[ssl.SSLContext, ssl.SSLContext | None]] = {}


_Base: Any = AIOHTTPSession


class _ObservedConnector(_ProxySSLTCPConnector):  # type: ignore[misc]  # as above
    _slept = 0.0

    async def connect(self, *arguments: Any, **options: Any) -> aiohttp.connector.Connection:
        self._drop_what_slept()
        connection: aiohttp.connector.Connection = await super().connect(*arguments, **options)
        # TCP, proxy tunnel and TLS stand, and nothing but the request comes next: the safe side of "sent".
        if (call := CALL.get()) is not None:
            call.sent = True
        return connection

    def _drop_what_slept(self) -> None:
        """Close idle connections after the machine has slept: their other ends have long gone.

        aiohttp counts how long they were idle by a clock that stood still meanwhile.
        """
        slept = elapsed() - time.monotonic()
        if slept > self._slept + KEEPALIVE:
            for idle in self._conns.values():
                for protocol, _ in idle:
                    protocol.close()
        self._slept = slept


class _Direct:
    """What aiobotocore uses of an aiohttp session, without redirects.

    aiohttp would send a redirected StartJob again, signature and all, also to another host.
    """

    __slots__ = ("_session",)

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def request(self, method: str, **arguments: Any) -> aiohttp.ClientResponse:
        self._name(arguments)
        response = await self._session.request(method, allow_redirects=False, **arguments)
        if 300 <= response.status <= 399:
            response.close()
            raise RedirectRefused(f"HTTP {response.status}")
        return response

    def _name(self, arguments: dict[str, Any]) -> None:
        """Say in a request for whom it is made: here for nobody in particular."""


class _Named(_Direct):
    """Names the call's intent in the User-Agent, which is not signed and which CloudTrail records."""

    __slots__ = ()

    def _name(self, arguments: dict[str, Any]) -> None:
        if (call := CALL.get()) is not None and call.intent:
            arguments["headers"]["User-Agent"] = for_intent(call.intent)


class Transport(_Base):  # type: ignore[misc]  # as above
    """The session of clients that get credentials."""

    _connector_class: Any = _ProxySSLTCPConnector
    _direct_class = _Direct

    async def _get_session(self, proxy_url: str | None) -> _Direct:
        return self._direct_class(await super()._get_session(proxy_url))

    async def _create_connector(self, proxy_url: str | None) -> Any:
        # Loading the trusted certificates takes 25 ms and 0.7 MB, once a client without this.
        key = (self._verify, self._cert_file, self._key_file, proxy_url)
        if key not in _contexts:
            _contexts[key] = await asyncio.to_thread(self._build_ssl_contexts, proxy_url)
        context, proxy_context = _contexts[key]
        return self._connector_class(
            limit=self._max_pool_connections,
            ssl=context,
            proxy_ssl_context=proxy_context,
            **self._connector_args,
        )


class AmplifyTransport(Transport):
    """The session of clients whose calls `attempt` makes: it tells what was sent, and names its intent."""

    _connector_class = _ObservedConnector
    _direct_class = _Named
