"""Questions at a terminal: what is not answered with yes starts nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.acceptance.conftest import Served, Shell, apps, at_a_terminal

Released = Callable[..., tuple[Shell, Served]]
CTRL_C = "\x03"


@pytest.mark.parametrize(
    ("answer", "code", "says"),
    [("n\n", 2, "nothing was started or stopped"), (CTRL_C, 130, "\r\ninterrupted")],
)
def test_a_no_and_ctrl_c_start_nothing(released: Released, answer: str, code: int, says: str) -> None:
    shell, served = released(build_time="100ms", failure_rate=1)
    plan = shell.plan(apps(2))
    returncode, seen = at_a_terminal(shell, "run", plan, *shell.where, answer=answer)
    assert "Start 2 targets in 1 lane at" in seen
    assert (returncode, says in seen) == (code, True)
    assert served.truth().starts == []

    assert shell.release("run", plan).returncode == 1
    returncode, seen = at_a_terminal(shell, "retry", *shell.where, answer=answer)
    assert "Start 2 targets that failed in run" in seen
    assert (returncode, says in seen) == (code, True)
    assert len(served.truth().starts) == 2


def test_a_yes_starts(released: Released) -> None:
    shell, served = released(build_time="100ms")
    returncode, seen = at_a_terminal(shell, "run", shell.plan(apps(2)), *shell.where, answer="y\n")
    assert (returncode, "Every target succeeded." in seen) == (0, True)
    assert len(served.truth().starts) == 2
