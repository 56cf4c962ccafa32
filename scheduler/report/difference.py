"""Two runs held against each other: what fails newly, what was repaired, what came and went."""

from __future__ import annotations

from ..model import FAILURES
from ..printable import printable
from .document import Report, TargetPart

Difference = dict[str, list[dict[str, str]]]

#: What `between` tells apart, in the order in which a person wants to know it.
KINDS = {
    "newly_failing": "newly failing",
    "still_failing": "still failing",
    "repaired": "repaired",
    "came": "not in the first run",
    "went": "not in the second run",
}


def between(before: Report, after: Report) -> Difference:
    """Compare two runs target by target. Targets that did well in both are left out."""
    first = {_key(target): target for target in before.targets}
    second = {_key(target): target for target in after.targets}
    found: Difference = {kind: [] for kind in KINDS}
    for key, target in second.items():
        kind = _kind(first.get(key), target)
        if kind is not None:
            found[kind].append({"target": key, "outcome": target.outcome, "reason": target.reason})
    for key, target in first.items():
        if key not in second:
            found["went"].append({"target": key, "outcome": target.outcome, "reason": target.reason})
    return found


def _key(target: TargetPart) -> str:
    return f"{target.lane}/{target.app}/{target.branch}"


def _kind(before: TargetPart | None, after: TargetPart) -> str | None:
    if before is None:
        return "came"
    match before.outcome in FAILURES, after.outcome in FAILURES:
        case False, True:
            return "newly_failing"
        case True, True:
            return "still_failing"
        case True, False:
            return "repaired"
        case _:
            return None


def render(found: Difference) -> str:
    """Return the difference as text for people."""
    lines = []
    for kind, title in KINDS.items():
        if found[kind]:
            lines.append(f"{title}:")
            lines += [f"  {row['target']}: {row['outcome']} {row['reason']}".rstrip() for row in found[kind]]
    return "".join(f"{printable(line)}\n" for line in lines or ["no difference"])
