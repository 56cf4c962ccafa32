"""What the user set for a run, by option or by environment, checked once.

An option that was typed wins over its variable `AMPLIFY_RELEASE_…`, which wins over the default. No file is
read: a job of cron must not take settings from whatever directory it starts in.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from platformdirs import user_state_path
from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from .endpoints import usable
from .errors import UsageError
from .logs import LogFormat
from .plan.budget import parse_max_failures
from .plan.duration import Duration
from .redact import redact

PREFIX = "AMPLIFY_RELEASE_"
_NAME = "amplify-release"
#: Variables that belong to the tests.
TEST_PREFIX = f"{PREFIX}TEST_"


class Progress(StrEnum):
    """How the progress of a run is shown on stderr."""

    AUTO = "auto"  #: `live` for a person at a terminal, else `plain`
    LIVE = "live"  #: a pane that is drawn anew four times a second
    PLAIN = "plain"  #: a line for what matters, and a heartbeat
    NONE = "none"  #: nothing


@dataclass(frozen=True, slots=True)
class Expects:
    """What a setting's value looks like, in the words of the error message."""

    text: str


def _endpoint(url: str) -> str:
    if not usable(url):
        raise ValueError(url)
    return url


def _journal(url: SecretStr) -> SecretStr:
    if urlsplit(url.get_secret_value()).scheme not in {"postgresql", "postgres"}:
        raise ValueError(url)
    return url


def _max_failures(text: str) -> str:
    parse_max_failures(text)
    return text


_DURATION = Expects("a duration such as 90s, 45m or 2h")
_Seconds = Annotated[Duration, _DURATION]
_SecondsOrNone = Annotated[Duration | None, _DURATION]
_Endpoint = Annotated[
    Annotated[str, AfterValidator(_endpoint)] | None,
    Expects("an https URL, or an http one on this machine, with neither user name nor query"),
]
_Journal = Annotated[
    Annotated[SecretStr, AfterValidator(_journal)] | None,
    Expects("a URL such as postgresql://db.example/releases"),
]
_Region = Annotated[
    str | None, Field(pattern=r"^[a-z]{2,}(-[a-z]+)+-\d{1,2}$"), Expects("a region such as eu-west-1")
]
_Profile = Annotated[str | None, Field(min_length=1), Expects("the name of a profile")]
_Count = Annotated[int | None, Field(ge=1), Expects("a whole number, 1 or more")]
_Failures = Annotated[
    Annotated[str, AfterValidator(_max_failures)] | None,
    Expects("a whole number or a percentage such as 10%"),
]


class Settings(BaseSettings):
    """The settings of a run. Durations are seconds; None leaves the choice to the program."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True, use_attribute_docstrings=True
    )

    state_dir: Annotated[Path, Expects("a directory")] = Field(default_factory=lambda: _state_dir(os.environ))
    """Where the journal and the locks are kept."""
    journal: _Journal = None
    """A PostgreSQL database that holds the journal, shared by many hosts, instead of the state directory."""
    endpoint_url: _Endpoint = None
    """Amplify's endpoint, instead of AWS's own."""
    sts_endpoint_url: _Endpoint = None
    """The endpoint of STS, instead of AWS's own."""
    region: _Region = None
    """The region of targets that name none."""
    profile: _Profile = None
    """The AWS profile of the ambient credentials."""
    concurrency: _Count = None
    """Jobs in flight per lane at most; what the account bears below that is learned."""
    max_failures: _Failures = None
    """More failures than `N`, or `P%` of the targets that ended, start nothing more; replaces the plan's."""
    max_runtime: _SecondsOrNone = None
    """After this long nothing is started or followed any more."""
    drain_timeout: _Seconds = 10.0
    """How long calls in flight may take after a signal."""
    settle: _Seconds = 360.0
    """How long the job of an ambiguous start is looked for."""
    cloudtrail: Annotated[bool, Expects("true or false")] = False
    """Whether CloudTrail is asked, for up to a quarter of an hour, what an ambiguous start has become."""
    lock_wait: _Seconds = 0.0
    """How long to wait for another run on the same state directory."""
    poll_interval: _SecondsOrNone = None
    """A ceiling on the pace of following; the default adapts to the builds."""
    follow: Annotated[bool, Expects("true or false")] = True
    """Whether jobs are followed to their end."""
    lanes: Annotated[int, Field(ge=1), Expects("a whole number, 1 or more")] = 20
    """Lanes that a worker works on at once."""
    lease: Annotated[Duration, Field(ge=1), Expects("a duration of a second or more, such as 15s")] = 15.0
    """With a shared journal: how long a lane stays a process's that is not heard of any more."""
    progress: Annotated[Progress, Expects("auto, live, plain or none")] = Progress.AUTO
    """How progress is shown on stderr."""
    log_format: Annotated[LogFormat, Expects("console or json")] = LogFormat.CONSOLE
    """How lines are written to stderr; `json` writes every event."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is the library's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the options typed, then the environment; never a file."""
        return init_settings, env_settings


