"""What is wrong with a plan, and where: one line a fault."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NamedTuple

from ..printable import printable

#: The way from the root of a plan to a key or an item, such as ("targets", 2, "branch").
Path = tuple[str | int, ...]

#: A person mends what fits on a screen, and then looks again.
SHOWN = 50
#: Looking goes on no further than this, so that a file of garbage is refused as quickly as a typing error.
ENOUGH = 1_000

_SHORT = 60
#: A suggestion compares a word with every known one.
_FEW = 250


class Place(NamedTuple):
    """A position in a file; both count from one, columns in characters. Column 0: the line as a whole."""

    line: int
    column: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to mend. `message` is printable and follows the path in a line: `unknown key`."""

    path: Path
    message: str
    #: The fault is the key and not its value.
    on_key: bool = False
    #: The part of the plan that this one repeats.
    repeats: Path | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """A fault and where it is; `place` None: the file as a whole. `first` is the place of what it repeats."""

    fault: Fault
    place: Place | None = None
    first: Place | None = None


def report(file: str, faults: Iterable[Placed], *, complete: bool = True) -> str:
    """Render faults as lines `plan.yaml:13:5: targets[2].priorty: unknown key`, in the order of the file.

    After the first fifty only their number is told; not `complete` says that there may be more of them.
    """
    ordered = sorted(faults, key=lambda placed: placed.place or (0, 0))
    lines = [_line(file, placed) for placed in ordered[:SHOWN]]
    if len(ordered) > SHOWN:
        lines.append(f"… and {'' if complete else 'at least '}{len(ordered) - SHOWN} more")
    return "\n".join(lines)


def _line(file: str, placed: Placed) -> str:
    where = "".join(f"{number}:" for number in placed.place or () if number)
    path = f"{spell(placed.fault.path)}: " if placed.fault.path else ""
    first = f" (first at line {placed.first.line})" if placed.first else ""
    return f"{printable(file)}:{where} {path}{placed.fault.message}{first}"


def spell(path: Path) -> str:
    """Write a path as people do: `targets[2].labels.team`; a key that is not a word is quoted."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part.replace("-", "_").removeprefix("$").isidentifier() and len(part) <= _SHORT:
            text += f".{part}" if text else part
        else:
            text += f"[{show(part)}]"
    return text


def show(value: object) -> str:
    """Show a value of a plan on one line: quoted if it is text, shortened, nothing in it unescaped."""
    match value:
        case str() if len(value) > _SHORT:
            return f"'{printable(value[:_SHORT])}…'"
        case str():
            return f"'{printable(value)}'"
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case int() if value.bit_length() > 64:
            return "a very large number"
        case _:
            return printable(str(value))[:_SHORT]


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Return `; did you mean 'priority'?`, or nothing where no known word is close, or too many are known."""
    close = get_close_matches(word, known, n=1) if len(word) <= _SHORT and len(known) <= _FEW else []
    return f"; did you mean {show(close[0])}?" if close else ""
