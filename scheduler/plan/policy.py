"""The IAM policy that a plan needs: a run's actions on the plan's branches, and nothing else.

Actions and ARNs are those of Amplify in AWS's service authorization reference.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..model import Account, FrozenPlan, OnBusy, Target
from .regions import partition_of

#: Characters of a managed policy; IAM does not count white space.
LARGEST = 6_144

#: Stands for an account id that the plan does not name.
PLACEHOLDER = "ACCOUNT"

#: What means more than itself in a resource: wildcards, and the beginning of a variable.
_SPECIAL = re.compile(r"[*?]|\$(?=\{)")

#: Says the resources of a statement about these targets.
_Resources = Callable[[Iterable[Target]], list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy document, and what its reader has to know before using it."""

    document: dict[str, Any]
    notes: tuple[str, ...] = ()


def policies(plan: FrozenPlan, *, doctor: bool = False, cancel: bool = False) -> dict[str, Policy]:
    """Return the policy of each account that targets use, by the account's name, in the plan's order.

    `doctor` and `cancel` allow what these commands need besides. A policy that would be too large for IAM
    allows all branches of each app, and says so.
    """
    targets: dict[str, list[Target]] = {}
    for target in plan.targets:
        targets.setdefault(target.account, []).append(target)
    accounts = {account.name: account for account in plan.accounts}
    return {
        name: _policy(accounts[name], of_account, doctor=doctor, cancel=cancel)
        for name, of_account in targets.items()
    }


def _policy(account: Account, targets: Sequence[Target], *, doctor: bool, cancel: bool) -> Policy:
    number = account.id or PLACEHOLDER
    stopped = [target for target in targets if cancel or target.on_busy is OnBusy.SUPERSEDE]
    notes = []
    if account.id is None:
        notes.append(f"the plan does not name its id: put it in the place of {PLACEHOLDER}")

    def written(branch: Callable[[Target], str]) -> dict[str, Any]:
        def app_arn(target: Target) -> str:
            return f"arn:{partition_of(target.region)}:amplify:{target.region}:{number}:apps/{target.app}"

        def branch_arn(target: Target) -> str:
            return f"{app_arn(target)}/branches/{branch(target)}"

        def jobs_arn(target: Target) -> str:
            return f"{branch_arn(target)}/jobs/*"

        statements = [
            _allow("Start", ["StartJob", "GetJob"], targets, jobs_arn),
            _allow("Fence", ["ListJobs"], targets, branch_arn, jobs_arn),
        ]
        if stopped:
            statements.append(_allow("Stop", ["StopJob"], stopped, jobs_arn))
        if doctor:
            statements.append(_allow("Doctor", ["GetApp", "GetBranch"], targets, app_arn, branch_arn))
        return {"Version": "2012-10-17", "Statement": statements}

    document = written(lambda target: _literal(target.branch))
    if (exact := _size(document)) > LARGEST:
        document = written(lambda _: "*")
        notes.append(
            f"with every branch it would have {exact:,} characters, and a managed policy holds {LARGEST:,}; "
            "so it allows all branches of each app"
        )
    if (size := _size(document)) > LARGEST:
        notes.append(
            f"even so it has {size:,} characters: print it in parts, such as --only "
            f"'{account.name}/eu-west-1/*', for several policies"
        )
    return Policy(document=document, notes=tuple(notes))


def _allow(
    sid: str, actions: Sequence[str], targets: Sequence[Target], *arns: Callable[[Target], str]
) -> dict[str, Any]:
    """Return a statement; several targets may have a resource in common."""
    resources = dict.fromkeys(arn(target) for target in targets for arn in arns)
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": [f"amplify:{action}" for action in actions],
        "Resource": list(resources),
    }


def _literal(branch: str) -> str:
    """Write a branch so that IAM takes every character for itself; `*` and `?` also match slashes."""
    return _SPECIAL.sub(lambda special: f"${{{special[0]}}}", branch)


def _size(document: dict[str, Any]) -> int:
    return len(json.dumps(document, separators=(",", ":")))
