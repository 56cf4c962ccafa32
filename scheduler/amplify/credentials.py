"""Credentials that are fetched late, by one call however many wait, and again when they are dropped."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
from aiobotocore.credentials import (
    AioAssumeRoleCredentialFetcher,
    AioCredentials,
    AioDeferredRefreshableCredentials,
)
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import NoCredentialsError

from .session import Session

#: Seconds for which fetched credentials are kept even if dropped. Calls that were sent with the old ones come
#: back expired for a while, and each of them drops.
_FRESH = 5.0


class Renewable(AioCredentials):
    """Stands where botocore expects credentials, and fetches them when the first request is signed.

    `fetch` returns botocore's credentials, which may renew themselves before they expire, or None. `source`
    are the credentials that `fetch` itself uses. `clock` is monotonic, in seconds, and goes on in suspend.
    """

    def __init__(
        self,
        fetch: Callable[[], Awaitable[Any]],
        *,
        clock: Callable[[], float],
        source: Renewable | None = None,
    ) -> None:
        super().__init__("deferred", "deferred", method="amplify-release")
        self._fetch = fetch
        self._clock = clock
        self._source = source
        self._lock = anyio.Lock()
        self._fetched: Any = None
        self._fetched_at = 0.0

    async def get_frozen_credentials(  # type: ignore[override]  # as in aiobotocore's own classes
        self,
    ) -> ReadOnlyCredentials:
        """Return a set of keys to sign with. Raises what fetching raises, and NoCredentialsError."""
        if self._fetched is None:
            async with self._lock:
                if self._fetched is None:
                    self._fetched = await self._fetch()
                    self._fetched_at = self._clock()
        if self._fetched is None:
            raise NoCredentialsError
        keys: ReadOnlyCredentials = await self._fetched.get_frozen_credentials()
        return keys

    def drop(self) -> None:
        """Forget the credentials, so that the next request is signed with new ones."""
        if self._clock() - self._fetched_at > _FRESH:
            self._fetched = None
        if self._source is not None:
            self._source.drop()


def assumed(
    role_arn: str, external_id: str | None, *, source: Renewable, session: Session, run: str
) -> Callable[[], Awaitable[Any]]:
    """Return a fetch that assumes the role, with `source` and by a client of `session`.

    The credentials renew themselves 15 minutes before they expire, so a run may outlast the role's session.
    The run's id in the role session's name tells CloudTrail which run made a call.
    """
    arguments = {"RoleSessionName": f"amplify-release-{run}"}
    if external_id is not None:
        arguments["ExternalId"] = external_id
    create: Any = session.create_client  # the stubs ask for botocore's own client here

    async def fetch() -> AioDeferredRefreshableCredentials:
        fetcher = AioAssumeRoleCredentialFetcher(create, source, role_arn, extra_args=arguments)
        return AioDeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")

    return fetch
