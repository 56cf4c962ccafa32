"""The same plan on two hosts, whose journals know nothing of each other: what holds all the same."""

from __future__ import annotations

from collections import Counter
from random import Random

import anyio
import pytest

from scheduler.model import Evidence, Outcome
from scheduler.plan.scenario import Fault, FaultKind, Scenario
from scheduler.report.summary import summarize
from tests.simulation.virtual import simulate
from tests.simulation.world import World, fleet

_TARGETS = 12


def lossy(seed: int) -> Scenario:
    """Builds of minutes, and one request in five whose answer gets lost, whether it took effect or not."""
    lost = (FaultKind.RESET_BEFORE, FaultKind.RESET_AFTER, FaultKind.ERROR_AFTER, FaultKind.LATE)
    return Scenario(
        seed=seed,
        latency=(0.05, 2.0),
        build_time=(60.0, 240.0),
        list_lag=(0.0, 20.0),
        faults=tuple(Fault(kind=kind, probability=0.05, delay=15.0) for kind in lost),
    )


def intents(host: World) -> set[str]:
    """Return the intents that a host's journal holds."""
    return set(host.disk.intents)


@pytest.mark.parametrize("seed", range(20))
def test_no_request_is_sent_twice_and_neither_host_takes_a_job_of_the_other_s_for_its_own(seed: int) -> None:
    """Both release every target, one after the other on each branch; one of the hosts dies and resumes."""
    chance = Random(seed)

    async def main() -> None:
        here = World(lossy(seed), seed=2 * seed)
        there = World(seed=2 * seed + 1)
        there.service = here.service

        async def all_night(host: World, dies_at: float | None) -> None:
            run = host.open(fleet(_TARGETS))
            if dies_at is not None:
                await host.kill(run, dies_at)
                await anyio.sleep(chance.uniform(0, 60))
                host.reopen(run)
            await host.carry_out(run)

        async with anyio.create_task_group() as night:
            night.start_soon(all_night, here, chance.uniform(1, 300))
            night.start_soon(all_night, there, None)

        requests = here.truth.starts
        assert max(Counter(request.marker for request in requests).values()) == 1
        makers = {(request.app, request.job): request.marker for request in requests if request.job}
        for host in (here, there):
            made = Counter(app for (app, _), marker in makers.items() if marker in intents(host))
            assert max(made.values()) == 1, "a host starts a target once"
            report = summarize(host.journal)
            for target in report.targets:
                assert target.outcome in {Outcome.SUCCEEDED, Outcome.UNRESOLVED}
                if target.job is not None:
                    assert target.evidence in {Evidence.RESPONSE, Evidence.ADOPTED_EXACT}
                    assert makers[target.app, target.job.jobId] in intents(host)
                else:
                    assert target.app not in made, "what it started, it finds"

        started = Counter(app for app, _ in makers)
        assert max(started.values()) == 2, "what one host released, the other releases again"

    simulate(main)
