"""What `resume` is told of a run, so that it goes on where the run was carried out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scheduler.journal.port import RunRecord
from scheduler.model import AWS, EMULATOR


@pytest.mark.parametrize(
    ("endpoint", "fleet", "options"),
    [
        (AWS, False, ""),
        (AWS, True, " --fleet"),
        (EMULATOR, False, " --emulate"),
        ("http://127.0.0.1:4566", False, " --endpoint-url http://127.0.0.1:4566"),
        ("https://h/a;b", True, " --endpoint-url 'https://h/a;b' --fleet"),
    ],
)
def test_a_command_finds_the_run_s_service_and_its_fleet(
    run_record: RunRecord, endpoint: str, fleet: bool, options: str
) -> None:
    assert replace(run_record, endpoint=endpoint, fleet=fleet).told == f"{run_record.id}{options}"
