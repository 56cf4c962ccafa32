"""Narrow a plan to some of its targets: `--only` and `--skip`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from fnmatch import translate
from pathlib import Path

from ..errors import UsageError
from ..model import FrozenPlan, Target
from ..printable import printable
from .digest import digest_of

_SPECIAL = re.compile(r"[*?\[]")
#: A suggestion compares a glob with every target.
_SUGGESTIONS = 5


def narrowed(plan: FrozenPlan, only: Sequence[str], skip: Sequence[str]) -> FrozenPlan:
    """Return the plan with the targets that `narrow` leaves, and the digest of that. Raises UsageError."""
    return with_targets(plan, narrow(plan.targets, only, skip)) if only or skip else plan


def with_targets(plan: FrozenPlan, targets: tuple[Target, ...]) -> FrozenPlan:
    """Return the plan with these targets instead of its own, and the digest of that."""
    digest = digest_of(plan.accounts, plan.limits, plan.budget, targets)
    return replace(plan, targets=targets, digest=digest)


def narrow(targets: Sequence[Target], only: Sequence[str], skip: Sequence[str]) -> tuple[Target, ...]:
    """Return the targets that `only` names, or all without it, less those that `skip` names; in their order.

    Both hold globs, and `@FILE`s with a glob a line. A glob matches `account/region/app/branch` or the name
    of a target, whole and case-sensitively; `*` also matches slashes. Text that is exactly one of them
    matches it, whatever characters it holds. An `@FILE` without globs names nothing.

    Raises UsageError where a file cannot be read, or a glob of `only` matches no target.
    """
    chosen = _named(targets, _globs(only), strict=True) if only else range(len(targets))
    skipped = set(_named(targets, _globs(skip), strict=False)) if skip else ()
    return tuple(targets[position] for position in chosen if position not in skipped)


def _globs(words: Sequence[str]) -> list[str]:
    globs: list[str] = []
    for word in words:
        if not word.startswith("@"):
            globs.append(word)
            continue
        try:
            text = Path(word[1:]).read_text(encoding="utf-8-sig")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not a text file"
            raise UsageError(f"{printable(word)}: cannot be read: {reason}") from None
        lines = (line.strip() for line in text.splitlines())
        globs += (line for line in lines if line and not line.startswith("#"))
    return list(dict.fromkeys(globs))


def _named(targets: Sequence[Target], globs: Iterable[str], *, strict: bool) -> list[int]:
    """Return the positions of the targets that a glob matches, ascending."""
    exact: dict[str, list[int]] = {}
    for position, target in enumerate(targets):
        exact.setdefault(target.key, []).append(position)
        if target.name != target.key:
            exact.setdefault(target.name, []).append(position)
    found: set[int] = set()
    missed: list[str] = []
    for glob in globs:
        matches = set(exact.get(glob, ()))
        if _SPECIAL.search(glob):
            matching: Callable[[str], object] = re.compile(translate(glob)).match
            matches.update(*(positions for word, positions in exact.items() if matching(word)))
        if not matches:
            missed.append(glob)
        found |= matches
    if missed and strict:
        raise UsageError("\n".join(_complaints(missed, list(exact))))
    return sorted(found)


def _complaints(globs: Sequence[str], words: Sequence[str]) -> Iterable[str]:
    for count, glob in enumerate(globs):
        close = get_close_matches(glob, words, n=1) if count < _SUGGESTIONS else []
        hint = f"; did you mean '{printable(close[0])}'?" if close else ""
        yield f"--only '{printable(glob)}' matches no target{hint}"
