"""The AWS session that every client is made with: what they have in common stands here, once."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession, ClientCreatorContext
from botocore.loaders import Loader
from botocore.utils import parse_timestamp

from ..endpoints import is_loopback
from .transport import KEEPALIVE, Transport
from .user_agent import USER_AGENT

if TYPE_CHECKING:
    from aiobotocore.credentials import AioCredentials


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds for a connection, for the wait between two reads from it, and for a whole call."""

    connect: float = 10.0
    read: float = 45.0
    call: float = 60.0


#: The service models, read once a process: 8 MB and 90 ms for each session that reads its own. Those in the
#: home directory are left out, so that nothing there changes what is sent.
_LOADER = Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)

#: Where a session looks for its settings when it must not look anywhere.
_NOWHERE = {
    name: (None, None, default, convert)
    for name, (_file, _environment, default, convert) in AioSession.SESSION_VARIABLES.items()
} | dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))


def _timestamp(value: Any) -> datetime:
    # botocore's own parser tries several ways with local time zones, at 4% of a StartJob's CPU.
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    return parse_timestamp(value).astimezone(UTC)


class Session(AioSession):
    """An aiobotocore session whose clients, those it makes for credentials included, all keep to the rules.

    They follow no redirect, are sent nowhere by `AWS_ENDPOINT_URL*` or a profile's `endpoint_url`, use no
    proxy to this machine, and reach STS at `sts_endpoint_url` if that is named. Credentials that are `given`
    stand in for the chain of environment, profile and instance; `isolated` reads neither environment nor
    files at all.
    """

    def __init__(
        self,
        *,
        profile: str | None,
        region: str | None,
        timeouts: Timeouts,
        sts_endpoint_url: str | None = None,
        isolated: bool = False,
    ) -> None:
        super().__init__(session_vars=_NOWHERE if isolated else None, profile=profile)
        self.given: AioCredentials | None = None
        self._sts_endpoint_url = sts_endpoint_url
        self.register_component("data_loader", _LOADER)
        if region is not None:
            self.set_config_variable("region", region)
        self.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_timestamp)
        self.set_default_client_config(
            AioConfig(
                retries={"mode": "standard", "total_max_attempts": 3},
                connect_timeout=timeouts.connect,
                read_timeout=timeouts.read,
                user_agent=USER_AGENT,
                ignore_configured_endpoint_urls=True,
                # `auto` would ask the instance metadata service for a region.
                defaults_mode="legacy",
                http_session_cls=Transport,
                connector_args={"keepalive_timeout": KEEPALIVE},
            )
        )

    async def get_credentials(self) -> Any:  # type: ignore[override]  # aiobotocore awaits it
        """Return the given credentials, or those of the chain; None when there are none."""
        return self.given or await super().get_credentials()

    def create_client(  # type: ignore[override]  # the stubs overload it by service
        self, service_name: str, **arguments: Any
    ) -> ClientCreatorContext[Any]:
        """Create a client; `arguments` are aiobotocore's."""
        if service_name == "sts" and self._sts_endpoint_url is not None:
            arguments["endpoint_url"] = self._sts_endpoint_url
        endpoint_url = arguments.get("endpoint_url")
        if endpoint_url is not None and is_loopback(endpoint_url):
            direct = AioConfig(proxies={})
            config = arguments.get("config")
            arguments["config"] = direct if config is None else config.merge(direct)
        create: Callable[..., ClientCreatorContext[Any]] = super().create_client
        return create(service_name, **arguments)
