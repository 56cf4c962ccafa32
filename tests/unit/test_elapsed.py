"""The clock that goes on while the machine sleeps, on the systems that name it differently."""

from __future__ import annotations

import time
from importlib.util import module_from_spec, spec_from_file_location

import pytest

from scheduler import elapsed


def test_on_linux_it_counts_what_a_sleeping_machine_slept_through() -> None:
    if hasattr(time, "CLOCK_BOOTTIME"):
        before = time.clock_gettime(time.CLOCK_BOOTTIME)
        assert before <= elapsed.elapsed() <= time.clock_gettime(time.CLOCK_BOOTTIME)
    assert elapsed.elapsed() <= elapsed.elapsed()


def test_where_linuxs_clock_is_missing_it_is_the_systems_own_monotonic_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(time, "CLOCK_BOOTTIME", raising=False)
    monkeypatch.setattr(time, "clock_gettime", {time.CLOCK_MONOTONIC: 17.0}.__getitem__)
    spec = spec_from_file_location("elsewhere", elapsed.__file__)
    assert spec is not None
    assert spec.loader is not None
    elsewhere = module_from_spec(spec)
    spec.loader.exec_module(elsewhere)
    assert elsewhere.elapsed() == 17.0
