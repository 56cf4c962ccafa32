"""Targets and plans as plain data and back, for the journal, lock files and digests.

What has its default is left out: a fleet has twenty thousand targets and most of them say little.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields
from datetime import datetime
from operator import attrgetter
from typing import Any

from ..model import Account, FailureBudget, FrozenPlan, JobType, Limits, OnBusy, Target

#: A target's optional fields with their defaults, and all their values at once.
_OPTIONAL = tuple((field.name, field.default) for field in fields(Target) if field.default is not MISSING)
_values: Callable[[Target], tuple[Any, ...]] = attrgetter(*(name for name, _ in _OPTIONAL))


def target_to_dict(target: Target) -> dict[str, Any]:
    """Return a target as what JSON can hold; only what differs from the defaults."""
    data: dict[str, Any] = {
        "account": target.account,
        "region": target.region,
        "app": target.app,
        "branch": target.branch,
    }
    if target.name != target.app:
        data["name"] = target.name
    if target.labels:
        data["labels"] = dict(target.labels)
    for (name, default), value in zip(_OPTIONAL, _values(target), strict=True):
        if value != default:
            data[name] = value.isoformat() if isinstance(value, datetime) else value
    return data


def target_from_dict(data: Mapping[str, Any]) -> Target:
    """Return the target that `target_to_dict` was given."""
    found = {"name": data["app"], **data}
    if "job_type" in data:
        found["job_type"] = JobType(data["job_type"])
    if "on_busy" in data:
        found["on_busy"] = OnBusy(data["on_busy"])
    if "commit_time" in data:
        found["commit_time"] = datetime.fromisoformat(data["commit_time"])
    return Target(**found)


def plan_to_dict(plan: FrozenPlan) -> dict[str, Any]:
    """Return a plan as what JSON can hold, without its targets, of which each has a row or a line."""
    head = {"name": plan.name, "path": plan.path, "digest": plan.digest}
    return head | besides_targets(plan.accounts, plan.limits, plan.budget)


def plan_from_dict(data: Mapping[str, Any]) -> FrozenPlan:
    """Return the plan that `plan_to_dict` was given, without targets."""
    return FrozenPlan(
        name=data["name"],
        path=data["path"],
        digest=data["digest"],
        accounts=tuple(Account(**account) for account in data.get("accounts", ())),
        limits=Limits(**data.get("limits", {})),
        budget=FailureBudget(**data.get("budget", {})),
    )


def besides_targets(accounts: Iterable[Account], limits: Limits, budget: FailureBudget) -> dict[str, Any]:
    """Return what a plan says besides its name and targets as what JSON can hold; no more than was given."""
    data = {
        "accounts": [_given(account, Account(name="")) for account in accounts],
        "limits": _given(limits, Limits()),
        "budget": _given(budget, FailureBudget()),
    }
    return {key: value for key, value in data.items() if value}


def _given(
    record: Account | Limits | FailureBudget, default: Account | Limits | FailureBudget
) -> dict[str, Any]:
    """Return the fields of a record that differ from those of `default`."""
    pairs = ((field.name, getattr(record, field.name)) for field in fields(record))
    return {name: value for name, value in pairs if value != getattr(default, name)}
