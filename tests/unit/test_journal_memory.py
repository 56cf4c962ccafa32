"""What simulations need of the journal in memory: processes that die, and disks that fail."""

from __future__ import annotations

import anyio
import pytest

from scheduler.errors import JournalError
from scheduler.events import Event, RunStarted, TargetParked
from scheduler.journal.memory.disk import MemoryDisk
from scheduler.journal.memory.journal import MemoryJournal
from scheduler.model import FrozenPlan, Target

PLAN = FrozenPlan(
    name="nightly",
    path="plan.yaml",
    digest="sha256:0",
    targets=(Target(account="shop", region="eu-west-1", app="d1", branch="main", name="web"),),
)
STARTED = RunStarted(at=1.0, plan=PLAN, endpoint="", version="1", follow=True)


def parked(reason: str) -> TargetParked:
    return TargetParked(at=2.0, position=0, reason=reason)


async def test_a_new_journal_on_the_same_disk_knows_what_was_committed_only() -> None:
    disk = MemoryDisk()
    journal = MemoryJournal(disk)
    journal.open_run("01A", STARTED)
    journal.record(parked("committed"))
    await journal.commit()
    journal.record(parked("lost"))
    [record] = MemoryJournal(disk).targets("01A")
    assert record.parked == "committed"


async def test_others_go_on_while_a_commit_is_on_its_way() -> None:
    journal = MemoryJournal()
    journal.open_run("01A", STARTED)
    journal.record(parked("first"))
    heard: list[Event] = []
    journal.subscribe(heard.append)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(journal.commit)
        await anyio.lowlevel.checkpoint()
        assert heard == []
        journal.record(parked("second"))
    assert heard == [parked("first"), parked("second")]


async def test_a_disk_that_fails_breaks_the_journal_for_good() -> None:
    disk = MemoryDisk()
    faults = [JournalError("disk full")]

    def fault() -> None:
        if faults:
            raise faults.pop()

    journal = MemoryJournal(disk, fault=fault)
    journal.open_run("01A", STARTED)
    journal.record(parked("unwritten"))
    for _ in range(2):
        with pytest.raises(JournalError, match="disk full"):
            await journal.commit()
    assert journal.unwritten == (parked("unwritten"),)
    [record] = MemoryJournal(disk).targets("01A")
    assert record.parked == ""
