"""Accounts over real sockets: whose credentials sign, when they are fetched, and where nothing may go."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from moto.server import ThreadedMotoServer

from scheduler.amplify.accounts import Accounts
from scheduler.amplify.port import CallFailed, Kind
from scheduler.model import Account, LaneKey, Target
from tests.integration.acts import STARTED, sts
from tests.integration.wire import Request, Serve, Wire, answering, reply

TARGET = Target(account="default", region="eu-west-1", app="d1", branch="main", name="web")
HOUR = timedelta(hours=1)
SHOP = Account(
    name="shop", id="012345670123", role_arn="arn:aws:iam::012345670123:role/release", external_id="x1"
)


def static(account: str) -> tuple[str, str]:
    return f"AKIAEMUL{account}", "emulated"


def key_of(request: Request) -> str:
    """The access key id that signed a request."""
    match = re.search(r"Credential=([^/]+)/", request.headers["authorization"])
    assert match is not None
    return match[1]


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No AWS settings but those of the test, and no instance metadata."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


def whoami(account: str) -> bytes:
    return reply(
        f"<GetCallerIdentityResponse><GetCallerIdentityResult><Account>{account}</Account>"
        "</GetCallerIdentityResult></GetCallerIdentityResponse>".encode()
    )


async def start(accounts: Accounts, name: str = "default", region: str = "eu-west-1") -> str:
    client = await accounts.lane(LaneKey(name, region), calls=50)
    return (await client.start_job(TARGET, commit_message=None, intent="01X")).job.jobId


async def test_many_calls_at_once_assume_the_role_once(serve: Serve) -> None:
    amplify, roles = await serve(answering(STARTED)), await serve(sts(HOUR))
    async with Accounts(
        [SHOP],
        run="01RUN",
        regions={"shop": "eu-central-1"},
        endpoint_url=amplify.url,
        sts_endpoint_url=roles.url,
        static_credentials=static,
    ) as accounts:
        await asyncio.gather(*(start(accounts, "shop", region) for region in ("eu-west-1", "us-east-1") * 25))
    assert {key_of(request) for request in amplify.requests} == {"ASIA0"}
    assert {request.headers["x-amz-security-token"] for request in amplify.requests} == {"t0"}
    (request,) = roles.requests
    asked = {name: value for name, (value,) in parse_qs(request.body.decode()).items()}
    assert asked == {
        "Action": "AssumeRole",
        "Version": "2011-06-15",
        "RoleArn": "arn:aws:iam::012345670123:role/release",
        "RoleSessionName": "amplify-release-01RUN",
        "ExternalId": "x1",
    }
    assert key_of(request) == "AKIAEMUL000000000000"
    assert "/eu-central-1/sts/aws4_request" in request.headers["authorization"]


async def test_role_credentials_are_renewed_before_they_expire(serve: Serve) -> None:
    amplify, roles = await serve(answering(STARTED)), await serve(sts(timedelta(minutes=5), HOUR))
    async with Accounts(
        [SHOP],
        run="01RUN",
        endpoint_url=amplify.url,
        sts_endpoint_url=roles.url,
        static_credentials=static,
    ) as accounts:
        for _ in range(3):
            await start(accounts, "shop")
    assert [key_of(request) for request in amplify.requests] == ["ASIA0", "ASIA1", "ASIA1"]
    assert len(roles.requests) == 2


async def test_dropped_credentials_are_fetched_anew_once_for_all_calls_that_drop_them(serve: Serve) -> None:
    amplify, roles = await serve(answering(STARTED)), await serve(sts(HOUR, HOUR, HOUR))
    now = [100.0]
    async with Accounts(
        [SHOP],
        run="01RUN",
        endpoint_url=amplify.url,
        sts_endpoint_url=roles.url,
        static_credentials=static,
        monotonic=lambda: now[0],
    ) as accounts:
        await start(accounts, "shop")
        now[0] += 3600
        await accounts.refresh("shop")
        await accounts.refresh("shop")
        await start(accounts, "shop")
        now[0] += 1  # a straggler that was signed with the old ones
        await accounts.refresh("shop")
        await start(accounts, "shop")
    assert [key_of(request) for request in amplify.requests] == ["ASIA0", "ASIA1", "ASIA1"]


async def test_credentials_of_another_account_are_refused(serve: Serve) -> None:
    wire = await serve(answering(whoami("999900001111")))
    account = Account(name="shop", id="012345670123")
    async with Accounts(
        [account], run="01RUN", sts_endpoint_url=wire.url, static_credentials=static
    ) as accounts:
        assert await accounts.identity("shop") == "999900001111"
        with pytest.raises(CallFailed) as caught:
            await accounts.verify("shop")
    assert caught.value.kind is Kind.CREDENTIALS
    assert caught.value.reason == (
        "The credentials of shop belong to account 999900001111, the plan says 012345670123. "
        "Nothing was started there. Correct the plan, or the profile or role."
    )


async def test_credentials_of_the_right_account_pass_and_without_an_id_nobody_is_asked(serve: Serve) -> None:
    wire = await serve(answering(whoami("012345670123")))
    account = Account(name="shop", id="012345670123")
    async with Accounts(
        [account], run="01RUN", sts_endpoint_url=wire.url, static_credentials=static
    ) as accounts:
        await accounts.verify("shop")
        await accounts.verify("default")
    assert [key_of(request) for request in wire.requests] == ["AKIAEMUL012345670123"]


@pytest.fixture
def moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


async def test_a_role_is_assumed_and_verified_against_another_implementation_of_sts(
    serve: Serve, moto: str
) -> None:
    amplify = await serve(answering(STARTED))
    async with Accounts(
        [SHOP], run="01RUN", endpoint_url=amplify.url, sts_endpoint_url=moto, static_credentials=static
    ) as accounts:
        await accounts.verify("shop")
        await asyncio.gather(*(start(accounts, "shop") for _ in range(20)))
    (key,) = {key_of(request) for request in amplify.requests}
    assert key.startswith("ASIA")


async def test_profiles_are_read_and_the_command_line_names_the_one_for_the_rest(
    serve: Serve, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text(
        "[profile docs]\naws_access_key_id = AKIADOCS\naws_secret_access_key = s\n"
        "[profile other]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = s\n"
    )
    wire = await serve(answering(STARTED))
    async with Accounts(
        [Account(name="docs", profile="docs")], run="01RUN", profile="other", endpoint_url=wire.url
    ) as accounts:
        await start(accounts, "docs")
        await start(accounts)
    assert [key_of(request) for request in wire.requests] == ["AKIADOCS", "AKIAOTHER"]


async def test_a_profile_renewed_by_other_hands_is_seen_after_a_drop(serve: Serve, tmp_path: Path) -> None:
    profile = "[docs]\naws_access_key_id = {}\naws_secret_access_key = s\n"
    wire = await serve(answering(STARTED))
    now = [100.0]
    (tmp_path / "credentials").write_text(profile.format("AKIAOLD"))
    async with Accounts(
        [Account(name="docs", profile="docs")],
        run="01RUN",
        endpoint_url=wire.url,
        monotonic=lambda: now[0],
    ) as accounts:
        await start(accounts, "docs")
        (tmp_path / "credentials").write_text(profile.format("AKIANEW"))
        now[0] += 60
        await accounts.refresh("docs")
        await start(accounts, "docs")
    assert [key_of(request) for request in wire.requests] == ["AKIAOLD", "AKIANEW"]


async def test_a_profile_renewed_during_a_suspend_is_seen_after_a_drop(
    serve: Serve, tmp_path: Path, suspend: Callable[[float], None]
) -> None:
    """The old keys are an hour old, though the monotonic clock has seen them for a moment only."""
    profile = "[docs]\naws_access_key_id = {}\naws_secret_access_key = s\n"
    wire = await serve(answering(STARTED))
    (tmp_path / "credentials").write_text(profile.format("AKIAOLD"))
    async with Accounts(
        [Account(name="docs", profile="docs")], run="01RUN", endpoint_url=wire.url
    ) as accounts:
        await start(accounts, "docs")
        (tmp_path / "credentials").write_text(profile.format("AKIANEW"))
        suspend(3600)
        await accounts.refresh("docs")
        await start(accounts, "docs")
    assert [key_of(request) for request in wire.requests] == ["AKIAOLD", "AKIANEW"]


async def test_a_credential_process_that_fails_keeps_its_words_to_itself(
    serve: Serve, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text(
        "[default]\ncredential_process = sh -c 'echo password is hunter2 >&2; exit 1'\n"
    )
    wire = await serve(answering(STARTED))
    async with Accounts([], run="01RUN", endpoint_url=wire.url) as accounts:
        with pytest.raises(CallFailed) as caught:
            await start(accounts)
    failure = caught.value
    assert (failure.kind, failure.cause) == (Kind.CREDENTIALS, "CredentialRetrievalError")
    assert "hunter2" not in failure.reason + failure.message


@pytest.fixture
async def trap(serve: Serve) -> Wire:
    """A server that must never be asked."""
    return await serve(answering(reply(status=500)))


async def test_neither_environment_nor_profile_sends_calls_elsewhere(
    serve: Serve, trap: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text(
        f"[default]\naws_access_key_id = AKIAX\naws_secret_access_key = s\nendpoint_url = {trap.url}\n"
    )
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_AMPLIFY", "AWS_ENDPOINT_URL_STS"):
        monkeypatch.setenv(name, trap.url)
    looked_up: list[object] = []

    async def nowhere(host: object, *_arguments: object, **_options: object) -> list[object]:
        looked_up.append(host)
        raise OSError("no network in this test")

    async with Accounts(
        [Account(name="shop", id="012345670123")], run="01RUN", regions={"shop": "eu-west-1"}
    ) as accounts:
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", nowhere)
        with pytest.raises(CallFailed):
            await start(accounts)
        with pytest.raises(CallFailed):
            await accounts.verify("shop")
    assert set(looked_up) == {"amplify.eu-west-1.amazonaws.com", "sts.eu-west-1.amazonaws.com"}
    assert (trap.connections, trap.requests) == (0, [])


async def test_static_credentials_read_neither_environment_nor_files_nor_instance(
    serve: Serve, trap: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text("[default\nthis is no configuration")
    for name, value in {
        "AWS_PROFILE": "missing",
        "AWS_ACCESS_KEY_ID": "AKIAREAL",
        "AWS_SECRET_ACCESS_KEY": "real",
        "AWS_DEFAULTS_MODE": "auto",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_CA_BUNDLE": "/nonexistent",
        "AWS_DATA_PATH": "/nonexistent",
        "AWS_EC2_METADATA_DISABLED": "false",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": trap.url,
    }.items():
        monkeypatch.setenv(name, value)
    wire = await serve(answering(STARTED))
    accounts = Accounts(
        [Account(name="docs", profile="docs", id="111122223333")],
        run="01RUN",
        profile="missing",
        endpoint_url=wire.url,
        static_credentials=static,
    )
    async with accounts:
        await start(accounts, "docs")
        await start(accounts)
    assert [key_of(request) for request in wire.requests] == ["AKIAEMUL111122223333", "AKIAEMUL000000000000"]
    assert trap.connections == 0
