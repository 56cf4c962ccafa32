"""The baseline, run as a process of its own: StartJob by aiobotocore in a loop, set as the engine sets it.

No limits, no journal, no report: what these cost is what `overhead` measures.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session

from scheduler.amplify.transport import KEEPALIVE
from scheduler.amplify.user_agent import USER_AGENT
from scheduler.engine.run import CALLS

from .ground import BRANCH, REASON, REGION, app

if TYPE_CHECKING:
    from types_aiobotocore_amplify import AmplifyClient

#: As long as the marker that the engine puts there.
_MESSAGE = "[amplify-release:01ARZ3NDEKTSV4RRFFQ69G5FAV]"


async def _start_all(url: str, prefix: str, targets: int, at_once: int) -> None:
    config = AioConfig(
        retries={"mode": "standard", "total_max_attempts": 1},
        max_pool_connections=CALLS,
        user_agent=USER_AGENT,
        connector_args={"keepalive_timeout": KEEPALIVE},
    )
    numbers = iter(range(targets))
    made = get_session().create_client("amplify", region_name=REGION, endpoint_url=url, config=config)
    async with made as client, asyncio.TaskGroup() as workers:
        for _ in range(at_once):
            workers.create_task(_start(client, prefix, numbers))


async def _start(client: AmplifyClient, prefix: str, numbers: Iterator[int]) -> None:
    for number in numbers:
        await client.start_job(
            appId=app(prefix, number),
            branchName=BRANCH,
            jobType="RELEASE",
            jobReason=REASON,
            commitMessage=_MESSAGE,
        )


if __name__ == "__main__":
    asyncio.run(_start_all(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
