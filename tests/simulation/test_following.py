"""Following through faults: a failed read never fails a job; a job that stays away has a definite end."""

from __future__ import annotations

import pytest

from scheduler.emulator.faults import Faults
from scheduler.model import Outcome
from scheduler.plan.scenario import Fault, FaultKind, Operation
from tests.simulation.scenes import MINUTES, faulty, outcomes
from tests.simulation.virtual import simulate
from tests.simulation.world import fleet, target


def reads(**fields: object) -> Fault:
    """A fault of GetJob."""
    return Fault.model_validate({"kind": FaultKind.ERROR_BEFORE, "operation": Operation.GET_JOB} | fields)


GONE = {"status": 404, "code": "NotFoundException", "message": "no such job"}

#: What reads of jobs may meet for a while, by what is seen of it.
FAULTS = {
    "404": GONE,
    "429": {"kind": FaultKind.THROTTLE},
    "429 as BadRequest": {"status": 400, "code": "BadRequestException", "message": "Rate exceeded"},
    "500": {"status": 500},
    "502 page": {"status": 502, "code": ""},
    "503": {"status": 503, "code": "ServiceUnavailableException"},
    "reset": {"kind": FaultKind.RESET_AFTER},
    "hang": {"kind": FaultKind.HANG_AFTER, "delay": 45},
    "empty": {"kind": FaultKind.EMPTY},
    "page": {"kind": FaultKind.GARBAGE},
    "expired token": {"kind": FaultKind.EXPIRED_TOKEN, "times": 1},
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_reads_that_fail_now_and_then_never_fail_a_job(fault: dict[str, object]) -> None:
    async def main() -> None:
        world = faulty(reads(**{"probability": 0.2} | fault))
        report = await world.release(fleet(30))
        assert outcomes(report) == {"succeeded": 30}
        assert len(world.truth.starts) == 30

    simulate(main)


def test_a_job_that_is_gone_for_good_leaves_its_target_unresolved_with_the_jobs_number() -> None:
    async def main() -> None:
        world = faulty(reads(app="dgone", skip=1, **GONE))
        report = await world.release([target("dgone"), target("dfine")])
        gone, fine = report.targets
        assert (gone.outcome, fine.outcome) == (Outcome.UNRESOLVED, Outcome.SUCCEEDED)
        assert gone.job is not None
        assert gone.job.jobId == "1"
        assert gone.reason.startswith("job 1 was started and can no longer be read: GetJob found no such app")
        assert world.clock.now() < 10 * MINUTES

    simulate(main)


def test_a_lost_job_gives_its_slot_to_the_next_target() -> None:
    async def main() -> None:
        world = faulty(reads(app="dgone", skip=1, **GONE))
        report = await world.release([target("dgone"), target("dnext")], concurrency=1)
        assert outcomes(report) == {"unresolved": 1, "succeeded": 1}

    simulate(main)


@pytest.mark.parametrize("fault", [{"status": 503}, {"kind": FaultKind.THROTTLE}, {"kind": FaultKind.EMPTY}])
def test_a_job_that_can_never_be_read_is_timed_out_and_said_to_go_on(fault: dict[str, object]) -> None:
    async def main() -> None:
        world = faulty(reads(app="dmute", **fault))
        report = await world.release([target("dmute", build_timeout=45 * MINUTES), target("dfine")])
        mute, fine = report.targets
        assert (mute.outcome, fine.outcome) == (Outcome.TIMED_OUT, Outcome.SUCCEEDED)
        assert mute.reason.startswith("job 1 could not be read for 45 min: GetJob ")

    simulate(main)


def test_a_job_that_could_not_be_read_is_followed_by_resume() -> None:
    async def main() -> None:
        world = faulty(reads(app="dgone", skip=1, times=10, **GONE))
        run = world.open([target("dgone")])
        assert outcomes(await world.carry_out(run)) == {"unresolved": 1}
        world.reopen(run)
        assert outcomes(await world.carry_out(run)) == {"succeeded": 1}
        assert len(world.truth.starts) == 1

    simulate(main)


def test_credentials_that_go_for_good_while_jobs_are_followed_leave_a_run_that_resumes() -> None:
    async def main() -> None:
        world = faulty(reads(kind=FaultKind.EXPIRED_TOKEN, skip=20))
        run = world.open(fleet(5))
        report = await world.carry_out(run)
        assert outcomes(report) == {"started": 5}
        assert (report.run.exit_code, world.refreshed) == (1, 1)
        world.service._faults = Faults((), seed=0)  # somebody has signed in again
        world.reopen(run)
        assert outcomes(await world.carry_out(run)) == {"succeeded": 5}

    simulate(main)
