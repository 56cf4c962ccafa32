"""A day of two hundred targets leaves nothing behind. `python -m tests.simulation.soak` prints it in full."""

from __future__ import annotations

from scheduler.model import Outcome
from tests.simulation.soak import TARGETS, soak


def test_in_a_day_neither_tasks_nor_files_nor_memory_grow() -> None:
    samples, report = soak(24)
    assert report.totals.targets == TARGETS
    assert set(report.totals.by_outcome()) == {Outcome.SUCCEEDED, Outcome.UNRESOLVED}
    day = samples[:-1]
    assert len(day) >= 20
    morning, evening = day[: len(day) // 2], day[len(day) // 2 :]
    assert max(sample.tasks for sample in evening) <= max(sample.tasks for sample in morning) + 2
    assert {sample.files for sample in day} == {day[0].files}
    assert day[-1].memory - day[0].memory < 10
