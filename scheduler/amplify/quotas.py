"""What Service Quotas says of Amplify: how many jobs an account may run at once in a region."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from aiobotocore.config import AioConfig

from .answers import Unusable
from .calls import attempt
from .port import CallFailed
from .session import Session

#: The quota's name. Its code is not documented, so it is looked for by name.
NAME = "Concurrent jobs"

#: Seconds for the whole question: the release is not worth more of a wait.
DEADLINE = 5.0

_PAGE = 100

_log = logging.getLogger(__name__)


async def concurrent_jobs(
    open_session: Callable[[], Session], region: str, *, endpoint_url: str | None, clock: Callable[[], float]
) -> int | None:
    """Return the applied quota of concurrent jobs; None where it cannot be known, for whatever cause.

    `endpoint_url` is the one that Amplify is called at: where that is not AWS's, AWS's Service Quotas would
    speak of something else. `clock` gives seconds since the epoch.
    """

    async def ask() -> int | None:
        async with open_session().create_client(
            "service-quotas",
            region_name=region,
            endpoint_url=endpoint_url,
            config=AioConfig(retries={"mode": "standard", "total_max_attempts": 1}),
        ) as service:
            pages = service.get_paginator("list_service_quotas").paginate(
                ServiceCode="amplify", PaginationConfig={"PageSize": _PAGE}
            )
            async for page in pages:
                for quota in page["Quotas"]:
                    if quota.get("QuotaName", "").casefold() == NAME.casefold():
                        return _whole(quota.get("Value"))
        return None

    try:
        return await attempt("ListServiceQuotas", ask, deadline=DEADLINE, clock=clock)
    except CallFailed as failure:
        _log.debug("the quota of concurrent jobs in %s is not known: %s", region, failure.reason)
        return None


def _whole(value: Any) -> int:
    if not isinstance(value, int | float) or value < 1:
        raise Unusable(f"{value!r} is no number of jobs")
    return int(value)
