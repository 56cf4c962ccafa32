"""What tells one frozen plan from another: a digest of all that decides what is started.

It runs over lines, so that a plan of any size is digested as it is read, and so that every line of a lock
file can carry what the digest was at that point.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from ..model import Account, FailureBudget, Limits, Target
from .freeze import besides_targets, target_to_dict

#: Hexadecimal digits of an unfinished digest: enough for an accident, and nobody forges his own plan.
SHORT = 8

#: ASCII, so that no editor shows two lines alike that are not.
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


class Digest:
    """A digest in the making: what holds for every target, then a line a target in the plan's order."""

    def __init__(self, accounts: Iterable[Account], limits: Limits, budget: FailureBudget) -> None:
        self._hash = hashlib.sha256()
        self.add(_encode(besides_targets(accounts, limits, budget)).encode())

    def add(self, line: bytes) -> None:
        """Take in a line of `target_line`."""
        self._hash.update(line + b"\n")

    def so_far(self) -> str:
        """Return the first digits of the digest of what was taken in."""
        return self._hash.hexdigest()[:SHORT]

    def whole(self) -> str:
        """Return the digest, with the name of its algorithm."""
        return f"sha256:{self._hash.hexdigest()}"


def short(line: bytes) -> str:
    """Return the first digits of the digest of a line alone."""
    return hashlib.sha256(line).hexdigest()[:SHORT]


def target_line(target: Target) -> bytes:
    """Write a target as the one line of JSON that stands for it, whatever its plan looked like."""
    return _encode(target_to_dict(target)).encode()


def digest_of(
    accounts: Iterable[Account], limits: Limits, budget: FailureBudget, targets: Iterable[Target]
) -> str:
    """Return `sha256:…` of all that decides what is started; the same in whatever format it was written."""
    digest = Digest(accounts, limits, budget)
    for target in targets:
        digest.add(target_line(target))
    return digest.whole()
