"""The main job, from the installed command: a plan goes in, jobs run, a true report comes out."""

from __future__ import annotations

import csv
import io
import json
import stat
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema

from tests.acceptance.conftest import Served, Shell, apps

ROOT = Path(__file__).parents[2]
Released = Callable[..., tuple[Shell, Served]]


def test_the_demo_shows_a_night_with_everything_in_it(shell: Shell) -> None:
    done = shell.type("run", str(ROOT / "config/demo.yaml"), "--emulate", *shell.where)
    assert done.returncode == 1
    report = shell.report()
    assert report["totals"]["targets"] == report["totals"]["succeeded"] + 1 == 30
    assert sum(lane["throttled"] for lane in report["lanes"]) >= 1
    assert sum(lane["busy"] for lane in report["lanes"]) >= 1
    assert "mail-preview" in done.stdout
    assert "exited with code 1" in done.stdout
    assert "retry" in done.stdout
    assert "holds the branch" in done.stderr


def test_reports_of_every_format_agree(released: Released) -> None:
    shell, _ = released(build_time="300ms", branches=[{"app": "dapp0003", "fails": True}])
    files = [f"out{suffix}" for suffix in (".json", ".xml", ".md", ".html", ".csv")]
    options = [word for file in files for word in ("--report", file)]
    done = shell.release("run", shell.plan(apps(8)), *options, "-o", "json")
    assert done.returncode == 1
    document = json.loads(done.stdout)
    jsonschema.validate(document, json.loads((ROOT / "config/report.schema.json").read_text()))
    assert json.loads((shell.home / "out.json").read_text()) == document == shell.report()
    suites = ET.fromstring((shell.home / "out.xml").read_text())
    assert (suites.get("tests"), suites.get("failures")) == ("8", "1")
    rows = list(csv.DictReader(io.StringIO((shell.home / "out.csv").read_text())))
    assert Counter(row["outcome"] for row in rows) == {"succeeded": 7, "failed": 1}
    assert "dapp0003" in (shell.home / "out.md").read_text()
    assert "dapp0003" in (shell.home / "out.html").read_text()
    for name in files:
        assert stat.S_IMODE((shell.home / name).stat().st_mode) == 0o600


def test_the_report_is_true_under_faults(released: Released) -> None:
    """Resets, lost and garbled answers, server errors, throttling: what is reported is what happened."""
    kinds = ("reset_before", "reset_after", "error_before", "error_after", "empty", "garbage", "close_after")
    shell, served = released(
        slots=20,
        build_time=["200ms", "600ms"],
        start_rate=20,
        failure_rate=0.1,
        faults=[{"kind": kind, "probability": 0.04} for kind in kinds],
    )
    done = shell.release("run", shell.plan(apps(80)), "-o", "json")
    assert done.returncode == 1
    truth = served.truth()
    jobs = {job.app: job for job in truth.jobs}
    assert max(Counter(job.app for job in truth.jobs).values()) == 1
    ends = {"SUCCEED": "succeeded", "FAILED": "failed"}
    report = json.loads(done.stdout)
    for target in report["targets"]:
        job = jobs.get(target["app"])
        if job is None:
            assert target["outcome"] == "unresolved"
        else:
            assert target["outcome"] == ends[job.status]
            assert target["job"]["jobId"] == job.job
            assert target["evidence"] in {"response", "adopted_exact"}
    assert report["totals"]["unresolved"] > 0
    assert any(target["evidence"] == "adopted_exact" for target in report["targets"])
    counted = sum(lane["start_calls"] for lane in report["lanes"])
    assert counted == len(truth.starts) == truth.calls["StartJob"]


def test_every_start_job_parameter_arrives(released: Released) -> None:
    shell, served = released(build_time="200ms")
    plan = shell.plan(
        [
            {"app": "dretry", "job_type": "RETRY", "job_id": "17", "reason": "again"},
            {"app": "dhook", "job_type": "WEB_HOOK", "commit_id": "abc", "commit_message": "on: fix"},
            {"app": "dbare", "marker": "no", "commit_message": "exactly this"},
            {"app": "dbranches", "branches": ["on", "1.10", "0123", "feature/x y", "a+b&c=d%20"]},
        ]
    )
    assert shell.release("run", plan).returncode == 0
    starts = {(start.app, start.branch): start for start in served.truth().starts}
    assert {branch for app, branch in starts if app == "dbranches"} == {
        "on",
        "1.10",
        "0123",
        "feature/x y",
        "a+b&c=d%20",
    }
    assert starts["dretry", "main"].job_type == "RETRY"
    assert starts["dhook", "main"].commit_message is not None
    assert starts["dhook", "main"].commit_message.startswith("on: fix [amplify-release:")
    assert starts["dbare", "main"].commit_message == "exactly this"


def test_retry_starts_what_failed_and_nothing_else(released: Released) -> None:
    shell, served = released(build_time="200ms", branches=[{"app": "dapp0001", "fails": True}])
    assert shell.release("run", shell.plan(apps(4))).returncode == 1
    first = shell.report()["run"]["id"]
    assert shell.release("retry", first).returncode == 1
    second = shell.report()
    assert [target["app"] for target in second["targets"]] == ["dapp0001"]
    assert second["run"]["id"] != first
    assert Counter(start.app for start in served.truth().starts)["dapp0001"] == 2


def test_only_and_skip_leave_the_others_out_of_the_report(released: Released) -> None:
    shell, served = released(build_time="200ms")
    plan = shell.plan(apps(6))
    done = shell.release("run", plan, "--only", "*/dapp000[1-4]/*", "--skip", "dapp0002", "-o", "jsonl")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["app"] for row in rows if "app" in row] == ["dapp0001", "dapp0003", "dapp0004"]
    assert {start.app for start in served.truth().starts} == {"dapp0001", "dapp0003", "dapp0004"}


def test_an_unfollowed_run_ends_early_and_can_be_followed_later(released: Released) -> None:
    shell, served = released(build_time="3s", slots=10)
    assert shell.release("run", shell.plan(apps(5)), "--no-follow").returncode == 0
    assert shell.report()["totals"]["started"] == 5
    assert shell.release("resume").returncode == 0
    assert shell.report()["totals"]["succeeded"] == 5
    assert len(served.truth().starts) == 5


def test_resuming_a_finished_run_leaves_it_as_it_is(released: Released) -> None:
    shell, served = released(build_time="200ms", branches=[{"app": "dapp0001", "fails": True}])
    assert shell.release("run", shell.plan(apps(2))).returncode == 1
    before = shell.report()
    assert shell.release("resume").returncode == 1
    assert shell.report() == before
    assert len(served.truth().starts) == 2


def test_status_and_runs_tell_how_things_stand(released: Released) -> None:
    shell, _ = released(build_time="200ms")
    assert shell.release("run", shell.plan(apps(3))).returncode == 0
    state = ["--state-dir", str(shell.home / "state")]
    status = shell.type("status", "--why", *state)
    assert "Every target succeeded." in status.stdout
    runs = json.loads(shell.type("runs", "-o", "json", *state).stdout)
    assert [(row["plan"], row["done"], row["state"]) for row in runs] == [("night", 3, "ended")]
    difference = shell.type("diff", runs[0]["run"], runs[0]["run"], *state)
    assert difference.stdout == "no difference\n"


def test_state_is_private(released: Released) -> None:
    shell, _ = released(build_time="200ms")
    assert shell.release("run", shell.plan(apps(1))).returncode == 0
    state = shell.home / "state"
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in state.iterdir()} == {0o600}
