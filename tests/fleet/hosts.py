"""Hosts that see their services and nothing of one another: network namespaces, each at a link of its own.

All links end at one address of this machine's, where the services listen. A namespace has a route to that
address and no other. Needs root, and Linux's iproute2.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

#: Where this machine's end of every link is.
HOME = "10.213.0.1"

#: What is on its way to a host whose link is cut must not look for another way.
_ALL = "10.213.0.0/24"

_MADE = Path("/run/netns")
_PREFIX = "release-"


@dataclass(frozen=True)
class Host:
    """A namespace. Its link bears `link` as name, on this machine's side."""

    name: str
    link: str
    address: str

    @property
    def through(self) -> tuple[str, ...]:
        """The command that starts another on the host; it leaves no process of its own."""
        return ("ip", "netns", "exec", self.name)

    def reaches(self, address: str) -> bool:
        """Say whether the host knows a way to an address."""
        way = ["ip", "-netns", self.name, "route", "get", address]
        return subprocess.run(way, capture_output=True, check=False).returncode == 0

    @contextmanager
    def cut_off(self) -> Iterator[None]:
        """Take the link down for the block: nothing comes through, and nobody is told."""
        _ip("link", "set", self.link, "down")
        try:
            yield
        finally:
            _ip("link", "set", self.link, "up")


@contextmanager
def hosts(count: int) -> Iterator[list[Host]]:
    """Make so many hosts for the block, and sweep away what a killed run of this program left."""
    _sweep()
    with ExitStack() as stack:
        _ip("route", "replace", "blackhole", _ALL)
        stack.callback(_ip, "route", "delete", "blackhole", _ALL)
        yield [stack.enter_context(_host(number)) for number in range(count)]


@contextmanager
def _host(number: int) -> Iterator[Host]:
    host = Host(
        f"{_PREFIX}{os.getpid()}-{number}", f"rel{os.getpid()}n{number}"[:15], f"10.213.0.{number + 2}"
    )
    _ip("netns", "add", host.name)
    try:
        _ip("link", "add", host.link, "type", "veth", "peer", "name", "eth0", "netns", host.name)
        _ip("address", "add", HOME, "peer", host.address, "dev", host.link)
        _ip("link", "set", host.link, "up")
        _ip("-netns", host.name, "address", "add", host.address, "peer", HOME, "dev", "eth0")
        for device in ("lo", "eth0"):
            _ip("-netns", host.name, "link", "set", device, "up")
        yield host
    finally:
        _ip("netns", "delete", host.name)  # and its link with it


def _sweep() -> None:
    for path in _MADE.glob(f"{_PREFIX}*"):
        made_by = path.name.removeprefix(_PREFIX).partition("-")[0]
        if not Path("/proc", made_by).exists():
            _ip("netns", "delete", path.name)


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
