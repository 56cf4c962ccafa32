"""Canaries: no secret and nothing a terminal would obey reaches an output or the journal."""

from __future__ import annotations

from collections.abc import Callable

from scheduler.emulator.identity import access_key
from tests.acceptance.conftest import Served, Shell

SECRET = "canarysecretcanarysecretcanarysecretcana"
TOKEN = "canarytokencanarytokencanarytoken"
SIGNED = "https://artifacts.example/log?X-Amz-Signature=canarysignature&X-Amz-Security-Token=canarytoken"


def test_no_canary_is_found_anywhere(released: Callable[..., tuple[Shell, Served]]) -> None:
    key = access_key("012345670123")
    shell, _ = released(
        build_time="300ms",
        branches=[{"app": "dfails", "fails": True}, {"app": "dmissing", "missing": True}],
        faults=[
            {"kind": "denied", "app": "ddenied"},
            {"kind": "error_before", "app": "dbad", "status": 400, "code": "BadRequestException",
             "message": f"see {SIGNED} and {key}"},
        ],
    )  # fmt: skip
    shell.environment = {
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_SESSION_TOKEN": TOKEN,
    }
    plan = shell.plan(
        [{"app": app} for app in ("dgood", "dfails", "dmissing", "ddenied", "dbad")]
        + [{"app": "dmessage", "commit_message": f"build {SIGNED}"}]
    )
    files = [f"out{suffix}" for suffix in (".json", ".xml", ".md", ".html", ".csv")]
    options = [word for file in files for word in ("--report", file)]
    done = shell.release("run", plan, *options, "--log-format", "json")
    assert done.returncode == 1
    outputs = {"stdout": done.stdout.encode(), "stderr": done.stderr.encode()}
    outputs |= {name: (shell.home / name).read_bytes() for name in files}
    outputs |= {path.name: path.read_bytes() for path in (shell.home / "state").iterdir()}
    for name, content in outputs.items():
        for canary in (SECRET, TOKEN, key, "canarysignature"):
            if name == "journal.db" and canary == "canarysignature":
                continue  # the plan's own commit message, which has to be sent as it is
            assert canary.encode() not in content, f"{canary} in {name}"
