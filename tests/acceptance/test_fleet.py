"""A night of a whole fleet: 240 targets in twelve lanes, three roles from a real STS, and a true report."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from moto.server import ThreadedMotoServer
from moto.sts.models import sts_backends

from scheduler.emulator.identity import access_key
from scheduler.emulator.truth import JobTruth, Truth
from tests.acceptance.conftest import Served, Shell

FLEET = Path(__file__).parents[1] / "data/fleet.yaml"
#: The base loader leaves every scalar the text that was written.
PLAN = yaml.load(FLEET.read_text(), Loader=yaml.BaseLoader)
ACCOUNTS: dict[str, str] = {name: account["id"] for name, account in PLAN["accounts"].items()}

FAILS, BUSY = "decopglx8kmcaz", "dw2x7ogzmapbh1"
SCENARIO: dict[str, Any] = {
    "seed": 1,
    "slots": 5,
    "start_rate": 3,
    "start_burst": 4,
    "build_time": ["500ms", "1500ms"],
    "latency": ["5ms", "40ms"],
    "branches": [{"app": FAILS, "fails": True}, {"app": BUSY, "busy": "4s"}],
    "faults": [
        {"kind": "throttle", "skip": 40, "times": 2},
        {"kind": "reset_after", "probability": 0.03},
        {"kind": "error_after", "probability": 0.03},
    ],
}
ENDS = {"SUCCEED": "succeeded", "FAILED": "failed"}


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve moto's STS; the keys that it issues tell the emulator whose they are."""

    def issue(account_id: str, *, prefix: str, total_length: int) -> str:
        key = access_key(account_id, temporary=prefix == "ASIA")
        assert len(key) == total_length
        return key

    monkeypatch.setattr("moto.iam.models.generate_access_key_id_from_account_id", issue)
    sts_backends.reset()
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def test_every_target_of_a_fleet_ends_as_the_service_knows_it(
    shell: Shell, serve: Callable[..., Served], sts: str
) -> None:
    served = serve(**SCENARIO)
    where = ("--state-dir", "state", "--endpoint-url", served.url, "--sts-endpoint-url", sts)
    done = shell.type("run", str(FLEET), *where, "--settle", "5s", "-o", "json")
    assert done.returncode == 1, done.stderr
    report, truth = json.loads(done.stdout), served.truth()
    print(figures(report, truth))  # noqa: T201 - for whoever runs it with -s

    made = Counter(place(job) for job in truth.jobs if not job.foreign)
    assert set(made.values()) == {1}, "a branch has two jobs of ours"
    jobs = {place(job): job for job in truth.jobs if not job.foreign}
    assert [reported(target) for target in report["targets"]] == planned()
    for target in report["targets"]:
        job = jobs.get(reported(target))
        if job is None:  # the answer that was lost said no, which nobody can know
            assert target["outcome"] == "unresolved"
        else:
            assert (target["outcome"], target["job"]["jobId"]) == (ENDS[job.status], job.job)
            assert target["evidence"] in {"response", "adopted_exact"}
    assert [target["app"] for target in report["targets"] if target["outcome"] == "failed"] == [FAILS]
    # Without these the night was too calm to prove anything.
    assert len(jobs) > 200
    assert any(target["evidence"] == "adopted_exact" for target in report["targets"])
    assert sum(lane["throttled"] for lane in report["lanes"]) > 0

    session = f"amplify-release-{report['run']['id']}"
    for account in ACCOUNTS.values():
        assert [role.session_name for role in sts_backends[account]["aws"].assumed_roles] == [session]


def planned() -> list[tuple[str, ...]]:
    """Return account id, region, app and branch of every target, as they are written in the plan."""
    return [
        (ACCOUNTS[target["account"]], target["region"], target["app"], target["branch"])
        for target in PLAN["targets"]
    ]


def reported(target: dict[str, Any]) -> tuple[str, ...]:
    return ACCOUNTS[target["account"]], target["region"], target["app"], target["branch"]


def place(job: JobTruth) -> tuple[str, ...]:
    return job.account, job.region, job.app, job.branch


def figures(report: dict[str, Any], truth: Truth) -> str:
    """Say how fast the night went, beside how fast full slots would have been in the slowest lane."""
    started, ended = (datetime.fromisoformat(report["run"][name]) for name in ("started_at", "ended_at"))
    work: defaultdict[tuple[str, str], float] = defaultdict(float)
    for job in truth.jobs:
        if not job.foreign and job.granted_at is not None and job.ended_at is not None:
            work[job.account, job.region] += job.ended_at - job.granted_at
    best = max(work.values()) / SCENARIO["slots"]
    calls = {
        name: sum(lane[name] for lane in report["lanes"])
        for name in ("start_calls", "throttled", "read_calls")
    }
    queued = max(lane.peak_queued for lane in truth.lanes)
    adopted = sum(target["evidence"] == "adopted_exact" for target in report["targets"])
    return (
        f"fleet: makespan {(ended - started).total_seconds():.1f} s (full slots: {best:.1f} s), "
        f"{calls['start_calls']} starts, {calls['throttled']} throttled, {adopted} adopted, "
        f"{calls['read_calls']} reads, at most {queued} queued in a lane"
    )
