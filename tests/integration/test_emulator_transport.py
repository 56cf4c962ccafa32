"""Each fault of the transport as a real client meets it."""

from __future__ import annotations

import logging

import aiohttp
import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session

from scheduler.emulator.identity import SECRET_KEY, access_key
from scheduler.emulator.server import serve
from scheduler.plan.scenario import FaultKind, Scenario

SIGNED = {
    "Authorization": f"AWS4-HMAC-SHA256 Credential={access_key('012345670123')}/20260101/eu-west-1/amplify/"
    "aws4_request, SignedHeaders=host, Signature=ab12"
}


async def meet(kind: FaultKind) -> tuple[str, int]:
    """Return what one StartJob with this fault brings a plain client, and how many jobs there are then."""
    scenario = Scenario.model_validate({"faults": [{"kind": kind, "times": 1, "delay": "50ms"}]})
    async with serve(scenario) as emulator, aiohttp.ClientSession() as session:
        url = f"{emulator.url}/apps/d1/branches/main/jobs"
        try:
            async with session.post(
                url, json={"jobType": "RELEASE"}, headers=SIGNED, allow_redirects=False
            ) as answer:
                body = await answer.read()
                seen = (
                    f"{answer.status} {answer.content_type} {len(body)} {answer.headers.get('Location', '')}"
                )
        except aiohttp.ClientError as error:
            seen = type(error).__name__
        return seen.strip(), len(emulator.service.truth().jobs)


@pytest.mark.parametrize(
    ("kind", "seen", "jobs"),
    [
        (FaultKind.RESET_BEFORE, "ClientOSError", 0),
        (FaultKind.RESET_AFTER, "ClientOSError", 1),
        (FaultKind.CLOSE_AFTER, "ServerDisconnectedError", 1),
        (FaultKind.CUT_AFTER, "ClientPayloadError", 1),
        (FaultKind.HANG_BEFORE, "ClientOSError", 0),
        (FaultKind.HANG_AFTER, "ClientOSError", 1),
        (FaultKind.LATE, "ClientOSError", 0),
        (FaultKind.EMPTY, "200 application/json 0", 1),
        (FaultKind.GARBAGE, "200 text/html 86", 1),
        (FaultKind.REDIRECT, "307 application/json 0 /apps/d1/branches/main/jobs", 0),
    ],
)
async def test_a_fault_of_the_transport_is_what_its_name_says(
    kind: FaultKind, seen: str, jobs: int, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert await meet(kind) == (seen, jobs)
    assert caplog.text == ""


async def test_a_client_that_repeats_by_itself_meets_the_real_hazard_of_a_second_job() -> None:
    """The reason for one attempt a call: the lost reply is repeated by the client, without anybody's say."""
    scenario = Scenario.model_validate(
        {
            "pending_time": 0,
            "provision_time": 0,
            "build_time": 0,
            "faults": [{"kind": "reset_after", "times": 1}],
        }
    )
    async with (
        serve(scenario) as emulator,
        get_session().create_client(
            "amplify",
            region_name="eu-west-1",
            endpoint_url=emulator.url,
            aws_access_key_id=access_key("012345670123"),
            aws_secret_access_key=SECRET_KEY,
            config=AioConfig(retries={"mode": "standard"}),
        ) as client,
    ):
        answer = await client.start_job(appId="d1", branchName="main", jobType="RELEASE")
        assert answer["jobSummary"]["jobId"] == "2"
        assert [(start.answer, start.job) for start in emulator.service.truth().starts] == [
            ("reset_after", "1"),
            ("started", "2"),
        ]
