"""The IAM policy that a plan needs: a run's actions on the plan's branches, and nothing else.

Actions and ARNs are those of Amplify in AWS's service authorization reference.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ..model import Account, FrozenPlan, OnBusy, Target
from .regions import partition_of

#: Characters of a managed policy; IAM does not count white space.
LARGEST = 6_144

#: Stands for an account id that the plan does not name.
PLACEHOLDER = "ACCOUNT"

#: What means more than itself in a resource: wildcards, and the beginning of a variable.
_SPECIAL = re.compile(r"[*?]|\$(?=\{)")


class Also(StrEnum):
    """What a policy may allow besides a run."""

    DOCTOR = "doctor"
    CANCEL = "cancel"
    CLOUDTRAIL = "cloudtrail"  #: asking CloudTrail about starts in doubt
    QUOTAS = "quotas"  #: asking Service Quotas how many jobs may run at once


#: What is allowed for the account as a whole: these actions know no resources.
_WHOLE_ACCOUNT = {
    Also.CLOUDTRAIL: ("CloudTrail", "cloudtrail:LookupEvents"),
    Also.QUOTAS: ("Quotas", "servicequotas:ListServiceQuotas"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy document, and what its reader has to know before using it."""

    document: dict[str, Any]
    notes: tuple[str, ...] = ()


def policies(plan: FrozenPlan, also: Collection[Also] = ()) -> dict[str, Policy]:
    """Return the policy of each account that targets use, by the account's name, in the plan's order.

    A policy that would be too large for IAM allows all branches of each app, and says so.
    """
    targets: dict[str, list[Target]] = {}
    for target in plan.targets:
        targets.setdefault(target.account, []).append(target)
    accounts = {account.name: account for account in plan.accounts}
    return {name: _policy(accounts[name], of_account, also) for name, of_account in targets.items()}


def _policy(account: Account, targets: Sequence[Target], also: Collection[Also]) -> Policy:
    number = account.id or PLACEHOLDER
    stopped = [target for target in targets if Also.CANCEL in also or target.on_busy is OnBusy.SUPERSEDE]
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
        if Also.DOCTOR in also:
            statements.append(_allow("Doctor", ["GetApp", "GetBranch"], targets, app_arn, branch_arn))
        statements += [
            _statement(sid, [action], ["*"]) for wish, (sid, action) in _WHOLE_ACCOUNT.items() if wish in also
        ]
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
    return _statement(sid, [f"amplify:{action}" for action in actions], list(resources))


def _statement(sid: str, actions: list[str], resources: list[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}


def _literal(branch: str) -> str:
    """Write a branch so that IAM takes every character for itself; `*` and `?` also match slashes."""
    return _SPECIAL.sub(lambda special: f"${{{special[0]}}}", branch)


def _size(document: dict[str, Any]) -> int:
    return len(json.dumps(document, separators=(",", ":")))
