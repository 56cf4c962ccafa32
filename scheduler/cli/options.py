"""Options that several commands share, each described once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from ..settings import Settings

F = TypeVar("F", bound=Callable[..., Any])


def _all(*options: Callable[[F], F]) -> Callable[[F], F]:
    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


journal = _all(
    click.option("--state-dir", metavar="DIR", help="Where the journal and the lock are kept."),
    click.option(
        "--journal", metavar="URL", help="A journal that many hosts share: postgresql://USER@HOST/NAME."
    ),
)
output = click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json", "jsonl"]),
    default="text",
    show_default=True,
    help="The format of the result on stdout; everything else goes to stderr.",
)
reports = click.option(
    "--report",
    "reports",
    metavar="FILE",
    multiple=True,
    help="Write a report; the suffix picks the format: .json .xml (JUnit) .md .html .csv. Repeatable.",
)
narrowing = _all(
    click.option(
        "--only",
        metavar="GLOB|@FILE",
        multiple=True,
        help="Take only targets whose account/region/app/branch or name matches. Repeatable.",
    ),
    click.option(
        "--skip", metavar="GLOB|@FILE", multiple=True, help="Leave matching targets out. Repeatable."
    ),
)
region = click.option("--region", metavar="REGION", help="The region of targets that name none.")
service = _all(
    click.option("--profile", metavar="NAME", help="The AWS profile of the ambient credentials."),
    click.option("--endpoint-url", metavar="URL", help="Amplify's endpoint: https, or http on this machine."),
    click.option("--sts-endpoint-url", metavar="URL", help="The endpoint of STS."),
)
aws = _all(
    region,
    service,
    click.option(
        "--emulate", is_flag=True, help="Rehearse against an emulated Amplify; no credentials are read."
    ),
)
cloudtrail = click.option(
    "--cloudtrail",
    is_flag=True,
    default=None,
    help="Ask CloudTrail what an ambiguous start has become; it knows up to 15 minutes late.",
)
yes = click.option("--yes", is_flag=True, help="Do not ask.")
lease = click.option(
    "--lease",
    metavar="DURATION",
    help="With a shared journal: how long a lane stays a process's that is not heard of. [15s]",
)
drain_timeout = click.option(
    "--drain-timeout", metavar="DURATION", help="How long calls in flight may take after a signal. [10s]"
)
log_format = click.option(
    "--log-format", metavar="console|json", help="How lines on stderr are written. [console]"
)
running = _all(
    journal,
    output,
    reports,
    narrowing,
    aws,
    click.option("--no-follow", is_flag=True, help="End after the starts; do not wait for the jobs."),
    click.option(
        "-j",
        "--concurrency",
        metavar="N",
        help="Jobs in flight per lane at most; what the account bears is learned.",
    ),
    click.option(
        "--max-failures",
        metavar="N|P%",
        help="Start nothing more once more targets than this failed; replaces the plan's.",
    ),
    click.option("--max-runtime", metavar="DURATION", help="Stop starting and following after this long."),
    drain_timeout,
    click.option(
        "--settle", metavar="DURATION", help="How long the job of an ambiguous start is looked for. [360s]"
    ),
    cloudtrail,
    click.option("--lock-wait", metavar="DURATION", help="Wait this long for another run to end. [0s]"),
    click.option(
        "--poll-interval", metavar="DURATION", help="Read a job no more often than this; the default adapts."
    ),
    click.option(
        "--progress", metavar="auto|live|plain|none", help="How progress is shown on stderr. [auto]"
    ),
    log_format,
    click.option("--fleet", is_flag=True, help="Let the workers of the shared journal carry it out."),
    lease,
    yes,
)


def settings_of(given: dict[str, Any]) -> Settings:
    """Return the settings, from the options of a command that are settings and from the environment."""
    from ..settings import Settings, load_settings

    typed = {name: value for name, value in given.items() if name in Settings.model_fields}
    return load_settings(typed | {"follow": False if given.get("no_follow") else None})
