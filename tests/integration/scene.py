"""A scene: everything that a start meets on its way over real sockets, and what is out of order there."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import assert_never

import pytest
import trustme

from scheduler.amplify.accounts import Accounts
from scheduler.amplify.session import Timeouts
from scheduler.model import Account
from tests.integration.acts import STARTED
from tests.integration.wire import Script, Serve, Wire, answering

#: Ample for what ends by itself; the others run into one certain bound.
AMPLE = Timeouts(connect=10, read=10, call=20)
SHORT_CONNECT = Timeouts(connect=0.3, read=10, call=20)
SHORT_READ = Timeouts(connect=10, read=0.3, call=20)
SHORT_CALL = Timeouts(connect=10, read=10, call=0.5)

ROLE = "arn:aws:iam::012345670123:role/release"


class Address(StrEnum):
    """Where the endpoint's URL leads."""

    SERVED = "to a server"
    REFUSED = "where nobody listens"
    DEAF = "where nobody accepts"
    UNREACHABLE = "where no route leads"
    UNKNOWN = "nowhere, for there is no such name"
    UNRESOLVED = "nowhere yet, for no resolver answers"
    INVALID = "nowhere, for it is no URL"
    PROXIED = "through a proxy"
    PROXIED_BY_NOBODY = "through a proxy where nobody listens"


class Certificate(StrEnum):
    """Whose certificate the endpoint shows."""

    OWN = "its own"
    FOREIGN = "another host's"
    EXPIRED = "one that has expired"
    UNTRUSTED = "one by an authority that nobody trusts"


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What is out of order; the rest is as it should be.

    `server` is what the address leads to; with `tls` the client speaks TLS to it, whatever it speaks itself.
    With `sts` the account's credentials are a role's. With `profile`, lines of AWS's configuration, the
    environment holds no keys, but `environment`. `fenced`: the branch is looked at before the start, over the
    same connection.
    """

    server: Script = field(default_factory=lambda: answering(STARTED))
    address: Address = Address.SERVED
    certificate: Certificate | None = None
    tls: bool = False
    sts: Script | None = None
    profile: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    region: str = "eu-west-1"
    branch: str = "main"
    fenced: bool = False
    timeouts: Timeouts = AMPLE


@dataclass(frozen=True)
class SetUp:
    """A scene set up: the accounts to meet it with, the server, and one where redirects lead."""

    accounts: Accounts
    server: Wire
    elsewhere: Wire


@dataclass(frozen=True)
class Stagehand:
    """Sets scenes up. The certificates of `authority` are trusted, but for one."""

    serve: Serve
    patch: pytest.MonkeyPatch
    home: Path
    authority: trustme.CA
    props: ExitStack

    async def set_up(self, scene: Scene) -> SetUp:
        """Set a scene up."""
        self._set_environment(scene)
        elsewhere = await self.serve(answering(STARTED))
        server = await self.serve(scene.server, self._context(scene.certificate))
        server.elsewhere = elsewhere.url
        sts = await self.serve(scene.sts) if scene.sts is not None else None
        accounts = Accounts(
            [Account(name="default", role_arn=ROLE)] if sts is not None else [],
            run="01RUN",
            endpoint_url=self._url(scene, server),
            sts_endpoint_url=None if sts is None else sts.url,
            timeouts=scene.timeouts,
        )
        return SetUp(accounts, server, elsewhere)

    def _context(self, certificate: Certificate | None) -> ssl.SSLContext | None:
        match certificate:
            case None:
                return None
            case Certificate.OWN:
                issued = self.authority.issue_cert("127.0.0.1")
            case Certificate.FOREIGN:
                issued = self.authority.issue_cert("amplify.invalid")
            case Certificate.EXPIRED:
                issued = self.authority.issue_cert(
                    "127.0.0.1", not_after=datetime.now(UTC) - timedelta(days=1)
                )
            case Certificate.UNTRUSTED:
                issued = trustme.CA().issue_cert("127.0.0.1")
            case _:
                assert_never(certificate)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        issued.configure_cert(context)
        return context

    def _url(self, scene: Scene, server: Wire) -> str:
        match scene.address:
            case Address.SERVED:
                scheme = "https" if scene.tls or scene.certificate is not None else "http"
                return f"{scheme}://127.0.0.1:{server.port}"
            case Address.REFUSED:
                return f"http://127.0.0.1:{self._listen(None)}"
            case Address.DEAF:
                return f"http://127.0.0.1:{self._listen(0)}"
            case Address.UNREACHABLE:
                return "http://255.255.255.255"
            case Address.UNKNOWN:
                return self._unresolvable(socket.EAI_NONAME)
            case Address.UNRESOLVED:
                return self._unresolvable(socket.EAI_AGAIN)
            case Address.INVALID:
                return "https://"
            case Address.PROXIED:
                return self._proxied(server.port)
            case Address.PROXIED_BY_NOBODY:
                return self._proxied(self._listen(None))
            case _:
                assert_never(scene.address)

    def _proxied(self, port: int) -> str:
        self.patch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        return "https://amplify.invalid"

    def _listen(self, backlog: int | None) -> int:
        """Take a port; None: do not listen, so that connections are refused. Else nobody accepts any."""
        taken = self.props.enter_context(socket.socket())
        taken.bind(("127.0.0.1", 0))
        if backlog is not None:
            taken.listen(backlog)
            for _ in range(3):  # the queue keeps one connection more than it was asked to
                waiting = self.props.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(taken.getsockname())
        return int(taken.getsockname()[1])

    def _unresolvable(self, number: int) -> str:
        async def fail(*_arguments: object, **_options: object) -> list[object]:
            raise socket.gaierror(number, "no address")

        self.patch.setattr(asyncio.get_running_loop(), "getaddrinfo", fail)
        return "https://amplify.invalid"

    def _set_environment(self, scene: Scene) -> None:
        for name in (
            "HTTPS_PROXY",
            "HTTP_PROXY",
            "https_proxy",
            "http_proxy",
            "NO_PROXY",
            "no_proxy",
            "AWS_PROFILE",
        ):
            self.patch.delenv(name, raising=False)
        bundle, config = self.home / "authority.pem", self.home / "config"
        self.authority.cert_pem.write_to_path(bundle)
        config.write_text(f"[default]\n{scene.profile or ''}\n")
        settings = {
            "HOME": str(self.home),
            "AWS_CA_BUNDLE": str(bundle),
            "AWS_CONFIG_FILE": str(config),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.home / "credentials"),
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        for name in keys:
            self.patch.delenv(name, raising=False)
        if scene.profile is None:
            settings |= dict.fromkeys(keys, "EXAMPLE")
        for name, value in (settings | dict(scene.environment)).items():
            self.patch.setenv(name, value)
