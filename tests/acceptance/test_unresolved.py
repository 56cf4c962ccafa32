"""Starts in doubt as a person meets them: sent again on their word alone, and never before a look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from tests.acceptance.conftest import Served, Shell, apps, at_a_terminal, wait_until

Released = Callable[..., tuple[Shell, Served]]
NEVER_ARRIVES = {"kind": "reset_before"}


def test_a_person_is_asked_and_only_the_targets_named_are_sent_again(released: Released) -> None:
    shell, served = released(build_time="100ms", faults=[NEVER_ARRIVES | {"times": 2}])
    brief = [*shell.where, "--settle", "200ms"]
    done = shell.type("run", shell.plan(apps(2)), *brief)
    assert done.returncode == 1
    run = shell.report()["run"]["id"]
    resume = f"amplify-release resume {run} --endpoint-url {served.url} --restart-unresolved"
    assert resume in shell.report()["targets"][0]["reason"]

    code, seen = at_a_terminal(shell, "resume", "--restart-unresolved", *brief, answer="n\n")
    assert (code, "nothing was started or stopped" in seen) == (2, True)
    assert "Send 2 starts again? Each may make a second job." in seen
    assert "default/eu-west-1/dapp0001/main" in seen
    assert len(served.truth().starts) == 2

    done = shell.type("resume", "--restart-unresolved", "--only", "dapp0000", "--yes", *brief)
    assert done.returncode == 1
    assert Counter(start.app for start in served.truth().starts) == {"dapp0000": 2, "dapp0001": 1}
    assert [target["outcome"] for target in shell.report()["targets"]] == ["succeeded", "unresolved"]


def test_a_start_that_nobody_looked_for_yet_is_looked_for_first_whatever_is_said(released: Released) -> None:
    shell, served = released(
        build_time="100ms", marker_echo=False, faults=[{"kind": "hang_after", "delay": "40s", "times": 1}]
    )
    process = shell.start("run", shell.plan(apps(1)), *shell.where)
    wait_until(lambda: len(served.truth().jobs) == 1, process)
    process.kill()
    process.communicate()
    done = shell.type("resume", "--restart-unresolved", "--yes", *shell.where, "--settle", "1s")
    assert done.returncode == 0, done.stderr
    assert "1 start has not been looked for yet: it is looked for first" in done.stderr
    assert len(served.truth().starts) == 1
    assert shell.report()["targets"][0]["evidence"] == "adopted_probable"


def test_cloudtrail_names_the_job_where_no_marker_does(released: Released) -> None:
    shell, served = released(
        build_time="100ms", marker_echo=False, trail_lag="1s", faults=[{"kind": "reset_after", "times": 1}]
    )
    done = shell.type("run", shell.plan(apps(1)), "--cloudtrail", *shell.where, "--settle", "200ms")
    assert done.returncode == 0, done.stderr
    assert "CloudTrail recorded that this start made job 1" in done.stderr
    assert shell.report()["targets"][0]["evidence"] == "adopted_exact"
    assert len(served.truth().starts) == 1
