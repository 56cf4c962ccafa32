"""The real client and the real engine at a service over sockets of which one call in three goes wrong."""

from __future__ import annotations

import pytest

from scheduler.amplify.accounts import Accounts
from scheduler.emulator.identity import SECRET_KEY, access_key
from scheduler.emulator.server import serve
from scheduler.engine.clock import Clock, Intents
from scheduler.engine.outside import Options
from scheduler.engine.run import Run
from scheduler.events import RunStarted
from scheduler.journal.memory.journal import MemoryJournal
from scheduler.model import AWS, Evidence, FrozenPlan, Outcome, Target
from scheduler.plan.scenario import Scenario
from scheduler.report.summary import summarize
from tests.integration.hurried import hurry
from tests.simulation.lossy import lossy

TARGETS = 40


def test_over_sockets_too_what_is_reported_is_what_the_service_did(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        journal, clock = MemoryJournal(), Clock()
        intents = Intents(clock)
        run = intents.new()
        targets = tuple(
            Target(account="default", region="eu-west-1", app=f"d{number:03}", branch="main", name="web")
            for number in range(TARGETS)
        )
        plan = FrozenPlan(name="night", path="night.yaml", digest="sha256:0", targets=targets)
        journal.open_run(run, RunStarted(at=clock.wall(), plan=plan, endpoint=AWS, version="0", follow=True))
        scenario = Scenario(slots=20, build_time=(60, 90), list_lag=(0, 20), faults=lossy(effect=0.5))
        async with (
            serve(scenario) as emulator,
            Accounts(
                [],
                run=run,
                endpoint_url=emulator.url,
                static_credentials=lambda account: (access_key(account), SECRET_KEY),
            ) as accounts,
        ):
            records = list(journal.targets(run))
            await Run(
                journal.run(run), records, journal, accounts, Options(settle=120), clock, intents
            ).execute()
            truth = emulator.service.truth()
        jobs = [(job.app, job.job) for job in truth.jobs]
        assert len(jobs) == len(dict(jobs)), "a target was started twice"
        found = {target.app: target for target in summarize(journal, run).targets}
        known = {app: target.job.jobId for app, target in found.items() if target.job is not None}
        assert known == dict(jobs)
        outcomes = {app: Outcome.SUCCEEDED if app in known else Outcome.UNRESOLVED for app in found}
        assert {app: target.outcome for app, target in found.items()} == outcomes
        assert {Evidence.RESPONSE, Evidence.ADOPTED_EXACT} <= {target.evidence for target in found.values()}

    hurry(monkeypatch, main)
