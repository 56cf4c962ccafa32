"""Plans in files of their own, for tests of the loader."""

from __future__ import annotations

from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from scheduler.errors import PlanError
from scheduler.model import FrozenPlan
from scheduler.plan.load import load_plan

HEAD = "version: 1\ndefaults: {region: eu-west-1, branch: main}\n"
"""Two lines that make a YAML plan complete but for its targets."""


def loaded(content: str | bytes, name: str = "plan.yaml", *, region: str | None = None) -> FrozenPlan:
    """Return the plan that a file of this content and name holds."""
    with TemporaryDirectory() as directory, chdir(directory):
        Path(name).write_bytes(content.encode() if isinstance(content, str) else content)
        return load_plan(name, region=region)[0]


def faults(content: str | bytes, name: str = "plan.yaml", *, region: str | None = None) -> list[str]:
    """Return the lines with which the file is refused."""
    with pytest.raises(PlanError) as refused:
        loaded(content, name, region=region)
    return str(refused.value).split("\n")


def fault_of(target: str) -> str:
    """Return what the only fault of a YAML target says, without its place."""
    [line] = faults(f"{HEAD}accounts: {{shop: {{}}}}\ntargets:\n  - {{app: d1, {target}}}\n")
    return line.split(": ", 1)[1]
