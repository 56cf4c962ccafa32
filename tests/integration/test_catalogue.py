"""The catalogue of faults, row by row: the real client over real sockets, and the real engine behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import trustme
from botocore.retries.standard import ExponentialBackoff
from botocore.utils import ContainerMetadataFetcher

from scheduler.amplify import calls
from scheduler.model import Target
from tests.integration.catalogue import ROWS
from tests.integration.catalogue.row import ACTIONS, Row
from tests.integration.scene import Stagehand
from tests.integration.watch import Watch, release
from tests.integration.wire import Serve

pytestmark = pytest.mark.timeout(30)


@pytest.fixture
async def stagehand(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, authority: trustme.CA
) -> AsyncIterator[Stagehand]:
    with ExitStack() as props:
        yield Stagehand(serve, monkeypatch, tmp_path, authority, props)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_a_fault_is_seen_judged_and_dealt_with_as_the_catalogue_says(
    row: Row, stagehand: Stagehand, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch()
    monkeypatch.setattr(calls, "classify", watch.classify)
    # How patient the SDK is with STS and metadata services is not what is looked at here.
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0)
    monkeypatch.setattr(ContainerMetadataFetcher, "SLEEP_TIME", 0)
    setup = await stagehand.set_up(row.scene)
    target = Target(account="default", region=row.scene.region, app="d1", branch=row.scene.branch, name="web")
    await release(watch, setup.accounts, target, fenced=row.scene.fenced)
    failure, kind, reason = watch.failures[0]
    starts = sum(request.method == "POST" for request in setup.server.requests)
    assert (" > ".join(failure.causes), failure.stage, failure.operation) == (
        row.seen,
        row.stage,
        row.operation,
    )
    assert (failure.status, failure.code) == (row.status, row.code)
    assert (kind, watch.action, starts) == (row.kind, ACTIONS[row.kind], row.starts), reason
    assert row.says in reason
    assert setup.elsewhere.requests == []
