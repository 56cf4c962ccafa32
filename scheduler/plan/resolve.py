"""From what a plan says to the fixed list of targets it means."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..model import Account, FailureBudget, FrozenPlan, Limits, Target
from .digest import digest_of
from .model import AccountEntry, Defaults, PlanFile, TargetEntry
from .rules import AMBIENT, owner_of


def resolve(plan: PlanFile, *, name: str, path: str, region: str | None) -> FrozenPlan:
    """Return the plan with every target spelt out, in the plan's order.

    `name` is used where the plan has none, `region` where neither a target nor the defaults have one. The
    accounts are those that targets use, the ambient one included.
    """
    defaults = plan.get("defaults", {})
    targets = tuple(target for entry in plan["targets"] for target in _targets(entry, defaults, region))
    entries = plan.get("accounts", {})
    used = sorted({target.account for target in targets})
    accounts = tuple(_account(account, entries.get(account, {})) for account in used)
    limits = Limits(**plan.get("limits", {}))
    budget = _budget(plan)
    return FrozenPlan(
        name=plan.get("name", name),
        path=path,
        digest=digest_of(accounts, limits, budget, targets),
        accounts=accounts,
        limits=limits,
        budget=budget,
        targets=targets,
    )


def _targets(entry: TargetEntry, defaults: Defaults, region: str | None) -> Iterator[Target]:
    fields: dict[str, Any] = {"account": AMBIENT, "region": region, "name": entry["app"], **defaults, **entry}
    branches = fields.pop("branches", None) or [fields["branch"]]
    fields["labels"] = {**defaults.get("labels", {}), **entry.get("labels", {})}
    for branch in branches:
        yield Target(**{**fields, "branch": branch})


def _account(name: str, entry: AccountEntry) -> Account:
    role = entry.get("role_arn")
    return Account(
        name=name,
        id=entry.get("id") or (owner_of(role) if role else None),
        profile=entry.get("profile"),
        role_arn=role,
        external_id=entry.get("external_id"),
    )


def _budget(plan: PlanFile) -> FailureBudget:
    failure = plan.get("failure", {})
    count, percent = failure.get("max_failures", (None, None))
    if "min_sample" in failure:
        return FailureBudget(count=count, percent=percent, min_sample=failure["min_sample"])
    return FailureBudget(count=count, percent=percent)
