"""The baselines, each run as a process of its own: calls in a loop, without limits, journal or report.

`well-set` is aiobotocore as its measurements advise: a connection a call in flight, one attempt, a fixed
User-Agent, and a garbage collector that leaves alone what is loaded.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from .ground import BRANCH, REASON, REGIONS, app

if TYPE_CHECKING:
    from types_aiobotocore_amplify import AmplifyClient

#: As long as the marker that the engine puts there.
_MESSAGE = "[amplify-release:01ARZ3NDEKTSV4RRFFQ69G5FAV]"

#: Makes one call about an app.
Call = Callable[["AmplifyClient", str], Coroutine[Any, Any, object]]


def main(kind: str, url: str, prefix: str, calls: int, at_once: int, lanes: int) -> None:
    """Make so many calls. `kind`: starts `well-set`, `default` or in `threads`, or `reads` of one job."""
    numbers = iter(range(calls))
    match kind:
        case "well-set" | "default":
            asyncio.run(_loop(url, prefix, numbers, at_once, lanes, _start_job, well_set=kind == "well-set"))
        case "reads":
            asyncio.run(_loop(url, prefix, (0 for _ in numbers), at_once, 1, _get_job, well_set=True))
        case "threads":
            _threads(url, prefix, numbers, at_once, lanes)
        case _:
            raise ValueError(kind)


async def _loop(
    url: str, prefix: str, numbers: Iterator[int], at_once: int, lanes: int, call: Call, *, well_set: bool
) -> None:
    from aiobotocore.config import AioConfig
    from aiobotocore.session import get_session

    config = None
    if well_set:
        config = AioConfig(
            retries={"mode": "standard", "total_max_attempts": 1},
            max_pool_connections=at_once,
            user_agent="bare/1",
        )
        gc.set_threshold(50_000, 50, 100)
    session = get_session()
    async with AsyncExitStack() as clients:
        by_lane = [
            await clients.enter_async_context(
                session.create_client("amplify", region_name=region, endpoint_url=url, config=config)
            )
            for region in REGIONS[:lanes]
        ]
        if well_set:
            gc.freeze()

        async def work() -> None:
            for number in numbers:
                await call(by_lane[number % lanes], app(prefix, number))

        async with asyncio.TaskGroup() as workers:
            for _ in range(at_once):
                workers.create_task(work())


def _threads(url: str, prefix: str, numbers: Iterator[int], at_once: int, lanes: int) -> None:
    import boto3  # type: ignore[import-untyped]  # its stubs are those of five hundred services
    from botocore.config import Config

    config = Config(max_pool_connections=at_once)
    by_lane = [
        boto3.client("amplify", region_name=region, endpoint_url=url, config=config)
        for region in REGIONS[:lanes]
    ]

    def start(number: int) -> None:
        by_lane[number % lanes].start_job(**_request(app(prefix, number)))

    with ThreadPoolExecutor(at_once) as pool:
        for _ in pool.map(start, numbers):
            pass


async def _start_job(client: AmplifyClient, app_id: str) -> object:
    return await client.start_job(**_request(app_id))


async def _get_job(client: AmplifyClient, app_id: str) -> object:
    return await client.get_job(appId=app_id, branchName=BRANCH, jobId="1")


def _request(app_id: str) -> dict[str, Any]:
    return {
        "appId": app_id,
        "branchName": BRANCH,
        "jobType": "RELEASE",
        "jobReason": REASON,
        "commitMessage": _MESSAGE,
    }


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]), int(sys.argv[6]))
