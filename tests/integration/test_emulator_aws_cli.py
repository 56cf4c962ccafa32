"""The emulator as the aws command line sees it.

The aws CLI pins its own botocore, so it lives in an environment of its own: the executable that
AMPLIFY_RELEASE_TEST_AWS_CLI names, else one that is installed once a session.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

from scheduler.emulator.identity import SECRET_KEY, access_key
from scheduler.emulator.server import Emulator, serve
from scheduler.plan.scenario import Scenario

#: Installing the CLI takes its time on a cold cache.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The aws executable."""
    if named := os.environ.get("AMPLIFY_RELEASE_TEST_AWS_CLI"):
        return Path(named)
    home = tmp_path_factory.mktemp("aws-cli")
    venv.create(home, with_pip=True)
    scripts = home / ("Scripts" if sys.platform == "win32" else "bin")
    subprocess.run([scripts / "python", "-m", "pip", "install", "--quiet", "awscli"], check=True)
    return scripts / "aws"


async def run(aws: Path, emulator: Emulator, *arguments: str) -> tuple[int, str, str]:
    """Run the CLI as a person would, with keys of the emulator's and nobody's configuration."""
    environment = {
        "PATH": os.defpath,
        "HOME": str(aws.parent),
        "AWS_ACCESS_KEY_ID": access_key("012345670123"),
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": emulator.url,
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    process = await asyncio.create_subprocess_exec(
        aws, *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def answer(aws: Path, emulator: Emulator, *arguments: str) -> dict[str, Any]:
    code, out, err = await run(aws, emulator, *arguments)
    assert (code, err) == (0, "")
    parsed: dict[str, Any] = json.loads(out)
    return parsed


async def test_the_aws_cli_starts_follows_lists_and_stops_jobs(aws: Path) -> None:
    place = ("--app-id", "d1", "--branch-name", "feature/x y")
    scenario = Scenario.model_validate({"pending_time": "1h", "stop_time": "1h"})
    async with serve(scenario) as emulator:
        started = await answer(
            aws,
            emulator,
            "amplify",
            "start-job",
            *place,
            "--job-type",
            "RELEASE",
            "--commit-message",
            "nightly",
        )
        job = started["jobSummary"]
        assert (job["jobId"], job["status"], job["commitMessage"]) == ("1", "PENDING", "nightly")
        assert await answer(aws, emulator, "amplify", "get-job", *place, "--job-id", "1") == {
            "job": {"summary": job, "steps": []}
        }
        assert await answer(aws, emulator, "amplify", "list-jobs", *place) == {"jobSummaries": [job]}
        code, _, err = await run(aws, emulator, "amplify", "start-job", *place, "--job-type", "RELEASE")
        assert code != 0
        assert "(LimitExceededException)" in err
        assert "The requested branch feature/x y already have pending or running jobs" in err
        stopped = await answer(aws, emulator, "amplify", "stop-job", *place, "--job-id", "1")
        assert stopped["jobSummary"]["status"] == "CANCELLING"


async def test_the_aws_cli_learns_who_it_is_and_assumes_a_role(aws: Path) -> None:
    async with serve(Scenario()) as emulator:
        identity = await answer(aws, emulator, "sts", "get-caller-identity")
        assert identity["Account"] == "012345670123"
        assumed = await answer(
            aws,
            emulator,
            *("sts", "assume-role", "--role-session-name", "nightly"),
            *("--role-arn", "arn:aws:iam::111122223333:role/release"),
        )
        arn = "arn:aws:sts::111122223333:assumed-role/release/nightly"
        assert assumed["AssumedRoleUser"]["Arn"] == arn
