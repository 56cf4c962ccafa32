"""The accounts of a run: where their credentials come from, whose they are, and their lanes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from types import MappingProxyType, TracebackType
from typing import Any, Self

import anyio
from aiobotocore.config import AioConfig
from aiobotocore.credentials import AioCredentials

from ..elapsed import elapsed
from ..model import Account, LaneKey
from .calls import attempt
from .client import AmplifyClient
from .credentials import Renewable, assumed
from .port import CallFailed, Kind, Recorded, Stage
from .quotas import concurrent_jobs
from .session import Session, Timeouts
from .trail import recorded_starts
from .transport import AmplifyTransport

#: The name of the account of the ambient credentials.
AMBIENT = "default"

#: Where the STS of an account is asked that `regions` does not name.
_REGION = "us-east-1"

#: Whose static credentials are used where the plan names no account id.
_NO_ID = "000000000000"

_log = logging.getLogger(__name__)

#: Account id → access key id and secret access key.
StaticCredentials = Callable[[str], tuple[str, str]]


class Accounts:
    """Opens lanes, with one session an account. Enter it as a context; leaving closes all lanes.

    `run` is the run's id, by which CloudTrail tells runs apart. `regions` names a region of each account,
    where its STS is asked. `profile` holds for accounts that name none. Endpoint URLs must have been checked.
    With `static_credentials` neither AWS's environment variables nor its files nor the instance are read:
    accounts without a role have these keys, and roles are assumed with those of account 000000000000. `clock`
    gives seconds since the epoch, `monotonic` those that pass, in suspend too.
    """

    def __init__(
        self,
        accounts: Iterable[Account],
        *,
        run: str,
        regions: Mapping[str, str] = MappingProxyType({}),
        profile: str | None = None,
        endpoint_url: str | None = None,
        sts_endpoint_url: str | None = None,
        static_credentials: StaticCredentials | None = None,
        timeouts: Timeouts = Timeouts(),  # noqa: B008 - frozen
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = elapsed,
    ) -> None:
        self._accounts = {AMBIENT: Account(name=AMBIENT)} | {account.name: account for account in accounts}
        self._run = run
        self._regions = regions
        self._profile = profile
        self._endpoint_url = endpoint_url
        self._sts_endpoint_url = sts_endpoint_url
        self._static = static_credentials
        self._timeouts = timeouts
        self._clock = clock
        self._monotonic = monotonic
        self._sources: dict[tuple[str | None, str], Renewable] = {}
        self._sessions: dict[str, tuple[Session, Renewable]] = {}
        self._lanes: dict[LaneKey, AmplifyClient] = {}
        self._opening = anyio.Lock()
        self._closing = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._closing.aclose()

    async def lane(self, key: LaneKey, *, calls: int) -> AmplifyClient:
        """Open the lane for up to `calls` calls in flight. A lane is opened once."""

        async def open_it() -> AmplifyClient:
            session, _ = self._session(key.account)
            service = await self._closing.enter_async_context(
                session.create_client(
                    "amplify",
                    region_name=key.region,
                    endpoint_url=self._endpoint_url,
                    config=AioConfig(
                        # Both are needed: without the mode, or with fewer attempts left to the environment, a
                        # lost answer, a 500 and a 429 are each answered by sending the StartJob again.
                        retries={"mode": "standard", "total_max_attempts": 1},
                        # The default of 10 would make calls wait for each other unseen.
                        max_pool_connections=calls,
                        http_session_cls=AmplifyTransport,
                    ),
                )
            )
            return AmplifyClient(service, deadline=self._timeouts.call, clock=self._clock)

        async with self._opening:
            if key not in self._lanes:
                self._lanes[key] = await attempt(
                    "CreateClient", open_it, deadline=self._timeouts.call, clock=self._clock
                )
        return self._lanes[key]

    async def verify(self, account: str) -> None:
        """Make sure that the account's credentials belong to the account id that the plan names, if any."""
        expected = self._accounts[account].id
        if expected is None:
            return
        found = await self.identity(account)
        if found != expected:
            raise CallFailed(
                Kind.CREDENTIALS,
                f"The credentials of {account} belong to account {found}, the plan says {expected}. "
                "Nothing was started there. Correct the plan, or the profile or role.",
                stage=Stage.NOT_SENT,
                operation="GetCallerIdentity",
            )

    async def identity(self, account: str) -> str:
        """Ask STS for the id of the account that the credentials belong to."""

        async def call() -> str:
            session, _ = self._session(account)
            async with session.create_client("sts") as sts:
                answer: dict[str, Any] = await sts.get_caller_identity()
                return str(answer["Account"])

        return await attempt("GetCallerIdentity", call, deadline=self._timeouts.call, clock=self._clock)

    async def quota(self, key: LaneKey) -> int | None:
        """Ask how many jobs the lane may run at once; None: not known, for whatever cause. Never raises."""
        try:
            return await self.ask_quota(key)
        except CallFailed as failure:
            _log.debug("the quota of concurrent jobs in %s is not known: %s", key, failure.reason)
            return None

    async def ask_quota(self, key: LaneKey) -> int | None:
        """Ask how many jobs the lane may run at once; None: that is not said. Raises CallFailed."""
        return await concurrent_jobs(
            lambda: self._session(key.account)[0],
            key.region,
            endpoint_url=self._endpoint_url,
            clock=self._clock,
        )

    async def recorded(self, key: LaneKey, since: float, until: float) -> list[Recorded]:
        """Ask CloudTrail for our starts that were answered in this time, on the service's clock."""
        return await recorded_starts(
            lambda: self._session(key.account)[0],
            key.region,
            since=since,
            until=until,
            endpoint_url=self._endpoint_url,
            deadline=self._timeouts.call,
            clock=self._clock,
        )

    async def refresh(self, account: str) -> None:
        """Forget the account's temporary credentials, so that the next call gets new ones."""
        _, credentials = self._session(account)
        credentials.drop()

    def _session(self, name: str) -> tuple[Session, Renewable]:
        if name not in self._sessions:
            account = self._accounts[name]
            session = self._new_session(account)
            credentials = source = self._source(account)
            if account.role_arn is not None:
                role = assumed(
                    account.role_arn, account.external_id, source=source, session=session, run=self._run
                )
                credentials = Renewable(role, clock=self._monotonic, source=source)
            session.given = credentials
            self._sessions[name] = session, credentials
        return self._sessions[name]

    def _source(self, account: Account) -> Renewable:
        """The credentials that the account has before any role; shared by all accounts that have the same."""
        profile = account.profile or self._profile
        owner = account.id if account.id is not None and account.role_arn is None else _NO_ID
        static = self._static

        async def fetch() -> Any:
            if static is not None:
                return AioCredentials(*static(owner))
            # A new session reads the files again, so that a profile renewed by other hands is seen.
            return await self._new_session(account).get_credentials()

        shared = (profile, "") if static is None else (None, owner)
        return self._sources.setdefault(shared, Renewable(fetch, clock=self._monotonic))

    def _new_session(self, account: Account) -> Session:
        return Session(
            profile=None if self._static else account.profile or self._profile,
            region=self._regions.get(account.name, _REGION),
            timeouts=self._timeouts,
            sts_endpoint_url=self._sts_endpoint_url,
            isolated=self._static is not None,
        )
