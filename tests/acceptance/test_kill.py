"""kill -9, again and again, then resume: nothing is started twice and nothing is lost."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable

import pytest

from tests.acceptance.conftest import Served, Shell, apps

#: Kills in all; the variable asks for a longer test than CI's.
KILLS = int(os.environ.get("AMPLIFY_RELEASE_TEST_KILLS", "20"))
KILLS_A_RUN = 10


@pytest.mark.timeout(60 + 20 * KILLS_A_RUN)
@pytest.mark.parametrize("seed", range(max(1, KILLS // KILLS_A_RUN)))
def test_a_run_that_is_killed_again_and_again_starts_everything_once(
    released: Callable[..., tuple[Shell, Served]], seed: int
) -> None:
    chance = random.Random(seed)
    shell, served = released(
        seed=seed,
        slots=6,
        build_time=["300ms", "900ms"],
        latency=["5ms", "60ms"],
        start_rate=8,
        marker_echo=seed % 3 != 2,
        faults=[
            {"kind": "reset_after", "probability": 0.03},
            {"kind": "error_after", "probability": 0.03},
        ],
    )
    plan = shell.plan(apps(80))
    killed = 0
    while killed < KILLS_A_RUN:
        process = shell.start("run", plan, "--resume-or-start", "--settle", "2s", *shell.where)
        try:
            process.communicate(timeout=chance.uniform(0.6, 2.5))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        else:
            assert process.returncode in {0, 1}
            break
        killed += 1
    assert killed >= 2

    done = shell.release("run", plan, "--resume-or-start")
    assert done.returncode in {0, 1}, done.stderr
    deadline = time.monotonic() + 30
    while any(job.ended_at is None for job in served.truth().jobs) and time.monotonic() < deadline:
        time.sleep(0.1)
    truth = served.truth()
    assert set(Counter(job.app for job in truth.jobs).values()) == {1}, "a target was started twice"
    jobs = {job.app: job for job in truth.jobs}
    for target in shell.report()["targets"]:
        job = jobs.get(target["app"])
        if job is None:
            # The request was cut off before it arrived: nobody can know, and it says so.
            assert target["outcome"] == "unresolved"
        else:
            assert (target["outcome"], target["job"]["jobId"]) == ("succeeded", job.job)


def test_cron_after_a_crash_goes_on_with_the_run_it_finds(
    released: Callable[..., tuple[Shell, Served]],
) -> None:
    shell, served = released(build_time="1s", slots=3)
    plan = shell.plan(apps(9))
    process = shell.start("run", plan, "--resume-or-start", *shell.where)
    while len(served.truth().jobs) < 3:
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.communicate()
    assert shell.report()["run"]["verdict"] == "interrupted"

    assert shell.release("run", plan, "--resume-or-start").returncode == 0
    runs = shell.type("runs", "-o", "jsonl", "--state-dir", str(shell.home / "state")).stdout.splitlines()
    assert len(runs) == 1
    assert len(served.truth().jobs) == 9

    # The next night is a new run.
    assert shell.release("run", plan, "--resume-or-start").returncode == 0
    assert len(served.truth().jobs) == 18


def test_a_new_run_after_a_crash_looks_for_what_the_crash_left_in_doubt(
    released: Callable[..., tuple[Shell, Served]],
) -> None:
    shell, served = released(
        build_time="500ms", faults=[{"kind": "hang_after", "app": "dapp0000", "times": 1, "delay": "40s"}]
    )
    plan = shell.plan(apps(2))
    process = shell.start("run", plan, *shell.where)
    while len(served.truth().jobs) < 2:
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.communicate()
    done = shell.release("run", plan)
    assert done.returncode == 0, done.stderr
    assert Counter(start.app for start in served.truth().starts) == {"dapp0000": 2, "dapp0001": 2}
    first = shell.type("runs", "-o", "jsonl", "--state-dir", str(shell.home / "state")).stdout
    assert first.count("interrupted") == 1


def test_an_unresolved_start_is_sent_again_only_on_a_persons_word(
    released: Callable[..., tuple[Shell, Served]],
) -> None:
    shell, served = released(
        build_time="200ms", faults=[{"kind": "reset_before", "app": "dapp0000", "times": 1}]
    )
    plan = shell.plan(apps(1))
    for command in (["run", plan], ["resume"], ["run", plan]):
        assert shell.release(*command).returncode == 1
        assert shell.report()["totals"]["unresolved"] == 1
    assert len(served.truth().starts) == 1

    first = shell.type("runs", "-o", "jsonl", "--state-dir", str(shell.home / "state")).stdout.splitlines()[
        -1
    ]
    run = first.split('"')[3]
    refused = shell.release("resume", run, "--restart-unresolved")
    assert refused.returncode == 2
    assert "--yes" in refused.stderr
    assert len(served.truth().starts) == 1

    assert shell.release("resume", run, "--restart-unresolved", "--yes").returncode == 0
    assert len(served.truth().starts) == 2
