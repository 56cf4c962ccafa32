"""Which endpoint URLs may be used. Credentials are sent there, so nothing may be overheard on the way."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from ..errors import UsageError


def check_endpoint(url: str) -> str:
    """Return `url` if requests may be sent there: https, or http to this machine.

    Raises UsageError for anything else, and for user information in it.
    """
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise UsageError(
            "the endpoint URL is not a URL; write https://host or http://127.0.0.1:port"
        ) from None
    if "@" in parts.netloc:
        raise UsageError("the endpoint URL must not hold a user or password; use a profile or role instead")
    if not host or parts.query or parts.fragment:
        raise UsageError(
            "the endpoint URL needs a host and nothing after its path; write https://host or "
            "http://127.0.0.1:port"
        )
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(url)):
        return url
    raise UsageError(
        "the endpoint URL must begin with https://; plain http:// is allowed to this machine only "
        "(127.0.0.1, [::1], localhost)"
    )


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
