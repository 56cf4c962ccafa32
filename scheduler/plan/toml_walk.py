"""The keys and values of a TOML text in their order, each with its offset.

The walk trusts the text to be TOML: of any other text it tells what it takes it for, in linear time, and
leaves the verdict to the parser.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from .fault import Path, Place
from .tree import MAX_DEPTH, MAX_NODES, Unreadable

#: A path, where its key begins and where its value begins. Both are the same where nothing stands before the
#: value (the items of an array) and where a table comes into being by the way (`a` in `a.b = 1`).
Step = tuple[Path, int, int]

_TOKEN = re.compile(
    r"""(?: [ \t\r\n]+ | \#[^\n]*+ )*+
    (?: (?P<text> \"{3} (?: [^"\\]++ | \\. | \"{1,2}(?!\") )*+ \"{3,5}
                | '{3} (?: [^']++ | '{1,2}(?!') )*+ '{3,5}
                | \"(?!\"\") (?: [^"\\\n]++ | \\[^\n] )*+ \"
                | '(?!'') [^'\n]*+ ' )
      | (?P<bare> \d{4}-\d\d-\d\d[ ]\d\d:\d\d(?::\d\d)? | [^\s"'\#=,\[\]{}.]++ )
      | (?P<mark> [=,\[\]{}.] ) )""",
    re.VERBOSE | re.DOTALL,
)
#: No TOML has more tokens than this for each of its nodes: `[1.5,` are five.
_TOKENS_PER_NODE = 5


def walk(text: str) -> Iterator[Step]:
    """Yield the steps of a text, that of its root first. Raises Unreadable where it breaks a bound."""
    state, nodes = _Walk(), 1
    yield (), 0, 0
    for tokens, match in enumerate(_tokens(text)):
        kind = match.lastgroup or ""
        for step in state.take(match[kind], match.start(kind)):
            path, key, value = step
            nodes += 1 if key == value else 2
            if nodes > MAX_NODES:
                raise Unreadable(f"a plan has {MAX_NODES:,} nodes at most", place(text, value))
            if len(path) > MAX_DEPTH:
                raise Unreadable(f"a plan is nested {MAX_DEPTH} levels deep at most", place(text, value))
            yield step
        if tokens > _TOKENS_PER_NODE * nodes + MAX_DEPTH * _TOKENS_PER_NODE:
            return


def count_nodes(text: str) -> None:
    """Raise Unreadable if the text has more nodes than a plan may; stops early at what is not TOML."""
    nodes, opened, joined = 0, 0, False
    for match in _tokens(text):
        mark = match["mark"]
        if mark is None or mark in "[{":
            nodes += 1
            opened += mark is not None
            if nodes > MAX_NODES:
                raise Unreadable(f"a plan has {MAX_NODES:,} nodes at most", place(text, match.end() - 1))
        elif mark in "]}":
            opened -= 1
        if opened < 0 or (joined and mark in {"=", ",", "."}):
            return
        joined = mark in {"=", ",", "."}


def places(text: str, offsets: Iterable[int]) -> dict[int, Place]:
    """Return the line and the column of every offset; the text is gone through once."""
    found: dict[int, Place] = {}
    line, line_begins, before = 1, 0, 0
    for offset in sorted(set(offsets)):
        line += text.count("\n", before, offset)
        line_begins = max(line_begins, text.rfind("\n", before, offset) + 1)
        found[offset] = Place(line, offset - line_begins + 1)
        before = offset
    return found


def place(text: str, offset: int) -> Place:
    """Return the line and the column of an offset."""
    return places(text, [offset])[offset]


def _tokens(text: str) -> Iterator[re.Match[str]]:
    position = 0
    while (match := _TOKEN.match(text, position)) is not None:
        yield match
        position = match.end()


@dataclass(slots=True)
class _Frame:
    """An array or an inline table that the walk is inside of."""

    path: Path
    #: The index of the item at hand; None: an inline table.
    index: int | None


class _Walk:
    """Takes one token after the other; `take` is what the next one is taken for."""

    def __init__(self) -> None:
        self.take: Callable[[str, int], list[Step]] = self._key
        #: The table of the last header, and the index of the last item of each array of tables.
        self._table: Path = ()
        self._last: dict[Path, int] = {}
        self._frames: list[_Frame] = []
        #: The parts of the key that is being read, where each of them begins, and whether a dot came last.
        self._parts: list[tuple[str, int]] = []
        self._dotted = False
        #: Where the header that is being read begins, and whether it is one of an array of tables.
        self._header_at = 0
        self._in_array = False
        #: The path of the value that comes next, and where its key begins.
        self._path: Path = ()
        self._key_at: int | None = None

    def _key(self, word: str, at: int) -> list[Step]:
        match word:
            case "=":
                return self._begin_value()
            case "[" if not self._frames:
                self._header_at, self._in_array = at, False
                self._parts.clear()
                self.take = self._header
            case "]" | "}":
                self._close()
            case "," | "[" | "{":
                pass
            case _:
                return self._part(word, at)
        return []

    def _part(self, word: str, at: int) -> list[Step]:
        if word == ".":
            self._dotted = True
            return []
        if not self._dotted:
            self._parts.clear()
        self._parts.append((word, at))
        self._dotted = False
        # A key of ever more parts is a step too deep already, and the parser must not see it.
        return [(tuple(part for part, _ in self._parts), at, at)] if len(self._parts) > MAX_DEPTH else []

    def _begin_value(self) -> list[Step]:
        steps: list[Step] = []
        path = self._frames[-1].path if self._frames else self._table
        parts, self._parts = self._parts, []
        for part, at in parts:
            path += (_unquote(part),)
            steps.append((path, at, at))
        self._path, self._key_at = path, parts[0][1] if parts else None
        self.take = self._value
        return steps[:-1]

    def _header(self, word: str, at: int) -> list[Step]:
        match word:
            case "[" if not self._parts:
                self._in_array = True
            case "]":
                return self._open_table()
            case "," | "[" | "{" | "}" | "=":
                pass
            case _:
                return self._part(word, at)
        return []

    def _open_table(self) -> list[Step]:
        steps: list[Step] = []
        path: Path = ()
        parts, self._parts = self._parts, []
        for part, at in parts:
            if path in self._last:
                path += (self._last[path],)
            path += (_unquote(part),)
            steps.append((path, at, at))
        if parts and self._in_array:
            self._last[path] = self._last.get(path, -1) + 1
            path += (self._last[path],)
            steps.append((path, at, at))
        self._table = path
        self.take = self._key
        return [*steps[:-1], *((path, self._header_at, at) for path, _, at in steps[-1:])]

    def _value(self, word: str, at: int) -> list[Step]:
        if word == "]":
            self._close()
            return []
        path = self._path
        match word:
            case "{":
                self._frames.append(_Frame(path, None))
                self.take = self._key
            case "[":
                self._frames.append(_Frame(path, 0))
                self._path = (*path, 0)
            case _:
                self.take = self._after
        key_at, self._key_at = self._key_at, None
        return [(path, at if key_at is None else key_at, at)]

    def _after(self, word: str, at: int) -> list[Step]:
        match word:
            case "," if self._frames:
                self._next_item(self._frames[-1])
            case "]" | "}":
                self._close()
            case ".":
                self.take = self._fraction
            case _:
                self.take = self._key
                return self._key(word, at)
        return []

    def _next_item(self, frame: _Frame) -> None:
        if frame.index is None:
            self.take = self._key
        else:
            frame.index += 1
            self._path = (*frame.path, frame.index)
            self.take = self._value

    def _fraction(self, word: str, at: int) -> list[Step]:  # noqa: ARG002 - as every state
        self.take = self._after
        return []

    def _close(self) -> None:
        """End an array or an inline table; the second bracket of `[[a]]` ends nothing."""
        if self._frames:
            self._frames.pop()
            self.take = self._after


def _unquote(word: str) -> str:
    if word[0] not in "\"'":
        return word
    try:
        return str(tomllib.loads(f"key = {word}")["key"])
    except ValueError:
        return word
