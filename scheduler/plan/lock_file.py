"""Lock files: a frozen plan as JSON lines, of which `run` starts exactly what stands there.

The first line says what holds for every target, and a line a target follows, in the plan's order. Every line
ends with a check: the first line's is its own, a target's is what the plan's digest was after that line. So a
line that was changed, added, moved or taken out is not only noticed but named.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ..errors import PlanError
from ..model import FrozenPlan, Target
from ..spoken import counted
from .check import TARGET, TARGET_KEYS
from .digest import SHORT, Digest, short, target_line
from .fault import ENOUGH, Fault, Place, Placed, report, show
from .freeze import plan_from_dict, plan_to_dict
from .source import LOCK_KEY, Source
from .tree import Unreadable
from .wording import reworded

if TYPE_CHECKING:
    from .scenario import Scenario

_VERSION = 1
#: Bytes of a line at most: more than a target's longest texts come to, with every character escaped.
_LONGEST = 1 << 20
_CHECK = b',"check":"%s"}\n'
_TAIL = len(_CHECK % (b"0" * SHORT))
_KEYS = {LOCK_KEY, "emulate", "check", *(field.name for field in fields(FrozenPlan))}

_ANEW = "write the lock anew with `amplify-release plan PLAN --out LOCK`"
_CHANGED = f"changed since the lock was written, or lines before it were added or taken out; {_ANEW}"


def lock_lines(plan: FrozenPlan, scenario: Scenario | None) -> Iterator[bytes]:
    """Yield the lines of a plan's lock file, with the scenario for `--emulate` if there is one."""
    head = {LOCK_KEY: _VERSION, **plan_to_dict(plan), "targets": len(plan.targets)}
    if scenario is not None:
        head["emulate"] = scenario.model_dump(mode="json", exclude_defaults=True)
    body = json.dumps(head, separators=(",", ":")).encode()
    yield _closed(body, short(body))
    digest = Digest(plan.accounts, plan.limits, plan.budget)
    for target in plan.targets:
        body = target_line(target)
        digest.add(body)
        yield _closed(body, digest.so_far())


def read_lock(source: Source) -> tuple[FrozenPlan, Scenario | None]:
    """Read a lock file.

    Raises Unreadable where it is not as it was written, PlanError with one line a fault where another release
    wrote what this one does not know, and OSError.
    """
    lines = source.lines(_LONGEST)
    plan, size, scenario = _head(next(lines))
    digest = Digest(plan.accounts, plan.limits, plan.budget)
    targets: list[Target] = []
    faults: list[Placed] = []
    for number, line in enumerate(lines, start=2):
        body = _opened(line)
        digest.add(body)
        if line != _closed(body, digest.so_far()):
            raise Unreadable(_CHANGED, Place(number))
        found = _target(body)
        if isinstance(found, Target):
            targets.append(found)
        elif len(faults) < ENOUGH:
            faults += (Placed(fault, Place(number)) for fault in found)
    if faults:
        raise PlanError(report(source.name, faults, complete=len(faults) < ENOUGH))
    if len(targets) != size:
        left = f"the lock ends here, after {len(targets):,} of its {counted(size, 'target')}; {_ANEW}"
        raise Unreadable(left, Place(len(targets) + 1))
    if digest.whole() != plan.digest:
        raise Unreadable(f"the digest is not that of the targets; {_ANEW}", Place(1))
    return replace(plan, targets=tuple(targets)), scenario


def _closed(body: bytes, check: str) -> bytes:
    """Put a check into a line that holds a JSON object."""
    return body[:-1] + _CHECK % check.encode()


def _opened(line: bytes) -> bytes:
    """Take the check out again; of what is no line of a lock, something that does not fit its check."""
    return line[:-_TAIL] + b"}"


def _head(line: bytes) -> tuple[FrozenPlan, int, Scenario | None]:
    """Return the plan without its targets, their number, and the scenario. Raises Unreadable."""
    try:
        head: dict[str, Any] = json.loads(line)
    except ValueError:
        raise Unreadable(f"not the first line of a lock; {_ANEW}", Place(1)) from None
    if (version := head[LOCK_KEY]) != _VERSION:
        complaint = f"this release reads locks of version {_VERSION}, got {show(version)}"
        raise Unreadable(complaint, Place(1))
    body = _opened(line)
    if line != _closed(body, short(body)):
        raise Unreadable(f"changed since the lock was written; {_ANEW}", Place(1))
    foreign = Unreadable(f"another release wrote what this one cannot read; {_ANEW}", Place(1))
    if not head.keys() <= _KEYS:
        raise foreign
    try:
        return plan_from_dict(head), int(head["targets"]), _scenario(head.get("emulate"))
    except (KeyError, TypeError, ValueError):
        raise foreign from None


def _scenario(data: Any) -> Scenario | None:
    if data is None:
        return None
    # Most locks have none, and its models take longer to build than all that is needed else.
    from .scenario import Scenario

    return Scenario.model_validate(data)


def _target(body: bytes) -> Target | list[Fault]:
    """Return the target of a line that is as it was written, or its faults."""
    try:
        entry: dict[str, Any] = {**TARGET.validate_json(body)}
        return Target(**{"name": entry["app"], **entry})
    except ValidationError as error:
        return [reworded(detail, detail["loc"], TARGET_KEYS) for detail in error.errors(include_url=False)]
    except TypeError:
        return [Fault((), "names no single target: account, region, app and branch, one of each")]
