"""A fleet of workers: whatever becomes of one, nothing is started twice and nothing is lost."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.acceptance.conftest import Served, Shell
from tests.acceptance.crew import LEASE, Crew, ended, kill, targets
from tests.acceptance.relay import Relay
from tests.postgres import Server, database, postgres, started

__all__ = ["database", "postgres"]

#: A night long enough to be disturbed in.
NIGHT = {"slots": 3, "build_time": ["1s", "2s"], "latency": ["20ms", "80ms"]}


@pytest.fixture
def gather(shell: Shell, serve: Callable[..., Served], database: str) -> Iterator[Callable[..., Crew]]:
    """Give a fleet around an emulator with the scenario given."""
    crews: list[Crew] = []

    def make(*, workers: int = 2, **scenario: object) -> Crew:
        crew = Crew(shell, serve(**(NIGHT | scenario)), database)
        crews.append(crew)
        for _ in range(workers):
            crew.hire()
        return crew

    yield make
    for crew in crews:
        crew.dismiss()


def test_a_fleet_carries_a_run_out_and_shows_it_where_it_was_given_to_it(gather: Callable[..., Crew]) -> None:
    crew = gather(branches=[{"app": "dapp0001", "region": "eu-west-1", "fails": True}])
    plan = targets(4)
    watcher = crew.run(plan, "--progress", "plain")
    code, err = ended(watcher)
    assert code == 1, err + crew.logs()
    assert "16 targets of night, " in err
    assert "by the fleet" in err
    assert "default/eu-west-1/dapp0001/main failed: BUILD" in err
    report = crew.report()
    assert report["totals"]["succeeded"] == 15
    assert [(target["app"], target["region"]) for target in report["targets"]] == [
        (target["app"], target["region"]) for target in plan
    ]
    assert len(report["lanes"]) == 4
    status = crew.shell.type("status", "--watch")
    assert "15 succeeded, 1 failed" in status.stdout


def test_a_killed_worker_s_lanes_are_taken_over(gather: Callable[..., Crew]) -> None:
    crew = gather()
    plan = targets(10)
    watcher = crew.run(plan)
    crew.until(lambda: crew.starts() >= 8)
    victim = next(worker for worker in crew.workers if worker.pid in crew.owners().values())
    lost = {lane for lane, pid in crew.owners().items() if pid == victim.pid}
    kill(victim, signal.SIGKILL)
    others = {worker.pid for worker in crew.workers if worker is not victim}
    took = crew.until(lambda: all(crew.owners().get(lane) in others for lane in lost))
    assert took <= 10
    code, err = ended(watcher)
    assert code in {0, 1}, err
    crew.check(plan)


def test_a_worker_that_was_frozen_starts_nothing_when_it_wakes_up_and_leaves(
    gather: Callable[..., Crew],
) -> None:
    crew = gather(build_time=["2s", "4s"])
    plan = targets(10)
    watcher = crew.run(plan)
    crew.until(lambda: crew.starts() >= 8)
    victim = next(worker for worker in crew.workers if worker.pid in crew.owners().values())
    kill(victim, signal.SIGSTOP)
    frozen_at = time.monotonic()
    others = {worker.pid for worker in crew.workers if worker is not victim}
    crew.until(lambda: set(crew.owners().values()) == others, timeout=10)
    crew.until(lambda: time.monotonic() - frozen_at > 15)
    kill(victim, signal.SIGCONT)
    assert victim.wait(timeout=20) == 70
    code, err = ended(watcher)
    assert code in {0, 1}, err
    crew.check(plan)


def test_a_worker_that_is_asked_to_end_hands_its_lanes_over(gather: Callable[..., Crew]) -> None:
    crew = gather(build_time=["2s", "4s"])
    plan = targets(8)
    watcher = crew.run(plan)
    crew.until(lambda: crew.starts() >= 8)
    victim = next(worker for worker in crew.workers if worker.pid in crew.owners().values())
    kill(victim, signal.SIGTERM)
    others = {worker.pid for worker in crew.workers if worker is not victim}
    took = crew.until(lambda: set(crew.owners().values()) == others)
    assert took <= LEASE
    assert victim.wait(timeout=20) == 0
    code, err = ended(watcher)
    assert code == 0, err + crew.logs()
    report = crew.check(plan)
    assert {target["evidence"] for target in report["targets"]} == {"response"}


def test_two_runs_on_the_same_lanes_go_one_after_the_other(gather: Callable[..., Crew]) -> None:
    crew = gather()
    plan = targets(4, ["eu-west-1", "us-east-1"])
    first, second = crew.run(plan), crew.run(plan)
    for watcher in (first, second):
        code, err = ended(watcher)
        assert code == 0, err + crew.logs()
    crew.check(plan, times=2)
    for region in ("eu-west-1", "us-east-1"):
        jobs = [job for job in crew.served.truth().jobs if job.region == region]
        earlier = max(job.ended_at or 0.0 for job in jobs if job.job == "1")
        later = min(job.created_at for job in jobs if job.job == "2")
        assert earlier <= later


def test_a_run_is_cancelled_from_anywhere(gather: Callable[..., Crew]) -> None:
    crew = gather(build_time=["60s", "60s"])
    plan = targets(6)
    watcher = crew.run(plan)
    crew.until(lambda: crew.starts() >= 8)
    done = crew.shell.type("cancel", "--yes", "-o", "json", *crew.where)
    assert done.returncode == 0, done.stderr
    stopped = json.loads(done.stdout)
    started = crew.starts()
    assert {row["result"] for row in stopped} == {"stopped"}
    assert len(stopped) == started < len(plan)
    code, err = ended(watcher)
    assert code == 3, err
    report = crew.report()
    assert report["totals"]["cancelled"] == started
    assert report["totals"]["not_started"] == len(plan) - started
    assert report["run"]["verdict"] == "stopped"
    # The workers are there for the next run.
    assert all(worker.poll() is None for worker in crew.workers)


def test_a_failure_budget_holds_for_all_workers_together(gather: Callable[..., Crew]) -> None:
    crew = gather(slots=1, failure_rate=1.0)
    plan = targets(15)
    code, err = ended(crew.run(plan, "--max-failures", "5"))
    assert code == 3, err + crew.logs()
    report = crew.report()
    # Each of the four lanes hears of it within a second or so; a build takes one at least.
    assert 6 <= report["totals"]["failed"] <= 6 + 3 * 4
    assert report["totals"]["not_started"] > 30
    # A run that is resumed begins with a fresh count.
    resumed = crew.shell.type("resume", "--fleet", "--max-failures", "2", *crew.where)
    assert resumed.returncode == 3, resumed.stderr
    more = crew.report()["totals"]["failed"] - report["totals"]["failed"]
    assert 3 <= more <= 3 + 3 * 4


def test_a_run_goes_on_without_whoever_gave_it_to_the_fleet(gather: Callable[..., Crew]) -> None:
    crew = gather(build_time=["4s", "5s"])
    plan = targets(5)
    watcher = crew.run(plan)
    crew.until(lambda: crew.starts() >= 4)
    watcher.send_signal(signal.SIGINT)
    code, err = ended(watcher)
    assert code == 130
    assert re.search(r"run (\w+) goes on without this process; `amplify-release status \1 --watch`", err)
    refused = crew.shell.type("resume", "--fleet", *crew.where)
    assert refused.returncode == 75
    assert "is being worked on" in refused.stderr
    assert crew.shell.type("status", "--watch", "-o", "json").returncode == 0
    crew.check(plan)


def test_a_worker_that_is_cut_off_from_the_journal_but_not_from_aws_starts_nothing(
    gather: Callable[..., Crew],
) -> None:
    crew = gather(workers=0, build_time=["2s", "4s"])
    parts = urlsplit(crew.journal)
    assert parts.port is not None
    with Relay(parts.port) as relay:
        there = crew.hire(journal=crew.journal.replace(f":{parts.port}/", f":{relay.port}/"))
        plan = targets(10)
        watcher = crew.run(plan)
        crew.until(lambda: crew.starts() >= 8)
        here = crew.hire()
        with relay.cut():
            crew.until(lambda: set(crew.owners().values()) == {here.pid}, timeout=15)
            taken_over = crew.starts()
            crew.until(lambda: crew.starts() >= taken_over + 4)
        assert there.wait(timeout=20) == 70
        code, err = ended(watcher)
    assert code in {0, 1}, err
    crew.check(plan)


def test_without_a_fleet_a_run_takes_its_lanes_itself_and_another_goes_on_after_a_crash(
    gather: Callable[..., Crew],
) -> None:
    crew = gather(workers=0)
    plan = targets(5)
    path = crew.shell.plan(plan)
    process = crew.shell.start("run", path, *crew.where)
    crew.until(lambda: crew.starts() >= 6)
    process.kill()
    process.communicate()
    done = crew.shell.type("run", path, "--resume-or-start", *crew.where)
    assert done.returncode in {0, 1}, done.stderr
    crew.check(plan)
    runs = crew.shell.type("runs", "-o", "jsonl").stdout.splitlines()
    assert [json.loads(row)["state"] for row in runs] == ["ended"]


def test_without_any_worker_it_is_said_and_a_run_can_be_cancelled(gather: Callable[..., Crew]) -> None:
    crew = gather(workers=0)
    watcher = crew.run(targets(1), "--progress", "plain")
    assert watcher.stderr is not None
    said = "".join(watcher.stderr.readline() for _ in range(2))
    assert "no worker works on it yet" in said
    done = crew.shell.type("retry", "--yes", *crew.where)
    assert done.returncode == 75
    assert re.search(
        r"run (\w+) is being worked on; `amplify-release status \1 --watch` shows it", done.stderr
    )
    done = crew.shell.type("cancel", "--yes", *crew.where)
    assert done.returncode == 0, done.stderr
    code, _ = ended(watcher)
    assert code == 3
    assert crew.report()["totals"]["not_started"] == 4


def test_a_worker_says_what_stopped_a_lane_for_it_may_be_its_host_s(gather: Callable[..., Crew]) -> None:
    crew = gather(workers=1)
    accounts = {"docs": {"id": "222222222222", "profile": "docs"}}
    watcher = crew.run([{"app": "d1", "account": "docs"}], accounts=accounts)
    code, err = ended(watcher)
    assert code == 4, err
    assert (
        "docs/eu-west-1 stopped, nothing more is started there: The AWS profile does not exist" in crew.logs()
    )


@pytest.fixture
def server() -> Iterator[Server]:
    """A server of this test's own, to be stopped."""
    with started() as running:
        yield running


