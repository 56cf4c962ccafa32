"""The command that makes this process one of a fleet: worker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ..errors import ExitCode
from . import options

if TYPE_CHECKING:
    from ..settings import Settings


@click.command()
@options.journal
@options.service
@click.option("--lanes", metavar="N", help="Lanes to work on at once. [20]")
@options.lease
@options.drain_timeout
@options.log_format
def worker(**given: Any) -> None:
    """Work on lanes of runs that were given to the fleet.

    It does so until a signal comes. Any number may run, on any hosts; what one leaves unfinished, another
    goes on with. Let it be started again whenever it ends: it leaves with exit code 70 when it lost the
    journal, or a lane to another worker.
    """
    import anyio

    raise SystemExit(anyio.run(_work, options.settings_of(given)))


async def _work(settings: Settings) -> ExitCode:
    from collections.abc import AsyncIterator, Sequence
    from contextlib import asynccontextmanager

    from .journals import shared_url, sharing

    shared_url(settings)  # what follows imports libraries that may not be installed

    from ..amplify.accounts import Accounts
    from ..journal.port import RunRecord
    from ..model import Target
    from ..worker.process import serve
    from .lanes import lanes_here, owner
    from .outside import endpoint, opened
    from .voice import speak

    voice = speak(settings)

    @asynccontextmanager
    async def accounts(record: RunRecord, targets: Sequence[Target]) -> AsyncIterator[Accounts]:
        async with opened(settings, record.id, targets, record.plan.accounts) as found:
            yield found

    def tell(sentence: str) -> None:
        voice.log.info("worker.told", sentence=sentence)

    async with sharing(settings) as shared:
        return await serve(
            shared,
            lanes_here(shared, accounts, settings, voice),
            endpoint=endpoint(settings, emulate=False),
            owner=owner(),
            at_once=settings.lanes,
            lease=settings.lease,
            drain=settings.drain_timeout,
            tell=tell,
        )
