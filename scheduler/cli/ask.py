"""Questions to a person, before something that cannot be taken back."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterable

import click

from ..errors import UsageError


def ask(question: str, *, yes: bool) -> None:
    """Ask a person at a terminal, unless `yes`; a script has decided already. Raises as `_confirm` does."""
    if not yes and _at_terminal():
        _confirm(question)


def insist(question: str, about: Iterable[str], *, yes: bool, what: str) -> None:
    """Show what it is about and ask; a script has to say --yes. Raises UsageError, and as `_confirm` does.

    `what` names that which asks.
    """
    from ..printable import printable

    if yes:
        return
    if not _at_terminal():
        raise UsageError(f"{what} asks first; without a terminal say --yes")
    for line in about:
        click.echo(f"  {printable(line)}", err=True)
    _confirm(question)


def _confirm(question: str) -> None:
    """Raise UsageError at a no and click.Abort at Ctrl-C, which an event loop would otherwise put off."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        if not click.confirm(question, err=True):
            raise UsageError("nothing was started or stopped")
    except click.Abort:
        click.echo(err=True)  # what follows has its own line
        raise
    finally:
        signal.signal(signal.SIGINT, before)


def _at_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()
