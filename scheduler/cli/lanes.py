"""The lanes of a shared journal that this process works on, as the settings have it."""

from __future__ import annotations

import os
import socket

from ..engine.clock import Clock
from ..journal.lease import Holder
from ..journal.port import Shared
from ..settings import Settings
from ..worker.lanes import Lanes, OpenAccounts
from .voice import Voice


def owner() -> str:
    """Say in words for people which process this is."""
    return f"pid {os.getpid()} on {socket.gethostname()}"


def lanes_here(shared: Shared, open_accounts: OpenAccounts, settings: Settings, voice: Voice) -> Lanes:
    """Return what works on lanes here; it says which of them it has to wait for."""

    def waits(lane: str, holder: Holder) -> None:
        voice.log.info("lane.waited", sentence=f"lane {lane} waits: {holder.owner} works in it")

    return Lanes(shared, open_accounts, owner=owner(), seconds=settings.lease, waits=waits, clock=Clock())
