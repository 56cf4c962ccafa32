"""TLS and proxies: what fails before the request is sent, and the one TLS context of the process."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import ssl
from pathlib import Path
from typing import Any

import pytest
from aiobotocore.httpsession import AIOHTTPSession
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from scheduler.amplify import transport
from scheduler.amplify.accounts import Accounts
from scheduler.amplify.port import CallFailed, Kind, Stage
from scheduler.amplify.session import Timeouts
from scheduler.model import LaneKey, Target
from tests.integration.wire import Connection, Serve, answering, reply

TARGET = Target(account="default", region="eu-west-1", app="d1", branch="main", name="web")
STARTED = reply({"jobSummary": {"jobId": "7", "status": "PENDING"}})


@pytest.fixture(autouse=True)
def ambient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ambient credentials, and no context left over from another test."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    monkeypatch.setattr(transport, "_contexts", {})
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "here")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    path.write_bytes(
        signed.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return path


@pytest.fixture
def context(certificate: Path) -> ssl.SSLContext:
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.load_cert_chain(certificate)
    return made


async def start(url: str, *, connect: float = 10) -> CallFailed | str:
    """Make one StartJob and return the job's id, or how it failed."""
    timeouts = Timeouts(connect=connect, read=10, call=20)
    async with Accounts([], run="01RUN", endpoint_url=url, timeouts=timeouts) as accounts:
        client = await accounts.lane(LaneKey("default", "eu-west-1"), calls=1)
        try:
            answer = await client.start_job(TARGET, commit_message=None, intent="01X")
        except CallFailed as failure:
            return failure
        return answer.job.jobId


def verdict(failure: CallFailed | str) -> tuple[Stage, Kind]:
    assert isinstance(failure, CallFailed)
    return failure.stage, failure.kind


async def test_all_lanes_of_the_process_share_one_tls_context(
    serve: Serve, context: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    built = []
    private: Any = AIOHTTPSession
    build = private._build_verify_context

    def count(session: object) -> object:
        built.append(session)
        return build(session)

    monkeypatch.setattr(AIOHTTPSession, "_build_verify_context", count)
    wire = await serve(answering(STARTED), context)
    url = f"https://127.0.0.1:{wire.port}"
    async with Accounts([], run="01RUN", endpoint_url=url) as accounts:
        for region in ("eu-west-1", "eu-west-2", "us-east-1"):
            client = await accounts.lane(LaneKey("default", region), calls=1)
            await client.start_job(TARGET, commit_message=None, intent="01X")
    assert (len(built), len(wire.requests)) == (1, 3)


async def test_a_certificate_that_is_not_trusted_stops_the_lane(
    serve: Serve, context: ssl.SSLContext
) -> None:
    wire = await serve(answering(STARTED), context)
    failure = await start(f"https://127.0.0.1:{wire.port}")
    assert verdict(failure) == (Stage.NOT_SENT, Kind.BROKEN)
    assert wire.requests == []


async def test_a_certificate_of_another_host_stops_the_lane(
    serve: Serve, context: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    wire = await serve(answering(STARTED), context)
    failure = await start(f"https://localhost:{wire.port}")
    assert verdict(failure) == (Stage.NOT_SENT, Kind.BROKEN)
    assert wire.requests == []


async def silent(connection: Connection) -> None:
    await connection.reader.read()


async def reset_in_handshake(connection: Connection) -> None:
    await connection.reader.read(1)
    connection.reset()


async def close_in_handshake(connection: Connection) -> None:
    await connection.reader.read(1)


async def speak_plain(connection: Connection) -> None:
    await connection.reader.read(1)
    await connection.send(reply(status=400))


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (silent, Kind.NOT_SENT),
        (reset_in_handshake, Kind.NOT_SENT),
        (close_in_handshake, Kind.NOT_SENT),
        (speak_plain, Kind.BROKEN),
    ],
)
async def test_a_handshake_that_fails_sent_nothing(script: object, kind: Kind, serve: Serve) -> None:
    wire = await serve(script)
    failure = await start(f"https://127.0.0.1:{wire.port}", connect=0.3 if script is silent else 10)
    assert verdict(failure) == (Stage.NOT_SENT, kind)


async def reset_the_tunnel(connection: Connection) -> None:
    await connection.request()
    connection.reset()


async def close_the_tunnel(connection: Connection) -> None:
    await connection.request()


@pytest.mark.parametrize(
    ("script", "kind", "status"),
    [
        (answering(reply(status=407)), Kind.BROKEN, 407),
        (answering(reply(status=403)), Kind.BROKEN, 403),
        (answering(reply(status=502)), Kind.NOT_SENT, 502),
        (reset_the_tunnel, Kind.NOT_SENT, 0),
        (close_the_tunnel, Kind.NOT_SENT, 0),
    ],
    ids=["407", "403", "502", "reset", "closed"],
)
async def test_a_proxy_that_fails_before_the_tunnel_stands_sent_nothing(
    script: object, kind: Kind, status: int, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire = await serve(script)
    monkeypatch.setenv("HTTPS_PROXY", wire.url)
    failure = await start("https://amplify.invalid")
    assert verdict(failure) == (Stage.NOT_SENT, kind)
    assert isinstance(failure, CallFailed)
    assert failure.status == status
    assert [(request.method, request.path) for request in wire.requests] == [
        ("CONNECT", "amplify.invalid:443")
    ]


async def test_a_proxy_that_is_away_sent_nothing(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    failure = await start("https://amplify.invalid")
    assert verdict(failure) == (Stage.NOT_SENT, Kind.NOT_SENT)


async def test_no_proxy_stands_between_this_machine_and_itself(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    wire = await serve(answering(STARTED))
    assert await asyncio.wait_for(start(wire.url), 30) == "7"
