"""A plan's own commit message must not pass for a start of another target."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.errors import PlanError
from scheduler.plan.load import load_plan


def test_a_commit_message_with_a_marker_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    message = "fix [amplify-release:01M87BRHV3WF1F1F3N73TPNQM8]"
    path.write_text(
        "version: 1\ntargets:\n"
        f"  - {{app: d1, branch: main, region: eu-west-1, commit_message: '{message}'}}\n"
    )
    with pytest.raises(PlanError) as refused:
        load_plan(str(path))
    assert str(refused.value).endswith(
        "targets[0].commit_message: has the marker [amplify-release:…] of an earlier start; leave that out"
    )
