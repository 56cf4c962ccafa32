"""What Service Quotas says of Amplify: how many jobs an account may run at once in a region."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiobotocore.config import AioConfig

from .answers import Unusable
from .calls import attempt
from .session import Session
from .transport import AmplifyTransport

#: The quota's name. Its code is not documented, so it is looked for by name.
NAME = "Concurrent jobs"

#: Seconds for the whole question: the release is not worth more of a wait.
DEADLINE = 5.0

_PAGE = 100


async def concurrent_jobs(
    open_session: Callable[[], Session], region: str, *, endpoint_url: str | None, clock: Callable[[], float]
) -> int | None:
    """Return the applied quota of concurrent jobs; None where there is none of this name.

    `endpoint_url` is the one that Amplify is called at: where that is not AWS's, AWS's Service Quotas would
    speak of something else. `clock` gives seconds since the epoch. Raises CallFailed.
    """

    async def ask() -> int | None:
        async with open_session().create_client(
            "service-quotas",
            region_name=region,
            endpoint_url=endpoint_url,
            config=AioConfig(
                retries={"mode": "standard", "total_max_attempts": 1}, http_session_cls=AmplifyTransport
            ),
        ) as service:
            pages = service.get_paginator("list_service_quotas").paginate(
                ServiceCode="amplify", PaginationConfig={"PageSize": _PAGE}
            )
            async for page in pages:
                for quota in page["Quotas"]:
                    if quota.get("QuotaName", "").casefold() == NAME.casefold():
                        return _whole(quota.get("Value"))
        return None

    return await attempt("ListServiceQuotas", ask, deadline=DEADLINE, clock=clock)


def _whole(value: Any) -> int:
    if not isinstance(value, int | float) or value < 1:
        raise Unusable(f"{value!r} is no number of jobs")
    return int(value)
