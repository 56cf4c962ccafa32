"""The way outside: which service is called, and with whose credentials."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from ..amplify.accounts import Accounts
from ..emulator.identity import SECRET_KEY, access_key
from ..errors import UsageError
from ..model import AWS, EMULATOR, Account, Target
from ..plan.scenario import Scenario
from ..settings import Settings


def endpoint(settings: Settings, *, emulate: bool) -> str:
    """Return what a run is recorded with, so that nobody goes on with it against something else."""
    return EMULATOR if emulate else settings.endpoint_url or AWS


def same_endpoint(run: str, recorded: str, given: str) -> None:
    """Refuse to go on at another place than the run's: its jobs are not there, and others would be made."""
    if recorded != given:
        raise UsageError(f"run {run} was made {at(recorded)}, not {at(given)}; {_remedy(recorded)}")


def at(endpoint: str) -> str:
    """Say where a run is made that is recorded with this endpoint."""
    if endpoint == EMULATOR:
        return "against the emulator"
    return "at AWS" if endpoint == AWS else f"at {endpoint}"


def _remedy(recorded: str) -> str:
    if recorded == EMULATOR:
        return "add --emulate"
    return "leave --endpoint-url and --emulate out" if recorded == AWS else f"add --endpoint-url {recorded}"


@asynccontextmanager
async def opened(
    settings: Settings,
    run: str,
    targets: Sequence[Target],
    accounts: Sequence[Account],
    *,
    emulate: bool = False,
    scenario: Scenario | None = None,
) -> AsyncIterator[Accounts]:
    """Open the accounts' credentials, with an emulator behind them if one was asked for.

    `run` is what CloudTrail shows as the cause of the calls.
    """
    regions = {target.account: target.region for target in targets}
    async with AsyncExitStack() as stack:
        if emulate:
            from ..emulator.server import serve

            server = await stack.enter_async_context(serve(scenario or Scenario()))
            found = Accounts(
                accounts,
                run=run,
                regions=regions,
                endpoint_url=server.url,
                sts_endpoint_url=server.url,
                static_credentials=lambda account: (access_key(account), SECRET_KEY),
            )
        else:
            found = Accounts(
                accounts,
                run=run,
                regions=regions,
                profile=settings.profile,
                endpoint_url=settings.endpoint_url,
                sts_endpoint_url=settings.sts_endpoint_url,
            )
        yield await stack.enter_async_context(found)
