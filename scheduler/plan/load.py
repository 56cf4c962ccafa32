"""The way in: from a path to a frozen plan, or to a scenario, or to all that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path as File
from typing import TYPE_CHECKING

from ..errors import PlanError, UsageError
from ..model import FrozenPlan
from .check import Checked, check, check_scenario
from .fault import ENOUGH, Fault, Placed, did_you_mean, report, show
from .regions import known_regions
from .resolve import resolve
from .rules import unexpected
from .source import STDIN, Source, named, open_source
from .tree import Reading, Unreadable, deepest

if TYPE_CHECKING:
    from .scenario import Scenario


def load_plan(path: str, *, region: str | None = None) -> tuple[FrozenPlan, Scenario | None]:
    """Read a plan file and fix its targets, or read a lock file, whose targets are fixed.

    The scenario is the one for `--emulate`, if the plan has one. `region` is that of targets which name none,
    and neither do their defaults. Raises PlanError with one line a fault, and UsageError where `region` does
    not exist.
    """
    if region is not None and region not in known_regions():
        raise UsageError(
            f"--region: unknown region {show(region)}{did_you_mean(region, sorted(known_regions()))}"
        )
    with _opened(path) as source:
        if source.locked:
            from .lock_file import read_lock

            return read_lock(source)
        reading = source.tree()
    checked = check(reading.tree, region=region)
    if not isinstance(checked, Checked):
        raise _refusal(source, reading, checked)
    if reading.faults:
        raise _refusal(source, reading, [])
    plan = checked.plan
    frozen = resolve(plan, name="stdin" if path == STDIN else File(path).stem, path=path, region=region)
    if (complaint := unexpected(plan.get("expect", {}), len(frozen.targets))) is not None:
        raise _refusal(source, reading, [Fault(("expect",), complaint)])
    return frozen, checked.scenario


def load_scenario(path: str) -> Scenario:
    """Read a file that holds what a plan's `emulate` section holds.

    Raises PlanError with one line a fault.
    """
    with _opened(path) as source:
        reading = source.tree()
    faults: list[Fault] = []
    scenario = check_scenario(reading.tree, (), faults)
    if scenario is None or reading.faults:
        raise _refusal(source, reading, faults)
    return scenario


@contextmanager
def _opened(path: str) -> Iterator[Source]:
    try:
        with open_source(path) as source:
            yield source
    except Unreadable as error:
        raise PlanError(report(named(path), [Placed(Fault((), error.message), error.place)])) from None


def _refusal(source: Source, reading: Reading, faults: list[Fault]) -> PlanError:
    placed = _placed(reading, faults)
    complete = len(faults) < ENOUGH and len(reading.faults) < ENOUGH
    return PlanError(report(source.name, [*reading.faults, *placed], complete=complete))


def _placed(reading: Reading, faults: list[Fault]) -> list[Placed]:
    """Find the places of faults; what is only the consequence of a fault of the format is left out."""
    nearest = {fault.path: deepest(reading.tree, fault.path) for fault in faults}
    wanted = {*nearest.values(), *(fault.repeats for fault in faults if fault.repeats is not None)}
    places = reading.find(wanted)
    known = {placed.place for placed in reading.faults}
    found = []
    for fault in faults:
        key, value = places[nearest[fault.path]]
        place = key if fault.on_key else value
        first = places[fault.repeats][0] if fault.repeats is not None else None
        if place not in known:
            found.append(Placed(fault, place, first))
    return found
