"""Standard streams that were never opened, are full, or whose reader has gone."""

from __future__ import annotations

import os
import sys


def furnish() -> None:
    """Open to nowhere what the shell closed (`>&-`).

    Else the next file or connection of ours would be taken for a standard stream and written to.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free: this one
    if sys.stdin is None:
        sys.stdin = open(os.devnull)  # noqa: SIM115 - for the rest of the process
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - as above


def silence_stdout() -> None:
    """Send stdout to nowhere: what is left in its buffer fails again at the exit, and changes its code."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
