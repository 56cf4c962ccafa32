"""The emulator on a socket as aiobotocore and boto3 see it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import boto3  # type: ignore[import-untyped] # its stubs are another half a thousand services
import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.config import Config
from botocore.exceptions import ClientError
from types_aiobotocore_amplify.client import AmplifyClient
from types_aiobotocore_sts.client import STSClient

from scheduler.emulator.identity import SECRET_KEY, access_key
from scheduler.emulator.server import Emulator, serve
from scheduler.emulator.truth import Truth
from scheduler.plan.scenario import Scenario

SHOP = "012345670123"
KEY = access_key(SHOP)
ONCE: dict[str, Any] = {"retries": {"mode": "standard", "total_max_attempts": 1}}


@asynccontextmanager
async def amplify(
    emulator: Emulator, *, key: str = KEY, token: str | None = None, region: str = "eu-west-1"
) -> AsyncIterator[AmplifyClient]:
    async with get_session().create_client(
        "amplify",
        region_name=region,
        endpoint_url=emulator.url,
        aws_access_key_id=key,
        aws_secret_access_key=SECRET_KEY,
        aws_session_token=token,
        config=AioConfig(**ONCE, read_timeout=5),
    ) as client:
        yield client


@asynccontextmanager
async def sts(emulator: Emulator, *, key: str = KEY, token: str | None = None) -> AsyncIterator[STSClient]:
    async with get_session().create_client(
        "sts",
        region_name="us-east-1",
        endpoint_url=emulator.url,
        aws_access_key_id=key,
        aws_secret_access_key=SECRET_KEY,
        aws_session_token=token,
        config=AioConfig(**ONCE),
    ) as client:
        yield client


async def test_every_operation_answers_in_the_shape_that_the_client_parses() -> None:
    async with (
        serve(Scenario(pending_time=(600, 600), stop_time=(600, 600))) as emulator,
        amplify(emulator) as client,
    ):
        where: Any = {"appId": "d1", "branchName": "feature/x y"}
        started = (await client.start_job(**where, jobType="RELEASE", commitMessage="nightly"))["jobSummary"]
        arn = "arn:aws:amplify:eu-west-1:012345670123:apps/d1/branches/feature/x y/jobs/0000000001"
        assert (started["jobArn"], started["jobId"], started["status"]) == (arn, "1", "PENDING")
        assert abs(started["startTime"] - datetime.now(UTC)) < timedelta(seconds=5)
        job = (await client.get_job(**where, jobId="1"))["job"]
        assert (job["summary"], job["steps"]) == (started, [])
        assert (await client.list_jobs(**where))["jobSummaries"] == [started]
        assert [app["appId"] for app in (await client.list_apps())["apps"]] == ["d1"]
        assert (await client.get_app(appId="d1"))["app"]["appArn"].endswith(":apps/d1")
        branches = (await client.list_branches(appId="d1"))["branches"]
        assert [(branch["branchName"], branch["totalNumberOfJobs"]) for branch in branches] == [
            ("feature/x y", "1")
        ]
        assert (await client.get_branch(**where))["branch"] == branches[0]
        stopped = await client.stop_job(**where, jobId="1")
        assert stopped["jobSummary"]["status"] == "CANCELLING"
        assert sorted(emulator.service.truth().calls) == [
            "GetApp",
            "GetBranch",
            "GetJob",
            "ListApps",
            "ListBranches",
            "ListJobs",
            "StartJob",
            "StopJob",
        ]


@pytest.mark.parametrize(
    "branch",
    ["main", "feature/x y", "a+b&c=d%20", "..", "hotfix/#42?", "user@name", "jobs/1/stop", "ветка", "%2F"],
)
async def test_a_branch_keeps_its_name_whatever_is_in_it(branch: str) -> None:
    async with serve(Scenario()) as emulator, amplify(emulator) as client:
        await client.start_job(appId="d1", branchName=branch, jobType="RELEASE")
        assert [start.branch for start in emulator.service.truth().starts] == [branch]


async def test_lists_are_paged_for_the_clients_own_paginators() -> None:
    scenario = Scenario(slots=50, pending_time=(0, 0), provision_time=(0, 0), build_time=(0, 0))
    async with serve(scenario) as emulator, amplify(emulator) as client:
        for number in range(1, 8):
            await client.start_job(appId=f"d{number}", branchName="main", jobType="RELEASE")
            await client.start_job(appId="d1", branchName=f"b{number}", jobType="RELEASE")
            await client.start_job(appId="d1", branchName="many", jobType="RELEASE")
        jobs = [
            [job["jobId"] for job in page["jobSummaries"]]
            async for page in client.get_paginator("list_jobs").paginate(
                appId="d1", branchName="many", PaginationConfig={"PageSize": 3}
            )
        ]
        apps = [
            [app["appId"] for app in page["apps"]]
            async for page in client.get_paginator("list_apps").paginate(PaginationConfig={"PageSize": 4})
        ]
        branches = [
            [branch["branchName"] for branch in page["branches"]]
            async for page in client.get_paginator("list_branches").paginate(
                appId="d1", PaginationConfig={"PageSize": 5}
            )
        ]
    assert jobs == [["7", "6", "5"], ["4", "3", "2"], ["1"]]
    assert apps == [["d1", "d2", "d3", "d4"], ["d5", "d6", "d7"]]
    assert branches == [["b1", "b2", "b3", "b4", "b5"], ["b6", "b7", "main", "many"]]


async def test_errors_arrive_as_the_clients_own_exceptions() -> None:
    scenario = Scenario.model_validate(
        {
            "build_time": 600,
            "branches": [{"app": "d404", "missing": True}],
            "faults": [
                {
                    "app": "d401",
                    "kind": "error_before",
                    "status": 401,
                    "code": "UnauthorizedException",
                    "message": "No",
                },
                {"app": "d403", "kind": "denied"},
                {"app": "d500", "kind": "error_after"},
                {"app": "d502", "kind": "error_before", "status": 502, "code": "", "message": ""},
            ],
        }
    )
    async with serve(scenario) as emulator, amplify(emulator) as client:
        raised = client.exceptions
        await client.start_job(appId="d1", branchName="main", jobType="RELEASE")
        expected: list[tuple[str, str, type[Exception], str, int]] = [
            ("d1", "RELEASE", raised.LimitExceededException, "LimitExceededException", 429),
            ("d2", "MANUAL", raised.BadRequestException, "BadRequestException", 400),
            ("d401", "RELEASE", raised.UnauthorizedException, "UnauthorizedException", 401),
            ("d404", "RELEASE", raised.NotFoundException, "NotFoundException", 404),
            ("d403", "RELEASE", ClientError, "AccessDeniedException", 403),
            ("d500", "RELEASE", raised.InternalFailureException, "InternalFailureException", 500),
            ("d502", "RELEASE", ClientError, "502", 502),
        ]
        for app, job_type, kind, code, status in expected:
            with pytest.raises(kind) as caught:
                await client.start_job(appId=app, branchName="main", jobType=job_type)  # type: ignore[arg-type] # a plain str
            assert isinstance(caught.value, ClientError)
            answer = caught.value.response
            assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
            assert answer["ResponseMetadata"]["RetryAttempts"] == 0
        with pytest.raises(raised.LimitExceededException) as busy:
            await client.start_job(appId="d1", branchName="main", jobType="RELEASE")
    words = "The requested branch main already have pending or running jobs"
    assert busy.value.response["Error"]["Message"] == words


async def test_account_and_region_come_from_the_credentials_and_the_signature() -> None:
    async with serve(Scenario()) as emulator:
        for account, region in (("111122223333", "us-east-1"), (SHOP, "eu-west-1")):
            async with amplify(emulator, key=access_key(account), region=region) as client:
                await client.start_job(appId="d1", branchName="main", jobType="RELEASE")
        async with amplify(emulator, key="AKIDEXAMPLE") as client:
            await client.start_job(appId="d1", branchName="main", jobType="RELEASE")
        assert [(start.account, start.region, start.answer) for start in emulator.service.truth().starts] == [
            ("111122223333", "us-east-1", "started"),
            (SHOP, "eu-west-1", "started"),
            ("000000000000", "eu-west-1", "started"),
        ]


async def test_an_assumed_role_works_in_its_account_until_it_expires() -> None:
    async with serve(Scenario(session_time=900.0)) as emulator:
        async with sts(emulator) as client:
            answer = await client.assume_role(
                RoleArn="arn:aws:iam::111122223333:role/release", RoleSessionName="nightly", ExternalId="x1"
            )
        given = answer["Credentials"]
        assert timedelta(minutes=14) < given["Expiration"] - datetime.now(UTC) < timedelta(minutes=16)
        key, token = given["AccessKeyId"], given["SessionToken"]
        async with sts(emulator, key=key, token=token) as client:
            identity = await client.get_caller_identity()
        assert (identity["Account"], identity["Arn"]) == (
            "111122223333",
            "arn:aws:sts::111122223333:assumed-role/release/nightly",
        )
        async with amplify(emulator, key=key, token=token) as client:
            await client.start_job(appId="d1", branchName="main", jobType="RELEASE")
        assert emulator.service.truth().starts[0].account == "111122223333"


async def test_an_expired_session_is_refused() -> None:
    async with serve(Scenario(session_time=0.0)) as emulator:
        async with sts(emulator) as client:
            answer = await client.assume_role(
                RoleArn="arn:aws:iam::111122223333:role/release", RoleSessionName="nightly"
            )
        given = answer["Credentials"]
        key, token = given["AccessKeyId"], given["SessionToken"]
        async with amplify(emulator, key=key, token=token) as client:
            with pytest.raises(ClientError, match="ExpiredTokenException"):
                await client.start_job(appId="d1", branchName="main", jobType="RELEASE")


async def test_sts_refuses_in_its_own_protocol() -> None:
    scenario = Scenario.model_validate({"faults": [{"kind": "denied", "operation": "AssumeRole"}]})
    async with serve(scenario) as emulator, sts(emulator) as client:
        with pytest.raises(ClientError) as caught:
            await client.assume_role(
                RoleArn="arn:aws:iam::111122223333:role/release", RoleSessionName="nightly"
            )
    assert caught.value.response["Error"] == {
        "Type": "Sender",
        "Code": "AccessDeniedException",
        "Message": f"User: arn:aws:iam::{SHOP}:user/emulator is not authorized to perform: sts:AssumeRole",
    }


async def test_the_date_header_shows_the_services_own_clock() -> None:
    async with serve(Scenario(clock_skew=-600.0)) as emulator, amplify(emulator) as client:
        answer = await client.list_apps()
    shown = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
    assert abs(shown - datetime.now(UTC) + timedelta(minutes=10)) < timedelta(seconds=5)


async def test_latency_delays_the_answer_and_the_effect_comes_half_way() -> None:
    async with serve(Scenario(latency=(0.4, 0.4))) as emulator, amplify(emulator) as client:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await client.start_job(appId="d1", branchName="main", jobType="RELEASE")
        truth = emulator.service.truth()
        assert loop.time() - begun >= 0.4
        assert datetime.now(UTC).timestamp() - truth.jobs[0].created_at >= 0.2


def _plain(url: str, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=5)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


async def test_the_truth_is_served_as_json() -> None:
    async with serve(Scenario()) as emulator, amplify(emulator) as client:
        await client.start_job(appId="d1", branchName="main", jobType="RELEASE")
        status, headers, body = await asyncio.to_thread(_plain, emulator.url, "GET", "/_truth")
        assert (status, headers["Content-Type"]) == (200, "application/json")
        assert Truth.from_json(body).starts == emulator.service.truth().starts


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/apps", 403, "MissingAuthenticationTokenException"),
        ("PUT", "/apps", 404, "UnknownOperationException"),
    ],
)
async def test_a_plain_request_gets_an_error_in_amplifys_form(
    method: str, path: str, status: int, code: str
) -> None:
    async with serve(Scenario()) as emulator:
        answer = await asyncio.to_thread(_plain, emulator.url, method, path)
    assert (answer[0], answer[1]["x-amzn-ErrorType"], list(json.loads(answer[2]))) == (
        status,
        code,
        ["message"],
    )


async def test_boto3_works_too() -> None:
    async with serve(Scenario()) as emulator:

        def release() -> str:
            client = boto3.client(
                "amplify",
                region_name="eu-west-1",
                endpoint_url=emulator.url,
                aws_access_key_id=access_key(SHOP),
                aws_secret_access_key=SECRET_KEY,
                config=Config(**ONCE),
            )
            job = client.start_job(appId="d1", branchName="main", jobType="RELEASE")["jobSummary"]
            with pytest.raises(client.exceptions.LimitExceededException):
                client.start_job(appId="d1", branchName="main", jobType="RELEASE")
            client.close()
            return str(job["jobId"])

        assert await asyncio.to_thread(release) == "1"


async def test_a_port_can_be_chosen_and_is_free_again_afterwards() -> None:
    async with serve(Scenario()) as first:
        port = urlsplit(first.url).port
        assert port is not None
        with pytest.raises(OSError, match="address already in use"):
            async with serve(Scenario(), port=port):
                pass
    async with serve(Scenario(), port=port) as second:
        assert second.url == first.url


async def test_ending_the_server_does_not_wait_for_hanging_requests() -> None:
    scenario = Scenario.model_validate({"faults": [{"kind": "hang_after", "delay": "1h"}]})
    loop = asyncio.get_running_loop()
    async with serve(scenario) as emulator:
        async with amplify(emulator) as client:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await client.start_job(appId="d1", branchName="main", jobType="RELEASE")
        assert [start.answer for start in emulator.service.truth().starts] == ["hang_after"]
        leaving = loop.time()
    assert loop.time() - leaving < 5