def load_settings(given: Mapping[str, object]) -> Settings:
    """Return the settings from the options in `given`, then the environment, then the defaults.

    `given` holds the options the user typed under their field names; None means that one was not typed.
    Raises UsageError with one line a fault, all faults at once.
    """
    typed = {name: value for name, value in given.items() if value is not None}
    try:
        return Settings(**typed)  # type: ignore[arg-type]  # text from the command line; checked right here
    except ValidationError as error:
        faults = {str(detail["loc"][0]): detail["input"] for detail in error.errors()}
    lines = [
        f"{option(name) if name in typed else variable(name)}: "
        f"expected {_expects(name)}, got {redact(str(value))!r}"
        for name, value in faults.items()
    ]
    raise UsageError("\n".join(lines))


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """Return a warning for each variable with our prefix that sets nothing, with the nearest that would."""
    known = [name.upper() for name in Settings.model_fields]
    warnings = []
    for name in sorted(environ):
        upper = name.upper()
        if not upper.startswith(PREFIX) or upper.startswith(TEST_PREFIX):
            continue
        rest = upper.removeprefix(PREFIX)
        if rest in known:
            continue
        near = get_close_matches(rest, known, n=1)
        hint = f"did you mean {variable(near[0])}?" if near else "it is ignored"
        warnings.append(f"{ascii(name)[1:-1]}: no such setting; {hint}")
    return warnings


def settings_table() -> str:
    """Return the Markdown table of all settings for the README."""
    rows = ["| Option | Variable | Default | Meaning |", "|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        meaning = (field.description or "").replace("|", "\\|")
        rows.append(f"| `{option(name)}` | `{variable(name)}` | {_default(name)} | {meaning} |")
    return "\n".join(rows) + "\n"


def told(settings: Settings) -> str | None:
    """Return the state directory if a command has to be told it; None: a command finds the journal by itself.

    Where the journal is a database, its URL may hold a password: it is left to the environment.
    """
    found_alone = settings.journal is not None or settings.state_dir == user_state_path(_NAME)
    return None if found_alone else str(settings.state_dir)


def variable(name: str) -> str:
    """Return the environment variable of the setting `name`."""
    return f"{PREFIX}{name.upper()}"


def option(name: str) -> str:
    """Return the option of the setting `name` as it is typed."""
    return "--no-follow" if name == "follow" else f"--{name.replace('_', '-')}"


def _expects(name: str) -> str:
    return next(word.text for word in Settings.model_fields[name].metadata if isinstance(word, Expects))


def _default(name: str) -> str:
    if name == "state_dir":
        return "`$STATE_DIRECTORY`, else the XDG state home"
    default = Settings.model_fields[name].default
    if default is None:
        return ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default:g}s`" if isinstance(default, float) else f"`{default}`"


def _state_dir(environ: Mapping[str, str]) -> Path:
    """Return systemd's state directory (the first, if the unit has several), else the XDG state home's."""
    first = environ.get("STATE_DIRECTORY", "").split(":")[0]
    return Path(first) if first else user_state_path(_NAME)
