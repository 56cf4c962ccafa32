"""A pooler before the journal: one that pools sessions is as good as none, any other is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.acceptance.conftest import Served, Shell
from tests.acceptance.crew import Crew, ended, targets
from tests.pooler import pooled
from tests.postgres import postgres

__all__ = ["postgres"]

Pooler = Callable[[str], str]


@pytest.fixture
def pooler(postgres: str) -> Iterator[Pooler]:
    """Give the URL of a journal behind a pooler of the kind named."""
    with ExitStack() as stack:
        yield lambda mode: stack.enter_context(pooled(postgres, mode=mode))


def test_a_fleet_works_through_a_pooler_that_pools_sessions(
    shell: Shell, serve: Callable[..., Served], pooler: Pooler
) -> None:
    crew = Crew(shell, serve(), pooler("session"))
    try:
        crew.hire()
        plan = targets(2)
        code, err = ended(crew.run(plan))
        assert code == 0, err + crew.logs()
        crew.check(plan)
    finally:
        crew.dismiss()


@pytest.mark.parametrize("command", ["worker", "status"])
def test_a_pooler_that_lends_sessions_by_the_transaction_is_refused(
    shell: Shell, pooler: Pooler, command: str
) -> None:
    done = shell.type(command, "--journal", pooler("transaction"))
    assert done.returncode == 70
    assert "is behind a pooler that lends sessions by the transaction" in done.stderr
    assert "let it pool by the session, or name the server itself" in done.stderr
