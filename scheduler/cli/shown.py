"""A run shown on stderr while it goes on, whoever carries it out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from ..journal.port import Heard, RunRecord, TargetRecord
from ..logs import LogFormat
from ..progress.choose import choose
from ..progress.watch import watch
from ..spoken import counted
from .request import Request
from .voice import Voice


def shown(
    heard: Heard, record: RunRecord, records: Sequence[TargetRecord], request: Request, voice: Voice
) -> AbstractAsyncContextManager[None]:
    """Announce a run's targets, and show for a block what is heard of them."""
    settings = request.settings
    every = settings.log_format is LogFormat.JSON
    where = f"{request.where}, by the fleet" if request.fleet else request.where
    voice.log.info(
        "run.opened",
        sentence=f"run {record.id}: {counted(len(records), 'target')} of {record.plan.name}, {where}",
        **({"run": record.id, "targets": len(records)} if every else {}),
    )
    return watch(
        heard,
        record,
        choose(settings.progress, isatty=voice.stream.isatty(), environ=os.environ, output=request.output),
        voice.log,
        voice.stream,
        every=every,
        colour=voice.colour,
        records=records,
        follow=settings.follow,
    )
