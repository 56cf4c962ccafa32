"""What is relied upon in aiobotocore beyond its promises: a new version that changes it fails here first."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from typing import Any

import pytest
from aiobotocore.httpsession import AIOHTTPSession
from aiobotocore.session import AioSession

from scheduler.amplify import transport

PRIVATE: Any = AIOHTTPSession


def test_the_private_parts_of_the_session_are_what_they_were() -> None:
    signatures = {
        name: (
            str(inspect.signature(getattr(PRIVATE, name))),
            inspect.iscoroutinefunction(getattr(PRIVATE, name)),
        )
        for name in ("_get_session", "_create_connector", "_build_ssl_contexts")
    }
    assert signatures == {
        "_get_session": ("(self, proxy_url)", True),
        "_create_connector": ("(self, proxy_url)", True),
        "_build_ssl_contexts": ("(self, proxy_url)", False),
    }


@pytest.mark.parametrize("transport_class", [transport.Transport, transport.AmplifyTransport])
async def test_a_connector_is_built_as_aiobotocore_builds_it(
    transport_class: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All but the class and the shared context is the original's."""
    monkeypatch.setattr(transport, "_contexts", {})
    connectors = []
    for session_class in (PRIVATE, transport_class):
        async with session_class(max_pool_connections=7, connector_args={"keepalive_timeout": 3}) as session:
            connector = await session._create_connector(None)
            connectors.append({name: repr(value) for name, value in vars(connector).items()})
            await connector.close()
    theirs, ours = connectors
    assert theirs.keys() == ours.keys()
    for name in ("_limit", "_keepalive_timeout", "_force_close", "_proxy_ssl_context", "_use_dns_cache"):
        assert theirs[name] == ours[name]
    assert list(transport._contexts) == [(True, None, None, None)]


def test_a_session_sends_by_nothing_but_request_of_what_get_session_returns() -> None:
    """Redirects are switched off there."""
    source = inspect.getsource(PRIVATE.send)
    assert re.findall(r"session\.(\w+)\(", source.replace("self._get_session(", "")) == ["request"]


def test_session_variables_still_say_where_a_setting_is_read_from() -> None:
    """Isolation replaces the second and third of these."""
    assert AioSession.SESSION_VARIABLES["profile"] == (
        None,
        ["AWS_DEFAULT_PROFILE", "AWS_PROFILE"],
        None,
        None,
    )


@pytest.mark.parametrize("module", ["", ".port", ".failure", ".tables", ".classify", ".answers"])
def test_what_decides_and_what_describes_loads_no_aws_library(module: str) -> None:
    code = (
        f"import sys, scheduler.amplify{module}; "
        "print([name for name in ('aiobotocore', 'botocore', 'aiohttp') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
