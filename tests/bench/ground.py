"""The ground both sides of a comparison stand on: one emulated Amplify, plans, and measured processes."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from scheduler.amplify.accounts import AMBIENT
from scheduler.emulator.identity import SECRET_KEY, access_key
from scheduler.emulator.truth import Truth
from scheduler.model import FailureBudget, FrozenPlan, Limits, Target
from scheduler.plan.digest import digest_of
from scheduler.plan.lock_file import lock_lines

COMMAND = Path(sys.executable).with_name("amplify-release")
#: A lane each.
REGIONS = ("eu-west-1", "eu-west-2", "eu-central-1", "us-east-1")
BRANCH = "main"
REASON = "benchmark"

#: Nothing is refused, nothing waits in a queue, and no job ends while a benchmark runs. Answers take about as
#: long as AWS's, and each its own time.
LATENCY = 0.2
_SCENARIO = "{slots: 1000000, build_time: 24h, pending_time: 0s, latency: [100ms, 300ms]}"

_ENVIRONMENT = {
    "PATH": os.defpath,
    "LANG": "C.UTF-8",
    "AWS_ACCESS_KEY_ID": access_key("000000000000"),
    "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


@contextmanager
def emulator(home: Path, text: str = _SCENARIO) -> Iterator[str]:
    """Serve the emulator in a process of its own, with a scenario in YAML; yields its URL."""
    scenario = home / "scenario.yaml"
    scenario.write_text(text)
    with subprocess.Popen(
        [COMMAND, "emulator", "--scenario", scenario], stdout=subprocess.PIPE, text=True, env=_ENVIRONMENT
    ) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert url, "the emulator did not start"
            yield url
        finally:
            process.kill()


def app(prefix: str, number: int) -> str:
    """Name an app. Every measured process has a prefix of its own, so that it finds idle branches."""
    return f"d{prefix}{number:06}"


def region(number: int, lanes: int) -> str:
    """Name the region of a target, so that targets are spread evenly over the first `lanes` regions."""
    return REGIONS[number % lanes]


def write_plan(path: Path, prefix: str, targets: int) -> Path:
    """Write a plan of so many apps, a branch each, as YAML."""
    lines = [
        "version: 1",
        f"name: {prefix}",
        f"defaults: {{region: {REGIONS[0]}, branch: {BRANCH}, reason: {REASON}}}",
        "targets:",
        *(f"  - {{app: {app(prefix, number)}}}" for number in range(targets)),
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def write_lock(path: Path, prefix: str, targets: int, *, lanes: int = 1) -> Path:
    """Write a lock of so many apps, a branch each: a plan in YAML takes its time to be read."""
    fleet = tuple(
        Target(
            account=AMBIENT,
            region=region(number, lanes),
            app=(name := app(prefix, number)),
            branch=BRANCH,
            name=name,
            reason=REASON,
        )
        for number in range(targets)
    )
    digest = digest_of((), Limits(), FailureBudget(), fleet)
    plan = FrozenPlan(name=prefix, path=str(path), digest=digest, targets=fleet)
    path.write_bytes(b"".join(lock_lines(plan, None)))
    return path


def release(plan: Path, url: str, *options: str) -> list[str]:
    """Return the command that runs a plan or a lock, with a state directory of its own beside it."""
    where = ["--endpoint-url", url, "--sts-endpoint-url", url, "--state-dir", str(plan.with_suffix(".state"))]
    return [str(COMMAND), "run", str(plan), "--progress", "none", *where, *options]


def truth(url: str) -> Truth:
    """Ask the emulator what really happened."""
    with urllib.request.urlopen(f"{url}/_truth") as answer:
        return Truth.from_json(answer.read())


def launch(command: Sequence[str], home: Path) -> subprocess.Popen[str]:
    """Start a command without anything of this machine's AWS settings; its stderr is a pipe."""
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=_ENVIRONMENT | {"HOME": str(home)},
    )


def finish(process: subprocess.Popen[str]) -> resource.struct_rusage:
    """Wait for a command to succeed; return what it used."""
    assert process.stderr is not None
    said = process.stderr.read()
    process.stderr.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, said
    return usage