def test_a_fleet_bears_that_its_database_restarts(
    shell: Shell, serve: Callable[..., Served], server: Server
) -> None:
    crew = Crew(shell, serve(**NIGHT), server.url)
    try:
        for _ in range(2):
            crew.hire()
        plan = targets(8)
        watcher = crew.run(plan)
        crew.until(lambda: crew.starts() >= 8)
        looker = crew.look()
        server.stop()
        assert looker.stderr is not None
        assert "It has not been reached since" in looker.stderr.readline()
        server.start()

        def over() -> bool:
            for worker in list(crew.workers):
                if worker.poll() is not None:  # what a supervisor does
                    assert worker.returncode == 70
                    crew.workers.remove(worker)
                    crew.hire()
            return watcher.poll() is not None

        crew.until(over, timeout=60)
        code, err = ended(watcher)
        assert code in {0, 1}, err + crew.logs()
        crew.check(plan)
        code, err = ended(looker)
        assert code == 0
        assert err.startswith("the journal is reached again, after ")
        for worker in crew.workers:
            worker.terminate()
            worker.wait(30)
        assert "library.reported" not in crew.logs()
    finally:
        crew.dismiss()


def test_whoever_watches_may_go_while_the_database_is_away(
    shell: Shell, serve: Callable[..., Served], server: Server
) -> None:
    crew = Crew(shell, serve(**NIGHT), server.url)
    watcher = crew.run(targets(1))
    try:
        crew.until(lambda: len(crew.orders()) == 4)
        server.stop()
        watcher.send_signal(signal.SIGINT)
        code, err = ended(watcher)
        assert code == 130, err
        assert "goes on without this process" in err
    finally:
        crew.dismiss()


