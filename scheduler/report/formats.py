"""Report files: the suffix picks the format, the place is checked early, the file appears whole."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from ..errors import ReportPathError, UsageError
from ..printable import printable
from ..whole import beside, write_whole
from . import as_json, csv, junit, markdown
from .document import Report


def _html(report: Report) -> str:
    from . import html  # jinja2 is loaded by those alone who ask for HTML

    return html.render(report)


#: What `--report FILE` can write, by the suffix of FILE.
FORMATS: dict[str, Callable[[Report], str]] = {
    ".json": as_json.render,
    ".xml": junit.render,
    ".md": markdown.render,
    ".html": _html,
    ".csv": csv.render,
}


def renderer(path: Path) -> Callable[[Report], str]:
    """Return the renderer that the path's suffix picks. Raises UsageError for any other suffix."""
    try:
        return FORMATS[path.suffix.lower()]
    except KeyError:
        known = ", ".join(FORMATS)
        raise UsageError(
            f"{_shown(path)}: the suffix picks the format of a report; use one of {known}"
        ) from None


def check_writable(paths: Sequence[Path]) -> None:
    """Find out, before anything is started, whether every report can be written.

    A file is created beside each path and removed again: permissions alone tell nothing of a read-only or
    full disk. Raises UsageError for an unknown suffix or a path given twice, and ReportPathError.
    """
    seen: set[str] = set()
    for path in paths:
        renderer(path)
        real = os.path.realpath(path)
        if real in seen:
            raise UsageError(f"{_shown(path)}: given twice; one report would replace the other")
        seen.add(real)
        if os.path.isdir(path):
            raise ReportPathError(f"{_shown(path)}: is a directory; name a file in it")
        if os.path.exists(path) and not os.path.isfile(path):
            raise ReportPathError(f"{_shown(path)}: is not a regular file; name another one")
        if not os.path.isdir(path.parent):
            raise ReportPathError(
                f"{_shown(path)}: there is no directory {_shown(path.parent)}; create it first"
            )
        try:
            descriptor, temporary = beside(path)
            os.close(descriptor)
            os.unlink(temporary)
        except OSError as error:
            raise _unwritable(path, error, "name a place that can be written") from error


def render_to(path: Path, report: Report) -> None:
    """Write the report in the format that the path's suffix picks. Raises as `renderer` and `write` do."""
    write(path, renderer(path)(report))


def write(path: Path, text: str) -> None:
    """Replace the file by one that holds `text`, whole and readable by its owner alone.

    Raises ReportPathError.
    """
    try:
        write_whole(path, [text.encode()])
    except OSError as error:
        remedy = "the journal has the run: write it again with `amplify-release report --report FILE`"
        raise _unwritable(path, error, remedy) from error


def _unwritable(path: Path, error: OSError, remedy: str) -> ReportPathError:
    return ReportPathError(f"{_shown(path)}: cannot be written ({error.strerror}); {remedy}")


def _shown(path: Path) -> str:
    return printable(os.fspath(path))
