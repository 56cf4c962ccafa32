"""The report as one HTML page: no script, no request to anywhere, readable from a file and on a phone."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources

from jinja2 import Environment, StrictUndefined, Template

from ..model import Outcome
from ..printable import printable
from ..spoken import spoken
from .advice import compact, headline, next_steps, waits
from .document import Report
from .timeline import WIDTH, timeline

#: A browser shows a longer table slowly and nobody reads it; the page says what it leaves out.
ROWS = 5000


def render(report: Report) -> str:
    """Return the page. Its style is allowed by its hash alone, so that injected style or script is dead."""
    others = [target for target in report.targets if target.outcome is not Outcome.SUCCEEDED]
    succeeded = [target for target in report.targets if target.outcome is Outcome.SUCCEEDED]
    return _template().render(
        report=report,
        run=report.run,
        totals=report.totals,
        headline=headline(report),
        steps=next_steps(report),
        failures=report.failures[:ROWS],
        failed=len(report.failures),
        rows=(others + succeeded)[:ROWS],
        timeline=timeline(report.targets, now=report.run.ended_at),
        canvas=WIDTH,
    )


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True,
        finalize=_printable,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(fingerprint=_fingerprint, compact=compact, spoken=spoken, waits=waits)
    page = resources.files(__package__).joinpath("report.html.jinja").read_text("utf-8")
    return environment.from_string(page)


def _printable(value: object) -> object:
    """Make every text that the template inserts visible; markup of the template itself passes."""
    return printable(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _fingerprint(style: str) -> str:
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