def test_a_run_that_waits_says_for_what_and_what_is_left_of_it_is_given_to_the_fleet_again(
    gather: Callable[..., Crew],
) -> None:
    crew = gather(workers=0, slots=2, build_time=["6s", "6s"])
    plan = targets(2, ["eu-west-1"])
    first = crew.run(plan)
    crew.until(lambda: len(crew.orders()) == 1)
    lone = crew.shell.type("status", "--why").stdout
    worker = f"`amplify-release worker --endpoint-url {crew.served.url}`"
    assert f"no worker works in it: see that {worker} runs, and has lanes to spare" in lone
    hired = crew.hire()
    crew.until(lambda: crew.starts() == 2)
    second = crew.run(plan)
    crew.until(lambda: len(crew.orders()) == 2)
    newest, oldest = (
        json.loads(row)["run"] for row in crew.shell.type("runs", "-o", "jsonl").stdout.splitlines()
    )
    waits = crew.shell.type("status", "--why").stdout
    assert f"run {oldest} comes first, and pid {hired.pid} on " in waits
    assert f"`amplify-release cancel {oldest} --endpoint-url {crew.served.url}`" in waits
    assert "comes first" not in crew.shell.type("status", oldest, "--why").stdout

    assert crew.shell.type("cancel", newest, "--yes", *crew.where).returncode == 0
    for watcher, code in ((first, 0), (second, 3)):
        assert ended(watcher)[0] == code
    said = crew.shell.type("report", newest).stdout
    command = said.split("Next:\n  amplify-release ")[1].splitlines()[0]
    assert command == f"resume {newest} --endpoint-url {crew.served.url} --fleet"
    # This host need not know what the workers' hosts do.
    crew.shell.environment |= {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    done = crew.shell.type(*command.split())
    assert done.returncode == 0, done.stderr
    crew.check(plan, times=2)


def test_a_worker_that_may_only_read_says_what_to_grant(shell: Shell, database: str) -> None:
    name = database.rpartition("%3D")[2]
    crew = Crew(shell, Served("http://127.0.0.1:1"), database)
    role = f"reader_{name}"
    crew.hire()
    try:
        crew.until(lambda: "working on" in crew.logs())
    finally:
        crew.dismiss()
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN")
        try:
            connection.execute(f"GRANT USAGE ON SCHEMA {name} TO {role}")
            connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {name} TO {role}")
            journal = database.replace("://postgres@", f"://{role}@")
            done = shell.type("worker", "--journal", journal, *crew.where)
        finally:
            connection.execute(f"DROP OWNED BY {role}")
            connection.execute(f"DROP ROLE {role}")
    assert done.returncode == 70
    assert "permission denied" in done.stderr
    assert "let this user own the database, or grant it what it needs" in done.stderr
