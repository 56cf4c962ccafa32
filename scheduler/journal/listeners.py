"""Those who hear of events after they have been journaled: the live pane, the log."""

from __future__ import annotations

from ..events import Event
from .port import Listener


class Listeners:
    """Hand events on, in order.

    A listener that raises is dropped and its error kept: a pane whose terminal went away must neither stop
    the release nor fail once per event, and whoever wired it can still say at the end what became of it.
    """

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self.faults: list[Exception] = []

    def subscribe(self, listener: Listener) -> None:
        """Hand further events to this listener as well."""
        self._listeners.append(listener)

    def tell(self, event: Event) -> None:
        """Hand an event to every listener."""
        for listener in tuple(self._listeners):
            try:
                listener(event)
            except Exception as error:  # noqa: BLE001 - output of any kind must not break the journal
                self._listeners.remove(listener)
                self.faults.append(error)
