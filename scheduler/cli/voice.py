"""What a command that calls AWS says on stderr, and how: one log, one stream, colours or none."""

from __future__ import annotations

import logging
import os
import sys
from dataclasses import dataclass

from ..logs import Log, configure
from ..progress.choose import coloured
from ..settings import Settings, unknown_variables
from ..steady import SteadyStream


@dataclass(frozen=True, slots=True)
class Voice:
    """The log and the stream that it writes to."""

    log: Log
    stream: SteadyStream
    colour: bool


def speak(settings: Settings) -> Voice:
    """Set up logging, what libraries log included, and warn of settings that set nothing."""
    stream = SteadyStream(sys.stderr)
    colour = coloured(isatty=stream.isatty(), environ=os.environ)
    log = configure(settings.log_format, logging.INFO, stream, colour=colour)
    for warning in unknown_variables(os.environ):
        log.warning("setting.ignored", sentence=warning)
    return Voice(log, stream, colour)
