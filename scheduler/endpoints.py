"""Which endpoint URLs may be used, and how a command is told of one.

Credentials are sent there, so nothing may be overheard on the way.
"""

from __future__ import annotations

import shlex
from ipaddress import ip_address
from urllib.parse import urlsplit

from .model import AWS, EMULATOR


def usable(url: str) -> bool:
    """Whether requests may be sent there: by https, or by http to this machine.

    User and password have no place in the URL, and neither has what would follow its path.
    """
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or "@" in parts.netloc or parts.query or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(url))


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def service(endpoint: str) -> str:
    """Return the options by which a command finds the service that a run was made at."""
    if endpoint == AWS:
        return ""
    return " --emulate" if endpoint == EMULATOR else f" --endpoint-url {shlex.quote(endpoint)}"
