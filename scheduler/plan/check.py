"""Every fault of a plan's tree, all of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from . import rules
from .fault import ENOUGH, Fault, Path
from .model import (
    OPTIONAL,
    AccountEntry,
    Defaults,
    ExpectEntry,
    FailureEntry,
    Head,
    LimitsEntry,
    PlanFile,
    TargetEntry,
)
from .text_fields import AccountName
from .tree import MAX_ITEMS, Node
from .wording import later, reworded

if TYPE_CHECKING:
    from .scenario import Scenario

Value = TypeVar("Value")

_HEAD = TypeAdapter(Head)
_NAMES = TypeAdapter(dict[AccountName, Any])
_LIST = TypeAdapter(list[Any])
_ACCOUNT = TypeAdapter(AccountEntry)
TARGET = TypeAdapter(TargetEntry)

_HEAD_KEYS = sorted({*Head.__annotations__, *PlanFile.__annotations__, "emulate"})
_ACCOUNT_KEYS = sorted(AccountEntry.__annotations__)
TARGET_KEYS = sorted({*Defaults.__annotations__, *TargetEntry.__annotations__})
#: The keys of the head's sections.
_SECTIONS = {
    "defaults": sorted(Defaults.__annotations__),
    "limits": sorted(LimitsEntry.__annotations__),
    "failure": sorted(FailureEntry.__annotations__),
    "expect": sorted(ExpectEntry.__annotations__),
}
#: What is not validated with the head; editors find the schema by `$schema`.
_APART = frozenset({"$schema", "accounts", "targets", "emulate"})


@dataclass(frozen=True, slots=True)
class Checked:
    """A plan without a fault."""

    plan: PlanFile
    scenario: Scenario | None


def check(tree: Node, *, region: str | None) -> Checked | list[Fault]:
    """Return the plan, typed, or its faults; `region` is that of targets which name none.

    After a thousand faults the search ends. Accounts and targets are validated one by one: a list of a
    million wrong items would otherwise cost its memory many times over.
    """
    if not isinstance(tree, dict):
        return [Fault((), "a plan is a mapping that begins with version: 1")]
    tree = {key: node for key, node in tree.items() if key not in OPTIONAL or node is not None}
    faults: list[Fault] = []
    scenario = check_scenario(tree["emulate"], ("emulate",), faults) if "emulate" in tree else None
    head = _validated(
        _HEAD, {key: node for key, node in tree.items() if key not in _APART}, (), faults, _HEAD_KEYS
    )
    accounts = _accounts(tree.get("accounts", {}), faults)
    targets = _targets(tree, region, faults)
    if head is None or faults:
        return faults
    return Checked({**head, "accounts": accounts, "targets": targets}, scenario)


def check_scenario(node: Node, path: Path, faults: list[Fault]) -> Scenario | None:
    """Return the scenario, typed, or add its faults to `faults`."""
    # Few plans have this section, and its models take as long to build as all the others.
    from .scenario import Scenario

    if isinstance(node, dict) and (fault := _hopeless(path, node)) is not None:
        faults.append(fault)
        return None
    return _validated(TypeAdapter(Scenario), node, path, faults, sorted(Scenario.model_fields))


def _accounts(accounts: Node, faults: list[Fault]) -> dict[str, AccountEntry]:
    _validated(_NAMES, accounts, ("accounts",), faults)
    entries = {}
    for name, node in accounts.items() if isinstance(accounts, dict) else ():
        if len(faults) >= ENOUGH:
            break
        entry = _validated(_ACCOUNT, node, ("accounts", name), faults, _ACCOUNT_KEYS)
        if entry is not None:
            entries[name] = entry
        if isinstance(node, dict):
            faults += rules.account_faults(name, node)
    return entries


def _targets(tree: dict[str, Node], region: str | None, faults: list[Fault]) -> list[TargetEntry]:
    targets = _validated(_LIST, tree.get("targets"), ("targets",), faults) or []
    accounts, defaults = tree.get("accounts", {}), tree.get("defaults", {})
    if isinstance(defaults, dict) and isinstance(accounts, dict):
        faults += rules.account_reference(("defaults",), defaults, accounts)
    seen: dict[rules.Key, Path] = {}
    entries = []
    for index, node in enumerate(targets):
        if len(faults) >= ENOUGH:
            break
        path: Path = ("targets", index)
        if isinstance(node, dict) and (fault := _hopeless(path, node)) is not None:
            faults.append(fault)
            continue
        entry = _validated(TARGET, node, path, faults, TARGET_KEYS)
        if entry is not None:
            entries.append(entry)
        if not (isinstance(node, dict) and isinstance(defaults, dict)):
            continue
        if isinstance(accounts, dict):
            faults += rules.account_reference(path, node, accounts)
        faults += rules.target_faults(path, node, defaults, region)
        for where, key in rules.keys_of(path, node, defaults, region):
            first = seen.setdefault(key, where)
            if first != where and len(faults) < ENOUGH:
                faults.append(rules.duplicate(where, first, key))
    return entries


def _hopeless(path: Path, node: dict[str, Node]) -> Fault | None:
    """Return the fault of what is better not looked into."""
    if "select" in node:
        return later((*path, "select"))
    for key, value in node.items():
        if isinstance(value, list) and len(value) > MAX_ITEMS:
            return Fault((*path, key), f"has {len(value):,} items; {MAX_ITEMS:,} are the most")
    return None


def _validated(
    adapter: TypeAdapter[Value], node: Node, path: Path, faults: list[Fault], keys: Sequence[str] = ()
) -> Value | None:
    """Return what stands at `path`, typed, or add its faults; `keys` are its own, to suggest from."""
    try:
        return adapter.validate_python(node)
    except ValidationError as error:
        details = error.errors(include_url=False)[: max(0, ENOUGH - len(faults))]
    for detail in details:
        section = _SECTIONS.get(str(detail["loc"][0]), ()) if len(detail["loc"]) == 2 else ()
        known = keys if len(detail["loc"]) == 1 else section
        faults.append(reworded(detail, path + detail["loc"], known))
    return None
