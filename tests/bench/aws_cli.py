"""The `aws` command, which pins its own botocore and so lives in an environment of its own."""

from __future__ import annotations

import os
import shlex
import subprocess
import venv
from pathlib import Path

from .ground import BRANCH, REGIONS

GIVEN = "AMPLIFY_RELEASE_TEST_AWS_CLI"


def aws_cli(home: Path) -> Path:
    """Return the executable that AMPLIFY_RELEASE_TEST_AWS_CLI names, else one that is installed in `home`."""
    if given := os.environ.get(GIVEN):
        return Path(given)
    venv.create(home / "aws", with_pip=True)
    scripts = home / "aws" / "bin"
    subprocess.run([scripts / "python", "-m", "pip", "install", "-qq", "awscli"], check=True)
    return scripts / "aws"


def start_job(aws: Path, url: str, app_id: str) -> list[str]:
    """Return the command that starts an app's job."""
    where = ["--region", REGIONS[0], "--endpoint-url", url]
    what = ["--app-id", app_id, "--branch-name", BRANCH, "--job-type", "RELEASE"]
    return [str(aws), "amplify", "start-job", *where, *what]


def in_a_loop(aws: Path, url: str, apps: list[str], *, at_once: int) -> list[str]:
    """Return a shell's loop over the apps, with so many commands at once."""
    command = shlex.join(start_job(aws, url, "APP"))
    return ["sh", "-c", f"printf '%s\\n' {shlex.join(apps)} | xargs -P {at_once} -I APP {command}"]
