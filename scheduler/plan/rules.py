"""What must hold between the fields of a plan, as one pure function a rule.

They look at the tree as it was written, so that a typing error in one field does not hide what is wrong with
the others; a value of the wrong type is somebody else's fault and ignored here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from ..spoken import counted
from .fault import Fault, Path, did_you_mean, show, spell
from .model import ExpectEntry
from .tree import Node

#: What a target is called by: account, region, app, branch.
Key = tuple[str, str, str, str]
AMBIENT = "default"


def account_faults(name: str, entry: Mapping[str, Node]) -> Iterator[Fault]:
    """An account has a role or a profile, not both, and its role is one of its own."""
    path: Path = ("accounts", name)
    role, number = entry.get("role_arn"), entry.get("id")
    if "role_arn" in entry and "profile" in entry:
        yield Fault((*path, "profile"), "an account has a role_arn or a profile, not both", on_key=True)
    if "external_id" in entry and "role_arn" not in entry:
        yield Fault((*path, "external_id"), "only a role has an external id; set role_arn too", on_key=True)
    if isinstance(role, str) and isinstance(number, str) and (owner := owner_of(role)) not in {"", number}:
        yield Fault((*path, "role_arn"), f"the role belongs to account {show(owner)}, not to {show(number)}")


def owner_of(role_arn: str) -> str:
    """Return the account number within the ARN of a role; empty if it is none."""
    parts = role_arn.split(":", 5)
    return parts[4] if len(parts) == 6 else ""


def account_reference(path: Path, entry: Mapping[str, Node], declared: Collection[str]) -> Iterator[Fault]:
    """The account of a target, or of the defaults, is declared."""
    account = entry.get("account")
    if isinstance(account, str) and account and account != AMBIENT and account not in declared:
        hint = did_you_mean(account, sorted(declared)) or "; declare it in accounts"
        yield Fault((*path, "account"), f"unknown account {show(account)}{hint}")


def target_faults(
    path: Path, entry: Mapping[str, Node], defaults: Mapping[str, Node], region: str | None
) -> Iterator[Fault]:
    """A target has a region and a branch, from somewhere, and a job id exactly where StartJob wants one."""
    if "region" not in entry and "region" not in defaults and region is None:
        yield Fault((*path, "region"), "no region; set it on the target, in defaults, or with --region")
    if "branch" in entry and "branches" in entry:
        yield Fault((*path, "branches"), "a target has branch or branches, not both", on_key=True)
    if entry.get("branches") == []:
        yield Fault((*path, "branches"), "an empty list; name a branch, or leave the target out")
    if not ({"branch", "branches"} & entry.keys() or "branch" in defaults):
        yield Fault(
            (*path, "branch"), "no branch; set branch or branches on the target, or branch in defaults"
        )
    merged = {**defaults, **entry}
    job_type = merged.get("job_type", "RELEASE")
    if job_type == "RETRY" and "job_id" not in merged:
        yield Fault((*path, "job_id"), "missing; a RETRY repeats the job with this id")
    if job_type == "RELEASE" and "job_id" in merged:
        yield Fault((*path, "job_id"), "a RELEASE starts a new job; only a RETRY has a job_id", on_key=True)


def keys_of(
    path: Path, entry: Mapping[str, Node], defaults: Mapping[str, Node], region: str | None
) -> Iterator[tuple[Path, Key]]:
    """Yield the key of every target that an entry stands for, with the path of its branch."""
    merged = {**defaults, **entry}
    branches = entry.get("branches")
    if not isinstance(branches, list):
        branches = None
    account, app = merged.get("account", AMBIENT), entry.get("app")
    where = merged.get("region", region)
    for index, branch in enumerate([merged.get("branch")] if branches is None else branches):
        if (
            isinstance(account, str)
            and isinstance(where, str)
            and isinstance(app, str)
            and isinstance(branch, str)
        ):
            yield (path if branches is None else (*path, "branches", index)), (account, where, app, branch)


def duplicate(path: Path, first: Path, key: Key) -> Fault:
    """A target is named once in a plan."""
    return Fault(path, f"{show('/'.join(key))} is a target already, as {spell(first)}", repeats=first)


def unexpected(expect: ExpectEntry, count: int) -> str | None:
    """Return why a plan of `count` targets is not the expected one; None: it is."""
    least, most = expect.get("min", 0), expect.get("max", count)
    if "max" in expect and least > most:
        return f"min {least:,} is greater than max {most:,}"
    if least <= count <= most:
        return None
    bounds = [f"{least:,} at least"] * ("min" in expect) + [f"{most:,} at most"] * ("max" in expect)
    return f"the plan has {counted(count, 'target')}; expected {' and '.join(bounds)}"
