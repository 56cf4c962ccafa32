"""The commands that report on runs, as people, scripts and terminals meet them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.acceptance.conftest import Served, Shell, apps, at_a_terminal

Released = Callable[..., tuple[Shell, Served]]


@pytest.fixture
def failed(released: Released) -> Shell:
    """A shell after a run in which one of three targets failed."""
    shell, _ = released(build_time="100ms", branches=[{"app": "dapp0001", "fails": True}])
    assert shell.release("run", shell.plan(apps(3))).returncode == 1
    return shell


def test_json_lines_are_a_line_a_target_in_every_command(failed: Shell) -> None:
    def look(*arguments: str) -> list[dict[str, object]]:
        done = failed.type(*arguments, "--state-dir", "state", "-o", "jsonl")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    assert failed.release("run", "plan.yaml").returncode == 1
    report = look("report")
    assert [row.get("app") for row in report] == [None, "dapp0000", "dapp0001", "dapp0002"]
    assert look("status") == report
    newest, oldest = (str(row["run"]) for row in look("runs"))
    difference = look("diff", oldest, newest)
    assert [(row["kind"], row["target"]) for row in difference] == [
        ("still_failing", "default/eu-west-1/dapp0001/main")
    ]


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_a_terminal_gets_colours_unless_it_cannot_or_shall_not(
    failed: Shell, environment: dict[str, str], coloured: bool
) -> None:
    failed.environment = {"TERM": "xterm", "NO_COLOR": ""} | environment
    code, text = at_a_terminal(failed, "report", "--state-dir", "state")
    assert code == 0
    assert "1 of 3 targets failed." in text
    assert ("\x1b[" in text) is coloured


def test_the_next_command_works_as_it_is_printed(failed: Shell) -> None:
    lines = failed.type("report", "--state-dir", "state").stdout.splitlines()
    command = next(line for line in lines if "amplify-release retry" in line).split()
    assert command[3:] == ["--state-dir", "state", "--endpoint-url", failed.url]
