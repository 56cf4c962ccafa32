"""Carry out a run, write its reports, return its exit code.

Imported by the running commands only, once they know what to run: everything heavy comes with it.
"""

from __future__ import annotations

import sys

import anyio

from ..errors import ExitCode, ReleaseError, UsageError
from ..report.document import Report
from ..report.formats import check_writable, render_to
from .alone import carry_out
from .face import complain
from .journals import shared_url
from .reports import show
from .request import Opening, Request
from .streams import silence_stdout
from .voice import speak


def operate(request: Request, opening: Opening) -> ExitCode:
    """Open a run and bring it to its end; write its reports; return its exit code.

    Raises LockHeld, JournalError, UsageError and RunNotFound before anything was sent.
    """
    if request.fleet and request.emulate:
        raise UsageError(
            "--fleet: a rehearsal has its emulator in this process; leave --fleet or --emulate out"
        )
    check_writable(request.reports)
    return anyio.run(_operate, request, opening)


async def _operate(request: Request, opening: Opening) -> ExitCode:
    voice = speak(request.settings)
    report: Report | None
    code: ExitCode | None = None
    if request.fleet or request.settings.journal is not None:
        shared_url(request.settings)  # what follows imports libraries that may not be installed

        from .together import carry_out as carry_out_together

        report, code = await carry_out_together(request, opening, voice)
    else:
        report = await carry_out(request, opening, voice)
    if report is not None:
        _hand_over(request, report)
    if code is None:
        assert report is not None
        assert report.run.exit_code is not None
        code = ExitCode(report.run.exit_code)
    return code


def _hand_over(request: Request, report: Report) -> None:
    """Print and write the report; one that fails leaves the run's own exit code as it is."""
    try:
        show(report, request.output, request.settings)
        sys.stdout.flush()
    except OSError as error:
        # Whoever read stdout has gone, or where it leads is full. The release is done all the same.
        silence_stdout()
        if not isinstance(error, BrokenPipeError):
            complain(f"stdout cannot be written ({error.strerror})")
    for path in request.reports:
        try:
            render_to(path, report)
        except ReleaseError as error:
            complain(str(error))
