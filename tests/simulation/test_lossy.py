"""500 targets, and one call in three goes wrong: nothing is started twice, and every target has its end."""

from __future__ import annotations

import os

import pytest

from scheduler.model import Evidence, Outcome
from scheduler.plan.scenario import Scenario
from scheduler.report.document import Report
from tests.simulation.lossy import lossy
from tests.simulation.virtual import simulate
from tests.simulation.world import World, fleet

TARGETS = 500
#: Nights of each kind; the variable asks for more than CI's.
NIGHTS = int(os.environ.get("AMPLIFY_RELEASE_TEST_NIGHTS", "1"))


def night(seed: int, *, echo: bool, effect: float) -> tuple[Report, dict[str, str]]:
    """Release the fleet; return the report, and the job of each app that the service has one of."""

    async def main() -> tuple[Report, dict[str, str]]:
        scenario = Scenario(
            seed=seed,
            slots=50,
            build_time=(240, 360),
            pending_time=(1, 5),
            provision_time=(2, 5),
            latency=(0.05, 0.2),
            list_lag=(0, 20),
            clock_skew=600 * (-1) ** seed,
            marker_echo=echo,
            faults=lossy(effect=effect),
        )
        world = World(scenario, seed=seed)
        report = await world.release(fleet(TARGETS))
        jobs = [(job.app, job.job) for job in world.truth.jobs]
        assert len(jobs) == len(dict(jobs)), "a target was started twice"
        return report, dict(jobs)

    return simulate(main)


@pytest.mark.parametrize("seed", range(NIGHTS))
@pytest.mark.parametrize("effect", [1.0, 0.5])
@pytest.mark.parametrize("echo", [True, False])
def test_what_is_reported_of_500_targets_is_what_the_service_did(
    seed: int, effect: float, *, echo: bool
) -> None:
    """Without the echo, at most one target in a hundred may have a job that was not found."""
    report, jobs = night(seed, echo=echo, effect=effect)
    adopted = Evidence.ADOPTED_EXACT if echo else Evidence.ADOPTED_PROBABLE
    assert {found.outcome for found in report.targets} <= {Outcome.SUCCEEDED, Outcome.UNRESOLVED}
    assert {found.evidence for found in report.targets} <= {Evidence.RESPONSE, adopted, Evidence.NONE}
    assert sum(found.evidence is adopted for found in report.targets) > 20
    known = {found.app: found.job.jobId for found in report.targets if found.job is not None}
    assert known.items() <= jobs.items()
    missed = len(jobs) - len(known)
    assert missed <= (0 if echo else TARGETS // 100)
    unresolved = sum(found.outcome is Outcome.UNRESOLVED for found in report.targets)
    assert unresolved - missed == TARGETS - len(jobs)
