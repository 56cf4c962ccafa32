"""YAML to a plain tree in which every scalar is text.

A YAML loader would turn branch `on` into True, `1.10` into 1.1 and account `012345670123` into 1402433619. So
only the parser's events are used, in one pass without recursion: nothing is resolved, no tag has an effect,
and a file of brackets or aliases costs no more than its bytes.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from yaml.events import AliasEvent, MappingStartEvent, ScalarEvent

from .fault import ENOUGH, Fault, Path, Place, Placed, show
from .tree import MAX_KEYS, Node, Reading, Unreadable, first_of_each
from .yaml_walk import ENDS, NO_TEXT, STARTS, Event, Walk, place, steps

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
#: What YAML does not let stand in a file (YAML 1.2, 5.1).
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_yaml(text: str) -> Reading:
    """Return the tree of one YAML document: dict, list, text, or None for a plain null.

    Anchors, aliases, tags, merge keys, and keys that are duplicate or not text, are faults; the rest of the
    file is read all the same. Raises Unreadable where the text is not YAML, is empty, holds several documents
    or breaks a bound.
    """
    if (stray := _FORBIDDEN.search(text)) is not None:
        at = stray.start()
        where = Place(text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
        raise Unreadable(f"the character U+{ord(stray[0]):04X} is not allowed in YAML", where)

    def find(wanted: Collection[Path]) -> dict[Path, tuple[Place, Place]]:
        found = first_of_each(steps(text), wanted)
        return {path: (place(key), place(value)) for path, (key, value) in found.items()}

    builder = _Builder(Walk(text))
    builder.build()
    if not builder.documents:
        raise Unreadable("the plan is empty; it begins with version: 1")
    duplicates = builder.duplicates[:ENOUGH]
    first = find({path for path, _ in duplicates}) if duplicates else {}
    for path, second in duplicates:
        fault = Fault(path[:-1], f"duplicate key {show(path[-1])}", on_key=True, repeats=path)
        builder.faults.append(Placed(fault, second, first[path][0]))
    return Reading(builder.documents[0], builder.faults, find)


class _Builder:
    """Builds the tree; what has no place in it (the value of a duplicate key) is built and dropped."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.documents: list[Node] = []
        self.faults: list[Placed] = []
        self.duplicates: list[tuple[Path, Place]] = []

    def build(self) -> None:
        inside: list[Any] = [self.documents]
        for part, key, event in self.walk:
            kind = type(event)
            if kind in ENDS:
                inside.pop()
                continue
            # An alias has an anchor, and no tag to ask for.
            if event.anchor or event.tag:
                self._refuse_magic(event)
            if key is not None and key is not event and (key.anchor or key.tag):
                self._refuse_magic(key)
            value = _value(event)
            self._put(inside[-1], part, key, event, value)
            if kind in STARTS:
                inside.append(value)

    def _put(self, into: Any, part: Any, key: Event, event: Event, value: Node) -> None:
        if type(into) is list:
            into.append(value)
            if len(self.documents) > 1:
                raise Unreadable("a plan is one document; remove the others", place(event.start_mark))
        elif part == NO_TEXT:
            if key is not event:
                self._fault("a key is text, not a list, a mapping or an alias", key)
        elif part in into:
            if len(self.duplicates) < ENOUGH:
                self.duplicates.append((self.walk.path, place(key.start_mark)))
        elif part == "<<":
            self._fault("merge keys (<<) are not read; use defaults", key, up=1)
        elif len(into) >= MAX_KEYS:
            raise Unreadable(f"a mapping has more than {MAX_KEYS:,} keys", place(key.start_mark))
        else:
            into[part] = value

    def _refuse_magic(self, event: Event) -> None:
        if event.anchor:
            self._fault("anchors and aliases (& and *) are not read; use defaults, or write it out", event)
        else:
            self._fault(f"tags are not read; remove {show(event.tag)}", event)

    def _fault(self, message: str, event: Event, *, up: int = 0) -> None:
        if len(self.faults) < ENOUGH:
            path = self.walk.path
            self.faults.append(Placed(Fault(path[: len(path) - up], message), place(event.start_mark)))


def _value(event: Event) -> Node:
    match event:
        case ScalarEvent():
            # The style of a plain scalar is '' in C and None in Python.
            return None if event.value in _NULLS and not event.style else event.value
        case AliasEvent():
            return ""
        case MappingStartEvent():
            return {}
        case _:
            return []
