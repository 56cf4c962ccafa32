"""TOML to a plain tree, with the standard library's parser.

That parser tells no places, and takes cubic time over a key of many dots. So the text is looked through for
what the parser must not see, and where there are faults, `toml_walk` finds their places. (A style-preserving
parser needs forty seconds for a plan of the largest size.)
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator
from itertools import chain

from ..printable import printable
from .fault import Path, Place, show
from .toml_walk import count_nodes, place, places, walk
from .tree import MAX_DEPTH, MAX_KEYS, MAX_NODES, Node, Reading, Unreadable, first_of_each

_POSITION = re.compile(r" \(at (?:line ([0-9]+), column ([0-9]+)|end of document)\)$")
#: More parts joined by dots than a plan is deep; in a key, or harmless in a text.
_DOTTED = re.compile(
    r"""(?:\.[ \t]*+(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+)""" + f"{{{MAX_DEPTH}}}"
)
#: Python refuses to convert a number of more digits.
_ENDLESS = re.compile("[0-9_]{4300,}")


class Written(float):
    """A number with a point that remembers how it was written: `1.10` is not `1.1` to a person."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Written:
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __str__(self) -> str:
        return self.text


def read_toml(text: str) -> Reading:
    """Return the tree of a TOML document: dict, list, text, and what else TOML knows.

    Raises Unreadable where the text is not TOML, is empty or breaks a bound.
    """
    if _DOTTED.search(text):
        _walk_through(text)
    # Few files have enough separators to come near the bound; only theirs are told apart from text.
    if text.count(",") + text.count("=") + text.count("[") > MAX_NODES // 3:
        count_nodes(text)
    tree = _parsed(text)
    if not tree:
        raise Unreadable("the plan is empty; it begins with version = 1")

    def find(wanted: Collection[Path]) -> dict[Path, tuple[Place, Place]]:
        found = first_of_each(walk(text), wanted)
        where = places(text, chain.from_iterable(found.values()))
        return {path: (where[key], where[value]) for path, (key, value) in found.items()}

    for path, node in _containers(tree):
        if (excess := _excess(path, node)) is not None:
            _, where = find([path]).get(path, (None, None))
            raise Unreadable(excess, where)
    return Reading(tree, [], find)


def _parsed(text: str) -> Node:
    try:
        return tomllib.loads(text, parse_float=Written)
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(text, str(error)) from None
    except ValueError:
        endless = _ENDLESS.search(text)
        raise Unreadable("a number has too many digits", endless and place(text, endless.start())) from None
    except RecursionError:
        _walk_through(text)
        raise Unreadable("nested too deeply") from None


def _walk_through(text: str) -> None:
    """Raise Unreadable where the text goes too deep."""
    for _ in walk(text):
        pass


def _not_toml(text: str, message: str) -> Unreadable:
    # Of a duplicate, the parser tells where its value ends; a person looks for its key.
    if message.startswith("Cannot "):
        first: dict[Path, int] = {}
        for path, key, value in walk(text):
            if key != value and first.setdefault(path, key) != key:
                line = place(text, first[path]).line
                return Unreadable(f"duplicate key {show(path[-1])} (first at line {line})", place(text, key))
    position = _POSITION.search(message)
    if position is None:
        return Unreadable(f"not valid TOML: {printable(message)}")
    where = Place(int(position[1]), int(position[2])) if position[1] else place(text, len(text))
    return Unreadable(f"not valid TOML: {printable(message[: position.start()])}", where)


def _containers(tree: Node) -> Iterator[tuple[Path, Node]]:
    rest: list[tuple[Path, Node]] = [((), tree)]
    while rest:
        path, node = rest.pop()
        yield path, node
        parts = node.items() if isinstance(node, dict) else enumerate(node)
        rest += [((*path, part), child) for part, child in parts if isinstance(child, dict | list)]


def _excess(path: Path, node: Node) -> str | None:
    if len(path) >= MAX_DEPTH:
        return f"a plan is nested {MAX_DEPTH} levels deep at most"
    if isinstance(node, dict) and len(node) > MAX_KEYS:
        return f"a mapping has more than {MAX_KEYS:,} keys"
    return None
