"""What every journal that processes share does alike: lanes have one owner, and a lost one writes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import anyio
import pytest

from scheduler.elapsed import elapsed
from scheduler.errors import LaneLost
from scheduler.events import JobChanged, RunStopping, TargetEnded
from scheduler.journal.lease import MARGIN, Holder, Lease
from scheduler.journal.memory.disk import MemoryDisk
from scheduler.journal.memory.shared import MemoryShared
from scheduler.journal.port import Shared
from scheduler.journal.postgres.shared import PostgresShared
from scheduler.model import Outcome, Result, StopCause
from tests.contract.test_journal_contract import answered, intended, job, resumed, started

AnyShared = MemoryShared | PostgresShared
Process = Callable[[], AnyShared]

LANE = "aws shop/eu-west-1"


@pytest.fixture(params=["memory", "postgres"])
async def process(request: pytest.FixtureRequest) -> AsyncIterator[Process]:
    """Reach what is shared as a new process would."""
    disk = MemoryDisk()
    opened: list[PostgresShared] = []

    def reach() -> AnyShared:
        if request.param == "memory":
            return MemoryShared(disk)
        opened.append(PostgresShared(request.getfixturevalue("database")))
        opened[-1].prepare()
        return opened[-1]

    yield reach
    for shared in opened:
        await shared.aclose()


@pytest.fixture
def here(process: Process) -> AnyShared:
    return process()


@pytest.fixture
def there(process: Process) -> AnyShared:
    return process()


async def taken(shared: AnyShared, seconds: float = 60.0, owner: str = "somebody") -> Lease:
    lease = await shared.take(LANE, owner=owner, run="01A", seconds=seconds)
    assert isinstance(lease, Lease)
    return lease


def test_it_is_shared(here: AnyShared) -> None:
    port: Shared = here
    assert port is here


async def test_a_lane_is_one_process_s_at_a_time(here: AnyShared, there: AnyShared) -> None:
    before = elapsed()
    lease = await taken(here, owner="host-1, pid 7")
    assert (lease.name, lease.epoch) == (LANE, 1)
    assert before + 60 * (1 - MARGIN) <= lease.until <= elapsed() + 60 * (1 - MARGIN)
    held = await there.take(LANE, owner="host-2, pid 8", run="01B", seconds=60)
    assert isinstance(held, Holder)
    assert held.owner == "host-1, pid 7"
    assert 30 < held.left <= 60
    other = await there.take("aws docs/eu-west-1", owner="host-2, pid 8", run="01B", seconds=60)
    assert isinstance(other, Lease)


async def test_of_many_that_take_a_lane_at_once_one_gets_it(process: Process) -> None:
    got: list[Lease | Holder] = []

    async def take(shared: AnyShared) -> None:
        got.append(await shared.take(LANE, owner="", run="", seconds=60))

    async with anyio.create_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(take, process())
    assert [lease.epoch for lease in got if isinstance(lease, Lease)] == [1]


async def test_a_released_lane_is_free_at_once_and_each_taking_raises_the_epoch(
    here: AnyShared, there: AnyShared
) -> None:
    first = await taken(here)
    await here.release(first)
    assert (await taken(there)).epoch == 2


async def test_a_lane_whose_lease_is_over_can_be_taken(here: AnyShared, there: AnyShared) -> None:
    await taken(here, seconds=0)
    assert (await taken(there)).epoch == 2


async def test_a_renewed_lease_lasts_its_seconds_from_now(here: AnyShared, there: AnyShared) -> None:
    lease = await taken(here)
    before = elapsed()
    renewed = await here.renew(lease)
    assert (renewed.name, renewed.epoch, renewed.seconds) == (LANE, lease.epoch, 60)
    assert renewed.until >= before + 60 * (1 - MARGIN)
    assert isinstance(await there.take(LANE, owner="", run="", seconds=60), Holder)


async def test_a_lease_that_is_over_can_still_be_renewed_while_nobody_took_the_lane(here: AnyShared) -> None:
    lease = await taken(here, seconds=0)
    assert (await here.renew(lease)).epoch == lease.epoch


async def test_a_lost_lane_is_neither_renewed_nor_taken_from_its_new_owner(
    here: AnyShared, there: AnyShared
) -> None:
    lost = await taken(here, seconds=0)
    await taken(there, owner="its new owner")
    with pytest.raises(LaneLost, match=f"another process has taken lane {LANE} over"):
        await here.renew(lost)
    await here.release(lost)
    assert isinstance(await here.take(LANE, owner="", run="", seconds=60), Holder)


async def test_who_lost_a_lane_writes_nothing_more(here: AnyShared, there: AnyShared) -> None:
    here.journal().open_run("01A", started())
    lost = await taken(here, seconds=0)
    journal = here.journal(lost)
    journal.amend("01A")
    journal.record(intended("I1"))
    await journal.commit()

    late = there.journal(await taken(there))
    late.open_run("01A", resumed())
    journal.record(answered("I1", Result.STARTED, named=job()))
    with pytest.raises(LaneLost):
        await journal.commit()
    with pytest.raises(LaneLost):
        journal.flush()
    [attempt] = next(late.targets("01A")).attempts
    assert attempt.in_doubt
    late.record(answered("I1", Result.AMBIGUOUS))
    await late.commit()
    assert next(late.targets("01A")).attempts[0].result is Result.AMBIGUOUS


async def test_who_lost_a_lane_cannot_flush_either(here: AnyShared, there: AnyShared) -> None:
    here.journal().open_run("01A", started())
    journal = here.journal(await taken(here, seconds=0))
    journal.amend("01A")
    await taken(there)
    journal.record(intended("I1"))
    with pytest.raises(LaneLost):
        journal.flush()
    assert next(there.journal().targets("01A")).attempts == ()


async def test_a_stop_is_heard_of_everywhere_until_the_run_is_resumed(
    here: AnyShared, there: AnyShared
) -> None:
    journal = here.journal()
    journal.open_run("01A", started())
    assert await there.stopping("01A") is None
    journal.record(RunStopping(at=1.0, cause=StopCause.DEADLINE, reason="time is over"))
    await journal.commit()
    assert await there.stopping("01A") == (StopCause.DEADLINE, "time is over")
    journal.open_run("01A", resumed())
    assert await there.stopping("01A") is None


async def test_ends_are_counted_by_outcome_whoever_recorded_them(here: AnyShared, there: AnyShared) -> None:
    here.journal().open_run("01A", started())
    here.journal().open_run("01B", started())
    assert await here.outcomes("01A") == {}
    for shared, position, outcome in ((here, 0, Outcome.FAILED), (there, 1, Outcome.SKIPPED)):
        journal = shared.journal()
        journal.amend("01A")
        journal.record(TargetEnded(at=1.0, position=position, outcome=outcome, reason=""))
        journal.record(JobChanged(at=1.0, position=position, job=job()))
        await journal.commit()
    assert await here.outcomes("01A") == {Outcome.FAILED: 1, Outcome.SKIPPED: 1}
    assert await here.outcomes("01B") == {}
