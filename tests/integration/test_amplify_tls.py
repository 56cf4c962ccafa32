"""One TLS context for all lanes of the process, and no proxy on the way to this machine itself."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiobotocore.httpsession import AIOHTTPSession

from scheduler.amplify import transport
from scheduler.amplify.accounts import Accounts
from scheduler.model import LaneKey, Target
from tests.integration.acts import STARTED
from tests.integration.wire import Serve, answering

TARGET = Target(account="default", region="eu-west-1", app="d1", branch="main", name="web")


@pytest.fixture(autouse=True)
def ambient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ambient credentials, and no context left over from another test."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    monkeypatch.setattr(transport, "_contexts", {})


async def start(accounts: Accounts, region: str) -> str:
    client = await accounts.lane(LaneKey("default", region), calls=1)
    return (await client.start_job(TARGET, commit_message=None, intent="01X")).job.jobId


async def test_all_lanes_of_the_process_share_one_tls_context(
    serve: Serve, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "authority.pem"))
    built = []
    private: Any = AIOHTTPSession
    build = private._build_verify_context

    def count(session: object) -> object:
        built.append(session)
        return build(session)

    monkeypatch.setattr(AIOHTTPSession, "_build_verify_context", count)
    wire = await serve(answering(STARTED), context)
    async with Accounts([], run="01RUN", endpoint_url=f"https://127.0.0.1:{wire.port}") as accounts:
        for region in ("eu-west-1", "eu-west-2", "us-east-1"):
            await start(accounts, region)
    assert (len(built), len(wire.requests)) == (1, 3)


async def test_no_proxy_stands_between_this_machine_and_itself(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    wire = await serve(answering(STARTED))
    async with Accounts([], run="01RUN", endpoint_url=wire.url) as accounts:
        assert await asyncio.wait_for(start(accounts, "eu-west-1"), 30) == "7"
