"""The real client over real sockets: what it sends, and what it makes of good answers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from scheduler.amplify.accounts import Accounts
from scheduler.amplify.answers import App, Branch
from scheduler.amplify.port import Answer, CallFailed, JobPage, Kind, Stage
from scheduler.model import Job, JobType, LaneKey, Target
from tests.integration.wire import Connection, Serve, Wire, answering, reply

LANE = LaneKey("default", "eu-west-1")
TARGET = Target(account="default", region="eu-west-1", app="d1", branch="main", name="web")
DATE = {"Date": "Tue, 24 Nov 2026 02:00:00 GMT"}
STARTED = reply({"jobSummary": {"jobId": "7", "status": "PENDING"}}, headers=DATE)


def accounts(wire: Wire) -> Accounts:
    return Accounts(
        [],
        run="01RUN",
        endpoint_url=wire.url,
        static_credentials=lambda account: (f"AKIAEMUL{account}", "emulated"),
    )


async def test_a_start_sends_every_parameter_of_the_target_and_names_its_intent(serve: Serve) -> None:
    wire = await serve(answering(STARTED))
    target = Target(
        account="default",
        region="eu-west-1",
        app="d1",
        branch="feature/x y",
        name="web",
        job_type=JobType.RETRY,
        job_id="17",
        reason="nightly release",
        commit_id="abc",
        commit_time=datetime(2026, 11, 24, 1, 2, 3, tzinfo=UTC),
    )
    async with accounts(wire) as opened:
        client = await opened.lane(LANE, calls=1)
        await client.start_job(target, commit_message="nightly [amplify-release:01X]", intent="01X")
    (request,) = wire.requests
    assert (request.method, request.path) == ("POST", "/apps/d1/branches/feature%2Fx%20y/jobs")
    assert json.loads(request.body) == {
        "jobType": "RETRY",
        "jobId": "17",
        "jobReason": "nightly release",
        "commitId": "abc",
        "commitMessage": "nightly [amplify-release:01X]",
        "commitTime": 1795482123,
    }
    assert request.headers["user-agent"].startswith("amplify-release/")
    assert request.headers["user-agent"].endswith(" md/intent#01X")
    assert "/eu-west-1/amplify/aws4_request" in request.headers["authorization"]


async def test_what_a_target_leaves_open_is_not_sent(serve: Serve) -> None:
    wire = await serve(answering(STARTED))
    async with accounts(wire) as opened:
        client = await opened.lane(LANE, calls=1)
        await client.start_job(TARGET, commit_message=None, intent="01X")
    assert json.loads(wire.requests[0].body) == {"jobType": "RELEASE"}


async def test_a_job_keeps_what_the_service_says_and_no_secret(serve: Serve) -> None:
    summary = {
        "jobArn": "arn:aws:amplify:eu-west-1:012345670123:apps/d1/branches/main/jobs/0000000010",
        "jobId": "10",
        "commitId": "HEAD",
        "commitMessage": "nightly",
        "commitTime": 1795485600.25,
        "startTime": 1795485601,
        "status": "DAYDREAMING",
        "jobType": "MANUAL",
        "sourceUrl": "https://user:pass@bucket.example/key?X-Amz-Signature=abc#f",
        "sourceUrlType": "ZIP",
    }
    steps = [
        {"stepName": "BUILD", "status": "FAILED", "statusReason": "out of memory"},
        {"stepName": "DEPLOY", "status": "CANCELLED"},
    ]
    wire = await serve(answering(reply({"job": {"summary": summary, "steps": steps}}, headers=DATE)))
    async with accounts(wire) as opened:
        client = await opened.lane(LANE, calls=1)
        answer = await client.get_job("d1", "main", "10")
    assert answer == Answer(
        Job(
            jobId="10",
            status="DAYDREAMING",
            jobArn="arn:aws:amplify:eu-west-1:012345670123:apps/d1/branches/main/jobs/0000000010",
            commitId="HEAD",
            commitMessage="nightly",
            commitTime=datetime(2026, 11, 24, 2, 0, 0, 250000, tzinfo=UTC),
            startTime=datetime(2026, 11, 24, 2, 0, 1, tzinfo=UTC),
            jobType="MANUAL",
            sourceUrl="https://bucket.example/key",
            sourceUrlType="ZIP",
        ),
        1795485600.0,
        "BUILD: out of memory",
    )
    assert wire.requests[0].path == "/apps/d1/branches/main/jobs/10"


async def test_an_answer_without_a_readable_date_has_no_clock(serve: Serve) -> None:
    started = reply({"jobSummary": {"jobId": "7", "status": "PENDING"}}, headers={"Date": "yesterday"})
    wire = await serve(answering(started))
    async with accounts(wire) as opened:
        client = await opened.lane(LANE, calls=1)
        answer = await client.start_job(TARGET, commit_message=None, intent="01X")
    assert answer == Answer(Job(jobId="7", status="PENDING"), None)


def job_page(*numbers: int, token: str | None = None) -> bytes:
    page: dict[str, object] = {
        "jobSummaries": [{"jobId": str(number), "status": "SUCCEED"} for number in numbers]
    }
    return reply(page if token is None else page | {"nextToken": token}, headers=DATE)


async def test_jobs_are_listed_to_the_last_page(serve: Serve) -> None:
    wire = await serve(answering(job_page(9, 8, token="b c"), job_page(token="d"), job_page(7)))
    async with accounts(wire) as opened:
        client = await opened.lane(LANE, calls=1)
        page = await client.list_jobs("d1", "main", down_to=0)
    jobs = [Job(jobId=number, status="SUCCEED") for number in ("9", "8", "7")]
    assert page == JobPage(jobs, 1795485600.0)
    assert [request.path for request in wire.requests] == [
        "/apps/d1/branches/main/jobs?maxResults=50",
        "/apps/d1/branches/main/jobs?maxResults=50&nextToken=b%20c",
        "/apps/d1/branches/main/jobs?maxResults=50&nextToken=d",
    ]


@pytest.mark.parametrize(("first", "requests"), [((9, 8), 1), ((8, 9), 2), ((), 2)])
async def test_the_newest_jobs_are_one_page_if_its_order_says_so(
    first: tuple[int, ...], requests: int, serve: Serve
) -> None:
    wire = await serve(answering(job_page(*first, token="b"), job_page(7)))
    async with accounts(wire) as opened:
        client = await opened.lane(LANE, calls=1)
        await client.list_jobs("d1", "main")
    assert len(wire.requests) == requests


async def test_jobs_are_listed_no_further_than_asked(serve: Serve) -> None:
    wire = await serve(answering(job_page(9, 8, token="b"), job_page(7, 6, token="c"), job_page(5)))
    async with accounts(wire) as opened:
        client = await opened.lane(LANE, calls=1)
        page = await client.list_jobs("d1", "main", down_to=7)
    assert [job.jobId for job in page.jobs] == ["9", "8", "7", "6"]


@pytest.mark.parametrize(
    "answers",
    [
        [reply(b"")],
        [reply({"jobSummaries": [{"status": "PENDING"}]})],
        [job_page(9, token="a"), job_page(8, token="a")],
    ],
    ids=["empty", "no-id", "circle"],
)
async def test_a_list_that_may_be_incomplete_never_passes_for_a_list(
    answers: list[bytes], serve: Serve
) -> None:
    wire = await serve(answering(*answers))
    async with accounts(wire) as opened:
        client = await opened.lane(LANE, calls=1)
        with pytest.raises(CallFailed) as caught:
            await client.list_jobs("d1", "main", down_to=0)
    assert (caught.value.kind, caught.value.cause) == (Kind.AMBIGUOUS, "Unusable")


async def test_a_job_is_stopped_by_its_id(serve: Serve) -> None:
    wire = await serve(answering(reply({"jobSummary": {"jobId": "7", "status": "CANCELLING"}})))
    async with accounts(wire) as opened:
        client = await opened.lane(LANE, calls=1)
        await client.stop_job("d1", "main", "7")
    assert [(request.method, request.path) for request in wire.requests] == [
        ("DELETE", "/apps/d1/branches/main/jobs/7/stop")
    ]


APP = {
    "appId": "d1",
    "name": "shop-web",
    "tags": {"nightly": "true"},
    "repository": "https://token@github.com/acme/storefront",
    "platform": "WEB",
    "enableBranchAutoBuild": True,
    "environmentVariables": {"API_KEY": "hunter2"},
    "basicAuthCredentials": "hunter2",
}
BRANCH = {
    "branchName": "main",
    "stage": "PRODUCTION",
    "enableAutoBuild": False,
    "environmentVariables": {"API_KEY": "hunter2"},
}
SHOP = App(
    id="d1",
    name="shop-web",
    repository="https://github.com/acme/storefront",
    auto_build=True,
    tags={"nightly": "true"},
)
MAIN = Branch(name="main", stage="PRODUCTION", auto_build=False)


async def test_discovery_reads_all_pages_and_only_what_it_needs(serve: Serve) -> None:
    wire = await serve(
        answering(
            reply({"apps": [APP], "nextToken": "n"}),
            reply({"apps": [{"appId": "d2"}]}),
            reply({"branches": [BRANCH]}),
            reply({"app": APP}),
            reply({"branch": BRANCH}),
        )
    )
    async with accounts(wire) as opened:
        client = await opened.lane(LANE, calls=1)
        assert await client.list_apps() == [SHOP, App(id="d2", name="d2")]
        assert await client.list_branches("d1") == [MAIN]
        assert await client.get_app("d1") == SHOP
        assert await client.get_branch("d1", "main") == MAIN
    assert [request.path for request in wire.requests] == [
        "/apps?maxResults=100",
        "/apps?maxResults=100&nextToken=n",
        "/apps/d1/branches?maxResults=50",
        "/apps/d1",
        "/apps/d1/branches/main",
    ]


async def test_a_connection_is_used_again_at_once_and_not_after_a_second(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire = await serve(answering(STARTED))
    now = [time.monotonic()]
    monkeypatch.setattr("aiohttp.connector.monotonic", lambda: now[0])
    seen = []
    async with accounts(wire) as opened:
        client = await opened.lane(LANE, calls=1)
        for pause in (0.0, 0.9, 1.1):
            now[0] += pause
            await client.start_job(TARGET, commit_message=None, intent="01X")
            seen.append(wire.connections)
    assert seen == [1, 1, 2]


async def test_a_connection_from_before_a_suspend_is_not_used_again(
    serve: Serve, suspend: Callable[[float], None]
) -> None:
    wire = await serve(answering(STARTED))
    seen = []
    async with accounts(wire) as opened:
        client = await opened.lane(LANE, calls=1)
        for pause in (0.0, 0.5, 3600.0, 0.5):
            suspend(pause)
            await client.start_job(TARGET, commit_message=None, intent="01X")
            seen.append(wire.connections)
    assert seen == [1, 1, 2, 2]


async def test_a_kept_connection_that_closes_under_a_start_is_no_reason_to_send_it_again(
    serve: Serve,
) -> None:
    async def once(connection: Connection) -> None:
        await connection.request()
        await connection.send(STARTED)
        await connection.request()

    wire = await serve(once)
    async with accounts(wire) as opened:
        client = await opened.lane(LANE, calls=1)
        await client.start_job(TARGET, commit_message=None, intent="01X")
        with pytest.raises(CallFailed) as caught:
            await client.start_job(TARGET, commit_message=None, intent="01Y")
    assert (caught.value.stage, caught.value.kind) == (Stage.SENT, Kind.AMBIGUOUS)
    assert (wire.connections, len(wire.requests)) == (1, 2)
